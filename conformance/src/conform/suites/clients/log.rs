//! `upslog`: formats, systems, intervals, files, and servers that come and go.

use std::time::Duration;

use outage_host::Signal;
use tokio::time::{sleep, timeout};

use super::{SEEN, run, talk};
use crate::conform::Level::{May, Must, Observed, Should};
use crate::conform::lab::{LIMIT, Process, Start, Target};
use crate::conform::serve::Server;
use crate::conform::{Case, Miss, Outcome, Script, Stage, ensure, ensure_eq};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    talk(
        "clients/upslog/no-system",
        SEEN,
        Observed,
        "Without a system upslog says so and ends with 1.",
        "
        run upslog -l - -i 1
        exit 1
        stderr ~ No UPS defined for monitoring - use -s <system>
        ",
    ),
    talk(
        "clients/upslog/no-file",
        SEEN,
        Observed,
        "Without a file upslog says so and ends with 1.",
        "
        run upslog -s dummy@{server} -i 1
        exit 1
        stderr ~ No filename defined for logging - use -l <file>
        ",
    ),
    talk(
        "clients/upslog/bad-system",
        SEEN,
        Observed,
        "A system that is none ends upslog with 1.",
        "
        run upslog -s dummy@127.0.0.1:x -l - -i 1
        exit 1
        stderr ~ invalid UPS definition
        ",
    ),
    talk(
        "clients/upslog/bad-file",
        SEEN,
        Observed,
        "A file that can't be written to ends upslog with 1, and is named.",
        "
        run upslog -s dummy@{server} -l /no/such/folder/log -i 1
        exit 1
        stderr ~ could not open logfile /no/such/folder/log
        ",
    ),
    run(
        "clients/upslog/default",
        "upslog(8)",
        Must,
        "The default format has the time and seven values, NA for those that the server does not have.",
        run_check!(default),
    ),
    run(
        "clients/upslog/values",
        "upslog(8)",
        Must,
        "%VAR name% is the value, NA when there is none; %% is a percent sign; other text is itself.",
        run_check!(values),
    ),
    run(
        "clients/upslog/time",
        "upslog(8)",
        Must,
        "%TIME format% is the time by strftime, with @ for its percent signs.",
        run_check!(time),
    ),
    run(
        "clients/upslog/hosts",
        "upslog(8)",
        Must,
        "%HOST% is this machine's name, %UPSHOST% the system as it was given, %PID% a number.",
        run_check!(hosts),
    ),
    run(
        "clients/upslog/invalid",
        SEEN,
        Observed,
        "A word that is unknown, a percent sign alone and one at the end are INVALID; the rest of the line is as usual.",
        run_check!(invalid),
    ),
    run("clients/upslog/backslash", SEEN, Observed, "A backslash is itself.", run_check!(backslash)),
    run(
        "clients/upslog/interval",
        "upslog(8)",
        Must,
        "The first line comes at once, the others at the interval.",
        run_check!(interval),
    ),
    run(
        "clients/upslog/interval-no-number",
        "upslog(8)",
        Should,
        "An interval that is no number is refused.",
        run_check!(interval_no_number),
    ),
    run(
        "clients/upslog/file",
        "upslog(8)",
        Must,
        "Lines are added to the file, after what was there.",
        run_check!(file),
    ),
    run(
        "clients/upslog/reopens",
        "upslog(8)",
        Must,
        "SIGHUP opens the file again: one that was moved away is begun anew.",
        run_check!(reopens),
    ),
    run("clients/upslog/ends", "upslog(8)", Must, "SIGTERM ends upslog with 0.", run_check!(ends)),
    run(
        "clients/upslog/nobody",
        SEEN,
        Observed,
        "A server that is not there costs no line: its values are NA.",
        run_check!(nobody),
    ),
    run(
        "clients/upslog/refused",
        SEEN,
        Observed,
        "A value that is refused is NA, and the next one is asked for.",
        run_check!(refused),
    ),
    run(
        "clients/upslog/garbled",
        SEEN,
        Observed,
        "A value whose answer is none is NA, and the next one is asked for.",
        run_check!(garbled),
    ),
    run(
        "clients/upslog/comes-back",
        SEEN,
        Must,
        "After a server hung up, upslog connects again.",
        run_check!(comes_back),
    ),
    run("clients/upslog/wakes", SEEN, Observed, "SIGUSR1 writes a line now.", run_check!(wakes)),
    run(
        "clients/upslog/operands",
        SEEN,
        Observed,
        "The old form without options is understood: SYSTEM FILE INTERVAL FORMAT.",
        run_check!(operands),
    ),
    run(
        "clients/upslog/several",
        "upslog(8) of NUT 2.8.1",
        May,
        "-m SYSTEM,FILE may be given several times, a file each.",
        run_check!(several),
    ),
    run(
        "clients/upslog/count",
        "upslog(8) of NUT 2.8.3",
        May,
        "-d N ends upslog after N lines.",
        run_check!(count),
    ),
];

