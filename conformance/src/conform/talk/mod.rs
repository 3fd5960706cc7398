//! Written conversations.
//!
//! A conversation is lines; blank ones and those that begin with `# ` say nothing. Blanks around a line do not count.
//!
//! ```text
//! setup: driver dummy stale          the fixture: see `Setup::line`. Without any it is the standard fixture, and
//!                                    conversations with the same setup share one running upsd while they only read
//! virtual-only: takes a minute       skipped where time is real, for this reason (also: real-only)
//!
//! > GET VAR dummy ups.status         sends this line on connection a, which opens when it is first used
//! >> "GET V\x00AR a b\r\n"           sends these bytes: \n \r \t \\ \" \xHH
//! < VAR dummy ups.status "OL"        the next line must be exactly this
//! << "VAR dummy a \"\xe4\""          the same in escaped form
//! <~ OK TRACKING (?<id>[0-9A-F-]+)   the whole next line must match this regular expression; named groups become facts
//! <? OK                              should be this: if not, the verdict is `non-strict`, and the conversation goes on
//! < ...                              everything up to and with the next line that begins with END LIST
//! closed                             it must hang up, without another word (closed within 70s: a limit of its own)
//! silence                            nothing must come for a while, and the connection must stay
//! close                              we hang up (finish: only for sending)
//! [b] > LIST UPS                     all of these on another connection; [b] open opens it
//!
//! driver dummy: SETINFO a "b"        the played driver of `dummy` says this line to upsd
//! driver dummy >> "SETINFO a"        or these bytes
//! driver dummy < INSTCMD load.off    upsd must say this to it (also <~ and silence); DUMPALL and PING do not count,
//!                                    the driver answers them by itself
//! driver dummy hangs up              it closes the connection, and goes on listening
//! driver dummy goes                  it closes the connection and its socket
//! driver dummy comes                 it listens (again)
//! driver dummy reconnected           upsd must have connected again since the last `goes` or `hangs up`
//! driver dummy ignores pings         PING is not answered any more
//! driver dummy dump: SETINFO a "c"   a line more in its next dump (no-dump: that begins empty; manner stale, mute, right)
//!
//! config upsd.users + [new]          a line more at the end of this file of the subject
//! config upsd.conf - MAXAGE 2        one less
//! config ups.conf clear              none at all
//! play attic "Under the roof"        the harness plays a driver for one UPS more, in ups.conf too; then `reload`
//! reload                             SIGHUP for upsd
//! stop                               SIGTERM for upsd; it must end with 0
//! ended 1                            upsd must have ended by itself with this exit code
//! wait 2s                            time passes (also ms)
//! log ~ not found                    a line of upsd's log must match this in some part (log !~: none may)
//!
//! serve: LIST UPS => ERR DATA-STALE  rules of a played server (see `Script`), before those of one that is right;
//! serve-only: * => {nothing}         or without those. It runs at {server} as soon as a program is run;
//!                                    nobody listens at {nobody}
//! stdin "secret\n"                   what the next program finds at its standard input
//! run upsc -l {server}               runs a program of the subject to its end (words by blanks, 'quoted' words whole)
//! exit 1                             its exit code must be this (exit not 0: any other); when it says `invalid option`
//!                                    instead, the verdict is `unimplemented`
//! stdout su700                       the next line of its standard output must be this (also <~ pattern, as `stdout ~`)
//! stdout end                         there must be no more of it
//! stderr ~ UPS .* unknown            some line of its standard error must match this in some part
//! heard LIST UPS                     the played server must have heard this line (heard not: must not)
//! ```
//!
//! `{name}` stands for a fact: `{ups}`, `{desc}`, `{var}`, `{value}` of the fixture's first UPS (or of the server somewhere),
//! `{upsd}` its address, `{server}` and `{nobody}`, and named groups of earlier patterns. `{x*513}` is 513 times `x`. Other
//! braces are themselves.
//!
//! What upsd learns on one wire it need not know on the other at once. After a line of a driver, a reload, a wait or a
//! hang-up, GET and LIST are asked again until the answer is the expected one, or a limit is over. For a claim that something
//! must *not* change, let the driver say something visible after it, look that up first, and then what must not have changed.

mod parse;
mod play;
mod step;

pub use self::parse::{escaped, length, parse};
pub use self::play::play;
pub use self::step::{Client, Driver, Edit, Expected, Step, Talk};
