//! The admin socket: typed requests, typed replies, the caller from the kernel.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::sync::{Arc, Mutex};

use sekisho_channel::ChannelError;
use sekisho_channel::admin::{
    Act, Caller, Decided, Handler, Kept, Link, OriginalForm, OriginalRequest, Replies, Reply, Request, RequestState,
    Role, Server, Shown, Stats, ask,
};
use sekisho_safe_message::{MailId, SafeLine, SafeName, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[derive(Default)]
struct Echo(Mutex<Vec<(Caller, Request)>>);

impl Handler for Echo {
    async fn handle(&self, caller: Caller, request: Request, replies: &mut Replies) -> Result<(), ChannelError> {
        self.0.lock().unwrap().push((caller, request.clone()));
        match request {
            Request::Show { .. } => replies.send(&Reply::NotFound).await,
            _ => {
                replies.send(&Reply::Done).await?;
                replies.send(&Reply::Trouble).await
            }
        }
    }
}

#[tokio::test]
async fn a_request_is_answered_line_by_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("admin.sock");
    let handler = Arc::new(Echo::default());
    let server = tokio::spawn(Server::bind(&path).await.unwrap().run(Arc::clone(&handler)));

    let mut replies = Vec::new();
    let show = Request::Show { id: MailId::new(1, [2; 10]) };
    ask(&path, &show, |reply| {
        replies.push(reply);
        true
    })
    .await
    .unwrap();
    ask(&path, &Request::Status, |reply| {
        replies.push(reply);
        false
    })
    .await
    .unwrap();
    assert_eq!(replies, [Reply::NotFound, Reply::Done]);
    let seen = handler.0.lock().unwrap().clone();
    assert_eq!(seen[0].1, show);
    assert_eq!(seen[0].0.pid, i32::try_from(std::process::id()).ok());
    server.abort();
}

#[tokio::test]
async fn garbage_gets_no_answer_and_the_next_caller_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("admin.sock");
    let handler = Arc::new(Echo::default());
    let server = tokio::spawn(Server::bind(&path).await.unwrap().run(handler));
    for garbage in ["\n", "{}\n", "{\"op\":\"format-disk\"}\n"] {
        let mut raw = tokio::net::UnixStream::connect(&path).await.unwrap();
        raw.write_all(garbage.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        raw.read_to_end(&mut answer).await.unwrap();
        assert!(answer.is_empty(), "{garbage}");
    }
    ask(&path, &Request::Status, |_| true).await.unwrap();
    server.abort();
}

#[tokio::test]
async fn a_program_that_does_not_run_is_unreachable() {
    let dir = tempfile::tempdir().unwrap();
    let asked = ask(&dir.path().join("none.sock"), &Request::Status, |_| true).await;
    assert!(matches!(asked, Err(ChannelError::Unreachable(..))));
}

/// A request for an original as it stands, whatever its fields are called, is
/// one reply: no key of it is the one that tells replies apart.
#[test]
fn replies_come_back_equal() {
    let line = |text: &str| SafeLine::clean(text).value;
    let act = Act { who: line("sato"), at_ms: 1, what: line("approve"), why: line("agreed"), result: line("done") };
    let request = OriginalRequest {
        number: 1,
        to: vec!["a@b.example".parse().unwrap()],
        form: OriginalForm::Zip,
        state: RequestState::Delivered,
        asked: act.clone(),
        decided: Some(act.clone()),
        attempts: 2,
        reply: Some(line("250 2.0.0")),
    };
    let id = MailId::new(1, [2; 10]);
    let kept = Kept { acts: vec![act.clone()], requests: vec![request.clone()], ..Kept::default() };
    let shown = Shown {
        name: SafeName::parse("a.pdf".to_owned()).unwrap(),
        kind: line("pdf"),
        size: 1,
        sha256: Sha256::of(b"x"),
    };
    let link = Link { number: 1, entry: "{}".to_owned(), hash: Sha256::of(b"x") };
    for reply in [
        Reply::Request(Box::new(request)),
        Reply::Decided(Box::new(Decided { id, act })),
        Reply::Stats(Box::new(Stats { kept: vec![(line("x"), 1, None)], ..Stats::default() })),
        Reply::File(Box::new(shown)),
        Reply::Link(Box::new(link)),
        Reply::Caller { name: line("root"), uid: 0, roles: Role::ALL.to_vec() },
        Reply::Page { next: Some(line("7")) },
        Reply::Denied { role: None },
        Reply::Released { outcome: line("held"), report: Some(serde_json::json!({})) },
        Reply::Invalid { code: line("no-key") },
    ] {
        let encoded = serde_json::to_string(&reply).unwrap();
        assert_eq!(serde_json::from_str::<Reply>(&encoded).unwrap(), reply, "{encoded}");
    }
    let encoded = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Kept>(&encoded).unwrap(), kept);
}
