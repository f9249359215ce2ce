//! What happened: a closed list, for the log and for counters.
//!
//! Owns the names of events and what a log line of each carries. Never
//! carries text of a peer: addresses, codes, counts and ids only.

use std::net::SocketAddr;

use sekisho_safe_message::MailId;
use tracing::{debug, info, warn};

use crate::{Offence, Refusal, Reply, TlsSession};

/// Is told what happens. `()` ignores it.
pub trait Observer: Send + Sync + 'static {
    /// Called on an async thread; must not wait.
    fn observe(&self, event: &Event);
}

impl Observer for () {
    fn observe(&self, _: &Event) {}
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A client was let in.
    Connected {
        /// Whose connection.
        peer: SocketAddr,
    },
    /// A client was turned away at the door.
    Denied {
        /// Whose connection.
        peer: SocketAddr,
        /// Why.
        denial: Denial,
    },
    /// A connection is encrypted now.
    Secured {
        /// Whose connection.
        peer: SocketAddr,
        /// How.
        tls: TlsSession,
    },
    /// A command was answered with 4xx or 5xx.
    Refused {
        /// Whose connection.
        peer: SocketAddr,
        /// The answer.
        reply: Reply,
    },
    /// A mail is durable; `250` goes out.
    Accepted {
        /// Whose connection.
        peer: SocketAddr,
        /// The mail.
        id: MailId,
        /// Octets.
        size: u64,
        /// How many recipients.
        recipients: usize,
    },
    /// A mail was read to its end and refused, or its DATA was.
    MailRefused {
        /// Whose connection.
        peer: SocketAddr,
        /// Why.
        refusal: Refusal,
    },
    /// A connection ended in the middle of a mail; nothing of it is kept.
    Interrupted {
        /// Whose connection.
        peer: SocketAddr,
    },
    /// A connection ended.
    Closed {
        /// Whose connection.
        peer: SocketAddr,
        /// Why.
        closing: Closing,
    },
}

/// Why a client is turned away at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// Not one of ours.
    Forbidden,
    /// All connections are taken.
    Full,
    /// Its share of connections is taken.
    ClientFull,
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// QUIT.
    Quit,
    /// A fault of the peer after which nothing it sends can be trusted.
    Offence(Offence),
    /// A limit: time, commands, errors, or we are closing down.
    Limit(Reply),
    /// A refused mail that did not end.
    Flood(Refusal),
    /// The TLS handshake failed.
    Handshake,
    /// The peer is gone.
    Lost,
}

impl Event {
    /// The stable name in logs and counters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "receive.connected",
            Self::Denied { .. } => "receive.denied",
            Self::Secured { .. } => "receive.secured",
            Self::Refused { .. } => "receive.refused",
            Self::Accepted { .. } => "receive.accepted",
            Self::MailRefused { .. } => "receive.mail-refused",
            Self::Interrupted { .. } => "receive.interrupted",
            Self::Closed { .. } => "receive.closed",
        }
    }

    /// Writes the log line.
    pub(crate) fn log(&self) {
        let event = self.name();
        match self {
            Self::Connected { peer } => debug!(event, %peer, "connected"),
            Self::Denied { peer, denial } => warn!(event, %peer, why = denial.code(), "turned away"),
            Self::Secured { peer, tls } => {
                debug!(event, %peer, version = tls.version, cipher = tls.cipher, "encrypted")
            }
            Self::Refused { peer, reply } => {
                info!(event, %peer, code = reply.code(), status = reply.status(), "command refused");
            }
            Self::Accepted { peer, id, size, recipients } => info!(event, %id, %peer, size, recipients, "accepted"),
            Self::MailRefused { peer, refusal } => info!(event, %peer, why = refusal.code(), "mail refused"),
            Self::Interrupted { peer } => info!(event, %peer, "connection ended in the middle of a mail"),
            Self::Closed { peer, closing: Closing::Offence(offence) } => {
                warn!(event, %peer, why = offence.code(), "closed after an offence");
            }
            Self::Closed { peer, closing } => debug!(event, %peer, why = closing.code(), "closed"),
        }
    }
}

impl Denial {
    /// What the client hears.
    pub fn reply(self) -> Reply {
        match self {
            Self::Forbidden => Reply::CLIENT_DENIED,
            Self::Full => Reply::TOO_MANY_CONNECTIONS,
            Self::ClientFull => Reply::TOO_MANY_FROM_CLIENT,
        }
    }

    /// A stable code for logs and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Full => "full",
            Self::ClientFull => "client-full",
        }
    }
}

impl Closing {
    /// The last reply, if the peer is still there to hear one.
    pub fn reply(self) -> Option<Reply> {
        match self {
            Self::Quit => Some(Reply::BYE),
            Self::Offence(offence) => Some(offence.reply()),
            Self::Limit(reply) => Some(reply),
            Self::Flood(refusal) => Some(refusal.reply()),
            Self::Handshake | Self::Lost => None,
        }
    }

    /// A stable code for logs and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Quit => "quit",
            Self::Offence(offence) => offence.code(),
            Self::Limit(reply) if reply == Reply::CLOSING_DOWN => "closing-down",
            Self::Limit(reply) if reply == Reply::TIMEOUT => "timeout",
            Self::Limit(_) => "limit",
            Self::Flood(refusal) => refusal.code(),
            Self::Handshake => "handshake",
            Self::Lost => "lost",
        }
    }
}
