#![forbid(unsafe_code)]
//! One binary for the whole stack. It is the program that it is called as: by the last part of its own name
//! (`/usr/sbin/upsd` is a link to `ups`), or by its first argument (`ups upsd -F`).

mod check;
pub mod flags;
mod hardware;
pub mod install;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use outage_driver::drivers::DRIVERS;
use outage_host::Host;

/// A program of the stack.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The name it is called by.
    pub name: &'static str,
    /// What it is, in half a line.
    pub about: &'static str,
    /// Runs it. The arguments begin with its name.
    run: fn(Vec<String>) -> ExitCode,
}

/// The programs that are not drivers, in the order in which they are listed. The drivers follow in [`PROGRAMS`].
const TOOLS: &[Program] = &[
    Program {
        name: "upsd",
        about: "the server: tells clients what the drivers say",
        run: |args| outage_upsd::main(tail(args)),
    },
    Program {
        name: "upsmon",
        about: "the watcher: shuts this machine down before the battery is empty",
        run: |args| outage_upsmon::main(tail(args)),
    },
    Program {
        name: "upssched",
        about: "does things some time after a notice of upsmon, unless called off",
        run: |args| outage_upsmon::upssched::main(tail(args)),
    },
    Program {
        name: "upsdrvctl",
        about: "starts and stops the drivers by ups.conf",
        run: outage_driver::upsdrvctl::main,
    },
    Program {
        name: "upsc",
        about: "shows what a server knows of a UPS",
        run: |args| outage_client::upsc::main(tail(args)),
    },
    Program {
        name: "upscmd",
        about: "runs instant commands on a UPS",
        run: |args| outage_client::upscmd::main(tail(args)),
    },
    Program {
        name: "upsrw",
        about: "shows and sets what can be set of a UPS",
        run: |args| outage_client::upsrw::main(tail(args)),
    },
    Program {
        name: "upslog",
        about: "writes what UPSes say to a file",
        run: |args| outage_client::upslog::main(tail(args)),
    },
];

/// What `ups` does besides: a line each, by its first argument only.
const COMMANDS: &[Program] = &[
    Program {
        name: "install",
        about: "lays all of this down on a machine, or in a folder",
        run: |args| install::main(tail(args)),
    },
    Program {
        name: "check",
        about: "says what is wrong or unwise in the configuration files",
        run: |args| check::main(tail(args)),
    },
    Program {
        name: "hardware",
        about: "lists the UPSes that there are drivers for",
        run: |args| hardware::main(&tail(args)),
    },
];

/// The arguments without the program's name.
fn tail(args: Vec<String>) -> Vec<String> {
    args.into_iter().skip(1).collect()
}

/// Every program: the tools, then the drivers that are built in.
pub const PROGRAMS: &[Program] = &{
    let mut programs = [TOOLS[0]; TOOLS.len() + DRIVERS.len()];
    let mut index = 0;
    while index < programs.len() {
        programs[index] = if index < TOOLS.len() {
            TOOLS[index]
        } else {
            let driver = DRIVERS[index - TOOLS.len()];
            Program { name: driver.name, about: driver.title, run: outage_driver::main }
        };
        index += 1;
    }
    programs
};

/// The program of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name == name)
}

/// The command of `ups` itself of this name.
fn command(name: &str) -> Option<&'static Program> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// Runs a program on `host`, in the foreground: `args` begin with its name. For machines that are not this one.
pub async fn run(args: Vec<String>, host: Host) -> ExitCode {
    match args.first().map(|name| called(name)) {
        Some("upsd") => outage_upsd::upsd(tail(args), host).await,
        Some("upsmon") => outage_upsmon::upsmon(tail(args), host).await,
        Some("upssched") => outage_upsmon::upssched::run(tail(args), host).await,
        Some("upsc") => outage_client::upsc::run(tail(args), host).await,
        Some("upscmd") => outage_client::upscmd::run(tail(args), host).await,
        Some("upsrw") => outage_client::upsrw::run(tail(args), host).await,
        Some("upslog") => outage_client::upslog::run(tail(args), host).await,
        Some("upsdrvctl") => outage_driver::upsdrvctl::run(args, host).await,
        _ => outage_driver::run_on(args, host).await,
    }
}

