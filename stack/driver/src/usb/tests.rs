//! The importer against a server that is bytes.

use std::time::Duration;

use outage_host::usb::{Setup, TransferError, UsbAccess, UsbDevice};
use outage_host::virt::{Machine, World};
use outage_host::{BoxStream, Host};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::select;

use super::{Importer, UsbBackend, UsbPort};

const GET: Setup = Setup { request_type: 0xa1, request: 1, value: 0x0301, index: 0 };
const SECOND: Duration = Duration::from_secs(1);

/// Bytes of 32-bit words.
fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn exported() -> Vec<u8> {
    let mut bytes = vec![0; 256];
    bytes.extend(b"1-1");
    bytes.resize(288, 0);
    bytes.extend(words(&[1, 4, 1]));
    bytes.extend([0x04, 0x63, 0xff, 0xff, 0x01, 0x00, 0, 0, 0, 1, 1, 1]);
    bytes
}

fn returned(seq: u32, status: i32, data: &[u8]) -> Vec<u8> {
    let mut bytes = words(&[3, seq, 0, 0, 0, status as u32, data.len() as u32, 0, 0, 0, 0, 0]);
    bytes.extend(data);
    bytes
}

fn unlinked(seq: u32, status: i32) -> Vec<u8> {
    words(&[4, seq, 0, 0, 0, status as u32, 0, 0, 0, 0, 0, 0])
}

struct Server(BoxStream);

