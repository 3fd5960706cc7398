//! Lines of Eaton's (formerly MGE's) models, by the product and model strings they have.

/// A line of models that want to be treated alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Off-line models: one kind of mains.
    Offline,
    /// Protection Station and Ellipse ECO: master and slave outlets.
    Pegasus,
    /// 3S 700 and 750.
    Eaton3S,
    /// Line-interactive and on-line models that nothing else is known of.
    Default,
    /// Evolution of the newer kind.
    Evolution,
    /// Pulsar M.
    PulsarM,
    /// 5P, 5PX, 5SC, 5S.
    Eaton5P,
    /// 9E, 9SX, 9PX.
    Eaton9E,
}

impl Line {
    /// Whether the output can only be set to voltages of one kind of mains.
    pub(crate) fn is_offline(self) -> bool {
        matches!(self, Self::Offline | Self::Pegasus | Self::Eaton3S)
    }
}

struct Models {
    product: &'static str,
    models: &'static [&'static str],
    line: Line,
    /// What it is called; `{}` is the model.
    name: &'static str,
}

const fn row(
    product: &'static str,
    models: &'static [&'static str],
    line: Line,
    name: &'static str,
) -> Models {
    Models { product, models, line, name }
}

/// Product strings, model strings, and the names NUT gives them.
#[rustfmt::skip]
const MODELS: &[Models] = &[
    row("ELLIPSE", &["300", "500", "650", "800", "1200"], Line::Offline, "ellipse {}"),
    row("ELLIPSE", &["600", "750", "1000", "1500"], Line::Offline, "Ellipse {}"),
    row("ellipse", &["PR500"], Line::Offline, "ellipse premium 500"),
    row("ellipse", &["PR650"], Line::Offline, "ellipse premium 650"),
    row("ellipse", &["PR800"], Line::Offline, "ellipse premium 800"),
    row("ellipse", &["PR1200"], Line::Offline, "ellipse premium 1200"),
    row("Ellipse MAX", &["600", "850", "1100", "1500"], Line::Offline, "Ellipse MAX {}"),
    row("PROTECTIONCENTER", &["420", "500", "675"], Line::Offline, "Protection Center {}"),
    row("Protection Station", &["500", "650", "800"], Line::Pegasus, "Protection Station {}"),
    row("Ellipse ECO", &["650", "800", "1200", "1600"], Line::Pegasus, "Ellipse ECO {}"),
    row("Eaton 3S", &["450", "550", "700", "750", "850"], Line::Offline, "Eaton 3S {}"),
    row("3S", &["450", "550"], Line::Offline, "3S {}"),
    row("3S", &["700", "750"], Line::Eaton3S, "3S {}"),
    row("Evolution", &["500", "800", "1100", "1500", "2200", "3000"], Line::Default, "Pulsar Evolution {}"),
    row("Evolution", &["3000XL"], Line::Default, "Pulsar Evolution 3000 XL"),
    row("Evolution", &["650", "850", "1150", "S 1250", "1550", "S 1750", "2000", "S 2500", "S 3000"],
        Line::Evolution, "Evolution {}"),
    row("Eaton 5P", &["650", "850", "1150", "1550"], Line::Eaton5P, "5P {}"),
    row("Eaton 5PX", &["1500", "2200", "3000"], Line::Eaton5P, "Eaton 5PX {}"),
    row("Eaton 5SC", &["500", "750", "1000", "1500", "2200", "3000"], Line::Eaton5P, "Eaton 5SC {}"),
    // The blank after the number is the device's own (nut#2380).
    row("Ellipse PRO", &["1200 "], Line::Eaton5P, "Eaton 5S1200"),
    row("Ellipse PRO", &["1500 "], Line::Eaton5P, "Eaton 5S1500"),
    row("Ellipse PRO", &["1600 "], Line::Eaton5P, "Eaton 5S1600"),
    row("Eaton 9E", &["1000", "1000i", "1000iau", "1000ir", "2000", "2000i", "2000iau", "2000ir", "3000", "3000i",
        "3000iau", "3000ir", "3000ixl", "3000ixlau"], Line::Eaton9E, "9E{}"),
    // No strings at all, only the nominal power (nut#1925).
    row("unknown", &["1000", "2000", "3000"], Line::Eaton9E, "9E{}i (presumed)"),
    row("Eaton 9SX", &["700i", "1000i", "1000im", "1500i", "2000i", "3000i", "3000im", "1000ir", "1500ir", "2000ir",
        "3000ir"], Line::Eaton9E, "9SX{}"),
    row("Eaton 9PX", &["1000irt2u", "1500irt2u", "1500irtm", "2200irt2u", "2200irt3u", "3000irt2u", "3000irt3u",
        "3000irtm"], Line::Eaton9E, "9px{}"),
    row("PULSAR M", &["2200", "3000", "3000 XL"], Line::PulsarM, "PULSAR M {}"),
    row("EX", &["2200", "3000", "3000 XL"], Line::PulsarM, "EX {}"),
];

/// A model's name and line, from its product and model strings (the model string is often the rating in VA).
pub(crate) fn eaton(product: &str, model: &str) -> (String, Line) {
    // The strings are compared as they are first: one model is told by a blank at its end.
    let found =
        MODELS.iter().find(|row| row.product == product && row.models.contains(&model)).or_else(|| {
            let (product, model) = (product.trim(), model.trim());
            MODELS.iter().find(|row| row.product == product && row.models.contains(&model))
        });
    match found {
        Some(row) => (row.name.replace("{}", model.trim()), row.line),
        None => (format!("{} {}", product.trim(), model.trim()).trim().to_owned(), Line::Default),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("3S", "700", "3S 700", Line::Eaton3S)]
    #[case("Eaton 3S", "700", "Eaton 3S 700", Line::Offline)]
    #[case("3S", "550", "3S 550", Line::Offline)]
    #[case("Eaton 9E", "1000ir", "9E1000ir", Line::Eaton9E)]
    #[case("Ellipse PRO", "1200 ", "Eaton 5S1200", Line::Eaton5P)]
    #[case("Ellipse PRO", "1200", "Ellipse PRO 1200", Line::Default)]
    #[case("unknown", "2000", "9E2000i (presumed)", Line::Eaton9E)]
    #[case("Ellipse ECO", "650 ", "Ellipse ECO 650", Line::Pegasus)]
    #[case("TG-BOX", "850", "TG-BOX 850", Line::Default)]
    #[case("TG-BOX", "", "TG-BOX", Line::Default)]
    fn names(#[case] product: &str, #[case] model: &str, #[case] name: &str, #[case] line: Line) {
        assert_eq!(eaton(product, model), (name.to_owned(), line));
    }
}
