//! The command line that all drivers share.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use outage_config::args::{Getopt, Opt};
use outage_config::{Paths, Severity, UpsConf, ups_conf};
use outage_host::real::{self, Start};
use outage_host::{Host, Signal};
use outage_wire::sock::TrackingStatus;

use crate::config::{DriverConfig, ExtraOption};
use crate::control::Control;
use crate::drivers::{self, DriverInfo};
use crate::framework;

/// getopt's letters, as NUT's drivers have them.
pub const LETTERS: &str = "a:s:kDd:FBhx:Lqr:u:g:Vi:c:P:";

/// In the environment of drivers that `upsdrvctl` starts: it has said what is wrong in ups.conf, and once is enough.
pub(crate) const FAULTS_TOLD: &str = "OUTAGE_UPS_CONF_FAULTS_TOLD";

/// How long a driver may take to do what `-c` asks.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the command line asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Invocation {
    section: Option<String>,
    ad_hoc: Option<String>,
    extra: Vec<ExtraOption>,
    kill_power: bool,
    dump: Option<u32>,
    debug: u8,
    /// -F (true) or -B (false).
    foreground: Option<bool>,
    quiet: bool,
    root: Option<String>,
    user: Option<String>,
    group: Option<String>,
    command: Option<String>,
    pid: Option<u32>,
    /// -h, -V or -L: print and end.
    print: Option<char>,
}

/// Runs the driver that `args[0]` names (its last part: `/lib/nut/usbhid-ups` is `usbhid-ups`).
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    let name = called(&args);
    let early = real::host(&name, 0);
    let (invocation, config, driver) = match prepare(args, &early) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let debug = invocation.debug.max(config.debug_min);
    let once = invocation.kill_power || invocation.dump.is_some() || invocation.command.is_some();
    let background = !once && !invocation.foreground.unwrap_or(debug > 0);
    drop(early);
    real::start(Start { ident: name, background, debug, syslog: false }, |host| {
        start(invocation, config, driver, host)
    })
}

/// [`main`] on `host`, in the foreground.
pub async fn run_on(args: Vec<String>, host: Host) -> ExitCode {
    match prepare(args, &host) {
        Ok((invocation, config, driver)) => start(invocation, config, driver, host).await,
        Err(code) => code,
    }
}

/// The name the driver was called by, without its folder.
fn called(args: &[String]) -> String {
    args.first().map_or("", |called| called.rsplit('/').next().unwrap_or(called)).to_owned()
}

/// Understands the command line and reads the configuration. An exit code when that was all, or all there can be.
fn prepare(
    args: Vec<String>,
    host: &Host,
) -> Result<(Invocation, DriverConfig, &'static DriverInfo), ExitCode> {
    let name = called(&args);
    let Some(driver) = drivers::find(&name) else {
        let names: Vec<&str> = drivers::DRIVERS.iter().map(|driver| driver.name).collect();
        host.error(format_args!("there is no driver '{name}' (there are: {})", names.join(", ")));
        return Err(ExitCode::FAILURE);
    };
    let invocation = match parse(driver, args.into_iter().skip(1)) {
        Ok(invocation) => invocation,
        Err(why) => {
            host.error(format_args!("{why} (-h shows the options)"));
            return Err(ExitCode::FAILURE);
        }
    };
    match invocation.print {
        Some('V') => {
            host.print(&banner(driver));
            return Err(ExitCode::SUCCESS);
        }
        Some('L') => {
            host.print(&options(driver));
            return Err(ExitCode::SUCCESS);
        }
        Some(_) => {
            host.print(&format!("{}{}", banner(driver), help(driver)));
            return Err(ExitCode::SUCCESS);
        }
        None => {}
    }
    match configure(&invocation, driver, host) {
        Ok(config) => Ok((invocation, config, driver)),
        Err(why) => {
            host.error(why);
            Err(ExitCode::FAILURE)
        }
    }
}

/// Does what the command line asks for.
async fn start(
    invocation: Invocation,
    config: DriverConfig,
    driver: &'static DriverInfo,
    host: Host,
) -> ExitCode {
    host.set_debug_level(host.debug_level().max(invocation.debug).max(config.debug_min));
    if let Some(command) = &invocation.command {
        return tell(command, invocation.pid, &config, &host).await;
    }
    if !invocation.quiet && host.env("NUT_QUIET_INIT_BANNER").is_none_or(|value| value == "false") {
        host.print(&banner(driver));
    }
    let family = match drivers::family(&config, &host) {
        Ok(family) => family,
        Err(why) => {
            host.error(format_args!("[{}] {why}", config.ups));
            return ExitCode::FAILURE;
        }
    };
    // The configuration was read before, and all that the driver opens comes after.
    if let Some(root) = &config.root
        && let Err(error) = host.change_root(root, config.user.as_deref())
    {
        let root = root.display();
        host.error(format_args!(
            "failed to make {root} the root: {error} (chroot in ups.conf, or -r; only root may)"
        ));
        return ExitCode::FAILURE;
    }
    if invocation.kill_power {
        return framework::kill_power(config, family, host).await;
    }
    if host.is_root()
        && let Some(user) = &config.user
        && let Err(error) = host.become_user(user, config.group.as_deref())
    {
        host.error(format_args!("failed to become user {user}: {error} (user in ups.conf, or -u)"));
        return ExitCode::FAILURE;
    }
    match invocation.dump {
        Some(cycles) => framework::dump(config, family, host, cycles).await,
        None => framework::run(config, family, host).await,
    }
}

