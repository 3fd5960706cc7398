#![expect(clippy::disallowed_methods, reason = "the tests read the clock that they drive")]

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, advance};

use super::*;
use crate::bus::testing::Echo;

fn serving(line: Line) -> (Ups, DuplexStream, tokio::task::JoinHandle<io::Result<End>>) {
    let ups = Ups::over_serial("megatec", Box::new(Echo::default()));
    let (host, device) = duplex(64);
    let served = ups.clone();
    let task = tokio::spawn(async move { serve(&served, &line, device).await });
    (ups, host, task)
}

#[tokio::test(start_paused = true)]
async fn an_answer_takes_the_time_of_its_characters() {
    let (_ups, mut host, _task) = serving(Line::new("test"));
    let start = Instant::now();
    host.write_all(b"Q1\r").await.unwrap();
    let mut answer = [0; 48];
    host.read_exact(&mut answer[..1]).await.unwrap();
    let first = start.elapsed();
    host.read_exact(&mut answer[1..]).await.unwrap();
    // Characters of 10 bits at 2400 bits/s.
    assert!((Duration::from_micros(4166)..Duration::from_millis(6)).contains(&first), "{first:?}");
    let whole = start.elapsed();
    assert!((Duration::from_millis(200)..Duration::from_millis(202)).contains(&whole), "{whole:?}");
    assert_eq!(&answer, &[b'Q'; 48]);
}

#[tokio::test(start_paused = true)]
async fn without_a_pace_it_comes_at_once() {
    let (_ups, mut host, _task) = serving(Line::new("test").unpaced());
    let start = Instant::now();
    host.write_all(b"Q1\r").await.unwrap();
    let mut answer = [0; 48];
    host.read_exact(&mut answer).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_closes_ends_it() {
    let (_ups, host, task) = serving(Line::new("test"));
    drop(host);
    assert_eq!(task.await.unwrap().unwrap(), End::Closed);
}

#[tokio::test(start_paused = true)]
async fn pulling_the_cable_hangs_up_however_short_it_is_out() {
    let (ups, mut host, task) = serving(Line::new("test"));
    host.write_all(b"Q1\r").await.unwrap();
    advance(Duration::from_millis(1)).await;
    ups.unplug();
    ups.replug();
    assert_eq!(task.await.unwrap().unwrap(), End::Unplugged);
    assert_eq!(host.read(&mut [0; 8]).await.unwrap(), 0, "the stream has ended");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_reads_loses_bytes_and_nothing_else() {
    let (_ups, mut host, _task) = serving(Line::new("test").unpaced());
    for _ in 0..4 * BACKLOG / 48 {
        host.write_all(b"Q1\r").await.unwrap();
    }
    let mut kept = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), host.read_to_end(&mut kept)).await;
    assert!(read.is_err(), "the line is still up");
    // What waits in the line's queue and in the stream, and the answer to what came last.
    assert!((BACKLOG..BACKLOG + 256).contains(&kept.len()), "{} bytes of {}", kept.len(), 4 * BACKLOG);
    assert!(kept.iter().all(|byte| *byte == b'Q'));
}

#[tokio::test(start_paused = true)]
async fn another_rate_is_noise_both_ways() {
    let ups = Ups::over_serial("megatec", Box::new(Echo::default()));
    let (mut host, device) = duplex(64);
    let line = Line::new("test").unpaced();
    tokio::spawn(async move { serve_heard(&ups, &line, device, || false).await });
    host.write_all(b"Q1\r").await.unwrap();
    assert_eq!(
        tokio::time::timeout(Duration::from_secs(5), host.read_u8()).await.ok().map(|_| ()),
        None,
        "no command came through"
    );
}

#[test]
fn noise_is_unlike_what_was_said() {
    let mut bytes: Vec<u8> = (0..128).collect();
    garble(&mut bytes);
    assert!(bytes.iter().zip(0..128).all(|(noise, said)| *noise != said && !noise.is_ascii()));
}
