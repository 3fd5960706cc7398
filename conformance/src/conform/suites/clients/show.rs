//! `upsc` at a server that is right.

use super::{SEEN, run, talk};
use crate::conform::Level::{May, Must, Observed};
use crate::conform::{Case, Miss, Outcome, Script, Stage, ensure, ensure_eq};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    talk(
        "clients/upsc/all",
        "upsc(8)",
        Must,
        "upsc UPS prints every variable as `name: value`, in the server's order, and ends with 0.",
        "
        run upsc dummy@{server}
        exit 0
        stdout battery.charge: 100
        stdout device.mfr: Outage
        stdout ups.status: OL
        stdout end
        ",
    ),
    talk(
        "clients/upsc/one",
        "upsc(8)",
        Must,
        "upsc UPS VARIABLE prints the value alone.",
        "
        run upsc dummy@{server} battery.charge
        exit 0
        stdout 100
        stdout end
        heard GET VAR dummy battery.charge
        heard not LIST VAR dummy
        ",
    ),
    talk(
        "clients/upsc/names",
        "upsc(8)",
        Must,
        "upsc -l prints the names of the UPSes.",
        r#"
        serve: LIST UPS => BEGIN LIST UPS | UPS one "First" | UPS two "Second" | END LIST UPS
        run upsc -l {server}
        exit 0
        stdout one
        stdout two
        stdout end
        "#,
    ),
    talk(
        "clients/upsc/descriptions",
        "upsc(8)",
        Must,
        "upsc -L prints the names of the UPSes with their descriptions.",
        r#"
        serve: LIST UPS => BEGIN LIST UPS | UPS one "First: the \"one\" \\ it" | UPS two "" | END LIST UPS
        run upsc -L {server}
        exit 0
        stdout one: First: the "one" \ it
        stdout ~ two: ?
        stdout end
        "#,
    ),
    talk(
        "clients/upsc/clients",
        "upsc(8)",
        Must,
        "upsc -c prints the addresses of the clients that are logged in.",
        "
        serve: LIST CLIENT dummy => BEGIN LIST CLIENT dummy | CLIENT dummy 127.0.0.1 | CLIENT dummy ::1 | END LIST CLIENT dummy
        run upsc -c dummy@{server}
        exit 0
        stdout 127.0.0.1
        stdout ::1
        stdout end
        ",
    ),
    talk(
        "clients/upsc/empty-lists",
        SEEN,
        Observed,
        "A list of nothing prints nothing and ends with 0.",
        "
        serve: LIST UPS => BEGIN LIST UPS | END LIST UPS
        serve: LIST VAR dummy => BEGIN LIST VAR dummy | END LIST VAR dummy
        serve: LIST CLIENT dummy => BEGIN LIST CLIENT dummy | END LIST CLIENT dummy
        run upsc -l {server}
        exit 0
        heard LIST UPS
        stdout end
        run upsc dummy@{server}
        exit 0
        heard LIST VAR dummy
        stdout end
        run upsc -c dummy@{server}
        exit 0
        heard LIST CLIENT dummy
        stdout end
        ",
    ),
    talk(
        "clients/upsc/escapes",
        "net-protocol",
        Must,
        "Escaped quotes, backslashes and number signs are printed as themselves.",
        r#"
        serve: GET VAR dummy device.model => VAR dummy device.model "a \"b\" \\ \# c"
        serve: LIST VAR dummy => BEGIN LIST VAR dummy | VAR dummy device.model "a \"b\" \\ \# c" | END LIST VAR dummy
        run upsc dummy@{server} device.model
        exit 0
        stdout a "b" \ # c
        run upsc dummy@{server}
        exit 0
        stdout device.model: a "b" \ # c
        "#,
    ),
    talk(
        "clients/upsc/empty-value",
        SEEN,
        Observed,
        "An empty value is an empty line.",
        r#"
        serve: GET VAR dummy ups.id => VAR dummy ups.id ""
        run upsc dummy@{server} ups.id
        exit 0
        stdout
        stdout end
        "#,
    ),
    talk(
        "clients/upsc/long-value",
        "net-protocol",
        Must,
        "A value of 400 characters is printed whole.",
        r#"
        serve: GET VAR dummy ups.id => {raw "VAR dummy ups.id \"{v*400}\"\n"}
        run upsc dummy@{server} ups.id
        exit 0
        stdout {v*400}
        "#,
    ),
    talk(
        "clients/upsc/quoted-name",
        SEEN,
        Observed,
        "A variable's name with blanks is quoted when it is asked for.",
        r#"
        run upsc dummy@{server} 'ups. status'
        exit 1
        heard GET VAR dummy "ups. status"
        "#,
    ),
    talk(
        "clients/upsc/starttls-first",
        "net-protocol STARTTLS, nut 2.8.0 as seen",
        Observed,
        "A server that refuses STARTTLS is asked without TLS.",
        "
        serve: STARTTLS => ERR FEATURE-NOT-CONFIGURED
        run upsc dummy@{server} ups.status
        exit 0
        stdout OL
        ",
    ),
    talk(
        "clients/upsc/starttls-refused-oddly",
        SEEN,
        Observed,
        "Whatever else STARTTLS is answered with is a refusal too.",
        "
        serve: STARTTLS => what
        run upsc dummy@{server} ups.status
        exit 0
        stdout OL
        ",
    ),
    talk(
        "clients/upsc/logs-out",
        SEEN,
        Observed,
        "upsc says LOGOUT before it hangs up.",
        "
        serve: LOGOUT => {nothing}
        run upsc dummy@{server} ups.status
        exit 0
        stdout OL
        wait 50ms
        heard LOGOUT
        ",
    ),
    talk(
        "clients/upsc/nothing-secret",
        SEEN,
        Observed,
        "upsc never says USERNAME or PASSWORD.",
        "
        run upsc dummy@{server}
        exit 0
        heard not USERNAME root
        heard LIST VAR dummy
        ",
    ),
    talk(
        "clients/upsc/slow",
        "net-protocol",
        Must,
        "A server that takes two seconds to answer, and a second amid a list, is waited for.",
        r#"
        serve: GET VAR dummy ups.status => {wait 2s} | VAR dummy ups.status "OB"
        serve: LIST UPS => BEGIN LIST UPS | {wait 1s} | UPS one "First" | END LIST UPS
        run upsc dummy@{server} ups.status
        exit 0
        stdout OB
        run upsc -l {server}
        exit 0
        stdout one
        "#,
    ),
    talk(
        "clients/upsc/pieces",
        "net-protocol",
        Must,
        "An answer that comes in pieces, or a list in one piece, is an answer.",
        r#"
        serve: GET VAR dummy ups.status => {raw "VAR dum"} | {wait 50ms} | {raw "my ups.status \"O"} | {wait 50ms} | {raw "L\"\n"}
        serve: LIST UPS => {raw "BEGIN LIST UPS\nUPS one \"First\"\nUPS two \"Second\"\nEND LIST UPS\n"}
        run upsc dummy@{server} ups.status
        exit 0
        stdout OL
        run upsc -l {server}
        exit 0
        stdout one
        stdout two
        stdout end
        "#,
    ),
    talk(
        "clients/upsc/host-names",
        "upsc(8)",
        Must,
        "The address may be written with or without a name of a UPS for -l, and the UPS's name counts in the case it was typed.",
        r#"
        serve: GET VAR DUMMY ups.status => VAR DUMMY ups.status "OL"
        run upsc DUMMY@{server} ups.status
        exit 0
        stdout OL
        heard GET VAR DUMMY ups.status
        "#,
    ),
    run(
        "clients/upsc/json",
        "upsc(8) of NUT 2.8.5, nut#3172",
        May,
        "upsc -j prints an object of all variables, an array of names, a string for one value, and an object for an error.",
        run_check!(json),
    ),
    run(
        "clients/upsc/thousand-variables",
        "net-protocol",
        Must,
        "A list of a thousand variables is printed whole and in order.",
        run_check!(thousand),
    ),
];

