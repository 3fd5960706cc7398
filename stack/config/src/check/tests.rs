//! Folders with one mistake each, and what is said of them.

use rstest::rstest;

use super::*;
use crate::Severity;

const NUT: &str = "MODE=standalone\n";
const UPS: &str = "[eaton3s]\n  driver = usbhid-ups\n  port = auto\n  desc = \"UPS\"\n";
const UPSD: &str = "LISTEN 127.0.0.1 3493\n";
const USERS: &str = "[admin]\n  password = \"PLZset@strongpassw0rdh3r3!\"\n  actions = SET\n  instcmds = ALL\n  upsmon primary\n";
const UPSMON: &str = "\
MONITOR eaton3s@localhost 1 admin \"PLZset@strongpassw0rdh3r3!\" master
SHUTDOWNCMD \"/sbin/shutdown -h +0\"
POWERDOWNFLAG /etc/killpower
";

/// Root's, and readable for the group of `nut`.
const RIGHTS: Rights = Rights { mode: 0o640, user: 0, group: 84 };

fn given(path: &str, text: &str) -> Option<Given> {
    Some(Given { path: path.to_owned(), text: text.as_bytes().to_vec(), rights: Some(RIGHTS) })
}

/// A folder in which nothing is wrong.
fn good() -> Folder {
    Folder {
        nut: given("nut.conf", NUT),
        ups: given("ups.conf", UPS),
        upsd: given("upsd.conf", UPSD),
        users: given("upsd.users", USERS),
        upsmon: given("upsmon.conf", UPSMON),
        upssched: None,
    }
}

fn found(folder: &Folder) -> Vec<Diagnostic> {
    let facts = Facts {
        drivers: &["blazer_ser", "dummy-ups", "nutdrv_qx", "usbhid-ups"],
        knows_option: &|_, option| option != "sereal",
        at: &|path| {
            Some(match path {
                "/" | "/etc" | "/var/lib" | "/mnt/usb" => There::Folder,
                "/etc/nut/upsd.pem" => There::File(RIGHTS),
                "/etc/nut/root.pem" => There::File(Rights { mode: 0o600, ..RIGHTS }),
                "/etc/nut/open.pem" => There::File(Rights { mode: 0o644, ..RIGHTS }),
                _ => There::Nothing,
            })
        },
        mount_point: &|path| Some(if path.starts_with("/mnt") { "/mnt/usb" } else { "/" }.to_owned()),
        host_name: "attic",
        own_user: Some(1000),
        accounts: Some(&|name| {
            let (user, groups) = match name {
                "root" => (0, vec![0]),
                "nut" => (84, vec![84]),
                "me" => (1000, vec![1000, 27]),
                _ => return None,
            };
            Some(Account { user, groups })
        }),
    };
    check(folder, &facts)
}

fn lines(folder: &Folder) -> Vec<String> {
    found(folder).iter().map(ToString::to_string).collect()
}

/// A file of the good folder.
fn named<'f>(folder: &'f mut Folder, file: &str) -> &'f mut Given {
    let given = match file {
        "nut.conf" => &mut folder.nut,
        "ups.conf" => &mut folder.ups,
        "upsd.conf" => &mut folder.upsd,
        "upsd.users" => &mut folder.users,
        _ => &mut folder.upsmon,
    };
    given.as_mut().unwrap()
}

/// The good folder with one text in one file replaced.
fn with(file: &str, from: &str, to: &str) -> Folder {
    let mut folder = good();
    let given = named(&mut folder, file);
    let text = String::from_utf8(given.text.clone()).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    given.text = text.replace(from, to).into_bytes();
    folder
}

#[test]
fn nothing_is_wrong() {
    assert_eq!(lines(&good()), Vec::<String>::new());
}

/// The set-up that many people copy lacks one line, and that is all there is to say of it.
#[test]
fn the_one_mistake_of_the_guide_is_named() {
    let folder = with("upsd.users", "  upsmon primary\n", "");
    assert_eq!(
        lines(&folder),
        [
            "upsd.users:1:1: error: user \"admin\" has no upsmon role: MONITOR on line 1 of upsmon.conf is refused \
         (add `upsmon primary` below [admin])"
        ]
    );
}

