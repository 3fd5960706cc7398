//! Properties of the plant, and what it does in a power cut.

use std::time::Duration;

use quickcheck::{Arbitrary, Gen, TestResult as Outcome, quickcheck};

use super::{Beeper, Event, OffReason, OnReason, Plant, PlantEvent, Settings, TestResult};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn plant() -> Plant {
    Plant::new(Settings { restart_delay: s(2), ..Settings::default() })
}

/// Anything that can be done to a UPS, sane or not.
#[derive(Clone, Debug)]
enum Op {
    Mains(bool),
    Voltage(f64),
    Frequency(f64),
    Charge(f64),
    Load(f64),
    Age(f64),
    Replace,
    Shutdown(Option<u16>),
    Start(Option<u16>),
    StartAfterCut(u16),
    Cancel,
    Test(Option<u16>),
    StopTest,
    LowCharge(f64),
    LowRuntime(Option<u16>),
    TransferLow(f64),
    AutomaticRestart(bool),
    Button(bool),
    Hold(bool),
}

fn number(g: &mut Gen) -> f64 {
    match u8::arbitrary(g) % 8 {
        0 => f64::arbitrary(g),
        1 => *g.choose(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e308]).unwrap(),
        2 => 230.0,
        _ => f64::from(u16::arbitrary(g) % 3000) / 10.0,
    }
}

impl Arbitrary for Op {
    fn arbitrary(g: &mut Gen) -> Self {
        match u8::arbitrary(g) % 23 {
            0..=3 => Self::Mains(bool::arbitrary(g)),
            4 => Self::Voltage(number(g)),
            5 => Self::Frequency(number(g)),
            6 => Self::Charge(number(g)),
            7 => Self::Load(number(g)),
            8 => Self::Age(number(g)),
            9 => Self::Shutdown(Option::arbitrary(g)),
            10 => Self::Start(Option::arbitrary(g)),
            11 => Self::StartAfterCut(u16::arbitrary(g)),
            12 => Self::Cancel,
            13 => Self::Test(Option::arbitrary(g)),
            14 => Self::StopTest,
            15 => Self::LowCharge(number(g)),
            16 => Self::LowRuntime(Option::arbitrary(g)),
            17 => Self::TransferLow(number(g)),
            18 => Self::AutomaticRestart(bool::arbitrary(g)),
            19 => Self::Replace,
            20 => Self::Hold(bool::arbitrary(g)),
            _ => Self::Button(bool::arbitrary(g)),
        }
    }
}

impl Op {
    fn apply(&self, plant: &mut Plant, now: Duration) {
        let seconds = |value: Option<u16>| value.map(|value| s(value.into()));
        match *self {
            Self::Mains(on) => plant.set_mains(now, on),
            Self::Voltage(volts) => plant.set_mains_voltage(now, volts),
            Self::Frequency(hertz) => plant.set_mains_frequency(now, hertz),
            Self::Charge(percent) => plant.set_charge(now, percent),
            Self::Load(percent) => plant.set_load(now, percent),
            Self::Age(age) => plant.set_age(now, age),
            Self::Replace => plant.replace_battery(now),
            Self::Shutdown(delay) => plant.shutdown_after(now, seconds(delay)),
            Self::Start(delay) => plant.start_after(now, seconds(delay)),
            Self::StartAfterCut(delay) => plant.start_after_cut(now, s(delay.into())),
            Self::Cancel => plant.cancel(now),
            Self::Test(duration) => plant.start_test(now, seconds(duration)),
            Self::StopTest => plant.stop_test(now),
            Self::LowCharge(percent) => plant.set_low_charge(now, percent),
            Self::LowRuntime(limit) => plant.set_low_runtime(now, seconds(limit)),
            Self::TransferLow(volts) => plant.set_transfer_low(now, volts),
            Self::AutomaticRestart(on) => plant.set_automatic_restart(now, on),
            Self::Button(on) => plant.press_button(now, on),
            Self::Hold(held) => plant.hold(now, held),
        }
    }
}

