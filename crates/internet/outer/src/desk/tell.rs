//! What reviewers and requesters are told by mail.

use sekisho_channel::admin::RequestState;
use sekisho_safe_message::{Address, Language, MailId, SafeLine, Timestamp};
use sekisho_store::{Order, Query, State, Store, StoreError};

use super::{Desk, requested, requests_by_state};
use crate::clock::{new_id, now_ms};
use crate::dispatch::Dispatch;
use crate::meta::{Meta, mail_id};
use crate::original::answer::{self, About, Answer};
use crate::original::digest::{Asked, Due, MAX_NEWEST, MAX_REQUESTS, Post, Standing, Tally, Thresholds, Waiting};
use crate::original::letter::Letter;
use crate::record::Record;
use crate::retain::Retention;

/// When the digest was sent last, in this run of the program.
#[derive(Debug, Default)]
pub(super) struct Digest {
    last_ms: Option<u64>,
}

impl Digest {
    /// Sends it when its time has come; what nobody waits for is not sent.
    pub(super) async fn if_due(&mut self, dispatch: &Dispatch) {
        let review = &dispatch.desk.review;
        let (hour, minute) = review.digest_at;
        let Some(due) = Due::parse(&format!("{hour:02}:{minute:02}")) else { return };
        let now = now_ms();
        let last = *self.last_ms.get_or_insert(now);
        if review.digest_to.is_empty() || due.next(Some(last), now) > now {
            return;
        }
        self.last_ms = Some(now);
        match standing(&dispatch.store, &dispatch.plan.retention, now) {
            Ok(standing) if standing.is_quiet() => {}
            Ok(standing) => {
                let sent = dispatch.send_digest(&standing).await;
                tracing::info!(event = "digest.sent", sent);
            }
            Err(err) => tracing::error!(event = "digest.failed", error = %err),
        }
    }
}

impl Dispatch {
    /// Sends the digest; whether the server took it.
    pub(crate) async fn send_digest(&self, standing: &Standing) -> bool {
        let review = &self.desk.review;
        let thresholds = Thresholds { held: Some(review.held_max), age: Some(review.age_max) };
        let Ok(id) = new_id(now_ms()) else { return false };
        let post = Post {
            id,
            from: self.desk.settings.sender.clone(),
            to: review.digest_to.clone(),
            languages: vec![Language::Ja, Language::En],
        };
        self.desk.post(&standing.letter(&thresholds, post)).await
    }

    /// Tells a recipient of an original what became of the request.
    pub(crate) async fn tell_requester(&self, what: Answer, id: MailId, subject: Option<SafeLine>, to: &Address) {
        let (Ok(own), now) = (new_id(now_ms()), Timestamp::from_unix_ms_jst(now_ms())) else { return };
        let about = About { id, subject, requester: to.clone() };
        let letter = answer::letter(what, &about, own, self.desk.settings.sender.clone(), now);
        self.desk.post(&letter).await;
    }
}

impl Desk {
    /// One attempt: what the gateway writes of itself is not worth a queue.
    async fn post(&self, letter: &Letter) -> bool {
        let Some(courier) = &self.courier else { return false };
        // Automatic mail has no sender in its envelope (RFC 3834 3.3): no answer to it comes back.
        match courier.send(None, &letter.to, &letter.write()[..]).await {
            Ok(_) => true,
            Err(trouble) => {
                tracing::warn!(event = "letter.not-sent", error = %trouble);
                false
            }
        }
    }
}

/// How things stand for the reviewers.
pub(crate) fn standing(store: &Store, retention: &Retention, now_ms: u64) -> Result<Standing, StoreError> {
    let line = |text: &str| SafeLine::clean(text).value;
    let held = store.tallies(State::Held)?.into_iter();
    let held = held.map(|t| Tally { reason: line(&t.label), mails: t.items, oldest_ms: Some(t.oldest_ms) }).collect();
    let newest = Query { states: vec![State::Held], limit: MAX_NEWEST, order: Order::NewestFirst, ..Query::default() };
    let newest = store.list(&newest)?.into_iter().map(|view| Waiting {
        id: mail_id(view.id),
        arrived_ms: view.arrived_ms,
        from: Meta::decode(&view.meta).and_then(|meta| meta.envelope.from().cloned()),
        subject: view.record.as_deref().and_then(Record::decode).map(|record| record.report.source.subject),
        reason: line(&view.label),
    });
    let pending = requests_by_state(store)?.into_iter().find(|(state, _)| *state == RequestState::Pending);
    let requests = requested(store, RequestState::Pending, MAX_REQUESTS)?.into_iter().flat_map(|view| {
        let requests = Meta::decode(&view.meta).map(|meta| meta.book.requests).unwrap_or_default();
        let id = mail_id(view.id);
        requests.into_iter().filter(|request| request.state == RequestState::Pending).map(move |request| Asked {
            id,
            number: request.number,
            who: request.asked.who,
            at_ms: request.asked.at_ms,
        })
    });
    let counts = store.counts()?;
    Ok(Standing {
        now_ms,
        held,
        leaving: retention.leaving(store, now_ms)?,
        newest: newest.collect(),
        pending: pending.map_or(0, |(_, count)| count),
        requests: requests.take(MAX_REQUESTS).collect(),
        bytes: State::ALL.iter().map(|state| counts.of(*state).bytes).sum(),
        room_bytes: store.room()?,
    })
}