/// Values of the played server.
const RULES: &str = "GET VAR dummy ups.load => {hang up}\n";

/// A running upslog and the server that it asks.
struct Logging {
    process: Box<dyn Process>,
    server: Server,
}

impl Logging {
    /// `arguments` may name `{server}`.
    async fn start(stage: &mut Stage, rules: &str, arguments: &[&str]) -> Result<Self, Miss> {
        let script = Script::parse(rules)?.or(Script::right()?);
        let server = stage.serve(script).await?;
        let arguments: Vec<_> =
            arguments.iter().map(|argument| argument.replace("{server}", &server.address)).collect();
        let mut start = Start::new("upslog", &[]);
        start.arguments = arguments;
        let process = stage.start(start).await?;
        Ok(Self { process, server })
    }

    /// What it has logged to standard output, without what it says of itself.
    fn lines(&self) -> Vec<String> {
        let (out, _) = self.process.output();
        let own =
            |line: &&str| line.starts_with("Network UPS Tools") || line.starts_with("logging status of");
        // A line without its end is none yet.
        let whole = out.rfind('\n').map_or("", |end| &out[..end]);
        whole.split('\n').filter(|line| !own(line)).map(str::to_owned).collect()
    }

    /// Waits for so many lines.
    async fn until(&mut self, count: usize) -> Result<Vec<String>, Miss> {
        let looking = async {
            loop {
                let lines = self.lines();
                if lines.len() >= count && lines.iter().any(|line| !line.is_empty()) {
                    return Ok(lines);
                }
                if timeout(Duration::from_millis(10), self.process.ended()).await.is_ok() {
                    let (out, err) = self.process.output();
                    return Err(Miss::Fail(format!("upslog ended: {out:?} {err:?}")));
                }
            }
        };
        match timeout(LIMIT * 2, looking).await {
            Ok(done) => done,
            Err(_) => Err(Miss::Fail(format!("no {count} lines, but {:?}", self.process.output()))),
        }
    }

    /// Ends it: its exit code.
    async fn end(&mut self) -> Result<Option<i32>, Miss> {
        self.process.signal(Signal::Term);
        let ended = timeout(LIMIT, self.process.ended()).await;
        ended.map_err(|_| Miss::fail("upslog still runs after SIGTERM"))
    }
}

/// The first line of this format.
async fn first(stage: &mut Stage, format: &str) -> Result<String, Miss> {
    let arguments = ["-s", "dummy@{server}", "-l", "-", "-i", "1", "-f", format];
    let mut log = Logging::start(stage, "", &arguments).await?;
    let line = log.until(1).await?.remove(0);
    log.end().await?;
    Ok(line)
}

