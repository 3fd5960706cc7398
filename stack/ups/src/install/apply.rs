//! Does what the plan says.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use outage_host::Host;

use super::owner::{self, USER};
use super::plan::{Item, MARK, Owner, Thing, plan};
use super::{Options, PREFIX};

/// What becomes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is there as it should be.
    Stays,
    /// It is made.
    New,
    /// An older one of ours is replaced.
    Replaced,
}

/// An item, where it goes, and what becomes of it.
struct Step {
    item: Item,
    path: PathBuf,
    fate: Fate,
}

/// Lays everything down, or says why not.
pub(super) fn install(host: &Host, options: &Options) -> Result<(), String> {
    let program = read_program(host)?;
    let steps = look(host, options, &program)?;
    let daemons = Daemons::of(host, options);
    let (mut made, mut stayed) = (0, 0);
    for Step { item, path, fate } in &steps {
        let verb = match (fate, options.dry_run) {
            (Fate::Stays, _) => {
                stayed += 1;
                continue;
            }
            (Fate::New, false) => "installed",
            (Fate::Replaced, false) => "replaced",
            (Fate::New, true) => "would install",
            (Fate::Replaced, true) => "would replace",
        };
        if !options.dry_run {
            lay(host, item, path, &program).map_err(failed("make", path))?;
            daemons.give(host, item, path)?;
        }
        made += 1;
        let what = match &item.thing {
            Thing::Link(to) => format!("{} -> {to}", path.display()),
            Thing::Folder => format!("{}/ (mode {:04o})", path.display(), item.mode),
            _ if item.mode == 0o644 => path.display().to_string(),
            _ => format!("{} (mode {:04o})", path.display(), item.mode),
        };
        host.print(&format!("{verb} {what}\n"));
    }
    let done = if options.dry_run { "would be installed or replaced" } else { "installed or replaced" };
    host.print(&format!("{made} {done}, {stayed} already there; no configuration file was touched\n"));
    if !options.dry_run {
        host.print(&next(host, options, &daemons));
    }
    Ok(())
}

/// A sentence for an error of the system's.
fn failed<'a>(verb: &'a str, path: &'a Path) -> impl Fn(io::Error) -> String + 'a {
    move |error| {
        let help = match error.kind() {
            io::ErrorKind::PermissionDenied => ": run this as root, or name a folder of yours with --root",
            io::ErrorKind::ReadOnlyFilesystem => ": make it writable, or name another folder with --root",
            io::ErrorKind::StorageFull => ": make room and run this again; what was done so far is whole",
            _ => "",
        };
        format!("failed to {verb} {}: {error}{help}", path.display())
    }
}

/// This program's own file, which is what the links lead to.
fn read_program(host: &Host) -> Result<Vec<u8>, String> {
    let (file, _) = host.program();
    host.read(&file).map_err(failed("read", &file))
}

/// Where an item goes below the root.
fn place(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// Looks at what there is. Everything in the way that is not ours is an error, all of it at once.
fn look(host: &Host, options: &Options, program: &[u8]) -> Result<Vec<Step>, String> {
    let (mut steps, mut foreign) = (Vec::new(), Vec::new());
    for item in plan(&options.prefix) {
        let path = place(&options.root, &item.path);
        match fate(host, &item, &path, program) {
            Ok(Some(fate)) => steps.push(Step { item, path, fate }),
            Ok(None) => foreign.push(path.display().to_string()),
            Err(error) => return Err(failed("look at", &path)(error)),
        }
    }
    if foreign.is_empty() {
        return Ok(steps);
    }
    let list = foreign.join("\n  ");
    Err(format!(
        "these are there and not from here, so that nothing was done:\n  {list}\nremove them with what they came with \
         (apt-get remove nut-client nut-server), or choose another place: --prefix /usr/local"
    ))
}

/// What becomes of one item; `None`: something that is not ours is in its way.
fn fate(host: &Host, item: &Item, path: &Path, program: &[u8]) -> io::Result<Option<Fate>> {
    let link = match host.read_link(path) {
        Ok(target) => Some(target),
        // A folder or a file, or nothing.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => None,
        Err(error) => return Err(error),
    };
    let wanted: &[u8] = match &item.thing {
        Thing::Folder => {
            let there = host.stat(path);
            return match there {
                Ok(info) => Ok(info.is_dir.then_some(Fate::Stays)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(Fate::New)),
                Err(error) => Err(error),
            };
        }
        Thing::Link(to) => {
            return Ok(match link {
                Some(target) if target == Path::new(to) => Some(Fate::Stays),
                // Also of another prefix, or one whose program is gone.
                Some(target) if target.file_name().is_some_and(|name| name == "ups") => Some(Fate::Replaced),
                Some(_) => None,
                None => host.stat(path).is_err().then_some(Fate::New),
            });
        }
        Thing::Program => program,
        Thing::Text(text) => text.as_bytes(),
        Thing::Sample(text) => text.as_bytes(),
    };
    let there = match host.read(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Fate::New)),
        Err(error) => return Err(error),
    };
    if there == wanted && host.stat(path)?.mode == item.mode {
        return Ok(Some(Fate::Stays));
    }
    let ours = matches!(item.thing, Thing::Sample(_)) || holds(&there, MARK.as_bytes());
    Ok(ours.then_some(Fate::Replaced))
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn lay(host: &Host, item: &Item, path: &Path, program: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        host.create_dir_all(folder)?;
    }
    match &item.thing {
        Thing::Folder => {
            host.create_dir_all(path)?;
            host.set_mode(path, item.mode)
        }
        Thing::Link(to) => host.make_link(path, Path::new(to)),
        Thing::Program => host.write(path, program, item.mode),
        Thing::Text(text) => host.write(path, text.as_bytes(), item.mode),
        Thing::Sample(text) => host.write(path, text.as_bytes(), item.mode),
    }
}

