//! Before anything runs: the list of hardware, the samples, who may read what.

use super::place::{ADMIN, Guide, UPS, says};
use super::{GUIDE, run};
use crate::conform::Level::{Must, Should};
use crate::conform::{Case, Miss, Outcome, Stage, Target, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "guide/files/hardware-list",
        GUIDE,
        Must,
        "The list of hardware says which driver an Eaton 3S wants.",
        run_check!(hardware),
    ),
    run(
        "guide/files/samples",
        GUIDE,
        Must,
        "There is a sample of every configuration file, and a copy of each is read without a complaint.",
        run_check!(samples),
    ),
    run(
        "guide/files/section",
        GUIDE,
        Must,
        "A section below the sample of ups.conf is all that a UPS needs to be known.",
        run_check!(section),
    ),
    run(
        "guide/files/secret-world-readable",
        GUIDE,
        Must,
        "upsd warns of a upsd.conf and of a upsd.users that everybody may read, and only then.",
        run_check!(secrets),
    ),
    run(
        "guide/files/state-world-readable",
        GUIDE,
        Must,
        "upsd warns while the state folder can be read by everybody, and only then.",
        run_check!(state),
    ),
    run(
        "guide/files/permissions",
        GUIDE,
        Must,
        "With 0640 on every file, 0770 on the state folder and all of it the group's, everything still starts.",
        run_check!(permissions),
    ),
    run(
        "guide/files/own-users",
        GUIDE,
        Must,
        "Started by root without another word, upsd reaches the drivers, whichever user each of them becomes.",
        run_check!(own_users),
    ),
    run(
        "guide/files/install-again",
        GUIDE,
        Should,
        "Installing once more changes no configuration file.",
        run_check!(again),
    ),
];

fn ours(stage: &Stage) -> Outcome {
    match stage.target() {
        Target::Ours => Ok(()),
        _ => Err(Miss::Skipped("a program of ours alone".to_owned())),
    }
}

async fn hardware(stage: &mut Stage) -> Outcome {
    let guide = Guide::begin(stage).await?;
    ours(stage)?;
    let ran = guide.run(stage, "ups", &["hardware"]).await?;
    if ran.stderr.contains("there is no program 'hardware'") {
        return Err(Miss::Skipped("this build has no list of hardware".to_owned()));
    }
    let said = ran.stdout;
    let known = said.lines().any(|line| line.contains("3S") && line.contains("usbhid-ups"));
    ensure(known, || format!("no line with 3S and usbhid-ups: {said}"))
}

async fn samples(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    for name in ["nut.conf", "ups.conf", "upsd.conf", "upsd.users", "upsmon.conf", "upssched.conf"] {
        let path = format!("etc/nut/{name}");
        let text = guide.sample(stage, name).or_else(|miss| match name {
            // Those of the client's package.
            "nut.conf" | "upsmon.conf" | "upssched.conf" if *stage.target() == Target::Nut => {
                Ok(String::new())
            }
            _ => Err(miss),
        })?;
        guide.write(&path, &text, 0o640)?;
    }
    guide.configure(stage, "")?;
    guide.watch(stage, "master", "")?;
    let started = guide.start_driver(stage).await?;
    let served = guide.good(stage, "upsd", &[]).await?;
    let mut upsmon = guide.start_upsmon(stage, "-F").await?;
    guide.answers(stage, "OL").await?;
    guide.until("upsmon names its UPS", || upsmon.output().1.contains(UPS)).await?;
    let watched = upsmon.output();
    for said in [started, served, watched.0 + &watched.1] {
        let complaint = said.lines().find(|line| {
            let place = ["ups.conf:", "upsd.conf:", "upsd.users:", "upsmon.conf:"]
                .iter()
                .any(|name| line.contains(name));
            place || line.contains("invalid") || line.contains("nknown")
        });
        ensure(complaint.is_none(), || {
            format!("a complaint of a sample: {}", complaint.unwrap_or_default())
        })?;
    }
    upsmon.signal(outage_host::Signal::Term);
    Ok(())
}

