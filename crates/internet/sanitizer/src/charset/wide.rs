//! Charsets of two and four octets a character: UTF-16 and UTF-32.

/// Octets that are looked at for their order.
const SAMPLE: usize = 4096;

/// Width and order of octets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wide {
    octets: usize,
    little: Option<bool>,
}

impl Wide {
    /// What a label's letters and digits name, if it names one of these.
    pub(super) fn for_label(key: &str) -> Option<Self> {
        let (octets, little) = match key {
            "utf16" | "unicode" | "ucs2" | "iso10646ucs2" | "csunicode" => (2, None),
            "utf16be" | "cp1201" | "unicodefffe" => (2, Some(false)),
            "utf16le" | "cp1200" => (2, Some(true)),
            "utf32" | "ucs4" | "iso10646ucs4" => (4, None),
            "utf32be" | "cp12001" => (4, Some(false)),
            "utf32le" | "cp12000" => (4, Some(true)),
            _ => return None,
        };
        Some(Self { octets, little })
    }

    /// The name of what is read. (The mark of order is known only with the
    /// text; RFC 2781 4.3 says big-endian without one.)
    pub(super) fn name(self) -> &'static str {
        match (self.octets, self.little) {
            (2, Some(true)) => "utf-16le",
            (2, _) => "utf-16be",
            (_, Some(true)) => "utf-32le",
            (_, _) => "utf-32be",
        }
    }

    /// What `octets` without a label show to be: by their mark, or by the
    /// zeros of ASCII.
    pub(super) fn seen_in(octets: &[u8]) -> Option<Self> {
        let by_mark = |count| Self { octets: count, little: None }.marked(octets).map(|little| (count, little));
        let (count, little) = by_mark(4).or_else(|| by_mark(2)).or_else(|| by_zeros(octets))?;
        Some(Self { octets: count, little: Some(little) })
    }

    /// The same with the order that `octets` have.
    pub(super) fn settled(self, octets: &[u8]) -> Self {
        let little = self.little.or_else(|| self.marked(octets)).or_else(|| self.looks(octets));
        Self { little: little.or(Some(false)), ..self }
    }

    /// What the mark at the start says.
    fn marked(self, octets: &[u8]) -> Option<bool> {
        match (self.octets, octets) {
            (4, [0, 0, 0xfe, 0xff, ..]) | (2, [0xfe, 0xff, ..]) => Some(false),
            (4, [0xff, 0xfe, 0, 0, ..]) | (2, [0xff, 0xfe, ..]) => Some(true),
            _ => None,
        }
    }

    /// Without a mark, the upper octets tell: those of ASCII are 0, those of
    /// kana 0x30.
    fn looks(self, octets: &[u8]) -> Option<bool> {
        let sample = octets.get(..SAMPLE).unwrap_or(octets);
        let upper = |at: usize| sample.chunks_exact(self.octets).filter(|c| matches!(c[at], 0 | 0x30)).count();
        let (big, little) = (upper(0), upper(self.octets - 1));
        (big != little).then_some(little > big)
    }

    /// The text, and how many characters could not be read.
    pub(super) fn read(self, octets: &[u8]) -> (String, u64) {
        let little = self.settled(octets).little == Some(true);
        let mut errors = u64::from(!octets.len().is_multiple_of(self.octets));
        let mut out = String::with_capacity(octets.len());
        let number = |chunk: &[u8]| {
            let digit = |n: u32, b: &u8| n << 8 | u32::from(*b);
            if little { chunk.iter().rev().fold(0, digit) } else { chunk.iter().fold(0, digit) }
        };
        let numbers = octets.chunks_exact(self.octets).map(number);
        let mut push = |c: Option<char>| {
            errors += u64::from(c.is_none());
            out.push(c.unwrap_or('\u{fffd}'));
        };
        if self.octets == 2 {
            let units = numbers.map(|n| u16::try_from(n).unwrap_or(0));
            char::decode_utf16(units).for_each(|unit| push(unit.ok()));
        } else {
            numbers.for_each(|n| push(char::from_u32(n)));
        }
        let text = out.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(out);
        (text, errors)
    }
}

/// UTF-16 of mostly ASCII: half of the octets of one side are 0, and none of
/// the other.
fn by_zeros(octets: &[u8]) -> Option<(usize, bool)> {
    let sample = octets.get(..SAMPLE).unwrap_or(octets);
    let zeros = |at: usize| sample.chunks_exact(2).filter(|pair| pair[at] == 0).count();
    let enough = (sample.len() / 4).max(2);
    match (zeros(0), zeros(1)) {
        (0, little) if little >= enough => Some((2, true)),
        (big, 0) if big >= enough => Some((2, false)),
        _ => None,
    }
}
