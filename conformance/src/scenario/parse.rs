//! KDL to [`Scenario`].

mod action;

use std::time::Duration;

/// Who else speaks in the kernel lane: the disk's journal, the steps of the machine's stop, the program that counts.
const GUEST_SPEAKERS: [&str; 3] = ["kernel", "init", "counter"];

use kdl::{KdlDocument, KdlNode};

use super::check::{self, Mention};
use super::model::{
    Block, Bound, Condition, Expectation, MachineSpec, MachineState, MonitorSpec, Role, Scenario, Start,
    UpsSpec,
};
use super::node::{Fault, Reader, word};

/// How long an expectation waits unless it says so.
const WITHIN: Duration = Duration::from_secs(10);

/// Parses a scenario file; `name` is what it will be called by.
///
/// Returns what was understood, and every fault. With faults the scenario must not be run.
#[must_use]
pub fn parse(name: &str, text: &str) -> (Scenario, Vec<Fault>) {
    let mut scenario = Scenario {
        name: name.to_owned(),
        title: String::new(),
        scale: 10.0,
        only_lane: None,
        upses: Vec::new(),
        machines: Vec::new(),
        blocks: Vec::new(),
        never: Vec::new(),
    };
    let mut faults = Vec::new();
    match KdlDocument::parse(text) {
        Ok(document) => {
            let mut parser = Parser { scenario: &mut scenario, faults: &mut faults, mentions: Vec::new() };
            for node in document.nodes() {
                parser.top(node);
            }
            let mentions = parser.mentions;
            check::mentions(&scenario, &mentions, &mut faults);
            check::names(&scenario, &mut faults);
            check::whole(&scenario, 0..text.len().min(1), &mut faults);
        }
        Err(error) => faults.extend(check::syntax(error, text)),
    }
    faults.sort_by_key(|fault| fault.span.start);
    (scenario, faults)
}

struct Parser<'a> {
    scenario: &'a mut Scenario,
    faults: &'a mut Vec<Fault>,
    /// UPSes that are named before they need be there.
    mentions: Vec<Mention>,
}

