//! Header text: plain ASCII, or encoded words (RFC 2047).

use sekisho_safe_message::SafeLine;

use crate::field::Folded;
use crate::{Rule, base64};

const OPEN: &str = "=?UTF-8?B?";
const CLOSE: &str = "?=";
/// RFC 2047 2.
const MAX_WORD: usize = 75;

/// A subject: encoded words, or plain words without anything that a reader
/// could take for one.
pub(crate) fn subject(value: &Folded) -> Result<SafeLine, Rule> {
    let text = value.as_str();
    if text.starts_with(OPEN) {
        return encoded(text);
    }
    if text.contains("=?") || text.contains("  ") || text.contains("\n ") || text.contains(" \n") {
        return Err(Rule::Value);
    }
    safe(text.replace('\n', " "))
}

/// One or more encoded words with one blank or fold between them.
pub(crate) fn encoded(text: &str) -> Result<SafeLine, Rule> {
    let mut decoded = String::new();
    for word in text.split([' ', '\n']) {
        let inside = word.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE));
        let inside = inside.filter(|inside| !inside.is_empty() && word.len() <= MAX_WORD).ok_or(Rule::EncodedWord)?;
        let mut octets = Vec::new();
        base64::decode(inside.as_bytes(), &mut octets).ok_or(Rule::EncodedWord)?;
        // RFC 2047 5: a character is never split over two words.
        decoded.push_str(std::str::from_utf8(&octets).map_err(|_| Rule::EncodedWord)?);
    }
    safe(decoded)
}

/// Safe header text that is not empty.
pub(crate) fn safe(text: String) -> Result<SafeLine, Rule> {
    if text.is_empty() {
        return Err(Rule::Value);
    }
    SafeLine::parse(text).map_err(|_| Rule::HeaderText)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects() {
        for (value, want) in [
            ("Hello", Ok("Hello")),
            ("Hello\nworld 1", Ok("Hello world 1")),
            ("=?UTF-8?B?5Lya6K2w?=", Ok("会議")),
            ("=?UTF-8?B?5Lya?=\n=?UTF-8?B?6K2w?=", Ok("会議")),
            ("=?UTF-8?B?5Lya?= =?UTF-8?B?6K2w?=", Ok("会議")),
            ("", Err(Rule::Value)),
            ("a  b", Err(Rule::Value)),
            ("a =?UTF-8?B?5Lya?=", Err(Rule::Value)),
            ("=?utf-8?q?a?=", Err(Rule::Value)),
            ("=?UTF-8?B?5Lya?= a", Err(Rule::EncodedWord)),
            ("=?UTF-8?B?5L==?=", Err(Rule::EncodedWord)),
            ("=?UTF-8?B?5Lw=?=", Err(Rule::EncodedWord)),
            ("=?UTF-8?B??=", Err(Rule::EncodedWord)),
            // CRLF, a bidi override, a blank at the end.
            ("=?UTF-8?B?YQ0KQmNjOiB4?=", Err(Rule::HeaderText)),
            ("=?UTF-8?B?4oCu?=", Err(Rule::HeaderText)),
            ("=?UTF-8?B?YSA=?=", Err(Rule::HeaderText)),
        ] {
            let got = subject(&Folded::test(value));
            assert_eq!(got.as_ref().map(SafeLine::as_str).map_err(|rule| *rule), want, "{value:?}");
        }
        let long = format!("{OPEN}{}{CLOSE}", "YWFh".repeat(16));
        assert_eq!(encoded(&long), Err(Rule::EncodedWord));
    }
}