#[rstest]
#[case::mode(
    "nut.conf",
    "standalone",
    "none",
    "nut.conf:1:1: warning: MODE is none, so that nothing of this is started"
)]
#[case::no_mode(
    "nut.conf",
    "MODE=standalone",
    "POWEROFF_WAIT=1",
    "nut.conf:1:1: warning: without a MODE nothing"
)]
#[case::client(
    "nut.conf",
    "standalone",
    "netclient",
    "nut.conf:1:1: warning: MODE is netclient, so that the drivers"
)]
#[case::server(
    "nut.conf",
    "standalone",
    "netserver",
    "upsd.conf:1:1: warning: MODE is netserver, but no other machine"
)]
#[case::driver(
    "ups.conf",
    "usbhid-ups",
    "usbhid-usp",
    "ups.conf:2:3: error: there is no driver \"usbhid-usp\" (did you mean usbhid-ups?)"
)]
#[case::no_such(
    "ups.conf",
    "usbhid-ups",
    "snmp-ups",
    "ups.conf:2:3: error: there is no driver \"snmp-ups\" (there are blazer_ser"
)]
#[case::option(
    "ups.conf",
    "desc = \"UPS\"",
    "sereal = 5",
    "ups.conf:4:3: warning: usbhid-ups knows no option \"sereal\", ignored"
)]
#[case::delays(
    "ups.conf",
    "desc = \"UPS\"",
    "offdelay = 60",
    "ups.conf:4:3: warning: the load would be turned on again (ondelay 30 s) before"
)]
#[case::delay(
    "ups.conf",
    "desc = \"UPS\"",
    "ondelay = 20",
    "ups.conf:4:3: warning: the load would be turned on again (ondelay 20 s) before"
)]
#[case::no_delay(
    "ups.conf",
    "desc = \"UPS\"",
    "ondelay = 0",
    "ups.conf:4:3: warning: the load would be turned on again (ondelay 0 s) before"
)]
#[case::parser(
    "ups.conf",
    "desc = \"UPS\"",
    "maxretry = often",
    "ups.conf:4:14: error: maxretry needs a whole number"
)]
#[case::open(
    "upsd.conf",
    "127.0.0.1",
    "0.0.0.0",
    "upsd.conf:1:1: note: without CERTFILE passwords cross the network in the clear"
)]
#[case::directive("upsd.conf", "LISTEN", "LISTNE", "upsd.conf:1:1: warning: unknown directive")]
#[case::secondary(
    "upsd.users",
    "upsmon primary",
    "upsmon secondary",
    "upsd.users:1:1: error: user \"admin\" is no primary, as MONITOR on line 1"
)]
#[case::no_password(
    "upsd.users",
    "password",
    "actions = FSD #",
    "upsmon.conf:1:29: error: user \"admin\" has no password (line 1"
)]
#[case::ups(
    "upsmon.conf",
    "eaton3s@",
    "eaton3@",
    "upsmon.conf:1:9: error: there is no UPS \"eaton3\" in ups.conf (did you mean eaton3s?)"
)]
#[case::this_host(
    "upsmon.conf",
    "eaton3s@localhost",
    "nemo@Attic",
    "upsmon.conf:1:9: error: there is no UPS \"nemo\" in ups.conf (ups.conf has eaton3s)"
)]
#[case::user(
    "upsmon.conf",
    " admin ",
    " amdin ",
    "upsmon.conf:1:29: error: there is no user \"amdin\" in upsd.users (did you mean admin?)"
)]
#[case::password(
    "upsmon.conf",
    "h3r3!",
    "here!",
    "upsmon.conf:1:29: error: this password is not that of user \"admin\" (line 1 of upsd.users)"
)]
#[case::power("upsmon.conf", " 1 admin", " 0 admin", "upsmon.conf:1:1: error: insufficient power configured")]
#[case::supplies(
    "upsmon.conf",
    "POWERDOWNFLAG",
    "MINSUPPLIES 2\nPOWERDOWNFLAG",
    "upsmon.conf:3:1: error: insufficient power configured"
)]
#[case::command(
    "upsmon.conf",
    "SHUTDOWNCMD",
    "NOTIFYCMD",
    "upsmon.conf:1:1: error: without SHUTDOWNCMD nothing shuts this machine down"
)]
#[case::flag(
    "upsmon.conf",
    "POWERDOWNFLAG /etc/killpower",
    "",
    "upsmon.conf:1:1: warning: without POWERDOWNFLAG the UPS stays on"
)]
#[case::flag_folder(
    "upsmon.conf",
    "/etc/killpower",
    "/nowhere/killpower",
    "upsmon.conf:3:1: error: the folder /nowhere of POWERDOWNFLAG is not there (mkdir -p /nowhere)"
)]
#[case::flag_relative(
    "upsmon.conf",
    "/etc/killpower",
    "killpower",
    "upsmon.conf:3:1: error: POWERDOWNFLAG needs a path"
)]
#[case::flag_is_folder(
    "upsmon.conf",
    "/etc/killpower",
    "/var/lib",
    "upsmon.conf:3:1: error: POWERDOWNFLAG is a file, but /var/lib is a folder"
)]
#[case::flag_elsewhere(
    "upsmon.conf",
    "/etc/killpower",
    "/mnt/usb/killpower",
    "upsmon.conf:3:1: warning: /mnt/usb may be unmounted before POWERDOWNFLAG is looked for"
)]
#[case::dead(
    "upsmon.conf",
    "POWERDOWNFLAG",
    "DEADTIME 10\nPOWERDOWNFLAG",
    "upsmon.conf:3:1: warning: DEADTIME (10 s) is less than three times POLLFREQ (5 s)"
)]
#[case::poll(
    "upsmon.conf",
    "POWERDOWNFLAG",
    "POLLFREQ 6\nPOWERDOWNFLAG",
    "upsmon.conf:3:1: warning: DEADTIME (15 s) is less than three times POLLFREQ (6 s)"
)]
#[case::alert(
    "upsmon.conf",
    "POWERDOWNFLAG",
    "POLLFREQALERT 20\nDEADTIME 60\nPOWERDOWNFLAG",
    "upsmon.conf:3:1: warning: on battery this looks every 20 s, but upsd takes data for stale after 15 s (MAXAGE)"
)]
#[case::never_run(
    "upsmon.conf",
    "POWERDOWNFLAG",
    "NOTIFYCMD /bin/notify\nPOWERDOWNFLAG",
    "upsmon.conf:3:1: warning: NOTIFYCMD is never run: no NOTIFYFLAG has EXEC"
)]
#[case::upssched(
    "upsmon.conf",
    "POWERDOWNFLAG",
    "NOTIFYCMD /sbin/upssched\nNOTIFYFLAG ONBATT EXEC\nPOWERDOWNFLAG",
    "upsmon.conf:3:1: error: NOTIFYCMD is upssched, which needs upssched.conf"
)]
#[case::slave(
    "upsmon.conf",
    "master",
    "slave",
    "upsmon.conf:1:64: warning: this machine's own UPS \"eaton3s\" has no primary here"
)]
fn one_mistake(#[case] file: &str, #[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    let found = lines(&with(file, from, to));
    assert!(found.iter().any(|line| line.starts_with(expected)), "{found:#?}");
    assert!(found.len() <= 2, "{found:#?}");
    assert!(found.iter().all(|line| !line.contains("PLZset")), "{found:#?}");
}

