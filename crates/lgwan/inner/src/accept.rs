//! Taking frames over the border.
//!
//! *Taken* is said only when the mail has been decoded, rendered, verified and
//! is durable. *Refused* means that the frame can never become a mail: a
//! defect or an attack, which is an alarm. When the spool cannot take it, or
//! nobody can be asked about its files, the connection is closed without an
//! answer, and the other side sends it again.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sekisho_audit::Digest;
use sekisho_channel::ChannelError;
use sekisho_channel::handoff::{Answer, Incoming, Listener, Peer};
use sekisho_safe_message::frame::{self, FrameError};
use sekisho_safe_message::{MailId, SafeKind, SafeMessage, Sha256, Untrusted};
use sekisho_store::{Committed, StoreError};
use sekisho_verify::{VerifiedMail, Violation};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::audit;
use crate::checker::{Checker, Death, NotProven, Unavailable};
use crate::clock::Clock;
use crate::events;
use crate::record::Kind;
use crate::render::{Charset, render_in};
use crate::spool::Spool;

/// Memory in KiB that frames under way may cost together: one of the largest,
/// or a thousand of the usual.
const MEMORY: u32 = 256 * 1024;
/// What one frame costs up to [`TEXT`]: itself, its text, the text in another
/// character set, the body decoded and encoded, and the mail.
const COST: usize = 6;
/// What the rest of it costs, which is files. At any moment there are two of:
/// the frame, the files in the message, the mail (a third longer), and one file
/// decoded from it.
const FILE_COST: usize = 3;
/// Octets of a frame that can be text.
const TEXT: usize = 5 << 20;
/// Connections served at one time; the other side keeps a handful.
const PEERS: usize = 64;
/// Frames up to this are worked on where they are; longer ones would hold up
/// others for milliseconds and get a thread of their own.
const SHORT: usize = 64 * 1024;

/// Takes frames into one spool.
pub struct Acceptor {
    spool: Spool,
    clock: Clock,
    /// In KiB.
    memory: Semaphore,
    max_frame: usize,
    charset: Charset,
    counters: Counters,
}

/// What happened since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Frames that became mails.
    pub taken: AtomicU64,
    /// Frames of mails that were here already.
    pub repeated: AtomicU64,
    /// Frames that can never become mails.
    pub refused: AtomicU64,
}

/// Why a frame was not taken.
#[derive(Debug)]
pub enum TakeError {
    /// It is no frame of a safe message. Never send it again.
    Frame(FrameError),
    /// The mail made of it breaks the grammar: a defect of `render` or
    /// `verify`. Never send it again.
    Violation(MailId, Violation),
    /// Reading the mail's files took the verifier down. Never send it again.
    Verifier(MailId, Death),
    /// Nobody can be asked about the mail's files. Send it again.
    Unread(MailId, Unavailable),
    /// The spool's trouble. Send it again.
    Store(StoreError),
    /// Working on it crashed: a defect. Never send it again.
    Crash,
}

impl Acceptor {
    /// Takes frames of at most `max_frame` octets into `spool`, and writes their
    /// mails in `charset`.
    pub fn new(spool: Spool, clock: Clock, max_frame: usize, charset: Charset) -> Self {
        let memory = Semaphore::new(MEMORY as usize);
        Self { spool, clock, memory, max_frame: max_frame.min(frame::MAX), charset, counters: Counters::default() }
    }

