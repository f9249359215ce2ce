//! The handoff as the other side sees it: taken only when durable, refused
//! only for good, silence when the spool is in trouble.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_channel::ChannelError;
use sekisho_channel::handoff::{Answer, Link, Listener, Place, Target};
use sekisho_inner::accept::Acceptor;
use sekisho_inner::render::Charset;
use sekisho_inner::{Clock, Spool};
use sekisho_safe_message::{SafeText, frame};
use sekisho_store::State;
use support::*;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const TO: [&str; 1] = ["a@city.example"];

struct Door {
    socket: PathBuf,
    spool: Spool,
    acceptor: Arc<Acceptor>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Door {
    async fn open(dir: &Path, min_free: u64, max_frame: usize) -> Self {
        let spool = Spool::open(&dir.join("spool"), min_free, LONG).unwrap().0;
        let socket = dir.join("handoff.sock");
        let listener = Listener::bind(&Place::Unix(socket.clone())).await.unwrap();
        let acceptor = Arc::new(Acceptor::new(spool.clone(), Clock::system(), max_frame, Charset::Utf8));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(Arc::clone(&acceptor).run(listener, stopped));
        Self { socket, spool, acceptor, stop, task }
    }

    async fn link(&self) -> Link {
        Link::connect(&Target::Unix(self.socket.clone()), LONG).await.unwrap()
    }

    async fn close(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

fn counted(acceptor: &Acceptor) -> (u64, u64, u64) {
    let counters = acceptor.counters();
    let of = |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::Relaxed);
    (of(&counters.taken), of(&counters.repeated), of(&counters.refused))
}

#[tokio::test]
async fn taken_means_stored_and_a_repeat_is_taken_too() {
    let dir = tempfile::tempdir().unwrap();
    let door = Door::open(dir.path(), 0, frame::MAX).await;
    let mut link = door.link().await;
    for text in ["短い本文", &"あ".repeat(SafeText::MAX / 3)] {
        let message = message(text.len() as u64, &TO, text);
        let frame = frame::encode(&message).unwrap();
        let (answer, back) = link.send(&frame).await.unwrap();
        assert_eq!(answer, Answer::Taken);
        assert_eq!(door.spool.find(message.id()).unwrap().unwrap().state, State::Ready);
        let (answer, back) = back.send(&frame).await.unwrap();
        assert_eq!(answer, Answer::Taken);
        link = back;
    }
    assert_eq!(counted(&door.acceptor), (2, 2, 0));
    door.close().await;
}

#[tokio::test]
async fn what_is_no_frame_is_refused_and_the_link_lives() {
    let dir = tempfile::tempdir().unwrap();
    let door = Door::open(dir.path(), 0, frame::MAX).await;
    let mut link = door.link().await;
    let good = frame::encode(&message(1, &TO, "本文")).unwrap();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for bad in [b"".to_vec(), b"garbage".to_vec(), good[..good.len() - 1].to_vec(), flipped] {
        let (answer, back) = link.send(&bad).await.unwrap();
        assert_eq!(answer, Answer::Refused);
        link = back;
    }
    let (answer, _) = link.send(&good).await.unwrap();
    assert_eq!(answer, Answer::Taken);
    assert_eq!(counted(&door.acceptor), (1, 0, 4));
    door.close().await;
}

#[tokio::test]
async fn without_room_there_is_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let door = Door::open(dir.path(), u64::MAX, frame::MAX).await;
    let message = message(1, &TO, "本文");
    let sent = door.link().await.send(&frame::encode(&message).unwrap()).await;
    assert!(matches!(sent, Err(ChannelError::Io(_))));
    assert_eq!(door.spool.find(message.id()).unwrap(), None);
    door.close().await;
}

#[tokio::test]
async fn a_frame_over_the_bound_ends_the_connection() {
    let dir = tempfile::tempdir().unwrap();
    let door = Door::open(dir.path(), 0, 1000).await;
    let frame = frame::encode(&message(1, &TO, &"x".repeat(2000))).unwrap();
    assert!(door.link().await.send(&frame).await.is_err());
    let frame = frame::encode(&message(1, &TO, "x")).unwrap();
    assert!(door.link().await.send(&frame).await.is_ok());
    door.close().await;
}

#[tokio::test]
async fn many_at_once_are_all_taken() {
    let dir = tempfile::tempdir().unwrap();
    let door = Door::open(dir.path(), 0, frame::MAX).await;
    let mut links = Vec::new();
    for peer in 0..20 {
        let mut link = door.link().await;
        links.push(tokio::spawn(async move {
            for number in 0..20 {
                let frame = frame::encode(&message(peer * 100 + number, &TO, &"本文\n".repeat(1000))).unwrap();
                let (answer, back) = link.send(&frame).await.unwrap();
                assert_eq!(answer, Answer::Taken);
                link = back;
            }
        }));
    }
    for link in links {
        link.await.unwrap();
    }
    assert_eq!(counted(&door.acceptor), (400, 0, 0));
    door.close().await;
}
