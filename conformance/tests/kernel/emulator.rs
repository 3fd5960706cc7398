//! Without QEMU, or with something else in its place: no guest is booted.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use quick_junit::{Report, TestCaseStatus};

use crate::Case;
use crate::place::{FILE, OUTAGE, Place, RUN, holds, judged, scenario};

pub(crate) const CASES: &[Case] = &[
    Case { name: "emulator::one_that_is_absent_is_named_and_skips", boots: false, run: absent },
    Case { name: "emulator::none_is_left_when_the_laboratory_is_killed", boots: false, run: left },
    Case { name: "emulator::no_image_is_left_when_all_runs_are_done", boots: false, run: images },
];

/// More than anything here takes.
const LIMIT: Duration = Duration::from_secs(60);

fn absent() -> Result<(), String> {
    let place = Place::new();
    let path = place.without_emulator();
    let file = scenario(FILE);
    let why = if path.join("apt-get").exists() && path.join("dpkg").exists() {
        "apt-get install qemu-system-x86"
    } else {
        "apt-get and dpkg: the kernel is Debian's package"
    };
    let root = crate::place::root();
    let output = place.run(&[&file, "--only", RUN]).current_dir(root).env("PATH", &path).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    holds(
        &out,
        &[
            "skip  flag-left-over/eaton-3s-700 ",
            "precondition unmet: ",
            why,
            "0 passed, 0 failed, 1 skipped\n",
        ],
    )?;
    if !output.status.success() {
        return Err(format!("a run that is skipped has not failed: {}", output.status));
    }

    let junit = place.at("report.xml");
    let mut again = place.run(&[&file, "--only", RUN, "--junit", &junit.display().to_string()]);
    let (_, document) = judged(again.current_dir(root).env("PATH", &path))?;
    let counts = ["passed", "failed", "skipped"].map(|count| document[count].as_u64());
    if counts != [Some(0), Some(0), Some(1)] || document["runs"][0]["verdict"] != "skip" {
        return Err(format!("it counts as something else: {document:#}"));
    }
    holds(document["runs"][0]["unmet"].as_str().unwrap_or_default(), &[why])?;
    let report = Report::deserialize_from_str(&fs::read_to_string(junit).unwrap()).unwrap();
    match &report.test_suites[0].test_cases[0].status {
        TestCaseStatus::Skipped { message, .. } => holds(message.as_deref().unwrap_or_default(), &[why]),
        status => Err(format!("it counts as something else: {status:?}")),
    }
}

/// A place with an image of nothing, and with a script as emulator that only sleeps and says which process it is.
fn asleep() -> Place {
    let place = Place::new();
    place.script(
        "ci/guest/build",
        "#!/bin/sh\nwhile [ \"$1\" != --out ]; do shift; done\n: >\"$2/vmlinuz\"; : >\"$2/initramfs.gz\"\n",
    );
    place.script("bin/cpio", "#!/bin/sh\ncat >/dev/null\n");
    place.script("bin/mke2fs", "#!/bin/sh\n");
    let pid = place.at("pid");
    let emulator = format!(
        "#!/bin/sh\ncase \"$*\" in *'-accel kvm'*) exit 1 ;; esac\necho $$ >'{0}.new' && mv '{0}.new' '{0}'\n\
         exec sleep 1000\n",
        pid.display()
    );
    place.script("bin/qemu-system-x86_64", &emulator);
    place
}

/// PATH with a place's own programs first.
fn path(place: &Place) -> String {
    format!("{}:{}", place.at("bin").display(), std::env::var("PATH").unwrap())
}

/// Waits until something is so.
#[expect(clippy::disallowed_methods, reason = "processes are waited for in real time")]
fn until(what: &str, so: impl Fn() -> bool) -> Result<(), String> {
    let begun = Instant::now();
    while !so() {
        if begun.elapsed() > LIMIT {
            return Err(format!("not within {LIMIT:?}: {what}"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Whether a process runs. One that nobody has asked about since it ended does not.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

fn left() -> Result<(), String> {
    let place = asleep();
    let mut outage = std::process::Command::new(OUTAGE)
        .current_dir(place.at("."))
        .args(["run", "--lane", "kernel", &scenario(FILE), "--only", RUN])
        .env("PATH", path(&place))
        .env("TMPDIR", place.at("."))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let file = place.at("pid");
    let started = until("the emulator starts", || file.exists());
    let pid = fs::read_to_string(&file).unwrap_or_default().trim().to_owned();
    let lived = lives(&pid);
    outage.kill().unwrap();
    outage.wait().unwrap();
    started?;
    if !lived {
        return Err("the emulator was gone before its laboratory".to_owned());
    }
    until(&format!("the emulator (process {pid}) goes with its laboratory"), || !lives(&pid))
}

fn images() -> Result<(), String> {
    let place = asleep();
    let temporary = place.at("tmp");
    fs::create_dir(&temporary).unwrap();
    // The emulator makes no sockets, which fails the run after a while. What is kept is the run's own folder.
    let output = place
        .run(&[&scenario(FILE), "--only", RUN])
        .env("PATH", path(&place))
        .env("TMPDIR", &temporary)
        .output()
        .unwrap();
    holds(&String::from_utf8_lossy(&output.stderr), &["qemu-system-x86_64 made no sockets within 10s"])?;
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    if left.iter().any(|name| name.to_string_lossy().starts_with("outage-guest-")) {
        return Err(format!("an image is left behind: {left:?}"));
    }
    let pid = fs::read_to_string(place.at("pid")).unwrap();
    until("the emulator goes with its run", || !lives(pid.trim()))
}
