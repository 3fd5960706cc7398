//! `ratings { ... }`: what the UPS is.

use std::time::Duration;

use kdl::KdlNode;

use super::reader::{Reader, arguments, children};
use crate::plant::Settings;

/// The longest delay a file may ask for, seconds: a year.
const LONGEST: f64 = 365.0 * 24.0 * 3600.0;

const NODES: &[&str] = &[
    "apparent-power",
    "active-power",
    "voltage",
    "frequency",
    "transfer",
    "battery",
    "charger",
    "inverter",
    "mains-idle",
    "low",
    "restart",
    "test",
];

pub(super) fn read(reader: &mut Reader, node: &KdlNode) -> Settings {
    let mut settings = Settings::default();
    reader.shape(node, 0, &[], NODES);
    for name in NODES {
        if let Some(child) = reader.child(node, name) {
            read_one(reader, child, &mut settings);
        }
    }
    for name in ["apparent-power", "active-power", "voltage", "battery"] {
        if !children(node).any(|child| child.name().value() == name) {
            reader.missing(node, name, &format!("{name} ..."));
        }
    }
    if settings.active_power > settings.apparent_power
        && let Some(child) = children(node).find(|child| child.name().value() == "active-power")
    {
        reader.fault(super::reader::name_span(child), "more active power than apparent power", None);
    }
    settings
}

fn read_one(reader: &mut Reader, node: &KdlNode, settings: &mut Settings) {
    let s = settings;
    match node.name().value() {
        "apparent-power" => value(reader, node, 1.0, 1e7, &mut s.apparent_power),
        "active-power" => value(reader, node, 1.0, 1e7, &mut s.active_power),
        "voltage" => value(reader, node, 1.0, 1000.0, &mut s.nominal_voltage),
        "frequency" => value(reader, node, 1.0, 1000.0, &mut s.nominal_frequency),
        "mains-idle" => value(reader, node, 0.0, 1e6, &mut s.mains_idle),
        "transfer" => {
            reader.shape(node, 0, &["low", "high", "hysteresis"], &[]);
            property(reader, node, "low", 0.0, 1000.0, &mut s.transfer_low);
            property(reader, node, "high", 1.0, 2000.0, &mut s.transfer_high);
            property(reader, node, "hysteresis", 0.0, 100.0, &mut s.transfer_hysteresis);
        }
        "battery" => read_battery(reader, node, s),
        "charger" => {
            reader.shape(node, 0, &["power", "efficiency"], &[]);
            property(reader, node, "power", 0.0, 1e6, &mut s.charger_power);
            property(reader, node, "efficiency", 0.1, 1.0, &mut s.charger_efficiency);
        }
        "inverter" => {
            reader.shape(node, 0, &["efficiency", "idle"], &[]);
            property(reader, node, "efficiency", 0.1, 1.0, &mut s.inverter_efficiency);
            property(reader, node, "idle", 0.0, 1e6, &mut s.inverter_idle);
        }
        "low" => {
            reader.shape(node, 0, &["charge", "runtime"], &[]);
            property(reader, node, "charge", 0.0, 100.0, &mut s.low_charge);
            let mut runtime = Duration::ZERO;
            delay(reader, node, "runtime", &mut runtime);
            s.low_runtime = (!runtime.is_zero()).then_some(runtime);
        }
        "restart" => {
            reader.shape(node, 0, &["automatic", "delay", "minimum-off", "charge", "on-battery"], &[]);
            flag(reader, node, "automatic", &mut s.automatic_restart);
            flag(reader, node, "on-battery", &mut s.starts_on_battery);
            delay(reader, node, "delay", &mut s.restart_delay);
            delay(reader, node, "minimum-off", &mut s.minimum_off);
            property(reader, node, "charge", 0.0, 100.0, &mut s.restart_charge);
        }
        "test" => {
            reader.shape(node, 0, &["duration"], &[]);
            delay(reader, node, "duration", &mut s.test_duration);
        }
        _ => {}
    }
}

fn read_battery(reader: &mut Reader, node: &KdlNode, settings: &mut Settings) {
    let battery = &mut settings.battery;
    reader.shape(node, 0, &["capacity", "age", "cells", "cell-voltage", "temperature"], &["curve"]);
    property(reader, node, "capacity", 0.001, 1e7, &mut battery.capacity);
    property(reader, node, "age", 0.01, 1.0, &mut battery.age);
    property(reader, node, "cell-voltage", 0.1, 100.0, &mut battery.cell_voltage);
    property(reader, node, "temperature", -50.0, 150.0, &mut battery.temperature);
    battery.cells = reader.integer_or(node, "cells", 1..1001, battery.cells.into()) as u32;
    if node.entry("capacity").is_none() {
        reader.missing(node, "capacity", "capacity=84, in Wh");
    }
    let Some(curve) = reader.child(node, "curve") else { return };
    reader.shape(curve, usize::MAX, &[], &[]);
    let figures: Vec<f64> =
        arguments(curve).filter_map(|entry| reader.entry_number(entry, 0.0..100.0)).collect();
    let points: Vec<(f64, f64)> = figures.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let rising = points.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1);
    if !arguments(curve).count().is_multiple_of(2) || points.is_empty() || !rising {
        reader.fault(
            super::reader::name_span(curve),
            "a curve is pairs of charge and cell voltage, rising",
            Some("curve 0 1.75  50 2.03  100 2.13".into()),
        );
    } else {
        battery.curve = points;
    }
}

fn value(reader: &mut Reader, node: &KdlNode, low: f64, high: f64, into: &mut f64) {
    reader.shape(node, 1, &[], &[]);
    match arguments(node).next() {
        Some(entry) => *into = reader.entry_number(entry, low..high).unwrap_or(*into),
        None => reader.missing(node, "a number", &format!("{} {into}", node.name().value())),
    }
}

fn property(reader: &mut Reader, node: &KdlNode, name: &str, low: f64, high: f64, into: &mut f64) {
    if let Some(entry) = node.entry(name) {
        *into = reader.entry_number(entry, low..high).unwrap_or(*into);
    }
}

fn flag(reader: &mut Reader, node: &KdlNode, name: &str, into: &mut bool) {
    if let Some(entry) = node.entry(name) {
        *into = reader.entry_flag(entry).unwrap_or(*into);
    }
}

fn delay(reader: &mut Reader, node: &KdlNode, name: &str, into: &mut Duration) {
    if let Some(entry) = node.entry(name) {
        let seconds = reader.entry_number(entry, 0.0..LONGEST);
        *into = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(*into);
    }
}
