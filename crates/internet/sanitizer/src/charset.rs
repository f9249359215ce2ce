//! Octets to text. Labels are often wrong or missing: of the readings that
//! the evidence suggests, the first without errors is taken.
//!
//! Never: guesses where the label's own reading has no errors, or trusts an
//! encoding (UTF-7) that hides markup from whoever does not decode it.

mod jis;

use encoding_rs::{EUC_JP, Encoding, REPLACEMENT, SHIFT_JIS, UTF_8, WINDOWS_1252};

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

/// A charset that can be read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Charset {
    Jis,
    Whatwg(&'static Encoding),
}

impl Charset {
    fn name(self) -> &'static str {
        match self {
            Self::Jis => "iso-2022-jp",
            Self::Whatwg(encoding) => encoding.name(),
        }
    }

    /// The text, and how many errors.
    fn read(self, octets: &[u8]) -> (String, u64) {
        match self {
            Self::Jis => jis::read(octets),
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
}

/// Reads `octets` under `label`.
pub(crate) fn decode(octets: &[u8], label: Option<&[u8]>) -> Decoded {
    let declared = label.map_or(Declared::Nothing, resolve);
    let evidence = Evidence::of(octets);
    if evidence.is_ascii && !matches!(declared, Declared::Known(Charset::Whatwg(e)) if !e.is_ascii_compatible()) {
        let label = declared.label_if_right();
        return Decoded {
            text: String::from_utf8_lossy(octets).into_owned(),
            used: "us-ascii",
            replacements: 0,
            label,
        };
    }
    let mut best: Option<(Charset, String, u64)> = None;
    for charset in candidates(&declared, &evidence).into_iter().flatten() {
        let (text, errors) = charset.read(octets);
        if best.as_ref().is_none_or(|(_, _, least)| errors < *least) {
            best = Some((charset, text, errors));
        }
        if errors == 0 {
            break;
        }
    }
    let (charset, text, replacements) = best.unwrap_or_else(|| {
        let (text, errors) = Charset::Whatwg(WINDOWS_1252).read(octets);
        (Charset::Whatwg(WINDOWS_1252), text, errors)
    });
    let label = match declared {
        Declared::Known(known) if known != charset => Label::Wrong,
        Declared::Ascii => Label::Wrong,
        Declared::Nothing | Declared::Known(_) | Declared::Unknown => declared.label_if_right(),
    };
    Decoded { text, used: charset.name(), replacements, label }
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
}

/// The labels that mail uses beyond the WHATWG list, which has most.
fn resolve(label: &[u8]) -> Declared {
    let label = String::from_utf8_lossy(label)
        .trim_matches(|c: char| c.is_whitespace() || "'\"".contains(c))
        .to_ascii_lowercase();
    match label.as_str() {
        "" | "unknown-8bit" | "x-unknown" | "unknown" | "default" | "x-user-defined" => Declared::Nothing,
        "us-ascii" | "ascii" | "ansi_x3.4-1968" | "7bit" | "iso646-us" => Declared::Ascii,
        "jis" | "jis7" | "cp50220" | "cp50221" | "cp50222" => Declared::Known(Charset::Jis),
        _ if label.starts_with("iso-2022-jp") || label.starts_with("csiso2022jp") => Declared::Known(Charset::Jis),
        "cp932" | "ms932" | "windows-932" | "shiftjis" | "sjis-win" => Declared::Known(Charset::Whatwg(SHIFT_JIS)),
        "eucjp" | "euc_jp" | "ujis" | "eucjp-ms" | "eucjp-win" | "cp51932" => Declared::Known(Charset::Whatwg(EUC_JP)),
        "utf8mb4" | "utf-8n" | "cp65001" => Declared::Known(Charset::Whatwg(UTF_8)),
        "cp936" => Declared::Known(Charset::Whatwg(encoding_rs::GBK)),
        "cp949" | "uhc" => Declared::Known(Charset::Whatwg(encoding_rs::EUC_KR)),
        "cp950" => Declared::Known(Charset::Whatwg(encoding_rs::BIG5)),
        "utf-16be" => Declared::Known(Charset::Whatwg(encoding_rs::UTF_16BE)),
        _ => match Encoding::for_label(label.as_bytes()) {
            // The WHATWG's way to refuse charsets that are used for attacks.
            Some(encoding) if encoding != REPLACEMENT => Declared::Known(Charset::Whatwg(encoding)),
            _ => Declared::Unknown,
        },
    }
}

/// What the octets themselves show.
struct Evidence {
    is_ascii: bool,
    is_utf8: bool,
    has_escapes: bool,
    /// Without errors, and with Japanese text in it: Shift_JIS or EUC-JP.
    japanese: Option<&'static Encoding>,
}

impl Evidence {
    fn of(octets: &[u8]) -> Self {
        let has_escapes = octets.windows(2).any(|w| w == b"\x1b$" || w == b"\x1b(");
        let is_ascii = octets.is_ascii() && !has_escapes;
        let is_utf8 = std::str::from_utf8(octets).is_ok() && !octets.is_ascii();
        let japanese = if is_ascii || is_utf8 { None } else { guess_japanese(octets) };
        Self { is_ascii, is_utf8, has_escapes, japanese }
    }
}

/// Of the two eight-bit Japanese encodings the one that reads without errors
/// and gives more kana; `None` if neither gives any text that is likely.
fn guess_japanese(octets: &[u8]) -> Option<&'static Encoding> {
    let score = |encoding: &'static Encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(octets)?;
        let kana = text.chars().filter(|c| matches!(c, '\u{3001}'..='\u{30ff}')).count();
        let kanji = text.chars().filter(|c| matches!(c, '\u{4e00}'..='\u{9fff}')).count();
        let half = text.chars().filter(|c| matches!(c, '\u{ff61}'..='\u{ff9f}')).count();
        let likely = kana > 0 || kanji >= 2 || half >= 4;
        likely.then_some((2 * kana + kanji).saturating_sub(half))
    };
    match (score(SHIFT_JIS), score(EUC_JP)) {
        (Some(sjis), Some(euc)) if euc > sjis => Some(EUC_JP),
        (Some(_), _) => Some(SHIFT_JIS),
        (None, euc) => euc.map(|_| EUC_JP),
    }
}

