//! What reviewers and requesters are told by mail.

use std::fs;
use std::path::PathBuf;

use sekisho_channel::admin::RequestState;
use sekisho_safe_message::{Address, MailId, SafeLine, Timestamp};
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
use crate::small_file;

/// Pause before a digest that the server did not take is tried again.
const AGAIN_MS: u64 = 300_000;

/// When the digest was sent last. It is on disk, so that a restart neither
/// repeats nor skips one; a crash between sending and noting it repeats one.
#[derive(Debug)]
pub(super) struct Digest {
    file: PathBuf,
    last_ms: u64,
    /// Not before this time: it was tried in vain.
    again_ms: u64,
}

impl Digest {
    /// As the last run left it; who never sent one begins now.
    pub(super) fn open(file: PathBuf, now_ms: u64) -> Self {
        let known = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        let mut digest = Self { file, last_ms: known.unwrap_or(now_ms), again_ms: 0 };
        if known.is_none() {
            digest.sent(now_ms);
        }
        digest
    }

    /// Sends it when its time has come; what nobody waits for is not sent.
    pub(super) async fn if_due(&mut self, dispatch: &Dispatch) {
        let (review, now) = (&dispatch.desk.review, now_ms());
        if review.digest_to.is_empty() || !self.is_due(review.digest_at, now) {
            return;
        }
        match standing(&dispatch.store, &dispatch.plan.retention, now) {
            Ok(standing) if standing.is_quiet() => self.sent(now),
            Ok(standing) => {
                let sent = dispatch.send_digest(&standing).await;
                tracing::info!(event = "digest.sent", sent);
                if sent {
                    self.sent(now);
                } else {
                    self.again_ms = now.saturating_add(AGAIN_MS);
                }
            }
            Err(err) => {
                tracing::error!(event = "digest.failed", error = %err);
                self.again_ms = now.saturating_add(AGAIN_MS);
            }
        }
    }

    fn is_due(&self, (hour, minute): (u8, u8), now_ms: u64) -> bool {
        let due = Due::parse(&format!("{hour:02}:{minute:02}"));
        now_ms >= self.again_ms && due.is_some_and(|due| due.next(Some(self.last_ms), now_ms) <= now_ms)
    }

    fn sent(&mut self, now_ms: u64) {
        self.last_ms = now_ms;
        if let Err(err) = small_file::replace(&self.file, format!("{now_ms}\n").as_bytes()) {
            // It is known in memory; only a restart could repeat the digest.
            tracing::warn!(event = "digest.not-noted", file = %self.file.display(), error = %err);
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
            languages: review.digest_languages.clone(),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    /// 2026-11-24T09:00:00+09:00
    const NOW: u64 = 1_795_478_400_000;
    const DAY: u64 = 86_400_000;
    const AT: (u8, u8) = (8, 30);

    #[test]
    fn a_restart_neither_repeats_nor_skips_it() {
        let dir = tempfile::tempdir().unwrap();
        let open = |now| Digest::open(dir.path().join("digest.last"), now);
        let mut first = open(NOW);
        assert!(!first.is_due(AT, NOW), "the first comes at its time");
        assert!(first.is_due(AT, NOW + DAY));
        // Down over its time: late rather than never, and only once.
        let mut late = open(NOW + DAY);
        assert!(late.is_due(AT, NOW + DAY));
        late.sent(NOW + DAY);
        assert!(!open(NOW + DAY + 1).is_due(AT, NOW + DAY + 1));
        // Tried in vain: it comes again after a pause.
        first.again_ms = NOW + DAY + AGAIN_MS;
        assert!(!first.is_due(AT, NOW + DAY) && first.is_due(AT, NOW + DAY + AGAIN_MS));
        // What cannot be read counts as never sent.
        fs::write(dir.path().join("digest.last"), "yesterday").unwrap();
        assert!(!open(NOW).is_due(AT, NOW) && open(NOW + DAY).is_due(AT, NOW + DAY));
    }
}