async fn section(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.copy_sample(stage, "ups.conf", &guide.section())?;
    let ran = guide.run(stage, "upsdrvctl", &["-t", "start"]).await?;
    let said = ran.stdout + &ran.stderr;
    ensure(ran.code == Some(0), || format!("upsdrvctl -t start: {:?}: {said}", ran.code))?;
    says(&said, &format!("-a {UPS}"))?;
    ensure(said.matches(" -a ").count() == 1, || format!("the sample names UPSes of its own: {said}"))
}

async fn secrets(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.configure(stage, "")?;
    for name in ["upsd.conf", "upsd.users"] {
        guide.mode(&format!("etc/nut/{name}"), 0o644)?;
        let said = guide.good(stage, "upsd", &[]).await?;
        says(&said, &format!("{name} is world readable"))?;
        let warnings = said.matches("is world readable").count();
        ensure(warnings == 1, || format!("{warnings} warnings for one file: {said}"))?;
        guide.mode(&format!("etc/nut/{name}"), 0o640)?;
        guide.stop_upsd(stage).await?;
    }
    let said = guide.good(stage, "upsd", &[]).await?;
    ensure(!said.contains("world readable"), || format!("warned for nothing: {said}"))
}

async fn state(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.configure(stage, "")?;
    guide.mode("var/state/ups", 0o755)?;
    let said = guide.good(stage, "upsd", &[]).await?;
    says(&said, "var/state/ups is world readable")?;
    guide.stop_upsd(stage).await?;
    guide.mode("var/state/ups", 0o750)?;
    let said = guide.good(stage, "upsd", &[]).await?;
    ensure(!said.contains("world readable"), || format!("warned for nothing: {said}"))
}

async fn permissions(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.configure(stage, ADMIN)?;
    guide.watch(stage, "master", "")?;
    for name in ["ups.conf", "upsd.conf", "upsd.users", "upsmon.conf"] {
        guide.mode(&format!("etc/nut/{name}"), 0o640)?;
    }
    guide.mode("var/state/ups", 0o770)?;
    guide.start_driver(stage).await?;
    guide.good(stage, "upsd", &[]).await?;
    guide.answers(stage, "OL").await?;
    let mut upsmon = guide.start_upsmon(stage, "-F").await?;
    guide.until("upsmon asks", || upsmon.output().1.contains(UPS)).await?;
    upsmon.signal(outage_host::Signal::Term);
    Ok(())
}

async fn own_users(stage: &mut Stage) -> Outcome {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    if !rustix::process::geteuid().is_root() || !passwd.lines().any(|line| line.starts_with("nut:")) {
        return Err(Miss::Precondition(
            "only root can become another user, and there has to be a user nut".to_owned(),
        ));
    }
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.configure(stage, "")?;
    let root = guide.root.display();
    let (upsdrvctl, upsd) = match stage.target() {
        Target::Ours => (format!("{root}/usr/sbin/upsdrvctl"), format!("{root}/usr/sbin/upsd")),
        _ => ("/sbin/upsdrvctl".to_owned(), "/lib/nut/upsd".to_owned()),
    };
    // The user may come this far, and no further than on a machine of its own. By a script, so that no -u is added.
    let script = format!(
        "#!/bin/sh\nset -e\nchmod 711 {root}/..\nchmod 755 {root} {root}/etc {root}/etc/nut {root}/var {root}/var/state\n\
         chown -R root:nut {root}/etc/nut\nchown nut:nut {root}/var/state/ups\n{upsdrvctl} start\n{upsd}\n"
    );
    guide.write("fake/start", &script, 0o755)?;
    guide.good(stage, "root/fake/start", &[]).await?;
    guide.answers(stage, "OL").await
}

async fn again(stage: &mut Stage) -> Outcome {
    let guide = Guide::begin(stage).await?;
    ours(stage)?;
    guide.configure(stage, ADMIN)?;
    let files = ["ups.conf", "upsd.conf", "upsd.users"].map(|name| format!("etc/nut/{name}"));
    let before: Vec<_> = files.iter().map(|file| guide.read(file)).collect::<Result<_, _>>()?;
    let root = guide.root.display().to_string();
    guide.good(stage, "ups", &["install", "--root", &root]).await?;
    let after: Vec<_> = files.iter().map(|file| guide.read(file)).collect::<Result<_, _>>()?;
    ensure(before == after, || "a configuration file was changed".to_owned())
}
