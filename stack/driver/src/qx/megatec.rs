//! The Megatec protocol: answers to `Q1`, `F` and `I`, and the commands, as text. No I/O.
//!
//! Sources: Megatec Protocol Information V2.1 of the UPS makers, and what devices really send (see the tests).

/// A character that is not data: lines from a UPS end with it, and so do requests.
pub const END: u8 = b'\r';

/// The answer to `Q1`. A field that holds no number (`---.-`) was not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Status {
    /// Input voltage, V.
    pub input_voltage: Option<f64>,
    /// Input voltage that made it switch to battery last, V.
    pub fault_voltage: Option<f64>,
    /// Output voltage, V.
    pub output_voltage: Option<f64>,
    /// Load, percent.
    pub load: Option<f64>,
    /// Input frequency, Hz.
    pub frequency: Option<f64>,
    /// Battery voltage as sent: of the whole battery, or of one cell or block (on-line types).
    pub battery_voltage: Option<f64>,
    /// Temperature, degrees Celsius.
    pub temperature: Option<f64>,
    /// The eight status bits; one that is neither 0 nor 1 is not known.
    pub bits: Bits,
}

/// The status bits, from left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    /// b7: the mains failed. Without it there is no status at all.
    pub utility_fail: bool,
    /// b6: battery low.
    pub battery_low: Option<bool>,
    /// b5: bypass, boost or buck is active; which one shows in the voltages.
    pub bypass: Option<bool>,
    /// b4: the UPS failed.
    pub failed: Option<bool>,
    /// b3: the UPS is of the standby or line-interactive type, not on-line.
    pub standby: Option<bool>,
    /// b2: a test is in progress.
    pub testing: Option<bool>,
    /// b1: a shutdown is active.
    pub shutting_down: Option<bool>,
    /// b0: the beeper is on.
    pub beeper: Option<bool>,
}

/// The answer to `F`: what the UPS is rated for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rating {
    /// V
    pub voltage: Option<f64>,
    /// A
    pub current: Option<f64>,
    /// V
    pub battery_voltage: Option<f64>,
    /// Hz
    pub frequency: Option<f64>,
}

/// The answer to `I`: who made the UPS. Blank fields are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vendor {
    /// Maker.
    pub maker: String,
    /// Model.
    pub model: String,
    /// Firmware.
    pub firmware: String,
}

