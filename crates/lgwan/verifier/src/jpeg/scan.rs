//! Entropy-coded data (ITU-T T.81 F.2): every block of every unit, then ones
//! up to the octet's end. No value is kept.

use sekisho_verify::{Fault, Flaw};

/// One component's part in the scan.
pub(super) struct Plane<'a> {
    pub(super) dc: &'a Codes,
    pub(super) ac: &'a Codes,
    /// Units, and blocks in each.
    pub(super) blocks: (u64, u64),
}

/// Codes of at most 16 bits.
pub(super) struct Codes {
    /// For the next eight bits: length (0: longer) and symbol.
    short: [(u8, u8); 256],
    /// For each length: codes from the first to the last, and where their
    /// symbols begin.
    lengths: [(u32, u32, usize); 17],
    symbols: Vec<u8>,
}

impl Codes {
    /// T.81 C.2; `None` if there are more codes of a length than it has room
    /// for.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut codes = Self { short: [(0, 0); 256], lengths: [(0, 0, 0); 17], symbols: symbols.to_vec() };
        let (mut code, mut place) = (0u32, 0usize);
        for (length, count) in (1u8..).zip(counts) {
            let end = code + u32::from(*count);
            if end > 1 << length {
                return None;
            }
            codes.lengths[usize::from(length)] = (code, end, place);
            for next in code..end {
                let symbol = *symbols.get(place)?;
                place += 1;
                if length <= 8 {
                    let first = usize::try_from(next << (8 - length)).ok()?;
                    codes.short[first..first + (1 << (8 - length))].fill((length, symbol));
                }
            }
            code = end << 1;
        }
        Some(codes)
    }
}

/// The bits of the data; `FF` is followed by `00`, which is no data.
struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

/// Octets of the data: exactly the picture's.
pub(super) fn read(octets: &[u8], planes: &[Plane<'_>]) -> Result<usize, Flaw> {
    let mut bits = Bits { octets, at: 0, held: 0, count: 0 };
    let units = planes.first().map_or(0, |plane| plane.blocks.0);
    for _ in 0..units {
        for plane in planes {
            for _ in 0..plane.blocks.1 {
                block(&mut bits, plane).ok_or(Flaw::at(Fault::Scan, bits.at))?;
            }
        }
    }
    bits.finish().ok_or(Flaw::at(Fault::Scan, bits.at))
}

/// F.2.2: a difference, then coefficients up to the end of the block.
fn block(bits: &mut Bits<'_>, plane: &Plane<'_>) -> Option<()> {
    let length = bits.symbol(plane.dc)?;
    bits.skip(u32::from(length))?;
    let mut place = 1;
    while place < 64 {
        let symbol = bits.symbol(plane.ac)?;
        let (run, length) = (symbol >> 4, symbol & 15);
        place += u32::from(run) + 1;
        match (run, length) {
            (0, 0) => return Some(()),
            _ if place > 64 => return None,
            _ => bits.skip(u32::from(length))?,
        }
    }
    Some(())
}

impl Bits<'_> {
    /// Holds at least `wanted` bits, with zeros where the data have ended;
    /// whoever uses up more than there were is told by `skip`.
    fn fill(&mut self) {
        while self.count <= 48 {
            let Some(octet) = self.octets.get(self.at) else { return };
            if *octet == 0xff {
                if self.octets.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.at += 1;
            self.held = self.held << 8 | u64::from(*octet);
            self.count += 8;
        }
    }

    /// The next `count` bits, at most 16, zeros behind the end.
    fn peek(&self, count: u32) -> usize {
        let bits =
            if self.count >= count { self.held >> (self.count - count) } else { self.held << (count - self.count) };
        usize::try_from(bits & ((1 << count) - 1)).unwrap_or(0)
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        if self.count < count {
            self.fill();
        }
        self.count = self.count.checked_sub(count)?;
        self.held &= (1 << self.count) - 1;
        Some(())
    }

    fn symbol(&mut self, codes: &Codes) -> Option<u8> {
        if self.count < 16 {
            self.fill();
        }
        let (length, symbol) = codes.short[self.peek(8)];
        if length > 0 {
            self.skip(u32::from(length))?;
            return Some(symbol);
        }
        for length in 9..=16u32 {
            let (first, end, place) = codes.lengths[length as usize];
            let code = u32::try_from(self.peek(length)).ok()?;
            if (first..end).contains(&code) {
                self.skip(length)?;
                return codes.symbols.get(place + (code - first) as usize).copied();
            }
        }
        None
    }

    /// That only ones are left, fewer than an octet; octets used.
    fn finish(&mut self) -> Option<usize> {
        let ones = self.count < 8 && self.held == (1 << self.count) - 1;
        let marker = self.octets.get(self.at) == Some(&0xff);
        (ones && marker).then_some(self.at)
    }
}
