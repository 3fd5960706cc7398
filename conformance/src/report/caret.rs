//! Faults of a file, with a caret under the place.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// One fault as a person reads it: what, where, and what to do. Colours only for a terminal.
#[must_use]
pub fn render(
    path: &str,
    source: &str,
    span: &Range<usize>,
    message: &str,
    help: Option<&str>,
    colour: bool,
) -> String {
    let span = within(source, span);
    let snippet = Snippet::source(source).path(path).annotation(AnnotationKind::Primary.span(span));
    let mut report: Vec<Group<'_>> = vec![Level::ERROR.primary_title(message).element(snippet)];
    if let Some(help) = help {
        report.push(Group::with_title(Level::HELP.secondary_title(help)));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&report).to_string()
}

/// How many faults of a file are shown: who has more of them has another file in mind.
const SHOWN: usize = 10;

/// Rendered faults of a file, one below the other; of very many the first.
#[must_use]
pub fn several(faults: impl ExactSizeIterator<Item = String>, path: &str) -> String {
    let left = faults.len().saturating_sub(SHOWN);
    let mut shown: Vec<_> = faults.take(SHOWN).collect();
    if left > 0 {
        shown.push(format!("and {left} more faults in {path}"));
    }
    shown.join("\n\n")
}

/// The line a byte offset lies on, from 1.
#[must_use]
pub fn line_of(source: &str, offset: usize) -> usize {
    source.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// A span that lies within the text, on character boundaries.
fn within(source: &str, span: &Range<usize>) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(source.len());
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_under_the_place() {
        let text = "at 0 {\n    mians \"off\"\n}\n";
        let rendered =
            render("x.kdl", text, &(11..16), "unknown action `mians`", Some("did you mean `mains`?"), false);
        insta::assert_snapshot!(rendered, @r#"
        error: unknown action `mians`
         --> x.kdl:2:5
          |
        2 |     mians "off"
          |     ^^^^^
          |
        help: did you mean `mains`?
        "#);
    }

    #[test]
    fn a_span_outside_the_text_is_no_panic() {
        assert_eq!(within("ä", &(1..99)), 0..2);
        assert_eq!(within("", &(5..6)), 0..0);
    }
}
