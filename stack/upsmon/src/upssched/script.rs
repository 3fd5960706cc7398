//! Runs of CMDSCRIPT.

use std::time::Duration;

use outage_host::{Command, ExitStatus, Host};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::core::Call;

/// So long, the next run waits for the one before, so that scripts which take no time are run one after the other. What takes
/// longer goes on beside the others: no timer waits for a slow script (nut#3115).
const IN_TURN: Duration = Duration::from_secs(1);

/// Runs CMDSCRIPT for each call in turn, until the sender is gone and all have ended. Tells the end of each.
pub(super) async fn run(
    host: Host,
    script: Vec<String>,
    mut calls: mpsc::UnboundedReceiver<Call>,
    ended: Option<mpsc::UnboundedSender<()>>,
) {
    let mut running = JoinSet::new();
    while let Some(call) = calls.recv().await {
        let mut argv = script.clone();
        argv.push(call.argument.clone());
        let mut command = Command::new(argv);
        let notice = call.notice;
        command.env = vec![
            ("NOTIFYTYPE".into(), notice.kind),
            ("UPSNAME".into(), notice.ups),
            ("NOTIFYMSG".into(), notice.text),
        ];
        host.info(format_args!("Executing command: {}", call.argument));
        let shown = format!("{} '{}'", script.join(" "), call.argument);
        let mut child = match host.spawn(&command).await {
            Ok(child) => child,
            Err(error) => {
                host.error(format_args!("Execute command failure: {shown}: {error}"));
                tell(ended.as_ref());
                continue;
            }
        };
        let (own, ended) = (host.clone(), ended.clone());
        let mut end = Box::pin(async move {
            match child.wait().await {
                Ok(status) if status.success() => {}
                Ok(ExitStatus::Code(code)) => own.info(format_args!("exec_cmd({shown}) returned {code}")),
                Ok(ExitStatus::Signal(signal)) => {
                    own.warn(format_args!("exec_cmd({shown}) terminated with signal {signal}"));
                }
                Err(error) => own.warn(format_args!("lost track of {shown}: {error}")),
            }
            tell(ended.as_ref());
        });
        if host.timeout(IN_TURN, &mut end).await.is_err() {
            running.spawn(end);
        }
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

fn tell(ended: Option<&mpsc::UnboundedSender<()>>) {
    if let Some(ended) = ended {
        // Nobody counts any more: it is the end.
        let _ = ended.send(());
    }
}
