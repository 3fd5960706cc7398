//! The options of usbhid-ups, and which device they mean.

use std::time::Duration;

use outage_host::usb::{UsbAccess, UsbInfo};
use regex_lite::{Regex, RegexBuilder};

use outage_config::duration;

use super::mapping::Defaults;
use crate::config::DriverConfig;
use crate::drivers::OptionInfo;
use crate::family::DeviceError;
use crate::usb::UsbPort;

const fn option(name: &'static str, help: &'static str) -> OptionInfo {
    OptionInfo { name, help }
}

/// Every option NUT's driver has, under all its spellings; `backend` is our own.
#[rustfmt::skip]
pub const OPTIONS: &[OptionInfo] = &[
    option("backend", "usb (the default), or hidraw: by way of the kernel's HID driver, through /dev/hidraw*"),
    option("vendor", "regular expression for the vendor string"),
    option("product", "regular expression for the product string"),
    option("serial", "regular expression for the serial number"),
    option("vendorid", "regular expression for the vendor id, four hexadecimal digits"),
    option("productid", "regular expression for the product id, four hexadecimal digits"),
    option("bus", "regular expression for the bus number, three digits"),
    option("device", "regular expression for the device number, three digits; changes at every replug"),
    option("busport", "regular expression for where it is plugged in"),
    option("allow_duplicates", "accepted; a device in use never keeps the next one from being tried"),
    option("usb_set_altinterface", "also select this alternate setting"),
    option("usb_config_index", "accepted; the active configuration is used"),
    option("usb_hid_rep_index", "interface number, hexadecimal; found by itself otherwise"),
    option("usb_hid_desc_index", "report descriptor index, hexadecimal"),
    option("usb_hid_ep_in", "interrupt IN endpoint, hexadecimal; found by itself otherwise"),
    option("usb_hid_ep_out", "accepted; nothing is sent there"),
    option("subdriver", "regular expression for the subdriver; needs vendorid and productid"),
    option("lowbatt", "battery charge at which it is low, in percent"),
    option("offdelay", "seconds from the shutdown command to power off"),
    option("ondelay", "seconds from the shutdown command to power on, if the mains are there; more than offdelay"),
    option("pollfreq", "seconds between full updates"),
    option("pollonly", "do not wait for interrupt reports"),
    option("interruptonly", "use Input reports only"),
    option("interruptsize", "most bytes of an interrupt report"),
    option("interrupt_pipe_no_events_tolerance", "accepted; a silent pipe is checked by polling"),
    option("maxreport", "ask for every report with the longest length"),
    option("onlinedischarge", "mains present and discharging means on battery"),
    option("onlinedischarge_onbattery", "mains present and discharging means on battery"),
    option("onlinedischarge_battery", "mains present and discharging means on battery"),
    option("onlinedischarge_calibration", "mains present and discharging means calibrating"),
    option("onlinedischarge_log_throttle_sec", "seconds between log lines about that"),
    option("onlinedischarge_log_throttle_hovercharge", "charge from which on that is not logged"),
    option("lbrb_log_delay_sec", "seconds that low and replace battery must last while on line"),
    option("lbrb_log_delay_without_calibrating", "that also when not calibrating"),
    option("disable_fix_report_desc", "accepted; no reading is cut to the ranges that a descriptor declares"),
    option("powercom_sdcmd_byte_order_fallback", "accepted; for another make"),
    option("powercom_sdcmd_discrete_delay", "accepted; for another make"),
    option("waitbeforereconnect", "seconds to wait before looking for a lost device"),
    option("explore", "also say the report descriptor, every feature report and its values"),
    option("winhid", "accepted; for Windows"),
    option("LIBUSB_DEBUG", "accepted; there is no libusb here"),
];

/// What OL with DISCHRG is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OnlineDischarge {
    pub(crate) on_battery: bool,
    pub(crate) calibration: bool,
}

/// A regular expression that must match a whole text, without regard to case.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, regex_lite::Error> {
        let whole = format!("^(?:{})$", text.trim());
        RegexBuilder::new(&whole).case_insensitive(true).build().map(Self)
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text.trim())
    }
}

