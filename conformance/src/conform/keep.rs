//! The folder of a case that did not go as expected: everything a person needs to see why.

use std::fs;
use std::path::{Path, PathBuf};

use super::Stage;
use super::verdict::Judged;

/// Files of the subject that are kept beside the transcript.
const FILES: [&str; 4] = ["etc/ups.conf", "etc/upsd.conf", "etc/upsd.users", "etc/upsmon.conf"];

/// Keeps a case's files below `folder`, if there is one: where.
///
/// # Errors
/// Text: the folder can't be written.
pub fn keep(folder: Option<&Path>, judged: &Judged, stage: &Stage) -> Result<Option<PathBuf>, String> {
    let Some(folder) = folder else { return Ok(None) };
    let target = judged.target.to_string().replace("://", "-").replace([':', '[', ']'], "_");
    let folder = folder.join(target).join(judged.case.id.replace('/', "."));
    let failed =
        |error: std::io::Error| format!("failed to keep {} in {}: {error}", judged.case.id, folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::write(folder.join("verdict.txt"), verdict(judged)).map_err(failed)?;
    fs::write(folder.join("transcript.txt"), transcript(judged)).map_err(failed)?;
    fs::write(folder.join("upsd.log"), stage.log()).map_err(failed)?;
    for name in FILES {
        if let Ok(text) = stage.read(name) {
            let name = name.rsplit('/').next().unwrap_or(name);
            fs::write(folder.join(name), text).map_err(failed)?;
        }
    }
    Ok(Some(folder))
}

/// What is claimed, what was seen, and the command that repeats it.
fn verdict(judged: &Judged) -> String {
    let case = judged.case;
    let mut text = format!(
        "case      {}\ntarget    {}\nclaim     {}\nlevel     {}\nsource    {}\nverdict   {}\n",
        case.id,
        judged.target,
        case.claim,
        case.level,
        case.source,
        judged.word()
    );
    if !judged.text.is_empty() {
        text += &format!("why       {}\n", judged.text);
    }
    if let Some(first) = &judged.flaky {
        text += &format!("at first  {first}\n");
    }
    if let Some(entry) = &judged.entry {
        text += &format!("expected  {}: {} ({})\n", entry.verdict, entry.reason, entry.source);
    }
    text + &format!("repeat    {}\n", judged.command())
}

/// Both sides of every wire, and what the programs said, with times.
#[must_use]
pub fn transcript(judged: &Judged) -> String {
    judged.transcript.iter().map(|entry| format!("{entry}\n")).collect()
}
