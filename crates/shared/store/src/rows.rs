//! The rows of items: written, settled, deleted, read one by one.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::bodies::{self, Bytes, Place, Twin};
use crate::circulation::Key;
use crate::error::StoreError;
use crate::index::{from_sql, to_sql};
use crate::item::{BodyFate, ItemId, ItemView, State};
use crate::query::Cursor;
use crate::search::Changes;
use crate::segment::Extent;

/// The columns of [`read_view`].
pub(crate) const VIEW: &str = "seq, id, state, meta, record, label, arrived_ms, due_ms, changed_ms, expires_ms, size, \
     place, attempts, seal, digest, terms";

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
    pub(crate) seal: Vec<u8>,
    pub(crate) seal_prefix: usize,
    pub(crate) digest: Option<[u8; 32]>,
    pub(crate) terms: Option<String>,
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
    pub(crate) seal: Option<Vec<u8>>,
    pub(crate) terms: Option<String>,
    pub(crate) body: BodyFate,
}

/// What the books say of a row: for the tallies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) state: State,
    pub(crate) stored: u64,
}

/// What became of a new row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It is there, with its own body.
    Own,
    /// It is there and has the body of another; the new bytes are garbage.
    Shared,
    /// Its id was there before.
    Duplicate,
}

/// Inserts a row and what it brings.
pub(crate) fn insert(
    index: &Connection,
    search: &mut Changes,
    seq: i64,
    row: &NewRow,
    bytes: Bytes<'_>,
) -> Result<Inserted, StoreError> {
    let twin = bodies::twin(index, row)?;
    if !insert_row(index, seq, row, bytes, twin.as_ref())? {
        return Ok(Inserted::Duplicate);
    }
    search.add(seq, row.state, row.terms.as_deref());
    if twin.is_some() {
        return Ok(Inserted::Shared);
    }
    bodies::insert(index, seq, bytes)?;
    Ok(Inserted::Own)
}

fn insert_row(
    index: &Connection,
    seq: i64,
    row: &NewRow,
    bytes: Bytes<'_>,
    twin: Option<&Twin>,
) -> Result<bool, StoreError> {
    let place = match bytes {
        Bytes::Inline(_) => Place::Inline,
        Bytes::Segments(_) => Place::Segments,
    };
    let inserted = index
        .prepare_cached(
            "INSERT INTO item (seq, id, state, due_ms, arrived_ms, changed_ms, expires_ms, attempts, size, stored, \
             place, crc, label, meta, record, seal, digest, body, terms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, 0, ?7, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            seq,
            row.id.0,
            row.state.code(),
            to_sql(row.due_ms),
            to_sql(row.arrived_ms),
            row.expires_ms.map(to_sql),
            to_sql(row.size),
            twin.map_or(place.code(), |twin| twin.place),
            twin.map_or(row.crc, |twin| twin.crc),
            row.label,
            row.meta,
            row.record,
            twin.map_or(&row.seal, |twin| &twin.seal),
            row.digest,
            twin.map(|twin| twin.key),
            row.terms,
        ])?;
    Ok(inserted > 0)
}

/// Writes a settlement; returns the extents it freed, or `None` if there is no such row.
pub(crate) fn settle(
    index: &Connection,
    search: &mut Changes,
    seq: i64,
    change: &Change,
) -> Result<Option<Vec<Extent>>, StoreError> {
    if !search.replace(index, seq, change.state, change.terms.as_deref())? {
        return Ok(None);
    }
    index
        .prepare_cached(
            "UPDATE item SET state = ?2, due_ms = ?3, changed_ms = ?4, expires_ms = ?5, attempts = attempts + ?6, \
             label = ?7, meta = coalesce(?8, meta), record = coalesce(?9, record), seal = coalesce(?10, seal), \
             terms = coalesce(?11, terms) WHERE seq = ?1",
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
            change.seal,
            change.terms,
        ])?;
    match change.body {
        BodyFate::Keep => Ok(Some(Vec::new())),
        BodyFate::Free => {
            index
                .prepare_cached("UPDATE item SET stored = 0, place = ?2 WHERE seq = ?1")?
                .execute(params![seq, Place::Freed.code()])?;
            let key = bodies::key(index, seq)?.unwrap_or(seq);
            bodies::release(index, key).map(Some)
        }
    }
}

/// Deletes a row whole; returns the extents it freed.
pub(crate) fn delete(index: &Connection, search: &mut Changes, seq: i64) -> Result<Vec<Extent>, StoreError> {
    let key = bodies::key(index, seq)?.unwrap_or(seq);
    search.remove(index, seq)?;
    index.prepare_cached("DELETE FROM item WHERE seq = ?1")?.execute([seq])?;
    bodies::release(index, key)
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

/// The highest number that an item or a shared body has, 0 for none.
pub(crate) fn last_seq(index: &Connection) -> Result<i64, StoreError> {
    let last = "SELECT max(coalesce((SELECT max(seq) FROM item), 0), \
                coalesce((SELECT max(body) FROM item WHERE body IS NOT NULL), 0))";
    Ok(index.query_row(last, [], |row| row.get(0))?)
}

/// One item.
pub(crate) fn view(index: &Connection, seq: i64) -> Result<Option<ItemView>, StoreError> {
    let mut select = index.prepare_cached(&format!("SELECT {VIEW} FROM item WHERE seq = ?1"))?;
    let mut rows = select.query([seq])?;
    rows.next()?.map(read_view).transpose()
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

/// Sets aside the pending items with a part behind `length` in this segment; no new item shares these bodies.
/// Returns how many are set aside, and how many items of whatever state are hit.
pub(crate) fn hold_damaged(
    index: &Connection,
    segment: u32,
    length: u64,
    label: &str,
) -> Result<(u64, u64), StoreError> {
    let hit = "WITH hit (key) AS (SELECT seq FROM extent WHERE segment = ?1 AND start + length > ?2), \
               damaged (seq) AS (SELECT seq FROM item WHERE body IS NULL AND seq IN hit \
               UNION SELECT seq FROM item WHERE body IS NOT NULL AND body IN hit)";
    let place = params![segment, to_sql(length)];
    let all: i64 = index.query_row(&format!("{hit} SELECT count(*) FROM damaged"), place, |row| row.get(0))?;
    index.execute(&format!("{hit} UPDATE item SET digest = NULL WHERE seq IN damaged"), place)?;
    let mut pending = index.prepare(&format!("{hit} SELECT seq FROM item WHERE state < 2 AND seq IN damaged"))?;
    let pending = pending.query_map(place, |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let mut search = Changes::default();
    for &seq in &pending {
        search.replace(index, seq, State::Held, None)?;
        index.prepare_cached("UPDATE item SET state = ?2, label = ?3 WHERE seq = ?1")?.execute(params![
            seq,
            State::Held.code(),
            label
        ])?;
    }
    search.apply(index)?;
    Ok((pending.len() as u64, from_sql(all)))
}

/// A row of [`VIEW`].
pub(crate) fn read_view(row: &Row<'_>) -> Result<ItemView, StoreError> {
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
        seal: row.get(13)?,
        digest: row.get(14)?,
        terms: row.get(15)?,
    })
}

fn state(code: i64) -> Result<State, StoreError> {
    State::from_code(code).ok_or(StoreError::Damaged("an unknown state in the index"))
}

pub(crate) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
