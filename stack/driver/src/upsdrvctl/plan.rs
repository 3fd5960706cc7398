//! What is to be done with which driver, in which order. Pure.

use std::path::{Path, PathBuf};
use std::time::Duration;

use outage_config::{UpsConf, UpsSection, duration};
use outage_host::process::Command;

use super::cli::{Ground, Order, Verb};

/// `maxstartdelay`: how long a driver may take to be ready.
const START_DELAY: Duration = Duration::from_secs(75);
/// `retrydelay`: the pause before the next attempt.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// What the plan is made from, beside ups.conf and the command line.
#[derive(Clone, Debug)]
pub struct Place {
    /// This program's file: drivers that are built in are started as this, under their own name.
    pub program: PathBuf,
    /// Whether a driver of this name is built in.
    pub built_in: fn(&str) -> bool,
    /// Folder of the drivers' sockets.
    pub state: PathBuf,
    /// Folder of the drivers' pid files.
    pub pid: PathBuf,
    /// `NUT_IGNORE_NOWAIT`: wait for drivers in any case.
    pub ignore_nowait: bool,
}

/// One driver and what there is to know about handling it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The UPS's name.
    pub ups: String,
    /// The driver's name.
    pub driver: String,
    /// How the driver is called for what is planned (`start` or `shutdown`), or why it can't be.
    pub command: Result<Command, String>,
    /// `<altpidpath>/<driver>-<ups>.pid`, below the driver's root.
    pub pid_file: PathBuf,
    /// `<statepath>/<driver>-<ups>`, below the driver's root.
    pub socket: PathBuf,
    /// `sdorder`; `None`: its load is never turned off together with others (a negative number).
    pub order: Option<u32>,
    /// `maxstartdelay`
    pub start_delay: Duration,
    /// `maxretry`: how many attempts to start it.
    pub attempts: u32,
    /// `retrydelay`
    pub retry_delay: Duration,
    /// Whether to wait until it is ready; with `false`, its start counts as good at once.
    pub wait: bool,
}

