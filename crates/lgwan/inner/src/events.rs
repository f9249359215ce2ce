//! The names of what this program logs: a closed list, which the manual
//! explains and monitoring may match. Every event of a mail carries its `id`.

/// The program is listening.
pub const STARTED: &str = "inner.started";
/// The program ends after a signal; mails in hand are finished first.
pub const STOPPING: &str = "inner.stopping";
/// The program has ended in order.
pub const STOPPED: &str = "inner.stopped";
/// What the spool held at the start.
pub const RECOVERED: &str = "spool.recovered";
/// The spool cannot be written or read.
pub const SPOOL_TROUBLE: &str = "spool.trouble";
/// **Alarm.** A stored mail is no longer what was verified: it is held.
pub const SPOOL_DAMAGED: &str = "spool.damaged";
/// Verified and durable.
pub const TAKEN: &str = "mail.taken";
/// A mail that had been taken before came again.
pub const REPEATED: &str = "mail.repeated";
/// **Alarm.** A frame was no safe message, or its mail broke the grammar.
pub const REFUSED: &str = "handoff.refused";
/// **Alarm.** The verifier of files cannot be asked: mails with files wait.
pub const VERIFIER_DOWN: &str = "verifier.down";
/// A handoff connection broke.
pub const HANDOFF_BROKEN: &str = "handoff.broken";
/// Every recipient has it.
pub const RELAYED: &str = "mail.relayed";
/// It is tried again later.
pub const DEFERRED: &str = "mail.deferred";
/// Given up: refused for good, or expired.
pub const BURIED: &str = "mail.buried";
/// The administrator's report about a buried mail is queued.
pub const REPORTED: &str = "mail.reported";
/// **Alarm.** Relaying it crashed, a defect of ours: it is held.
pub const CRASHED: &str = "mail.crashed";
/// An operator had it tried again.
pub const RETRIED: &str = "mail.retried";
/// The mail server inside does not answer.
pub const RELAY_DOWN: &str = "relay.down";
/// It answers again.
pub const RELAY_UP: &str = "relay.up";

/// The audit record was signed up to a number: noted here, on another machine,
/// it proves that nothing was cut off.
pub const CHECKPOINT: &str = "audit.checkpoint";
/// Entries of the audit record were deleted: their retention is over.
pub const PRUNED: &str = "audit.pruned";

/// Every name.
pub const ALL: [&str; 21] = [
    STARTED,
    STOPPING,
    STOPPED,
    RECOVERED,
    SPOOL_TROUBLE,
    SPOOL_DAMAGED,
    TAKEN,
    REPEATED,
    REFUSED,
    VERIFIER_DOWN,
    HANDOFF_BROKEN,
    RELAYED,
    DEFERRED,
    BURIED,
    REPORTED,
    CRASHED,
    RETRIED,
    RELAY_DOWN,
    RELAY_UP,
    CHECKPOINT,
    PRUNED,
];
