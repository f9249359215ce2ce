//! Windows code pages and locales, which Outlook names charsets by.

use encoding_rs::{Encoding, WINDOWS_1252};

/// The label of a code page, as mail would have it; none for those that mean
/// the program's own.
pub(super) fn label(codepage: u32) -> Option<String> {
    match codepage {
        0..=3 => None,
        20_127 => Some("us-ascii".to_owned()),
        20_866 => Some("koi8-r".to_owned()),
        21_866 => Some("koi8-u".to_owned()),
        28_591..=28_605 => Some(format!("iso-8859-{}", codepage - 28_590)),
        20_932 => Some("euc-jp".to_owned()),
        1200 => Some("utf-16le".to_owned()),
        _ => Some(format!("cp{codepage}")),
    }
}

/// The code page of a locale's language (MS-LCID), where it is not that of
/// Western Europe.
pub(super) fn of_locale(locale: u32) -> Option<u32> {
    Some(match (locale & 0x3ff, locale) {
        (0x11, _) => 932,
        (0x12, _) => 949,
        (0x04, 0x0404 | 0x0c04 | 0x1404) => 950,
        (0x04, _) => 936,
        (0x1e, _) => 874,
        (0x19 | 0x22 | 0x02 | 0x23 | 0x2f, _) => 1251,
        (0x05 | 0x0e | 0x15 | 0x18 | 0x1a | 0x1b | 0x24 | 0x1c, _) => 1250,
        (0x08, _) => 1253,
        (0x1f, _) => 1254,
        (0x0d, _) => 1255,
        (0x01, _) => 1256,
        (0x25..=0x27, _) => 1257,
        (0x2a, _) => 1258,
        _ => return None,
    })
}

/// The encoding of a code page, for text whose octets have no other witness.
pub(super) fn encoding(codepage: u32) -> &'static Encoding {
    let known = match codepage {
        932 | 10_001 => Some(encoding_rs::SHIFT_JIS),
        936 | 10_008 => Some(encoding_rs::GBK),
        949 | 10_003 => Some(encoding_rs::EUC_KR),
        950 | 10_002 => Some(encoding_rs::BIG5),
        874 => Some(encoding_rs::WINDOWS_874),
        65_001 => Some(encoding_rs::UTF_8),
        10_000 => Some(encoding_rs::MACINTOSH),
        10_007 => Some(encoding_rs::X_MAC_CYRILLIC),
        1250..=1258 => Encoding::for_label(format!("windows-{codepage}").as_bytes()),
        _ => label(codepage).and_then(|label| Encoding::for_label(label.as_bytes())),
    };
    known.unwrap_or(WINDOWS_1252)
}

/// The code page of a font's charset in RTF (`\fcharset`); none for those that
/// go with the document's own.
pub(super) fn of_font(charset: i64) -> Option<u32> {
    Some(match charset {
        0 => 1252,
        77 => 10_000,
        78 => 10_001,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_locales() {
        for (codepage, name) in [
            (932, "Shift_JIS"),
            (65_001, "UTF-8"),
            (1251, "windows-1251"),
            (20_127, "windows-1252"),
            (28_592, "ISO-8859-2"),
            (50_220, "windows-1252"),
            (0, "windows-1252"),
        ] {
            assert_eq!(encoding(codepage).name(), name, "{codepage}");
        }
        assert_eq!(
            (of_locale(1041), of_locale(1049), of_locale(1028), of_locale(1033)),
            (Some(932), Some(1251), Some(950), None)
        );
        assert_eq!((of_font(128), of_font(2)), (Some(932), None));
        assert_eq!((label(50_220).as_deref(), label(0)), (Some("cp50220"), None));
    }
}
