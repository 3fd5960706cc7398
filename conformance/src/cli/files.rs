//! Scenario files from the command line.

use std::path::{Path, PathBuf};

use crate::devices;
use crate::report::caret;
use crate::scenario::{self, Scenario};

/// A scenario with the file it came from.
pub(super) struct Loaded {
    pub(super) path: String,
    pub(super) source: String,
    pub(super) scenario: Scenario,
}

/// Loads files and, from folders, everything below them that ends in `.kdl` and is no device file, in order of their paths.
///
/// # Errors
/// Every fault of every file, each with a caret under its place; or what could not be read.
pub(super) fn load(paths: &[PathBuf], colour: bool) -> Result<Vec<Loaded>, String> {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push((path.clone(), true));
            continue;
        }
        let before = files.len();
        match walk(path, &mut files) {
            Ok(()) if files.len() == before => {
                let path = path.display();
                faults.push(format!(
                    "there is no scenario in {path}: it is searched for files that end in .kdl"
                ));
            }
            Ok(()) => {}
            Err(text) => faults.push(text),
        }
    }
    let mut loaded = Vec::new();
    for (file, named) in files {
        let path = file.display().to_string();
        let source = match std::fs::read_to_string(&file) {
            Ok(source) => source,
            Err(error) => {
                faults.push(unreadable(&path, &error));
                continue;
            }
        };
        // The devices of scenarios may lie beside them.
        if !named && scenario::is_device_file(&source) {
            continue;
        }
        match understand(&path, &source, colour) {
            Ok(scenario) => loaded.push(Loaded { path, source, scenario }),
            Err(text) => faults.push(text),
        }
    }
    if !faults.is_empty() {
        return Err(faults.join("\n\n"));
    }
    if loaded.is_empty() {
        return Err("there are device files only: `outage sim` serves them".to_owned());
    }
    Ok(loaded)
}

/// Parses one file, and finds its devices.
///
/// # Errors
/// Its faults, with carets.
pub(super) fn understand(path: &str, source: &str, colour: bool) -> Result<Scenario, String> {
    let stem = Path::new(path)
        .file_stem()
        .map_or_else(|| path.to_owned(), |stem| stem.to_string_lossy().into_owned());
    let (mut scenario, mut faults) = scenario::parse(&stem, source);
    let mut beside = Vec::new();
    for ups in &mut scenario.upses {
        for (device, span) in ups.devices.iter_mut().zip(&ups.device_spans) {
            // A path is as seen from the scenario's file, wherever it is run from.
            if device.ends_with(".kdl") {
                let folder = Path::new(path).parent().unwrap_or_else(|| Path::new(""));
                *device = folder.join(&*device).display().to_string();
            }
            let message = match devices::find(device) {
                Ok(_) => continue,
                Err(devices::Error::Faulty(file, text)) => {
                    if !beside.contains(&text) {
                        beside.push(text);
                    }
                    format!("the device file {file} has faults")
                }
                Err(error) => error.to_string(),
            };
            faults.push(scenario::Fault { span: span.clone(), message, help: None });
        }
    }
    if faults.is_empty() {
        return Ok(scenario);
    }
    faults.sort_by_key(|fault| fault.span.start);
    let render = |fault: &scenario::Fault| {
        caret::render(path, source, &fault.span, &fault.message, fault.help.as_deref(), colour)
    };
    beside.insert(0, caret::several(faults.iter().map(render), path));
    Err(beside.join("\n\n"))
}

fn unreadable(path: &str, error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound {
        format!("{path} is not there: name a scenario file, or a folder of them")
    } else {
        format!("failed to read {path}: {error}")
    }
}

fn walk(folder: &Path, files: &mut Vec<(PathBuf, bool)>) -> Result<(), String> {
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
            files.push((path, false));
        }
    }
    Ok(())
}
