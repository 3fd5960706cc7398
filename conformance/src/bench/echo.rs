//! The limit: a server that answers as many bytes in as many lines as upsd does, and thinks nothing. It runs on the
//! runtime that our upsd runs on, and shares none of its code.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead as _, AsyncWrite as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::ups::{self, Question};

/// The name under which this binary is that server.
pub(super) const NAME: &str = "bench-echo";
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

struct Scratch {
    input: Box<[u8]>,
    output: Vec<u8>,
    list: Vec<u8>,
    surplus: usize,
}

thread_local! {
    /// One for all connections: a silent one costs its socket and its task.
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        input: vec![0; 64 * 1024].into_boxed_slice(),
        output: Vec::with_capacity(1024 * 1024),
        list: ups::reply(Question::List, 0).into_bytes(),
        surplus: ups::surplus(),
    });
}

/// Serves on a free port of 127.0.0.1, which it prints, until it is killed.
pub(super) fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{NAME}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> io::Result<()> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener: TcpListener = socket.listen(BACKLOG)?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // Detached on purpose: this process ends by being killed.
        tokio::spawn(answer(stream));
    }
}

async fn answer(mut stream: TcpStream) {
    loop {
        let exchanged =
            poll_fn(|context| SCRATCH.with_borrow_mut(|scratch| exchange(&mut stream, context, scratch)));
        match exchanged.await {
            Ok(Some(rest)) if rest.is_empty() => {}
            Ok(Some(rest)) if stream.write_all(&rest).await.is_ok() => {}
            _ => return,
        }
    }
}

/// Reads once and writes once; returns what could not be written yet, or nothing when the client has gone.
fn exchange(
    stream: &mut TcpStream,
    context: &mut Context<'_>,
    scratch: &mut Scratch,
) -> Poll<io::Result<Option<Vec<u8>>>> {
    let Scratch { input, output, list, surplus } = scratch;
    let mut buffer = ReadBuf::new(input);
    ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
    if buffer.filled().is_empty() {
        return Poll::Ready(Ok(None));
    }
    output.clear();
    reply(buffer.filled(), list, *surplus, output);
    let written = match Pin::new(stream).poll_write(context, output) {
        Poll::Ready(written) => written?,
        Poll::Pending => 0,
    };
    Poll::Ready(Ok(Some(output[written..].to_vec())))
}

/// For each line, a line that is longer by as much as upsd's replies are; for one with an L, a list.
fn reply(input: &[u8], list: &[u8], surplus: usize, out: &mut Vec<u8>) {
    for line in input.split_inclusive(|&byte| byte == b'\n') {
        if line.first() == Some(&b'L') {
            out.extend_from_slice(list);
        } else {
            out.resize(out.len() + line.len() + surplus - 1, b'V');
            out.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_as_long_as_upsd_s() {
        let (mut echoed, mut right) = (Vec::new(), String::new());
        for at in 0..ups::VARIABLES.len() {
            reply(ups::request(Question::Get, at).as_bytes(), b"", ups::surplus(), &mut echoed);
            right += &ups::reply(Question::Get, at);
        }
        assert_eq!(echoed.iter().filter(|&&byte| byte == b'\n').count(), right.lines().count());
        let one_each = ups::VARIABLES.len();
        assert!(echoed.len().abs_diff(right.len()) <= one_each, "{} for {}", echoed.len(), right.len());
    }
}
