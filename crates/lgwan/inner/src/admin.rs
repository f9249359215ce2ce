//! What the operator's command may ask this program.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sekisho_channel::ChannelError;
use sekisho_channel::admin::{
    AuditState, Caller, Handler, Item, Link, MailState, Problem, Replies, Reply, Request, Role, Stage, Status,
};
use sekisho_safe_message::{MailId, SafeLine, Sha256};
use sekisho_store::{Counts, ItemView, Order, PAGE_MAX, Query, Settled, State, StoreError};

use crate::accept::Acceptor;
use crate::audit;
use crate::clock::Clock;
use crate::events;
use crate::person::Person;
use crate::relay::{Relay, Transport};
use crate::spool::{Spool, describe, json, mail_id, remaining};

/// A mail that has waited longer than this is worth a look.
const OLD_MS: u64 = 3_600_000;

/// Entries of the audit record that are in memory at one time: each may have
/// [`sekisho_audit::MAX_ENTRY`] octets, though hardly one has a thousand.
const ENTRIES: usize = 32;

/// Answers for one running program.
pub(crate) struct Desk<T> {
    pub(crate) spool: Spool,
    pub(crate) relay: Arc<Relay<T>>,
    pub(crate) acceptor: Arc<Acceptor>,
    pub(crate) clock: Clock,
    /// When the audit record was signed last; 0 for not yet.
    pub(crate) signed_ms: Arc<AtomicU64>,
    pub(crate) started_ms: u64,
    pub(crate) listening: Vec<String>,
    pub(crate) floor: u64,
}

impl<T: Transport> Handler for Desk<T> {
    async fn handle(&self, caller: Caller, request: Request, replies: &mut Replies) -> Result<(), ChannelError> {
        match request {
            Request::Status => replies.send(&self.or_trouble(self.status())).await,
            Request::List { states, after, limit, newest_first } => {
                let query = self.query(&states, after, limit, newest_first);
                match query.and_then(|query| self.spool.list(&query)) {
                    Ok(views) => {
                        for view in &views {
                            replies.send(&Reply::Item(Box::new(item(view)))).await?;
                        }
                        replies.send(&Reply::Done).await
                    }
                    Err(error) => replies.send(&self.or_trouble(Err(error))).await,
                }
            }
            Request::Show { id } => replies.send(&self.or_trouble(self.show(id))).await,
            Request::Retry { id, reason } => {
                let reply = self.retry(caller, id, &reason).await;
                replies.send(&self.or_trouble(reply)).await
            }
            Request::Whoami => replies.send(&whoami(caller)).await,
            Request::Audit { after, limit } => self.audit(after, limit, replies).await,
            // Of the Internet side alone: nothing inside is an original.
            Request::Find { .. }
            | Request::Count { .. }
            | Request::Stats
            | Request::Preview { .. }
            | Request::Release { .. }
            | Request::Delete { .. }
            | Request::LegalHold { .. }
            | Request::Original { .. }
            | Request::RequestOriginal { .. }
            | Request::DecideOriginal { .. }
            | Request::DeliverOriginals
            | Request::Digest { .. }
            | Request::Keys
            | Request::RotateKeys { .. } => {
                replies.send(&Reply::Invalid { code: SafeLine::clean("other-side").value }).await
            }
        }
    }
}

impl<T: Transport> Desk<T> {
    fn or_trouble(&self, reply: Result<Reply, StoreError>) -> Reply {
        reply.unwrap_or_else(|error| match error {
            StoreError::NotFound => Reply::NotFound,
            StoreError::Busy | StoreError::NoBody => Reply::Conflict,
            error => {
                tracing::error!(event = events::SPOOL_TROUBLE, %error);
                Reply::Trouble
            }
        })
    }

    fn status(&self) -> Result<Reply, StoreError> {
        let (counts, free) = (self.spool.counts()?, self.spool.free()?);
        let (relay, acceptor) = (self.relay.counters(), self.acceptor.counters());
        let counters = [
            ("taken", &acceptor.taken),
            ("repeated", &acceptor.repeated),
            ("refused", &acceptor.refused),
            ("relayed", &relay.relayed),
            ("deferred", &relay.deferred),
            ("buried", &relay.buried),
        ];
        let counters = counters.map(|(name, value)| (name.to_owned(), value.load(Ordering::Relaxed)));
        Ok(Reply::Status(Box::new(Status {
            program: "sekisho-inner".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_ms: self.started_ms,
            profile: None,
            listening: self.listening.clone(),
            stages: State::ALL.map(|state| stage(state, &counts)).to_vec(),
            free_bytes: free,
            floor_bytes: self.floor,
            layers: Vec::new(),
            counters: counters.to_vec(),
            problems: self.problems(&counts, free),
            refusals: Vec::new(),
            audit: AuditState {
                entries: self.spool.chain_head()?.0,
                signed_ms: Some(self.signed_ms.load(Ordering::Relaxed)).filter(|ms| *ms > 0),
            },
        })))
    }