/// A script: so many milliseconds later, this.
type Script = Vec<(u32, Op)>;

fn times(script: &Script) -> impl Iterator<Item = (Duration, &Op)> {
    let mut now = Duration::ZERO;
    script.iter().map(move |(after, op)| {
        now += Duration::from_millis((*after % 40_000_000).into());
        (now, op)
    })
}

#[test]
fn energy_is_conserved_and_the_charge_stays_a_percentage() {
    fn property(script: Script) -> Outcome {
        let mut plant = plant();
        for (now, op) in times(&script) {
            op.apply(&mut plant, now);
            let state = plant.state();
            let sums = state.energy;
            let scale = 1.0 + sums.drawn + sums.delivered + sums.lost.abs() + sums.granted.abs();
            if plant.imbalance().abs() > 1e-9 * scale {
                return Outcome::error(format!("{} J are unaccounted for in {sums:?}", plant.imbalance()));
            }
            let charge = sums.stored / plant.settings().battery.full() * 100.0;
            if !(-1e-9..=100.0 + 1e-9).contains(&charge) || !(0.0..=100.0).contains(&state.charge) {
                return Outcome::error(format!("a charge of {charge} %"));
            }
            let figures = [state.output_voltage, state.battery_voltage, state.load, state.apparent_power];
            if figures.iter().any(|figure| !figure.is_finite() || *figure < 0.0) {
                return Outcome::error(format!("{state:?}"));
            }
        }
        Outcome::passed()
    }
    quickcheck(property as fn(Script) -> Outcome);
}

#[test]
fn splitting_a_time_step_changes_nothing_at_all() {
    fn property(script: Script, pieces: Vec<u16>) -> Outcome {
        let (mut whole, mut split) = (plant(), plant());
        let mut from = Duration::ZERO;
        for (now, op) in times(&script) {
            for piece in &pieces {
                split.advance(from + (now - from).mul_f64(f64::from(*piece) / 65536.0));
            }
            op.apply(&mut whole, now);
            op.apply(&mut split, now);
            from = now;
            if whole.state() != split.state() {
                return Outcome::error(format!("{:?}\n{:?}", whole.state(), split.state()));
            }
        }
        let (whole, split) = (whole.take_events(), split.take_events());
        if whole != split {
            return Outcome::error(format!("{whole:?}\n{split:?}"));
        }
        Outcome::passed()
    }
    quickcheck(property as fn(Script, Vec<u16>) -> Outcome);
}

#[test]
fn events_come_in_order_and_the_next_one_is_told_beforehand() {
    fn property(script: Script) -> Outcome {
        let mut plant = plant();
        for (now, op) in times(&script) {
            while let Some(next) = plant.next_event().filter(|at| *at < now) {
                let before = plant.state();
                let almost = next.saturating_sub(Duration::from_nanos(1));
                plant.take_events();
                plant.advance(almost);
                if plant.now() < next && !plant.take_events().is_empty() {
                    return Outcome::error(format!("an event before the one told at {next:?}: {before:?}"));
                }
                plant.advance(next);
                if plant.next_event() == Some(next) {
                    return Outcome::error(format!("stuck at {next:?}: {before:?}"));
                }
            }
            op.apply(&mut plant, now);
        }
        let events = plant.take_events();
        Outcome::from_bool(events.is_sorted_by_key(|event| event.at))
    }
    quickcheck(property as fn(Script) -> Outcome);
}

