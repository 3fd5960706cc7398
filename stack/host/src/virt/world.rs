//! A world's state: its machines, their processes and devices, its trace.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::Machine;
use super::files::Files;
use super::life::Life;
use super::links::Links;
use super::network::{Bound, Queue, machine_address};
use super::pipe::lock;
use super::process::{Running, Spawn, VirtualChild, program_name};
use super::serial::{self, SerialEnd};
use super::timeline::Timeline;
use super::trace::{Event, EventKind};
use crate::host::{Elapsed, before};
use crate::os::Signal;
use crate::process::{Child, Command, ExitStatus};
use crate::serial::{BoxSerial, SerialSettings};
use crate::usb::{TransferError, UsbAccess, UsbDevice, UsbInfo};

pub(super) type SpawnHandler = Arc<dyn Fn(&Spawn) -> Running + Send + Sync>;
pub(super) type SerialHandler = Arc<dyn Fn(SerialEnd) + Send + Sync>;
pub(super) type UsbHandler = Arc<dyn Fn() -> Result<Box<dyn UsbDevice>, TransferError> + Send + Sync>;

/// A network of machines in memory. Cheap to clone.
#[derive(Clone)]
pub struct World(Arc<Shared>);

/// What tells the time.
enum Time {
    /// Tokio, since then.
    Tokio(Instant),
    Leaping(Timeline),
}

struct Shared {
    seed: u64,
    time: Time,
    state: Mutex<State>,
    trace: Mutex<Vec<Event>>,
    recorded: watch::Sender<usize>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) machines: BTreeMap<Arc<str>, MachineState>,
    pub(super) links: Links,
}

pub(super) struct MachineState {
    pub(super) number: u16,
    pub(super) running: bool,
    /// How often it was started.
    boots: u32,
    /// How long it has slept since.
    asleep: Duration,
    pub(super) files: Files,
    pub(super) bound: Vec<Bound>,
    /// Unix sockets that listen, and whose they are.
    pub(super) unix: Vec<(Arc<Queue>, u32)>,
    pub(super) next_port: u16,
    /// Files that are locked, and who holds them.
    locks: BTreeMap<PathBuf, u32>,
    processes: BTreeMap<u32, Process>,
    next_pid: u32,
    incarnations: BTreeMap<String, u32>,
    env: BTreeMap<String, String>,
    /// What is going to be typed.
    typed: VecDeque<String>,
    debug: u8,
    spawn_handler: Option<SpawnHandler>,
    serial: BTreeMap<PathBuf, SerialPort>,
    usb: BTreeMap<(UsbAccess, String), (UsbInfo, UsbHandler)>,
}

struct Process {
    name: Arc<str>,
    life: Arc<Life>,
    /// What its environment has beside the machine's.
    env: BTreeMap<String, String>,
    task: Option<AbortHandle>,
}

struct SerialPort {
    device: SerialHandler,
    /// There while somebody has the line open.
    open: Weak<()>,
    opener: u32,
}

impl MachineState {
    fn new(number: u16) -> Self {
        Self {
            number,
            running: true,
            boots: 1,
            asleep: Duration::ZERO,
            files: Files::new(),
            bound: Vec::new(),
            unix: Vec::new(),
            next_port: 40_000,
            locks: BTreeMap::new(),
            processes: BTreeMap::new(),
            next_pid: 101,
            incarnations: BTreeMap::new(),
            env: BTreeMap::new(),
            typed: VecDeque::new(),
            debug: 0,
            spawn_handler: None,
            serial: BTreeMap::new(),
            usb: BTreeMap::new(),
        }
    }

    /// The process that listens on a Unix socket.
    pub(super) fn unix_owner(&self, queue: &Arc<Queue>) -> Option<u32> {
        self.unix.iter().find(|(other, _)| Arc::ptr_eq(other, queue)).map(|(_, pid)| *pid)
    }

