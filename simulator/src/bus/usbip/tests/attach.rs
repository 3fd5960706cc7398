use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::*;
use crate::bus::testing::{Echo, Script, identity};
use crate::bus::usbip::{Bus, PlugError};
use crate::device::usb::Speed;
use crate::ups::Ups;

const DEVLIST: [u8; 8] = [0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0];

/// Bus ids and device numbers of a device list.
async fn listed(bus: &Bus) -> Vec<(String, u32)> {
    let (mut stream, served) = connect(bus);
    stream.write_all(&DEVLIST).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    served.await.unwrap().unwrap();
    assert_eq!(reply[..8], [0x01, 0x11, 0x00, 0x05, 0, 0, 0, 0]);
    let count = u32::from_be_bytes(reply[8..12].try_into().unwrap()) as usize;
    // Each with one interface.
    assert_eq!(reply.len(), 12 + count * 316);
    let devices = reply[12..].chunks(316).map(|device| {
        let busid = String::from_utf8(device[256..288].to_vec()).unwrap();
        let number = u32::from_be_bytes(device[292..296].try_into().unwrap());
        (busid.trim_end_matches('\0').to_owned(), number)
    });
    devices.collect()
}

#[rstest]
#[case(Speed::Low, 1)]
#[case(Speed::Full, 2)]
#[case(Speed::High, 3)]
#[tokio::test(start_paused = true)]
async fn the_reply_to_an_import(#[case] speed: Speed, #[case] number: u8) {
    let mut identity = identity();
    identity.speed = speed;
    let (bus, ..) = bus_with(identity);
    let (mut stream, _served) = connect(&bus);
    let device = attach_raw(&mut stream).await;
    let path = b"/sys/devices/platform/outage/usb1/1-1";
    assert_eq!(device[..path.len()], *path);
    assert_eq!(device[256..260], *b"1-1\0");
    #[rustfmt::skip]
    assert_eq!(device[288..], [
        0, 0, 0, 1, // bus
        0, 0, 0, 2, // device: 1 is the root hub
        0, 0, 0, number, // speed
        0x04, 0x63, 0xff, 0xff, // vendor, product
        0x01, 0x02, // release
        0, 0, 0, // class
        1, 1, 1, // configuration, how many of them, interfaces
    ]);
}

#[tokio::test(start_paused = true)]
async fn the_list_has_what_is_plugged_in() {
    let bus = Bus::new();
    assert_eq!(listed(&bus).await, []);
    for busid in ["1-1", "1-2", "3-1.4"] {
        bus.plug(busid, Ups::over_usb(busid, Box::new(Script::new(identity()).0))).unwrap();
    }
    let all = [("1-1".into(), 2), ("1-2".into(), 3), ("3-1.4".into(), 4)];
    assert_eq!(listed(&bus).await, all);
    assert!(bus.unplug("1-2"));
    assert_eq!(listed(&bus).await, [all[0].clone(), all[2].clone()]);
    // Again, and as a new device.
    assert!(bus.replug("1-2"));
    assert_eq!(listed(&bus).await, [all[0].clone(), ("1-2".into(), 5), all[2].clone()]);
    assert!(bus.remove("1-1").is_some());
    assert_eq!(listed(&bus).await.len(), 2);
    assert!(!bus.unplug("1-1") && !bus.replug("1-1"));
}

#[tokio::test(start_paused = true)]
async fn one_connection_may_list_and_then_attach() {
    let (bus, ..) = bus_with(identity());
    let (mut stream, _served) = connect(&bus);
    for _ in 0..2 {
        stream.write_all(&DEVLIST).await.unwrap();
        stream.read_exact(&mut [0; 12 + 316]).await.unwrap();
    }
    attach_raw(&mut stream).await;
}

#[rstest]
#[case::unknown("1-9")]
#[case::none("")]
#[case::part("1-")]
#[case::longest("0123456789012345678901234567890")]
#[tokio::test(start_paused = true)]
async fn no_such_device(#[case] busid: &str) {
    let (bus, ..) = bus_with(identity());
    let (mut stream, _served) = connect(&bus);
    stream.write_all(&import(busid)).await.unwrap();
    assert_eq!(import_status(&mut stream).await, 4);
    // The same connection may try another one.
    attach_raw(&mut stream).await;
}

#[tokio::test(start_paused = true)]
async fn an_unplugged_device_is_no_device() {
    let (bus, ups, _) = bus_with(identity());
    ups.unplug();
    let (mut stream, _served) = connect(&bus);
    stream.write_all(&import("1-1")).await.unwrap();
    assert_eq!(import_status(&mut stream).await, 4);
    ups.replug();
    attach_raw(&mut stream).await;
}

