//! The statements: every piece of SQL after the tables stands here.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, params_from_iter};

use crate::circulation::Key;
use crate::error::StoreError;
use crate::index::{from_sql, to_sql};
use crate::item::{BodyFate, Cursor, ItemId, ItemView, Order, PAGE_MAX, Query, State};
use crate::segment::Extent;

const VIEW: &str =
    "seq, id, state, meta, record, label, arrived_ms, due_ms, changed_ms, expires_ms, size, place, attempts";

/// Where a body is; the column `place`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Freed,
    Inline,
    Segments,
}

impl Place {
    fn code(self) -> i64 {
        match self {
            Self::Freed => 0,
            Self::Inline => 1,
            Self::Segments => 2,
        }
    }

    fn from_code(code: i64) -> Result<Self, StoreError> {
        [Self::Freed, Self::Inline, Self::Segments]
            .into_iter()
            .find(|place| place.code() == code)
            .ok_or(StoreError::Damaged("an unknown place of a body in the index"))
    }
}

/// A row to insert.
#[derive(Debug)]
pub(crate) struct NewRow {
    pub(crate) id: ItemId,
    pub(crate) state: State,
    pub(crate) due_ms: u64,
    pub(crate) arrived_ms: u64,
    pub(crate) expires_ms: Option<u64>,
    pub(crate) size: u64,
    pub(crate) crc: u32,
    pub(crate) label: String,
    pub(crate) meta: Vec<u8>,
    pub(crate) record: Option<Vec<u8>>,
}

/// A change to a row that somebody holds.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) state: State,
    pub(crate) due_ms: u64,
    pub(crate) changed_ms: u64,
    pub(crate) expires_ms: Option<u64>,
    /// Added to the count of attempts.
    pub(crate) attempts: u32,
    pub(crate) label: String,
    pub(crate) meta: Option<Vec<u8>>,
    pub(crate) record: Option<Vec<u8>>,
    pub(crate) body: BodyFate,
}

/// What the books say of a row: for the tallies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) state: State,
    pub(crate) stored: u64,
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

/// Inserts a row and, for a small body, its bytes; `false` if the id exists.
pub(crate) fn insert(
    index: &Connection,
    seq: i64,
    row: &NewRow,
    inline: Option<&[u8]>,
    extents: &[Extent],
) -> Result<bool, StoreError> {
    let place = if inline.is_some() { Place::Inline } else { Place::Segments };
    let inserted = index
        .prepare_cached(
            "INSERT INTO item (seq, id, state, due_ms, arrived_ms, changed_ms, expires_ms, attempts, size, stored, \
             place, crc, label, meta, record) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, 0, ?7, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            seq,
            row.id.0,
            row.state.code(),
            to_sql(row.due_ms),
            to_sql(row.arrived_ms),
            row.expires_ms.map(to_sql),
            to_sql(row.size),
            place.code(),
            row.crc,
            row.label,
            row.meta,
            row.record,
        ])?;
    if inserted == 0 {
        return Ok(false);
    }
    if let Some(bytes) = inline {
        index.prepare_cached("INSERT INTO inline_body (seq, bytes) VALUES (?1, ?2)")?.execute(params![seq, bytes])?;
    }
    insert_extents(index, seq, extents)?;
    Ok(true)
}

fn insert_extents(index: &Connection, seq: i64, extents: &[Extent]) -> Result<(), StoreError> {
    let mut insert =
        index.prepare_cached("INSERT INTO extent (seq, part, segment, start, length) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (part, extent) in (0_i64..).zip(extents) {
        insert.execute(params![seq, part, extent.segment, to_sql(extent.start), to_sql(extent.length)])?;
    }
    Ok(())
}

