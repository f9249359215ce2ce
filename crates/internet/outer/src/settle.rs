//! What becomes of a mail once it has been read: the record, what finds it, the
//! entry of the audit record, and how long its original stays. All of it is
//! one transaction of the store.

mod entry;

use sekisho_audit as audit;
use sekisho_audit::Code;
use sekisho_channel::admin::{OriginalForm, OriginalRequest, RequestState};
use sekisho_job::{Action, HoldReason, Job, Part, Report, Share, Verdict};
use sekisho_safe_message::{Address, MailId, Sha256};
use sekisho_settings::Keep;
use sekisho_store::{ItemView, Lease, Settled, State, StoreError};

use crate::book::Note;
use crate::meta::{Meta, mail_id};
use crate::record::{Record, ShareRecord, is_changed};
use crate::retain::{Class, Retention};
use crate::terms::{Facts, terms};

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
            outcome: entry::outcome_of(share.report.outcome),
            hold_reason: share.report.hold_reason.map(|reason| Code::new(reason.code())),
            parts: share.report.parts.iter().map(entry::part_of).collect(),
            frame: *frame,
            answer: fate.answer().map(Code::new),
        });
        entry::of_mail(&self.report, at_ms, &entry::FILTERS, "answered", shares.collect())
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

/// What goes with a settlement besides the outcome.
#[derive(Debug, Clone)]
pub(crate) struct Along {
    /// How long what stays.
    pub(crate) retention: Retention,
    /// When.
    pub(crate) now_ms: u64,
    /// Who had it done, if it was a person.
    pub(crate) note: Option<Note>,
    /// Whether it seems to bring the password of a file that is still to come.
    pub(crate) brings_password: bool,
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
            self.meta.book.end(note.act.clone());
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
    let changed = outcome.shares.iter().any(|(share, _)| is_changed(&share.report));
    let keep = match along.retention.keep {
        Keep::Held => false,
        Keep::Changed => changed,
        Keep::All => true,
    };
    let stays = keep || quarantined || along.note.is_some() || along.dual.is_some() || draft.is_wanted();
    let for_its_words = !stays && along.brings_password;
    let class = match along.note.is_some() || draft.meta.book.releases > 0 {
        // What waits for a review is found by it, also after a release.
        _ if quarantined => Class::Quarantined,
        _ if for_its_words => Class::Password,
        true => Class::Released,
        false if changed => Class::Changed,
        false => Class::Unchanged,
    };
    let stays = stays || for_its_words;
    let settled = draft.settled(if stays { class.label() } else { "" }, along);
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
    let entry = entry::of_mail(report, along.now_ms, &entry::UNREAD, code, Vec::new());
    let Some(draft) = Draft::new(&lease, record, entry) else { return Err(damaged()) };
    let settled = Settled { expires_ms: None, ..draft.settled(code, along) };
    lease.hold(along.now_ms, settled).await
}

/// Settles a mail that was a request to the gateway itself: its record stays.
pub(crate) async fn answered(lease: Lease, report: &Report, label: &str, along: &Along) -> Result<(), StoreError> {
    let record = Record { report: report.clone(), handoff: None, settled_ms: along.now_ms, shares: Vec::new() };
    let entry = entry::of_mail(report, along.now_ms, &entry::FILTERS, "answered", Vec::new());
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
    let settled = amendment(lease.view(), &amended);
    restate(lease, settled, now_ms).await
}

/// The same for what has had no effect yet: a full disk refuses it, and who
/// asked for it hears so and can ask again.
pub(crate) async fn amend_or_refuse(lease: Lease, amended: Amended, now_ms: u64) -> Result<(), StoreError> {
    let settled = amendment(lease.view(), &amended).refusable();
    restate(lease, settled, now_ms).await
}

/// What is changed about a mail which stays where it is.
pub(crate) fn amendment(view: &ItemView, amended: &Amended) -> Settled {
    // A body that was freed stays freed, and one that is there stays there.
    restated(view, amended, view.label.clone()).keep_body()
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

/// Destroys the original and keeps the record. A full disk refuses it.
pub(crate) async fn deleted(lease: Lease, amended: Amended, now_ms: u64) -> Result<(), StoreError> {
    let settled = restated(lease.view(), &amended, "deleted".to_owned()).refusable();
    lease.bury(now_ms, settled).await
}

/// Lets go of an original that nobody decided about, and keeps the record.
pub(crate) async fn expired(lease: Lease, amended: Amended, now_ms: u64) -> Result<(), StoreError> {
    let settled = restated(lease.view(), &amended, "expired".to_owned());
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

pub(crate) fn damaged() -> StoreError {
    StoreError::Damaged("the facts of a mail's arrival")
}

#[cfg(test)]
mod tests;
