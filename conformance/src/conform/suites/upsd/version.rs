//! VER, PROTVER, NETVER, HELP, and verbs that there are not.

use super::{PROTOCOL, SEEN, read};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    read(
        "upsd/ver/form",
        PROTOCOL,
        Must,
        "VER tells the server's name and version in one line.",
        "
        > VER
        <~ Network UPS Tools upsd [0-9]+\\.[0-9]+\\.[0-9]+\\S* - https?://www\\.networkupstools\\.org/
        ",
    ),
    read(
        "upsd/ver/arguments",
        SEEN,
        Observed,
        "VER takes no argument.",
        "
        > VER 1
        < ERR INVALID-ARGUMENT
        ",
    ),
    read(
        "upsd/protver/form",
        "net-protocol, protocol version 1.3",
        Must,
        "PROTVER tells the version of the protocol.",
        "
        > PROTVER
        < 1.3
        ",
    ),
    read(
        "upsd/protver/arguments",
        SEEN,
        Observed,
        "PROTVER takes no argument.",
        "
        > PROTVER 1
        < ERR INVALID-ARGUMENT
        ",
    ),
    read(
        "upsd/netver/form",
        "net-protocol, protocol version 1.2",
        Must,
        "NETVER, the older name of PROTVER, is answered alike.",
        "
        > NETVER
        < 1.3
        > NETVER 1
        < ERR INVALID-ARGUMENT
        ",
    ),
    read(
        "upsd/help/form",
        PROTOCOL,
        Must,
        "HELP lists verbs of the server in one line, GET and LIST among them.",
        "
        > HELP
        <~ Commands: HELP VER (.* )?GET LIST SET INSTCMD LOGIN LOGOUT USERNAME PASSWORD STARTTLS.*
        ",
    ),
    read(
        "upsd/help/protver",
        "nut 2.8.3 (server/netmisc.c)",
        Observed,
        "HELP names PROTVER.",
        "
        > HELP
        <~ Commands: .*\\bPROTVER\\b.*
        ",
    ),
    read(
        "upsd/help/arguments",
        SEEN,
        Observed,
        "HELP takes no argument.",
        "
        > HELP GET
        < ERR INVALID-ARGUMENT
        ",
    ),
    read(
        "upsd/unknown/verb",
        PROTOCOL,
        Must,
        "A verb that there is not is answered with UNKNOWN-COMMAND, and the session goes on.",
        "
        > NONSENSE
        < ERR UNKNOWN-COMMAND
        > NONSENSE with arguments
        < ERR UNKNOWN-COMMAND
        > PROTVER
        < 1.3
        ",
    ),
    read(
        "upsd/unknown/part-of-a-verb",
        PROTOCOL,
        Must,
        "Verbs are not to be shortened or drawn out.",
        "
        > PROT
        < ERR UNKNOWN-COMMAND
        > PROTVERS
        < ERR UNKNOWN-COMMAND
        > LISTUPS
        < ERR UNKNOWN-COMMAND
        ",
    ),
    read(
        "upsd/unknown/old-verbs",
        "net-protocol (removed in protocol version 1.1)",
        Must,
        "The verbs of before NUT 1.5 are unknown: old clients see it and take others.",
        "
        > REQ STATUS
        < ERR UNKNOWN-COMMAND
        > LISTVARS
        < ERR UNKNOWN-COMMAND
        > LISTRW
        < ERR UNKNOWN-COMMAND
        > LISTINSTCMD
        < ERR UNKNOWN-COMMAND
        > VARTYPE ups.status
        < ERR UNKNOWN-COMMAND
        > VARDESC ups.status
        < ERR UNKNOWN-COMMAND
        > INSTCMDDESC load.off
        < ERR UNKNOWN-COMMAND
        > ENUM ups.status
        < ERR UNKNOWN-COMMAND
        ",
    ),
];
