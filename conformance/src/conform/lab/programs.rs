//! Where NUT's own programs in C are.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::file_name;
use crate::conform::Miss;

/// Folders of NUT's own programs. What Debian has in /usr/sbin under the names of the daemons are scripts that start
/// nothing until nut.conf has a MODE.
const LIBRARY: [&str; 2] = ["/lib/nut", "/usr/lib/nut"];
/// Folders that the PATH of a user who is not root may lack.
const SYSTEM: [&str; 2] = ["/usr/sbin", "/sbin"];

/// NUT's program of this name: in `folder` if one is given, else where it is installed.
///
/// # Errors
/// [`Miss::Precondition`], which says where it was looked for.
pub fn find(name: &str, folder: Option<&Path>) -> Result<PathBuf, Miss> {
    if let Some(folder) = folder {
        let path = folder.join(name);
        let missing = || Miss::Precondition(format!("no program {} (--bin)", path.display()));
        return if is_c(&path) { Ok(path) } else { Err(missing()) };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = LIBRARY.map(PathBuf::from).into_iter();
    let folders = folders.chain(env::split_paths(&path)).chain(SYSTEM.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| is_c(path)).ok_or_else(|| {
        Miss::Precondition(format!(
            "no {name} of NUT in /lib/nut, PATH or /usr/sbin (apt-get install nut-server nut-client, or --bin DIR)"
        ))
    })
}

/// Whether this is a program, and neither a script around one nor a link to Outage itself, which may be installed under
/// NUT's names.
fn is_c(path: &Path) -> bool {
    let executable =
        fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    let script = || {
        let mut start = [0; 2];
        let read = fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
        read.is_err() || start == *b"#!"
    };
    let target = fs::canonicalize(path).map(|target| file_name(&target)).unwrap_or_default();
    executable && !script() && !target.is_empty() && target != "ups" && target != "outage"
}
