//! Fax data of TIFF: ITU-T T.4 in one and two dimensions (compression 3) and
//! the runs of TIFF 6.0 section 10 (compression 2). A line that does not fit
//! is refused, not guessed.

use sekisho_disarm::Refusal;

/// Codes of runs of white: 0 to 63, then 64, 128 ... 2,560 (T.4 tables 2 and 3).
const WHITE: &str = "00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101 \
    101010 101011 0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100 \
    0011000 00000010 00000011 00011010 00011011 00010010 00010011 00010100 00010101 00010110 00010111 \
    00101000 00101001 00101010 00101011 00101100 00101101 00000100 00000101 00001010 00001011 01010010 \
    01010011 01010100 01010101 00100100 00100101 01011000 01011001 01011010 01011011 01001010 01001011 \
    00110010 00110011 00110100 11011 10010 010111 0110111 00110110 00110111 01100100 01100101 01101000 \
    01100111 011001100 011001101 011010010 011010011 011010100 011010101 011010110 011010111 011011000 \
    011011001 011011010 011011011 010011000 010011001 010011010 011000 010011011 00000001000 00000001100 \
    00000001101 000000010010 000000010011 000000010100 000000010101 000000010110 000000010111 \
    000000011100 000000011101 000000011110 000000011111";

/// The same of black.
const BLACK: &str = "0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111 \
    000011000 0000010111 0000011000 0000001000 00001100111 00001101000 00001101100 00000110111 \
    00000101000 00000010111 00000011000 000011001010 000011001011 000011001100 000011001101 000001101000 \
    000001101001 000001101010 000001101011 000011010010 000011010011 000011010100 000011010101 \
    000011010110 000011010111 000001101100 000001101101 000011011010 000011011011 000001010100 \
    000001010101 000001010110 000001010111 000001100100 000001100101 000001010010 000001010011 \
    000000100100 000000110111 000000111000 000000100111 000000101000 000001011000 000001011001 \
    000000101011 000000101100 000001011010 000001100110 000001100111 0000001111 000011001000 \
    000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100 0000001101101 \
    0000001001010 0000001001011 0000001001100 0000001001101 0000001110010 0000001110011 0000001110100 \
    0000001110101 0000001110110 0000001110111 0000001010010 0000001010011 0000001010100 0000001010101 \
    0000001011010 0000001011011 0000001100100 0000001100101 00000001000 00000001100 00000001101 \
    000000010010 000000010011 000000010100 000000010101 000000010110 000000010111 000000011100 \
    000000011101 000000011110 000000011111";

/// Bits of the longest code of a run.
const LONGEST: u32 = 13;

/// How lines stand in the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// Each starts at an octet, without an end-of-line code.
    Aligned,
    /// End-of-line codes between them, if any.
    OneDimension,
    /// The same, each followed by a bit that says how the line is coded.
    TwoDimensions,
}

/// Reads strips.
pub(super) struct Decoder {
    /// By the next 13 bits: run and length of the code, 0 where there is none.
    tables: [Vec<(u16, u8)>; 2],
    lines: Lines,
    width: u32,
}

impl Decoder {
    pub(super) fn new(lines: Lines, width: u32) -> Self {
        Self { tables: [table(WHITE), table(BLACK)], lines, width }
    }

