//! `-w` and `-t`: waiting for what became of an order.

use super::{SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    talk(
        "clients/wait/success",
        "upscmd(8), upsrw(8)",
        Must,
        "With -w tracking is switched on before the order, and SUCCESS is printed to standard error.",
        r#"
        serve: INSTCMD dummy load.off => OK TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        serve: SET VAR dummy ups.id "x" => OK TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        serve: GET TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2 => SUCCESS
        run upscmd -w -u admin -p secret dummy@{server} load.off
        exit 0
        stderr ~ ^SUCCESS$
        heard SET TRACKING ON
        heard GET TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        run upsrw -w -u admin -p secret -s ups.id=x dummy@{server}
        exit 0
        stderr ~ ^SUCCESS$
        "#,
    ),
    talk(
        "clients/wait/failed",
        "upscmd(8): returns the actual result from the device",
        Should,
        "An order that the driver failed to carry out is printed with the server's word and ends with an exit code other than 0.",
        "
        serve: INSTCMD dummy load.off => OK TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        serve: GET TRACKING * => ERR FAILED
        run upscmd -w -u admin -p secret dummy@{server} load.off
        stderr ~ ^ERR FAILED$
        exit not 0
        ",
    ),
    talk(
        "clients/wait/failed-text",
        SEEN,
        Observed,
        "The server's word on a tracked order is printed as it is.",
        "
        serve: INSTCMD dummy a.a => OK TRACKING 00000001-CB49-4AEC-9D75-D056E6F018D2
        serve: INSTCMD dummy b.b => OK TRACKING 00000002-CB49-4AEC-9D75-D056E6F018D2
        serve: INSTCMD dummy c.c => OK TRACKING 00000003-CB49-4AEC-9D75-D056E6F018D2
        serve: GET TRACKING 00000001-CB49-4AEC-9D75-D056E6F018D2 => ERR UNKNOWN
        serve: GET TRACKING 00000002-CB49-4AEC-9D75-D056E6F018D2 => ERR INVALID-ARGUMENT
        serve: GET TRACKING 00000003-CB49-4AEC-9D75-D056E6F018D2 => ERR FAILED
        run upscmd -w -u admin -p secret dummy@{server} a.a
        stderr ~ ^ERR UNKNOWN$
        run upscmd -w -u admin -p secret dummy@{server} b.b
        stderr ~ ^ERR INVALID-ARGUMENT$
        run upscmd -w -u admin -p secret dummy@{server} c.c
        stderr ~ ^ERR FAILED$
        ",
    ),
    talk(
        "clients/wait/time-out",
        "upscmd(8)",
        Must,
        "-t limits the wait, in seconds; an order that is still pending then is an error.",
        r#"
        serve: INSTCMD dummy load.off => OK TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        serve: SET VAR dummy ups.id "x" => OK TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        serve: GET TRACKING * => PENDING
        run upscmd -w -t 1 -u admin -p secret dummy@{server} load.off
        exit 1
        stderr ~ ^Can't receive status tracking information: timeout$
        run upsrw -w -t 1 -u admin -p secret -s ups.id=x dummy@{server}
        exit 1
        stderr ~ ^Can't receive status tracking information: timeout$
        "#,
    ),
    talk(
        "clients/wait/no-number",
        SEEN,
        Observed,
        "A -t that is no whole number is refused before anything is asked.",
        "
        run upscmd -w -t soon -u admin -p secret dummy@{server} load.off
        exit 1
        stderr ~ ^Could not convert the provided value for timeout
        run upscmd -w -t -1 -u admin -p secret dummy@{server} load.off
        exit 1
        run upsrw -w -t 1.5 -u admin -p secret -s ups.id=x dummy@{server}
        exit 1
        heard not INSTCMD dummy load.off
        ",
    ),
    talk(
        "clients/wait/without-w",
        SEEN,
        Observed,
        "-t alone waits for nothing.",
        "
        run upscmd -t 3 -u admin -p secret dummy@{server} load.off
        exit 0
        stderr ~ ^OK$
        heard not SET TRACKING ON
        ",
    ),
    talk(
        "clients/wait/no-tracking",
        SEEN,
        Observed,
        "A server that refuses tracking is given no order.",
        r#"
        serve: SET TRACKING ON => ERR FEATURE-NOT-SUPPORTED
        run upscmd -w -u admin -p secret dummy@{server} load.off
        exit 1
        stderr ~ ^Enabling command status tracking failed. upsd answered: ERR FEATURE-NOT-SUPPORTED$
        heard not INSTCMD dummy load.off
        run upsrw -w -u admin -p secret -s ups.id=x dummy@{server}
        exit 1
        stderr ~ ^Enabling set variable status tracking failed. upsd answered: ERR FEATURE-NOT-SUPPORTED$
        heard not SET VAR dummy ups.id "x"
        "#,
    ),
    talk(
        "clients/wait/no-id",
        SEEN,
        Observed,
        "An OK without an id is all that there is to wait for.",
        "
        run upscmd -w -u admin -p secret dummy@{server} load.off
        exit 0
        stderr ~ ^OK$
        ",
    ),
    talk(
        "clients/wait/refused",
        SEEN,
        Observed,
        "A tracked order that is refused is refused at once.",
        "
        serve: INSTCMD dummy load.off => ERR ACCESS-DENIED
        run upscmd -w -u admin -p secret dummy@{server} load.off
        exit 1
        stderr ~ ^Unexpected response from upsd: ERR ACCESS-DENIED$
        ",
    ),
    talk(
        "clients/wait/hang-up",
        SEEN,
        Observed,
        "A server that hangs up while it is waited for is an error.",
        "
        serve: INSTCMD dummy load.off => OK TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        serve: GET TRACKING * => {hang up}
        run upscmd -w -u admin -p secret dummy@{server} load.off
        exit 1
        stderr ~ ^Can't receive status tracking information: Server disconnected$
        ",
    ),
    talk(
        "clients/wait/garbage",
        "net-protocol",
        Should,
        "What is neither PENDING nor SUCCESS is no success.",
        "
        serve: INSTCMD dummy load.off => OK TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        serve: GET TRACKING * => what
        run upscmd -w -u admin -p secret dummy@{server} load.off
        exit not 0
        heard GET TRACKING 1BD31808-CB49-4AEC-9D75-D056E6F018D2
        ",
    ),
];