/// Whom the daemons run as.
enum Daemons {
    /// This user and this group.
    Are(u32, u32),
    /// There is no such group, or no such user, where this is installed to.
    Missing,
    /// Only root may give files away.
    NotRoot,
}

impl Daemons {
    fn of(host: &Host, options: &Options) -> Self {
        let read = |file: &str| {
            let text = host.read(&place(&options.root, file)).unwrap_or_default();
            String::from_utf8_lossy(&text).into_owned()
        };
        let user = owner::number(&read("/etc/passwd"), USER);
        match (user, owner::number(&read("/etc/group"), USER)) {
            (Some(_), Some(_)) if !host.is_root() => Self::NotRoot,
            (Some(user), Some(group)) => Self::Are(user, group),
            _ => Self::Missing,
        }
    }

    fn give(&self, host: &Host, item: &Item, path: &Path) -> Result<(), String> {
        let Self::Are(user, group) = *self else { return Ok(()) };
        let user = match item.owner {
            Owner::Root => return Ok(()),
            Owner::Group => 0,
            Owner::Daemons => user,
        };
        host.set_owner(path, user, group).map_err(failed("give away", path))?;
        // Giving a file away may take bits from it.
        host.set_mode(path, item.mode).map_err(failed("set the mode of", path))
    }
}

/// What is left to be done, by hand.
fn next(host: &Host, options: &Options, daemons: &Daemons) -> String {
    let at = |path: &str| place(&options.root, path).display().to_string();
    let (etc, state) = (at("/etc/nut"), at("/var/state/ups"));
    let image = options.root != Path::new("/");
    let within = |command: String| {
        if image { format!("chroot {} {command}", options.root.display()) } else { command }
    };
    let mut text = "next:\n".to_owned();
    let mut say = |line: &dyn Display| text += &format!("  {line}\n");
    match daemons {
        Daemons::Are(..) => {}
        Daemons::Missing => {
            say(
                &"there is no user nut for the daemons to become; with these there is, and its files are its own:",
            );
            say(&format!("  {}", within("groupadd --system nut".to_owned())));
            say(&format!(
                "  {}",
                within("useradd --system --gid nut --home-dir / --shell /sbin/nologin nut".to_owned())
            ));
            say(&format!("  {}", within("chown root:nut /etc/nut".to_owned())));
            say(&format!("  {}", within("chown nut:nut /var/state/ups".to_owned())));
        }
        Daemons::NotRoot => {
            say(&format!("as root: chown root:nut {etc} && chown nut:nut {state}"));
        }
    }
    let copied = |name: &str| host.stat(&Path::new(&etc).join(name)).is_ok();
    let missing: Vec<_> = super::plan::SAMPLES
        .iter()
        .map(|(name, ..)| *name)
        .filter(|name| *name != "upssched.conf" && !copied(name))
        .collect();
    if !missing.is_empty() {
        say(&format!(
            "copy the samples in {etc} to the same names without .sample, and edit the copies: {}",
            missing.join(", ")
        ));
    }
    if !image && options.prefix == PREFIX {
        say(
            &"systemd: systemctl daemon-reload && systemctl enable --now nut.target; else: /etc/init.d/nut start",
        );
        say(
            &"USB UPSes that are plugged in already: udevadm control --reload && udevadm trigger --subsystem-match=usb --subsystem-match=hidraw",
        );
    }
    text
}
