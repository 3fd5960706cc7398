//! What upsc, upscmd and upsrw print, against servers that are right and servers that are not.

use outage_client::{upsc, upscmd, upsrw};

use crate::play::{Script, machine, said, tool};

const UPSES: Script = &[(
    "LIST UPS",
    "BEGIN LIST UPS\nUPS two \"Description unavailable\"\nUPS eaton \"The \\\"big\\\" one\"\nEND LIST UPS\n",
)];
const NONE: Script = &[("LIST UPS", "BEGIN LIST UPS\nEND LIST UPS\n")];
const VARS: Script = &[(
    "LIST VAR eaton",
    "BEGIN LIST VAR eaton\nVAR eaton ups.id \"a \\\"b\\\"\"\nVAR eaton ups.status \"OL\"\nEND LIST VAR eaton\n",
)];
const CUT_VARS: Script = &[("LIST VAR eaton", "BEGIN LIST VAR eaton\nVAR eaton ups.id \"a\"\n"), ("", "")];
const STATUS: Script = &[("GET VAR eaton ups.status", "VAR eaton ups.status \"OL CHRG\"\n")];
const ESCAPE: Script = &[("GET VAR eaton ups.status", "VAR eaton ups.status \"\u{1b}[2JO\u{9b}L\"\n")];
const STALE: Script = &[("GET VAR eaton ups.status", "ERR DATA-STALE\n")];
const OLD: Script = &[("GET VAR eaton ups.status", "ERR UNKNOWN-COMMAND\n")];
const OLD_LIST: Script = &[("LIST VAR eaton", "ERR UNKNOWN-COMMAND\n")];
const CLIENTS: Script = &[(
    "LIST CLIENT eaton",
    "BEGIN LIST CLIENT eaton\nCLIENT eaton ::1\nCLIENT eaton 10.0.0.7\nEND LIST CLIENT eaton\n",
)];
const BAD_UPS: &str = "! Error: invalid UPS definition.\n! Required format: upsname[@hostname[:port]]\n= 1";

#[rstest::rstest]
#[case(UPSES, &["-l"], "two\neaton\n= 0")]
#[case(UPSES, &["-l", "127.0.0.1:3493"], "two\neaton\n= 0")]
#[case(UPSES, &["-L"], "two: Description unavailable\neaton: The \"big\" one\n= 0")]
#[case(UPSES, &["-Ll", "localhost"], "two: Description unavailable\neaton: The \"big\" one\n= 0")]
#[case(UPSES, &["-j", "-l"], "[\n  \"two\",\n  \"eaton\"\n]\n= 0")]
#[case(UPSES, &["-jL"], "{\n  \"two\": \"Description unavailable\",\n  \"eaton\": \"The \\\"big\\\" one\"\n}\n= 0")]
#[case(NONE, &["-l"], "= 0")]
#[case(NONE, &["-jl"], "[]\n= 0")]
#[case(VARS, &["eaton"], "ups.id: a \"b\"\nups.status: OL\n= 0")]
#[case(VARS, &["-j", "eaton@localhost"], "{\n  \"ups.id\": \"a \\\"b\\\"\",\n  \"ups.status\": \"OL\"\n}\n= 0")]
#[case(STATUS, &["eaton@localhost:3493", "ups.status"], "OL CHRG\n= 0")]
#[case(STATUS, &["-W", "2", "-A", "none", "eaton", "ups.status"], "OL CHRG\n= 0")]
#[case(STATUS, &["-j", "eaton", "ups.status"], "\"OL CHRG\"\n= 0")]
#[case(STATUS, &["eaton", "ups.status", "surplus"], "OL CHRG\n= 0")]
#[case(ESCAPE, &["eaton", "ups.status"], "[2JOL\n= 0")]
#[case(CLIENTS, &["-c", "eaton"], "::1\n10.0.0.7\n= 0")]
#[case(CLIENTS, &["-jc", "eaton"], "[\n  \"::1\",\n  \"10.0.0.7\"\n]\n= 0")]
#[case(STALE, &["eaton", "ups.status"], "! Error: Data stale\n= 1")]
#[case(STALE, &["-j", "eaton", "ups.status"], "! Error: Data stale\n{\"error\": \"Data stale\"}\n= 1")]
#[case(OLD, &["eaton", "ups.status"], "! Error: variable unknown (old upsd detected)\n= 1")]
#[case(OLD_LIST, &["eaton"], "! Error: upsd is too old to support this query\n= 1")]
#[case(CUT_VARS, &["eaton"], "! Error: Read error: Connection timed out\n= 1")]
#[case(&[], &["eaton", "status"], "! Error: old-style variable names are not supported\n= 1")]
#[case(&[], &[], BAD_UPS)]
#[case(&[], &["eaton@"], BAD_UPS)]
#[case(&[], &["-l", "[::1"], "! Error: invalid hostname.\n! Required format: [hostname[:port]]\n= 1")]
#[case(&[], &["-l", ""], "! Error: invalid hostname.\n! Required format: [hostname[:port]]\n= 1")]
#[case(&[], &["eaton@localhost:1"], "! Error: Connection failure: Connection refused\n= 1")]
#[case(&[], &["eaton@no.such.host"], "! Error: No such host\n= 1")]
#[case(&[], &["-W", "soon", "eaton"], "! Error: invalid network timeout: soon\n= 1")]
#[case(&[], &["-A", "/none", "eaton"], "! Error: cannot read /none: No such file or directory\n= 1")]
#[tokio::test(start_paused = true)]
async fn upsc_prints(#[case] script: Script, #[case] args: &[&str], #[case] expected: &str) {
    assert_eq!(tool(script, &[], args, upsc::run).await, expected);
}

