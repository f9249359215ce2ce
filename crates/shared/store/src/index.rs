//! The SQLite file: how it is opened, its tables, and the connections that read it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;

/// How the tables came to be, one step a layout; `PRAGMA user_version` counts the steps done. A change is a new step
/// at the end: old directories hold what the old ones made.
const STEPS: [&str; 2] = [ITEMS, CHAIN_AND_SEARCH];

/// The newest layout.
const LAYOUT: i64 = 2;

/// Read connections kept for the next reader; more are opened when more read at once.
const READERS_KEPT: usize = 4;

/// Nobody but us opens the file, so waiting is short: a reader meets the checkpoint or the start of the log.
const BUSY: Duration = Duration::from_secs(10);

/// `place`: 0 freed, 1 in `inline_body`, 2 in segments. `size` is what came, `stored` what is still there.
const ITEMS: &str = "
    CREATE TABLE item (
        seq        INTEGER PRIMARY KEY,
        id         BLOB    NOT NULL UNIQUE,
        state      INTEGER NOT NULL,
        due_ms     INTEGER NOT NULL,
        arrived_ms INTEGER NOT NULL,
        changed_ms INTEGER NOT NULL,
        expires_ms INTEGER,
        attempts   INTEGER NOT NULL,
        size       INTEGER NOT NULL,
        stored     INTEGER NOT NULL,
        place      INTEGER NOT NULL,
        crc        INTEGER NOT NULL,
        label      TEXT    NOT NULL,
        meta       BLOB    NOT NULL,
        record     BLOB
    ) STRICT;
    CREATE INDEX item_due    ON item (due_ms, seq) WHERE state < 2;
    CREATE INDEX item_state  ON item (state, seq, stored);
    CREATE INDEX item_label  ON item (label, state, seq) WHERE label <> '';
    CREATE INDEX item_expiry ON item (expires_ms, seq) WHERE expires_ms IS NOT NULL;
    CREATE TABLE inline_body (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE extent (
        seq     INTEGER NOT NULL,
        part    INTEGER NOT NULL,
        segment INTEGER NOT NULL,
        start   INTEGER NOT NULL,
        length  INTEGER NOT NULL,
        PRIMARY KEY (seq, part)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX extent_place ON extent (segment, start, length);
";

/// `body`: whose bytes an item has, the `seq` of the item that brought them; null for its own. The rows of
/// `inline_body` and `extent` stand under that number, also when the item that brought them is gone. `terms` is kept
/// beside the search table, which cannot give it back: the token of the state changes with every settlement. `_` is
/// part of a token, so that a token of our own is never a caller's. `chain_floor` has at most one row: entries up to
/// this number are gone for every reader, and are deleted step by step.
const CHAIN_AND_SEARCH: &str = "
    ALTER TABLE item ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
    ALTER TABLE item ADD COLUMN digest BLOB;
    ALTER TABLE item ADD COLUMN body INTEGER;
    ALTER TABLE item ADD COLUMN terms TEXT;
    CREATE INDEX item_digest ON item (digest, size) WHERE digest IS NOT NULL AND place > 0;
    CREATE INDEX item_body ON item (body, place, size) WHERE body IS NOT NULL;
    CREATE VIRTUAL TABLE search USING fts5 (
        terms, content = '', contentless_delete = 1, detail = none, tokenize = \"ascii tokenchars '_'\"
    );
    CREATE TABLE chain (number INTEGER PRIMARY KEY, entry BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
    CREATE TABLE chain_floor (number INTEGER NOT NULL) STRICT;
";

/// Pages after which the log is copied into the table and overwritten from its start: 16 MiB, so that the syncs of a
/// checkpoint are rare.
const LOG_PAGES_MAX: u64 = 4_000;
const LOG_PAGES_MIN: u64 = 256;

/// Bytes of a page, SQLite's default.
const PAGE: u64 = 4096;

/// Fewer free pages are not worth a step; one step gives back so many.
const SHRINK_MIN: u64 = 256;
const SHRINK_STEP: u64 = 1_000;

/// Opens the only connection that writes; makes the tables in a new file.
///
/// The log ends at a quarter of the space that new items leave free: copying it makes the table grow, and must
/// never need room that is not there.
pub(crate) fn open_writer(path: &Path, min_free: u64) -> Result<Connection, StoreError> {
    private(path)?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(96);
    // Before the first table: freed pages can be given back to the file system.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let log_pages = (min_free / 4 / PAGE).clamp(LOG_PAGES_MIN, LOG_PAGES_MAX);
    connection.pragma_update(None, "wal_autocheckpoint", to_sql(log_pages))?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Makes the file for its owner alone before SQLite does, whatever the umask; SQLite gives its log the same mode.
fn private(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    made.map(drop).map_err(|e| StoreError::io("making the index", e))
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    let done = usize::try_from(found).ok().filter(|&done| done <= STEPS.len());
    let Some(done) = done else { return Err(StoreError::Version { found, known: LAYOUT }) };
    if done == STEPS.len() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in &STEPS[done..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    Ok(transaction.commit()?)
}

/// Copies the log into the table, so that the next transaction overwrites the log instead of growing it, and the
/// file ends where the table ends. Best effort: what stays in the log is durable there.
pub(crate) fn checkpoint(connection: &Connection) {
    let copied = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = copied {
        tracing::debug!(%error, "no checkpoint");
    }
}

/// Gives back up to a thousand free pages, if they are a quarter of the file and more than a MiB; fewer are left for
/// the next items. Returns the bytes given back.
pub(crate) fn shrink(connection: &Connection) -> Result<u64, StoreError> {
    let count = |name| connection.pragma_query_value(None, name, |row| row.get(0)).map(from_sql);
    let (free, pages) = (count("freelist_count")?, count("page_count")?);
    if free < SHRINK_MIN || free < pages / 4 {
        return Ok(0);
    }
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({SHRINK_STEP})"))?;
    let mut steps = vacuum.query([])?;
    // Each row is one page moved or cut off.
    while steps.next()?.is_some() {}
    drop(steps);
    let given = pages.saturating_sub(count("page_count")?);
    checkpoint(connection);
    Ok(given * PAGE)
}

/// Connections that only read.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default() }
    }

    /// Runs `read` on one snapshot of the index.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.one(|index| {
            // As statements that stay prepared: parsing them again would cost more than most reads.
            index.prepare_cached("BEGIN DEFERRED")?.execute([])?;
            let result = read(index);
            // A connection that is left inside a transaction is not used again.
            index.prepare_cached("COMMIT")?.execute([])?;
            result
        })
    }

    /// Runs `read`, which is one statement: a snapshot by itself.
    pub(crate) fn one<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open()?,
        };
        let result = read(&connection);
        let mut idle = lock(&self.idle);
        if idle.len() < READERS_KEPT && connection.is_autocommit() {
            idle.push(connection);
        }
        result
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(32);
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}

/// Takes a lock that no code panics under; were it to happen, the tables behind our locks are whole between
/// statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds and sizes as SQLite holds them. Times beyond the year 292,000,000 are cut.
pub(crate) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The way back; only our own numbers stand in the index, none is negative.
pub(crate) fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
