//! Short words of closed lists: all that an entry says of a mail besides ids,
//! hashes and numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A code: at most [`Code::MAX`] letters, digits and `. _ : / + -` or blanks,
/// such as `rebuild`, `bad-base64` or `451 4.7.1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Code(String);

impl Code {
    /// Longest, in octets.
    pub const MAX: usize = 64;

    /// `word` as a code; another character in it becomes `-`, and what is too
    /// long is cut. Our own words are codes already.
    #[must_use]
    pub fn new(word: &str) -> Self {
        let kept = word.chars().take(Self::MAX).map(|c| if is_fit(c) { c } else { '-' }).collect::<String>();
        Self(if kept.is_empty() { "-".to_owned() } else { kept })
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_fit(c: char) -> bool {
    c.is_ascii_alphanumeric() || " ._:/+-".contains(c)
}

impl TryFrom<String> for Code {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let sound = (1..=Self::MAX).contains(&text.len()) && text.chars().all(is_fit);
        if sound { Ok(Self(text)) } else { Err("a code is 1 to 64 letters, digits and . _ : / + - or blanks") }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn no_text_passes_for_a_code() {
        assert_eq!(Code::new("451 4.7.1").as_str(), "451 4.7.1");
        assert_eq!(Code::new("件名\"\n").as_str(), "----");
        assert_eq!(Code::new("").as_str(), "-");
        assert_eq!(Code::new(&"x".repeat(100)).as_str().len(), Code::MAX);
        for bad in ["", "a\"b", "a@b", "a\nb", "件"] {
            assert!(Code::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
