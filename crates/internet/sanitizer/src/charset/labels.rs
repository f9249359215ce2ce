//! What a label names. Mail has many more spellings than the WHATWG's list.

use encoding_rs::{EUC_JP, Encoding, REPLACEMENT, SHIFT_JIS, UTF_8, WINDOWS_1252};

use super::iso2022::Country;
use super::jisx0213::Encoded;
use super::wide::Wide;
use super::{Charset, Declared};

/// What `label` says.
pub(super) fn resolve(label: &[u8]) -> Declared {
    let label = String::from_utf8_lossy(label)
        .trim_matches(|c: char| c.is_whitespace() || "'\"".contains(c))
        .to_ascii_lowercase();
    let key = key(&label);
    if label.is_empty()
        || matches!(key.as_str(), "unknown8bit" | "unknown" | "default" | "userdefined" | "binary" | "8bit" | "none")
    {
        return Declared::Nothing;
    }
    if matches!(key.as_str(), "usascii" | "ascii" | "ansix341968" | "7bit" | "iso646us" | "us") {
        return Declared::Ascii;
    }
    let known = japanese(&key)
        .or_else(|| neighbours(&key))
        .or_else(|| unicode(&key))
        .or_else(|| numbered(&key))
        .or_else(|| whatwg(&label));
    known.map_or(Declared::Unknown, Declared::Known)
}

