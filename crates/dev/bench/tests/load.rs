//! `sekisho-bench load` against receivers that behave and that do not: what is
//! lost, doubled, refused or late is found and told.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod relay;

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sekisho_bench::load::figures::{Figures, Run};

use relay::Relay;

const BENCH: &str = env!("CARGO_BIN_EXE_sekisho-bench");

/// An address that is free now.
fn free() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

fn bench(arguments: &[&str]) -> Command {
    let mut bench = Command::new(BENCH);
    bench.args(["load", "--lang", "en"]).args(arguments).stdin(Stdio::null());
    bench
}

/// Through `relay` to a sink: exit code and what was measured.
fn through(relay: &Relay, arguments: &[&str]) -> (i32, Run) {
    let (to, sink) = (relay.address.to_string(), relay.sink.to_string());
    let output = bench(&["--json", "--to", &to, "--sink", &sink, "--patience", "2s"]).args(arguments).output().unwrap();
    (output.status.code().unwrap(), parsed(&output))
}

fn parsed(output: &Output) -> Run {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|err| panic!("{err}: {output:?}"))
}

fn only(run: &Run) -> &Figures {
    assert_eq!(run.results.len(), 1);
    &run.results[0]
}

#[test]
fn every_mail_of_a_profile_arrives_at_all_its_recipients() {
    let relay = Relay::start(free(), Duration::ZERO, |_| 1);
    let (code, run) = through(&relay, &["town-130", "--count", "60", "--connections", "4"]);
    let figures = only(&run);
    assert_eq!((code, figures.accepted, figures.delivered, figures.held), (0, 60, 60, None));
    assert!(figures.sound() && figures.refused.is_empty() && figures.strange == 0);
    assert!(figures.to_delivery.p50 > 0.0 && figures.to_delivery.p50 <= figures.to_delivery.max);
    assert_eq!(figures.intervals.iter().map(|piece| piece.delivered).sum::<u64>(), 60);
    let recipients = relay.mails().iter().map(|mail| mail.recipients.len()).max();
    assert!(recipients > Some(1), "a profile has mails for several");
}

#[test]
fn a_mail_that_a_relay_drops_is_lost() {
    let relay = Relay::start(free(), Duration::ZERO, |mail| usize::from(mail != 7));
    let (code, run) = through(&relay, &["town-130", "--count", "20"]);
    let figures = only(&run);
    assert_eq!((code, figures.accepted, figures.delivered, figures.lost, figures.duplicates), (1, 20, 19, 1, 0));
}

#[test]
fn a_mail_that_comes_twice_is_a_duplicate() {
    let relay = Relay::start(free(), Duration::ZERO, |mail| if mail == 3 { 2 } else { 1 });
    let one = tempfile::NamedTempFile::new().unwrap();
    fs::write(one.path(), "Subject: x\n\ny\n").unwrap();
    let (code, run) = through(&relay, &[one.path().to_str().unwrap(), "--count", "20"]);
    let figures = only(&run);
    assert_eq!((code, figures.delivered, figures.lost, figures.duplicates), (1, 20, 0, 1));
}

#[test]
fn what_a_slow_server_keeps_waiting_counts_from_when_it_was_due() {
    // One connection, 50 ms a mail at least, and 100 mails due a second: the 20th is due after
    // 190 ms and done after 1000 at the earliest. A sleep may be longer, never shorter.
    let relay = Relay::start(free(), Duration::from_millis(50), |_| 1);
    let (code, run) = through(&relay, &["town-130", "--rate", "100", "--connections", "1", "--count", "20"]);
    let figures = only(&run);
    assert_eq!((code, figures.accepted, figures.delivered), (0, 20, 20));
    assert!(figures.to_reply.max >= 800.0, "{:?}", figures.to_reply);
    assert!(figures.to_delivery.max >= figures.to_reply.p50, "{:?}", figures.to_delivery);
}

