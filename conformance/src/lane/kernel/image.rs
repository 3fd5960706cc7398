//! The guest's kernel and initramfs, made by `ci/guest/build` once for all runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use crate::lane::Trouble;

/// Where the script lies in a checkout.
const SCRIPT: &str = "ci/guest/build";
/// What it ends with when something that it needs is missing.
const UNMET: i32 = 3;
/// How long, in seconds, a guest may take to show that KVM works here, where it needs one or two: a KVM that is there may
/// hang its guests.
const KVM_LIMIT: &str = "5";

/// A guest that can be booted.
#[derive(Debug)]
pub(super) struct Image {
    folder: TempDir,
    /// QEMU.
    pub(super) emulator: PathBuf,
    /// What it is to emulate the processor with.
    pub(super) accelerator: &'static str,
}

impl Image {
    /// An image with nothing in it, run by `emulator`.
    #[cfg(test)]
    pub(super) fn empty(emulator: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let image = Self { folder, emulator: emulator.to_owned(), accelerator: "tcg" };
        for file in [image.kernel(), image.initramfs()] {
            std::fs::write(file, "").expect("a file can be written");
        }
        image
    }

    /// The kernel.
    pub(super) fn kernel(&self) -> PathBuf {
        self.folder.path().join("vmlinuz")
    }

    /// What every machine has in common.
    pub(super) fn initramfs(&self) -> PathBuf {
        self.folder.path().join("initramfs.gz")
    }
}

type Made = Result<Arc<Image>, Trouble>;

/// Images by whether they hold the C programs too.
static IMAGES: Mutex<BTreeMap<bool, Made>> = Mutex::new(BTreeMap::new());

/// The image with `program` as the stack in it, and NUT's C programs if `nut`. It is made at the first call.
pub(super) fn image(program: &Path, nut: bool) -> Made {
    let mut images = IMAGES.lock().unwrap_or_else(PoisonError::into_inner);
    images.entry(nut).or_insert_with(|| make(program, nut).map(Arc::new)).clone()
}

/// Removes the images' files: nobody drops what is static.
pub(super) fn forget() {
    IMAGES.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

fn make(program: &Path, nut: bool) -> Result<Image, Trouble> {
    let script = script(program)?;
    let folder = tempfile::Builder::new()
        .prefix("outage-guest-")
        .tempdir()
        .map_err(|error| Trouble::Broken(format!("failed to make a folder for the guest: {error}")))?;
    let mut build = Command::new(&script);
    build.arg("--ups").arg(program).arg("--out").arg(folder.path());
    if nut {
        build.arg("--nut");
    }
    let built = output(&mut build)?;
    if !built.status.success() {
        let text = String::from_utf8_lossy(&built.stderr).trim().to_owned();
        return Err(match text.lines().last().and_then(|line| line.strip_prefix("precondition unmet: ")) {
            Some(what) if built.status.code() == Some(UNMET) => Trouble::Unmet(what.to_owned()),
            _ => Trouble::Broken(format!("{} failed: {text}", script.display())),
        });
    }
    let mut image = Image { folder, emulator: super::guest::QEMU.into(), accelerator: "tcg" };
    if kvm_works(&image)? {
        image.accelerator = "kvm";
    }
    Ok(image)
}

/// The script, in the checkout that this program was built in or is run in.
fn script(program: &Path) -> Result<PathBuf, Trouble> {
    let here = std::env::current_dir().unwrap_or_default();
    let found = here.ancestors().chain(program.ancestors()).map(|folder| folder.join(SCRIPT));
    found.into_iter().find(|script| script.is_file()).ok_or_else(|| {
        Trouble::Unmet(format!("{SCRIPT}, which is in the project's sources: run this in a checkout"))
    })
}

/// Whether a guest boots with KVM. Without a machine to be (`/etc/lab`), it switches off at once.
fn kvm_works(image: &Image) -> Result<bool, Trouble> {
    if std::fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_err() {
        return Ok(false);
    }
    let mut command = Command::new("timeout");
    command
        .args(["-s", "KILL", KVM_LIMIT])
        .arg(&image.emulator)
        .args(["-accel", "kvm"])
        .args(super::guest::BARE);
    command.arg("-kernel").arg(image.kernel()).arg("-initrd").arg(image.initramfs());
    command.args(["-append", "quiet panic=-1"]);
    Ok(output(&mut command)?.status.success())
}

fn output(command: &mut Command) -> Result<Output, Trouble> {
    let program = command.get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Trouble::Broken(format!("failed to run {program}: {error}")))
}
