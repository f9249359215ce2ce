//! What becomes of a mail once it has been read: the record, and how long its
//! original stays.

use sekisho_job::{Action, BodySource, HoldReason, Part, Report};
use sekisho_settings::Keep;
use sekisho_store::{Lease, Settled, StoreError};
use serde::Serialize;

use crate::retain::Retention;

/// The Internet side's record of one mail.
#[derive(Debug, Serialize)]
pub(crate) struct Record<'a> {
    /// What was found and done.
    pub(crate) report: &'a Report,
    /// What the LGWAN side said: `taken`, `refused`, or nothing yet.
    pub(crate) handoff: Option<&'static str>,
    /// When this was settled, milliseconds since 1970.
    pub(crate) settled_ms: u64,
}

/// Settles a mail that the LGWAN side has taken: the original stays or goes as
/// the vault is told. Lazily durable and not waited for: if it is lost, the
/// mail is handed over again, and its id makes that harmless.
pub(crate) fn taken(lease: Lease, report: &Report, retention: Retention, now_ms: u64) {
    let stays = match retention.keep {
        Keep::Held => false,
        Keep::Changed => is_changed(report),
        Keep::All => true,
    };
    let settled = Settled::new("").record(record(report, Some("taken"), now_ms)).lazy();
    let settled = settled.expires_ms(retention.record_expires(now_ms));
    drop(if stays { lease.keep(now_ms, settled) } else { lease.done(now_ms, settled) });
}

/// Settles a mail that waits for a person; its original stays until then.
pub(crate) async fn held(
    lease: Lease,
    report: &Report,
    handoff: Option<&'static str>,
    now_ms: u64,
) -> Result<(), StoreError> {
    let code = report.hold_reason.map_or("", HoldReason::code);
    lease.hold(now_ms, Settled::new(code).record(record(report, handoff, now_ms))).await
}

fn record(report: &Report, handoff: Option<&'static str>, settled_ms: u64) -> Vec<u8> {
    serde_json::to_vec(&Record { report, handoff, settled_ms }).unwrap_or_default()
}

/// Whether a part is kept out, or shown as other than it is: an invitation in
/// words, a mail inside as text.
fn is_less(part: &Part) -> bool {
    match part.action {
        Action::Strip | Action::Twin => true,
        Action::Body => part.type_declared.as_str() != "text/plain",
        Action::Open => part.sha256.is_some(),
        Action::Unused => false,
    }
}

/// Whether the reader gets less, or other, than the sender wrote.
fn is_changed(report: &Report) -> bool {
    let body = report.body.as_ref();
    report.parts.iter().any(is_less)
        || body.is_some_and(|body| {
            body.from != BodySource::Plain || body.replacements > 0 || body.links_removed > 0 || body.unsigned
        })
        || !report.anomalies.is_empty()
}
