//! A password on its way: never printed, never logged, wiped when dropped.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Longest password, in octets of UTF-8.
pub const MAX_SECRET: usize = 128;

/// A password for an encrypted file. It lives in memory and on pipes only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

impl Secret {
    /// The password, if it has 1 to [`MAX_SECRET`] octets and no controls.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let mut text = text.into();
        if text.is_empty() || text.len() > MAX_SECRET || text.chars().any(char::is_control) {
            text.zeroize();
            return None;
        }
        Some(Self(text))
    }

    /// The password itself: for the one place that tries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Secret {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text).ok_or("a password has 1 to 128 octets and no control characters")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_SECRET, Secret};

    #[test]
    fn it_is_bounded_and_never_shown() {
        for (text, good) in [("", false), ("a\nb", false), ("ひみつ 123", true)] {
            assert_eq!(Secret::new(text).is_some(), good, "{text:?}");
        }
        assert!(Secret::new("x".repeat(MAX_SECRET)).is_some());
        assert!(Secret::new("x".repeat(MAX_SECRET + 1)).is_none());
        assert!(!format!("{:?}", Secret::new("open")).contains("open"));
    }
}