#[test]
fn an_open_loop_says_what_it_could_not_send() {
    let relay = Relay::start(free(), Duration::from_millis(100), |_| 1);
    let arguments = ["town-130", "--rate", "100", "--connections", "1", "--duration", "1", "--warm-up", "0"];
    let (code, run) = through(&relay, &arguments);
    let figures = only(&run);
    assert_eq!((code, figures.lost), (3, 0));
    assert_eq!(figures.unsent + figures.accepted, 100);
}

#[test]
fn a_mailbox_is_sent_as_its_mails_were() {
    let dir = tempfile::tempdir().unwrap();
    let mbox = "From a@x Mon Mar  2 10:15:30 2026\nSubject: 1\n\n>From here\n.dot\n\nFrom b@x Mon\nSubject: 2\n\nend\n";
    fs::write(dir.path().join("box"), mbox).unwrap();
    fs::write(dir.path().join("one.eml"), "Subject: 3\r\n\r\nx\r\n").unwrap();
    let relay = Relay::start(free(), Duration::ZERO, |_| 1);
    let (code, run) = through(&relay, &[dir.path().to_str().unwrap(), "--count", "3", "--connections", "1"]);
    assert_eq!((code, run.mails, run.profile_peak), (0, 3, None));
    let sent: Vec<String> = relay.mails().into_iter().map(|mail| mail.content).collect();
    assert_eq!(
        sent,
        ["Subject: 1\r\n\r\nFrom here\r\n..dot\r\n", "Subject: 2\r\n\r\nend\r\n", "Subject: 3\r\n\r\nx\r\n"]
    );
}

