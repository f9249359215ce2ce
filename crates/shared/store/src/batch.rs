//! What waits for the writer thread, and one transaction of it.

use rusqlite::Connection;

use crate::bodies::Bytes;
use crate::body::NewContent;
use crate::chain::{self, Head};
use crate::circulation::{Hold, Key};
use crate::durable::Answer;
use crate::error::StoreError;
use crate::index::to_sql;
use crate::item::{Committed, State, Urgency};
use crate::query::Swept;
use crate::rows::{self, Change, Entry, Inserted, NewRow};
use crate::search::Changes;
use crate::segment::{Extent, Placed};
use crate::store::Shared;

/// A wish addressed to the writer thread.
#[derive(Debug)]
pub(crate) enum Request {
    Commit(Box<CommitOp>),
    Settle(Box<SettleOp>),
    Append(AppendOp),
    Prune(PruneOp),
    Sweep { now_ms: u64, answer: Answer<Swept> },
    Shutdown { answer: Answer<()> },
}

/// A new item.
#[derive(Debug)]
pub(crate) struct CommitOp {
    pub(crate) row: NewRow,
    pub(crate) content: NewContent,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) answer: Answer<Committed>,
}

/// A settlement. It owns the hold, so nobody else gets the item before it is durable.
#[derive(Debug)]
pub(crate) struct SettleOp {
    pub(crate) hold: Hold,
    pub(crate) before: Entry,
    pub(crate) change: Change,
    pub(crate) urgency: Urgency,
    /// Whether a full disk refuses it.
    pub(crate) refusable: bool,
    /// Who goes on with the item; `None` gives it back into circulation.
    pub(crate) back: Option<Answer<Hold>>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) answer: Answer<()>,
}

/// Entries of the chain that belong to no item; answered with the number of the last.
#[derive(Debug)]
pub(crate) struct AppendOp {
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) answer: Answer<u64>,
}

/// The chain's beginning is to go; answered with the number of the note.
#[derive(Debug)]
pub(crate) struct PruneOp {
    pub(crate) up_to: u64,
    pub(crate) note: Vec<u8>,
    pub(crate) answer: Answer<u64>,
}

/// Everything that shares one sync and one transaction.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    #[expect(clippy::vec_box, reason = "they come boxed through the channel and move between lists")]
    pub(crate) commits: Vec<Box<CommitOp>>,
    #[expect(clippy::vec_box, reason = "they come boxed through the channel and move between lists")]
    pub(crate) settles: Vec<Box<SettleOp>>,
    pub(crate) appends: Vec<AppendOp>,
}

/// What the next rows are numbered by. In memory it moves on only when a transaction is durable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// The next free number of an item.
    pub(crate) next_seq: i64,
    /// The last entry of the chain.
    pub(crate) head: Head,
}

impl Ends {
    /// As the index tells them.
    pub(crate) fn read(index: &Connection) -> Result<Self, StoreError> {
        Ok(Self { next_seq: rows::last_seq(index)?.saturating_add(1), head: chain::head(index)? })
    }
}

/// What the transaction did, in the order of the batch.
#[derive(Debug)]
pub(crate) struct Written {
    /// The number of each new item, which a duplicate did not get, and what became of it.
    commits: Vec<(i64, Inserted)>,
    /// The extents that each settlement freed; `None` if its row was gone.
    settles: Vec<Option<Vec<Extent>>>,
    /// The number of the last entry of each append.
    appends: Vec<u64>,
    pub(crate) ends: Ends,
}

