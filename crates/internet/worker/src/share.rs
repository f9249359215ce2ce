//! One mail for recipients to whom the policy says different things.
//!
//! Mostly there is one share, of all. Recipients for whom every rule asks the
//! same are one group; groups to whom the same came out become one share again.

use sekisho_job::{HoldReason, Job, Report};
use sekisho_safe_message::{Sha256, Untrusted};
use sekisho_sanitizer::{Fonts, Outcome, sanitize_with_fonts};

/// What becomes of a mail for some of its recipients.
#[derive(Debug)]
pub(crate) struct Share {
    /// Their places in the job, ascending; none for all of them.
    pub(crate) recipients: Vec<usize>,
    /// What becomes of it.
    pub(crate) outcome: Outcome,
}

/// Sanitizes `raw` for everybody.
pub(crate) fn sanitize(raw: Untrusted<'_>, job: &Job, fonts: &Fonts) -> Vec<Share> {
    let Ok(groups) = job.policy.groups(job.envelope.to(), job.received) else {
        // No mail that people write has rules for so many.
        return vec![Share { recipients: Vec::new(), outcome: hold(raw, job) }];
    };
    let mut shares: Vec<Share> = Vec::new();
    if groups.len() <= 1 {
        let outcome = sanitize_with_fonts(raw, job, fonts);
        return vec![Share { recipients: Vec::new(), outcome }];
    }
    for recipients in groups {
        let Some(own) = job.share(&recipients) else { continue };
        let outcome = sanitize_with_fonts(raw, &own, fonts);
        match shares.iter_mut().find(|share| is_same(&share.outcome, &outcome)) {
            Some(share) => share.recipients.extend(recipients),
            None => shares.push(Share { recipients, outcome }),
        }
    }
    let mut shares: Vec<Share> = shares.into_iter().map(|share| addressed(share, job)).collect();
    shares.sort_by_key(|share| share.recipients.first().copied());
    shares
}

fn hold(raw: Untrusted<'_>, job: &Job) -> Outcome {
    let report = Report::unread(job, HoldReason::Rule, Sha256::of(raw.read()));
    Outcome::Hold(HoldReason::Rule, Box::new(report))
}

/// Whether two outcomes differ in nothing but who gets them.
fn is_same(one: &Outcome, other: &Outcome) -> bool {
    match (one, other) {
        (Outcome::Deliver(a, report), Outcome::Deliver(b, others)) => {
            let b = (**b).clone().readdressed(a.id(), a.envelope().clone());
            **a == b && report.parts == others.parts
        }
        (Outcome::Hold(a, report), Outcome::Hold(b, others)) => a == b && report.parts == others.parts,
        (Outcome::Deliver(..), Outcome::Hold(..)) | (Outcome::Hold(..), Outcome::Deliver(..)) => false,
    }
}

/// The share with the id and the envelope of all its recipients.
fn addressed(mut share: Share, job: &Job) -> Share {
    share.recipients.sort_unstable();
    let Some(own) = job.share(&share.recipients) else { return share };
    let report = share.outcome.report_mut();
    report.id = own.id;
    report.source.envelope_to = own.envelope.to().to_vec();
    if let Outcome::Deliver(message, _) = &mut share.outcome {
        **message = (**message).clone().readdressed(own.id, own.envelope.clone());
    }
    if own.id == job.id {
        share.recipients.clear();
    }
    share
}
