#![expect(clippy::disallowed_methods, reason = "the tests read the clock that they drive")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rstest::rstest;
use tokio::time::{Instant, advance};

use super::client::*;
use crate::bus::testing::{Script, identity};
use crate::bus::usbip::Bus;
use crate::device::usb::{Reply, Speed};
use crate::ups::Ups;

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

fn data(bytes: &[u8]) -> Reply {
    Reply::Data(bytes.to_vec())
}

#[rstest]
#[case::data(data(&[6, 100]), 8, &[6, 100], 0)]
#[case::nothing(data(&[]), 8, &[], 0)]
#[case::cut_at_length(data(&[1, 2, 3, 4]), 3, &[1, 2, 3], 0)]
#[case::stall(Reply::Stall, 8, &[], -32)]
#[case::fault(Reply::Fault, 8, &[], -71)]
#[case::babble(Reply::Babble, 8, &[], -75)]
#[tokio::test(start_paused = true)]
async fn a_control_transfer_ends(
    #[case] reply: Reply,
    #[case] length: u16,
    #[case] bytes: &[u8],
    #[case] status: i32,
) {
    for after in [Duration::ZERO, 250 * MS] {
        let (mut client, _bus, _ups, script, _served) = attached().await;
        let reply = match after {
            Duration::ZERO => reply.clone(),
            _ => Reply::Late(after, Box::new(reply.clone())),
        };
        script.lock().unwrap().answers.insert(0x0306, reply);
        let start = Instant::now();
        let seqnum = client.get(0x0306, length).await;
        let answer = if status == 0 { got(seqnum, bytes) } else { failed(seqnum, status) };
        assert_eq!(client.answer().await, answer);
        assert_eq!(start.elapsed(), after);
        // And the next one as well.
        let seqnum = client.get(0x0301, 8).await;
        assert_eq!(client.answer().await, got(seqnum, &[3, 1]));
    }
}

#[tokio::test(start_paused = true)]
async fn delays_add_up() {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    let inner = Reply::Late(50 * MS, Box::new(data(&[1])));
    script.lock().unwrap().answers.insert(0x0306, Reply::Late(200 * MS, Box::new(inner)));
    let start = Instant::now();
    let seqnum = client.get(0x0306, 8).await;
    assert_eq!(client.answer().await, got(seqnum, &[1]));
    assert_eq!(start.elapsed(), 250 * MS);
}

#[tokio::test(start_paused = true)]
async fn data_for_the_device() {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    script.lock().unwrap().heard.clear();
    let setup = [0x21, 9, 0x0f, 3, 0, 0, 3, 0];
    let seqnum = client.submit(OUT, 0, 3, setup, &[0x0f, 20, 0]).await;
    assert_eq!(client.answer().await, Answer::Submit(seqnum, 0, 3, Vec::new()));
    assert_eq!(script.lock().unwrap().heard, ["030f [0f, 14, 00]"]);
    script.lock().unwrap().answers.insert(0x030f, Reply::Stall);
    let seqnum = client.submit(OUT, 0, 3, setup, &[0x0f, 20, 0]).await;
    assert_eq!(client.answer().await, failed(seqnum, -32));
}

#[rstest]
#[case::in_asked_as_out(OUT, 2, [0xa1, 1, 6, 3, 0, 0, 2, 0], &[0, 0])]
#[case::out_asked_as_in(IN, 2, [0x21, 9, 6, 3, 0, 0, 2, 0], &[])]
#[case::data_cut_short(OUT, 1, [0x21, 9, 6, 3, 0, 0, 2, 0], &[0])]
#[tokio::test(start_paused = true)]
async fn a_data_stage_that_does_not_fit_its_request_stalls(
    #[case] direction: u32,
    #[case] length: u32,
    #[case] setup: [u8; 8],
    #[case] bytes: &[u8],
) {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    script.lock().unwrap().heard.clear();
    let seqnum = client.submit(direction, 0, length, setup, bytes).await;
    assert_eq!(client.answer().await, failed(seqnum, -32));
    assert!(script.lock().unwrap().heard.is_empty());
}

