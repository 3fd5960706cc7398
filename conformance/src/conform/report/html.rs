//! One page that needs nothing else: the claims by the targets.

use std::fmt::Write as _;

use super::Counts;
use crate::conform::Case;
use crate::conform::verdict::{Judged, Standing};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");
/// Lines of a transcript that a page shows; some cases have thousands.
const LINES: usize = 100;

/// The page. Each case is a row, each target a column; a row opens to what is known of it.
#[must_use]
pub fn document(all: &[Judged]) -> String {
    let mut targets: Vec<String> = Vec::new();
    let mut cases: Vec<&'static Case> = Vec::new();
    for judged in all {
        let target = judged.target.to_string();
        if !targets.contains(&target) {
            targets.push(target);
        }
        if !cases.iter().any(|case| case.id == judged.case.id) {
            cases.push(judged.case);
        }
    }
    let mut body = String::new();
    head(&mut body, all, &targets, &cases);
    let mut topic = "";
    for case in &cases {
        if case.topic() != topic {
            if !topic.is_empty() {
                body.push_str("</tbody>\n");
            }
            topic = case.topic();
            // Writing to a String can't fail.
            let _ = writeln!(
                body,
                "<tbody class=\"topic\"><tr class=\"heading\"><th scope=\"rowgroup\" colspan=\"{}\">{}</th></tr>",
                targets.len() + 2,
                escape(topic)
            );
        }
        row(&mut body, case, all, &targets);
    }
    if !topic.is_empty() {
        body.push_str("</tbody>\n");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>Outage: \
         conformance</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</table>\n<p id=\"none\" hidden>No case fits.</p>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

fn head(body: &mut String, all: &[Judged], targets: &[String], cases: &[&'static Case]) {
    let _ = writeln!(
        body,
        "<header><h1>Conformance</h1><p>{} claims, {} targets. A row opens to its claim's source and to what was seen.</p>",
        cases.len(),
        targets.len()
    );
    body.push_str("<div class=\"summaries\">\n");
    for target in targets {
        let mine: Vec<_> = all.iter().filter(|judged| judged.target.to_string() == *target).collect();
        let counts = Counts::of(mine.iter().copied());
        let word = if counts.good() { "good" } else { "bad" };
        let _ = write!(
            body,
            "<section class=\"{word}\"><h2>{}</h2><p class=\"big\">{} <small>of {} pass</small></p><div class=\"bar\" \
             aria-hidden=\"true\">",
            escape(target),
            counts.passed,
            mine.len()
        );
        let kinds = [
            ("pass", counts.passed, "passed"),
            ("known", counts.expected, "differ as expected"),
            ("none", counts.skipped, "skipped"),
            ("none", counts.unmet, "with a precondition unmet"),
            ("fail", counts.unexpected, "failed"),
            ("fail", counts.unexpected_passes, "passed unexpectedly"),
        ];
        for (class, count, _) in kinds.iter().filter(|(_, count, _)| *count > 0) {
            let _ = write!(body, "<i class=\"{class}\" style=\"flex-grow:{count}\"></i>");
        }
        body.push_str("</div><p>");
        let texts: Vec<_> = kinds[1..]
            .iter()
            .filter(|(_, count, _)| *count > 0)
            .map(|(_, count, what)| format!("{count} {what}"))
            .collect();
        let _ = writeln!(
            body,
            "{}</p></section>",
            if texts.is_empty() { "nothing else".to_owned() } else { texts.join(", ") }
        );
    }
    body.push_str("</div>\n");
    body.push_str(
        "<form class=\"filters\" onsubmit=\"return false\"><label>Find <input id=\"find\" type=\"search\" placeholder=\"id, \
         claim, source\"></label><label>Level <select id=\"level\"><option value=\"\">all</option><option>MUST</option>\
         <option>SHOULD</option><option>MAY</option><option>OBSERVED</option></select></label><label>Show <select id=\"show\">\
         <option value=\"\">all</option><option value=\"differ\">where targets differ</option><option value=\"notpass\">what does \
         not pass</option><option value=\"unexpected\">the unexpected</option></select></label><output id=\"count\"></output></form>\
         </header>\n",
    );
    body.push_str("<table>\n<thead><tr><th scope=\"col\">case</th><th scope=\"col\">level</th>");
    for target in targets {
        let _ = write!(body, "<th scope=\"col\">{}</th>", escape(target));
    }
    body.push_str("</tr></thead>\n");
}

fn row(body: &mut String, case: &'static Case, all: &[Judged], targets: &[String]) {
    let found: Vec<_> = targets
        .iter()
        .map(|target| all.iter().find(|one| one.case.id == case.id && one.target.to_string() == *target))
        .collect();
    let known: Vec<_> = found.iter().flatten().collect();
    let differ = known.windows(2).any(|pair| pair[0].verdict != pair[1].verdict);
    let passes = known.iter().all(|judged| judged.standing() == Standing::Passed);
    let unexpected = known.iter().any(|judged| !judged.as_expected());
    let _ = write!(
        body,
        "<tr class=\"case\" id=\"{}\" data-level=\"{}\" data-differ=\"{}\" data-notpass=\"{}\" data-unexpected=\"{}\"><th \
         scope=\"row\"><details><summary><code>{}</code> <span>{}</span></summary>",
        escape(case.id),
        case.level,
        u8::from(differ),
        u8::from(!passes),
        u8::from(unexpected),
        escape(case.id.rsplit('/').next().unwrap_or(case.id)),
        escape(case.claim)
    );
    let _ = write!(
        body,
        "<dl><dt>case</dt><dd><code>{}</code></dd><dt>source</dt><dd>{}</dd>",
        escape(case.id),
        source(case.source)
    );
    for judged in &known {
        details(body, judged);
    }
    let _ = write!(body, "</dl></details></th><td class=\"level\">{}</td>", case.level);
    for judged in &found {
        match judged {
            Some(judged) => {
                let _ = write!(body, "<td class=\"{}\">{}</td>", class(judged), escape(&judged.word()));
            }
            None => body.push_str("<td class=\"none\">not run</td>"),
        }
    }
    body.push_str("</tr>\n");
}

fn class(judged: &Judged) -> &'static str {
    match judged.standing() {
        Standing::Passed => "pass",
        Standing::Expected => "known",
        Standing::NotJudged => "none",
        Standing::Unexpected | Standing::UnexpectedPass => "fail",
    }
}

fn details(body: &mut String, judged: &Judged) {
    let plain = judged.standing() == Standing::Passed && judged.flaky.is_none();
    if plain {
        return;
    }
    let _ = write!(body, "<dt>{}</dt><dd>", escape(&judged.target.to_string()));
    if let Some(entry) = &judged.entry {
        let _ = write!(
            body,
            "<p>{} <small>({}; since {})</small></p>",
            escape(&entry.reason),
            source(&entry.source),
            escape(&entry.since)
        );
    }
    if !judged.text.is_empty() {
        let _ = write!(body, "<p>{}</p>", escape(&judged.text));
    }
    if let Some(first) = &judged.flaky {
        let _ = write!(body, "<p>at the first attempt: {}</p>", escape(first));
    }
    if !matches!(judged.standing(), Standing::NotJudged) && !judged.transcript.is_empty() {
        body.push_str("<pre>");
        for entry in judged.transcript.iter().take(LINES) {
            let _ = writeln!(body, "{}", escape(&entry.to_string()));
        }
        if let Some(more @ 1..) = judged.transcript.len().checked_sub(LINES) {
            let _ = writeln!(body, "({more} more)");
        }
        let _ = write!(body, "</pre><p><code>{}</code></p>", escape(&judged.command()));
    }
    body.push_str("</dd>");
}

/// A source; a link when it is one.
fn source(text: &str) -> String {
    let escaped = escape(text);
    if text.starts_with("https://") || text.starts_with("http://") {
        return format!("<a href=\"{escaped}\">{escaped}</a>");
    }
    match text.strip_prefix("nut#") {
        Some(number) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("<a href=\"https://github.com/networkupstools/nut/issues/{number}\">{escaped}</a>")
        }
        _ => escaped,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