/// `-c`: tells a running instance something, by signal if `-P` says which process, else through its socket.
async fn tell(command: &str, pid: Option<u32>, config: &DriverConfig, host: &Host) -> ExitCode {
    let (signal, instant) = match command {
        "reload" => (Signal::Hup, "driver.reload"),
        "reload-or-error" => (Signal::Hup, "driver.reload-or-error"),
        "reload-or-exit" => (Signal::Usr1, "driver.reload-or-exit"),
        "exit" => (Signal::Term, "driver.exit"),
        _ => {
            host.error(format_args!(
                "-c {command}: not one of reload, reload-or-error, reload-or-exit, exit"
            ));
            return ExitCode::FAILURE;
        }
    };
    let socket = config.socket();
    let socket = match &config.root {
        Some(root) => root.join(socket.strip_prefix("/").unwrap_or(&socket)),
        None => socket,
    };
    let result = match pid {
        Some(pid) => host.send_signal(pid, signal).map_err(|error| format!("process {pid}: {error}")),
        None => match Control::connect(host, &socket).await {
            Ok(mut running) => match running.command(instant, None, PATIENCE).await {
                Ok(TrackingStatus::Handled) => Ok(()),
                Ok(_) => Err("the driver could not (its log says why)".to_owned()),
                Err(why) => Err(why.to_string()),
            },
            Err(why) => Err(format!("no driver answers at {}: {why}", socket.display())),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            host.error(format_args!("[{}] failed to {command}: {why}", config.ups));
            ExitCode::FAILURE
        }
    }
}

fn parse(driver: &DriverInfo, args: impl Iterator<Item = String>) -> Result<Invocation, String> {
    let mut invocation = Invocation::default();
    let mut options = Getopt::new(LETTERS, args);
    for option in options.by_ref() {
        let Opt { flag, value } = option.map_err(|error| error.to_string())?;
        let value = value.unwrap_or_default();
        match flag {
            'a' => invocation.section = Some(value),
            's' => invocation.ad_hoc = Some(value),
            'x' => {
                let (name, value) = match value.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                    None => (value, None),
                };
                if !drivers::knows(driver, &name) {
                    return Err(format!("-x {name}: {} knows no such option", driver.name));
                }
                invocation.extra.push((name, value));
            }
            'i' => invocation.extra.push(("pollinterval".into(), Some(value))),
            'k' => invocation.kill_power = true,
            'd' => {
                let cycles =
                    value.parse().map_err(|_| format!("-d {value}: not a number of update cycles"))?;
                invocation.dump = Some(cycles);
            }
            'D' => invocation.debug = invocation.debug.saturating_add(1),
            'F' => invocation.foreground = Some(true),
            'B' => invocation.foreground = Some(false),
            'q' => invocation.quiet = true,
            'r' => invocation.root = Some(value),
            'u' => invocation.user = Some(value),
            'g' => invocation.group = Some(value),
            'c' => invocation.command = Some(value),
            'P' => {
                invocation.pid = Some(value.parse().map_err(|_| format!("-P {value}: not a process id"))?);
            }
            other => {
                invocation.print = Some(other);
                return Ok(invocation);
            }
        }
    }
    if let Some(operand) = options.operands().first() {
        return Err(format!("'{operand}' is one argument too many"));
    }
    match (&invocation.section, &invocation.ad_hoc) {
        (None, None) => {
            Err("say which UPS to drive: -a NAME, its section in ups.conf (or -s NAME and -x port=..)".into())
        }
        (Some(_), Some(_)) => Err("-a and -s exclude each other".into()),
        (Some(name), None) | (None, Some(name)) if name.is_empty() || name.contains(['/', '\0']) => {
            Err(format!("'{name}' is no name for a UPS"))
        }
        _ => Ok(invocation),
    }
}

