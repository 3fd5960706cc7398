//! The library: requests, replies, and what is none.

use std::time::Duration;

use outage_client::{Client, Error, ErrorCode, Range, TrackingState, Ups};
use outage_host::Host;
use outage_host::virt::Machine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::play::{PATIENCE, Script, machine, play, server};

async fn connect(machine: &Machine, script: Script) -> (Client, Host) {
    server(machine, script).await;
    let host = machine.host("client");
    (Client::connect(&host, "localhost", 3493, PATIENCE).await.unwrap(), host)
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
    assert_eq!(client.list_ranges("eaton", "x.y").await.unwrap(), [Range { min: 1, max: 5 }]);
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
    for reply in [
        "VAR eaton ups.load \"5\"\n",
        "VAR other ups.status \"OL\"\n",
        "OK\n",
        "\n",
        "VAR eaton\n",
        "VAR eaton \"a#\"\n",
    ] {
        let (_world, machine) = machine();
        let script: Script = Box::leak(Box::new([("GET VAR eaton ups.status", reply)]));
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

/// A list that is none: what is said, and whether the connection can be used on.
#[rstest::rstest]
#[case("BEGIN LIST VAR other\nEND LIST VAR other\n", "Protocol error")]
#[case("BEGIN LIST RW eaton\nEND LIST RW eaton\n", "Protocol error")]
#[case("END LIST VAR eaton\n", "Protocol error")]
#[case("BEGIN LIST VAR eaton\nEND LIST VAR other\n", "Protocol error")]
#[case("VAR eaton ups.status \"OL\"\n", "Protocol error")]
#[case("BEGIN LIST VAR eaton\nVAR other a.b \"1\"\n", "Protocol error")]
#[case("BEGIN LIST VAR eaton\nCMD eaton a.b\n", "Protocol error")]
#[case("BEGIN LIST VAR eaton\n\n", "Protocol error")]
#[case("BEGIN LIST VAR eaton\nVAR eaton a.b\n", "insufficient data (got 3 args, need at least 4)")]
#[case("BEGIN LIST VAR eaton\nERR DATA-STALE\n", "Data stale")]
#[case("BEGIN LIST VAR eaton\nVAR eaton a.b \"1\"\n", "Read error: Connection timed out")]
#[case("ERR UNKNOWN-UPS\n", "Unknown UPS")]
#[tokio::test(start_paused = true)]
async fn lists_that_are_none(#[case] reply: &'static str, #[case] text: &str) {
    let (_world, machine) = machine();
    let script: Script = Box::leak(Box::new([("LIST VAR eaton", reply)]));
    let (mut client, _host) = connect(&machine, script).await;
    let error = client.list_vars("eaton").await.unwrap_err();
    assert_eq!(error.to_string(), text);
    assert_eq!(client.is_usable(), error.is_refusal());
}

#[tokio::test(start_paused = true)]
async fn names_come_back_as_the_server_writes_them() {
    let (_world, machine) = machine();
    let (mut client, _host) = connect(
        &machine,
        &[
            ("LIST UPS", "BEGIN LIST UPS\nUPS eaton \"B\u{fc}ro \\\"1\\\"\"\nEND LIST UPS\n"),
            ("LIST CMD EATON", "BEGIN LIST CMD eaton\nCMD eaton a.b\nEND LIST CMD eaton\n"),
            ("PROTVER", "ERR UNKNOWN-COMMAND\n"),
            ("NETVER", "1.2\n"),
        ],
    )
    .await;
    let upses = client.list_ups().await.unwrap();
    assert_eq!(upses, [Ups { name: "eaton".to_owned(), description: "B\u{fc}ro \"1\"".to_owned() }]);
    assert_eq!(client.list_commands("EATON").await.unwrap(), ["a.b"]);
    assert_eq!(client.protocol_version().await.unwrap(), "1.2");
}

/// A server that never ends its list is left, long before it has filled the memory.
#[tokio::test(start_paused = true)]
async fn a_list_without_end() {
    let (_world, machine) = machine();
    let host = machine.host("server");
    let listener = host.listen_tcp("127.0.0.1:3493".parse().unwrap()).await.unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"BEGIN LIST VAR eaton\n").await.unwrap();
        let row = format!("VAR eaton a.b \"{}\"\n", "x".repeat(4000)).repeat(16);
        while stream.write_all(row.as_bytes()).await.is_ok() {}
    });
    let client_host = machine.host("client");
    let mut client = Client::connect(&client_host, "localhost", 3493, PATIENCE).await.unwrap();
    let error = client.list_vars("eaton").await.unwrap_err();
    assert!(matches!(error, Error::TooMuch), "{error}");
    assert!(!client.is_usable());
    drop(host);
}

