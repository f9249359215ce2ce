//! The file as a decoder is to see it: another directory first, some values
//! of its fields replaced.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

/// Octets with a few replaced, as a reader.
pub(super) struct View<'a> {
    pub(super) octets: &'a [u8],
    /// Where, and what; ascending.
    pub(super) patches: Vec<(usize, Vec<u8>)>,
    pub(super) at: usize,
}

impl BufRead for View<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let end = |(start, patch): &(usize, Vec<u8>)| start + patch.len();
        let rest = match self.patches.iter().find(|patch| end(patch) > self.at) {
            Some((start, patch)) if *start <= self.at => &patch[self.at - start..],
            Some((start, _)) => self.octets.get(self.at..(*start).min(self.octets.len())).unwrap_or(&[]),
            None => self.octets.get(self.at..).unwrap_or(&[]),
        };
        Ok(rest)
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.at.saturating_add(amount);
    }
}

impl Read for View<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let count = from.len().min(into.len());
        into[..count].copy_from_slice(&from[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl Seek for View<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let from = |base: usize, by: i64| i64::try_from(base).ok().and_then(|base| base.checked_add(by));
        let at = match to {
            SeekFrom::Start(at) => i64::try_from(at).ok(),
            SeekFrom::Current(by) => from(self.at, by),
            SeekFrom::End(by) => from(self.octets.len(), by),
        };
        let at = at.and_then(|at| usize::try_from(at).ok()).ok_or(io::ErrorKind::InvalidInput)?;
        self.at = at;
        Ok(at as u64)
    }
}
