//! What the operator's command can ask of this program, and who may.

mod decide;
mod find;
mod look;
mod state;

use std::sync::Arc;

use sekisho_channel::ChannelError;
use sekisho_channel::admin::{Caller, Handler, Replies, Reply, Request, Role};
use sekisho_safe_message::{MailId, SafeLine};
use sekisho_settings::ReviewSettings;
use sekisho_store::StoreError;

use crate::book::Note;
use crate::clock::now_ms;
use crate::dispatch::Dispatch;
use crate::person::{Person, Roles};

/// Serves the admin socket.
pub(crate) struct Admin {
    pub(crate) dispatch: Arc<Dispatch>,
    pub(crate) roles: Roles,
    pub(crate) review: ReviewSettings,
    pub(crate) started_ms: u64,
    pub(crate) listening: Vec<String>,
    pub(crate) floor_bytes: u64,
}

/// Why a request is not served as asked.
enum Stopped {
    /// The caller is gone.
    Channel(ChannelError),
    /// The store has trouble.
    Store(StoreError),
    /// There is an answer already.
    With(Box<Reply>),
}

impl Handler for Admin {
    async fn handle(&self, caller: Caller, request: Request, replies: &mut Replies) -> Result<(), ChannelError> {
        let person = Person::of(caller);
        let roles = self.roles.of(&person);
        tracing::debug!(event = "admin.request", uid = caller.uid, person = %person.name, request = ?request);
        let needed = needed(&request);
        if !needed.is_empty() && !needed.iter().any(|role| roles.contains(role)) {
            tracing::warn!(event = "admin.denied", uid = caller.uid, person = %person.name, request = name(&request));
            return replies.send(&Reply::Denied { role: needed.first().copied() }).await;
        }
        match self.serve(&person, roles, request, replies).await {
            Ok(()) => Ok(()),
            Err(Stopped::Channel(err)) => Err(err),
            Err(Stopped::With(reply)) => replies.send(&reply).await,
            Err(Stopped::Store(err)) => trouble(replies, &err).await,
        }
    }
}

impl Admin {
    async fn serve(
        &self,
        person: &Person,
        roles: Vec<Role>,
        request: Request,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        match request {
            Request::Whoami => {
                let caller = Reply::Caller { name: person.name.clone(), uid: person.uid, roles };
                replies.send(&caller).await?;
            }
            Request::Status => replies.send(&Reply::Status(Box::new(self.status()?))).await?,
            Request::List { states, after, limit, newest_first } => {
                self.list(&states, after, limit, newest_first, replies).await?;
            }
            Request::Find { filter, after, limit, newest_first } => {
                self.find(&filter, after, limit, newest_first, replies).await?;
            }
            Request::Count { filter } => self.count(&filter, replies).await?,
            Request::Stats => self.stats(false, replies).await?,
            Request::Keys => self.stats(true, replies).await?,
            Request::Show { id } => self.show(id, replies).await?,
            Request::Preview { id, form, secret } => self.preview(person, id, form, secret, replies).await?,
            Request::Original { id, reason } => self.original(person, id, &reason, replies).await?,
            Request::Retry { id, reason } => self.retry(person, id, &reason, replies).await?,
            Request::Release { id, how, reason, dry_run } => {
                self.release(person, id, how, &reason, dry_run, replies).await?;
            }
            Request::Delete { id, reason, dry_run } => self.delete(person, id, &reason, dry_run, replies).await?,
            Request::LegalHold { id, on, reason } => self.legal_hold(person, id, on, &reason, replies).await?,
            Request::RequestOriginal { id, to, form, reason } => {
                self.request_original(person, id, to, form, &reason, replies).await?;
            }
            Request::DecideOriginal { id, number, approve, reason } => {
                self.decide_original(person, id, number, approve, &reason, replies).await?;
            }
            Request::DeliverOriginals => {
                self.dispatch.desk.wake();
                replies.send(&Reply::Done).await?;
            }
            Request::Digest { send } => self.digest(person, send, replies).await?,
            Request::Audit { after, limit } => self.audit(after, limit, replies).await?,
            Request::RotateKeys { reason } => self.rotate(person, &reason, replies).await?,
        }
        Ok(())
    }

