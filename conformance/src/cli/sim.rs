//! `outage sim`: virtual UPSes for whoever wants to attach to them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use outage_simulator::bus::pty::Pty;
use outage_simulator::bus::usbip::Bus;
use outage_simulator::ups::{BusKind, Options, State, Ups};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use super::SimArgs;
use crate::report::say;

/// What standard input takes.
pub(super) const HELP: &str =
    "On standard input, one a line, for every UPS or for the one named first (`eaton-3s-700 mains off`):
  mains on|off    volts N    charge 0..100    load PERCENT
  unplug    replug    freeze    thaw    status    help    quit";

/// Serves virtual UPSes until its input says `quit`, or a signal ends it.
pub(super) fn main(args: &SimArgs) -> Result<ExitCode, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("failed to start a runtime: {error}"))?;
    let code = runtime.block_on(serve(args));
    // A read from a terminal cannot be called off: the runtime is left without waiting for it.
    runtime.shutdown_timeout(Duration::ZERO);
    code
}

async fn serve(args: &SimArgs) -> Result<ExitCode, String> {
    // Before there is a link: it must go whatever ends this, a closed terminal too.
    let mut signals = Vec::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        signals.push(signal(kind).map_err(|error| format!("failed to wait for signals: {error}"))?);
    }
    let mut upses = Vec::new();
    for name in &args.devices {
        let file = crate::devices::find(name).map_err(|error| error.to_string())?;
        let count = upses.iter().filter(|ups: &&Ups| ups.name().starts_with(file.name.as_str())).count();
        let unique = if count == 0 { file.name.clone() } else { format!("{}-{}", file.name, count + 1) };
        upses.push(Ups::new(&unique, &file, Options::default()));
    }
    let mut tasks = JoinSet::new();
    say(format_args!("{}", plug_in(args, &upses, &mut tasks).await?));
    for ups in upses.clone() {
        tasks.spawn(tell(ups));
    }
    converse(&upses, &mut signals).await;
    Ok(ExitCode::SUCCESS)
}

/// Plugs every UPS in; what is returned says how to attach to each.
async fn plug_in(args: &SimArgs, upses: &[Ups], tasks: &mut JoinSet<()>) -> Result<String, String> {
    let mut text = String::new();
    let bus = Bus::new();
    let mut usb = Vec::new();
    let mut links = args.pty.iter();
    let mut taken = BTreeSet::new();
    for ups in upses {
        match ups.kind() {
            BusKind::Usb => {
                let busid = format!("1-{}", usb.len() + 1);
                bus.plug(&busid, ups.clone()).map_err(|error| format!("failed to {error}"))?;
                usb.push((ups.name().to_owned(), busid));
            }
            BusKind::Serial => {
                let Some(link) = links.next() else {
                    return Err(format!(
                        "{} is a serial device: say where its pty is linked with --pty LINK",
                        ups.name()
                    ));
                };
                // Whole, so that the commands below work from anywhere.
                let link = &std::path::absolute(link).unwrap_or_else(|_| link.clone());
                if !taken.insert(link.clone()) {
                    return Err(format!("two serial devices can't both be linked to {}", link.display()));
                }
                let pty = Pty::link(ups.clone(), link).map_err(|error| format!("failed to {error}"))?;
                tasks.spawn(async move {
                    if let Err(error) = pty.serve().await {
                        eprintln!("failed to {error}");
                    }
                });
                let _ = writeln!(text, "{}", serial_commands(ups.name(), link));
            }
        }
    }
    if let Some(link) = links.next() {
        return Err(format!("no serial device is left for --pty {}", link.display()));
    }
    if !usb.is_empty() {
        let (address, server) =
            bus.listen(args.usbip).await.map_err(|error| format!("failed to {error} (--usbip ADDR)"))?;
        tasks.spawn(async move {
            let _server = server;
            std::future::pending::<()>().await;
        });
        for (name, busid) in usb {
            let (host, port) = (address.ip(), address.port());
            let _ = writeln!(
                text,
                "{name}: USB device {busid}, served at {address}\n  \
                 our driver, no root:  usbhid-ups -F -s {name} -x port=usbip://{address}/{busid}\n  \
                 the kernel, as root:  modprobe vhci-hcd; usbip --tcp-port {port} attach -r {host} -b {busid}"
            );
        }
    }
    text.push_str("type `help` for what can be done to them");
    Ok(text)
}

