//! Finding the device and opening it.

use outage_hid::Descriptor;
use outage_host::Host;
use outage_host::usb::TransferError;

use super::device::HidDevice;
use super::mapping::Subdriver;
use super::settings::{Identity, Settings};
use crate::family::DeviceError;
use crate::usb::{Candidate, UsbBackend};

/// A device that was found.
pub(super) struct Found {
    pub(super) device: HidDevice,
    pub(super) identity: Identity,
    pub(super) subdriver: &'static Subdriver,
}

/// What the device was when it was open before: only the same one is taken again.
pub(super) struct Known {
    pub(super) identity: Identity,
    pub(super) descriptor: Descriptor,
}

impl Known {
    /// Whether it is the same device. A string that cannot be read now doesn't make it another one.
    fn is(&self, identity: &Identity) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        let known = &self.identity;
        known.vendor_id == identity.vendor_id
            && known.product_id == identity.product_id
            && same(&known.vendor, &identity.vendor)
            && same(&known.product, &identity.product)
            && same(&known.serial, &identity.serial)
    }
}

/// Why a candidate isn't the one.
enum Refusal {
    /// It is something else.
    NotThis,
    /// It could be, but it doesn't work.
    Problem(String),
}

fn refused(place: &str, error: &TransferError) -> Refusal {
    Refusal::Problem(match error {
        TransferError::Access(node) => format!(
            "insufficient permissions on {node} ({place}): let the driver's user read and write it, e.g. by a udev rule"
        ),
        TransferError::Busy => {
            format!("{place} is in use by another program, or by another driver of this UPS")
        }
        TransferError::Fault(text) => text.clone(),
        other => format!("{place}: {other}"),
    })
}

/// Looks for the device on its bus.
pub(super) async fn find(
    host: &Host,
    backend: &UsbBackend,
    settings: &Settings,
    subdrivers: &'static [Subdriver],
    known: Option<&Known>,
) -> Result<Found, DeviceError> {
    let candidates = match backend.candidates().await {
        Ok(candidates) => candidates,
        Err(error) => return Err(DeviceError::Gone(format!("cannot list USB devices: {error}"))),
    };
    let mut problem = None;
    let mut hint = None;
    for candidate in &candidates {
        let info = &candidate.info;
        if candidate.ids_known {
            let (vendor, product) = (info.vendor_id, info.product_id);
            if !settings.matcher.ids(vendor, product) {
                continue;
            }
            if !possible(subdrivers, settings, vendor, product) {
                if subdrivers.iter().any(|subdriver| subdriver.knows(vendor)) {
                    hint = Some(format!(
                        "{vendor:04x}:{product:04x} at {} may be supported: try productid = {product:04x}",
                        info.port_path
                    ));
                }
                continue;
            }
        }
        if !settings.matcher.place(info) {
            continue;
        }
        match open(host, backend, settings, subdrivers, known, candidate).await {
            Ok(found) => return Ok(found),
            Err(Refusal::NotThis) => {}
            Err(Refusal::Problem(text)) => problem = problem.or(Some(text)),
        }
    }
    Err(DeviceError::Gone(problem.or(hint).unwrap_or_else(|| {
        let wanted = if known.is_some() { "the UPS is gone" } else { "no matching HID UPS found" };
        format!("{wanted} ({backend}, {} USB devices seen)", candidates.len())
    })))
}

/// Whether there could be a subdriver for these ids; strings may still say no.
fn possible(subdrivers: &[Subdriver], settings: &Settings, vendor: u16, product: u16) -> bool {
    if let Some(pattern) = &settings.subdriver {
        return subdrivers.iter().any(|subdriver| pattern.matches(subdriver.name));
    }
    let known = subdrivers.iter().any(|subdriver| subdriver.knows(vendor));
    let named = if known { settings.matcher.names_product() } else { settings.names_device() };
    named || subdrivers.iter().any(|subdriver| subdriver.lists(vendor, product))
}

/// The subdriver for a device: one that lists it; else one of its make, when the user gave the product id; else the one
/// for any, when the make is nobody's and the user says that this device is meant.
fn choose(
    subdrivers: &'static [Subdriver],
    settings: &Settings,
    identity: &Identity,
) -> Option<&'static Subdriver> {
    let (vendor, product) = (identity.vendor_id, identity.product_id);
    let strings = [identity.vendor.as_deref(), identity.product.as_deref()];
    if let Some(pattern) = &settings.subdriver {
        return subdrivers.iter().find(|subdriver| pattern.matches(subdriver.name));
    }
    let make = || subdrivers.iter().find(|subdriver| subdriver.knows(vendor));
    let listed = subdrivers.iter().find(|subdriver| subdriver.claims(vendor, product, &strings));
    listed.or_else(|| match make() {
        Some(make) => settings.matcher.names_product().then_some(make),
        None => subdrivers.iter().find(|subdriver| subdriver.for_any && settings.names_device()),
    })
}

async fn open(
    host: &Host,
    backend: &UsbBackend,
    settings: &Settings,
    subdrivers: &'static [Subdriver],
    known: Option<&Known>,
    candidate: &Candidate,
) -> Result<Found, Refusal> {
    let place = match candidate.info.port_path.as_str() {
        "" => candidate.info.id.clone(),
        path => path.to_owned(),
    };
    let device = backend.open(candidate).await.map_err(|error| refused(&place, &error))?;
    let mut device = HidDevice::new(host.clone(), device, settings.max_report);
    let bytes = device.device_descriptor();
    let word = |at: usize| bytes.get(at..at + 2).map_or(0, |pair| u16::from_le_bytes([pair[0], pair[1]]));
    let index = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut identity =
        Identity { vendor_id: word(8), product_id: word(10), release: word(12), ..Identity::default() };
    if !settings.matcher.ids(identity.vendor_id, identity.product_id) {
        return Err(Refusal::NotThis);
    }
    identity.vendor = device.string(index(14)).await;
    identity.product = device.string(index(15)).await;
    identity.serial = device.string(index(16)).await;
    if known.is_some_and(|known| !known.is(&identity)) || !settings.matcher.strings(&identity) {
        return Err(Refusal::NotThis);
    }
    let Some(subdriver) = choose(subdrivers, settings, &identity) else {
        let (vendor, product) = (identity.vendor_id, identity.product_id);
        return Err(Refusal::Problem(format!(
            "{vendor:04x}:{product:04x} at {place} is no UPS that this driver knows"
        )));
    };
    let before = known.map(|known| &known.descriptor);
    let chosen = device.choose_interface(settings, identity.vendor_id, identity.release, before).await;
    if let Err(error) = chosen {
        device.close().await;
        return Err(Refusal::Problem(format!("cannot use {place}: {error}")));
    }
    if (subdriver.quirks)(&identity).max_report {
        device.ask_widely();
    }
    Ok(Found { device, identity, subdriver })
}
