use std::collections::BTreeMap;

use quickcheck::quickcheck;
use rstest::rstest;

use super::*;

/// A low-speed HID UPS with one interface and interrupt endpoints 0x81 and 0x02.
const BLOB: [u8; 41] = [
    9, 2, 41, 0, 1, 1, 0, 0xe0, 10, // configuration 1, self-powered, remote wakeup
    9, 4, 0, 0, 2, 3, 0, 0, 0, // interface 0, HID
    9, 0x21, 0x10, 1, 33, 1, 0x22, 0x79, 2, // HID
    7, 5, 0x81, 3, 8, 0, 20, // endpoint 1 IN
    7, 5, 0x02, 3, 8, 0, 20, // endpoint 2 OUT
];
const DEVICE: [u8; 18] = [18, 1, 0x10, 0x01, 0, 0, 0, 8, 0x63, 0x04, 0xff, 0xff, 0x01, 0x02, 1, 2, 3, 1];

struct Probe {
    identity: Identity,
    configured: Vec<u8>,
    asked: Vec<Setup>,
    before: Option<Reply>,
}

impl Function for Probe {
    fn identity(&self) -> &Identity {
        &self.identity
    }
    fn control(&mut self, _now: Duration, setup: Setup, _data: &[u8]) -> Reply {
        self.asked.push(setup);
        Reply::Data(vec![0xee; 600])
    }
    fn interrupt(&mut self, _now: Duration, _endpoint: u8) -> Option<Vec<u8>> {
        None
    }
    fn configured(&mut self, _now: Duration, configuration: u8) {
        self.configured.push(configuration);
    }
    fn intercept(&mut self, _now: Duration, _setup: Setup, _data: &[u8]) -> Option<Reply> {
        self.before.clone()
    }
    fn wake_at(&self) -> Option<Duration> {
        None
    }
}

fn probe(speed: Speed, bcd_usb: u16) -> Probe {
    let mut device = DEVICE.to_vec();
    device[2..4].copy_from_slice(&bcd_usb.to_le_bytes());
    Probe {
        identity: Identity {
            speed,
            device,
            configuration: BLOB.to_vec(),
            languages: vec![0x0409],
            strings: BTreeMap::from([(1, "EATON".to_string()), (2, "x".repeat(300)), (3, String::new())]),
        },
        configured: Vec::new(),
        asked: Vec::new(),
        before: None,
    }
}

fn setup(request_type: u8, request: u8, value: u16, index: u16, length: u16) -> Setup {
    Setup { request_type, request, value, index, length }
}

fn in_state(state: State, probe: &mut Probe) -> Chapter9 {
    let mut chapter9 = Chapter9::new(&probe.identity);
    match state {
        State::Default => chapter9.reset(Duration::ZERO, probe),
        State::Addressed => {
            chapter9.reset(Duration::ZERO, probe);
            chapter9.state = State::Addressed;
        }
        State::Configured(_) => chapter9.enumerate(Duration::ZERO, probe),
    }
    assert_eq!(chapter9.state(), state);
    chapter9
}

/// What a row of the table says: the data, or a stall.
fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Data(data) => data.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
        Reply::Stall => "stall".to_string(),
        other => format!("{other:?}"),
    }
}

const S: &str = "stall";
const OK: &str = "";
const DEV8: &str = "12 01 10 01 00 00 00 08";

