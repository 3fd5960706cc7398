//! What an installation is: every folder, file and link, with its mode. Pure.

use std::borrow::Cow;

use super::{completions, man, scripts};

/// Stands in everything that `ups install` writes, the program itself included: what holds it may be replaced.
pub const MARK: &str = "Installed by `ups install`, which replaces it: changes in here are lost.";

/// Where the programs go unless `--prefix` says otherwise.
pub const PREFIX: &str = "/usr";

/// What is to lie at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A folder. One that is there already stays as it is.
    Folder,
    /// This program.
    Program,
    /// A link that holds this.
    Link(String),
    /// A file of ours.
    Text(Cow<'static, str>),
    /// A sample of a configuration file: it is replaced, whoever wrote it.
    Sample(&'static str),
}

/// One thing that is laid down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where, absolute, below the root.
    pub path: String,
    /// What.
    pub thing: Thing,
    /// Permission bits; a link has none.
    pub mode: u32,
    /// Whom it belongs to, where there is such a user.
    pub owner: Owner,
}

/// Whom a thing belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Root.
    Root,
    /// Root, and the daemons' group.
    Group,
    /// The daemons' user and group.
    Daemons,
}

impl Item {
    fn new(path: impl Into<String>, thing: Thing, mode: u32) -> Self {
        Self { path: path.into(), thing, mode, owner: Owner::Root }
    }

    fn text(path: impl Into<String>, text: impl Into<Cow<'static, str>>, mode: u32) -> Self {
        Self::new(path, Thing::Text(text.into()), mode)
    }

    fn of(self, owner: Owner) -> Self {
        Self { owner, ..self }
    }
}

/// The samples of the configuration files: each file's name, its text, its mode. Those that will hold passwords are not for
/// everybody, so that a copy is not either.
pub const SAMPLES: &[(&str, &str, u32)] = &[
    ("nut.conf", include_str!("../../files/samples/nut.conf"), 0o644),
    ("ups.conf", include_str!("../../files/samples/ups.conf"), 0o640),
    ("upsd.conf", include_str!("../../files/samples/upsd.conf"), 0o640),
    ("upsd.users", include_str!("../../files/samples/upsd.users"), 0o640),
    ("upsmon.conf", include_str!("../../files/samples/upsmon.conf"), 0o640),
    ("upssched.conf", include_str!("../../files/samples/upssched.conf"), 0o640),
];

/// Programs for everybody; the others, drivers aside, are for root.
const FOR_ALL: [&str; 4] = ["upsc", "upscmd", "upsrw", "upslog"];

/// The folder of a program's link, below the prefix.
#[must_use]
pub fn folder_of(program: &str) -> &'static str {
    if outage_driver::drivers::find(program).is_some() {
        "lib/nut"
    } else if FOR_ALL.contains(&program) {
        "bin"
    } else {
        "sbin"
    }
}

/// Everything, in the order in which it is laid down: the program before what calls it.
#[must_use]
pub fn plan(prefix: &str) -> Vec<Item> {
    let mut items = vec![
        Item::new("/etc/nut", Thing::Folder, 0o755).of(Owner::Group),
        // The drivers' sockets, and process ids: the daemons write here once they are no longer root.
        Item::new("/var/state/ups", Thing::Folder, 0o770).of(Owner::Daemons),
        Item::new(format!("{prefix}/bin/ups"), Thing::Program, 0o755),
    ];
    for program in crate::PROGRAMS {
        let folder = folder_of(program.name);
        let up = "../".repeat(folder.matches('/').count() + 1);
        let to = if folder == "bin" { "ups".to_owned() } else { format!("{up}bin/ups") };
        items.push(Item::new(format!("{prefix}/{folder}/{}", program.name), Thing::Link(to), 0o777));
    }
    for (name, text, mode) in SAMPLES {
        items.push(Item::new(format!("/etc/nut/{name}.sample"), Thing::Sample(text), *mode).of(Owner::Group));
    }
    items.extend(scripts::all(prefix).into_iter().map(|(path, text, mode)| Item::text(path, text, mode)));
    items.extend(man::pages().into_iter().map(|(name, text)| {
        let section = name.rsplit('.').next().unwrap_or("8");
        Item::text(format!("{prefix}/share/man/man{section}/{name}"), text, 0o644)
    }));
    items.extend(completions::all(prefix).into_iter().map(|(path, text)| Item::text(path, text, 0o644)));
    items
}
