//! What waits for the writer thread, and one transaction of it.

use rusqlite::Connection;

use crate::body::NewContent;
use crate::circulation::{Hold, Key};
use crate::durable::Answer;
use crate::error::StoreError;
use crate::index::to_sql;
use crate::item::{Committed, State, Swept, Urgency};
use crate::rows::{self, Change, Entry, NewRow};
use crate::segment::{Extent, Placed};
use crate::store::Shared;

/// A wish addressed to the writer thread.
#[derive(Debug)]
pub(crate) enum Request {
    Commit(Box<CommitOp>),
    Settle(Box<SettleOp>),
    Sweep { now_ms: u64, answer: Answer<Swept> },
    Shutdown { answer: Answer<()> },
}

/// A new item.
#[derive(Debug)]
pub(crate) struct CommitOp {
    pub(crate) row: NewRow,
    pub(crate) content: NewContent,
    pub(crate) answer: Answer<Committed>,
}

/// A settlement. It owns the hold, so nobody else gets the item before it is durable.
#[derive(Debug)]
pub(crate) struct SettleOp {
    pub(crate) hold: Hold,
    pub(crate) before: Entry,
    pub(crate) change: Change,
    pub(crate) urgency: Urgency,
    pub(crate) answer: Answer<()>,
}

/// Everything that shares one sync and one transaction.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    #[expect(clippy::vec_box, reason = "they come boxed through the channel and move between lists")]
    pub(crate) commits: Vec<Box<CommitOp>>,
    #[expect(clippy::vec_box, reason = "they come boxed through the channel and move between lists")]
    pub(crate) settles: Vec<Box<SettleOp>>,
}

/// What the transaction did, in the order of the batch.
#[derive(Debug)]
pub(crate) struct Written {
    /// The number of each new item; `None` for a duplicate.
    commits: Vec<Option<i64>>,
    /// The extents that each settlement freed; `None` if its row was gone.
    settles: Vec<Option<Vec<Extent>>>,
    /// The next free number.
    pub(crate) next_seq: i64,
}

impl Batch {
    pub(crate) fn len(&self) -> usize {
        self.commits.len() + self.settles.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn placed(&self) -> impl Iterator<Item = &Placed> {
        self.commits.iter().flat_map(|op| op.content.placed())
    }

    /// Writes all rows in one durable transaction, or none.
    pub(crate) fn write(&self, connection: &mut Connection, mut next_seq: i64) -> Result<Written, StoreError> {
        let transaction = connection.transaction()?;
        let mut commits = Vec::with_capacity(self.commits.len());
        for op in &self.commits {
            let inserted = op.insert(&transaction, next_seq)?;
            commits.push(inserted.then_some(next_seq));
            next_seq += i64::from(inserted);
        }
        let mut settles = Vec::with_capacity(self.settles.len());
        for op in &self.settles {
            settles.push(rows::settle(&transaction, op.hold.seq(), &op.change)?);
        }
        transaction.commit()?;
        Ok(Written { commits, settles, next_seq })
    }

    /// Brings the tables in memory up to what is durable now, and answers everyone.
    pub(crate) fn publish(self, shared: &Shared, written: Written) {
        let mut queue_changed = false;
        for (op, seq) in self.commits.into_iter().zip(written.commits) {
            queue_changed |= op.publish(shared, seq);
        }
        for (op, freed) in self.settles.into_iter().zip(written.settles) {
            queue_changed |= op.publish(shared, freed);
        }
        if queue_changed {
            shared.circulation.notify();
        }
        shared.segments.remove_empty();
    }

    /// Refuses all new items.
    pub(crate) fn refuse_commits(&mut self, error: &StoreError) {
        for op in self.commits.drain(..) {
            op.refuse(error.clone());
        }
    }

    /// Answers everyone with a failure after which nobody knows what the disk holds: settled items stay out of
    /// circulation until the next start, so that none is worked on twice.
    pub(crate) fn fail(mut self, error: &StoreError) {
        tracing::error!(%error, operations = self.len(), "a batch could not be written");
        self.refuse_commits(error);
        for op in self.settles {
            op.fail(error.clone());
        }
    }
}

impl CommitOp {
    pub(crate) fn refuse(self, error: StoreError) {
        // Nobody listens any more: then nobody needs the answer.
        let _ = self.answer.send(Err(error));
    }

    fn insert(&self, index: &Connection, seq: i64) -> Result<bool, StoreError> {
        match &self.content {
            NewContent::Inline(bytes) => rows::insert(index, seq, &self.row, Some(bytes), &[]),
            NewContent::Segments(placed) => {
                let extents: Vec<Extent> = placed.iter().map(Placed::extent).collect();
                rows::insert(index, seq, &self.row, None, &extents)
            }
        }
    }

    /// Returns whether the queue changed.
    fn publish(self, shared: &Shared, seq: Option<i64>) -> bool {
        let committed = match seq {
            Some(_) => Committed::New,
            None => Committed::Duplicate,
        };
        let key = seq.and_then(|seq| key(self.row.state, self.row.due_ms, seq));
        if seq.is_some() {
            shared.segments.gain(self.content.placed().iter().map(Placed::extent));
            shared.book(None, Some(Entry { state: self.row.state, stored: self.row.size }));
        }
        if let Some(key) = key {
            shared.circulation.enter(key);
        }
        let _ = self.answer.send(Ok(committed));
        key.is_some()
    }
}

impl SettleOp {
    /// Gives up: the item stays out until the next start.
    pub(crate) fn fail(self, error: StoreError) {
        self.hold.strand();
        let _ = self.answer.send(Err(error));
    }

    /// Returns whether the queue changed.
    fn publish(self, shared: &Shared, freed: Option<Vec<Extent>>) -> bool {
        let Some(freed) = freed else {
            self.fail(StoreError::NotFound);
            return false;
        };
        let stored = match self.change.body {
            crate::item::BodyFate::Keep => self.before.stored,
            crate::item::BodyFate::Free => 0,
        };
        shared.segments.lose(freed.into_iter());
        shared.book(Some(self.before), Some(Entry { state: self.change.state, stored }));
        let key = key(self.change.state, self.change.due_ms, self.hold.seq());
        self.hold.settle(key);
        let _ = self.answer.send(Ok(()));
        key.is_some()
    }
}

/// The place in the queue of an item, if it has one.
pub(crate) fn key(state: State, due_ms: u64, seq: i64) -> Option<Key> {
    state.is_pending().then(|| Key { due_ms: to_sql(due_ms), seq })
}
