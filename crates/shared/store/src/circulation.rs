//! Who may have which item: the window of the earliest pending items, and the items that are out.
//!
//! The index is the whole queue; this is a view of its front, so that memory does not grow with the backlog.
//! Invariant: every pending item whose key is at or before the horizon is in the window or out.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::error::StoreError;
use crate::index::{Readers, lock};
use crate::rows;

/// Items read from the index at once; the window holds at most twice as many.
const PAGE: usize = 2_048;

/// Place in the queue: what is due first comes first, then what was committed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) due_ms: i64,
    pub(crate) seq: i64,
}

impl Key {
    /// Before every item: times and numbers are not negative.
    const START: Self = Self { due_ms: -1, seq: -1 };
}

/// The table of the queue's front.
#[derive(Debug)]
pub(crate) struct Circulation {
    table: Mutex<Table>,
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct Table {
    window: BTreeSet<Key>,
    horizon: Horizon,
    out: HashSet<i64>,
}

/// How far the window reaches.
#[derive(Clone, Copy, Debug)]
enum Horizon {
    /// To this key; later ones are in the index alone.
    Through(Key),
    /// Everything pending is in the window or out.
    All,
}

impl Circulation {
    pub(crate) fn new() -> Self {
        let table = Table { window: BTreeSet::new(), horizon: Horizon::Through(Key::START), out: HashSet::new() };
        Self { table: Mutex::new(table), changed: Arc::default() }
    }

    /// Takes the first item if its time has come.
    pub(crate) fn take(self: &Arc<Self>, now_ms: i64, readers: &Readers) -> Result<Option<Hold>, StoreError> {
        let mut table = lock(&self.table);
        loop {
            table.fill(readers)?;
            let Some(&key) = table.window.first().filter(|key| key.due_ms <= now_ms) else { return Ok(None) };
            table.window.remove(&key);
            // One that was claimed a moment ago is entered again by its holder.
            if table.out.insert(key.seq) {
                return Ok(Some(Hold { circulation: Some(Arc::clone(self)), seq: key.seq, key: Some(key) }));
            }
        }
    }

    /// Takes one particular item out, wherever it stands; `None` if somebody has it.
    pub(crate) fn claim(self: &Arc<Self>, seq: i64) -> Option<Hold> {
        let claimed = lock(&self.table).out.insert(seq);
        claimed.then(|| Hold { circulation: Some(Arc::clone(self)), seq, key: None })
    }

    /// When the first item is due.
    pub(crate) fn next_due(&self, readers: &Readers) -> Result<Option<i64>, StoreError> {
        let mut table = lock(&self.table);
        table.fill(readers)?;
        Ok(table.window.first().map(|key| key.due_ms))
    }

    /// Puts a durable, pending item in.
    pub(crate) fn enter(&self, key: Key) {
        lock(&self.table).enter(key);
    }

    /// Resolves at the next [`Circulation::notify`] after this call.
    pub(crate) fn changed(&self) -> OwnedNotified {
        Arc::clone(&self.changed).notified_owned()
    }

    pub(crate) fn notify(&self) {
        self.changed.notify_waiters();
    }

    fn give_back(&self, seq: i64, key: Option<Key>) {
        let mut table = lock(&self.table);
        table.out.remove(&seq);
        if let Some(key) = key {
            table.enter(key);
        }
    }
}

impl Table {
    fn enter(&mut self, key: Key) {
        let within = match self.horizon {
            Horizon::Through(last) => key <= last,
            Horizon::All => true,
        };
        // An item that was leased from a page read between its commit and this call is out already.
        if within && !self.out.contains(&key.seq) {
            self.window.insert(key);
        }
        if self.window.len() > 2 * PAGE {
            self.trim();
        }
    }

    fn trim(&mut self) {
        if let Some(&first_cut) = self.window.iter().nth(PAGE) {
            self.window.split_off(&first_cut);
        }
        if let Some(&last) = self.window.last() {
            self.horizon = Horizon::Through(last);
        }
    }

    /// Reads the next page when the window is empty. The lock is held over the read, and the writer thread enters
    /// keys only after its transaction, so a row that the page missed is entered afterwards.
    fn fill(&mut self, readers: &Readers) -> Result<(), StoreError> {
        while let Horizon::Through(last) = self.horizon
            && self.window.is_empty()
        {
            let page = readers.with(|index| rows::pending_after(index, last, PAGE))?;
            self.horizon = match page.last() {
                Some(&last) if page.len() == PAGE => Horizon::Through(last),
                Some(_) | None => Horizon::All,
            };
            self.window.extend(page.into_iter().filter(|key| !self.out.contains(&key.seq)));
        }
        Ok(())
    }
}

/// An item that is out. Dropped, it is back where it was.
#[derive(Debug)]
pub(crate) struct Hold {
    /// `None` once it was settled.
    circulation: Option<Arc<Circulation>>,
    seq: i64,
    /// Its place in the queue; `None` for an item that is not pending.
    key: Option<Key>,
}

impl Hold {
    pub(crate) fn seq(&self) -> i64 {
        self.seq
    }

    /// Where a claimed item goes back to: its key if it is pending. It leaves the window until then.
    pub(crate) fn set_key(&mut self, key: Option<Key>) {
        self.key = key;
        if let (Some(circulation), Some(key)) = (&self.circulation, key) {
            lock(&circulation.table).window.remove(&key);
        }
    }

    /// Back into circulation at a new place, or out of the queue.
    pub(crate) fn settle(mut self, key: Option<Key>) {
        if let Some(circulation) = self.circulation.take() {
            circulation.give_back(self.seq, key);
        }
    }

    /// Out until the store is opened again: nobody knows what the index holds.
    pub(crate) fn strand(mut self) {
        self.circulation = None;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(circulation) = self.circulation.take() {
            circulation.give_back(self.seq, self.key);
            if self.key.is_some() {
                circulation.notify();
            }
        }
    }
}