/// What a line from the UPS is, before it is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// An answer to `Q1`, from its `(` on.
    Status(&'a str),
    /// An answer to `F` or `I`, from its `#` on.
    Info(&'a str),
    /// `ACK`
    Ack,
    /// `NAK`
    Nak,
    /// The request itself came back.
    Echo,
    /// Nothing known.
    Noise,
}

impl<'a> Reply<'a> {
    /// What `line` (without its CR) is when `request` was sent. What stands before the last `(` or `#` is dropped: it is
    /// the rest of a line that was cut.
    #[must_use]
    pub fn of(line: &'a str, request: &str) -> Self {
        let line = line.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0');
        match line.trim_start_matches('(') {
            "ACK" => return Self::Ack,
            "NAK" => return Self::Nak,
            text if text == request && !request.is_empty() => return Self::Echo,
            _ => {}
        }
        let Some(start) = line.rfind(['(', '#']) else { return Self::Noise };
        let (_, line) = line.split_at(start);
        if line.starts_with('(') { Self::Status(line) } else { Self::Info(line) }
    }
}

/// The columns of the answer to `Q1`.
const STATUS_COLUMNS: [(usize, usize); 8] =
    [(1, 6), (7, 12), (13, 18), (19, 22), (23, 27), (28, 32), (33, 37), (38, 46)];

/// Less at the output is none.
const OFF_VOLTAGE: f64 = 10.0;

impl Status {
    /// Understands an answer to `Q1`: `(MMM.M NNN.N PPP.P QQQ RR.R S.SS TT.T b7b6b5b4b3b2b1b0`.
    ///
    /// Fields are found by their columns, else (a byte more or less) by the blanks between them. `None` when it can't be
    /// one: too short, or without the first status bit.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let body = line.strip_prefix('(')?;
        let columns = STATUS_COLUMNS.map(|(from, to)| line.get(from..to));
        let separated =
            STATUS_COLUMNS[1..].iter().all(|(from, _)| line.as_bytes().get(from - 1) == Some(&b' '));
        let fields: [&str; 8] = match columns {
            [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f), Some(g), Some(h)] if separated => {
                [a, b, c, d, e, f, g, h]
            }
            _ => {
                let mut words = body.split_ascii_whitespace();
                let mut fields = [""; 8];
                for field in &mut fields {
                    *field = words.next()?;
                }
                fields
            }
        };
        let bits = fields[7].as_bytes();
        if bits.len() < 8 {
            return None;
        }
        let bit = |place: usize| match bits.get(place) {
            Some(b'0') => Some(false),
            Some(b'1') => Some(true),
            _ => None,
        };
        Some(Self {
            input_voltage: number(fields[0]),
            fault_voltage: number(fields[1]),
            output_voltage: number(fields[2]),
            load: number(fields[3]),
            frequency: number(fields[4]),
            battery_voltage: number(fields[5]),
            temperature: number(fields[6]),
            bits: Bits {
                utility_fail: bit(0)?,
                battery_low: bit(1),
                bypass: bit(2),
                failed: bit(3),
                standby: bit(4),
                testing: bit(5),
                shutting_down: bit(6),
                beeper: bit(7),
            },
        })
    }

    /// The status tokens, and the alarms. `ignore_shutdown` (`ignoresab`) leaves the bit "shutdown active" out of both:
    /// some devices have it set always.
    ///
    /// As in NUT that bit means FSD: the UPS is about to cut the load, so every machine behind it must stop now. Some keep
    /// it while the load is off and the start is yet to come: then there is nobody left to stop, and it means OFF. Else a
    /// machine that another UPS feeds as well would go down as often as it comes up.
    #[must_use]
    pub fn judge(&self, ignore_shutdown: bool) -> (Vec<&'static str>, Vec<&'static str>) {
        let bits = self.bits;
        let mut tokens = vec![if bits.utility_fail { "OB" } else { "OL" }];
        let mut alarms = Vec::new();
        let set = |bit: Option<bool>| bit == Some(true);
        if set(bits.battery_low) {
            tokens.push("LB");
        }
        if set(bits.bypass) {
            tokens.extend(self.regulation());
        }
        if set(bits.failed) {
            alarms.push("UPS selftest failed!");
        }
        if set(bits.testing) {
            tokens.push("CAL");
        }
        match set(bits.shutting_down) && !ignore_shutdown {
            true if self.is_off() => tokens.push("OFF"),
            true => {
                alarms.push("Shutdown imminent!");
                tokens.push("FSD");
            }
            false => {}
        }
        (tokens, alarms)
    }

    /// Whether there is nothing at the output: neither voltage nor load.
    fn is_off(&self) -> bool {
        self.output_voltage.is_some_and(|volts| volts < OFF_VOLTAGE) && self.load == Some(0.0)
    }

    /// What an active bit 5 means, by the ratio of output to input voltage; nothing when they make no sense.
    fn regulation(&self) -> Option<&'static str> {
        let ratio = self.output_voltage? / self.input_voltage.filter(|&volts| volts > 0.0)?;
        match ratio {
            _ if ratio < 0.5 => None,
            _ if ratio < 0.95 => Some("TRIM"),
            _ if ratio < 1.05 => Some("BYPASS"),
            _ if ratio < 1.5 => Some("BOOST"),
            _ => None,
        }
    }
}

