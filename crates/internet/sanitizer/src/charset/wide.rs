//! Charsets of two and four octets a character: UTF-16 and UTF-32.

/// Width and order of octets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wide {
    octets: usize,
    little: Option<bool>,
}

impl Wide {
    /// What a label (in lower case) names, if it names one of these.
    pub(super) fn for_label(label: &str) -> Option<Self> {
        let (octets, little) = match label {
            "utf-16" | "utf16" | "unicode" | "ucs-2" | "iso-10646-ucs-2" | "csunicode" => (2, None),
            "utf-16be" => (2, Some(false)),
            "utf-16le" => (2, Some(true)),
            "utf-32" | "utf32" | "ucs-4" | "iso-10646-ucs-4" => (4, None),
            "utf-32be" => (4, Some(false)),
            "utf-32le" => (4, Some(true)),
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

    /// The same with the order that `octets` have.
    pub(super) fn settled(self, octets: &[u8]) -> Self {
        let marked = match (self.octets, octets) {
            (4, [0, 0, 0xfe, 0xff, ..]) | (2, [0xfe, 0xff, ..]) => Some(false),
            (4, [0xff, 0xfe, 0, 0, ..]) | (2, [0xff, 0xfe, ..]) => Some(true),
            // Without a mark, ASCII tells: its zeros come second.
            (2, [first, 0, third, 0, ..]) if *first != 0 && *third != 0 => Some(true),
            _ => None,
        };
        Self { little: self.little.or(marked).or(Some(false)), ..self }
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
