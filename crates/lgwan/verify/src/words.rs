//! Header text: plain ASCII, or encoded words (RFC 2047).

use sekisho_safe_message::SafeLine;

use crate::field::Folded;
use crate::{Charset, Rule, base64, iso2022jp};

const CLOSE: &str = "?=";
/// RFC 2047 2.
const MAX_WORD: usize = 75;

/// A subject: encoded words, or plain words without anything that a reader
/// could take for one.
pub(crate) fn subject(value: &Folded, charset: Charset) -> Result<SafeLine, Rule> {
    let text = value.as_str();
    if text.starts_with(open(charset)) {
        return encoded(text, charset);
    }
    if text.contains("=?") || text.contains("  ") || text.contains("\n ") || text.contains(" \n") {
        return Err(Rule::Value);
    }
    safe(text.replace('\n', " "))
}

/// One or more encoded words in the mail's character set, with one blank or
/// fold between them.
pub(crate) fn encoded(text: &str, charset: Charset) -> Result<SafeLine, Rule> {
    let mut decoded = String::new();
    for word in text.split([' ', '\n']) {
        let inside = word.strip_prefix(open(charset)).and_then(|rest| rest.strip_suffix(CLOSE));
        let inside = inside.filter(|inside| !inside.is_empty() && word.len() <= MAX_WORD).ok_or(Rule::EncodedWord)?;
        let mut octets = Vec::new();
        base64::decode(inside.as_bytes(), &mut octets).ok_or(Rule::EncodedWord)?;
        read_word(&octets, charset, &mut decoded).ok_or(Rule::EncodedWord)?;
    }
    safe(decoded)
}

/// RFC 2047 5 and 6.2: a character is never split over two words, and each
/// word begins and ends in ASCII.
fn read_word(octets: &[u8], charset: Charset, out: &mut String) -> Option<()> {
    match charset {
        Charset::Utf8 => out.push_str(std::str::from_utf8(octets).ok()?),
        Charset::Iso2022Jp => iso2022jp::read_line(octets, false, out)?,
    }
    Some(())
}

fn open(charset: Charset) -> &'static str {
    match charset {
        Charset::Utf8 => "=?UTF-8?B?",
        Charset::Iso2022Jp => "=?ISO-2022-JP?B?",
    }
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
            let got = subject(&Folded::test(value), Charset::Utf8);
            assert_eq!(got.as_ref().map(SafeLine::as_str).map_err(|rule| *rule), want, "{value:?}");
        }
        let long = format!("{}{}{CLOSE}", open(Charset::Utf8), "YWFh".repeat(16));
        assert_eq!(encoded(&long, Charset::Utf8), Err(Rule::EncodedWord));
    }

    #[test]
    fn japanese_subjects() {
        for (value, want) in [
            ("Hello", Ok("Hello")),
            ("=?ISO-2022-JP?B?GyRCMnE1RBsoQg==?=", Ok("会議")),
            ("=?ISO-2022-JP?B?GyRCMnEbKEI=?=\n=?ISO-2022-JP?B?GyRCNUQbKEI=?=", Ok("会議")),
            ("=?ISO-2022-JP?B?PT94Pz0=?=", Ok("=?x?=")),
            // The other charset's, and another spelling.
            ("=?UTF-8?B?5Lya6K2w?=", Err(Rule::Value)),
            ("=?iso-2022-jp?B?GyRCMnE1RBsoQg==?=", Err(Rule::Value)),
            // Never closed; split inside a character; a line end; a tab.
            ("=?ISO-2022-JP?B?GyRCMnE1RA==?=", Err(Rule::EncodedWord)),
            ("=?ISO-2022-JP?B?GyRCMnE1?= =?ISO-2022-JP?B?RBsoQg==?=", Err(Rule::EncodedWord)),
            ("=?ISO-2022-JP?B?YQ0KQmNjOiB4?=", Err(Rule::EncodedWord)),
            ("=?ISO-2022-JP?B?YQli?=", Err(Rule::EncodedWord)),
        ] {
            let got = subject(&Folded::test(value), Charset::Iso2022Jp);
            assert_eq!(got.as_ref().map(SafeLine::as_str).map_err(|rule| *rule), want, "{value:?}");
        }
    }
}
