//! The handle under a paused clock.

use std::time::Duration;

use super::*;
use crate::fault::Trouble;
use crate::plant::PlantEvent;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ups(device: &str, time_scale: f64) -> Ups {
    Ups::new("ups", &crate::device(device).unwrap(), Options { time_scale, ..Options::default() })
}

const STATUS: Setup = Setup { request_type: 0xa1, request: 1, value: 0x0301, index: 0, length: 8 };

#[expect(clippy::disallowed_methods, reason = "the test plays the world, which takes its time")]
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_power_cut_seen_from_outside() {
    let ups = ups("eaton-3s-700", 1.0);
    pass(s(10)).await;
    ups.mains(false);
    let state = ups.state();
    assert!(!state.mains && state.on_battery && state.output_on && state.charge == 100.0);
    let low = ups.next_change().await;
    assert_eq!(low.what, PlantEvent::BatteryLow);
    assert_eq!(low.at, ups.now().min(low.at), "not before its time");
    assert_eq!(ups.next_change().await.what, PlantEvent::BatteryEmpty);
    assert!(!ups.state().output_on);
    let all = ups.events_since(0);
    assert_eq!(all[0].at, s(10));
    assert_eq!(all.iter().filter_map(Event::output).collect::<Vec<_>>(), [false]);
    assert_eq!(ups.events_since(all.len()), []);
    assert_eq!(ups.events_since(1000), []);
}

#[tokio::test(start_paused = true)]
async fn a_year_passes_at_once_and_nothing_is_lost() {
    let ups = ups("eaton-3s-700", 1.0);
    let waiting = tokio::spawn({
        let ups = ups.clone();
        async move { ups.next_interrupt(0x81).await }
    });
    pass(s(365 * 24 * 3600)).await;
    assert!(!waiting.is_finished());
    ups.mains(false);
    assert_eq!(waiting.await.unwrap()[0], 1);
    assert_eq!(ups.now(), s(365 * 24 * 3600));
}

#[tokio::test(start_paused = true)]
async fn an_event_is_waited_for_by_its_number() {
    let ups = ups("megatec-650", 1.0);
    ups.charge(10.0);
    let seen = ups.events_since(0).len();
    let waiting = tokio::spawn({
        let ups = ups.clone();
        async move {
            ups.wait_events(seen).await;
            ups.events_since(seen)
        }
    });
    pass(s(1)).await;
    ups.mains(false);
    assert_eq!(waiting.await.unwrap()[0].what, PlantEvent::OnBattery);
}

#[tokio::test(start_paused = true)]
async fn scaled_time_makes_hours_of_minutes() {
    let ups = ups("eaton-3s-700", 60.0);
    let clock = TokioClock::default();
    ups.mains(false);
    while ups.state().output_on {
        ups.next_change().await;
    }
    let took = clock.now();
    let lasted = ups.events_since(0).iter().find(|event| event.output() == Some(false)).unwrap().at;
    assert!(took.abs_diff(lasted.div_f64(60.0)) <= Duration::from_millis(2), "{took:?} for {lasted:?}");
}

#[tokio::test(start_paused = true)]
async fn the_cable_and_the_ice() {
    let ups = ups("eaton-3s-700", 1.0);
    assert!(matches!(ups.control(STATUS, &[]), Reply::Data(_)));
    ups.freeze();
    assert_eq!(ups.control(STATUS, &[]), Reply::Silence);
    assert!(ups.state().frozen);
    ups.thaw();
    ups.unplug();
    ups.wait_detached().await;
    assert_eq!(ups.control(STATUS, &[]), Reply::Leave);
    assert!(!ups.state().plugged);
    ups.mains(false);
    assert_eq!(ups.interrupt(0x81), None);
    ups.replug();
    ups.wait_attached().await;
    assert_eq!(ups.interrupt(0x81), None, "back as new: the mains were off already");
    assert_eq!(ups.control(STATUS, &[]), Reply::Data(vec![1, 0x30, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_report_in_trouble_by_the_handle() {
    let ups = ups("eaton-3s-700", 1.0);
    ups.trouble_report(1, Some(Trouble::Leave), 1.0);
    assert_eq!(ups.control(STATUS, &[]), Reply::Leave);
    assert!(!ups.attached());
}

#[tokio::test(start_paused = true)]
async fn a_serial_question_is_answered_in_its_time() {
    let ups = ups("megatec-650", 1.0);
    ups.receive(b"Q1\r");
    assert!(ups.transmit().is_empty());
    assert_eq!(ups.wait_transmit().await.len(), 47);
    assert!(ups.now() > Duration::from_millis(200));
    ups.freeze();
    ups.receive(b"Q1\r");
    pass(s(5)).await;
    ups.thaw();
    assert!(ups.transmit().is_empty(), "what it was asked while frozen is lost");
}

#[test]
fn a_serial_number_of_ones_own() {
    let options = Options { serial_number: Some("G12345".into()), ..Options::default() };
    let ups = Ups::new("ups", &crate::device("eaton-3s-700").unwrap(), options);
    assert_eq!(ups.identity().unwrap().strings[&4], "G12345");
}

#[tokio::test(start_paused = true)]
async fn a_day_of_polling_wakes_nobody_in_vain() {
    let ups = ups("eaton-3s-700", 1.0);
    let heard = tokio::spawn({
        let ups = ups.clone();
        async move {
            let mut reports = 0_u32;
            while ups.next_interrupt(0x81).await[0] != 1 {
                reports += 1;
            }
            reports
        }
    });
    for _ in 0..43_200 {
        pass(s(2)).await;
        assert!(matches!(ups.control(STATUS, &[]), Reply::Data(_)));
    }
    ups.mains(false);
    assert_eq!(heard.await.unwrap(), 0, "nothing changed all day");
}
