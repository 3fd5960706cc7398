//! POWERDOWNFLAG: how the end of a system's shutdown knows that the UPS is to be switched off.

use std::io;
use std::path::Path;

use outage_config::UpsmonConf;
use outage_host::Host;

/// What a flag file begins with, and without STALEFLAG all of it; no newline follows then. `upsmon -K` of any NUT looks
/// at the beginning of the first line only.
pub(crate) const MAGIC: &[u8] = b"upsmon-shutdown-file";

/// With STALEFLAG, the second line: this word and the id of the boot.
const BOOT: &str = "boot";

/// Permission bits of a flag file.
const MODE: u32 = 0o600;

/// Whether the flag is there and upsmon's: `-K`. With STALEFLAG (`bound`) it must be one of this boot, too; where the
/// system knows no boots, any is good.
pub(crate) fn is_set(host: &Host, path: &Path, bound: bool) -> bool {
    let Ok(content) = host.read(path) else { return false };
    if !content.starts_with(MAGIC) {
        return false;
    }
    let Some(own) = host.boot_id().filter(|_| bound) else { return true };
    let text = String::from_utf8_lossy(&content);
    let boot = text.lines().nth(1).and_then(|line| line.strip_prefix(BOOT)).map(str::trim);
    if boot == Some(own.as_str()) {
        return true;
    }
    let whose = if boot.is_some() { "is of another boot" } else { "does not tell of which boot it is" };
    host.warn(format_args!("the power down flag file {} {whose}: not counted (STALEFLAG)", path.display()));
    false
}

/// Writes it.
pub(crate) fn write(host: &Host, path: &Path, bound: bool) -> io::Result<()> {
    let mut content = MAGIC.to_vec();
    if let Some(own) = host.boot_id().filter(|_| bound) {
        content.extend(format!("\n{BOOT} {own}\n").bytes());
    }
    host.write(path, &content, MODE)
}

/// Looks at the flag when upsmon starts. One of an earlier shutdown is removed, lest the next ordinary shutdown cuts
/// the power (truenas/middleware#8770). A file that is not upsmon's is left alone, and the flag is not used.
/// What could keep it from being written later is said now.
pub(crate) fn prepare(host: &Host, conf: &mut UpsmonConf) {
    let Some(flag) = conf.powerdown_flag.clone() else { return };
    let path = Path::new(&flag);
    match host.read(path) {
        Ok(content) if content.starts_with(MAGIC) => {
            if let Err(error) = host.remove(path) {
                host.error(format_args!(
                    "failed to remove the power down flag file {flag} of an earlier shutdown: {error}; \
                     remove it, or the next shutdown of whatever cause may switch the UPS off"
                ));
            }
        }
        Ok(_) => {
            host.warn(format_args!(
                "POWERDOWNFLAG ({flag}) does not contain the upsmon magic string - disabling! \
                 Remove the file or name another one, then restart upsmon"
            ));
            conf.powerdown_flag = None;
            return;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            host.warn(format_args!(
                "POWERDOWNFLAG ({flag}) exists, but cannot be read: {error} - disabling! \
                 Remove it or name another file, then restart upsmon"
            ));
            conf.powerdown_flag = None;
            return;
        }
    }
    host.info(format_args!("Using power down flag file {flag}"));
    if conf.stale_flag && host.boot_id().is_none() {
        host.warn("STALEFLAG is of no use: this system does not tell one boot from another");
    }
    if let Err(error) = writable(host, path) {
        host.error(format_args!(
            "the power down flag file {flag} cannot be written: {error}; \
             the UPS would not be switched off after a shutdown. Make its folder writable or name another file"
        ));
    }
}

/// Whether a file could be made there. Root may write everywhere, so that for root the folder is enough.
fn writable(host: &Host, path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("/"));
    if !host.stat(folder)?.is_dir {
        return Err(io::Error::other(format!("{} is not a folder", folder.display())));
    }
    if host.is_root() {
        return Ok(());
    }
    // Beside the flag, not in its place: a flag that a crash leaves behind would cut the power.
    let probe = path.with_added_extension("probe");
    host.write(&probe, b"", MODE)?;
    host.remove(&probe)
}