#[test]
fn a_battery_that_is_held_holds_what_it_holds() {
    let mut plant = plant();
    plant.set_mains(s(10), false);
    plant.hold(s(70), true);
    let held = plant.state();
    assert!(held.discharging && held.charge < 100.0);
    plant.advance(s(100_000));
    let later = plant.state();
    assert_eq!((later.charge, later.runtime, later.discharging), (held.charge, held.runtime, true));
    assert_eq!(plant.next_event(), None);
    // It goes on from there.
    plant.hold(s(100_000), false);
    let left = held.runtime.unwrap();
    plant.advance(s(100_000) + left + s(1));
    let emptied =
        plant.take_events().into_iter().find(|event| event.what == PlantEvent::BatteryEmpty).unwrap();
    assert!(emptied.at.abs_diff(s(100_000) + left) < Duration::from_micros(1), "{emptied:?}");
}

#[test]
fn the_runtime_told_is_the_time_the_battery_lasts() {
    fn property(charge: u8, load: u8, age: u8) -> Outcome {
        let mut plant = plant();
        plant.set_load(Duration::ZERO, load.into());
        plant.set_age(Duration::ZERO, f64::from(age) / 255.0);
        plant.set_charge(Duration::ZERO, charge.into());
        let told = plant.state().runtime;
        plant.set_mains(Duration::ZERO, false);
        plant.advance(s(1_000_000_000));
        let lasted = plant.take_events().into_iter().find(|event| event.what == PlantEvent::BatteryEmpty);
        match (told, lasted) {
            (Some(told), Some(Event { at, .. })) if at.abs_diff(told) < Duration::from_micros(1) => {
                Outcome::passed()
            }
            other => Outcome::error(format!("{other:?}")),
        }
    }
    quickcheck(property as fn(u8, u8, u8) -> Outcome);
}

#[test]
fn absurd_settings_make_no_nan_and_no_panic() {
    fn property(figures: Vec<u64>, script: Script) -> Outcome {
        let mut figures = figures.into_iter().map(f64::from_bits).chain(std::iter::repeat(f64::NAN));
        let mut figure = || figures.next().unwrap();
        let mut settings = Settings {
            apparent_power: figure(),
            active_power: figure(),
            nominal_voltage: figure(),
            nominal_frequency: figure(),
            transfer_low: figure(),
            transfer_high: figure(),
            transfer_hysteresis: figure(),
            charger_power: figure(),
            charger_efficiency: figure(),
            inverter_efficiency: figure(),
            inverter_idle: figure(),
            mains_idle: figure(),
            low_charge: figure(),
            restart_charge: figure(),
            ..Settings::default()
        };
        settings.battery.capacity = figure();
        settings.battery.age = figure();
        settings.battery.cell_voltage = figure();
        settings.battery.curve = vec![(figure(), figure()), (figure(), figure())];
        let mut plant = Plant::new(settings);
        for (now, op) in times(&script) {
            op.apply(&mut plant, now);
            let state = plant.state();
            let figures =
                [state.charge, state.output_voltage, state.battery_voltage, state.load, state.energy.lost];
            if figures.iter().any(|figure| !figure.is_finite()) {
                return Outcome::error(format!("{state:?}"));
            }
        }
        Outcome::passed()
    }
    quickcheck(property as fn(Vec<u64>, Script) -> Outcome);
}

/// What happened, one line an event.
fn told(plant: &mut Plant) -> String {
    let lines: Vec<String> = plant
        .take_events()
        .into_iter()
        .map(|Event { at, what }| format!("{:>8.1} {what:?}", at.as_secs_f64()))
        .collect();
    lines.join("\n")
}

