//! upssched: upsmon's NOTIFYCMD that does things later, unless something else happens before (upssched(8)).
//!
//! upsmon runs it for each notice. It does what the AT lines of upssched.conf say about that notice: runs CMDSCRIPT at
//! once, or starts and cancels timers. The timers are in a process of their own, which the first one starts and which ends
//! when there is nothing left to do: [`core`] is its judgement, and `daemon` does it.
//!
//! There is one such process at a time, since it holds a lock on LOCKFN for as long as it lives; a crash leaves none behind.
//! It answers each request when that is done, and not before: who gets no answer, because the process was about to end,
//! asks again, and starts the next one if need be. No request is lost between two processes.

mod client;
pub mod core;
mod daemon;
mod options;
mod script;
mod wire;

use std::process::ExitCode;

use outage_config::{Paths, Severity, UpsschedConf, upssched_conf};
use outage_host::{Host, Priority, real};

use self::core::Notice;
pub use self::options::{HELP, LETTERS};
use self::options::{Options, Task};

/// The first line of everything.
const BANNER: &str = concat!("Network UPS Tools upssched ", env!("CARGO_PKG_VERSION"));

/// The permission bits of LOCKFN.
const LOCK_MODE: u32 = 0o600;

/// The program. `args` are those after its name.
///
/// Exit codes: 0 when everything was ordered that the AT lines say, whatever becomes of CMDSCRIPT; else 1.
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    let tool = real::host("upssched", 0);
    let options = options::parse(&args, |name| tool.env(name));
    let (background, syslog) = match &options {
        Ok(options) => (options.task == Task::Timers, options.task == Task::Notice),
        Err(_) => (false, false),
    };
    let debug = options.as_ref().map_or(0, |options| options.debug);
    let start = real::Start { ident: "upssched".into(), background, debug, syslog };
    real::start(start, |host| run(args, host))
}

/// Runs upssched on `host`; as the process that holds the timers, in the foreground. `args` are without the program's name.
pub async fn run(args: Vec<String>, host: Host) -> ExitCode {
    let options = match options::parse(&args, |name| host.env(name)) {
        Ok(options) => options,
        Err(error) => {
            host.error(format_args!("{error}; see upssched -h"));
            return ExitCode::FAILURE;
        }
    };
    host.set_debug_level(host.debug_level().max(options.debug));
    match options.task {
        Task::Help => {
            host.print(&format!("{BANNER}\n\n{}", HELP));
            ExitCode::SUCCESS
        }
        Task::Version => {
            host.print(&format!("{BANNER}\n"));
            ExitCode::SUCCESS
        }
        Task::List => match load(&host, false) {
            Some(conf) => client::list(&conf, &host).await,
            None => ExitCode::FAILURE,
        },
        Task::Timers => match load(&host, false) {
            Some(conf) => daemon::run(conf, host).await,
            None => ExitCode::FAILURE,
        },
        Task::Notice => notice(options, host).await,
    }
}

async fn notice(options: Options, host: Host) -> ExitCode {
    let (Some(kind), Some(ups)) = (host.env("NOTIFYTYPE"), host.env("UPSNAME")) else {
        host.error("Error: UPSNAME and NOTIFYTYPE must be set.");
        host.error("This program should only be run from upsmon.");
        return ExitCode::FAILURE;
    };
    if let Some(problem) = &options.problem {
        host.warn(format_args!("{problem}: taken as the notice's text"));
    }
    let text = if options.message.is_empty() { host.env("NOTIFYMSG") } else { Some(options.message) };
    let notice = Notice::new(&kind, &ups, &text.unwrap_or_default());
    match load(&host, true) {
        Some(conf) => client::act(&conf, notice, &host).await,
        None => ExitCode::FAILURE,
    }
}

/// Reads upssched.conf, and says what is wrong in it: once a notice is enough.
fn load(host: &Host, say: bool) -> Option<UpsschedConf> {
    let file = Paths::from_env(|name| host.env(name)).conf.join("upssched.conf");
    let bytes = match host.read(&file) {
        Ok(bytes) => bytes,
        Err(error) => {
            host.error(format_args!("Can't open {}: {error}", file.display()));
            return None;
        }
    };
    let (conf, faults) = upssched_conf(&file.display().to_string(), &bytes);
    for fault in faults.iter().filter(|_| say) {
        let priority = match fault.severity {
            Severity::Error => Priority::Error,
            Severity::Warning => Priority::Warning,
            Severity::Note => Priority::Info,
        };
        host.log(priority, &fault.to_string());
    }
    if let Some(level) = conf.debug_min {
        host.set_debug_level(host.debug_level().max(level));
    }
    if let Some(problem) = conf.problem() {
        host.error(format_args!("{}: {problem}", file.display()));
        return None;
    }
    Some(conf)
}
