//! What holds for any bytes, cut anyhow.

use quickcheck::quickcheck;

use super::Bench;

/// Bytes that are likely to mean something.
fn spell(seed: &[u8]) -> Vec<u8> {
    const PIECES: [&str; 38] = [
        "GET ",
        "LIST ",
        "SET ",
        "VAR ",
        "eaton ",
        "gone ",
        "ups.status ",
        "ups.id ",
        "\n",
        "\n",
        "\"",
        "\\",
        "#",
        "=",
        " ",
        "USERNAME admin\n",
        "PASSWORD \"admin pw\"\n",
        "LOGIN ",
        "FSD eaton\n",
        "INSTCMD eaton beeper.mute\n",
        "TRACKING ",
        "ON\n",
        "TYPE ",
        "ENUM ",
        "RANGE ",
        "SETINFO ",
        "DUMPDONE\n",
        "DATASTALE\n",
        "ADDENUM ",
        "DELINFO ",
        "SETFLAGS ",
        "GET VAR eaton ups.status\n",
        "GET VAR eaton ",
        "ups.id\n",
        "LIST VAR eaton\n",
        "\r\n",
        "STARTTLS\n",
        "\u{e9}",
    ];
    let mut bytes = Vec::new();
    for &byte in seed {
        if byte < 240 {
            bytes.extend_from_slice(PIECES[usize::from(byte) % PIECES.len()].as_bytes());
        } else {
            bytes.push(byte);
        }
    }
    bytes
}

quickcheck! {
    fn cutting_a_clients_bytes_changes_no_reply(seed: Vec<u8>, cuts: Vec<u8>) -> bool {
        let bytes = spell(&seed);
        let mut bench = Bench::new();
        let mut session = bench.open();
        let whole = bench.feed(&mut session, &bytes);
        let mut bench = Bench::new();
        let mut session = bench.open();
        let (mut pieces, mut rest, mut cuts) = (String::new(), bytes.as_slice(), cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(usize::from(cuts.next().unwrap_or(0) % 7 + 1).min(rest.len()));
            pieces += &bench.feed(&mut session, piece);
            rest = more;
        }
        whole == pieces
    }

    fn any_bytes_of_a_client_do_no_harm(bytes: Vec<u8>) -> bool {
        let mut bench = Bench::new();
        let mut session = bench.open();
        bench.feed(&mut session, &bytes);
        let mut other = bench.open();
        bench.ask(&mut other, "GET VAR eaton ups.status") == "VAR eaton ups.status \"OL\"\n"
    }

    fn cutting_a_drivers_bytes_changes_nothing(seed: Vec<u8>, cut: u8) -> bool {
        let bytes = spell(&seed);
        let list = |cut: usize| {
            let mut bench = Bench::new();
            for piece in bytes.chunks(cut.max(1)) {
                bench.core.from_driver(bench.eaton, piece, bench.now);
            }
            let mut session = bench.open();
            bench.ask(&mut session, "LIST VAR eaton") + &bench.ask(&mut session, "LIST CMD eaton")
        };
        list(bytes.len()) == list(usize::from(cut % 9) + 1)
    }
}