impl Rating {
    /// Understands an answer to `F`: `#MMM.M QQQ SS.SS RR.R`. `None` when it can't be one.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.strip_prefix('#')?.split_ascii_whitespace().collect();
        let &[voltage, current, battery, frequency] = words.as_slice() else { return None };
        let rating = Self {
            voltage: number(voltage),
            current: number(current),
            battery_voltage: number(battery),
            frequency: number(frequency),
        };
        (rating != Self::default()).then_some(rating)
    }
}

impl Vendor {
    /// Understands an answer to `I`: `#`, 15 characters maker, 10 model, 10 firmware, a blank between them; the last field
    /// may be a byte short or long. `None` when it can't be one, or when all is blank.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let body = line.strip_prefix('#')?;
        let blank = |at: usize| line.as_bytes().get(at) == Some(&b' ');
        let parts = match (line.get(1..16), line.get(17..27), line.get(28..)) {
            (Some(maker), Some(model), Some(firmware)) if blank(16) && blank(27) => [maker, model, firmware],
            _ => {
                let mut words = body.split_ascii_whitespace();
                let parts = [words.next()?, words.next()?, words.next()?];
                if words.next().is_some() {
                    return None;
                }
                parts
            }
        };
        let [maker, model, firmware] = parts.map(|text| text.trim().to_owned());
        let vendor = Self { maker, model, firmware };
        (vendor != Self::default()).then_some(vendor)
    }
}

/// A number as these devices write it: digits with a point, a sign at most. Anything else is none.
fn number(field: &str) -> Option<f64> {
    let field = field.trim();
    let digits = field.strip_prefix(['+', '-']).unwrap_or(field);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    field.parse().ok()
}

/// The delays of a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// Seconds until the load is cut, 12 to 600.
    pub off: u32,
    /// Minutes until it may come back, 0 to 9999; 0: at once when the mains is there.
    pub on: u32,
}

impl Delays {
    /// Shortest and longest `off`, in seconds.
    pub const OFF_RANGE: (u32, u32) = (12, 600);
    /// Longest `on`, in minutes.
    pub const ON_MAX: u32 = 9999;

    /// Cuts `off` to what the protocol can say: steps of 6 s below a minute, whole minutes above.
    #[must_use]
    pub fn rounded(self) -> Self {
        let step = if self.off < 60 { 6 } else { 60 };
        Self { off: self.off - self.off % step, ..self }
    }

    /// `.2` to `.9` (tenths of a minute), or `01` to `10` (minutes).
    fn off_text(self) -> String {
        if self.off < 60 { format!(".{}", self.off / 6) } else { format!("{:02}", self.off / 60) }
    }
}

/// The instant commands, sorted.
pub const COMMANDS: [&str; 10] = [
    "beeper.toggle",
    "load.off",
    "load.on",
    "shutdown.return",
    "shutdown.stayoff",
    "shutdown.stop",
    "test.battery.start",
    "test.battery.start.deep",
    "test.battery.start.quick",
    "test.battery.stop",
];

/// Why there is no request for a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRequest {
    /// There is no such command.
    Unknown,
    /// The parameter is not acceptable.
    Parameter,
}

/// The request (without its CR) that an instant command is.
///
/// `test.battery.start` takes its length in minutes, 1 to 99, 10 unless given.
///
/// # Errors
/// [`NoRequest`]
pub fn request(command: &str, parameter: Option<&str>, delays: Delays) -> Result<String, NoRequest> {
    let delays = delays.rounded();
    Ok(match command.to_ascii_lowercase().as_str() {
        "beeper.toggle" => "Q".into(),
        "load.on" | "shutdown.stop" => "C".into(),
        "load.off" => "S00R0000".into(),
        "shutdown.return" if delays.on == 0 => format!("S{}", delays.off_text()),
        "shutdown.return" => format!("S{}R{:04}", delays.off_text(), delays.on),
        "shutdown.stayoff" => format!("S{}R0000", delays.off_text()),
        "test.battery.start" => match parameter.map(|text| text.trim().parse::<u32>()) {
            None => "T10".into(),
            Some(Ok(minutes @ 1..=99)) => format!("T{minutes:02}"),
            Some(_) => return Err(NoRequest::Parameter),
        },
        "test.battery.start.deep" => "TL".into(),
        "test.battery.start.quick" => "T".into(),
        "test.battery.stop" => "CT".into(),
        _ => return Err(NoRequest::Unknown),
    })
}

