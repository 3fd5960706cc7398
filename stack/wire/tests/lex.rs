//! The lexer against NUT's rules.

use outage_wire::lex::{LexError, Lexer, Limits, words};
use outage_wire::quote::{bare, quote, quoted};
use quickcheck::quickcheck;
use rstest::rstest;

/// Lines as `a|b`, errors as `!`.
fn lines(mut lexer: Lexer, chunks: &[&[u8]]) -> Vec<String> {
    let mut out = Vec::new();
    for mut chunk in chunks.iter().copied() {
        while let Some(line) = lexer.next(&mut chunk) {
            out.push(line.map_or_else(|_| "!".to_owned(), |line| line.texts().collect::<Vec<_>>().join("|")));
        }
        assert!(chunk.is_empty(), "None with input left");
    }
    if let Some(line) = lexer.finish() {
        out.push(line.map_or_else(|_| "!".to_owned(), |line| line.texts().collect::<Vec<_>>().join("|")));
    }
    out
}

#[rstest]
#[case::words("GET VAR su700 ups.status\n", &["GET|VAR|su700|ups.status"])]
#[case::blanks("  GET\t VAR \n", &["GET|VAR"])]
#[case::crlf("VER\r\nHELP\r\n", &["VER", "HELP"])]
#[case::empty_lines("\n\nVER\n", &["", "", "VER"])]
#[case::quotes("a \"b c\" d\n", &["a|b c|d"])]
#[case::empty_word("a \"\" b\n", &["a||b"])]
#[case::quotes_touch("\"a\"\"b\"c\n", &["a|b|c"])]
#[case::quote_in_word("a\"b\n", &["a\"b"])]
#[case::escapes("a\\ b \"c\\\"d\" \\# \\\\\n", &["a b|c\"d|#|\\"])]
#[case::comments("a#b\n# all\na # b\n", &["a", "", "a"])]
#[case::equals("a=b = \"=\" c\\=d ==\n", &["a|=|b|=|=|c=d|=|="])]
#[case::hash_in_quotes("a \"b # c\" d\nVER\n", &["!", "VER"])]
#[case::escaped_hash("\"b \\# c\"\n", &["b # c"])]
#[case::line_joined("a\\\nb c\n", &["ab|c"])]
#[case::line_joined_between_words("a \\\n  b\n", &["a|b"])]
#[case::line_joined_in_quotes("\"a\\\nb\" c\n", &["ab|c"])]
#[case::quote_over_lines("\"a\nb\" c\nd\n", &["ab|c", "d"])]
#[case::control("a\x01b c\x02\x7f\"\n", &["ab|c\""])]
#[case::tab_in_quotes("\"a\tb\"\n", &["ab"])]
#[case::no_last_lf("a b", &["a|b"])]
#[case::no_last_quote("a \"b c", &["a|b c"])]
#[case::only_comment_at_end("a\n# b", &["a"])]
fn reads(#[case] input: &str, #[case] expected: &[&str]) {
    assert_eq!(lines(Lexer::network(), &[input.as_bytes()]), expected, "network");
    assert_eq!(lines(Lexer::file(), &[input.as_bytes()]), expected, "file");
}

#[test]
fn a_drivers_quote_ends_with_its_line() {
    let input = b"SETINFO device.model \"Rack 19\"\"\nSETINFO a.b \"open\nSETINFO c \"d \\\n e\"\n";
    let expected = ["SETINFO|device.model|Rack 19|", "SETINFO|a.b|open", "SETINFO|c|d  e"];
    assert_eq!(lines(Lexer::driver(), &[input]), expected);
    for cut in 1..input.len() {
        assert_eq!(lines(Lexer::driver(), &[&input[..cut], &input[cut..]]), expected, "cut at {cut}");
    }
}

#[test]
fn bytes_above_ascii_are_dropped_from_the_network_and_kept_in_files() {
    let input = "desc \"Büro\"\n".as_bytes();
    assert_eq!(lines(Lexer::network(), &[input]), ["desc|Bro"]);
    assert_eq!(lines(Lexer::file(), &[input]), ["desc|Büro"]);
    // What is dropped from the network begins a word nevertheless (nut 2.8: USERNAME takes it).
    assert_eq!(lines(Lexer::network(), &["ü a\n".as_bytes()]), ["|a"]);
    let control = b"a \x02 \x7f c\n";
    assert_eq!(lines(Lexer::network(), &[control]), ["a|||c"]);
    assert_eq!(lines(Lexer::file(), &[control]), ["a|c"]);
}

#[test]
fn what_is_not_utf8_is_replaced_and_said() {
    let mut lexer = Lexer::file();
    let line = lexer.next(&mut &b"a B\xfcro c\n"[..]).unwrap().unwrap();
    let word = line.word(1).unwrap();
    assert_eq!((word.text, word.loss.not_utf8), ("B\u{fffd}ro", true));
    assert_eq!(line.get(2), Some("c"));
    assert!(!line.word(2).unwrap().loss.not_utf8);
}

#[test]
fn words_know_their_place() {
    let mut lexer = Lexer::file();
    let mut input = &b"one\n  two = \"th ree\" # x\n\"a\\\nb\" c"[..];
    let mut places = Vec::new();
    while let Some(line) = lexer.next(&mut input) {
        places.extend(
            line.unwrap()
                .words()
                .map(|w| (w.text.to_owned(), w.start.line, w.start.column, w.start.offset..w.end)),
        );
    }
    places.extend(
        lexer
            .finish()
            .unwrap()
            .unwrap()
            .words()
            .map(|w| (w.text.to_owned(), w.start.line, w.start.column, w.start.offset..w.end)),
    );
    let expected = [
        ("one", 1, 1, 0..3),
        ("two", 2, 3, 6..9),
        ("=", 2, 7, 10..11),
        ("th ree", 2, 9, 12..20),
        ("ab", 3, 1, 25..31),
        ("c", 4, 4, 32..33),
    ];
    assert_eq!(places, expected.map(|(text, line, column, span)| (text.to_owned(), line, column, span)));
}

