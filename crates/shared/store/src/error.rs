//! What can go wrong, sorted by what the caller can do about it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A refusal or a failure of the store. Cheap to clone: one failed batch answers everyone who waited for it.
#[derive(Clone, Debug)]
pub enum StoreError {
    /// No room for new items (a full disk, a quota, or less than `Options::min_free` left). Passes when space
    /// returns: a receiver answers `452`.
    Full,
    /// Another open store owns this directory.
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory was written by a version of the program that this one does not know.
    Version {
        /// The layout number found.
        found: i64,
        /// The newest layout number this program reads.
        known: i64,
    },
    /// No item with this id, in any state.
    NotFound,
    /// Somebody holds a lease on this item now.
    Busy,
    /// The item's body was freed when it was settled.
    NoBody,
    /// Bytes of the body are missing on disk, or the index contradicts itself.
    Damaged(&'static str),
    /// The operating system refused a file operation.
    Io {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: Arc<io::Error>,
    },
    /// SQLite refused.
    Index(Arc<dyn Error + Send + Sync>),
    /// The store was shut down.
    Closed,
    /// The caller broke a rule of this interface.
    Misuse(&'static str),
}

impl StoreError {
    /// A failed file operation; a full disk or quota is [`StoreError::Full`].
    pub(crate) fn io(doing: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io { doing, source: Arc::new(source) },
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        // SQLite says SQLITE_IOERR_SHMSIZE where the log's shared index could not grow: a full disk as well.
        let shared_index_full = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
        match error.sqlite_error() {
            Some(code) if code.code == rusqlite::ErrorCode::DiskFull || code.extended_code == shared_index_full => {
                Self::Full
            }
            Some(_) | None => Self::Index(Arc::new(error)),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => write!(f, "no room left in the store"),
            Self::Locked { dir } => write!(f, "{} is in use by another running program", dir.display()),
            Self::Version { found, known } => {
                write!(f, "the store has layout {found}; this program reads layouts up to {known}")
            }
            Self::NotFound => write!(f, "no such item"),
            Self::Busy => write!(f, "the item is being worked on"),
            Self::NoBody => write!(f, "the item's body is no longer kept"),
            Self::Damaged(what) => write!(f, "damaged: {what}"),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
            Self::Index(source) => write!(f, "index of the store: {source}"),
            Self::Closed => write!(f, "the store is shut down"),
            Self::Misuse(rule) => write!(f, "wrong use of the store: {rule}"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source.as_ref()),
            Self::Index(source) => Some(source.as_ref()),
            Self::Full
            | Self::Locked { .. }
            | Self::Version { .. }
            | Self::NotFound
            | Self::Busy
            | Self::NoBody
            | Self::Damaged(_)
            | Self::Closed
            | Self::Misuse(_) => None,
        }
    }
}
