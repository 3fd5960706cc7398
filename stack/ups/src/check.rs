//! `ups check`: everything in a configuration folder that is wrong or unwise. What is found is decided in
//! [`outage_config::check`]; here files are read and findings printed.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use outage_config::check::{Account, Facts, Folder, Given, Masked, Rights, There, check};
use outage_config::{Diagnostic, Paths, Severity};
use outage_driver::drivers::{self, DRIVERS};
use outage_host::real::{Start, start};
use outage_host::{FileInfo, Host};
use serde_json::json;

const USAGE: &str = "\
Reads nut.conf, ups.conf, upsd.conf, upsd.users, upsmon.conf and upssched.conf,
and says everything in them that is wrong or unwise. Passwords are never shown.

usage: ups check [--json | --carets | --plain] [DIR]

  DIR        the folder (NUT_CONFPATH, or else /etc/nut)
  --carets   show each place in its file; so it is on a terminal
  --plain    file:line:column: a line each; so it is elsewhere
  --json     for programs
  --help     display this help

error: something does not work. warning: it works, and not as it should.
note: worth knowing.

Ends with 0 when nothing is wrong (there may be notes), with 1 when there are
errors or warnings, with 2 when there is nothing to read, or it cannot be read.
";

/// How findings are printed.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Plain,
    Carets { colour: bool },
    Json,
}

