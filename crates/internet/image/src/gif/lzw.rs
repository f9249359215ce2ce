//! The LZW of GIF (GIF89a appendix F).

use sekisho_disarm::Refusal;

/// Codes that a table holds.
const CODES: usize = 4096;

/// Takes data blocks, gives places.
pub(super) struct Decoder {
    places: Vec<u8>,
    wanted: usize,
    root: u8,
    /// Of each code: the code before its last place, that place, and how many.
    prefix: Vec<u16>,
    suffix: Vec<u8>,
    length: Vec<u16>,
    next: usize,
    size: u8,
    last: Option<usize>,
    held: u32,
    filled: u8,
    ended: bool,
}

impl Decoder {
    /// A decoder of `wanted` places with codes from `root` bits, 1 to 8 (2 is
    /// the least that appendix F knows, 1 is met).
    pub(super) fn new(root: u8, wanted: usize) -> Result<Self, Refusal> {
        if !(1..=8).contains(&root) {
            return Err(Refusal::Malformed);
        }
        let mut decoder = Self {
            places: vec![0; wanted],
            wanted: 0,
            root,
            prefix: vec![0; CODES],
            suffix: vec![0; CODES],
            length: vec![1; CODES],
            next: 0,
            size: 0,
            last: None,
            held: 0,
            filled: 0,
            ended: false,
        };
        decoder.clear();
        Ok(decoder)
    }

    fn clear(&mut self) {
        self.next = (1 << self.root) + 2;
        self.size = self.root + 1;
        self.last = None;
    }

    /// Decodes a block; what comes behind the last place is not looked at.
    pub(super) fn feed(&mut self, block: &[u8]) -> Result<(), Refusal> {
        if self.ended {
            return Ok(());
        }
        for octet in block {
            self.held |= u32::from(*octet) << self.filled;
            self.filled += 8;
            while self.filled >= self.size && !self.ended {
                let code = (self.held & ((1 << self.size) - 1)) as usize;
                self.held >>= self.size;
                self.filled -= self.size;
                self.code(code)?;
            }
            if self.ended {
                return Ok(());
            }
        }
        Ok(())
    }

    fn code(&mut self, code: usize) -> Result<(), Refusal> {
        let clear = 1 << self.root;
        if code == clear {
            self.clear();
            return Ok(());
        }
        if code == clear + 1 {
            self.ended = true;
            return Ok(());
        }
        let Some(last) = self.last else {
            if code > clear {
                return Err(Refusal::Malformed);
            }
            self.last = Some(code);
            self.put(code);
            return Ok(());
        };
        if code > self.next || (code == self.next && self.next >= CODES) {
            return Err(Refusal::Malformed);
        }
        if self.next < CODES {
            // The place that follows: the first of `code`, or of `last` if `code` is the new one.
            let first = self.first(if code == self.next { last } else { code });
            #[expect(clippy::cast_possible_truncation, reason = "below 4,096")]
            let last = last as u16;
            self.prefix[self.next] = last;
            self.suffix[self.next] = first;
            self.length[self.next] = self.length[usize::from(last)] + 1;
            self.next += 1;
            if self.next == 1 << self.size && self.size < 12 {
                self.size += 1;
            }
        }
        self.last = Some(code);
        self.put(code);
        Ok(())
    }

    fn is_root(&self, code: usize) -> bool {
        code < 1 << self.root
    }

    /// At most 4,096 steps, each to a lower code.
    fn first(&self, mut code: usize) -> u8 {
        while !self.is_root(code) {
            code = usize::from(self.prefix[code]);
        }
        place_of(code)
    }

    fn put(&mut self, mut code: usize) {
        let count = if self.is_root(code) { 1 } else { usize::from(self.length[code]) };
        let start = self.wanted;
        let end = (start + count).min(self.places.len());
        for at in (start..start + count).rev() {
            let place = if self.is_root(code) { place_of(code) } else { self.suffix[code] };
            if at < end {
                self.places[at] = place;
            }
            code = usize::from(self.prefix[code]);
        }
        self.wanted = end;
        self.ended = end == self.places.len();
    }

    /// The places, if all came.
    pub(super) fn finish(self) -> Result<Vec<u8>, Refusal> {
        if self.wanted == self.places.len() { Ok(self.places) } else { Err(Refusal::Malformed) }
    }
}

