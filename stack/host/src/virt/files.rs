//! A file system in memory.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Weak;
use std::time::{Duration, SystemTime};

use super::network::Queue;
use crate::os::FileInfo;

/// What a path leads to.
pub(super) enum Node {
    Directory {
        mode: u32,
    },
    File {
        content: Vec<u8>,
        mode: u32,
        /// How many changes of files there were when this was changed last.
        change: u64,
    },
    /// A Unix socket; it stays when its listener is gone, and then refuses.
    Socket {
        queue: Weak<Queue>,
        mode: u32,
    },
}

/// A machine's files. As on a disk, they outlive a power failure, but for those under `/run`.
pub(super) struct Files {
    nodes: BTreeMap<PathBuf, Node>,
    faults: BTreeMap<PathBuf, io::ErrorKind>,
    changes: u64,
}

/// `path` without `.` and `..`, as an absolute path.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    clean
}

impl Files {
    pub(super) fn new() -> Self {
        let mut files = Self { nodes: BTreeMap::new(), faults: BTreeMap::new(), changes: 0 };
        for path in ["/etc/nut", "/etc/ups", "/var/state/ups", "/run/nut", "/var/run/nut", "/tmp", "/dev"] {
            files.make_directories(Path::new(path));
        }
        files
    }

    /// What is in memory only, is gone.
    pub(super) fn power_off(&mut self) {
        self.nodes.retain(|path, node| {
            matches!(node, Node::Directory { .. })
                || !(path.starts_with("/run") || path.starts_with("/var/run"))
        });
    }

    /// From now on, changes under `path` fail like this; `None` ends it.
    pub(super) fn set_fault(&mut self, path: &Path, fault: Option<io::ErrorKind>) {
        match fault {
            Some(kind) => self.faults.insert(clean(path), kind),
            None => self.faults.remove(&clean(path)),
        };
    }

    fn check_fault(&self, path: &Path) -> io::Result<()> {
        match self.faults.iter().find(|(prefix, _)| path.starts_with(prefix)) {
            Some((_, kind)) => Err((*kind).into()),
            None => Ok(()),
        }
    }

    /// The directory that is to hold `path` must be there.
    fn check_parent(&self, path: &Path) -> io::Result<()> {
        match path.parent().map(|parent| self.nodes.get(parent)) {
            None | Some(Some(Node::Directory { .. })) => Ok(()),
            Some(Some(_)) => Err(io::ErrorKind::NotADirectory.into()),
            Some(None) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn get(&self, path: &Path) -> io::Result<&Node> {
        self.nodes.get(&clean(path)).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.get(path)? {
            Node::File { content, .. } => Ok(content.clone()),
            Node::Directory { .. } => Err(io::ErrorKind::IsADirectory.into()),
            Node::Socket { .. } => Err(io::Error::from_raw_os_error(libc::ENXIO)),
        }
    }

    pub(super) fn write(&mut self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        let path = clean(path);
        self.check_fault(&path)?;
        self.check_parent(&path)?;
        if let Some(Node::Directory { .. }) = self.nodes.get(&path) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        self.changes += 1;
        self.nodes.insert(path, Node::File { content: content.to_vec(), mode, change: self.changes });
        Ok(())
    }

    pub(super) fn append(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        let path = clean(path);
        self.check_fault(&path)?;
        self.check_parent(&path)?;
        self.changes += 1;
        let new = Node::File { content: Vec::new(), mode: 0o644, change: self.changes };
        match self.nodes.entry(path).or_insert(new) {
            Node::File { content: so_far, change, .. } => {
                so_far.extend_from_slice(content);
                *change = self.changes;
            }
            Node::Directory { .. } => return Err(io::ErrorKind::IsADirectory.into()),
            Node::Socket { .. } => return Err(io::Error::from_raw_os_error(libc::ENXIO)),
        }
        Ok(())
    }

    /// Puts a socket at `path`, in place of an old one.
    pub(super) fn bind(&mut self, path: &Path, queue: Weak<Queue>, mode: u32) -> io::Result<()> {
        let path = clean(path);
        self.check_fault(&path)?;
        self.check_parent(&path)?;
        if let Some(Node::File { .. } | Node::Directory { .. }) = self.nodes.get(&path) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        self.nodes.insert(path, Node::Socket { queue, mode });
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let path = clean(path);
        match self.nodes.get(&path) {
            None => Err(io::ErrorKind::NotFound.into()),
            Some(Node::Directory { .. }) => Err(io::ErrorKind::IsADirectory.into()),
            Some(_) => {
                self.check_fault(&path)?;
                self.nodes.remove(&path);
                Ok(())
            }
        }
    }

    pub(super) fn stat(&self, path: &Path) -> io::Result<FileInfo> {
        let start = FileInfo {
            mode: 0,
            size: 0,
            is_dir: false,
            is_file: false,
            user: 0,
            group: 0,
            modified: SystemTime::UNIX_EPOCH,
        };
        Ok(match self.get(path)? {
            Node::Directory { mode } => FileInfo { mode: *mode, is_dir: true, ..start },
            Node::File { content, mode, change } => FileInfo {
                mode: *mode,
                size: content.len() as u64,
                is_file: true,
                // Each change is later than the one before, also at the same virtual time.
                modified: start.modified + Duration::from_secs(*change),
                ..start
            },
            Node::Socket { mode, .. } => FileInfo { mode: *mode, ..start },
        })
    }

    /// The names of what a directory holds, in order.
    pub(super) fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let path = clean(path);
        match self.get(&path)? {
            Node::Directory { .. } => {}
            Node::File { .. } | Node::Socket { .. } => return Err(io::ErrorKind::NotADirectory.into()),
        }
        let inside = self.nodes.keys().filter(|node| node.parent() == Some(&path));
        Ok(inside.filter_map(|node| node.file_name()).map(OsString::from).collect())
    }

    /// Makes a directory and those above it, where nothing else is in the way.
    pub(super) fn create_dir_all(&mut self, path: &Path) -> io::Result<()> {
        let path = clean(path);
        for part in path.ancestors() {
            match self.nodes.get(part) {
                Some(Node::Directory { .. }) => break,
                Some(_) if part == path => return Err(io::ErrorKind::AlreadyExists.into()),
                Some(_) => return Err(io::ErrorKind::NotADirectory.into()),
                None => self.check_fault(part)?,
            }
        }
        self.make_directories(&path);
        Ok(())
    }

    fn make_directories(&mut self, path: &Path) {
        for part in path.ancestors() {
            self.nodes.entry(part.to_path_buf()).or_insert(Node::Directory { mode: 0o755 });
        }
    }

    pub(super) fn set_mode(&mut self, path: &Path, bits: u32) -> io::Result<()> {
        match self.nodes.get_mut(&clean(path)) {
            Some(Node::Directory { mode } | Node::File { mode, .. } | Node::Socket { mode, .. }) => {
                *mode = bits;
                Ok(())
            }
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The paths of all files, in order.
    pub(super) fn list(&self) -> Vec<PathBuf> {
        let is_file = |node: &Node| matches!(node, Node::File { .. });
        self.nodes.iter().filter(|(_, node)| is_file(node)).map(|(path, _)| path.clone()).collect()
    }
}
