//! The one thread that writes: gathers what waits, syncs the segments, commits the rows, answers.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::batch::{Batch, Ends, PruneOp, Request, SettleOp};
use crate::bodies;
use crate::body::CHUNK;
use crate::chain;
use crate::circulation::Hold;
use crate::durable::Answer;
use crate::error::StoreError;
use crate::index;
use crate::query::Swept;
use crate::rows::{self, Entry};
use crate::search::Changes;
use crate::segment::{Extent, Placed, Segments};
use crate::store::Shared;

/// Pause before settlements that found no room are tried again.
const RETRY: Duration = Duration::from_millis(500);

/// Rows that one step of a sweep deletes.
const SWEEP_ROWS: usize = 256;

/// Entries of the chain that one step of a sweep deletes.
const SWEEP_ENTRIES: usize = 2_000;

/// One step of compaction moves at most so many extents, and stops behind so many bytes.
const MOVE_EXTENTS: usize = 256;
const MOVE_BYTES: u64 = 4 * 1024 * 1024;

/// The writer thread's state.
#[derive(Debug)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
    connection: Connection,
    requests: Receiver<Request>,
    ends: Ends,
    lazy: Postponed,
    stalled: Postponed,
}

/// Settlements that wait, and until when.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "they come boxed through the channel and move between lists")]
struct Postponed {
    ops: Vec<Box<SettleOp>>,
    until: Option<Instant>,
}