#[cfg(test)]
mod tests {
    use quickcheck::quickcheck;
    use rstest::rstest;

    use super::*;

    const GOOD: &str = "(230.1 229.0 230.2 025 50.0 13.6 25.0 00001001";

    fn status(line: &str) -> Status {
        Status::parse(line).unwrap_or_else(|| panic!("{line}"))
    }

    #[test]
    fn a_status_of_the_book() {
        let bits =
            Bits { battery_low: Some(false), bypass: Some(false), failed: Some(false), ..status(GOOD).bits };
        assert_eq!(
            status(GOOD),
            Status {
                input_voltage: Some(230.1),
                fault_voltage: Some(229.0),
                output_voltage: Some(230.2),
                load: Some(25.0),
                frequency: Some(50.0),
                battery_voltage: Some(13.6),
                temperature: Some(25.0),
                bits,
            }
        );
        assert_eq!((bits.standby, bits.beeper), (Some(true), Some(true)));
    }

    #[rstest]
    #[case::no_numbers("(---.- ---.- ---.- --- --.- -.-- --.- 10000000", None, None)]
    #[case::one_more_byte("(230.1 229.0 230.2 025 50.0 13.6 25.0 000010010", Some(230.1), Some(25.0))]
    #[case::wide_fields("(0230.1 0229.0 230.2 025 50.0 13.60 25.0 00001001", Some(230.1), Some(25.0))]
    #[case::narrow_fields("(230 229 230 25 50 13.6 25 00001001", Some(230.0), Some(25.0))]
    #[case::blank_field("(230.1 229.0 230.2     50.0 13.6 25.0 00001001", Some(230.1), None)]
    #[case::letters("(2x0.1 229.0 230.2 NaN 50.0 13.6 25.0 00001001", None, None)]
    fn tolerated(#[case] line: &str, #[case] input: Option<f64>, #[case] load: Option<f64>) {
        let status = status(line);
        assert_eq!((status.input_voltage, status.load), (input, load));
    }

    #[rstest]
    #[case("")]
    #[case("(")]
    #[case("(230.1 229.0 230.2 025 50.0 13.6 25.0")]
    #[case("(230.1 229.0 230.2 025 50.0 13.6 25.0 0000100")]
    #[case("(230.1 229.0 230.2 025 50.0 13.6 25.0 x0001001")]
    #[case("#230.1 229.0 230.2 025 50.0 13.6 25.0 00001001")]
    fn no_status(#[case] line: &str) {
        assert_eq!(Status::parse(line), None);
    }

