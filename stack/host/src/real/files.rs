//! Files that are replaced in one step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::os::{BoxLock, FileInfo, FileLock};

/// Replaces `path`: a new file beside it is written, flushed to disk and renamed, so that there is at all times either
/// the old content or the new, even after a power failure in between.
pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let target = match fs::symlink_metadata(path) {
        // What a link leads to is replaced, not the link.
        Ok(metadata) if metadata.is_symlink() => fs::canonicalize(path).unwrap_or_else(|_| path.into()),
        _ => path.to_path_buf(),
    };
    match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        // A device or a pipe is written to; a rename would put a file in its place.
        Ok(metadata) if !metadata.is_file() => {
            return OpenOptions::new().write(true).open(&target)?.write_all(content);
        }
        _ => {}
    }
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut temporary = name.to_os_string();
    temporary.push(format!(".{}.new", std::process::id()));
    let temporary = directory.join(temporary);
    let result = fill(&temporary, content, mode).and_then(|()| fs::rename(&temporary, &target));
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
        return result;
    }
    // The rename itself has to reach the disk as well. Some file systems cannot flush a directory; nothing is lost then.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

fn fill(path: &PathBuf, content: &[u8], mode: u32) -> io::Result<()> {
    // One that an earlier, killed process of the same id left behind.
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode & 0o600).open(path)?;
    // Whatever the umask is.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(content)?;
    file.sync_all()
}

/// Puts a link at `path`: made beside it and renamed, so that there is at all times either the old one or the new.
pub(super) fn make_link(path: &Path, target: &Path) -> io::Result<()> {
    let temporary = path.with_added_extension(format!("{}.new", std::process::id()));
    // One that an earlier, killed process of the same id left behind.
    let _ = fs::remove_file(&temporary);
    symlink(target, &temporary)?;
    let result = fs::rename(&temporary, path);
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result
}

pub(super) fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

pub(super) fn stat(path: &Path) -> io::Result<FileInfo> {
    let metadata = fs::metadata(path)?;
    Ok(FileInfo {
        mode: metadata.permissions().mode() & 0o7777,
        size: metadata.len(),
        is_dir: metadata.is_dir(),
        is_file: metadata.is_file(),
        user: metadata.uid(),
        group: metadata.gid(),
        // Every system that this runs on knows it.
        modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
    })
}

/// A file that flock(2) holds.
struct Lock {
    file: File,
    path: PathBuf,
}

impl FileLock for Lock {}

impl Drop for Lock {
    fn drop(&mut self) {
        // What somebody wrote into it is theirs. The lock ends after this, with the file's descriptor: whoever has the
        // file open by now finds that it is not the path's any more.
        if self.file.metadata().is_ok_and(|file| file.is_file() && file.len() == 0) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Locks `path`. A lock ends with its process, so that none is ever left behind.
pub(super) fn lock(path: &Path, mode: u32) -> io::Result<Option<BoxLock>> {
    loop {
        let mut options = OpenOptions::new();
        let nofollow = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file =
            options.write(true).create(true).truncate(false).mode(mode).custom_flags(nofollow).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        // The one that had it before may have removed it meanwhile.
        let own = file.metadata()?;
        match fs::symlink_metadata(path) {
            Ok(there) if (there.dev(), there.ino()) == (own.dev(), own.ino()) => {
                return Ok(Some(Box::new(Lock { file, path: path.into() })));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
}
