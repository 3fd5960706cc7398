//! What the kernel says: which cores there are, and what a process has used of them and of memory.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The core of the servers and the core of those who load them: they don't get into each other's way.
#[derive(Clone, Copy)]
pub(super) struct Cores {
    apart: Option<(usize, usize)>,
}

impl Cores {
    /// Takes the first core and the last, if there are two, and puts this thread on the last.
    pub(super) fn share() -> Self {
        let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
        let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core));
        let apart = cores.next().zip(cores.next_back());
        if let Some((_, own)) = apart {
            pin(own);
        }
        Self { apart }
    }

    /// Whether the servers have a core of their own.
    pub(super) const fn are_two(self) -> bool {
        self.apart.is_some()
    }

    /// Starts something on the servers' core: what a thread starts is born where the thread runs.
    pub(super) fn on_servers<T>(self, start: impl FnOnce() -> T) -> T {
        let Some((servers, own)) = self.apart else { return start() };
        pin(servers);
        let started = start();
        pin(own);
        started
    }
}

fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    // Where that is not allowed, figures are a little less steady.
    let _ = sched_setaffinity(None, &set);
}

/// How many files this process, and those it starts, may have open: as many as it may ask for.
pub(super) fn open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let now = if raised.is_ok() { limit.maximum } else { limit.current };
    now.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX))
}

/// Time on a core of all threads of a process, in nanoseconds; 0 of one that is gone.
pub(super) fn cpu(pid: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let each = threads.flatten().map(|thread| fs::read_to_string(thread.path().join("schedstat")));
    each.flatten().filter_map(|text| first_number(&text)).sum()
}

/// How often all threads of a process have waited so far: as often, they were woken. 0 of one that is gone.
pub(super) fn wakes(pid: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let each = threads.flatten().map(|thread| fs::read_to_string(thread.path().join("status")));
    each.flatten().filter_map(|text| field(&text, "voluntary_ctxt_switches:")).sum()
}

/// The first number of a line that begins with this.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| first_number(line.strip_prefix(name)?))
}

/// Memory of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// Its share of what it has in memory (PSS), in bytes.
    pub(super) share: u64,
    /// What it has in memory (RSS), in bytes.
    pub(super) resident: u64,
}

/// Memory of a process now.
pub(super) fn memory(pid: u32) -> Memory {
    fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).map(|text| read_memory(&text)).unwrap_or_default()
}

fn read_memory(text: &str) -> Memory {
    let bytes = |name: &str| field(text, name).unwrap_or_default() * 1024;
    Memory { share: bytes("Pss:"), resident: bytes("Rss:") }
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// The machine in a line: a figure means nothing without it.
pub(super) fn description() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor");
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    format!("{cores} x {model}, Linux {}, load average {load} at the start", kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_kernel_s_summary() {
        let text =
            "55-7f ---p 00000000 00:00 0    [rollup]\nRss:        5 kB\nPss:         3 kB\nPss_Dirty: 9 kB\n";
        assert_eq!(read_memory(text), Memory { share: 3072, resident: 5120 });
    }

    #[test]
    fn this_process_uses_something() {
        let pid = std::process::id();
        let memory = memory(pid);
        assert!(memory.share > 0 && memory.resident >= memory.share, "{memory:?}");
        assert!(cpu(pid) > 0);
        assert_eq!((cpu(u32::MAX), wakes(u32::MAX)), (0, 0));
        let before = wakes(pid);
        super::super::pause(std::time::Duration::from_millis(1));
        assert!(wakes(pid) > before);
    }
}