    /// The lines of one strip to `each`: where the colour changes, from white,
    /// ascending.
    pub(super) fn strip(&self, data: &[u8], rows: u32, each: &mut dyn FnMut(&[u32])) -> Result<(), Refusal> {
        let mut bits = Bits { data, at: 0 };
        let (mut above, mut line) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            line.clear();
            match self.lines {
                Lines::Aligned => self.runs(&mut bits, &mut line)?,
                Lines::OneDimension => {
                    bits.end_of_line();
                    self.runs(&mut bits, &mut line)?;
                }
                Lines::TwoDimensions => {
                    if !bits.end_of_line() {
                        return Err(Refusal::Malformed);
                    }
                    match bits.take(1)? {
                        1 => self.runs(&mut bits, &mut line)?,
                        _ => self.differences(&mut bits, &above, &mut line)?,
                    }
                }
            }
            if self.lines == Lines::Aligned {
                bits.at = bits.at.next_multiple_of(8);
            }
            each(&line);
            std::mem::swap(&mut above, &mut line);
        }
        Ok(())
    }

    /// T.4 4.1: runs of white and black in turn. Each takes bits, so that the
    /// data's end bounds them even if none is longer than nothing.
    fn runs(&self, bits: &mut Bits<'_>, line: &mut Vec<u32>) -> Result<(), Refusal> {
        let mut at = 0;
        let mut black = false;
        while at < self.width {
            at += self.run(bits, black)?;
            if at > self.width {
                return Err(Refusal::Malformed);
            }
            line.push(at);
            black = !black;
        }
        Ok(())
    }

    /// One run: make-up codes and a terminating code.
    fn run(&self, bits: &mut Bits<'_>, black: bool) -> Result<u32, Refusal> {
        let mut length = 0u32;
        loop {
            let (run, size) = self.tables[usize::from(black)][bits.peek(LONGEST) as usize];
            if size == 0 {
                return Err(Refusal::Malformed);
            }
            bits.take(size.into())?;
            length = length.saturating_add(run.into());
            if run < 64 {
                return Ok(length);
            }
        }
    }

    /// T.4 4.2.1.3: how the line differs from the one above.
    fn differences(&self, bits: &mut Bits<'_>, above: &[u32], line: &mut Vec<u32>) -> Result<(), Refusal> {
        // Before the first element there is an imaginary white one.
        let (mut at, mut started, mut black, mut near) = (0u32, false, false, 0usize);
        while at < self.width {
            // b1: the first change above, right of here, to the other colour.
            while near > 0 && (above[near - 1] > at || !started) {
                near -= 1;
            }
            while above.get(near).is_some_and(|change| (started && *change <= at) || (near % 2 == 1) != black) {
                near += 1;
            }
            let change = |place: usize| above.get(place).copied().unwrap_or(self.width);
            let vertical = |by: i64| {
                let place = i64::from(change(near)) + by;
                u32::try_from(place).ok().filter(|place| *place >= at && *place <= self.width).ok_or(Refusal::Malformed)
            };
            // A vertical mode; none is horizontal.
            let (size, by) = match bits.peek(7) {
                0b100_0000..=0b111_1111 => (1, Some(0)),
                0b011_0000..=0b011_1111 => (3, Some(1)),
                0b010_0000..=0b010_1111 => (3, Some(-1)),
                0b001_0000..=0b001_1111 => (3, None),
                0b000_1000..=0b000_1111 => {
                    bits.take(4)?;
                    (at, started) = (change(near + 1), true); // Pass: on to b2.
                    continue;
                }
                0b000_0110 | 0b000_0111 => (6, Some(2)),
                0b000_0100 | 0b000_0101 => (6, Some(-2)),
                0b000_0011 => (7, Some(3)),
                0b000_0010 => (7, Some(-3)),
                _ => return Err(Refusal::Malformed),
            };
            bits.take(size)?;
            if let Some(by) = by {
                at = vertical(by)?;
                line.push(at);
                black = !black;
            } else {
                for colour in [black, !black] {
                    at = at.saturating_add(self.run(bits, colour)?);
                    if at > self.width {
                        return Err(Refusal::Malformed);
                    }
                    line.push(at);
                }
            }
            started = true;
        }
        Ok(())
    }
}

fn table(codes: &str) -> Vec<(u16, u8)> {
    let mut table = vec![(0, 0); 1 << LONGEST];
    let runs = (0..64u16).chain((1..=40).map(|times| times * 64));
    for (run, code) in runs.zip(codes.split_ascii_whitespace()) {
        let size = u32::try_from(code.len()).unwrap_or(LONGEST).min(LONGEST);
        let first = code.bytes().fold(0usize, |bits, bit| bits << 1 | usize::from(bit == b'1')) << (LONGEST - size);
        table[first..first + (1 << (LONGEST - size))].fill((run, u8::try_from(size).unwrap_or(0)));
    }
    table
}