/// Who a device says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) vendor_id: u16,
    pub(crate) product_id: u16,
    pub(crate) release: u16,
    pub(crate) vendor: Option<String>,
    pub(crate) product: Option<String>,
    pub(crate) serial: Option<String>,
}

/// Which device is meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matcher {
    vendor: Option<Pattern>,
    product: Option<Pattern>,
    serial: Option<Pattern>,
    vendor_id: Option<Pattern>,
    product_id: Option<Pattern>,
    bus: Option<Pattern>,
    device: Option<Pattern>,
    bus_port: Option<Pattern>,
}

fn fits(pattern: Option<&Pattern>, text: Option<&str>) -> bool {
    pattern.is_none_or(|pattern| text.is_some_and(|text| pattern.matches(text)))
}

impl Matcher {
    /// Whether a device may be the one, by its ids.
    pub(crate) fn ids(&self, vendor_id: u16, product_id: u16) -> bool {
        fits(self.vendor_id.as_ref(), Some(&format!("{vendor_id:04x}")))
            && fits(self.product_id.as_ref(), Some(&format!("{product_id:04x}")))
    }

    /// Whether it may be the one, by where it is plugged in. What isn't known does not count against it.
    pub(crate) fn place(&self, info: &UsbInfo) -> bool {
        let known = |text: &'_ str| !text.is_empty();
        let fits = |pattern: Option<&Pattern>, text: &str| !known(text) || fits(pattern, Some(text));
        fits(self.bus.as_ref(), &info.bus)
            && fits(self.device.as_ref(), &info.address)
            && fits(self.bus_port.as_ref(), &info.port_path)
    }

    /// Whether it is the one, by its strings. One that could not be read matches nothing.
    pub(crate) fn strings(&self, identity: &Identity) -> bool {
        fits(self.vendor.as_ref(), identity.vendor.as_deref())
            && fits(self.product.as_ref(), identity.product.as_deref())
            && fits(self.serial.as_ref(), identity.serial.as_deref())
    }

    /// Whether the product id was given: then an unlisted product is tried.
    pub(crate) fn names_product(&self) -> bool {
        self.product_id.is_some()
    }
}

/// The options, understood.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Its name in ups.conf.
    pub(crate) section: String,
    pub(crate) port: UsbPort,
    pub(crate) access: UsbAccess,
    pub(crate) matcher: Matcher,
    pub(crate) subdriver: Option<Pattern>,
    pub(crate) interface: Option<u8>,
    pub(crate) descriptor_index: Option<u8>,
    pub(crate) endpoint: Option<u8>,
    pub(crate) alternate: Option<u8>,
    pub(crate) low_battery: Option<i64>,
    pub(crate) off_delay: Option<i64>,
    pub(crate) on_delay: Option<i64>,
    pub(crate) poll_interval: Duration,
    pub(crate) poll_freq: Option<Duration>,
    pub(crate) poll_only: bool,
    pub(crate) interrupt_only: bool,
    pub(crate) interrupt_size: Option<usize>,
    pub(crate) max_report: bool,
    pub(crate) explore: bool,
    pub(crate) online_discharge: OnlineDischarge,
    pub(crate) throttle: Duration,
    pub(crate) hover_charge: f64,
    pub(crate) low_delay: Option<Duration>,
    pub(crate) delay_always: bool,
    pub(crate) wait_before_reconnect: Duration,
}

