//! What a Megatec UPS doesn't say of its battery: charge and runtime, guessed from its voltage and from use.

use std::time::Duration;

/// Numbers of packs (or cells) that batteries are made of, most first.
const PACKS: [f64; 17] =
    [120.0, 100.0, 80.0, 60.0, 48.0, 36.0, 30.0, 24.0, 18.0, 12.0, 8.0, 6.0, 4.0, 3.0, 2.0, 1.0, 0.5];

/// `runtimecal = seconds1,load1,seconds2,load2`: how long the battery lasts at two loads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// Seconds the full battery would last at full load.
    nominal: f64,
    /// How runtime falls with load: `runtime = nominal / load^exponent`.
    exponent: f64,
}

impl Calibration {
    /// Understands `runtimecal`. Loads are in percent; the longer runtime belongs to the lower load, and both pairs must
    /// differ.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<f64> =
            text.split(',').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
        let &[runtime1, load1, runtime2, load2] = numbers.as_slice() else { return None };
        let positive = numbers.iter().all(|number| number.is_finite() && *number > 0.0);
        if !positive || load1 > 100.0 || load2 > 100.0 {
            return None;
        }
        let exponent = (runtime1 / runtime2).ln() / (load2 / load1).ln();
        let nominal = runtime2 * (load2 / 100.0).powf(exponent);
        (exponent.is_finite() && exponent >= 1.0 && nominal.is_finite() && nominal > 0.0)
            .then_some(Self { nominal, exponent })
    }
}

/// What the user or the device said of the battery.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    /// Nominal voltage, V.
    pub nominal: Option<f64>,
    /// Voltage of the full battery, V; else guessed.
    pub high: Option<f64>,
    /// Voltage of the empty battery, V; else guessed.
    pub low: Option<f64>,
    /// Number of packs; else guessed from the first voltage.
    pub packs: Option<f64>,
    /// `runtimecal`
    pub calibration: Option<Calibration>,
    /// `chargetime`, s; 12 h unless given.
    pub charge_time: Option<f64>,
    /// `idleload`, percent; 10 unless given.
    pub idle_load: Option<f64>,
}

/// The guess.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Battery {
    known: Known,
    packs: Option<f64>,
    /// Runtime left at full load, s, and when that was worked out.
    left: Option<(f64, Duration)>,
}

/// What follows from one answer of the UPS.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Voltage of the whole battery, V.
    pub voltage: Option<f64>,
    /// Percent.
    pub charge: Option<f64>,
    /// Seconds.
    pub runtime: Option<f64>,
}

impl Battery {
    /// A battery of which this much is known.
    #[must_use]
    pub fn new(known: Known) -> Self {
        Self { known, packs: known.packs.filter(|packs| *packs > 0.0), left: None }
    }

    /// Takes what is known of the battery once the device is open. What was observed of it before is kept.
    pub fn learn(&mut self, known: Known) {
        self.packs = known.packs.filter(|packs| *packs > 0.0).or(self.packs);
        self.known = known;
    }

    /// Voltages of the empty and the full battery: as said, else 104/120 and 130/120 of the nominal one.
    #[must_use]
    pub fn limits(&self) -> Option<(f64, f64)> {
        let nominal = self.known.nominal.filter(|volts| *volts > 0.0);
        let low = self.known.low.or(nominal.map(|volts| volts * 104.0 / 120.0))?;
        let high = self.known.high.or(nominal.map(|volts| volts * 130.0 / 120.0))?;
        (high > low).then_some((low, high))
    }

    /// The number of packs, once known.
    #[must_use]
    pub fn packs(&self) -> Option<f64> {
        self.packs
    }

    /// Takes what the UPS said at `now`: the voltage as sent, the load in percent, and whether the mains is there.
    pub fn observe(
        &mut self,
        sent: Option<f64>,
        load: Option<f64>,
        on_line: bool,
        now: Duration,
    ) -> Estimate {
        if let (None, Some(sent), Some(nominal)) = (self.packs, sent, self.known.nominal) {
            self.packs = guess_packs(sent, nominal);
        }
        let voltage = sent.map(|volts| volts * self.packs.unwrap_or(1.0));
        let by_voltage = self
            .limits()
            .zip(voltage)
            .map(|((low, high), volts)| (100.0 * (volts - low) / (high - low)).clamp(0.0, 100.0));
        let Some(Calibration { nominal, exponent }) = self.known.calibration else {
            return Estimate { voltage, charge: by_voltage, runtime: None };
        };
        let (Some(load), Some(charge)) =
            (load, by_voltage.or(self.left.map(|(left, _)| 100.0 * left / nominal)))
        else {
            return Estimate { voltage, charge: by_voltage, runtime: None };
        };
        let draw = (load.max(self.known.idle_load.unwrap_or(10.0)) / 100.0).powf(exponent);
        let left = match self.left {
            None => nominal * charge / 100.0,
            Some((left, then)) => {
                let seconds = now.saturating_sub(then).as_secs_f64();
                let gained = nominal / self.known.charge_time.unwrap_or(43_200.0).max(1.0);
                left + seconds * if on_line { gained } else { -draw }
            }
        }
        .clamp(0.0, nominal);
        self.left = Some((left, now));
        Estimate { voltage, charge: Some(100.0 * left / nominal), runtime: Some(left / draw) }
    }
}