async fn default(stage: &mut Stage) -> Outcome {
    let mut log = Logging::start(stage, "", &["-s", "dummy@{server}", "-l", "-", "-i", "1"]).await?;
    let line = log.until(1).await?.remove(0);
    log.end().await?;
    let words: Vec<_> = line.split(' ').collect();
    ensure_eq("words", words.len(), 8)?;
    let digits = |word: &str, count| word.len() == count && word.bytes().all(|byte| byte.is_ascii_digit());
    ensure(digits(words[0], 8) && digits(words[1], 6), || format!("no time: {line:?}"))?;
    ensure_eq("the values", &words[2..], &["100", "NA", "NA", "[OL]", "NA", "NA"][..])
}

async fn values(stage: &mut Stage) -> Outcome {
    let line =
        first(stage, "<%VAR ups.status%> %VAR no.such% 100%% %VAR battery.charge%%VAR device.mfr%|").await?;
    ensure_eq("the line", line.as_str(), "<OL> NA 100% 100Outage|")
}

async fn time(stage: &mut Stage) -> Outcome {
    let line = first(stage, "%TIME @Y-@m-@dT@H:@M:@S% %TIME @@%").await?;
    let pattern: String = line.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    ensure_eq("the shape of the line", pattern.as_str(), "0000-00-00T00:00:00 %")
}

async fn hosts(stage: &mut Stage) -> Outcome {
    let line = first(stage, "%HOST% %UPSHOST% %PID%").await?;
    let words: Vec<_> = line.split(' ').collect();
    ensure_eq("words", words.len(), 3)?;
    ensure(!words[0].is_empty() && words[0] != "INVALID", || format!("no host: {line:?}"))?;
    ensure(words[1].starts_with("dummy@"), || format!("no system: {line:?}"))?;
    ensure(words[2].parse::<u32>().is_ok(), || format!("no pid: {line:?}"))
}

async fn invalid(stage: &mut Stage) -> Outcome {
    ensure_eq("a word", first(stage, "x%FOO%y %VAR ups.status%").await?.as_str(), "xINVALIDy OL")?;
    ensure_eq("VAR of nothing", first(stage, "%VAR% z").await?.as_str(), "INVALID z")?;
    ensure_eq("no end", first(stage, "a %VAR ups.status").await?.as_str(), "a INVALIDVAR ups.status")?;
    ensure_eq("alone", first(stage, "100% z").await?.as_str(), "100INVALID z")
}

async fn backslash(stage: &mut Stage) -> Outcome {
    ensure_eq("the line", first(stage, "a\\tb\\n%VAR ups.status%").await?.as_str(), "a\\tb\\nOL")
}

const STATUS: [&str; 2] = ["-f", "%VAR ups.status%"];

async fn interval(stage: &mut Stage) -> Outcome {
    let arguments = ["-s", "dummy@{server}", "-l", "-", "-i", "2", STATUS[0], STATUS[1]];
    let begun = stage.record().now();
    let mut log = Logging::start(stage, "", &arguments).await?;
    log.until(1).await?;
    let one = stage.record().now() - begun;
    log.until(2).await?;
    let two = stage.record().now() - begun;
    log.end().await?;
    ensure(one < Duration::from_millis(1500), || format!("the first line came after {one:?}"))?;
    // C programs sleep to a full second.
    let seconds = (two - one).as_secs_f64();
    ensure((1.0..3.5).contains(&seconds), || format!("the second line came {seconds} s after the first"))
}

async fn interval_no_number(stage: &mut Stage) -> Outcome {
    let server = stage.serve(Script::right()?).await?;
    let system = format!("dummy@{}", server.address);
    let start = Start::new("upslog", &["-s", &system, "-l", "-", "-i", "soon", "-f", "x"]);
    let ran = stage.run(start, Duration::from_millis(300)).await?;
    ensure(!ran.hung, || format!("it logs without a pause: {} lines", ran.stdout.lines().count()))?;
    ensure(ran.code.is_some_and(|code| code != 0), || format!("it ended with {:?}", ran.code))
}

