//! NUT's own C clients, as the distribution builds them.

use crate::lab::{Lab, PASSWORD, Ran};
use crate::programs::Maker::{C, Ours};
use crate::room::{Wire, becomes, serve};
use crate::{Case, Need};

pub(crate) const CASES: &[Case] = &[
    Case { name: "nut::upsc", needs: &[Need::C("upsc")], run: || upsc(Wire::Clear) },
    Case { name: "nut::upsc-over-TLS", needs: &[Need::C("upsc")], run: || upsc(Wire::Tls) },
    Case { name: "nut::upscmd", needs: &[Need::C("upscmd")], run: upscmd },
    Case { name: "nut::upsrw", needs: &[Need::C("upsrw")], run: upsrw },
    Case { name: "nut::upslog", needs: &[Need::C("upslog")], run: || upslog(Wire::Clear) },
    Case { name: "nut::upslog-over-TLS", needs: &[Need::C("upslog")], run: || upslog(Wire::Tls) },
];

/// What a program prints, if it ends well.
async fn output(lab: &Lab, program: &str, arguments: &[&str]) -> Result<String, String> {
    let ran = lab.run(C, program, arguments).await?;
    if ran.code == Some(0) { Ok(ran.stdout) } else { Err(format!("{program} {arguments:?}: {ran:?}")) }
}

/// All its forms show what ours show. That the encrypted wire is encrypted, the server tells.
fn upsc(wire: Wire) -> Result<(), String> {
    serve(wire, async |lab, server, _| {
        let (ups, server) = (lab.at(Ours), server.to_string());
        let unknown = format!("attic@{server}");
        for arguments in [
            vec!["-l", &*server],
            vec!["-L", &server],
            vec!["-c", &ups],
            vec![&ups],
            vec![&ups, "ups.status"],
            vec![&ups, "no.such"],
            vec![&ups, "nodot"],
            vec![&unknown],
        ] {
            let (ours, theirs) =
                (lab.run(Ours, "upsc", &arguments).await?, lab.run(C, "upsc", &arguments).await?);
            // The C one says on standard error how its library was built.
            let last =
                |ran: &Ran| ran.stderr.lines().last().filter(|_| ran.code != Some(0)).map(str::to_owned);
            if (ours.code, &ours.stdout, last(&ours)) != (theirs.code, &theirs.stdout, last(&theirs)) {
                return Err(format!("upsc {arguments:?}: ours {ours:?}, NUT's {theirs:?}"));
            }
        }
        Ok(())
    })
}

fn upscmd() -> Result<(), String> {
    serve(Wire::Clear, async |lab, _, _| {
        let ups = lab.at(Ours);
        let theirs = output(lab, "upscmd", &["-l", &ups]).await?;
        let ours = lab.run(Ours, "upscmd", &["-l", &ups]).await?.stdout;
        if theirs != ours || !theirs.contains("beeper.disable - ") {
            return Err(format!("NUT's lists:\n{theirs}\nours:\n{ours}"));
        }
        let order = ["-u", "admin", "-p", PASSWORD, "-w", &ups, "beeper.disable"];
        let ran = lab.run(C, "upscmd", &order).await?;
        if ran.code != Some(0) || !ran.stderr.ends_with("SUCCESS\n") {
            return Err(format!("upscmd: {ran:?}"));
        }
        becomes(lab, "ups.beeper.status", "disabled").await
    })
}

fn upsrw() -> Result<(), String> {
    serve(Wire::Clear, async |lab, _, _| {
        let ups = lab.at(Ours);
        let theirs = output(lab, "upsrw", &["-l", &ups]).await?;
        let ours = lab.run(Ours, "upsrw", &["-l", &ups]).await?.stdout;
        if theirs != ours || !theirs.contains("[ups.delay.shutdown]") {
            return Err(format!("NUT's lists:\n{theirs}\nours:\n{ours}"));
        }
        let order = ["-u", "admin", "-p", PASSWORD, "-w", "-s", "ups.delay.shutdown=44", &ups];
        let ran = lab.run(C, "upsrw", &order).await?;
        if ran.code != Some(0) || !ran.stderr.ends_with("SUCCESS\n") {
            return Err(format!("upsrw: {ran:?}"));
        }
        becomes(lab, "ups.delay.shutdown", "44").await
    })
}

/// It logs what ours logs, but for its version and the time.
fn upslog(wire: Wire) -> Result<(), String> {
    serve(wire, async |lab, _, _| {
        let ups = lab.at(Ours);
        let file = lab.path("ups.log");
        let path = file.display().to_string();
        let pid = lab.path("upslog.pid").display().to_string();
        let format = "%UPSHOST% [%VAR ups.status%] %VAR battery.charge% %VAR no.such% %%";
        lab.start(C, "c", "upslog", &["-F", "-p", &pid, "-i", "1", "-s", &ups, "-l", &path, "-f", format])?;
        let expected = format!("{ups} [OL] 100 NA %");
        lab.until("two lines are logged", async |_| {
            let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
            let right = text.lines().filter(|line| *line == expected).count();
            if right >= 2 && right == text.lines().count() { Ok(()) } else { Err(text) }
        })
        .await
    })
}