#[test]
fn a_second_section_for_one_device() {
    let second = |more: &str| {
        let mut folder = good();
        let text = format!("{UPS}[other]\n  driver = usbhid-ups\n  port = auto\n{more}");
        folder.ups = given("ups.conf", &text);
        lines(&folder)
    };
    let all = second("");
    assert_eq!(
        all,
        [
            "ups.conf:7:3: error: \"eaton3s\" and \"other\" are for one and the same device (say by serial, or by vendorid \
         and productid, which is which)"
        ]
    );
    assert_eq!(second("  serial = G355\n"), Vec::<String>::new());
}

#[test]
fn host_sync_counts_where_there_are_secondaries() {
    let mut folder = with("upsmon.conf", "POWERDOWNFLAG", "HOSTSYNC 8\nPOWERDOWNFLAG");
    assert_eq!(lines(&folder), Vec::<String>::new());
    folder.upsd = given("upsd.conf", "LISTEN 192.168.1.5\nCERTFILE /etc/nut/upsd.pem\n");
    assert_eq!(
        lines(&folder),
        [
            "upsmon.conf:3:1: warning: HOSTSYNC (8 s) is too short for secondaries: they look every 5 s and take 5 s to go \
         (10 s or more)"
        ]
    );
}

#[test]
fn an_open_server_without_users() {
    let mut folder = with("upsd.conf", "127.0.0.1", "*");
    folder.users = given("upsd.users", "");
    let found = lines(&folder);
    let expected = "upsd.conf:1:1: warning: other machines can reach this server, but upsd.users lets none of them log in";
    assert!(found.iter().any(|line| line.starts_with(expected)), "{found:#?}");
}

