//! Deflate (RFC 1951) and zlib (RFC 1950) under a bound, in blocks: what comes
//! out is looked at and forgotten.

use flate2::{Decompress, FlushDecompress, Status};
use sekisho_verify::Fault;

/// Octets that come out at a time.
const BLOCK: usize = 64 * 1024;

/// One stream that is being inflated.
pub(crate) struct Inflate {
    state: Decompress,
    block: Vec<u8>,
    left: u64,
    done: bool,
}

impl Inflate {
    /// A stream with a zlib header and checksum, of at most `most` octets.
    pub(crate) fn zlib(most: u64) -> Self {
        Self::new(true, most)
    }

    /// A stream without either.
    pub(crate) fn raw(most: u64) -> Self {
        Self::new(false, most)
    }

    fn new(header: bool, left: u64) -> Self {
        Self { state: Decompress::new(header), block: vec![0; BLOCK], left, done: false }
    }

    /// Gives the stream's next octets, and what comes of them to `sink`.
    pub(crate) fn feed(
        &mut self,
        mut input: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        loop {
            if self.done {
                return if input.is_empty() { Ok(()) } else { Err(Fault::Trailing) };
            }
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(input, &mut self.block, FlushDecompress::None);
            let status = status.map_err(|_| Fault::Packed)?;
            let read = usize::try_from(self.state.total_in() - before_in).map_err(|_| Fault::Packed)?;
            let made = usize::try_from(self.state.total_out() - before_out).map_err(|_| Fault::Packed)?;
            self.left = self.left.checked_sub(made as u64).ok_or(Fault::Size)?;
            sink(&self.block[..made])?;
            input = &input[read..];
            match status {
                Status::StreamEnd => self.done = true,
                Status::Ok | Status::BufError if read == 0 && made == 0 => {
                    return if input.is_empty() { Ok(()) } else { Err(Fault::Packed) };
                }
                Status::Ok | Status::BufError => {}
            }
        }
    }

    /// That the stream has come to its own end.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        if self.done { Ok(()) } else { Err(Fault::Packed) }
    }
}

/// All of a whole stream, of at most `most` octets.
pub(crate) fn whole(mut inflate: Inflate, input: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    inflate.feed(input, &mut |octets| {
        out.extend_from_slice(octets);
        Ok(())
    })?;
    inflate.finish()?;
    Ok(out)
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    /// A zlib stream of one stored block, written by hand.
    pub(crate) fn stored(octets: &[u8]) -> Vec<u8> {
        let mut out = vec![0x78, 0x01];
        out.extend(stored_raw(octets));
        let (mut a, mut b) = (1u32, 0u32);
        for octet in octets {
            a = (a + u32::from(*octet)) % 65_521;
            b = (b + a) % 65_521;
        }
        out.extend((b << 16 | a).to_be_bytes());
        out
    }

    /// The same without header and checksum.
    pub(crate) fn stored_raw(octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let blocks: Vec<_> = octets.chunks(65_535).collect();
        for (place, block) in blocks.iter().enumerate() {
            let len = u16::try_from(block.len()).unwrap();
            out.push(u8::from(place + 1 == blocks.len()));
            out.extend(len.to_le_bytes());
            out.extend((!len).to_le_bytes());
            out.extend_from_slice(block);
        }
        if blocks.is_empty() {
            out.extend([1, 0, 0, 0xff, 0xff]);
        }
        out
    }

    #[test]
    fn streams_end_where_they_say() {
        let sound = stored(b"hello");
        assert_eq!(whole(Inflate::zlib(5), &sound).unwrap(), b"hello");
        assert_eq!(whole(Inflate::zlib(4), &sound), Err(Fault::Size));
        assert_eq!(whole(Inflate::zlib(5), &sound[..sound.len() - 1]), Err(Fault::Packed));
        let longer = [sound.as_slice(), b"x"].concat();
        assert_eq!(whole(Inflate::zlib(5), &longer), Err(Fault::Trailing));
        let mut flipped = sound.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert_eq!(whole(Inflate::zlib(5), &flipped), Err(Fault::Packed));
        assert_eq!(whole(Inflate::raw(5), &stored_raw(b"hello")).unwrap(), b"hello");
        assert_eq!(whole(Inflate::raw(1 << 20), &stored_raw(&vec![7; 200_000])).unwrap().len(), 200_000);
    }

    #[test]
    fn octets_may_come_one_at_a_time() {
        let sound = stored(b"hello");
        let mut inflate = Inflate::zlib(5);
        let mut out = Vec::new();
        for octet in sound.chunks(1) {
            inflate
                .feed(octet, &mut |made| {
                    out.extend_from_slice(made);
                    Ok(())
                })
                .unwrap();
        }
        inflate.finish().unwrap();
        assert_eq!(out, b"hello");
    }
}
