//! The audit record as an auditor reads it: everything is in it, once, and it
//! holds whatever ends the program.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sekisho_audit::{Chain, Checker, Entry, Kind, Verdict, head};
use sekisho_channel::admin::{MailState, Reply, Request, ask};
use sekisho_channel::handoff::{Answer, Link as Handoff, Target};
use sekisho_safe_message::{MailId, SafeLine, Sha256, frame};
use support::*;

const TO: [&str; 2] = ["a@city.example", "b@city.example"];

/// The program; killed when dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Program {
    fn start(dir: &Path, inner: &str) -> Self {
        let file = dir.join("sekisho.toml");
        let state = dir.join("state");
        std::fs::write(&file, format!("version = 1\nstate_dir = {state:?}\n[inner]\n{inner}\n")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho-inner"));
        command.arg("--config").arg(file).env_clear().stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program = Self(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        program
    }

    fn terminate(mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }
}

async fn send(dir: &Path, frame: &[u8]) -> Answer {
    let place = Target::Unix(dir.join("state/handoff.sock"));
    let link = Handoff::connect(&place, Duration::from_secs(60)).await.unwrap();
    link.send(frame).await.unwrap().0
}

async fn asked(dir: &Path, request: Request) -> Vec<Reply> {
    let mut replies = Vec::new();
    let each = |reply| {
        replies.push(reply);
        true
    };
    ask(&dir.join("state/inner/admin.sock"), &request, each).await.unwrap();
    replies
}

async fn until_shown(dir: &Path, id: MailId, state: MailState) {
    for _ in 0..6000 {
        if let Reply::Detail { item, .. } = asked(dir, Request::Show { id }).await.remove(0)
            && item.state == state
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {state:?}");
}

/// The whole record, in pages, and what checking it came to.
async fn record(dir: &Path) -> (Vec<Entry>, Verdict) {
    let (mut entries, mut after) = (Vec::new(), 0);
    let mut checker = Checker::new().of(Chain::Inner);
    loop {
        let mut replies = asked(dir, Request::Audit { after, limit: 7 }).await;
        assert_eq!(replies.pop(), Some(Reply::Done));
        if replies.is_empty() {
            return (entries, checker.finish());
        }
        assert!(replies.len() <= 7);
        for reply in replies {
            let Reply::Link(link) = reply else { panic!("{reply:?}") };
            checker.feed(link.number, link.entry.as_bytes(), link.hash.as_bytes());
            let entry = Entry::decode(link.entry.as_bytes()).unwrap();
            assert_eq!(head(link.entry.as_bytes()), Some((entry.kind(), entry.at_ms())));
            assert!(!link.entry.contains('@') && !link.entry.contains("件名"), "{}", link.entry);
            entries.push(entry);
            after = link.number;
        }
    }
}

fn kinds(entries: &[Entry]) -> Vec<Kind> {
    entries.iter().map(Entry::kind).collect()
}

#[tokio::test]
async fn every_step_of_a_mail_is_on_record_once() {
    let dir = tempfile::tempdir().unwrap();
    let refusing = Script { rcpt: vec!["250 ok", "550 5.1.1 no"], mails: 1, ..Script::default() };
    let server = Server::start(vec![refusing, Script::default()], None).await;
    let inner = format!("deliver = \"smtp://127.0.0.1:{}\"", server.address.port);
    let program = Program::start(dir.path(), &inner);
    let message = message(1, &TO, "本文\n");
    let octets = frame::encode(&message).unwrap();
    assert_eq!(send(dir.path(), &octets).await, Answer::Taken);
    until_shown(dir.path(), message.id(), MailState::Buried).await;
    assert_eq!(send(dir.path(), &octets).await, Answer::Taken);
    assert_eq!(send(dir.path(), b"no frame").await, Answer::Refused);
    let reason = SafeLine::parse("相手先に確認済み".to_owned()).unwrap();
    assert_eq!(asked(dir.path(), Request::Retry { id: message.id(), reason }).await, [Reply::Done]);
    until_shown(dir.path(), message.id(), MailState::Done).await;
    program.terminate();

    let program = Program::start(dir.path(), &inner);
    let (entries, verdict) = record(dir.path()).await;
    assert_eq!(verdict.fault, None);
    assert_eq!(verdict.summary.checkpoints, 1);
    let of_mail = |entry: &&Entry| match entry {
        Entry::SafeMail(one) => one.id == Some(message.id()) || one.id.is_none(),
        Entry::Relay(one) => one.id == message.id(),
        Entry::Act(_) | Entry::Start(_) | Entry::Checkpoint(_) | Entry::Pruned(_) | Entry::Mail(_) => true,
    };
    // Beside it stand the entries of the report to the administrator.
    let own: Vec<_> = entries.iter().filter(of_mail).cloned().collect();
    let want = [
        Kind::Start,
        Kind::SafeMail,
        Kind::Relay,
        Kind::SafeMail,
        Kind::Act,
        Kind::Relay,
        Kind::Checkpoint,
        Kind::Start,
    ];
    assert_eq!(kinds(&own), want);
    let Entry::SafeMail(taken) = &own[1] else { panic!() };
    assert_eq!(taken.frame.unwrap().sha256, Sha256::of(&octets));
    assert_eq!((taken.verdict.as_str(), taken.output.is_some()), ("verified", true));
    let Entry::Relay(buried) = &own[2] else { panic!() };
    assert_eq!((buried.result.as_str(), buried.delivered, buried.refused), ("refused", 1, 1));
    assert_eq!(buried.replies.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["250 2.0.0", "550 5.1.1"]);
    let Entry::SafeMail(refused) = &own[3] else { panic!() };
    assert_eq!((refused.id, refused.verdict.as_str(), refused.output), (None, "frame", None));
    let Entry::Act(act) = &own[4] else { panic!() };
    assert_eq!((act.what.as_str(), act.why.as_str(), act.id), ("retry", "相手先に確認済み", Some(message.id())));
    assert_eq!(act.uid, Some(rustix::process::geteuid().as_raw()));
    let key = std::fs::metadata(dir.path().join("state/inner/audit.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    program.terminate();
}

#[tokio::test]
async fn killed_at_any_moment_the_record_has_no_gap() {
    let dir = tempfile::tempdir().unwrap();
    let maildir = format!("deliver = \"maildir:{}/mail\"", dir.path().display());
    for round in 0..5 {
        let program = Program::start(dir.path(), &maildir);
        for number in 0..8 {
            let message = message(round * 8 + number, &TO, "本文\n");
            assert_eq!(send(dir.path(), &frame::encode(&message).unwrap()).await, Answer::Taken);
        }
        // Dropped: SIGKILL.
        drop(program);
    }
    let program = Program::start(dir.path(), &maildir);
    for number in 0..40 {
        until_shown(dir.path(), message(number, &TO, "").id(), MailState::Done).await;
    }
    let (entries, verdict) = record(dir.path()).await;
    assert_eq!(verdict.fault, None);
    for number in 0..40 {
        let id = message(number, &TO, "").id();
        let taken = entries.iter().filter(|entry| matches!(entry, Entry::SafeMail(one) if one.id == Some(id)));
        let relayed = entries.iter().filter(|entry| matches!(entry, Entry::Relay(one) if one.id == id));
        assert_eq!((taken.count(), relayed.count()), (1, 1), "{id}");
    }
    program.terminate();
}

#[tokio::test]
async fn what_is_the_other_sides_is_said_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), &format!("deliver = \"maildir:{}/mail\"", dir.path().display()));
    let replies = asked(dir.path(), Request::Stats).await;
    assert!(matches!(&replies[..], [Reply::Invalid { code }] if code.as_str() == "other-side"), "{replies:?}");
    let replies = asked(dir.path(), Request::Whoami).await;
    assert!(matches!(&replies[..], [Reply::Caller { uid, .. }] if *uid == rustix::process::geteuid().as_raw()));
    program.terminate();
}

#[test]
fn a_key_that_others_may_read_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let maildir = format!("deliver = \"maildir:{}/mail\"", dir.path().display());
    Program::start(dir.path(), &maildir).terminate();
    let key = dir.path().join("state/inner/audit.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho-inner"));
    let output = command.arg("--config").arg(dir.path().join("sekisho.toml")).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("audit.key"));
}
