//! ISO 2022 in seven bits as mail programs write it: ISO-2022-JP with all its
//! extensions (RFC 1468, RFC 1554, RFC 2237, JIS X 0213, CP50220 to 50222),
//! ISO-2022-KR (RFC 1557), ISO-2022-CN (RFC 1922) as far as it is GB 2312.

use encoding_rs::{EUC_JP, EUC_KR, Encoding, GBK, ISO_8859_7, WINDOWS_1252};

use super::jisx0213::{self, Plane};
use super::runs::Runs;

/// The country whose practice it is: what SO shifts in if nothing else is
/// said, and what eight bits mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Country {
    Japan,
    Korea,
    China,
}

impl Country {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Japan => "iso-2022-jp",
            Self::Korea => "iso-2022-kr",
            Self::China => "iso-2022-cn",
        }
    }

    /// The text, and how many characters could not be read.
    pub(super) fn read(self, octets: &[u8]) -> (String, u64) {
        let shifted_out = match self {
            Self::Japan => Set::Kana, // CP50222
            Self::Korea => Set::Korean,
            Self::China => Set::Chinese,
        };
        let mut reader =
            Reader { country: self, set: Set::Ascii, shifted_out, single: None, runs: Runs::new(octets.len()) };
        let mut rest = octets;
        while !rest.is_empty() {
            let len = reader.step(rest);
            rest = rest.get(len..).unwrap_or_default();
        }
        reader.runs.end()
    }
}

/// The character set that is shifted in.
#[derive(Clone, Copy, PartialEq)]
enum Set {
    Ascii,
    /// JIS X 0208, with NEC's and IBM's rows.
    Kanji,
    /// JIS X 0212.
    Supplement,
    /// JIS X 0213.
    Extended(Plane),
    /// Half-width katakana of JIS X 0201.
    Kana,
    /// KS X 1001.
    Korean,
    /// GB 2312.
    Chinese,
    /// Known to exist, not known how to read.
    Foreign,
}

struct Reader {
    country: Country,
    set: Set,
    /// What SO shifts in.
    shifted_out: Set,
    /// The upper half of which `ESC N` takes one character (RFC 1554).
    single: Option<&'static Encoding>,
    runs: Runs,
}

impl Reader {
    /// Reads what stands at the start of `rest`; gives its length, 1 at least.
    fn step(&mut self, rest: &[u8]) -> usize {
        let Some(&b) = rest.first() else { return 1 };
        if let Some(len) = self.escape(rest) {
            return len;
        }
        match (b, self.set) {
            (0x0e, _) => self.set = self.shifted_out,
            (0x0f, _) => self.set = Set::Ascii,
            (b'\r' | b'\n', _) => {
                // RFC 1468: a line ends in ASCII; a missing escape ends here.
                (self.set, self.single) = (Set::Ascii, None);
                self.runs.ascii(b);
            }
            (0x00..0x21 | 0x7f, _) | (0x21..0x7f, Set::Ascii) => self.runs.ascii(b),
            (0x21..0x60, Set::Kana) => self.runs.octets(EUC_JP, &[0x8e, b | 0x80]),
            (0xa1..=0xdf, _) if self.country == Country::Japan => self.runs.octets(EUC_JP, &[0x8e, b]),
            (0x80.., _) | (_, Set::Kana) => self.runs.unreadable(),
            (0x21..0x7f, _) => return self.pair(rest),
        }
        1
    }

    fn pair(&mut self, rest: &[u8]) -> usize {
        let [lead, trail @ 0x21..0x7f, ..] = *rest else {
            self.runs.unreadable();
            return 1;
        };
        let high = [lead | 0x80, trail | 0x80];
        match self.set {
            Set::Kanji => self.runs.octets(EUC_JP, &high),
            Set::Supplement => self.runs.octets(EUC_JP, &[0x8f, high[0], high[1]]),
            Set::Extended(plane) => jisx0213::put(plane, [lead - 0x20, trail - 0x20], &mut self.runs),
            Set::Korean => self.runs.octets(EUC_KR, &high),
            Set::Chinese => self.runs.octets(GBK, &high),
            Set::Ascii | Set::Kana | Set::Foreign => self.runs.unreadable(),
        }
        2
    }

