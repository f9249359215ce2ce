//! Passwords that come by mail, before or after the file that they open.
//!
//! Owns: which mails are looked at for one, within which time and bounds.
//! Never: a password that is written down. What is kept of a mail that seems
//! to bring one is the mail, sealed like every original, and for
//! `passwords.window` alone.

use std::time::Duration;

use sekisho_channel::admin::Release;
use sekisho_job::{Answers, HoldReason, Job, MAX_SECRETS, Orders, Report, is_likely_password_mail};
use sekisho_policy::{Look, Policy};
use sekisho_safe_message::{SafeLine, SafeMessage, SafeText, Secret, Untrusted, frame};
use sekisho_store::{ItemId, ItemView, Order, Query, State, StoreError};

use crate::book::Note;
use crate::clock::now_ms;
use crate::dispatch::{Dispatch, Task, Treated};
use crate::meta::mail_id;
use crate::terms;

/// Held mails that one following mail may open.
const OPENED_MAX: usize = 5;
/// Earlier mails that are read for one held mail, each by a worker of its own.
const LOOKED_MAX: usize = 5;
/// Earlier mails that are considered for each recipient.
const KNOWN_MAX: usize = 20;
/// Recipients of a mail for whom others are looked for.
const RECIPIENTS_MAX: usize = 20;
/// Octets of a mail that may be there to bring a password.
const WORDS_MAX: u64 = 64 * 1024;

/// The text of a mail, out of a worker's answer.
pub(crate) fn read(answers: &Answers) -> Option<SafeMessage> {
    let frame = answers.shares().iter().find_map(|share| answers.frame(share))?;
    frame::decode(Untrusted::new(frame)).ok()
}

pub(super) fn candidates(subject: &SafeLine, text: &SafeText) -> Vec<Secret> {
    let mut found = sekisho_job::candidates(subject, text);
    found.truncate(MAX_SECRETS);
    found
}

impl Dispatch {
    /// Whether a mail is small enough to be there for a password alone.
    pub(crate) fn may_bring_password(&self, job: &Job) -> bool {
        self.desk.passwords.follow && job.size <= WORDS_MAX
    }

    /// Whether a mail from the queue is worth keeping for a file that is still
    /// to come.
    pub(crate) fn seems_to_bring_password(&self, task: &Task, message: &SafeMessage) -> bool {
        task.note.is_none()
            && self.may_bring_password(&task.job)
            && is_likely_password_mail(&message.headers().subject, message.text())
    }

    /// Looks in what a mail from the queue says for passwords of held mails,
    /// and for its own, if it is held for one, in earlier mails. Called when
    /// the mail is settled, so that of two that come together the later one
    /// finds the earlier.
    pub(crate) async fn look_for_passwords(
        &self,
        job: &Job,
        item: ItemId,
        report: &Report,
        message: Option<&SafeMessage>,
    ) -> Result<(), StoreError> {
        if let Some(message) = message
            && self.waits_for_passwords()?
        {
            self.follow(job, message).await?;
        }
        if report.hold_reason == Some(HoldReason::EncryptedFile) && self.desk.passwords.follow {
            self.precede(job, item).await?;
        }
        Ok(())
    }

    /// Looks whether `message` brings the password of a mail that its sender
    /// sent before to one of the same recipients.
    async fn follow(&self, job: &Job, message: &SafeMessage) -> Result<(), StoreError> {
        let Some(from) = job.envelope.from() else { return Ok(()) };
        let since = ms(self.desk.passwords.window);
        let mut opened = 0;
        for to in job.envelope.to().iter().take(RECIPIENTS_MAX) {
            let query = Query {
                states: vec![State::Held],
                label: Some(HoldReason::EncryptedFile.code().to_owned()),
                terms: terms::between(from, to),
                since_ms: Some(now_ms().saturating_sub(since)),
                limit: OPENED_MAX,
                order: Order::NewestFirst,
                ..Query::default()
            };
            for view in self.store.list(&query)? {
                let secrets = candidates(&message.headers().subject, message.text());
                if secrets.is_empty() || opened >= OPENED_MAX || mail_id(view.id) == job.id {
                    return Ok(());
                }
                opened += 1;
                let note = Note::of("sekisho", "password", &format!("following mail {}", job.id), now_ms());
                self.open_held(view.id, secrets, note).await?;
            }
        }
        Ok(())
    }

    /// Looks whether mails that the sender of `item`, which is held, sent
    /// before to one of its recipients bring its password.
    async fn precede(&self, job: &Job, item: ItemId) -> Result<(), StoreError> {
        let Some(from) = job.envelope.from() else { return Ok(()) };
        let since_ms = Some(now_ms().saturating_sub(ms(self.desk.passwords.window)));
        let mut looked = Vec::new();
        for to in job.envelope.to().iter().take(RECIPIENTS_MAX) {
            let query = Query {
                states: vec![State::Kept],
                terms: terms::between(from, to),
                since_ms,
                limit: KNOWN_MAX,
                order: Order::NewestFirst,
                ..Query::default()
            };
            for view in self.store.list(&query)?.iter().filter(|view| view.size <= WORDS_MAX) {
                if looked.len() >= LOOKED_MAX {
                    return Ok(());
                }
                if looked.contains(&view.id) {
                    continue;
                }
                looked.push(view.id);
                let secrets = self.secrets_in(view).await;
                let note = Note::of("sekisho", "password", &format!("earlier mail {}", mail_id(view.id)), now_ms());
                if !secrets.is_empty() && self.open_held(item, secrets, note).await? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// What may be a password in a kept mail, whose text a worker reads anew.
    async fn secrets_in(&self, view: &ItemView) -> Vec<Secret> {
        let Some(job) = self.job_of(view) else { return Vec::new() };
        let policy = Policy::for_preview(Look::Text);
        let job = Job { profile: policy.profile().clone(), policy, orders: Orders::default(), ..job };
        let answers = self.look(job.id, &job).await;
        let message = answers.ok().and_then(|answers| read(&answers));
        message.map(|message| candidates(&message.headers().subject, message.text())).unwrap_or_default()
    }

    /// Whether a mail waits that a following one may open.
    pub(crate) fn waits_for_passwords(&self) -> Result<bool, StoreError> {
        if !self.desk.passwords.follow {
            return Ok(false);
        }
        let label = Some(HoldReason::EncryptedFile.code().to_owned());
        let query = Query { states: vec![State::Held], label, limit: 1, ..Query::default() };
        Ok(!self.store.list(&query)?.is_empty())
    }

    /// Tries passwords on a held mail; whether one opened it. Where none does,
    /// it stays as it is.
    pub(super) async fn open_held(&self, id: ItemId, secrets: Vec<Secret>, note: Note) -> Result<bool, StoreError> {
        let lease = match self.store.lease(id) {
            Ok(lease) if lease.state() == State::Held => lease,
            Ok(_) | Err(StoreError::Busy | StoreError::NotFound) => return Ok(false),
            Err(err) => return Err(err),
        };
        let Some(job) = self.job_of(lease.view()) else { return Ok(false) };
        let how = Release { secret: secrets.first().cloned(), ..Release::default() };
        let orders = Orders { secrets, ..job.orders.clone() };
        let task = Task::by(note, how, Job { orders, ..job }, true);
        // It calls this in turn, for what comes from the queue alone.
        let treated = Box::pin(self.treat(lease, task)).await?;
        let opened = matches!(treated, Treated::Delivered(_));
        tracing::info!(event = "password.tried", id = %mail_id(id), opened);
        Ok(opened)
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