/// The place that a root code stands for.
fn place_of(code: usize) -> u8 {
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// Writes code size, data blocks and their terminator.
pub(super) fn encode(places: &[u8], out: &mut Vec<u8>) {
    let highest = places.iter().copied().max().unwrap_or(0);
    #[expect(clippy::cast_possible_truncation, reason = "2 to 8")]
    let root = (8 - highest.leading_zeros()).max(2) as u8;
    out.push(root);
    let mut codes = Codes::new(root);
    let mut blocks = Blocks { out, held: 0, filled: 0, block: Vec::with_capacity(255) };
    blocks.put(codes.clear, codes.size);
    let mut places = places.iter();
    let Some(first) = places.next() else { return };
    let mut prefix = u16::from(*first);
    for place in places {
        match codes.find(prefix, *place) {
            Ok(code) => prefix = code,
            Err(slot) => {
                blocks.put(prefix, codes.size);
                if usize::from(codes.next) < CODES {
                    codes.add(slot, prefix, *place);
                } else {
                    blocks.put(codes.clear, codes.size);
                    codes.reset();
                }
                prefix = u16::from(*place);
            }
        }
    }
    blocks.put(prefix, codes.size);
    // The reader makes one more entry before it reads the end.
    codes.grow();
    blocks.put(codes.clear + 1, codes.size);
    blocks.finish();
}

/// Codes of strings, in a table twice as large as their number.
struct Codes {
    clear: u16,
    next: u16,
    size: u8,
    /// Prefix, place and 1 as one number; 0 is empty.
    keys: Vec<u32>,
    values: Vec<u16>,
}

const SLOTS: usize = 2 * CODES;

impl Codes {
    fn new(root: u8) -> Self {
        let mut codes = Self { clear: 1 << root, next: 0, size: 0, keys: vec![0; SLOTS], values: vec![0; SLOTS] };
        codes.reset();
        codes
    }

    fn reset(&mut self) {
        self.keys.fill(0);
        self.next = self.clear + 2;
        #[expect(clippy::cast_possible_truncation, reason = "3 to 9")]
        let size = self.clear.ilog2() as u8 + 1;
        self.size = size;
    }

    fn key(prefix: u16, place: u8) -> u32 {
        (u32::from(prefix) << 8 | u32::from(place)) + 1
    }

    /// The code of a string, or the slot where it would be.
    fn find(&self, prefix: u16, place: u8) -> Result<u16, usize> {
        let key = Self::key(prefix, place);
        let mut slot = (key.wrapping_mul(0x9E37_79B1) >> 19) as usize;
        while self.keys[slot] != 0 {
            if self.keys[slot] == key {
                return Ok(self.values[slot]);
            }
            slot = (slot + 1) % SLOTS;
        }
        Err(slot)
    }

    fn add(&mut self, slot: usize, prefix: u16, place: u8) {
        self.keys[slot] = Self::key(prefix, place);
        self.values[slot] = self.next;
        self.grow();
    }

    fn grow(&mut self) {
        if usize::from(self.next) < CODES {
            self.next += 1;
            // The reader is one entry behind.
            if u32::from(self.next) > 1 << self.size && self.size < 12 {
                self.size += 1;
            }
        }
    }
}

/// Bits, lowest first, in blocks of at most 255 octets.
struct Blocks<'a> {
    out: &'a mut Vec<u8>,
    held: u32,
    filled: u8,
    block: Vec<u8>,
}

impl Blocks<'_> {
    fn put(&mut self, code: u16, size: u8) {
        self.held |= u32::from(code) << self.filled;
        self.filled += size;
        while self.filled >= 8 {
            self.octet();
        }
    }

    fn octet(&mut self) {
        self.block.push((self.held & 255) as u8);
        self.held >>= 8;
        self.filled = self.filled.saturating_sub(8);
        if self.block.len() == 255 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if let (Ok(length @ 1..), block) = (u8::try_from(self.block.len()), &self.block) {
            self.out.push(length);
            self.out.extend_from_slice(block);
            self.block.clear();
        }
    }

    fn finish(mut self) {
        if self.filled > 0 {
            self.octet();
        }
        self.flush();
        self.out.push(0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::noise::Chance;

    fn decode(file: &[u8], wanted: usize) -> Result<Vec<u8>, Refusal> {
        let mut decoder = Decoder::new(file[0], wanted)?;
        let mut at = 1;
        while file[at] != 0 {
            let end = at + 1 + usize::from(file[at]);
            decoder.feed(&file[at + 1..end])?;
            at = end;
        }
        assert_eq!(at, file.len() - 1);
        decoder.finish()
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut chance = Chance::new([3; 32]);
        for colours in [1u64, 2, 3, 4, 17, 200, 256] {
            for length in [1usize, 2, 3, 5, 250, 4000, 70_000] {
                for run in [1u64, 9] {
                    let places: Vec<u8> = std::iter::repeat_with(|| (chance.next() % colours, chance.next() % run + 1))
                        .flat_map(|(place, run)| {
                            std::iter::repeat_n(u8::try_from(place).unwrap(), usize::try_from(run).unwrap())
                        })
                        .take(length)
                        .collect();
                    let mut file = Vec::new();
                    encode(&places, &mut file);
                    assert_eq!(decode(&file, length).unwrap(), places, "{colours} {length} {run}");
                }
            }
        }
    }

    #[test]
    fn any_octets_end() {
        let mut chance = Chance::new([4; 32]);
        for _ in 0..500 {
            let block: Vec<u8> = (0..200).map(|_| (chance.next() & 255) as u8).collect();
            let mut decoder = Decoder::new(u8::try_from(chance.next() % 8 + 1).unwrap(), 5000).unwrap();
            let _ = decoder.feed(&block).and_then(|()| decoder.finish());
        }
    }
}
