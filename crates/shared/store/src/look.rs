//! Looking: what a store tells without a lease and without the writer thread.

use sekisho_audit::Hash;

use crate::bodies;
use crate::body::BodyReader;
use crate::chain;
use crate::error::StoreError;
use crate::index::lock;
use crate::item::{ItemId, ItemView, State};
use crate::query::{ChainRow, Counts, LabelTally, Query};
use crate::rows;
use crate::search;
use crate::store::Store;

impl Store {
    /// One item as it stands.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn get(&self, id: ItemId) -> Result<Option<ItemView>, StoreError> {
        self.shared().readers.with(|index| match rows::seq_of(index, id)? {
            Some(seq) => rows::view(index, seq),
            None => Ok(None),
        })
    }

    /// Opens an item's body without a lease. What is being read stays readable when the item is settled meanwhile.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoBody`], [`StoreError::Damaged`].
    pub fn body_of(&self, id: ItemId) -> Result<BodyReader, StoreError> {
        let shared = self.shared();
        let seq = shared.readers.with(|index| rows::seq_of(index, id))?.ok_or(StoreError::NotFound)?;
        BodyReader::open(shared, seq)
    }

    /// A page of items, in the order of their commits, in memory for two pages.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for terms that cannot be; otherwise what SQLite said.
    pub fn list(&self, query: &Query) -> Result<Vec<ItemView>, StoreError> {
        self.shared().readers.with(|index| search::page(index, query))
    }

    /// How many items a query lets through, counted up to `max`; whether there are more. The query's limit is not
    /// used.
    ///
    /// # Errors
    /// Like [`Store::list`].
    pub fn count(&self, query: &Query, max: u64) -> Result<(u64, bool), StoreError> {
        self.shared().readers.with(|index| search::count(index, query, max))
    }

    /// The labels of the items in a state, in the order of their bytes; the first thousand.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn tallies(&self, state: State) -> Result<Vec<LabelTally>, StoreError> {
        self.shared().readers.with(|index| search::tallies(index, state))
    }

    /// Bytes that the bodies which items share would take on top if every item had its own.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn shared_bytes(&self) -> Result<u64, StoreError> {
        self.shared().readers.with(bodies::shared_bytes)
    }

    /// Entries of the chain behind a number, in order: at most `limit`, at most [`crate::PAGE_MAX`], and fewer where
    /// they are long. An empty page is the end.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn chain(&self, after: u64, limit: usize) -> Result<Vec<ChainRow>, StoreError> {
        self.shared().readers.with(|index| chain::page(index, after, limit))
    }

    /// Number and hash of the last entry of the chain; 0 and [`sekisho_audit::START`] before the first.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn chain_head(&self) -> Result<(u64, Hash), StoreError> {
        let head = self.shared().readers.with(chain::head)?;
        Ok((head.number, head.hash))
    }

    /// How much is in every state.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let mut counts = *lock(&self.shared().counts);
        self.shared().readers.with(|index| {
            for state in State::ALL {
                counts.of_mut(state).oldest_ms = rows::oldest(index, state)?;
            }
            Ok(counts)
        })
    }

    /// Bytes that new bodies may still take: what is free, less [`crate::Options::min_free`].
    ///
    /// # Errors
    /// What the file system said.
    pub fn room(&self) -> Result<u64, StoreError> {
        self.shared().space.room()
    }

    /// Bytes that are free on the file system, the reserve included.
    ///
    /// # Errors
    /// What the file system said.
    pub fn free(&self) -> Result<u64, StoreError> {
        self.shared().space.free()
    }
}
