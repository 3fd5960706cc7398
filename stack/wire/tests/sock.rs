//! The driver socket's lines.
#![expect(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use outage_wire::lex::{Lexer, Line};
use outage_wire::sock::{FromDriver, SockError, ToDriver, TrackingStatus, VarFlags};
use quickcheck::quickcheck;
use rstest::rstest;

fn with_line<T>(text: &str, check: impl FnOnce(&Line<'_>) -> T) -> T {
    let mut lexer = Lexer::network();
    let text = format!("{text}\n");
    let mut input = text.as_bytes();
    let line = lexer.next(&mut input).unwrap().unwrap();
    check(&line)
}

#[rstest]
#[case("SETINFO ups.mfr \"a \\\"b\\\"\"")]
#[case("DELINFO ups.mfr")]
#[case("ADDENUM v \"1\"")]
#[case("DELENUM v \"1\"")]
#[case("ADDRANGE v -5 10")]
#[case("DELRANGE v -5 10")]
#[case("SETAUX v 32")]
#[case("SETFLAGS v RW STRING")]
#[case("SETFLAGS v NUMBER")]
#[case("ADDCMD load.off")]
#[case("DELCMD load.off")]
#[case("DUMPDONE")]
#[case("DATAOK")]
#[case("DATASTALE")]
#[case("PONG")]
#[case("PID 1234")]
#[case("TRACKING 1BD31808 4")]
#[case("OK Goodbye")]
fn from_a_driver(#[case] text: &str) {
    assert_eq!(with_line(text, |line| FromDriver::parse(line).unwrap().to_string()), text);
}

#[rstest]
#[case("PING")]
#[case("DUMPALL")]
#[case("DUMPVALUE ups.status")]
#[case("DUMPSTATUS")]
#[case("INSTCMD load.off")]
#[case("INSTCMD load.off \"5\"")]
#[case("INSTCMD load.off TRACKING 1BD31808")]
#[case("INSTCMD load.off \"5\" TRACKING 1BD31808")]
#[case("SET v \"a b\"")]
#[case("SET v \"\" TRACKING 1BD31808")]
#[case("GETPID")]
#[case("NOBROADCAST")]
#[case("BROADCAST 1")]
#[case("LOGOUT")]
fn to_a_driver(#[case] text: &str) {
    assert_eq!(with_line(text, |line| ToDriver::parse(line).unwrap().to_string()), text);
}

#[test]
fn the_fields_are_the_right_ones() {
    with_line("setinfo ups.status OL extra", |line| {
        assert_eq!(FromDriver::parse(line), Ok(FromDriver::SetInfo { var: "ups.status", value: "OL" }));
    });
    with_line("SETFLAGS v rw IMMUTABLE string", |line| {
        let flags = VarFlags { writable: true, string: true, number: false };
        assert_eq!(FromDriver::parse(line), Ok(FromDriver::SetFlags { var: "v", flags }));
    });
    with_line("SETAUX v 32.7", |line| {
        assert_eq!(FromDriver::parse(line), Ok(FromDriver::SetAux { var: "v", length: 32 }));
    });
    with_line("INSTCMD c TRACKING", |line| {
        let expected = ToDriver::InstCmd { command: "c", parameter: Some("TRACKING"), tracking: None };
        assert_eq!(ToDriver::parse(line), Ok(expected));
    });
    with_line("BROADCAST 0", |line| assert_eq!(ToDriver::parse(line), Ok(ToDriver::Broadcast(false))));
    with_line("BROADCAST", |line| assert_eq!(ToDriver::parse(line), Ok(ToDriver::Broadcast(true))));
}

#[rstest]
#[case("", SockError::Empty)]
#[case("ADDINFO v", SockError::UnknownVerb("ADDINFO".into()))]
#[case("SETINFO v", SockError::Missing("SETINFO"))]
#[case("setaux v", SockError::Missing("SETAUX"))]
#[case("ADDRANGE v 1 x", SockError::NotANumber("ADDRANGE", "x".into()))]
#[case("PID -1", SockError::NotANumber("PID", "-1".into()))]
#[case("TRACKING id 9", SockError::NotANumber("TRACKING", "9".into()))]
fn lines_that_no_driver_sends(#[case] text: &str, #[case] expected: SockError) {
    assert_eq!(with_line(text, |line| FromDriver::parse(line).unwrap_err()), expected);
}

#[rstest]
#[case("HELLO", SockError::UnknownVerb("HELLO".into()))]
#[case("SET v", SockError::Missing("SET"))]
#[case("INSTCMD", SockError::Missing("INSTCMD"))]
fn lines_that_no_server_sends(#[case] text: &str, #[case] expected: SockError) {
    assert_eq!(with_line(text, |line| ToDriver::parse(line).unwrap_err()), expected);
}

quickcheck! {
    fn tracking_codes_go_both_ways(code: i64) -> bool {
        TrackingStatus::from_code(code).is_none_or(|status| i64::from(status.code()) == code)
    }

    fn any_value_survives(value: String) -> bool {
        let value: String = value.chars().filter(|c| matches!(c, ' '..='~')).take(500).collect();
        let there = FromDriver::SetInfo { var: "ups.id", value: &value };
        let back = ToDriver::Set { var: "ups.id", value: &value, tracking: Some("id") };
        with_line(&there.to_string(), |line| FromDriver::parse(line) == Ok(there))
            && with_line(&back.to_string(), |line| ToDriver::parse(line) == Ok(back))
    }
}
