//! What rups (crates.io) makes of a server: `rups-client HOST PORT plain|tls`.

use std::convert::TryInto;

use rups::blocking::Connection;
use rups::{Auth, ConfigBuilder};

fn main() -> rups::Result<()> {
    let arguments: Vec<_> = std::env::args().collect();
    let port: u16 = arguments[2].parse().expect("a port");
    let config = ConfigBuilder::new()
        .with_host((arguments[1].clone(), port).try_into()?)
        .with_auth(Some(Auth::new("admin".into(), Some("secret".into()))))
        .with_ssl(arguments[3] == "tls")
        .with_insecure_ssl(true)
        .build();
    let mut connection = Connection::new(&config)?;
    println!("protocol {}", connection.get_network_version()?);
    for (name, description) in connection.list_ups()? {
        println!("ups {name}: {description}");
    }
    println!("described {}", connection.get_ups_description("office")?);
    println!("status {}", connection.get_var("office", "ups.status")?.value());
    println!("logins {}", connection.get_num_logins("office")?);
    let named = |variables: &[rups::Variable], name| variables.iter().any(|variable| variable.name() == name);
    println!("listed {}", named(&connection.list_vars("office")?, "battery.charge"));
    println!("mutable {}", named(&connection.list_mutable_vars("office")?, "ups.delay.shutdown"));
    println!("command {}", connection.list_commands("office")?.iter().any(|command| command == "beeper.disable"));
    println!("clients {}", connection.list_clients("office")?.len());
    match connection.get_var("office", "no.such") {
        Err(error) => println!("refused {}", error.to_string().trim()),
        Ok(_) => println!("not refused"),
    }
    connection.close()
}