impl Parser<'_> {
    fn top(&mut self, node: &KdlNode) {
        let mut reader = Reader::new(node);
        let read = match reader.name() {
            "scenario" => self.header(&mut reader),
            "ups" => self.ups(&mut reader),
            "machine" => self.machine(&mut reader),
            "at" => reader.seconds("a time").and_then(|at| self.block(&mut reader, Start::At(at))),
            "then" => {
                let after = reader.seconds_of("after");
                after.and_then(|after| self.block(&mut reader, Start::Then(after.unwrap_or_default())))
            }
            "never" => {
                for child in reader.children() {
                    let mut inner = Reader::new(child);
                    match self.condition(&mut inner) {
                        Ok(condition) if condition.is_event() => {
                            self.scenario.never.push((condition, inner.span()));
                        }
                        Ok(_) => self.faults.push(
                            inner
                                .fault(format!(
                                    "`{}` can't stand in `never`: it is asked for, it does not happen",
                                    inner.name()
                                ))
                                .help("use `refute` in a block"),
                        ),
                        Err(fault) => self.faults.push(fault),
                    }
                    inner.finish(self.faults);
                }
                Ok(())
            }
            "device" => Err(reader
                .fault("this is a device file, not a scenario")
                .help("`outage sim` serves it; a scenario names it with `device` in its ups")),
            other => Err(reader
                .fault(format!("unknown node `{other}`"))
                .help("a scenario is made of: scenario, ups, machine, at, then, never")),
        };
        self.done(read, reader);
    }

    fn done(&mut self, read: Result<(), Fault>, reader: Reader<'_>) {
        match read {
            Ok(()) => reader.finish(self.faults),
            Err(fault) => self.faults.push(fault),
        }
    }

    fn header(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        self.scenario.title = reader.text("a sentence that says what happens")?;
        if let Some(scale) = reader.number_of("scale")? {
            if !(0.1..=1000.0).contains(&scale) {
                return Err(reader.wrong("`scale` must lie within 0.1 and 1000"));
            }
            self.scenario.scale = scale;
        }
        if let Some(lane) = reader.text_of("lane")? {
            self.scenario.only_lane = Some(lane.parse().map_err(|message: String| reader.wrong(message))?);
        }
        Ok(())
    }

    fn ups(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let mut ups = UpsSpec {
            name: reader.text("a name")?,
            devices: Vec::new(),
            device_spans: Vec::new(),
            charge: 100.0,
            load: 40.0,
            settings: Vec::new(),
            span: reader.span(),
        };
        for child in reader.children() {
            let mut inner = Reader::new(child);
            let read = match inner.name() {
                "device" => {
                    (ups.devices, ups.device_spans) = inner.words().into_iter().unzip();
                    Ok(())
                }
                "charge" => percentage(&mut inner).map(|charge| ups.charge = charge),
                "load" => positive(&mut inner, "a percentage").map(|load| ups.load = load),
                "set" => inner.text("a setting's name").map(|key| {
                    let value = inner.argument().map(|(value, _)| word(value));
                    ups.settings.push((key, value));
                }),
                other => Err(inner
                    .fault(format!("a ups has no `{other}`"))
                    .help("it has: device, charge, load, set")),
            };
            self.done(read, inner);
        }
        if ups.devices.is_empty() {
            self.faults.push(reader.fault("a ups needs `device` with at least one device file's name"));
        }
        self.scenario.upses.push(ups);
        Ok(())
    }

    fn machine(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let name = reader.text("a name")?;
        let mut machine = MachineSpec {
            name: name.clone(),
            plugged_into: Vec::new(),
            stop_time: Duration::from_secs(2),
            hangs: false,
            early_killpower: false,
            may_crash: false,
            late_nodes: Duration::ZERO,
            serves: Vec::new(),
            monitors: Vec::new(),
            upsmon: Vec::new(),
            upsd: Vec::new(),
            span: reader.span(),
        };
        for child in reader.children() {
            let mut inner = Reader::new(child);
            let read = match inner.name() {
                "plugged-into" => {
                    machine.plugged_into = self.mention(&mut inner);
                    Ok(())
                }
                "serves" => {
                    machine.serves = self.mention(&mut inner);
                    Ok(())
                }
                "stop-time" => inner.seconds("a time").map(|time| machine.stop_time = time),
                "late-nodes" => inner.seconds("a time").map(|time| machine.late_nodes = time),
                "hangs" => {
                    machine.hangs = true;
                    Ok(())
                }
                "may-crash" => {
                    machine.may_crash = true;
                    Ok(())
                }
                "killpower" => inner.text("`early` or `late`").and_then(|when| match when.as_str() {
                    "early" | "late" => {
                        machine.early_killpower = when == "early";
                        Ok(())
                    }
                    other => Err(inner.wrong(format!("killpower is `early` or `late`, not `{other}`"))),
                }),
                "monitor" => self.monitor(&mut inner, &name).map(|monitor| machine.monitors.push(monitor)),
                "upsmon" => {
                    machine.upsmon.extend(directives(&inner));
                    Ok(())
                }
                "upsd" => {
                    machine.upsd.extend(directives(&inner));
                    Ok(())
                }
                other => Err(inner
                    .fault(format!("a machine has no `{other}`"))
                    .help("it has: plugged-into, serves, monitor, upsmon, upsd, stop-time, hangs, killpower, may-crash, late-nodes")),
            };
            self.done(read, inner);
        }
        self.scenario.machines.push(machine);
        Ok(())
    }

    /// The UPSes that a node names; that they are there is checked at the end.
    fn mention(&mut self, reader: &mut Reader<'_>) -> Vec<String> {
        let words = reader.words();
        self.mentions.extend(words.iter().map(|(ups, span)| Mention {
            ups: ups.clone(),
            server: None,
            span: span.clone(),
        }));
        words.into_iter().map(|(ups, _)| ups).collect()
    }

    fn block(&mut self, reader: &mut Reader<'_>, start: Start) -> Result<(), Fault> {
        let mut block = Block { start, actions: Vec::new(), expectations: Vec::new(), span: reader.span() };
        for child in reader.children() {
            let mut inner = Reader::new(child);
            let read = match inner.name() {
                "expect" => self.expect(&inner, &mut block),
                "in-order" => self.in_order(&inner, &mut block),
                "refute" => match inner.seconds_of("for") {
                    Ok(Some(lasting)) => self.refute(&inner, &mut block, lasting),
                    Ok(None) => Err(inner.fault("`refute` needs `for`, the seconds it must hold")),
                    Err(fault) => Err(fault),
                },
                _ => self.action(&mut inner).map(|action| block.actions.push(action)),
            };
            self.done(read, inner);
        }
        if let (Start::At(at), Some(before)) = (start, self.last_at())
            && at < before
        {
            return Err(reader.fault(format!(
                "a block at {} s stands after one at {} s",
                at.as_secs_f64(),
                before.as_secs_f64()
            )));
        }
        self.scenario.blocks.push(block);
        Ok(())
    }

    fn last_at(&self) -> Option<Duration> {
        self.scenario.blocks.iter().rev().find_map(|block| match block.start {
            Start::At(at) => Some(at),
            Start::Then(_) => None,
        })
    }

    fn expect(&mut self, reader: &Reader<'_>, block: &mut Block) -> Result<(), Fault> {
        for child in reader.children() {
            let mut inner = Reader::new(child);
            let span = inner.span();
            match inner.seconds_of("within").and_then(|within| Ok((self.condition(&mut inner)?, within))) {
                Ok((condition, within)) => {
                    let within = within.unwrap_or(WITHIN);
                    block.expectations.push(Expectation::Comes { condition, within, span });
                    inner.finish(self.faults);
                }
                Err(fault) => self.faults.push(fault),
            }
        }
        Ok(())
    }

    fn in_order(&mut self, reader: &Reader<'_>, block: &mut Block) -> Result<(), Fault> {
        let mut steps = Vec::new();
        for child in reader.children() {
            let mut inner = Reader::new(child);
            let span = inner.span();
            match inner.seconds_of("within").and_then(|within| Ok((self.condition(&mut inner)?, within))) {
                Ok((condition, within)) => {
                    steps.push((condition, within.unwrap_or(WITHIN), span));
                    inner.finish(self.faults);
                }
                Err(fault) => self.faults.push(fault),
            }
        }
        block.expectations.push(Expectation::InOrder { steps, span: reader.span() });
        Ok(())
    }

    fn refute(&mut self, reader: &Reader<'_>, block: &mut Block, lasting: Duration) -> Result<(), Fault> {
        for child in reader.children() {
            let mut inner = Reader::new(child);
            let span = inner.span();
            match self.condition(&mut inner) {
                Ok(condition) => {
                    block.expectations.push(Expectation::Refuted { condition, lasting, span });
                    inner.finish(self.faults);
                }
                Err(fault) => self.faults.push(fault),
            }
        }
        Ok(())
    }

    /// The UPS that is named, or the only one there is.
    fn the_ups(&self, named: Option<String>, reader: &Reader<'_>) -> Result<String, Fault> {
        match (named, self.scenario.upses.as_slice()) {
            (Some(name), upses) if upses.iter().any(|ups| ups.name == name) => Ok(name),
            (Some(name), _) => Err(reader.wrong(format!("there is no ups `{name}` above"))),
            (None, [only]) => Ok(only.name.clone()),
            (None, []) => Err(reader.fault("there is no ups above")),
            (None, _) => Err(reader.fault(format!("`{}` needs `ups=`: there are several", reader.name()))),
        }
    }

    fn the_machine(&self, named: Option<String>, reader: &Reader<'_>) -> Result<String, Fault> {
        match (named, self.scenario.machines.as_slice()) {
            (Some(name), machines) if machines.iter().any(|machine| machine.name == name) => Ok(name),
            (Some(name), _) => Err(reader.wrong(format!("there is no machine `{name}` above"))),
            (None, [only]) => Ok(only.name.clone()),
            (None, []) => Err(reader.fault("there is no machine above")),
            (None, _) => {
                Err(reader.fault(format!("`{}` needs `machine=`: there are several", reader.name())))
            }
        }
    }

    fn condition(&mut self, reader: &mut Reader<'_>) -> Result<Condition, Fault> {
        Ok(match reader.name() {
            "notice" => {
                let kind = reader.text("a notice's name, as in NOTIFYMSG")?;
                if !check::NOTICES.contains(&kind.as_str()) {
                    let help = format!("one of: {}", check::NOTICES.join(", "));
                    return Err(reader.wrong(format!("upsmon has no notice `{kind}`")).help(help));
                }
                let machine = reader.text_of("machine")?;
                let machine = machine.map(|name| self.the_machine(Some(name), reader)).transpose()?;
                let ups = reader.text_of("ups")?.map(|name| self.the_ups(Some(name), reader)).transpose()?;
                Condition::Notice { kind, ups, machine }
            }
            "shutdown-command" => {
                let machine = reader.text_of("machine")?;
                Condition::ShutdownCommand { machine: self.the_machine(machine, reader)? }
            }
            "flag-written" => {
                let machine = reader.text_of("machine")?;
                Condition::FlagWritten { machine: self.the_machine(machine, reader)? }
            }
            "machine" => {
                let state = reader.text("a state")?;
                let Some((_, state)) = MachineState::WORDS.iter().find(|(word, _)| *word == state) else {
                    let words: Vec<_> = MachineState::WORDS.iter().map(|(word, _)| *word).collect();
                    let fault = reader.fault(format!("a machine is never `{state}`"));
                    return Err(fault.help(format!("it is: {}", words.join(", "))));
                };
                let named = reader.text_of("name")?;
                Condition::Machine { name: self.the_machine(named, reader)?, state: *state }
            }
            "output" => {
                let on = match reader.text("`on` or `off`")?.as_str() {
                    "on" => true,
                    "off" => false,
                    other => return Err(reader.wrong(format!("an output is `on` or `off`, not `{other}`"))),
                };
                let ups = reader.text_of("ups")?;
                Condition::Output { ups: self.the_ups(ups, reader)?, on }
            }
            "cut-ordered" => {
                let ups = reader.text_of("ups")?;
                Condition::CutOrdered { ups: self.the_ups(ups, reader)? }
            }
            "flag" => {
                let present = match reader.text("`present` or `absent`")?.as_str() {
                    "present" => true,
                    "absent" => false,
                    other => {
                        return Err(reader.wrong(format!("a flag is `present` or `absent`, not `{other}`")));
                    }
                };
                let machine = reader.text_of("machine")?;
                Condition::Flag { machine: self.the_machine(machine, reader)?, present }
            }
            "status" => {
                let has = reader.text("status words, e.g. \"OB LB\"")?;
                let lacks = reader.text_of("without")?.unwrap_or_default();
                let ups = reader.text_of("ups")?;
                let split = |words: &str| words.split_whitespace().map(str::to_owned).collect();
                Condition::Status { ups: self.the_ups(ups, reader)?, has: split(&has), lacks: split(&lacks) }
            }
            "variable" => {
                let name = reader.text("a variable's name")?;
                let bound = match (reader.text_of("is")?, reader.number_of("min")?, reader.number_of("max")?)
                {
                    (Some(value), None, None) => Bound::Is(value),
                    (None, None, None) => {
                        return Err(reader.fault("`variable` needs `is=`, `min=` or `max=`"));
                    }
                    (None, min, max) => Bound::Within { min, max },
                    _ => return Err(reader.fault("`is=` goes with neither `min=` nor `max=`")),
                };
                let ups = reader.text_of("ups")?;
                Condition::Variable { ups: self.the_ups(ups, reader)?, name, bound }
            }
            "error" => {
                let code = reader.text("an error code, e.g. \"DATA-STALE\"")?;
                let ups = reader.text_of("ups")?;
                Condition::ErrorCode { ups: self.the_ups(ups, reader)?, code }
            }
            "log" => {
                let text = reader.text("the text to look for")?;
                let Some(process) = reader.text_of("process")? else {
                    return Err(reader.fault("`log` needs `process=`"));
                };
                let of_the_guest = GUEST_SPEAKERS.contains(&process.as_str());
                if !of_the_guest && !outage_ups::PROGRAMS.iter().any(|program| program.name == process) {
                    let help = "a program of the stack: upsd, upsmon, upsdrvctl or a driver, e.g. usbhid-ups; \
                                in the kernel lane also kernel, init and counter";
                    return Err(reader.wrong(format!("there is no program `{process}`")).help(help));
                }
                let machine = reader.text_of("machine")?;
                Condition::Log { machine: self.the_machine(machine, reader)?, process, text }
            }
            other => {
                let words = "notice, flag-written, shutdown-command, flag, machine, output, cut-ordered, status, \
                             variable, error, log";
                return Err(reader
                    .fault(format!("unknown condition `{other}`"))
                    .help(format!("one of: {words}")));
            }
        })
    }

    fn monitor(&mut self, reader: &mut Reader<'_>, machine: &str) -> Result<MonitorSpec, Fault> {
        let ups = reader.text("a ups")?;
        let span = reader.wrong("").span;
        let server = reader.text_of("at")?.unwrap_or_else(|| machine.to_owned());
        let role = match reader.text_of("role")?.as_deref() {
            Some("primary") | None => Role::Primary,
            Some("secondary") => Role::Secondary,
            Some(other) => {
                return Err(reader.wrong(format!("a role is `primary` or `secondary`, not `{other}`")));
            }
        };
        let power_value = reader.number_of("power-value")?.unwrap_or(1.0);
        if power_value.fract() != 0.0 || !(0.0..=100.0).contains(&power_value) {
            return Err(reader.wrong("a power value is a whole number within 0 and 100"));
        }
        self.mentions.push(Mention { ups: ups.clone(), server: Some(server.clone()), span });
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number within 0 and 100"
        )]
        Ok(MonitorSpec { ups, server, power_value: power_value as u32, role })
    }
}

fn percentage(reader: &mut Reader<'_>) -> Result<f64, Fault> {
    let value = reader.number("a percentage")?;
    if (0.0..=100.0).contains(&value) {
        Ok(value)
    } else {
        Err(reader.wrong("a percentage lies within 0 and 100"))
    }
}

fn positive(reader: &mut Reader<'_>, what: &str) -> Result<f64, Fault> {
    let value = reader.number(what)?;
    if value >= 0.0 { Ok(value) } else { Err(reader.wrong(format!("{what} is 0 or more"))) }
}

fn directives(reader: &Reader<'_>) -> Vec<(String, Vec<String>)> {
    let read = |node: &KdlNode| {
        (node.name().value().to_owned(), node.entries().iter().map(|entry| word(entry.value())).collect())
    };
    reader.children().map(read).collect()
}

#[cfg(test)]
mod tests;
