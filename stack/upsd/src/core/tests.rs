//! The protocol as tables and transcripts.

mod drivers;
mod properties;

use std::time::Duration;

use outage_config::{Grant, UpsConf, UpsSection, UpsdUsers, User};
use rstest::rstest;

use super::{Change, ClientId, Core, Descriptions, Session, Settings, UpsId};

const T0: Duration = Duration::from_secs(1000);
const ALL: usize = usize::MAX;

/// What a driver says when it is asked for everything.
const DUMP: &str = "SETINFO battery.charge \"100\"\n\
    SETINFO input.transfer.low \"160\"\nADDRANGE input.transfer.low 150 170\nADDRANGE input.transfer.low 180 190\n\
    SETFLAGS input.transfer.low RW NUMBER\n\
    SETINFO input.sensitivity \"high\"\nADDENUM input.sensitivity \"high\"\nADDENUM input.sensitivity \"a b\"\n\
    SETAUX input.sensitivity 10\nSETFLAGS input.sensitivity RW STRING\n\
    SETINFO ups.id \"Say \\\"hi\\\" \\\\ \\#1\"\nSETAUX ups.id 8\nSETFLAGS ups.id RW STRING\n\
    SETINFO ups.status \"OL\"\n\
    ADDCMD test.panel.start\nADDCMD beeper.mute\n\
    DATAOK\nDUMPDONE\n";

fn conf(sections: &[(&str, &str, Option<&str>)]) -> UpsConf {
    let section = |&(name, driver, desc): &(&str, &str, Option<&str>)| UpsSection {
        name: name.to_owned(),
        driver: driver.to_owned(),
        port: "auto".to_owned(),
        desc: desc.map(str::to_owned),
        settings: Vec::new(),
    };
    UpsConf { globals: Vec::new(), sections: sections.iter().map(section).collect(), bad_sections: 0 }
}

fn users() -> UpsdUsers {
    let user = |name: &str, grants: &[Grant], commands: &[&str]| User {
        name: name.to_owned(),
        password: Some(format!("{name} pw")),
        grants: grants.iter().copied().collect(),
        commands: commands.iter().map(|&c| c.to_owned()).collect(),
        line: 1,
    };
    UpsdUsers {
        users: vec![
            user("admin", &[Grant::Set, Grant::Fsd], &["ALL"]),
            user("mon", &[Grant::Login, Grant::Primary, Grant::Fsd], &[]),
            user("sec", &[Grant::Login], &["beeper.mute"]),
        ],
    }
}

/// A server with `eaton` (alive), `gone` (no driver) and `mute` (silent since [`T0`]).
struct Bench {
    core: Core,
    eaton: UpsId,
    now: Duration,
    random: u8,
}

impl Bench {
    fn new() -> Self {
        let mut core = Core::new(Settings::default());
        core.set_users(users());
        core.set_descriptions(Descriptions::builtin());
        let upses = [
            ("eaton", "usbhid-ups", Some("The \"big\" one")),
            ("gone", "dummy-ups", None),
            ("mute", "x", None),
        ];
        let ids: Vec<UpsId> = core
            .configure(&conf(&upses))
            .iter()
            .map(|change| match change {
                Change::Added { ups, .. } => *ups,
                other => panic!("{other:?}"),
            })
            .collect();
        core.connected(ids[2], T0);
        let now = T0 + Duration::from_secs(60);
        core.connected(ids[0], now);
        core.from_driver(ids[0], DUMP.as_bytes(), now);
        assert_eq!(core.take_outgoing(ids[0]), b"DUMPALL\n");
        Self { core, eaton: ids[0], now, random: 0 }
    }

    fn open(&mut self) -> Session {
        self.core.open("192.0.2.1")
    }

    fn feed(&mut self, session: &mut Session, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        let mut entropy = || {
            self.random += 1;
            [self.random; 16]
        };
        let used = self.core.answer(session, bytes, self.now, ALL, &mut entropy, &mut out).used;
        assert!(used == bytes.len() || session.is_closing());
        String::from_utf8(out).unwrap()
    }