/// The readings to try, in order.
fn candidates(declared: &Declared, evidence: &Evidence) -> [Option<Charset>; 5] {
    let jis = evidence.has_escapes.then_some(Charset::Jis);
    let utf8 = evidence.is_utf8.then_some(Charset::Whatwg(UTF_8));
    let japanese = evidence.japanese.map(Charset::Whatwg);
    let latin = Some(Charset::Whatwg(WINDOWS_1252));
    match declared {
        // ESC $ means nothing in any charset but the ISO-2022 ones.
        Declared::Known(Charset::Whatwg(e)) if evidence.has_escapes && e.is_ascii_compatible() => {
            [jis, Some(Charset::Whatwg(e)), utf8, japanese, None]
        }
        // A kana by eight bits is allowed, but UTF-8 does not come about by chance.
        Declared::Known(Charset::Jis) => [utf8, Some(Charset::Jis), japanese, None, None],
        Declared::Known(known) => [Some(*known), utf8, jis, japanese, None],
        Declared::Nothing | Declared::Ascii | Declared::Unknown => [jis, utf8, japanese, latin, None],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JIS: &[u8] = b"\x1b$B4X=j\x1b(B ok";
    const SJIS: &[u8] = b"\x8a\xd6\x8f\x8a\x82\xcc";
    const EUC: &[u8] = b"\xb4\xd8\xbd\xea\xa4\xce";

    #[test]
    fn labels_right_wrong_and_absent() {
        for (octets, label, text, used, fate) in [
            (&b"abc"[..], None, "abc", "us-ascii", Label::Absent),
            (b"abc", Some("x-nothing"), "abc", "us-ascii", Label::Unknown),
            (JIS, Some("ISO-2022-JP"), "関所 ok", "iso-2022-jp", Label::Right),
            (JIS, Some("us-ascii"), "関所 ok", "iso-2022-jp", Label::Wrong),
            (JIS, Some("utf-8"), "関所 ok", "iso-2022-jp", Label::Wrong),
            (JIS, None, "関所 ok", "iso-2022-jp", Label::Absent),
            (SJIS, Some("Shift_JIS"), "関所の", "Shift_JIS", Label::Right),
            (SJIS, Some("iso-2022-jp"), "関所の", "Shift_JIS", Label::Wrong),
            (SJIS, None, "関所の", "Shift_JIS", Label::Absent),
            (EUC, None, "関所の", "EUC-JP", Label::Absent),
            (EUC, Some("\"euc-jp\""), "関所の", "EUC-JP", Label::Right),
            (SJIS, Some("utf-8"), "関所の", "Shift_JIS", Label::Wrong),
            ("関所".as_bytes(), Some("iso-2022-jp"), "関所", "UTF-8", Label::Wrong),
            ("関所".as_bytes(), None, "関所", "UTF-8", Label::Absent),
            (b"caf\xe9 noir", None, "café noir", "windows-1252", Label::Absent),
            (b"caf\xe9", Some("iso-8859-1"), "café", "windows-1252", Label::Right),
            (b"+ADw-script+AD4-", Some("utf-7"), "+ADw-script+AD4-", "us-ascii", Label::Unknown),
            (b"\x87\x40\x87\x8a\xfb\xfc\x81\x60", Some("cp932"), "①㈱髙～", "Shift_JIS", Label::Right),
        ] {
            let got = decode(octets, label.map(str::as_bytes));
            assert_eq!((got.text.as_str(), got.used, got.label), (text, used, fate), "{octets:?} {label:?}");
            assert_eq!(got.replacements, 0);
        }
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        let got = decode(b"a\xff\xfeb\xe3\x81", Some(b"utf-8"));
        assert!(got.replacements > 0 && got.text.starts_with('a'));
    }
}
