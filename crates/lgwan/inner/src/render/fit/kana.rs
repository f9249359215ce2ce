//! Half-width kana as full-width ones, and voice marks joined to their kana.

/// U+FF61 to U+FF9F, in order.
const FULL: &str = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜";

/// The full-width form of a half-width kana or of a combining voice mark; a
/// full-width kana that a mark can follow is its own.
pub(super) fn full_width(c: char) -> Option<char> {
    match c {
        '\u{ff61}'..='\u{ff9f}' => FULL.chars().nth((u32::from(c) - 0xff61) as usize),
        '\u{3099}' => Some('゛'),
        '\u{309a}' => Some('゜'),
        'う'..='ほ' | 'ウ'..='ホ' => Some(c),
        _ => None,
    }
}

/// `kana` and the voice mark behind it as one character.
pub(super) fn voiced(kana: char, mark: char) -> Option<char> {
    let katakana = match kana {
        'う'..='ほ' => char::from_u32(u32::from(kana) + 0x60)?,
        _ => kana,
    };
    let is_h = matches!(katakana, 'ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ');
    match mark {
        // The set has no ゔ.
        '\u{3099}' | '\u{ff9e}' if katakana == 'ウ' => Some('ヴ'),
        '\u{3099}' | '\u{ff9e}' if is_h || "カキクケコサシスセソタチツテト".contains(katakana) => {
            char::from_u32(u32::from(kana) + 1)
        }
        '\u{309a}' | '\u{ff9f}' if is_h => char::from_u32(u32::from(kana) + 2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_half_width_kana_has_its_own() {
        let all: Vec<char> = ('\u{ff61}'..='\u{ff9f}').filter_map(full_width).collect();
        assert_eq!(all.len(), 63);
        assert_eq!((all[0], all[15], all[16], all[62]), ('。', 'ー', 'ア', '゜'));
    }

    #[test]
    fn marks_join_where_a_voiced_kana_exists() {
        for (kana, mark, want) in [
            ('カ', '\u{ff9e}', Some('ガ')),
            ('か', '\u{3099}', Some('が')),
            ('ツ', '\u{ff9e}', Some('ヅ')),
            ('ホ', '\u{ff9f}', Some('ポ')),
            ('う', '\u{3099}', Some('ヴ')),
            ('ナ', '\u{ff9e}', None),
            ('カ', '\u{ff9f}', None),
            ('ガ', '\u{ff9e}', None),
            ('ッ', '\u{ff9e}', None),
        ] {
            assert_eq!(voiced(kana, mark), want, "{kana}{mark}");
        }
    }
}
