//! What variables and instant commands mean, in words: `GET DESC` and `GET CMDDESC`.

use std::collections::BTreeMap;

use outage_wire::Lexer;

/// What is said of a variable or command that nobody described.
pub(super) const UNAVAILABLE: &str = "Description unavailable";

/// Texts by name. Names are kept in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Descriptions {
    variables: BTreeMap<String, String>,
    commands: BTreeMap<String, String>,
}

impl Descriptions {
    /// The texts that come with upsd.
    #[must_use]
    pub fn builtin() -> Self {
        let mut descriptions = Self::default();
        descriptions.add(include_bytes!("../../data/cmdvartab"));
        descriptions
    }

    /// Adds the texts of a file in NUT's `cmdvartab` format (`VARDESC name "text"`, `CMDDESC name "text"`). They take
    /// precedence over those that are there. Lines that are neither are skipped; returns how many.
    pub fn add(&mut self, file: &[u8]) -> usize {
        let mut lexer = Lexer::file();
        let mut skipped = 0;
        // The last line may lack its end.
        for mut piece in [file, b"\n"] {
            while let Some(line) = lexer.next(&mut piece) {
                match line {
                    Err(_) => skipped += 1,
                    Ok(line) => match (line.get(0), line.get(1), line.get(2)) {
                        (None, ..) => {}
                        (Some(kind), Some(name), Some(text)) if kind.eq_ignore_ascii_case("VARDESC") => {
                            self.variables.insert(name.to_ascii_lowercase(), text.to_owned());
                        }
                        (Some(kind), Some(name), Some(text)) if kind.eq_ignore_ascii_case("CMDDESC") => {
                            self.commands.insert(name.to_ascii_lowercase(), text.to_owned());
                        }
                        _ => skipped += 1,
                    },
                }
            }
        }
        skipped
    }

    pub(super) fn variable(&self, name: &str) -> &str {
        text(&self.variables, name)
    }

    pub(super) fn command(&self, name: &str) -> &str {
        text(&self.commands, name)
    }
}

/// A name that a relaying driver put `upstream.` before means what it means without.
fn text<'a>(texts: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix("upstream.").unwrap_or(&name);
    if let Some(text) = texts.get(name) {
        return text;
    }
    // `outlet.3.switch` and `input.L2.voltage` are described once for all numbers, as `outlet.n.switch`.
    let general: Vec<&str> = name
        .split('.')
        .map(|part| if part.bytes().all(|b| b.is_ascii_digit()) { "n" } else { part })
        .collect();
    texts.get(&general.join(".")).map_or(UNAVAILABLE, String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_builtin_table_is_understood() {
        assert_eq!(Descriptions::default().add(include_bytes!("../../data/cmdvartab")), 0);
    }

    #[test]
    fn names_are_found_in_any_case_upstream_and_by_number() {
        let mut descriptions = Descriptions::default();
        descriptions.add(
            b"VARDESC ups.status \"Status\"\nVARDESC outlet.n.switch \"A switch\"\nCMDDESC load.off \"Off\"",
        );
        assert_eq!(descriptions.variable("UPS.status"), "Status");
        assert_eq!(descriptions.variable("upstream.ups.status"), "Status");
        assert_eq!(descriptions.variable("outlet.12.switch"), "A switch");
        assert_eq!(descriptions.command("load.off"), "Off");
        assert_eq!(descriptions.command("ups.status"), UNAVAILABLE);
    }

    #[test]
    fn a_later_file_wins_and_its_faults_cost_only_their_lines() {
        let mut descriptions = Descriptions::default();
        descriptions.add(b"VARDESC a.b \"old\"\nVARDESC c.d \"kept\"\n");
        let skipped = descriptions.add(b"# comment\n\nVARDESC a.b \"new\"\nVARDESC e.f\nNONSENSE x y\n");
        assert_eq!(skipped, 2);
        assert_eq!((descriptions.variable("a.b"), descriptions.variable("c.d")), ("new", "kept"));
    }
}
