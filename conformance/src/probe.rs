//! The laboratory's own eyes and hands: a question or an order to an upsd, in the words of the wire.
//!
//! It shares no code with the stack: what stands on both sides of a wire hides the faults of both.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::judge::Answer;

/// The longest answer that is read. A reply to GET VAR is at most 512 bytes long.
const LONGEST: usize = 4096;

/// Asks `GET VAR ups variable` over a fresh connection.
pub(crate) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    ups: &str,
    variable: &str,
) -> Answer {
    match exchange(&mut stream, &format!("GET VAR {ups} {variable}")).await {
        Some(line) => understand(&line, ups, variable),
        None => Answer::Nothing,
    }
}

/// Gives a UPS an instant command over a fresh connection, as the user of that name.
///
/// # Errors
/// What upsd answered instead of OK.
pub(crate) async fn order<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    (user, password): (&str, &str),
    ups: &str,
    command: &str,
) -> Result<(), String> {
    let lines =
        [format!("USERNAME {user}"), format!("PASSWORD {password}"), format!("INSTCMD {ups} {command}")];
    for line in lines {
        let answer = exchange(&mut stream, &line).await.ok_or("upsd does not answer")?;
        if answer != "OK" {
            return Err(format!("upsd answers {answer}"));
        }
    }
    Ok(())
}

/// Sends a line and reads one.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, line: &str) -> Option<String> {
    stream.write_all(format!("{line}\n").as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 512];
    while !bytes.contains(&b'\n') && bytes.len() < LONGEST {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    Some(text.lines().next().unwrap_or_default().to_owned())
}

/// Understands the one line of an answer.
fn understand(line: &str, ups: &str, variable: &str) -> Answer {
    if let Some(code) = line.strip_prefix("ERR ") {
        return Answer::Error(code.split(' ').next().unwrap_or_default().to_owned());
    }
    let quoted = line
        .strip_prefix("VAR ")
        .and_then(|rest| rest.strip_prefix(ups))
        .and_then(|rest| rest.strip_prefix(' '))
        .and_then(|rest| rest.strip_prefix(variable))
        .and_then(|rest| rest.strip_prefix(" \""))
        .and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(text) => Answer::Value(unescape(text)),
        None => Answer::Error(format!("not an answer: {line}")),
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        out.extend(if char == '\\' { chars.next() } else { Some(char) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("VAR office ups.status \"OL CHRG\"", Answer::Value("OL CHRG".into()))]
    #[case(r#"VAR office ups.status "a \"b\" \\ \#""#, Answer::Value(r#"a "b" \ #"#.into()))]
    #[case("ERR DATA-STALE", Answer::Error("DATA-STALE".into()))]
    #[case("ERR ACCESS-DENIED \"more\"", Answer::Error("ACCESS-DENIED".into()))]
    #[case("VAR other ups.status \"OL\"", Answer::Error("not an answer: VAR other ups.status \"OL\"".into()))]
    fn answers(#[case] line: &str, #[case] expected: Answer) {
        assert_eq!(understand(line, "office", "ups.status"), expected);
    }
}