/// Bits, the first in the highest.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next `count` bits, at most 13; zeros behind the end.
    fn peek(&self, count: u32) -> u32 {
        let octet = |by: usize| u32::from(self.data.get(self.at / 8 + by).copied().unwrap_or(0));
        let word = octet(0) << 16 | octet(1) << 8 | octet(2);
        let from = u32::try_from(self.at % 8).unwrap_or(0);
        word << (8 + from) >> (32 - count)
    }

    fn take(&mut self, count: u32) -> Result<u32, Refusal> {
        let bits = self.peek(count);
        self.at += count as usize;
        if self.at > self.data.len() * 8 { Err(Refusal::Malformed) } else { Ok(bits) }
    }

    /// Passes over an end-of-line code (T.4 4.1.2) and what fills up before it.
    fn end_of_line(&mut self) -> bool {
        if self.peek(11) != 0 {
            return false;
        }
        let mut at = self.at;
        while at < self.data.len() * 8 {
            if self.data[at / 8] >> (7 - at % 8) & 1 == 1 {
                self.at = at + 1;
                return true;
            }
            at += 1;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn packed(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
        bits.chunks(8).map(|eight| (0..8).fold(0, |octet, at| octet << 1 | eight.get(at).unwrap_or(&0))).collect()
    }

    fn lines(lines: Lines, width: u32, rows: u32, bits: &str) -> Result<Vec<Vec<u32>>, Refusal> {
        let mut out = Vec::new();
        Decoder::new(lines, width).strip(&packed(bits), rows, &mut |line| out.push(line.to_vec()))?;
        Ok(out)
    }

    const EOL: &str = "000000000001";

    #[test]
    fn codes_are_complete() {
        for (codes, longest) in [(WHITE, 12), (BLACK, 13)] {
            let codes: Vec<&str> = codes.split_ascii_whitespace().collect();
            assert_eq!((codes.len(), codes.iter().map(|code| code.len()).max()), (104, Some(longest)));
            for (at, code) in codes.iter().enumerate() {
                assert!(codes[..at].iter().all(|other| !other.starts_with(code) && !code.starts_with(other)), "{code}");
            }
        }
    }

    #[test]
    fn runs_of_one_dimension() {
        // White 2, black 3, white 5; white 0, black 10.
        let (one, two) = ("0111 10 1100", "00110101 0000100");
        assert_eq!(
            lines(Lines::OneDimension, 10, 2, &format!("{EOL}{one}{EOL}{two}")).unwrap(),
            [vec![2, 5, 10], vec![0, 10]]
        );
        assert_eq!(lines(Lines::OneDimension, 10, 2, &format!("{one}{two}")).unwrap(), [vec![2, 5, 10], vec![0, 10]]);
        assert_eq!(lines(Lines::Aligned, 10, 2, &format!("{one}000000{two}")).unwrap(), [vec![2, 5, 10], vec![0, 10]]);
        // White 64 and 6.
        assert_eq!(lines(Lines::OneDimension, 70, 1, "11011 1110").unwrap(), [vec![70]]);
        assert_eq!(lines(Lines::OneDimension, 9, 1, one).unwrap_err(), Refusal::Malformed);
        assert_eq!(lines(Lines::OneDimension, 10, 1, "00000000").unwrap_err(), Refusal::Malformed);
    }

    #[test]
    fn differences_of_two_dimensions() {
        // A line of 2, 3, 5; then one to the right at both ends; then passed over.
        let first = format!("{EOL}1 0111 10 1100");
        let shifted = format!("{EOL}0 011 011 1");
        let passed = format!("{EOL}0 0001 1");
        let fresh = format!("{EOL}0 001 000111 11 1");
        let made = lines(Lines::TwoDimensions, 10, 4, &format!("{first}{shifted}{passed}{first}")).unwrap();
        assert_eq!(made, [vec![2, 5, 10], vec![3, 6, 10], vec![10], vec![2, 5, 10]]);
        let made = lines(Lines::TwoDimensions, 10, 2, &format!("{first}{fresh}")).unwrap();
        assert_eq!(made[1], [1, 3, 10]);
        assert_eq!(lines(Lines::TwoDimensions, 10, 1, "1 0111 10 1100").unwrap_err(), Refusal::Malformed);
    }

    #[test]
    fn any_bits_end() {
        let mut chance = crate::noise::Chance::new([2; 32]);
        for kind in [Lines::Aligned, Lines::OneDimension, Lines::TwoDimensions] {
            for _ in 0..3000 {
                let mut data: Vec<u8> = (0..60).map(|_| (chance.next() & 255) as u8).collect();
                data.splice(0..0, [0, 0x10 | data[0] & 15]);
                let _ = Decoder::new(kind, 100).strip(&data, 50, &mut |line| {
                    assert!(line.is_sorted() && line.last().is_none_or(|last| *last <= 100));
                });
            }
        }
    }
}