/// Root's upslog would become a user who may not look into the folder.
const AS_ROOT: [&str; 2] = ["-u", "root"];

async fn until_file(stage: &Stage, wanted: impl Fn(&str) -> bool) -> Result<String, Miss> {
    let mut text = String::new();
    for _ in 0..800 {
        text = stage.read("run/ups.log").unwrap_or_default();
        if wanted(&text) {
            return Ok(text);
        }
        sleep(Duration::from_millis(10)).await;
    }
    Err(Miss::Fail(format!("the log holds {text:?}")))
}

fn to_file(stage: &Stage) -> Vec<String> {
    let file = stage.lab().path("run/ups.log").display().to_string();
    let words = ["-s", "dummy@{server}", "-F", "-i", "1", STATUS[0], STATUS[1], "-l"];
    let mut words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    words.push(file);
    if *stage.target() != Target::OursVirtual && rustix::process::geteuid().is_root() {
        words.extend(AS_ROOT.map(str::to_owned));
    }
    words
}

async fn file(stage: &mut Stage) -> Outcome {
    stage.write("run/ups.log", "what was there\n", 0o640)?;
    let words = to_file(stage);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut log = Logging::start(stage, "", &words).await?;
    let text = until_file(stage, |text| text.matches("OL\n").count() >= 2).await?;
    log.end().await?;
    ensure(text.starts_with("what was there\nOL\nOL\n"), || format!("the file holds {text:?}"))?;
    ensure(log.lines().iter().all(|line| line.is_empty()), || format!("standard output: {:?}", log.lines()))
}

async fn reopens(stage: &mut Stage) -> Outcome {
    stage.write("run/ups.log", "", 0o640)?;
    let words = to_file(stage);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut log = Logging::start(stage, "", &words).await?;
    until_file(stage, |text| text.starts_with("OL\n")).await?;
    let removed = stage.lab().remove("run/ups.log");
    removed.map_err(|error| Miss::Fail(format!("failed to remove the log: {error}")))?;
    log.process.signal(Signal::Hup);
    until_file(stage, |text| text.starts_with("OL\n")).await?;
    let code = log.end().await?;
    ensure_eq("the exit code", code, Some(0))
}

async fn ends(stage: &mut Stage) -> Outcome {
    let arguments = ["-s", "dummy@{server}", "-l", "-", "-i", "30", STATUS[0], STATUS[1]];
    let mut log = Logging::start(stage, "", &arguments).await?;
    ensure_eq("the first line", log.until(1).await?.remove(0).as_str(), "OL")?;
    ensure_eq("the exit code", log.end().await?, Some(0))
}

async fn nobody(stage: &mut Stage) -> Outcome {
    let address = format!("dummy@{}", stage.nobody().await?);
    let mut log =
        Logging::start(stage, "", &["-s", &address, "-l", "-", "-i", "1", STATUS[0], STATUS[1]]).await?;
    let lines = log.until(2).await?;
    ensure_eq("the lines", &lines[..2], &["NA".to_owned(), "NA".to_owned()][..])?;
    ensure_eq("the exit code", log.end().await?, Some(0))
}

async fn refused(stage: &mut Stage) -> Outcome {
    let rules = "GET VAR dummy a.a => ERR DATA-STALE\nGET VAR dummy b.b => ERR NO-COFFEE\n";
    two_lines(stage, rules, "%VAR a.a% %VAR b.b% %VAR ups.status%", "NA NA OL").await
}

async fn garbled(stage: &mut Stage) -> Outcome {
    let rules = "GET VAR dummy a.a => what\nGET VAR dummy b.b => VAR dummy c.c \"x\"\n";
    two_lines(stage, rules, "%VAR a.a% %VAR b.b% %VAR ups.status%", "NA NA OL").await
}