/// Writes a settlement; returns the extents it freed, or `None` if there is no such row.
pub(crate) fn settle(index: &Connection, seq: i64, change: &Change) -> Result<Option<Vec<Extent>>, StoreError> {
    let changed = index
        .prepare_cached(
            "UPDATE item SET state = ?2, due_ms = ?3, changed_ms = ?4, expires_ms = ?5, attempts = attempts + ?6, \
             label = ?7, meta = coalesce(?8, meta), record = coalesce(?9, record) WHERE seq = ?1",
        )?
        .execute(params![
            seq,
            change.state.code(),
            to_sql(change.due_ms),
            to_sql(change.changed_ms),
            change.expires_ms.map(to_sql),
            change.attempts,
            change.label,
            change.meta,
            change.record,
        ])?;
    if changed == 0 {
        return Ok(None);
    }
    match change.body {
        BodyFate::Keep => Ok(Some(Vec::new())),
        BodyFate::Free => {
            index
                .prepare_cached("UPDATE item SET stored = 0, place = ?2 WHERE seq = ?1")?
                .execute(params![seq, Place::Freed.code()])?;
            free_body(index, seq).map(Some)
        }
    }
}

/// Deletes a row whole; returns the extents it freed.
pub(crate) fn delete(index: &Connection, seq: i64) -> Result<Vec<Extent>, StoreError> {
    index.prepare_cached("DELETE FROM item WHERE seq = ?1")?.execute([seq])?;
    free_body(index, seq)
}

fn free_body(index: &Connection, seq: i64) -> Result<Vec<Extent>, StoreError> {
    let extents = extents(index, seq)?;
    index.prepare_cached("DELETE FROM inline_body WHERE seq = ?1")?.execute([seq])?;
    index.prepare_cached("DELETE FROM extent WHERE seq = ?1")?.execute([seq])?;
    Ok(extents)
}

/// Points one part of a body elsewhere.
pub(crate) fn move_extent(index: &Connection, seq: i64, part: i64, to: Extent) -> Result<(), StoreError> {
    index
        .prepare_cached("UPDATE extent SET segment = ?3, start = ?4, length = ?5 WHERE seq = ?1 AND part = ?2")?
        .execute(params![seq, part, to.segment, to_sql(to.start), to_sql(to.length)])?;
    Ok(())
}

