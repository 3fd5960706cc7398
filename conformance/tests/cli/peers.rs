//! `outage peers`, as far as it needs no guest.

use rstest::rstest;

use super::{outage, refused};

#[rstest]
#[case(&["peers", "eaton-3s"], "there is no device `eaton-3s`: it is one of apc-bk650m2-ch, ")]
#[case(&["peers", "megatec-650"], "megatec-650 is no UPS on USB")]
#[case(&["peers", "--check", "docs/piers.md"], "failed to read docs/piers.md: ")]
#[case(&["peers", "--check", "docs/peers.md", "eaton-3s-700"], "cannot be used with")]
fn what_is_wrong_with_the_command_is_said(#[case] arguments: &[&str], #[case] expected: &str) {
    let said = refused(outage().args(arguments));
    assert!(said.contains(expected), "{said}");
}
