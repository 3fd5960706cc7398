//! `upscmd`: lists and gives instant commands.

use super::{SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "clients/upscmd/list",
        "upscmd(8)",
        Must,
        "upscmd -l prints the commands with their descriptions, and needs no login.",
        r#"
        run upscmd -l dummy@{server}
        exit 0
        stdout Instant commands supported on UPS [dummy]:
        stdout
        stdout beeper.toggle - Toggle the UPS beeper
        stdout load.off - Turn off the load immediately
        stdout end
        heard not USERNAME root
        "#,
    ),
    talk(
        "clients/upscmd/list-of-nothing",
        SEEN,
        Observed,
        "A UPS without commands has an empty list, and the exit code is 0.",
        "
        serve: LIST CMD dummy => BEGIN LIST CMD dummy | END LIST CMD dummy
        run upscmd -l dummy@{server}
        exit 0
        stdout Instant commands supported on UPS [dummy]:
        stdout
        stdout end
        ",
    ),
    talk(
        "clients/upscmd/list-without-descriptions",
        SEEN,
        Observed,
        "A command whose description is refused is listed by its name.",
        "
        serve: GET CMDDESC * => ERR UNKNOWN-COMMAND
        run upscmd -l dummy@{server}
        exit 0
        stdout Instant commands supported on UPS [dummy]:
        stdout
        stdout beeper.toggle
        stdout load.off
        stdout end
        ",
    ),
    talk(
        "clients/upscmd/order",
        "upscmd(8), net-protocol",
        Must,
        "A command is given after USERNAME and PASSWORD; OK is printed to standard error.",
        "
        run upscmd -u admin -p secret dummy@{server} load.off
        exit 0
        stderr ~ ^OK$
        stdout end
        heard USERNAME admin
        heard PASSWORD secret
        heard INSTCMD dummy load.off
        heard not SET TRACKING ON
        ",
    ),
    talk(
        "clients/upscmd/value",
        "upscmd(8)",
        Must,
        "A value is sent after the command.",
        r#"
        serve: INSTCMD dummy load.off 30 => OK
        serve: INSTCMD dummy load.off "30" => OK
        serve: INSTCMD * => ERR INVALID-ARGUMENT
        run upscmd -u admin -p secret dummy@{server} load.off 30
        exit 0
        stderr ~ ^OK$
        "#,
    ),
    talk(
        "clients/upscmd/value-of-words",
        "net-protocol",
        Must,
        "A value with blanks, quotes and backslashes is sent as one word.",
        r#"
        run upscmd -u admin -p secret dummy@{server} load.off 'in a "week" \'
        exit 0
        heard INSTCMD dummy load.off "in a \"week\" \\"
        "#,
    ),
    talk(
        "clients/upscmd/refused",
        SEEN,
        Observed,
        "A refusal is printed with the server's word, and the exit code is 1.",
        "
        serve: INSTCMD dummy a.a => ERR ACCESS-DENIED
        serve: INSTCMD dummy b.b => ERR CMD-NOT-SUPPORTED
        serve: INSTCMD dummy c.c => ERR INSTCMD-FAILED
        serve: INSTCMD dummy d.d => ERR DATA-STALE
        run upscmd -u admin -p secret dummy@{server} a.a
        exit 1
        stderr ~ ^Unexpected response from upsd: ERR ACCESS-DENIED$
        run upscmd -u admin -p secret dummy@{server} b.b
        exit 1
        stderr ~ ^Unexpected response from upsd: ERR CMD-NOT-SUPPORTED$
        run upscmd -u admin -p secret dummy@{server} c.c
        exit 1
        stderr ~ ^Unexpected response from upsd: ERR INSTCMD-FAILED$
        run upscmd -u admin -p secret dummy@{server} d.d
        exit 1
        stderr ~ ^Unexpected response from upsd: ERR DATA-STALE$
        ",
    ),
    talk(
        "clients/upscmd/no-answer",
        SEEN,
        Observed,
        "What begins with neither OK nor ERR, and a blank line, are no success.",
        r#"
        serve: INSTCMD dummy a.a => what
        serve: INSTCMD dummy b.b => ok
        serve: INSTCMD dummy c.c => {raw "\n"}
        run upscmd -u admin -p secret dummy@{server} a.a
        exit 1
        stderr ~ ^Unexpected response from upsd:
        run upscmd -u admin -p secret dummy@{server} b.b
        exit 1
        run upscmd -u admin -p secret dummy@{server} c.c
        exit 1
        "#,
    ),
    talk(
        "clients/upscmd/hang-up",
        SEEN,
        Observed,
        "A server that hangs up instead of an answer has not carried the command out.",
        "
        serve: INSTCMD dummy load.off => {hang up}
        run upscmd -u admin -p secret dummy@{server} load.off
        exit 1
        stderr ~ ^Instant command failed: Server disconnected$
        ",
    ),
    talk(
        "clients/upscmd/tracking-unasked",
        SEEN,
        Observed,
        "An OK with a tracking id that was not asked for is printed as it is.",
        "
        serve: INSTCMD dummy load.off => OK TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        run upscmd -u admin -p secret dummy@{server} load.off
        exit 0
        stderr ~ ^OK
        heard not GET TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        ",
    ),
];
