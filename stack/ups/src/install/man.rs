//! The man pages: Markdown in docs/man, rendered to what man(1) reads.

use outage_driver::drivers;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use super::plan::MARK;

/// A page's name, and its Markdown.
macro_rules! pages {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../../../../docs/man/", $name, ".md")))),*] };
}

/// Every page, by the name of its file.
const PAGES: &[(&str, &str)] = pages![
    "dummy-ups.8",
    "nut.conf.5",
    "nutdrv_qx.8",
    "ups-check.8",
    "ups-hardware.8",
    "ups-install.8",
    "ups.8",
    "ups.conf.5",
    "upsc.8",
    "upscmd.8",
    "upsd.8",
    "upsd.conf.5",
    "upsd.users.5",
    "upsdrvctl.8",
    "upslog.8",
    "upsmon.8",
    "upsmon.conf.5",
    "upsrw.8",
    "upssched.8",
    "upssched.conf.5",
    "usbhid-ups.8",
];

/// What stands at the end of each driver's page.
const DRIVER: &str = include_str!("../../../../docs/man/driver.md");

/// Programs that are told on the page of another one, of which they are an older name.
const SHARED: &[(&str, &str)] = &[("blazer_ser.8", "nutdrv_qx.8")];

/// Each page's Markdown by its name, with what is made from tables filled in.
#[must_use]
pub fn sources() -> Vec<(&'static str, String)> {
    PAGES.iter().map(|(name, text)| (*name, filled(text))).collect()
}

fn filled(text: &str) -> String {
    let mut filled = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("@OPTIONS ") {
            let options = drivers::find(name).map_or(&[][..], |driver| driver.options);
            for option in options {
                filled += &format!("- `{}`: {}\n", option.name, option.help);
            }
        } else if line == "@DRIVER" {
            filled += DRIVER;
        } else {
            filled += line;
            filled.push('\n');
        }
    }
    filled
}

/// Each page as man(1) reads it, by the name of its file.
#[must_use]
pub fn pages() -> Vec<(&'static str, String)> {
    let mut pages: Vec<_> = sources().into_iter().map(|(name, text)| (name, roff(&text))).collect();
    pages.extend(SHARED.iter().map(|(name, page)| {
        let section = page.rsplit('.').next().unwrap_or("8");
        (*name, format!(".\\\" {MARK}\n.so man{section}/{page}\n"))
    }));
    pages
}

/// Renders one page (man(7)). Its first heading is `name(section) - what it is`.
#[must_use]
pub fn roff(markdown: &str) -> String {
    let mut page = Page { text: format!(".\\\" {MARK}\n"), ..Page::default() };
    for event in Parser::new(markdown) {
        page.event(&event);
    }
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    /// What is read of the paragraph, the item or the heading that is open.
    line: String,
    /// Within a block of code.
    verbatim: bool,
    /// At the beginning of an item, whose first words in code are its tag.
    tag: bool,
}

/// Text as roff takes it: nothing in it is an escape or a request.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace('`', "\\(ga")
        .replace('^', "\\(ha")
        .replace('~', "\\(ti")
}

impl Page {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(*tag),
            Event::Text(text) if self.verbatim => {
                let lines = text.lines().map(|line| format!("\\&{}\n", escaped(line)));
                self.text.extend(lines);
            }
            Event::Text(text) => self.line += &escaped(text),
            Event::Code(code) => self.line += &format!("\\fB{}\\fR", escaped(code)),
            Event::SoftBreak | Event::HardBreak => self.line.push(' '),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.verbatim = true;
                self.text += ".PP\n.RS 4\n.nf\n";
            }
            Tag::Item => self.tag = true,
            Tag::Strong => self.line += "\\fB",
            Tag::Emphasis => self.line += "\\fI",
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(HeadingLevel::H1) => {
                let line = std::mem::take(&mut self.line);
                self.title(&line);
            }
            TagEnd::Heading(_) => {
                let line = std::mem::take(&mut self.line);
                self.text += &format!(".SH {line}\n");
            }
            TagEnd::Paragraph if !self.tag => {
                self.text += ".PP\n";
                self.flush();
            }
            TagEnd::Item => {
                let line = std::mem::take(&mut self.line);
                match line.split_once(": ") {
                    Some((tag, rest)) => {
                        self.text += &format!(".TP\n{tag}\n");
                        self.line = rest.to_owned();
                    }
                    None => {
                        self.text += ".IP \\(bu 2\n";
                        self.line = line;
                    }
                }
                self.flush();
                self.tag = false;
            }
            TagEnd::CodeBlock => {
                self.verbatim = false;
                self.text += ".fi\n.RE\n";
            }
            TagEnd::Strong | TagEnd::Emphasis => self.line += "\\fR",
            _ => {}
        }
    }

    /// `name(section) \- what it is`
    fn title(&mut self, line: &str) {
        let (name, about) = line.split_once(" \\- ").unwrap_or((line, ""));
        let (name, section) = name.split_once('(').unwrap_or((name, "8"));
        let (section, upper) = (section.trim_end_matches(')'), name.to_uppercase());
        let version = env!("CARGO_PKG_VERSION");
        self.text += &format!(
            ".TH \"{upper}\" \"{section}\" \"\" \"Outage {version}\" \"Network UPS Tools\"\n.SH NAME\n{name} \\- {about}\n"
        );
    }

    /// Puts down what was read. A line that begins with a point would be a request.
    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.starts_with('.') {
            self.text += "\\&";
        }
        self.text += line.trim_end();
        self.text.push('\n');
    }
}
