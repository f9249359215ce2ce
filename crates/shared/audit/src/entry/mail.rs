//! A mail outside, share by share and part by part.

use sekisho_safe_message::{MailId, ProfileName, Sha256};
use serde::{Deserialize, Serialize};

use super::{Digest, MAX_CODES, Outcome};
use crate::Code;

/// Parts that one entry names; [`Mail::parts_left_out`] counts the others.
pub const MAX_PARTS: usize = 1_000;
/// Shares that one entry names: more than a mail has recipients.
const MAX_SHARES: usize = 1_000;

/// A mail outside: what came, what was done to it, what went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// Its id.
    pub id: MailId,
    /// The mail as it came.
    pub source: Digest,
    /// The profile in force.
    pub profile: ProfileName,
    /// What became of it; `hold` if some share of it waits.
    pub outcome: Outcome,
    /// Why it waits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hold_reason: Option<Code>,
    /// What it went through, in order: `receive`, `seal`, `read`, `compare`...
    pub filters: Vec<Code>,
    /// How the worker ended: `answered`, or what it died of.
    pub worker: Code,
    /// Oddities of its structure.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub anomalies: Vec<Code>,
    /// What became of it for whom; one where all recipients are treated alike.
    pub shares: Vec<Share>,
    /// Parts behind the first [`MAX_PARTS`].
    #[serde(skip_serializing_if = "is_zero", default)]
    pub parts_left_out: u64,
}

/// A mail for some of its recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Its id inside: the mail's own, if there is one share.
    pub id: MailId,
    /// For so many.
    pub recipients: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it waits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hold_reason: Option<Code>,
    /// Every part, and what was done to it.
    pub parts: Vec<Part>,
    /// The frame that was handed over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub frame: Option<Sha256>,
    /// What the LGWAN side said of it: `taken`, `refused`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answer: Option<Code>,
}

/// One part of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its place: `1`, `1.2`.
    pub path: Code,
    /// What was done.
    pub action: Code,
    /// The policy's rule that decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<Code>,
    /// Why, where it was kept out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Code>,
    /// What it is, by content.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<Code>,
    /// Its octets.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<Sha256>,
    /// What was made of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output: Option<Sha256>,
    /// What was in it and is not in what was made of it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub removed: Vec<Code>,
}

impl Mail {
    pub(super) fn is_long(&self) -> bool {
        let parts = self.shares.iter().map(|share| share.parts.len()).sum::<usize>();
        let codes = |part: &Part| part.removed.len() > MAX_CODES;
        parts > MAX_PARTS
            || self.shares.len() > MAX_SHARES
            || self.anomalies.len() > MAX_CODES * 4
            || self.filters.len() > MAX_CODES
            || self.shares.iter().flat_map(|share| &share.parts).any(codes)
    }

    pub(super) fn shortened(mut self) -> Self {
        let mut room = MAX_PARTS;
        self.shares.truncate(MAX_SHARES);
        self.anomalies.truncate(MAX_CODES * 4);
        self.filters.truncate(MAX_CODES);
        for share in &mut self.shares {
            let out = share.parts.len().saturating_sub(room);
            self.parts_left_out = self.parts_left_out.saturating_add(out as u64);
            share.parts.truncate(room);
            room -= share.parts.len();
            share.parts.iter_mut().for_each(|part| part.removed.truncate(MAX_CODES));
        }
        self
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
