//! Servers that are played, and programs that are run and listened to.

use std::process::ExitCode;
use std::time::Duration;

use outage_host::virt::{EventKind, Machine, World};
use outage_host::{BoxStream, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Requests that a server expects, and what it answers, in turn.
pub(crate) type Script = &'static [(&'static str, &'static str)];

pub(crate) fn machine() -> (World, Machine) {
    let world = World::new(1);
    let machine = world.machine("here");
    (world, machine)
}

/// Plays a script on a connection, then is silent until the other side closes.
pub(crate) async fn play(stream: &mut BoxStream, script: Script) {
    for (request, reply) in script {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let Ok(byte) = stream.read_u8().await else { return };
            line.push(byte);
        }
        assert_eq!(String::from_utf8(line).unwrap(), format!("{request}\n"));
        if *reply == "hang up" {
            return;
        }
        stream.write_all(reply.as_bytes()).await.unwrap();
    }
    let _ = stream.read_u8().await;
}

/// A server that plays one script for each connection, one after the other.
pub(crate) async fn servers(machine: &Machine, scripts: &'static [Script]) {
    let host = machine.host("server");
    let listener = host.listen_tcp("127.0.0.1:3493".parse().unwrap()).await.unwrap();
    tokio::spawn(async move {
        let _host = host;
        for script in scripts {
            let (mut stream, _) = listener.accept().await.unwrap();
            play(&mut stream, script).await;
        }
    });
}

pub(crate) async fn server(machine: &Machine, script: Script) {
    servers(machine, Box::leak(Box::new([script]))).await;
}

/// What a program says: what it prints, after `!` what it logs, after `?` what it asks; at last its exit code.
pub(crate) fn said(world: &World, process: &str) -> String {
    let mut text = String::new();
    for event in world.events().into_iter().filter(|event| &*event.process == process) {
        match event.kind {
            EventKind::Print(line) => text += &line,
            EventKind::Log(_, line) => text += &format!("! {line}\n"),
            EventKind::Asked(prompt, secret) => {
                text += &format!("? {prompt}{}\n", if secret { "***" } else { "" });
            }
            _ => {}
        }
    }
    text
}

/// Runs a program beside a server that refuses to encrypt and then plays the script.
pub(crate) async fn tool<F: Future<Output = ExitCode>>(
    script: Script,
    typed: &[&str],
    args: &[&str],
    run: impl FnOnce(Vec<String>, Host) -> F,
) -> String {
    let (world, machine) = machine();
    let mut whole = vec![("STARTTLS", "ERR FEATURE-NOT-CONFIGURED\n")];
    whole.extend_from_slice(script);
    server(&machine, Box::leak(whole.into_boxed_slice())).await;
    typed.iter().for_each(|line| machine.type_line(line));
    let host = machine.host("tool");
    let code = run(args.iter().map(|&arg| arg.to_owned()).collect(), host).await;
    said(&world, "tool") + if code == ExitCode::SUCCESS { "= 0" } else { "= 1" }
}
