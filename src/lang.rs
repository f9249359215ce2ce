//! Which language the command speaks.

use std::ffi::OsString;

use sekisho_safe_message::Language;
use sekisho_settings::Surroundings;

/// The language asked for by `--lang` (read ahead of everything else, since
/// help and usage errors speak it too), or that of the locale.
pub(crate) fn choose(args: impl Iterator<Item = OsString>, surroundings: &Surroundings) -> Language {
    let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let asked = args.iter().enumerate().find_map(|(at, arg)| match arg.strip_prefix("--lang") {
        Some("") => args.get(at + 1).cloned(),
        Some(value) => value.strip_prefix('=').map(str::to_owned),
        None => None,
    });
    match asked.as_deref() {
        Some("ja") => Language::Ja,
        Some("en") => Language::En,
        _ => surroundings.language(),
    }
}

/// One of two wordings.
pub(crate) fn pick<T>(language: Language, ja: T, en: T) -> T {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}
