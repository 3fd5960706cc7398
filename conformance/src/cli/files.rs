//! Scenario files from the command line.

use std::path::{Path, PathBuf};

use crate::report::caret;
use crate::scenario::{self, Scenario};

/// A scenario with the file it came from.
pub(super) struct Loaded {
    pub(super) path: String,
    pub(super) source: String,
    pub(super) scenario: Scenario,
}

/// Loads files and, from folders, everything below them that ends in `.kdl`, in order of their paths.
///
/// # Errors
/// Every fault of every file, each with a caret under its place; or what could not be read.
pub(super) fn load(paths: &[PathBuf], colour: bool) -> Result<Vec<Loaded>, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() { walk(path, &mut files)? } else { files.push(path.clone()) }
    }
    let mut loaded = Vec::new();
    let mut faults = Vec::new();
    for file in files {
        let path = file.display().to_string();
        let source = std::fs::read_to_string(&file).map_err(|error| format!("failed to read {path}: {error}"))?;
        match understand(&path, &source, colour) {
            Ok(scenario) => loaded.push(Loaded { path, source, scenario }),
            Err(text) => faults.push(text),
        }
    }
    if !faults.is_empty() {
        return Err(faults.join("\n\n"));
    }
    if loaded.is_empty() {
        return Err("no scenario there: a folder is searched for files that end in .kdl".to_owned());
    }
    Ok(loaded)
}

/// Parses one file, and finds its devices.
///
/// # Errors
/// Its faults, with carets.
pub(super) fn understand(path: &str, source: &str, colour: bool) -> Result<Scenario, String> {
    let stem = Path::new(path).file_stem().map_or_else(|| path.to_owned(), |stem| stem.to_string_lossy().into_owned());
    let (scenario, mut faults) = scenario::parse(&stem, source);
    for ups in &scenario.upses {
        for device in &ups.devices {
            if let Err(text) = crate::devices::find(device) {
                faults.push(scenario::Fault { span: ups.span.clone(), message: text, help: None });
            }
        }
    }
    if faults.is_empty() {
        return Ok(scenario);
    }
    let render = |fault: &scenario::Fault| {
        caret::render(path, source, &fault.span, &fault.message, fault.help.as_deref(), colour)
    };
    Err(faults.iter().map(render).collect::<Vec<_>>().join("\n\n"))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error| format!("failed to read the folder {}: {error}", folder.display());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "kdl") {
            files.push(path);
        }
    }
    Ok(())
}
