//! What an item is, as callers see it.

use std::fmt;

/// Longest page that [`crate::Store::list`] returns.
pub const PAGE_MAX: usize = 1_000;

/// Name of an item: sixteen bytes that the caller chose (a ULID or UUID). Ids that rise with time keep the index
/// compact; the store itself orders by commit, never by id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub [u8; 16]);

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Where an item stands. `Ready` and `Waiting` are *pending*: [`crate::Store::next`] hands them out when due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Its turn has come; it waits for a holder.
    Ready,
    /// Set aside until its `due_ms`; then the same as `Ready`.
    Waiting,
    /// Waits for a person.
    Held,
    /// Finished; the body is kept until it expires.
    Kept,
    /// Finished; normally a tombstone without body, so that a repeated id is known until it expires.
    Done,
    /// Given up.
    Buried,
}

impl State {
    /// Every state, in the order of [`Counts`].
    pub const ALL: [Self; 6] = [Self::Ready, Self::Waiting, Self::Held, Self::Kept, Self::Done, Self::Buried];

    /// The code in the index. Never change one: old directories hold them.
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Ready => 0,
            Self::Waiting => 1,
            Self::Held => 2,
            Self::Kept => 3,
            Self::Done => 4,
            Self::Buried => 5,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether [`crate::Store::next`] hands it out.
    #[must_use]
    pub fn is_pending(self) -> bool {
        match self {
            Self::Ready | Self::Waiting => true,
            Self::Held | Self::Kept | Self::Done | Self::Buried => false,
        }
    }

    /// The pending state of an item that is due at `due_ms`, seen at `now_ms`.
    pub(crate) fn pending(due_ms: u64, now_ms: u64) -> Self {
        if due_ms <= now_ms { Self::Ready } else { Self::Waiting }
    }
}

/// A new item, without its body.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// Its name.
    pub id: ItemId,
    /// The caller's own header, opaque to the store. Kept in the index: keep it small (an envelope, not a mail).
    pub meta: Vec<u8>,
    /// When it came.
    pub arrived_ms: u64,
    /// When its first turn comes; `arrived_ms` for at once.
    pub due_ms: u64,
    /// Short code, searchable by [`Query::label`]; empty costs nothing.
    pub label: String,
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The item is durable.
    New,
    /// An item with this id exists already, in whatever state; the new body was dropped.
    Duplicate,
}

/// What happens to the body when an item is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFate {
    /// It stays.
    Keep,
    /// Its space is given back.
    Free,
}

/// How soon a settlement must be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// At once, with whatever else waits.
    Now,
    /// It rides on the next batch, or is written after `Options::lazy_delay`. For what may be repeated harmlessly.
    Lazy,
}

/// How an item is settled.
#[derive(Clone, Debug)]
pub struct Settled {
    /// A new header; `None` leaves the old one.
    pub meta: Option<Vec<u8>>,
    /// A record of what was done (a report); `None` leaves the old one.
    pub record: Option<Vec<u8>>,
    /// Short reason code, searchable by [`Query::label`].
    pub label: String,
    /// When [`crate::Store::sweep`] may delete it; `None` for never. Ignored by `defer`: pending items never expire.
    pub expires_ms: Option<u64>,
    /// Whether the body stays. Ignored by `defer`, `hold` and `keep`, which always keep it.
    pub body: BodyFate,
    /// How soon this must be durable.
    pub urgency: Urgency,
}

impl Settled {
    /// A settlement for this reason that frees the body where it may, never expires and is urgent.
    #[must_use]
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            meta: None,
            record: None,
            label: label.into(),
            expires_ms: None,
            body: BodyFate::Free,
            urgency: Urgency::Now,
        }
    }

    /// With a new header.
    #[must_use]
    pub fn meta(self, meta: Vec<u8>) -> Self {
        Self { meta: Some(meta), ..self }
    }

    /// With a record.
    #[must_use]
    pub fn record(self, record: Vec<u8>) -> Self {
        Self { record: Some(record), ..self }
    }

    /// With an end.
    #[must_use]
    pub fn expires_ms(self, expires_ms: u64) -> Self {
        Self { expires_ms: Some(expires_ms), ..self }
    }

    /// Whose body stays.
    #[must_use]
    pub fn keep_body(self) -> Self {
        Self { body: BodyFate::Keep, ..self }
    }

    /// That may ride on a later batch.
    #[must_use]
    pub fn lazy(self) -> Self {
        Self { urgency: Urgency::Lazy, ..self }
    }
}

