//! What becomes of a mail once it has been read: the record, what finds it, the
//! entry of the audit record, and how long its original stays. All of it is
//! one transaction of the store.

use sekisho_audit as audit;
use sekisho_audit::{Code, Entry};
use sekisho_channel::admin::{OriginalForm, OriginalRequest, RequestState};
use sekisho_job::{Action, HoldReason, Job, Part, Report, Share, Verdict};
use sekisho_safe_message::{Address, MailId, Sha256};
use sekisho_settings::Keep;
use sekisho_store::{ItemView, Lease, Settled, State, StoreError};

use crate::book::Note;
use crate::meta::{Meta, mail_id};
use crate::record::{Record, ShareRecord, is_changed};
use crate::retain::Retention;
use crate::terms::{Facts, terms};

/// What a mail goes through here, in order, when a worker answers; each is
/// code of its own, and none can be left out.
const FILTERS: [&str; 8] = ["receive", "seal", "open", "sandbox", "two-readings", "text", "files", "frame"];
/// The same when none does.
const UNREAD: [&str; 4] = ["receive", "seal", "open", "sandbox"];

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

impl Fate {
    fn answer(self) -> Option<&'static str> {
        match self {
            Self::Taken => Some("taken"),
            Self::Refused => Some("refused"),
            Self::Waits => None,
        }
    }
}

/// What became of a mail with all its shares; at least one.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    /// The one report of the whole: that of the first share that waits, if one
    /// does.
    pub(crate) report: Report,
    shares: Vec<(&'a Share, Fate)>,
    frames: Vec<Option<Sha256>>,
}

impl<'a> Outcome<'a> {
    /// The outcome of `shares`, whose fates and frames are known in the same
    /// order; `None` if there is none.
    pub(crate) fn new(job: &Job, shares: &'a [Share], fates: &[Fate], frames: Vec<Option<Sha256>>) -> Option<Self> {
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
        Some(Self { report, shares, frames })
    }

    /// Whether some share is not on the other side.
    pub(crate) fn waits(&self) -> bool {
        self.shares.iter().any(|(_, fate)| *fate != Fate::Taken)
    }

    /// What the LGWAN side said of the whole.
    pub(crate) fn handoff(&self) -> Option<&'static str> {
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

    fn record(&self, settled_ms: u64) -> Record {
        let shares = if self.shares.len() < 2 { &[][..] } else { &self.shares };
        let shares = shares.iter().map(|(share, fate)| record_of(share, *fate)).collect();
        Record { report: self.report.clone(), handoff: self.handoff().map(str::to_owned), settled_ms, shares }
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.shares.iter().flat_map(|(share, _)| &share.report.parts)
    }

    fn entry(&self, at_ms: u64) -> Vec<u8> {
        let shares = self.shares.iter().zip(&self.frames).map(|((share, fate), frame)| audit::Share {
            id: share.job.id,
            recipients: share.job.envelope.to().len() as u64,
            outcome: outcome_of(share.report.outcome),
            hold_reason: share.report.hold_reason.map(|reason| Code::new(reason.code())),
            parts: share.report.parts.iter().map(part_of).collect(),
            frame: *frame,
            answer: fate.answer().map(Code::new),
        });
        mail_entry(&self.report, at_ms, &FILTERS, "answered", shares.collect())
    }
}

fn record_of(share: &Share, fate: Fate) -> ShareRecord {
    let (outcome, hold_reason) = match fate {
        Fate::Taken => (Verdict::Deliver, None),
        Fate::Refused => (Verdict::Hold, Some(HoldReason::Refused)),
        Fate::Waits => (Verdict::Hold, share.report.hold_reason),
    };
    let (id, to, parts) = (share.job.id, share.job.envelope.to().to_vec(), share.report.parts.clone());
    ShareRecord { id, to, outcome, hold_reason, handoff: fate.answer().map(str::to_owned), parts }
}

