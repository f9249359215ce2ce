//! The head of deflated data (RFC 1951), bounded. No more of it is read than
//! it takes to tell kinds apart; files are inflated elsewhere.

/// Codes have at most 15 bits (RFC 1951 3.2.7).
const MAX_BITS: usize = 15;

const LENGTH_BASE: [u16; 29] =
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_EXTRA: [u8; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE: [u16; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA: [u8; 30] =
    [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
/// The order of the lengths of code lengths (RFC 1951 3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Up to `max` octets of what `input` inflates to: as far as it is sound.
pub(super) fn inflate_head(input: &[u8], max: usize) -> Vec<u8> {
    let mut inflater = Inflater { bits: Bits { input, at: 0, held: 0, count: 0 }, out: Vec::new(), max };
    // Every block spends bits of the input, so this ends.
    while let Some(false) = inflater.block() {}
    inflater.out
}

/// The same for a gzip member (RFC 1952 2.3); empty if it is none.
pub(super) fn gzip_head(octets: &[u8], max: usize) -> Vec<u8> {
    gzip_data(octets).map(|data| inflate_head(data, max)).unwrap_or_default()
}

fn gzip_data(octets: &[u8]) -> Option<&[u8]> {
    let flags = *octets.get(3).filter(|_| octets.starts_with(&[0x1f, 0x8b, 8]))?;
    let mut rest = octets.get(10..)?;
    if flags & 4 != 0 {
        rest = rest.get(2 + usize::from(super::le16(rest, 0)?)..)?;
    }
    // A name and a comment, each ended by NUL.
    for flag in [8, 16] {
        if flags & flag != 0 {
            rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        }
    }
    rest.get(if flags & 2 != 0 { 2 } else { 0 }..)
}

struct Bits<'a> {
    input: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    /// The next `count` bits, at most 13; `None` past the end.
    fn take(&mut self, count: u32) -> Option<u16> {
        while self.count < count {
            self.held |= u32::from(*self.input.get(self.at)?) << self.count;
            self.at += 1;
            self.count += 8;
        }
        let value = self.held & ((1 << count) - 1);
        self.held >>= count;
        self.count -= count;
        u16::try_from(value).ok()
    }
}

/// Canonical codes: how many of each length, and their symbols in order.
struct Codes {
    counts: [u16; MAX_BITS + 1],
    symbols: Vec<u16>,
}

impl Codes {
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; MAX_BITS + 1];
        for length in lengths {
            counts[usize::from(*length)] += 1;
        }
        counts[0] = 0;
        let mut symbols = Vec::with_capacity(lengths.len());
        for wanted in 1..=MAX_BITS {
            let with = (0_u16..).zip(lengths).filter(|(_, length)| usize::from(**length) == wanted);
            symbols.extend(with.map(|(symbol, _)| symbol));
        }
        Self { counts, symbols }
    }

    fn read(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let (mut code, mut first, mut index) = (0_i32, 0_i32, 0_i32);
        for count in &self.counts[1..] {
            code |= i32::from(bits.take(1)?);
            let count = i32::from(*count);
            if code - count < first {
                return self.symbols.get(usize::try_from(index + code - first).ok()?).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

struct Inflater<'a> {
    bits: Bits<'a>,
    out: Vec<u8>,
    max: usize,
}

impl Inflater<'_> {
    /// Reads a block; whether it was the last. `None`: stop, unsound or enough.
    fn block(&mut self) -> Option<bool> {
        let last = self.bits.take(1)? == 1;
        match self.bits.take(2)? {
            0 => self.stored()?,
            1 => {
                let lengths: Vec<u8> = (0..288)
                    .map(|symbol| match symbol {
                        0..144 => 8,
                        144..256 => 9,
                        256..280 => 7,
                        _ => 8,
                    })
                    .collect();
                self.coded(&Codes::new(&lengths), &Codes::new(&[5; 30]))?;
            }
            2 => {
                let (lengths, distances) = self.tables()?;
                self.coded(&lengths, &distances)?;
            }
            _ => return None,
        }
        Some(last)
    }

    fn stored(&mut self) -> Option<()> {
        (self.bits.held, self.bits.count) = (0, 0);
        let length = usize::from(super::le16(self.bits.input, self.bits.at)?);
        let data = self.bits.at + 4;
        let whole = self.bits.input.get(data..).map(|rest| rest.get(..length).unwrap_or(rest))?;
        self.out.extend_from_slice(whole.get(..self.max - self.out.len()).unwrap_or(whole));
        self.bits.at = data + length;
        (self.out.len() < self.max).then_some(())
    }

    fn tables(&mut self) -> Option<(Codes, Codes)> {
        let literals = 257 + usize::from(self.bits.take(5)?);
        let distances = 1 + usize::from(self.bits.take(5)?);
        let given = 4 + usize::from(self.bits.take(4)?);
        let mut lengths = [0_u8; 19];
        for place in &ORDER[..given] {
            lengths[*place] = u8::try_from(self.bits.take(3)?).ok()?;
        }
        let codes = Codes::new(&lengths);
        let mut all = Vec::with_capacity(literals + distances);
        while all.len() < literals + distances {
            let (value, times) = match codes.read(&mut self.bits)? {
                16 => (*all.last()?, 3 + self.bits.take(2)?),
                17 => (0, 3 + self.bits.take(3)?),
                18 => (0, 11 + self.bits.take(7)?),
                length => (u8::try_from(length).ok()?, 1),
            };
            all.extend(std::iter::repeat_n(value, usize::from(times)));
        }
        let (first, second) = all.get(..literals + distances)?.split_at(literals);
        Some((Codes::new(first), Codes::new(second)))
    }

    fn coded(&mut self, lengths: &Codes, distances: &Codes) -> Option<()> {
        loop {
            if self.out.len() >= self.max {
                return None;
            }
            match lengths.read(&mut self.bits)? {
                literal @ 0..256 => self.out.push(u8::try_from(literal).ok()?),
                256 => return Some(()),
                symbol => self.copy(usize::from(symbol - 257), distances)?,
            }
        }
    }

    fn copy(&mut self, symbol: usize, distances: &Codes) -> Option<()> {
        let extra = self.bits.take(u32::from(*LENGTH_EXTRA.get(symbol)?))?;
        let length = usize::from(LENGTH_BASE[symbol] + extra);
        let symbol = usize::from(distances.read(&mut self.bits)?);
        let extra = self.bits.take(u32::from(*DISTANCE_EXTRA.get(symbol)?))?;
        let from = self.out.len().checked_sub(usize::from(DISTANCE_BASE[symbol] + extra))?;
        for at in from..from + length {
            let octet = *self.out.get(at)?;
            self.out.push(octet);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hello hello hello hello` as one fixed block.
    const FIXED: &[u8] = b"\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01";

    /// Two hundred letters as one block with codes of its own.
    const OWN_CODES: &[u8] = b"\x05\xc1\x01\x01\x00\x00\x08\x83\xb0\xac\xe0\xe9\x5f\xc1\x0d\x1b\x77\x3b\x77\xd7\x8d\x3a\x8f\xd8\xda\xda\x28\xb1\x75\x1e\x1c\x1c\xce\x6b\x9d\x47\x16\x1b\x25\xee\x26\x16\x1b\x1b\x25\xee\x26\x47\x16\x25\x9c\x47\xec\xa6\xa7\xa7\xbb\x11\xe7\x81\x45\x19\x87\xbb\x89\xc5\xc6\x46\x89\xbb\x89\xc5\x46\x19\xe7\xb5\xce\xf9";

    #[test]
    fn blocks_are_read() {
        let letters: Vec<u8> = (0..200_u32).map(|n| b'a' + (n * n * 31 % 251 % 5) as u8).collect();
        assert_eq!(inflate_head(OWN_CODES, 1000), letters);
        assert_eq!(inflate_head(FIXED, 100), b"hello hello hello hello");
        assert_eq!(inflate_head(b"\x01\x03\0\xfc\xffabc", 100), b"abc");
        assert_eq!(inflate_head(b"\x01\x03\0\xfc\xffabc", 2), b"ab");
        let gzip = [&b"\x1f\x8b\x08\x08\0\0\0\0\0\x03name\0"[..], FIXED].concat();
        assert_eq!(gzip_head(&gzip, 100), b"hello hello hello hello");
        assert_eq!(gzip_head(b"\x1f\x8b\x08\x1f", 100), b"");
    }

    #[test]
    fn a_bomb_stops_at_the_bound_and_junk_at_once() {
        assert!(inflate_head(FIXED, 10).len() <= 10 + 258);
        assert_eq!(inflate_head(b"\xff\xff\xff", 10), b"");
        for seed in 0..2000_u64 {
            let junk = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes().repeat(8);
            assert!(inflate_head(&junk, 1000).len() <= 1000 + 258);
        }
    }
}