impl Batch {
    pub(crate) fn len(&self) -> usize {
        self.commits.len() + self.settles.len() + self.appends.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn placed(&self) -> impl Iterator<Item = &Placed> {
        self.commits.iter().flat_map(|op| op.content.placed())
    }

    /// Writes all rows in one durable transaction, or none. Entries of the chain follow the order of the batch; an
    /// operation that changes nothing has none.
    pub(crate) fn write(&self, connection: &mut Connection, mut ends: Ends) -> Result<Written, StoreError> {
        let transaction = connection.transaction()?;
        let mut search = Changes::default();
        let mut commits = Vec::with_capacity(self.commits.len());
        for op in &self.commits {
            let inserted = op.insert(&transaction, &mut search, ends.next_seq)?;
            commits.push((ends.next_seq, inserted));
            if inserted != Inserted::Duplicate {
                ends.next_seq += 1;
                ends.head = chain::append(&transaction, ends.head, &op.entries)?;
            }
        }
        let mut settles = Vec::with_capacity(self.settles.len());
        for op in &self.settles {
            let freed = rows::settle(&transaction, &mut search, op.hold.seq(), &op.change)?;
            if freed.is_some() {
                ends.head = chain::append(&transaction, ends.head, &op.entries)?;
            }
            settles.push(freed);
        }
        let mut appends = Vec::with_capacity(self.appends.len());
        for op in &self.appends {
            ends.head = chain::append(&transaction, ends.head, &op.entries)?;
            appends.push(ends.head.number);
        }
        search.apply(&transaction)?;
        transaction.commit()?;
        Ok(Written { commits, settles, appends, ends })
    }

    /// Brings the tables in memory up to what is durable now, and answers everyone.
    pub(crate) fn publish(self, shared: &Shared, written: Written) {
        let mut queue_changed = false;
        for (op, (seq, inserted)) in self.commits.into_iter().zip(written.commits) {
            queue_changed |= op.publish(shared, seq, inserted);
        }
        for (op, freed) in self.settles.into_iter().zip(written.settles) {
            queue_changed |= op.publish(shared, freed);
        }
        for (op, number) in self.appends.into_iter().zip(written.appends) {
            let _ = op.answer.send(Ok(number));
        }
        if queue_changed {
            shared.circulation.notify();
        }
        shared.segments.remove_empty();
    }

    /// Whether nothing in it can be refused.
    pub(crate) fn only_settles(&self) -> bool {
        self.commits.is_empty() && self.appends.is_empty() && !self.settles.iter().any(|op| op.refusable)
    }

    /// Refuses what is new: items, entries of no item, and settlements that can be asked again.
    pub(crate) fn refuse_new(&mut self, error: &StoreError) {
        for op in self.commits.drain(..) {
            op.refuse(error.clone());
        }
        for op in self.appends.drain(..) {
            // Nobody listens any more: then nobody needs the answer.
            let _ = op.answer.send(Err(error.clone()));
        }
        for op in self.settles.extract_if(.., |op| op.refusable) {
            op.refuse(error.clone());
        }
    }

    /// Answers everyone with a failure after which nobody knows what the disk holds: settled items stay out of
    /// circulation until the next start, so that none is worked on twice.
    pub(crate) fn fail(mut self, error: &StoreError) {
        tracing::error!(%error, operations = self.len(), "a batch could not be written");
        for op in std::mem::take(&mut self.settles) {
            op.fail(error.clone());
        }
        self.refuse_new(error);
    }
}

impl CommitOp {
    pub(crate) fn refuse(self, error: StoreError) {
        // Nobody listens any more: then nobody needs the answer.
        let _ = self.answer.send(Err(error));
    }

    fn insert(&self, index: &Connection, search: &mut Changes, seq: i64) -> Result<Inserted, StoreError> {
        match &self.content {
            NewContent::Inline(bytes) => rows::insert(index, search, seq, &self.row, Bytes::Inline(bytes)),
            NewContent::Segments(placed) => {
                let extents: Vec<Extent> = placed.iter().map(Placed::extent).collect();
                rows::insert(index, search, seq, &self.row, Bytes::Segments(&extents))
            }
        }
    }

    /// Returns whether the queue changed.
    fn publish(self, shared: &Shared, seq: i64, inserted: Inserted) -> bool {
        let committed = match inserted {
            Inserted::Own => {
                shared.segments.gain(self.content.placed().iter().map(Placed::extent));
                Committed::New
            }
            Inserted::Shared => Committed::New,
            Inserted::Duplicate => Committed::Duplicate,
        };
        let mut entered = None;
        if committed == Committed::New {
            shared.book(None, Some(Entry { state: self.row.state, stored: self.row.size }));
            entered = key(self.row.state, self.row.due_ms, seq);
        }
        if let Some(key) = entered {
            shared.circulation.enter(key);
        }
        let _ = self.answer.send(Ok(committed));
        entered.is_some()
    }
}

impl SettleOp {
    /// Nothing was changed: the item is where it was.
    fn refuse(self, error: StoreError) {
        drop(self.hold);
        let _ = self.answer.send(Err(error));
    }

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
        let entered = match self.back {
            Some(back) => {
                // Who does not listen any more has it fall back to where it was.
                let _ = back.send(Ok(self.hold));
                false
            }
            None => {
                self.hold.settle(key);
                key.is_some()
            }
        };
        let _ = self.answer.send(Ok(()));
        entered
    }
}

/// The place in the queue of an item, if it has one.
pub(crate) fn key(state: State, due_ms: u64, seq: i64) -> Option<Key> {
    state.is_pending().then(|| Key { due_ms: to_sql(due_ms), seq })
}