async fn two_lines(stage: &mut Stage, rules: &str, format: &str, expected: &str) -> Outcome {
    let arguments = ["-s", "dummy@{server}", "-l", "-", "-i", "1", "-f", format];
    let mut log = Logging::start(stage, rules, &arguments).await?;
    let lines = log.until(2).await?;
    log.end().await?;
    ensure_eq("the lines", &lines[..2], &[expected.to_owned(), expected.to_owned()][..])
}

async fn comes_back(stage: &mut Stage) -> Outcome {
    // The last value of each line makes the server hang up.
    let format = "%VAR ups.status% %VAR ups.load%";
    let mut log =
        Logging::start(stage, RULES, &["-s", "dummy@{server}", "-l", "-", "-i", "1", "-f", format]).await?;
    let lines = log.until(3).await?;
    log.end().await?;
    let good = lines.iter().filter(|line| *line == "OL NA").count();
    ensure(good >= 2, || format!("the lines: {lines:?}"))?;
    let asked = log.server.heard().iter().filter(|line| *line == "GET VAR dummy ups.status").count();
    ensure(asked >= 2, || "the server was asked once only".to_owned())
}

async fn wakes(stage: &mut Stage) -> Outcome {
    let arguments = ["-s", "dummy@{server}", "-l", "-", "-i", "600", STATUS[0], STATUS[1]];
    let mut log = Logging::start(stage, "", &arguments).await?;
    log.until(1).await?;
    stage.settle().await;
    log.process.signal(Signal::Usr1);
    log.until(2).await?;
    log.end().await.map(drop)
}

async fn operands(stage: &mut Stage) -> Outcome {
    let mut log = Logging::start(stage, "", &["dummy@{server}", "-", "1", "<%VAR ups.status%>"]).await?;
    let line = log.until(1).await?.remove(0);
    log.end().await?;
    // The words of the format may be glued together again with a blank after each.
    ensure_eq("the line", line.trim_end(), "<OL>")
}

/// Whether this upslog's help names an option; one that does not know it goes to the background with what is left.
async fn knows(stage: &mut Stage, option: &str) -> Outcome {
    let ran = stage.program("upslog", &["-h"]).await?;
    let help = ran.stdout + &ran.stderr;
    if help.lines().any(|line| line.trim_start().starts_with(option)) {
        Ok(())
    } else {
        Err(Miss::Unimplemented(format!("its help does not name {option}")))
    }
}

async fn several(stage: &mut Stage) -> Outcome {
    knows(stage, "-m").await?;
    let one = stage.lab().path("run/one.log").display().to_string();
    let two = stage.lab().path("run/two.log").display().to_string();
    let (one, two) = (format!("dummy@{{server}},{one}"), format!("dummy@{{server}},{two}"));
    let mut words = vec!["-m", &one, "-m", &two, "-F", "-i", "1", STATUS[0], STATUS[1]];
    if *stage.target() != Target::OursVirtual && rustix::process::geteuid().is_root() {
        words.extend(AS_ROOT);
    }
    let mut log = Logging::start(stage, "", &words).await?;
    let mut seen = [String::new(), String::new()];
    for _ in 0..800 {
        seen = ["run/one.log", "run/two.log"].map(|file| stage.read(file).unwrap_or_default());
        if seen.iter().all(|text| text.starts_with("OL\n")) {
            return ensure_eq("the exit code", log.end().await?, Some(0));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Err(Miss::Fail(format!("the logs hold {seen:?}")))
}

async fn count(stage: &mut Stage) -> Outcome {
    knows(stage, "-d").await?;
    let arguments = ["-s", "dummy@{server}", "-l", "-", "-i", "1", "-d", "2", STATUS[0], STATUS[1]];
    let mut log = Logging::start(stage, "", &arguments).await?;
    let ended = timeout(LIMIT * 2, log.process.ended()).await;
    let code = ended.map_err(|_| Miss::fail("it does not end"))?;
    ensure_eq("the exit code", code, Some(0))?;
    ensure_eq("the lines", log.lines().as_slice(), &["OL".to_owned(), "OL".to_owned()][..])
}
