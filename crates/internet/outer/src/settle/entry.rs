//! What the audit record says of a mail: ids, digests and codes.

use sekisho_audit as audit;
use sekisho_audit::{Code, Entry};
use sekisho_job::{Part, Report, Verdict};

/// What a mail goes through here, in order, when a worker answers; each is
/// code of its own, and none can be left out.
pub(super) const FILTERS: [&str; 8] = ["receive", "seal", "open", "sandbox", "two-readings", "text", "files", "frame"];
/// The same when none does.
pub(super) const UNREAD: [&str; 4] = ["receive", "seal", "open", "sandbox"];

/// The entry about a mail: what came, what it went through, what became of
/// each share.
pub(super) fn of_mail(
    report: &Report,
    at_ms: u64,
    filters: &[&str],
    worker: &str,
    shares: Vec<audit::Share>,
) -> Vec<u8> {
    Entry::Mail(Box::new(audit::Mail {
        at_ms,
        id: report.id,
        source: audit::Digest { sha256: report.source.sha256, size: report.source.size },
        profile: report.profile.clone(),
        outcome: outcome_of(report.outcome),
        hold_reason: report.hold_reason.map(|reason| Code::new(reason.code())),
        filters: filters.iter().map(|filter| Code::new(filter)).collect(),
        worker: Code::new(worker),
        anomalies: report.anomalies.iter().map(|anomaly| Code::new(anomaly.code())).collect(),
        shares,
        parts_left_out: 0,
    }))
    .encode()
}

pub(super) fn outcome_of(verdict: Verdict) -> audit::Outcome {
    match verdict {
        Verdict::Deliver => audit::Outcome::Deliver,
        Verdict::Hold => audit::Outcome::Hold,
    }
}

pub(super) fn part_of(part: &Part) -> audit::Part {
    audit::Part {
        path: Code::new(&part.path.to_string()),
        action: Code::new(part.action.code()),
        rule: part.rule.as_ref().map(|rule| Code::new(rule.as_str())),
        reason: part.reason.map(|reason| Code::new(reason.code())),
        kind: part.kind_detected.map(|kind| Code::new(kind.code())),
        sha256: part.sha256,
        output: part.output.as_ref().map(|output| output.sha256),
        removed: part.removed.iter().map(|removal| Code::new(removal.code())).collect(),
    }
}
