//! `shutdown`: loads are turned off, in their order.

use super::{CONF, MAN, SEEN, code, conf, run, told, upsdrvctl};
use crate::conform::Level::{Must, Observed};
use crate::conform::{Case, Outcome, Stage};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "upsdrvctl/shutdown/all",
        MAN,
        Must,
        "shutdown calls the driver of each section with -k; those of the same order as the file has them.",
        run_check!(all),
    ),
    run(
        "upsdrvctl/shutdown/order",
        CONF,
        Must,
        "The lowest sdorder comes first and the highest last; without one it is 0.",
        run_check!(order),
    ),
    run(
        "upsdrvctl/shutdown/never",
        CONF,
        Must,
        "A UPS with sdorder -1 is left on when all are shut down.",
        run_check!(never),
    ),
    run(
        "upsdrvctl/shutdown/never-but-named",
        SEEN,
        Observed,
        "A UPS with sdorder -1 is shut down when it is named.",
        run_check!(never_but_named),
    ),
    run("upsdrvctl/shutdown/one", MAN, Must, "shutdown with a UPS calls its driver alone.", run_check!(one)),
    run(
        "upsdrvctl/shutdown/failed",
        "upsdrvctl(8): shutdown all",
        Must,
        "A driver that fails to turn its load off keeps no other load on, and it ends with 1.",
        run_check!(failed),
    ),
    run(
        "upsdrvctl/shutdown/hangs",
        "upsdrvctl(8): shutdown all, maxstartdelay of ups.conf(5)",
        Must,
        "A driver that hangs keeps no other load on for longer than maxstartdelay, and it ends with 1.",
        run_check!(hangs),
    ),
    run(
        "upsdrvctl/shutdown/not-retried",
        SEEN,
        Observed,
        "maxretry is for start: a load is turned off once.",
        run_check!(not_retried),
    ),
];

async fn all(stage: &mut Stage) -> Outcome {
    conf(stage, super::TWO)?;
    code(&upsdrvctl(stage, &["shutdown"]).await?, 0)?;
    told(stage, &["good -a one -k", "other -a two -k"])
}

async fn order(stage: &mut Stage) -> Outcome {
    conf(
        stage,
        "[late]\ndriver = good\nport = auto\nsdorder = 2\n[early]\ndriver = other\nport = auto\n\
         [between]\ndriver = slow\nport = auto\nsdorder = 1\n[also]\ndriver = good\nport = auto\nsdorder = 1\n",
    )?;
    code(&upsdrvctl(stage, &["shutdown"]).await?, 0)?;
    told(
        stage,
        &["other -a early -k", "slow -a between -k", "slow done", "good -a also -k", "good -a late -k"],
    )
}

const NEVER: &str = "[one]\ndriver = good\nport = auto\nsdorder = -1\n[two]\ndriver = other\nport = auto\n";

async fn never(stage: &mut Stage) -> Outcome {
    conf(stage, NEVER)?;
    code(&upsdrvctl(stage, &["shutdown"]).await?, 0)?;
    told(stage, &["other -a two -k"])
}

async fn never_but_named(stage: &mut Stage) -> Outcome {
    conf(stage, NEVER)?;
    code(&upsdrvctl(stage, &["shutdown", "one"]).await?, 0)?;
    told(stage, &["good -a one -k"])
}

async fn one(stage: &mut Stage) -> Outcome {
    conf(stage, super::TWO)?;
    code(&upsdrvctl(stage, &["shutdown", "two"]).await?, 0)?;
    told(stage, &["other -a two -k"])
}

async fn failed(stage: &mut Stage) -> Outcome {
    conf(stage, "[one]\ndriver = bad\nport = auto\n[two]\ndriver = other\nport = auto\n")?;
    code(&upsdrvctl(stage, &["shutdown"]).await?, 1)?;
    told(stage, &["bad -a one -k", "other -a two -k"])
}

async fn hangs(stage: &mut Stage) -> Outcome {
    conf(
        stage,
        "maxstartdelay = 1\n[one]\ndriver = hangs\nport = auto\n[two]\ndriver = other\nport = auto\n",
    )?;
    code(&upsdrvctl(stage, &["shutdown"]).await?, 1)?;
    told(stage, &["hangs -a one -k", "other -a two -k"])
}

async fn not_retried(stage: &mut Stage) -> Outcome {
    conf(stage, "maxretry = 3\nretrydelay = 0\n[one]\ndriver = second\nport = auto\n")?;
    code(&upsdrvctl(stage, &["shutdown"]).await?, 1)?;
    told(stage, &["second -a one -k"])
}
