//! Where NUT's files are.

use std::path::PathBuf;

/// The folders every program of the stack agrees on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Configuration files: `NUT_CONFPATH`, else `/etc/nut`.
    pub conf: PathBuf,
    /// Driver sockets: `NUT_STATEPATH`, else `/var/state/ups`.
    pub state: PathBuf,
    /// PID files of what starts as root (upsmon): `NUT_PIDPATH`, else `/run`.
    pub pid: PathBuf,
    /// PID files of what doesn't (upsd, drivers): `NUT_ALTPIDPATH`, else [`Paths::state`].
    pub alt_pid: PathBuf,
}

impl Paths {
    /// From the environment, which `env` looks up. An empty variable counts as none.
    #[must_use]
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let state = get("NUT_STATEPATH").unwrap_or_else(|| PathBuf::from("/var/state/ups"));
        Self {
            conf: get("NUT_CONFPATH").unwrap_or_else(|| PathBuf::from("/etc/nut")),
            pid: get("NUT_PIDPATH").unwrap_or_else(|| PathBuf::from("/run")),
            alt_pid: get("NUT_ALTPIDPATH").unwrap_or_else(|| state.clone()),
            state,
        }
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self::from_env(|_| None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_win_and_the_pid_files_follow_the_state_path() {
        let paths = Paths::from_env(|name| match name {
            "NUT_STATEPATH" => Some("/tmp/state".to_owned()),
            "NUT_CONFPATH" => Some(String::new()),
            _ => None,
        });
        assert_eq!(paths.state, PathBuf::from("/tmp/state"));
        assert_eq!(paths.alt_pid, paths.state);
        assert_eq!(paths.conf, PathBuf::from("/etc/nut"));
        assert_eq!(paths.pid, PathBuf::from("/run"));
        assert_eq!(Paths::default().alt_pid, PathBuf::from("/var/state/ups"));
    }
}
