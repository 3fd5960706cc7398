//! What `ups install` lays down, judged by the tools of others that it is for. Each test needs its tool; without it, it is
//! ignored, and says which one.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test has no host")]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use assert_cmd::cargo::cargo_bin;
use libtest_mimic::{Arguments, Failed, Trial};
use outage_ups::install::plan::{PREFIX, plan};

/// A test's name, the tool it needs, and the test.
type Row = (&'static str, &'static str, fn() -> Result<(), Failed>);

const TESTS: &[Row] = &[
    ("systemd_finds_nothing_wrong_with_the_units", "systemd-analyze", units),
    ("drivers_are_instances_by_the_sections_of_ups_conf", "systemd-escape", generator),
    ("man_renders_every_page_without_a_warning", "man", man),
    ("bash_offers_what_there_is", "bash", bash),
    ("zsh_reads_its_completions", "zsh", zsh),
    ("fish_reads_its_completions", "fish", fish),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, tool, test) in TESTS {
        let there = Command::new(tool).arg("--version").output().is_ok();
        if !there && !arguments.list {
            eprintln!("{name}: precondition unmet: there is no {tool} here");
        }
        trials.push(Trial::test(*name, *test).with_ignored_flag(!there));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

fn installed() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let output =
        Command::new(cargo_bin("ups")).arg("install").arg("--root").arg(root.path()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    root
}

fn units() -> Result<(), Failed> {
    let root = installed();
    let units = root.path().join("usr/lib/systemd/system");
    // The programs are not where the units look for them on this machine.
    for item in plan(PREFIX).iter().filter(|item| item.path.ends_with(".service")) {
        let path = root.path().join(item.path.trim_start_matches('/'));
        let programs = format!("={}/usr/sbin/", root.path().display());
        fs::write(&path, fs::read_to_string(&path)?.replace("=/usr/sbin/", &programs))?;
    }
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no", "nut.target", "nut-driver@eaton3s.service"]).current_dir(&units);
    // Those of the system are behind ours, for what ours name: network.target.
    let output = command.env("SYSTEMD_UNIT_PATH", format!("{}:", units.display())).output()?;
    let said = said(&output);
    let ours: Vec<_> = said.lines().filter(|line| line.contains("nut")).collect();
    if output.status.success() && ours.is_empty() { Ok(()) } else { Err(said.into()) }
}

fn generator() -> Result<(), Failed> {
    let root = installed();
    let conf = root.path().join("etc/nut");
    fs::write(conf.join("ups.conf"), "[one]\ndriver=dummy-ups\nport=x\n[two]\ndriver=dummy-ups\nport=x\n")?;
    let generator =
        fs::read_to_string(root.path().join("usr/lib/systemd/system-generators/nut-driver-generator"))?;
    let here = generator
        .replace("/etc/nut", &conf.display().to_string())
        .replace("/usr/sbin", &root.path().join("usr/sbin").display().to_string());
    let wants = root.path().join("out/nut-driver.target.wants");
    let mut command = Command::new("sh");
    command.arg("-c").arg(here).arg("generator").arg(root.path().join("out")).env("NUT_CONFPATH", &conf);
    let output = command.output()?;
    assert!(output.status.success(), "{}", said(&output));
    for ups in ["one", "two"] {
        let target = fs::read_link(wants.join(format!("nut-driver@{ups}.service")))?;
        assert_eq!(target, Path::new("/usr/lib/systemd/system/nut-driver@.service"));
    }
    assert_eq!(fs::read_dir(&wants)?.count(), 2);
    Ok(())
}

fn man() -> Result<(), Failed> {
    let root = installed();
    let mut seen = 0;
    for section in ["man5", "man8"] {
        let folder = root.path().join("usr/share/man").join(section);
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let mut command = Command::new("man");
            command.args(["--warnings", "-l"]).arg(&path).env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80");
            // For the page that is only a word of where the text is.
            let output =
                command.env("MANPATH", root.path().join("usr/share/man")).env("PAGER", "cat").output()?;
            let warned = String::from_utf8_lossy(&output.stderr);
            let text = String::from_utf8_lossy(&output.stdout);
            if !output.status.success() || !warned.is_empty() || text.lines().count() < 10 {
                return Err(format!("{}: {warned}{text}", path.display()).into());
            }
            seen += 1;
        }
    }
    assert!(seen > 15);
    Ok(())
}

/// What bash offers for a line's last word.
fn offered(root: &Path, line: &str) -> Result<Vec<String>, Failed> {
    let program = line.split(' ').next().unwrap_or_default();
    let words: Vec<_> = line.split(' ').map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source '{}/usr/share/bash-completion/completions/{program}'\nCOMP_WORDS=({})\nCOMP_CWORD={}\n\
         {}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        root.display(),
        words.join(" "),
        words.len() - 1,
        format_args!("_outage_{}", program.replace('-', "_")),
    );
    let path = format!("{0}/usr/sbin:{0}/usr/bin:{1}", root.display(), std::env::var("PATH")?);
    let mut command = Command::new("bash");
    command.args(["-u", "-c", &script]).env("PATH", path).env("NUT_CONFPATH", root.join("etc/nut"));
    let output = command.output()?;
    assert!(output.status.success() && output.stderr.is_empty(), "{line}: {}", said(&output));
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn bash() -> Result<(), Failed> {
    let root = installed();
    fs::write(root.path().join("etc/nut/ups.conf"), "[eaton3s]\ndriver = usbhid-ups\nport = auto\n")?;
    for (line, wanted) in [
        ("upsd -c ", vec!["reload", "stop"]),
        ("upsd -c re", vec!["reload"]),
        ("upsmon -c ", vec!["fsd", "reload", "stop"]),
        ("upsdrvctl sta", vec!["start", "status"]),
        ("upsdrvctl start ea", vec!["eaton3s"]),
        ("usbhid-ups -a ", vec!["eaton3s"]),
        ("ups upsd", vec!["upsd", "upsdrvctl"]),
        ("ups install --r", vec!["--root"]),
    ] {
        assert_eq!(offered(root.path(), line)?, wanted, "{line}");
    }
    for program in outage_ups::PROGRAMS {
        let flags = offered(root.path(), &format!("{} -", program.name))?;
        let wanted = outage_ups::flags::of(program.name).iter().filter(|flag| !flag.about.is_empty()).count();
        assert_eq!(flags.len(), wanted, "{}: {flags:?}", program.name);
    }
    Ok(())
}

/// Whether a shell can read its files.
fn readable(shell: &str, folder: &str, arguments: &[&str]) -> Result<(), Failed> {
    let root = installed();
    let mut seen = 0;
    for entry in fs::read_dir(root.path().join("usr/share").join(folder))? {
        let path = entry?.path();
        let output = Command::new(shell).args(arguments).arg(&path).output()?;
        assert!(output.status.success(), "{}: {}", path.display(), said(&output));
        seen += 1;
    }
    assert_eq!(seen, outage_ups::PROGRAMS.len() + 1);
    Ok(())
}

fn zsh() -> Result<(), Failed> {
    readable("zsh", "zsh/site-functions", &["-n"])
}

fn fish() -> Result<(), Failed> {
    readable("fish", "fish/vendor_completions.d", &["-n"])
}