const COMMANDS: Script = &[
    (
        "LIST CMD eaton",
        "BEGIN LIST CMD eaton\nCMD eaton beeper.off\nCMD eaton test.battery.start\nEND LIST CMD eaton\n",
    ),
    ("GET CMDDESC eaton beeper.off", "CMDDESC eaton beeper.off \"Quiet\"\n"),
    ("GET CMDDESC eaton test.battery.start", "ERR INVALID-ARGUMENT\n"),
];
const NO_CMD: Script = &[("LIST CMD eaton", "ERR DRIVER-NOT-CONNECTED\n")];
macro_rules! ordered {
    ($($more:expr),* $(,)?) => {
        &[("USERNAME me", "OK\n"), ("PASSWORD secret", "OK\n"), $($more),*]
    };
}
const TOGGLE: Script = ordered![("INSTCMD eaton beeper.off", "OK\n")];
const VALUE: Script = ordered![("INSTCMD eaton load.off.delay \"-5\"", "OK\n")];
const TRACKED: Script = ordered![
    ("SET TRACKING ON", "OK\n"),
    ("INSTCMD eaton beeper.off", "OK TRACKING 1234\n"),
    ("GET TRACKING 1234", "PENDING\n"),
    ("GET TRACKING 1234", "SUCCESS\n"),
];
const FAILED: Script = ordered![
    ("SET TRACKING ON", "OK\n"),
    ("INSTCMD eaton beeper.off", "OK TRACKING 1234\n"),
    ("GET TRACKING 1234", "ERR FAILED\n"),
];
const FOR_EVER: Script = ordered![
    ("SET TRACKING ON", "OK\n"),
    ("INSTCMD eaton beeper.off", "OK TRACKING 1234\n"),
    ("GET TRACKING 1234", "PENDING\n"),
];
const UNTRACKED: Script = ordered![("SET TRACKING ON", "OK\n"), ("INSTCMD eaton beeper.off", "OK\n")];
const NO_TRACKING: Script = ordered![("SET TRACKING ON", "ERR INVALID-ARGUMENT\n")];
const DENIED: Script = ordered![("INSTCMD eaton beeper.off", "ERR ACCESS-DENIED\n")];
const NONSENSE: Script = ordered![("INSTCMD eaton beeper.off", "WHAT\n")];
const CUT: Script = ordered![("INSTCMD eaton beeper.off", "hang up")];
const ODD_USER: Script = &[
    ("USERNAME \"m e\"", "OK\n"),
    ("PASSWORD \"\\# \\\"q\\\" =\"", "OK\n"),
    ("INSTCMD eaton beeper.off", "OK\n"),
];
const ROOT: Script =
    &[("USERNAME root", "OK\n"), ("PASSWORD secret", "OK\n"), ("INSTCMD eaton beeper.off", "OK\n")];
