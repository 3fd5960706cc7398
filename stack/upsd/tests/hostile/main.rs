//! Bytes that mean harm, and lines that nearly mean something.

mod world;

use quickcheck::quickcheck;
use world::{Who, World, play};

/// What is mutated. Verbs, names and values that exist, so that a mutant gets far.
const CLIENT_LINES: [&str; 24] = [
    "GET VAR eaton ups.status\n",
    "GET VAR eaton ups.id\r\n",
    "GET TYPE eaton a.range\n",
    "GET DESC eaton ups.status\n",
    "GET NUMATTACH eaton\n",
    "GET TRACKING 01010101-0101-4101-8101-010101010101\n",
    "LIST VAR eaton\n",
    "LIST RW eaton\n",
    "LIST ENUM eaton ups.id\n",
    "LIST RANGE eaton a.range\n",
    "LIST CLIENT eaton\n",
    "LIST UPS\n",
    "SET VAR eaton ups.id \"say \\\"hi\\\"\"\n",
    "SET VAR eaton a.range 5\n",
    "SET TRACKING OFF\n",
    "INSTCMD eaton beeper.mute 20\n",
    "USERNAME admin\n",
    "PASSWORD pa55word\n",
    "LOGIN eaton\n",
    "FSD eaton\n",
    "STARTTLS\n",
    "VER\n",
    "# a comment\n",
    "LOGOUT\n",
];
const DRIVER_LINES: [&str; 8] = [
    "SETINFO ups.status \"OB LB\"\n",
    "DELINFO ups.id\n",
    "ADDENUM ups.id \"y\"\n",
    "SETFLAGS ups.id RW STRING\n",
    "ADDRANGE a.range -9 9223372036854775807\n",
    "TRACKING 01010101-0101-4101-8101-010101010101 0\n",
    "DATASTALE\n",
    "DATAOK\n",
];

/// xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" (2016).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }
}

fn mutate(line: &mut Vec<u8>, dice: &mut Dice) {
    const SIGNS: &[u8] = b"\"\\#= \t\r\n\0\x7f\x80\xff";
    for _ in 0..dice.roll(4) {
        let at = dice.roll(line.len() + 1).min(line.len().saturating_sub(1));
        match dice.roll(8) {
            _ if line.is_empty() => line.push(b'\n'),
            0 => line[at] ^= 1 << dice.roll(8),
            1 => line[at] = SIGNS[dice.roll(SIGNS.len())],
            2 => line.insert(at, SIGNS[dice.roll(SIGNS.len())]),
            3 => drop(line.remove(at)),
            4 => line.truncate(at),
            5 => line.extend_from_within(at..),
            6 => {
                let byte = line[at];
                let many = dice.roll(700);
                line.splice(at..at, std::iter::repeat_n(byte, many));
            }
            _ => line.extend_from_slice(CLIENT_LINES[dice.roll(CLIENT_LINES.len())].as_bytes()),
        }
    }
}

/// Sends `count` mutated lines, cut anyhow.
fn send_mutants(count: usize, seed: u64) {
    let mut dice = Dice(seed | 1);
    let mut world = World::default();
    let mut line = Vec::new();
    for number in 0..count {
        let who = [Who::Trusted, Who::Trusted, Who::Stranger, Who::Driver][dice.roll(4)];
        let text = match who {
            Who::Driver => DRIVER_LINES[dice.roll(DRIVER_LINES.len())],
            _ => CLIENT_LINES[dice.roll(CLIENT_LINES.len())],
        };
        line.clear();
        line.extend_from_slice(text.as_bytes());
        mutate(&mut line, &mut dice);
        let (first, second) = line.split_at(dice.roll(line.len() + 1));
        world.hear(who, first);
        world.hear(who, second);
        // What a driver said wrong stays with it, as it would; a new one begins at nothing.
        if number % 10_000 == 9_999 {
            world.check_alive();
            world = World::default();
        }
    }
    world.check_alive();
}

quickcheck! {
    fn any_script_is_survived(script: Vec<u8>) -> bool {
        play(&script);
        true
    }

    fn mutated_lines_are_survived(seed: u64) -> bool {
        send_mutants(200, seed);
        true
    }
}

#[test]
#[ignore = "takes a while: cargo test --release -p outage-upsd --test hostile -- --ignored"]
fn ten_million_mutated_lines_are_survived() {
    send_mutants(10_000_000, 0x005e_ed0f_7e57);
}