    /// Writes an act that changes no mail into the audit record.
    async fn note(&self, note: &Note, id: Option<MailId>) -> Result<(), StoreError> {
        self.dispatch.store.append(vec![note.entry(id)]).await.map(drop)
    }
}

/// What it takes to ask this; any one of them. None: anybody may.
fn needed(request: &Request) -> &'static [Role] {
    match request {
        Request::Whoami => &[],
        Request::Status => &[Role::Operator, Role::Reviewer, Role::Approver, Role::Auditor],
        Request::List { .. } | Request::Find { .. } | Request::Count { .. } | Request::Stats | Request::Show { .. } => {
            &[Role::Reviewer, Role::Approver, Role::Operator]
        }
        Request::Preview { .. } | Request::Release { .. } | Request::Delete { .. } => &[Role::Reviewer],
        Request::LegalHold { .. } | Request::Original { .. } | Request::RequestOriginal { .. } => &[Role::Reviewer],
        Request::DecideOriginal { .. } => &[Role::Approver],
        Request::Retry { .. } => &[Role::Operator, Role::Reviewer],
        Request::DeliverOriginals => &[Role::Operator, Role::Approver],
        Request::Digest { .. } => &[Role::Operator, Role::Reviewer],
        Request::Audit { .. } => &[Role::Auditor, Role::Reviewer],
        Request::Keys | Request::RotateKeys { .. } => &[Role::Operator],
    }
}

/// What is asked, without what it is about.
fn name(request: &Request) -> &'static str {
    match request {
        Request::Whoami => "whoami",
        Request::Status => "status",
        Request::List { .. } | Request::Find { .. } => "list",
        Request::Count { .. } => "count",
        Request::Stats => "stats",
        Request::Keys => "keys",
        Request::Show { .. } => "show",
        Request::Preview { .. } => "preview",
        Request::Release { .. } => "release",
        Request::Delete { .. } => "delete",
        Request::LegalHold { .. } => "legal-hold",
        Request::Original { .. } => "export",
        Request::RequestOriginal { .. } => "request",
        Request::DecideOriginal { .. } => "decide",
        Request::Retry { .. } => "retry",
        Request::DeliverOriginals => "deliver",
        Request::Digest { .. } => "digest",
        Request::Audit { .. } => "audit",
        Request::RotateKeys { .. } => "rotate-keys",
    }
}

/// An answer by a code.
fn invalid(code: &str) -> Stopped {
    Stopped::With(Box::new(Reply::Invalid { code: SafeLine::clean(code).value }))
}

/// A reason that says something, or an answer.
fn reasoned(reason: &SafeLine) -> Result<(), Stopped> {
    if reason.as_str().trim().is_empty() { Err(invalid("no-reason")) } else { Ok(()) }
}

/// What `person` does now, for the record.
fn by(person: &Person, what: &str, why: &SafeLine) -> Note {
    Note::by(person, what, why, now_ms())
}

async fn trouble(replies: &mut Replies, err: &StoreError) -> Result<(), ChannelError> {
    tracing::error!(event = "admin.trouble", error = %err);
    replies.send(&Reply::Trouble).await
}

impl From<ChannelError> for Stopped {
    fn from(err: ChannelError) -> Self {
        Self::Channel(err)
    }
}

impl From<StoreError> for Stopped {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::NotFound => Self::With(Box::new(Reply::NotFound)),
            StoreError::Busy => Self::With(Box::new(Reply::Conflict)),
            StoreError::Full => invalid("no-room"),
            err => Self::Store(err),
        }
    }
}
