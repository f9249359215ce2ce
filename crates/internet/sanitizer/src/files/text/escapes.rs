//! Control sequences of terminals (ECMA-48), which act where text is printed.

use std::borrow::Cow;

const ESC: char = '\u{1b}';

/// `text` without control sequences, whole ones and begun ones. Linear: no
/// sequence reaches over the begin of another, or over a line's end.
pub(super) fn without(text: &str) -> Cow<'_, str> {
    let Some(mut at) = text.find(is_introducer) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        out.push_str(&rest[..at]);
        rest = behind(&rest[at..]);
        match rest.find(is_introducer) {
            Some(next) => at = next,
            None => break,
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// ESC, and what stands for ESC with a letter in C1: CSI, DCS, SOS, OSC, PM,
/// APC.
fn is_introducer(c: char) -> bool {
    matches!(c, ESC | '\u{9b}' | '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}')
}

/// What stands behind the sequence at the start of `text`.
fn behind(text: &str) -> &str {
    let mut chars = text.chars();
    let kind = match chars.next() {
        Some(ESC) => chars.clone().next(),
        // 5.3: C1 is ESC with a letter 0x40 lower.
        Some(c) => char::from_u32(u32::from(c).saturating_sub(0x40)),
        None => None,
    };
    if text.starts_with(ESC) && kind.is_some_and(|c| (' '..='~').contains(&c)) {
        chars.next();
    }
    let rest = chars.as_str();
    match kind {
        Some('[') => {
            let rest =
                rest.trim_start_matches(|c| ('0'..='?').contains(&c)).trim_start_matches(|c| (' '..='/').contains(&c));
            rest.strip_prefix(|c| ('@'..='~').contains(&c)).unwrap_or(rest)
        }
        Some('P' | 'X' | ']' | '^' | '_') => string(rest),
        // 5.4: a set of characters is chosen.
        Some(' '..='/') => {
            let rest = rest.trim_start_matches(|c| (' '..='/').contains(&c));
            rest.strip_prefix(|c| ('0'..='~').contains(&c)).unwrap_or(rest)
        }
        _ => rest,
    }
}

/// A string up to its end (BEL or ST); without one it is text.
fn string(rest: &str) -> &str {
    let ends = |c: char| matches!(c, '\u{7}' | ESC | '\n' | '\r' | '\u{80}'..='\u{9f}');
    let Some((_, end)) = rest.find(ends).and_then(|at| rest.split_at_checked(at)) else { return rest };
    let ended = end.strip_prefix(['\u{7}', '\u{9c}']).or_else(|| end.strip_prefix("\u{1b}\\"));
    ended.unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_vanish_whole() {
        for (text, left) in [
            ("a\u{1b}[31;1mb\u{1b}[0mc", "abc"),
            ("a\u{9b}31mb", "ab"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://a.example\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]0;never ended\nx", "0;never ended\nx"),
            ("\u{1b}(Bx\u{1b}$)Cy", "xy"),
            ("\u{1b}cx", "x"),
            ("\u{1b}", ""),
            ("\u{1b}あ", "あ"),
            ("\u{1b}[", ""),
            ("\u{1b}[12あ", "あ"),
            ("\u{1b}\u{1b}[1mx", "x"),
            ("x", "x"),
        ] {
            assert_eq!(without(text), left, "{text:?}");
        }
    }

    #[test]
    fn floods_take_linear_time() {
        for flood in ["\u{1b}]", "\u{1b}[", "\u{90}", "\u{1b}]0;\u{1b}"] {
            assert!(without(&flood.repeat(1 << 18)).len() <= 4 << 18);
        }
    }
}
