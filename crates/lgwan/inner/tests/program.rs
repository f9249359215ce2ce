//! The program as its supervisor and its operator see it.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sekisho_channel::admin::{MailState, Problem, Reply, Request, ask};
use sekisho_channel::handoff::{Answer, Link, Target};
use sekisho_safe_message::{MailId, SafeLine, SafeMessage, frame};
use support::*;

const TO: [&str; 2] = ["a@city.example", "b@city.example"];

/// The program over a configuration of its own; ended when dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn configured(dir: &Path, inner: &str) -> Command {
    let file = dir.join("sekisho.toml");
    let state = dir.join("state");
    let text = format!("version = 1\nstate_dir = {state:?}\n[inner]\n{inner}\n[log]\nformat = \"json\"\n");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho-inner"));
    command.arg("--config").arg(file).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Program {
    fn start(dir: &Path, inner: &str) -> Self {
        let mut program = Self(configured(dir, inner).stderr(Stdio::null()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        program
    }

    fn terminate(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.0.wait().unwrap().code()
    }
}

async fn hand_over(dir: &Path, message: &SafeMessage) {
    let link = Link::connect(&Target::Unix(dir.join("state/handoff.sock")), Duration::from_secs(60)).await.unwrap();
    let (answer, _) = link.send(&frame::encode(message).unwrap()).await.unwrap();
    assert_eq!(answer, Answer::Taken);
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

async fn until_shown(dir: &Path, id: MailId, state: MailState) -> serde_json::Value {
    for _ in 0..6000 {
        if let Reply::Detail { item, record, .. } = asked(dir, Request::Show { id }).await.remove(0)
            && item.state == state
        {
            return record.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {state:?}");
}

#[tokio::test]
async fn into_a_maildir_and_drained() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), &format!("deliver = \"maildir:{}/mail\"", dir.path().display()));
    let message = message(1, &TO, "本文\n");
    hand_over(dir.path(), &message).await;
    let record = until_shown(dir.path(), message.id(), MailState::Done).await;
    assert_eq!(record["schema"], "sekisho.relay/1");
    assert_eq!(record["recipients"][1]["state"], "delivered");
    assert_eq!(std::fs::read_dir(dir.path().join("mail/new")).unwrap().count(), 1);
    let Reply::Status(status) = asked(dir.path(), Request::Status).await.remove(0) else { panic!("no status") };
    assert_eq!((status.program.as_str(), status.problems.as_slice()), ("sekisho-inner", &[][..]));
    assert!(status.counters.contains(&("relayed".to_owned(), 1)));
    assert_eq!(program.terminate(), Some(0));
}

#[tokio::test]
async fn an_operator_sees_what_waits_and_has_it_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let refusing = Script { rcpt: vec!["250 ok", "550 5.1.1 no"], mails: 1, ..Script::default() };
    let server = Server::start(vec![refusing, Script::default()], None).await;
    let program = Program::start(
        dir.path(),
        &format!("deliver = \"smtp://127.0.0.1:{}\"\npostmaster = \"pm@city.example\"", server.address.port),
    );
    let message = message(7, &TO, "本文\n");
    hand_over(dir.path(), &message).await;
    let record = until_shown(dir.path(), message.id(), MailState::Buried).await;
    assert_eq!(record["recipients"][1]["reply"]["enhanced"], "5.1.1");
    let list = Request::List { states: vec![MailState::Buried], after: None, limit: 10, newest_first: true };
    let replies = asked(dir.path(), list).await;
    let Reply::Item(item) = &replies[0] else { panic!("no item") };
    assert_eq!((item.id, item.subject.as_ref().map(SafeLine::as_str)), (message.id(), Some("件名 7")));
    let retry = Request::Retry { id: message.id(), reason: SafeLine::default() };
    assert_eq!(asked(dir.path(), retry.clone()).await, [Reply::Done]);
    until_shown(dir.path(), message.id(), MailState::Done).await;
    let to: Vec<_> = server.received().into_iter().filter(|mail| mail.from != "<>").map(|mail| mail.to).collect();
    assert_eq!(to, [["<a@city.example>"], ["<b@city.example>"]]);
    assert_eq!(asked(dir.path(), retry).await, [Reply::Conflict]);
    let nobody = Request::Show { id: MailId::new(0, [0; 10]) };
    assert_eq!(asked(dir.path(), nobody).await, [Reply::NotFound]);
    assert_eq!(program.terminate(), Some(0));
}

#[tokio::test]
async fn a_server_that_is_down_is_a_problem_and_the_mail_waits() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(vec![Script { banner: "421 busy", ..Script::default() }], None).await;
    let program = Program::start(dir.path(), &format!("deliver = \"smtp://127.0.0.1:{}\"", server.address.port));
    let message = message(1, &TO, "本文\n");
    hand_over(dir.path(), &message).await;
    for _ in 0..6000 {
        let Reply::Status(status) = asked(dir.path(), Request::Status).await.remove(0) else { panic!("no status") };
        if status.problems == [Problem::RelayDown] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let Reply::Detail { item, .. } = asked(dir.path(), Request::Show { id: message.id() }).await.remove(0) else {
        panic!("not there")
    };
    assert_eq!((item.state, item.attempts), (MailState::Ready, 0));
    assert_eq!(program.terminate(), Some(0));
}

#[test]
fn a_wrong_configuration_ends_with_78_and_a_taken_place_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let output = configured(dir.path(), "delivre = \"maildir:/x\"").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(78), 0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("delivre"));
    let maildir = format!("deliver = \"maildir:{}/mail\"", dir.path().display());
    let first = Program::start(dir.path(), &maildir);
    let mut second = configured(dir.path(), &maildir).spawn().unwrap();
    let mut words = String::new();
    second.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(1), "{words}");
    assert!(words.contains("another"), "{words}");
    assert_eq!(first.terminate(), Some(0));
    let usage = Command::new(env!("CARGO_BIN_EXE_sekisho-inner")).arg("--what").output().unwrap();
    assert_eq!(usage.status.code(), Some(2));
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let maildir = format!("deliver = \"maildir:{}/mail\"", dir.path().display());
    for round in 0..6 {
        let program = Program::start(dir.path(), &maildir);
        for number in 0..10 {
            hand_over(dir.path(), &message(round * 10 + number, &TO, "本文\n")).await;
        }
        // Dropped: SIGKILL.
        drop(program);
    }
    let program = Program::start(dir.path(), &maildir);
    for number in 0..60 {
        until_shown(dir.path(), message(number, &TO, "").id(), MailState::Done).await;
    }
    // The name is the id, so that a mail delivered twice stands there once.
    assert_eq!(std::fs::read_dir(dir.path().join("mail/new")).unwrap().count(), 60);
    assert_eq!(program.terminate(), Some(0));
}
