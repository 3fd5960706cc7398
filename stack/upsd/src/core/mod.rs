//! What upsd knows and how it answers: bytes, names and `now` in; replies, lines for drivers and notices out. Pure.
//!
//! [`Core`] holds a variable tree per UPS, fed by what drivers say on their sockets ([`Core::from_driver`]), and answers
//! what clients ask ([`Core::answer`]). Time is whatever the caller says it is. What drivers are to be told piles up
//! per UPS until the caller takes it ([`Core::take_outgoing`]); what is worth logging piles up as [`Notice`]s.

mod answer;
mod describe;
mod get;
mod index;
mod list;
mod login;
mod notice;
mod quick;
mod session;
mod store;
#[cfg(test)]
mod tests;
mod tracking;
mod ups;
mod users;
mod variable;

use std::time::Duration;

use outage_config::UpsdUsers;
use outage_wire::Lexer;

pub use answer::Answered;
pub use describe::Descriptions;
pub use notice::Notice;
pub use session::{ClientId, Session};
pub use store::Change;
pub use ups::UpsId;

use store::Store;
use tracking::Tracking;
use users::Users;

/// What upsd calls itself in `VER` and `server.info`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Where the protocol and the names of variables are described; part of `VER`'s reply.
pub const URL: &str = "https://www.networkupstools.org/";

/// What of upsd.conf the core acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// MAXAGE: a driver that says nothing for this long and one second more is stale.
    pub max_age: Duration,
    /// TRACKINGDELAY: how long the outcome of a tracked request is kept.
    pub tracking_delay: Duration,
    /// Whether connections can be encrypted: `STARTTLS` is refused without.
    pub tls: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_age: Duration::from_secs(15), tracking_delay: Duration::from_secs(3600), tls: false }
    }
}

/// All that upsd knows.
#[derive(Debug, Default)]
pub struct Core {
    settings: Settings,
    store: Store,
    users: Users,
    descriptions: Descriptions,
    tracking: Tracking,
    next_client: u64,
    notices: Vec<Notice>,
    woken: Vec<UpsId>,
    /// No driver is to be pinged before this.
    pings_from: Duration,
    /// A lexer for whoever needs one: sessions keep theirs only while they are in the middle of a line.
    spare: Option<Box<Lexer>>,
}

impl Core {
    /// A server without UPSes and users.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, pings_from: Duration::MAX, ..Self::default() }
    }

    /// Takes new settings; they count from now on.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Replaces the users. Sessions keep what they have, and are judged by the new users from now on.
    pub fn set_users(&mut self, users: UpsdUsers) {
        self.users = Users::new(users);
    }

    /// Replaces the texts of `GET DESC` and `GET CMDDESC`.
    pub fn set_descriptions(&mut self, descriptions: Descriptions) {
        self.descriptions = descriptions;
    }

    /// What happened that is worth a line in the log, oldest first; forgets it.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Whether [`Core::take_notices`] or [`Core::take_woken`] would return anything.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.notices.is_empty() || !self.woken.is_empty()
    }

    /// The UPSes whose drivers are to be looked after: something was put out for them since the last call, or a ping is due.
    pub fn take_woken(&mut self) -> Vec<UpsId> {
        std::mem::take(&mut self.woken)
    }

    /// Forgets the outcomes of tracked requests that are older than TRACKINGDELAY.
    pub fn expire_tracking(&mut self, now: Duration) {
        self.tracking.expire(now, self.settings.tracking_delay);
    }
}