impl Settings {
    pub(crate) fn new(config: &DriverConfig) -> Result<Self, DeviceError> {
        let options = &config.options;
        let wrong = |name: &str, value: &str, what: &str| {
            DeviceError::Config(format!("[{}] {name} = {value}: {what}", config.ups))
        };
        let pattern = |name: &str| match options.get(name) {
            None => Ok(None),
            Some(text) => Pattern::new(text)
                .map(Some)
                .map_err(|error| wrong(name, text, &format!("not a regular expression ({error})"))),
        };
        let whole = |name: &str, default: i64| match options.get(name) {
            None => Ok(default),
            Some(text) => text.trim().parse().map_err(|_| wrong(name, text, "not a whole number")),
        };
        let time = |name: &str, default: u64| match options.get(name) {
            None => Ok(Duration::from_secs(default)),
            Some(text) => duration(text.trim()).map_err(|_| wrong(name, text, "not a number of seconds")),
        };
        let hex = |name: &str| match options.get(name) {
            None => Ok(None),
            Some(text) => {
                let digits = text.trim();
                let digits = digits.strip_prefix("0x").unwrap_or(digits);
                let number = u8::from_str_radix(digits, 16);
                number.map(Some).map_err(|_| wrong(name, text, "not a hexadecimal number up to ff"))
            }
        };
        let port = UsbPort::parse(&config.port)
            .map_err(|what| DeviceError::Config(format!("[{}] {what}", config.ups)))?;
        let access = match options.get("backend") {
            None => UsbAccess::Usbfs,
            Some(text) if text.trim().eq_ignore_ascii_case("usb") => UsbAccess::Usbfs,
            Some(text) if !text.trim().eq_ignore_ascii_case("hidraw") => {
                return Err(wrong("backend", text, "there are usb and hidraw"));
            }
            Some(text) if port != UsbPort::Local => {
                return Err(wrong("backend", text, &format!("port = {port} is not on this machine's bus")));
            }
            Some(_) => UsbAccess::Hidraw,
        };
        let subdriver = pattern("subdriver")?;
        if subdriver.is_some() && (options.get("vendorid").is_none() || options.get("productid").is_none()) {
            return Err(DeviceError::Config(format!(
                "[{}] subdriver needs vendorid and productid beside it",
                config.ups
            )));
        }
        let poll_only = options.flag("pollonly");
        let interrupt_only = options.flag("interruptonly");
        if poll_only && interrupt_only {
            return Err(DeviceError::Config(format!(
                "[{}] pollonly and interruptonly exclude each other",
                config.ups
            )));
        }
        let on_battery = ["onlinedischarge", "onlinedischarge_onbattery", "onlinedischarge_battery"];
        Ok(Self {
            section: config.ups.clone(),
            port,
            access,
            matcher: Matcher {
                vendor: pattern("vendor")?,
                product: pattern("product")?,
                serial: pattern("serial")?,
                vendor_id: pattern("vendorid")?,
                product_id: pattern("productid")?,
                bus: pattern("bus")?,
                device: pattern("device")?,
                bus_port: pattern("busport")?,
            },
            subdriver,
            interface: hex("usb_hid_rep_index")?,
            descriptor_index: hex("usb_hid_desc_index")?,
            endpoint: hex("usb_hid_ep_in")?,
            alternate: match options.get("usb_set_altinterface") {
                Some("") => Some(0),
                _ => hex("usb_set_altinterface")?,
            },
            low_battery: options.get("lowbatt").map(|_| whole("lowbatt", 30)).transpose()?,
            off_delay: options.get("offdelay").map(|_| whole("offdelay", 0)).transpose()?,
            on_delay: options.get("ondelay").map(|_| whole("ondelay", 0)).transpose()?,
            poll_interval: config.poll_interval,
            poll_freq: options.get("pollfreq").map(|_| time("pollfreq", 0)).transpose()?,
            poll_only,
            interrupt_only,
            interrupt_size: options
                .get("interruptsize")
                .map(|_| whole("interruptsize", 0))
                .transpose()?
                .and_then(|size| usize::try_from(size).ok())
                .filter(|size| *size > 0),
            max_report: options.flag("maxreport"),
            explore: options.flag("explore"),
            online_discharge: OnlineDischarge {
                on_battery: on_battery.iter().any(|name| options.flag(name)),
                calibration: options.flag("onlinedischarge_calibration"),
            },
            throttle: time("onlinedischarge_log_throttle_sec", 30)?,
            hover_charge: whole("onlinedischarge_log_throttle_hovercharge", 100)? as f64,
            low_delay: options
                .get("lbrb_log_delay_sec")
                .map(|_| time("lbrb_log_delay_sec", 0))
                .transpose()?,
            delay_always: options.flag("lbrb_log_delay_without_calibrating"),
            wait_before_reconnect: time("waitbeforereconnect", 0)?,
        })
    }
}

impl Settings {
    /// Delays and the period of full updates: as configured, else the make's.
    pub(crate) fn timing(&self, defaults: Defaults) -> Defaults {
        Defaults {
            off_delay: self.off_delay.unwrap_or(defaults.off_delay),
            on_delay: self.on_delay.unwrap_or(defaults.on_delay),
            poll_freq: self.poll_freq.unwrap_or(defaults.poll_freq),
        }
    }

