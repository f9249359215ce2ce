//! Octets to text. Labels are often wrong or missing: of the readings that
//! the evidence suggests, the first without errors is taken.
//!
//! Never: guesses where the label's own reading has no errors, or reads what
//! hides characters (UTF-7) unless the label says so.

mod guess;
mod jis;
mod utf7;
mod wide;

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

/// A charset that can be read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Charset {
    Jis,
    Utf7,
    Wide(wide::Wide),
    Whatwg(&'static Encoding),
}

impl Charset {
    fn name(self) -> &'static str {
        match self {
            Self::Jis => "iso-2022-jp",
            Self::Utf7 => "utf-7",
            Self::Wide(wide) => wide.name(),
            Self::Whatwg(encoding) => encoding.name(),
        }
    }

    /// The text, and how many errors.
    fn read(self, octets: &[u8]) -> (String, u64) {
        match self {
            Self::Jis => jis::read(octets),
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
}

/// Reads `octets` under `label`.
pub(crate) fn decode(octets: &[u8], label: Option<&[u8]>) -> Decoded {
    let declared = match label.map_or(Declared::Nothing, resolve) {
        Declared::Known(Charset::Wide(wide)) => Declared::Known(Charset::Wide(wide.settled(octets))),
        other => other,
    };
    let evidence = Evidence::of(octets);
    if evidence.is_ascii && declared.reads_ascii(octets) {
        let label = declared.label_if_right();
        return Decoded {
            text: String::from_utf8_lossy(octets).into_owned(),
            used: "us-ascii",
            replacements: 0,
            label,
        };
    }
    let mut best: Option<(Charset, String, u64)> = None;
    for reading in candidates(&declared, &evidence).into_iter().flatten() {
        // The guess costs more than all else, and is seldom needed.
        let likeliest = || if evidence.is_seven_bit || evidence.is_utf8 { None } else { guess::guess(octets) };
        let Some(charset) = reading.or_else(|| likeliest().map(Charset::Whatwg)) else { continue };
        let (text, errors) = charset.read(octets);
        if best.as_ref().is_none_or(|(_, _, least)| errors < *least && !is_utf8_with_slips(&declared, octets)) {
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

/// Whether octets labelled UTF-8 are UTF-8 but for a slip or two (a text cut
/// in mid-character): another charset that happens to read them is wrong.
fn is_utf8_with_slips(declared: &Declared, octets: &[u8]) -> bool {
    if *declared != Declared::Known(Charset::Whatwg(UTF_8)) {
        return false;
    }
    let (mut good, mut slips) = (0, 0);
    for chunk in octets.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        slips += usize::from(!chunk.invalid().is_empty());
    }
    good >= 2 * slips && good > 0
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
            // CP50222: SO shifts half-width katakana.
            Self::Known(Charset::Jis) => !octets.contains(&0x0e),
            Self::Known(Charset::Whatwg(encoding)) => encoding.is_ascii_compatible(),
            Self::Nothing | Self::Ascii | Self::Unknown => true,
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
        "utf-7" | "utf7" | "x-unicode-2-0-utf-7" | "unicode-1-1-utf-7" | "csunicode11utf7" | "cp65000" => {
            Declared::Known(Charset::Utf7)
        }
        "gb_2312-80" | "gb2312-80" | "euc-cn" | "euccn" => Declared::Known(Charset::Whatwg(encoding_rs::GBK)),
        "tis-620" | "windows-874" | "cp874" | "tis620" => Declared::Known(Charset::Whatwg(encoding_rs::WINDOWS_874)),
        "cp1252" | "cp-1252" | "ansi" | "win-1252" | "windows1252" => Declared::Known(Charset::Whatwg(WINDOWS_1252)),
        _ if wide::Wide::for_label(&label).is_some() => {
            wide::Wide::for_label(&label).map_or(Declared::Unknown, |wide| Declared::Known(Charset::Wide(wide)))
        }
        _ => match Encoding::for_label(label.as_bytes()) {
            // The WHATWG's way to refuse charsets that are used for attacks.
            Some(encoding) if encoding != REPLACEMENT => Declared::Known(Charset::Whatwg(encoding)),
            _ => Declared::Unknown,
        },
    }
}

/// What the octets themselves show.
struct Evidence {
    is_seven_bit: bool,
    /// The same, and no escape sequences in it.
    is_ascii: bool,
    is_utf8: bool,
    has_escapes: bool,
}

impl Evidence {
    fn of(octets: &[u8]) -> Self {
        let has_escapes = octets.windows(2).any(|w| w == b"\x1b$" || w == b"\x1b(");
        let is_ascii = octets.is_ascii() && !has_escapes;
        let is_utf8 = std::str::from_utf8(octets).is_ok() && !octets.is_ascii();
        Self { is_seven_bit: octets.is_ascii(), is_ascii, is_utf8, has_escapes }
    }
}

/// A reading to try: a charset, or `None` for the one that is likeliest by the
/// look of the octets.
type Reading = Option<Charset>;

/// The readings to try, in order.
fn candidates(declared: &Declared, evidence: &Evidence) -> [Option<Reading>; 5] {
    let jis = evidence.has_escapes.then_some(Some(Charset::Jis));
    let utf8 = evidence.is_utf8.then_some(Some(Charset::Whatwg(UTF_8)));
    let likely = Some(None);
    let latin = (!evidence.is_seven_bit).then_some(Some(Charset::Whatwg(WINDOWS_1252)));
    let known = |charset| Some(Some(charset));
    match declared {
        Declared::Known(Charset::Utf7) => [known(Charset::Utf7), utf8, jis, likely, None],
        // ESC $ means nothing in any charset but the ISO-2022 ones.
        Declared::Known(Charset::Whatwg(e)) if evidence.has_escapes && e.is_ascii_compatible() => {
            [jis, known(Charset::Whatwg(e)), utf8, likely, None]
        }
        // A kana by eight bits is allowed, but UTF-8 does not come about by chance.
        Declared::Known(Charset::Jis) => [utf8, known(Charset::Jis), likely, None, None],
        Declared::Known(declared) => [known(*declared), utf8, jis, likely, None],
        Declared::Nothing | Declared::Ascii | Declared::Unknown => [jis, utf8, likely, latin, None],
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
            (b"+ADw-script+AD4-", Some("utf-7"), "<script>", "utf-7", Label::Right),
            (b"+ADw-script+AD4-", None, "+ADw-script+AD4-", "us-ascii", Label::Absent),
            (b"\x95\xa2\x62\x40", Some("utf-16be"), "関所", "utf-16be", Label::Right),
            (b"\xfe\xff\x00a\x95\xa2", Some("utf-16"), "a関", "utf-16be", Label::Right),
            (b"\xff\xfea\x00\xa2\x95", Some("utf-16"), "a関", "utf-16le", Label::Right),
            (b"\x00\x00\x00a\x00\x00\x95\xa2", Some("utf-32"), "a関", "utf-32be", Label::Right),
            (b"abcd", Some("utf-16"), "abcd", "us-ascii", Label::Right),
            (b"\x0e6@7\x0f", Some("iso-2022-jp"), "ｶﾀｷ", "iso-2022-jp", Label::Right),
            (b"\xe9\x96\xa2\xe6\x89\x80\xe3\x81\xae\xe3", Some("utf-8"), "関所の\u{fffd}", "UTF-8", Label::Right),
            (
                b"\xce\xd2\xca\xc7\xd6\xd0\xb9\xfa\xc8\xcb\xa3\xac\xc4\xe3\xba\xc3",
                Some("gb2312"),
                "我是中国人，你好",
                "GBK",
                Label::Right,
            ),
            (b"\xb0\xa1\xb3\xaa\xb4\xd9\xb6\xf3", Some("ks_c_5601-1987"), "가나다라", "EUC-KR", Label::Right),
            (b"\xa4\xa4\xa4\xe5", Some("big5"), "中文", "Big5", Label::Right),
            (
                b"\x81\x60\x81\x7c\x81\x61\x81\x91\x81\x92\x81\xca",
                Some("shift_jis"),
                "～－∥￠￡￢",
                "Shift_JIS",
                Label::Right,
            ),
            (b"\x1b$B!A!]!B!q!r\"L\x1b(B", Some("iso-2022-jp"), "～－∥￠￡￢", "iso-2022-jp", Label::Right),
            (
                b"\xa1\xc1\xa1\xdd\xa1\xc2\xa1\xf1\xa1\xf2\xa2\xcc",
                Some("euc-jp"),
                "～－∥￠￡￢",
                "EUC-JP",
                Label::Right,
            ),
            (b"\x1b$B4X=j\x1b(Jab", None, "関所ab", "iso-2022-jp", Label::Absent),
            (
                b"\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0",
                None,
                "Привет, как дела",
                "windows-1251",
                Label::Absent,
            ),
            (b"=1B$B4X=j", None, "=1B$B4X=j", "us-ascii", Label::Absent),
            (b"\x87\x40\x87\x8a\xfb\xfc\x81\x60", Some("cp932"), "①㈱髙～", "Shift_JIS", Label::Right),
        ] {
            let got = decode(octets, label.map(str::as_bytes));
            assert_eq!((got.text.as_str(), got.used, got.label), (text, used, fate), "{octets:?} {label:?}");
            assert_eq!(got.replacements, text.matches('\u{fffd}').count() as u64);
        }
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        let got = decode("関所の".as_bytes().split_last().map_or(&[], |(_, cut)| cut), Some(b"utf-8"));
        assert_eq!((got.text.as_str(), got.replacements), ("関所\u{fffd}", 1));
        let got = decode(b"\x1b$B4X=\x1b(B", Some(b"iso-2022-jp"));
        assert_eq!((got.text.as_str(), got.replacements), ("関\u{fffd}", 1));
    }
}
