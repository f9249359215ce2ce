//! Text of strangers as it may stand in the cells of a terminal.
//!
//! It is safe text already; here it loses what terminals draw each in their
//! own way, so that columns stay where they are.

use sekisho_safe_message::is_safe_char;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::screen::fit;

/// Marks that may stand on one character; a heap of them climbs over the lines
/// above.
const MARKS: usize = 2;
/// How far back a line looks for a blank to break at.
const LOOK_BACK: usize = 24;

/// `text` as one line: controls are blanks, and characters stand alone.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text.chars().filter(|c| !joins(*c)) {
        let c = if is_safe_char(c) { c } else { ' ' };
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        if marks <= MARKS {
            out.push(c);
        }
    }
    out
}

/// Joiners, variation selectors and skin tones: terminals differ about the
/// width of what they make.
fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0100}'..='\u{e01ef}')
}

/// `text` in exactly `width` columns.
pub(super) fn cell(text: &str, width: usize) -> String {
    let mut out = fit(&plain(text), width);
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(out.width())));
    out
}

/// `text` in lines of at most `width` columns: at blanks where one is near,
/// else anywhere, as Japanese is broken.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    text.split('\n').flat_map(|line| wrap_line(&plain(line), width)).collect()
}

fn wrap_line(line: &str, width: usize) -> Vec<String> {
    let (mut out, mut current, mut used) = (Vec::new(), String::new(), 0);
    for c in line.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width {
            let rest = match current.rfind(' ') {
                Some(at) if current.len() - at <= LOOK_BACK && c != ' ' => current.split_off(at + 1),
                Some(_) | None => String::new(),
            };
            out.push(std::mem::replace(&mut current, rest).trim_end().to_owned());
            used = current.width();
        }
        current.push(c);
        used += wide;
    }
    out.push(current);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_as_wide_as_asked() {
        let texts = [
            "",
            "会議資料の送付について",
            "ﾊﾝｶｸｶﾅ ①㈱髙﨑",
            "👨\u{200d}👩\u{200d}👧 家族 🇯🇵 👍🏽",
            "か\u{3099}き\u{3099}e\u{301}\u{301}\u{301}\u{301}x",
            "a\u{7}b\u{1b}[31mc",
        ];
        for text in texts {
            for width in [2, 7, 12, 40] {
                assert_eq!(cell(text, width).width(), width, "{text:?}");
            }
        }
        assert_eq!(plain("a\u{1b}b"), "a b");
        assert_eq!(plain("e\u{301}\u{301}\u{301}\u{301}"), "e\u{301}\u{301}");
    }

    #[test]
    fn lines_break_at_blanks_or_anywhere() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("会議資料の送付", 6), ["会議資", "料の送", "付"]);
        assert_eq!(wrap("a\n\nb", 5), ["a", "", "b"]);
        for line in wrap(&"long words and 日本語を 混ぜた文章 ".repeat(40), 17) {
            assert!(line.width() <= 17, "{line:?}");
        }
    }
}