/// How many packs make `sent` a voltage near the nominal one.
fn guess_packs(sent: f64, nominal: f64) -> Option<f64> {
    PACKS
        .into_iter()
        .find(|packs| packs * sent <= 1.25 * nominal)
        .filter(|packs| packs * sent >= 0.8 * nominal)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::whole_battery(13.6, 12.0, Some(1.0))]
    #[case::whole_battery_low(10.0, 12.0, Some(1.0))]
    #[case::cells(2.25, 24.0, Some(12.0))]
    #[case::cells_of_a_large_one(2.27, 240.0, Some(120.0))]
    #[case::half(27.3, 12.0, Some(0.5))]
    #[case::nonsense(0.001, 240.0, None)]
    #[case::too_much(500.0, 12.0, None)]
    fn packs(#[case] sent: f64, #[case] nominal: f64, #[case] expected: Option<f64>) {
        assert_eq!(guess_packs(sent, nominal), expected);
    }

    #[rstest]
    #[case(13.0, 100)]
    #[case(14.0, 100)]
    #[case(10.4, 0)]
    #[case(9.0, 0)]
    #[case(11.7, 50)]
    fn charge_follows_the_voltage(#[case] volts: f64, #[case] charge: u8) {
        let mut battery = Battery::new(Known { nominal: Some(12.0), packs: Some(1.0), ..Known::default() });
        let estimate = battery.observe(Some(volts), Some(20.0), true, Duration::ZERO);
        assert_eq!(estimate.charge.map(f64::round), Some(f64::from(charge)));
        assert_eq!((estimate.voltage, estimate.runtime), (Some(volts), None));
    }

    #[test]
    fn nothing_is_guessed_from_nothing() {
        let mut battery = Battery::new(Known::default());
        assert_eq!(
            battery.observe(Some(13.0), None, true, Duration::ZERO),
            Estimate { voltage: Some(13.0), charge: None, runtime: None }
        );
        assert_eq!(battery.observe(None, None, true, Duration::ZERO), Estimate::default());
    }

    #[test]
    fn cells_are_counted_once() {
        let mut battery = Battery::new(Known { nominal: Some(24.0), ..Known::default() });
        assert_eq!(battery.observe(Some(2.25), None, true, Duration::ZERO).voltage, Some(27.0));
        assert_eq!(battery.observe(Some(1.5), None, true, Duration::ZERO).voltage, Some(18.0));
        assert_eq!(battery.packs(), Some(12.0));
    }

    #[rstest]
    #[case("240,100,720,50", true)]
    #[case(" 240 , 100 , 720 , 50 ", true)]
    #[case("240,100,720", false)]
    #[case("240,100,720,50,1", false)]
    #[case("240,100,240,50", false)]
    #[case("240,100,720,100", false)]
    #[case("720,100,240,50", false)]
    #[case("0,100,720,50", false)]
    #[case("240,150,720,50", false)]
    #[case("a,b,c,d", false)]
    fn calibrations(#[case] text: &str, #[case] good: bool) {
        assert_eq!(Calibration::parse(text).is_some(), good);
    }

    #[test]
    fn runtime_falls_on_battery_and_recovers_on_mains() {
        let known = Known {
            nominal: Some(12.0),
            packs: Some(1.0),
            calibration: Calibration::parse("240,100,720,50"),
            ..Known::default()
        };
        let mut battery = Battery::new(known);
        let mut look = |on_line, at| {
            let estimate = battery.observe(Some(13.0), Some(50.0), on_line, Duration::from_secs(at));
            (estimate.runtime.map(f64::round), estimate.charge.map(f64::round))
        };
        assert_eq!(look(true, 0), (Some(720.0), Some(100.0)));
        assert_eq!(look(false, 360), (Some(360.0), Some(50.0)));
        assert_eq!(look(false, 5000), (Some(0.0), Some(0.0)));
        assert_eq!(look(true, 5000 + 21_600), (Some(360.0), Some(50.0)));
        assert_eq!(look(true, 500_000), (Some(720.0), Some(100.0)));
    }
}
