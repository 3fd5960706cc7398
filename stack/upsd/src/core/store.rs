//! The UPSes of ups.conf, and how a new ups.conf changes them.

use std::time::Duration;

use outage_config::UpsConf;
use outage_wire::net::ErrorCode;

use super::Core;
use super::index::{Index, same_name};
use super::session::ClientId;
use super::ups::{Ups, UpsId};

/// How [`Core::configure`] changed what is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new UPS; connect to `socket` in the state folder.
    Added {
        /// It.
        ups: UpsId,
        /// Its name.
        name: String,
        /// `<driver>-<ups>`
        socket: String,
    },
    /// Another driver serves the UPS now: connect to `socket` instead. Clients stay logged in.
    Moved {
        /// It.
        ups: UpsId,
        /// Its name.
        name: String,
        /// `<driver>-<ups>`
        socket: String,
    },
    /// The UPS is no longer served: disconnect it, and drop the clients that were logged into it.
    Removed {
        /// It.
        ups: UpsId,
        /// Its name.
        name: String,
        /// Those who were logged in.
        clients: Vec<ClientId>,
    },
}

/// The UPSes, in the order of ups.conf, found by name.
#[derive(Debug, Default)]
pub(super) struct Store {
    upses: Vec<Ups>,
    /// Places in `upses` by name.
    by_name: Index,
    next: u32,
}

impl Store {
    pub(super) fn find(&self, name: &str) -> Result<&Ups, ErrorCode> {
        self.named(name.as_bytes()).ok_or(ErrorCode::UnknownUps)
    }

    pub(super) fn find_mut(&mut self, name: &str) -> Result<&mut Ups, ErrorCode> {
        self.named_mut(name.as_bytes()).ok_or(ErrorCode::UnknownUps)
    }

    pub(super) fn named(&self, name: &[u8]) -> Option<&Ups> {
        self.place(name).and_then(|at| self.upses.get(at))
    }

    pub(super) fn named_mut(&mut self, name: &[u8]) -> Option<&mut Ups> {
        self.place(name).and_then(|at| self.upses.get_mut(at))
    }

    pub(super) fn get_mut(&mut self, id: UpsId) -> Option<&mut Ups> {
        self.upses.iter_mut().find(|ups| ups.id == id)
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Ups> {
        self.upses.iter()
    }

    fn place(&self, name: &[u8]) -> Option<usize> {
        let is = |at: usize| self.upses.get(at).is_some_and(|ups| same_name(ups.name.as_bytes(), name));
        self.by_name.find(name, is)
    }

    fn index(&mut self) {
        self.by_name.build(self.upses.iter().map(|ups| ups.name.as_str()));
    }
}

impl Core {
    /// Serves the UPSes of this ups.conf, in its order. Those that were served before keep their data, logins and FSD
    /// latch; where the driver changed, the data are forgotten. Of two sections of one name the first counts.
    pub fn configure(&mut self, conf: &UpsConf) -> Vec<Change> {
        let mut old = std::mem::take(&mut self.store.upses);
        let mut changes = Vec::new();
        let mut upses: Vec<Ups> = Vec::new();
        for section in &conf.sections {
            if upses.iter().any(|ups| ups.name.eq_ignore_ascii_case(&section.name)) {
                continue;
            }
            let socket = format!("{}-{}", section.driver, section.name);
            let name = section.name.clone();
            match old.iter().position(|ups| ups.name.eq_ignore_ascii_case(&name)) {
                Some(at) => {
                    let mut ups = old.remove(at);
                    ups.description.clone_from(&section.desc);
                    if ups.driver != section.driver || ups.name != name {
                        ups.driver.clone_from(&section.driver);
                        ups.name.clone_from(&name);
                        ups.disconnected();
                        changes.push(Change::Moved { ups: ups.id, name, socket });
                    }
                    upses.push(ups);
                }
                None => {
                    let id = UpsId(self.store.next);
                    self.store.next += 1;
                    upses.push(Ups::new(id, &name, &section.driver, section.desc.as_deref()));
                    changes.push(Change::Added { ups: id, name, socket });
                }
            }
        }
        for ups in old {
            let clients = ups.logins.into_iter().map(|login| login.client).collect();
            changes.push(Change::Removed { ups: ups.id, name: ups.name, clients });
        }
        self.store.upses = upses;
        self.store.index();
        changes
    }

    /// How many UPSes are served.
    #[must_use]
    pub fn ups_count(&self) -> usize {
        self.store.upses.len()
    }

    /// The driver of `ups` took the connection: nothing is known yet, and everything is asked for.
    pub fn connected(&mut self, ups: UpsId, now: Duration) {
        if let Some(found) = self.store.get_mut(ups) {
            found.connected(now);
        }
    }

    /// The connection to the driver of `ups` is gone, and with it all it said.
    pub fn disconnected(&mut self, ups: UpsId) {
        if let Some(found) = self.store.get_mut(ups) {
            found.disconnected();
        }
    }

    /// Takes what the driver of `ups` wrote; any cut into pieces does.
    pub fn from_driver(&mut self, ups: UpsId, bytes: &[u8], now: Duration) {
        if let Some(found) = self.store.get_mut(ups) {
            found.hear(bytes, now, &mut self.tracking, &mut self.notices);
        }
    }

    /// Pings the driver of `ups` if it was silent, and judges whether its data are stale. Returns when to call this
    /// again at the latest; `None` when it is not connected.
    pub fn supervise(&mut self, ups: UpsId, now: Duration) -> Option<Duration> {
        let max_age = self.settings.max_age;
        let ups = self.store.get_mut(ups)?;
        let next = ups.supervise(now, max_age, &mut self.notices);
        self.pings_from = ups.ping_from(max_age).map_or(self.pings_from, |from| from.min(self.pings_from));
        next
    }

    /// Has the drivers looked after that a ping is due for, as long as this program is awake for something else: it need
    /// not wake once more for that.
    pub(super) fn look_after_silent(&mut self, now: Duration) {
        self.pings_from = Duration::MAX;
        for ups in self.store.iter() {
            match ups.ping_from(self.settings.max_age) {
                Some(from) if from <= now => self.woken.push(ups.id),
                Some(from) => self.pings_from = self.pings_from.min(from),
                None => {}
            }
        }
    }

    /// What the driver of `ups` is to be sent; empty when nothing.
    #[must_use]
    pub fn take_outgoing(&mut self, ups: UpsId) -> Vec<u8> {
        self.store.get_mut(ups).map(Ups::take_outgoing).unwrap_or_default()
    }
}
