//! Header values that cross as such: identifiers and closed words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a header value is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderError;

/// A message identifier without its angle brackets (RFC 5322 3.6.4):
/// printable ASCII, one `@` inside, at most 250 octets, so that a line of a
/// folded `References` never passes 998.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

/// A list identifier without its angle brackets (RFC 2919): a dotted name.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListId(String);

/// RFC 3834 5: who answered automatically. Parameters do not cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AutoSubmitted {
    /// `auto-generated`
    Generated,
    /// `auto-replied`
    Replied,
    /// `auto-notified` (RFC 5436)
    Notified,
}

impl MessageId {
    /// The identifier between the brackets.
    ///
    /// # Errors
    /// [`HeaderError`] on other characters than printable ASCII without
    /// brackets, blanks, quotes and commas, without `@`, or over 250 octets.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let sound = (3..=250).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"(),;\\".contains(&b))
            && text.find('@').is_some_and(|at| at > 0 && at + 1 < text.len());
        sound.then(|| Self(text.to_owned())).ok_or(HeaderError)
    }

    /// The identifier without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ListId {
    /// The identifier between the brackets.
    ///
    /// # Errors
    /// [`HeaderError`] unless it is a dot-string of letters, digits, `-`, `_`,
    /// `+`, `=`, at most 200 octets.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let sound = (1..=200).contains(&text.len())
            && text.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_+=".contains(&b))
            });
        sound.then(|| Self(text.to_owned())).ok_or(HeaderError)
    }

    /// The identifier without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AutoSubmitted {
    /// The keyword's value; `None` for `no` and for unknown words.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Generated, Self::Replied, Self::Notified]
            .into_iter()
            .find(|known| word.eq_ignore_ascii_case(known.as_str()))
    }

    /// The keyword.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generated => "auto-generated",
            Self::Replied => "auto-replied",
            Self::Notified => "auto-notified",
        }
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the identifier has characters or a length that RFC 5322 does not allow")
    }
}

impl std::error::Error for HeaderError {}

macro_rules! identifier {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = HeaderError;

            fn try_from(text: String) -> Result<Self, HeaderError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

identifier!(MessageId, ListId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids() {
        for (text, sound) in [
            ("a@b", true),
            ("CAJ=x+y.z$1@mail.example", true),
            ("a@[192.0.2.1]", true),
            ("a b@c", false),
            ("a@b>\r\nBcc: x", false),
            ("noat", false),
            ("@b", false),
            ("あ@b", false),
        ] {
            assert_eq!(MessageId::parse(text).is_ok(), sound, "{text}");
        }
        assert!(MessageId::parse(&format!("{}@b", "a".repeat(250))).is_err());
    }

    #[test]
    fn words() {
        assert_eq!(AutoSubmitted::parse("Auto-Replied"), Some(AutoSubmitted::Replied));
        assert_eq!(AutoSubmitted::parse("no"), None);
        assert!(ListId::parse("list.example.jp").is_ok());
        assert!(ListId::parse("a..b").is_err() && ListId::parse("a>b").is_err());
    }
}
