//! Approved originals on their way: one after the other, each until the mail
//! server has it, has refused it, or five days are over.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sekisho_channel::admin::{OriginalForm, OriginalRequest, RequestState};
use sekisho_safe_message::{Address, MailId, SafeLine, Secret, Timestamp};
use sekisho_store::{ItemView, Lease, StoreError};

use super::{Desk, lock, requested, tell};
use crate::book::Note;
use crate::clock::{new_id, now_ms};
use crate::dispatch::Dispatch;
use crate::meta::{Meta, mail_id};
use crate::original::courier::{Cause, Trouble, Verdict};
use crate::original::parcel::{self, Cover, Inside};
use crate::record::Record;
use crate::settle::{Amended, amend};
use crate::vault::Unopened;

/// How often approved originals are looked for without being called.
const EVERY: Duration = Duration::from_secs(30);
/// Longest pause before another try.
const PAUSE_MAX_MS: u64 = 3_600_000;
/// When it is given up (RFC 5321 4.5.4.1: four to five days).
const LIFETIME_MS: u64 = 5 * 86_400_000;
/// Mails of one round.
const ROUND: usize = 100;

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Handed {
    /// The server has it for everybody who is left.
    Delivered(SafeLine),
    /// Not yet, for these.
    Later(Vec<Address>, SafeLine),
    /// Never.
    Refused(SafeLine),
}

impl Handed {
    fn code(&self) -> &'static str {
        match self {
            Self::Delivered(_) => "delivered",
            Self::Later(..) => "later",
            Self::Refused(_) => "refused",
        }
    }
}

/// Carries for as long as it is polled; sends the digest when it is due.
pub(crate) async fn run(dispatch: Arc<Dispatch>) {
    let mut digest = tell::Digest::open(dispatch.desk.digest_file.clone(), now_ms());
    loop {
        if let Err(err) = round(&dispatch).await {
            tracing::error!(event = "original.failed", error = %err);
        }
        digest.if_due(&dispatch).await;
        let _ = tokio::time::timeout(EVERY, dispatch.desk.wake.notified()).await;
    }
}

async fn round(dispatch: &Dispatch) -> Result<(), StoreError> {
    if !dispatch.desk.is_open() {
        return Ok(());
    }
    for view in requested(&dispatch.store, RequestState::Approved, ROUND)? {
        let lease = match dispatch.store.lease(view.id) {
            Ok(lease) => lease,
            Err(StoreError::Busy | StoreError::NotFound) => continue,
            Err(err) => return Err(err),
        };
        one(dispatch, lease).await?;
    }
    Ok(())
}

/// Every approved request of one mail that is due.
async fn one(dispatch: &Dispatch, lease: Lease) -> Result<(), StoreError> {
    let now = now_ms();
    let Some(mut meta) = Meta::decode(lease.meta()) else { return Ok(()) };
    let id = mail_id(lease.id());
    let due = |number| lock(&dispatch.desk.later).get(&(id, number)).is_none_or(|at| *at <= now);
    let numbers: Vec<u32> = meta.book.requests.iter().filter(|r| is_due(r)).map(|r| r.number).collect();
    let mut entries = Vec::new();
    for number in numbers.into_iter().filter(|number| due(*number)) {
        let Some(request) = meta.book.requests.iter().find(|request| request.number == number).cloned() else {
            continue;
        };
        let handed = dispatch.hand_original(lease.view(), &meta, &request.to, request.form, None).await;
        let note = settle(&dispatch.desk, id, &mut meta, number, handed, now);
        entries.push(note.entry(Some(id)));
    }
    if entries.is_empty() {
        return Ok(());
    }
    let expires_ms = lease.view().expires_ms;
    amend(lease, Amended { meta, entries, expires_ms }, now).await
}

/// Parcels need a person who hears the password: they go when it is approved.
fn is_due(request: &OriginalRequest) -> bool {
    request.state == RequestState::Approved && request.form == OriginalForm::Plain
}

