//! Bodies on their way in and out, in bounded memory.

use std::io::{self, Read};
use std::sync::Arc;

use crc32c::crc32c_append;

use crate::bodies::{self, BodyContent, BodyRow};
use crate::error::StoreError;
use crate::segment::{Placed, Segments};
use crate::store::Shared;

/// What a writer holds back before it goes to the segment.
pub(crate) const CHUNK: usize = 64 * 1024;

/// Neighbouring chunks grow together up to this; it bounds one step of compaction.
const EXTENT_MAX: u64 = 1024 * 1024;

/// How often a reader looks again when compaction moves a body under its hands.
const LOOKS: usize = 8;

/// Takes a body in. Holds at most 64 KiB; dropped without a commit, what it wrote is garbage that is given back with
/// its segment.
#[derive(Debug)]
pub struct BodyWriter {
    shared: Arc<Shared>,
    buffer: Vec<u8>,
    placed: Vec<Placed>,
    size: u64,
    /// CRC-32C so far: finds what a disk lost, proves nothing against an attacker.
    crc: u32,
    /// The first failure; a body with a gap is never committed.
    fault: Option<StoreError>,
}

impl BodyWriter {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, buffer: Vec::new(), placed: Vec::new(), size: 0, crc: 0, fault: None }
    }

    /// Appends bytes: to memory, and every full 64 KiB to the page cache. Does not wait for the disk.
    ///
    /// # Errors
    /// [`StoreError::Full`] without room, [`StoreError::Io`] otherwise. The body cannot be committed afterwards.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        self.crc = crc32c_append(self.crc, bytes);
        self.size += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(rest.len().min(CHUNK - self.buffer.len()));
            self.buffer.extend_from_slice(head);
            rest = tail;
            if self.buffer.len() == CHUNK {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.size
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The finished body, all of it in segments or small enough for the index.
    pub(crate) fn finish(mut self) -> Result<NewBody, StoreError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let (size, crc) = (self.size, self.crc);
        if self.placed.is_empty() && self.buffer.len() <= self.shared.options.inline_max {
            self.shared.space.admit(size)?;
            return Ok(NewBody { size, crc, content: NewContent::Inline(self.buffer) });
        }
        self.flush()?;
        Ok(NewBody { size, crc, content: NewContent::Segments(self.placed) })
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let flushed = self.place();
        if let Err(fault) = &flushed {
            self.fault = Some(fault.clone());
        }
        flushed
    }

    fn place(&mut self) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let length = self.buffer.len() as u64;
        self.shared.space.admit(length)?;
        let placed = self.shared.segments.reserve(length)?;
        placed.segment.write_at(&self.buffer, placed.start)?;
        self.buffer.clear();
        match self.placed.last_mut() {
            Some(last) if continues(last, &placed) => last.length += length,
            Some(_) | None => self.placed.push(placed),
        }
        Ok(())
    }
}

fn continues(last: &Placed, next: &Placed) -> bool {
    Arc::ptr_eq(&last.segment, &next.segment)
        && last.start + last.length == next.start
        && last.length + next.length <= EXTENT_MAX
}

/// A body that waits for its row.
#[derive(Debug)]
pub(crate) struct NewBody {
    pub(crate) size: u64,
    pub(crate) crc: u32,
    pub(crate) content: NewContent,
}

/// Where its bytes are.
#[derive(Debug)]
pub(crate) enum NewContent {
    Inline(Vec<u8>),
    Segments(Vec<Placed>),
}

impl NewContent {
    pub(crate) fn placed(&self) -> &[Placed] {
        match self {
            Self::Inline(_) => &[],
            Self::Segments(placed) => placed,
        }
    }
}

/// Reads a body. Memory is the caller's buffer, plus the body itself where it is small enough to live in the index.
///
/// The checksum is compared when the last byte is read; if it differs, that read fails with `InvalidData` instead of
/// returning its bytes. Whoever reads to the end without an error has read what was committed.
#[derive(Debug)]
pub struct BodyReader {
    source: Source,
    size: u64,
    left: u64,
    /// CRC-32C so far: finds what a disk lost, proves nothing against an attacker.
    crc: u32,
    expected: u32,
}

#[derive(Debug)]
enum Source {
    Inline { bytes: Vec<u8>, at: usize },
    Segments { placed: Vec<Placed>, part: usize, at: u64 },
}

impl BodyReader {
    /// Opens the body of a row. The reader keeps its segments from being deleted.
    pub(crate) fn open(shared: &Shared, seq: i64) -> Result<Self, StoreError> {
        let mut fault = StoreError::NotFound;
        for _ in 0..LOOKS {
            let row = shared.readers.with(|index| bodies::body(index, seq))?.ok_or(StoreError::NotFound)?;
            match Self::of(&shared.segments, row) {
                Ok(reader) => return Ok(reader),
                // Perhaps moved and its segment deleted between the two looks.
                Err(error @ StoreError::Damaged(_)) => fault = error,
                Err(error) => return Err(error),
            }
        }
        Err(fault)
    }

    fn of(segments: &Segments, row: BodyRow) -> Result<Self, StoreError> {
        let (source, length) = match row.content {
            BodyContent::Freed => return Err(StoreError::NoBody),
            BodyContent::Inline(bytes) => {
                let length = bytes.len() as u64;
                (Source::Inline { bytes, at: 0 }, length)
            }
            BodyContent::Segments(extents) => {
                let length = extents.iter().map(|extent| extent.length).sum();
                let place = |extent: &crate::segment::Extent| {
                    let segment = segments.open(extent.segment)?;
                    Ok(Placed { segment, start: extent.start, length: extent.length })
                };
                let placed = extents.iter().map(place).collect::<Result<_, StoreError>>()?;
                (Source::Segments { placed, part: 0, at: 0 }, length)
            }
        };
        if length != row.size {
            return Err(StoreError::Damaged("the parts of a body are not as long as the body"));
        }
        Ok(Self { source, size: row.size, left: row.size, crc: 0, expected: row.crc })
    }

    /// Size of the whole body in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    fn verdict(&self) -> io::Result<()> {
        if self.crc == self.expected {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "the body's checksum does not match: damaged on disk"))
        }
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return self.verdict().map(|()| 0);
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.source.read(buffer)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body ends early: damaged on disk"));
        }
        self.crc = crc32c_append(self.crc, &buffer[..read]);
        self.left = self.left.saturating_sub(read as u64);
        if self.left == 0 {
            self.verdict()?;
        }
        Ok(read)
    }
}

impl Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Inline { bytes, at } => {
                let read = (&bytes[*at..]).read(buffer)?;
                *at += read;
                Ok(read)
            }
            Self::Segments { placed, part, at } => {
                let Some(current) = placed.get(*part) else { return Ok(0) };
                let wanted = usize::try_from(current.length - *at).unwrap_or(usize::MAX).min(buffer.len());
                let read = current.segment.read_at(&mut buffer[..wanted], current.start + *at)?;
                *at += read as u64;
                if *at == current.length {
                    *part += 1;
                    *at = 0;
                }
                Ok(read)
            }
        }
    }
}
