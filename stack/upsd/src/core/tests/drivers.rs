//! Between the core and a driver.

use std::time::Duration;

use super::{Bench, session_of};

#[test]
fn drivers_are_told_and_their_answers_are_kept() {
    let mut bench = Bench::new();
    let mut session = session_of(&mut bench, "admin", "admin pw");
    bench.ask(&mut session, "SET VAR eaton ups.id \"a\\\"b\"");
    bench.ask(&mut session, "INSTCMD eaton beeper.mute");
    bench.ask(&mut session, "INSTCMD eaton beeper.mute \"1 2\"");
    bench.ask(&mut session, "INSTCMD eaton beeper.mute 1 2");
    bench.ask(&mut session, "SET TRACKING ON");
    let id = "01010101-0101-4101-8101-010101010101";
    assert_eq!(bench.ask(&mut session, "INSTCMD eaton beeper.mute"), format!("OK TRACKING {id}\n"));
    insta::assert_snapshot!(bench.told(), @r#"
    SET ups.id "a\"b"
    INSTCMD beeper.mute
    INSTCMD beeper.mute "1 2"
    INSTCMD beeper.mute
    INSTCMD beeper.mute TRACKING 01010101-0101-4101-8101-010101010101
    "#);
    assert_eq!(bench.core.take_woken(), [bench.eaton; 5]);

    let ask = format!("GET TRACKING {id}");
    assert_eq!(bench.ask(&mut session, &ask), "PENDING\n");
    for (code, reply) in [
        ("1", "ERR UNKNOWN"),
        ("2", "ERR INVALID-ARGUMENT"),
        ("3", "ERR FAILED"),
        ("4", "ERR INVALID-ARGUMENT"),
        ("0", "SUCCESS"),
        ("9", "SUCCESS"),
    ] {
        bench.says(&format!("TRACKING {id} {code}"));
        assert_eq!(bench.ask(&mut session, &ask), format!("{reply}\n"));
    }
    assert_eq!(bench.ask(&mut session, "GET TRACKING nope"), "ERR UNKNOWN\n");
    // Ids belong to nobody, but one has to want tracking.
    let mut other = bench.open();
    assert_eq!(bench.ask(&mut other, &ask), "ERR FEATURE-NOT-CONFIGURED\n");
    bench.now += Duration::from_millis(3_600_001);
    assert_eq!(bench.ask(&mut session, &ask), "ERR UNKNOWN\n");
}

#[test]
fn a_driver_that_reads_nothing_is_told_only_so_much() {
    let mut bench = Bench::new();
    let mut session = session_of(&mut bench, "admin", "admin pw");
    bench.ask(&mut session, "SET TRACKING ON");
    let mut refused = 0;
    for _ in 0..2000 {
        let reply = bench.ask(&mut session, "INSTCMD eaton beeper.mute");
        refused += usize::from(reply == "ERR INSTCMD-FAILED\n");
        bench.random = bench.random.wrapping_rem(200);
    }
    assert!(refused > 500);
    assert!(bench.told().len() < 70_000);
    assert_eq!(bench.ask(&mut session, "SET VAR eaton ups.id x").split(' ').next(), Some("OK"));
}

#[test]
fn a_dump_is_waited_for_and_a_lost_driver_leaves_nothing() {
    let mut bench = Bench::new();
    let mut session = bench.open();
    bench.core.disconnected(bench.eaton);
    assert_eq!(bench.ask(&mut session, "LIST VAR eaton"), "ERR DRIVER-NOT-CONNECTED\n");
    bench.core.connected(bench.eaton, bench.now);
    assert_eq!(bench.told(), "DUMPALL\n");
    // DATASTALE in a dump counts when the dump is done.
    bench.says("DATASTALE");
    bench.says("SETINFO battery.charge \"1\"");
    assert_eq!(
        bench.ask(&mut session, "LIST VAR eaton"),
        "BEGIN LIST VAR eaton\nVAR eaton battery.charge \"1\"\nVAR eaton ups.status \"WAIT\"\nEND LIST VAR eaton\n"
    );
    bench.says("DUMPDONE");
    assert_eq!(bench.ask(&mut session, "GET VAR eaton battery.charge"), "ERR DATA-STALE\n");
    bench.says("DATAOK");
    assert_eq!(bench.ask(&mut session, "GET VAR eaton battery.charge"), "VAR eaton battery.charge \"1\"\n");
}

/// The answer to a ping does not move the next one by what it took, which would wake the machine once more; whatever else
/// the driver says does.
#[test]
fn pings_keep_their_time() {
    let mut bench = Bench::new();
    let start = bench.now;
    let mut next = |ms: u64, said: &str| {
        bench.now = start + Duration::from_millis(ms);
        bench.says(said);
        let next = bench.core.supervise(bench.eaton, bench.now);
        (bench.told(), next.map(|next| (next - start).as_millis()))
    };
    assert_eq!(next(0, "PONG"), (String::new(), Some(6_000)));
    assert_eq!(next(1_000, "SETINFO ups.load \"9\""), (String::new(), Some(7_000)));
    bench.now = start + Duration::from_millis(6_000);
    bench.core.supervise(bench.eaton, bench.now);
    assert_eq!(bench.told(), "PING\n");
    let mut next = |ms: u64| {
        bench.now = start + Duration::from_millis(ms);
        bench.says("PONG");
        bench.core.supervise(bench.eaton, bench.now).map(|next| (next - start).as_millis())
    };
    assert_eq!(next(6_001), Some(12_000));
    assert_eq!(next(6_009), Some(12_000));
    assert_eq!(next(6_010), Some(12_010));
}

/// A ping waits for a while for something else to wake upsd: a request, and be it for another UPS.
#[test]
fn pings_go_out_with_a_client() {
    let mut bench = Bench::new();
    let mut session = bench.open();
    let start = bench.now;
    bench.core.supervise(bench.eaton, start);
    for (ms, woken) in [(4_989, false), (4_990, true), (5_001, false), (5_002, false)] {
        bench.now = start + Duration::from_millis(ms);
        bench.ask(&mut session, "VER");
        assert_eq!(bench.core.take_woken().contains(&bench.eaton), woken, "{ms}");
    }
    assert_eq!(bench.core.supervise(bench.eaton, bench.now), Some(start + Duration::from_millis(11_002)));
    assert_eq!(bench.told(), "PING\n");
    bench.core.disconnected(bench.eaton);
    bench.now += Duration::from_secs(60);
    bench.ask(&mut session, "VER");
    assert!(!bench.core.take_woken().contains(&bench.eaton));
}

#[test]
fn silence_is_measured_in_milliseconds() {
    let mut bench = Bench::new();
    let mut session = bench.open();
    let start = bench.now;
    bench.core.take_notices();
    let at = |bench: &mut Bench, ms: u64| {
        bench.now = start + Duration::from_millis(ms);
        let next = bench.core.supervise(bench.eaton, bench.now);
        (bench.told(), next.map(|next| (next - start).as_millis()))
    };
    assert_eq!(at(&mut bench, 4_989), (String::new(), Some(6_000)));
    assert_eq!(at(&mut bench, 5_000), ("PING\n".to_owned(), Some(11_000)));
    assert_eq!(at(&mut bench, 10_000), ("PING\n".to_owned(), Some(16_000)));
    assert_eq!(at(&mut bench, 15_000), ("PING\n".to_owned(), Some(16_000)));
    bench.now = start + Duration::from_millis(15_999);
    assert_eq!(bench.ask(&mut session, "GET VAR eaton ups.status"), "VAR eaton ups.status \"OL\"\n");
    assert!(bench.core.take_notices().is_empty());
    assert_eq!(at(&mut bench, 16_000), (String::new(), Some(21_000)));
    assert_eq!(bench.ask(&mut session, "GET VAR eaton ups.status"), "ERR DATA-STALE\n");
    assert_eq!(at(&mut bench, 16_001).1, Some(21_000));
    // Nonsense is no sign of life; any line that is one brings the data back.
    bench.says("NONSENSE");
    assert_eq!(bench.ask(&mut session, "GET VAR eaton ups.status"), "ERR DATA-STALE\n");
    bench.says("PONG");
    assert_eq!(bench.ask(&mut session, "GET VAR eaton ups.status"), "VAR eaton ups.status \"OL\"\n");
    assert_eq!(at(&mut bench, 16_002).1, Some(22_001));
    let said: Vec<String> = bench.core.take_notices().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "Data for UPS [eaton] is stale - check driver",
            "UPS [eaton]: driver line ignored: unknown verb \"NONSENSE\"",
            "UPS [eaton] data is no longer stale"
        ]
    );
}

