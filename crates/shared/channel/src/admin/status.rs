//! How a program is doing: what it answers to [`super::Request::Status`].
//!
//! Counts, ages and closed codes; never text of a mail.

use serde::{Deserialize, Serialize};

use super::MailState;

/// How a program is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// `sekisho-outer` or `sekisho-inner`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// When it started, milliseconds since 1970.
    pub started_ms: u64,
    /// The profile in force (outer only).
    pub profile: Option<String>,
    /// Where it listens.
    pub listening: Vec<String>,
    /// Mails by state.
    pub stages: Vec<Stage>,
    /// Free octets on the disk of its state directory.
    pub free_bytes: u64,
    /// The floor below which it takes no mail.
    pub floor_bytes: u64,
    /// Layers of isolation of its workers (outer only): name, and `active` or
    /// why not.
    pub layers: Vec<(String, String)>,
    /// Counters since it started: name and value.
    pub counters: Vec<(String, u64)>,
    /// What is wrong, as codes; healthy when empty.
    pub problems: Vec<Problem>,
    /// What the receiver refused since it started (outer only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refused>,
    /// How far the audit record is.
    #[serde(default)]
    pub audit: AuditState,
}

/// How often the receiver refused something for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// `client`, `command`, `mail` or `connection`.
    pub what: String,
    /// A code.
    pub reason: String,
    /// So often.
    pub count: u64,
}

/// How far a program's audit record is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditState {
    /// The number of the last entry.
    pub entries: u64,
    /// When it was signed last, milliseconds since 1970, if this run of the
    /// program did so yet.
    pub signed_ms: Option<u64>,
}

/// Mails in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The state.
    pub state: MailState,
    /// How many.
    pub count: u64,
    /// Their octets.
    pub bytes: u64,
    /// When the oldest came, milliseconds since 1970.
    pub oldest_ms: Option<u64>,
}

/// What can be wrong with a running program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// Free space is below the floor: mail is refused with 452.
    LowSpace,
    /// No worker can be started.
    NoWorkers,
    /// The LGWAN side does not answer.
    HandoffDown,
    /// The mail server inside does not answer.
    RelayDown,
    /// Mails have waited for more than an hour.
    OldMail,
    /// The LGWAN side has refused mails: a defect or an attack.
    Refusals,
    /// More mails are held than `review.held_max`.
    ManyHeld,
    /// A mail has been held for longer than `review.age_max`.
    OldHeld,
    /// Held mails reach the end of `vault.retention_held` within days.
    HeldLeaving,
    /// The mail server outside does not take originals.
    OriginalsDown,
}
