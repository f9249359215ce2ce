//! What becomes of a mail once it has been read: the record, and how long its
//! original stays.

use sekisho_job::{Action, BodySource, HoldReason, Job, Part, Report, Share, Verdict};
use sekisho_safe_message::{Address, MailId};
use sekisho_settings::Keep;
use sekisho_store::{Lease, Settled, StoreError};
use serde::Serialize;

use crate::meta::Meta;
use crate::retain::Retention;

/// The Internet side's record of one mail.
#[derive(Debug, Serialize)]
struct Record<'a> {
    /// What was found and done.
    report: &'a Report,
    /// What the LGWAN side said: `taken`, `refused`, `partly` if it took some
    /// shares and others wait, or nothing yet.
    handoff: Option<&'static str>,
    /// When this was settled, milliseconds since 1970.
    settled_ms: u64,
    /// Of a mail whose recipients are treated differently: each share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shares: Vec<ShareRecord<'a>>,
}

/// What became of a mail for some of its recipients.
#[derive(Debug, Serialize)]
struct ShareRecord<'a> {
    /// Its id on the LGWAN side.
    id: MailId,
    to: &'a [Address],
    outcome: Verdict,
    hold_reason: Option<HoldReason>,
    handoff: Option<&'static str>,
    parts: &'a [Part],
}

/// What became of one share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The LGWAN side has it.
    Taken,
    /// The LGWAN side refused it.
    Refused,
    /// It waits on this side.
    Waits,
}

/// What became of a mail with all its shares; at least one.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    /// The one report of the whole: that of the first share that waits, if one
    /// does.
    pub(crate) report: Report,
    shares: Vec<(&'a Share, Fate)>,
}

impl<'a> Outcome<'a> {
    /// The outcome of `shares`, whose fates are known in the same order; `None`
    /// if there is none.
    pub(crate) fn new(job: &Job, shares: &'a [Share], fates: &[Fate]) -> Option<Self> {
        let shares: Vec<_> = shares.iter().zip(fates.iter().copied()).collect();
        let gravest = shares.iter().find(|(_, fate)| *fate != Fate::Taken).or(shares.first())?;
        let mut report = gravest.0.report.clone();
        report.id = job.id;
        report.source.envelope_to = job.envelope.to().to_vec();
        report.timings_us = shares.iter().map(|(share, _)| share.report.timings_us).fold(0, u64::saturating_add);
        if gravest.1 == Fate::Refused {
            report.outcome = Verdict::Hold;
            report.hold_reason = Some(HoldReason::Refused);
        }
        Some(Self { report, shares })
    }

    /// Whether some share is not on the other side.
    pub(crate) fn waits(&self) -> bool {
        self.shares.iter().any(|(_, fate)| *fate != Fate::Taken)
    }

    fn handoff(&self) -> Option<&'static str> {
        let has = |wanted| self.shares.iter().any(|(_, fate)| *fate == wanted);
        match (has(Fate::Taken), has(Fate::Refused), has(Fate::Waits)) {
            (true, false, false) => Some("taken"),
            (true, _, _) => Some("partly"),
            (false, true, _) => Some("refused"),
            (false, false, _) => None,
        }
    }

    /// Recipients of the shares with, or without, this fate.
    fn recipients(&self, taken: bool) -> Vec<Address> {
        let some = self.shares.iter().filter(|(_, fate)| (*fate == Fate::Taken) == taken);
        some.flat_map(|(share, _)| share.job.envelope.to().iter().cloned()).collect()
    }

    fn record(&self, settled_ms: u64) -> Vec<u8> {
        let shares = if self.shares.len() < 2 { &[][..] } else { &self.shares };
        let shares = shares.iter().map(|(share, fate)| record_of(share, *fate)).collect();
        encode(&Record { report: &self.report, handoff: self.handoff(), settled_ms, shares })
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.shares.iter().flat_map(|(share, _)| &share.report.parts)
    }
}

fn record_of(share: &Share, fate: Fate) -> ShareRecord<'_> {
    let (outcome, hold_reason, handoff) = match fate {
        Fate::Taken => (Verdict::Deliver, None, Some("taken")),
        Fate::Refused => (Verdict::Hold, Some(HoldReason::Refused), Some("refused")),
        Fate::Waits => (Verdict::Hold, share.report.hold_reason, None),
    };
    let to = share.job.envelope.to();
    ShareRecord { id: share.job.id, to, outcome, hold_reason, handoff, parts: &share.report.parts }
}

/// Settles a mail that the LGWAN side has taken: the original stays or goes as
/// the vault is told, but for one with quarantined parts, which stays for the
/// review. Lazily durable and not waited for: if it is lost, the mail is handed
/// over again, and its ids make that harmless.
pub(crate) fn taken(lease: Lease, outcome: &Outcome<'_>, retention: Retention, now_ms: u64) {
    let quarantined = outcome.parts().any(|part| part.action == Action::Quarantine);
    let stays = quarantined
        || match retention.keep {
            Keep::Held => false,
            Keep::Changed => outcome.shares.iter().any(|(share, _)| is_changed(&share.report)),
            Keep::All => true,
        };
    let label = if quarantined { Action::Quarantine.code() } else { "" };
    let settled = Settled::new(label).record(outcome.record(now_ms)).lazy();
    let settled = settled.expires_ms(retention.record_expires(now_ms));
    drop(if stays { lease.keep(now_ms, settled) } else { lease.done(now_ms, settled) });
}

