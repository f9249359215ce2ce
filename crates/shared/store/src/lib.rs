//! The durable store behind every spool of the gateway: order of writes, group commit, leases, states, retention.
//!
//! **Owns** one directory, alone: `lock` (held by `flock` while the store is open), `index.db` (SQLite: one row an
//! item, the search table, the chain) and `segments/NNNNNNNN.seg` (append-only files that hold the bodies). **Never**
//! looks into a body, a term or an entry, has no key, knows nothing of mail, reads no clock (every time is an
//! argument, in milliseconds since the Unix epoch) and needs no async runtime: the futures it returns are plain
//! channels, filled by its one writer thread.
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
//! * A change of state never writes the body again. Equal bodies ([`NewItem::digest`]) are stored once, and go with
//!   the last item that has them.
//! * Entries of the chain ([`NewItem::entries`], [`Settled::entries`]) are durable together with the change they tell
//!   of, or neither is. Their numbers have no gap; each hash covers all entries before ([`sekisho_audit::link`]).
//! * A listing costs what its page costs, however many items there are: terms and states are looked up, ranges of
//!   time are found by the order of arrival, pages go on by cursor. Of two common terms that seldom meet, the lists of
//!   numbers are compared, without the items.
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
//! # Terms
//!
//! What finds an item is the caller's business: tokens of `[a-z0-9]`, all of which a [`Query`] wants. They stay as they
//! are until a settlement brings others; the token that tells the state is the store's own and follows every
//! settlement. Give the terms when they are known for good (with the settlement, not with the arrival): each time they
//! or the state of an item with terms change, the old ones are marked as gone and the new ones written.
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
//! let item = NewItem::new(ItemId([7; 16]), b"envelope".to_vec(), 1);
//! assert_eq!(store.commit(body, item).wait()?, Committed::New); // in async code: `.await?`
//!
//! let lease = store.next(1)?.ok_or("nothing is due")?;
//! assert_eq!(std::io::read_to_string(lease.body()?)?, "bytes");
//! lease.done(2, Settled::new("relayed")).wait()?;
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]

mod batch;
mod bodies;
mod body;
mod chain;
mod circulation;
mod durable;
mod error;
mod index;
mod item;
mod lease;
mod look;
mod query;
mod recover;
mod rows;
mod search;
mod segment;
mod space;
mod store;
mod writer;

pub use body::{BodyReader, BodyWriter};
pub use durable::Durable;
pub use error::StoreError;
pub use item::{BodyFate, Committed, ItemId, ItemView, NewItem, Settled, State, TERM_MAX, TERMS_MAX, Urgency};
pub use lease::Lease;
pub use query::{ChainRow, Counts, Cursor, LabelTally, Order, PAGE_MAX, QUERY_TERMS_MAX, Query, Swept, Tally};
pub use recover::Recovery;
pub use store::{Options, Store};