#[tokio::test(start_paused = true)]
async fn a_device_has_one_host_at_a_time() {
    let (client, bus, _ups, _, served) = attached().await;
    let (mut other, _other_served) = connect(&bus);
    other.write_all(&import("1-1")).await.unwrap();
    assert_eq!(import_status(&mut other).await, 2);
    drop(client);
    served.await.unwrap().unwrap();
    attach_raw(&mut other).await;
}

#[tokio::test(start_paused = true)]
async fn a_device_is_free_when_its_connection_is_dropped() {
    let (_client, bus, _ups, _, served) = attached().await;
    served.abort();
    assert!(served.await.unwrap_err().is_cancelled());
    Client::attach(&bus).await;
}

#[tokio::test(start_paused = true)]
async fn a_device_is_free_when_its_firmware_panics() {
    let (mut client, bus, _ups, script, served) = attached().await;
    script.lock().unwrap().panics_at = Some(0x0366);
    client.get(0x0366, 8).await;
    assert!(served.await.unwrap_err().is_panic());
    let (mut client, _served) = Client::attach(&bus).await;
    let seqnum = client.get(0x0301, 8).await;
    assert_eq!(client.answer().await, got(seqnum, &[3, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_new_host_finds_the_device_as_new() {
    let (mut client, bus, _ups, script, served) = attached().await;
    // The first host halts the endpoint and leaves the device without a configuration.
    client.control([0x02, 3, 0, 0, 0x81, 0, 0, 0]).await;
    client.control([0x00, 9, 0, 0, 0, 0, 0, 0]).await;
    client.answer().await;
    client.answer().await;
    drop(client);
    served.await.unwrap().unwrap();
    script.lock().unwrap().heard.clear();
    let (mut client, _served) = Client::attach(&bus).await;
    let configuration = client.control([0x80, 8, 0, 0, 0, 0, 1, 0]).await;
    assert_eq!(client.answer().await, got(configuration, &[1]));
    let halt = client.control([0x82, 0, 0, 0, 0x81, 0, 2, 0]).await;
    assert_eq!(client.answer().await, got(halt, &[0, 0]));
    assert_eq!(script.lock().unwrap().heard, ["configuration 0", "configuration 1"]);
}

#[rstest]
#[case("", "plug a UPS in at '': a bus id looks like 1-1 and has 1 to 31 of 0-9, a-z, A-Z and .-_:")]
#[case("a/b", "plug a UPS in at 'a/b': a bus id looks like 1-1 and has 1 to 31 of 0-9, a-z, A-Z and .-_:")]
#[case("1-1", "plug a UPS in at 1-1: there is one already")]
#[tokio::test(start_paused = true)]
async fn where_a_ups_cannot_be_plugged_in(#[case] busid: &str, #[case] text: &str) {
    let (bus, ups, _) = bus_with(identity());
    assert_eq!(bus.plug(busid, ups).unwrap_err().to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn bus_ids_fit_in_their_field() {
    let (bus, ups, _) = bus_with(identity());
    assert!(matches!(bus.plug(&"1".repeat(32), ups.clone()), Err(PlugError::BadBusid(_))));
    bus.plug(&"1".repeat(31), ups).unwrap();
    assert_eq!(listed(&bus).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_serial_ups_has_no_usb_plug() {
    let ups = Ups::over_serial("megatec", Box::new(Echo::default()));
    let refused = Bus::new().plug("1-1", ups).unwrap_err();
    assert_eq!(refused.to_string(), "plug megatec in on a USB bus: it is a serial UPS");
}

#[tokio::test]
async fn over_tcp() {
    #![expect(clippy::disallowed_types, reason = "the other end of a bus is a socket")]
    let (bus, ..) = bus_with(identity());
    let (addr, listener) = bus.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();

    let taken = bus.listen(addr).await.unwrap_err().to_string();
    assert_eq!(
        taken,
        format!(
            "listen for USB/IP on {addr}: the port is in use; stop what listens there (usbipd, another \
             simulator) or take another port, 0 for any"
        )
    );

    let mut client = tokio::net::TcpStream::connect(addr).await.unwrap();
    client.write_all(&import("1-1")).await.unwrap();
    client.read_exact(&mut [0; 8 + 312]).await.unwrap();
    // Nothing outlives the listener.
    drop(listener);
    assert_eq!(client.read(&mut [0; 8]).await.unwrap_or(0), 0);
    assert!(bus.listen(addr).await.is_ok(), "the port is free again");
}