// bmRequestType bRequest wValue wIndex wLength; then the answer in the default, addressed and configured state.
#[rstest]
#[case::device_status(0x80, 0, 0, 0, 2, [S, "01 00", "01 00"])]
#[case::interface_status(0x81, 0, 0, 0, 2, [S, S, "00 00"])]
#[case::interface_status_absent(0x81, 0, 0, 5, 2, [S, S, S])]
#[case::endpoint_status(0x82, 0, 0, 0x81, 2, [S, S, "00 00"])]
#[case::endpoint_zero_status(0x82, 0, 0, 0, 2, [S, "00 00", "00 00"])]
#[case::endpoint_status_absent(0x82, 0, 0, 0x83, 2, [S, S, S])]
#[case::status_cut(0x80, 0, 0, 0, 1, [S, "01", "01"])]
#[case::status_of_other(0x83, 0, 0, 0, 2, [S, S, S])]
#[case::clear_halt(0x02, 1, 0, 0x81, 0, [S, S, OK])]
#[case::clear_halt_zero(0x02, 1, 0, 0, 0, [S, OK, OK])]
#[case::clear_halt_absent(0x02, 1, 0, 0x84, 0, [S, S, S])]
#[case::clear_unknown_feature(0x02, 1, 7, 0x81, 0, [S, S, S])]
#[case::clear_wakeup(0x00, 1, 1, 0, 0, [S, OK, OK])]
#[case::clear_interface_feature(0x01, 1, 0, 0, 0, [S, S, S])]
#[case::set_halt(0x02, 3, 0, 0x81, 0, [S, S, OK])]
#[case::set_halt_zero(0x02, 3, 0, 0, 0, [S, S, S])]
#[case::set_wakeup(0x00, 3, 1, 0, 0, [S, OK, OK])]
#[case::set_test_mode(0x00, 3, 2, 0x0100, 0, [S, S, S])]
#[case::set_address(0x00, 5, 9, 0, 0, [OK, OK, S])]
#[case::set_address_too_high(0x00, 5, 128, 0, 0, [S, S, S])]
#[case::device_descriptor(0x80, 6, 0x0100, 0, 8, [DEV8, DEV8, DEV8])]
#[case::descriptor_of_length_zero(0x80, 6, 0x0100, 0, 0, [OK, OK, OK])]
#[case::configuration_header(0x80, 6, 0x0200, 0, 9, ["09 02 29 00 01 01 00 e0 0a"; 3])]
#[case::configuration_unknown(0x80, 6, 0x0201, 0, 9, [S, S, S])]
#[case::languages(0x80, 6, 0x0300, 0, 255, ["04 03 09 04"; 3])]
#[case::string(0x80, 6, 0x0301, 0x0409, 255, ["0c 03 45 00 41 00 54 00 4f 00 4e 00"; 3])]
#[case::string_in_any_language(0x80, 6, 0x0301, 0x0407, 255, ["0c 03 45 00 41 00 54 00 4f 00 4e 00"; 3])]
#[case::string_cut(0x80, 6, 0x0301, 0x0409, 4, ["0c 03 45 00"; 3])]
#[case::string_empty(0x80, 6, 0x0303, 0x0409, 255, ["02 03"; 3])]
#[case::string_long(0x80, 6, 0x0302, 0x0409, 4, ["fe 03 78 00"; 3])]
#[case::string_unknown(0x80, 6, 0x0304, 0x0409, 255, [S, S, S])]
#[case::interface_descriptor(0x80, 6, 0x0400, 0, 9, [S, S, S])]
#[case::endpoint_descriptor(0x80, 6, 0x0500, 0, 7, [S, S, S])]
#[case::qualifier(0x80, 6, 0x0600, 0, 10, [S, S, S])]
#[case::other_speed(0x80, 6, 0x0700, 0, 9, [S, S, S])]
#[case::bos(0x80, 6, 0x0f00, 0, 5, [S, S, S])]
#[case::report_descriptor(0x81, 6, 0x2200, 0, 2, [S, S, "ee ee"])]
#[case::report_descriptor_absent(0x81, 6, 0x2200, 1, 2, [S, S, S])]
#[case::descriptor_of_endpoint(0x82, 6, 0x0100, 0x81, 8, [S, S, S])]
#[case::set_descriptor(0x00, 7, 0x0100, 0, 0, [S, S, S])]
#[case::get_configuration(0x80, 8, 0, 0, 1, [S, "00", "01"])]
#[case::set_configuration(0x00, 9, 1, 0, 0, [S, OK, OK])]
#[case::set_configuration_none(0x00, 9, 0, 0, 0, [S, OK, OK])]
#[case::set_configuration_unknown(0x00, 9, 2, 0, 0, [S, S, S])]
#[case::set_configuration_of_interface(0x01, 9, 1, 0, 0, [S, S, S])]
#[case::get_interface(0x81, 10, 0, 0, 1, [S, S, "00"])]
#[case::get_interface_absent(0x81, 10, 0, 3, 1, [S, S, S])]
#[case::set_interface(0x01, 11, 0, 0, 0, [S, S, OK])]
#[case::set_interface_alternate(0x01, 11, 1, 0, 0, [S, S, S])]
#[case::set_interface_absent(0x01, 11, 0, 2, 0, [S, S, S])]
#[case::synch_frame(0x82, 12, 0, 0x81, 2, [S, S, S])]
#[case::unknown_standard(0x80, 0x55, 0, 0, 2, [S, S, S])]
#[case::get_report(0xa1, 1, 0x0301, 0, 2, [S, S, "ee ee"])]
#[case::get_report_of_interface_5(0xa1, 1, 0x0301, 5, 2, [S, S, S])]
#[case::class_of_endpoint(0xa2, 1, 0, 0x81, 1, [S, S, "ee"])]
#[case::class_of_absent_endpoint(0xa2, 1, 0, 0x82, 1, [S, S, S])]
#[case::vendor_of_device(0xc0, 1, 0, 0, 1, [S, "ee", "ee"])]
#[case::vendor_of_nobody(0xc9, 1, 0, 0, 1, [S, S, S])]
#[case::reserved_type(0xe0, 6, 0x0100, 0, 8, [S, S, S])]
fn requests(
    #[case] request_type: u8,
    #[case] request: u8,
    #[case] value: u16,
    #[case] index: u16,
    #[case] length: u16,
    #[case] answers: [&str; 3],
) {
    let asked = setup(request_type, request, value, index, length);
    for (state, answer) in [State::Default, State::Addressed, State::Configured(1)].into_iter().zip(answers) {
        let mut probe = probe(Speed::Low, 0x0110);
        let mut chapter9 = in_state(state, &mut probe);
        let reply = chapter9.control(Duration::ZERO, &mut probe, asked, &[]);
        assert_eq!(shown(&reply), answer, "{asked:x?} in {state:?}");
    }
}