    #[rstest]
    #[case("(230.0 230.0 230.0 025 50.0 13.6 25.0 00001001", "OL", "")]
    #[case("(000.0 230.0 230.0 025 50.0 13.6 25.0 10001001", "OB", "")]
    #[case("(000.0 230.0 230.0 025 50.0 10.6 25.0 11001001", "OB LB", "")]
    #[case::trim("(250.0 230.0 230.0 025 50.0 13.6 25.0 00101001", "OL TRIM", "")]
    #[case::bypass("(230.0 230.0 230.0 025 50.0 13.6 25.0 00101001", "OL BYPASS", "")]
    #[case::boost("(200.0 230.0 230.0 025 50.0 13.6 25.0 00101001", "OL BOOST", "")]
    #[case::no_sense("(100.0 230.0 230.0 025 50.0 13.6 25.0 00101001", "OL", "")]
    #[case::no_sense_either("(230.0 230.0 010.0 025 50.0 13.6 25.0 00101001", "OL", "")]
    #[case::bypass_unmeasured("(---.- 230.0 230.0 025 50.0 13.6 25.0 00101001", "OL", "")]
    #[case::boost_on_battery("(000.0 230.0 230.0 025 50.0 13.6 25.0 10101001", "OB", "")]
    #[case::failed("(230.0 230.0 230.0 025 50.0 13.6 25.0 00011001", "OL", "UPS selftest failed!")]
    #[case::test("(230.0 230.0 230.0 025 50.0 13.6 25.0 00001101", "OL CAL", "")]
    #[case::shutdown("(230.0 230.0 230.0 025 50.0 13.6 25.0 10001011", "OB FSD", "Shutdown imminent!")]
    #[case::no_load("(230.0 230.0 230.0 000 50.0 13.6 25.0 00001011", "OL FSD", "Shutdown imminent!")]
    #[case::no_voltmeter("(230.0 230.0 000.0 025 50.0 13.6 25.0 00001011", "OL FSD", "Shutdown imminent!")]
    #[case::blind("(230.0 230.0 ---.- --- 50.0 13.6 25.0 00001011", "OL FSD", "Shutdown imminent!")]
    #[case::waits_for_its_start("(230.0 230.0 000.0 000 50.0 13.6 25.0 00001011", "OL OFF", "")]
    #[case::waits_for_the_mains("(000.0 000.0 000.0 000 00.0 12.6 25.0 10001011", "OB OFF", "")]
    #[case::off_and_no_shutdown("(230.0 230.0 000.0 000 50.0 13.6 25.0 00001001", "OL", "")]
    fn judgement(#[case] line: &str, #[case] tokens: &str, #[case] alarms: &str) {
        let (said, rung) = status(line).judge(false);
        assert_eq!((said.join(" "), rung.join(" ")), (tokens.into(), alarms.into()));
    }

    #[test]
    fn the_shutdown_bit_can_be_ignored() {
        let status = status("(230.0 230.0 230.0 025 50.0 13.6 25.0 10001011");
        assert_eq!(status.judge(true), (vec!["OB"], vec![]));
        let off = self::status("(230.0 230.0 000.0 000 50.0 13.6 25.0 00001011");
        assert_eq!(off.judge(true), (vec!["OL"], vec![]));
    }

    #[rstest]
    #[case("#220.0 000 024.0 50.0", Some((220.0, 0.0, 24.0, 50.0)))]
    #[case("#220 4 24 50", Some((220.0, 4.0, 24.0, 50.0)))]
    #[case("#---.- --- ---.- --.-", None)]
    #[case("#220.0 000 024.0", None)]
    #[case("#", None)]
    #[case("(220.0 000 024.0 50.0", None)]
    fn ratings(#[case] line: &str, #[case] expected: Option<(f64, f64, f64, f64)>) {
        let expected = expected.map(|(v, a, b, f)| Rating {
            voltage: Some(v),
            current: Some(a),
            battery_voltage: Some(b),
            frequency: Some(f),
        });
        assert_eq!(Rating::parse(line), expected);
    }

    #[rstest]
    #[case::book("#POWERCOM        KIN-1500AP V1.0      ", Some(("POWERCOM", "KIN-1500AP", "V1.0")))]
    #[case::byte_short("#POWERCOM        KIN-1500AP V1.0     ", Some(("POWERCOM", "KIN-1500AP", "V1.0")))]
    #[case::no_model("#-------------   ---------- VT12046Q  ", Some(("-------------", "----------", "VT12046Q")))]
    #[case::words("#ACME X1 2.0", Some(("ACME", "X1", "2.0")))]
    #[case::blanks("#                                      ", None)]
    #[case::two_words("#ACME X1", None)]
    #[case::empty("#", None)]
    #[case::other("(ACME X1 2.0", None)]
    fn vendors(#[case] line: &str, #[case] expected: Option<(&str, &str, &str)>) {
        let expected = expected.map(|(maker, model, firmware)| Vendor {
            maker: maker.into(),
            model: model.into(),
            firmware: firmware.into(),
        });
        assert_eq!(Vendor::parse(line), expected);
    }

