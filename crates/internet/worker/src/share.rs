//! One mail for recipients to whom the policy says different things.
//!
//! Mostly there is one share, of all. Recipients for whom every rule asks the
//! same are one group; groups to whom the same came out become one share again.

use sekisho_job::{HoldReason, Job, Report};
use sekisho_safe_message::{Sha256, Untrusted};
use sekisho_sanitizer::{Fonts, Outcome, Remembered, sanitize_share, sanitize_with_fonts};

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
    let remembered = Remembered::default();
    for recipients in groups {
        let Some(own) = job.share(&recipients) else { continue };
        let outcome = sanitize_share(raw, &own, fonts, &remembered);
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
    let report = Report::unread(job, HoldReason::Rule, job.orders.digest.unwrap_or_else(|| Sha256::of(raw.read())));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use sekisho_job::{Answers, FileRules, Limits, Orders, Outgoing, Rules, encode_answers};
    use sekisho_policy::Policy;
    use sekisho_safe_message::{Envelope, MailId, Notice, Timestamp};

    use super::*;

    const MAIL: &[u8] = include_bytes!("../../../../fixtures/mail/90-png-with-more/in.eml");

    fn job(rules: &str, to: &[&str]) -> Job {
        let policy = Policy::parse(&format!("profile = \"test\"\ndefault = \"rebuild\"\n{rules}")).unwrap();
        Job {
            id: MailId::new(1_795_478_400_000, [7; 10]),
            envelope: Envelope::new(None, to.iter().map(|to| to.parse().unwrap()).collect()).unwrap(),
            received: Timestamp::from_unix_ms_jst(1_795_478_400_000),
            size: MAIL.len() as u64,
            limits: Limits::default(),
            profile: policy.profile().clone(),
            rules: Rules::default(),
            policy,
            files: FileRules::default(),
            orders: Orders::default(),
        }
    }

    fn attached(share: &Share) -> usize {
        match &share.outcome {
            Outcome::Deliver(message, _) => message.attachments().len(),
            Outcome::Hold(reason, _) => unreachable!("{reason:?}"),
        }
    }

    #[test]
    fn recipients_are_divided_by_what_comes_out() {
        const RULES: &str = "[[rule]]\nid = \"school\"\nwhen = { recipient = [\"@school.example\"] }\nthen = \"strip\"\n\
                             [[rule]]\nid = \"hall\"\nwhen = { recipient = [\"c@city.example\"], kind = [\"pdf\"] }\nthen = \"strip\"\n";
        let job = job(RULES, &["a@city.example", "b@school.example", "c@city.example"]);
        let shares = sanitize(Untrusted::new(MAIL), &job, &Fonts::none());
        // The rule for PDF divides, but this mail has none: a and c get the same.
        let places: Vec<_> = shares.iter().map(|share| share.recipients.clone()).collect();
        assert_eq!(places, [vec![0, 2], vec![1]]);
        assert_eq!(shares.iter().map(attached).collect::<Vec<_>>(), [1, 0]);
        for share in shares {
            let Outcome::Deliver(message, report) = share.outcome else { unreachable!() };
            let own = job.share(&share.recipients).unwrap();
            assert_eq!((message.id(), message.envelope()), (own.id, &own.envelope));
            assert_eq!(report.id, own.id);
        }
    }

    #[test]
    fn one_outcome_is_the_mail_itself() {
        let rules =
            "[[rule]]\nid = \"x\"\nwhen = { recipient = [\"a@city.example\"], kind = [\"pdf\"] }\nthen = \"strip\"\n";
        let job = job(rules, &["a@city.example", "b@city.example"]);
        let shares = sanitize(Untrusted::new(MAIL), &job, &Fonts::none());
        assert_eq!(shares.len(), 1);
        assert!(shares[0].recipients.is_empty());
        let Outcome::Deliver(message, _) = &shares[0].outcome else { unreachable!() };
        assert_eq!((message.id(), message.envelope()), (job.id, &job.envelope));
    }

    /// A person's orders are for the mail, and so for each of its shares.
    #[test]
    fn orders_are_for_every_share() {
        const DISPUTED: &[u8] = b"From: a@b.example\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n\
            --b\r\nContent-Type: text/csv; name=a.csv\r\n\r\n1,2\r\n";
        const RULES: &str =
            "[[rule]]\nid = \"school\"\nwhen = { recipient = [\"@school.example\"] }\nthen = \"strip\"\n";
        let mut job = Job { size: DISPUTED.len() as u64, ..job(RULES, &["a@city.example", "b@school.example"]) };
        let waits = sanitize(Untrusted::new(DISPUTED), &job, &Fonts::none());
        assert_eq!(waits.len(), 2);
        let is_held = |share: &Share| matches!(share.outcome, Outcome::Hold(HoldReason::AmbiguousStructure, _));
        assert!(waits.iter().all(is_held), "{waits:?}");
        job.orders.doubts = true;
        let shares = sanitize(Untrusted::new(DISPUTED), &job, &Fonts::none());
        assert_eq!(shares.iter().map(|share| share.recipients.clone()).collect::<Vec<_>>(), [[0], [1]]);
        assert_eq!(shares.iter().map(attached).collect::<Vec<_>>(), [1, 0]);
        for share in &shares {
            let Outcome::Deliver(message, report) = &share.outcome else { unreachable!() };
            assert!(message.notices().contains(&Notice::Reviewed));
            assert!(report.mime_ambiguity.starts_with("accepted="), "{}", report.mime_ambiguity);
        }
        // What comes of it is an answer that whoever gave the order believes.
        let answer = encode_answers(&shares.iter().map(outgoing).collect::<Vec<_>>()).unwrap();
        assert_eq!(Answers::decode(answer, &job).unwrap().shares().len(), 2);
    }

    fn outgoing(share: &Share) -> Outgoing<'_> {
        match &share.outcome {
            Outcome::Deliver(message, report) => {
                Outgoing { recipients: &share.recipients, report, message: Some(message) }
            }
            Outcome::Hold(_, report) => Outgoing { recipients: &share.recipients, report, message: None },
        }
    }

    #[test]
    fn too_many_groups_wait() {
        let rules: String = (0..20)
            .map(|n| {
                format!("[[rule]]\nid = \"r{n}\"\nwhen = {{ recipient = [\"u{n}@city.example\"] }}\nthen = \"strip\"\n")
            })
            .collect();
        let to: Vec<String> = (0..20).map(|n| format!("u{n}@city.example")).collect();
        let job = job(&rules, &to.iter().map(String::as_str).collect::<Vec<_>>());
        let shares = sanitize(Untrusted::new(MAIL), &job, &Fonts::none());
        assert!(matches!(shares.as_slice(), [Share { outcome: Outcome::Hold(HoldReason::Rule, _), .. }]));
    }
}
