//! upsd.users: what each line grants, and what none does.

use super::{SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

const USERS: &str = "upsd.users(5)";

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/users/primary",
        USERS,
        Must,
        "`upsmon primary` grants LOGIN, PRIMARY and FSD, and neither SET nor commands.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < OK
        > PRIMARY dummy
        < OK PRIMARY-GRANTED
        > SET VAR dummy ups.id x
        < ERR ACCESS-DENIED
        > INSTCMD dummy load.off
        < ERR ACCESS-DENIED
        > FSD dummy
        < OK FSD-SET
        ",
    ),
    talk(
        "upsd/users/master",
        "upsd.users(5) of NUT before 2.8",
        Must,
        "`upsmon master` grants what `upsmon primary` does.",
        "
        > USERNAME master
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < OK
        > PRIMARY dummy
        < OK PRIMARY-GRANTED
        > MASTER dummy
        < OK MASTER-GRANTED
        > SET VAR dummy ups.id x
        < ERR ACCESS-DENIED
        > FSD dummy
        < OK FSD-SET
        ",
    ),
    talk(
        "upsd/users/secondary",
        USERS,
        Must,
        "`upsmon secondary` grants LOGIN only.",
        "
        > USERNAME secondary
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < OK
        > PRIMARY dummy
        < ERR ACCESS-DENIED
        > FSD dummy
        < ERR ACCESS-DENIED
        > SET VAR dummy ups.id x
        < ERR ACCESS-DENIED
        > INSTCMD dummy load.off
        < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/users/slave",
        "upsd.users(5) of NUT before 2.8",
        Must,
        "`upsmon slave` grants what `upsmon secondary` does.",
        "
        > USERNAME slave
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < OK
        > PRIMARY dummy
        < ERR ACCESS-DENIED
        > FSD dummy
        < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/users/nothing",
        USERS,
        Must,
        "A user with a password alone may do nothing that needs a user.",
        "
        > USERNAME guest
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < ERR ACCESS-DENIED
        > PRIMARY dummy
        < ERR ACCESS-DENIED
        > FSD dummy
        < ERR ACCESS-DENIED
        > SET VAR dummy ups.id x
        < ERR ACCESS-DENIED
        > INSTCMD dummy load.off
        < ERR ACCESS-DENIED
        driver dummy silence
        ",
    ),
    talk(
        "upsd/users/set-and-fsd",
        USERS,
        Must,
        "`actions = SET` grants SET VAR, `actions = FSD` grants FSD; neither grants LOGIN or PRIMARY.",
        "
        setup: upsd.users [setter]
        setup: upsd.users password = secret
        setup: upsd.users actions = SET
        setup: upsd.users [forcer]
        setup: upsd.users password = secret
        setup: upsd.users actions = FSD
        > USERNAME setter
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id x
        < OK
        > FSD dummy
        < ERR ACCESS-DENIED
        > LOGIN dummy
        < ERR ACCESS-DENIED
        [b] > USERNAME forcer
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > SET VAR dummy ups.id x
        [b] < ERR ACCESS-DENIED
        [b] > PRIMARY dummy
        [b] < ERR ACCESS-DENIED
        [b] > FSD dummy
        [b] < OK FSD-SET
        ",
    ),
    talk(
        "upsd/users/actions-by-name",
        SEEN,
        Observed,
        "LOGIN, MASTER and PRIMARY are actions, too; either of the latter two grants PRIMARY and MASTER.",
        "
        setup: upsd.users [in]
        setup: upsd.users password = secret
        setup: upsd.users actions = login
        setup: upsd.users [old]
        setup: upsd.users password = secret
        setup: upsd.users actions = master
        setup: upsd.users [new]
        setup: upsd.users password = secret
        setup: upsd.users actions = primary
        > USERNAME in
        < OK
        > PASSWORD secret
        < OK
        > PRIMARY dummy
        < ERR ACCESS-DENIED
        > LOGIN dummy
        < OK
        [b] > USERNAME old
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < ERR ACCESS-DENIED
        [b] > PRIMARY dummy
        [b] < OK PRIMARY-GRANTED
        [b] > MASTER dummy
        [b] < OK MASTER-GRANTED
        [c] > USERNAME new
        [c] < OK
        [c] > PASSWORD secret
        [c] < OK
        [c] > PRIMARY dummy
        [c] < OK PRIMARY-GRANTED
        [c] > MASTER dummy
        [c] < OK MASTER-GRANTED
        ",
    ),
    talk(
        "upsd/users/commands-all",
        USERS,
        Must,
        "`instcmds = ALL` grants every instant command.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off
        < OK
        > INSTCMD dummy beeper.toggle
        < OK
        ",
    ),
    talk(
        "upsd/users/commands-by-name",
        USERS,
        Must,
        "`instcmds = NAME` grants this command, each line one more, and no other.",
        "
        > USERNAME operator
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy beeper.toggle
        < OK
        > INSTCMD dummy test.battery.start
        < OK
        > INSTCMD dummy load.off
        < ERR ACCESS-DENIED
        > SET VAR dummy ups.id x
        < ERR ACCESS-DENIED
        driver dummy < INSTCMD beeper.toggle
        driver dummy < INSTCMD test.battery.start
        driver dummy silence
        ",
    ),
    talk(
        "upsd/users/commands-in-any-case",
        SEEN,
        Observed,
        "Case does not count in what is granted: actions, commands, ALL, upsmon's role.",
        "
        setup: upsd.users [loose]
        setup: upsd.users password = secret
        setup: upsd.users actions = Set
        setup: upsd.users instcmds = LOAD.Off
        setup: upsd.users upsmon Secondary
        setup: upsd.users [all]
        setup: upsd.users password = secret
        setup: upsd.users instcmds = all
        > USERNAME loose
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id x
        < OK
        > INSTCMD dummy load.off
        < OK
        > LOGIN dummy
        < OK
        [b] > USERNAME all
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > INSTCMD dummy load.off
        [b] < OK
        ",
    ),
    talk(
        "upsd/users/part-of-a-command",
        USERS,
        Must,
        "What is granted is one command, not all whose names begin so.",
        "
        setup: dump dummy: ADDCMD load.off.delay
        setup: upsd.users [some]
        setup: upsd.users password = secret
        setup: upsd.users instcmds = load.off
        > USERNAME some
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off.delay
        < ERR ACCESS-DENIED
        > INSTCMD dummy load.off
        < OK
        ",
    ),
    talk(
        "upsd/users/several-on-a-line",
        SEEN,
        Observed,
        "A line may grant several things.",
        "
        setup: upsd.users [many]
        setup: upsd.users password = secret
        setup: upsd.users actions = SET FSD
        setup: upsd.users instcmds = load.off beeper.toggle
        > USERNAME many
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id x
        < OK
        > INSTCMD dummy beeper.toggle
        < OK
        > INSTCMD dummy test.battery.start
        < ERR ACCESS-DENIED
        > FSD dummy
        < OK FSD-SET
        ",
    ),
    talk(
        "upsd/users/equals-sign",
        SEEN,
        Observed,
        "`key=value` is read like `key = value`, also for upsmon.",
        "
        setup: upsd.users [tight]
        setup: upsd.users password=secret
        setup: upsd.users actions=SET
        setup: upsd.users upsmon=primary
        > USERNAME tight
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id x
        < OK
        > LOGIN dummy
        < OK
        > PRIMARY dummy
        < OK PRIMARY-GRANTED
        ",
    ),
    talk(
        "upsd/users/keys-in-any-case",
        SEEN,
        Observed,
        "Case does not count in the keys of upsd.users.",
        "
        setup: upsd.users [loud]
        setup: upsd.users PASSWORD = secret
        setup: upsd.users Actions = SET
        > USERNAME loud
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id x
        < OK
        ",
    ),
    talk(
        "upsd/users/second-password",
        SEEN,
        Observed,
        "Of two passwords in a section the first counts.",
        "
        setup: upsd.users [twice]
        setup: upsd.users password = first
        setup: upsd.users password = second
        setup: upsd.users actions = SET
        > USERNAME twice
        < OK
        > PASSWORD first
        < OK
        > SET VAR dummy ups.id x
        < OK
        [b] > USERNAME twice
        [b] < OK
        [b] > PASSWORD second
        [b] < OK
        [b] > SET VAR dummy ups.id x
        [b] < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/users/second-section",
        SEEN,
        Observed,
        "Of two sections of one name the first one's password counts.",
        "
        setup: upsd.users [guest]
        setup: upsd.users password = other
        setup: upsd.users actions = SET
        > USERNAME guest
        < OK
        > PASSWORD other
        < OK
        > SET VAR dummy ups.id x
        < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/users/second-section-grants-nobody-else",
        USERS,
        Must,
        "What stands in a second section of a name is granted to no other user.",
        "
        setup: upsd.users [last]
        setup: upsd.users password = secret
        setup: upsd.users [guest]
        setup: upsd.users actions = SET
        > USERNAME last
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id x
        < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/users/bad-lines",
        SEEN,
        Should,
        "A line that makes no sense loses nothing else of its section.",
        "
        setup: upsd.users [rough]
        setup: upsd.users nonsense = 1
        setup: upsd.users allowfrom = localhost
        setup: upsd.users password = secret
        setup: upsd.users upsmon wizard
        setup: upsd.users lonely
        setup: upsd.users actions = SET
        > USERNAME rough
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < ERR ACCESS-DENIED
        > SET VAR dummy ups.id x
        < OK
        ",
    ),
    talk(
        "upsd/users/all-upses",
        SEEN,
        Observed,
        "A user's grants are for all UPSes.",
        "
        setup: ups attic
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > PRIMARY dummy
        < OK PRIMARY-GRANTED
        > PRIMARY attic
        < OK PRIMARY-GRANTED
        ",
    ),
    talk(
        "upsd/users/none",
        USERS,
        Must,
        "With an empty upsd.users everything can be read and nothing else done.",
        r#"
        setup: bare
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OL"
        > GET VAR attic ups.status
        < VAR attic ups.status "OL"
        > USERNAME root
        < OK
        > PASSWORD ""
        < OK
        > LOGIN attic
        < ERR ACCESS-DENIED
        > FSD attic
        < ERR ACCESS-DENIED
        "#,
    ),
];
