//! What is found when a store opens: rows are the truth, files are compared with them.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use crate::bodies;
use crate::error::StoreError;
use crate::item::State;
use crate::query::Counts;
use crate::rows;
use crate::segment::{self, Found};

/// Label of an item whose body is missing on disk.
const DAMAGED: &str = "damaged";

/// What a store found when it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Items by state, after recovery. `oldest_ms` is not filled in; ask [`crate::Store::counts`].
    pub counts: Counts,
    /// Pending items set to `Held` with the label `damaged` at this start, because their segment is missing or
    /// short.
    pub held_damaged: u64,
    /// Items of any state whose segment is missing or short. They cannot be read whole.
    pub damaged: u64,
    /// Body files found.
    pub segments: u64,
    /// Body files deleted because no row names a byte in them.
    pub segments_removed: u64,
    /// Bytes in the remaining body files that no row names.
    pub garbage_bytes: u64,
}

impl Recovery {
    /// Items that are ready or wait: what the last run left undone.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.counts.pending()
    }
}

/// Compares the body files with the index, sets damaged items aside, counts.
pub(crate) fn recover(connection: &mut Connection, dir: &Path) -> Result<(Recovery, BTreeMap<u32, Found>), StoreError> {
    let files = segment::list(dir)?;
    let mut recovery = Recovery { segments: files.len() as u64, ..Recovery::default() };
    let mut found: BTreeMap<u32, Found> =
        files.iter().map(|(&number, &length)| (number, Found { live: 0, length })).collect();
    let transaction = connection.transaction()?;
    for (number, live, end) in bodies::segments(&transaction)? {
        let length = files.get(&number).copied().unwrap_or(0);
        found.insert(number, Found { live, length: length.max(end) });
        if length < end {
            let (held, all) = rows::hold_damaged(&transaction, number, length, DAMAGED)?;
            tracing::error!(segment = number, length, expected = end, items = all, "a segment is missing or short");
            recovery.held_damaged += held;
            recovery.damaged += all;
        }
    }
    transaction.commit()?;
    for state in State::ALL {
        let (items, bytes) = rows::tally(connection, state)?;
        let tally = recovery.counts.of_mut(state);
        (tally.items, tally.bytes) = (items, bytes);
    }
    recovery.garbage_bytes =
        found.values().filter(|found| found.live > 0).map(|found| found.length.saturating_sub(found.live)).sum();
    Ok((recovery, found))
}
