//! What clients that behave badly cost the others: nothing. And the switches of upsd.conf and the command line.

use super::*;

/// Clients that take all and give nothing back: silent, with half a line, or never reading.
#[tokio::test(start_paused = true)]
async fn a_crowd_of_bad_clients_delays_no_good_one() {
    let (world, machine, _) = started(&[]).await;
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let mut stream = driver.dump().await;
    stream.write_all(b"SETINFO ups.model \"x\"\n").await.unwrap();
    let mut crowd = Vec::new();
    for number in 0..300 {
        let mut client = Client::connect(&machine).await;
        let said = match number % 3 {
            0 => String::new(),
            1 => "GET VAR eaton ups.sta".repeat(1 + number),
            _ => "LIST VAR eaton\n".repeat(4000),
        };
        let host = client.host.clone();
        let writing = client.stream.write_all(said.as_bytes());
        let _ = host.timeout(Duration::from_millis(1), writing).await;
        crowd.push(client);
    }
    let start = world.now();
    let mut good = Client::connect(&machine).await;
    for _ in 0..100 {
        assert_eq!(good.ask(STATUS).await, OL);
    }
    assert_eq!(world.now(), start, "a good client waited");
    // A minute later they are gone, and nobody else.
    for _ in 0..7 {
        good.host.sleep(Duration::from_secs(10)).await;
        stream.write_all(b"PONG\n").await.unwrap();
        settle(&good.host).await;
        assert_eq!(good.ask(STATUS).await, OL);
    }
    for mut client in crowd {
        let mut rest = Vec::new();
        let end = good.host.timeout(Duration::from_secs(1), client.stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "still connected");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_all_of_it() {
    let (_world, machine, _) = started(&[]).await;
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let mut stream = driver.dump().await;
    let mut client = Client::connect(&machine).await;
    const LISTS: usize = 5000;
    client.stream.write_all("LIST VAR eaton\n".repeat(LISTS).as_bytes()).await.unwrap();
    let expected = "BEGIN LIST VAR eaton\nVAR eaton ups.status \"OL\"\nEND LIST VAR eaton\n".repeat(LISTS);
    let mut all = vec![0; expected.len()];
    for piece in all.chunks_mut(16 * 1024) {
        client.stream.read_exact(piece).await.unwrap();
        client.host.sleep(Duration::from_secs(5)).await;
        stream.write_all(b"PONG\n").await.unwrap();
    }
    assert!(all == expected.as_bytes(), "replies were lost or mixed up");
}

#[tokio::test(start_paused = true)]
async fn the_debug_level_follows_the_files() {
    let (world, machine) = machine(ONE_UPS, "");
    machine.set_env("NUT_DEBUG_LEVEL", "2");
    let pid = start(&machine, &[]);
    world.sleep_until(Duration::from_secs(2)).await;
    Client::connect(&machine).await.ask("PROTVER").await;
    assert_eq!(count(&said(&world), "Connect from ::1"), 1);
    let host = machine.host("test");
    // Each: what upsd.conf says at the reload, and whether the next client is spoken of.
    for (conf, seen) in [("DEBUG_MIN 0\n", 1), ("DEBUG_MIN 3\n", 2), ("", 3), ("DEBUG_MIN 1\n", 3)] {
        machine.put_file("/etc/nut/upsd.conf", conf, 0o640).unwrap();
        machine.signal(pid, Signal::Hup).unwrap();
        settle(&host).await;
        Client::connect(&machine).await.ask("PROTVER").await;
        assert_eq!(count(&said(&world), "Connect from ::1"), seen, "{conf}");
    }
}

#[tokio::test(start_paused = true)]
async fn debug_min_is_a_minimum_at_the_start() {
    for (args, conf, expected) in [(&["-D"][..], "DEBUG_MIN 3\n", 3), (&["-DDDD"], "debug_min 2\n", 4)] {
        let (world, machine) = machine(ONE_UPS, conf);
        let host = machine.host("upsd");
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        let running = tokio::spawn(crate::upsd(args, host.clone()));
        world.sleep_until(Duration::from_secs(2)).await;
        assert_eq!(host.debug_level(), expected);
        running.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn another_root_has_everything_in_it() {
    let (world, machine) = machine(ONE_UPS, "this one is not read\n");
    for (name, content) in
        [("ups.conf", ONE_UPS), ("upsd.conf", "LISTEN 127.0.0.1 4444\n"), ("upsd.users", USERS)]
    {
        machine.put_file(format!("/jail/etc/nut/{name}"), content, 0o640).unwrap();
    }
    machine.host("setup").create_dir_all("/jail/var/state/ups".as_ref()).unwrap();
    let pid = start(&machine, &["-r", "/jail"]);
    world.sleep_until(Duration::from_secs(2)).await;
    assert!(machine.host("client").connect_tcp("127.0.0.1", 4444).await.is_ok());
    assert_eq!(machine.read_file("/jail/var/state/ups/upsd.pid").unwrap(), format!("{pid}\n").as_bytes());
    let lines = refused(&world, &machine, &["-r", "/none"]).await;
    assert_eq!(count(&lines, "Fatal error: failed to change the root to /none (-r)"), 1, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wildcard_serves_the_addresses_behind_it() {
    let conf = "LISTEN 127.0.0.1\nLISTEN ::1\nLISTEN 0.0.0.0\nLISTEN *\n";
    let (world, machine) = machine(ONE_UPS, conf);
    start(&machine, &[]);
    world.sleep_until(Duration::from_secs(2)).await;
    let far = world.machine("far").host("client");
    assert!(far.connect_tcp("server", 3493).await.is_ok());
    let near = machine.host("client");
    assert!(near.connect_tcp("127.0.0.1", 3493).await.is_ok());
    assert!(near.connect_tcp("::1", 3493).await.is_ok());
    assert_eq!(count(&said(&world), "not listening"), 0, "{:?}", said(&world));
}

#[tokio::test(start_paused = true)]
async fn limits_that_cannot_be_are_said() {
    for (conf, expected) in [
        ("MAXCONN 3\n", "leaves no room for clients"),
        ("MAXCONN 100000\n", "MAXCONN 100000 is more than the 4080 connections"),
    ] {
        let (world, machine) = machine(ONE_UPS, conf);
        start(&machine, &[]);
        world.sleep_until(Duration::from_secs(2)).await;
        assert_eq!(count(&said(&world), expected), 1, "{:?}", said(&world));
        // It serves nevertheless.
        assert_eq!(Client::connect(&machine).await.ask("PROTVER").await, "1.3");
    }
}