    #[rstest]
    #[case(GOOD, "Q1", Reply::Status(GOOD))]
    #[case::garbage_first("\0~x(230.1", "Q1", Reply::Status("(230.1"))]
    #[case::cut_line_first("(230.1 22(230.1 229.0", "Q1", Reply::Status("(230.1 229.0"))]
    #[case("#220.0", "F", Reply::Info("#220.0"))]
    #[case("ACK", "T", Reply::Ack)]
    #[case("(ACK", "T", Reply::Ack)]
    #[case("NAK", "T", Reply::Nak)]
    #[case("(NAK", "T", Reply::Nak)]
    #[case("Q1", "Q1", Reply::Echo)]
    #[case("T", "Q1", Reply::Noise)]
    #[case("", "Q1", Reply::Noise)]
    fn replies(#[case] line: &str, #[case] request: &str, #[case] expected: Reply<'_>) {
        assert_eq!(Reply::of(line, request), expected);
    }

    #[rstest]
    #[case("beeper.toggle", None, 30, 3, "Q")]
    #[case("load.on", None, 30, 3, "C")]
    #[case("load.off", None, 30, 3, "S00R0000")]
    #[case("shutdown.stop", None, 30, 3, "C")]
    #[case("shutdown.return", None, 30, 3, "S.5R0003")]
    #[case("shutdown.return", None, 12, 9999, "S.2R9999")]
    #[case("shutdown.return", None, 59, 0, "S.9")]
    #[case("shutdown.return", None, 60, 1, "S01R0001")]
    #[case("shutdown.return", None, 119, 1, "S01R0001")]
    #[case("shutdown.return", None, 600, 1, "S10R0001")]
    #[case("Shutdown.Stayoff", None, 120, 3, "S02R0000")]
    #[case("test.battery.start", None, 30, 3, "T10")]
    #[case("test.battery.start", Some("5"), 30, 3, "T05")]
    #[case("test.battery.start.deep", None, 30, 3, "TL")]
    #[case("test.battery.start.quick", None, 30, 3, "T")]
    #[case("test.battery.stop", None, 30, 3, "CT")]
    fn requests(
        #[case] command: &str,
        #[case] parameter: Option<&str>,
        #[case] off: u32,
        #[case] on: u32,
        #[case] expected: &str,
    ) {
        assert_eq!(request(command, parameter, Delays { off, on }).as_deref(), Ok(expected));
    }

    #[test]
    fn every_command_has_a_request_and_others_have_none() {
        let delays = Delays { off: 30, on: 3 };
        for command in COMMANDS {
            assert!(request(command, None, delays).is_ok(), "{command}");
        }
        assert_eq!(request("load.cycle", None, delays), Err(NoRequest::Unknown));
        for minutes in ["0", "100", "-1", "ten", ""] {
            assert_eq!(request("test.battery.start", Some(minutes), delays), Err(NoRequest::Parameter));
        }
    }

    quickcheck! {
        fn no_line_panics(bytes: Vec<u8>, request: String) -> bool {
            let line = String::from_utf8_lossy(&bytes);
            for prefix in ["", "(", "#", GOOD] {
                let line = format!("{prefix}{line}");
                let _ = Reply::of(&line, &request);
                let _ = (Status::parse(&line), Rating::parse(&line), Vendor::parse(&line));
            }
            true
        }

        fn a_damaged_status_is_none_or_has_finite_numbers(at: usize, byte: u8) -> bool {
            let mut bytes = GOOD.as_bytes().to_vec();
            let length = bytes.len();
            bytes[at % length] = byte;
            Status::parse(&String::from_utf8_lossy(&bytes)).is_none_or(|status| {
                [status.input_voltage, status.load, status.battery_voltage, status.temperature]
                    .into_iter()
                    .flatten()
                    .all(f64::is_finite)
            })
        }
    }
}