#[test]
fn a_power_cut_until_the_battery_is_empty_and_back() {
    let mut plant = plant();
    plant.set_mains(s(100), false);
    plant.advance(s(50_000));
    plant.set_mains(s(50_000), true);
    plant.advance(s(500_000));
    insta::assert_snapshot!(told(&mut plant), @"
       100.0 OnBattery
      1997.0 BatteryLow
      2471.2 BatteryEmpty
      2471.2 OutputOff(BatteryEmpty)
     50000.0 OnMains
     50002.0 OutputOn(MainsBack)
     55040.0 BatteryRecovered
     75200.0 BatteryFull
    ");
}

#[test]
fn shutdown_and_return_with_the_mains() {
    let mut plant = plant();
    plant.set_mains(s(10), false);
    plant.start_after(s(20), Some(s(30)));
    plant.shutdown_after(s(20), Some(s(20)));
    assert_eq!(plant.state().shutdown_in, Some(s(20)));
    assert_eq!(plant.state().start_in, Some(s(30)));
    plant.set_mains(s(300), true);
    plant.advance(s(1000));
    insta::assert_snapshot!(told(&mut plant), @"
        10.0 OnBattery
        20.0 ShutdownOrdered(40s)
        40.0 OutputOff(Commanded)
       300.0 OnMains
       302.0 OutputOn(MainsBack)
       618.8 BatteryFull
    ");
}

#[test]
fn mains_back_before_the_cut_still_cut_and_come_back_by_the_timer() {
    let mut plant = plant();
    plant.set_mains(s(10), false);
    plant.start_after(s(20), Some(s(30)));
    plant.shutdown_after(s(20), Some(s(20)));
    plant.set_mains(s(25), true);
    plant.advance(s(60));
    insta::assert_snapshot!(told(&mut plant), @"
        10.0 OnBattery
        20.0 ShutdownOrdered(40s)
        25.0 OnMains
        40.0 OutputOff(Commanded)
        50.0 OutputOn(Commanded)
    ");
}

#[test]
fn mains_back_before_the_cut_without_a_start_timer_come_back_by_policy() {
    let mut plant = plant();
    plant.set_mains(s(10), false);
    plant.shutdown_after(s(20), Some(s(20)));
    plant.set_mains(s(25), true);
    plant.advance(s(60));
    assert!(told(&mut plant).ends_with("40.0 OutputOff(Commanded)\n    42.0 OutputOn(MainsBack)"));
}

#[test]
fn a_start_timer_that_runs_out_before_the_cut_is_kept_for_it() {
    let mut plant = Plant::new(Settings { minimum_off: s(5), ..Settings::default() });
    plant.start_after(s(20), Some(s(3)));
    plant.shutdown_after(s(20), Some(s(20)));
    plant.advance(s(60));
    assert!(told(&mut plant).ends_with("40.0 OutputOff(Commanded)\n    45.0 OutputOn(Commanded)"));
}

#[test]
fn told_to_stay_off_it_stays_off() {
    let mut plant = plant();
    plant.set_mains(s(10), false);
    plant.start_after(s(20), None);
    plant.shutdown_after(s(20), Some(s(20)));
    plant.set_mains(s(100), true);
    plant.advance(s(100_000));
    assert!(!plant.state().output_on);
    plant.start_after(s(100_000), Some(Duration::ZERO));
    assert!(plant.state().output_on);
}

#[test]
fn without_automatic_restart_it_waits_for_the_button() {
    let mut plant = plant();
    plant.set_automatic_restart(s(0), false);
    plant.set_mains(s(10), false);
    plant.start_after(s(20), Some(s(30)));
    plant.shutdown_after(s(20), Some(s(20)));
    plant.set_mains(s(100), true);
    plant.advance(s(100_000));
    assert!(!plant.state().output_on);
    plant.press_button(s(100_001), true);
    assert!(plant.state().output_on);
}

#[test]
fn a_cancelled_shutdown_does_not_happen() {
    let mut plant = plant();
    plant.start_after(s(20), Some(s(30)));
    plant.shutdown_after(s(20), Some(s(20)));
    plant.cancel(s(39));
    plant.advance(s(1000));
    let state = plant.state();
    assert!(state.output_on && state.shutdown_in.is_none() && state.start_in.is_none());
}

#[test]
fn the_return_waits_for_the_charge_it_needs() {
    let mut plant = Plant::new(Settings { restart_charge: 10.0, ..Settings::default() });
    plant.set_charge(s(0), 0.0);
    plant.set_mains(s(0), false);
    plant.set_mains(s(10), true);
    plant.advance(s(100_000));
    let on = plant.take_events().into_iter().find(|event| matches!(event.what, PlantEvent::OutputOn(_)));
    // 8.4 Wh at 12 W.
    assert_eq!(on.map(|event| event.at.as_millis()), Some(10_000 + 2_520_000));
}

#[test]
fn mains_out_of_range_count_as_none_until_well_inside_again() {
    let mut plant = plant();
    plant.set_mains_voltage(s(1), 183.0);
    assert!(plant.state().on_battery);
    plant.set_mains_voltage(s(2), 186.0);
    assert!(plant.state().on_battery, "within the hysteresis");
    plant.set_mains_voltage(s(3), 189.0);
    assert!(!plant.state().on_battery);
    plant.set_mains_voltage(s(4), 265.0);
    assert!(plant.state().on_battery);
    plant.set_mains_voltage(s(5), 230.0);
    plant.set_mains_frequency(s(6), 40.0);
    assert!(plant.state().on_battery);
}

#[test]
fn a_runtime_limit_makes_the_battery_low_before_the_charge_does() {
    let mut plant = plant();
    plant.set_low_runtime(s(0), Some(s(600)));
    plant.set_mains(s(0), false);
    plant.advance(s(10_000));
    let low = plant.take_events().into_iter().find(|event| event.what == PlantEvent::BatteryLow);
    // 302.4 kJ at 105 W / 0.85 + 4 W last 2371.2 s.
    assert_eq!(low.map(|event| event.at.as_secs()), Some(2371 - 600));
}

#[test]
fn a_self_test_runs_on_the_battery_and_passes() {
    let mut plant = plant();
    plant.start_test(s(10), Some(s(10)));
    plant.advance(s(15));
    let state = plant.state();
    assert!(state.testing && state.discharging && !state.on_battery && state.mains_good);
    plant.advance(s(21));
    assert_eq!(plant.state().test_result, TestResult::Passed);
    plant.start_test(s(30), None);
    plant.set_mains(s(40), false);
    assert_eq!(plant.state().test_result, TestResult::Aborted);
    assert!(plant.state().on_battery);
}

#[test]
fn the_beeper_beeps_on_battery_unless_told_not_to() {
    let mut plant = plant();
    plant.set_mains(s(1), false);
    assert!(plant.state().beeping);
    plant.set_beeper(s(2), Beeper::Muted);
    assert!(!plant.state().beeping);
}

#[test]
fn an_empty_battery_drops_the_load_in_the_instant_the_mains_go() {
    let mut plant = plant();
    plant.set_charge(s(1), 0.0);
    plant.set_mains(s(1), false);
    assert!(!plant.state().output_on);
    assert!(told(&mut plant).ends_with("OutputOff(BatteryEmpty)"));
}

#[test]
fn a_year_without_an_event_costs_nothing() {
    let mut plant = plant();
    assert_eq!(plant.next_event(), None);
    plant.advance(s(365 * 24 * 3600));
    assert_eq!(plant.state().charge, 100.0);
    plant.press_button(plant.now(), false);
    assert!(matches!(
        plant.take_events()[..],
        [Event { what: PlantEvent::OutputOff(OffReason::Button), .. }]
    ));
    plant.press_button(plant.now(), true);
    assert!(matches!(plant.take_events()[..], [Event { what: PlantEvent::OutputOn(OnReason::Button), .. }]));
}

#[test]
fn a_new_battery_is_full_and_wants_no_replacement() {
    let mut plant = plant();
    plant.set_age(s(0), 0.4);
    plant.set_mains(s(0), false);
    plant.advance(s(60));
    let old = plant.state();
    assert!(old.replace_battery && old.charge < 95.0, "{old:?}");
    plant.replace_battery(s(60));
    let new = plant.state();
    assert!(!new.replace_battery);
    assert_eq!(new.charge, 100.0);
    assert!(new.runtime > old.runtime);
    assert!(plant.imbalance().abs() < 1e-3, "{}", plant.imbalance());
}
