//! `outage sim`: what it serves, what it takes, how it ends.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{outage, refused};

/// How long something may take before a test fails for it.
const LIMIT: Duration = Duration::from_secs(30);

/// A program that runs, with the lines it says on both its outputs.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || {
                // The test may have ended before the program.
                BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
        }
        let input = child.stdin.take();
        Self { child, input, lines }
    }

    /// The simulator, when all it says at its start was read: that text.
    fn sim(arguments: &[&str]) -> (Self, String) {
        let sim = Self::start(Command::new(env!("CARGO_BIN_EXE_outage")).arg("sim").args(arguments));
        let text = sim.until("type `help`").join("\n");
        (sim, text)
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The lines up to one that holds `text`.
    fn until(&self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => seen.push(line),
                Err(error) => panic!("no line with {text:?} ({error}) after: {seen:#?}"),
            }
            if seen.last().is_some_and(|line| line.contains(text)) {
                return seen;
            }
        }
    }

    /// Says something and returns the line of the answer that holds `text`.
    fn answer(&mut self, line: &str, text: &str) -> String {
        self.say(line);
        self.until(text).pop().unwrap()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Waits for the end; the exit code, `None` after a signal.
    fn end(mut self) -> Option<i32> {
        // Both outputs close when it ends.
        while self
            .lines
            .recv_timeout(LIMIT)
            .inspect_err(|end| assert!(!is_timeout(*end), "it goes on"))
            .is_ok()
        {}
        self.child.wait().unwrap().code()
    }
}

fn is_timeout(error: std::sync::mpsc::RecvTimeoutError) -> bool {
    error == std::sync::mpsc::RecvTimeoutError::Timeout
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in what the simulator says at its start.
fn address(text: &str) -> String {
    let after = text.split("served at ").nth(1).expect(text);
    after.lines().next().unwrap().to_owned()
}

const USB: [&str; 3] = ["eaton-3s-700", "--usbip", "127.0.0.1:0"];

#[test]
fn it_says_how_to_attach_to_each() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("ttyUPS");
    let (_sim, text) = Running::sim(&[
        "eaton-3s-700",
        "megatec-650",
        "eaton-3s-700",
        "--pty",
        link.to_str().unwrap(),
        "--usbip",
        "127.0.0.1:0",
    ]);
    let address = address(&text);
    let port = address.split(':').nth(1).unwrap();
    let text = text
        .replace(&address, "ADDRESS")
        .replace(port, "PORT")
        .replace(folder.path().to_str().unwrap(), "FOLDER");
    insta::assert_snapshot!(text, @r#"
    megatec-650: serial device at FOLDER/ttyUPS
      our driver:  nutdrv_qx -F -s megatec-650 -x port=FOLDER/ttyUPS
      the C one:   /lib/nut/nutdrv_qx -F -s megatec-650 -x port=FOLDER/ttyUPS
    eaton-3s-700: USB device 1-1, served at ADDRESS
      our driver, no root:  usbhid-ups -F -s eaton-3s-700 -x port=usbip://ADDRESS/1-1
      the kernel, as root:  modprobe vhci-hcd; usbip --tcp-port PORT attach -r 127.0.0.1 -b 1-1
    eaton-3s-700-2: USB device 1-2, served at ADDRESS
      our driver, no root:  usbhid-ups -F -s eaton-3s-700-2 -x port=usbip://ADDRESS/1-2
      the kernel, as root:  modprobe vhci-hcd; usbip --tcp-port PORT attach -r 127.0.0.1 -b 1-2
    type `help` for what can be done to them
    "#);
}

#[test]
fn its_input_changes_the_world() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("tty");
    let mut arguments = USB.to_vec();
    arguments.extend(["megatec-650", "--pty", link.to_str().unwrap()]);
    let (mut sim, _) = Running::sim(&arguments);
    let line = sim.answer("status", "megatec-650: mains on (");
    assert!(line.contains("mains on (230 V), output on, charge 100.0 %, load 25 %"), "{line}");
    sim.say("mains off");
    sim.say("charge 12");
    sim.say("megatec-650 load 80");
    let line = sim.answer("status", "eaton-3s-700: mains off (");
    assert!(line.contains("mains off (0 V), output on, charge 12.0 %, load 25 %"), "{line}");
    assert!(line.ends_with("battery low"), "{line}");
    assert!(sim.until("megatec-650: mains off (").pop().unwrap().contains("load 80 %"));

    sim.say("unplug");
    assert!(sim.answer("megatec-650 status", "megatec-650: mains off (").ends_with("cable out"));
    let gone = || fs::symlink_metadata(&link).is_err();
    wait_for("the link goes with the cable", gone);
    sim.say("replug");
    wait_for("the link comes back with the cable", || !gone());
    sim.say("freeze");
    assert!(sim.answer("status", "megatec-650: mains off (").ends_with("frozen"));
    sim.say("thaw");
    assert!(!sim.answer("status", "megatec-650: mains off (").contains("frozen"));

    for nonsense in
        ["mians off", "charge 101", "charge much", "load", "load -1", "apc status", "volts NaN", "mains"]
    {
        sim.answer(nonsense, &format!("not understood: {nonsense}"));
        sim.until("unplug    replug");
    }
    assert!(sim.answer("status", "eaton-3s-700: mains off (").contains("charge 12.0 %"));
    sim.say("quit");
    assert_eq!(sim.end(), Some(0));
    assert!(gone(), "a link is left");
}

