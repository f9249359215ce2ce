//! The body files: numbered, append-only, never overwritten, deleted when nothing in them is live.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use crate::error::StoreError;
use crate::index::lock;

/// A run of bytes in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) segment: u32,
    pub(crate) start: u64,
    pub(crate) length: u64,
}

/// One open body file. Whoever holds it keeps the file from being deleted.
#[derive(Debug)]
pub(crate) struct Segment {
    number: u32,
    file: File,
    /// Its directory entry is on disk.
    entered: AtomicBool,
    /// A sync failed: what was written since the last good one may be gone, although a later sync succeeds.
    failed: AtomicBool,
}

impl Segment {
    pub(crate) fn write_at(&self, bytes: &[u8], start: u64) -> Result<(), StoreError> {
        self.file.write_all_at(bytes, start).map_err(|e| StoreError::io("writing a body", e))
    }

    pub(crate) fn read_at(&self, bytes: &mut [u8], start: u64) -> io::Result<usize> {
        self.file.read_at(bytes, start)
    }
}

/// An extent whose row may not be durable yet; holds its segment.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) segment: Arc<Segment>,
    pub(crate) start: u64,
    pub(crate) length: u64,
}

impl Placed {
    pub(crate) fn extent(&self) -> Extent {
        Extent { segment: self.segment.number, start: self.start, length: self.length }
    }
}

/// What the index knows of a segment when the store opens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    /// Sum of the extents that rows name.
    pub(crate) live: u64,
    /// Length of the file, or the end of the last extent if that is further.
    pub(crate) length: u64,
}

/// All body files of a store.
#[derive(Debug)]
pub(crate) struct Segments {
    dir: PathBuf,
    /// A segment takes no new extent that would end behind this.
    size: u64,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    slots: BTreeMap<u32, Slot>,
    current: Option<Current>,
    next_number: u32,
    /// Closed segments without a live byte.
    empty: BTreeSet<u32>,
    /// Segments that cannot be emptied because reading them fails.
    unmovable: BTreeSet<u32>,
}

#[derive(Debug)]
struct Slot {
    open: Weak<Segment>,
    live: u64,
    length: u64,
}

/// The segment that grows now.
#[derive(Debug)]
struct Current {
    segment: Arc<Segment>,
    end: u64,
}

impl Segments {
    /// Takes the files over. New bytes always go to a new segment: nothing is written behind what a crash left.
    pub(crate) fn new(dir: PathBuf, size: u64, found: BTreeMap<u32, Found>) -> Self {
        let next_number = found.keys().next_back().map_or(1, |last| last.saturating_add(1));
        let empty = found.iter().filter(|(_, found)| found.live == 0).map(|(&number, _)| number).collect();
        let slots = found
            .into_iter()
            .map(|(number, Found { live, length })| (number, Slot { open: Weak::new(), live, length }))
            .collect();
        let table = Table { slots, current: None, next_number, empty, unmovable: BTreeSet::new() };
        Self { dir, size, table: Mutex::new(table) }
    }

    /// Gives out a place for `length` bytes that nobody else will write.
    pub(crate) fn reserve(&self, length: u64) -> Result<Placed, StoreError> {
        let mut table = lock(&self.table);
        let fits = table.current.as_ref().is_some_and(|c| c.end.saturating_add(length) <= self.size || c.end == 0);
        if !fits {
            table.close_current();
            let segment = self.create(table.next_number)?;
            table.next_number += 1;
            table.slots.insert(segment.number, Slot { open: Arc::downgrade(&segment), live: 0, length: 0 });
            table.current = Some(Current { segment, end: 0 });
        }
        let current = table.current.as_mut().ok_or(StoreError::Misuse("a segment was just made"))?;
        let placed = Placed { segment: Arc::clone(&current.segment), start: current.end, length };
        current.end += length;
        Ok(placed)
    }

