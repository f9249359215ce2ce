//! What is asked of a store, and how it answers: listings, counts, the chain.

use std::fmt;

use sekisho_audit::Hash;

use crate::item::State;

/// Longest page that [`crate::Store::list`] returns.
pub const PAGE_MAX: usize = 1_000;

/// Most terms of a query.
pub const QUERY_TERMS_MAX: usize = 64;

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
    /// Only what has all of these terms.
    pub terms: Vec<String>,
    /// Only what arrived at this time or later.
    pub since_ms: Option<u64>,
    /// Only what arrived before this time.
    pub until_ms: Option<u64>,
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
        Self {
            states: State::ALL.to_vec(),
            label: None,
            terms: Vec::new(),
            since_ms: None,
            until_ms: None,
            after: None,
            limit: 100,
            order: Order::OldestFirst,
        }
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

/// How much of a state has one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelTally {
    /// The label.
    pub label: String,
    /// Items.
    pub items: u64,
    /// Arrival of the one that was committed first.
    pub oldest_ms: u64,
}

/// An entry of the chain, as it stands in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainRow {
    /// Its number; the first is 1.
    pub number: u64,
    /// What the caller wrote.
    pub entry: Vec<u8>,
    /// Its hash and, through it, that of everything before.
    pub hash: Hash,
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
