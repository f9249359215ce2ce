//! Text that may be looked at.

use std::fmt::{self, Write};

/// A text with everything escaped that a terminal, an editor or a reader could be fooled with, cut
/// after [`Shown::LONGEST`] characters.
///
/// Control characters (and so line ends and ANSI sequences), bidirectional overrides, invisible and
/// private-use characters appear as `\u{...}`.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a>(&'a str);

impl<'a> Shown<'a> {
    /// Characters of the original that are shown; how many more there were is told.
    pub const LONGEST: usize = 200;

    /// Shows `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cut = Cut::after(Self::LONGEST);
        cut.write_str(self.0)?;
        f.write_str(&cut.finish())
    }
}

/// Escapes and cuts what is written into it, in memory bounded by the limit.
pub(super) struct Cut {
    shown: String,
    room: usize,
    dropped: usize,
}

impl Cut {
    pub(super) fn after(limit: usize) -> Self {
        Self { shown: String::new(), room: limit, dropped: 0 }
    }

    pub(super) fn finish(mut self) -> String {
        if self.dropped > 0 {
            self.shown.push_str("…(+");
            self.shown.push_str(&self.dropped.to_string());
            self.shown.push(')');
        }
        self.shown
    }
}

impl Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.room == 0 {
                self.dropped += 1;
            } else {
                self.room -= 1;
                push_shown(&mut self.shown, c);
            }
        }
        Ok(())
    }
}

fn push_shown(shown: &mut String, c: char) {
    if fools(c) {
        shown.extend(c.escape_unicode());
    } else {
        shown.push(c);
    }
}

/// Characters that move, hide or reorder what stands around them, or that no font agrees on.
/// Unicode 16: Bidi_Control, Default_Ignorable_Code_Point (without the variation selectors that
/// kanji need), Line and Paragraph_Separator, Private_Use, Noncharacter_Code_Point.
fn fools(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{E000}'..='\u{F8FF}'
            | '\u{FDD0}'..='\u{FDEF}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E00FF}'
            | '\u{E01F0}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_could_fool_a_reader_is_escaped() {
        for (text, shown) in [
            ("plain 市役所 ｱｲｳ 髙﨑", "plain 市役所 ｱｲｳ 髙﨑"),
            ("a\r\nb", "a\\u{d}\\u{a}b"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\0b\u{7f}", "a\\u{0}b\\u{7f}"),
            ("exe.\u{202e}fdp", "exe.\\u{202e}fdp"),
            ("\u{2066}x\u{2069}\u{200f}\u{61c}", "\\u{2066}x\\u{2069}\\u{200f}\\u{61c}"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("line\u{2028}para\u{2029}", "line\\u{2028}para\\u{2029}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("gaiji\u{e000}", "gaiji\\u{e000}"),
            ("葛\u{e0100}", "葛\u{e0100}"),
            ("\u{1fffe}\u{ffff}", "\\u{1fffe}\\u{ffff}"),
        ] {
            assert_eq!(Shown::new(text).to_string(), shown);
        }
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let text = "市".repeat(203);
        assert_eq!(Shown::new(&text).to_string(), format!("{}…(+3)", "市".repeat(200)));
        let text = "\n".repeat(200);
        assert_eq!(Shown::new(&text).to_string(), "\\u{a}".repeat(200));
    }
}
