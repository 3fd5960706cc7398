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
at 5 { mains "off" ups="w"; load -3; }
never { status "OB"; notice "ONBAT"; }
"#;
    insta::assert_snapshot!(faults(text), @r#"
    error: `scenario` has no `sclae`
     --> test.kdl:1:19
      |
    1 | scenario "a test" sclae=3
      |                   ^^^^^^^
      |
    help: it has: scale, lane

    error: a ups has no `chrage`
     --> test.kdl:2:34
      |
    2 | ups "u" { device "eaton-3s-700"; chrage 10; }
      |                                  ^^^^^^
      |
    help: it has: device, charge, load, set

    error: there is no ups `v`
     --> test.kdl:3:28
      |
    3 | machine "m" { plugged-into "v"; monitor "u" role="boss"; }
      |                            ^^^
      |
    help: there is: u

    error: a role is `primary` or `secondary`, not `boss`
     --> test.kdl:3:45
      |
    3 | machine "m" { plugged-into "v"; monitor "u" role="boss"; }
      |                                             ^^^^^^^^^^^

    error: unknown action `mians`
     --> test.kdl:5:5
      |
    5 |     mians "off"
      |     ^^^^^
      |
    help: a block is made of: mains, mains-voltage, charge, battery-health, replace-battery, load, unplug, replug, freeze, thaw, command, kill, start, restart, write-flag, cut-network, mend-network; expect, in-order, refute

    error: a percentage lies within 0 and 100
     --> test.kdl:6:12
      |
    6 |     charge 101
      |            ^^^

    error: `within` must be a number of seconds, 0 or more
     --> test.kdl:7:30
      |
    7 |     expect { notice "ONBATT" within="soon"; macine "off"; output "dim"; }
      |                              ^^^^^^^^^^^^^

    error: unknown condition `macine`
     --> test.kdl:7:45
      |
    7 |     expect { notice "ONBATT" within="soon"; macine "off"; output "dim"; }
      |                                             ^^^^^^
      |
    help: one of: notice, flag-written, shutdown-command, flag, machine, output, cut-ordered, status, variable, error, log

    error: an output is `on` or `off`, not `dim`
     --> test.kdl:7:66
      |
    7 |     expect { notice "ONBATT" within="soon"; macine "off"; output "dim"; }
      |                                                                  ^^^^^

    error: a block at 5 s stands after one at 10 s
     --> test.kdl:9:1
      |
    9 | at 5 { mains "off" ups="w"; load -3; }
      | ^^

    error: there is no ups `w` above
     --> test.kdl:9:20
      |
    9 | at 5 { mains "off" ups="w"; load -3; }
      |                    ^^^^^^^

    error: a percentage is 0 or more
     --> test.kdl:9:34
      |
    9 | at 5 { mains "off" ups="w"; load -3; }
      |                                  ^^

    error: `status` can't stand in `never`: it is asked for, it does not happen
      --> test.kdl:10:9
       |
    10 | never { status "OB"; notice "ONBAT"; }
       |         ^^^^^^
       |
    help: use `refute` in a block

    error: upsmon has no notice `ONBAT`
      --> test.kdl:10:29
       |
    10 | never { status "OB"; notice "ONBAT"; }
       |                             ^^^^^^^
       |
    help: one of: ONLINE, ONBATT, LOWBATT, FSD, COMMOK, COMMBAD, SHUTDOWN, SHUTDOWN_HOSTSYNC, REPLBATT, NOCOMM, NOPARENT, CAL, NOTCAL, OFF, NOTOFF, BYPASS, NOTBYPASS, ECO, NOTECO, ALARM, NOTALARM, OVER, NOTOVER, TRIM, NOTTRIM, BOOST, NOTBOOST, OTHER, NOTOTHER, SUSPEND_STARTING, SUSPEND_FINISHED, SUSPEND_TIMEJUMP_UNEXPECTED
    "#);
}

