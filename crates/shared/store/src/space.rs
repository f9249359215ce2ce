//! Room on the disk.

use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// The file system that holds the store, and what must stay free on it.
#[derive(Debug)]
pub(crate) struct Space {
    dir: PathBuf,
    min_free: u64,
}

impl Space {
    pub(crate) fn new(dir: &Path, min_free: u64) -> Self {
        Self { dir: dir.to_owned(), min_free }
    }

    /// Bytes that new bodies may still take: what is free for this user, less the reserve.
    pub(crate) fn room(&self) -> Result<u64, StoreError> {
        Ok(self.free()?.saturating_sub(self.min_free))
    }

    /// Bytes that are free for this user, the reserve included.
    pub(crate) fn free(&self) -> Result<u64, StoreError> {
        let file_system =
            rustix::fs::statvfs(&self.dir).map_err(|e| StoreError::io("asking for free space", e.into()))?;
        Ok(file_system.f_bavail.saturating_mul(file_system.f_frsize))
    }

    /// Refuses when `bytes` more would eat into the reserve.
    pub(crate) fn admit(&self, bytes: u64) -> Result<(), StoreError> {
        if self.room()? > bytes { Ok(()) } else { Err(StoreError::Full) }
    }
}
