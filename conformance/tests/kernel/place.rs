//! Folders in which `outage run --lane kernel` finds another guest than the project's, or other programs.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// The laboratory's program.
pub(crate) const OUTAGE: &str = env!("CARGO_BIN_EXE_outage");

/// A scenario that boots once, if it gets that far.
pub(crate) const FILE: &str = "scenarios/flag-left-over.kdl";
/// One of its runs.
pub(crate) const RUN: &str = "flag-left-over/eaton-3s-700";

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// What makes the guest.
pub(crate) fn build() -> PathBuf {
    root().join("ci/guest/build")
}

/// A folder that the laboratory is run in. It makes its guest by the `ci/guest/build` that lies there.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a script, and the folders above it.
    pub(crate) fn script(&self, name: &str, text: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The project's guest, with the files of `root/` laid over its own.
    pub(crate) fn lay_over(&self) {
        let (build, root) = (build(), self.at("root"));
        let text = format!(
            "#!/bin/sh\nset -e\n'{}' \"$@\"\nwhile [ \"$1\" != --out ]; do shift; done\ncd '{}'\n\
             find . | cpio -o -H newc --quiet -R 0:0 | gzip -1 >>\"$2/initramfs.gz\"\n",
            build.display(),
            root.display()
        );
        self.script("ci/guest/build", &text);
    }

    /// A folder for PATH with every program of this machine in it but QEMU.
    pub(crate) fn without_emulator(&self) -> PathBuf {
        let folder = self.at("bin");
        fs::create_dir(&folder).unwrap();
        for programs in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
            for program in fs::read_dir(programs).into_iter().flatten().flatten() {
                if !program.file_name().to_string_lossy().starts_with("qemu-system") {
                    // The first of a name counts.
                    let _ = symlink(program.path(), folder.join(program.file_name()));
                }
            }
        }
        folder
    }

    /// `outage run --lane kernel`, in here.
    pub(crate) fn run(&self, words: &[&str]) -> Command {
        let mut command = Command::new(OUTAGE);
        command.current_dir(self.0.path()).args(["run", "--lane", "kernel"]).args(words);
        command
    }
}

/// A scenario of the kernel lane.
pub(crate) fn scenario(name: &str) -> String {
    root().join(name).display().to_string()
}

/// Runs a command with `--json`: its exit code, and the document.
pub(crate) fn judged(command: &mut Command) -> Result<(i32, serde_json::Value), String> {
    let output = command.arg("--json").output().map_err(|error| error.to_string())?;
    let document = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok((output.status.code().unwrap_or(-1), document))
}

/// Fails unless `text` holds all `parts`.
pub(crate) fn holds(text: &str, parts: &[&str]) -> Result<(), String> {
    match parts.iter().find(|part| !text.contains(**part)) {
        Some(part) => Err(format!("no {part:?} in: {text}")),
        None => Ok(()),
    }
}