async fn thousand(stage: &mut Stage) -> Outcome {
    let mut rule = "LIST VAR dummy => BEGIN LIST VAR dummy".to_owned();
    for number in 0..1000 {
        rule += &format!(" | VAR dummy outlet.{number}.desc \"Outlet {number}\"");
    }
    rule += " | END LIST VAR dummy";
    let mut script = Script::default();
    script.rule(&rule)?;
    let server = stage.serve(script.or(Script::right()?)).await?;
    let ran = stage.program("upsc", &[&format!("dummy@{}", server.address)]).await?;
    ensure_eq("the exit code", ran.code, Some(0))?;
    ensure_eq("lines", ran.stdout.lines().count(), 1000)?;
    let last = ran.stdout.lines().last().ok_or_else(|| Miss::fail("no line"))?;
    ensure_eq("the last line", last, "outlet.999.desc: Outlet 999")
}

async fn json(stage: &mut Stage) -> Outcome {
    use serde_json::{Value, from_str};

    let help = stage.program("upsc", &["-h"]).await?.stdout;
    if !help.contains("-j") {
        return Err(Miss::Unimplemented("its help does not name -j".to_owned()));
    }
    let server = stage.serve(Script::right()?).await?;
    let (ups, missing) = (format!("dummy@{}", server.address), format!("attic@{}", server.address));
    let questions: [(&[&str], i32); 4] = [
        (&["-j", &ups, "ups.status"], 0),
        (&["-j", "-l", &server.address], 0),
        (&["-j", &ups], 0),
        (&["-j", &missing], 1),
    ];
    let mut answers = Vec::new();
    for (arguments, code) in questions {
        let ran = stage.program("upsc", arguments).await?;
        ensure_eq("the exit code", ran.code, Some(code))?;
        let value = from_str::<Value>(&ran.stdout);
        answers.push(value.map_err(|error| Miss::Fail(format!("{error} in {:?}", ran.stdout)))?);
    }
    ensure_eq("one value", &answers[0], &Value::from("OL"))?;
    ensure_eq("the names", &answers[1], &Value::from(vec!["dummy"]))?;
    ensure_eq("a variable", answers[2].get("battery.charge"), Some(&Value::from("100")))?;
    ensure(answers[3].get("error").is_some_and(Value::is_string), || format!("no error in {}", answers[3]))
}