/// Writes into the book how an attempt ended.
fn settle(desk: &Desk, id: MailId, meta: &mut Meta, number: u32, handed: Handed, now: u64) -> Note {
    let note = Note::of("sekisho", "deliver-original", "", now).detail("request", &number.to_string());
    let Some(request) = meta.book.requests.iter_mut().find(|request| request.number == number) else {
        return note.result("gone");
    };
    request.attempts = request.attempts.saturating_add(1);
    let (result, said) = match handed {
        Handed::Delivered(said) => {
            request.state = RequestState::Delivered;
            ("delivered", said)
        }
        Handed::Refused(said) => {
            request.state = RequestState::Failed;
            ("refused", said)
        }
        Handed::Later(left, said) => {
            let since = request.decided.as_ref().unwrap_or(&request.asked).at_ms;
            request.to = left;
            if now.saturating_sub(since) > LIFETIME_MS {
                request.state = RequestState::Failed;
                ("expired", said)
            } else {
                let pause = 30_000 * (1 << request.attempts.min(8));
                lock(&desk.later).insert((id, number), now.saturating_add(PAUSE_MAX_MS.min(pause)));
                ("later", said)
            }
        }
    };
    if request.state != RequestState::Approved {
        lock(&desk.later).remove(&(id, number));
    }
    request.reply = Some(said);
    let note = note.result(result);
    meta.book.add(note.act.clone());
    note
}

impl Dispatch {
    /// One attempt to hand an original to its recipients' mailboxes outside.
    pub(crate) async fn hand_original(
        &self,
        view: &ItemView,
        meta: &Meta,
        to: &[Address],
        form: OriginalForm,
        secret: Option<Secret>,
    ) -> Handed {
        let id = mail_id(view.id);
        let later = |code: &str| Handed::Later(to.to_vec(), SafeLine::clean(code).value);
        let Some(courier) = &self.desk.courier else { return later("no-server") };
        let never = |why: Unopened| Handed::Refused(SafeLine::clean(why.code()).value);
        let body = match self.open_original(view) {
            Ok(body) => body,
            Err(why @ (Unopened::Gone | Unopened::Damaged)) => return never(why),
            Err(why @ (Unopened::NoKey | Unopened::Trouble)) => return later(why.code()),
        };
        let date = Timestamp::from_unix_ms_jst(now_ms());
        let (from, mail): (Option<&Address>, Box<dyn Read + Send>) = match (form, secret) {
            (OriginalForm::Plain, _) => {
                (meta.envelope.from(), Box::new(parcel::plain(id, &self.desk.hostname, date, body)))
            }
            (OriginalForm::Zip, Some(secret)) => {
                let Ok(cover_id) = new_id(now_ms()) else { return later("no-chance") };
                let sender = &self.desk.settings.sender;
                let cover = Cover { id: cover_id, from: sender.clone(), to: to.to_vec(), date };
                (Some(sender), Box::new(parcel::zipped(inside(view, meta), cover, secret, body)))
            }
            (OriginalForm::Zip, None) => return later("no-password"),
        };
        let sent = courier.send(from, to, mail).await;
        let ours = matches!(sent, Err(Trouble::Body(_)));
        self.desk.failing.store(sent.is_err() && !ours, Ordering::Relaxed);
        match sent {
            Ok(verdicts) => {
                let handed = sum(to, &verdicts);
                tracing::info!(event = "original.handed", %id, recipients = to.len(), result = handed.code());
                handed
            }
            Err(trouble) => {
                tracing::warn!(event = "original.not-sent", %id, error = %trouble);
                match trouble {
                    // The server has none of it, and another try would give the same.
                    Trouble::Body(err) if Unopened::while_reading(&err) == Unopened::Damaged => {
                        never(Unopened::Damaged)
                    }
                    trouble => later(trouble.code()),
                }
            }
        }
    }
}

fn inside(view: &ItemView, meta: &Meta) -> Inside {
    let subject = view.record.as_deref().and_then(Record::decode).map(|record| record.report.source.subject);
    Inside {
        id: mail_id(view.id),
        size: if view.seal.is_empty() { view.size } else { meta.size },
        arrived: Timestamp::from_unix_ms_jst(view.arrived_ms),
        from: meta.envelope.from().cloned(),
        subject,
    }
}

/// What one verdict for each recipient comes to.
fn sum(to: &[Address], verdicts: &[Verdict]) -> Handed {
    let left: Vec<Address> = to
        .iter()
        .zip(verdicts)
        .filter(|(_, verdict)| matches!(verdict, Verdict::Later(_)))
        .map(|(address, _)| address.clone())
        .collect();
    let said = |pick: fn(&Verdict) -> bool| {
        verdicts.iter().find(|verdict| pick(verdict)).map(|verdict| verdict.said()).unwrap_or_default()
    };
    if !left.is_empty() {
        return Handed::Later(
            left,
            said(|verdict| matches!(verdict, Verdict::Later(Cause::Reply(_) | Cause::Trouble(_)))),
        );
    }
    if verdicts.iter().any(|verdict| matches!(verdict, Verdict::Delivered(_))) {
        return Handed::Delivered(said(|verdict| matches!(verdict, Verdict::Delivered(_))));
    }
    Handed::Refused(said(|verdict| matches!(verdict, Verdict::Refused(_))))
}
