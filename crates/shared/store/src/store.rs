//! The handle: opening, committing, leasing, looking, sweeping.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::future::Future;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::batch::{AppendOp, CommitOp, Ends, PruneOp, Request, key};
use crate::body::{BodyWriter, CHUNK};
use crate::circulation::Circulation;
use crate::durable::Durable;
use crate::error::StoreError;
use crate::index::{self, Readers, from_sql, lock, to_sql};
use crate::item::{Committed, ItemId, NewItem, Settled, State};
use crate::lease::{Holder, Lease};
use crate::query::{Counts, Swept};
use crate::recover::{self, Recovery};
use crate::rows::{self, Entry, NewRow};
use crate::search;
use crate::segment::{self, Segments};
use crate::space::Space;
use crate::writer::Writer;

/// Longest header, record or label. They live in the index and in memory whole.
const FIELD_MAX: usize = 16 * 1024 * 1024;

/// How a store behaves. `Options::default()` is what the gateway ships.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes that must stay free on the file system; below that new items are refused, settlements are not.
    pub min_free: u64,
    /// Size of a body file in bytes. One body may go on in the next.
    pub segment_size: u64,
    /// Bodies up to so many bytes live in the index; cut to less than 64 KiB.
    pub inline_max: usize,
    /// At most so many operations share a transaction.
    pub batch_max: usize,
    /// A lazy settlement waits at most this long for company.
    pub lazy_delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            min_free: 64 * 1024 * 1024,
            segment_size: 64 * 1024 * 1024,
            inline_max: 32 * 1024,
            batch_max: 512,
            lazy_delay: Duration::from_millis(50),
        }
    }
}

/// An open store. Clones are handles of the same one; when the last handle and lease is gone, what was asked for is
/// written (which blocks for a moment) and the directory is free again.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    /// `None` only while dropping.
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

/// What the handles and the writer thread have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) space: Space,
    pub(crate) segments: Segments,
    pub(crate) circulation: Arc<Circulation>,
    pub(crate) readers: Readers,
    pub(crate) counts: Mutex<Counts>,
    closed: AtomicBool,
    /// Dropped last: the directory is ours until nothing writes any more.
    _lock: File,
}

