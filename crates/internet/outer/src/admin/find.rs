//! Finding mails, and telling all that is known of one.

use sekisho_channel::admin::{Filter, Item, Kept, MAX_CONDITIONS, MailState, Replies, Reply};
use sekisho_safe_message::{MailId, SafeLine};
use sekisho_store::{BodyFate, Cursor, ItemView, Order, Query, State, StoreError};

use super::state::{mail_state, store_state};
use super::{Admin, Stopped, invalid};
use crate::meta::{Meta, item_id, mail_id};
use crate::record::Record;
use crate::terms::{Facts, asked, matches};

/// Mails that one request compares in earnest before it gives what it has, and
/// the place to go on.
const LOOKS: usize = 5_000;
/// Mails that one look fetches.
const PAGE: usize = 200;
/// Where counting stops.
const COUNT_MAX: u64 = 100_000;

impl Admin {
    pub(super) async fn list(
        &self,
        states: &[MailState],
        after: Option<MailId>,
        limit: u32,
        newest_first: bool,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        let store = &self.dispatch.store;
        let after = match after {
            Some(id) => store.get(item_id(id))?.map(|view| view.cursor),
            None => None,
        };
        let query = Query {
            states: states_of(states),
            after,
            limit: limit as usize,
            order: order(newest_first),
            ..Query::default()
        };
        for view in &store.list(&query)? {
            replies.send(&Reply::Item(Box::new(item(view)))).await?;
        }
        Ok(replies.send(&Reply::Done).await?)
    }

    /// Pages are bounded by what is sent and by what is compared, so that a
    /// rare match among a million costs many short answers, not a long one.
    pub(super) async fn find(
        &self,
        filter: &Filter,
        after: Option<SafeLine>,
        limit: u32,
        newest_first: bool,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        let mut query = query(filter)?;
        query.order = order(newest_first);
        query.after =
            after.map(|text| text.as_str().parse::<Cursor>().map_err(|_| invalid("bad-cursor"))).transpose()?;
        let (mut left, mut looks) = (limit.clamp(1, 1_000) as usize, 0);
        let next = loop {
            query.limit = left.clamp(1, PAGE);
            let page = self.dispatch.store.list(&query)?;
            for view in page.iter().filter(|view| fits(filter, view)) {
                replies.send(&Reply::Item(Box::new(item(view)))).await?;
                left -= 1;
            }
            looks += page.len();
            query.after = page.last().map(|view| view.cursor).or(query.after);
            if page.len() < query.limit {
                break None;
            }
            if left == 0 || looks >= LOOKS {
                break query.after;
            }
        };
        let next = next.map(|cursor| SafeLine::clean(&cursor.to_string()).value);
        Ok(replies.send(&Reply::Page { next }).await?)
    }

    pub(super) async fn count(&self, filter: &Filter, replies: &mut Replies) -> Result<(), Stopped> {
        let (count, more) = self.dispatch.store.count(&query(filter)?, COUNT_MAX)?;
        Ok(replies.send(&Reply::Count { count, more }).await?)
    }

    pub(super) async fn show(&self, id: MailId, replies: &mut Replies) -> Result<(), Stopped> {
        let view = self.dispatch.store.get(item_id(id))?.ok_or(StoreError::NotFound)?;
        let record = view.record.as_deref().and_then(|record| serde_json::from_slice(record).ok());
        let kept = self.kept(&view);
        Ok(replies.send(&Reply::Detail { item: Box::new(item(&view)), record, kept: Some(Box::new(kept)) }).await?)
    }

    fn kept(&self, view: &ItemView) -> Kept {
        let mut book = Meta::decode(&view.meta).map(|meta| meta.book).unwrap_or_default();
        if let Some(begun) = book.begun.take() {
            let result = if begun.locked { "cut-off" } else { "begun" };
            book.add(begun.note.result(result).act);
        }
        let original = view.body == BodyFate::Keep;
        let ends = self.dispatch.plan.retention.original_expires(view);
        Kept {
            original,
            key: sekisho_vault::key_of(&view.seal).map(|id| SafeLine::clean(id.as_str()).value),
            expires_ms: ends.filter(|_| original && !book.legal_hold),
            legal_hold: book.legal_hold,
            acts: book.acts,
            requests: book.requests,
        }
    }
}

fn order(newest_first: bool) -> Order {
    if newest_first { Order::NewestFirst } else { Order::OldestFirst }
}

fn states_of(states: &[MailState]) -> Vec<State> {
    if states.is_empty() { State::ALL.to_vec() } else { states.iter().map(|state| store_state(*state)).collect() }
}

/// The store's query for candidates.
fn query(filter: &Filter) -> Result<Query, Stopped> {
    if filter.conditions.len() > MAX_CONDITIONS {
        return Err(invalid("too-many-conditions"));
    }
    let mut terms: Vec<String> = filter.conditions.iter().flat_map(asked).collect();
    terms.sort_unstable();
    terms.dedup();
    // Fewer terms only mean more candidates.
    terms.truncate(sekisho_store::QUERY_TERMS_MAX);
    Ok(Query {
        states: states_of(&filter.states),
        terms,
        since_ms: filter.since_ms,
        until_ms: filter.until_ms,
        ..Query::default()
    })
}

/// Whether a candidate is one in earnest.
fn fits(filter: &Filter, view: &ItemView) -> bool {
    if filter.conditions.is_empty() {
        return true;
    }
    let Some(meta) = Meta::decode(&view.meta) else { return false };
    let record = view.record.as_deref().and_then(Record::decode);
    let facts = match &record {
        Some(record) => Facts { meta: &meta, report: Some(&record.report), parts: record.parts() },
        None => Facts::new(&meta, None),
    };
    filter.conditions.iter().all(|condition| matches(condition, &facts))
}

pub(super) fn item(view: &ItemView) -> Item {
    let meta = Meta::decode(&view.meta);
    let size = meta.as_ref().map(|meta| meta.size).filter(|size| *size > 0).unwrap_or(view.size);
    Item {
        id: mail_id(view.id),
        state: mail_state(view.state),
        label: SafeLine::clean(&view.label).value,
        arrived_ms: view.arrived_ms,
        due_ms: view.due_ms,
        size,
        attempts: view.attempts,
        from: meta.as_ref().and_then(|meta| meta.envelope.from().cloned()),
        to: meta.map(|meta| meta.envelope.to().to_vec()).unwrap_or_default(),
        subject: view.record.as_deref().and_then(subject),
    }
}

/// The subject in a record, as the worker made it safe.
fn subject(record: &[u8]) -> Option<SafeLine> {
    let record: serde_json::Value = serde_json::from_slice(record).ok()?;
    let subject = record.pointer("/report/source/subject")?.as_str()?;
    SafeLine::parse(subject.to_owned()).ok()
}