/// Reads ups.conf and puts the configuration together; says what is wrong on the way.
fn configure(invocation: &Invocation, driver: &DriverInfo, host: &Host) -> Result<DriverConfig, String> {
    let paths = Paths::from_env(|name| host.env(name));
    let path = paths.conf.join("ups.conf");
    let mut config = match (&invocation.section, &invocation.ad_hoc) {
        (None, Some(name)) => {
            let (config, notes) =
                DriverConfig::ad_hoc(driver.name, name, &invocation.extra, &paths.state, &paths.alt_pid);
            say(host, &notes);
            config
        }
        (section, _) => {
            let name = section.as_deref().unwrap_or_default();
            let text = host.read(&path).map_err(|error| {
                format!(
                    "{} cannot be read: {error} (create it with a section [{name}], or set NUT_CONFPATH to its folder)",
                    path.display()
                )
            })?;
            let (conf, diagnostics) = ups_conf(&path.display().to_string(), &text);
            // Whoever started this driver may have said them all.
            let told = host.env(FAULTS_TOLD).is_some();
            for diagnostic in diagnostics {
                match diagnostic.severity {
                    Severity::Error if !told => host.error(diagnostic),
                    Severity::Warning if !told => host.warn(diagnostic),
                    _ => host.debug(1, diagnostic),
                }
            }
            let section = conf.section(name).ok_or_else(|| {
                let names: Vec<&str> = conf.sections.iter().map(|section| section.name.as_str()).collect();
                let names = if names.is_empty() { "no sections at all".into() } else { names.join(", ") };
                format!(
                    "{} has no section [{name}] with a driver and a port (there are: {names})",
                    path.display()
                )
            })?;
            if section.driver != driver.name {
                return Err(format!(
                    "[{name}] in {} is for the driver {}, and this is {}",
                    path.display(),
                    section.driver,
                    driver.name
                ));
            }
            let (state, pid) = folders(&conf, &paths, host);
            let (mut config, notes) =
                DriverConfig::build(driver.name, &conf, section, &invocation.extra, state, pid);
            say(host, &notes);
            config.conf_path = Some(path);
            config
        }
    };
    if let Some(root) = &invocation.root {
        config.root = Some(root.into());
    }
    if let Some(user) = &invocation.user {
        config.user = Some(user.clone());
    }
    if let Some(group) = &invocation.group {
        config.group = Some(group.clone());
    }
    Ok(config)
}

/// Folders of socket and pid file: the environment's, else ups.conf's `statepath`, else the usual ones.
fn folders(conf: &UpsConf, paths: &Paths, host: &Host) -> (PathBuf, PathBuf) {
    let given = |name: &str| host.env(name).is_some_and(|value| !value.is_empty());
    match conf.global("statepath") {
        Some(state) if !state.is_empty() && !given("NUT_STATEPATH") => {
            let pid = if given("NUT_ALTPIDPATH") { paths.alt_pid.clone() } else { state.into() };
            (state.into(), pid)
        }
        _ => (paths.state.clone(), paths.alt_pid.clone()),
    }
}

fn say(host: &Host, notes: &[String]) {
    for note in notes {
        host.warn(note);
    }
}

/// What a driver says it is.
fn banner(driver: &DriverInfo) -> String {
    let mut text = format!("Network UPS Tools - {} {} ({})\n", driver.title, driver.version, crate::VERSION);
    for component in driver.components {
        text.push_str(component);
        text.push('\n');
    }
    text
}

fn options(driver: &DriverInfo) -> String {
    driver.options.iter().map(|option| format!("  {:<28} {}\n", option.name, option.help)).collect()
}

/// What `-h` prints, after the banner.
#[must_use]
pub fn help(driver: &DriverInfo) -> String {
    format!(
        "
usage: {} (-a NAME | -s NAME) [OPTIONS]

  -a NAME   drive the UPS of this section of ups.conf
  -s NAME   drive a UPS that ups.conf does not know; -x port=PATH says where
  -x OPTION[=VALUE]   as in ups.conf; again for each option
  -i TIME   time between two updates (pollinterval): 2, 500ms
  -k        shut the load down, through the running driver if there is one
  -d N      update N times, print all variables, end
  -c WORD   tell the running driver: reload, reload-or-error, reload-or-exit, exit
  -P PID    with -c: by a signal to this process
  -D        say more; again for still more. Stays in the foreground
  -F, -B    stay in the foreground; go to the background
  -u USER, -g GROUP   become this user, this group
  -r DIR    make this folder the root first (chroot); sockets and pid files are below it
  -q        no banner
  -L        list the options of this driver
  -V, -h    version; this text

options of this driver:
{}",
        driver.name,
        options(driver)
    )
}

#[cfg(test)]
mod tests {
    use outage_host::ExitStatus;
    use outage_host::virt::{EventKind, Machine, World};
    use rstest::rstest;

    use super::*;
    use crate::qx::NUTDRV_QX;

    fn invoke(line: &str) -> Result<Invocation, String> {
        parse(&NUTDRV_QX, line.split_ascii_whitespace().map(Into::into))
    }