/// Up to `limit` parts of bodies in one segment: (seq, part, extent).
pub(crate) fn residents(index: &Connection, segment: u32, limit: usize) -> Result<Vec<(i64, i64, Extent)>, StoreError> {
    let mut select = index.prepare_cached(
        "SELECT segment, start, length, seq, part FROM extent WHERE segment = ?1 ORDER BY start LIMIT ?2",
    )?;
    let rows =
        select.query_map(params![segment, row_limit(limit)], |row| Ok((row.get(3)?, row.get(4)?, extent(row)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Up to `limit` rows that expired at `now_ms`: (seq, entry), first expired first.
pub(crate) fn expired(index: &Connection, now_ms: u64, limit: usize) -> Result<Vec<(i64, Entry)>, StoreError> {
    let mut select = index.prepare_cached(
        "SELECT state, stored, seq FROM item WHERE expires_ms IS NOT NULL AND expires_ms <= ?1 \
         ORDER BY expires_ms, seq LIMIT ?2",
    )?;
    let mut rows = select.query(params![to_sql(now_ms), row_limit(limit)])?;
    let mut expired = Vec::new();
    while let Some(row) = rows.next()? {
        expired.push((row.get(2)?, Entry { state: state(row.get(0)?)?, stored: from_sql(row.get(1)?) }));
    }
    Ok(expired)
}

/// Up to `limit` pending items behind a place in the queue, in its order.
pub(crate) fn pending_after(index: &Connection, after: Key, limit: usize) -> Result<Vec<Key>, StoreError> {
    // Two walks: SQLite does not seek `(due_ms, seq) > (?, ?)` by both where seq is the row's own number, and many
    // items may be due at one time.
    let same_time = "SELECT due_ms, seq FROM item WHERE state < 2 AND due_ms = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    let later = "SELECT due_ms, seq FROM item WHERE state < 2 AND due_ms > ?1 ORDER BY due_ms, seq LIMIT ?2";
    let key = |row: &Row<'_>| Ok(Key { due_ms: row.get(0)?, seq: row.get(1)? });
    let mut select = index.prepare_cached(same_time)?;
    let rows = select.query_map(params![after.due_ms, after.seq, row_limit(limit)], key)?;
    let mut pending = rows.collect::<Result<Vec<_>, _>>()?;
    let mut select = index.prepare_cached(later)?;
    let rows = select.query_map(params![after.due_ms, row_limit(limit - pending.len())], key)?;
    for key in rows {
        pending.push(key?);
    }
    Ok(pending)
}

/// The number of an item.
pub(crate) fn seq_of(index: &Connection, id: ItemId) -> Result<Option<i64>, StoreError> {
    Ok(index.prepare_cached("SELECT seq FROM item WHERE id = ?1")?.query_row([id.0], |row| row.get(0)).optional()?)
}

/// The highest number given so far, 0 for none.
pub(crate) fn last_seq(index: &Connection) -> Result<i64, StoreError> {
    Ok(index.query_row("SELECT coalesce(max(seq), 0) FROM item", [], |row| row.get(0))?)
}

/// One item.
pub(crate) fn view(index: &Connection, seq: i64) -> Result<Option<ItemView>, StoreError> {
    let mut select = index.prepare_cached(&format!("SELECT {VIEW} FROM item WHERE seq = ?1"))?;
    let mut rows = select.query([seq])?;
    rows.next()?.map(read_view).transpose()
}

/// A page of items. Each state is one walk along an index; the walks are merged.
pub(crate) fn page(index: &Connection, query: &Query) -> Result<Vec<ItemView>, StoreError> {
    let limit = query.limit.min(PAGE_MAX);
    let mut states = query.states.clone();
    states.sort_unstable();
    states.dedup();
    let mut page = Vec::new();
    for state in states {
        page.extend(page_of(index, query, state, limit)?);
        // Never more than two pages in memory.
        page.sort_by_key(|item: &ItemView| item.cursor);
        if query.order == Order::NewestFirst {
            page.reverse();
        }
        page.truncate(limit);
    }
    Ok(page)
}

fn page_of(index: &Connection, query: &Query, state: State, limit: usize) -> Result<Vec<ItemView>, StoreError> {
    let (behind, direction) = match query.order {
        Order::OldestFirst => ('>', "ASC"),
        Order::NewestFirst => ('<', "DESC"),
    };
    let mut sql = format!("SELECT {VIEW} FROM item WHERE state = ?");
    let (state, limit) = (state.code(), row_limit(limit));
    let mut values: Vec<&dyn ToSql> = vec![&state];
    if let Some(label) = &query.label {
        // The second term lets SQLite use the partial index.
        sql.push_str(if label.is_empty() { " AND label = ?" } else { " AND label = ? AND label <> ''" });
        values.push(label);
    }
    let after = query.after.map(Cursor::seq);
    if let Some(after) = &after {
        sql.push_str(&format!(" AND seq {behind} ?"));
        values.push(after);
    }
    sql.push_str(&format!(" ORDER BY seq {direction} LIMIT ?"));
    values.push(&limit);
    let mut select = index.prepare_cached(&sql)?;
    let mut rows = select.query(params_from_iter(values))?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(read_view(row)?);
    }
    Ok(page)
}

/// What is in one state: items, stored bytes.
pub(crate) fn tally(index: &Connection, state: State) -> Result<(u64, u64), StoreError> {
    let (items, bytes) = index
        .prepare_cached("SELECT count(*), coalesce(sum(stored), 0) FROM item WHERE state = ?1")?
        .query_row([state.code()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((from_sql(items), from_sql(bytes)))
}

/// Arrival of the item of a state that was committed first.
pub(crate) fn oldest(index: &Connection, state: State) -> Result<Option<u64>, StoreError> {
    let oldest = index
        .prepare_cached("SELECT arrived_ms FROM item WHERE state = ?1 ORDER BY seq LIMIT 1")?
        .query_row([state.code()], |row| row.get(0))
        .optional()?;
    Ok(oldest.map(from_sql))
}

/// Where a body is; `None` for an unknown item.
pub(crate) fn body(index: &Connection, seq: i64) -> Result<Option<BodyRow>, StoreError> {
    let found = index
        .prepare_cached("SELECT size, crc, place FROM item WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((size, crc, place)) = found else { return Ok(None) };
    let content = match Place::from_code(place)? {
        Place::Freed => BodyContent::Freed,
        Place::Inline => BodyContent::Inline(inline_bytes(index, seq)?),
        Place::Segments => BodyContent::Segments(extents(index, seq)?),
    };
    Ok(Some(BodyRow { size: from_sql(size), crc, content }))
}

fn inline_bytes(index: &Connection, seq: i64) -> Result<Vec<u8>, StoreError> {
    let bytes = index
        .prepare_cached("SELECT bytes FROM inline_body WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    bytes.ok_or(StoreError::Damaged("a small body is missing in the index"))
}

fn extents(index: &Connection, seq: i64) -> Result<Vec<Extent>, StoreError> {
    let mut select = index.prepare_cached("SELECT segment, start, length FROM extent WHERE seq = ?1 ORDER BY part")?;
    let rows = select.query_map([seq], extent)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Per segment: (number, live bytes, end of the last extent).
pub(crate) fn segments(index: &Connection) -> Result<Vec<(u32, u64, u64)>, StoreError> {
    let mut select = index.prepare("SELECT segment, sum(length), max(start + length) FROM extent GROUP BY segment")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, from_sql(row.get(1)?), from_sql(row.get(2)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Sets aside the pending items with a part behind `length` in this segment. Returns how many, and how many items
/// of whatever state are hit.
pub(crate) fn hold_damaged(
    index: &Connection,
    segment: u32,
    length: u64,
    label: &str,
) -> Result<(u64, u64), StoreError> {
    let hit = "SELECT seq FROM extent WHERE segment = ?1 AND start + length > ?2";
    let all: i64 = index.query_row(
        &format!("SELECT count(*) FROM item WHERE seq IN ({hit})"),
        params![segment, to_sql(length)],
        |row| row.get(0),
    )?;
    let held = index.execute(
        &format!("UPDATE item SET state = ?3, label = ?4 WHERE state < 2 AND seq IN ({hit})"),
        params![segment, to_sql(length), State::Held.code(), label],
    )?;
    Ok((held as u64, from_sql(all)))
}

fn read_view(row: &Row<'_>) -> Result<ItemView, StoreError> {
    let body = match Place::from_code(row.get(11)?)? {
        Place::Freed => BodyFate::Free,
        Place::Inline | Place::Segments => BodyFate::Keep,
    };
    Ok(ItemView {
        cursor: Cursor::at(row.get(0)?),
        id: ItemId(row.get(1)?),
        state: state(row.get(2)?)?,
        meta: row.get(3)?,
        record: row.get(4)?,
        label: row.get(5)?,
        arrived_ms: from_sql(row.get(6)?),
        due_ms: from_sql(row.get(7)?),
        changed_ms: from_sql(row.get(8)?),
        expires_ms: row.get::<_, Option<i64>>(9)?.map(from_sql),
        size: from_sql(row.get(10)?),
        body,
        attempts: row.get(12)?,
    })
}

fn extent(row: &Row<'_>) -> rusqlite::Result<Extent> {
    Ok(Extent { segment: row.get(0)?, start: from_sql(row.get(1)?), length: from_sql(row.get(2)?) })
}

fn state(code: i64) -> Result<State, StoreError> {
    State::from_code(code).ok_or(StoreError::Damaged("an unknown state in the index"))
}

fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
