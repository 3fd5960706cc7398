//! A report as firmware has it in memory: a row of bit fields, each bound to a quantity of the plant, a constant or a
//! register. Little-endian, least significant bit first (HID 1.11, 5.8), and no more related to the report descriptor
//! than the device's makers saw to.

use std::time::Duration;

use super::quantity::Quantity;
use crate::plant::{Plant, State};

/// One field of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Width, 1..=64.
    pub bits: u8,
    /// Two's complement.
    pub signed: bool,
    /// What is in it.
    pub source: Source,
    /// The raw value is the quantity times this ...
    pub scale: f64,
    /// ... plus this.
    pub offset: f64,
    /// Whether a host may set it.
    pub writable: bool,
    /// How a timer is counted.
    pub count: Count,
}

/// How firmware counts a timer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    /// Seconds a count; begun ones are counted whole.
    pub step: f64,
    /// The raw value while nothing is ordered.
    pub idle: i64,
    /// Every order counts from so many seconds, whatever the host says; zero and less call it off.
    pub fixed: Option<f64>,
}

impl Default for Count {
    fn default() -> Self {
        Self { step: 1.0, idle: -1, fixed: None }
    }
}

/// What is in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A quantity of the plant.
    Plant(Quantity),
    /// The same raw value always; a writable one is a register that starts with it.
    Constant(i64),
}

/// One report's layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Report id; 0 when the device uses none.
    pub id: u8,
    /// Answers GET_REPORT(Feature), and SET_REPORT(Feature) if a field is writable.
    pub feature: bool,
    /// Answers GET_REPORT(Input) and goes out of the interrupt endpoint.
    pub input: bool,
    /// The fields in the order they lie.
    pub fields: Vec<Field>,
}

impl Field {
    fn lowest(&self) -> i128 {
        if self.signed { -(1_i128 << (self.bits - 1)) } else { 0 }
    }

    fn highest(&self) -> i128 {
        (1_i128 << (self.bits - u8::from(self.signed))) - 1
    }

    /// Whether a raw value fits.
    pub(crate) fn holds(&self, raw: i64) -> bool {
        (self.lowest()..=self.highest()).contains(&raw.into())
    }

    /// The raw value of a quantity.
    fn show(&self, quantity: Quantity, value: f64) -> i64 {
        if !quantity.is_timer() {
            return self.encode(value);
        }
        if value < 0.0 {
            self.cut(self.count.idle.into())
        } else {
            self.encode((value / self.count.step).ceil())
        }
    }

    /// The quantity's value that a host orders.
    fn order(&self, quantity: Quantity, raw: i64) -> f64 {
        let value = self.decode(raw);
        match self.count.fixed {
            _ if !quantity.is_timer() => value,
            Some(fixed) => {
                if value > 0.0 {
                    fixed
                } else {
                    -1.0
                }
            }
            None => value * self.count.step,
        }
    }

    /// The nearest raw value to a quantity's value.
    fn encode(&self, value: f64) -> i64 {
        let raw = (value * self.scale + self.offset).round();
        // `as` saturates, and makes 0 of what is no number.
        self.cut(raw as i128)
    }

    fn cut(&self, raw: i128) -> i64 {
        // Unsigned 64-bit values keep their bits.
        raw.clamp(self.lowest(), self.highest()) as i64
    }

    fn decode(&self, raw: i64) -> f64 {
        let raw = if self.bits == 64 && !self.signed { raw as u64 as f64 } else { raw as f64 };
        let value = (raw - self.offset) / self.scale;
        if value.is_finite() { value } else { 0.0 }
    }

    fn sign_extend(&self, raw: u64) -> i64 {
        if self.signed {
            let shift = 64 - u32::from(self.bits);
            ((raw << shift) as i64) >> shift
        } else {
            raw as i64
        }
    }
}

impl Report {
    /// Bytes without the report id.
    pub fn length(&self) -> usize {
        self.fields.iter().map(|field| usize::from(field.bits)).sum::<usize>().div_ceil(8)
    }

    /// Whether a host may set anything in it.
    pub fn writable(&self) -> bool {
        self.feature && self.fields.iter().any(|field| field.writable)
    }

    /// The registers as they are when the device is new.
    pub(crate) fn registers(&self) -> Vec<i64> {
        let initial = |field: &Field| match field.source {
            Source::Constant(raw) => raw,
            Source::Plant(_) => 0,
        };
        self.fields.iter().map(initial).collect()
    }

    /// The bytes on the wire: the report id, if there is one, and the fields.
    pub(crate) fn encode(&self, registers: &[i64], plant: &Plant, state: &State) -> Vec<u8> {
        let head = usize::from(self.id != 0);
        let mut bytes = vec![0; head + self.length()];
        if head != 0 {
            bytes[0] = self.id;
        }
        let mut at = 8 * head;
        for (field, register) in self.fields.iter().zip(registers) {
            let raw = match field.source {
                Source::Plant(quantity) => field.show(quantity, quantity.read(plant, state)),
                Source::Constant(_) => *register,
            };
            put_bits(&mut bytes, at, field.bits, raw as u64);
            at += usize::from(field.bits);
        }
        bytes
    }

