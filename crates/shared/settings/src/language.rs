//! The two languages in which the project speaks to people.

use sekisho_safe_message::Language;

use crate::LanguageChoice;

/// The language of a POSIX locale name: `ja`, `ja_JP.UTF-8` are Japanese, everything else and nothing at all is
/// English.
pub(crate) fn of_locale(locale: Option<&str>) -> Language {
    let name = locale.unwrap_or_default();
    let name = name.split(['_', '.', '@', '-']).next().unwrap_or_default();
    if name.eq_ignore_ascii_case("ja") { Language::Ja } else { Language::En }
}

impl LanguageChoice {
    /// The language to use; `automatic` is the reader's or the locale's.
    #[must_use]
    pub fn or(self, automatic: Language) -> Language {
        match self {
            Self::Auto => automatic,
            Self::Ja => Language::Ja,
            Self::En => Language::En,
        }
    }
}

/// The same words in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) en: String,
    pub(crate) ja: String,
}

impl Words {
    pub(crate) fn new(en: impl Into<String>, ja: impl Into<String>) -> Self {
        Self { en: en.into(), ja: ja.into() }
    }

    pub(crate) fn into(self, language: Language) -> String {
        match language {
            Language::Ja => self.ja,
            Language::En => self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ja_is_japanese() {
        for (locale, language) in [
            (Some("ja_JP.UTF-8"), Language::Ja),
            (Some("ja"), Language::Ja),
            (Some("JA-jp"), Language::Ja),
            (Some("jam"), Language::En),
            (Some("C.UTF-8"), Language::En),
            (Some(""), Language::En),
            (None, Language::En),
        ] {
            assert_eq!(of_locale(locale), language, "{locale:?}");
        }
    }
}
