use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serialport::{SerialPort, TTYPort};
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::*;
use crate::bus::testing::Echo;

/// Nothing here takes longer, unless it never happens.
const LIMIT: Duration = Duration::from_secs(20);

fn serial() -> Ups {
    Ups::over_serial("megatec", Box::new(Echo::default()))
}

fn driver(path: &Path, baud: u32) -> TTYPort {
    serialport::new(path.to_string_lossy(), baud).timeout(LIMIT).open_native().unwrap()
}

/// Sends a command and reads its answer as a driver does, on a thread of its own.
async fn ask(mut port: TTYPort) -> (Vec<u8>, TTYPort) {
    let asked = spawn_blocking(move || {
        port.write_all(b"Q1\r").unwrap();
        let mut answer = vec![0; 48];
        port.read_exact(&mut answer).unwrap();
        (answer, port)
    });
    timeout(LIMIT, asked).await.expect("an answer").unwrap()
}

#[tokio::test]
async fn drivers_come_and_go() {
    let folder = TempDir::new().unwrap();
    let pty = Pty::with_line(serial(), folder.path().join("ups"), Line::new("ups").unpaced()).unwrap();
    let path = pty.path().to_owned();
    let task = tokio::spawn(pty.serve());
    for _ in 0..3 {
        let (answer, port) = ask(driver(&path, 2400)).await;
        assert_eq!(answer, [b'Q'; 48]);
        drop(port);
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(fs::symlink_metadata(&path).is_err(), "the link has gone with the pty");
}

#[tokio::test]
async fn characters_take_their_time() {
    let folder = TempDir::new().unwrap();
    let pty = Pty::link(serial(), folder.path().join("ups")).unwrap();
    let port = driver(pty.path(), 2400);
    let _task = tokio::spawn(pty.serve());
    let start = tokio::time::Instant::now();
    let (_, _port) = ask(port).await;
    // 48 characters at 240 a second. How much longer it takes is the machine's affair.
    assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
}

#[tokio::test]
async fn at_the_wrong_rate_there_is_noise() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let log = Arc::clone(&heard);
    let line = Line::new("ups").unpaced().observed(Arc::new(move |exchange| {
        log.lock().unwrap().extend(exchange.data);
        // The test has ended when no one listens.
        let _ = sender.send(());
    }));
    let folder = TempDir::new().unwrap();
    let pty = Pty::with_line(serial(), folder.path().join("ups"), line).unwrap();
    let mut port = driver(pty.path(), 9600);
    let _task = tokio::spawn(pty.serve());
    port.write_all(b"Q1\r").unwrap();
    while heard.lock().unwrap().len() < 3 {
        timeout(LIMIT, seen.recv()).await.expect("bytes on the line");
    }
    assert!(!heard.lock().unwrap().is_ascii(), "{:?}", heard.lock().unwrap());
    // The same pty, once the driver has found the right rate.
    port.set_baud_rate(2400).unwrap();
    port.write_all(b"\r").unwrap();
    while !heard.lock().unwrap().contains(&b'\r') {
        timeout(LIMIT, seen.recv()).await.expect("bytes on the line");
    }
}

#[tokio::test]
async fn the_cable_out_and_in_again() {
    let folder = TempDir::new().unwrap();
    let ups = serial();
    let line = Line::new("ups").unpaced();
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let line = line.observed(Arc::new(move |exchange| {
        let _ = sender.send(exchange.what);
    }));
    let pty = Pty::with_line(ups.clone(), folder.path().join("ups"), line).unwrap();
    let path = pty.path().to_owned();
    let _task = tokio::spawn(pty.serve());
    let (_, mut port) = ask(driver(&path, 2400)).await;

    ups.unplug();
    let hung_up = spawn_blocking(move || port.read(&mut [0; 8]).map_err(|error| error.kind()));
    let hung_up = timeout(LIMIT, hung_up).await.expect("the line hangs up").unwrap();
    assert_eq!(hung_up, Err(io::ErrorKind::BrokenPipe));
    assert!(fs::symlink_metadata(&path).is_err(), "the link has gone with the cable");

    ups.replug();
    let mut comings = 0;
    while comings < 2 {
        let what = timeout(LIMIT, seen.recv()).await.expect("the cable is in again").unwrap();
        comings += usize::from(what == What::Attached);
    }
    let (answer, _port) = ask(driver(&path, 2400)).await;
    assert_eq!(answer, [b'Q'; 48]);
}

#[tokio::test]
async fn an_old_link_is_replaced() {
    let folder = TempDir::new().unwrap();
    let link = folder.path().join("ups");
    std::os::unix::fs::symlink("/nowhere", &link).unwrap();
    let pty = Pty::link(serial(), &link).unwrap();
    assert!(fs::read_link(&link).unwrap().starts_with("/dev/pts"));
    // A link that has become someone else's stays.
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/nowhere", &link).unwrap();
    drop(pty);
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("/nowhere"));
}

#[tokio::test]
async fn what_is_wrong_with_a_path_is_said() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "kept").unwrap();
    let said = |ups, path: &Path| {
        let error = Pty::link(ups, path).err().expect("no pty").to_string();
        error.replace(&*folder.path().to_string_lossy(), "FOLDER")
    };
    insta::assert_snapshot!(said(serial(), &file), @"link a pty to FOLDER/file: there is a file that is not a link; remove it or take another path");
    insta::assert_snapshot!(said(serial(), &folder.path().join("no/ups")), @"link a pty to FOLDER/no/ups: its folder is missing; create it or take another path");
    insta::assert_snapshot!(said(serial(), &file.join("ups")), @"link a pty to FOLDER/file/ups: its folder is missing; create it or take another path");
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
}
