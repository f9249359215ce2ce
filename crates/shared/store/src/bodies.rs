//! The rows of bodies: where the bytes are, who shares them, when they go.
//!
//! A body stands under its *key*: the number of the item that brought it. Items that came with an equal body later
//! name that key; the body goes with the last of them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::StoreError;
use crate::index::{from_sql, to_sql};
use crate::rows::{self, NewRow};
use crate::segment::Extent;

/// Where a body is; the column `place`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Freed,
    Inline,
    Segments,
}

impl Place {
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Freed => 0,
            Self::Inline => 1,
            Self::Segments => 2,
        }
    }

    pub(crate) fn from_code(code: i64) -> Result<Self, StoreError> {
        [Self::Freed, Self::Inline, Self::Segments]
            .into_iter()
            .find(|place| place.code() == code)
            .ok_or(StoreError::Damaged("an unknown place of a body in the index"))
    }
}

/// The bytes of a new item, where they are now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bytes<'a> {
    Inline(&'a [u8]),
    Segments(&'a [Extent]),
}

/// A body that is there already, as the rows of its items describe it.
#[derive(Debug)]
pub(crate) struct Twin {
    pub(crate) key: i64,
    pub(crate) place: i64,
    pub(crate) crc: u32,
    pub(crate) seal: Vec<u8>,
}

/// Where to find a body, and what it must be.
#[derive(Debug)]
pub(crate) struct BodyRow {
    pub(crate) size: u64,
    pub(crate) crc: u32,
    pub(crate) content: BodyContent,
}

/// The bytes or their places.
#[derive(Debug)]
pub(crate) enum BodyContent {
    Freed,
    Inline(Vec<u8>),
    Segments(Vec<Extent>),
}

/// A live body of the same content, if the new item may share it.
pub(crate) fn twin(index: &Connection, row: &NewRow) -> Result<Option<Twin>, StoreError> {
    let Some(digest) = row.digest else { return Ok(None) };
    let prefix = row.seal.get(..row.seal_prefix).unwrap_or(&row.seal);
    let mut select = index.prepare_cached(
        "SELECT coalesce(body, seq), place, crc, seal FROM item \
         WHERE digest = ?1 AND size = ?2 AND place > 0 AND substr(seal, 1, ?3) = ?4 LIMIT 1",
    )?;
    let twin = |row: &Row<'_>| Ok(Twin { key: row.get(0)?, place: row.get(1)?, crc: row.get(2)?, seal: row.get(3)? });
    let found = select.query_row(params![digest, to_sql(row.size), rows::row_limit(prefix.len()), prefix], twin);
    Ok(found.optional()?)
}

/// Notes where the body of a new item is.
pub(crate) fn insert(index: &Connection, key: i64, bytes: Bytes<'_>) -> Result<(), StoreError> {
    match bytes {
        Bytes::Inline(bytes) => {
            let mut insert = index.prepare_cached("INSERT INTO inline_body (seq, bytes) VALUES (?1, ?2)")?;
            insert.execute(params![key, bytes])?;
        }
        Bytes::Segments(extents) => {
            let mut insert = index
                .prepare_cached("INSERT INTO extent (seq, part, segment, start, length) VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for (part, extent) in (0_i64..).zip(extents) {
                insert.execute(params![key, part, extent.segment, to_sql(extent.start), to_sql(extent.length)])?;
            }
        }
    }
    Ok(())
}

/// The key of an item's body.
pub(crate) fn key(index: &Connection, seq: i64) -> Result<Option<i64>, StoreError> {
    let mut select = index.prepare_cached("SELECT coalesce(body, seq) FROM item WHERE seq = ?1")?;
    Ok(select.query_row([seq], |row| row.get(0)).optional()?)
}

/// Deletes the rows of a body that no item has any more; returns the extents this freed.
pub(crate) fn release(index: &Connection, key: i64) -> Result<Vec<Extent>, StoreError> {
    let needed: bool = index
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM item WHERE seq = ?1 AND body IS NULL AND place > 0) \
             OR EXISTS (SELECT 1 FROM item WHERE body = ?1 AND place > 0)",
        )?
        .query_row([key], |row| row.get(0))?;
    if needed {
        return Ok(Vec::new());
    }
    let extents = extents(index, key)?;
    index.prepare_cached("DELETE FROM inline_body WHERE seq = ?1")?.execute([key])?;
    index.prepare_cached("DELETE FROM extent WHERE seq = ?1")?.execute([key])?;
    Ok(extents)
}

