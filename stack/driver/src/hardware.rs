//! The hardware that the drivers are for, from the drivers' own tables.

use crate::usbhid;
use crate::{dummy, qx};

/// How a UPS is connected to this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Connection {
    /// USB, with these ids.
    Usb {
        /// Vendor id.
        vendor: u16,
        /// Product id.
        product: u16,
    },
    /// A serial line.
    Serial,
    /// The network.
    Network,
}

/// A kind of UPS, and the driver for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// Maker.
    pub maker: &'static str,
    /// What is known of the models.
    pub models: &'static str,
    /// The driver's name.
    pub driver: &'static str,
    /// How it is connected.
    pub connection: Connection,
    /// A word that the device's vendor or product string must have, where others use the same ids.
    pub word: Option<&'static str>,
}

/// What is connected otherwise than by USB.
const OTHERS: &[(&str, Connection, &str)] = &[
    (qx::NUTDRV_QX.name, Connection::Serial, "any that speaks the Megatec protocol (Q1)"),
    (qx::BLAZER_SER.name, Connection::Serial, "any that speaks the Megatec protocol (Q1)"),
    (dummy::DUMMY_UPS.name, Connection::Network, "any that another NUT server, or a NAS, tells of"),
];

/// All that the drivers are for: USB first, in the order in which the subdrivers are asked.
pub fn hardware() -> impl Iterator<Item = Hardware> {
    let usb = usbhid::SUBDRIVERS.iter().flat_map(|subdriver| subdriver.ids).map(|id| Hardware {
        maker: id.maker,
        models: id.series,
        driver: usbhid::USBHID_UPS.name,
        connection: Connection::Usb { vendor: id.vendor, product: id.product },
        word: id.word,
    });
    let others = OTHERS.iter().map(|&(driver, connection, models)| Hardware {
        maker: "various",
        models,
        driver,
        connection,
        word: None,
    });
    usb.chain(others)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::drivers::DRIVERS;

    #[test]
    fn every_driver_has_hardware() {
        let drivers: BTreeSet<_> = hardware().map(|hardware| hardware.driver).collect();
        let all: BTreeSet<_> = DRIVERS.iter().map(|driver| driver.name).collect();
        assert_eq!(drivers, all);
    }

    #[test]
    fn everything_has_a_name_and_is_there_once() {
        let all: Vec<_> = hardware().collect();
        for (at, one) in all.iter().enumerate() {
            assert!(!one.maker.is_empty() && !one.models.is_empty(), "{one:?}");
            assert!(!all[..at].contains(one), "{one:?}");
        }
    }

    #[test]
    fn ids_that_others_use_have_their_word() {
        let nas = Connection::Usb { vendor: 0x06da, product: 0xffff };
        let found = hardware().find(|one| one.connection == nas && one.maker == "AEG");
        assert_eq!(found.and_then(|one| one.word), Some("AEG"));
    }
}
