//! `explore`: says all that a device has to say, as a device file of the simulator or a report of a bug wants it.

use outage_hid::ReportKind;
use outage_host::Host;

use super::Opened;
use super::device::ReportError;

/// Bytes as they are written in a device file.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

impl Opened {
    /// Asks for every feature report, and says the bytes and each value in them. Reports that break the device are left out.
    pub(super) async fn explore(&mut self, host: &Host) {
        let all = self.device.descriptor.reports().map(|(kind, id, _)| (kind, id));
        let ids: Vec<u8> = all
            .filter(|(kind, id)| *kind == ReportKind::Feature && !self.subdriver.poison.contains(id))
            .map(|(_, id)| id)
            .collect();
        for id in ids {
            let data = match self.device.get_report(ReportKind::Feature, id).await {
                Ok(data) => data,
                Err(ReportError::Gone(text)) => {
                    host.notice(format!("Feature report 0x{id:02x}: {text}"));
                    return;
                }
                Err(error) => {
                    host.notice(format!("Feature report 0x{id:02x}: {error}"));
                    continue;
                }
            };
            host.notice(format!("Feature report 0x{id:02x}: {}", hex(&data)));
            for item in self.device.descriptor.report(ReportKind::Feature, id) {
                if let Some(value) = item.decode(&data) {
                    host.notice(format!("{item}, Value: {value}"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use outage_host::usb::TransferError;

    use super::super::fake::Bench;

    #[tokio::test(start_paused = true)]
    async fn everything_is_said_but_what_would_break_the_device() {
        let bench = Bench::running(&[("explore", "1")], |ups| {
            ups.failures.insert(0x0d, TransferError::Stall);
        })
        .await;
        let log = bench.log();
        let said = |line: &str| log.iter().any(|said| said.starts_with(line));
        assert!(said("Report descriptor, 926 bytes: 05 84 09 04 a1 01 09 10 "));
        assert!(said("Feature report 0x06: 50 08 07 00 00"));
        assert!(said(
            "Path: UPS.PowerSummary.RemainingCapacity, Type: Feature, ReportID: 0x06, Offset: 0, Size: 8, Value: 80"
        ));
        assert!(said("Feature report 0x0d: not supported by the device (stall)"));
        assert!(!said("Feature report 0xfe") && !said("Feature report 0xff"));
        assert_eq!(bench.status(), "OL CHRG");
    }
}
