use quickcheck::{QuickCheck, TestResult};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::*;
use crate::bus::testing::identity;
use crate::bus::usbip::{Malformed, ServeError};

/// CMD_SUBMIT's fixed part: direction, endpoint, transfer length, number of packets; for the device 1-1.
fn submit(direction: u32, endpoint: u32, length: u32, packets: u32) -> Vec<u8> {
    [1, 7, 0x10002, direction, endpoint, 0, length, 0, packets, 0, 0, 0]
        .iter()
        .flat_map(|word: &u32| word.to_be_bytes())
        .collect()
}

#[rstest]
#[case::version(vec![0x01, 0x06, 0x80, 0x05, 0, 0, 0, 0], Malformed::Version(0x0106))]
#[case::http(b"GET / HTTP/1.1\r\n\r\n".to_vec(), Malformed::Version(0x4745))]
#[case::reply(vec![0x01, 0x11, 0x00, 0x03, 0, 0, 0, 0], Malformed::Command(0x0111_0003))]
#[case::failed(vec![0x01, 0x11, 0x80, 0x05, 0, 0, 0, 9], Malformed::Status(9))]
#[case::transfer(submit(1, 0, 8, 0), Malformed::OutOfPlace)]
#[case::cut(vec![0x01, 0x11, 0x80, 0x03, 0, 0], Malformed::Cut)]
#[tokio::test(start_paused = true)]
async fn before_a_device_is_attached(#[case] bytes: Vec<u8>, #[case] why: Malformed) {
    let (bus, ..) = bus_with(identity());
    let (mut stream, served) = connect(&bus);
    stream.write_all(&bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    match served.await.unwrap() {
        Err(ServeError::Malformed(found)) => assert_eq!(found, why),
        other => panic!("{other:?}"),
    }
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "the connection has ended");
    Client::attach(&bus).await;
}

#[rstest]
#[case::command(vec![0, 0, 0, 9, 0, 0, 0, 1], Malformed::Command(9))]
#[case::list(vec![0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0], Malformed::OutOfPlace)]
#[case::second_import(import("1-1"), Malformed::OutOfPlace)]
#[case::sideways(submit(3, 0, 8, 0), Malformed::Direction(3))]
#[case::endpoint(submit(1, 99, 8, 0), Malformed::Endpoint(99))]
#[case::huge_out(submit(0, 2, u32::MAX, 0), Malformed::Length(u32::MAX))]
#[case::huge_in(submit(1, 0, u32::MAX, 0), Malformed::Length(u32::MAX))]
#[case::packets(submit(1, 1, 8, 0x0fff_ffff), Malformed::IsoPackets(0x0fff_ffff))]
#[case::other_device({
    let mut message = submit(1, 0, 8, 0);
    message[11] = 9;
    message
}, Malformed::Device(0x10009))]
#[case::cut_in_a_header(submit(1, 0, 8, 0)[..47].to_vec(), Malformed::Cut)]
#[case::cut_in_data(submit(0, 2, 8, 0), Malformed::Cut)]
#[tokio::test(start_paused = true)]
async fn after_a_device_is_attached(#[case] bytes: Vec<u8>, #[case] why: Malformed) {
    let (mut client, bus, _ups, _, served) = attached().await;
    client.stream.write_all(&bytes).await.unwrap();
    client.stream.shutdown().await.unwrap();
    match served.await.unwrap() {
        Err(ServeError::Malformed(found)) => assert_eq!(found, why),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.answer().await, Answer::End);
    Client::attach(&bus).await;
}

#[tokio::test(start_paused = true)]
async fn more_pending_than_there_is_reason_for() {
    let (mut client, bus, _ups, _, served) = attached().await;
    for _ in 0..1025 {
        client.listen(8).await;
    }
    let ended = served.await.unwrap();
    assert!(matches!(ended, Err(ServeError::Malformed(Malformed::TooManyPending))), "{ended:?}");
    Client::attach(&bus).await;
}

/// Isochronous transfers are for no endpoint of a UPS, but they are no protocol error.
#[tokio::test(start_paused = true)]
async fn isochronous_packets_are_read_past() {
    let (mut client, ..) = attached().await;
    client.stream.write_all(&submit(1, 3, 8, 2)).await.unwrap();
    client.stream.write_all(&[0; 32]).await.unwrap();
    assert_eq!(client.answer().await, failed(7, -32));
    let seqnum = client.get(0x0301, 8).await;
    assert_eq!(client.answer().await, got(seqnum, &[3, 1]));
}

/// Whatever a client sends, in whatever pieces: the server ends its connection or goes on, and the device can be
/// attached afterwards.
#[test]
fn any_bytes() {
    fn check(attach: bool, pieces: Vec<(u8, [u32; 4], Vec<u8>)>) -> TestResult {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (bus, ..) = bus_with(identity());
            let (mut stream, served) = connect(&bus);
            if attach {
                attach_raw(&mut stream).await;
            }
            for (kind, [a, b, c, d], bytes) in pieces {
                // Often something that begins like a message, and is for the device.
                let message = match kind % 6 {
                    0 => submit(1, b % 4, c % 70, 0),
                    1 => {
                        let mut message = submit(0, b % 4, u32::from(kind), 0);
                        message.extend(bytes.iter().cycle().take(kind.into()));
                        message
                    }
                    2 => submit(a % 3, b % 17, c, d % 2000),
                    3 => [vec![0, 0, 0, 2, 0, 0, 0, 9, 0, 1, 0, 2], vec![0; 36]].concat(),
                    4 => [vec![0x01, 0x11, 0x80, kind % 8], bytes.clone()].concat(),
                    _ => bytes.clone(),
                };
                if stream.write_all(&message).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(stream);
            // It ends, well or not, and without a panic.
            if served.await.is_err() {
                return TestResult::failed();
            }
            let (mut client, _served) = Client::attach(&bus).await;
            let seqnum = client.get(0x0301, 8).await;
            TestResult::from_bool(client.answer().await == got(seqnum, &[3, 1]))
        })
    }
    QuickCheck::new().quickcheck(check as fn(bool, Vec<(u8, [u32; 4], Vec<u8>)>) -> TestResult);
}
