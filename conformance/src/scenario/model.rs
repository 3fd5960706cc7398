//! What a scenario says, once understood. All times are scenario seconds.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::lane::LaneKind;

/// A scripted power failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The file's stem: the name it is called by.
    pub name: String,
    /// One sentence: what happens and what must come of it.
    pub title: String,
    /// Scenario seconds in a real second, in the process lane.
    pub scale: f64,
    /// The only lane it is for.
    pub only_lane: Option<LaneKind>,
    /// The UPSes, in the file's order.
    pub upses: Vec<UpsSpec>,
    /// The machines, in the file's order.
    pub machines: Vec<MachineSpec>,
    /// What happens, in order.
    pub blocks: Vec<Block>,
    /// What must not happen at any time.
    pub never: Vec<(Condition, Range<usize>)>,
}

/// `ups "name" { .. }`
#[derive(Clone, Debug, PartialEq)]
pub struct UpsSpec {
    /// Its name, for the scenario and in ups.conf.
    pub name: String,
    /// The device files it may be; the scenario is run once for each.
    pub devices: Vec<String>,
    /// Where each of them stands in the file.
    pub device_spans: Vec<Range<usize>>,
    /// Charge at the start, percent.
    pub charge: f64,
    /// Load at the start, percent of the rating.
    pub load: f64,
    /// Further settings of its section in ups.conf.
    pub settings: Vec<(String, Option<String>)>,
    /// Its place in the file.
    pub span: Range<usize>,
}

/// `machine "name" { .. }`: a computer behind a UPS.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineSpec {
    /// Its name.
    pub name: String,
    /// The UPSes that feed it; it dies when all of them are off.
    pub plugged_into: Vec<String>,
    /// How long its orderly stop takes, from the shutdown command to the end of its services.
    pub stop_time: Duration,
    /// Its stop never ends.
    pub hangs: bool,
    /// It orders the UPS to cut when its stop begins, not when it has ended.
    pub early_killpower: bool,
    /// Its power may go while it runs: that alone fails nothing.
    pub may_crash: bool,
    /// How long the nodes of its UPSes are root's before they are given to the daemons' group.
    pub late_nodes: Duration,
    /// UPSes whose drivers and upsd it runs.
    pub serves: Vec<String>,
    /// Its MONITOR lines.
    pub monitors: Vec<MonitorSpec>,
    /// Directives of its upsmon.conf: name and words.
    pub upsmon: Vec<(String, Vec<String>)>,
    /// Directives of its upsd.conf.
    pub upsd: Vec<(String, Vec<String>)>,
    /// Its place in the file.
    pub span: Range<usize>,
}

/// The role of a MONITOR line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Shuts down last, and turns the UPS off.
    Primary,
    /// Shuts down when told.
    Secondary,
}

/// `monitor "ups" ..` of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorSpec {
    /// The UPS.
    pub ups: String,
    /// The machine whose upsd is asked.
    pub server: String,
    /// How many of the machine's power supplies it feeds.
    pub power_value: u32,
    /// Primary or secondary.
    pub role: Role,
}

/// When a block starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this time of the scenario.
    At(Duration),
    /// So long after everything the block before expects has come true.
    Then(Duration),
}

/// `at N { .. }` or `then { .. }`: actions, and what must come of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// When.
    pub start: Start,
    /// Done at the start, in order.
    pub actions: Vec<Action>,
    /// What must (or must not) follow.
    pub expectations: Vec<Expectation>,
    /// Its place in the file.
    pub span: Range<usize>,
}

/// Something the script does.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The UPS or the machine it is done to.
    pub place: String,
    /// What.
    pub kind: ActionKind,
    /// Its place in the file.
    pub span: Range<usize>,
}

/// What can be done.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionKind {
    /// To a UPS.
    Ups(UpsAction),
    /// On a machine.
    Machine(MachineAction),
}

/// What can be done to a UPS: it happens at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UpsAction {
    /// The mains fail or come back.
    Mains(bool),
    /// The mains voltage becomes this.
    MainsVoltage(f64),
    /// The battery holds this many percent.
    Charge(f64),
    /// So many percent of the battery's capacity are left.
    BatteryHealth(f64),
    /// A new, full battery is put in.
    ReplaceBattery,
    /// What is plugged in draws this many percent of the rating.
    Load(f64),
    /// The data cable is pulled.
    Unplug,
    /// The data cable is plugged in again.
    Replug,
    /// The firmware stops answering.
    Freeze,
    /// The firmware answers again.
    Thaw,
}