    /// The replies to one request, its lines joined.
    fn ask(&mut self, session: &mut Session, line: &str) -> String {
        self.feed(session, format!("{line}\n").as_bytes())
    }

    fn transcript(&mut self, session: &mut Session, lines: &str) -> String {
        let mut text = String::new();
        for line in lines.lines() {
            let reply = self.ask(session, line);
            text += &format!("> {line}\n{reply}");
        }
        text
    }

    fn told(&mut self) -> String {
        String::from_utf8(self.core.take_outgoing(self.eaton)).unwrap()
    }

    fn says(&mut self, line: &str) {
        self.core.from_driver(self.eaton, format!("{line}\n").as_bytes(), self.now);
    }
}

fn one(line: &str) -> String {
    let mut bench = Bench::new();
    let mut session = bench.open();
    bench.ask(&mut session, line)
}

#[rstest]
// Anybody
#[case("PROTVER", "1.3")]
#[case("NETVER", "1.3")]
#[case("PROTVER x", "ERR INVALID-ARGUMENT")]
#[case("VER x", "ERR INVALID-ARGUMENT")]
#[case("HELP", "Commands: HELP VER PROTVER GET LIST SET INSTCMD LOGIN LOGOUT USERNAME PASSWORD STARTTLS")]
#[case("STARTTLS", "ERR FEATURE-NOT-CONFIGURED")]
#[case("", "ERR UNKNOWN-COMMAND")]
#[case("DETACH x", "ERR INVALID-ARGUMENT")]
#[case("DETACH", "OK Goodbye")]
#[case("LOGOUT x", "ERR INVALID-ARGUMENT")]
#[case("LOGOUT", "OK Goodbye")]
// GET
#[case("GET", "ERR INVALID-ARGUMENT")]
#[case("GET VAR eaton", "ERR INVALID-ARGUMENT")]
#[case("GET NOSUCH eaton x", "ERR INVALID-ARGUMENT")]
#[case("GET VAR eaton ups.status", r#"VAR eaton ups.status "OL""#)]
#[case("get var EATON UPS.STATUS surplus", r#"VAR EATON UPS.STATUS "OL""#)]
#[case("GET VAR eaton ups.id", r#"VAR eaton ups.id "Say \"hi\" \\ \#1""#)]
#[case("GET VAR eaton nope", "ERR VAR-NOT-SUPPORTED")]
#[case("GET VAR none ups.status", "ERR UNKNOWN-UPS")]
#[case("GET VAR gone ups.status", "ERR DRIVER-NOT-CONNECTED")]
#[case("GET VAR mute ups.status", "ERR DATA-STALE")]
#[case("GET VAR none server.version", concat!("VAR none server.version \"", env!("CARGO_PKG_VERSION"), "\""))]
#[case("GET VAR none server.nope", "ERR VAR-NOT-SUPPORTED")]
#[case("GET UPSDESC eaton", r#"UPSDESC eaton "The \"big\" one""#)]
#[case("GET UPSDESC gone", r#"UPSDESC gone "Unavailable""#)]
#[case("GET UPSDESC none", "ERR UNKNOWN-UPS")]
#[case("GET NUMLOGINS gone", "NUMLOGINS gone 0")]
#[case("GET NUMATTACH gone", "NUMATTACH gone 0")]
#[case("GET NUMATTACH none", "ERR UNKNOWN-UPS")]
#[case("GET TYPE eaton ups.status", "TYPE eaton ups.status NUMBER")]
#[case("GET TYPE eaton ups.id", "TYPE eaton ups.id RW STRING:8")]
#[case("GET TYPE eaton input.sensitivity", "TYPE eaton input.sensitivity RW ENUM STRING:10")]
#[case("GET TYPE eaton input.transfer.low", "TYPE eaton input.transfer.low RW RANGE NUMBER")]
#[case("GET TYPE mute ups.status", "ERR DATA-STALE")]
#[case("GET DESC eaton ups.status", r#"DESC eaton ups.status "Status of the UPS""#)]
#[case("GET DESC gone ups.status", "ERR DRIVER-NOT-CONNECTED")]
#[case("GET CMDDESC mute load.off", "ERR DATA-STALE")]
#[case("GET DESC eaton no.such", r#"DESC eaton no.such "Description unavailable""#)]
#[case("GET DESC none ups.status", "ERR UNKNOWN-UPS")]
#[case("GET CMDDESC eaton load.off", r#"CMDDESC eaton load.off "Switch the load off at once""#)]
#[case("GET TRACKING", "OFF")]
#[case("GET TRACKING x", "ERR FEATURE-NOT-CONFIGURED")]
// LIST
#[case("LIST", "ERR INVALID-ARGUMENT")]
#[case("LIST NOSUCH", "ERR INVALID-ARGUMENT")]
#[case("LIST VAR", "ERR INVALID-ARGUMENT")]
#[case("LIST VAR none", "ERR UNKNOWN-UPS")]
#[case("LIST VAR gone", "ERR DRIVER-NOT-CONNECTED")]
#[case("LIST CMD mute", "ERR DATA-STALE")]
#[case("LIST RW mute", "ERR DATA-STALE")]
#[case("LIST CLIENT mute", "BEGIN LIST CLIENT mute\nEND LIST CLIENT mute")]
#[case("LIST ENUM eaton", "ERR INVALID-ARGUMENT")]
#[case("LIST ENUM eaton nope", "ERR VAR-NOT-SUPPORTED")]
#[case("LIST RANGE eaton ups.id", "BEGIN LIST RANGE eaton ups.id\nEND LIST RANGE eaton ups.id")]
// Verbs that want a name and a password ask for those before anything else
#[case("LOGIN", "ERR USERNAME-REQUIRED")]
#[case("ATTACH", "ERR USERNAME-REQUIRED")]
#[case("PRIMARY none", "ERR USERNAME-REQUIRED")]
#[case("MASTER eaton", "ERR USERNAME-REQUIRED")]
#[case("FSD eaton", "ERR USERNAME-REQUIRED")]
#[case("SET", "ERR USERNAME-REQUIRED")]
#[case("INSTCMD", "ERR USERNAME-REQUIRED")]
fn replies_to_anybody(#[case] request: &str, #[case] reply: &str) {
    assert_eq!(one(request), format!("{reply}\n"));
}