#[test]
fn files_that_a_mode_needs() {
    let mut folder = good();
    folder.users = None;
    assert_eq!(lines(&folder), ["nut.conf:1:1: error: MODE=standalone needs upsd.users, which is not there"]);
}

#[rstest]
#[case(0o644, Severity::Warning)]
#[case(0o666, Severity::Error)]
fn modes_of_files_with_passwords(#[case] mode: u32, #[case] severity: Severity) {
    let mut folder = good();
    for given in [&mut folder.users, &mut folder.upsmon, &mut folder.ups].into_iter().flatten() {
        given.rights = Some(Rights { mode, ..RIGHTS });
    }
    let found = found(&folder);
    let files: Vec<_> = found.iter().map(|one| (one.file.as_str(), one.severity)).collect();
    let all = [("ups.conf", severity), ("upsd.users", severity), ("upsmon.conf", severity)];
    // What holds no password may be read.
    assert_eq!(files, all[usize::from(mode & 0o002 == 0)..]);
}

#[rstest]
#[case::as_it_should_be("upsd.users", RIGHTS, &[])]
#[case::for_upsd("upsd.users", Rights { group: 0, ..RIGHTS }, &[
    "upsd.users:1:1: error: upsd runs as \"nut\", who may not read upsd.users (mode 0640, user 0, group 0) (chgrp it to a \
     group that nut is in, and chmod 640 upsd.users)",
])]
#[case::for_nobody("ups.conf", Rights { mode: 0o600, ..RIGHTS }, &[
    "ups.conf:1:1: error: upsd runs as \"nut\", who may not read ups.conf (mode 0600, user 0, group 84) (chgrp it to a \
     group that nut is in, and chmod 640 ups.conf)",
])]
#[case::its_own("upsd.conf", Rights { mode: 0o600, user: 84, group: 0 }, &[])]
#[case::its_own_and_yet_not("upsd.conf", Rights { mode: 0o040, user: 84, group: 84 }, &[
    "upsd.conf:1:1: error: upsd runs as \"nut\", who may not read upsd.conf (mode 0040, user 84, group 84) (chgrp it to a \
     group that nut is in, and chmod 640 upsd.conf)",
])]
#[case::for_all("nut.conf", Rights { mode: 0o666, ..RIGHTS }, &[
    "nut.conf:1:1: error: every user of this machine can change nut.conf (mode 0666) (chmod 640 nut.conf)",
])]
#[case::for_a_group("upsmon.conf", Rights { mode: 0o660, ..RIGHTS }, &[
    "upsmon.conf:1:1: warning: group 84 can change upsmon.conf (mode 0660), and so what root does (chmod g-w upsmon.conf)",
])]
#[case::for_root_s_group("upsmon.conf", Rights { mode: 0o660, user: 0, group: 0 }, &[])]
#[case::a_daemon_s("upsmon.conf", Rights { user: 84, ..RIGHTS }, &[
    "upsmon.conf:1:1: warning: user 84, whose it is, can change upsmon.conf, and so what root does (chown root upsmon.conf)",
])]
#[case::who_asks("upsmon.conf", Rights { user: 1000, ..RIGHTS }, &[])]
fn whose_a_file_is(#[case] file: &str, #[case] rights: Rights, #[case] said: &[&str]) {
    let mut folder = good();
    named(&mut folder, file).rights = Some(rights);
    assert_eq!(lines(&folder), said);
}