/// What can be done on a machine: it takes its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MachineAction {
    /// A service dies where it stands.
    Kill(Service),
    /// A service manager starts a service, and waits until it is ready.
    Start(Service),
    /// A service manager stops a service, and starts it again.
    Restart(Service),
    /// The flag of an earlier shutdown lies where POWERDOWNFLAG says.
    WriteFlag,
    /// The network to another machine is cut or mended.
    Network {
        /// The other machine.
        other: String,
        /// Whether bytes get through.
        up: bool,
    },
    /// Someone gives a UPS an instant command, by way of this machine's upsd.
    Command {
        /// The UPS.
        ups: String,
        /// The command.
        command: String,
    },
}

/// A program that a machine runs all the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// The driver of this UPS.
    Driver(String),
    /// The server.
    Upsd,
    /// The watcher.
    Upsmon,
}

impl Service {
    /// What the language calls them.
    pub const WORDS: [&'static str; 3] = ["driver", "upsd", "upsmon"];
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(ups) => write!(f, "the driver of {ups}"),
            Self::Upsd => f.write_str("upsd"),
            Self::Upsmon => f.write_str("upsmon"),
        }
    }
}

impl MachineSpec {
    /// What it runs, in the order of starting.
    #[must_use]
    pub fn services(&self) -> Vec<Service> {
        let mut services: Vec<_> = self.serves.iter().map(|ups| Service::Driver(ups.clone())).collect();
        if !self.serves.is_empty() {
            services.push(Service::Upsd);
        }
        if !self.monitors.is_empty() {
            services.push(Service::Upsmon);
        }
        services
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ups(action) => action.fmt(f),
            Self::Machine(action) => action.fmt(f),
        }
    }
}

impl fmt::Display for UpsAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mains(true) => f.write_str("mains on"),
            Self::Mains(false) => f.write_str("mains off"),
            Self::MainsVoltage(volts) => write!(f, "mains at {volts} V"),
            Self::Charge(percent) => write!(f, "charge {percent} %"),
            Self::BatteryHealth(percent) => write!(f, "{percent} % of the battery left"),
            Self::ReplaceBattery => f.write_str("new battery"),
            Self::Load(percent) => write!(f, "load {percent} %"),
            Self::Unplug => f.write_str("cable out"),
            Self::Replug => f.write_str("cable in"),
            Self::Freeze => f.write_str("firmware freezes"),
            Self::Thaw => f.write_str("firmware answers again"),
        }
    }
}

impl fmt::Display for MachineAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(service) => write!(f, "kill {service}"),
            Self::Start(service) => write!(f, "start {service}"),
            Self::Restart(service) => write!(f, "restart {service}"),
            Self::WriteFlag => f.write_str("a powerdown flag is left over"),
            Self::Network { other, up: true } => write!(f, "network to {other} mended"),
            Self::Network { other, up: false } => write!(f, "network to {other} cut"),
            Self::Command { ups, command } => write!(f, "command {command} to {ups}"),
        }
    }
}

/// What a block expects.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each field is named for what it holds")]
pub enum Expectation {
    /// This comes true within so long of the block's start.
    Comes { condition: Condition, within: Duration, span: Range<usize> },
    /// These come true one after the other, each within so long of the one before.
    InOrder { steps: Vec<(Condition, Duration, Range<usize>)>, span: Range<usize> },
    /// This does not come true for so long from the block's start.
    Refuted { condition: Condition, lasting: Duration, span: Range<usize> },
}

/// The bound a variable's value is compared with.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each field is named for what it holds")]
pub enum Bound {
    /// Exactly this text.
    Is(String),
    /// A number within these.
    Within { min: Option<f64>, max: Option<f64> },
}

/// What a machine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MachineState {
    /// Its services run.
    Running,
    /// Its shutdown command ran; services are being stopped.
    Stopping,
    /// Everything was stopped cleanly; still under power.
    Stopped,
    /// Stopped cleanly, and then its power went.
    Off,
    /// Its power went while it ran: what must never happen.
    Crashed,
}

impl MachineState {
    /// Every state with the word the language and reports use.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("running", Self::Running),
        ("stopping", Self::Stopping),
        ("stopped", Self::Stopped),
        ("off", Self::Off),
        ("crashed", Self::Crashed),
    ];
}

