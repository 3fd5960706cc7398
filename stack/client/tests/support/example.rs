// What the examples of the documentation talk to: a small server on a machine in memory. Included by them.

/// Runs an example beside a server with one UPS, and fails if it fails.
fn example(body: impl AsyncFnOnce(outage_client::Host) -> Result<(), Box<dyn std::error::Error>>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const ANSWERS: &[(&str, &str)] = &[
        ("LIST UPS", "BEGIN LIST UPS\nUPS eaton \"The office\"\nEND LIST UPS\n"),
        (
            "LIST VAR eaton",
            "BEGIN LIST VAR eaton\nVAR eaton battery.charge \"100\"\nVAR eaton ups.status \"OL\"\nEND LIST VAR eaton\n",
        ),
        ("GET VAR eaton ups.status", "VAR eaton ups.status \"OL\"\n"),
        ("USERNAME admin", "OK\n"),
        ("PASSWORD secret", "OK\n"),
        ("SET TRACKING ON", "OK\n"),
        ("INSTCMD eaton beeper.toggle", "OK TRACKING 1234\n"),
        ("GET TRACKING 1234", "SUCCESS\n"),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let world = outage_host::virt::World::new(1);
        let machine = world.machine("here");
        let server = machine.host("server");
        let listener = server.listen_tcp("127.0.0.1:3493".parse().unwrap()).await.unwrap();
        let serving = tokio::spawn(async move {
            let _server = server;
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut line = Vec::new();
            while let Ok(byte) = stream.read_u8().await {
                if byte != b'\n' {
                    line.push(byte);
                    continue;
                }
                let request = String::from_utf8(std::mem::take(&mut line)).unwrap();
                let answer = ANSWERS.iter().find(|(known, _)| *known == request);
                let answer = answer.map_or("ERR UNKNOWN-COMMAND\n", |(_, answer)| answer);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        body(machine.host("example")).await.unwrap();
        serving.abort();
    });
}
