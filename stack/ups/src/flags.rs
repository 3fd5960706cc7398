//! Every program's options, as one table: from the letters that its parser goes by, and the words of its own help. What
//! is made from it can't lag behind.

use outage_driver::{cli, drivers, upsdrvctl};

/// An option of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its letter.
    pub letter: char,
    /// Whether it takes a value.
    pub value: bool,
    /// What it is for, in half a line; empty for one that the help leaves out.
    pub about: String,
}

/// The options of the program of this name; none for what is no program.
#[must_use]
pub fn of(program: &str) -> Vec<Flag> {
    let client = |letters: &str, help: &str| {
        let help = format!("{help}{}", outage_client::COMMON_HELP);
        table(&format!("{letters}{}", outage_client::COMMON_LETTERS), &help)
    };
    match program {
        "upsd" => table(outage_upsd::options::LETTERS, outage_upsd::options::USAGE),
        "upsmon" => table(outage_upsmon::LETTERS, outage_upsmon::HELP),
        "upssched" => table(outage_upsmon::upssched::LETTERS, outage_upsmon::upssched::HELP),
        "upsdrvctl" => table(upsdrvctl::LETTERS, upsdrvctl::USAGE),
        "upsc" => client(outage_client::upsc::LETTERS, outage_client::upsc::USAGE),
        "upscmd" => client(outage_client::upscmd::LETTERS, outage_client::upscmd::USAGE),
        "upsrw" => client(outage_client::upsrw::LETTERS, outage_client::upsrw::USAGE),
        "upslog" => client(outage_client::upslog::LETTERS, outage_client::upslog::USAGE),
        _ => drivers::find(program).map_or_else(Vec::new, |driver| table(cli::LETTERS, &cli::help(driver))),
    }
}

/// Letters as getopt(3) has them, with what the help says of each.
fn table(letters: &str, help: &str) -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    for letter in letters.chars() {
        match flags.last_mut() {
            Some(flag) if letter == ':' => flag.value = true,
            _ => flags.push(Flag { letter, value: false, about: about(letter, help) }),
        }
    }
    flags
}

/// What a help says of a letter, on the line that begins with it, alone or among others: `-4, -6      IPv4 only`.
fn about(letter: char, help: &str) -> String {
    let found = help.lines().find_map(|line| {
        let line = line.trim();
        let (head, about) = line.split_once("  ").filter(|_| line.starts_with('-'))?;
        let names = head
            .split([',', ' ', '-'])
            .any(|word| word.starts_with(letter) && word.chars().all(|c| c == letter));
        names.then(|| about.trim().trim_start_matches("- ").to_owned())
    });
    // A line such as `-f <file>   ..` has its value before two blanks, one such as `-c <cmd> - ..` a dash.
    found
        .or_else(|| {
            let line = help.lines().map(str::trim).find(|line| {
                line.strip_prefix('-')
                    .is_some_and(|rest| rest.starts_with(letter) && !rest[1..].starts_with(letter))
            })?;
            line.split_once(" - ").or_else(|| line.split_once("> ")).map(|(_, about)| about.trim().to_owned())
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What programs take for old times' sake, and do not offer.
    const HIDDEN: [(&str, char); 3] = [("upsd", 'i'), ("upsd", 'p'), ("upsmon", 'i')];

    #[test]
    fn every_option_is_in_its_programs_help() {
        for program in crate::PROGRAMS {
            let flags = of(program.name);
            assert!(flags.len() > 3, "{} has only {} options", program.name, flags.len());
            for flag in flags {
                let hidden = HIDDEN.contains(&(program.name, flag.letter));
                assert_eq!(
                    flag.about.is_empty(),
                    hidden,
                    "{} -{}: {:?}",
                    program.name,
                    flag.letter,
                    flag.about
                );
            }
        }
    }

    #[test]
    fn a_flag_is_its_letter_its_value_and_its_words() {
        let flags = of("upsmon");
        let find = |letter| flags.iter().find(|flag| flag.letter == letter).cloned();
        let flag = |letter, value, about: &str| Some(Flag { letter, value, about: about.to_owned() });
        assert_eq!(find('f'), flag('f', true, "read this file instead of upsmon.conf"));
        assert_eq!(find('6'), flag('6', false, "use IPv4 or IPv6 only"));
        assert_eq!(of("nothing"), []);
    }
}
