//! Octets to text. Labels are often wrong or missing: of the readings that
//! the evidence suggests, the first without errors is taken.
//!
//! Never: guesses where the label's own reading has no errors and nothing
//! certain speaks against it, or reads what hides characters (UTF-7, HZ) unless
//! the label says so.

mod guess;
mod hz;
mod iso2022;
mod jisx0213;
mod labels;
mod runs;
mod utf7;
mod wide;

#[cfg(test)]
mod tests;

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8, WINDOWS_1252};

use iso2022::Country;
use jisx0213::Encoded;
use wide::Wide;

/// Decoded text, and how it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// The text; U+FFFD where an octet could not be read.
    pub(crate) text: String,
    /// The name of the charset that was used.
    pub(crate) used: &'static str,
    /// How many characters could not be read.
    pub(crate) replacements: u64,
    /// How the label fared.
    pub(crate) label: Label,
}

impl Decoded {
    /// Whether it was written in the encoding that hides ASCII in ASCII.
    pub(crate) fn is_utf7(&self) -> bool {
        self.used == Charset::Utf7.name()
    }
}

/// How a label fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// There was none, or one that says nothing.
    Absent,
    /// It fits.
    Right,
    /// Another reading fits better.
    Wrong,
    /// Nobody knows it.
    Unknown,
}

/// Reads `octets` under `label`.
pub(crate) fn decode(octets: &[u8], label: Option<&[u8]>) -> Decoded {
    let declared = match label.map_or(Declared::Nothing, labels::resolve) {
        Declared::Known(Charset::Wide(wide)) => Declared::Known(Charset::Wide(wide.settled(octets))),
        other => other,
    };
    let evidence = Evidence::of(octets);
    if evidence.is_ascii && declared.reads_ascii(octets) {
        return Decoded {
            text: String::from_utf8_lossy(octets).into_owned(),
            used: "us-ascii",
            replacements: 0,
            label: declared.label_if_right(),
        };
    }
    let Reading { charset, text, errors } = best(declared, &evidence, octets);
    let label = match declared {
        Declared::Known(known) if known != charset => Label::Wrong,
        Declared::Ascii => Label::Wrong,
        Declared::Nothing | Declared::Known(_) | Declared::Unknown => declared.label_if_right(),
    };
    // The mark at the start says how the octets are to be read, and no more.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Decoded { text, used: charset.name(), replacements: errors, label }
}

/// Whether octets without a label may be Shift_JIS, where the second octet of
/// a character may look like ASCII. Of UTF-8 and EUC-JP none does.
pub(crate) fn hides_ascii(octets: &[u8]) -> bool {
    let is_euc = || EUC_JP.decode_without_bom_handling_and_without_replacement(octets).is_some();
    std::str::from_utf8(octets).is_err() && !is_euc()
}

/// A charset that can be read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Charset {
    Hz,
    Iso2022(Country),
    Jis2004(Encoded),
    Utf7,
    Wide(Wide),
    Whatwg(&'static Encoding),
}

impl Charset {
    const UTF_8: Self = Self::Whatwg(UTF_8);

    fn name(self) -> &'static str {
        match self {
            Self::Hz => "hz",
            Self::Iso2022(country) => country.name(),
            Self::Jis2004(encoded) => encoded.name(),
            Self::Utf7 => "utf-7",
            Self::Wide(wide) => wide.name(),
            Self::Whatwg(encoding) => encoding.name(),
        }
    }

    /// The text, and how many errors.
    fn read(self, octets: &[u8]) -> (String, u64) {
        match self {
            Self::Hz => hz::read(octets),
            Self::Iso2022(country) => country.read(octets),
            Self::Jis2004(encoded) => encoded.read(octets),
            Self::Utf7 => utf7::read(octets),
            Self::Wide(wide) => wide.read(octets),
            Self::Whatwg(encoding) => match encoding.decode_without_bom_handling_and_without_replacement(octets) {
                Some(text) => (text.into_owned(), 0),
                None => {
                    let (text, _) = encoding.decode_without_bom_handling(octets);
                    let errors = text.chars().filter(|c| *c == '\u{fffd}').count();
                    (text.into_owned(), errors.max(1) as u64)
                }
            },
        }
    }

    /// Whether it is one of those for Japanese.
    fn is_japanese(self) -> bool {
        match self {
            Self::Iso2022(country) => country == Country::Japan,
            Self::Jis2004(_) => true,
            Self::Whatwg(encoding) => encoding == SHIFT_JIS || encoding == EUC_JP,
            Self::Hz | Self::Utf7 | Self::Wide(_) => false,
        }
    }
}