#[test]
fn without_a_sink_only_acceptance_is_measured() {
    let relay = Relay::start(free(), Duration::ZERO, |_| 0);
    let to = relay.address.to_string();
    let output = bench(&["town-130", "--to", &to, "--count", "10"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text.contains("only acceptance was measured") && !text.contains("delivered"), "{text}");
}

#[test]
fn two_relays_are_measured_in_turns() {
    let [one, other] = [(); 2].map(|()| Relay::start(free(), Duration::ZERO, |_| 1));
    let (against, sink) = (other.address.to_string(), other.sink.to_string());
    let arguments = ["town-130", "--count", "10", "--rounds", "2", "--against", &against, "--against-sink", &sink];
    let (code, run) = through(&one, &arguments);
    let names: Vec<_> = run.results.iter().map(|figures| figures.target.clone()).collect();
    assert_eq!((code, names), (0, [&one, &other, &one, &other].map(|relay| relay.address.to_string()).into()));
    assert!(run.results.iter().all(|figures| figures.delivered == 10));
    assert_eq!((one.mails().len(), other.mails().len()), (20, 20));
}

#[test]
fn a_report_fetches_nothing_and_a_comparison_shows_both() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let relay = Relay::start(free(), Duration::ZERO, |_| 1);
    let (_, old) = through(&relay, &["town-130", "--count", "12"]);
    fs::write(file("old.json"), serde_json::to_vec(&old).unwrap()).unwrap();
    let (to, sink) = (relay.address.to_string(), relay.sink.to_string());
    let arguments = [
        "town-130",
        "--to",
        &to,
        "--sink",
        &sink,
        "--count",
        "12",
        "--html",
        &file("r.html"),
        "--compare",
        &file("old.json"),
    ];
    let output = bench(&arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("old") && text.contains("change"), "{text}");
    let page = fs::read_to_string(file("r.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 3);
    for outside in ["<script", "src=", "href=", "url(", "http://", "https://", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn ctrl_c_shows_what_was_measured_so_far() {
    let relay = Relay::start(free(), Duration::from_millis(5), |_| 1);
    let (to, sink) = (relay.address.to_string(), relay.sink.to_string());
    let arguments = ["town-130", "--json", "--to", &to, "--sink", &sink, "--duration", "10m", "--connections", "2"];
    let child = bench(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while relay.mails().len() < 10 {
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let run = parsed(&output);
    assert_eq!((output.status.code(), run.interrupted), (Some(3), true));
    assert!(only(&run).accepted >= 10 && only(&run).lost == 0 && only(&run).to_reply.max > 0.0);
}

#[test]
fn bad_input_names_the_thing_and_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::create_dir(path("empty")).unwrap();
    fs::write(path("notes"), "# not a mail\n").unwrap();
    let busy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (busy, away) = (busy.local_addr().unwrap().to_string(), free().to_string());
    let text = |path: PathBuf| path.to_str().unwrap().to_owned();
    fs::write(path("mail"), "Subject: x\n\n").unwrap();
    let (absent, empty, notes, mail) =
        (text(path("absent")), text(path("empty")), text(path("notes")), text(path("mail")));
    for (arguments, code, said) in [
        (&[absent.as_str()][..], 1, [absent.as_str(), "give a mail file"]),
        (&[&empty], 1, [&empty, "there is no mail in"]),
        (&[&notes], 1, [&notes, "there is no mail in"]),
        (&["--compare", &notes], 1, [&notes, "sekisho bench --json"]),
        (&["--to", &away], 6, [&away, "check HOST:PORT"]),
        (&["--to", &busy, "--sink", &busy], 1, [&busy, "another port"]),
        (&["--sink", &busy], 2, ["--to", "required"]),
        (&["--rate", "fast"], 2, ["--rate", "fast"]),
        (&["--to", &busy, "--against", &busy], 2, ["--to", "--against"]),
        (&["--rate", "peak", &mail], 2, ["--rate peak", "town-130"]),
        (&["--dir", "/dev/shm"], 1, ["/dev/shm", "--dir"]),
    ] {
        let output = bench(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(said.iter().all(|said| error.contains(said)), "{arguments:?}: {error}");
    }
}

#[test]
fn refusals_are_counted_and_told() {
    let relay = Relay::start(free(), Duration::ZERO, |_| 1).refusing(2);
    let (code, run) = through(&relay, &["town-130", "--count", "5", "--connections", "1"]);
    let figures = only(&run);
    assert_eq!((code, figures.accepted, figures.lost), (3, 3, 0));
    assert_eq!(figures.refused, [("552".to_owned(), 2)].into());
}

/// The whole gateway, if it is built beside this test.
#[test]
fn a_private_gateway_loses_nothing() {
    let dir = Path::new(BENCH).parent().unwrap();
    let built = |name: &&str| dir.join(name).is_file();
    if !["sekisho", "sekisho-outer", "sekisho-worker", "sekisho-inner"].iter().all(built) {
        let _ = writeln!(std::io::stderr(), "skipped: the gateway is not built beside {BENCH} (cargo build)");
        return;
    }
    let sekisho = |arguments: &[&str]| {
        let mut sekisho = Command::new(dir.join("sekisho"));
        let output = sekisho.args(["--lang", "en", "bench", "--json"]).args(arguments).output().unwrap();
        let run = parsed(&output);
        let figures = only(&run).clone();
        assert_eq!((output.status.code(), figures.lost, figures.duplicates), (Some(0), 0, 0), "{output:?}");
        figures
    };
    let figures = sekisho(&["city-3000", "--count", "40"]);
    assert_eq!((figures.accepted, figures.delivered + figures.held.unwrap()), (40, 40));
    for program in ["sekisho-outer", "sekisho-worker", "sekisho-inner"] {
        assert!(figures.pss_kib[program] > 0 && figures.cpu_ms.contains_key(program), "{program}");
    }
    // Two authors: such a mail waits for a person, and is not lost.
    let mails = tempfile::tempdir().unwrap();
    let mail = "From: a@x.example\nSubject: x\nDate: Mon, 02 Mar 2026 10:15:30 +0900\n\nx\n";
    fs::write(mails.path().join("1.eml"), mail).unwrap();
    fs::write(mails.path().join("2.eml"), format!("From: b@x.example\n{mail}")).unwrap();
    let figures = sekisho(&[mails.path().to_str().unwrap(), "--count", "10"]);
    assert_eq!((figures.accepted, figures.delivered, figures.held), (10, 5, Some(5)));
}
