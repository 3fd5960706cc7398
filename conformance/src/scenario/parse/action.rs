//! What a block does: to UPSes, and on machines.

use super::super::model::{Action, ActionKind, MachineAction, Service, UpsAction};
use super::super::node::{Fault, Reader};
use super::{Parser, percentage, positive};

impl Parser<'_> {
    pub(super) fn action(&mut self, reader: &mut Reader<'_>) -> Result<Action, Fault> {
        let (place, kind) = match self.ups_action(reader)? {
            Some(action) => {
                let ups = reader.text_of("ups")?;
                (self.the_ups(ups, reader)?, ActionKind::Ups(action))
            }
            None => {
                let (machine, action) = self.machine_action(reader)?;
                (machine, ActionKind::Machine(action))
            }
        };
        Ok(Action { place, kind, span: reader.span() })
    }

    fn ups_action(&self, reader: &mut Reader<'_>) -> Result<Option<UpsAction>, Fault> {
        Ok(Some(match reader.name() {
            "mains" => match reader.text("`on` or `off`")?.as_str() {
                "on" => UpsAction::Mains(true),
                "off" => UpsAction::Mains(false),
                other => return Err(reader.wrong(format!("the mains are `on` or `off`, not `{other}`"))),
            },
            "mains-voltage" => UpsAction::MainsVoltage(positive(reader, "a voltage")?),
            "charge" => UpsAction::Charge(percentage(reader)?),
            "battery-health" => match percentage(reader)? {
                percent if percent >= 1.0 => UpsAction::BatteryHealth(percent),
                _ => return Err(reader.wrong("a battery's health lies within 1 and 100 percent")),
            },
            "replace-battery" => UpsAction::ReplaceBattery,
            "load" => UpsAction::Load(positive(reader, "a percentage")?),
            "unplug" => UpsAction::Unplug,
            "replug" => UpsAction::Replug,
            "freeze" => UpsAction::Freeze,
            "thaw" => UpsAction::Thaw,
            _ => return Ok(None),
        }))
    }

    fn machine_action(&self, reader: &mut Reader<'_>) -> Result<(String, MachineAction), Fault> {
        Ok(match reader.name() {
            "kill" => self.service(reader).map(|(machine, it)| (machine, MachineAction::Kill(it)))?,
            "start" => self.service(reader).map(|(machine, it)| (machine, MachineAction::Start(it)))?,
            "restart" => self.service(reader).map(|(machine, it)| (machine, MachineAction::Restart(it)))?,
            "write-flag" => {
                let machine = reader.text_of("machine")?;
                (self.the_machine(machine, reader)?, MachineAction::WriteFlag)
            }
            "cut-network" => self.network(reader, false)?,
            "mend-network" => self.network(reader, true)?,
            "command" => {
                let command = reader.text("an instant command's name")?;
                let ups = reader.text_of("ups")?;
                let ups = self.the_ups(ups, reader)?;
                let server = self.server_of(&ups, reader)?;
                (server, MachineAction::Command { ups, command })
            }
            other => {
                let words = "mains, mains-voltage, charge, battery-health, replace-battery, load, unplug, replug, freeze, \
                             thaw, command, kill, start, restart, write-flag, cut-network, mend-network; \
                             expect, in-order, refute";
                return Err(reader
                    .fault(format!("unknown action `{other}`"))
                    .help(format!("a block is made of: {words}")));
            }
        })
    }

    /// A service, and the machine that runs it: the one that is named, or the only one that runs such a thing.
    fn service(&self, reader: &mut Reader<'_>) -> Result<(String, Service), Fault> {
        let word = reader.text("a service")?;
        let unknown = reader.wrong(format!("there is no service `{word}`"));
        let named = reader.text_of("ups")?;
        let service = match word.as_str() {
            "driver" => Service::Driver(self.the_ups(named.clone(), reader)?),
            "upsd" => Service::Upsd,
            "upsmon" => Service::Upsmon,
            _ => return Err(unknown.help(format!("one of: {}", Service::WORDS.join(", ")))),
        };
        if named.is_some() && !matches!(service, Service::Driver(_)) {
            return Err(reader.wrong(format!("`ups` goes with \"driver\", there is one {service} a machine")));
        }
        let machine = match reader.text_of("machine")? {
            Some(name) => self.the_machine(Some(name), reader)?,
            None => {
                let mut running =
                    self.scenario.machines.iter().filter(|spec| spec.services().contains(&service));
                match (running.next(), running.next()) {
                    (Some(only), None) => only.name.clone(),
                    (Some(_), Some(_)) => {
                        let name = reader.name();
                        return Err(reader.fault(format!("`{name}` needs `machine=`: several run {service}")));
                    }
                    (None, _) => return Err(reader.fault(format!("no machine above runs {service}"))),
                }
            }
        };
        let spec = self.scenario.machines.iter().find(|spec| spec.name == machine);
        if spec.is_none_or(|spec| !spec.services().contains(&service)) {
            return Err(reader.wrong(format!("machine `{machine}` does not run {service}")));
        }
        Ok((machine, service))
    }

    fn network(&self, reader: &mut Reader<'_>, up: bool) -> Result<(String, MachineAction), Fault> {
        let one = reader.text("two machines")?;
        let one = self.the_machine(Some(one), reader)?;
        let other = reader.text("two machines")?;
        let other = self.the_machine(Some(other), reader)?;
        if one == other {
            return Err(reader.wrong("there is no network between a machine and itself"));
        }
        Ok((one, MachineAction::Network { other, up }))
    }

    /// The machine whose upsd serves a UPS.
    fn server_of(&self, ups: &String, reader: &Reader<'_>) -> Result<String, Fault> {
        let server = self.scenario.machines.iter().find(|machine| machine.serves.contains(ups));
        server
            .map(|machine| machine.name.clone())
            .ok_or_else(|| reader.fault(format!("no machine above serves the ups `{ups}`")))
    }
}