#[tokio::test(start_paused = true)]
async fn more_data_than_there_is_room_for() {
    let (mut client, ..) = attached().await;
    // wLength is 8, and the host has room for one byte.
    let seqnum = client.submit(IN, 0, 1, [0xa1, 1, 6, 3, 0, 0, 8, 0], &[]).await;
    assert_eq!(client.answer().await, failed(seqnum, -75));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_transfer_stays_pending_while_control_transfers_go_on() {
    let (mut client, _bus, ups, script, _served) = attached().await;
    script.lock().unwrap().packets.push((ups.now() + HOUR, data(&[6, 13])));
    let start = Instant::now();
    let pending = client.listen(8).await;
    for _ in 0..10 {
        let seqnum = client.get(0x0301, 8).await;
        assert_eq!(client.answer().await, got(seqnum, &[3, 1]));
    }
    assert_eq!(client.answer().await, got(pending, &[6, 13]));
    assert_eq!(start.elapsed(), HOUR);
    // An hour of waiting is no hour of work: once at first, once a control transfer and once more on the way out of
    // the loop, and at the end.
    assert!(script.lock().unwrap().polls < 30, "{} polls", script.lock().unwrap().polls);
}

#[tokio::test(start_paused = true)]
async fn what_a_touch_of_the_device_changes_goes_out_at_once() {
    let (mut client, _bus, ups, script, _served) = attached().await;
    let pending = client.listen(8).await;
    client.quiet(HOUR).await;
    script.lock().unwrap().packets.push((Duration::ZERO, data(&[6, 14])));
    // Someone else uses the device.
    ups.configured(1);
    let start = Instant::now();
    assert_eq!(client.answer().await, got(pending, &[6, 14]));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn interrupt_data_come_no_faster_than_the_endpoint_is_polled() {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    script.lock().unwrap().packets.extend((1..=3).map(|n| (Duration::ZERO, data(&[n]))));
    let start = Instant::now();
    let seqnums = [client.listen(8).await, client.listen(8).await, client.listen(8).await];
    for (n, seqnum) in seqnums.into_iter().enumerate() {
        assert_eq!(client.answer().await, got(seqnum, &[n as u8 + 1]));
        assert_eq!(start.elapsed(), 20 * MS * n as u32, "bInterval is 20 ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_cries_wolf_is_polled_at_its_interval() {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    script.lock().unwrap().restless = true;
    client.listen(8).await;
    client.quiet(Duration::from_secs(2)).await;
    let polls = script.lock().unwrap().polls;
    assert!((90..=110).contains(&polls), "{polls} polls in 2 s at 20 ms");
}

#[rstest]
// Room for all of it; in two transfers of a packet each; no room.
#[case(16, &[12])]
#[case(8, &[8, 4])]
#[case(10, &[])]
#[tokio::test(start_paused = true)]
async fn a_report_longer_than_a_packet(#[case] room: u32, #[case] lengths: &[usize]) {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    let report: Vec<u8> = (0..12).collect();
    script.lock().unwrap().packets.push((Duration::ZERO, data(&report)));
    let mut seen = Vec::new();
    for length in lengths {
        let seqnum = client.listen(room).await;
        let Answer::Submit(number, 0, actual, bytes) = client.answer().await else { panic!() };
        assert_eq!((number, actual as usize), (seqnum, *length));
        seen.extend(bytes);
    }
    if lengths.is_empty() {
        let seqnum = client.listen(room).await;
        assert_eq!(client.answer().await, failed(seqnum, -75));
    } else {
        assert_eq!(seen, report);
    }
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_report_does_not_outlive_its_configuration() {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    script.lock().unwrap().packets.push((Duration::ZERO, data(&[1; 12])));
    let seqnum = client.listen(8).await;
    assert_eq!(client.answer().await, got(seqnum, &[1; 8]));
    client.control([0x00, 9, 1, 0, 0, 0, 0, 0]).await;
    client.answer().await;
    client.listen(8).await;
    client.quiet(HOUR).await;
}

#[rstest]
#[case::fault(Reply::Fault, -71)]
#[case::babble(Reply::Babble, -75)]
#[tokio::test(start_paused = true)]
async fn interrupt_transfers_fail_too(#[case] reply: Reply, #[case] status: i32) {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    script.lock().unwrap().packets.extend([(Duration::ZERO, reply), (Duration::ZERO, data(&[1]))]);
    let seqnum = client.listen(8).await;
    assert_eq!(client.answer().await, failed(seqnum, status));
    let seqnum = client.listen(8).await;
    assert_eq!(client.answer().await, got(seqnum, &[1]));
}

const CLEAR_HALT: [u8; 8] = [0x02, 1, 0, 0, 0x81, 0, 0, 0];

#[tokio::test(start_paused = true)]
async fn a_stalled_endpoint_stays_so_until_its_halt_is_cleared() {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    script.lock().unwrap().packets.extend([(Duration::ZERO, Reply::Stall), (Duration::ZERO, data(&[1]))]);
    for _ in 0..3 {
        let seqnum = client.listen(8).await;
        assert_eq!(client.answer().await, failed(seqnum, -32));
    }
    let clear = client.control(CLEAR_HALT).await;
    assert_eq!(client.answer().await, Answer::Submit(clear, 0, 0, Vec::new()));
    let seqnum = client.listen(8).await;
    assert_eq!(client.answer().await, got(seqnum, &[1]));
}

#[tokio::test(start_paused = true)]
async fn halting_an_endpoint_ends_what_is_pending_there() {
    let (mut client, ..) = attached().await;
    let pending = client.listen(8).await;
    let halt = client.control([0x02, 3, 0, 0, 0x81, 0, 0, 0]).await;
    assert_eq!(client.answer().await, Answer::Submit(halt, 0, 0, Vec::new()));
    assert_eq!(client.answer().await, failed(pending, -32));
}

#[rstest]
#[case::in_3(IN, 3)]
#[case::out_1(OUT, 1)]
#[case::in_2(IN, 2)]
#[tokio::test(start_paused = true)]
async fn endpoints_that_are_not_there_stall(#[case] direction: u32, #[case] endpoint: u32) {
    let (mut client, ..) = attached().await;
    let bytes: &[u8] = if direction == OUT { &[1, 2] } else { &[] };
    let seqnum = client.submit(direction, endpoint, 2, [0; 8], bytes).await;
    assert_eq!(client.answer().await, failed(seqnum, -32));
}

#[tokio::test(start_paused = true)]
async fn an_unconfigured_device_has_no_endpoints() {
    let (mut client, ..) = attached().await;
    let pending = client.listen(8).await;
    let set = client.control([0x00, 9, 0, 0, 0, 0, 0, 0]).await;
    assert_eq!(client.answer().await, Answer::Submit(set, 0, 0, Vec::new()));
    assert_eq!(client.answer().await, failed(pending, -32));
    let seqnum = client.listen(8).await;
    assert_eq!(client.answer().await, failed(seqnum, -32));
}

#[tokio::test(start_paused = true)]
async fn interrupt_data_for_the_device() {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    script.lock().unwrap().heard.clear();
    let seqnum = client.submit(OUT, 2, 2, [0; 8], &[5, 6]).await;
    assert_eq!(client.answer().await, Answer::Submit(seqnum, 0, 2, Vec::new()));
    assert_eq!(script.lock().unwrap().heard, ["out 2 [05, 06]"]);
    script.lock().unwrap().output = Some(Reply::Stall);
    let seqnum = client.submit(OUT, 2, 2, [0; 8], &[5, 6]).await;
    assert_eq!(client.answer().await, failed(seqnum, -32));
}

#[tokio::test(start_paused = true)]
async fn transfers_of_an_endpoint_keep_their_order() {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    script.lock().unwrap().answers.insert(0x0306, Reply::Late(HOUR, Box::new(data(&[1]))));
    let slow = client.get(0x0306, 8).await;
    let quick = client.get(0x0301, 8).await;
    assert_eq!(client.answer().await, got(slow, &[1]));
    assert_eq!(client.answer().await, got(quick, &[3, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_port_reset_as_linux_asks_a_server_for_it() {
    let (mut client, _bus, _ups, script, _served) = attached().await;
    let halt = client.control([0x02, 3, 0, 0, 0x81, 0, 0, 0]).await;
    client.answer().await;
    script.lock().unwrap().heard.clear();
    let reset = client.control([0x23, 3, 4, 0, 0, 0, 0, 0]).await;
    assert_eq!((reset, client.answer().await), (halt + 1, Answer::Submit(reset, 0, 0, Vec::new())));
    assert_eq!(script.lock().unwrap().heard, ["configuration 0", "configuration 1"]);
    let status = client.control([0x82, 0, 0, 0, 0x81, 0, 2, 0]).await;
    assert_eq!(client.answer().await, got(status, &[0, 0]), "no endpoint is halted");
}

#[tokio::test(start_paused = true)]
async fn unlink_races() {
    let (mut client, _bus, ups, script, _served) = attached().await;
    script.lock().unwrap().answers.insert(0x0306, Reply::Silence);
    script.lock().unwrap().answers.insert(0x0307, Reply::Late(HOUR, Box::new(data(&[1]))));

    // Pending on the interrupt endpoint: ECONNRESET, and no RET_SUBMIT.
    let pending = client.listen(8).await;
    let unlink = client.unlink(pending).await;
    assert_eq!(client.answer().await, Answer::Unlink(unlink, -104));
    // A second time it is unknown.
    let unlink = client.unlink(pending).await;
    assert_eq!(client.answer().await, Answer::Unlink(unlink, 0));
    // A packet is not lost to a transfer that was taken back.
    script.lock().unwrap().packets.push((Duration::ZERO, data(&[7])));
    ups.configured(1);
    client.quiet(HOUR).await;
    let pending = client.listen(8).await;
    assert_eq!(client.answer().await, got(pending, &[7]));
    // Finished: 0.
    let unlink = client.unlink(pending).await;
    assert_eq!(client.answer().await, Answer::Unlink(unlink, 0));
    // Never seen: 0.
    let unlink = client.unlink(4711).await;
    assert_eq!(client.answer().await, Answer::Unlink(unlink, 0));

    // Silence lasts until it is unlinked, and holds up what comes after.
    let silent = client.get(0x0306, 8).await;
    let after = client.get(0x0301, 8).await;
    client.quiet(HOUR).await;
    let unlink = client.unlink(silent).await;
    assert_eq!(client.answer().await, Answer::Unlink(unlink, -104));
    assert_eq!(client.answer().await, got(after, &[3, 1]));

    // One that waits behind another.
    let late = client.get(0x0307, 8).await;
    let behind = client.get(0x0301, 8).await;
    let unlink = client.unlink(behind).await;
    assert_eq!(client.answer().await, Answer::Unlink(unlink, -104));
    assert_eq!(client.answer().await, got(late, &[1]));

    // A late one: its answer never comes.
    let late = client.get(0x0307, 8).await;
    advance(MS).await;
    let unlink = client.unlink(late).await;
    assert_eq!(client.answer().await, Answer::Unlink(unlink, -104));
    client.quiet(2 * HOUR).await;
}

#[rstest]
#[case::at_once(Reply::Leave)]
#[case::late(Reply::Late(250 * MS, Box::new(Reply::Leave)))]
#[tokio::test(start_paused = true)]
async fn a_device_leaves_in_mid_transfer(#[case] reply: Reply) {
    let (mut client, bus, ups, script, served) = attached().await;
    script.lock().unwrap().answers.insert(0x0306, reply);
    let pending = client.listen(8).await;
    let leaving = client.get(0x0306, 8).await;
    for seqnum in [leaving, pending] {
        assert_eq!(client.answer().await, failed(seqnum, -108));
    }
    assert_eq!(client.answer().await, Answer::End);
    served.await.unwrap().unwrap();
    assert!(!ups.attached());
    ups.replug();
    let (mut client, _served) = Client::attach(&bus).await;
    let seqnum = client.get(0x0301, 8).await;
    assert_eq!(client.answer().await, got(seqnum, &[3, 1]));
}

#[rstest]
#[case::out(false)]
#[case::out_and_in_at_once(true)]
#[tokio::test(start_paused = true)]
async fn the_cable_is_pulled(#[case] back_at_once: bool) {
    let (mut client, bus, _ups, _, served) = attached().await;
    let first = client.devid;
    let pending = client.listen(8).await;
    client.quiet(HOUR).await;
    bus.unplug("1-1");
    if back_at_once {
        bus.replug("1-1");
    }
    // A new host need not wait until the old one has noticed.
    let new = if back_at_once { Some(Client::attach(&bus).await) } else { None };
    assert_eq!(client.answer().await, failed(pending, -108));
    assert_eq!(client.answer().await, Answer::End);
    served.await.unwrap().unwrap();
    let (mut client, _served) = match new {
        Some(new) => new,
        None => {
            bus.replug("1-1");
            Client::attach(&bus).await
        }
    };
    assert_ne!(client.devid, first, "it comes back as a new device");
    let seqnum = client.get(0x0301, 8).await;
    assert_eq!(client.answer().await, got(seqnum, &[3, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_keeps_no_device_for_itself() {
    let (mut client, bus, _ups, _, served) = attached().await;
    // More answers than the stream holds.
    for _ in 0..1500 {
        client.get(0x0301, 8).await;
    }
    tokio::task::yield_now().await;
    bus.unplug("1-1");
    bus.replug("1-1");
    let (mut other, _served) = Client::attach(&bus).await;
    let seqnum = other.get(0x0301, 8).await;
    assert_eq!(other.answer().await, got(seqnum, &[3, 1]));
    served.await.unwrap().unwrap();
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn at_high_speed_intervals_count_microframes() {
    let mut identity = identity();
    identity.speed = Speed::High;
    // 2^(9-1) microframes are 32 ms.
    identity.configuration[33] = 9;
    let (mut client, _bus, _ups, script, _served) = attached_to(identity).await;
    script.lock().unwrap().packets.extend([(Duration::ZERO, data(&[1])), (Duration::ZERO, data(&[2]))]);
    let start = Instant::now();
    client.listen(8).await;
    client.listen(8).await;
    client.answer().await;
    client.answer().await;
    assert_eq!(start.elapsed(), 32 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_transcript() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&lines);
    let bus = Bus::observed(Arc::new(move |exchange| log.lock().unwrap().push(exchange.to_string())));
    let (script, scripted) = Script::new(identity());
    bus.plug("1-1", Ups::over_usb("script", Box::new(script))).unwrap();
    let (mut client, served) = Client::attach(&bus).await;
    scripted.lock().unwrap().answers.insert(0x0307, Reply::Late(250 * MS, Box::new(Reply::Stall)));
    scripted.lock().unwrap().packets.push((Duration::from_secs(60), data(&[6, 13])));
    client.listen(8).await;
    client.get(0x0306, 8).await;
    client.get(0x0307, 8).await;
    client.submit(OUT, 0, 2, [0x21, 9, 0x0f, 3, 0, 0, 2, 0], &[0x0f, 20]).await;
    for _ in 0..4 {
        client.answer().await;
    }
    let pending = client.listen(8).await;
    client.unlink(pending).await;
    client.answer().await;
    client.listen(8).await;
    client.quiet(MS).await;
    bus.unplug("1-1");
    served.await.unwrap().unwrap();
    insta::assert_snapshot!(lines.lock().unwrap().join("\n"), @"
         0.000000 1-1 attached
         0.000000 1-1 control a1 01 0306 0000 8 < 03 06
         0.250000 1-1 control a1 01 0307 0000 8 stall
         0.250000 1-1 control 21 09 030f 0000 2 > 0f 14
        60.000000 1-1 in 1 < 06 0d
        60.000000 1-1 in 1 unlinked
        60.001000 1-1 in 1 gone
        60.001000 1-1 detached
    ");
}
