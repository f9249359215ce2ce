//! The Internet side's record of one mail: what was found, done and answered.

use sekisho_job::{Action, BodySource, HoldReason, Part, Report, Verdict};
use sekisho_safe_message::{Address, MailId};
use serde::{Deserialize, Serialize};

/// The record of one mail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// What was found and done.
    pub(crate) report: Report,
    /// What the LGWAN side said: `taken`, `refused`, `partly` if it took some
    /// shares and others wait, or nothing yet.
    pub(crate) handoff: Option<String>,
    /// When this was settled, milliseconds since 1970.
    pub(crate) settled_ms: u64,
    /// Of a mail whose recipients are treated differently: each share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) shares: Vec<ShareRecord>,
}

/// What became of a mail for some of its recipients.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ShareRecord {
    /// Its id on the LGWAN side.
    pub(crate) id: MailId,
    pub(crate) to: Vec<Address>,
    pub(crate) outcome: Verdict,
    pub(crate) hold_reason: Option<HoldReason>,
    pub(crate) handoff: Option<String>,
    pub(crate) parts: Vec<Part>,
}

impl Record {
    /// As stored.
    pub(crate) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// As stored by [`Record::encode`]; `None` for anything else.
    pub(crate) fn decode(octets: &[u8]) -> Option<Self> {
        serde_json::from_slice(octets).ok()
    }

    /// Every part, of every share.
    pub(crate) fn parts(&self) -> Vec<&Part> {
        match self.shares.as_slice() {
            [] => self.report.parts.iter().collect(),
            shares => shares.iter().flat_map(|share| &share.parts).collect(),
        }
    }
}

/// When a stored mail was settled last; without it the time of the last change.
pub(crate) fn settled_ms(record: Option<&[u8]>) -> Option<u64> {
    #[derive(Deserialize)]
    struct Settled {
        settled_ms: u64,
    }
    serde_json::from_slice::<Settled>(record?).ok().map(|settled| settled.settled_ms)
}

/// Whether a part is kept out, or reaches the reader as other than it is: an
/// invitation in words, a mail inside as text, a file made anew.
fn is_less(part: &Part) -> bool {
    match part.action {
        Action::Strip | Action::Twin | Action::Quarantine | Action::Hold => true,
        Action::Rebuild | Action::Flatten | Action::Extract | Action::Shown => true,
        Action::Body => part.type_declared.as_str() != "text/plain",
        Action::Open => part.sha256.is_some(),
        Action::Unused => false,
    }
}

/// Whether the reader gets less, or other, than the sender wrote.
pub(crate) fn is_changed(report: &Report) -> bool {
    let body = report.body.as_ref();
    report.parts.iter().any(is_less)
        || body.is_some_and(|body| {
            body.from != BodySource::Plain || body.replacements > 0 || body.links_removed > 0 || body.unsigned
        })
        || !report.anomalies.is_empty()
}