/// What a command line asks for.
enum Choice {
    Run(&'static Program, Vec<String>),
    Help,
    Version,
    Unknown(String),
}

/// The last part of the name that a program was called by.
fn called(name: &str) -> &str {
    Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or(name)
}

fn choose(mut args: Vec<String>) -> Choice {
    if let Some(program) = args.first().and_then(|name| find(called(name))) {
        return Choice::Run(program, args);
    }
    if !args.is_empty() {
        args.remove(0);
    }
    match args.first().map(String::as_str) {
        None | Some("--help" | "-h" | "help") => Choice::Help,
        Some("--version" | "-V") => Choice::Version,
        Some(name) => match find(name).or_else(|| command(name)) {
            Some(program) => Choice::Run(program, args),
            None => Choice::Unknown(name.to_owned()),
        },
    }
}

/// The list of names.
#[must_use]
pub fn help() -> String {
    let width = PROGRAMS.iter().map(|program| program.name.len()).max().unwrap_or(0);
    let mut text = format!(
        "Outage {}: Network UPS Tools in one program.\n\nusage: ups NAME [ARGUMENTS], or call it by the name (as a \
         link). NAME -h tells more.\n\n",
        env!("CARGO_PKG_VERSION")
    );
    let row = |program: &Program| format!("  {:width$}  {}\n", program.name, program.about);
    text.extend(PROGRAMS.iter().map(row));
    text += "\nIt also takes these words (ups WORD --help tells more):\n\n";
    text.extend(COMMANDS.iter().map(row));
    text
}

/// Prints, whether or not anybody reads on (`| head`).
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Runs the program that `args` name: by its first element (what this was called by), or else by its second.
/// Arguments that are not UTF-8 are taken with replacement characters.
#[must_use]
pub fn main(args: Vec<OsString>) -> ExitCode {
    let args = args.into_iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    match choose(args) {
        Choice::Run(program, args) => (program.run)(args),
        Choice::Help => {
            print(&help());
            ExitCode::SUCCESS
        }
        Choice::Version => {
            print(&format!("Outage {}\n", env!("CARGO_PKG_VERSION")));
            ExitCode::SUCCESS
        }
        Choice::Unknown(name) => {
            let names: Vec<_> = PROGRAMS.iter().chain(COMMANDS).map(|program| program.name).collect();
            eprintln!("ups: there is no program '{name}' in here; there are: {}", names.join(", "));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(line: &str) -> (String, Vec<String>) {
        match choose(line.split_whitespace().map(str::to_owned).collect()) {
            Choice::Run(program, args) => (program.name.to_owned(), args),
            Choice::Help => ("help".to_owned(), Vec::new()),
            Choice::Version => ("version".to_owned(), Vec::new()),
            Choice::Unknown(name) => (format!("unknown {name}"), Vec::new()),
        }
    }

    #[test]
    fn the_own_name_counts_before_the_first_argument() {
        assert_eq!(
            chosen("/usr/sbin/upsd upsmon"),
            ("upsd".into(), vec!["/usr/sbin/upsd".into(), "upsmon".into()])
        );
        assert_eq!(chosen("/usr/bin/ups upsd -F"), ("upsd".into(), vec!["upsd".into(), "-F".into()]));
        assert_eq!(chosen("usbhid-ups -a ups").0, "usbhid-ups");
        assert_eq!(chosen("outage blazer_ser").0, "blazer_ser");
        assert_eq!(chosen("ups check /etc/nut").0, "check");
        // Their names are too common for a link.
        assert_eq!(chosen("check /etc/nut").0, "unknown /etc/nut");
    }

    #[test]
    fn what_is_no_program() {
        assert_eq!(chosen("ups").0, "help");
        assert_eq!(chosen("").0, "help");
        assert_eq!(chosen("ups --help").0, "help");
        assert_eq!(chosen("ups -V").0, "version");
        assert_eq!(chosen("ups upsx").0, "unknown upsx");
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = PROGRAMS.iter().chain(COMMANDS).map(|program| program.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
