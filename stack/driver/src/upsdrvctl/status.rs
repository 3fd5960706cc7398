//! `upsdrvctl status`: which drivers run, and what they say.

use outage_host::{Host, Signal};

use super::plan::Job;
use super::talk::Driver;

/// What is known about one driver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) ups: String,
    pub(super) driver: String,
    /// The pid file's process.
    pub(super) file_pid: Option<u32>,
    /// Whether that process is there.
    pub(super) file_pid_runs: bool,
    /// Whether it answers at its socket.
    pub(super) responsive: bool,
    /// The process id it says it has.
    pub(super) socket_pid: Option<u32>,
    /// `ups.status`
    pub(super) status: Option<String>,
}

impl Row {
    pub(super) fn runs(&self) -> bool {
        self.responsive || self.file_pid_runs
    }

    fn cells(&self) -> [String; 7] {
        let pid = |pid: Option<u32>| pid.map_or_else(|| "N/A".to_owned(), |pid| pid.to_string());
        [
            self.ups.clone(),
            self.driver.clone(),
            (if self.runs() { "RUNNING" } else { "STOPPED" }).to_owned(),
            pid(self.file_pid),
            (if self.responsive { "RESPONSIVE" } else { "NOT_RESPONSIVE" }).to_owned(),
            pid(self.socket_pid),
            self.status.clone().unwrap_or_default(),
        ]
    }
}

/// The table as it is printed: a header, one line a driver, columns aligned by blanks.
pub(super) fn table(rows: &[Row]) -> String {
    let header = ["UPSNAME", "UPSDRV", "RUNNING", "PF_PID", "S_RESPONSIVE", "S_PID", "S_STATUS"];
    let mut lines = vec![header.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..header.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let padded: Vec<_> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text += padded.join("  ").trim_end();
        text.push('\n');
    }
    text
}

pub(super) async fn look(host: &Host, job: &Job) -> Row {
    let file_pid = super::act::read_pid(host, job);
    let mut row = Row {
        ups: job.ups.clone(),
        driver: job.driver.clone(),
        file_pid,
        file_pid_runs: file_pid.is_some_and(|pid| host.send_signal(pid, Signal::Probe).is_ok()),
        ..Row::default()
    };
    if let Ok(mut driver) = Driver::connect(host, &job.socket).await
        && driver.ping().await.is_ok()
    {
        row.responsive = true;
        row.socket_pid = driver.pid().await.ok();
        row.status = driver.status().await.ok().flatten();
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_aligned() {
        let rows = [
            Row {
                ups: "eaton3s".into(),
                driver: "usbhid-ups".into(),
                file_pid: Some(1234),
                file_pid_runs: true,
                responsive: true,
                socket_pid: Some(1234),
                status: Some("OL CHRG".into()),
            },
            Row { ups: "old".into(), driver: "nutdrv_qx".into(), ..Row::default() },
        ];
        insta::assert_snapshot!(table(&rows), @r"
        UPSNAME  UPSDRV      RUNNING  PF_PID  S_RESPONSIVE    S_PID  S_STATUS
        eaton3s  usbhid-ups  RUNNING  1234    RESPONSIVE      1234   OL CHRG
        old      nutdrv_qx   STOPPED  N/A     NOT_RESPONSIVE  N/A
        ");
    }
}
