//! What entries say. Each is one line of JSON; its kind and its time come
//! first, then the fields in the order in which they stand here.

mod mail;

use std::collections::BTreeMap;
use std::fmt;

use sekisho_safe_message::{MailId, SafeLine, Sha256};
use serde::{Deserialize, Serialize};

use crate::{Code, PublicKey, Signature};

pub use mail::{MAX_PARTS, Mail, Part, Share};

/// Longest entry, in octets: as JSON within JSON it fits a line of the admin
/// socket (4 MiB).
pub const MAX_ENTRY: usize = 2 << 20;
/// Codes of one part, and details of an act.
const MAX_CODES: usize = 32;

/// One entry of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Entry {
    /// Outside: a mail was read and settled.
    Mail(Box<Mail>),
    /// Inside: a frame was taken or refused, or a report was made.
    SafeMail(Box<SafeMail>),
    /// Inside: a mail was relayed, put off or given up.
    Relay(Box<Relay>),
    /// A person did something, or tried to.
    Act(Box<Act>),
    /// The program started.
    Start(Box<Start>),
    /// A signature over everything before.
    Checkpoint(Box<Checkpoint>),
    /// The oldest entries were deleted when their retention ended.
    Pruned(Box<Pruned>),
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// [`Entry::Mail`]
    Mail,
    /// [`Entry::SafeMail`]
    SafeMail,
    /// [`Entry::Relay`]
    Relay,
    /// [`Entry::Act`]
    Act,
    /// [`Entry::Start`]
    Start,
    /// [`Entry::Checkpoint`]
    Checkpoint,
    /// [`Entry::Pruned`]
    Pruned,
}

/// Whose record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chain {
    /// The Internet side's.
    Outer,
    /// The LGWAN side's.
    Inner,
}

/// Octets that stand somewhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// Their digest.
    pub sha256: Sha256,
    /// How many.
    pub size: u64,
}

/// Whether a mail crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It crosses, made safe.
    Deliver,
    /// It waits on the Internet side.
    Hold,
}

/// A frame inside, and the mail made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SafeMail {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// The mail's id inside; none where the frame is none of a mail.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<MailId>,
    /// The frame as it came; none of a report that was made inside.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub frame: Option<Digest>,
    /// `verified`, or why it was refused.
    pub verdict: Code,
    /// The mail made of it, if it was taken.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output: Option<Digest>,
}

impl SafeMail {
    /// The verdict on a mail that was taken.
    pub const VERIFIED: &'static str = "verified";
}

/// What became of a mail inside, after an attempt or a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// The mail's id inside.
    pub id: MailId,
    /// How it stands: `relayed`, `deferred`, `refused`, `expired`, `held`.
    pub result: Code,
    /// Attempts so far.
    pub attempts: u32,
    /// Recipients that have it.
    pub delivered: u64,
    /// Recipients that wait.
    pub waiting: u64,
    /// Recipients that the server refused for good.
    pub refused: u64,
    /// Recipients whose time was over.
    pub expired: u64,
    /// What the server said last, without its words.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub replies: Vec<Tally>,
}

/// How many recipients got one reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// `250 2.0.0`, or the code of a trouble.
    pub code: Code,
    /// So many.
    pub recipients: u64,
}

/// What a person did, or was not let do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// A user's name, `mail:ADDRESS`, or `sekisho` for the gateway itself.
    pub who: SafeLine,
    /// The user, as the kernel says; none for a request by mail.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uid: Option<u32>,
    /// Who had logged in, if that is known and another.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub login: Option<u32>,
    /// What: `release`, `delete`, `retry`...
    pub what: Code,
    /// Why, in that person's words.
    pub why: SafeLine,
    /// The mail's id, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<MailId>,
    /// What came of it.
    pub result: Code,
    /// What else is known, in codes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub details: BTreeMap<Code, Code>,
}

/// A program's start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// Whose record this is.
    pub chain: Chain,
    /// The program.
    pub program: Code,
    /// Its version.
    pub version: Code,
    /// Of the settings in force.
    pub configuration: Sha256,
    /// What its signatures are checked with.
    pub key: PublicKey,
}

