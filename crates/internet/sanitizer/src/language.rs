//! Which language the notice is written in.

use sekisho_job::NoticeLanguage;
use sekisho_safe_message::{Language, SafeLine, SafeText};

/// The language of the notice for a mail with this subject and text.
pub(crate) fn choose(wanted: NoticeLanguage, subject: &SafeLine, text: &SafeText) -> Language {
    match wanted {
        NoticeLanguage::Ja => Language::Ja,
        NoticeLanguage::En => Language::En,
        NoticeLanguage::Auto => {
            let empty = text.as_str().trim().is_empty();
            let japanese = has_japanese(subject.as_str()) || has_japanese(text.as_str());
            if japanese || empty { Language::Ja } else { Language::En }
        }
    }
}

/// Kana of either width, or a Chinese character.
pub(crate) fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether `text` has Japanese in it.
pub(crate) fn has_japanese(text: &str) -> bool {
    // No Japanese character begins with an octet below 0xe3.
    text.bytes().any(|b| b >= 0xe3) && text.chars().any(is_japanese)
}
