//! What the spool keeps beside a raw mail: the facts of its arrival.

use std::net::SocketAddr;

use sekisho_safe_message::{Address, Envelope, MailId};
use sekisho_store::ItemId;
use serde::{Deserialize, Serialize};

use crate::book::Book;

/// The facts of one arrival, as the receiver saw them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// Who sends, who receives.
    pub(crate) envelope: Envelope,
    /// Where the connection came from.
    pub(crate) peer: SocketAddr,
    /// What the peer called itself (checked ASCII).
    pub(crate) helo: String,
    /// Whether the mail came encrypted.
    pub(crate) tls: bool,
    /// Recipients whose share the LGWAN side has taken, and who are no longer
    /// in the envelope; empty but for mails that wait for others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) served: Vec<Address>,
    /// Octets of the mail as it came; 0 in what was stored before mails were
    /// sealed.
    #[serde(default)]
    pub(crate) size: u64,
    /// What people did about it.
    #[serde(default, skip_serializing_if = "Book::is_empty")]
    pub(crate) book: Book,
}

impl Meta {
    /// As stored. JSON, so that an administrator's tools can read it in an
    /// emergency.
    pub(crate) fn encode(&self) -> Vec<u8> {
        // A struct of strings always encodes; an empty header would be held as
        // damaged on the way out.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// With some recipients served, and the others left to serve; `None` if
    /// that leaves nobody.
    pub(crate) fn serve(self, served: &[Address], left: Vec<Address>) -> Option<Self> {
        let envelope = Envelope::new(self.envelope.from().cloned(), left)?;
        Some(Self { envelope, served: self.served.into_iter().chain(served.iter().cloned()).collect(), ..self })
    }

    /// As stored by [`Meta::encode`]; `None` if it is damaged.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// A mail's id as the store names it.
pub(crate) fn item_id(id: MailId) -> ItemId {
    ItemId(id.to_bytes())
}

/// A stored item's id as everybody else names it.
pub(crate) fn mail_id(id: ItemId) -> MailId {
    MailId::from_bytes(id.0)
}