    /// Takes what a host sent: `data` as on the wire, with the report id. `None` when its length is wrong, or nothing
    /// in it can be set.
    pub(crate) fn decode(
        &self,
        data: &[u8],
        registers: &mut [i64],
        plant: &mut Plant,
        now: Duration,
    ) -> Option<()> {
        let payload = if self.id == 0 { data } else { data.strip_prefix(&[self.id])? };
        if payload.len() != self.length() || !self.writable() {
            return None;
        }
        let mut at = 0;
        for (field, register) in self.fields.iter().zip(registers) {
            let raw = field.sign_extend(get_bits(payload, at, field.bits));
            at += usize::from(field.bits);
            if !field.writable {
                continue;
            }
            match field.source {
                Source::Constant(_) => *register = raw,
                Source::Plant(quantity) => {
                    // A host that writes one field of a report sends the others back as it read them. Those that
                    // merely hold a setting must not drift by the rounding.
                    let current = field.show(quantity, quantity.read(plant, &plant.state()));
                    if quantity.is_order() || raw != current {
                        quantity.write(plant, now, field.order(quantity, raw));
                    }
                }
            }
        }
        Some(())
    }
}

fn put_bits(bytes: &mut [u8], at: usize, bits: u8, raw: u64) {
    let kept = u64::MAX >> (64 - bits);
    let mut rest = u128::from(raw & kept) << (at % 8);
    for byte in &mut bytes[at / 8..(at + usize::from(bits)).div_ceil(8)] {
        *byte |= rest as u8;
        rest >>= 8;
    }
}

fn get_bits(bytes: &[u8], at: usize, bits: u8) -> u64 {
    (0..usize::from(bits)).fold(0, |raw, bit| {
        let set = bytes[(at + bit) / 8] >> ((at + bit) % 8) & 1;
        raw | u64::from(set) << bit
    })
}

#[cfg(test)]
mod tests {
    use quickcheck::{TestResult as Outcome, quickcheck};
    use rstest::rstest;

    use super::*;
    use crate::plant::Settings;

    fn field(bits: u8, signed: bool, source: Source) -> Field {
        Field { bits, signed, source, scale: 1.0, offset: 0.0, writable: true, count: Count::default() }
    }

    #[rstest]
    #[case::in_range(8, false, 60.4, 60)]
    #[case::rounds(8, false, 60.5, 61)]
    #[case::saturates(8, false, 300.0, 255)]
    #[case::not_negative(8, false, -1.0, 0)]
    #[case::signed(32, true, -1.0, -1)]
    #[case::signed_saturates(8, true, -200.0, -128)]
    #[case::endless(32, false, f64::INFINITY, i64::from(u32::MAX))]
    #[case::no_number(16, false, f64::NAN, 0)]
    #[case::widest(64, false, f64::INFINITY, -1)]
    fn a_value_becomes_the_nearest_raw_value(
        #[case] bits: u8,
        #[case] signed: bool,
        #[case] value: f64,
        #[case] raw: i64,
    ) {
        assert_eq!(field(bits, signed, Source::Constant(0)).encode(value), raw);
    }

    #[test]
    fn fields_lie_side_by_side_from_the_least_significant_bit() {
        let report = Report {
            id: 5,
            feature: true,
            input: false,
            fields: vec![
                field(1, false, Source::Plant(Quantity::MainsGood)),
                field(2, false, Source::Constant(2)),
                field(5, true, Source::Constant(-1)),
                Field { scale: 10.0, ..field(16, false, Source::Plant(Quantity::NominalVoltage)) },
            ],
        };
        let plant = Plant::new(Settings::default());
        assert_eq!(report.encode(&report.registers(), &plant, &plant.state()), [5, 0b1111_1101, 0xfc, 0x08]);
    }

    #[test]
    fn what_a_host_writes_is_what_it_reads() {
        fn property(widths: Vec<(u8, bool)>, data: Vec<u8>) -> Outcome {
            let fields: Vec<Field> = widths
                .iter()
                .map(|(bits, signed)| field(bits % 64 + 1, *signed, Source::Constant(0)))
                .collect();
            let report = Report { id: 1, feature: true, input: false, fields };
            let bits: usize = report.fields.iter().map(|field| usize::from(field.bits)).sum();
            if report.fields.is_empty() || !bits.is_multiple_of(8) {
                return Outcome::discard();
            }
            let mut plant = Plant::new(Settings::default());
            let mut registers = report.registers();
            let sent: Vec<u8> = std::iter::once(1)
                .chain(data.into_iter().chain(std::iter::repeat(0xa5)).take(report.length()))
                .collect();
            let taken = report.decode(&sent, &mut registers, &mut plant, Duration::ZERO);
            let state = plant.state();
            Outcome::from_bool(taken.is_some() && report.encode(&registers, &plant, &state) == sent)
        }
        quickcheck(property as fn(Vec<(u8, bool)>, Vec<u8>) -> Outcome);
    }

