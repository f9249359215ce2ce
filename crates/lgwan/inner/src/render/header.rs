//! Header fields: typed values to tokens, tokens to folded lines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_safe_message::{Mailbox, SafeLine};
use sekisho_verify::{Charset, Field};

use super::jis;

/// A line is folded before it passes this; RFC 2047 2 asks for 76 where
/// encoded words stand, RFC 5322 2.1.1 for 78 elsewhere.
const LINE: usize = 76;
/// Octets of text in one encoded word: with `=?UTF-8?B?` and `?=` 64
/// characters, so that the first one fits behind the longest field name that
/// carries text.
const WORD: usize = 39;
/// The same with `=?ISO-2022-JP?B?`: 62 characters.
const JAPANESE_WORD: usize = 33;
/// A plain word or quoted name up to this stands as it is; longer ones are
/// encoded, which can be folded anywhere.
const PLAIN: usize = 60;

/// A header section as it grows.
pub(super) struct Header {
    out: String,
    charset: Charset,
}

impl Header {
    /// An empty section whose words are in `charset`.
    pub(super) fn new(charset: Charset) -> Self {
        Self { out: String::new(), charset }
    }

    /// The section with its empty line.
    pub(super) fn finish(mut self) -> String {
        self.out.push_str("\r\n");
        self.out
    }

    /// A field of one token.
    pub(super) fn token(&mut self, field: Field, token: &str) {
        self.tokens(field, vec![token.to_owned()]);
    }

    /// A field of tokens with a blank or a fold between; none without tokens.
    pub(super) fn tokens(&mut self, field: Field, tokens: Vec<String>) {
        if tokens.is_empty() {
            return;
        }
        self.out.push_str(field.name());
        self.out.push(':');
        let mut column = field.name().len() + 1;
        for (place, token) in tokens.iter().enumerate() {
            // The first token stays beside the name: a line of blanks only
            // would be read as the header's end by some.
            if place > 0 && column + 1 + token.len() > LINE {
                self.out.push_str("\r\n");
                column = 0;
            }
            self.out.push(' ');
            self.out.push_str(token);
            column += 1 + token.len();
        }
        self.out.push_str("\r\n");
    }

    /// A field of text; none if it is empty.
    pub(super) fn text(&mut self, field: Field, text: &SafeLine) {
        let text = text.as_str();
        let plain = is_plain(text) && !text.contains("  ") && text.split(' ').all(|word| word.len() <= PLAIN);
        let tokens = if text.is_empty() {
            Vec::new()
        } else if plain {
            text.split(' ').map(str::to_owned).collect()
        } else {
            encoded_words(text, self.charset)
        };
        self.tokens(field, tokens);
    }

    /// A field of mailboxes; none without any.
    pub(super) fn mailboxes(&mut self, field: Field, list: &[Mailbox]) {
        let mut tokens = Vec::new();
        for (place, mailbox) in list.iter().enumerate() {
            if let Some(name) = mailbox.name.as_ref().filter(|name| !name.is_empty()) {
                tokens.extend(name_tokens(name.as_str(), self.charset));
            }
            let comma = if place + 1 < list.len() { "," } else { "" };
            tokens.push(format!("<{}>{comma}", mailbox.address));
        }
        self.tokens(field, tokens);
    }
}

fn name_tokens(name: &str, charset: Charset) -> Vec<String> {
    if is_plain(name) && name.len() <= PLAIN && !name.contains(['"', '\\']) {
        vec![format!("\"{name}\"")]
    } else {
        encoded_words(name, charset)
    }
}

/// Printable ASCII in which no reader can see an encoded word.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~')) && !text.contains("=?")
}

/// RFC 2047 words, each of whole characters (5: a character is never split).
pub(super) fn encoded_words(text: &str, charset: Charset) -> Vec<String> {
    match charset {
        Charset::Utf8 => utf8_words(text),
        Charset::Iso2022Jp => {
            let words = jis::pieces(text, JAPANESE_WORD);
            words.into_iter().map(|octets| format!("=?ISO-2022-JP?B?{}?=", STANDARD.encode(octets))).collect()
        }
    }
}

fn utf8_words(text: &str) -> Vec<String> {
    let mut words = Vec::with_capacity(text.len() / WORD + 1);
    let mut rest = text;
    while !rest.is_empty() {
        let end = (1..=WORD.min(rest.len())).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
        let (chunk, behind) = rest.split_at(end);
        words.push(format!("=?UTF-8?B?{}?=", STANDARD.encode(chunk)));
        rest = behind;
    }
    words
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn subject(text: &str, charset: Charset) -> String {
        let mut header = Header::new(charset);
        header.text(Field::Subject, &SafeLine::parse(text.to_owned()).unwrap());
        header.out
    }

    #[test]
    fn subjects() {
        for (text, want) in [
            ("", ""),
            ("Hello world", "Subject: Hello world\r\n"),
            ("会議", "Subject: =?UTF-8?B?5Lya6K2w?=\r\n"),
            // A literal encoded word is not one.
            ("=?UTF-8?B?YQ==?=", "Subject: =?UTF-8?B?PT9VVEYtOD9CP1lRPT0/PQ==?=\r\n"),
            ("a  b", "Subject: =?UTF-8?B?YSAgYg==?=\r\n"),
        ] {
            assert_eq!(subject(text, Charset::Utf8), want, "{text}");
        }
    }

    #[test]
    fn japanese_subjects() {
        for (text, want) in [
            ("Hello world", "Subject: Hello world\r\n"),
            ("会議", "Subject: =?ISO-2022-JP?B?GyRCMnE1RBsoQg==?=\r\n"),
            ("=?x?=", "Subject: =?ISO-2022-JP?B?PT94Pz0=?=\r\n"),
        ] {
            assert_eq!(subject(text, Charset::Iso2022Jp), want, "{text}");
        }
    }

    #[test]
    fn lines_stay_short() {
        for text in ["会".repeat(600), "x".repeat(2000), "word ".repeat(300).trim().to_owned(), "é".repeat(900)] {
            let short = |line: &str| line.len() <= LINE;
            assert!(subject(&text, Charset::Utf8).split("\r\n").all(short), "{text}");
            let japanese = text.replace('é', "e");
            assert!(subject(&japanese, Charset::Iso2022Jp).split("\r\n").all(short), "{text}");
        }
    }

    #[test]
    fn names() {
        for (name, want) in [
            ("Sato, Taro (CEO)", vec!["\"Sato, Taro (CEO)\""]),
            ("佐藤", vec!["=?UTF-8?B?5L2Q6Jek?="]),
            ("a\"b", vec!["=?UTF-8?B?YSJi?="]),
            ("=?x?=", vec!["=?UTF-8?B?PT94Pz0=?="]),
        ] {
            assert_eq!(name_tokens(name, Charset::Utf8), want);
        }
    }
}