impl Store {
    /// Opens the store in `dir`, making the directory (mode 0700) if it is missing, and recovers what the last run
    /// left. Every item that is not settled is in the queue again.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another store has the directory open, [`StoreError::Version`] if a newer program
    /// wrote it; otherwise what the file system or SQLite said.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Recovery), StoreError> {
        let segment_dir = dir.join("segments");
        make_dir(&segment_dir)?;
        let lock_file = lock_dir(dir)?;
        let index_path = dir.join("index.db");
        let mut connection = index::open_writer(&index_path, options.min_free)?;
        // The names of the index, the lock and the segment directory.
        segment::sync_dir(dir)?;
        let (mut recovery, found) = recover::recover(&mut connection, &segment_dir)?;
        let ends = Ends::read(&connection)?;
        let options = Options { inline_max: options.inline_max.min(CHUNK - 1), ..options };
        let shared = Arc::new(Shared {
            space: Space::new(dir, options.min_free),
            segments: Segments::new(segment_dir, options.segment_size, found),
            circulation: Arc::new(Circulation::new()),
            readers: Readers::new(index_path),
            counts: Mutex::new(recovery.counts),
            closed: AtomicBool::new(false),
            _lock: lock_file,
            options,
        });
        recovery.segments_removed = shared.segments.remove_empty();
        let (requests, received) = mpsc::channel();
        let writer = Writer::new(Arc::clone(&shared), connection, received, ends);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|e| StoreError::io("starting the writer thread", e))?;
        let inner = Inner { shared, requests: Some(requests), thread: Some(thread) };
        Ok((Self { inner: Arc::new(inner) }, recovery))
    }

    /// A writer for the body of a new item.
    #[must_use]
    pub fn body(&self) -> BodyWriter {
        BodyWriter::new(Arc::clone(&self.inner.shared))
    }

    /// Stores a new item in the queue. Starts at the call; resolves when body and row are durable. From then on it
    /// can be leased, at `due_ms`.
    ///
    /// Resolves to [`StoreError::Full`] without room, and to the body's own error if writing it had failed. Nothing
    /// is stored then.
    pub fn commit(&self, body: BodyWriter, item: NewItem) -> Durable<Committed> {
        let state = State::pending(item.due_ms, item.arrived_ms);
        let label = item.label.clone();
        self.commit_as(body, item, state, Settled::new(label))
    }

    /// Stores a new item directly in a state, with a record. `settled.label` replaces the item's own, `settled.terms`
    /// too if there are some; the entries of both are written, the item's first. `settled.meta`, `seal` and `body`
    /// are not used (an empty body takes no room).
    ///
    /// Fails like [`Store::commit`].
    pub fn commit_as(&self, body: BodyWriter, item: NewItem, state: State, settled: Settled) -> Durable<Committed> {
        let checked = settled.check().and_then(|()| item.check());
        let finished = checked.and_then(|()| body.finish());
        let body = match finished {
            Ok(body) => body,
            Err(error) => return Durable::failed(error),
        };
        let row = NewRow {
            id: item.id,
            state,
            due_ms: item.due_ms,
            arrived_ms: item.arrived_ms,
            expires_ms: settled.expires_ms.filter(|_| !state.is_pending()),
            size: body.size,
            crc: body.crc,
            label: settled.label,
            meta: item.meta,
            record: settled.record,
            seal: item.seal,
            seal_prefix: item.seal_prefix,
            digest: item.digest,
            terms: settled.terms.or(item.terms),
        };
        let mut entries = item.entries;
        entries.extend(settled.entries);
        let (answer, durable) = Durable::pair();
        self.send(Request::Commit(Box::new(CommitOp { row, content: body.content, entries, answer })));
        durable
    }

    /// Leases the item whose turn came first, if any is due at `now_ms`.
    ///
    /// # Errors
    /// [`StoreError::Closed`] after a shutdown; otherwise what SQLite said. The queue is as before then.
    pub fn next(&self, now_ms: u64) -> Result<Option<Lease>, StoreError> {
        let shared = &self.inner.shared;
        shared.check_open()?;
        while let Some(hold) = shared.circulation.take(to_sql(now_ms), &shared.readers)? {
            match shared.readers.one(|index| rows::view(index, hold.seq()))? {
                Some(view) => return Ok(Some(Lease::new(self.clone(), hold, view, Holder::Queue))),
                // Rows vanish only when they are not pending; then there is nothing to give back.
                None => hold.settle(None),
            }
        }
        Ok(None)
    }

    /// When the first item of the queue is due; `None` while it is empty. May lie in the past.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn next_due(&self) -> Result<Option<u64>, StoreError> {
        let shared = &self.inner.shared;
        Ok(shared.circulation.next_due(&shared.readers)?.map(from_sql))
    }

    /// Resolves when the queue changed after this call. Call it **before** [`Store::next`], and await it (or the
    /// time of [`Store::next_due`]) if that finds nothing; no change is missed then.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + 'static {
        self.inner.shared.circulation.changed()
    }

    /// Leases one particular item, in whatever state: look at [`Lease::state`] before acting.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::Busy`] if somebody has it now.
    pub fn lease(&self, id: ItemId) -> Result<Lease, StoreError> {
        let shared = &self.inner.shared;
        shared.check_open()?;
        let seq = shared.readers.one(|index| rows::seq_of(index, id))?.ok_or(StoreError::NotFound)?;
        let mut hold = shared.circulation.claim(seq).ok_or(StoreError::Busy)?;
        // Only now does the row stand still.
        let view = match shared.readers.one(|index| rows::view(index, seq)) {
            Ok(view) => view.ok_or(StoreError::NotFound)?,
            Err(error) => {
                // Its place in the queue is unknown; the next start finds it.
                hold.strand();
                return Err(error);
            }
        };
        hold.set_key(key(view.state, view.due_ms, seq));
        Ok(Lease::new(self.clone(), hold, view, Holder::Operator))
    }

    /// Adds entries that belong to no item to the chain; resolves to the number of the last when all are durable.
    ///
    /// Resolves to [`StoreError::Full`] without room: nothing is added then, and what they tell of must not happen.
    pub fn append(&self, entries: Vec<Vec<u8>>) -> Durable<u64> {
        if entries.is_empty() {
            return Durable::failed(StoreError::Misuse("there is nothing to append"));
        }
        if let Err(error) = check_entries(&entries) {
            return Durable::failed(error);
        }
        let (answer, durable) = Durable::pair();
        self.send(Request::Append(AppendOp { entries, answer }));
        durable
    }

    /// Takes the entries up to a number away and adds a note of it, both or neither; resolves to the note's number. No
    /// reader sees them any more; [`Store::sweep`] deletes them step by step. The chain goes on: the next entry is bound
    /// to the last, as ever.
    ///
    /// Resolves to [`StoreError::Misuse`] if the last entry were to go, or if there are no such entries.
    pub fn prune_chain(&self, up_to: u64, note: Vec<u8>) -> Durable<u64> {
        if let Err(error) = check_field(note.len()) {
            return Durable::failed(error);
        }
        let (answer, durable) = Durable::pair();
        self.send(Request::Prune(PruneOp { up_to, note, answer }));
        durable
    }

    /// One bounded step of tidying at `now_ms`: deletes expired items (a few hundred) and
    /// entries of the chain that were taken away (a few thousand), moves live bodies out of one
    /// nearly empty body file (a few MiB). Call it now and then, and again while [`Swept::more`].
    pub fn sweep(&self, now_ms: u64) -> Durable<Swept> {
        let (answer, durable) = Durable::pair();
        self.send(Request::Sweep { now_ms, answer });
        durable
    }

    /// Writes what was asked for before this call, then refuses everything new with [`StoreError::Closed`]. Looking
    /// still works. Resolves to [`StoreError::Full`] if settlements found no room to the end: their items are in the
    /// queue again at the next start.
    pub fn shutdown(&self) -> Durable<()> {
        let (answer, durable) = Durable::pair();
        self.send(Request::Shutdown { answer });
        durable
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    /// Hands a request over. If the thread is gone, the request is dropped: its answer is `Closed`, its hold free.
    pub(crate) fn send(&self, request: Request) {
        if let Some(requests) = &self.inner.requests {
            let _ = requests.send(request);
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("space", &self.inner.shared.space).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was printed there; what it had not answered reads as `Closed`.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Moves an item from one line of the tallies to another.
    pub(crate) fn book(&self, before: Option<Entry>, after: Option<Entry>) {
        let mut counts = lock(&self.counts);
        if let Some(Entry { state, stored }) = before {
            let tally = counts.of_mut(state);
            tally.items = tally.items.saturating_sub(1);
            tally.bytes = tally.bytes.saturating_sub(stored);
        }
        if let Some(Entry { state, stored }) = after {
            let tally = counts.of_mut(state);
            tally.items += 1;
            tally.bytes += stored;
        }
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    fn check_open(&self) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Acquire) { Err(StoreError::Closed) } else { Ok(()) }
    }
}

impl Settled {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        check_field(self.label.len())?;
        check_field(self.meta.as_ref().map_or(0, Vec::len))?;
        check_field(self.record.as_ref().map_or(0, Vec::len))?;
        check_field(self.seal.as_ref().map_or(0, Vec::len))?;
        search::check(self.terms.as_deref().unwrap_or_default())?;
        check_entries(&self.entries)
    }
}

impl NewItem {
    fn check(&self) -> Result<(), StoreError> {
        check_field(self.meta.len())?;
        check_field(self.seal.len())?;
        search::check(self.terms.as_deref().unwrap_or_default())?;
        check_entries(&self.entries)
    }
}

fn check_entries(entries: &[Vec<u8>]) -> Result<(), StoreError> {
    entries.iter().try_for_each(|entry| check_field(entry.len()))
}

fn check_field(length: usize) -> Result<(), StoreError> {
    if length <= FIELD_MAX {
        Ok(())
    } else {
        Err(StoreError::Misuse("header, record, label, seal and entry end at 16 MiB"))
    }
}

/// Makes a directory and what is missing above it; each new name is durable before the next.
fn make_dir(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    make_dir(parent)?;
    if let Err(error) = DirBuilder::new().mode(0o700).create(dir)
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(StoreError::io("making the directory", error));
    }
    segment::sync_dir(parent)
}

fn lock_dir(dir: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(dir.join("lock"))
        .map_err(|e| StoreError::io("opening the lock", e))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked { dir: dir.to_owned() }),
        Err(e) => Err(StoreError::io("locking the directory", e.into())),
    }
}
