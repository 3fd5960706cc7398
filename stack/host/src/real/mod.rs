//! The machine this program runs on.

mod daemon;
mod files;
mod hidraw;
mod local;
mod log;
mod net;
mod os;
mod process;
mod serial;
mod sys;
mod sysfs;
mod terminal;
mod timer;
mod usb;

use std::future::Future;
use std::io;
use std::process::ExitCode;

use tokio::runtime::Runtime;

use self::daemon::{Readiness, Side};
use self::log::Log;
use self::os::RealOs;
use self::timer::Timers;
use crate::host::Host;
use crate::os::Priority;
use crate::quiet::boxed;

/// How a program is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The program's name in the log.
    pub ident: String,
    /// Whether it goes to the background once its `run` calls [`crate::Os::ready`].
    pub background: bool,
    /// How many `-D` were given.
    pub debug: u8,
    /// Whether it logs to syslog from the start, beside standard error. In the background it always does, instead.
    pub syslog: bool,
}

/// What a panic ends the process with; the code that Rust programs end with after one.
const PANICKED: i32 = 101;

/// Runs a program on this machine, to its end: builds the runtime (one thread) and calls `run` with the handle to the
/// machine. To be called first thing in `main`, while there is only one thread.
///
/// With [`Start::background`], the process splits first. The new one calls `run`; this one waits until that calls
/// `ready` (and returns success) or ends before (and returns its exit code).
///
/// A panic anywhere in the program is logged and ends the process: no daemon goes on with a part of it dead.
pub fn start<F>(start: Start, run: impl FnOnce(Host) -> F) -> ExitCode
where
    F: Future<Output = ExitCode> + Send + 'static,
{
    // Lives as long as the process; the panic hook wants it.
    let log: &'static Log = Box::leak(Box::new(Log::new(&start.ident, start.debug, start.syslog)));
    let readiness = if start.background {
        match daemon::split() {
            Ok(Side::Daemon(readiness)) => readiness,
            Ok(Side::Parent(code)) => return code,
            Err(error) => {
                log.write(Priority::Error, &format!("failed to go to the background: {error}"));
                return ExitCode::FAILURE;
            }
        }
    } else {
        Readiness::Foreground
    };
    std::panic::set_hook(Box::new(move |panic| {
        log.write(Priority::Critical, &format!("internal error, please report it: {panic}"));
        std::process::exit(PANICKED);
    }));
    let (runtime, timers) = match event_loop() {
        Ok(both) => both,
        Err(error) => {
            log.write(Priority::Error, &format!("failed to set up the event loop: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        // A task of its own: what it wakes itself for then stays in this thread's queue, while the thread's first future
        // is woken by way of the kernel.
        let os = RealOs::new(log, readiness, timers);
        match tokio::spawn(boxed(|| run(Host::new(os)))).await {
            Ok(code) => code,
            // The hook has ended the process before.
            Err(_) => ExitCode::FAILURE,
        }
    });
    // Not waiting for a name server that some look-up still asks.
    runtime.shutdown_background();
    code
}

/// A runtime of one thread, which has timers of its own only where the kernel has none that will do.
fn event_loop() -> io::Result<(Runtime, Timers)> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let Ok(timer) = Timers::create() else {
        return Ok((builder.enable_all().build()?, Timers::Runtime));
    };
    let runtime = builder.enable_io().build()?;
    let entered = runtime.enter();
    let timers = Timers::kernel(timer)?;
    drop(entered);
    Ok((runtime, timers))
}

/// A handle to this machine for a program that has a runtime of its own (a tool, a test): in the foreground, logging
/// to standard error.
#[must_use]
pub fn host(ident: &str, debug: u8) -> Host {
    let log: &'static Log = Box::leak(Box::new(Log::new(ident, debug, false)));
    Host::new(RealOs::new(log, Readiness::Foreground, Timers::Runtime))
}