/// A signature over the chain up to an entry shortly before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// Whose record this is.
    pub chain: Chain,
    /// The last entry that is covered.
    pub number: u64,
    /// Its hash.
    pub hash: Sha256,
    /// Whose signature.
    pub key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

/// The deletion of the oldest entries, signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pruned {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// Whose record this is.
    pub chain: Chain,
    /// The last entry that was deleted.
    pub up_to: u64,
    /// Its hash: what the first entry that is left stands behind.
    pub hash: Sha256,
    /// Whose signature.
    pub key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

/// What was read is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl Entry {
    /// Its one line, at most [`MAX_ENTRY`] octets, without a line end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Our own types always encode.
        let line = |entry: &Self| serde_json::to_vec(entry).unwrap_or_default();
        match self {
            Self::Mail(mail) if mail.is_long() => line(&Self::Mail(Box::new(mail.as_ref().clone().shortened()))),
            Self::Act(act) if act.details.len() > MAX_CODES => {
                let details = act.details.clone().into_iter().take(MAX_CODES).collect();
                line(&Self::Act(Box::new(Act { details, ..act.as_ref().clone() })))
            }
            Self::Mail(_) | Self::SafeMail(_) | Self::Relay(_) | Self::Act(_) => line(self),
            Self::Start(_) | Self::Checkpoint(_) | Self::Pruned(_) => line(self),
        }
    }

    /// The entry of a line.
    ///
    /// # Errors
    /// [`Malformed`]: this program does not write such lines.
    pub fn decode(line: &[u8]) -> Result<Self, Malformed> {
        if line.len() > MAX_ENTRY {
            return Err(Malformed);
        }
        serde_json::from_slice(line).map_err(|_| Malformed)
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Mail(_) => Kind::Mail,
            Self::SafeMail(_) => Kind::SafeMail,
            Self::Relay(_) => Kind::Relay,
            Self::Act(_) => Kind::Act,
            Self::Start(_) => Kind::Start,
            Self::Checkpoint(_) => Kind::Checkpoint,
            Self::Pruned(_) => Kind::Pruned,
        }
    }

    /// When, in milliseconds since 1970.
    #[must_use]
    pub fn at_ms(&self) -> u64 {
        match self {
            Self::Mail(one) => one.at_ms,
            Self::SafeMail(one) => one.at_ms,
            Self::Relay(one) => one.at_ms,
            Self::Act(one) => one.at_ms,
            Self::Start(one) => one.at_ms,
            Self::Checkpoint(one) => one.at_ms,
            Self::Pruned(one) => one.at_ms,
        }
    }
}

/// Kind and time of a line, without reading the rest.
#[must_use]
pub fn head(line: &[u8]) -> Option<(Kind, u64)> {
    let rest = line.strip_prefix(b"{\"kind\":\"")?;
    let kind = Kind::ALL.into_iter().find(|kind| {
        rest.strip_prefix(kind.code().as_bytes()).is_some_and(|rest| rest.starts_with(b"\",\"at_ms\":"))
    })?;
    let digits = rest.get(kind.code().len() + "\",\"at_ms\":".len()..)?;
    let end = digits.iter().take(21).position(|byte| !byte.is_ascii_digit())?;
    let at_ms = std::str::from_utf8(&digits[..end]).ok()?.parse().ok()?;
    Some((kind, at_ms))
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Mail, Self::SafeMail, Self::Relay, Self::Act, Self::Start, Self::Checkpoint, Self::Pruned];

    /// Its name in the entry.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::SafeMail => "safe-mail",
            Self::Relay => "relay",
            Self::Act => "act",
            Self::Start => "start",
            Self::Checkpoint => "checkpoint",
            Self::Pruned => "pruned",
        }
    }
}

impl Chain {
    /// Its name in entries and options.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Outer => "outer",
            Self::Inner => "inner",
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an entry of the audit record")
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests;
