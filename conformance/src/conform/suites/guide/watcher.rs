//! `upsmon`, and the guide's puzzle.

use std::time::Duration;

use outage_host::Signal;
use rustix::process::{Pid, kill_process};
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use super::place::{ADMIN, Guide, NOBODY, UPS, says};
use super::{GUIDE, run};
use crate::conform::Level::{Must, Should};
use crate::conform::lab::{LIMIT, Process};
use crate::conform::{Case, Miss, Outcome, Stage, Target, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "guide/watcher/roles",
        GUIDE,
        Must,
        "master and slave, primary and secondary are all roles of a MONITOR line.",
        run_check!(roles),
    ),
    run(
        "guide/watcher/own-user",
        GUIDE,
        Must,
        "Started by root, upsmon judges as RUN_AS_USER; only a small parent stays root.",
        run_check!(own_user),
    ),
    run(
        "guide/watcher/syslog",
        GUIDE,
        Must,
        "In the background upsmon logs to syslog as upsmon[PID].",
        run_check!(syslog),
    ),
    run(
        "guide/watcher/puzzle",
        GUIDE,
        Must,
        "A user without an upsmon line is refused with NUT's words, and the UPS is watched all the same.",
        run_check!(puzzle),
    ),
    run(
        "guide/watcher/puzzle-solved",
        GUIDE,
        Should,
        "After the refusal a line says what is missing, and in which file.",
        run_check!(solved),
    ),
    run(
        "guide/watcher/debug",
        GUIDE,
        Must,
        "upsmon -DD stays in the foreground and shows each status.",
        run_check!(debug),
    ),
];

/// A user of upsd.users that upsmon may log in as.
const MONITOR: &str = "[admin]\n\tpassword = \"PLZset@strongpassw0rdh3r3!\"\n\tupsmon master\n";

/// All that a program has said.
fn said(process: &dyn Process) -> String {
    let (out, err) = process.output();
    out + &err
}

/// Waits until upsmon has logged in: the server counts it, and it sees from now on what changes.
pub(super) async fn logged_in(stage: &mut Stage, upsmon: &dyn Process) -> Outcome {
    let mut client = stage.connect().await?;
    let mut count = String::new();
    for _ in 0..400 {
        count = client.ask(&format!("GET NUMLOGINS {UPS}")).await?.remove(0);
        if count.ends_with(" 1") {
            return Ok(());
        }
        stage.wait(Duration::from_millis(50)).await;
    }
    Err(Miss::Fail(format!("upsmon does not log in: {count}: {}", said(upsmon))))
}

async fn roles(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.serve(stage, MONITOR).await?;
    for role in ["master", "slave", "primary", "secondary"] {
        guide.watch(stage, role, "")?;
        let mut upsmon = guide.start_upsmon(stage, "-F").await?;
        logged_in(stage, &*upsmon).await?;
        says(&said(&*upsmon), &guide.system())?;
        let shown = if matches!(role, "master" | "primary") { "primary" } else { "secondary" };
        says(&said(&*upsmon), &format!("({shown})"))?;
        upsmon.signal(Signal::Term);
        ensure(timeout(LIMIT, upsmon.ended()).await.is_ok(), || "upsmon does not end".to_owned())?;
    }
    Ok(())
}

/// The ids of a process's user, by its pid.
fn uid(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().next()?.parse().ok()
}

/// The processes whose parent is this one.
fn children(parent: u32) -> Vec<u32> {
    let Ok(folder) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let rest = stat.rsplit(')').next().unwrap_or_default();
        rest.split_whitespace().nth(1).and_then(|word| word.parse().ok()) == Some(parent)
    };
    pids.filter(is_child).collect()
}

async fn own_user(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let own = passwd.lines().find_map(|line| line.strip_prefix("nut:"));
    let own = own.and_then(|rest| rest.split(':').nth(1)?.parse::<u32>().ok());
    let Some(own) = own.filter(|_| rustix::process::geteuid().is_root()) else {
        return Err(Miss::Precondition(
            "only root can become another user, and there has to be a user nut".to_owned(),
        ));
    };
    guide.plug_in(stage, 1.0).await?;
    guide.serve(stage, MONITOR).await?;
    guide.watch(stage, "master", "RUN_AS_USER nut\n")?;
    // By a script, so that the harness adds no -u.
    let program = program(stage, &guide);
    let script =
        format!("#!/bin/sh\necho $$ >{}\nexec {} -F\n", guide.root.join("tmp/parent").display(), program);
    guide.write("fake/start-upsmon", &script, 0o755)?;
    let upsmon = guide.stay(stage, "root/fake/start-upsmon", &[]).await?;
    guide.until("the script runs", || guide.read("tmp/parent").is_ok_and(|pid| pid.ends_with('\n'))).await?;
    let parent: u32 = guide.read("tmp/parent")?.trim().parse().map_err(|_| Miss::fail("no pid"))?;
    let right = || children(parent).iter().any(|child| uid(*child) == Some(own));
    let mut done = guide.until("a child belongs to the user nut", right).await;
    if done.is_ok() {
        // From now on both are at work.
        done = logged_in(stage, &*upsmon).await;
    }
    let kept = uid(parent);
    // Its environment is not to be seen any more, by which it would be found at the end.
    for child in children(parent).into_iter().filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
        // One that has gone meanwhile is what is wanted.
        let _ = kill_process(child, rustix::process::Signal::KILL);
    }
    done?;
    ensure(kept == Some(0), || format!("the parent's user is {kept:?}"))
}