#[test]
fn only_high_speed_has_a_qualifier_and_another_speed() {
    let mut probe = probe(Speed::High, 0x0200);
    let mut chapter9 = in_state(State::Addressed, &mut probe);
    let mut ask =
        |value| shown(&chapter9.control(Duration::ZERO, &mut probe, setup(0x80, 6, value, 0, 12), &[]));
    assert_eq!(ask(0x0600), "0a 06 00 02 00 00 00 40 01 00");
    assert_eq!(ask(0x0700), "09 07 29 00 01 01 00 e0 0a 09 04 00");
    assert_eq!(ask(0x0701), "stall");
}

#[rstest]
#[case(0x0110, "stall")]
#[case(0x0200, "stall")]
#[case(0x0201, "05 0f 0c 00 01 07 10 02 00 00 00 00")]
#[case(0x0210, "05 0f 0c 00 01 07 10 02 00 00 00 00")]
fn bos_is_as_old_as_usb_2_01(#[case] bcd_usb: u16, #[case] answer: &str) {
    let mut probe = probe(Speed::Full, bcd_usb);
    let mut chapter9 = in_state(State::Configured(1), &mut probe);
    let reply = chapter9.control(Duration::ZERO, &mut probe, setup(0x80, 6, 0x0f00, 0, 64), &[]);
    assert_eq!(shown(&reply), answer);
}

#[rstest]
#[case::clear_feature(setup(0x02, 1, 0, 0x81, 0))]
#[case::set_interface(setup(0x01, 11, 0, 0, 0))]
#[case::set_configuration(setup(0x00, 9, 1, 0, 0))]
fn a_halt_lasts_until_it_is_cleared(#[case] cure: Setup) {
    let mut probe = probe(Speed::Low, 0x0110);
    let mut chapter9 = in_state(State::Configured(1), &mut probe);
    let status = setup(0x82, 0, 0, 0x81, 2);
    chapter9.control(Duration::ZERO, &mut probe, setup(0x02, 3, 0, 0x81, 0), &[]);
    assert!(chapter9.halted(0x81));
    assert_eq!(shown(&chapter9.control(Duration::ZERO, &mut probe, status, &[])), "01 00");
    assert_eq!(chapter9.control(Duration::ZERO, &mut probe, cure, &[]), Reply::Data(Vec::new()));
    assert_eq!(shown(&chapter9.control(Duration::ZERO, &mut probe, status, &[])), "00 00");
}

