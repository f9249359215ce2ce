//! The durable store behind every spool of the gateway: order of writes, group commit, leases, states, retention.
//!
//! **Owns** one directory, alone: `lock` (held by `flock` while the store is open), `index.db` (SQLite: one row an
//! item) and `segments/NNNNNNNN.seg` (append-only files that hold the bodies). **Never** looks into a body, knows
//! nothing of mail, reads no clock (every time is an argument, in milliseconds since the Unix epoch) and needs no
//! async runtime: the futures it returns are plain channels, filled by its one writer thread.
//!
//! # What it promises
//!
//! * A commit resolves only when body and row are durable: first the segments (and the directory entry of a new
//!   one) are synced, then one SQLite transaction with `synchronous = FULL` commits the rows. Whatever waits at that
//!   moment shares both (group commit).
//! * An item can be leased only after its commit is durable, and never by two holders at once. A lease lives in
//!   memory: dropped, or lost with the process, its item is free again.
//! * Rows are the truth. After a crash every row that is not settled is ready; bytes in a segment that no row names
//!   are garbage and are never read.
//! * A change of state never writes the body again.
//! * Without room, new items are refused ([`StoreError::Full`]) and settlements are tried again until they are
//!   durable, while their items stay out of circulation; nothing is lost and nothing is handed out twice.
//! * A sync that failed is not trusted when it is tried again: the segment is closed for good, and every item that
//!   had bytes in it and was not durable yet is refused.
//! * Memory does not grow with the backlog: bodies pass through at most 64 KiB, and the queue keeps a window of
//!   the earliest items, the rest stays in the index.
//!
//! # Why it looks like this
//!
//! Bodies up to 32 KiB (by default) live in the index: such a commit costs one sync of a log that is overwritten in
//! place, instead of two, one of them of a file that grows. For 20 kB this made two to three times as many commits a
//! second with one and ten writers, and a quarter more with fifty (`examples/commit_rate.rs`). Larger bodies would
//! be written twice there (log, then table), so they go to segments, written once. The index is shrunk and sparse
//! segments are emptied by [`Store::sweep`]: without it, space that was used once never counts as free again.
//!
//! # Use
//!
//! ```
//! use sekisho_store::{Committed, ItemId, NewItem, Options, Settled, Store};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let (store, recovery) = Store::open(dir.path(), Options::default())?;
//! assert_eq!(recovery.pending(), 0);
//!
//! let mut body = store.body();
//! body.write(b"bytes")?;
//! let item = NewItem { id: ItemId([7; 16]), meta: b"envelope".to_vec(), arrived_ms: 1, due_ms: 1, label: String::new() };
//! assert_eq!(store.commit(body, item).wait()?, Committed::New); // in async code: `.await?`
//!
//! let lease = store.next(1)?.ok_or("nothing is due")?;
//! assert_eq!(std::io::read_to_string(lease.body()?)?, "bytes");
//! lease.done(2, Settled::new("relayed")).wait()?;
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]

mod batch;
mod body;
mod circulation;
mod crc32c;
mod durable;
mod error;
mod index;
mod item;
mod lease;
mod recover;
mod rows;
mod segment;
mod space;
mod store;
mod writer;

pub use body::{BodyReader, BodyWriter};
pub use durable::Durable;
pub use error::StoreError;
pub use item::{
    BodyFate, Committed, Counts, Cursor, ItemId, ItemView, NewItem, Order, PAGE_MAX, Query, Settled, State, Swept,
    Tally, Urgency,
};
pub use lease::Lease;
pub use recover::Recovery;
pub use store::{Options, Store};