#[test]
fn an_error_knows_its_place() {
    let mut lexer = Lexer::network();
    let mut input = &b"VER\nSET \"a#b\"\n"[..];
    assert!(lexer.next(&mut input).unwrap().is_ok());
    let LexError::HashInQuotes(place) = lexer.next(&mut input).unwrap().unwrap_err();
    assert_eq!((place.offset, place.line, place.column), (10, 2, 7));
}

#[test]
fn surplus_is_dropped_and_counted() {
    let mut lexer = Lexer::network();
    let input = format!("{} {}x y\n", "w ".repeat(31), "l".repeat(600));
    let line = lexer.next(&mut input.as_bytes()).unwrap().unwrap();
    assert_eq!((line.len(), line.surplus()), (32, 1));
    let long = line.word(31).unwrap();
    assert_eq!((long.text.len(), long.loss.cut), (512, true));
    assert!(!line.word(30).unwrap().loss.cut);
}

#[test]
fn what_a_peer_sends_without_end_is_not_kept() {
    let mut lexer = Lexer::network();
    assert!(lexer.next(&mut &b"a \""[..]).is_none());
    for _ in 0..1000 {
        assert!(lexer.next(&mut &[b'x'; 512][..]).is_none());
        assert!(lexer.next(&mut &b"\n\\\""[..]).is_none());
    }
    let line = lexer.finish().unwrap().unwrap();
    assert_eq!(line.texts().map(str::len).collect::<Vec<_>>(), [1, 512]);
}

#[test]
fn an_open_quote_at_the_end_is_told() {
    let mut lexer = Lexer::file();
    let mut input = &b"a\nb \"c"[..];
    assert!(lexer.next(&mut input).unwrap().is_ok());
    assert!(lexer.next(&mut input).is_none());
    assert!(!lexer.is_idle());
    let line = lexer.finish().unwrap().unwrap();
    assert_eq!(line.unclosed().map(|place| (place.line, place.column)), Some((2, 3)));
    assert!(lexer.finish().is_none());
}

#[test]
fn command_lines_are_split_by_the_same_rules() {
    assert_eq!(
        words("/bin/notify -x \"a b\" c\\ d # no"),
        Ok(vec!["/bin/notify".into(), "-x".into(), "a b".into(), "c d".into()])
    );
    assert_eq!(words(""), Ok(vec![]));
    assert!(words("\"a#\"").is_err());
}

#[rstest]
#[case("plain", "plain", "plain")]
#[case("", "", "\"\"")]
#[case("a b", "a b", "\"a b\"")]
#[case("p#\\\"", "p\\#\\\\\\\"", "\"p\\#\\\\\\\"\"")]
#[case("a=b", "a=b", "\"a=b\"")]
fn quotes(#[case] text: &str, #[case] escaped: &str, #[case] word: &str) {
    assert_eq!(quote(text), escaped);
    assert_eq!(bare(text).to_string(), word);
}

fn random_text(alphabet: &[char], picks: &[u8]) -> String {
    picks.iter().map(|pick| alphabet[usize::from(*pick) % alphabet.len()]).collect()
}

/// Text in which every character that means something is frequent.
fn dense(picks: &[u8]) -> String {
    random_text(&['a', ' ', '"', '\\', '#', '=', '\n', '\t', '\r', 'ü', '\u{1}', 'b'], picks)
}

quickcheck! {
    fn cutting_the_input_changes_nothing(picks: Vec<u8>, cuts: Vec<usize>) -> bool {
        let text = dense(&picks);
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut from = 0;
        for cut in cuts {
            chunks.push(&bytes[from..cut]);
            from = cut;
        }
        chunks.push(&bytes[from..]);
        [Lexer::network, Lexer::file].iter().all(|new| lines(new(), &chunks) == lines(new(), &[bytes]))
    }

    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, words: usize, length: usize) -> bool {
        let tight = Limits { words: words % 4, word_length: length % 4, ..Limits::FILE };
        for lexer in [Lexer::network(), Lexer::file(), Lexer::with_limits(tight)] {
            lines(lexer, &[&bytes]);
        }
        true
    }

    fn places_are_within_the_input_and_in_order(picks: Vec<u8>) -> bool {
        let text = dense(&picks);
        let mut lexer = Lexer::file();
        let mut input = text.as_bytes();
        let mut last = 0;
        let mut good = true;
        while let Some(line) = lexer.next(&mut input) {
            for word in line.iter().flat_map(|line| line.words()) {
                good &= last <= word.start.offset && word.start.offset < word.end && word.end <= text.len();
                let before = &text.as_bytes()[..word.start.offset];
                good &= word.start.line == 1 + before.iter().filter(|b| **b == b'\n').count();
                let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
                good &= word.start.column == column;
                last = word.end;
            }
        }
        good
    }

    fn quoted_text_is_one_word_again(picks: Vec<u8>) -> bool {
        let text = dense(&picks);
        let expected: String = text.chars().filter(|c| !c.is_ascii_control()).collect();
        words(&quoted(&text).to_string()) == Ok(vec![expected.clone()]) && words(&bare(&text).to_string()) == Ok(vec![expected])
    }

    fn escaped_text_between_quotes_is_one_word_again(text: String) -> bool {
        let text: String = text.chars().filter(|c| !c.is_ascii_control()).collect();
        words(&format!("\"{}\"", quote(&text))) == Ok(vec![text])
    }
}