const ANCIENT: Script = &[("USERNAME me", "ERR UNKNOWN-COMMAND\n")];

#[rstest::rstest]
#[case(COMMANDS, &[], &["-l", "eaton"], "Instant commands supported on UPS [eaton]:\n\nbeeper.off - Quiet\ntest.battery.start\n= 0")]
#[case(NO_CMD, &[], &["-l", "eaton"], "! Error: Driver not connected\n= 1")]
#[case(TOGGLE, &[], &["-u", "me", "-p", "secret", "eaton", "beeper.off"], "! OK\n= 0")]
#[case(VALUE, &[], &["-u", "me", "-p", "secret", "eaton", "load.off.delay", "-5"], "! OK\n= 0")]
#[case(TRACKED, &[], &["-w", "-u", "me", "-p", "secret", "eaton", "beeper.off"], "! SUCCESS\n= 0")]
#[case(FAILED, &[], &["-w", "-u", "me", "-p", "secret", "eaton", "beeper.off"], "! ERR FAILED\n= 1")]
#[case(FOR_EVER, &[], &["-w", "-t0", "-u", "me", "-p", "secret", "eaton", "beeper.off"], "! Can't receive status tracking information: timeout\n= 1")]
#[case(UNTRACKED, &[], &["-w", "-u", "me", "-p", "secret", "eaton", "beeper.off"], "! OK\n= 0")]
#[case(NO_TRACKING, &[], &["-w", "-u", "me", "-p", "secret", "eaton", "beeper.off"], "! Enabling command status tracking failed. upsd answered: ERR INVALID-ARGUMENT\n= 1")]
#[case(DENIED, &[], &["-u", "me", "-p", "secret", "eaton", "beeper.off"], "! Unexpected response from upsd: ERR ACCESS-DENIED\n= 1")]
#[case(NONSENSE, &[], &["-u", "me", "-p", "secret", "eaton", "beeper.off"], "! Unexpected response from upsd: not an answer to this\n= 1")]
#[case(CUT, &[], &["-u", "me", "-p", "secret", "eaton", "beeper.off"], "! Instant command failed: Server disconnected\n= 1")]
#[case(ANCIENT, &[], &["-u", "me", "-p", "secret", "eaton", "beeper.off"], "! Set username failed due to an unknown command.\n! You probably need to upgrade upsd.\n= 1")]
#[case(ODD_USER, &["m e", "# \"q\" ="], &["eaton", "beeper.off"], "? Username (root): \n? Password: ***\n! OK\n= 0")]
#[case(ROOT, &["", "secret"], &["eaton", "beeper.off"], "? Username (root): \n? Password: ***\n! OK\n= 0")]
#[case(TOGGLE, &["secret"], &["-u", "me", "eaton", "beeper.off"], "? Password: ***\n! OK\n= 0")]
#[case(&[], &[], &["eaton", "beeper.off"], "? Username (root): \n! Error reading from stdin!\n= 1")]
#[case(&[], &[], &["eaton", "beeper"], "! Error: old command names are not supported\n= 1")]
#[case(&[], &[], &["@x", "beeper.off"], "! Error: invalid UPS definition.  Required format: upsname[@hostname[:port]]\n= 1")]
#[case(&[], &[], &["-t", "x", "eaton", "beeper.off"], "! Could not convert the provided value for timeout ('-t' option) to unsigned int: Invalid argument\n= 1")]
#[tokio::test(start_paused = true)]
async fn upscmd_prints(
    #[case] script: Script,
    #[case] typed: &[&str],
    #[case] args: &[&str],
    #[case] expected: &str,
) {
    assert_eq!(tool(script, typed, args, upscmd::run).await, expected);
}

