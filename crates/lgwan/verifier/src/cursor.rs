//! A place in hostile octets that never passes their end.

use sekisho_verify::{Fault, Flaw};

/// Octets, read from the front.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    /// Octets before the place.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn flaw(&self, fault: Fault) -> Flaw {
        Flaw::at(fault, self.at)
    }

    /// The rest, unread.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Flaw> {
        let end = self.at.checked_add(count).ok_or(self.flaw(Fault::End))?;
        let taken = self.octets.get(self.at..end).ok_or(self.flaw(Fault::End))?;
        self.at = end;
        Ok(taken)
    }

    /// Exactly these octets.
    pub(crate) fn tag(&mut self, tag: &[u8], fault: Fault) -> Result<(), Flaw> {
        if !self.rest().starts_with(tag) {
            return Err(self.flaw(fault));
        }
        self.at += tag.len();
        Ok(())
    }

    pub(crate) fn octet(&mut self) -> Result<u8, Flaw> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(crate) fn u16_be(&mut self) -> Result<u16, Flaw> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32_be(&mut self) -> Result<u32, Flaw> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u16_le(&mut self) -> Result<u16, Flaw> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32_le(&mut self) -> Result<u32, Flaw> {
        self.array().map(u32::from_le_bytes)
    }

    /// That nothing is left.
    pub(crate) fn end(&self) -> Result<(), Flaw> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.flaw(Fault::Trailing)) }
    }
}

/// That a rule holds, or the flaw.
pub(crate) fn hold(holds: bool, fault: Fault, at: usize) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(Flaw::at(fault, at)) }
}