/// Why gathering ended.
enum Next {
    Write,
    Prune(PruneOp),
    Sweep {
        now_ms: u64,
        answer: Answer<Swept>,
    },
    Shutdown {
        answer: Answer<()>,
    },
    /// Every handle of the store is gone.
    Orphaned,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, connection: Connection, requests: Receiver<Request>, ends: Ends) -> Self {
        let (lazy, stalled) = (Postponed::default(), Postponed::default());
        Self { shared, connection, requests, ends, lazy, stalled }
    }

    /// Works until the store is shut down or its last handle is gone; what was asked for before that is written.
    pub(crate) fn run(mut self) {
        loop {
            let mut batch = Batch::default();
            let next = self.gather(&mut batch);
            let write_lazy = !batch.is_empty() || self.lazy.is_due() || !matches!(next, Next::Write);
            if write_lazy || self.lazy.ops.len() >= self.shared.options.batch_max {
                batch.settles.append(&mut self.lazy.take());
            }
            self.execute(batch);
            if self.stalled.is_due() {
                self.retry_stalled();
            }
            match next {
                Next::Write => {}
                Next::Prune(PruneOp { up_to, note, answer }) => {
                    let _ = answer.send(self.prune(up_to, note));
                }
                Next::Sweep { now_ms, answer } => {
                    let _ = answer.send(self.sweep(now_ms));
                }
                Next::Shutdown { answer } => {
                    let _ = answer.send(self.last_call());
                    return;
                }
                Next::Orphaned => {
                    if let Err(error) = self.last_call() {
                        tracing::error!(%error, "settlements were lost at the end; their items are free again");
                    }
                    return;
                }
            }
        }
    }

    /// Waits for the first request, then takes what is there.
    fn gather(&mut self, batch: &mut Batch) -> Next {
        while batch.len() + self.lazy.ops.len() < self.shared.options.batch_max {
            match self.receive(batch.is_empty()) {
                Ok(Request::Commit(op)) => batch.commits.push(op),
                Ok(Request::Settle(op)) => match op.urgency {
                    crate::item::Urgency::Now => batch.settles.push(op),
                    crate::item::Urgency::Lazy => self.lazy.push(op, self.shared.options.lazy_delay),
                },
                Ok(Request::Append(op)) => batch.appends.push(op),
                Ok(Request::Prune(op)) => return Next::Prune(op),
                Ok(Request::Sweep { now_ms, answer }) => return Next::Sweep { now_ms, answer },
                Ok(Request::Shutdown { answer }) => return Next::Shutdown { answer },
                Err(RecvTimeoutError::Timeout) => return Next::Write,
                Err(RecvTimeoutError::Disconnected) => return Next::Orphaned,
            }
        }
        Next::Write
    }

    fn receive(&self, may_wait: bool) -> Result<Request, RecvTimeoutError> {
        if !may_wait {
            return self.requests.try_recv().map_err(|error| match error {
                TryRecvError::Empty => RecvTimeoutError::Timeout,
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
            });
        }
        match [self.lazy.until, self.stalled.until].into_iter().flatten().min() {
            Some(until) => self.requests.recv_timeout(until.saturating_duration_since(Instant::now())),
            None => self.requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Bodies first, then rows: a durable row names durable bytes.
    fn execute(&mut self, mut batch: Batch) {
        self.shared.segments.sync(batch.placed());
        for op in batch.commits.extract_if(.., |op| !Segments::intact(op.content.placed())) {
            op.refuse(StoreError::Damaged("the body could not be synced"));
        }
        if batch.is_empty() {
            return;
        }
        match batch.write(&mut self.connection, self.ends) {
            Ok(written) => {
                self.ends = written.ends;
                batch.publish(&self.shared, written);
            }
            Err(StoreError::Full) if batch.only_settles() => {
                tracing::warn!(operations = batch.len(), "no room to settle; trying again");
                index::checkpoint(&self.connection);
                self.stalled.ops.append(&mut batch.settles);
                self.stalled.until = Some(Instant::now() + RETRY);
            }
            Err(StoreError::Full) => {
                batch.refuse_new(&StoreError::Full);
                index::checkpoint(&self.connection);
                // At most once: there are only settlements now.
                self.execute(batch);
            }
            Err(error) => {
                batch.fail(&error);
                self.look_again();
            }
        }
    }

    /// After a failure nobody knows what the last transaction did; the index does. A number that somebody may still
    /// hold is not given again.
    fn look_again(&mut self) {
        match Ends::read(&self.connection) {
            Ok(Ends { next_seq, head }) => self.ends = Ends { next_seq: self.ends.next_seq.max(next_seq), head },
            Err(error) => tracing::error!(%error, "the index cannot be read"),
        }
    }

    fn retry_stalled(&mut self) {
        let batch = Batch { settles: self.stalled.take(), ..Batch::default() };
        self.execute(batch);
    }

    fn last_call(&mut self) -> Result<(), StoreError> {
        self.shared.close();
        self.retry_stalled();
        let lost = self.stalled.take();
        index::checkpoint(&self.connection);
        if lost.is_empty() {
            return Ok(());
        }
        for op in lost {
            op.fail(StoreError::Full);
        }
        Err(StoreError::Full)
    }

    /// Takes the chain's beginning away and adds a note of it, both or neither.
    fn prune(&mut self, up_to: u64, note: Vec<u8>) -> Result<u64, StoreError> {
        if up_to >= self.ends.head.number {
            return Err(StoreError::Misuse("the last entry of the chain stays"));
        }
        let transaction = self.connection.transaction()?;
        if !chain::hide(&transaction, up_to)? {
            return Err(StoreError::Misuse("there are no such entries in the chain"));
        }
        let head = chain::append(&transaction, self.ends.head, &[note])?;
        transaction.commit()?;
        self.ends.head = head;
        Ok(head.number)
    }

    /// One bounded step: expired rows, entries of the chain that were taken away, then a segment that is nearly empty, then free pages of the index.
    fn sweep(&mut self, now_ms: u64) -> Result<Swept, StoreError> {
        let (expired, more_expired) = self.delete_expired(now_ms)?;
        let more_entries = chain::sweep(&self.connection, SWEEP_ENTRIES)? == SWEEP_ENTRIES;
        let moved_bytes = self.compact().unwrap_or_else(|error| {
            tracing::warn!(%error, "compaction failed; it is tried again at the next sweep");
            0
        });
        self.shared.segments.remove_empty();
        let shrunk_bytes = index::shrink(&self.connection)?;
        let more_sparse = moved_bytes > 0 && self.shared.segments.sparse().is_some();
        let more = more_expired || more_entries || more_sparse || shrunk_bytes > 0;
        Ok(Swept { expired, moved_bytes, shrunk_bytes, more })
    }

    fn delete_expired(&mut self, now_ms: u64) -> Result<(u64, bool), StoreError> {
        let found = rows::expired(&self.connection, now_ms, SWEEP_ROWS)?;
        let full_page = found.len() == SWEEP_ROWS;
        // What somebody holds is left for a later sweep.
        let claim = |(seq, entry)| Some((self.shared.circulation.claim(seq)?, entry));
        let claimed: Vec<(Hold, Entry)> = found.into_iter().filter_map(claim).collect();
        let transaction = self.connection.transaction()?;
        let (mut search, mut freed) = (Changes::default(), Vec::new());
        for (hold, _) in &claimed {
            freed.append(&mut rows::delete(&transaction, &mut search, hold.seq())?);
        }
        search.apply(&transaction)?;
        transaction.commit()?;
        self.shared.segments.lose(freed.into_iter());
        let expired = claimed.len() as u64;
        for (hold, entry) in claimed {
            self.shared.book(Some(entry), None);
            hold.settle(None);
        }
        Ok((expired, full_page && expired > 0))
    }

    /// Moves live extents out of one sparse segment. The copies are durable before a row names them.
    fn compact(&mut self) -> Result<u64, StoreError> {
        let segments = &self.shared.segments;
        let Some(number) = segments.sparse() else { return Ok(0) };
        let residents = bodies::residents(&self.connection, number, MOVE_EXTENTS)?;
        let mut moves: Vec<(i64, i64, Extent, Placed)> = Vec::new();
        let mut bytes = 0;
        for (seq, part, from) in residents {
            if bytes >= MOVE_BYTES {
                break;
            }
            moves.push((seq, part, from, copy(segments, from)?));
            bytes += from.length;
        }
        segments.sync(moves.iter().map(|(.., to)| to));
        if !moves.iter().all(|(.., to)| Segments::intact(std::slice::from_ref(to))) {
            return Err(StoreError::Damaged("the copies could not be synced"));
        }
        let transaction = self.connection.transaction()?;
        for (seq, part, _, to) in &moves {
            bodies::move_extent(&transaction, *seq, *part, to.extent())?;
        }
        transaction.commit()?;
        segments.gain(moves.iter().map(|(.., to)| to.extent()));
        segments.lose(moves.iter().map(|&(_, _, from, _)| from));
        Ok(bytes)
    }
}

/// Copies an extent to the growing segment. One that cannot be read pins its segment.
fn copy(segments: &Segments, from: Extent) -> Result<Placed, StoreError> {
    let source = segments.open(from.segment).inspect_err(|_| segments.set_unmovable(from.segment))?;
    let to = segments.reserve(from.length)?;
    let mut buffer = vec![0; CHUNK];
    let mut done = 0;
    while done < from.length {
        let wanted = usize::try_from(from.length - done).unwrap_or(CHUNK).min(CHUNK);
        let read = match source.read_at(&mut buffer[..wanted], from.start + done) {
            Ok(read) if read > 0 => read,
            Ok(_) | Err(_) => {
                segments.set_unmovable(from.segment);
                return Err(StoreError::Damaged("a segment cannot be read to its end"));
            }
        };
        to.segment.write_at(&buffer[..read], to.start + done)?;
        done += read as u64;
    }
    Ok(to)
}

impl Postponed {
    fn push(&mut self, op: Box<SettleOp>, delay: Duration) {
        self.ops.push(op);
        self.until.get_or_insert_with(|| Instant::now() + delay);
    }

    fn is_due(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }

    #[expect(clippy::vec_box, reason = "they come boxed through the channel and move between lists")]
    fn take(&mut self) -> Vec<Box<SettleOp>> {
        self.until = None;
        std::mem::take(&mut self.ops)
    }
}