const WRITABLE: Script = &[
    (
        "LIST RW eaton",
        "BEGIN LIST RW eaton\nRW eaton a.string \"x \\\"y\\\"\"\nRW eaton b.enum \"low\"\nRW eaton c.enum \"2\"\n\
         RW eaton d.range \"20.5\"\nRW eaton e.number \"5\"\nRW eaton f.odd \"5\"\nEND LIST RW eaton\n",
    ),
    ("GET DESC eaton a.string", "DESC eaton a.string \"A text\"\n"),
    ("GET TYPE eaton a.string", "TYPE eaton a.string RW STRING:32\n"),
    ("GET DESC eaton b.enum", "DESC eaton b.enum \"One of some\"\n"),
    ("GET TYPE eaton b.enum", "TYPE eaton b.enum RW ENUM STRING:8\n"),
    (
        "LIST ENUM eaton b.enum",
        "BEGIN LIST ENUM eaton b.enum\nENUM eaton b.enum \"low\"\nENUM eaton b.enum \"high\"\nEND LIST ENUM eaton b.enum\n",
    ),
    ("GET DESC eaton c.enum", "ERR INVALID-ARGUMENT\n"),
    ("GET TYPE eaton c.enum", "TYPE eaton c.enum RW ENUM NUMBER\n"),
    (
        "LIST ENUM eaton c.enum",
        "BEGIN LIST ENUM eaton c.enum\nENUM eaton c.enum \"1\"\nEND LIST ENUM eaton c.enum\n",
    ),
    ("GET DESC eaton d.range", "DESC eaton d.range \"Description unavailable\"\n"),
    ("GET TYPE eaton d.range", "TYPE eaton d.range RW RANGE NUMBER\n"),
    (
        "LIST RANGE eaton d.range",
        "BEGIN LIST RANGE eaton d.range\nRANGE eaton d.range \"0\" \"10\"\nRANGE eaton d.range \"20\" \"20\"\nEND LIST RANGE eaton d.range\n",
    ),
    ("GET DESC eaton e.number", "DESC eaton e.number \"E\"\n"),
    ("GET TYPE eaton e.number", "TYPE eaton e.number RW NUMBER\n"),
    ("GET DESC eaton f.odd", "DESC eaton f.odd \"F\"\n"),
    ("GET TYPE eaton f.odd", "ERR VAR-NOT-SUPPORTED\n"),
];