/// What a label says.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Declared {
    Nothing,
    Ascii,
    Known(Charset),
    Unknown,
}

impl Declared {
    fn label_if_right(self) -> Label {
        match self {
            Self::Nothing => Label::Absent,
            Self::Ascii | Self::Known(_) => Label::Right,
            Self::Unknown => Label::Unknown,
        }
    }

    /// Whether octets below 0x80 without escapes are ASCII under this label.
    fn reads_ascii(self, octets: &[u8]) -> bool {
        match self {
            Self::Known(Charset::Utf7) => false,
            // Text in two or four octets has NULs or high octets; without
            // either the label is wrong.
            Self::Known(Charset::Wide(_)) => !octets.contains(&0),
            // SO shifts.
            Self::Known(Charset::Iso2022(_)) => !octets.contains(&0x0e),
            Self::Known(Charset::Hz) => !octets.contains(&b'~'),
            Self::Known(Charset::Whatwg(encoding)) => encoding.is_ascii_compatible(),
            Self::Known(Charset::Jis2004(_)) | Self::Nothing | Self::Ascii | Self::Unknown => true,
        }
    }
}

/// What the octets themselves show.
struct Evidence {
    is_seven_bit: bool,
    /// The same, and nothing shifts or widens it.
    is_ascii: bool,
    utf8: Utf8,
    has_escapes: bool,
    wide: Option<Wide>,
}

/// How much octets look like UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Utf8 {
    /// They are not, or it does not show.
    No,
    /// But for a slip or two, such as a character that was cut.
    Nearly,
    /// Without errors.
    Yes,
    /// So many characters of three octets do not come about by chance.
    Surely,
}

impl Utf8 {
    fn of(octets: &[u8]) -> Self {
        if octets.is_ascii() {
            return Self::No;
        }
        if std::str::from_utf8(octets).is_ok() {
            // First octets of two, and of three or four: U+0800 begins with 0xe0.
            let short = octets.iter().filter(|b| matches!(b, 0xc2..=0xdf)).count();
            let long = octets.iter().filter(|b| **b >= 0xe0).count();
            return if long >= 2 && long >= short { Self::Surely } else { Self::Yes };
        }
        let (mut short, mut long, mut slips, mut cut) = (0_usize, 0, 0, false);
        for chunk in octets.utf8_chunks() {
            for c in chunk.valid().chars().filter(|c| !c.is_ascii()) {
                *if c < '\u{800}' { &mut short } else { &mut long } += 1;
            }
            cut = !chunk.invalid().is_empty();
            slips += usize::from(cut);
        }
        match slips {
            1 if cut && long >= 2 => Self::Nearly,
            _ if long >= 2 && short + long >= 4 * slips => Self::Nearly,
            _ => Self::No,
        }
    }
}

impl Evidence {
    fn of(octets: &[u8]) -> Self {
        let escapes = memchr::memchr_iter(0x1b, octets);
        let has_escapes = escapes.into_iter().any(|at| matches!(octets.get(at + 1), Some(b'$' | b'(')));
        let is_seven_bit = octets.is_ascii();
        let wide = Wide::seen_in(octets);
        let is_ascii = is_seven_bit && !has_escapes && wide.is_none();
        Self { is_seven_bit, is_ascii, utf8: Utf8::of(octets), has_escapes, wide }
    }
}

/// A reading to try.
#[derive(Clone, Copy)]
enum Candidate {
    Charset(Charset),
    /// EUC-JP if there is much kana in it: read as Shift_JIS or eight-bit
    /// ISO-2022-JP, that is half-width katakana, and no error shows.
    SureEuc,
    /// Japanese if that is certain, under a label of Western Europe, which
    /// reads all octets and gives controls for some.
    SureJapanese,
    /// What is likeliest by the look of the octets.
    Likeliest,
}