/// An item as it stands in the index.
#[derive(Clone, Debug)]
pub struct ItemView {
    /// Its name.
    pub id: ItemId,
    /// Where it stands.
    pub state: State,
    /// The caller's header.
    pub meta: Vec<u8>,
    /// The caller's record of the last settlement that had one.
    pub record: Option<Vec<u8>>,
    /// Reason code of the last settlement, or the label it came with.
    pub label: String,
    /// When it came.
    pub arrived_ms: u64,
    /// When its turn comes (pending items).
    pub due_ms: u64,
    /// When its state changed last.
    pub changed_ms: u64,
    /// When it may be deleted.
    pub expires_ms: Option<u64>,
    /// Size of the body in bytes, also after it was freed.
    pub size: u64,
    /// Whether the body is still there.
    pub body: BodyFate,
    /// How often a holder from [`crate::Store::next`] settled it.
    pub attempts: u32,
    /// Its place in listings.
    pub cursor: Cursor,
}

/// A place in a listing: the order of commits. Opaque; stays valid after the item is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(i64);

impl Cursor {
    pub(crate) fn at(seq: i64) -> Self {
        Self(seq)
    }

    pub(crate) fn seq(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Cursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Direction of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// First committed first.
    OldestFirst,
    /// Last committed first.
    NewestFirst,
}

/// Which items a listing shows.
#[derive(Clone, Debug)]
pub struct Query {
    /// Only these states.
    pub states: Vec<State>,
    /// Only this label, compared exactly.
    pub label: Option<String>,
    /// Only what comes after this place in the listing's order: the cursor of the last item seen.
    pub after: Option<Cursor>,
    /// At most so many; cut to [`PAGE_MAX`].
    pub limit: usize,
    /// Direction.
    pub order: Order,
}

impl Default for Query {
    /// The first hundred of all, oldest first.
    fn default() -> Self {
        Self { states: State::ALL.to_vec(), label: None, after: None, limit: 100, order: Order::OldestFirst }
    }
}

/// How much is in one state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Items.
    pub items: u64,
    /// Bytes of the bodies they still have.
    pub bytes: u64,
    /// Arrival of the item that was committed first.
    pub oldest_ms: Option<u64>,
}

/// How much is in every state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub(crate) [Tally; 6]);

impl Counts {
    /// The tally of one state.
    #[must_use]
    pub fn of(&self, state: State) -> Tally {
        match state {
            State::Ready => self.0[0],
            State::Waiting => self.0[1],
            State::Held => self.0[2],
            State::Kept => self.0[3],
            State::Done => self.0[4],
            State::Buried => self.0[5],
        }
    }

    pub(crate) fn of_mut(&mut self, state: State) -> &mut Tally {
        match state {
            State::Ready => &mut self.0[0],
            State::Waiting => &mut self.0[1],
            State::Held => &mut self.0[2],
            State::Kept => &mut self.0[3],
            State::Done => &mut self.0[4],
            State::Buried => &mut self.0[5],
        }
    }

    /// Items that [`crate::Store::next`] hands out now or later.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.of(State::Ready).items + self.of(State::Waiting).items
    }
}

/// What one bounded step of [`crate::Store::sweep`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Expired items deleted.
    pub expired: u64,
    /// Bytes of live bodies moved out of nearly empty segments.
    pub moved_bytes: u64,
    /// Bytes by which the index became shorter.
    pub shrunk_bytes: u64,
    /// Whether another step would find work.
    pub more: bool,
}