    /// What the system does at a process's end, beside its streams: closes its listeners, lets go of its lines.
    fn release(&mut self, pid: u32) {
        for bound in self.bound.iter().filter(|bound| bound.pid == pid) {
            bound.queue.close();
        }
        self.bound.retain(|bound| bound.pid != pid);
        for (queue, _) in self.unix.iter().filter(|(_, owner)| *owner == pid) {
            queue.close();
        }
        self.unix.retain(|(_, owner)| *owner != pid);
        self.locks.retain(|_, owner| *owner != pid);
        for port in self.serial.values_mut().filter(|port| port.opener == pid) {
            port.open = Weak::new();
        }
    }
}

impl World {
    /// A world without machines, at time 0. To be called inside the runtime whose clock it is to follow.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_time(seed, Time::Tokio(Instant::now()))
    }

    /// A world whose time is that of a timeline.
    #[must_use]
    pub fn leaping(seed: u64, timeline: Timeline) -> Self {
        Self::with_time(seed, Time::Leaping(timeline))
    }

    fn with_time(seed: u64, time: Time) -> Self {
        Self(Arc::new(Shared {
            seed,
            time,
            state: Mutex::default(),
            trace: Mutex::default(),
            recorded: watch::Sender::new(0),
        }))
    }

    /// The machine of this name; it is made when first asked for.
    #[must_use]
    pub fn machine(&self, name: &str) -> Machine {
        let mut state = self.state();
        let name: Arc<str> = match state.machines.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => {
                let name: Arc<str> = name.into();
                let number = u16::try_from(state.machines.len() + 1).unwrap_or(u16::MAX);
                state.machines.insert(Arc::clone(&name), MachineState::new(number));
                name
            }
        };
        Machine { world: self.clone(), name }
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// Time since the world began.
    #[must_use]
    pub fn now(&self) -> Duration {
        match &self.0.time {
            Time::Tokio(start) => start.elapsed(),
            Time::Leaping(timeline) => timeline.now(),
        }
    }

    /// Waits for a point in time.
    pub async fn sleep_until(&self, at: Duration) {
        match &self.0.time {
            Time::Tokio(start) => tokio::time::sleep_until(*start + at).await,
            Time::Leaping(timeline) => timeline.sleep_until(at).await,
        }
    }

    /// Runs `work` for at most `length` of the world's time.
    ///
    /// # Errors
    /// [`Elapsed`] when the time ran out; `work` is dropped then.
    pub async fn timeout<T>(&self, length: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        before(self.sleep_until(self.now() + length), work).await
    }

    /// Everything that happened so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        lock(&self.0.trace).clone()
    }

    /// What happened after the first `seen` events.
    #[must_use]
    pub fn events_since(&self, seen: usize) -> Vec<Event> {
        lock(&self.0.trace).get(seen..).unwrap_or_default().to_vec()
    }

    /// Waits until there are more than `seen` events, and returns those beyond. Cancel safe.
    pub async fn next_events(&self, seen: usize) -> Vec<Event> {
        let mut recorded = self.0.recorded.subscribe();
        // The sender lives in `self`.
        let _ = recorded.wait_for(|count| *count > seen).await;
        self.events_since(seen)
    }

    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        lock(&self.0.state)
    }

    /// Does something with a machine's state. Machines are never taken out of a world.
    pub(super) fn with<T>(&self, machine: &str, work: impl FnOnce(&mut MachineState) -> T) -> T {
        let mut state = self.state();
        if let Some(known) = state.machines.get_mut(machine) {
            return work(known);
        }
        let number = u16::try_from(state.machines.len() + 1).unwrap_or(u16::MAX);
        work(state.machines.entry(machine.into()).or_insert(MachineState::new(number)))
    }

    pub(super) fn with_files<T>(&self, machine: &str, work: impl FnOnce(&mut Files) -> T) -> T {
        self.with(machine, |machine| work(&mut machine.files))
    }

    pub(super) fn record(&self, machine: &Arc<str>, process: &Arc<str>, kind: EventKind) {
        let event =
            Event { at: self.now(), machine: Arc::clone(machine), process: Arc::clone(process), kind };
        let mut trace = lock(&self.0.trace);
        trace.push(event);
        let count = trace.len();
        drop(trace);
        self.0.recorded.send_replace(count);
    }

    pub(super) fn address(&self, machine: &str) -> IpAddr {
        machine_address(self.with(machine, |machine| machine.number))
    }

    /// A process's variable: its own, or else the machine's.
    pub(super) fn env(&self, machine: &str, pid: u32, name: &str) -> Option<String> {
        self.with(machine, |machine| {
            let own = machine.processes.get(&pid).and_then(|process| process.env.get(name));
            own.or_else(|| machine.env.get(name)).cloned()
        })
    }

    /// Whether this process holds the file now.
    pub(super) fn lock_file(&self, machine: &str, pid: u32, path: &Path, mode: u32) -> io::Result<bool> {
        self.with(machine, |machine| {
            if machine.locks.contains_key(path) {
                return Ok(false);
            }
            match machine.files.get(path) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    machine.files.write(path, b"", mode)?;
                }
                Err(error) => return Err(error),
            }
            machine.locks.insert(path.into(), pid);
            Ok(true)
        })
    }

    /// The file goes with its lock, if nothing is in it. One whose process was killed stays, unlocked.
    pub(super) fn unlock_file(&self, machine: &str, pid: u32, path: &Path) {
        self.with(machine, |machine| {
            if machine.locks.get(path) != Some(&pid) {
                return;
            }
            machine.locks.remove(path);
            if machine.files.read(path).is_ok_and(|content| content.is_empty()) {
                // On a disk that fails it stays, as one of a killed process does.
                let _ = machine.files.remove(path);
            }
        });
    }

    /// How often this machine was started.
    pub(super) fn boots(&self, machine: &str) -> u32 {
        self.with(machine, |machine| machine.boots)
    }

    /// How long this machine has slept since it was started.
    pub(super) fn asleep(&self, machine: &str) -> Duration {
        self.with(machine, |machine| machine.asleep)
    }

    pub(super) fn add_sleep(&self, machine: &str, length: Duration) {
        self.with(machine, |machine| machine.asleep += length);
    }

    /// The next line that is typed.
    pub(super) fn typed(&self, machine: &str) -> Option<String> {
        self.with(machine, |machine| machine.typed.pop_front())
    }

    pub(super) fn type_line(&self, machine: &str, line: &str) {
        self.with(machine, |machine| machine.typed.push_back(line.into()));
    }

    pub(super) fn set_env(&self, machine: &str, name: &str, value: &str) {
        self.with(machine, |machine| machine.env.insert(name.into(), value.into()));
    }

    pub(super) fn debug_level(&self, machine: &str) -> u8 {
        self.with(machine, |machine| machine.debug)
    }

    pub(super) fn set_debug(&self, machine: &str, level: u8) {
        self.with(machine, |machine| machine.debug = level);
    }

    pub(super) fn set_spawn_handler(&self, machine: &str, handler: SpawnHandler) {
        let old = self.with(machine, |machine| machine.spawn_handler.replace(handler));
        drop(old);
    }

    // Processes

    pub(super) fn add_process(
        &self,
        machine: &str,
        name: &str,
        env: BTreeMap<String, String>,
    ) -> (u32, Arc<Life>) {
        self.with(machine, |machine| {
            let pid = machine.next_pid;
            machine.next_pid += 1;
            let life = Arc::new(Life::default());
            if !machine.running {
                life.set_dead();
            }
            let process = Process { name: name.into(), life: Arc::clone(&life), env, task: None };
            machine.processes.insert(pid, process);
            (pid, life)
        })
    }

    /// What a process's environment has beside the machine's: its children inherit it.
    pub(super) fn own_env(&self, machine: &str, pid: u32) -> BTreeMap<String, String> {
        self.with(machine, |machine| machine.processes.get(&pid).map(|p| p.env.clone()).unwrap_or_default())
    }

    /// How many processes of this name there were before.
    pub(super) fn next_incarnation(&self, machine: &str, name: &str) -> u32 {
        self.with(machine, |machine| {
            let next = machine.incarnations.entry(name.into()).or_default();
            *next += 1;
            *next
        })
    }

    pub(super) fn rename(&self, machine: &str, pid: u32, name: &str) {
        self.with(machine, |machine| {
            if let Some(process) = machine.processes.get_mut(&pid) {
                process.name = name.into();
            }
        });
    }

    pub(super) fn pid(&self, machine: &str, name: &str) -> Option<u32> {
        self.with(machine, |machine| {
            machine.processes.iter().rev().find(|(_, p)| &*p.name == name).map(|(pid, _)| *pid)
        })
    }

    pub(super) fn life(&self, machine: &str, pid: u32) -> Option<Arc<Life>> {
        self.with(machine, |machine| machine.processes.get(&pid).map(|p| Arc::clone(&p.life)))
    }

    /// Runs a process's future until it ends or the process is ended.
    pub(super) fn start_task(
        &self,
        machine: &Arc<str>,
        pid: u32,
        future: impl Future<Output = ExitStatus> + Send + 'static,
    ) {
        let world = self.clone();
        let name = Arc::clone(machine);
        let task = tokio::spawn(async move {
            let status = future.await;
            world.end_process(&name, pid, status);
        });
        let running = self.with(machine, |machine| match machine.processes.get_mut(&pid) {
            Some(process) => {
                process.task = Some(task.abort_handle());
                true
            }
            None => false,
        });
        if !running {
            task.abort();
        }
    }

    /// A process ends: by itself, or because of a signal.
    pub(super) fn end_process(&self, machine: &Arc<str>, pid: u32, status: ExitStatus) {
        let mut state = self.state();
        let State { machines, links } = &mut *state;
        let Some(own) = machines.get_mut(machine) else { return };
        let Some(process) = own.processes.remove(&pid) else { return };
        own.release(pid);
        links.end_process(machine, pid);
        drop(state);
        self.record(machine, &process.name, EventKind::Exited(pid, status));
        process.life.set_dead();
        process.life.end.send_replace(Some(status));
        if let Some(task) = process.task {
            task.abort();
        }
    }

    /// The last handle of a process that nobody watches was dropped. What it has open goes as it is dropped.
    pub(super) fn forget_process(&self, machine: &Arc<str>, pid: u32) {
        let process = self.with(machine, |machine| machine.processes.remove(&pid));
        if let Some(process) = process {
            process.life.end.send_replace(Some(ExitStatus::Code(0)));
        }
    }

    pub(super) fn signal(&self, machine: &Arc<str>, pid: u32, signal: Signal) -> io::Result<()> {
        let process = self.with(machine, |machine| {
            machine.processes.get(&pid).map(|p| (Arc::clone(&p.name), Arc::clone(&p.life)))
        });
        let Some((name, life)) = process else { return Err(io::ErrorKind::NotFound.into()) };
        if signal == Signal::Probe {
            return Ok(());
        }
        self.record(machine, &name, EventKind::Signalled(pid, signal));
        if life.catches() && signal != Signal::Kill {
            life.deliver(signal);
        } else if signal != Signal::Urg {
            self.end_process(machine, pid, ExitStatus::Signal(signal.number()));
        }
        Ok(())
    }

    pub(super) fn spawn(
        &self,
        machine: &Arc<str>,
        parent: &Arc<str>,
        parent_pid: u32,
        parent_life: &Arc<Life>,
        command: &Command,
    ) -> io::Result<Box<dyn Child>> {
        let mut env = self.own_env(machine, parent_pid);
        env.extend(command.env.iter().cloned());
        let (pid, life) = self.add_process(machine, program_name(command), env);
        self.record(machine, parent, EventKind::Spawned(pid, command.clone()));
        let spawn = Spawn {
            world: self.clone(),
            machine: Arc::clone(machine),
            parent: Arc::clone(parent),
            pid,
            command: command.clone(),
            life: Arc::clone(&life),
        };
        let handler = self.with(machine, |machine| machine.spawn_handler.clone());
        match handler.map_or(Running::Missing, |handler| handler(&spawn)) {
            Running::Missing => {
                self.forget_process(machine, pid);
                return Err(io::ErrorKind::NotFound.into());
            }
            Running::Exit(status, after) => {
                let (world, end) = (self.clone(), self.now() + after);
                self.start_task(machine, pid, async move {
                    world.sleep_until(end).await;
                    status
                });
            }
            Running::Task(future) => self.start_task(machine, pid, future),
        }
        Ok(Box::new(VirtualChild {
            world: self.clone(),
            machine: Arc::clone(machine),
            pid,
            life,
            parent: Arc::clone(parent_life),
        }))
    }

    // Power

    pub(super) fn is_running(&self, machine: &str) -> bool {
        self.with(machine, |machine| machine.running)
    }

    pub(super) fn stop(&self, machine: &Arc<str>) {
        let mut state = self.state();
        let State { machines, links } = &mut *state;
        let Some(own) = machines.get_mut(machine) else { return };
        if !std::mem::replace(&mut own.running, false) {
            return;
        }
        let processes = std::mem::take(&mut own.processes);
        for pid in processes.keys() {
            own.release(*pid);
        }
        own.files.power_off();
        links.power_off(machine);
        drop(state);
        self.record(machine, &"".into(), EventKind::PoweredOff);
        for process in processes.into_values() {
            process.life.set_dead();
            process.life.end.send_replace(Some(ExitStatus::Signal(libc::SIGKILL)));
            if let Some(task) = process.task {
                task.abort();
            }
        }
    }

    pub(super) fn start(&self, machine: &Arc<str>) {
        let mut state = self.state();
        let State { machines, links } = &mut *state;
        let Some(own) = machines.get_mut(machine) else { return };
        if std::mem::replace(&mut own.running, true) {
            return;
        }
        own.boots += 1;
        own.asleep = Duration::ZERO;
        links.power_on(machine);
        drop(state);
        self.record(machine, &"".into(), EventKind::PoweredOn);
    }

    // Devices

    pub(super) fn plug_serial(&self, machine: &str, path: PathBuf, device: SerialHandler) {
        let port = SerialPort { device, open: Weak::new(), opener: 0 };
        let old = self.with(machine, |machine| machine.serial.insert(path, port));
        drop(old);
    }

    pub(super) fn unplug_serial(&self, machine: &Arc<str>, path: &Path) {
        let mut state = self.state();
        let State { machines, links } = &mut *state;
        let port = machines.get_mut(machine).and_then(|own| own.serial.remove(path));
        links.hang_up(machine, path);
        drop(state);
        drop(port);
    }

    pub(super) fn open_serial(
        &self,
        machine: &Arc<str>,
        pid: u32,
        life: &Arc<Life>,
        path: &Path,
        settings: SerialSettings,
    ) -> io::Result<BoxSerial> {
        let mut state = self.state();
        let State { machines, links } = &mut *state;
        let port = machines.get_mut(machine).and_then(|own| own.serial.get_mut(path));
        let Some(port) = port else { return Err(io::ErrorKind::NotFound.into()) };
        if port.open.strong_count() > 0 {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let lock = Arc::new(());
        port.open = Arc::downgrade(&lock);
        port.opener = pid;
        let (near, far) = serial::line(self, settings, Arc::clone(life), lock);
        links.add_line(near.pipe(), machine, pid, path);
        let device = Arc::clone(&port.device);
        drop(state);
        device(far);
        Ok(Box::new(near))
    }

    pub(super) fn plug_usb(&self, machine: &str, access: UsbAccess, info: UsbInfo, open: UsbHandler) {
        let old = self.with(machine, |machine| machine.usb.insert((access, info.id.clone()), (info, open)));
        drop(old);
    }

    pub(super) fn unplug_usb(&self, machine: &str, access: UsbAccess, id: &str) {
        let old = self.with(machine, |machine| machine.usb.remove(&(access, id.to_owned())));
        drop(old);
    }

    pub(super) fn usb_devices(&self, machine: &str, access: UsbAccess) -> Vec<UsbInfo> {
        self.with(machine, |machine| {
            let reached = machine.usb.iter().filter(|((by, _), _)| *by == access);
            reached.map(|(_, (info, _))| info.clone()).collect()
        })
    }

    pub(super) fn open_usb(
        &self,
        machine: &str,
        access: UsbAccess,
        id: &str,
    ) -> Result<Box<dyn UsbDevice>, TransferError> {
        let key = (access, id.to_owned());
        let open = self.with(machine, |machine| machine.usb.get(&key).map(|(_, open)| Arc::clone(open)));
        open.ok_or(TransferError::Disconnected)?()
    }
}