impl fmt::Display for MachineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::WORDS.iter().find(|(_, state)| state == self).map_or("?", |(word, _)| word);
        f.write_str(word)
    }
}

/// Something that can come true.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each field is named for what it holds")]
pub enum Condition {
    /// A machine's upsmon gives this notice, of this UPS if one is named.
    Notice { kind: String, ups: Option<String>, machine: Option<String> },
    /// A machine's upsmon runs SHUTDOWNCMD.
    ShutdownCommand { machine: String },
    /// A machine's POWERDOWNFLAG appears.
    FlagWritten { machine: String },
    /// A machine reaches this state.
    Machine { name: String, state: MachineState },
    /// A UPS's output goes on or off.
    Output { ups: String, on: bool },
    /// A UPS is told to cut its output.
    CutOrdered { ups: String },
    /// A machine's POWERDOWNFLAG is there, for its eyes and for `upsmon -K`; or not, for both.
    Flag { machine: String, present: bool },
    /// `ups.status` as upsd serves it holds all of these words and none of those.
    Status { ups: String, has: Vec<String>, lacks: Vec<String> },
    /// A variable as upsd serves it.
    Variable { ups: String, name: String, bound: Bound },
    /// upsd answers for this UPS with this error code.
    ErrorCode { ups: String, code: String },
    /// A process of a machine logs a line that holds this text.
    Log { machine: String, process: String, text: String },
}

impl Condition {
    /// Whether it happens by itself; the others have to be asked for.
    #[must_use]
    pub fn is_event(&self) -> bool {
        self.asks().is_none()
    }

    /// What has to be asked for it.
    #[must_use]
    pub fn asks(&self) -> Option<Question> {
        let variable =
            |ups: &str, name: &str| Question::Variable { ups: ups.to_owned(), name: name.to_owned() };
        match self {
            Self::Status { ups, .. } | Self::ErrorCode { ups, .. } => Some(variable(ups, "ups.status")),
            Self::Variable { ups, name, .. } => Some(variable(ups, name)),
            Self::Flag { machine, .. } => Some(Question::Flag { machine: machine.clone() }),
            _ => None,
        }
    }
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each field is named for what it holds")]
pub enum Question {
    /// upsd: the value of a variable.
    Variable { ups: String, name: String },
    /// A machine: whether POWERDOWNFLAG is there.
    Flag { machine: String },
}

impl Question {
    /// Who is asked.
    #[must_use]
    pub fn place(&self) -> &str {
        match self {
            Self::Variable { ups, .. } => ups,
            Self::Flag { machine } => machine,
        }
    }

    /// For what.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Variable { name, .. } => name,
            Self::Flag { .. } => "powerdown flag",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notice { kind, ups, machine } => {
                write!(f, "notice {kind}")?;
                if let Some(ups) = ups {
                    write!(f, " of {ups}")?;
                }
                match machine {
                    Some(machine) => write!(f, " on {machine}"),
                    None => Ok(()),
                }
            }
            Self::ShutdownCommand { machine } => write!(f, "shutdown command on {machine}"),
            Self::FlagWritten { machine } => write!(f, "powerdown flag on {machine}"),
            Self::Machine { name, state } => write!(f, "{name} {state}"),
            Self::Output { ups, on } => write!(f, "output of {ups} {}", if *on { "on" } else { "off" }),
            Self::CutOrdered { ups } => write!(f, "{ups} told to cut its output"),
            Self::Flag { machine, present } => {
                write!(f, "powerdown flag on {machine} {}", if *present { "present" } else { "absent" })
            }
            Self::Status { ups, has, lacks } => {
                write!(f, "status of {ups} {}", has.join(" "))?;
                if lacks.is_empty() { Ok(()) } else { write!(f, " without {}", lacks.join(" ")) }
            }
            Self::Variable { ups, name, bound: Bound::Is(value) } => write!(f, "{name} of {ups} is {value}"),
            Self::Variable { ups, name, bound: Bound::Within { min, max } } => {
                write!(f, "{name} of {ups}")?;
                if let Some(min) = min {
                    write!(f, " at least {min}")?;
                }
                if let Some(max) = max {
                    write!(f, " at most {max}")?;
                }
                Ok(())
            }
            Self::ErrorCode { ups, code } => write!(f, "error {code} for {ups}"),
            Self::Log { machine, process, text } => write!(f, "{process} on {machine} says \"{text}\""),
        }
    }
}