#[test]
fn driver_lines_change_what_is_known() {
    let mut bench = Bench::new();
    let mut session = bench.open();
    for line in [
        "DELINFO BATTERY.charge",
        "DELCMD beeper.mute",
        "ADDCMD a.b",
        "ADDCMD A.B",
        "DELENUM input.sensitivity high",
        "ADDENUM input.sensitivity \"a b\"",
        "DELRANGE input.transfer.low 150 170",
        "ADDRANGE input.transfer.low 180 195",
        "SETFLAGS ups.id NUMBER",
        "setinfo ups.STATUS ol",
        // None of these changes anything.
        "ADDENUM no.such x",
        "SETFLAGS no.such RW",
        "ADDRANGE ups.id x y",
        "SETINFO ups.status \"a#b\"",
        "SETINFO ups.status",
        "SETFLAGS input.sensitivity",
        "ADDRANGE input.transfer.low 9 1",
    ] {
        bench.says(line);
    }
    let text = bench.transcript(
        &mut session,
        "LIST VAR eaton\nLIST RW eaton\nLIST CMD eaton\nLIST ENUM eaton input.sensitivity\nLIST RANGE eaton input.transfer.low\n\
         GET TYPE eaton ups.id",
    );
    insta::assert_snapshot!(text, @r#"
    > LIST VAR eaton
    BEGIN LIST VAR eaton
    VAR eaton input.sensitivity "high"
    VAR eaton input.transfer.low "160"
    VAR eaton ups.id "Say \"hi\" \\ \#1"
    VAR eaton ups.status "ol"
    END LIST VAR eaton
    > LIST RW eaton
    BEGIN LIST RW eaton
    RW eaton input.sensitivity "high"
    RW eaton input.transfer.low "160"
    END LIST RW eaton
    > LIST CMD eaton
    BEGIN LIST CMD eaton
    CMD eaton a.b
    CMD eaton test.panel.start
    END LIST CMD eaton
    > LIST ENUM eaton input.sensitivity
    BEGIN LIST ENUM eaton input.sensitivity
    ENUM eaton input.sensitivity "a b"
    END LIST ENUM eaton input.sensitivity
    > LIST RANGE eaton input.transfer.low
    BEGIN LIST RANGE eaton input.transfer.low
    RANGE eaton input.transfer.low "180" "190"
    RANGE eaton input.transfer.low "180" "195"
    END LIST RANGE eaton input.transfer.low
    > GET TYPE eaton ups.id
    TYPE eaton ups.id NUMBER
    "#);
}