/// The drivers that an order is about, in the order in which they are to be handled: that of ups.conf, and for
/// `shutdown` from the lowest `sdorder` to the highest. A load that is never to be turned off stays in the list, with
/// [`Job::order`] `None`. Beside it, a line for each value that could not be used.
///
/// # Errors
/// One line that says why there is nothing to do.
pub fn plan(conf: &UpsConf, order: &Order, place: &Place) -> Result<(Vec<Job>, Vec<String>), String> {
    let sections: Vec<&UpsSection> = match &order.ups {
        None if conf.sections.is_empty() => {
            return Err("no UPS definitions found in ups.conf: add a section with driver and port".into());
        }
        None => conf.sections.iter().collect(),
        Some(name) => match conf.section(name) {
            Some(section) => vec![section],
            None => {
                let known: Vec<_> = conf.sections.iter().map(|section| section.name.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(format!("UPS {name} not found in ups.conf; there are: {known}"));
            }
        },
    };
    let mut notes = Vec::new();
    let mut jobs: Vec<Job> =
        sections.into_iter().map(|section| job(conf, section, order, place, &mut notes)).collect();
    if order.verb == Verb::Shutdown {
        // Stable: equal ones in the file's order.
        jobs.sort_by_key(|job| job.order);
    }
    Ok((jobs, notes))
}

fn job(conf: &UpsConf, section: &UpsSection, order: &Order, place: &Place, notes: &mut Vec<String>) -> Job {
    let value = |key: &str| section.get(key).or_else(|| conf.global(key));
    let mut bad = |key: &str, text: &str, fallback: &str| {
        notes.push(format!("[{}] {key} = {text} cannot be used: taking {fallback}", section.name));
    };
    let mut time = |key: &str, default: Duration| match value(key).map(|text| (text, duration(text))) {
        None => default,
        Some((_, Ok(length))) => length,
        Some((text, Err(_))) => {
            bad(key, text, &format!("{} s", default.as_secs()));
            default
        }
    };
    let start_delay = time("maxstartdelay", START_DELAY);
    let retry_delay = time("retrydelay", RETRY_DELAY);
    let attempts = match value("maxretry").map(|text| (text, text.trim().parse::<u32>())) {
        None => 1,
        Some((_, Ok(count))) => count.max(1),
        Some((text, Err(_))) => {
            bad("maxretry", text, "1");
            1
        }
    };
    let sdorder = match section.get("sdorder").map(|text| (text, text.trim().parse::<i64>())) {
        None => Some(0),
        Some((_, Ok(number))) => u32::try_from(number).ok(),
        Some((text, Err(_))) => {
            bad("sdorder", text, "0");
            Some(0)
        }
    };
    // A value that says no counts as not given.
    let nowait = value("nowait").is_some_and(|text| crate::config::yes(text).unwrap_or(true));
    let name = format!("{}-{}", section.driver, section.name);
    // A driver in a jail has its files there; this program looks from outside.
    let root = order.root.as_deref().or_else(|| value("chroot").filter(|root| !root.is_empty()));
    let file = |folder: &Path, name: &str| {
        let path = folder.join(name);
        root.map_or(path.clone(), |root| Path::new(root).join(path.strip_prefix("/").unwrap_or(&path)))
    };
    Job {
        ups: section.name.clone(),
        driver: section.driver.clone(),
        command: command(value("driverpath"), section, order, place),
        pid_file: file(&place.pid, &format!("{name}.pid")),
        socket: file(&place.state, &name),
        // One that is named is meant.
        order: sdorder.or(order.ups.as_ref().map(|_| 0)),
        start_delay,
        attempts,
        retry_delay,
        wait: !nowait || place.ignore_nowait,
    }
}

/// How a section's driver is called.
fn command(
    driver_path: Option<&str>,
    section: &UpsSection,
    order: &Order,
    place: &Place,
) -> Result<Command, String> {
    let driver = section.driver.as_str();
    if driver.is_empty() || driver.contains('/') {
        return Err(format!("[{}] driver = {driver}: not the name of a driver", section.name));
    }
    let (program, name) = match driver_path.filter(|path| !path.is_empty()) {
        Some(path) => (Path::new(path).join(driver), None),
        None if (place.built_in)(driver) => (place.program.clone(), Some(driver.to_owned())),
        None => {
            return Err(format!(
                "[{}] driver {driver} is not built into this program: check its name, or say with driverpath in \
                 ups.conf where it is",
                section.name
            ));
        }
    };
    let mut argv = vec![program.to_string_lossy().into_owned()];
    let mut push = |words: &[&str]| argv.extend(words.iter().map(|word| (*word).to_owned()));
    if order.pass_debug && order.debug > 0 {
        push(&[&format!("-{}", "D".repeat(usize::from(order.debug)))]);
    }
    if order.verb == Verb::Start {
        match order.ground {
            Ground::Unsaid => {}
            Ground::Foreground => push(&["-F"]),
            Ground::ForegroundWithPid => push(&["-FF"]),
            Ground::Background => push(&["-B"]),
        }
    }
    push(&["-a", &section.name]);
    if let Some(root) = &order.root {
        push(&["-r", root]);
    }
    if let Some(user) = &order.user {
        push(&["-u", user]);
    }
    if order.verb == Verb::Shutdown {
        push(&["-k"]);
    }
    // What is wrong in ups.conf was said when the plan was made.
    let env = vec![(crate::cli::FAULTS_TOLD.to_owned(), "1".to_owned())];
    Ok(Command { argv, name, env, ..Command::default() })
}

/// Whether the drivers that an order starts stay in the foreground, so that upsdrvctl has to stay with them.
#[must_use]
pub fn stays(order: &Order) -> bool {
    match order.ground {
        Ground::Foreground | Ground::ForegroundWithPid => true,
        Ground::Background => false,
        // Drivers told to debug stay in the foreground by themselves.
        Ground::Unsaid => order.pass_debug && order.debug > 0,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::cli::{Parsed, parse};
    use super::*;

    const CONF: &str = "\
        maxretry = 3\n\
        [late]\n driver = usbhid-ups\n port = auto\n sdorder = 2\n maxstartdelay = 90\n\
        [never]\n driver = nutdrv_qx\n port = /dev/ttyS0\n sdorder = -1\n nowait\n\
        [first]\n driver = usbhid-ups\n port = auto\n\
        [between]\n driver = snmp-ups\n port = 10.0.0.9\n sdorder = 1\n";

    fn place() -> Place {
        Place {
            program: "/usr/sbin/ups".into(),
            built_in: |name| matches!(name, "usbhid-ups" | "nutdrv_qx"),
            state: "/state".into(),
            pid: "/pids".into(),
            ignore_nowait: false,
        }
    }

    fn jobs(conf: &str, line: &str) -> Result<(Vec<Job>, Vec<String>), String> {
        let args: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        let Ok(Parsed::Run(order)) = parse(&args) else { panic!("{line}") };
        plan(&outage_config::ups_conf("ups.conf", conf.as_bytes()).0, &order, &place())
    }

    fn names(conf: &str, line: &str) -> Vec<String> {
        jobs(conf, line).unwrap().0.into_iter().map(|job| job.ups).collect()
    }

    #[test]
    fn starts_in_the_files_order() {
        assert_eq!(names(CONF, "start"), ["late", "never", "first", "between"]);
    }

    #[test]
    fn every_shutdown_order_has_its_turn() {
        // nut's own "all" mode never came beyond 0.
        assert_eq!(names(CONF, "shutdown"), ["never", "first", "between", "late"]);
        let orders: Vec<_> = jobs(CONF, "shutdown").unwrap().0.iter().map(|job| job.order).collect();
        assert_eq!(orders, [None, Some(0), Some(1), Some(2)]);
    }

    #[rstest]
    #[case("start first", &["/usr/sbin/ups", "-a", "first"])]
    #[case("-DD -d -B -r /jail -u nut start first",
        &["/usr/sbin/ups", "-DD", "-B", "-a", "first", "-r", "/jail", "-u", "nut"])]
    #[case("-D -FF start first", &["/usr/sbin/ups", "-FF", "-a", "first"])]
    #[case("-F shutdown first", &["/usr/sbin/ups", "-a", "first", "-k"])]
    #[case("start FIRST", &["/usr/sbin/ups", "-a", "first"])]
    fn commands(#[case] line: &str, #[case] argv: &[&str]) {
        let command = jobs(CONF, line).unwrap().0.remove(0).command.unwrap();
        assert_eq!(command.argv, argv);
        assert_eq!(command.name.as_deref(), Some("usbhid-ups"));
        assert_eq!(command.env, [(crate::cli::FAULTS_TOLD.to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_driver_path_is_used_for_every_driver() {
        let conf = format!("driverpath = /lib/nut\n{CONF}");
        let (jobs, _) = jobs(&conf, "start").unwrap();
        let programs: Vec<_> =
            jobs.iter().map(|job| job.command.as_ref().unwrap().argv[0].as_str()).collect();
        let (hid, qx, snmp) = ("/lib/nut/usbhid-ups", "/lib/nut/nutdrv_qx", "/lib/nut/snmp-ups");
        assert_eq!(programs, [hid, qx, hid, snmp]);
        assert!(jobs.iter().all(|job| job.command.as_ref().unwrap().name.is_none()));
    }

    #[test]
    fn a_driver_that_is_not_there_stops_no_other() {
        let (jobs, _) = jobs(CONF, "start").unwrap();
        let good: Vec<_> = jobs.iter().map(|job| job.command.is_ok()).collect();
        assert_eq!(good, [true, true, true, false]);
        let error = jobs[3].command.as_ref().unwrap_err();
        assert!(error.starts_with("[between] driver snmp-ups is not built into this program"), "{error}");
    }

    #[test]
    fn limits_come_from_the_section_then_the_globals() {
        let (jobs, notes) = jobs(CONF, "start").unwrap();
        assert_eq!(notes, Vec::<String>::new());
        let seconds: Vec<_> = jobs.iter().map(|job| job.start_delay.as_secs()).collect();
        assert_eq!(seconds, [90, 75, 75, 75]);
        assert!(jobs.iter().all(|job| job.attempts == 3 && job.retry_delay == RETRY_DELAY));
        assert_eq!(jobs.iter().map(|job| job.wait).collect::<Vec<_>>(), [true, false, true, true]);
        assert_eq!(jobs[0].pid_file, Path::new("/pids/usbhid-ups-late.pid"));
        assert_eq!(jobs[0].socket, Path::new("/state/usbhid-ups-late"));
    }

    #[rstest]
    #[case::of_the_section("[a]\ndriver = usbhid-ups\nport = auto\nchroot = /jail\n", "stop", "/jail")]
    #[case::of_all("chroot = /jail/\n[a]\ndriver = usbhid-ups\nport = auto\n", "status", "/jail")]
    #[case::of_the_option(
        "[a]\ndriver = usbhid-ups\nport = auto\nchroot = /jail\n",
        "-r /cage stop",
        "/cage"
    )]
    #[case::none("[a]\ndriver = usbhid-ups\nport = auto\nchroot =\n", "stop", "")]
    fn files_of_a_driver_in_a_jail_are_looked_for_there(
        #[case] conf: &str,
        #[case] line: &str,
        #[case] root: &str,
    ) {
        let job = jobs(conf, line).unwrap().0.remove(0);
        assert_eq!(job.pid_file, Path::new(&format!("{root}/pids/usbhid-ups-a.pid")));
        assert_eq!(job.socket, Path::new(&format!("{root}/state/usbhid-ups-a")));
    }

    #[test]
    fn one_that_is_named_is_shut_down_whatever_its_order() {
        assert_eq!(jobs(CONF, "shutdown never").unwrap().0[0].order, Some(0));
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let conf = "[ups]\ndriver = usbhid-ups\nport = auto\nsdorder = last\nmaxstartdelay = soon\n";
        let (jobs, notes) = jobs(conf, "start").unwrap();
        assert_eq!((jobs[0].order, jobs[0].start_delay), (Some(0), START_DELAY));
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("sdorder = last")), "{notes:?}");
    }

    #[rstest]
    #[case("", "start", "no UPS definitions found")]
    #[case(CONF, "start nemo", "UPS nemo not found in ups.conf; there are: late, never, first, between")]
    fn nothing_to_do(#[case] conf: &str, #[case] line: &str, #[case] text: &str) {
        let error = jobs(conf, line).unwrap_err();
        assert!(error.starts_with(text), "{error}");
    }
}
