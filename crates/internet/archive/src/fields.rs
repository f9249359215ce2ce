//! Numbers and pieces out of hostile octets. Past the end there is nothing.

/// What is still to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    /// The fields from `offset` on.
    pub(crate) fn at(octets: &'a [u8], offset: u64) -> Option<Self> {
        octets.get(usize::try_from(offset).ok()?..).map(Self)
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The octets before the next NUL, which is taken too.
    pub(crate) fn until_nul(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|octet| *octet == 0)?;
        let taken = self.take(end)?;
        self.take(1)?;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_past_the_end() {
        let mut fields = Fields(b"\x01\x02\x03ab\0c");
        assert_eq!((fields.u8(), fields.u16(), fields.until_nul()), (Some(1), Some(0x0302), Some(&b"ab"[..])));
        assert_eq!(
            (fields.u16(), fields.until_nul(), fields.take(1), fields.u8()),
            (None, None, Some(&b"c"[..]), None)
        );
        assert!(Fields::at(b"abc", 4).is_none() && Fields::at(b"abc", u64::MAX).is_none());
        assert_eq!(Fields::at(b"abc", 3).and_then(|mut rest| rest.u8()), None);
    }
}
