//! What the operator's command can ask of this program.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sekisho_channel::ChannelError;
use sekisho_channel::admin::{Caller, Handler, Item, MailState, Problem, Replies, Reply, Request, Stage, Status};
use sekisho_safe_message::{MailId, SafeLine};
use sekisho_store::{ItemView, Order, Query, Settled, State, StoreError};

use crate::clock::now_ms;
use crate::dispatch::Dispatch;
use crate::meta::{Meta, item_id, mail_id};

/// A mail that has waited longer is a problem to show.
const OLD_MS: u64 = 3_600_000;

/// Serves the admin socket.
pub(crate) struct Admin {
    pub(crate) dispatch: Arc<Dispatch>,
    pub(crate) started_ms: u64,
    pub(crate) listening: Vec<String>,
    pub(crate) floor_bytes: u64,
}

impl Handler for Admin {
    async fn handle(&self, caller: Caller, request: Request, replies: &mut Replies) -> Result<(), ChannelError> {
        tracing::debug!(event = "admin.request", uid = caller.uid, request = ?request);
        match request {
            Request::Status => match self.status() {
                Ok(status) => replies.send(&Reply::Status(Box::new(status))).await,
                Err(err) => trouble(replies, &err).await,
            },
            Request::List { states, after, limit, newest_first } => {
                self.list(&states, after, limit, newest_first, replies).await
            }
            Request::Show { id } => match self.dispatch.store.get(item_id(id)) {
                Ok(Some(view)) => replies.send(&detail(&view)).await,
                Ok(None) => replies.send(&Reply::NotFound).await,
                Err(err) => trouble(replies, &err).await,
            },
            Request::Retry { id, reason } => match self.retry(id).await {
                Ok(reply) => {
                    if reply == Reply::Done {
                        tracing::info!(event = "operator.retry", %id, uid = caller.uid, reason = %reason);
                    }
                    replies.send(&reply).await
                }
                Err(err) => trouble(replies, &err).await,
            },
        }
    }
}

impl Admin {
    fn status(&self) -> Result<Status, StoreError> {
        let dispatch = &self.dispatch;
        let counts = dispatch.store.counts()?;
        let stages: Vec<Stage> = State::ALL
            .iter()
            .map(|state| {
                let tally = counts.of(*state);
                Stage { state: mail_state(*state), count: tally.items, bytes: tally.bytes, oldest_ms: tally.oldest_ms }
            })
            .collect();
        let room = dispatch.store.room()?;
        let layers = dispatch.pool.layers();
        Ok(Status {
            program: "sekisho-outer".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_ms: self.started_ms,
            profile: Some(dispatch.plan.policy.profile().to_string()),
            listening: self.listening.clone(),
            problems: self.problems(&stages, room),
            stages,
            free_bytes: dispatch.store.free()?,
            floor_bytes: self.floor_bytes,
            layers: layers.iter().map(|(layer, state)| (layer.code().to_owned(), layer_state(state))).collect(),
            counters: dispatch.counters.all(),
        })
    }

    fn problems(&self, stages: &[Stage], room: u64) -> Vec<Problem> {
        let old = now_ms().saturating_sub(OLD_MS);
        let waits = |stage: &&Stage| matches!(stage.state, MailState::Ready | MailState::Waiting);
        let mut problems = Vec::new();
        if room == 0 {
            problems.push(Problem::LowSpace);
        }
        if self.dispatch.pool.is_failing() {
            problems.push(Problem::NoWorkers);
        }
        if self.dispatch.handover.is_down() {
            problems.push(Problem::HandoffDown);
        }
        if stages.iter().filter(waits).any(|stage| stage.oldest_ms.is_some_and(|oldest| oldest < old)) {
            problems.push(Problem::OldMail);
        }
        if self.dispatch.counters.refused.load(Ordering::Relaxed) > 0 {
            problems.push(Problem::Refusals);
        }
        problems
    }

    async fn list(
        &self,
        states: &[MailState],
        after: Option<MailId>,
        limit: u32,
        newest_first: bool,
        replies: &mut Replies,
    ) -> Result<(), ChannelError> {
        let page = (|| {
            let after = match after {
                Some(id) => self.dispatch.store.get(item_id(id))?.map(|view| view.cursor),
                None => None,
            };
            let states =
                if states.is_empty() { State::ALL.to_vec() } else { states.iter().map(|s| store_state(*s)).collect() };
            let order = if newest_first { Order::NewestFirst } else { Order::OldestFirst };
            self.dispatch.store.list(&Query { states, label: None, after, limit: limit as usize, order })
        })();
        match page {
            Ok(views) => {
                for view in &views {
                    replies.send(&Reply::Item(Box::new(item(view)))).await?;
                }
                replies.send(&Reply::Done).await
            }
            Err(err) => trouble(replies, &err).await,
        }
    }

    async fn retry(&self, id: MailId) -> Result<Reply, StoreError> {
        let lease = match self.dispatch.store.lease(item_id(id)) {
            Ok(lease) => lease,
            Err(StoreError::NotFound) => return Ok(Reply::NotFound),
            Err(StoreError::Busy) => return Ok(Reply::Conflict),
            Err(err) => return Err(err),
        };
        match lease.state() {
            State::Held | State::Waiting | State::Ready => {
                let now = now_ms();
                lease.defer(now, now, Settled::new("retry")).await?;
                Ok(Reply::Done)
            }
            State::Kept | State::Done | State::Buried => Ok(Reply::Conflict),
        }
    }
}

async fn trouble(replies: &mut Replies, err: &StoreError) -> Result<(), ChannelError> {
    tracing::error!(event = "admin.trouble", error = %err);
    replies.send(&Reply::Trouble).await
}

fn item(view: &ItemView) -> Item {
    let meta = Meta::decode(&view.meta);
    Item {
        id: mail_id(view.id),
        state: mail_state(view.state),
        label: SafeLine::clean(&view.label).value,
        arrived_ms: view.arrived_ms,
        due_ms: view.due_ms,
        size: view.size,
        attempts: view.attempts,
        from: meta.as_ref().and_then(|meta| meta.envelope.from().cloned()),
        to: meta.map(|meta| meta.envelope.to().to_vec()).unwrap_or_default(),
        subject: view.record.as_deref().and_then(subject),
    }
}

fn detail(view: &ItemView) -> Reply {
    let record = view.record.as_deref().and_then(|record| serde_json::from_slice(record).ok());
    Reply::Detail { item: Box::new(item(view)), record }
}

/// The subject in a record, as the worker made it safe.
fn subject(record: &[u8]) -> Option<SafeLine> {
    let record: serde_json::Value = serde_json::from_slice(record).ok()?;
    let subject = record.pointer("/report/source/subject")?.as_str()?;
    SafeLine::parse(subject.to_owned()).ok()
}

/// `active`, or why not.
fn layer_state(state: sekisho_sandbox::State) -> String {
    match state {
        sekisho_sandbox::State::Active => "active".to_owned(),
        sekisho_sandbox::State::Unavailable(cause) => cause.english(),
    }
}

fn mail_state(state: State) -> MailState {
    match state {
        State::Ready => MailState::Ready,
        State::Waiting => MailState::Waiting,
        State::Held => MailState::Held,
        State::Kept => MailState::Kept,
        State::Done => MailState::Done,
        State::Buried => MailState::Buried,
    }
}

fn store_state(state: MailState) -> State {
    match state {
        MailState::Ready => State::Ready,
        MailState::Waiting => State::Waiting,
        MailState::Held => State::Held,
        MailState::Kept => State::Kept,
        MailState::Done => State::Done,
        MailState::Buried => State::Buried,
    }
}