    #[test]
    fn options_are_understood() {
        let invocation =
            invoke("-aden -DD -x offdelay=60 -x ignoresab -i 500ms -F -unut -r /jail -k -d 3 -qq");
        let pair = |name: &str, value: Option<&str>| (name.to_owned(), value.map(Into::into));
        assert_eq!(
            invocation,
            Ok(Invocation {
                section: Some("den".into()),
                debug: 2,
                extra: vec![
                    pair("offdelay", Some("60")),
                    pair("ignoresab", None),
                    pair("pollinterval", Some("500ms"))
                ],
                foreground: Some(true),
                root: Some("/jail".into()),
                user: Some("nut".into()),
                kill_power: true,
                dump: Some(3),
                quiet: true,
                ..Invocation::default()
            })
        );
    }

    #[rstest]
    #[case("", "say which UPS")]
    #[case("-a x -s y", "exclude")]
    #[case("-a ../x", "no name")]
    #[case("-a x -z", "invalid option")]
    #[case("-a", "requires an argument")]
    #[case("-a x -x nonsense=1", "knows no such option")]
    #[case("-a x -d many", "not a number")]
    #[case("-a x -P me", "not a process id")]
    #[case("-a x start", "too many")]
    fn what_is_wrong_is_said(#[case] line: &str, #[case] text: &str) {
        match invoke(line) {
            Err(why) => assert!(why.contains(text), "{why}"),
            other => panic!("{other:?}"),
        }
    }

    #[rstest]
    #[case("-h")]
    #[case("-V")]
    #[case("-L -a x")]
    fn some_only_print(#[case] line: &str) {
        assert!(invoke(line).is_ok_and(|invocation| invocation.print.is_some()));
    }

    #[test]
    fn a_banner() {
        let text = banner(&NUTDRV_QX).replace(crate::VERSION, "VERSION");
        insta::assert_snapshot!(text, @r"
        Network UPS Tools - Generic Q* Serial driver 0.47 (VERSION)
        Megatec protocol driver 0.06
        ");
    }

    fn ended(machine: &Machine, pid: u32) -> Option<ExitStatus> {
        machine.world().events().into_iter().find_map(|event| match event.kind {
            EventKind::Exited(ended, status) if ended == pid => Some(status),
            _ => None,
        })
    }

    async fn run_with(args: &str, env: Option<(&str, &str)>) -> (Machine, u32) {
        let machine = World::new(1).machine("m");
        let conf = "surprise = 1\n[den]\n driver = dummy-ups\n port = a.dev\n";
        machine.put_file("/etc/nut/ups.conf", conf, 0o640).unwrap();
        for root in ["", "/jail"] {
            machine.put_file(format!("{root}/etc/nut/a.dev"), "ups.load: 1\n", 0o640).unwrap();
            machine.put_file(format!("{root}/var/state/ups/.keep"), "", 0o640).unwrap();
        }
        if let Some((name, value)) = env {
            machine.set_env(name, value);
        }
        let args: Vec<String> = args.split_ascii_whitespace().map(str::to_owned).collect();
        let pid = machine.run("driver", |host| run_on(args, host));
        machine.world().sleep_until(Duration::from_secs(1)).await;
        (machine, pid)
    }

    #[rstest]
    #[case::by_itself(None, 1)]
    #[case::by_upsdrvctl(Some((FAULTS_TOLD, "1")), 0)]
    #[tokio::test(start_paused = true)]
    async fn faults_of_the_file_are_said_once(#[case] env: Option<(&str, &str)>, #[case] said: usize) {
        let (machine, _) = run_with("dummy-ups -a den", env).await;
        let said_now = machine
            .world()
            .events()
            .into_iter()
            .filter(|event| matches!(&event.kind, EventKind::Log(_, line) if line.contains("surprise")));
        assert_eq!(said_now.count(), said);
    }

    #[tokio::test(start_paused = true)]
    async fn a_driver_can_be_shut_in() {
        let (machine, pid) = run_with("dummy-ups -a den -r /jail -u nut", None).await;
        assert!(machine.stat("/jail/var/state/ups/dummy-ups-den").is_ok());
        assert!(machine.stat("/var/state/ups/dummy-ups-den").is_err());
        let tell = "dummy-ups -a den -r /jail -c exit".split(' ').map(str::to_owned).collect();
        let teller = machine.run("teller", |host| run_on(tell, host));
        machine.world().sleep_until(Duration::from_secs(5)).await;
        assert_eq!(
            (ended(&machine, teller), ended(&machine, pid)),
            (Some(ExitStatus::Code(0)), Some(ExitStatus::Code(0)))
        );

        let (machine, pid) = run_with("dummy-ups -a den -r /no/such", None).await;
        assert_eq!(ended(&machine, pid), Some(ExitStatus::Code(1)));
    }
}