/// A label without the marks that no two programs set alike: `x-` before it,
/// what Microsoft puts behind `$`, hyphens and the like.
fn key(label: &str) -> String {
    let label = label.split('$').next().unwrap_or(label).trim_start_matches('_');
    let label = label.strip_prefix("x-").unwrap_or(label);
    label.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn japanese(key: &str) -> Option<Charset> {
    Some(match key {
        "jis" | "jis7" | "jis8" | "cp50220" | "cp50221" | "cp50222" | "windows50220" | "windows50221"
        | "windows50222" | "windowsiso2022jp" => Charset::Iso2022(Country::Japan),
        _ if key.starts_with("iso2022jp") || key.starts_with("csiso2022jp") => Charset::Iso2022(Country::Japan),
        "shiftjis2004" | "shiftjisx0213" | "sjis2004" | "sjisx0213" => Charset::Jis2004(Encoded::ShiftJis),
        "eucjis2004" | "eucjisx0213" | "eucjp2004" => Charset::Jis2004(Encoded::Euc),
        "cp932" | "ms932" | "mscp932" | "windows932" | "windows31j" | "cswindows31j" | "mskanji" | "shiftjis"
        | "shiftjisms" | "csshiftjis" | "sjis" | "sjiswin" | "sjisopen" | "sjismac" | "macjapanese" | "cp943"
        | "ibm943" | "ibm943c" => Charset::Whatwg(SHIFT_JIS),
        "eucjp" | "ujis" | "eucjpms" | "eucjpwin" | "eucjpopen" | "cp51932" | "cseucpkdfmtjapanese" => {
            Charset::Whatwg(EUC_JP)
        }
        _ => return None,
    })
}

fn neighbours(key: &str) -> Option<Charset> {
    Some(match key {
        "iso2022kr" | "csiso2022kr" | "cp50225" => Charset::Iso2022(Country::Korea),
        "iso2022cn" | "iso2022cnext" | "csiso2022cn" | "cp50227" => Charset::Iso2022(Country::China),
        "hz" | "hzgb2312" | "cp52936" => Charset::Hz,
        "cp936" | "ms936" | "windows936" | "gb231280" | "euccn" => Charset::Whatwg(encoding_rs::GBK),
        "gb18030" | "cp54936" => Charset::Whatwg(encoding_rs::GB18030),
        "cp949" | "ms949" | "uhc" | "cp51949" => Charset::Whatwg(encoding_rs::EUC_KR),
        "cp950" | "ms950" | "windows950" => Charset::Whatwg(encoding_rs::BIG5),
        "tis620" | "cp874" => Charset::Whatwg(encoding_rs::WINDOWS_874),
        _ => return None,
    })
}

fn unicode(key: &str) -> Option<Charset> {
    Some(match key {
        "utf8" | "utf8mb4" | "utf8n" | "utf8bom" | "cp65001" => Charset::Whatwg(UTF_8),
        "utf7" | "unicode20utf7" | "unicode11utf7" | "csunicode11utf7" | "cp65000" => Charset::Utf7,
        _ => Charset::Wide(Wide::for_label(key)?),
    })
}

/// `cp1252`, `win-1252`, `iso_8859_15`: families whose number says it all.
fn numbered(key: &str) -> Option<Charset> {
    let digits = key.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let label = match key.strip_suffix(digits)? {
        "koi" if matches!(digits, "8r" | "8u") => format!("koi8-{}", &digits[1..]),
        "cp" | "win" | "windows" | "ms" | "ibm" if digits.starts_with("125") => format!("windows-{digits}"),
        "iso" | "" => format!("iso-8859-{}", digits.strip_prefix("8859")?),
        "latin" if matches!(digits, "9" | "0") => "iso-8859-15".to_owned(),
        "latin" => digits.parse::<u8>().ok().map(|n| format!("latin{n}"))?,
        "ansi" => return Some(Charset::Whatwg(WINDOWS_1252)),
        "macroman" => "macintosh".to_owned(),
        _ => return None,
    };
    whatwg(&label)
}

fn whatwg(label: &str) -> Option<Charset> {
    let found = Encoding::for_label(label.as_bytes())?;
    // The WHATWG's way to refuse charsets that are used for attacks.
    (found != REPLACEMENT).then_some(Charset::Whatwg(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (name, labels) in [
            (
                "iso-2022-jp",
                &[
                    "ISO-2022-JP",
                    "iso-2022-jp-1",
                    "iso-2022-jp-2",
                    "iso-2022-jp-3",
                    "iso-2022-jp-2004",
                    "iso2022jp",
                    "iso-2022-jp-ms",
                    "csISO2022JP",
                    "_iso-2022-jp$ESC",
                    "_iso-2022-jp$SIO",
                    "x-windows-iso2022jp",
                    "cp50220",
                    "CP50221",
                    "cp50222",
                    "JIS",
                ][..],
            ),
            (
                "Shift_JIS",
                &[
                    "Shift_JIS",
                    "shift-jis",
                    "x-sjis",
                    "windows-31j",
                    "cp932",
                    "x-ms-cp932",
                    "ms_kanji",
                    "MS932",
                    "sjis-win",
                    "x-mac-japanese",
                    "csWindows31J",
                ],
            ),
            ("EUC-JP", &["euc-jp", "x-euc-jp", "eucJP-ms", "cp51932", "ujis", "euc_jp"]),
            ("euc-jis-2004", &["EUC-JIS-2004", "euc-jisx0213"]),
            ("shift_jis-2004", &["Shift_JIS-2004", "shift_jisx0213", "sjis-2004"]),
            ("iso-2022-kr", &["iso-2022-kr"]),
            ("iso-2022-cn", &["iso-2022-cn", "ISO-2022-CN-EXT"]),
            ("hz", &["hz-gb-2312", "HZ"]),
            ("GBK", &["gb2312", "x-gbk", "cp936", "euc-cn", "gb_2312-80", "csGB2312"]),
            ("gb18030", &["gb18030", "GB-18030"]),
            ("Big5", &["big5", "big5-hkscs", "cp950", "x-x-big5"]),
            ("EUC-KR", &["euc-kr", "ks_c_5601-1987", "cp949", "uhc", "windows-949"]),
            ("UTF-8", &["utf-8", "UTF8", "utf-8n", "cp65001", "utf8mb4", "\"utf-8\"", "'utf-8'", " utf-8 ", "utf_8"]),
            ("utf-7", &["utf-7", "x-unicode-2-0-utf-7", "unicode-1-1-utf-7"]),
            ("utf-16be", &["utf-16", "UTF-16BE", "ucs-2", "unicode"]),
            ("utf-16le", &["utf-16le"]),
            ("utf-32be", &["utf-32", "utf32be"]),
            ("windows-1252", &["iso-8859-1", "latin1", "latin-1", "cp1252", "win-1252", "ansi", "iso8859_1", "8859-1"]),
            ("ISO-8859-15", &["iso-8859-15", "ISO8859-15", "iso_8859_15", "latin9", "latin-9"]),
            ("ISO-8859-2", &["iso-8859-2", "latin2", "8859_2"]),
            ("windows-1254", &["iso-8859-9", "windows-1254", "cp1254"]),
            ("windows-1251", &["windows-1251", "cp1251", "win1251", "cp-1251"]),
            ("KOI8-R", &["koi8-r", "koi8r"]),
            ("KOI8-U", &["koi8-u", "koi8u"]),
            ("windows-874", &["tis-620", "windows-874", "iso-8859-11"]),
            ("macintosh", &["macintosh", "x-mac-roman", "macroman"]),
        ] {
            for label in labels {
                let Declared::Known(charset) = resolve(label.as_bytes()) else { unreachable!("{label}") };
                assert_eq!(charset.name(), name, "{label}");
            }
        }
        for (label, declared) in [
            ("", Declared::Nothing),
            ("unknown-8bit", Declared::Nothing),
            ("x-user-defined", Declared::Nothing),
            ("US-ASCII", Declared::Ascii),
            ("ansi_x3.4-1968", Declared::Ascii),
            ("x-nothing", Declared::Unknown),
            ("replacement", Declared::Unknown),
            ("iso-8859-99", Declared::Unknown),
            ("関所", Declared::Unknown),
        ] {
            assert_eq!(resolve(label.as_bytes()), declared, "{label}");
        }
    }
}