/// Waits for something that nothing tells of.
fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let (_never, silence) = channel::<()>();
    for _ in 0..3000 {
        if holds() {
            return;
        }
        let _ = silence.recv_timeout(Duration::from_millis(10));
    }
    panic!("not within 30 s: {what}");
}

#[test]
fn signals_end_it_and_no_link_is_left() {
    use rustix::process::Signal;
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("tty");
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let (mut sim, _) = Running::sim(&["megatec-650", "--pty", link.to_str().unwrap()]);
        // Without an input it goes on.
        drop(sim.input.take());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        sim.signal(signal);
        assert_eq!(sim.end(), Some(0));
        assert!(fs::symlink_metadata(&link).is_err(), "{signal:?} left a link");
    }
}

#[test]
fn what_is_taken_is_said_in_a_line() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let err = refused(outage().timeout(LIMIT).args(["sim", "eaton-3s-700", "--usbip", &address]));
    insta::assert_snapshot!(err.replace(&address, "ADDRESS"), @"failed to listen for USB/IP on ADDRESS: the port is in use; stop what listens there (usbipd, another simulator) or take another port, 0 for any (--usbip ADDR)");

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter"), "dear").unwrap();
    let sim = |link: &str| {
        let mut command = outage();
        command.current_dir(folder.path()).timeout(LIMIT).args(["sim", "megatec-650", "--pty", link]);
        refused(&mut command).replace(folder.path().to_str().unwrap(), "FOLDER")
    };
    insta::assert_snapshot!(sim("letter"), @"failed to link a pty to FOLDER/letter: there is a file that is not a link; remove it or take another path");
    insta::assert_snapshot!(sim("gone/tty"), @"failed to link a pty to FOLDER/gone/tty: its folder is missing; create it or take another path");
    assert_eq!(fs::read_to_string(folder.path().join("letter")).unwrap(), "dear");
}

/// Our driver, as the simulator says to start it.
fn attach(folder: &Path, text: &str) -> Running {
    let command = text.lines().find_map(|line| line.split_once("usbhid-ups ")).unwrap().1;
    let link = folder.join("usbhid-ups");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_outage"), &link).unwrap();
    Running::start(
        Command::new(&link)
            .args(command.split(' '))
            .env("NUT_STATEPATH", folder)
            .env("NUT_ALTPIDPATH", folder),
    )
}

#[test]
fn a_driver_reads_what_is_done_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut sim, text) = Running::sim(&USB);
    let driver = attach(folder.path(), &text);
    let socket = folder.path().join("usbhid-ups-eaton-3s-700");
    wait_for("the driver's socket", || UnixStream::connect(&socket).is_ok());
    let mut stream = UnixStream::connect(&socket).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.write_all(b"DUMPALL\n").unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut until = |text: &str| lines.find(|line| line.as_ref().unwrap().contains(text)).unwrap().unwrap();
    until("SETINFO ups.status \"OL");
    sim.say("mains off");
    until("SETINFO ups.status \"OB");
    sim.say("charge 12");
    until("SETINFO battery.charge \"12\"");
    driver.signal(rustix::process::Signal::TERM);
    assert_eq!(driver.end(), Some(0));
}

/// A connection that has the device at 1-1, or `None` when it is taken.
fn import(address: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut request = vec![0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0];
    request.extend(b"1-1");
    request.resize(40, 0);
    stream.write_all(&request).unwrap();
    let mut header = [0; 8];
    stream.read_exact(&mut header).unwrap();
    if header[4..] != [0; 4] {
        return None;
    }
    stream.read_exact(&mut [0; 312]).unwrap();
    Some(stream)
}

#[test]
fn a_malformed_frame_ends_its_connection_and_frees_the_device() {
    let folder = tempfile::tempdir().unwrap();
    let (_sim, text) = Running::sim(&USB);
    let address = address(&text);
    for garbage in [[0xff; 48], [0; 48], *b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"] {
        let mut first = import(&address).expect("the device is free");
        assert!(import(&address).is_none(), "two clients have one device");
        first.write_all(&garbage).unwrap();
        let mut rest = Vec::new();
        match first.read_to_end(&mut rest) {
            Ok(_) => assert_eq!(rest, b""),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
        wait_for("the device is free again", || import(&address).is_some());
        wait_for("the device is free again", || import(&address).is_some());
    }
    // Before an import as well; and a driver has the device afterwards.
    TcpStream::connect(&address).unwrap().write_all(&[0xaa; 4096]).unwrap();
    let driver = attach(folder.path(), &text);
    driver.until("Startup successful");
}