/// The users that the files name, and what these cannot read.
#[rstest]
#[case("upsmon.conf", "POWERDOWNFLAG", "RUN_AS_USER nut\nPOWERDOWNFLAG", &[])]
#[case("upsmon.conf", "POWERDOWNFLAG", "RUN_AS_USER root\nPOWERDOWNFLAG", &[])]
#[case("upsmon.conf", "POWERDOWNFLAG", "RUN_AS_USER me\nPOWERDOWNFLAG", &["upsmon.conf: upsmon runs as \"me\","])]
#[case("upsmon.conf", "POWERDOWNFLAG", "RUN_AS_USER no-one\nPOWERDOWNFLAG", &["upsmon.conf: there is no user \"no-one\""])]
#[case("nut.conf", "MODE", "UPSMON_OPTIONS=\"-D -u me\"\nMODE", &["upsmon.conf: upsmon runs as \"me\","])]
#[case("nut.conf", "MODE", "UPSMON_OPTIONS=-uno-one\nMODE", &["nut.conf: there is no user \"no-one\""])]
#[case("nut.conf", "MODE", "UPSD_OPTIONS='-u me'\nMODE", &[
    "ups.conf: upsd runs as \"me\",", "upsd.conf: upsd runs as \"me\",", "upsd.users: upsd runs as \"me\",",
])]
#[case("nut.conf", "MODE", "UPSD_OPTIONS='-u no-one'\nMODE", &["nut.conf: there is no user \"no-one\""])]
#[case("nut.conf", "MODE", "UPSD_OPTIONS=-D\nMODE", &[])]
fn whom_the_daemons_run_as(#[case] file: &str, #[case] from: &str, #[case] to: &str, #[case] said: &[&str]) {
    let found = found(&with(file, from, to));
    let lines: Vec<_> = found.iter().map(|one| format!("{}: {}", one.file, one.message)).collect();
    assert_eq!(lines.len(), said.len(), "{lines:?}");
    assert!(lines.iter().zip(said).all(|(line, said)| line.starts_with(said)), "{lines:?}");
}

/// What encryption needs of the file system.
#[rstest]
#[case("upsd.conf", "CERTFILE /etc/nut/upsd.pem\nCERTPATH /etc", &[])]
#[case("upsd.conf", "CERTFILE /etc/nut/no.pem", &[
    "upsd.conf:2:1: error: there is no /etc/nut/no.pem for CERTFILE (a file in PEM with the certificate, its chain and its key)",
])]
#[case("upsd.conf", "CERTFILE /etc", &["upsd.conf:2:1: error: CERTFILE is a file, but /etc is a folder"])]
#[case("upsd.conf", "CERTFILE /etc/nut/root.pem", &[
    "upsd.conf:2:1: error: upsd runs as \"nut\", who may not read /etc/nut/root.pem (mode 0600, user 0, group 84) (chgrp it \
     to a group that nut is in, and chmod 640 /etc/nut/root.pem)",
])]
#[case("upsd.conf", "CERTFILE /etc/nut/open.pem", &[
    "upsd.conf:2:1: warning: every user of this machine can read the key in /etc/nut/open.pem (mode 0644) (chmod 640 \
     /etc/nut/open.pem)",
])]
#[case("upsd.conf", "CERTFILE /etc/nut/upsd.pem\nCERTPATH /nowhere", &[
    "upsd.conf:3:1: error: there is no /nowhere for CERTPATH (a file in PEM with the certificates that are trusted, or a \
     folder of such files)",
])]
#[case("upsmon.conf", "RUN_AS_USER nut\nCERTFILE /etc/nut/upsd.pem", &[])]
#[case("upsmon.conf", "CERTFILE /etc/nut/root.pem", &[])]
#[case("upsmon.conf", "RUN_AS_USER nut\nCERTFILE /etc/nut/root.pem", &[
    "upsmon.conf:5:1: error: upsmon runs as \"nut\", who may not read /etc/nut/root.pem (mode 0600, user 0, group 84) (chgrp \
     it to a group that nut is in, and chmod 640 /etc/nut/root.pem)",
])]
fn what_encryption_needs(#[case] file: &str, #[case] more: &str, #[case] said: &[&str]) {
    let mut folder = good();
    let text = &mut named(&mut folder, file).text;
    text.extend_from_slice(format!("{more}\n").as_bytes());
    assert_eq!(lines(&folder), said);
}

/// upssched is a program of upsmon's, and reads its file as upsmon's user.
#[test]
fn upssched_is_no_more_than_upsmon() {
    let mut folder = with(
        "upsmon.conf",
        "POWERDOWNFLAG",
        "RUN_AS_USER nut\nNOTIFYCMD /sbin/upssched\nNOTIFYFLAG FSD EXEC\nPOWERDOWNFLAG",
    );
    folder.upssched =
        given("upssched.conf", "CMDSCRIPT /bin/true\nPIPEFN /run/nut/pipe\nLOCKFN /run/nut/lock\n");
    assert_eq!(lines(&folder), Vec::<String>::new());
    if let Some(file) = &mut folder.upssched {
        file.rights = Some(Rights { group: 0, ..RIGHTS });
    }
    let lines = lines(&folder);
    assert!(lines.len() == 1 && lines[0].contains("upssched runs as \"nut\", who may not read"), "{lines:?}");
}

