//! Does what the judgement says: sockets, signals, files, programs.

mod config;
mod flag;
mod link;
mod notify;
mod privileged;
mod secure;
mod watch;

pub(crate) use config::pid_in;
pub use config::{Family, UpsmonConfig};
pub(crate) use flag::is_set as powerdown_flag_is_set;
pub use privileged::run_child;

use std::process::ExitCode;

use outage_host::{Host, boxed};

use self::watch::{Executor, Watch};

/// Watches until there is nothing left to do: a signal says so, or this machine has been shut down.
///
/// As root, with a user to become (`-u`, RUN_AS_USER) and without `-p`, this process only starts another one that
/// watches as that user, and runs the shutdown command when told to.
pub async fn run(config: UpsmonConfig, host: Host) -> ExitCode {
    let mut conf = match config::load(&host, &config.conf_file) {
        Ok(conf) => conf,
        Err(error) => {
            host.error(format_args!("Fatal error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    config.apply_debug_min(&host, conf.debug_min, false);
    config::introduce(&host, &conf);
    flag::prepare(&host, &mut conf);
    let user = config.user.clone().or_else(|| conf.run_as_user.clone()).filter(|user| user != "root");
    match user {
        Some(user) if host.is_root() && !config.single_process => {
            if host.find_user(&user).is_none() {
                // Said now, while whoever starts this looks.
                host.error(format_args!(
                    "Fatal error: there is no user {user}: name another one with RUN_AS_USER, or make it (useradd)"
                ));
                return ExitCode::FAILURE;
            }
            privileged::run(&config, &conf, &user, host).await
        }
        user => {
            match user {
                None if host.is_root() && !config.single_process => {
                    host.info("RUN_AS_USER is not set: everything runs as root");
                }
                Some(user) if !host.is_root() => {
                    host.info(format_args!("not started as root: this process does not become user {user}"));
                }
                _ => {}
            }
            config.claim_pid_file(&host);
            let watch = Watch::new(config, conf, Executor::Own, host.clone());
            host.watched(boxed(|| watch.run())).await
        }
    }
}