    /// Follows the escape sequence at the start of `rest`; gives its length.
    fn escape(&mut self, rest: &[u8]) -> Option<usize> {
        let (set, len) = match *rest {
            [0x1b, b'$', b'(', kind, ..] => (wide(kind), 4),
            [0x1b, b'$', b')', kind, ..] => {
                self.shifted_out = wide(kind);
                return Some(4);
            }
            [0x1b, b'$', b'*' | b'+', _, ..] => return Some(4),
            [0x1b, b'$', kind @ (b'@' | b'A' | b'B'), ..] => (wide(kind), 3),
            [0x1b, b'(', b'I', ..] => (Set::Kana, 3),
            [0x1b, b'(', b'B' | b'J' | b'H', ..] => (Set::Ascii, 3),
            // JIS X 0208:1990's mark that it is the later one.
            [0x1b, b'&', b'@', ..] => return Some(3),
            [0x1b, b'.', kind @ (b'A' | b'F'), ..] => {
                self.single = Some(if kind == b'A' { WINDOWS_1252 } else { ISO_8859_7 });
                return Some(3);
            }
            [0x1b, b'N', b @ 0x20..0x80, ..] => {
                self.single_shift(b);
                return Some(3);
            }
            _ => return None,
        };
        self.set = set;
        Some(len)
    }

    fn single_shift(&mut self, b: u8) {
        match self.single {
            Some(encoding) => self.runs.octets(encoding, &[b | 0x80]),
            None => self.runs.unreadable(),
        }
    }
}

/// The set of two octets a character that a final octet names (ISO-IR).
fn wide(kind: u8) -> Set {
    match kind {
        b'@' | b'B' => Set::Kanji,
        b'A' => Set::Chinese,
        b'C' => Set::Korean,
        b'D' => Set::Supplement,
        b'O' | b'Q' => Set::Extended(Plane::First),
        b'P' => Set::Extended(Plane::Second),
        _ => Set::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts() {
        for (octets, text, errors) in [
            (&b"a \x1b$B4X=j\x1b(Bb"[..], "a 関所b", 0),
            (b"\x1b$@4X=j\x1b(Jb", "関所b", 0),
            (b"\x1b&@\x1b$B4X\x1b(B", "関", 0),
            (b"\x1b$B4X\r\nabc", "関\r\nabc", 0),
            (b"\x1b(I6@7\x1b(B", "ｶﾀｷ", 0),
            (b"\x0e6@7\x0f", "ｶﾀｷ", 0),
            (b"\x1b$B4X\x0e6@7\x0f", "関ｶﾀｷ", 0),
            (b"\xb6\xc0\xb7", "ｶﾀｷ", 0),
            (b"\x1b$B4X\xb6\xc0=j", "関ｶﾀ所", 0),
            // NEC's row 13, and IBM's characters as NEC chose them.
            (b"\x1b$B-!-j\x1b(B", "①㈱", 0),
            (b"\x1b$B|bDM\x1b(B", "髙塚", 0),
            // JIS X 0212 and JIS X 0213.
            (b"\x1b$(D0(\x1b(B", "两", 0),
            (b"\x1b$(OOT\x1b(B\x1b$(Q$w&g\x1b(B", "𠮟か゚☎", 0),
            (b"\x1b$(P!!~v\x1b$(Q4X\x1b(B", "𠂉𪚲関", 0),
            (b"\x1b$(P\"!\x1b(B", "\u{fffd}", 1),
            // RFC 1554.
            (b"\x1b$A9X\x1b(B\x1b$(C0!\x1b(B", "关가", 0),
            (b"\x1b.ACaf\x1bNi\x1b.F\x1bNa", "Caféα", 0),
            (b"\x1bNi", "\u{fffd}", 1),
            (b"\x1b$B4\x1b(B", "\u{fffd}", 1),
            (b"\x1b$(E4X\x1b(B", "\u{fffd}", 1),
            (b"\xe3\x81\x82", "\u{fffd}\u{fffd}\u{fffd}", 3),
            (b"\x1b", "\x1b", 0),
        ] {
            assert_eq!(Country::Japan.read(octets), (text.to_owned(), errors), "{octets:?}");
        }
    }

    #[test]
    fn shifts_of_neighbours() {
        let korean = b"\x1b$)Ca \x0e0!3*\x0f b\r\n\x0e0!\r\nc";
        assert_eq!(Country::Korea.read(korean), ("a 가나 b\r\n가\r\nc".to_owned(), 0));
        assert_eq!(Country::China.read(b"\x1b$)A\x0eVPND\x0f."), ("中文.".to_owned(), 0));
        // CNS 11643: no table; two octets leave one mark.
        assert_eq!(Country::China.read(b"\x1b$)G\x0eVPND\x0f."), ("\u{fffd}\u{fffd}.".to_owned(), 2));
        assert_eq!(Country::Korea.read(b"\xb0\xa1"), ("\u{fffd}\u{fffd}".to_owned(), 2));
    }
}
