//! The admin socket: typed requests, typed replies, the caller from the kernel.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::sync::{Arc, Mutex};

use sekisho_channel::ChannelError;
use sekisho_channel::admin::{Caller, Handler, Replies, Reply, Request, Server, ask};
use sekisho_safe_message::MailId;
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