/// Points one part of a body elsewhere.
pub(crate) fn move_extent(index: &Connection, key: i64, part: i64, to: Extent) -> Result<(), StoreError> {
    index
        .prepare_cached("UPDATE extent SET segment = ?3, start = ?4, length = ?5 WHERE seq = ?1 AND part = ?2")?
        .execute(params![key, part, to.segment, to_sql(to.start), to_sql(to.length)])?;
    Ok(())
}

/// Up to `limit` parts of bodies in one segment: (key, part, extent).
pub(crate) fn residents(index: &Connection, segment: u32, limit: usize) -> Result<Vec<(i64, i64, Extent)>, StoreError> {
    let mut select = index.prepare_cached(
        "SELECT segment, start, length, seq, part FROM extent WHERE segment = ?1 ORDER BY start LIMIT ?2",
    )?;
    let rows = select
        .query_map(params![segment, rows::row_limit(limit)], |row| Ok((row.get(3)?, row.get(4)?, extent(row)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where an item's body is; `None` for an unknown item.
pub(crate) fn body(index: &Connection, seq: i64) -> Result<Option<BodyRow>, StoreError> {
    let found = index
        .prepare_cached("SELECT size, crc, place, coalesce(body, seq) FROM item WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((size, crc, place, key)) = found else { return Ok(None) };
    let content = match Place::from_code(place)? {
        Place::Freed => BodyContent::Freed,
        Place::Inline => BodyContent::Inline(inline_bytes(index, key)?),
        Place::Segments => BodyContent::Segments(extents(index, key)?),
    };
    Ok(Some(BodyRow { size: from_sql(size), crc, content }))
}

/// Bytes that the shared bodies would take on top if every item had its own.
pub(crate) fn shared_bytes(index: &Connection) -> Result<u64, StoreError> {
    // Per body: so many sharers, and one of them is the one that needs it where the item that brought it is gone.
    let mut select = index.prepare_cached(
        "SELECT coalesce(sum(size * (sharers - NOT EXISTS \
         (SELECT 1 FROM item WHERE seq = key AND body IS NULL AND place > 0))), 0) FROM \
         (SELECT body AS key, max(size) AS size, count(*) AS sharers FROM item \
          WHERE body IS NOT NULL AND place > 0 GROUP BY body)",
    )?;
    Ok(from_sql(select.query_row([], |row| row.get(0))?))
}

/// Per segment: (number, live bytes, end of the last extent).
pub(crate) fn segments(index: &Connection) -> Result<Vec<(u32, u64, u64)>, StoreError> {
    let mut select = index.prepare("SELECT segment, sum(length), max(start + length) FROM extent GROUP BY segment")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, from_sql(row.get(1)?), from_sql(row.get(2)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn inline_bytes(index: &Connection, key: i64) -> Result<Vec<u8>, StoreError> {
    let bytes = index
        .prepare_cached("SELECT bytes FROM inline_body WHERE seq = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    bytes.ok_or(StoreError::Damaged("a small body is missing in the index"))
}

fn extents(index: &Connection, key: i64) -> Result<Vec<Extent>, StoreError> {
    let mut select = index.prepare_cached("SELECT segment, start, length FROM extent WHERE seq = ?1 ORDER BY part")?;
    let rows = select.query_map([key], extent)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn extent(row: &Row<'_>) -> rusqlite::Result<Extent> {
    Ok(Extent { segment: row.get(0)?, start: from_sql(row.get(1)?), length: from_sql(row.get(2)?) })
}
