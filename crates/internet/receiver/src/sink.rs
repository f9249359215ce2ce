//! Where accepted mail goes: the contract with the embedding program.
//!
//! Owns the words both sides use. Never says how or where mail is kept.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;

use sekisho_safe_message::{Domain, Envelope, MailId};

use crate::{BodyType, Reply};

/// Keeps mail.
pub trait Sink: Send + Sync + 'static {
    /// One mail on its way in.
    type Body: Body;

    /// Whether there is room for another mail. Asked at every MAIL, so it must
    /// be cheap; `false` is answered with 452.
    fn room(&self) -> bool;

    /// Opens a mail at DATA. `size_hint` is the octets that the peer declared
    /// (RFC 1870), if it did: a wish, not a fact.
    ///
    /// # Errors
    /// As [`SinkError`] says; the peer is then not asked for the mail.
    fn begin(&self, size_hint: Option<u64>) -> Result<Self::Body, SinkError>;
}

/// One mail on its way in. **Dropped without [`Body::commit`], or after an
/// error, it must leave nothing behind.**
pub trait Body: Send + 'static {
    /// Appends octets: CRLF lines, dots unstuffed. Called on an async thread,
    /// so it may write to the page cache and must not wait for a disk.
    ///
    /// # Errors
    /// As [`SinkError`] says. The body is dropped then, the rest of the mail
    /// is read and thrown away, and the peer hears of it.
    fn write(&mut self, chunk: &[u8]) -> Result<(), SinkError>;

    /// Makes the mail durable and names it. The future resolves only when a
    /// loss of power could not undo it: `250` goes out behind it, and from
    /// there we answer for the mail (RFC 5321 6.1).
    ///
    /// If the peer is gone by then, or the future is dropped at the end of
    /// the drain, the mail may be kept all the same: the peer did not hear
    /// `250` and will send it again. A duplicate is borne, a loss is not.
    ///
    /// # Errors
    /// As [`SinkError`] says; the mail must not be kept.
    fn commit(self, arrival: Arrival) -> impl Future<Output = Result<MailId, SinkError>> + Send;
}

/// Why a sink does not take a mail now. Both are temporary to the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkError {
    /// No space: 452.
    Full,
    /// Anything else: 451. The sink itself logs what.
    Trouble,
}

impl SinkError {
    /// What the peer hears.
    pub fn reply(self) -> Reply {
        match self {
            Self::Full => Reply::NO_ROOM,
            Self::Trouble => Reply::LOCAL_TROUBLE,
        }
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "no space for the mail",
            Self::Trouble => "the mail could not be stored",
        })
    }
}

impl std::error::Error for SinkError {}

/// How a mail came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Who sends, who receives; recipients without duplicates, in order.
    pub envelope: Envelope,
    /// The other end of the connection, IPv4 written as IPv4.
    pub peer: SocketAddr,
    /// How the peer introduced itself.
    pub hello: Hello,
    /// The encryption of the connection, if there was any.
    pub tls: Option<TlsSession>,
    /// What BODY said.
    pub body: BodyType,
    /// `Received` fields in the header.
    pub received: usize,
    /// Octets of the mail, dots unstuffed.
    pub size: u64,
}

/// HELO or EHLO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The verb.
    pub kind: HelloKind,
    /// The name that the peer claims; nobody has checked it.
    pub name: Domain,
}

/// With which verb the peer introduced itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelloKind {
    /// HELO: no extensions, no pipelining.
    Helo,
    /// EHLO.
    Ehlo,
}

/// The encryption of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsSession {
    /// As IANA writes it: `TLSv1_3`.
    pub version: &'static str,
    /// As IANA writes it: `TLS13_AES_256_GCM_SHA384`.
    pub cipher: &'static str,
}