#[test]
fn remote_wakeup_shows_in_the_status_and_ends_with_a_reset() {
    let mut probe = probe(Speed::Low, 0x0110);
    let mut chapter9 = in_state(State::Configured(1), &mut probe);
    let status = setup(0x80, 0, 0, 0, 2);
    chapter9.control(Duration::ZERO, &mut probe, setup(0x00, 3, 1, 0, 0), &[]);
    assert_eq!(shown(&chapter9.control(Duration::ZERO, &mut probe, status, &[])), "03 00");
    chapter9.enumerate(Duration::ZERO, &mut probe);
    assert_eq!(shown(&chapter9.control(Duration::ZERO, &mut probe, status, &[])), "01 00");
    assert_eq!(probe.configured, [0, 1, 0, 1], "the function hears of each reset and configuration");
}

#[test]
fn a_device_that_cannot_wake_its_host_stalls_the_feature() {
    let mut probe = probe(Speed::Low, 0x0110);
    probe.identity.configuration[7] = 0x80;
    let mut chapter9 = in_state(State::Configured(1), &mut probe);
    let reply = chapter9.control(Duration::ZERO, &mut probe, setup(0x00, 3, 1, 0, 0), &[]);
    assert_eq!(reply, Reply::Stall);
}

#[test]
fn firmware_may_answer_a_standard_request_its_own_way() {
    let mut probe = probe(Speed::Low, 0x0110);
    let mut chapter9 = in_state(State::Configured(1), &mut probe);
    let ask = setup(0x80, 6, 0x0301, 0x0409, 2);
    probe.before = Some(Reply::Late(Duration::from_secs(2), Box::new(Reply::Data(vec![1, 2, 3]))));
    let late = Reply::Late(Duration::from_secs(2), Box::new(Reply::Data(vec![1, 2])));
    assert_eq!(chapter9.control(Duration::ZERO, &mut probe, ask, &[]), late);
}

#[rstest]
#[case(Speed::Low, 20, Duration::from_millis(20))]
#[case(Speed::Full, 0, Duration::from_millis(1))]
#[case(Speed::High, 1, Duration::from_micros(125))]
#[case(Speed::High, 4, Duration::from_millis(1))]
#[case(Speed::High, 255, Duration::from_micros(125 << 15))]
fn polling_period(#[case] speed: Speed, #[case] interval: u8, #[case] period: Duration) {
    let endpoint = Endpoint { address: 0x81, attributes: 3, max_packet: 8, interval, interface: 0 };
    assert_eq!(endpoint.period(speed), period);
}

#[test]
fn endpoints_of_alternate_settings_are_not_there() {
    let mut blob = BLOB[..34].to_vec();
    blob.extend([9, 4, 0, 1, 1, 3, 0, 0, 0, 7, 5, 0x83, 3, 8, 0, 20]);
    let addresses: Vec<u8> =
        Configuration::parse(&blob).endpoints.iter().map(|endpoint| endpoint.address).collect();
    assert_eq!(addresses, [0x81]);
}

quickcheck! {
    /// No request in any order panics, and no answer is longer than was asked for.
    fn any_requests_in_any_order(blob: Vec<u8>, requests: Vec<([u8; 3], [u16; 2], Vec<u8>)>) -> bool {
        let mut probe = probe(Speed::High, 0x0210);
        if blob.len() % 2 == 1 {
            probe.identity.device.truncate(blob.len());
            probe.identity.configuration = blob;
        }
        let mut chapter9 = Chapter9::new(&probe.identity);
        chapter9.enumerate(Duration::ZERO, &mut probe);
        requests.into_iter().all(|([request_type, request, length], [value, index], data)| {
            // Most of the time a standard request.
            let request_type = if length % 4 == 0 { request_type } else { request_type & 0x83 };
            let asked = setup(request_type, request % 16, value, index % 0x90, u16::from(length));
            match chapter9.control(Duration::ZERO, &mut probe, asked, &data) {
                Reply::Data(data) => data.len() <= usize::from(length),
                _ => true,
            }
        })
    }

    /// The configuration's descriptors may be any bytes.
    fn any_configuration(blob: Vec<u8>) -> bool {
        let found = Configuration::parse(&blob);
        found.interfaces.len() * 9 + found.endpoints.len() * 7 <= blob.len()
    }
}
