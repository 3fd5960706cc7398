use super::parse;
use crate::report::caret;

/// The faults of a file as a person sees them.
fn faults(text: &str) -> String {
    let (_, faults) = parse("test", text);
    let render = |fault: &super::Fault| {
        caret::render("test.kdl", text, &fault.span, &fault.message, fault.help.as_deref(), false)
    };
    faults.iter().map(render).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn every_fault_has_its_place() {
    let text = r#"scenario "a test" sclae=3
ups "u" { device "eaton-3s-700"; chrage 10; }
machine "m" { plugged-into "v"; monitor "u" role="boss"; }
at 10 {
    mians "off"
    charge 101
    expect { notice "ONBATT" within="soon"; macine "off"; output "dim"; }
}
at 5 { mains "off" ups="w"; }
never { status "OB"; }
"#;
    insta::assert_snapshot!(faults(text), @"");
}

#[test]
fn a_scenario_that_cannot_fail_is_a_fault() {
    insta::assert_snapshot!(faults("scenario \"nothing\"\n"), @"");
}

#[test]
fn what_is_not_kdl_is_a_fault_with_a_place() {
    insta::assert_snapshot!(faults("scenario \"a\" {\n  ups\n"), @"");
}

#[test]
fn several_upses_have_to_be_named() {
    let text = r#"scenario "two"
ups "a" { device "eaton-3s-700"; }
ups "b" { device "eaton-3s-700"; }
at 0 { mains "off"; mains "off" ups="a"; expect { status "OL" ups="b"; }; }
"#;
    insta::assert_snapshot!(faults(text), @"");
}

#[test]
fn any_text_parses_without_a_panic() {
    fn property(text: String) -> bool {
        let (_, faults) = parse("test", &text);
        faults.iter().all(|fault| {
            let _ = caret::render("x", &text, &fault.span, &fault.message, None, false);
            true
        })
    }
    quickcheck::quickcheck(property as fn(String) -> bool);
}