#[test]
fn a_scenario_that_cannot_fail_is_a_fault() {
    insta::assert_snapshot!(faults("scenario \"nothing\"\n"), @r#"
    error: nothing is expected: this scenario can't fail
     --> test.kdl:1:1
      |
    1 | scenario "nothing"
      | ^
      |
    help: say what must come of it: expect, in-order or refute in a block, or never
    "#);
}

#[test]
fn what_is_not_kdl_is_a_fault_with_a_place() {
    insta::assert_snapshot!(faults("scenario \"a\" {\n  ups\n"), @r#"
    error: no closing '}' for child block
     --> test.kdl:1:14
      |
    1 | scenario "a" {
      |              ^
    "#);
}

#[test]
fn several_upses_have_to_be_named() {
    let text = r#"scenario "two"
ups "a" { device "eaton-3s-700"; }
ups "b" { device "eaton-3s-700"; }
at 0 { mains "off"; mains "off" ups="a"; expect { status "OL" ups="b"; }; }
"#;
    insta::assert_snapshot!(faults(text), @r#"
    error: `mains` needs `ups=`: there are several
     --> test.kdl:4:8
      |
    4 | at 0 { mains "off"; mains "off" ups="a"; expect { status "OL" ups="b"; }; }
      |        ^^^^^
    "#);
}

#[test]
fn names_and_values_that_could_never_work() {
    let text = r#"scenario "names" scale=0 lane="cloud"
ups "../u" { device "eaton-3s-700"; charge 300; set "offdelay" 30 40; }
machine "m" { serves "../u"; monitor "../u" at="n"; monitor "../u" power-value=1.5; stop-time -1; }
machine "m" { monitor "../u"; }
at 0 {
    in-order { variable "battery.charge"; }
    refute { log "text"; }
    expect { log "text" process="upsd" machine="x"; variable "ups.load" is="1" min=3; }
}
"#;
    insta::assert_snapshot!(faults(text), @r#"
    error: `scale` must lie within 0.1 and 1000
     --> test.kdl:1:18
      |
    1 | scenario "names" scale=0 lane="cloud"
      |                  ^^^^^^^

    error: `../u` is no name for a ups
     --> test.kdl:2:1
      |
    2 | ups "../u" { device "eaton-3s-700"; charge 300; set "offdelay" 30 40; }
      | ^^^
      |
    help: letters, digits, `-` and `_`

    error: a percentage lies within 0 and 100
     --> test.kdl:2:44
      |
    2 | ups "../u" { device "eaton-3s-700"; charge 300; set "offdelay" 30 40; }
      |                                            ^^^

    error: `set` takes no further value
     --> test.kdl:2:67
      |
    2 | ups "../u" { device "eaton-3s-700"; charge 300; set "offdelay" 30 40; }
      |                                                                   ^^

    error: there is no machine `n`
     --> test.kdl:3:38
      |
    3 | machine "m" { serves "../u"; monitor "../u" at="n"; monitor "../u" power-value=1.5; stop-time -1; }
      |                                      ^^^^^^

    error: a power value is a whole number within 0 and 100
     --> test.kdl:3:68
      |
    3 | machine "m" { serves "../u"; monitor "../u" at="n"; monitor "../u" power-value=1.5; stop-time -1; }
      |                                                                    ^^^^^^^^^^^^^^^

    error: a time must be a number of seconds, 0 or more
     --> test.kdl:3:95
      |
    3 | machine "m" { serves "../u"; monitor "../u" at="n"; monitor "../u" power-value=1.5; stop-time -1; }
      |                                                                                               ^^

    error: there is a machine `m` above already
     --> test.kdl:4:1
      |
    4 | machine "m" { monitor "../u"; }
      | ^^^^^^^

    error: `variable` needs `is=`, `min=` or `max=`
     --> test.kdl:6:16
      |
    6 |     in-order { variable "battery.charge"; }
      |                ^^^^^^^^

    error: `refute` needs `for`, the seconds it must hold
     --> test.kdl:7:5
      |
    7 |     refute { log "text"; }
      |     ^^^^^^

    error: there is no machine `x` above
     --> test.kdl:8:40
      |
    8 |     expect { log "text" process="upsd" machine="x"; variable "ups.load" is="1" min=3; }
      |                                        ^^^^^^^^^^^

    error: `is=` goes with neither `min=` nor `max=`
     --> test.kdl:8:53
      |
    8 |     expect { log "text" process="upsd" machine="x"; variable "ups.load" is="1" min=3; }
      |                                                     ^^^^^^^^
    "#);
}

#[test]
fn what_is_done_on_machines_that_cannot_be() {
    let text = r#"scenario "machines"
ups "u" { device "megatec-650"; }
ups "v" { device "megatec-650"; }
machine "a" { serves "u"; monitor "u"; }
machine "b" { monitor "u" at="a" role="secondary"; }
at 0 {
    kill "httpd"; kill "upsmon"; kill "upsd" ups="u"; kill "upsd" machine="b"; kill "driver"
    restart "driver" ups="v"; start
    cut-network "a"; cut-network "a" "a"; mend-network "a" "c"
    command "test.battery.stop" ups="v"; command 1
    battery-health 0 ups="u"; replace-battery; write-flag
    expect { flag "there" machine="a"; cut-ordered; log "x" process="upssd" machine="a"; }
}
never { flag "present" machine="a"; }
"#;
    insta::assert_snapshot!(faults(text), @r#"
    error: there is no service `httpd`
     --> test.kdl:7:10
      |
    7 |     kill "httpd"; kill "upsmon"; kill "upsd" ups="u"; kill "upsd" machine="b"; kill "driver"
      |          ^^^^^^^
      |
    help: one of: driver, upsd, upsmon

    error: `kill` needs `machine=`: several run upsmon
     --> test.kdl:7:19
      |
    7 |     kill "httpd"; kill "upsmon"; kill "upsd" ups="u"; kill "upsd" machine="b"; kill "driver"
      |                   ^^^^

    error: `ups` goes with "driver", there is one upsd a machine
     --> test.kdl:7:46
      |
    7 |     kill "httpd"; kill "upsmon"; kill "upsd" ups="u"; kill "upsd" machine="b"; kill "driver"
      |                                              ^^^^^^^

    error: machine `b` does not run upsd
     --> test.kdl:7:67
      |
    7 |     kill "httpd"; kill "upsmon"; kill "upsd" ups="u"; kill "upsd" machine="b"; kill "driver"
      |                                                                   ^^^^^^^^^^^

    error: `kill` needs `ups=`: there are several
     --> test.kdl:7:80
      |
    7 |     kill "httpd"; kill "upsmon"; kill "upsd" ups="u"; kill "upsd" machine="b"; kill "driver"
      |                                                                                ^^^^

    error: no machine above runs the driver of v
     --> test.kdl:8:5
      |
    8 |     restart "driver" ups="v"; start
      |     ^^^^^^^

    error: `start` needs a service
     --> test.kdl:8:31
      |
    8 |     restart "driver" ups="v"; start
      |                               ^^^^^

    error: `cut-network` needs two machines
     --> test.kdl:9:5
      |
    9 |     cut-network "a"; cut-network "a" "a"; mend-network "a" "c"
      |     ^^^^^^^^^^^

    error: there is no network between a machine and itself
     --> test.kdl:9:38
      |
    9 |     cut-network "a"; cut-network "a" "a"; mend-network "a" "c"
      |                                      ^^^

    error: there is no machine `c` above
     --> test.kdl:9:60
      |
    9 |     cut-network "a"; cut-network "a" "a"; mend-network "a" "c"
      |                                                            ^^^

    error: no machine above serves the ups `v`
      --> test.kdl:10:5
       |
    10 |     command "test.battery.stop" ups="v"; command 1
       |     ^^^^^^^

    error: an instant command's name must be text
      --> test.kdl:10:50
       |
    10 |     command "test.battery.stop" ups="v"; command 1
       |                                                  ^

    error: a battery's health lies within 1 and 100 percent
      --> test.kdl:11:20
       |
    11 |     battery-health 0 ups="u"; replace-battery; write-flag
       |                    ^

    error: `replace-battery` needs `ups=`: there are several
      --> test.kdl:11:31
       |
    11 |     battery-health 0 ups="u"; replace-battery; write-flag
       |                               ^^^^^^^^^^^^^^^

    error: `write-flag` needs `machine=`: there are several
      --> test.kdl:11:48
       |
    11 |     battery-health 0 ups="u"; replace-battery; write-flag
       |                                                ^^^^^^^^^^

    error: a flag is `present` or `absent`, not `there`
      --> test.kdl:12:19
       |
    12 |     expect { flag "there" machine="a"; cut-ordered; log "x" process="upssd" machine="a"; }
       |                   ^^^^^^^

    error: `cut-ordered` needs `ups=`: there are several
      --> test.kdl:12:40
       |
    12 |     expect { flag "there" machine="a"; cut-ordered; log "x" process="upssd" machine="a"; }
       |                                        ^^^^^^^^^^^

    error: there is no program `upssd`
      --> test.kdl:12:61
       |
    12 |     expect { flag "there" machine="a"; cut-ordered; log "x" process="upssd" machine="a"; }
       |                                                             ^^^^^^^^^^^^^^^
       |
    help: a program of the stack: upsd, upsmon, upsdrvctl or a driver, e.g. usbhid-ups; in the kernel lane also kernel, init and counter

    error: `flag` can't stand in `never`: it is asked for, it does not happen
      --> test.kdl:14:9
       |
    14 | never { flag "present" machine="a"; }
       |         ^^^^
       |
    help: use `refute` in a block
    "#);
}

#[test]
fn what_is_done_on_machines_finds_the_only_one_that_can() {
    let text = r#"scenario "machines"
ups "u" { device "megatec-650"; }
machine "a" { serves "u"; monitor "u"; }
machine "b" { monitor "u" at="a" role="secondary"; }
at 0 {
    kill "driver"; start "driver"; restart "upsd"; kill "upsmon" machine="b"
    cut-network "b" "a"; command "test.battery.stop"; write-flag machine="b"
    expect { flag "absent" machine="b"; }
}
"#;
    let (scenario, faults) = parse("test", text);
    assert_eq!(faults, []);
    let done: Vec<_> = scenario.blocks[0]
        .actions
        .iter()
        .map(|action| format!("{}: {}", action.place, action.kind))
        .collect();
    assert_eq!(
        done,
        [
            "a: kill the driver of u",
            "a: start the driver of u",
            "a: restart upsd",
            "b: kill upsmon",
            "b: network to a cut",
            "a: command test.battery.stop to u",
            "b: a powerdown flag is left over",
        ]
    );
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