    fn problems(&self, counts: &Counts, free: u64) -> Vec<Problem> {
        let now_ms = self.clock.now_ms();
        let old = |state| counts.of(state).oldest_ms.is_some_and(|oldest| now_ms.saturating_sub(oldest) > OLD_MS);
        let checks = [
            (free < self.floor, Problem::LowSpace),
            (self.relay.route().trouble().is_some(), Problem::RelayDown),
            (old(State::Ready) || old(State::Waiting), Problem::OldMail),
            (self.acceptor.counters().refused.load(Ordering::Relaxed) > 0, Problem::Refusals),
        ];
        checks.into_iter().filter_map(|(wrong, problem)| wrong.then_some(problem)).collect()
    }

    fn query(
        &self,
        states: &[MailState],
        after: Option<MailId>,
        limit: u32,
        newest_first: bool,
    ) -> Result<Query, StoreError> {
        let after = match after {
            Some(id) => Some(self.spool.get(id)?.ok_or(StoreError::NotFound)?.cursor),
            None => None,
        };
        let wanted = |state: &State| states.is_empty() || states.contains(&mail_state(*state));
        Ok(Query {
            states: State::ALL.into_iter().filter(wanted).collect(),
            after,
            limit: usize::try_from(limit).unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX),
            order: if newest_first { Order::NewestFirst } else { Order::OldestFirst },
            ..Query::default()
        })
    }

    fn show(&self, id: MailId) -> Result<Reply, StoreError> {
        let view = self.spool.get(id)?.ok_or(StoreError::NotFound)?;
        let record = view.record.as_ref().and_then(|record| serde_json::from_slice(record).ok());
        Ok(Reply::Detail { item: Box::new(item(&view)), record, kept: None })
    }

    /// Entries of the audit record, as they stand.
    async fn audit(&self, mut after: u64, limit: u32, replies: &mut Replies) -> Result<(), ChannelError> {
        let mut left = usize::try_from(limit).unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        while left > 0 {
            let rows = match self.spool.chain(after, left.min(ENTRIES)) {
                Ok(rows) => rows,
                Err(error) => return replies.send(&self.or_trouble(Err(error))).await,
            };
            let Some(last) = rows.last() else { break };
            (after, left) = (last.number, left.saturating_sub(rows.len()));
            for row in rows {
                // What is no text was not written by us: it will not fit its hash.
                let entry = String::from_utf8(row.entry)
                    .unwrap_or_else(|err| String::from_utf8_lossy(err.as_bytes()).into_owned());
                let link = Link { number: row.number, entry, hash: Sha256::from_bytes(row.hash) };
                replies.send(&Reply::Link(Box::new(link))).await?;
            }
        }
        replies.send(&Reply::Done).await
    }

    /// A waiting mail comes at once; a held one is proven again on its turn; a
    /// buried one goes to those who do not have it.
    async fn retry(&self, caller: Caller, id: MailId, reason: &SafeLine) -> Result<Reply, StoreError> {
        let lease = self.spool.lease(id)?;
        let now_ms = self.clock.now_ms();
        let settled = Settled::new("retried");
        let settled = match lease.state() {
            State::Ready | State::Waiting | State::Held => settled,
            State::Kept | State::Done => return Ok(Reply::Conflict),
            State::Buried => {
                let (Some(meta), Some(mut record)) = describe(lease.view()) else {
                    return Ok(Reply::Conflict);
                };
                record.revive(now_ms);
                let Some(meta) = remaining(&meta, &record) else {
                    return Ok(Reply::Conflict);
                };
                settled.meta(json(&meta)).record(json(&record))
            }
        };
        let entry = audit::act(caller, "retry", reason, id, now_ms).encode();
        lease.defer(now_ms, now_ms, settled.entry(entry)).await?;
        tracing::info!(event = events::RETRIED, %id, uid = caller.uid, %reason);
        Ok(Reply::Done)
    }
}

/// Whoever reaches this socket is the program's own user, or root.
fn whoami(caller: Caller) -> Reply {
    let person = Person::of(caller);
    Reply::Caller { name: person.name, uid: caller.uid, roles: vec![Role::Auditor, Role::Operator] }
}

fn item(view: &ItemView) -> Item {
    let (meta, _record) = describe(view);
    let (from, to, subject) = meta.map_or((None, Vec::new(), None), |meta| {
        (meta.envelope.from().cloned(), meta.envelope.to().to_vec(), Some(meta.subject))
    });
    Item {
        id: mail_id(view.id),
        state: mail_state(view.state),
        label: SafeLine::parse(view.label.clone()).unwrap_or_default(),
        arrived_ms: view.arrived_ms,
        due_ms: view.due_ms,
        size: view.size,
        attempts: view.attempts,
        from,
        to,
        subject,
    }
}

fn stage(state: State, counts: &Counts) -> Stage {
    let tally = counts.of(state);
    Stage { state: mail_state(state), count: tally.items, bytes: tally.bytes, oldest_ms: tally.oldest_ms }
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
