//! The client against a server that is played by the test, on machines in memory.

#![expect(clippy::unwrap_used, reason = "outside of #[test] functions clippy does not see that this is one")]

use std::process::ExitCode;
use std::time::Duration;

use outage_client::{Client, Error, ErrorCode, TrackingState};
use outage_host::Host;
use outage_host::virt::{EventKind, Machine, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PATIENCE: Duration = Duration::from_secs(5);

/// A server that expects these requests and gives these replies, in turn, then closes the connection.
async fn server(machine: &Machine, script: &'static [(&'static str, &'static str)]) {
    let host = machine.host("server");
    let listener = host.listen_tcp("127.0.0.1:3493".parse().unwrap()).await.unwrap();
    tokio::spawn(async move {
        let _host = host;
        let (mut stream, _) = listener.accept().await.unwrap();
        for (request, reply) in script {
            let mut line = Vec::new();
            while line.last() != Some(&b'\n') {
                let Ok(byte) = stream.read_u8().await else { return };
                line.push(byte);
            }
            assert_eq!(String::from_utf8(line).unwrap(), format!("{request}\n"));
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
        // Closed only when the other side closes, so that a missing reply is a silence.
        let _ = stream.read_u8().await;
    });
}

async fn connect(machine: &Machine, script: &'static [(&'static str, &'static str)]) -> (Client, Host) {
    server(machine, script).await;
    let host = machine.host("client");
    (Client::connect(&host, "localhost", 3493, PATIENCE).await.unwrap(), host)
}

fn machine() -> (World, Machine) {
    let world = World::new(1);
    let machine = world.machine("here");
    (world, machine)
}

#[tokio::test(start_paused = true)]
async fn requests_and_replies() {
    let (_world, machine) = machine();
    let (mut client, _host) = connect(
        &machine,
        &[
            ("USERNAME mon", "OK\n"),
            ("PASSWORD \"a \\\"b\\\" = \\# \\\\\"", "OK\n"),
            ("LOGIN eaton", "OK\n"),
            ("PRIMARY eaton", "ERR UNKNOWN-COMMAND\n"),
            ("MASTER eaton", "OK MASTER-GRANTED\n"),
            ("GET VAR eaton ups.id", "VAR eaton UPS.ID \"Say \\\"hi\\\" \\\\ \\#1\"\n"),
            ("GET NUMLOGINS eaton", "NUMLOGINS eaton 2\n"),
            ("SET VAR eaton ups.id \"x y\"", "OK\n"),
            ("SET TRACKING ON", "OK\n"),
            ("INSTCMD eaton load.off \"5\"", "OK TRACKING 1234\n"),
            ("GET TRACKING 1234", "PENDING\n"),
            ("GET TRACKING 1234", "ERR FAILED\n"),
            ("FSD eaton", "OK FSD-SET\n"),
            ("LIST CMD eaton", "BEGIN LIST CMD eaton\nCMD eaton a.b\nEND LIST CMD eaton\n"),
            (
                "LIST RANGE eaton x.y",
                "BEGIN LIST RANGE eaton x.y\nRANGE eaton x.y \"1\" \"5\"\nEND LIST RANGE eaton x.y\n",
            ),
            ("VER", "Network UPS Tools upsd 2.8.0 - http://www.networkupstools.org/\n"),
            ("LOGOUT", "OK Goodbye\n"),
        ],
    )
    .await;
    client.authenticate("mon", "a \"b\" = # \\").await.unwrap();
    client.login("eaton").await.unwrap();
    client.primary("eaton").await.unwrap();
    assert_eq!(client.get_var("eaton", "ups.id").await.unwrap(), "Say \"hi\" \\ #1");
    assert_eq!(client.num_logins("eaton").await.unwrap(), 2);
    assert_eq!(client.set("eaton", "ups.id", "x y").await.unwrap(), None);
    client.set_tracking(true).await.unwrap();
    assert_eq!(client.instcmd("eaton", "load.off", Some("5")).await.unwrap().as_deref(), Some("1234"));
    assert_eq!(client.tracking("1234").await.unwrap(), TrackingState::Pending);
    assert_eq!(client.tracking("1234").await.unwrap_err().code(), Some(ErrorCode::Failed));
    client.fsd("eaton").await.unwrap();
    assert_eq!(client.list_commands("eaton").await.unwrap(), ["a.b"]);
    assert_eq!(client.list_ranges("eaton", "x.y").await.unwrap(), [(1, 5)]);
    assert_eq!(
        client.version().await.unwrap(),
        "Network UPS Tools upsd 2.8.0 - http://www.networkupstools.org/"
    );
    client.logout().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refusal_leaves_the_connection_as_it_was() {
    let (_world, machine) = machine();
    let (mut client, _host) = connect(
        &machine,
        &[
            ("GET VAR eaton ups.status", "ERR DATA-STALE\n"),
            ("LIST VAR eaton", "ERR DRIVER-NOT-CONNECTED\n"),
            ("GET VAR eaton ups.status", "ERR WHO-KNOWS\n"),
            ("GET VAR eaton ups.status", "VAR eaton ups.status \"OL\"\n"),
        ],
    )
    .await;
    assert_eq!(client.get_var("eaton", "ups.status").await.unwrap_err().to_string(), "Data stale");
    assert_eq!(client.list_vars("eaton").await.unwrap_err().to_string(), "Driver not connected");
    assert_eq!(client.get_var("eaton", "ups.status").await.unwrap_err().to_string(), "Unknown error");
    assert_eq!(client.get_var("eaton", "ups.status").await.unwrap(), "OL");
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_is_never_taken_for_the_next_one() {
    let (world, machine) = machine();
    let (mut client, host) =
        connect(&machine, &[("GET VAR eaton ups.status", "VAR eaton ups.st"), ("x", "")]).await;
    let start = world.now();
    assert!(matches!(client.get_var("eaton", "ups.status").await, Err(Error::Timeout)));
    assert_eq!(world.now() - start, PATIENCE);
    assert!(matches!(client.get_var("eaton", "ups.load").await, Err(Error::Disconnected)));
    drop(host);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_spoils_the_connection() {
    let (_world, machine) = machine();
    let (mut client, host) = connect(&machine, &[("GET VAR eaton ups.status", "VAR ")]).await;
    let dropped = host.timeout(Duration::from_secs(1), client.get_var("eaton", "ups.status")).await;
    assert!(dropped.is_err());
    assert!(matches!(client.get_var("eaton", "ups.status").await, Err(Error::Disconnected)));
}

#[tokio::test(start_paused = true)]
async fn replies_to_something_else_are_no_answers() {
    for reply in ["VAR eaton ups.load \"5\"\n", "OK\n", "\n", "VAR eaton\n", "VAR eaton \"a#\"\n"] {
        let (_world, machine) = machine();
        let script: &'static [(&str, &str)] = Box::leak(Box::new([("GET VAR eaton ups.status", reply)]));
        let (mut client, _host) = connect(&machine, script).await;
        assert!(matches!(client.get_var("eaton", "ups.status").await, Err(Error::Protocol)), "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn servers_that_are_not_there() {
    let (world, machine) = machine();
    let host = machine.host("client");
    let error = Client::connect(&host, "localhost", 3493, PATIENCE).await.unwrap_err();
    assert_eq!(error.to_string(), "Connection failure: Connection refused");
    let error = Client::connect(&host, "no.such.host", 3493, PATIENCE).await.unwrap_err();
    assert_eq!(error.to_string(), "No such host");
    // A host that is off answers nothing.
    world.machine("dark").stop();
    let start = world.now();
    let error = Client::connect(&host, "dark", 3493, PATIENCE).await.unwrap_err();
    assert!(matches!(error, Error::Connect(_)));
    assert!(world.now() - start <= PATIENCE);
}

/// What upsc prints, and (after `!`) logs, with its exit code.
async fn upsc(script: &'static [(&'static str, &'static str)], args: &[&str]) -> String {
    let (world, machine) = machine();
    server(&machine, script).await;
    let host = machine.host("upsc");
    let args = args.iter().map(|&arg| arg.to_owned()).collect();
    let code = outage_client::upsc::run(args, host).await;
    let mut text = String::new();
    for event in world.events().into_iter().filter(|event| &*event.process == "upsc") {
        match event.kind {
            EventKind::Print(line) => text += &line,
            EventKind::Log(_, line) => text += &format!("! {line}\n"),
            _ => {}
        }
    }
    text + if code == ExitCode::SUCCESS { "= 0" } else { "= 1" }
}

const UPSES: &[(&str, &str)] = &[(
    "LIST UPS",
    "BEGIN LIST UPS\nUPS eaton \"The \\\"big\\\" one\"\nUPS two \"Description unavailable\"\nEND LIST UPS\n",
)];
const VARS: &[(&str, &str)] = &[(
    "LIST VAR eaton",
    "BEGIN LIST VAR eaton\nVAR eaton ups.id \"a \\\"b\\\"\"\nVAR eaton ups.status \"OL\"\nEND LIST VAR eaton\n",
)];
const STATUS: &[(&str, &str)] = &[("GET VAR eaton ups.status", "VAR eaton ups.status \"OL CHRG\"\n")];
const STALE: &[(&str, &str)] = &[("GET VAR eaton ups.status", "ERR DATA-STALE\n")];
const CLIENTS: &[(&str, &str)] = &[(
    "LIST CLIENT eaton",
    "BEGIN LIST CLIENT eaton\nCLIENT eaton ::1\nCLIENT eaton 10.0.0.7\nEND LIST CLIENT eaton\n",
)];

#[rstest::rstest]
#[case(UPSES, &["-l"], "eaton\ntwo\n= 0")]
#[case(UPSES, &["-l", "127.0.0.1:3493"], "eaton\ntwo\n= 0")]
#[case(UPSES, &["-L"], "eaton: The \"big\" one\ntwo: Description unavailable\n= 0")]
#[case(UPSES, &["-j", "-l"], "[\n  \"eaton\",\n  \"two\"\n]\n= 0")]
#[case(UPSES, &["-jL"], "{\n  \"eaton\": \"The \\\"big\\\" one\",\n  \"two\": \"Description unavailable\"\n}\n= 0")]
#[case(VARS, &["eaton"], "ups.id: a \"b\"\nups.status: OL\n= 0")]
#[case(VARS, &["-j", "eaton@localhost"], "{\n  \"ups.id\": \"a \\\"b\\\"\",\n  \"ups.status\": \"OL\"\n}\n= 0")]
#[case(STATUS, &["eaton@localhost:3493", "ups.status"], "OL CHRG\n= 0")]
#[case(STATUS, &["-W", "2", "-A", "none", "eaton", "ups.status"], "OL CHRG\n= 0")]
#[case(STATUS, &["-j", "eaton", "ups.status"], "\"OL CHRG\"\n= 0")]
#[case(CLIENTS, &["-c", "eaton"], "::1\n10.0.0.7\n= 0")]
#[case(STALE, &["eaton", "ups.status"], "! Error: Data stale\n= 1")]
#[case(STALE, &["-j", "eaton", "ups.status"], "! Error: Data stale\n{\n  \"error\": \"Data stale\"\n}\n= 1")]
#[case(&[], &["eaton", "status"], "! Error: old-style variable names are not supported\n= 1")]
#[case(&[], &["eaton@"], "! Error: invalid UPS definition. Required format: upsname[@hostname[:port]]\n= 1")]
#[case(&[], &["-l", "[::1"], "! Error: invalid hostname. Required format: [hostname[:port]]\n= 1")]
#[case(&[], &["eaton@localhost:1"], "! Error: Connection failure: Connection refused\n= 1")]
#[tokio::test(start_paused = true)]
async fn upsc_prints(
    #[case] script: &'static [(&'static str, &'static str)],
    #[case] args: &[&str],
    #[case] expected: &str,
) {
    assert_eq!(upsc(script, args).await, expected);
}

#[rstest::rstest]
#[case(&[], "! upsc: a UPS must be named")]
#[case(&["a", "b.c", "d"], "! upsc: too many arguments: d")]
#[case(&["-W", "x", "a"], "! upsc: -W takes a number of seconds")]
#[case(&["-z"], "! upsc: invalid option -- 'z'")]
#[tokio::test(start_paused = true)]
async fn upsc_shows_its_usage(#[case] args: &[&str], #[case] beginning: &str) {
    let text = upsc(&[], args).await;
    assert!(text.starts_with(beginning) && text.contains("usage: upsc") && text.ends_with("= 1"), "{text}");
}
