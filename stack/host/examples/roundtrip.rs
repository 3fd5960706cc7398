//! What the virtual machine costs: a request and its answer over TCP in memory, and a day of polling every two
//! seconds. `cargo run --release -p outage-host --features virtual --example roundtrip`

use std::process::ExitCode;
use std::time::{Duration, Instant};

use outage_host::virt::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Answers each line with a line, until the client goes.
async fn serve(host: outage_host::Host) -> ExitCode {
    let Ok(listener) = host.listen_tcp(([0, 0, 0, 0], 3493).into()).await else { return ExitCode::FAILURE };
    host.ready();
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { return ExitCode::FAILURE };
        let mut line = [0; 64];
        while let Ok(length @ 1..) = stream.read(&mut line).await {
            if stream.write_all(&line[..length]).await.is_err() {
                break;
            }
        }
    }
}

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let world = World::new(1);
        world.machine("server").run("upsd", serve);
        tokio::task::yield_now().await;
        let host = world.machine("desk").host("upsc");
        let mut stream = host.connect_tcp("server", 3493).await?;
        let mut answer = [0; 64];
        let request = b"GET VAR ups ups.status\n";

        let (rounds, start) = (1_000_000, Instant::now());
        for _ in 0..rounds {
            stream.write_all(request).await?;
            stream.read_exact(&mut answer[..request.len()]).await?;
        }
        println!("round trip: {:?}", start.elapsed() / rounds);

        let start = Instant::now();
        for _ in 0..43_200 {
            host.sleep(Duration::from_secs(2)).await;
            stream.write_all(request).await?;
            stream.read_exact(&mut answer[..request.len()]).await?;
        }
        println!("24 hours of polling every 2 s: {:?}", start.elapsed());
        Ok(())
    })
}
