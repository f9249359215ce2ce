//! The chain's table: entries in one row of numbers, each with its hash.

use rusqlite::{Connection, OptionalExtension, params};
use sekisho_audit::{Hash, START, link};

use crate::error::StoreError;
use crate::index::{from_sql, to_sql};
use crate::query::{ChainRow, PAGE_MAX};
use crate::rows::row_limit;

/// A page of the chain ends behind so many bytes of entries.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Where the chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number of the last entry; 0 before the first.
    pub(crate) number: u64,
    pub(crate) hash: Hash,
}

/// Adds entries behind `head`; returns the new end. It counts only once the transaction is committed.
pub(crate) fn append(index: &Connection, mut head: Head, entries: &[Vec<u8>]) -> Result<Head, StoreError> {
    if entries.is_empty() {
        return Ok(head);
    }
    let mut insert = index.prepare_cached("INSERT INTO chain (number, entry, hash) VALUES (?1, ?2, ?3)")?;
    for entry in entries {
        let number = head.number + 1;
        head = Head { number, hash: link(&head.hash, number, entry) };
        insert.execute(params![to_sql(number), entry, head.hash])?;
    }
    Ok(head)
}

/// The end of the chain as it stands in the table.
pub(crate) fn head(index: &Connection) -> Result<Head, StoreError> {
    let last = index
        .prepare_cached("SELECT number, hash FROM chain ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    Ok(match last {
        Some((number, hash)) => Head { number: from_sql(number), hash: sound(&hash) },
        None => Head { number: 0, hash: START },
    })
}

/// Entries behind a number, at most `limit`, and fewer if they are long; none at the end.
pub(crate) fn page(index: &Connection, after: u64, limit: usize) -> Result<Vec<ChainRow>, StoreError> {
    let mut select = index.prepare_cached("SELECT number, entry, hash FROM chain WHERE number > ?1 ORDER BY number")?;
    let mut rows = select.query([to_sql(after).max(floor(index)?)])?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    while page.len() < limit.min(PAGE_MAX)
        && bytes < PAGE_BYTES
        && let Some(row) = rows.next()?
    {
        let entry: Vec<u8> = row.get(1)?;
        bytes += entry.len();
        page.push(ChainRow { number: from_sql(row.get(0)?), entry, hash: sound(&row.get::<_, Vec<u8>>(2)?) });
    }
    Ok(page)
}

/// Takes the entries up to a number away from every reader; [`sweep`] deletes them. Whether any was there.
pub(crate) fn hide(index: &Connection, up_to: u64) -> Result<bool, StoreError> {
    let there: bool = index
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM chain WHERE number > ?1 AND number <= ?2)")?
        .query_row(params![floor(index)?, to_sql(up_to)], |row| row.get(0))?;
    if there {
        index.execute("DELETE FROM chain_floor", [])?;
        index.execute("INSERT INTO chain_floor (number) VALUES (?1)", [to_sql(up_to)])?;
    }
    Ok(there)
}

/// Deletes hidden entries, at most `limit`; returns how many.
pub(crate) fn sweep(index: &Connection, limit: usize) -> Result<usize, StoreError> {
    let mut delete = index.prepare_cached(
        "DELETE FROM chain WHERE number IN (SELECT number FROM chain WHERE number <= ?1 ORDER BY number LIMIT ?2)",
    )?;
    Ok(delete.execute(params![floor(index)?, row_limit(limit)])?)
}

/// The number of the last entry that is hidden.
fn floor(index: &Connection) -> Result<i64, StoreError> {
    let mut select = index.prepare_cached("SELECT coalesce(max(number), 0) FROM chain_floor")?;
    Ok(select.query_row([], |row| row.get(0))?)
}

/// A hash of the wrong length was not written by us. Zeros are no entry's hash, so that whoever checks the chain
/// finds the fault at this entry.
fn sound(hash: &[u8]) -> Hash {
    hash.try_into().unwrap_or(START)
}
