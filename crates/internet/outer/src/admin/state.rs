//! How the program is doing, and the record of what was done.

use std::sync::atomic::Ordering;

use sekisho_channel::admin::{AuditState, Link, MailState, Problem, Replies, Reply, Stage, Stats, Status};
use sekisho_safe_message::{SafeLine, Sha256};
use sekisho_store::{BodyFate, Query, State, StoreError};

use super::{Admin, Stopped};
use crate::clock::now_ms;
use crate::desk::requests_by_state;

/// A mail that has waited longer is a problem to show.
const OLD_MS: u64 = 3_600_000;

impl Admin {
    pub(super) fn status(&self) -> Result<Status, StoreError> {
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
        let leaving = dispatch.plan.retention.leaving(&dispatch.store, now_ms())?.is_some();
        let layers = dispatch.pool.layers();
        Ok(Status {
            program: "sekisho-outer".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_ms: self.started_ms,
            profile: Some(dispatch.plan.policy.profile().to_string()),
            listening: self.listening.clone(),
            problems: self.problems(&stages, room, leaving),
            stages,
            free_bytes: dispatch.store.free()?,
            floor_bytes: self.floor_bytes,
            layers: layers.iter().map(|(layer, state)| (layer.code().to_owned(), layer_state(state))).collect(),
            counters: dispatch.counters.all(),
            refusals: dispatch.counters.refusals(),
            audit: AuditState {
                entries: dispatch.store.chain_head()?.0,
                signed_ms: Some(dispatch.counters.signed_ms.load(Ordering::Relaxed)).filter(|ms| *ms > 0),
            },
        })
    }

    fn problems(&self, stages: &[Stage], room: u64, leaving: bool) -> Vec<Problem> {
        let now = now_ms();
        let age = u64::try_from(self.review.age_max.as_millis()).unwrap_or(u64::MAX);
        let waits = |stage: &&Stage| matches!(stage.state, MailState::Ready | MailState::Waiting);
        let held = |stage: &&Stage| stage.state == MailState::Held;
        let older = |stage: &Stage, than: u64| stage.oldest_ms.is_some_and(|oldest| oldest < now.saturating_sub(than));
        let checks = [
            (room == 0, Problem::LowSpace),
            (self.dispatch.pool.is_failing(), Problem::NoWorkers),
            (self.dispatch.handover.is_down(), Problem::HandoffDown),
            (stages.iter().filter(waits).any(|stage| older(stage, OLD_MS)), Problem::OldMail),
            (self.dispatch.counters.refused.load(Ordering::Relaxed) > 0, Problem::Refusals),
            (stages.iter().filter(held).any(|stage| stage.count > self.review.held_max), Problem::ManyHeld),
            (stages.iter().filter(held).any(|stage| older(stage, age)), Problem::OldHeld),
            (leaving, Problem::HeldLeaving),
            (self.dispatch.desk.is_failing(), Problem::OriginalsDown),
        ];
        checks.into_iter().filter_map(|(wrong, problem)| wrong.then_some(problem)).collect()
    }

    pub(super) async fn stats(&self, with_keys: bool, replies: &mut Replies) -> Result<(), Stopped> {
        let store = &self.dispatch.store;
        let by_label = |state| {
            let tallies = store.tallies(state)?.into_iter();
            let line = |label: &str| SafeLine::clean(label).value;
            Ok::<_, StoreError>(tallies.map(|t| (line(&t.label), t.items, Some(t.oldest_ms))).collect())
        };
        let counts = store.counts()?;
        let stats = Stats {
            held: by_label(State::Held)?,
            kept: by_label(State::Kept)?,
            requests: requests_by_state(store)?,
            bytes: State::ALL.iter().map(|state| counts.of(*state).bytes).sum(),
            shared_bytes: store.shared_bytes()?,
            room_bytes: store.room()?,
            keys: if with_keys { self.keys(replies).await? } else { Vec::new() },
        };
        Ok(replies.send(&Reply::Stats(Box::new(stats))).await?)
    }

    /// Keys, and how many originals each seals: all rows are looked at.
    async fn keys(&self, replies: &mut Replies) -> Result<Vec<(SafeLine, u64, bool)>, Stopped> {
        let mut keys: Vec<_> = self.dispatch.vault.names().into_iter().map(|(id, known)| (id, 0_u64, known)).collect();
        let (mut after, mut looks) = (None, 0_u32);
        loop {
            let query = Query { after, limit: 500, ..Query::default() };
            let page = self.dispatch.store.list(&query)?;
            let Some(last) = page.last() else { break };
            after = Some(last.cursor);
            for id in
                page.iter().filter(|view| view.body == BodyFate::Keep).filter_map(|v| sekisho_vault::key_of(&v.seal))
            {
                match keys.iter_mut().find(|(known, ..)| *known == id) {
                    Some((_, count, _)) => *count += 1,
                    None => keys.push((id, 1, false)),
                }
            }
            looks += 1;
            if looks.is_multiple_of(100) {
                replies.send(&Reply::Working).await?;
            }
        }
        let line = |text: &str| SafeLine::clean(text).value;
        Ok(keys.into_iter().map(|(id, count, known)| (line(id.as_str()), count, known)).collect())
    }

    pub(super) async fn audit(&self, after: u64, limit: u32, replies: &mut Replies) -> Result<(), Stopped> {
        let (mut after, mut left) = (after, limit.clamp(1, 1_000) as usize);
        while left > 0 {
            // An entry may have 2 MiB.
            let rows = self.dispatch.store.chain(after, left.min(32))?;
            let Some(last) = rows.last() else { break };
            after = last.number;
            left -= rows.len();
            for row in rows {
                let entry = String::from_utf8(row.entry).unwrap_or_default();
                let link = Link { number: row.number, entry, hash: Sha256::from_bytes(row.hash) };
                replies.send(&Reply::Link(Box::new(link))).await?;
            }
        }
        Ok(replies.send(&Reply::Done).await?)
    }
}

/// `active`, or why not.
fn layer_state(state: sekisho_sandbox::State) -> String {
    match state {
        sekisho_sandbox::State::Active => "active".to_owned(),
        sekisho_sandbox::State::Unavailable(cause) => cause.english(),
    }
}

pub(super) fn mail_state(state: State) -> MailState {
    match state {
        State::Ready => MailState::Ready,
        State::Waiting => MailState::Waiting,
        State::Held => MailState::Held,
        State::Kept => MailState::Kept,
        State::Done => MailState::Done,
        State::Buried => MailState::Buried,
    }
}

pub(super) fn store_state(state: MailState) -> State {
    match state {
        MailState::Ready => State::Ready,
        MailState::Waiting => State::Waiting,
        MailState::Held => State::Held,
        MailState::Kept => State::Kept,
        MailState::Done => State::Done,
        MailState::Buried => State::Buried,
    }
}