fn mail_entry(report: &Report, at_ms: u64, filters: &[&str], worker: &str, shares: Vec<audit::Share>) -> Vec<u8> {
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

fn outcome_of(verdict: Verdict) -> audit::Outcome {
    match verdict {
        Verdict::Deliver => audit::Outcome::Deliver,
        Verdict::Hold => audit::Outcome::Hold,
    }
}

fn part_of(part: &Part) -> audit::Part {
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

/// What goes with a settlement besides the outcome.
#[derive(Debug, Clone)]
pub(crate) struct Along {
    /// How long what stays.
    pub(crate) retention: Retention,
    /// When.
    pub(crate) now_ms: u64,
    /// Who had it done, if it was a person.
    pub(crate) note: Option<Note>,
    /// Whether the original goes to its recipients' mailboxes outside at once.
    pub(crate) dual: Option<OriginalForm>,
}

/// What a settlement is made of.
struct Draft {
    id: MailId,
    meta: Meta,
    /// Whether `meta` is to be written anew.
    changed: bool,
    record: Record,
    entry: Vec<u8>,
}

impl Draft {
    fn new(lease: &Lease, record: Record, entry: Vec<u8>) -> Option<Self> {
        let meta = Meta::decode(lease.meta())?;
        Some(Self { id: mail_id(lease.id()), meta, changed: false, record, entry })
    }

    fn settled(mut self, label: &str, along: &Along) -> Settled {
        let mut entries = vec![self.entry];
        if let Some(note) = &along.note {
            entries.push(note.entry(Some(self.id)));
            self.meta.book.add(note.act.clone());
            self.changed = true;
        }
        // What has been here before would come back for ever.
        let returned = self.record.report.hold_reason == Some(HoldReason::Loop);
        if let Some(form) = along.dual
            && self.meta.book.requests.is_empty()
            && !returned
        {
            let to = self.record.report.source.envelope_to.clone();
            self.meta.book.requests.push(at_once(to, form, along.now_ms));
            self.changed = true;
        }
        let facts = Facts { meta: &self.meta, report: Some(&self.record.report), parts: self.record.parts() };
        let mut settled = Settled::new(label).terms(terms(&facts)).record(self.record.encode());
        settled.entries = entries;
        if !self.meta.book.legal_hold {
            settled = settled.expires_ms(along.retention.record_expires(along.now_ms));
        }
        if self.changed { settled.meta(self.meta.encode()) } else { settled }
    }

    /// Whether somebody wants the original.
    fn is_wanted(&self) -> bool {
        let open = |request: &OriginalRequest| matches!(request.state, RequestState::Pending | RequestState::Approved);
        let book = &self.meta.book;
        book.legal_hold || book.releases > 0 || book.requests.iter().any(open)
    }
}

/// The request that stands for dual delivery.
fn at_once(to: Vec<Address>, form: OriginalForm, at_ms: u64) -> OriginalRequest {
    let asked = Note::of("sekisho", "request", "original.dual", at_ms).result("approved").act;
    let state = RequestState::Approved;
    OriginalRequest { number: 1, to, form, state, asked, decided: None, attempts: 0, reply: None }
}

/// Settles a mail that the LGWAN side has taken: the original stays or goes as
/// the vault is told, but for one with quarantined parts or one that somebody
/// has asked for. What comes from the queue is lazily durable and not waited
/// for: if it is lost, the mail is handed over again, and its ids make that
/// harmless.
pub(crate) async fn taken(lease: Lease, outcome: &Outcome<'_>, along: &Along) -> Result<(), StoreError> {
    let record = outcome.record(along.now_ms);
    let Some(draft) = Draft::new(&lease, record, outcome.entry(along.now_ms)) else { return Err(damaged()) };
    let quarantined = outcome.parts().any(|part| part.action == Action::Quarantine);
    let keep = match along.retention.keep {
        Keep::Held => false,
        Keep::Changed => outcome.shares.iter().any(|(share, _)| is_changed(&share.report)),
        Keep::All => true,
    };
    let stays = keep || quarantined || along.note.is_some() || along.dual.is_some() || draft.is_wanted();
    let label = if quarantined { Action::Quarantine.code() } else { "" };
    let settled = draft.settled(label, along);
    let (settled, waits) = if along.note.is_some() { (settled, true) } else { (settled.lazy(), false) };
    let durable = if stays { lease.keep(along.now_ms, settled) } else { lease.done(along.now_ms, settled) };
    if waits { durable.await } else { Ok(()) }
}

/// Settles a mail of which some share waits for a person; its original stays
/// until then. From now on it is a mail to those alone who have not got it: a
/// later try must not serve the others again.
pub(crate) async fn waiting(lease: Lease, outcome: &Outcome<'_>, along: &Along) -> Result<(), StoreError> {
    let code = outcome.report.hold_reason.map_or("", HoldReason::code);
    let record = outcome.record(along.now_ms);
    let Some(mut draft) = Draft::new(&lease, record, outcome.entry(along.now_ms)) else { return Err(damaged()) };
    let served = outcome.recipients(true);
    if !served.is_empty()
        && let Some(meta) = draft.meta.clone().serve(&served, outcome.recipients(false))
    {
        draft = Draft { meta, changed: true, ..draft };
    }
    let settled = Settled { expires_ms: None, ..draft.settled(code, along) };
    lease.hold(along.now_ms, settled).await
}

/// Settles a mail that waits for a person without a worker's answer.
pub(crate) async fn held(lease: Lease, report: &Report, along: &Along) -> Result<(), StoreError> {
    let code = report.hold_reason.map_or("", HoldReason::code);
    let record = Record { report: report.clone(), handoff: None, settled_ms: along.now_ms, shares: Vec::new() };
    let entry = mail_entry(report, along.now_ms, &UNREAD, code, Vec::new());
    let Some(draft) = Draft::new(&lease, record, entry) else { return Err(damaged()) };
    let settled = Settled { expires_ms: None, ..draft.settled(code, along) };
    lease.hold(along.now_ms, settled).await
}

/// Settles a mail that was a request to the gateway itself: its record stays.
pub(crate) async fn answered(lease: Lease, report: &Report, label: &str, along: &Along) -> Result<(), StoreError> {
    let record = Record { report: report.clone(), handoff: None, settled_ms: along.now_ms, shares: Vec::new() };
    let entry = mail_entry(report, along.now_ms, &FILTERS, "answered", Vec::new());
    let Some(draft) = Draft::new(&lease, record, entry) else { return Err(damaged()) };
    let settled = draft.settled(label, along);
    lease.done(along.now_ms, settled).await
}

/// What is changed about a mail that stays in its state.
#[derive(Debug)]
pub(crate) struct Amended {
    /// The new facts; the book holds the act already.
    pub(crate) meta: Meta,
    /// What the audit record says of it.
    pub(crate) entries: Vec<Vec<u8>>,
    /// When the record may go; `None` for never.
    pub(crate) expires_ms: Option<u64>,
}

/// Writes what people did about a mail, which stays where it is.
pub(crate) async fn amend(lease: Lease, amended: Amended, now_ms: u64) -> Result<(), StoreError> {
    let settled = restated(lease.view(), &amended, lease.view().label.clone());
    // A body that was freed stays freed, and one that is there stays there.
    restate(lease, settled.keep_body(), now_ms).await
}

/// Settles a mail in the state that it is in.
pub(crate) async fn restate(lease: Lease, settled: Settled, now_ms: u64) -> Result<(), StoreError> {
    match lease.state() {
        State::Held => lease.hold(now_ms, settled).await,
        State::Kept => lease.keep(now_ms, settled).await,
        State::Done => lease.done(now_ms, settled).await,
        State::Buried => lease.bury(now_ms, settled).await,
        State::Ready | State::Waiting => {
            let due_ms = lease.view().due_ms;
            lease.defer(now_ms, due_ms, settled).await
        }
    }
}

/// Destroys the original and keeps the record.
pub(crate) async fn deleted(lease: Lease, amended: Amended, now_ms: u64) -> Result<(), StoreError> {
    let settled = restated(lease.view(), &amended, "deleted".to_owned());
    lease.bury(now_ms, settled).await
}

fn restated(view: &ItemView, amended: &Amended, label: String) -> Settled {
    let record = view.record.as_deref().and_then(Record::decode);
    let facts = match &record {
        Some(record) => Facts { meta: &amended.meta, report: Some(&record.report), parts: record.parts() },
        None => Facts::new(&amended.meta, None),
    };
    let mut settled = Settled::new(label).terms(terms(&facts)).meta(amended.meta.encode());
    settled.expires_ms = amended.expires_ms;
    settled.entries.clone_from(&amended.entries);
    settled
}

fn damaged() -> StoreError {
    StoreError::Damaged("the facts of a mail's arrival")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use std::time::Duration;

    use crate::book::Book;
    use sekisho_job::{Answers, FileRules, Limits, Orders, Outgoing, PartPath, Rules, encode_answers};
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
            orders: Orders::default(),
        }
    }

    fn along(keep: Keep) -> Along {
        let day = Duration::from_secs(86_400);
        let vault =
            VaultSettings { keep, retention: day, record_retention: day, key_file: None, lost_keys: Vec::new() };
        Along { retention: Retention::new(&vault), now_ms: 1, note: None, dual: None }
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
            size: 6,
            book: Book::default(),
        };
        let mut body = store.body();
        body.write(b"octets").unwrap();
        let id = ItemId(job().id.to_bytes());
        let item = NewItem::new(id, meta.encode(), 0);
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
            let outcome =
                Outcome::new(&job(), answers.shares(), &[Fate::Taken, Fate::Waits], vec![None, None]).unwrap();
            assert!(outcome.waits());
            waiting(lease, &outcome, &along(Keep::All)).await.unwrap();
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
            let outcome =
                Outcome::new(&job(), answers.shares(), &[Fate::Taken, Fate::Refused], vec![None, None]).unwrap();
            waiting(lease, &outcome, &along(Keep::All)).await.unwrap();
        });
        assert_eq!((view.state, view.label.as_str()), (State::Held, "refused"));
        assert_eq!(Meta::decode(&view.meta).unwrap().envelope.to(), &job().envelope.to()[1..]);
    }

    #[test]
    fn a_mail_that_waits_as_a_whole_keeps_its_envelope() {
        let answers = answers(&[(&[0, 1, 2], Some(HoldReason::Rule), vec![])]);
        let view = settled(async |lease| {
            let outcome = Outcome::new(&job(), answers.shares(), &[Fate::Waits], vec![None]).unwrap();
            waiting(lease, &outcome, &along(Keep::All)).await.unwrap();
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
            let view = settled(async |lease| {
                let outcome =
                    Outcome::new(&job(), answers.shares(), &[Fate::Taken, Fate::Taken], vec![None, None]).unwrap();
                assert!(!outcome.waits());
                taken(lease, &outcome, &along(keep)).await.unwrap();
            });
            assert_eq!((view.state, view.label.as_str()), (state, label), "{keep:?} {action}");
            assert_eq!(record(&view)["handoff"], "taken");
        }
    }
}