#[tokio::test(start_paused = true)]
async fn upsrw_lists() {
    insta::assert_snapshot!(tool(WRITABLE, &[], &["eaton"], upsrw::run).await, @r#"
    [a.string]
    A text
    Type: STRING
    Maximum length: 32
    Value: x "y"

    [b.enum]
    One of some
    Type: ENUM STRING
    Maximum length: 8
    Option: "low" SELECTED
    Option: "high"

    [c.enum]
    Description unavailable
    Type: ENUM NUMBER
    Option: "1"

    [d.range]
    Description unavailable
    Type: RANGE NUMBER
    Option: "0-10"
    Option: "20-20" SELECTED

    [e.number]
    E
    Type: NUMBER
    Value: 5

    [f.odd]
    F
    Unknown type

    = 0
    "#);
    assert_eq!(
        tool(WRITABLE, &[], &["-l", "eaton"], upsrw::run).await,
        tool(WRITABLE, &[], &["eaton@localhost"], upsrw::run).await
    );
}

const ODD_TYPES: Script = &[
    (
        "LIST RW eaton",
        "BEGIN LIST RW eaton\nRW eaton a.b \"1\"\nRW eaton c.d \"2\"\nRW eaton e.f \"3\"\nEND LIST RW eaton\n",
    ),
    ("GET DESC eaton a.b", "what\n"),
    ("GET TYPE eaton a.b", "TYPE eaton a.b RW Wobbly\n"),
    ("GET DESC eaton c.d", "DESC eaton c.d \"C\"\n"),
    ("GET TYPE eaton c.d", "what\n"),
    ("GET DESC eaton e.f", "DESC eaton e.f \"E\"\n"),
    ("GET TYPE eaton e.f", "TYPE eaton e.f ENUM\n"),
    ("LIST ENUM eaton e.f", "BEGIN LIST ENUM eaton e.f\nENUM eaton e.f \"3\"\nEND LIST ENUM eaton e.f\n"),
];

#[tokio::test(start_paused = true)]
async fn upsrw_lists_what_an_odd_server_says() {
    insta::assert_snapshot!(tool(ODD_TYPES, &[], &["eaton"], upsrw::run).await, @r#"
    [a.b]
    Description unavailable
    Type: Wobbly (unrecognized)

    [c.d]
    C
    Unknown type

    [e.f]
    E
    Type: ENUM
    Option: "3" SELECTED

    = 0
    "#);
}

const EMPTY: Script = &[("LIST RW eaton", "BEGIN LIST RW eaton\nEND LIST RW eaton\n")];
const NO_RW: Script = &[("LIST RW eaton", "ERR INVALID-ARGUMENT\n")];
const SET: Script = ordered![("SET VAR eaton ups.id \"a \\\"b\\\" = \\#\\\\\"", "OK\n")];
const SET_NOTHING: Script = ordered![("SET VAR eaton ups.id \"\"", "OK\n")];
const SET_TRACKED: Script = ordered![
    ("SET TRACKING ON", "OK\n"),
    ("SET VAR eaton ups.id \"5\"", "OK TRACKING 1234\n"),
    ("GET TRACKING 1234", "ERR UNKNOWN\n"),
];
const READ_ONLY: Script = ordered![("SET VAR eaton ups.id \"5\"", "ERR READONLY\n")];
const NO_SET_TRACKING: Script = ordered![("SET TRACKING ON", "ERR USERNAME-REQUIRED\n")];
const SET_CUT: Script = ordered![("SET VAR eaton ups.id \"5\"", "hang up")];

#[rstest::rstest]
#[case(EMPTY, &[], &["eaton"], "= 0")]
#[case(NO_RW, &[], &["eaton"], "! Error: Invalid argument\n= 1")]
#[case(SET, &[], &["-s", "ups.id=a \"b\" = #\\", "-u", "me", "-p", "secret", "eaton"], "! OK\n= 0")]
#[case(SET_NOTHING, &[], &["-s", "ups.id=", "-u", "me", "-p", "secret", "eaton"], "! OK\n= 0")]
#[case(SET, &["me", "secret", "a \"b\" = #\\"], &["-s", "ups.id", "eaton"], "? Username (root): \n? Password: ***\n? Enter new value for ups.id: \n! OK\n= 0")]
#[case(SET_TRACKED, &[], &["-w", "-s", "ups.id=5", "-u", "me", "-p", "secret", "eaton"], "! ERR UNKNOWN\n= 1")]
#[case(READ_ONLY, &[], &["-s", "ups.id=5", "-u", "me", "-p", "secret", "eaton"], "! Unexpected response from upsd: ERR READONLY\n= 1")]
#[case(NO_SET_TRACKING, &[], &["-ws", "ups.id=5", "-u", "me", "-p", "secret", "eaton"], "! Enabling set variable status tracking failed. upsd answered: ERR USERNAME-REQUIRED\n= 1")]
#[case(SET_CUT, &[], &["-s", "ups.id=5", "-u", "me", "-p", "secret", "eaton"], "! Set variable failed: Server disconnected\n= 1")]
#[case(EMPTY, &[], &["-s", "ups.id=5", "-l", "eaton"], "! Listing mode requested, overriding setvar specified earlier!\n= 0")]
#[case(&[], &[], &["-s", "id=5", "eaton"], "! Error: old variable names are not supported\n= 1")]
#[tokio::test(start_paused = true)]
async fn upsrw_prints(
    #[case] script: Script,
    #[case] typed: &[&str],
    #[case] args: &[&str],
    #[case] expected: &str,
) {
    assert_eq!(tool(script, typed, args, upsrw::run).await, expected);
}

/// As NUT's: help on standard output and success, whatever was asked.
#[tokio::test(start_paused = true)]
async fn help_and_version() {
    for args in [&["-h"][..], &["-V"], &["-z"], &["-W"]] {
        for (name, text) in [
            ("upsc", tool(&[], &[], args, upsc::run).await),
            ("upscmd", tool(&[], &[], args, upscmd::run).await),
            ("upsrw", tool(&[], &[], args, upsrw::run).await),
        ] {
            assert!(text.contains(&format!("Network UPS Tools {name} ")) && text.ends_with("= 0"), "{text}");
            assert_eq!(text.contains(&format!("usage: {name} ")), args != ["-V"], "{text}");
            let complaint = match args {
                ["-z"] => format!("! {name}: invalid option -- 'z'\n"),
                ["-W"] => format!("! {name}: option requires an argument -- 'W'\n"),
                _ => String::new(),
            };
            assert!(text.starts_with(&complaint) && text.contains("! ") != complaint.is_empty(), "{text}");
        }
    }
    for text in [tool(&[], &[], &[], upscmd::run).await, tool(&[], &[], &["eaton"], upscmd::run).await] {
        assert!(text.contains("usage: upscmd") && text.ends_with("= 0"), "{text}");
    }
}

/// What nutauth.conf says is neither asked nor shown, and what the command line says counts before it.
#[tokio::test(start_paused = true)]
async fn credentials_come_from_nutauth_conf() {
    for (args, script, asks) in [
        (&["eaton", "beeper.off"][..], TOGGLE, ""),
        (&["-u", "me", "eaton", "beeper.off"], TOGGLE, ""),
        (&["-u", "m e", "eaton", "beeper.off"], ODD_USER, "? Password: ***\n"),
        (&["-p", "# \"q\" =", "-u", "m e", "eaton", "beeper.off"], ODD_USER, ""),
    ] {
        let (world, machine) = machine();
        let conf = "[@localhost]\nUSER = me\n[me@localhost]\nPASS = secret\n";
        machine.put_file("/etc/nut/nutauth.conf", conf, 0o600).unwrap();
        machine.set_env("NUT_DEBUG_LEVEL", "6");
        machine.type_line("# \"q\" =");
        let mut whole = vec![("STARTTLS", "ERR FEATURE-NOT-CONFIGURED\n")];
        whole.extend_from_slice(script);
        crate::play::server(&machine, Box::leak(whole.into_boxed_slice())).await;
        let host = machine.host("tool");
        let code = upscmd::run(args.iter().map(|&arg| arg.to_owned()).collect(), host).await;
        let text = said(&world, "tool");
        assert_eq!(code, std::process::ExitCode::SUCCESS, "{text}");
        assert!(text.contains("! reading /etc/nut/nutauth.conf\n") && text.ends_with("! OK\n"), "{text}");
        assert!(!text.contains("secret") && !text.contains("q\\\""), "a secret was shown: {text}");
        assert_eq!(text.contains("? "), !asks.is_empty(), "{text}");
    }
}
