//! Where programs are: ours, and NUT's.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Whose program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Maker {
    /// Outage's.
    Ours,
    /// NUT's, in C.
    C,
}

impl Maker {
    /// As a name of files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::C => "c",
        }
    }
}

/// Folders of NUT's own programs. What Debian has in /usr/sbin under the names of the daemons are scripts
/// that start nothing until nut.conf has a MODE.
const LIBRARY: [&str; 2] = ["/lib/nut", "/usr/lib/nut"];
/// Folders that the PATH of a user who is not root may lack.
const SYSTEM: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Our binary: it is the program that it is called as.
pub(crate) fn ours() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_outage"))
}

/// NUT's program of this name.
///
/// # Errors
/// Text that says where it was looked for.
pub(crate) fn c(name: &str) -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = LIBRARY.map(PathBuf::from).into_iter();
    let folders = folders.chain(env::split_paths(&path)).chain(SYSTEM.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| is_c(path)).ok_or_else(|| {
        format!(
            "precondition unmet: no {name} in PATH, /usr/sbin or /lib/nut (apt-get install nut-server nut-client)"
        )
    })
}

/// Whether this is a program, and not a script around one, nor a link to Outage itself, which may be installed under NUT's
/// names.
fn is_c(path: &Path) -> bool {
    let executable =
        fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    let script = fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"#!"));
    let target = fs::canonicalize(path).ok();
    let target = target.as_deref().and_then(Path::file_name);
    executable && !script && target.is_some_and(|name| name != "ups" && name != "outage")
}