    #[rstest]
    #[case::seconds(Count::default(), 20, [20, 0], 20)]
    #[case::minutes(Count { step: 60.0, ..Count::default() }, 2, [2, 0], 120)]
    #[case::at_once(Count { step: 60.0, ..Count::default() }, 0, [0xff, 0xff], 0)]
    #[case::fixed(Count { fixed: Some(60.0), ..Count::default() }, 1, [60, 0], 60)]
    fn a_timer_counts_as_its_firmware_does(
        #[case] count: Count,
        #[case] written: u8,
        #[case] read: [u8; 2],
        #[case] seconds: u64,
    ) {
        let timer = Field { count, ..field(16, true, Source::Plant(Quantity::ShutdownTimer)) };
        let report = Report { id: 1, feature: true, input: false, fields: vec![timer] };
        let mut plant = Plant::new(Settings::default());
        let bytes = |plant: &Plant| report.encode(&[0], plant, &plant.state())[1..].to_vec();
        assert_eq!(bytes(&plant), [0xff, 0xff]);
        report.decode(&[1, written, 0], &mut [0], &mut plant, Duration::ZERO).unwrap();
        assert_eq!(bytes(&plant), read);
        // Begun counts are whole.
        plant.advance(Duration::from_millis(100));
        assert_eq!(bytes(&plant), read);
        plant.advance(Duration::from_secs(seconds));
        assert!(!plant.state().output_on);
    }

    #[rstest]
    #[case::to_call_it_off([0xff, 0xff], Count::default())]
    #[case::to_call_a_fixed_one_off([0, 0], Count { fixed: Some(60.0), ..Count::default() })]
    fn a_timer_is_called_off(#[case] written: [u8; 2], #[case] count: Count) {
        let timer = Field { count, ..field(16, true, Source::Plant(Quantity::RebootTimer)) };
        let report = Report { id: 1, feature: true, input: false, fields: vec![timer] };
        let mut plant = Plant::new(Settings::default());
        report.decode(&[1, 5, 0], &mut [0], &mut plant, Duration::ZERO).unwrap();
        assert!(plant.state().shutdown_in.is_some());
        report.decode(&[1, written[0], written[1]], &mut [0], &mut plant, Duration::ZERO).unwrap();
        assert_eq!((plant.state().shutdown_in, plant.state().start_in), (None, None));
    }

    #[test]
    fn a_reboot_comes_back_by_itself_with_mains_or_after_them() {
        let timer = field(16, true, Source::Plant(Quantity::RebootTimer));
        let report = Report { id: 1, feature: true, input: false, fields: vec![timer] };
        let restart_delay = Duration::from_secs(4);
        for mains_at in [0, 100] {
            let mut plant = Plant::new(Settings { restart_delay, ..Settings::default() });
            plant.set_mains(Duration::ZERO, mains_at == 0);
            report.decode(&[1, 10, 0], &mut [0], &mut plant, Duration::ZERO).unwrap();
            plant.advance(Duration::from_secs(10));
            assert!(!plant.state().output_on);
            plant.set_mains(Duration::from_secs(10.max(mains_at)), true);
            plant.advance(Duration::from_secs(10.max(mains_at) + 3));
            assert!(!plant.state().output_on);
            plant.advance(Duration::from_secs(10.max(mains_at) + 4));
            assert!(plant.state().output_on);
        }
    }

    #[test]
    fn what_is_read_while_nothing_is_ordered_can_be_another_number() {
        let timer = Field {
            count: Count { idle: 0, ..Count::default() },
            ..field(16, true, Source::Plant(Quantity::StartTimer))
        };
        let report = Report { id: 1, feature: true, input: false, fields: vec![timer] };
        let plant = Plant::new(Settings::default());
        assert_eq!(report.encode(&[0], &plant, &plant.state()), [1, 0, 0]);
    }

    #[test]
    fn a_setting_written_back_as_it_was_read_stays_what_it_was() {
        let report = Report {
            id: 1,
            feature: true,
            input: false,
            fields: vec![field(8, false, Source::Plant(Quantity::LowCharge))],
        };
        let mut plant = Plant::new(Settings { low_charge: 20.3, ..Settings::default() });
        report.decode(&[1, 20], &mut [0], &mut plant, Duration::ZERO).unwrap();
        assert_eq!(plant.settings().low_charge, 20.3);
        report.decode(&[1, 25], &mut [0], &mut plant, Duration::ZERO).unwrap();
        assert_eq!(plant.settings().low_charge, 25.0);
    }
}
