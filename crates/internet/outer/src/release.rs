//! A release from its order to its end. Between the moment in which the LGWAN
//! side has it and the moment in which this side knows, anything may die: so
//! what is to be done is written down before the first frame goes out, and is
//! done again until somebody has answered. Its id makes that harmless.
//!
//! Never: a password on the disk. A release that takes one is ended by whoever
//! gives it again.

use std::sync::Arc;
use std::time::Duration;

use sekisho_channel::admin::Release;
use sekisho_job::{Answers, Job, Orders};
use sekisho_policy::{Policy, RelaxError};
use sekisho_safe_message::{MailId, Sha256};
use sekisho_store::{ItemView, Lease, Query, State, StoreError};

use crate::book::Begun;
use crate::dispatch::{Dispatch, Task, Treated};
use crate::meta::{Meta, item_id, mail_id};
use crate::settle::{Amended, amendment, damaged};
use crate::terms;

/// How often releases that were begun are looked for.
const EVERY: Duration = Duration::from_secs(5);
/// Mails of one look.
const ROUND: usize = 100;

/// The job as a reviewer orders it.
///
/// # Errors
/// A code: it cannot be done like this.
pub(crate) fn ordered(job: Job, lease: &Lease, meta: &Meta, how: &Release) -> Result<Job, &'static str> {
    let mut policy = match &how.profile {
        Some(name) if Policy::BUILT_IN.contains(&name.as_str()) => {
            Policy::built_in(name.as_str()).ok_or("unknown-profile")?
        }
        Some(_) => return Err("unknown-profile"),
        None => job.policy.clone(),
    };
    for kind in &how.relax {
        policy = policy.relaxed(kind.as_str()).map_err(|err| relax_code(&err))?;
    }
    // Inside, each id is taken once: what was delivered needs another, and so
    // does what may be there already, begun in another way.
    let id = match &meta.book.begun {
        Some(begun) if begun.is_same(how) => begun.id,
        Some(_) => release_id(job.id, meta.book.releases.saturating_add(1)),
        None if lease.state() == State::Kept => release_id(job.id, meta.book.releases),
        None => job.id,
    };
    let again = id != job.id;
    let orders =
        Orders { doubts: how.doubts, secrets: how.secret.iter().cloned().collect(), again, ..job.orders.clone() };
    Ok(Job { id, profile: policy.profile().clone(), policy, orders, ..job })
}

fn relax_code(err: &RelaxError) -> &'static str {
    match err {
        RelaxError::UnknownKind(_) => "unknown-kind",
        RelaxError::AlreadyMildest => "already-mildest",
        RelaxError::NeverCrosses => "never-crosses",
        RelaxError::TooManyRules => "too-many-rules",
    }
}

/// The id of a mail's release: the time of the mail's own, and 80 bits of a
/// digest in place of its chance.
fn release_id(id: MailId, releases: u32) -> MailId {
    let text = [b"sekisho release\0", &id.to_bytes()[..], &releases.to_be_bytes()].concat();
    let mut chance = [0; 10];
    chance.copy_from_slice(&Sha256::of(&text).as_bytes()[..10]);
    MailId::new(id.unix_ms(), chance)
}

/// Ends what was begun, for as long as it is polled.
pub(crate) async fn run(dispatch: Arc<Dispatch>) {
    loop {
        dispatch.handover.reachable().await;
        if let Err(err) = round(&dispatch).await {
            tracing::error!(event = "release.failed", error = %err);
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn round(dispatch: &Dispatch) -> Result<(), StoreError> {
    let query = Query { states: State::ALL.to_vec(), terms: terms::begun(), limit: ROUND, ..Query::default() };
    for view in dispatch.store.list(&query)? {
        match dispatch.store.lease(view.id) {
            Ok(lease) => one(dispatch, lease).await?,
            // Somebody is at it, or it is gone.
            Err(StoreError::Busy | StoreError::NotFound) => {}
            Err(err) => return Err(err),
        }
    }
    Ok(())
}

async fn one(dispatch: &Dispatch, lease: Lease) -> Result<(), StoreError> {
    let Some(meta) = Meta::decode(lease.meta()) else { return Ok(()) };
    let Some(begun) = meta.book.begun.clone() else { return Ok(()) };
    let Some(how) = begun.how().cloned() else { return Ok(()) };
    let id = mail_id(lease.id());
    let job = dispatch.job_of(lease.view()).ok_or("damaged").and_then(|job| ordered(job, &lease, &meta, &how));
    let job = match job {
        Ok(job) => job,
        Err(code) => return give_up(lease, &begun, code).await.map(drop),
    };
    tracing::info!(event = "release.resumed", %id, who = %begun.note.act.who);
    let task = Task::by(begun.note.clone(), how, job, true);
    if let Treated::Held(_) = dispatch.treat(lease, task).await? {
        // It went out once, and does not come out any more: the site has other rules now, or the original is damaged.
        match dispatch.store.lease(item_id(id)) {
            Ok(lease) => give_up(lease, &begun, "held").await.map(drop)?,
            Err(StoreError::Busy | StoreError::NotFound) => {}
            Err(err) => return Err(err),
        }
    }
    Ok(())
}

/// Forgets what was begun, on record; nothing else that somebody has begun.
pub(crate) async fn give_up(lease: Lease, begun: &Begun, result: &str) -> Result<Lease, StoreError> {
    let mut meta = Meta::decode(lease.meta()).ok_or_else(damaged)?;
    if meta.book.begun.take_if(|open| open == begun).is_none() {
        return Ok(lease);
    }
    let note = begun.note.clone().result(result);
    let entries = vec![note.entry(Some(mail_id(lease.id())))];
    meta.book.add(note.act);
    amended(lease, meta, entries).await
}

async fn amended(lease: Lease, meta: Meta, entries: Vec<Vec<u8>>) -> Result<Lease, StoreError> {
    let settled = amendment(lease.view(), &Amended { meta, entries, expires_ms: lease.view().expires_ms });
    lease.amend(settled.refusable()).await
}

/// Whether a release of this mail goes on by itself.
pub(crate) fn goes_on(view: &ItemView) -> bool {
    Meta::decode(&view.meta).and_then(|meta| meta.book.begun).is_some_and(|begun| begun.how().is_some())
}

/// Writes down what is about to cross by somebody's order: the mail is as it
/// was, and stays in this hand.
pub(crate) async fn begin(lease: Lease, task: &Task, answers: &Answers) -> Result<Lease, StoreError> {
    let Some(order) = &task.order else { return Ok(lease) };
    let mut note = order.note.clone().result("begun");
    for share in answers.shares() {
        if let Some(frame) = answers.frame(share) {
            note = note.detail(&share.job.id.to_string(), &Sha256::of(frame).to_string());
        }
    }
    let mut meta = Meta::decode(lease.meta()).ok_or_else(damaged)?;
    if meta.book.begun.as_ref().is_some_and(|begun| begun.id != order.id) {
        meta.book.releases = meta.book.releases.saturating_add(1);
    }
    meta.book.begun = Some(order.clone());
    let entries = vec![note.entry(Some(mail_id(lease.id())))];
    amended(lease, meta, entries).await
}
