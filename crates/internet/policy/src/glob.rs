//! File names as rules write them: `*` for anything, `?` for one character, in
//! any case of letters.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A pattern of file names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Glob(String);

impl Glob {
    /// Longest pattern, in characters.
    pub(crate) const MAX: usize = 128;
    /// Characters of a name that are looked at: the last ones, where the
    /// ending stands.
    pub(crate) const NAME_MAX: usize = 1024;

    /// A pattern of 1 to [`Glob::MAX`] characters without controls.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let sound = (1..=Self::MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        sound.then(|| Self(text.to_owned()))
    }

    /// Whether `name` fits. At most pattern times name steps, without memory.
    pub(crate) fn fits(&self, name: &str) -> bool {
        let from = name.char_indices().rev().nth(Self::NAME_MAX - 1).map_or(0, |(at, _)| at);
        matches(&self.0, &name[from..], |wanted, found| wanted == '?' || same(wanted, found))
    }

    /// Whether every name that fits `other` fits this one. Sound, not
    /// complete: `false` may mean "nobody knows".
    pub(crate) fn covers(&self, other: &Self) -> bool {
        // What `*` of the other stands for, only our `*` can take up.
        matches(&self.0, &other.0, |wanted, found| match found {
            '*' => false,
            '?' => wanted == '?',
            found => wanted == '?' || same(wanted, found),
        })
    }
}

/// The two-pointer matcher: on a mismatch the last `*` takes one more.
fn matches(pattern: &str, text: &str, one: impl Fn(char, char) -> bool) -> bool {
    let (mut rest, mut left) = (pattern.chars(), text.chars());
    let mut back = None;
    loop {
        let (before_pattern, before_text) = (rest.clone(), left.clone());
        match (rest.next(), left.next()) {
            (Some('*'), _) => {
                left = before_text;
                back = Some((rest.clone(), left.clone()));
            }
            (Some(wanted), Some(found)) if one(wanted, found) => {}
            (None, None) => return true,
            (_, None) => return before_pattern.clone().all(|c| c == '*'),
            (_, Some(_)) => {
                let Some((behind_star, mut taken)) = back.take() else { return false };
                taken.next();
                (rest, left) = (behind_star.clone(), taken.clone());
                back = Some((behind_star, taken));
            }
        }
    }
}

/// Whether two characters differ in case at most.
fn same(a: char, b: char) -> bool {
    a == b || a.to_lowercase().eq(b.to_lowercase())
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn glob(text: &str) -> Glob {
        Glob::parse(text).unwrap()
    }

    #[test]
    fn names_fit_patterns() {
        for (pattern, name, fits) in [
            ("*.pdf", "a.PDF", true),
            ("*.pdf", ".pdf", true),
            ("*.pdf", "a.pdf.exe", false),
            ("?.pdf", "見.pdf", true),
            ("?.pdf", "見積.pdf", false),
            ("見積*", "見積書.xlsx", true),
            ("*見積*", "第3回見積書.xlsx", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("*", "", true),
            ("***", "x", true),
            ("a", "", false),
            ("ＡＢ*", "ａｂｃ", true),
            ("*a*b", "ab", true),
        ] {
            assert_eq!(glob(pattern).fits(name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn a_long_name_costs_little_and_keeps_its_ending() {
        let name = format!("{}.exe", "a".repeat(300_000));
        assert!(glob("*.exe").fits(&name));
        assert!(!glob(&"*a".repeat(64)).fits(&"ab".repeat(200_000).replace("ab", "b")));
        assert!(!glob("a*a*a*a*a*a*a*a*b").fits(&"a".repeat(200_000)));
    }

    #[test]
    fn patterns_cover_patterns() {
        for (wide, narrow, covers) in [
            ("*", "*.pdf", true),
            ("*.pdf", "*.pdf", true),
            ("*.pdf", "a*.PDF", true),
            ("a*.pdf", "*.pdf", false),
            ("?", "*", false),
            ("?", "?", true),
            ("?", "a", true),
            ("a", "?", false),
            ("*?", "*", false),
            ("*?", "*a", true),
            ("a**", "a*", true),
        ] {
            assert_eq!(glob(wide).covers(&glob(narrow)), covers, "{wide} {narrow}");
        }
    }

    #[test]
    fn patterns_are_bounded() {
        assert!(Glob::parse("").is_none() && Glob::parse("a\nb").is_none());
        assert!(Glob::parse(&"あ".repeat(128)).is_some() && Glob::parse(&"a".repeat(129)).is_none());
    }
}
