//! upsmon on a virtual machine, against servers that are played by hand.

mod child;
mod control;
mod outage;
mod secure;
mod server;
mod tool;
mod trouble;

use std::process::ExitCode;
use std::time::Duration;

use outage_config::Paths;
use outage_host::virt::{EventKind, Machine, Running, Spawn, World};
use outage_host::{ExitStatus, Priority};
use outage_upsmon::UpsmonConfig;

pub(crate) const CONF: &str = "/etc/nut/upsmon.conf";

/// What every test's upsmon.conf ends with.
const REST: &str = "SHUTDOWNCMD \"halt now\"\nPOWERDOWNFLAG /etc/killpower\n";

/// A machine with an upsmon, and its world.
pub(crate) struct Lab {
    pub(crate) world: World,
    pub(crate) machine: Machine,
    pub(crate) pid: u32,
}

impl Lab {
    /// Starts upsmon with this upsmon.conf, and what every one needs.
    pub(crate) fn start(world: &World, conf: &str) -> Self {
        Self::start_with(world, &format!("{conf}\n{REST}"), |_| {})
    }

    /// Starts upsmon with exactly this upsmon.conf, on a machine prepared by `prepare`.
    pub(crate) fn start_with(world: &World, conf: &str, prepare: impl FnOnce(&Machine)) -> Self {
        let machine = world.machine("desk");
        machine.put_file(CONF, conf, 0o640).expect("a file");
        for program in ["/usr/bin/notify", "/usr/bin/hang"] {
            machine.put_file(program, "", 0o755).expect("a file");
        }
        machine.on_spawn(programs);
        prepare(&machine);
        let pid =
            machine.run("upsmon", |host| outage_upsmon::run(UpsmonConfig::new(&Paths::default()), host));
        Self { world: world.clone(), machine, pid }
    }

    /// What could be seen of this machine from the `skip`th event on: `seconds what`.
    pub(crate) fn seen(&self) -> Vec<String> {
        let own = |event: &&outage_host::virt::Event| &*event.machine == "desk";
        self.world
            .events()
            .iter()
            .filter(own)
            .filter_map(|event| Some(format!("{} {}", event.at.as_secs_f64(), shown(&event.kind)?)))
            .collect()
    }

    /// The lines of [`Lab::seen`] that hold `what`.
    pub(crate) fn find(&self, what: &str) -> Vec<String> {
        self.seen().into_iter().filter(|line| line.contains(what)).collect()
    }

    /// Waits for upsmon's end, for no more than `limit` seconds.
    pub(crate) async fn ended(&self, limit: u64) -> Option<ExitStatus> {
        let end = self.machine.exited(self.pid);
        tokio::time::timeout(Duration::from_secs(limit), end).await.ok().flatten()
    }

    /// Lets the time run until `at` seconds.
    pub(crate) async fn until(&self, at: f64) {
        self.world.sleep_until(Duration::from_secs_f64(at)).await;
    }
}

/// The programs of the machine: `notify` and the shell's `halt now` end well; `fail` doesn't, `hang` never ends.
fn programs(spawn: &Spawn) -> Running {
    match spawn.command.argv.first().map_or("", String::as_str) {
        "/usr/bin/notify" | "halt now" => Running::Exit(ExitStatus::Code(0), Duration::ZERO),
        "fail" => Running::Exit(ExitStatus::Code(3), Duration::ZERO),
        "/usr/bin/hang" | "hang" => Running::task(std::future::pending()),
        _ => Running::Missing,
    }
}

/// Notices and worse, broadcasts, programs, files.
fn shown(kind: &EventKind) -> Option<String> {
    match kind {
        EventKind::Log(priority, text) if *priority <= Priority::Notice => Some(format!("log {text}")),
        EventKind::Broadcast(text) => Some(format!("wall {text}")),
        EventKind::Spawned(_, command) if command.shell => Some(format!("shell {}", command.argv.join(" "))),
        EventKind::Spawned(_, command) => {
            let env: Vec<_> = command.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
            Some(format!("exec {:?} {}", command.argv, env.join(" ")).trim_end().to_owned())
        }
        EventKind::Wrote(path, content, mode) => {
            Some(format!("wrote {} {:?} {mode:o}", path.display(), String::from_utf8_lossy(content)))
        }
        EventKind::Removed(path) => Some(format!("removed {}", path.display())),
        EventKind::Exited(_, status) => Some(format!("end: {status}")),
        _ => None,
    }
}

/// The code of a daemon that a test plays.
pub(crate) const fn served() -> ExitCode {
    ExitCode::SUCCESS
}
