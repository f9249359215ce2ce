//! Delivery into a Maildir, once.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::fs;
use std::path::Path;

use sekisho_inner::relay::{Attempt, Maildir, Transport, Verdict};
use sekisho_inner::render::render;
use sekisho_safe_message::Untrusted;
use sekisho_store::State;
use sekisho_verify::{VerifiedMail, verify};
use support::*;

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn mail(number: u64) -> VerifiedMail {
    let message = message(number, &["a@city.example", "b@city.example"], "本文\n");
    verify(render(&message).into_bytes(), message.envelope().clone()).unwrap()
}

#[tokio::test]
async fn mails_stand_in_new_as_they_were_verified() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("deep/maildir");
    let bench = Bench::with(Maildir::open(&target, 0).unwrap(), options(LONG));
    for number in 0..20 {
        bench.hand_over(number, &["a@city.example"]).await;
    }
    for number in 0..20 {
        bench.until(message(number, &["a@city.example"], "").id(), State::Done).await;
    }
    let found = files(&target.join("new"));
    assert_eq!((found.len(), files(&target.join("tmp")).len()), (20, 0));
    for (number, file) in found.iter().enumerate() {
        let reading = sekisho_verify::read(Untrusted::new(&fs::read(file).unwrap())).unwrap();
        assert_eq!(reading.subject.as_str(), format!("件名 {number}"));
        assert!(file.file_name().unwrap().to_string_lossy().contains(&reading.id.to_string()));
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_mail_delivered_again_stands_there_once() {
    let home = tempfile::tempdir().unwrap();
    let (new, cur) = (home.path().join("new"), home.path().join("cur"));
    let delivered = Attempt::Judged(vec![Verdict::Done(None); 2]);
    let first = Maildir::open(home.path(), 0).unwrap();
    assert_eq!(first.deliver(&mail(1)).await, delivered);
    assert_eq!(first.deliver(&mail(1)).await, delivered);
    assert_eq!(files(&new).len(), 1);
    // A mail program has seen it, and the gateway was started again.
    let file = files(&new).remove(0);
    let seen = cur.join(format!("{}:2,S", file.file_name().unwrap().to_string_lossy()));
    fs::rename(&file, &seen).unwrap();
    let second = Maildir::open(home.path(), u64::MAX).unwrap();
    assert_eq!(second.deliver(&mail(1)).await, delivered);
    assert_eq!((files(&new).len(), files(&cur)), (0, vec![seen]));
}

#[tokio::test]
async fn a_maildir_that_cannot_be_written_closes_the_way() {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(home.path(), 0).unwrap();
    fs::remove_dir_all(home.path().join("tmp")).unwrap();
    assert!(matches!(maildir.deliver(&mail(1)).await, Attempt::Closed(_)));
    assert!(maildir.probe().await.is_err());
    fs::create_dir(home.path().join("tmp")).unwrap();
    assert!(maildir.probe().await.is_ok());
}