/// Settles a mail of which some share waits for a person; its original stays
/// until then. From now on it is a mail to those alone who have not got it: a
/// later try must not serve the others again.
pub(crate) async fn waiting(lease: Lease, outcome: &Outcome<'_>, now_ms: u64) -> Result<(), StoreError> {
    let code = outcome.report.hold_reason.map_or("", HoldReason::code);
    let mut settled = Settled::new(code).record(outcome.record(now_ms));
    let served = outcome.recipients(true);
    if !served.is_empty()
        && let Some(meta) = Meta::decode(lease.meta())
        && let Some(meta) = meta.serve(&served, outcome.recipients(false))
    {
        settled = settled.meta(meta.encode());
    }
    lease.hold(now_ms, settled).await
}

/// Settles a mail that waits for a person without a worker's answer.
pub(crate) async fn held(lease: Lease, report: &Report, now_ms: u64) -> Result<(), StoreError> {
    let code = report.hold_reason.map_or("", HoldReason::code);
    let record = encode(&Record { report, handoff: None, settled_ms: now_ms, shares: Vec::new() });
    lease.hold(now_ms, Settled::new(code).record(record)).await
}

fn encode(record: &Record<'_>) -> Vec<u8> {
    serde_json::to_vec(record).unwrap_or_default()
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
fn is_changed(report: &Report) -> bool {
    let body = report.body.as_ref();
    report.parts.iter().any(is_less)
        || body.is_some_and(|body| {
            body.from != BodySource::Plain || body.replacements > 0 || body.links_removed > 0 || body.unsigned
        })
        || !report.anomalies.is_empty()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use std::time::Duration;

    use sekisho_job::{Answers, FileRules, Limits, Outgoing, PartPath, Rules, encode_answers};
    use sekisho_policy::Policy;
    use sekisho_safe_message::{
        Envelope, Language, Mailbox, SafeHeaders, SafeLine, SafeMessage, SafeText, Sha256, Timestamp,
    };
    use sekisho_settings::VaultSettings;
    use sekisho_store::{BodyFate, ItemId, ItemView, NewItem, Options, State, Store};

    fn job() -> Job {
        let to = ["a@b.example", "c@b.example", "d@b.example"].map(|to| to.parse().unwrap()).into();
        let policy = Policy::text_only();
        Job {
            id: MailId::new(1, [2; 10]),
            envelope: Envelope::new(None, to).unwrap(),
            received: Timestamp::new(0, 540).unwrap(),
            size: 6,
            limits: Limits::default(),
            profile: policy.profile().clone(),
            rules: Rules::default(),
            policy,
            files: FileRules::default(),
        }
    }

    fn message(job: &Job) -> SafeMessage {
        let headers = SafeHeaders {
            from: Mailbox { name: None, address: "a@b.example".parse().unwrap() },
            to: vec![],
            cc: vec![],
            reply_to: vec![],
            subject: SafeLine::default(),
            date: job.received,
            message_id: None,
            in_reply_to: vec![],
            references: vec![],
            auto_submitted: None,
            list_id: None,
        };
        let (text, envelope) = (SafeText::clean("text").value, job.envelope.clone());
        SafeMessage::new(job.id, envelope, headers, text, vec![], Language::En, job.profile.clone()).unwrap()
    }

    fn report(job: &Job, hold: Option<HoldReason>, parts: Vec<Part>) -> Report {
        let mut report = Report::unread(job, HoldReason::Rule, Sha256::of(b"octets"));
        report.outcome = if hold.is_some() { Verdict::Hold } else { Verdict::Deliver };
        Report { hold_reason: hold, parts, ..report }
    }

    fn part(action: &str) -> Part {
        let json = serde_json::json!({
            "path": PartPath::new(&[1]), "name": null, "type_declared": "application/pdf", "size": 1, "sha256": null,
            "action": action, "reason": null,
        });
        serde_json::from_value(json).unwrap()
    }

    /// Shares of [`job`]: places, why it waits, parts.
    fn answers(shares: &[(&[usize], Option<HoldReason>, Vec<Part>)]) -> Answers {
        let job = job();
        let made: Vec<_> = shares
            .iter()
            .map(|(places, hold, parts)| {
                let share = job.share(places).unwrap();
                (report(&share, *hold, parts.clone()), hold.is_none().then(|| message(&share)))
            })
            .collect();
        let outgoing: Vec<_> = shares
            .iter()
            .zip(&made)
            .map(|((recipients, ..), (report, message))| Outgoing { recipients, report, message: message.as_ref() })
            .collect();
        Answers::decode(encode_answers(&outgoing).unwrap(), &job).unwrap()
    }

    /// The item as it stands after `settle` had its lease.
    fn settled(settle: impl AsyncFnOnce(Lease)) -> ItemView {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path(), Options { min_free: 0, ..Options::default() }).unwrap();
        let meta = Meta {
            envelope: job().envelope,
            peer: "127.0.0.1:25".parse().unwrap(),
            helo: "x".to_owned(),
            tls: false,
            served: Vec::new(),
        };
        let mut body = store.body();
        body.write(b"octets").unwrap();
        let id = ItemId(job().id.to_bytes());
        let item = NewItem { id, meta: meta.encode(), arrived_ms: 0, due_ms: 0, label: String::new() };
        store.commit(body, item).wait().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(settle(store.next(0).unwrap().unwrap()));
        // What is durable before this is, so is what was settled lazily before.
        store.sweep(1).wait().unwrap();
        store.get(id).unwrap().unwrap()
    }

    fn record(view: &ItemView) -> serde_json::Value {
        serde_json::from_slice(view.record.as_deref().unwrap()).unwrap()
    }

    #[test]
    fn who_waits_stays_in_the_envelope_and_who_is_served_does_not() {
        let answers = answers(&[(&[0, 2], None, vec![]), (&[1], Some(HoldReason::EncryptedFile), vec![])]);
        let view = settled(async |lease| {
            let outcome = Outcome::new(&job(), answers.shares(), &[Fate::Taken, Fate::Waits]).unwrap();
            assert!(outcome.waits());
            waiting(lease, &outcome, 1).await.unwrap();
        });
        assert_eq!((view.state, view.label.as_str(), view.body), (State::Held, "encrypted-file", BodyFate::Keep));
        let meta = Meta::decode(&view.meta).unwrap();
        assert_eq!(meta.envelope.to(), [job().envelope.to()[1].clone()]);
        assert_eq!(meta.served, [job().envelope.to()[0].clone(), job().envelope.to()[2].clone()]);
        let record = record(&view);
        assert_eq!(record["handoff"], "partly");
        assert_eq!(record["report"]["id"], job().id.to_string());
        assert_eq!(record["report"]["outcome"], "hold");
        assert_eq!(record["report"]["source"]["envelope_to"].as_array().unwrap().len(), 3);
        assert_eq!(record["shares"][0]["handoff"], "taken");
        assert_eq!(record["shares"][1]["to"][0], "c@b.example");
        assert_ne!(record["shares"][0]["id"], record["shares"][1]["id"]);
    }

    #[test]
    fn a_refused_share_waits_for_a_person_and_the_others_are_served() {
        let answers = answers(&[(&[0], None, vec![]), (&[1, 2], None, vec![])]);
        let view = settled(async |lease| {
            let outcome = Outcome::new(&job(), answers.shares(), &[Fate::Taken, Fate::Refused]).unwrap();
            waiting(lease, &outcome, 1).await.unwrap();
        });
        assert_eq!((view.state, view.label.as_str()), (State::Held, "refused"));
        assert_eq!(Meta::decode(&view.meta).unwrap().envelope.to(), &job().envelope.to()[1..]);
    }

    #[test]
    fn a_mail_that_waits_as_a_whole_keeps_its_envelope() {
        let answers = answers(&[(&[0, 1, 2], Some(HoldReason::Rule), vec![])]);
        let view = settled(async |lease| {
            let outcome = Outcome::new(&job(), answers.shares(), &[Fate::Waits]).unwrap();
            waiting(lease, &outcome, 1).await.unwrap();
        });
        assert_eq!(Meta::decode(&view.meta).unwrap().envelope, job().envelope);
        let record = record(&view);
        assert_eq!((&record["handoff"], record.get("shares")), (&serde_json::Value::Null, None));
    }

    #[test]
    fn quarantine_keeps_the_original_whatever_the_vault_says() {
        for (keep, action, state, label) in [
            (Keep::Held, "quarantine", State::Kept, "quarantine"),
            (Keep::Held, "rebuild", State::Done, ""),
            (Keep::Held, "strip", State::Done, ""),
            (Keep::Changed, "rebuild", State::Kept, ""),
            (Keep::Changed, "strip", State::Kept, ""),
            (Keep::Changed, "unused", State::Done, ""),
            (Keep::All, "unused", State::Kept, ""),
        ] {
            // The part of one share counts for the whole mail.
            let answers = answers(&[(&[0], None, vec![]), (&[1, 2], None, vec![part(action)])]);
            let day = Duration::from_secs(86_400);
            let retention = Retention::new(&VaultSettings { keep, retention: day, record_retention: day });
            let view = settled(async |lease| {
                let outcome = Outcome::new(&job(), answers.shares(), &[Fate::Taken, Fate::Taken]).unwrap();
                assert!(!outcome.waits());
                taken(lease, &outcome, retention, 1);
            });
            assert_eq!((view.state, view.label.as_str()), (state, label), "{keep:?} {action}");
            assert_eq!(record(&view)["handoff"], "taken");
        }
    }
}