    /// Whether the section says which device it means: by its ids, or by its place across the network.
    pub(crate) fn names_device(&self) -> bool {
        (self.matcher.vendor_id.is_some() && self.matcher.product_id.is_some())
            || matches!(self.port, UsbPort::Usbip { busid: Some(_), .. })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn settings(options: &[(&str, &str)]) -> Result<Settings, DeviceError> {
        let extra: Vec<_> = options.iter().map(|(k, v)| ((*k).into(), Some((*v).into()))).collect();
        Settings::new(&DriverConfig::ad_hoc("usbhid-ups", "den", &extra, "/run", "/run").0)
    }

    #[rstest]
    #[case("eaton", "EATON", true)]
    #[case("eaton", "  Eaton ", true)]
    #[case("eaton", "Eaton 3S", false)]
    #[case("eaton.*", "Eaton 3S", true)]
    #[case("a|b", "ab", false)]
    #[case("G28[0-9]{3}", "g28123", true)]
    fn patterns(#[case] pattern: &str, #[case] text: &str, #[case] matches: bool) {
        assert_eq!(Pattern::new(pattern).expect("a pattern").matches(text), matches);
    }

    #[test]
    fn a_device_without_the_string_does_not_match_it() {
        let matcher = settings(&[("serial", "G28.*")]).expect("good").matcher;
        assert!(!matcher.strings(&Identity::default()));
        assert!(matcher.strings(&Identity { serial: Some("G281".into()), ..Identity::default() }));
        assert!(settings(&[]).expect("good").matcher.strings(&Identity::default()));
        let matcher = settings(&[("productid", "FFFF")]).expect("good").matcher;
        assert!(matcher.ids(0x0463, 0xffff) && !matcher.ids(0x0463, 0x0001));
    }

    #[rstest]
    #[case("onlinedischarge")]
    #[case("onlinedischarge_onbattery")]
    #[case("onlinedischarge_battery")]
    fn one_option_of_three_names(#[case] name: &str) {
        let given = settings(&[(name, "1")]).expect("good").online_discharge;
        assert_eq!(given, OnlineDischarge { on_battery: true, calibration: false });
        assert!(!settings(&[(name, "no")]).expect("good").online_discharge.on_battery);
    }

    #[rstest]
    #[case(&[], UsbAccess::Usbfs)]
    #[case(&[("backend", "usb")], UsbAccess::Usbfs)]
    #[case(&[("backend", "usb"), ("port", "usbip://nas/1-1")], UsbAccess::Usbfs)]
    #[case(&[("backend", " Hidraw ")], UsbAccess::Hidraw)]
    fn backends(#[case] options: &[(&str, &str)], #[case] expected: UsbAccess) {
        assert_eq!(settings(options).expect("good").access, expected);
    }

    #[rstest]
    #[case(&[("vendor", "(")], "vendor = (: not a regular expression")]
    #[case(&[("offdelay", "soon")], "offdelay = soon: not a whole number")]
    #[case(&[("pollfreq", "often")], "pollfreq = often: not a number of seconds")]
    #[case(&[("usb_hid_rep_index", "xyz")], "usb_hid_rep_index = xyz: not a hexadecimal number up to ff")]
    #[case(&[("subdriver", "MGE")], "subdriver needs vendorid and productid beside it")]
    #[case(&[("pollonly", "1"), ("interruptonly", "1")], "exclude each other")]
    #[case(&[("port", "usbip://")], "there is no host")]
    #[case(&[("backend", "libusb")], "backend = libusb: there are usb and hidraw")]
    #[case(&[("backend", "")], "backend = : there are usb and hidraw")]
    #[case(&[("backend", "hidraw"), ("port", "usbip://nas/1-1")], "backend = hidraw: port = usbip://nas:3240/1-1 is not on this machine's bus")]
    fn what_cannot_work(#[case] options: &[(&str, &str)], #[case] said: &str) {
        let error = settings(options).expect_err("it is wrong");
        assert!(matches!(error, DeviceError::Config(_)));
        let text = error.to_string();
        assert!(text.contains(said) && text.contains("[den]"), "{text}");
    }
}