    fn create(&self, number: u32) -> Result<Arc<Segment>, StoreError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(number))
            .map_err(|e| StoreError::io("creating a segment", e))?;
        Ok(Arc::new(Segment { number, file, entered: AtomicBool::new(false), failed: AtomicBool::new(false) }))
    }

    /// Opens a segment for reading.
    pub(crate) fn open(&self, number: u32) -> Result<Arc<Segment>, StoreError> {
        let mut table = lock(&self.table);
        let slot = table.slots.get_mut(&number).ok_or(StoreError::Damaged("a segment is missing"))?;
        if let Some(segment) = slot.open.upgrade() {
            return Ok(segment);
        }
        let file = File::open(self.path(number)).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => StoreError::Damaged("a segment is missing"),
            _ => StoreError::io("opening a segment", e),
        })?;
        let entered = AtomicBool::new(true);
        let segment = Arc::new(Segment { number, file, entered, failed: AtomicBool::new(false) });
        slot.open = Arc::downgrade(&segment);
        Ok(segment)
    }

    /// Makes everything written to these places durable. A segment whose sync fails is closed for good.
    pub(crate) fn sync<'a>(&self, placed: impl Iterator<Item = &'a Placed>) {
        let segments: BTreeMap<u32, &Arc<Segment>> = placed.map(|p| (p.segment.number, &p.segment)).collect();
        for segment in segments.into_values() {
            if let Err(error) = self.sync_one(segment) {
                tracing::error!(segment = segment.number, %error, "a segment could not be synced; it is closed");
                segment.failed.store(true, Ordering::Release);
                lock(&self.table).give_up(segment.number);
            }
        }
    }

    fn sync_one(&self, segment: &Segment) -> Result<(), StoreError> {
        segment.file.sync_data().map_err(|e| StoreError::io("syncing a segment", e))?;
        if !segment.entered.load(Ordering::Acquire) {
            sync_dir(&self.dir)?;
            segment.entered.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Whether bytes at these places can be trusted after [`Segments::sync`].
    pub(crate) fn intact(placed: &[Placed]) -> bool {
        placed.iter().all(|p| !p.segment.failed.load(Ordering::Acquire))
    }

    /// Counts extents that rows now name.
    pub(crate) fn gain(&self, extents: impl Iterator<Item = Extent>) {
        let mut table = lock(&self.table);
        for extent in extents {
            if let Some(slot) = table.slots.get_mut(&extent.segment) {
                slot.live += extent.length;
                table.empty.remove(&extent.segment);
            }
        }
    }

    /// Counts extents that no row names any more.
    pub(crate) fn lose(&self, extents: impl Iterator<Item = Extent>) {
        let mut table = lock(&self.table);
        for extent in extents {
            table.lose(extent);
        }
    }

    /// Deletes closed segments in which nothing is live and which nobody reads or still writes. Returns how many.
    pub(crate) fn remove_empty(&self) -> u64 {
        let mut table = lock(&self.table);
        let unused = |number: &u32| table.slots.get(number).is_none_or(|slot| slot.open.strong_count() == 0);
        let removable: Vec<u32> = table.empty.iter().copied().filter(unused).collect();
        let mut removed = 0;
        for number in removable {
            match std::fs::remove_file(self.path(number)) {
                Ok(()) => removed += 1,
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    // Left in the set: the next sweep tries again.
                    tracing::warn!(segment = number, %error, "an empty segment could not be deleted");
                    continue;
                }
            }
            table.slots.remove(&number);
            table.empty.remove(&number);
            table.unmovable.remove(&number);
        }
        removed
    }

    /// A closed, unused segment of which less than a quarter is live.
    pub(crate) fn sparse(&self) -> Option<u32> {
        let table = lock(&self.table);
        let current = table.current.as_ref().map(|c| c.segment.number);
        let sparse = |(number, slot): &(&u32, &Slot)| {
            current != Some(**number)
                && slot.open.strong_count() == 0
                && slot.live > 0
                && slot.live < slot.length / 4
                && !table.unmovable.contains(number)
        };
        table.slots.iter().find(sparse).map(|(&number, _)| number)
    }

    /// Leaves a segment alone until the store is opened again.
    pub(crate) fn set_unmovable(&self, number: u32) {
        lock(&self.table).unmovable.insert(number);
    }

    fn path(&self, number: u32) -> PathBuf {
        self.dir.join(file_name(number))
    }
}

impl Table {
    fn close_current(&mut self) {
        let Some(Current { segment, end }) = self.current.take() else { return };
        if let Some(slot) = self.slots.get_mut(&segment.number) {
            slot.length = end;
            if slot.live == 0 {
                self.empty.insert(segment.number);
            }
        }
    }