    /// Counters since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Serves `listener` until `stop` turns true; frames that have begun are
    /// finished.
    pub async fn run(self: Arc<Self>, listener: Listener, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(PEERS));
        let mut peers = JoinSet::new();
        while !*stop.borrow() {
            let next = async {
                // Closed never: the semaphore is ours.
                let place = Arc::clone(&places).acquire_owned().await.ok();
                (listener.accept().await, place)
            };
            let (incoming, place) = tokio::select! {
                biased;
                _ = stop.changed() => break,
                next = next => next,
            };
            match incoming {
                Ok(incoming) => {
                    let (acceptor, stop) = (Arc::clone(&self), stop.clone());
                    peers.spawn(async move {
                        acceptor.serve(incoming, stop).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // Such as too many open files: others must close first.
                    tracing::warn!(event = events::HANDOFF_BROKEN, %error);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            while peers.try_join_next().is_some() {}
        }
        drop(listener);
        while peers.join_next().await.is_some() {}
    }

    async fn serve(&self, incoming: Incoming, stop: watch::Receiver<bool>) {
        let served = match incoming.ready().await {
            Ok(peer) => self.converse(peer, stop).await,
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            tracing::warn!(event = events::HANDOFF_BROKEN, %error);
        }
    }

    async fn converse(&self, mut peer: Peer, mut stop: watch::Receiver<bool>) -> Result<(), ChannelError> {
        loop {
            let len = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                len = peer.next() => len?,
            };
            let Some(len) = len else { return Ok(()) };
            if len > self.max_frame {
                return Err(ChannelError::Protocol("the frame is too long"));
            }
            // Before a byte of it is read, so that the sum stays bounded.
            let cost = len.min(TEXT) * COST + len.saturating_sub(TEXT) * FILE_COST;
            let cost = u32::try_from(cost / 1024 + 1).unwrap_or(u32::MAX).min(MEMORY);
            let Ok(_memory) = self.memory.acquire_many(cost).await else { return Ok(()) };
            let frame = peer.frame(len).await?;
            match self.take(frame).await {
                Ok(_) => peer.answer(Answer::Taken).await?,
                Err(TakeError::Store(_) | TakeError::Unread(..)) => return Ok(()),
                Err(TakeError::Frame(_) | TakeError::Violation(..) | TakeError::Verifier(..) | TakeError::Crash) => {
                    peer.answer(Answer::Refused).await?;
                }
            }
        }
    }

    /// One frame, all the way to durable. What happened is logged, counted and
    /// in the audit record.
    ///
    /// # Errors
    /// [`TakeError`].
    pub async fn take(&self, frame: Vec<u8>) -> Result<Committed, TakeError> {
        let (frame, digest) = digested(frame).await?;
        let taken = self.take_quietly(frame, digest).await;
        let taken = self.on_record(digest, taken).await;
        match &taken {
            Ok((id, Committed::New)) => {
                self.counters.taken.fetch_add(1, Ordering::Relaxed);
                tracing::info!(event = events::TAKEN, %id);
            }
            Ok((id, Committed::Duplicate)) => {
                self.counters.repeated.fetch_add(1, Ordering::Relaxed);
                tracing::info!(event = events::REPEATED, %id);
            }
            Err(TakeError::Store(error)) => tracing::error!(event = events::SPOOL_TROUBLE, %error),
            Err(TakeError::Violation(id, violation)) => {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                tracing::error!(event = events::REFUSED, %id, reason = "grammar", %violation);
            }
            Err(TakeError::Unread(id, error)) => tracing::error!(event = events::VERIFIER_DOWN, %id, %error),
            Err(TakeError::Verifier(id, death)) => {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                tracing::error!(event = events::REFUSED, %id, reason = "verifier", %death);
            }
            Err(error @ (TakeError::Frame(_) | TakeError::Crash)) => {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                tracing::error!(event = events::REFUSED, reason = "frame", %error);
            }
        }
        taken.map(|(_, committed)| committed)
    }

    /// A refusal is said only when it is on record; without room for that the
    /// frame may come again.
    async fn on_record(
        &self,
        frame: Digest,
        taken: Result<(MailId, Committed), TakeError>,
    ) -> Result<(MailId, Committed), TakeError> {
        let (id, verdict) = match &taken {
            Ok(_) | Err(TakeError::Store(_) | TakeError::Unread(..)) => return taken,
            Err(TakeError::Frame(_)) => (None, "frame"),
            Err(TakeError::Violation(id, violation)) => (Some(*id), violation.rule.code()),
            Err(TakeError::Verifier(id, _)) => (Some(*id), "verifier"),
            Err(TakeError::Crash) => (None, "crash"),
        };
        let entry = audit::refused(id, frame, verdict, self.clock.now_ms());
        self.spool.append(&entry).await.map_err(TakeError::Store)?;
        taken
    }

    async fn take_quietly(&self, frame: Vec<u8>, digest: Digest) -> Result<(MailId, Committed), TakeError> {
        let (charset, checker) = (self.charset, self.spool.checker().clone());
        let mail = if frame.len() <= SHORT {
            let message = frame::decode(Untrusted::new(&frame)).map_err(TakeError::Frame)?;
            if message.attachments().iter().any(|one| is_rich(one.kind())) {
                // Another process has to answer.
                let made = tokio::task::spawn_blocking(move || make(message, charset, &checker)).await;
                made.unwrap_or(Err(TakeError::Crash))?
            } else {
                make(message, charset, &checker)?
            }
        } else {
            let made = tokio::task::spawn_blocking(move || {
                let message = frame::decode(Untrusted::new(&frame)).map_err(TakeError::Frame)?;
                // So that no file is here three times.
                drop(frame);
                make(message, charset, &checker)
            });
            made.await.unwrap_or(Err(TakeError::Crash))?
        };
        let committed = self.spool.put(&mail, Kind::Mail, Some(digest), self.clock.now_ms());
        let committed = committed.await.map_err(TakeError::Store)?;
        Ok((mail.id(), committed))
    }
}

/// The frame and its digest; a long one holds up nobody while it is computed.
async fn digested(frame: Vec<u8>) -> Result<(Vec<u8>, Digest), TakeError> {
    let digested = |frame: Vec<u8>| {
        let digest = Digest { sha256: Sha256::of(&frame), size: frame.len() as u64 };
        (frame, digest)
    };
    if frame.len() <= SHORT {
        return Ok(digested(frame));
    }
    // It fails only where the program ends under it.
    tokio::task::spawn_blocking(move || digested(frame)).await.map_err(|_| TakeError::Store(StoreError::Closed))
}

/// Message to proven mail.
fn make(message: SafeMessage, charset: Charset, checker: &Checker) -> Result<VerifiedMail, TakeError> {
    let (id, envelope) = (message.id(), message.envelope().clone());
    let mail = render_in(&message, charset).into_bytes();
    drop(message);
    checker.verify(mail, envelope).map_err(|why| match why {
        NotProven::Violation(violation) => TakeError::Violation(id, violation),
        NotProven::Died(death) => TakeError::Verifier(id, death),
        NotProven::Unavailable(why) => TakeError::Unread(id, why),
    })
}

/// Whether the verifier has to be asked about it.
fn is_rich(kind: SafeKind) -> bool {
    match kind {
        SafeKind::Text | SafeKind::Csv | SafeKind::Calendar | SafeKind::Card => false,
        SafeKind::Png | SafeKind::Jpeg | SafeKind::Gif | SafeKind::Pdf | SafeKind::Zip => true,
    }
}

impl fmt::Display for TakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(err) => err.fmt(f),
            Self::Violation(id, err) => write!(f, "mail {id}: {err}"),
            Self::Verifier(id, err) => write!(f, "mail {id}: {err}"),
            Self::Unread(id, err) => write!(f, "mail {id}: {err}"),
            Self::Store(err) => err.fmt(f),
            Self::Crash => f.write_str("working on the frame crashed"),
        }
    }
}

impl std::error::Error for TakeError {}
