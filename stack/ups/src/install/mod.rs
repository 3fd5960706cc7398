//! `ups install`: lays programs, samples, scripts and man pages down, and says what it did.
//!
//! [`mod@plan`] decides what an installation is, without doing anything; this does it, by way of the host. What a user wrote
//! is never touched: of the configuration, only samples are written. A file in the way that is not ours stops everything
//! before anything is done.

mod apply;
pub mod completions;
pub mod man;
mod owner;
pub mod plan;
pub mod scripts;

use std::path::PathBuf;
use std::process::ExitCode;

use outage_host::Host;
use outage_host::real::{Start, start};

pub use plan::{Item, PREFIX, Thing, plan};

/// What `--help` prints.
pub const USAGE: &str = "\
usage: ups install [OPTIONS]

Lays the programs down, with samples of the configuration files, the init script, systemd's units, udev's rules, the man
pages and the shells' completions. A second time it replaces what it brought. Configuration files are never touched, and
what is not from here is never replaced.

  --root DIR    below this folder instead of /, for an image or a package
  --prefix DIR  programs, man pages and completions go here (/usr)
  --dry-run     only show what would be done
  --help        show this text
";

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    root: PathBuf,
    prefix: String,
    dry_run: bool,
}

/// Reads a command line, without `install`; `None`: to show the help.
fn parse(args: &[String]) -> Result<Option<Options>, String> {
    let mut options = Options { root: "/".into(), prefix: PREFIX.into(), dry_run: false };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (arg.as_str(), None),
        };
        let mut folder = || match value.clone().or_else(|| args.next().cloned()) {
            Some(folder) if !folder.is_empty() => Ok(folder),
            _ => Err(format!("{name} wants a folder")),
        };
        match name {
            "--root" => options.root = folder()?.into(),
            "--prefix" => {
                let prefix = folder()?;
                if !prefix.starts_with('/') || prefix.contains(char::is_whitespace) {
                    return Err(format!("--prefix {prefix}: not an absolute path without blanks"));
                }
                options.prefix = prefix.trim_end_matches('/').to_owned();
            }
            "--dry-run" if value.is_none() => options.dry_run = true,
            "--help" | "-h" if value.is_none() => return Ok(None),
            _ => return Err(format!("what is {arg}? (--help shows the options)")),
        }
    }
    Ok(Some(options))
}

/// Runs `ups install` on this machine. `args` are without `install`.
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    start(Start { ident: "ups".to_owned(), ..Start::default() }, |host| run(args, host))
}

/// Runs `ups install` on `host`. `args` are without `install`.
pub async fn run(args: Vec<String>, host: Host) -> ExitCode {
    let options = match parse(&args) {
        Ok(Some(options)) => options,
        Ok(None) => {
            host.print(USAGE);
            return ExitCode::SUCCESS;
        }
        Err(text) => {
            host.error(format_args!("ups install: {text}"));
            return ExitCode::FAILURE;
        }
    };
    match apply::install(&host, &options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            for line in text.lines() {
                host.error(format_args!("ups install: {line}"));
            }
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(line: &str) -> Result<Option<Options>, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[rstest]
    #[case("", "/", "/usr", false)]
    #[case("--root /mnt --dry-run", "/mnt", "/usr", true)]
    #[case("--root=/mnt --prefix=/usr/local/", "/mnt", "/usr/local", false)]
    fn options(#[case] line: &str, #[case] root: &str, #[case] prefix: &str, #[case] dry_run: bool) {
        let want = Options { root: root.into(), prefix: prefix.into(), dry_run };
        assert_eq!(read(line), Ok(Some(want)));
    }

    #[rstest]
    #[case("--root", "--root wants a folder")]
    #[case("--root=", "--root wants a folder")]
    #[case("--prefix usr", "--prefix usr: not an absolute path without blanks")]
    #[case("--force", "what is --force? (--help shows the options)")]
    #[case("/mnt", "what is /mnt? (--help shows the options)")]
    fn faults(#[case] line: &str, #[case] text: &str) {
        assert_eq!(read(line), Err(text.to_owned()));
    }
}