#[test]
fn lists() {
    let mut bench = Bench::new();
    let mut session = bench.open();
    let text = bench.transcript(
        &mut session,
        "LIST UPS surplus\nLIST VAR EATON\nLIST RW eaton\nLIST CMD eaton\nLIST ENUM eaton input.sensitivity\n\
         LIST RANGE eaton input.transfer.low",
    );
    insta::assert_snapshot!(text, @r#"
    > LIST UPS surplus
    BEGIN LIST UPS
    UPS eaton "The \"big\" one"
    UPS gone "Description unavailable"
    UPS mute "Description unavailable"
    END LIST UPS
    > LIST VAR EATON
    BEGIN LIST VAR EATON
    VAR EATON battery.charge "100"
    VAR EATON input.sensitivity "high"
    VAR EATON input.transfer.low "160"
    VAR EATON ups.id "Say \"hi\" \\ \#1"
    VAR EATON ups.status "OL"
    END LIST VAR EATON
    > LIST RW eaton
    BEGIN LIST RW eaton
    RW eaton input.sensitivity "high"
    RW eaton input.transfer.low "160"
    RW eaton ups.id "Say \"hi\" \\ \#1"
    END LIST RW eaton
    > LIST CMD eaton
    BEGIN LIST CMD eaton
    CMD eaton beeper.mute
    CMD eaton test.panel.start
    END LIST CMD eaton
    > LIST ENUM eaton input.sensitivity
    BEGIN LIST ENUM eaton input.sensitivity
    ENUM eaton input.sensitivity "high"
    ENUM eaton input.sensitivity "a b"
    END LIST ENUM eaton input.sensitivity
    > LIST RANGE eaton input.transfer.low
    BEGIN LIST RANGE eaton input.transfer.low
    RANGE eaton input.transfer.low "150" "170"
    RANGE eaton input.transfer.low "180" "190"
    END LIST RANGE eaton input.transfer.low
    "#);
}

#[test]
fn a_primary_logs_in_and_sets_fsd() {
    let mut bench = Bench::new();
    let mut session = bench.open();
    let text = bench.transcript(
        &mut session,
        "USERNAME\nUSERNAME a b\nUSERNAME mon\nUSERNAME mon\nLOGIN\nPASSWORD \"mon pw\"\nPASSWORD x\nLOGIN\nLOGIN none\n\
         LOGIN eaton\nLOGIN eaton\nLOGIN none\nGET NUMLOGINS eaton\nLIST CLIENT eaton\nPRIMARY none\nPRIMARY gone\n\
         MASTER eaton\nFSD\nFSD none\nFSD eaton\nGET VAR eaton ups.status",
    );
    insta::assert_snapshot!(text, @r#"
    > USERNAME
    ERR INVALID-ARGUMENT
    > USERNAME a b
    ERR INVALID-ARGUMENT
    > USERNAME mon
    OK
    > USERNAME mon
    ERR ALREADY-SET-USERNAME
    > LOGIN
    ERR PASSWORD-REQUIRED
    > PASSWORD "mon pw"
    OK
    > PASSWORD x
    ERR ALREADY-SET-PASSWORD
    > LOGIN
    ERR INVALID-ARGUMENT
    > LOGIN none
    ERR UNKNOWN-UPS
    > LOGIN eaton
    OK
    > LOGIN eaton
    ERR ALREADY-LOGGED-IN
    > LOGIN none
    ERR ALREADY-LOGGED-IN
    > GET NUMLOGINS eaton
    NUMLOGINS eaton 1
    > LIST CLIENT eaton
    BEGIN LIST CLIENT eaton
    CLIENT eaton 192.0.2.1
    END LIST CLIENT eaton
    > PRIMARY none
    ERR UNKNOWN-UPS
    > PRIMARY gone
    OK PRIMARY-GRANTED
    > MASTER eaton
    OK MASTER-GRANTED
    > FSD
    ERR INVALID-ARGUMENT
    > FSD none
    ERR UNKNOWN-UPS
    > FSD eaton
    OK FSD-SET
    > GET VAR eaton ups.status
    VAR eaton ups.status "FSD OL"
    "#);
    bench.core.close(&session);
    let mut other = bench.open();
    assert_eq!(bench.ask(&mut other, "GET NUMLOGINS eaton"), "NUMLOGINS eaton 0\n");
    // The latch outlives the client, the driver and a reload.
    bench.core.disconnected(bench.eaton);
    bench.core.connected(bench.eaton, bench.now);
    bench.core.from_driver(bench.eaton, DUMP.as_bytes(), bench.now);
    bench.core.configure(&conf(&[("eaton", "usbhid-ups", None)]));
    assert_eq!(bench.ask(&mut other, "GET VAR eaton ups.status"), "VAR eaton ups.status \"FSD OL\"\n");
}

#[test]
fn attach_and_detach_are_login_and_logout() {
    let mut bench = Bench::new();
    let mut session = session_of(&mut bench, "mon", "mon pw");
    let text = bench.transcript(
        &mut session,
        "ATTACH eaton\nATTACH eaton\nLOGIN eaton\nGET NUMATTACH eaton\nGET NUMLOGINS eaton\nDETACH",
    );
    insta::assert_snapshot!(text, @r#"
    > ATTACH eaton
    OK
    > ATTACH eaton
    ERR ALREADY-ATTACHED
    > LOGIN eaton
    ERR ALREADY-LOGGED-IN
    > GET NUMATTACH eaton
    NUMATTACH eaton 1
    > GET NUMLOGINS eaton
    NUMLOGINS eaton 1
    > DETACH
    OK Goodbye
    "#);
    assert!(session.is_closing());
}

#[test]
fn a_driver_hears_of_commands_as_they_were_typed() {
    let mut bench = Bench::new();
    let mut session = session_of(&mut bench, "admin", "admin pw");
    assert_eq!(bench.ask(&mut session, "INSTCMD EATON Beeper.MUTE"), "OK\n");
    assert_eq!(bench.told(), "INSTCMD Beeper.MUTE\n");
}

#[test]
fn a_dump_that_says_nothing_of_its_data_is_not_believed() {
    let mut bench = Bench::new();
    bench.core.disconnected(bench.eaton);
    bench.core.connected(bench.eaton, bench.now);
    bench.says("SETINFO ups.status \"OL\"");
    bench.says("DUMPDONE");
    let mut session = bench.open();
    assert_eq!(bench.ask(&mut session, "GET VAR eaton ups.status"), "ERR DATA-STALE\n");
    bench.says("DATAOK");
    assert_eq!(bench.ask(&mut session, "GET VAR eaton ups.status"), "VAR eaton ups.status \"OL\"\n");
}

#[test]
fn what_follows_starttls_is_no_request() {
    let mut bench = Bench::new();
    bench.core.set_settings(Settings { tls: true, ..Settings::default() });
    let mut session = bench.open();
    let mut out = Vec::new();
    let mut used = |bench: &mut Bench, session: &mut Session, bytes: &[u8]| {
        out.clear();
        let used = bench.core.answer(session, bytes, bench.now, ALL, &mut || [0; 16], &mut out).used;
        (used, String::from_utf8_lossy(&out).into_owned())
    };
    // What somebody in between put behind it is not taken for the client's.
    let sent = b"STARTTLS\nUSERNAME mallory\n";
    assert_eq!(used(&mut bench, &mut session, sent), (9, "OK STARTTLS\n".to_owned()));
    assert!(session.is_starting_tls());
    assert_eq!(used(&mut bench, &mut session, b"USERNAME mallory\n"), (0, String::new()));
    session.encrypted();
    assert!(!session.is_starting_tls());
    assert_eq!(bench.ask(&mut session, "STARTTLS"), "ERR ALREADY-SSL-MODE\n");
    assert_eq!(bench.ask(&mut session, "USERNAME mon"), "OK\n");
}

#[test]
fn a_list_is_made_anew_when_anything_changed() {
    let mut bench = Bench::new();
    let mut session = bench.open();
    let mut lists = Vec::new();
    let mut list = |bench: &mut Bench| {
        let quick = bench.ask(&mut session, "LIST VAR eaton");
        let slow = bench.ask(&mut session, "LIST VAR  eaton");
        assert_eq!(quick, slow);
        lists.push(quick);
    };
    list(&mut bench);
    for line in [
        "SETINFO ups.status \"OB\"",
        "SETINFO new.one \"x\"",
        "DELINFO battery.charge",
        "SETFLAGS ups.status RW",
        "PONG",
    ] {
        bench.says(line);
        list(&mut bench);
    }
    let mut mon = session_of(&mut bench, "mon", "mon pw");
    assert_eq!(bench.ask(&mut mon, "FSD eaton"), "OK FSD-SET\n");
    list(&mut bench);
    bench.core.disconnected(bench.eaton);
    list(&mut bench);
    bench.core.connected(bench.eaton, bench.now);
    list(&mut bench);
    lists.dedup();
    assert_eq!(lists.len(), 7, "{lists:#?}");
}

fn session_of(bench: &mut Bench, user: &str, password: &str) -> Session {
    let mut session = bench.open();
    assert_eq!(bench.ask(&mut session, &format!("USERNAME {user}")), "OK\n");
    assert_eq!(bench.ask(&mut session, &format!("PASSWORD \"{password}\"")), "OK\n");
    session
}

#[rstest]
// Arguments, UPS, driver, data, grant, variable, flag, length, list, range: in this order.
#[case("admin", "SET VAR eaton ups.id", "ERR INVALID-ARGUMENT")]
#[case("admin", "SET NOSUCH eaton ups.id x", "ERR INVALID-ARGUMENT")]
#[case("sec", "SET VAR none ups.id x", "ERR UNKNOWN-UPS")]
#[case("sec", "SET VAR gone ups.id x", "ERR DRIVER-NOT-CONNECTED")]
#[case("sec", "SET VAR mute ups.id x", "ERR DATA-STALE")]
#[case("sec", "SET VAR eaton nope x", "ERR ACCESS-DENIED")]
#[case("admin", "SET VAR eaton nope x", "ERR VAR-NOT-SUPPORTED")]
#[case("admin", "SET VAR eaton ups.status x", "ERR READONLY")]
#[case("admin", "SET VAR eaton ups.id 123456789", "ERR TOO-LONG")]
#[case("admin", "SET VAR eaton input.sensitivity HIGH", "ERR INVALID-VALUE")]
#[case("admin", "SET VAR eaton input.sensitivity verylongvalue", "ERR TOO-LONG")]
#[case("admin", "SET VAR eaton input.transfer.low 175", "ERR INVALID-VALUE")]
#[case("admin", "SET VAR eaton input.transfer.low x", "ERR INVALID-VALUE")]
#[case("admin", "SET VAR eaton input.transfer.low 170", "OK")]
#[case("admin", "SET VAR eaton input.transfer.low 180.9", "OK")]
#[case("admin", "SET VAR eaton input.sensitivity \"a b\" surplus", "OK")]
#[case("admin", "SET TRACKING maybe", "ERR INVALID-ARGUMENT")]
#[case("sec", "SET TRACKING on", "OK")]
// The command list is no secret: it is asked before the grant.
#[case("mon", "INSTCMD eaton", "ERR INVALID-ARGUMENT")]
#[case("mon", "INSTCMD none x", "ERR UNKNOWN-UPS")]
#[case("mon", "INSTCMD gone x", "ERR DRIVER-NOT-CONNECTED")]
#[case("mon", "INSTCMD mute x", "ERR DATA-STALE")]
#[case("mon", "INSTCMD eaton load.off", "ERR CMD-NOT-SUPPORTED")]
#[case("mon", "INSTCMD eaton beeper.mute", "ERR ACCESS-DENIED")]
#[case("sec", "INSTCMD eaton BEEPER.mute", "OK")]
#[case("sec", "INSTCMD eaton test.panel.start", "ERR ACCESS-DENIED")]
#[case("admin", "INSTCMD eaton test.panel.start 5", "OK")]
// Grants
#[case("admin", "LOGIN eaton", "ERR ACCESS-DENIED")]
#[case("admin", "PRIMARY eaton", "ERR ACCESS-DENIED")]
#[case("admin", "FSD gone", "OK FSD-SET")]
#[case("sec", "LOGIN gone", "OK")]
#[case("sec", "PRIMARY eaton", "ERR ACCESS-DENIED")]
#[case("sec", "FSD eaton", "ERR ACCESS-DENIED")]
fn replies_to_users(#[case] user: &str, #[case] request: &str, #[case] reply: &str) {
    let mut bench = Bench::new();
    let mut session = session_of(&mut bench, user, &format!("{user} pw"));
    assert_eq!(bench.ask(&mut session, request), format!("{reply}\n"));
}

#[test]
fn a_wrong_password_shows_only_where_it_matters_and_is_said_once() {
    let mut bench = Bench::new();
    let mut session = session_of(&mut bench, "mon", "wrong word");
    bench.core.take_notices();
    assert_eq!(bench.ask(&mut session, "LOGIN none"), "ERR UNKNOWN-UPS\n");
    assert_eq!(bench.ask(&mut session, "LOGIN eaton"), "ERR ACCESS-DENIED\n");
    assert_eq!(bench.ask(&mut session, "FSD eaton"), "ERR ACCESS-DENIED\n");
    let said: Vec<String> = bench.core.take_notices().iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("mon@192.0.2.1") && !said[0].contains("wrong word"), "{said:?}");
    assert!(!format!("{session:?}{:?}", bench.core).contains("wrong word"));
}

#[test]
fn a_new_configuration_keeps_what_stays() {
    let mut bench = Bench::new();
    let mut mon = session_of(&mut bench, "mon", "mon pw");
    let mut sec = session_of(&mut bench, "sec", "sec pw");
    bench.ask(&mut mon, "LOGIN eaton");
    bench.ask(&mut sec, "LOGIN gone");
    let changes =
        bench.core.configure(&conf(&[("new", "dummy-ups", None), ("EATON", "usbhid-ups", Some("Big"))]));
    let text: Vec<String> = changes
        .iter()
        .map(|change| match change {
            Change::Added { name, socket, .. } => format!("added {name} {socket}"),
            Change::Moved { name, socket, .. } => format!("moved {name} {socket}"),
            Change::Removed { name, clients, .. } => format!("removed {name} {}", clients == &[sec.id()]),
        })
        .collect();
    // A UPS written otherwise has another socket.
    assert_eq!(
        text,
        [
            "added new dummy-ups-new",
            "moved EATON usbhid-ups-EATON",
            "removed gone true",
            "removed mute false"
        ]
    );
    assert_eq!(bench.ask(&mut mon, "GET NUMLOGINS eaton"), "NUMLOGINS eaton 1\n");
    assert_eq!(bench.ask(&mut mon, "GET UPSDESC eaton"), "UPSDESC eaton \"Big\"\n");
    assert_eq!(bench.ask(&mut mon, "GET NUMLOGINS gone"), "ERR UNKNOWN-UPS\n");
    assert!(
        bench.core.configure(&conf(&[("new", "dummy-ups", None), ("EATON", "usbhid-ups", None)])).is_empty()
    );
    bench.core.close(&sec);
}

#[test]
fn the_lexer_is_nuts() {
    let long = "x".repeat(513);
    let mut bench = Bench::new();
    let mut session = bench.open();
    let mut ask = |request: &str| bench.feed(&mut session, request.as_bytes());
    let ol = "VAR eaton ups.status \"OL\"\n";
    assert_eq!(ask("\"GET\"\t\"VAR\" eaton ups.st\\atus # comment\r\n"), ol);
    assert_eq!(ask("GET VAR eaton \"ups.status\n\"\n"), ol);
    assert_eq!(ask(&format!("GET VAR eaton ups.status {}\n", "w ".repeat(40))), ol);
    assert_eq!(ask("GET VAR=eaton ups.status\n"), "ERR UNKNOWN-UPS\n");
    assert_eq!(ask("GET VAR eaton \"\"\n"), "ERR VAR-NOT-SUPPORTED\n");
    // An unreadable line gets no reply, and costs nothing else.
    assert_eq!(ask("GET VAR eaton \"ups#status\" y z\nPROTVER\n"), "1.3\n");
    assert_eq!(
        ask(&format!("GET DESC eaton {long}\n")),
        format!("DESC eaton {} \"Description unavailable\"\n", &long[1..])
    );
    assert_eq!(ask("GET DESC eaton \"a \\\"b\"\n"), "DESC eaton \"a \\\"b\" \"Description unavailable\"\n");
    assert_eq!(ask("PROTVER\nNETVER\nLOGOUT\nPROTVER\n"), "1.3\n1.3\nOK Goodbye\n");
}

#[test]
fn a_flood_is_answered_in_portions() {
    let mut bench = Bench::new();
    let mut session = bench.open();
    let requests = "LIST VAR eaton\n".repeat(100);
    let (mut rest, mut whole, mut portions) = (requests.as_bytes(), Vec::new(), 0);
    while !rest.is_empty() {
        let mut out = Vec::new();
        let used = bench.core.answer(&mut session, rest, bench.now, 1000, &mut || [0; 16], &mut out).used;
        assert!(out.len() < 1500);
        whole.extend(out);
        rest = &rest[used..];
        portions += 1;
    }
    assert!(portions > 10);
    assert_eq!(String::from_utf8(whole).unwrap(), one("LIST VAR eaton").repeat(100));
}

#[test]
fn ids_of_clients_differ() {
    let mut core = Core::default();
    let ids: Vec<ClientId> = (0..3).map(|_| core.open("x").id()).collect();
    assert!(ids[0] < ids[1] && ids[1] < ids[2]);
}