/// upsmon for a script, where the harness adds nothing to its command line.
fn program(stage: &Stage, guide: &Guide) -> String {
    match stage.target() {
        Target::Ours => guide.root.join("usr/sbin/upsmon").display().to_string(),
        // It would not start beside another one on this machine, and is told of a process that is none.
        _ => format!("/lib/nut/upsmon -P {NOBODY}"),
    }
}

async fn syslog(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.serve(stage, MONITOR).await?;
    guide.watch(stage, "master", "")?;
    // A /dev of this machine's own, where the harness is the syslog daemon.
    let dev = guide.root.join("dev");
    std::fs::create_dir_all(&dev).map_err(|error| Miss::Fail(format!("failed to make dev: {error}")))?;
    let log = UnixDatagram::bind(dev.join("log"))
        .map_err(|error| Miss::Fail(format!("failed to listen: {error}")))?;
    let program = program(stage, &guide);
    let dev = dev.display();
    let script = format!(
        "#!/bin/sh\nset -e\ntouch {dev}/null {dev}/urandom\nmount --bind /dev/null {dev}/null\n\
         mount --bind /dev/urandom {dev}/urandom\nmount --rbind {dev} /dev\nexec {} -p -u root\n",
        program
    );
    guide.write("fake/with-syslog", &script, 0o755)?;
    let inner = guide.root.join("fake/with-syslog").display().to_string();
    guide.write(
        "fake/unshared",
        &format!("#!/bin/sh\nunshare -rm true || exit 77\nexec unshare -rm {inner}\n"),
        0o755,
    )?;
    let ran = guide.run(stage, "root/fake/unshared", &[]).await?;
    if ran.code == Some(77) || ran.stderr.contains("mount:") {
        return Err(Miss::Precondition(format!(
            "no mount namespace for a syslog of one's own: {}",
            ran.stderr
        )));
    }
    ensure(ran.code == Some(0), || format!("upsmon: {:?}: {}{}", ran.code, ran.stdout, ran.stderr))?;
    // A notice brings a line in any case.
    let mut lines = Vec::new();
    let hearing = async {
        let mut buffer = [0; 2048];
        while let Ok(count) = log.recv(&mut buffer).await {
            let line = String::from_utf8_lossy(&buffer[..count]).into_owned();
            let named = line
                .split_once("upsmon[")
                .and_then(|(_, rest)| rest.split_once("]: "))
                .is_some_and(|(pid, _)| pid.parse::<u32>().is_ok());
            lines.push(line);
            if named {
                return true;
            }
        }
        false
    };
    if *stage.target() == Target::Nut {
        // The stand-in's mains fail, so that there is something to say.
        let _ = guide.run(stage, "upsd", &["-c", "stop"]).await;
    } else {
        guide.ups()?.mains(false);
    }
    let heard = timeout(LIMIT * 3, hearing).await;
    ensure(heard == Ok(true), || format!("no line of upsmon[PID]: {lines:?}"))
}

async fn puzzled(stage: &mut Stage) -> Result<(Guide, Box<dyn Process>), Miss> {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.serve(stage, ADMIN).await?;
    guide.watch(stage, "master", "")?;
    let upsmon = guide.start_upsmon(stage, "-DD").await?;
    let refused = format!("Login on UPS [{}] failed - got [ERR ACCESS-DENIED]", guide.system());
    guide.until(&refused, || said(&*upsmon).contains(&refused)).await?;
    Ok((guide, upsmon))
}

async fn puzzle(stage: &mut Stage) -> Outcome {
    let (guide, upsmon) = puzzled(stage).await?;
    guide
        .until("the status is shown after that", || {
            let said = said(&*upsmon);
            let after = said.split("ERR ACCESS-DENIED").last().unwrap_or_default().to_owned();
            after.contains("[OL]") || after.contains("[OL CHRG]")
        })
        .await
}

async fn solved(stage: &mut Stage) -> Outcome {
    let (_guide, upsmon) = puzzled(stage).await?;
    says(&said(&*upsmon), "user admin has no 'upsmon primary' in upsd.users")
}

async fn debug(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.serve(stage, MONITOR).await?;
    guide.watch(stage, "master", "")?;
    let mut upsmon = guide.start_upsmon(stage, "-DD").await?;
    guide
        .until("the status is shown twice", || {
            let said = said(&*upsmon);
            said.matches("[OL]").count() + said.matches("[OL CHRG]").count() >= 2
        })
        .await?;
    let ended = timeout(Duration::ZERO, upsmon.ended()).await;
    ensure(ended.is_err(), || "it did not stay in the foreground".to_owned())
}
