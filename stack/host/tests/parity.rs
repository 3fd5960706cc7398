//! One table of behaviours, run on the machine under these tests and on a virtual one: daemons must not be able to
//! tell them apart.
#![expect(clippy::unwrap_used, reason = "a test: what is not as expected, fails it")]

use std::future::Future;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use outage_host::process::{Command, ExitStatus};
use outage_host::usb::UsbAccess;
use outage_host::virt::{Machine, Running, SerialEnd, World};
use outage_host::{BoxStream, Elapsed, Host, SerialSettings, Signal, real};
use rustix::pty::OpenptFlags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

/// A machine to test on.
struct Bench {
    host: Host,
    /// A directory that is there and empty.
    dir: PathBuf,
    machine: Option<Machine>,
}

/// The device's end of a serial line.
enum Far {
    Pty(OwnedFd),
    Virtual(mpsc::UnboundedReceiver<SerialEnd>, Option<SerialEnd>),
}

impl Far {
    async fn opened(&mut self) {
        if let Self::Virtual(ends, end) = self {
            *end = ends.recv().await;
        }
    }

    async fn write(&mut self, data: &[u8]) {
        match self {
            Self::Pty(master) => assert_eq!(rustix::io::write(master, data).unwrap(), data.len()),
            Self::Virtual(_, end) => end.as_mut().unwrap().write_all(data).await.unwrap(),
        }
    }