pub(super) fn main(args: Vec<String>) -> ExitCode {
    let terminal = io::stdout().is_terminal();
    let mut form = if terminal { Form::Carets { colour: true } } else { Form::Plain };
    let mut folder = None;
    for argument in args {
        match argument.as_str() {
            "--help" | "-h" => {
                super::print(USAGE);
                return ExitCode::SUCCESS;
            }
            "--json" => form = Form::Json,
            "--plain" => form = Form::Plain,
            "--carets" => form = Form::Carets { colour: terminal },
            option if option.starts_with('-') => {
                eprintln!("ups check: unknown option {option} (--help tells more)");
                return ExitCode::from(2);
            }
            _ if folder.is_some() => {
                eprintln!("ups check: one folder at a time (--help tells more)");
                return ExitCode::from(2);
            }
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    start(Start { ident: "ups check".to_owned(), ..Start::default() }, |host| async move {
        let folder = folder.unwrap_or_else(|| Paths::from_env(|name| host.env(name)).conf);
        run(&host, &folder, form)
    })
}

fn run(host: &Host, folder: &Path, form: Form) -> ExitCode {
    let mut unread = Vec::new();
    let mut read = |name: &str| {
        let path = folder.join(name);
        match host.read(&path) {
            Ok(text) => {
                let rights = host.stat(&path).ok().as_ref().map(rights);
                Some(Given { path: path.display().to_string(), text, rights })
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    unread.push(format!("failed to read {}: {error}", path.display()));
                }
                None
            }
        }
    };
    let files = Folder {
        nut: read("nut.conf"),
        ups: read("ups.conf"),
        upsd: read("upsd.conf"),
        users: read("upsd.users"),
        upsmon: read("upsmon.conf"),
        upssched: read("upssched.conf"),
    };
    let Folder { nut, ups, upsd, users, upsmon, upssched } = &files;
    let given: Vec<&Given> = [nut, ups, upsd, users, upsmon, upssched].into_iter().flatten().collect();
    if given.is_empty() && unread.is_empty() {
        unread.push(format!("there is no configuration in {}", folder.display()));
    }
    let found = look(host, &files, folder);
    match form {
        Form::Plain => host.print(&found.iter().map(|one| format!("{one}\n")).collect::<String>()),
        Form::Carets { colour } => host.print(&with_carets(&found, &given, folder, colour)),
        Form::Json => host.print(&format!("{:#}\n", document(&found, folder))),
    }
    for text in &unread {
        host.error(format!("ups check: {text}"));
    }
    let wrong = found.iter().any(|one| one.severity > Severity::Note);
    ExitCode::from(if !unread.is_empty() { 2 } else { u8::from(wrong) })
}

fn rights(info: &FileInfo) -> Rights {
    Rights { mode: info.mode & 0o7777, user: info.user, group: info.group }
}

/// Asks the machine what the files alone don't tell.
fn look(host: &Host, files: &Folder, folder: &Path) -> Vec<Diagnostic> {
    let drivers: Vec<&str> = DRIVERS.iter().map(|driver| driver.name).collect();
    let mounts = host.read("/proc/self/mounts".as_ref()).unwrap_or_default();
    let mounts = String::from_utf8_lossy(&mounts).into_owned();
    let account =
        |name: &str| host.find_user(name).map(|found| Account { user: found.user, groups: found.groups });
    // A draft elsewhere is no daemon's to read.
    let in_use = folder == Paths::from_env(|name| host.env(name)).conf;
    let facts = Facts {
        drivers: &drivers,
        knows_option: &|driver, option| {
            drivers::find(driver).is_some_and(|driver| drivers::knows(driver, option))
        },
        at: &|path| match host.stat(path.as_ref()) {
            Ok(info) if info.is_dir => Some(There::Folder),
            Ok(info) => Some(There::File(rights(&info))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(There::Nothing),
            Err(_) => None,
        },
        mount_point: &|path| mount_point(&mounts, path),
        host_name: &host.host_name(),
        own_user: host.user_name().and_then(|name| account(&name)).map(|own| own.user),
        accounts: in_use.then_some(&account),
    };
    check(files, &facts)
}

/// Where the file system is mounted that a folder lies on, by the text of /proc/self/mounts.
fn mount_point(mounts: &str, folder: &str) -> Option<String> {
    let points =
        mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(|point| point.replace("\\040", " "));
    points.filter(|point| Path::new(folder).starts_with(point)).max_by_key(String::len)
}

/// How many there are of each kind, worst first.
fn counts(found: &[Diagnostic]) -> [(&'static str, usize); 3] {
    let count = |severity| found.iter().filter(|one| one.severity == severity).count();
    [
        ("error", count(Severity::Error)),
        ("warning", count(Severity::Warning)),
        ("note", count(Severity::Note)),
    ]
}

fn with_carets(found: &[Diagnostic], given: &[&Given], folder: &Path, colour: bool) -> String {
    let masked: BTreeMap<&str, Masked> =
        given.iter().map(|file| (file.path.as_str(), Masked::new(&file.path, &file.text))).collect();
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for one in found {
        let Some(masked) = masked.get(one.file.as_str()) else {
            text += &format!("{one}\n\n");
            continue;
        };
        let level = match one.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let snippet = Snippet::source(masked.text.as_str())
            .path(one.file.as_str())
            .annotation(AnnotationKind::Primary.span(masked.span(&one.span)));
        let mut report = vec![level.primary_title(one.message.as_str()).element(snippet)];
        if let Some(help) = &one.help {
            report.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
        }
        text += &format!("{}\n\n", renderer.render(&report));
    }
    let counts: Vec<_> = counts(found)
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {kind}{}", if count == 1 { "" } else { "s" }))
        .collect();
    let sum = if counts.is_empty() { "nothing is wrong".to_owned() } else { counts.join(", ") };
    if !given.is_empty() {
        text += &format!("{sum} in {}\n", folder.display());
    }
    text
}

fn document(found: &[Diagnostic], folder: &Path) -> serde_json::Value {
    let list: Vec<_> = found
        .iter()
        .map(|one| {
            json!({
                "file": one.file, "line": one.line, "column": one.column,
                "severity": one.severity.to_string(), "message": one.message, "help": one.help,
            })
        })
        .collect();
    let [(_, errors), (_, warnings), (_, notes)] = counts(found);
    json!({
        "folder": folder.display().to_string(),
        "errors": errors, "warnings": warnings, "notes": notes,
        "findings": list,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_counts() {
        let mounts =
            "overlay / overlay rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/sdb1 /mnt/my\\040disk ext4 rw 0 0\n";
        assert_eq!(mount_point(mounts, "/etc").as_deref(), Some("/"));
        assert_eq!(mount_point(mounts, "/run/nut").as_deref(), Some("/run"));
        assert_eq!(mount_point(mounts, "/running").as_deref(), Some("/"));
        assert_eq!(mount_point(mounts, "/mnt/my disk/x").as_deref(), Some("/mnt/my disk"));
        assert_eq!(mount_point("", "/etc"), None);
    }
}