impl Server {
    async fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    /// The next command: its code, sequence number, endpoint and fifth word (length, or the victim).
    async fn command(&mut self) -> (u32, u32, u32, u32) {
        let head = self.read(48).await;
        let word = |at: usize| u32::from_be_bytes(head[at * 4..at * 4 + 4].try_into().unwrap());
        let (code, out) = (word(0), word(3) == 0);
        if code == 1 && out {
            self.read(word(6) as usize).await;
        }
        (code, word(1), word(4), if code == 1 { word(6) } else { word(5) })
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Answers the import and the enumeration.
    async fn hand_out(&mut self) {
        assert_eq!(self.read(40).await[..4], [1, 0x11, 0x80, 3]);
        self.send(&[&[1, 0x11, 0, 3, 0, 0, 0, 0][..], &exported()].concat()).await;
        let configuration = [9, 2, 18, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 0, 3, 0, 0, 0];
        for data in [&[18; 18][..], &configuration[..9], &configuration, &[]] {
            let (_, seq, _, length) = self.command().await;
            assert_eq!(length as usize, data.len());
            self.send(&returned(seq, 0, data)).await;
        }
    }
}

/// A machine whose USB/IP server does this with its first connection.
fn serve<F: Future<Output = ()> + Send + 'static>(
    answer: impl FnOnce(Server, Host) -> F + Send + 'static,
) -> (World, Host) {
    let world = World::new(1);
    let nas: Machine = world.machine("nas");
    nas.run("usbipd", move |host| async move {
        let address = std::net::SocketAddr::from(([0, 0, 0, 0], 3240));
        let listener = host.listen_tcp(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        answer(Server(stream), host.clone()).await;
        host.sleep(Duration::from_secs(3600)).await;
        std::process::ExitCode::SUCCESS
    });
    let host = world.machine("m").host("driver");
    (world, host)
}

async fn import(host: &Host) -> Importer {
    host.sleep(Duration::from_millis(1)).await;
    Importer::import(host, "nas", 3240, "1-1").await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_device_is_listed_imported_and_asked() {
    let (_world, host) = serve(|mut server, _| async move {
        server.hand_out().await;
        let (_, seq, _, length) = server.command().await;
        assert_eq!(length, 8);
        server.send(&returned(seq, 0, &[1, 2, 3])).await;
        let (_, seq, _, _) = server.command().await;
        server.send(&returned(seq, -32, &[])).await;
    });
    let mut device = import(&host).await;
    assert_eq!(device.device_descriptor(), [18; 18]);
    assert_eq!(device.configuration_descriptor().len(), 18);
    assert_eq!(device.control_in(GET, 8, SECOND).await, Ok(vec![1, 2, 3]));
    assert_eq!(device.control_out(GET, &[7, 7], SECOND).await, Err(TransferError::Stall));
}

#[tokio::test(start_paused = true)]
async fn the_first_device_of_a_server() {
    let (_world, host) = serve(|mut server, _| async move {
        assert_eq!(server.read(8).await, [1, 0x11, 0x80, 5, 0, 0, 0, 0]);
        let mut reply = vec![1, 0x11, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1];
        reply.extend(exported());
        reply.extend([3, 0, 0, 0]);
        server.send(&reply).await;
    });
    host.sleep(Duration::from_millis(1)).await;
    let backend = UsbBackend::new(host, UsbPort::parse("usbip://nas/").unwrap(), UsbAccess::Usbfs);
    let list = backend.candidates().await.unwrap();
    assert_eq!(list.len(), 1);
    let info = &list[0].info;
    assert_eq!((info.id.as_str(), info.bus.as_str(), info.address.as_str()), ("1-1", "001", "004"));
    assert_eq!((info.vendor_id, info.product_id, info.release), (0x0463, 0xffff, 0x0100));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_stays_pending_while_others_go_on() {
    let (_world, host) = serve(|mut server, host| async move {
        server.hand_out().await;
        let (_, pending, endpoint, length) = server.command().await;
        assert_eq!((endpoint, length), (1, 8));
        for _ in 0..2 {
            let (code, seq, endpoint, _) = server.command().await;
            assert_eq!((code, endpoint), (1, 0));
            server.send(&returned(seq, 0, &[9])).await;
        }
        host.sleep(SECOND * 5).await;
        server.send(&returned(pending, 0, &[1, 0x30])).await;
        // It is asked again at once.
        let (_, again, endpoint, _) = server.command().await;
        assert_eq!(endpoint, 1);
        server.send(&returned(again, -32, &[])).await;
    });
    let mut device = import(&host).await;
    for _ in 0..2 {
        let waited = select! {
            biased;
            report = device.interrupt_in(0x81, 8) => Err(report),
            () = host.sleep(SECOND) => Ok(()),
        };
        assert_eq!(waited, Ok(()));
        assert_eq!(device.control_in(GET, 8, SECOND).await, Ok(vec![9]));
    }
    assert_eq!(device.interrupt_in(0x81, 8).await, Ok(vec![1, 0x30]));
    assert_eq!(device.interrupt_in(0x81, 8).await, Err(TransferError::Stall));
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_times_out_is_taken_back() {
    let (_world, host) = serve(|mut server, _| async move {
        server.hand_out().await;
        // Silence: unlinked in time.
        let (_, first, _, _) = server.command().await;
        let (code, unlink, _, victim) = server.command().await;
        assert_eq!((code, victim), (2, first));
        server.send(&unlinked(unlink, -104)).await;
        // Late: the answer and the unlink cross.
        let (_, second, _, _) = server.command().await;
        let (_, unlink, _, _) = server.command().await;
        server.send(&[returned(second, 0, &[5]), unlinked(unlink, 0)].concat()).await;
        let (_, third, _, _) = server.command().await;
        server.send(&returned(third, 0, &[6])).await;
    });
    let mut device = import(&host).await;
    let before = host.now();
    assert_eq!(device.control_in(GET, 8, SECOND).await, Err(TransferError::Timeout));
    assert_eq!(host.now() - before, SECOND);
    assert_eq!(device.control_in(GET, 8, SECOND).await, Ok(vec![5]));
    assert_eq!(device.control_in(GET, 8, SECOND).await, Ok(vec![6]));
}

#[tokio::test(start_paused = true)]
async fn a_control_transfer_whose_caller_left_disturbs_nobody() {
    let (_world, host) = serve(|mut server, _| async move {
        server.hand_out().await;
        let (_, left, _, _) = server.command().await;
        let (code, unlink, _, victim) = server.command().await;
        assert_eq!((code, victim), (2, left));
        let (_, next, _, _) = server.command().await;
        let answers = [returned(left, 0, &[1]), unlinked(unlink, 0), returned(next, 0, &[2])];
        server.send(&answers.concat()).await;
    });
    let mut device = import(&host).await;
    select! {
        biased;
        _ = device.control_in(GET, 8, SECOND * 60) => unreachable!(),
        () = host.sleep(SECOND) => {}
    }
    assert_eq!(device.control_in(GET, 8, SECOND).await, Ok(vec![2]));
}

#[rstest]
#[case::closed(None)]
#[case::garbage(Some(vec![0xee; 48]))]
#[case::too_long(Some(words(&[3, 5, 0, 0, 0, 0, 4096, 0, 0, 0, 0, 0])))]
#[case::unknown_transfer(Some(returned(77, 0, &[])))]
#[tokio::test(start_paused = true)]
async fn a_connection_that_fails_is_a_device_that_left(#[case] bytes: Option<Vec<u8>>) {
    let (_world, host) = serve(|mut server, _| async move {
        server.hand_out().await;
        server.command().await;
        match bytes {
            Some(bytes) => server.send(&bytes).await,
            None => drop(server),
        }
    });
    let mut device = import(&host).await;
    assert_eq!(device.control_in(GET, 8, SECOND).await, Err(TransferError::Disconnected));
    assert_eq!(device.interrupt_in(0x81, 8).await, Err(TransferError::Disconnected));
    assert_eq!(device.claim(0).await, Err(TransferError::Disconnected));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_is_a_device_that_left() {
    let (_world, host) = serve(|mut server, host| async move {
        server.hand_out().await;
        host.sleep(SECOND * 100).await;
    });
    let mut device = import(&host).await;
    let before = host.now();
    assert_eq!(device.control_in(GET, 8, SECOND).await, Err(TransferError::Disconnected));
    assert_eq!(host.now() - before, SECOND * 2);
}

#[rstest]
#[case(vec![1, 0x11, 0, 3, 0, 0, 0, 1], "has no device 1-1, or another machine uses it")]
#[case(vec![1, 0x11, 0, 3, 0, 0, 0, 2], "resource busy")]
#[case(vec![1, 0x11, 0, 3, 0, 0, 0, 4], "no such device")]
#[case(b"HTTP/1.1 400 Bad Request".to_vec(), "not a USB/IP server: answered 0x4854 0x5450")]
#[case(vec![1, 0x11], "timed out")]
#[tokio::test(start_paused = true)]
async fn why_an_import_fails(#[case] reply: Vec<u8>, #[case] said: &str) {
    let (_world, host) = serve(move |mut server, host| async move {
        server.read(40).await;
        server.send(&reply).await;
        host.sleep(SECOND * 100).await;
    });
    host.sleep(Duration::from_millis(1)).await;
    let Err(error) = Importer::import(&host, "nas", 3240, "1-1").await else { panic!("it was imported") };
    assert!(error.to_string().contains(said), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there() {
    let host = World::new(1).machine("m").host("driver");
    let backend = UsbBackend::new(host, UsbPort::parse("usbip://localhost:1/").unwrap(), UsbAccess::Usbfs);
    let error = backend.candidates().await.unwrap_err().to_string();
    assert!(error.starts_with("cannot reach the USB/IP server localhost port 1: "), "{error}");
}