/// The readings to try, in order.
fn candidates(declared: Declared, evidence: &Evidence) -> [Option<Candidate>; 6] {
    let known = |charset| Some(Candidate::Charset(charset));
    let jis = evidence.has_escapes.then_some(Candidate::Charset(Charset::Iso2022(Country::Japan)));
    let utf8 = (evidence.utf8 >= Utf8::Yes).then_some(Candidate::Charset(Charset::UTF_8));
    let likely = (!evidence.is_seven_bit).then_some(Candidate::Likeliest);
    match declared {
        Declared::Known(charset @ Charset::Utf7) => [known(charset), utf8, jis, likely, None, None],
        Declared::Known(charset @ Charset::Iso2022(_)) => {
            [utf8, Some(Candidate::SureEuc), known(charset), likely, None, None]
        }
        Declared::Known(charset @ Charset::Wide(_)) => [known(charset), utf8, jis, likely, None, None],
        Declared::Known(charset) => {
            // ESC $ means nothing in any charset but the ISO 2022 ones.
            let surely = if evidence.utf8 == Utf8::Surely { utf8 } else { jis };
            let despite = match charset {
                Charset::Whatwg(encoding) if encoding == WINDOWS_1252 => Some(Candidate::SureJapanese),
                charset if charset.is_japanese() => Some(Candidate::SureEuc),
                _ => None,
            };
            [surely, despite.filter(|_| !evidence.is_seven_bit), known(charset), utf8, likely, None]
        }
        Declared::Nothing | Declared::Ascii | Declared::Unknown => {
            let wide = evidence.wide.map(|wide| Candidate::Charset(Charset::Wide(wide)));
            let utf8 = (evidence.utf8 >= Utf8::Nearly).then_some(Candidate::Charset(Charset::UTF_8));
            let latin = (!evidence.is_seven_bit).then_some(Candidate::Charset(Charset::Whatwg(WINDOWS_1252)));
            [wide, jis, utf8, likely, latin, None]
        }
    }
}

/// A reading that was made.
struct Reading {
    charset: Charset,
    text: String,
    errors: u64,
}

impl Reading {
    fn of(charset: Charset, octets: &[u8]) -> Self {
        let (text, errors) = charset.read(octets);
        Self { charset, text, errors }
    }

    /// Whether the errors are slips in a text that is otherwise right: a
    /// charset of one octet a character, which reads everything, is then no
    /// better.
    fn is_sound(&self) -> bool {
        let good = self.text.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count() as u64;
        let is_cut = self.errors == 1 && self.text.trim_end().ends_with('\u{fffd}');
        let enough = match self.charset {
            Charset::Whatwg(encoding) if encoding.is_single_byte() => return self.errors == 0,
            Charset::Whatwg(encoding) if encoding == UTF_8 => self.errors,
            _ => 8 * self.errors,
        };
        good >= enough && good > 0 || is_cut && good > 1
    }
}

/// Of the readings to try, the first without errors, or the one with fewest.
fn best(declared: Declared, evidence: &Evidence, octets: &[u8]) -> Reading {
    let is_japanese = matches!(declared, Declared::Known(charset) if charset.is_japanese());
    let mut best: Option<Reading> = None;
    for candidate in candidates(declared, evidence).into_iter().flatten() {
        let is_sound = best.as_ref().is_some_and(Reading::is_sound);
        let charset = match candidate {
            // What reads everything is no better than what has a slip.
            Candidate::Charset(Charset::Whatwg(encoding)) if is_sound && encoding.is_single_byte() => None,
            Candidate::Charset(charset) => Some(charset),
            Candidate::SureEuc => guess::sure_euc(octets),
            Candidate::SureJapanese => guess::sure_despite_label(octets),
            // The guess costs more than all else, and is seldom needed.
            Candidate::Likeliest if is_sound => guess::sure(octets),
            Candidate::Likeliest => guess::guess(octets, is_japanese),
        };
        let Some(reading) = charset.map(|charset| Reading::of(charset, octets)) else { continue };
        let is_better = best.as_ref().is_none_or(|best| reading.errors < best.errors);
        if is_better {
            best = Some(reading);
        }
        if best.as_ref().is_some_and(|best| best.errors == 0) {
            break;
        }
    }
    best.unwrap_or_else(|| Reading::of(Charset::Whatwg(WINDOWS_1252), octets))
}
