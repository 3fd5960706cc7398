//! The client that outlives its connections.

use std::time::Duration;

use outage_client::{Backoff, Credentials, Error, Options, Reconnecting};

use crate::play::{Script, machine, servers};

const STATUS: (&str, &str) = ("GET VAR eaton ups.status", "VAR eaton ups.status \"OL\"\n");
const CUT: (&str, &str) = ("GET VAR eaton ups.status", "hang up");
const WHO: [(&str, &str); 2] = [("USERNAME me", "OK\n"), ("PASSWORD secret", "OK\n")];

#[tokio::test(start_paused = true)]
async fn an_idle_connection_that_was_closed_is_made_anew() {
    const SCRIPTS: &[Script] =
        &[&[WHO[0], WHO[1], STATUS, CUT], &[WHO[0], WHO[1], STATUS, CUT], &[WHO[0], CUT]];
    let (_world, machine) = machine();
    servers(&machine, SCRIPTS).await;
    let host = machine.host("client");
    let mut client = Reconnecting::new(&host, "localhost".parse().unwrap(), Options::default())
        .credentials(Credentials::new("me", "secret"));
    assert!(!client.is_connected());
    assert_eq!(client.get_var("eaton", "ups.status").await.unwrap(), "OL");
    // The first connection is cut, the second one answers.
    assert_eq!(client.get_var("eaton", "ups.status").await.unwrap(), "OL");
    // And so on; but the third server is no good, which is said.
    let error = client.get_var("eaton", "ups.status").await.unwrap_err();
    assert!(!error.is_refusal() && !client.is_connected(), "{error}");
    // What became of an attempt at authentication does not show the password.
    assert!(!format!("{client:?}").contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn attempts_grow_rarer_and_begin_anew() {
    let (world, machine) = machine();
    let host = machine.host("client");
    let second = Duration::from_secs(1);
    let mut client = Reconnecting::new(&host, "localhost".parse().unwrap(), Options::default())
        .backoff(Backoff::new(second, second * 4));
    assert!(matches!(client.get_var("eaton", "ups.status").await, Err(Error::Connect(_))));
    let Err(Error::NotYet(wait)) = client.get_var("eaton", "ups.status").await else { panic!("too early") };
    assert!(wait > second / 2 && wait < second * 3 / 2, "{wait:?}");
    host.sleep(wait).await;
    assert!(matches!(client.get_var("eaton", "ups.status").await, Err(Error::Connect(_))));
    let Err(Error::NotYet(longer)) = client.get_var("eaton", "ups.status").await else { panic!("too early") };
    assert!(longer > wait, "{longer:?}");

    servers(&machine, &[&[STATUS]]).await;
    client.connected().await;
    assert!(world.now() < second * 5);
    assert_eq!(client.get_var("eaton", "ups.status").await.unwrap(), "OL");
}

/// What may have been done is not done twice.
#[tokio::test(start_paused = true)]
async fn orders_are_not_repeated() {
    const FSD: (&str, &str) = ("FSD eaton", "hang up");
    let (_world, machine) = machine();
    servers(&machine, &[&[STATUS, FSD], &[STATUS]]).await;
    let host = machine.host("client");
    let mut client = Reconnecting::new(&host, "localhost".parse().unwrap(), Options::default());
    assert_eq!(client.get_var("eaton", "ups.status").await.unwrap(), "OL");
    assert!(matches!(client.client().await.unwrap().fsd("eaton").await, Err(Error::Disconnected)));
    // The played server would fail the test at anything but this.
    assert_eq!(client.get_var("eaton", "ups.status").await.unwrap(), "OL");
}