fn serial_commands(name: &str, link: &Path) -> String {
    let link = link.display();
    format!(
        "{name}: serial device at {link}\n  \
         our driver:  nutdrv_qx -F -s {name} -x port={link}\n  \
         the C one:   /lib/nut/nutdrv_qx -F -s {name} -x port={link}"
    )
}

/// Says what a UPS does by itself.
async fn tell(ups: Ups) {
    let mut cursor = 0;
    loop {
        ups.wait_events(cursor).await;
        let events = ups.events_since(cursor);
        cursor += events.len();
        for event in events {
            say(format_args!("{}: {event}", ups.name()));
        }
    }
}

async fn converse(upses: &[Ups], signals: &mut [Signal]) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    // Without an input (`< /dev/null`, in the background) it serves until a signal ends it.
    let mut open = true;
    loop {
        let line = select! {
            biased;
            () = any(signals) => return,
            line = lines.next_line(), if open => line,
        };
        match line {
            Ok(Some(line)) if line.trim() == "quit" => return,
            Ok(Some(line)) => {
                let answer = command(upses, &line);
                if !answer.is_empty() {
                    say(format_args!("{answer}"));
                }
            }
            Ok(None) | Err(_) => open = false,
        }
    }
}

/// Ends when one of the signals comes.
async fn any(signals: &mut [Signal]) {
    std::future::poll_fn(|context| {
        let came = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        if came { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Does one line; what is returned is the answer.
fn command(upses: &[Ups], line: &str) -> String {
    let mut words: Vec<_> = line.split_whitespace().collect();
    let named: Vec<_> = match words.first().and_then(|word| upses.iter().find(|ups| ups.name() == *word)) {
        Some(ups) => {
            words.remove(0);
            vec![ups]
        }
        None => upses.iter().collect(),
    };
    let number = |word: &str| word.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    let mut answers = Vec::new();
    for ups in named {
        match words[..] {
            ["mains", "on"] => ups.mains(true),
            ["mains", "off"] => ups.mains(false),
            ["volts", value] if number(value).is_some() => {
                ups.mains_voltage(number(value).unwrap_or_default());
            }
            ["charge", value] if number(value).is_some_and(|n| n <= 100.0) => {
                ups.charge(number(value).unwrap_or_default());
            }
            ["load", value] if number(value).is_some() => ups.load(number(value).unwrap_or_default()),
            ["unplug"] => ups.unplug(),
            ["replug"] => ups.replug(),
            ["freeze"] => ups.freeze(),
            ["thaw"] => ups.thaw(),
            ["status"] => answers.push(format!("{}: {}", ups.name(), describe(&ups.state()))),
            [] => {}
            ["help"] => return HELP.to_owned(),
            _ => return format!("not understood: {}\n{HELP}", line.trim()),
        }
    }
    answers.join("\n")
}

/// A UPS's state as one line.
pub(crate) fn describe(state: &State) -> String {
    let mut text = format!(
        "mains {} ({:.0} V), output {}, charge {:.1} %, load {:.0} %, runtime {}",
        if state.mains { "on" } else { "off" },
        state.input_voltage,
        if state.output_on { "on" } else { "off" },
        state.charge,
        state.load,
        state.runtime.map_or_else(|| "for ever".to_owned(), |time| format!("{:.0} s", time.as_secs_f64())),
    );
    for (holds, word) in [(state.low, "battery low"), (!state.plugged, "cable out"), (state.frozen, "frozen")]
    {
        if holds {
            text.push_str(", ");
            text.push_str(word);
        }
    }
    text
}
