//! The device behind a handle, of whichever kind.

use std::time::Duration;

use crate::device::Machine as _;
use crate::device::hid::Hid;
use crate::device::megatec::Megatec;
use crate::device::serial::SerialDevice;
use crate::device::usb::Function;
use crate::fault::{Faulty, Trouble};
use crate::plant::Plant;

/// The device behind the handle, and the faults between the two.
pub(super) enum Machine {
    Hid(Faulty<Hid>),
    Megatec(Faulty<Megatec>),
    /// Someone's own function; its plant is known to nobody.
    Function(Faulty<Box<dyn Function>>, Box<Plant>),
    /// Someone's own serial device.
    Serial(Faulty<Box<dyn SerialDevice>>, Box<Plant>),
}

impl Machine {
    pub(super) fn function(&mut self) -> Option<&mut dyn Function> {
        match self {
            Self::Hid(device) => Some(device),
            Self::Function(device, _) => Some(device),
            Self::Megatec(_) | Self::Serial(..) => None,
        }
    }

    pub(super) fn serial(&mut self) -> Option<&mut dyn SerialDevice> {
        match self {
            Self::Megatec(device) => Some(device),
            Self::Serial(device, _) => Some(device),
            Self::Hid(_) | Self::Function(..) => None,
        }
    }

    pub(super) fn wake_at(&self) -> Option<Duration> {
        match self {
            Self::Hid(device) => device.wake_at(),
            Self::Megatec(device) => device.wake_at(),
            Self::Function(device, _) => device.wake_at(),
            Self::Serial(device, _) => device.wake_at(),
        }
    }

    pub(super) fn plant(&mut self) -> &mut Plant {
        match self {
            Self::Hid(device) => device.plant_mut(),
            Self::Megatec(device) => device.plant_mut(),
            Self::Function(_, plant) | Self::Serial(_, plant) => plant,
        }
    }

    pub(super) fn frozen(&self) -> bool {
        match self {
            Self::Hid(device) => device.frozen(),
            Self::Megatec(device) => device.frozen(),
            Self::Function(device, _) => device.frozen(),
            Self::Serial(device, _) => device.frozen(),
        }
    }

    pub(super) fn freeze(&mut self, frozen: bool) {
        match self {
            Self::Hid(device) => device.freeze(frozen),
            Self::Megatec(device) => device.freeze(frozen),
            Self::Function(device, _) => device.freeze(frozen),
            Self::Serial(device, _) => device.freeze(frozen),
        }
    }

    pub(super) fn trouble_report(&mut self, id: u8, trouble: Option<Trouble>, chance: f64) {
        match self {
            Self::Hid(device) => device.trouble_report(id, trouble, chance),
            Self::Function(device, _) => device.trouble_report(id, trouble, chance),
            Self::Megatec(_) | Self::Serial(..) => {}
        }
    }
}
