//! A UPS that a file describes.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use async_trait::async_trait;
use outage_host::Host;

use super::core::player::{Played, Player};
use super::core::script::{Step, parse};
use crate::core::tree::Tree;
use crate::family::{DeviceError, Family, Outcome};

/// Larger files are not read: whoever writes so much names the wrong file.
const LARGEST: u64 = 16 << 20;
/// So many faults of a file are said; of further ones, how many.
const SAID: usize = 10;

/// What tells one version of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: SystemTime,
    size: u64,
}

/// The family.
pub(super) struct Simulation {
    pub(super) host: Host,
    pub(super) ups: String,
    pub(super) path: PathBuf,
    /// The file is played again and again; otherwise once, and again when it changed.
    pub(super) repeats: bool,
    /// `driver.parameter.mode`
    pub(super) mode: &'static str,
    pub(super) player: Player,
    /// Of the version that is played.
    pub(super) stamp: Option<Stamp>,
}

impl Simulation {
    /// Begins a pass through the file, which is read again if it changed; `false` when there is nothing to be played.
    fn begin(&mut self) -> Result<bool, DeviceError> {
        let stamp = look(&self.host, &self.path)?;
        let changed = self.stamp != Some(stamp);
        if !changed && !self.repeats {
            return Ok(false);
        }
        let steps = if changed { Some(self.read()?) } else { None };
        self.stamp = Some(stamp);
        self.player.begin(steps);
        Ok(true)
    }

    fn read(&self) -> Result<Vec<Step>, DeviceError> {
        let Self { host, ups, path, .. } = self;
        let bytes = host.read(path).map_err(|error| unreadable(path, &error.to_string()))?;
        let (steps, faults) = parse(&bytes);
        for fault in faults.iter().take(SAID) {
            host.warn(format_args!("[{ups}] {}:{fault}", path.display()));
        }
        if faults.len() > SAID {
            host.warn(format_args!("[{ups}] {}: and {} more", path.display(), faults.len() - SAID));
        }
        host.debug(1, format_args!("[{ups}] read {}: {} instructions", path.display(), steps.len()));
        Ok(steps)
    }
}

fn look(host: &Host, path: &Path) -> Result<Stamp, DeviceError> {
    let info = host.stat(path).map_err(|error| unreadable(path, &error.to_string()))?;
    if !info.is_file {
        return Err(unreadable(path, "not a plain file (port names the file that describes the UPS)"));
    }
    if info.size > LARGEST {
        return Err(unreadable(path, "far too large for a definition file"));
    }
    Ok(Stamp { modified: info.modified, size: info.size })
}

fn unreadable(path: &Path, why: &str) -> DeviceError {
    DeviceError::Failed(format!("failed to read {}: {why}", path.display()))
}

#[async_trait]
impl Family for Simulation {
    async fn open(&mut self) -> Result<(), DeviceError> {
        look(&self.host, &self.path).map(drop)
    }

    async fn init(&mut self, tree: &mut Tree) -> Result<(), DeviceError> {
        tree.set("driver.parameter.mode", self.mode);
        self.player.introduce(tree);
        tree.add_command("load.off");
        Ok(())
    }

    async fn poll(&mut self, tree: &mut Tree) -> Result<(), DeviceError> {
        loop {
            if !self.player.is_playing() && !self.begin()? {
                return Ok(());
            }
            // A pass that waited last is followed by another at once; that one waits too, or ends without having waited.
            match self.player.play(self.host.now(), tree) {
                Played::Ended { waited: true } if self.repeats => {}
                Played::Ended { .. } | Played::Waits => return Ok(()),
            }
        }
    }

    async fn event(&mut self) -> Result<(), DeviceError> {
        match self.player.wakes() {
            Some(at) => self.host.sleep_until(at).await,
            None => std::future::pending().await,
        }
        Ok(())
    }

    async fn command(&mut self, _: &str, _: Option<&str>, _: &mut Tree) -> Outcome {
        // Not even load.off, which NUT's dummy-ups advertises and does not know either.
        Outcome::Unknown
    }

    async fn set(&mut self, variable: &str, value: &str, tree: &mut Tree) -> Outcome {
        self.player.set(tree, variable, value);
        Outcome::Handled
    }

    async fn close(&mut self) {}
}
