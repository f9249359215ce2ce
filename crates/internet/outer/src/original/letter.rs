//! Mails that the gateway itself writes on the Internet side: 7-bit, CRLF, UTF-8
//! in base64, built of checked parts alone.
//!
//! They say that a machine wrote them (RFC 3834 5), so that no other machine
//! answers.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_safe_message::{Address, MailId, SafeLine, SafeText, Timestamp};

/// Octets of text in one encoded word: with `=?UTF-8?B?` and `?=` 64
/// characters, so that one fits behind `Subject: ` (RFC 2047 2: 76 a line).
const WORD: usize = 39;
/// Octets behind one line of 76 characters (RFC 2045 6.8).
pub(super) const BASE64_LINE: usize = 57;
/// Addresses that To names; the envelope has them all.
const MAX_NAMED: usize = 100;

/// One mail of our own.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// A fresh id, from which Message-ID follows.
    pub(crate) id: MailId,
    /// Who writes.
    pub(crate) from: Address,
    /// To whom.
    pub(crate) to: Vec<Address>,
    /// What about.
    pub(crate) subject: SafeLine,
    /// What it says.
    pub(crate) text: SafeText,
    /// When.
    pub(crate) date: Timestamp,
}

impl Letter {
    /// The mail.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = self.header();
        self.text_part(&mut out);
        out.into_bytes()
    }

    /// The mail with a file: what stands before the file's lines of base64, and
    /// what stands behind them. `name` and `media` are ours: ASCII tokens.
    pub(super) fn around(&self, name: &str, media: &str) -> (Vec<u8>, Vec<u8>) {
        // No line of base64 begins with a hyphen.
        let boundary = format!("sekisho-{}", self.id);
        let mut out = self.header();
        let _ = write!(out, "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n");
        self.text_part(&mut out);
        let _ = write!(
            out,
            "--{boundary}\r\nContent-Type: {media}; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n"
        );
        (out.into_bytes(), format!("--{boundary}--\r\n").into_bytes())
    }

    fn header(&self) -> String {
        let mut out = String::with_capacity(1024);
        let to: Vec<_> = self.to.iter().take(MAX_NAMED).map(|address| format!("<{address}>")).collect();
        let _ = write!(
            out,
            "From: \"Sekisho\" <{}>\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\n\
             Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n",
            self.from,
            to.join(",\r\n "),
            encoded(self.subject.as_str()),
            self.date.rfc5322(),
            self.id,
            self.from.domain(),
        );
        out
    }

    fn text_part(&self, out: &mut String) {
        out.push_str("Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        let mut text = self.text.as_str().replace('\n', "\r\n");
        if !text.ends_with("\r\n") {
            text.push_str("\r\n");
        }
        for line in text.as_bytes().chunks(BASE64_LINE) {
            STANDARD.encode_string(line, out);
            out.push_str("\r\n");
        }
    }
}

/// Words of RFC 2047, each of whole characters, one a line.
fn encoded(text: &str) -> String {
    let plain = text.len() <= 60 && text.bytes().all(|b| matches!(b, b' '..=b'~')) && !text.contains("=?");
    if plain {
        return text.to_owned();
    }
    let (mut words, mut word) = (Vec::new(), String::new());
    for c in text.chars() {
        if word.len() + c.len_utf8() > WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let words: Vec<_> = words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn letter(subject: &str, text: &str) -> Letter {
        Letter {
            id: MailId::new(1, [1; 10]),
            from: "sekisho@mx.city.example".parse().unwrap(),
            to: vec!["a@city.example".parse().unwrap(), "b@city.example".parse().unwrap()],
            subject: SafeLine::clean(subject).value,
            text: SafeText::clean(text).value,
            date: Timestamp::from_unix_ms_jst(0),
        }
    }

    #[test]
    fn a_letter_is_seven_bit_and_says_who_wrote_it() {
        let mail = String::from_utf8(letter("Hello", "やあ\n.\nFrom x").write()).unwrap();
        let (header, body) = mail.split_once("\r\n\r\n").unwrap();
        assert_eq!(
            header,
            "From: \"Sekisho\" <sekisho@mx.city.example>\r\nTo: <a@city.example>,\r\n <b@city.example>\r\n\
             Subject: Hello\r\nDate: Thu, 1 Jan 1970 09:00:00 +0900\r\n\
             Message-ID: <0000000001040G2081040G2081@mx.city.example>\r\n\
             Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64"
        );
        assert_eq!(STANDARD.decode(body.replace("\r\n", "")).unwrap(), "やあ\r\n.\r\nFrom x\r\n".as_bytes());
    }

    #[test]
    fn subjects_are_folded_words() {
        for subject in
            ["", "plain", "原本", "=?x?=", &"あ".repeat(600), &"x".repeat(2000), &format!("x{}", "𠮷".repeat(99))]
        {
            let encoded = encoded(subject);
            let plain = encoded.split("\r\n ").map(|word| {
                assert!(word.len() <= 64 && word.is_ascii(), "{word}");
                match word.strip_prefix("=?UTF-8?B?").and_then(|word| word.strip_suffix("?=")) {
                    Some(inner) => String::from_utf8(STANDARD.decode(inner).unwrap()).unwrap(),
                    None => word.to_owned(),
                }
            });
            assert_eq!(plain.collect::<String>(), subject);
        }
    }

    #[test]
    fn lines_are_short_whatever_the_text() {
        for text in ["", "\n", &"あ".repeat(5000), &"x\n".repeat(3000)] {
            let mut letter = letter(&"件名".repeat(300), text);
            letter.to = (0..300).map(|n| format!("{}{n}@city.example", "u".repeat(60)).parse().unwrap()).collect();
            let (mut mail, end) = letter.around("original.zip", "application/zip");
            mail.extend(b"UEs=\r\n");
            mail.extend(end);
            for mail in [mail, letter.write()] {
                let mail = String::from_utf8(mail).unwrap();
                assert!(mail.is_ascii() && mail.ends_with("\r\n"));
                assert!(mail.lines().all(|line| line.len() <= 100 && !line.contains('\r')), "{mail}");
                assert_eq!(mail.matches('\n').count(), mail.matches("\r\n").count());
            }
        }
    }
}
