//! Fonts for text whose font the file does not hold.
//!
//! Many Japanese PDF name 明朝 and ゴシック fonts and hold none. A worker reads
//! no files, so the site's fonts are handed in as octets, read before the
//! sandbox closed and shared by all workers. Without them Japanese text of
//! such a file is a blank in the picture; it stays in the text layer.

use std::sync::Arc;

use hayro_interpret::InterpreterSettings;
use hayro_interpret::font::{FallbackFontQuery, FontData, FontQuery};

/// Fonts of the site: TrueType, OpenType, or the first of a collection.
#[derive(Clone, Default)]
pub struct Fonts {
    gothic: Option<FontData>,
    mincho: Option<FontData>,
}

impl Fonts {
    /// No fonts: text of the fourteen standard fonts is drawn, no other.
    pub fn none() -> Self {
        Self::default()
    }

    /// A sans-serif (ゴシック) and a serif (明朝) font with Japanese letters.
    /// One stands in for both if the other is missing.
    pub fn new(gothic: Option<FontData>, mincho: Option<FontData>) -> Self {
        Self { gothic, mincho }
    }

    /// hayro's settings with these fonts.
    pub(crate) fn settings(&self) -> InterpreterSettings {
        let fonts = self.clone();
        InterpreterSettings {
            font_resolver: Arc::new(move |query| match query {
                FontQuery::Standard(standard) => Some(standard.get_font_data()),
                FontQuery::Fallback(wanted) => {
                    let own = if needs_own(wanted) { fonts.pick(wanted) } else { None };
                    Some(own.unwrap_or_else(|| wanted.pick_standard_font().get_font_data()))
                }
            }),
            ..InterpreterSettings::default()
        }
    }

    fn pick(&self, wanted: &FallbackFontQuery) -> Option<(FontData, u32)> {
        let (first, second) =
            if is_mincho(wanted) { (&self.mincho, &self.gothic) } else { (&self.gothic, &self.mincho) };
        first.as_ref().or(second.as_ref()).map(|data| (Arc::clone(data), 0))
    }
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fonts(gothic: {}, mincho: {})", self.gothic.is_some(), self.mincho.is_some())
    }
}

/// Whether the standard fonts may have no letters for it: all composite fonts.
fn needs_own(wanted: &FallbackFontQuery) -> bool {
    wanted.character_collection.is_some()
}

fn is_mincho(wanted: &FallbackFontQuery) -> bool {
    let serif = wanted.is_serif && !named(wanted, &["Gothic", "ゴシック", "Meiryo", "メイリオ", "YuGo"]);
    serif || named(wanted, &["Mincho", "明朝", "Ryumin", "YuMin", "Serif", "Song", "Ming", "Batang"])
}

fn named(wanted: &FallbackFontQuery, parts: &[&str]) -> bool {
    let names = [&wanted.post_script_name, &wanted.font_name, &wanted.font_family];
    names.into_iter().flatten().any(|name| parts.iter().any(|part| name.contains(part)))
}