    async fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        match self {
            Self::Pty(master) => {
                let mut filled = 0;
                while filled < length {
                    match rustix::io::read(&*master, &mut bytes[filled..]) {
                        Ok(count) => filled += count,
                        Err(rustix::io::Errno::AGAIN) => tokio::time::sleep(Duration::from_millis(1)).await,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            Self::Virtual(_, end) => {
                end.as_mut().unwrap().read_exact(&mut bytes).await.unwrap();
            }
        }
        bytes
    }
}

impl Bench {
    fn plug(&self) -> (PathBuf, Far) {
        match &self.machine {
            None => {
                let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
                let master = rustix::pty::openpt(flags).unwrap();
                rustix::pty::grantpt(&master).unwrap();
                rustix::pty::unlockpt(&master).unwrap();
                rustix::io::ioctl_fionbio(&master, true).unwrap();
                let path = rustix::pty::ptsname(&master, Vec::new()).unwrap();
                (path.into_string().unwrap().into(), Far::Pty(master))
            }
            Some(machine) => {
                let (send, receive) = mpsc::unbounded_channel();
                machine.plug_serial("/dev/ttyS0", move |end| send.send(end).unwrap());
                ("/dev/ttyS0".into(), Far::Virtual(receive, None))
            }
        }
    }

    /// Both ends of a TCP connection.
    async fn connection(&self) -> (BoxStream, BoxStream) {
        let listener = self.host.listen_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let client = self.host.connect_tcp("127.0.0.1", listener.port()).await.unwrap();
        let (server, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, "127.0.0.1");
        (client, server)
    }
}

async fn on_real<F: Future<Output = ()>>(test: impl FnOnce(Bench) -> F) {
    let dir = tempfile::tempdir().unwrap();
    test(Bench { host: real::host("test", 0), dir: dir.path().into(), machine: None }).await;
}

/// The few programs that a virtual machine of these tests has.
fn programs(command: &Command) -> Running {
    let argv: Vec<_> = command.argv.iter().map(String::as_str).collect();
    match argv[..] {
        ["exit 3"] if command.shell => Running::Exit(ExitStatus::Code(3), Duration::ZERO),
        ["sleep", "60"] => Running::Exit(ExitStatus::Code(0), Duration::from_mins(1)),
        _ => Running::Missing,
    }
}

async fn on_virtual<F: Future<Output = ()>>(test: impl FnOnce(Bench) -> F) {
    let machine = World::new(1).machine("server");
    machine.on_spawn(|spawn| programs(&spawn.command));
    test(Bench { host: machine.host("test"), dir: "/tmp".into(), machine: Some(machine) }).await;
}

macro_rules! on_both {
    ($(async fn $name:ident($bench:ident: Bench) $body:block)*) => {
        $(async fn $name($bench: Bench) $body)*

        mod real_machine {
            $(#[tokio::test]
            async fn $name() {
                super::on_real(super::$name).await;
            })*
        }

        mod virtual_machine {
            $(#[tokio::test(start_paused = true)]
            async fn $name() {
                super::on_virtual(super::$name).await;
            })*
        }
    };
}

fn kind<T>(result: std::io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

on_both! {
    async fn nobody_listens(bench: Bench) {
        let listener = bench.host.listen_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let port = listener.port();
        assert_ne!(port, 0);
        drop(listener);
        assert_eq!(kind(bench.host.connect_tcp("127.0.0.1", port).await), Some(ErrorKind::ConnectionRefused));
    }

    async fn an_address_is_taken_once(bench: Bench) {
        let listener = bench.host.listen_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = ([127, 0, 0, 1], listener.port()).into();
        assert_eq!(kind(bench.host.listen_tcp(address).await), Some(ErrorKind::AddrInUse));
        drop(listener);
        assert!(bench.host.listen_tcp(address).await.is_ok());
    }

    async fn an_address_of_another_machine(bench: Bench) {
        let address = ([192, 0, 2, 1], 3493).into();
        assert_eq!(kind(bench.host.listen_tcp(address).await), Some(ErrorKind::AddrNotAvailable));
    }

    async fn a_name_is_not_known(bench: Bench) {
        assert_eq!(kind(bench.host.resolve("no.such.host.invalid", 1).await), Some(ErrorKind::NotFound));
    }

    async fn localhost_falls_back_to_ipv4(bench: Bench) {
        let listener = bench.host.listen_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let addresses = bench.host.resolve("localhost", 7).await.unwrap();
        assert_eq!(addresses, ["[::1]:7".parse().unwrap(), "127.0.0.1:7".parse().unwrap()]);
        let (client, accepted) =
            tokio::join!(bench.host.connect_tcp("localhost", listener.port()), listener.accept());
        assert!(client.is_ok());
        assert_eq!(accepted.unwrap().1, "127.0.0.1");
    }

    async fn bytes_then_the_end(bench: Bench) {
        let (mut client, mut server) = bench.connection().await;
        client.write_all(b"VER\n").await.unwrap();
        drop(client);
        let mut text = String::new();
        server.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "VER\n");
    }

    async fn half_close(bench: Bench) {
        let (mut client, mut server) = bench.connection().await;
        client.write_all(b"LOGOUT\n").await.unwrap();
        client.shutdown().await.unwrap();
        let mut text = String::new();
        server.read_to_string(&mut text).await.unwrap();
        server.write_all(b"OK Goodbye\n").await.unwrap();
        drop(server);
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "LOGOUT\nOK Goodbye\n");
        assert_eq!(kind(client.write_all(b"more").await), Some(ErrorKind::BrokenPipe));
    }

    async fn what_was_left_unread_resets(bench: Bench) {
        let (mut client, mut server) = bench.connection().await;
        client.write_all(b"unread").await.unwrap();
        server.write_all(b"last words").await.unwrap();
        server.flush().await.unwrap();
        let mut words = [0; 10];
        client.read_exact(&mut words).await.unwrap();
        drop(server);
        assert_eq!(kind(client.read(&mut words).await), Some(ErrorKind::ConnectionReset));
    }

    async fn a_writer_waits_for_its_reader(bench: Bench) {
        let (mut client, mut server) = bench.connection().await;
        let data = vec![7; 16 << 20];
        let all = bench.host.timeout(Duration::from_millis(50), client.write_all(&data)).await;
        assert_eq!(all.err(), Some(Elapsed));
        drop(client);
        let mut read = Vec::new();
        server.read_to_end(&mut read).await.unwrap();
        assert!(read.len() < data.len() && read.iter().all(|byte| *byte == 7));
    }

    async fn unix_sockets(bench: Bench) {
        let path = bench.dir.join("dummy-ups-ups1");
        assert_eq!(kind(bench.host.connect_unix(&path).await), Some(ErrorKind::NotFound));
        let listener = bench.host.listen_unix(&path, 0o660).await.unwrap();
        assert_eq!(listener.port(), 0);
        assert_eq!(bench.host.stat(&path).unwrap().mode, 0o660);
        let mut client = bench.host.connect_unix(&path).await.unwrap();
        let (mut server, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, "");
        server.write_all(b"DATAOK\n").await.unwrap();
        let mut line = [0; 7];
        client.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"DATAOK\n");
        // More than the kernel takes at once, and the end behind it.
        let much = vec![b'x'; 1 << 20];
        let mut all = Vec::new();
        let write = async {
            client.write_all(&much).await.unwrap();
            client.write_all(b"more").await.unwrap();
            client.shutdown().await.unwrap();
        };
        let ((), read) = tokio::join!(write, server.read_to_end(&mut all));
        assert_eq!((read.unwrap(), all.ends_with(b"xmore")), (much.len() + 4, true));
        drop(listener);
        assert_eq!(kind(bench.host.connect_unix(&path).await), Some(ErrorKind::ConnectionRefused));
        // The file that a dead driver left is no hindrance; another file is.
        assert!(bench.host.listen_unix(&path, 0o600).await.is_ok());
        let path = bench.dir.join("file");
        bench.host.write(&path, b"", 0o600).unwrap();
        assert_eq!(kind(bench.host.listen_unix(&path, 0o600).await), Some(ErrorKind::AddrInUse));
        let path = bench.dir.join("none/socket");
        assert_eq!(kind(bench.host.listen_unix(&path, 0o600).await), Some(ErrorKind::NotFound));
    }

