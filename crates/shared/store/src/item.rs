//! What an item is, as callers see it.

use std::fmt;

use crate::query::Cursor;

/// Longest token of an item's or a query's terms, in bytes.
pub const TERM_MAX: usize = 64;

/// Longest terms of an item, in bytes.
pub const TERMS_MAX: usize = 4_096;

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
    /// Every state, in the order of [`crate::Counts`].
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
    /// Short code, searchable by [`crate::Query::label`]; empty costs nothing.
    pub label: String,
    /// What opens the body again (a wrapped key), opaque to the store; empty for a body that is not sealed.
    pub seal: Vec<u8>,
    /// SHA-256 of the body before it was sealed. If a body of this digest and size is there already, the item refers
    /// to that one and takes over its seal; the new bytes are dropped. `None`: the body is the item's own.
    pub digest: Option<[u8; 32]>,
    /// Bodies are shared only if so many first bytes of their seals are equal: those that tell the key. A body under
    /// a key that was lost is then never given to a new item.
    pub seal_prefix: usize,
    /// What finds it by [`crate::Query::terms`]: tokens of `[a-z0-9]`, each at most [`TERM_MAX`] bytes, parted by blanks, at
    /// most [`TERMS_MAX`] bytes in all. `None` and the empty text are found by no term.
    pub terms: Option<String>,
    /// Entries of the chain, durable together with the item. A duplicate has none.
    pub entries: Vec<Vec<u8>>,
}

impl NewItem {
    /// An item that is due when it arrives, without label, seal, digest, terms and entries.
    #[must_use]
    pub fn new(id: ItemId, meta: Vec<u8>, arrived_ms: u64) -> Self {
        Self {
            id,
            meta,
            arrived_ms,
            due_ms: arrived_ms,
            label: String::new(),
            seal: Vec::new(),
            digest: None,
            seal_prefix: 0,
            terms: None,
            entries: Vec::new(),
        }
    }

    /// Whose first turn comes at this time.
    #[must_use]
    pub fn due_ms(self, due_ms: u64) -> Self {
        Self { due_ms, ..self }
    }

    /// With a label.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// Whose body is sealed.
    #[must_use]
    pub fn seal(self, seal: Vec<u8>) -> Self {
        Self { seal, ..self }
    }

    /// Whose body is shared with equal ones.
    #[must_use]
    pub fn digest(self, digest: [u8; 32]) -> Self {
        Self { digest: Some(digest), ..self }
    }

    /// Whose body is shared only under a seal that begins with the same bytes.
    #[must_use]
    pub fn seal_prefix(self, seal_prefix: usize) -> Self {
        Self { seal_prefix, ..self }
    }

    /// That is found by these terms.
    #[must_use]
    pub fn terms(self, terms: String) -> Self {
        Self { terms: Some(terms), ..self }
    }

    /// With one more entry of the chain.
    #[must_use]
    pub fn entry(mut self, entry: Vec<u8>) -> Self {
        self.entries.push(entry);
        self
    }
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
    /// Short reason code, searchable by [`crate::Query::label`].
    pub label: String,
    /// When [`crate::Store::sweep`] may delete it; `None` for never. Ignored by `defer`: pending items never expire.
    pub expires_ms: Option<u64>,
    /// Whether the body stays. Ignored by `defer`, `hold` and `keep`, which always keep it.
    pub body: BodyFate,
    /// How soon this must be durable.
    pub urgency: Urgency,
    /// Whether a full disk refuses it ([`crate::StoreError::Full`]; the item stays as it was) or it waits for room.
    pub refusable: bool,
    /// A new seal for the same body (its key wrapped by another); `None` leaves the old one.
    pub seal: Option<Vec<u8>>,
    /// New terms, as in [`NewItem::terms`]; `None` leaves the old ones.
    pub terms: Option<String>,
    /// Entries of the chain, durable together with the change or not at all.
    pub entries: Vec<Vec<u8>>,
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
            refusable: false,
            seal: None,
            terms: None,
            entries: Vec::new(),
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

    /// That a full disk refuses: for what somebody waits for and can ask again.
    #[must_use]
    pub fn refusable(self) -> Self {
        Self { refusable: true, ..self }
    }

    /// With a new seal.
    #[must_use]
    pub fn seal(self, seal: Vec<u8>) -> Self {
        Self { seal: Some(seal), ..self }
    }

    /// With new terms.
    #[must_use]
    pub fn terms(self, terms: String) -> Self {
        Self { terms: Some(terms), ..self }
    }

    /// With one more entry of the chain.
    #[must_use]
    pub fn entry(mut self, entry: Vec<u8>) -> Self {
        self.entries.push(entry);
        self
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
    /// What opens the body; empty if it is not sealed.
    pub seal: Vec<u8>,
    /// SHA-256 of the body before it was sealed, if it was given.
    pub digest: Option<[u8; 32]>,
    /// What finds it, as it was given last.
    pub terms: Option<String>,
    /// Its place in listings.
    pub cursor: Cursor,
}
