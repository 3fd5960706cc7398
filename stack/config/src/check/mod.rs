//! A whole configuration folder: everything in it that is wrong or unwise, in one file and between two.
//!
//! Pure: whoever calls this has read the files, and knows the machine ([`Facts`]).

mod monitor;
mod rights;
mod secrets;
mod server;
mod sheet;
#[cfg(test)]
mod tests;
mod ups;

use crate::diagnostic::Diagnostic;
use crate::{NutConf, UpsConf, UpsdConf, UpsdUsers, UpsmonConf, UpsschedConf};
use crate::{nut_conf, ups_conf, upsd_conf, upsd_users, upsmon_conf, upssched_conf};

pub use secrets::Masked;

use self::sheet::Sheet;

/// A file as it was read.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// How it is called in what is found.
    pub path: String,
    /// What is in it.
    pub text: Vec<u8>,
    /// Who may read and change it, where that is known.
    pub rights: Option<Rights>,
}

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Its permission bits.
    pub mode: u32,
    /// The number of the user.
    pub user: u32,
    /// The number of the group.
    pub group: u32,
}

/// What there is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There {
    /// Nothing.
    Nothing,
    /// A folder.
    Folder,
    /// Something that can be read.
    File(Rights),
}

/// A user of the machine, by numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: u32,
    /// All groups that this user is in.
    pub groups: Vec<u32>,
}

/// Finds a user by name.
pub type Accounts<'a> = &'a dyn Fn(&str) -> Option<Account>;

/// The files of a folder. `None`: there is none.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// nut.conf
    pub nut: Option<Given>,
    /// ups.conf
    pub ups: Option<Given>,
    /// upsd.conf
    pub upsd: Option<Given>,
    /// upsd.users
    pub users: Option<Given>,
    /// upsmon.conf
    pub upsmon: Option<Given>,
    /// upssched.conf
    pub upssched: Option<Given>,
}

/// What is to be known beside the files.
pub struct Facts<'a> {
    /// The drivers there are.
    pub drivers: &'a [&'a str],
    /// Whether a driver has an option of this name.
    pub knows_option: &'a dyn Fn(&str, &str) -> bool,
    /// What there is at a path; `None`: it cannot be told.
    pub at: &'a dyn Fn(&str) -> Option<There>,
    /// Where the file system is mounted that a folder lies on; `None`: it cannot be told.
    pub mount_point: &'a dyn Fn(&str) -> Option<String>,
    /// This machine's name.
    pub host_name: &'a str,
    /// The number of the user who asks.
    pub own_user: Option<u32>,
    /// The machine's users; `None` where the files are not those that its daemons read.
    pub accounts: Option<Accounts<'a>>,
}

impl std::fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Facts").field("drivers", &self.drivers).finish_non_exhaustive()
    }
}

/// All files, parsed. What is not there is empty.
struct Files {
    nut: Sheet<NutConf>,
    ups: Sheet<UpsConf>,
    upsd: Sheet<UpsdConf>,
    users: Sheet<UpsdUsers>,
    upsmon: Sheet<UpsmonConf>,
    upssched: Sheet<UpsschedConf>,
}

/// Everything that is wrong or unwise in a folder: file by file, and within a file by place.
#[must_use]
pub fn check(folder: &Folder, facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut files = Files {
        nut: Sheet::new(folder.nut.as_ref(), nut_conf),
        ups: Sheet::new(folder.ups.as_ref(), ups_conf),
        upsd: Sheet::new(folder.upsd.as_ref(), upsd_conf),
        users: Sheet::new(folder.users.as_ref(), upsd_users),
        upsmon: Sheet::new(folder.upsmon.as_ref(), upsmon_conf),
        upssched: Sheet::new(folder.upssched.as_ref(), upssched_conf),
    };
    ups::look(&mut files, facts);
    server::look(&mut files, facts);
    monitor::look(&mut files, facts);
    rights::look(&mut files, facts);
    let Files { nut, ups, upsd, users, upsmon, upssched } = files;
    let lists =
        [nut.finish(), ups.finish(), upsd.finish(), users.finish(), upsmon.finish(), upssched.finish()];
    lists.into_iter().flatten().collect()
}

/// Whether a host is this machine.
fn is_local(host: &str, facts: &Facts<'_>) -> bool {
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    loopback || host.eq_ignore_ascii_case("localhost") || host.eq_ignore_ascii_case(facts.host_name)
}