    async fn files(bench: Bench) {
        let path = bench.dir.join("killpower");
        assert_eq!(kind(bench.host.read(&path)), Some(ErrorKind::NotFound));
        assert_eq!(kind(bench.host.remove(&path)), Some(ErrorKind::NotFound));
        bench.host.write(&path, b"old", 0o666).unwrap();
        bench.host.write(&path, b"new one", 0o640).unwrap();
        assert_eq!(bench.host.read(&path).unwrap(), b"new one");
        let info = bench.host.stat(&path).unwrap();
        assert_eq!((info.mode, info.size, info.is_dir, info.is_file), (0o640, 7, false, true));
        bench.host.read(&path).unwrap();
        assert_eq!(bench.host.stat(&path).unwrap().modified, info.modified, "reading changes nothing");
        assert!(!bench.host.stat(&bench.dir).unwrap().is_file);
        let below = path.join("below");
        assert_eq!(kind(bench.host.write(&below, b"", 0o600)), Some(ErrorKind::NotADirectory));
        bench.host.remove(&path).unwrap();
        assert_eq!(kind(bench.host.stat(&path)), Some(ErrorKind::NotFound));
    }

    async fn a_file_is_locked_once(bench: Bench) {
        let path = bench.dir.join("lock");
        let lock = bench.host.lock_file(&path, 0o600).unwrap().expect("nobody has it");
        assert!(bench.host.lock_file(&path, 0o600).unwrap().is_none());
        assert_eq!(bench.host.stat(&path).unwrap().mode, 0o600);
        drop(lock);
        assert_eq!(bench.host.stat(&path).unwrap_err().kind(), ErrorKind::NotFound);
        // What a crash left behind is no lock.
        bench.host.write(&path, b"", 0o600).unwrap();
        drop(bench.host.lock_file(&path, 0o600).unwrap().expect("nobody has it"));
        // What holds something is somebody's file.
        bench.host.write(&path, b"precious", 0o600).unwrap();
        drop(bench.host.lock_file(&path, 0o600).unwrap().expect("nobody has it"));
        assert_eq!(bench.host.read(&path).unwrap(), b"precious");
        let nowhere = bench.host.lock_file(&bench.dir.join("no/lock"), 0o600);
        assert_eq!(nowhere.err().unwrap().kind(), ErrorKind::NotFound);
    }

    async fn directories(bench: Bench) {
        let path = bench.dir.join("a/b");
        assert_eq!(kind(bench.host.write(&path.join("c"), b"", 0o600)), Some(ErrorKind::NotFound));
        bench.host.create_dir_all(&path).unwrap();
        bench.host.create_dir_all(&path).unwrap();
        assert!(bench.host.stat(&path).unwrap().is_dir);
        assert_eq!(kind(bench.host.read(&path)), Some(ErrorKind::IsADirectory));
        for name in ["z", "c"] {
            bench.host.write(&path.join(name), b"", 0o600).unwrap();
        }
        assert_eq!(bench.host.list(&path).unwrap(), [path.join("c"), path.join("z")]);
        assert_eq!(kind(bench.host.list(&path.join("c"))), Some(ErrorKind::NotADirectory));
        assert_eq!(kind(bench.host.list(&path.join("none"))), Some(ErrorKind::NotFound));
        assert_eq!(kind(bench.host.write(&path, b"", 0o600)), Some(ErrorKind::IsADirectory));
        assert_eq!(kind(bench.host.remove(&path)), Some(ErrorKind::IsADirectory));
    }

    async fn programs_end(bench: Bench) {
        let mut child = bench.host.spawn(&Command::shell("exit 3")).await.unwrap();
        assert_eq!(child.wait().await.unwrap(), ExitStatus::Code(3));
        assert_eq!(child.wait().await.unwrap(), ExitStatus::Code(3));
        let missing = Command::new(["/no/such/program"]);
        assert_eq!(kind(bench.host.spawn(&missing).await), Some(ErrorKind::NotFound));
    }

