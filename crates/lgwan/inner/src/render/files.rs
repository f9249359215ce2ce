//! A mail with files: parts in `multipart/mixed` (RFC 2046 5.1), the text
//! first, every spelling in one form.
//!
//! A name stands twice. `filename` as RFC 2231 has it is what Outlook,
//! Thunderbird and Apple Mail read; `name` in encoded words, which RFC 2047 5
//! does not allow in a parameter, is what Becky! and Notes read, and what many
//! clients in Japan fall back to. A client that knows the one ignores the other.

use std::borrow::Cow;
use std::fmt::Write;

use sekisho_safe_message::{MailId, SafeAttachment, SafeMessage};
use sekisho_verify::Charset;

use super::body::{self, Encoding, Written};
use super::header::encoded_words;
use super::jis;

/// Longest name that stands as it is.
const PLAIN: usize = 60;
/// Octets of a line of a part's header, without CRLF (RFC 5322 2.1.1).
const LINE: usize = 78;
/// Characters of one piece of a name: with ` filename*10*=UTF-8''` and `;` a
/// line.
const PIECE: usize = 54;

/// The line between parts. `=_` stands in neither base64 nor quoted-printable;
/// that no line of 7bit text begins so, whoever writes that text sees to.
pub(super) fn boundary(id: MailId) -> String {
    format!("--=_{id}")
}

/// The mail's Content-Type.
pub(super) fn content_type(id: MailId) -> String {
    format!("multipart/mixed; boundary=\"=_{id}\"")
}

/// Appends the text's part, then the files'.
pub(super) fn write(message: &SafeMessage, text: &Written, charset: Charset, mail: &mut String) {
    let boundary = boundary(message.id());
    // Pictures and the like are borrowed: nothing large stands here twice.
    let files: Vec<Cow<'_, [u8]>> = message.attachments().iter().map(|one| one.content().write()).collect();
    let octets: usize = files.iter().map(|file| body::base64_len(file.len()) + 2_048).sum();
    mail.reserve_exact(text.lines.len() + octets + 256);
    let (kind, encoding) = (charset.content_type(), text.encoding.name());
    let _ = write!(mail, "{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
    mail.push_str(&text.lines);
    match text.encoding {
        Encoding::Base64 => {}
        // The line end before a boundary is the boundary's (RFC 2046 5.1.1).
        Encoding::QuotedPrintable | Encoding::SevenBit => mail.push_str("\r\n"),
    }
    for (attachment, file) in message.attachments().iter().zip(&files) {
        let _ = write!(mail, "{boundary}\r\n");
        head(attachment, charset, mail);
        body::write_base64(file, mail);
    }
    let _ = write!(mail, "{boundary}--\r\n");
}

fn head(attachment: &SafeAttachment, charset: Charset, mail: &mut String) {
    let name = attachment.name().as_str();
    let is_plain = name.is_ascii() && name.len() <= PLAIN;
    let media_type = attachment.kind().media_type();
    let shown = if is_plain { name.to_owned() } else { words(name, charset).join("\r\n ") };
    let _ = write!(mail, "Content-Type: {media_type};\r\n name=\"{shown}\"\r\nContent-Disposition: attachment;\r\n");
    if is_plain {
        let _ = write!(mail, " filename=\"{name}\"\r\n");
    } else {
        file_name(name, mail);
    }
    mail.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
}

/// Words in the mail's character set; of a name with characters that
/// ISO-2022-JP lacks, in UTF-8.
fn words(name: &str, charset: Charset) -> Vec<String> {
    let fits = name.chars().all(|c| c.is_ascii() || jis::pair(c).is_some());
    encoded_words(name, if fits { charset } else { Charset::Utf8 })
}

/// RFC 2231 4, in pieces (3) where one line is too short.
fn file_name(name: &str, mail: &mut String) {
    let pieces = pieces(name);
    let whole: String = pieces.concat();
    let line = format!(" filename*=UTF-8''{whole}");
    if line.len() <= LINE {
        let _ = write!(mail, "{line}\r\n");
        return;
    }
    for (place, piece) in pieces.iter().enumerate() {
        let charset = if place == 0 { "UTF-8''" } else { "" };
        let more = if place + 1 < pieces.len() { ";" } else { "" };
        let _ = write!(mail, " filename*{place}*={charset}{piece}{more}\r\n");
    }
}

/// A name in octets, in pieces of whole characters.
fn pieces(name: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in name.chars() {
        let mut octets = String::new();
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') {
            octets.push(c);
        } else {
            for octet in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(octets, "%{octet:02X}");
            }
        }
        match pieces.last_mut() {
            Some(last) if last.len() + octets.len() <= PIECE => last.push_str(&octets),
            Some(_) | None => pieces.push(octets),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, want) in [
            ("見.pdf", " filename*=UTF-8''%E8%A6%8B.pdf\r\n".to_owned()),
            ("a b見.pdf", " filename*=UTF-8''a%20b%E8%A6%8B.pdf\r\n".to_owned()),
            (
                "見積書見積書見積書.pdf",
                format!(" filename*0*=UTF-8''{0}{0};\r\n filename*1*={0}.pdf\r\n", "%E8%A6%8B%E7%A9%8D%E6%9B%B8"),
            ),
        ] {
            let mut out = String::new();
            file_name(name, &mut out);
            assert_eq!(out, want, "{name}");
        }
        let mut out = String::new();
        file_name(&"見".repeat(78), &mut out);
        assert!(out.split("\r\n").all(|line| line.len() <= LINE));
        assert_eq!(words("見.pdf", Charset::Iso2022Jp), ["=?ISO-2022-JP?B?GyRCOCsbKEIucGRm?="]);
        assert_eq!(words("😀.pdf", Charset::Iso2022Jp), ["=?UTF-8?B?8J+YgC5wZGY=?="]);
    }
}
