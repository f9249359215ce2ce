//! A lease: the right to work on one item, settled by a method that consumes it.

use std::fmt;

use crate::batch::{Request, SettleOp};
use crate::body::BodyReader;
use crate::circulation::Hold;
use crate::durable::{Answer, Durable};
use crate::error::StoreError;
use crate::item::{BodyFate, ItemId, ItemView, Settled, State};
use crate::rows::{Change, Entry};
use crate::store::Store;

/// One item, in one hand. Dropped unsettled, the item is at once as it was, and the attempt does not count.
///
/// The settling methods start at the call and answer when the change is durable. Until then nobody else gets the
/// item, also while a full disk makes the store try again. `now_ms` becomes the item's `changed_ms`.
pub struct Lease {
    store: Store,
    hold: Hold,
    view: ItemView,
    holder: Holder,
}

/// Where an item goes.
struct Operation {
    state: State,
    due_ms: Option<u64>,
    now_ms: u64,
    body: BodyFate,
    attempt: u32,
    back: Option<Answer<Hold>>,
}

/// Who took the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// [`Store::next`]: its settlements are attempts.
    Queue,
    /// [`Store::lease`]: an operator's are not.
    Operator,
}

impl Lease {
    pub(crate) fn new(store: Store, hold: Hold, view: ItemView, holder: Holder) -> Self {
        Self { store, hold, view, holder }
    }

    /// The item as it stands.
    #[must_use]
    pub fn view(&self) -> &ItemView {
        &self.view
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> ItemId {
        self.view.id
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.view.state
    }

    /// The caller's header.
    #[must_use]
    pub fn meta(&self) -> &[u8] {
        &self.view.meta
    }

    /// When it came.
    #[must_use]
    pub fn arrived_ms(&self) -> u64 {
        self.view.arrived_ms
    }

    /// Attempts before this one.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.view.attempts
    }

    /// Size of the body in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.view.size
    }

    /// Opens the body; may be called again.
    ///
    /// # Errors
    /// [`StoreError::NoBody`] if it was freed, [`StoreError::Damaged`] if its bytes are missing: hold the item.
    pub fn body(&self) -> Result<BodyReader, StoreError> {
        BodyReader::open(self.store.shared(), self.hold.seq())
    }

    /// Finished. Without `keep_body` a tombstone remains, so that a repeated id is a duplicate until it expires.
    pub fn done(self, now_ms: u64, settled: Settled) -> Durable<()> {
        let body = settled.body;
        self.settle(State::Done, None, now_ms, body, settled)
    }

    /// Finished; the body stays until it expires.
    pub fn keep(self, now_ms: u64, settled: Settled) -> Durable<()> {
        self.settle(State::Kept, None, now_ms, BodyFate::Keep, settled)
    }

    /// A person must look at it.
    pub fn hold(self, now_ms: u64, settled: Settled) -> Durable<()> {
        self.settle(State::Held, None, now_ms, BodyFate::Keep, settled)
    }

    /// Given up.
    pub fn bury(self, now_ms: u64, settled: Settled) -> Durable<()> {
        let body = settled.body;
        self.settle(State::Buried, None, now_ms, body, settled)
    }

    /// Back into the queue: its next turn comes at `due_ms` (`now_ms` for at once).
    ///
    /// An item whose body was freed cannot come back: [`StoreError::NoBody`].
    pub fn defer(self, now_ms: u64, due_ms: u64, settled: Settled) -> Durable<()> {
        if self.view.body == BodyFate::Free {
            return Durable::failed(StoreError::NoBody);
        }
        let settled = Settled { expires_ms: None, ..settled };
        self.settle(State::pending(due_ms, now_ms), Some(due_ms), now_ms, BodyFate::Keep, settled)
    }

    /// Writes something about the item, which stays where it is and in this hand: for what must be known of it
    /// before the next step is taken. The body, the state and the times stay.
    ///
    /// # Errors
    /// As those of a settlement; the lease is gone then.
    pub async fn amend(self, settled: Settled) -> Result<Self, StoreError> {
        let (back, held) = Durable::pair();
        let (store, mut view, holder) = (self.store.clone(), self.view.clone(), self.holder);
        let (state, changed_ms) = (view.state, view.changed_ms);
        let Settled { meta, record, label, expires_ms, seal, terms, .. } = settled.clone();
        let op =
            Operation { state, due_ms: None, now_ms: changed_ms, body: BodyFate::Keep, attempt: 0, back: Some(back) };
        self.send(op, settled).await?;
        let hold = held.await?;
        view.label = label;
        view.expires_ms = expires_ms;
        view.meta = meta.unwrap_or(view.meta);
        view.record = record.or(view.record);
        view.seal = seal.unwrap_or(view.seal);
        view.terms = terms.or(view.terms);
        Ok(Self { store, hold, view, holder })
    }

    fn settle(self, state: State, due_ms: Option<u64>, now_ms: u64, body: BodyFate, settled: Settled) -> Durable<()> {
        let attempt = match self.holder {
            Holder::Queue => 1,
            Holder::Operator => 0,
        };
        self.send(Operation { state, due_ms, now_ms, body, attempt, back: None }, settled)
    }

    fn send(self, operation: Operation, settled: Settled) -> Durable<()> {
        if let Err(error) = settled.check() {
            return Durable::failed(error);
        }
        let Operation { state, due_ms, now_ms, body, attempt, back } = operation;
        let Self { store, hold, view, holder: _ } = self;
        let change = Change {
            state,
            due_ms: due_ms.unwrap_or(view.due_ms),
            changed_ms: now_ms,
            expires_ms: settled.expires_ms,
            attempts: attempt,
            label: settled.label,
            meta: settled.meta,
            record: settled.record,
            seal: settled.seal,
            terms: settled.terms,
            body,
        };
        let (answer, durable) = Durable::pair();
        let before = Entry::of(&view);
        let Settled { urgency, refusable, entries, .. } = settled;
        let op = SettleOp { hold, before, change, urgency, refusable, back, entries, answer };
        store.send(Request::Settle(Box::new(op)));
        durable
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("id", &self.view.id).field("state", &self.view.state).finish_non_exhaustive()
    }
}

impl Entry {
    fn of(view: &ItemView) -> Self {
        let stored = match view.body {
            BodyFate::Keep => view.size,
            BodyFate::Free => 0,
        };
        Self { state: view.state, stored }
    }
}