#[test]
fn a_ups_elsewhere_is_nobody_s_business_here() {
    let folder = Folder {
        nut: given("nut.conf", "MODE=netclient\n"),
        upsmon: given(
            "upsmon.conf",
            "MONITOR rack@nas 1 monuser secret secondary\nSHUTDOWNCMD /sbin/poweroff\n",
        ),
        ..Folder::default()
    };
    assert_eq!(lines(&folder), Vec::<String>::new());
}

#[test]
fn a_folder_without_anything() {
    assert_eq!(lines(&Folder::default()), Vec::<String>::new());
}

#[test]
fn secrets_are_not_shown() {
    let masked = Masked::new("etc/upsmon.conf", UPSMON.as_bytes());
    assert!(
        masked.text.starts_with("MONITOR eaton3s@localhost 1 admin *** master\nSHUTDOWNCMD \"/sbin"),
        "{}",
        masked.text
    );
    let at = UPSMON.find("master").unwrap();
    assert_eq!(&masked.text[masked.span(&(at..at + 6))], "master");
    let masked = Masked::new("upsd.users", USERS.as_bytes());
    assert_eq!(
        masked.text,
        "[admin]\n  password = ***\n  actions = SET\n  instcmds = ALL\n  upsmon primary\n"
    );
}

#[rstest]
#[case("upsd.users", "[admin]\n  PLZset@strongpassw0rdh3r3!\n")]
#[case("upsd.users", "[admin]\n  password = PLZset@strongpassw0rdh3r3! more PLZset\n")]
#[case("upsd.users", "[admin]\n  password = \"PLZset@strongpassw0rdh3r3!\n  upsmon primary\n")]
#[case("upsd.users", "# password = PLZset\n[admin]\n")]
#[case("upsmon.conf", "MONITOR ups@localhost admin PLZset@strongpassw0rdh3r3! master\n")]
#[case("upsmon.conf", "MONTIOR ups@localhost 1 admin PLZset@strongpassw0rdh3r3! master\n")]
#[case("upsmon.conf", "MONITOR ups@localhost 1 admin \"PLZset master\n")]
#[case("upsmon.conf", "CERTIDENT name PLZset\n")]
#[case("upsd.conf", "CERTIDENT name PLZset\n")]
#[case("ups.conf", "[a]\nauthPassword = PLZset\ncommunity = PLZset\n")]
fn secrets_are_not_shown_wherever_they_slip(#[case] name: &str, #[case] text: &str) {
    let masked = Masked::new(name, text.as_bytes());
    assert!(!masked.text.contains("PLZset") && masked.text.contains("***"), "{}", masked.text);
    assert_eq!(masked.text.lines().count(), text.lines().count());
    // The words of messages are no secrets either.
    let mut folder = good();
    let given = given(name, text);
    match name {
        "upsd.users" => folder.users = given,
        "upsmon.conf" => folder.upsmon = given,
        "upsd.conf" => folder.upsd = given,
        _ => folder.ups = given,
    }
    assert!(lines(&folder).iter().all(|line| !line.contains("PLZset")), "{:#?}", lines(&folder));
}

quickcheck::quickcheck! {
    /// Any place of any file is a place of what is shown.
    fn places_stay_places(file: Vec<u8>, from: usize, length: usize) -> bool {
        let masked = Masked::new("upsmon.conf", &file);
        let from = from % (file.len() + 1);
        let span = masked.span(&(from..(from + length % 9).min(file.len())));
        span.start <= span.end && span.end <= masked.text.len()
    }

    fn no_file_makes_it_panic(ups: String, users: String, upsmon: String) -> bool {
        let mut folder = good();
        folder.ups = given("ups.conf", &ups);
        folder.users = given("upsd.users", &users);
        folder.upsmon = given("upsmon.conf", &upsmon);
        found(&folder).iter().all(|fault| fault.line > 0)
    }
}
