//! Requests and replies as NUT's clients and servers write them.
#![expect(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use outage_wire::lex::{Lexer, Line};
use outage_wire::net::{ErrorCode, Get, List, Reply, ReplyError, Request, VarType, Verb};
use quickcheck::{Arbitrary, Gen, quickcheck};
use rstest::rstest;

fn with_line<T>(text: &str, check: impl FnOnce(&Line<'_>) -> T) -> T {
    let mut lexer = Lexer::network();
    let text = format!("{text}\n");
    let mut input = text.as_bytes();
    let line = lexer.next(&mut input).unwrap().unwrap();
    check(&line)
}

/// The request as it would be sent, or what NUT answers.
fn request(text: &str) -> String {
    with_line(text, |line| match Request::parse(line) {
        Ok(request) => request.to_string(),
        Err(error) => format!("ERR {}", error.code),
    })
}

#[rstest]
#[case("VER", "VER")]
#[case("ver", "VER")]
#[case("VER x", "ERR INVALID-ARGUMENT")]
#[case("PROTVER", "PROTVER")]
#[case("NETVER", "NETVER")]
#[case("NETVER x", "ERR INVALID-ARGUMENT")]
#[case("HELP", "HELP")]
#[case("HELP me", "ERR INVALID-ARGUMENT")]
#[case("STARTTLS", "STARTTLS")]
#[case("STARTTLS whatever", "STARTTLS")]
#[case("USERNAME admin", "USERNAME admin")]
#[case("USERNAME", "ERR INVALID-ARGUMENT")]
#[case("USERNAME a b", "ERR INVALID-ARGUMENT")]
#[case("PASSWORD \"p#\"", "!")]
#[case("PASSWORD \"p \\#\"", "PASSWORD \"p \\#\"")]
#[case("PASSWORD a=b", "ERR INVALID-ARGUMENT")]
#[case("LOGIN Eaton3S", "LOGIN Eaton3S")]
#[case("LOGIN", "ERR INVALID-ARGUMENT")]
#[case("LOGIN a b", "ERR INVALID-ARGUMENT")]
#[case("LOGOUT", "LOGOUT")]
#[case("LOGOUT now", "ERR INVALID-ARGUMENT")]
#[case("PRIMARY ups", "PRIMARY ups")]
#[case("MASTER ups", "MASTER ups")]
#[case("MASTER", "ERR INVALID-ARGUMENT")]
#[case("FSD ups", "FSD ups")]
#[case("FSD", "ERR INVALID-ARGUMENT")]
#[case("FSD a b", "ERR INVALID-ARGUMENT")]
#[case("GET", "ERR INVALID-ARGUMENT")]
#[case("GET VAR ups", "ERR INVALID-ARGUMENT")]
#[case("get var UPS Battery.Charge", "GET VAR UPS Battery.Charge")]
#[case("GET VAR ups a b c", "GET VAR ups a")]
#[case("GET NUMLOGINS", "ERR INVALID-ARGUMENT")]
#[case("GET NUMLOGINS ups x", "GET NUMLOGINS ups")]
#[case("GET UPSDESC ups", "GET UPSDESC ups")]
#[case("GET TYPE ups v", "GET TYPE ups v")]
#[case("GET DESC ups v", "GET DESC ups v")]
#[case("GET CMDDESC ups c", "GET CMDDESC ups c")]
#[case("GET TRACKING", "GET TRACKING")]
#[case("GET TRACKING 1-2", "GET TRACKING 1-2")]
#[case("GET NOTHING ups v", "ERR INVALID-ARGUMENT")]
#[case("LIST", "ERR INVALID-ARGUMENT")]
#[case("LIST UPS", "LIST UPS")]
#[case("LIST UPS surplus", "LIST UPS")]
#[case("LIST VAR", "ERR INVALID-ARGUMENT")]
#[case("LIST VAR ups", "LIST VAR ups")]
#[case("LIST RW ups", "LIST RW ups")]
#[case("LIST CMD ups", "LIST CMD ups")]
#[case("LIST CLIENT ups", "LIST CLIENT ups")]
#[case("LIST CLIENT", "ERR INVALID-ARGUMENT")]
#[case("LIST ENUM ups", "ERR INVALID-ARGUMENT")]
#[case("LIST ENUM ups v", "LIST ENUM ups v")]
#[case("LIST RANGE ups v", "LIST RANGE ups v")]
#[case("LIST NOTHING ups v", "ERR INVALID-ARGUMENT")]
#[case("SET", "ERR INVALID-ARGUMENT")]
#[case("SET VAR ups v", "ERR INVALID-ARGUMENT")]
#[case("SET VAR ups v 5", "SET VAR ups v \"5\"")]
#[case("SET VAR ups v \"a b\" c", "SET VAR ups v \"a b\"")]
#[case("SET TRACKING", "ERR INVALID-ARGUMENT")]
#[case("SET TRACKING on", "SET TRACKING ON")]
#[case("SET TRACKING OFF", "SET TRACKING OFF")]
#[case("SET TRACKING maybe", "ERR INVALID-ARGUMENT")]
#[case("SET NOTHING a b c", "ERR INVALID-ARGUMENT")]
#[case("INSTCMD ups", "ERR INVALID-ARGUMENT")]
#[case("INSTCMD ups load.off", "INSTCMD ups load.off")]
#[case("INSTCMD ups load.off.delay 20", "INSTCMD ups load.off.delay \"20\"")]
#[case("INSTCMD ups load.off.delay 20 30", "INSTCMD ups load.off.delay")]
#[case("", "ERR UNKNOWN-COMMAND")]
#[case("attach ups", "ATTACH ups")]
#[case("ATTACH", "ERR INVALID-ARGUMENT")]
#[case("DETACH", "DETACH")]
#[case("DETACH ups", "ERR INVALID-ARGUMENT")]
#[case("GET NUMATTACH ups", "GET NUMATTACH ups")]
#[case("GET NUMATTACH", "ERR INVALID-ARGUMENT")]
#[case("ATTACHED ups", "ERR UNKNOWN-COMMAND")]
#[case("\"GET\" VAR ups v", "GET VAR ups v")]
fn requests(#[case] text: &str, #[case] expected: &str) {
    if expected == "!" {
        let mut lexer = Lexer::network();
        assert!(lexer.next(&mut format!("{text}\n").as_bytes()).unwrap().is_err());
    } else {
        assert_eq!(request(text), expected);
    }
}

#[test]
fn which_verbs_need_credentials() {
    let needing: Vec<&str> = Verb::ALL.iter().filter(|v| v.needs_credentials()).map(|v| v.as_str()).collect();
    assert_eq!(needing, ["LOGIN", "ATTACH", "PRIMARY", "MASTER", "FSD", "SET", "INSTCMD"]);
    // NUT asks for them before it looks at the arguments, so the error says which verb it was.
    assert_eq!(with_line("LOGIN", |line| Request::parse(line).unwrap_err().verb), Some(Verb::Login));
}

#[test]
fn a_password_is_not_for_eyes() {
    assert_eq!(format!("{:?}", Request::Password("secret")), "PASSWORD ***");
    assert_eq!(Request::Password("secret").to_string(), "PASSWORD secret");
}

fn reply(text: &str) -> String {
    with_line(text, |line| {
        Reply::parse(line).map_or_else(|error| format!("({error})"), |reply| reply.to_string())
    })
}

#[rstest]
#[case("OK")]
#[case("OK Goodbye")]
#[case("OK TRACKING 1bd31808-cb49-4aec-9d75-d056e6f018d2")]
#[case("ERR DATA-STALE")]
#[case("ERR ACCESS-DENIED \"SSL trust failed\"")]
#[case("BEGIN LIST UPS")]
#[case("BEGIN LIST VAR su700")]
#[case("END LIST ENUM su700 input.transfer.low")]
#[case("UPS su700 \"Development box\"")]
#[case("VAR su700 ups.mfr \"A \\\"B\\\" \\\\ \\#\"")]
#[case("RW su700 ups.id \"\"")]
#[case("CMD su700 load.off")]
#[case("ENUM su700 v \"103\"")]
#[case("RANGE su700 v \"-90\" \"100\"")]
#[case("CLIENT su700 ::1")]
#[case("NUMLOGINS su700 1")]
#[case("NUMATTACH su700 1")]
#[case("UPSDESC su700 \"Development box\"")]
#[case("TYPE su700 v RW ENUM RANGE STRING:3")]
#[case("TYPE su700 v NUMBER")]
#[case("DESC su700 ups.status \"UPS status\"")]
#[case("CMDDESC su700 load.off \"Turn off the load immediately\"")]
#[case("PENDING")]
#[case("ON")]
#[case("1.3")]
#[case("Network UPS Tools upsd 2.8.0 - http://www.networkupstools.org/")]
fn replies_read_back_as_they_stand(#[case] text: &str) {
    assert_eq!(reply(text), text);
}

#[rstest]
#[case("", ReplyError::Empty)]
#[case("VAR su700 ups.status", ReplyError::Malformed)]
#[case("ERR", ReplyError::Malformed)]
#[case("BEGIN LIST", ReplyError::Malformed)]
#[case("BEGIN VAR su700", ReplyError::Malformed)]
#[case("END LIST NOTHING a b", ReplyError::Malformed)]
#[case("NUMLOGINS su700 many", ReplyError::Malformed)]
#[case("RANGE su700 v 1", ReplyError::Malformed)]
fn broken_replies(#[case] text: &str, #[case] expected: ReplyError) {
    assert_eq!(with_line(text, |line| Reply::parse(line).unwrap_err()), expected);
}

#[test]
fn a_type_without_a_word_for_it_is_a_number() {
    with_line("TYPE su700 v RW", |line| {
        let Ok(Reply::Type { kind, .. }) = Reply::parse(line) else { panic!("{line:?}") };
        assert_eq!(kind, VarType { writable: true, ..VarType::default() });
    });
}

#[test]
fn codes_go_both_ways() {
    for code in ErrorCode::ALL {
        assert_eq!(code.to_string().parse(), Ok(*code));
    }
    assert!("DATA".parse::<ErrorCode>().is_err());
    with_line("ERR DATA-STALE", |line| {
        assert!(matches!(Reply::parse(line), Ok(Reply::Err { code: Some(ErrorCode::DataStale), .. })));
    });
    with_line("ERR SOMETHING-NEW", |line| {
        assert!(matches!(Reply::parse(line), Ok(Reply::Err { code: None, word: "SOMETHING-NEW", .. })));
    });
}

/// A word that the network's lexer keeps whole.
#[derive(Clone, Debug)]
struct AnyWord(String);

impl Arbitrary for AnyWord {
    fn arbitrary(g: &mut Gen) -> Self {
        let length = u8::arbitrary(g) % 12;
        Self((0..length).map(|_| char::from(0x20 + u8::arbitrary(g) % 0x5f)).collect())
    }
}

quickcheck! {
    fn requests_read_back_as_they_were_meant(pick: u8, a: AnyWord, b: AnyWord, c: Option<AnyWord>, on: bool) -> bool {
        let (ups, var, third) = (a.0.as_str(), b.0.as_str(), c.as_ref().map(|word| word.0.as_str()));
        let requests = [
            Request::Get(Get::NumLogins { ups }),
            Request::Get(Get::NumAttach { ups }),
            Request::Get(Get::UpsDesc { ups }),
            Request::Get(Get::Var { ups, var }),
            Request::Get(Get::Type { ups, var }),
            Request::Get(Get::Desc { ups, var }),
            Request::Get(Get::CmdDesc { ups, command: var }),
            Request::Get(Get::Tracking { id: third }),
            Request::List(List::Ups),
            Request::List(List::Var { ups }),
            Request::List(List::Rw { ups }),
            Request::List(List::Cmd { ups }),
            Request::List(List::Client { ups }),
            Request::List(List::Enum { ups, var }),
            Request::List(List::Range { ups, var }),
            Request::Ver, Request::ProtVer, Request::NetVer, Request::Help, Request::StartTls, Request::Logout,
            Request::Detach,
            Request::Username(ups),
            Request::Password(ups),
            Request::Login { ups },
            Request::Attach { ups },
            Request::Primary { ups },
            Request::Master { ups },
            Request::Fsd { ups },
            Request::SetVar { ups, var, value: third.unwrap_or("") },
            Request::SetTracking(on),
            Request::InstCmd { ups, command: var, parameter: third },
        ];
        let request = requests[usize::from(pick) % requests.len()];
        with_line(&request.to_string(), |line| Request::parse(line) == Ok(request))
    }

    fn replies_read_back_too(a: AnyWord, b: AnyWord, c: AnyWord) -> bool {
        let (ups, var, value) = (a.0.as_str(), b.0.as_str(), c.0.as_str());
        [
            Reply::Var { ups, var, value }.to_string(),
            Reply::Ups { ups, description: value }.to_string(),
            Reply::Enum { ups, var, value }.to_string(),
            Reply::CmdDesc { ups, command: var, description: value }.to_string(),
        ]
        .iter()
        .all(|text| reply(text) == *text && with_line(text, |line| line.texts().last() == Some(value)))
    }

    fn no_line_panics(bytes: Vec<u8>) -> bool {
        let mut lexer = Lexer::network();
        let mut input = bytes.as_slice();
        while let Some(line) = lexer.next(&mut input) {
            if let Ok(line) = line {
                let request = Request::parse(&line);
                let reply = Reply::parse(&line);
                if line.is_empty() && (request.is_ok() || reply.is_ok()) {
                    return false;
                }
            }
        }
        true
    }
}