    async fn programs_are_ended(bench: Bench) {
        let mut child = bench.host.spawn(&Command::new(["sleep", "60"])).await.unwrap();
        bench.host.send_signal(child.id(), Signal::Probe).unwrap();
        let ended = bench.host.timeout(Duration::from_millis(10), child.wait()).await;
        assert!(ended.is_err());
        child.kill();
        assert_eq!(child.wait().await.unwrap(), ExitStatus::Signal(9));
        assert_eq!(kind(bench.host.send_signal(child.id(), Signal::Probe)), Some(ErrorKind::NotFound));

        let mut child = bench.host.spawn(&Command::new(["sleep", "60"])).await.unwrap();
        bench.host.send_signal(child.id(), Signal::Term).unwrap();
        assert_eq!(child.wait().await.unwrap(), ExitStatus::Signal(15));
    }

    async fn signals_are_taken(bench: Bench) {
        let mut next = pin!(bench.host.next_signal());
        assert!(bench.host.timeout(Duration::from_millis(10), &mut next).await.is_err());
        bench.host.send_signal(bench.host.pid(), Signal::Usr1).unwrap();
        assert_eq!(next.await, Signal::Usr1);
    }

    async fn files_may_be_opened(bench: Bench) {
        let most = bench.host.open_files();
        assert!(most >= 256, "{most}");
        assert_eq!(bench.host.open_files(), most);
    }

    async fn time_passes(bench: Bench) {
        let start = bench.host.now();
        bench.host.sleep(Duration::from_millis(20)).await;
        let passed = bench.host.now() - start;
        assert!(passed >= Duration::from_millis(20), "{passed:?}");
        bench.host.sleep_until(start).await;
        assert_eq!(bench.host.timeout(Duration::ZERO, std::future::pending::<()>()).await, Err(Elapsed));
        assert_eq!(bench.host.timeout(Duration::ZERO, async { 1 }).await, Ok(1));
    }

    async fn one_boot(bench: Bench) {
        let id = bench.host.boot_id();
        assert_eq!(id, bench.host.boot_id(), "as long as the machine runs");
        let form: String = id.unwrap().chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        assert_eq!(form, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    }

    async fn random_bytes(bench: Bench) {
        let (a, b) = (bench.host.random(19), bench.host.random(19));
        assert_eq!((a.len(), b.len()), (19, 19));
        assert_ne!(a, b);
    }

    async fn no_usb(bench: Bench) {
        assert!(bench.host.open_usb(UsbAccess::Usbfs, "/dev/bus/usb/000/000").await.is_err());
        assert!(bench.host.open_usb(UsbAccess::Hidraw, "/dev/hidraw9999").await.is_err());
    }

    async fn a_serial_line(bench: Bench) {
        let (path, mut far) = bench.plug();
        let settings = SerialSettings::new(2400);
        let mut line = bench.host.open_serial(&path, settings).await.unwrap();
        far.opened().await;
        // Raw both ways: nothing is echoed, translated, or waits for the end of a line.
        line.write_all(b"Q1\r").await.unwrap();
        assert_eq!(far.read(3).await, b"Q1\r");
        far.write(b"(220.0\r\n\x03").await;
        let mut answer = [0; 9];
        line.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"(220.0\r\n\x03");

        let mut byte = [0];
        assert!(bench.host.timeout(Duration::from_millis(20), line.read(&mut byte)).await.is_err());

        far.write(b"stale").await;
        bench.host.sleep(Duration::from_millis(5)).await;
        line.discard_input().unwrap();
        far.write(b"!").await;
        line.read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"!");
    }

    async fn a_serial_line_is_opened_once(bench: Bench) {
        let (path, _far) = bench.plug();
        let settings = SerialSettings::new(9600);
        let line = bench.host.open_serial(&path, settings).await.unwrap();
        assert_eq!(kind(bench.host.open_serial(&path, settings).await), Some(ErrorKind::ResourceBusy));
        drop(line);
        assert!(bench.host.open_serial(&path, settings).await.is_ok());
    }

    async fn a_serial_line_hangs_up(bench: Bench) {
        let (path, mut far) = bench.plug();
        let mut line = bench.host.open_serial(&path, SerialSettings::new(2400)).await.unwrap();
        far.opened().await;
        drop(far);
        assert_eq!(line.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(line.write_all(b"Q1\r").await.unwrap_err().raw_os_error(), Some(5));
        assert!(line.set_dtr(true).is_err());
    }

    async fn no_serial_line(bench: Bench) {
        let opened = bench.host.open_serial("/dev/ttyNONE".as_ref(), SerialSettings::new(2400)).await;
        assert_eq!(kind(opened.map(drop)), Some(ErrorKind::NotFound));
    }
}