    fn give_up(&mut self, number: u32) {
        if self.current.as_ref().is_some_and(|c| c.segment.number == number) {
            self.close_current();
        }
    }

    fn lose(&mut self, extent: Extent) {
        let is_current = self.current.as_ref().is_some_and(|c| c.segment.number == extent.segment);
        let Some(slot) = self.slots.get_mut(&extent.segment) else { return };
        slot.live = slot.live.saturating_sub(extent.length);
        if slot.live == 0 && !is_current {
            self.empty.insert(extent.segment);
        }
    }
}

/// The segments in a directory, with their lengths. Foreign names are left alone.
pub(crate) fn list(dir: &Path) -> Result<BTreeMap<u32, u64>, StoreError> {
    let listing = |e| StoreError::io("listing the segments", e);
    let mut lengths = BTreeMap::new();
    for entry in std::fs::read_dir(dir).map_err(listing)? {
        let entry = entry.map_err(listing)?;
        if let Some(number) = entry.file_name().to_str().and_then(number_of) {
            lengths.insert(number, entry.metadata().map_err(listing)?.len());
        }
    }
    Ok(lengths)
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|e| StoreError::io("syncing a directory", e))
}

fn file_name(number: u32) -> String {
    format!("{number:08}.seg")
}

fn number_of(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".seg")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn only_our_own_names_are_segments() {
        for (name, number) in [
            ("00000001.seg", Some(1)),
            ("4294967295.seg", Some(u32::MAX)),
            ("1.seg", None),
            ("+0000001.seg", None),
            ("00000001.seg.bak", None),
            ("lost+found", None),
        ] {
            assert_eq!(number_of(name), number, "{name}");
        }
    }

    /// A file that takes bytes and refuses to be synced.
    fn unsyncable(segments: &Segments) -> Placed {
        let file = OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
        let (entered, failed) = (AtomicBool::new(false), AtomicBool::new(false));
        let segment = Arc::new(Segment { number: 7, file, entered, failed });
        let mut table = lock(&segments.table);
        table.slots.insert(7, Slot { open: Arc::downgrade(&segment), live: 0, length: 0 });
        table.next_number = 8;
        table.current = Some(Current { segment: Arc::clone(&segment), end: 100 });
        Placed { segment, start: 0, length: 100 }
    }

    #[test]
    fn a_failed_sync_is_never_trusted_again() {
        let dir = tempfile::tempdir().unwrap();
        let segments = Segments::new(dir.path().to_owned(), 1_000, BTreeMap::new());
        let lost = unsyncable(&segments);
        let bystander = segments.reserve(10).unwrap();
        assert_eq!(bystander.extent(), Extent { segment: 7, start: 100, length: 10 });
        segments.sync([&lost].into_iter());
        assert!(!Segments::intact(&[lost]));
        assert!(!Segments::intact(&[bystander]), "its bytes may have been lost with the others");

        let next = segments.reserve(10).unwrap();
        assert_eq!(next.extent(), Extent { segment: 8, start: 0, length: 10 });
        segments.sync([&next].into_iter());
        assert!(Segments::intact(&[next]));
    }

    #[test]
    fn an_empty_segment_goes_when_nobody_uses_it() {
        let dir = tempfile::tempdir().unwrap();
        let segments = Segments::new(dir.path().to_owned(), 100, BTreeMap::new());
        let first = segments.reserve(60).unwrap();
        let second = segments.reserve(60).unwrap();
        assert_eq!((first.extent().segment, second.extent().segment), (1, 2));
        assert_eq!(segments.remove_empty(), 0, "the first writer may still commit");
        segments.gain([first.extent()].into_iter());
        let gone = first.extent();
        drop(first);
        assert_eq!(segments.remove_empty(), 0, "it is live");
        let reader = segments.open(1).unwrap();
        segments.lose([gone].into_iter());
        assert_eq!(segments.remove_empty(), 0, "it is being read");
        drop(reader);
        assert_eq!(segments.remove_empty(), 1);
        assert_eq!(list(dir.path()).unwrap().into_keys().collect::<Vec<_>>(), [2]);
        assert!(matches!(segments.open(1), Err(StoreError::Damaged(_))));
    }
}