/// One line without end costs no memory either, and ends with the time limit.
#[tokio::test(start_paused = true)]
async fn a_line_without_end() {
    let (_world, machine) = machine();
    let host = machine.host("server");
    let listener = host.listen_tcp("127.0.0.1:3493".parse().unwrap()).await.unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        let (mut stream, _) = listener.accept().await.unwrap();
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    });
    let client_host = machine.host("client");
    let mut client = Client::connect(&client_host, "localhost", 3493, PATIENCE).await.unwrap();
    assert!(matches!(client.get_var("eaton", "a.b").await, Err(Error::TooMuch | Error::Timeout)));
    drop(host);
}

#[tokio::test(start_paused = true)]
async fn what_is_tracked_is_waited_for() {
    let (world, machine) = machine();
    let (mut client, _host) = connect(
        &machine,
        &[
            ("GET TRACKING 1", "PENDING\n"),
            ("GET TRACKING 1", "PENDING\n"),
            ("GET TRACKING 1", "SUCCESS\n"),
            ("GET TRACKING 2", "ERR INVALID-ARGUMENT\n"),
            ("GET TRACKING 3", "PENDING\n"),
            ("GET TRACKING 3", "PENDING\n"),
            ("GET VAR eaton a.b", "VAR eaton a.b \"1\"\n"),
        ],
    )
    .await;
    let limit = Duration::from_millis(200);
    client.wait_tracked("1", Duration::from_secs(10)).await.unwrap();
    assert_eq!(world.now(), Duration::from_millis(400));
    let refused = client.wait_tracked("2", limit).await.unwrap_err();
    assert_eq!(refused.code(), Some(ErrorCode::InvalidArgument));
    assert!(matches!(client.wait_tracked("3", limit).await, Err(Error::Timeout)));
    assert_eq!(client.get_var("eaton", "a.b").await.unwrap(), "1");
}

/// One line that is no answer costs one answer; what nobody asked for is never taken for the next one.
#[tokio::test(start_paused = true)]
async fn a_line_too_many() {
    let (_world, machine) = machine();
    let (mut client, _host) = connect(
        &machine,
        &[
            ("GET VAR eaton a.b", "WHAT\n"),
            ("GET VAR eaton A.b", "var EATON a.B \"1\"\n"),
            ("USERNAME me", "WHAT\nOK\n"),
        ],
    )
    .await;
    assert!(matches!(client.get_var("eaton", "a.b").await, Err(Error::Protocol)));
    assert_eq!(client.get_var("eaton", "A.b").await.unwrap(), "1");
    assert!(matches!(client.username("me").await, Err(Error::Protocol)));
    assert!(!client.is_usable());
    assert!(matches!(client.password("secret").await, Err(Error::Disconnected)));
}

/// The same when it comes later, and nobody was reading then.
#[tokio::test(start_paused = true)]
async fn a_line_too_many_that_comes_late() {
    let (_world, machine) = machine();
    let server = machine.host("server");
    let listener = server.listen_tcp("127.0.0.1:3493".parse().unwrap()).await.unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        for status in ["OL", "OB LB"] {
            stream.write_all(format!("VAR eaton a.b \"{status}\"\n").as_bytes()).await.unwrap();
            server.sleep(Duration::from_secs(1)).await;
        }
        play(&mut stream, &[]).await;
    });
    let host = machine.host("client");
    let mut client = Client::connect(&host, "localhost", 3493, PATIENCE).await.unwrap();
    assert_eq!(client.get_var("eaton", "a.b").await.unwrap(), "OL");
    host.sleep(PATIENCE).await;
    assert!(matches!(client.get_var("eaton", "a.b").await, Err(Error::Protocol)));
    assert!(!client.is_usable());
}
