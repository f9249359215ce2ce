//! [`SafeMessage`] to the octets of one mail.
//!
//! Owns: the header allow-list as it is written, the two body encodings, and
//! the words of the notice. Every field is rebuilt from its typed value; the
//! values' types make header injection impossible, since none can hold CR or
//! LF.
//!
//! Never: input octets, a clock, a second form for the same message. What it
//! writes is the grammar of `sekisho-verify`, which reads it back with code of
//! its own.
//!
//! The encoder is ours and not lettre's, which leaves a literal `=?...?=` in a
//! subject as it stands (a reader would decode it) and a word of 2,000 letters
//! on one line (RFC 5322 2.1.1 allows 998).

mod body;
mod header;
mod notice;

pub use notice::octets;

use sekisho_safe_message::{Mailbox, MessageId, SafeHeaders, SafeMessage};
use sekisho_verify::Field;

use header::Header;

/// One mail as it will be sent: 7-bit, CRLF, short lines. Not yet proven: that
/// is `verify`'s word.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail(Vec<u8>);

impl RenderedMail {
    /// The octets.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The octets, to be verified.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl std::fmt::Debug for RenderedMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RenderedMail({} octets)", self.0.len())
    }
}

/// Writes `message`. The same message gives the same octets.
///
/// A mail without a usable Message-ID gets `<ID@sekisho.invalid>`, so that
/// replies to it still hold together (RFC 2606 2: `.invalid` is nobody's).
pub fn render(message: &SafeMessage) -> RenderedMail {
    let text = body::text(message);
    let encoding = body::Encoding::fitting(&text);
    let mut header = Header::default();
    people_and_subject(&mut header, message.headers());
    threads(&mut header, message);
    header.token(Field::MimeVersion, "1.0");
    header.token(Field::ContentType, "text/plain; charset=utf-8");
    header.token(Field::ContentTransferEncoding, encoding.name());
    header.token(Field::SekishoId, &message.id().to_string());
    header.token(Field::MailSanitized, message.profile().as_str());
    let mut mail = header.finish();
    encoding.write(&text, &mut mail);
    RenderedMail(mail.into_bytes())
}

fn people_and_subject(header: &mut Header, headers: &SafeHeaders) {
    header.mailboxes(Field::From, std::slice::from_ref(&headers.from));
    let lists: [(Field, &[Mailbox]); 3] =
        [(Field::To, &headers.to), (Field::Cc, &headers.cc), (Field::ReplyTo, &headers.reply_to)];
    for (field, list) in lists {
        header.mailboxes(field, list);
    }
    header.text(Field::Subject, &headers.subject);
    header.token(Field::Date, &headers.date.rfc5322());
}

fn threads(header: &mut Header, message: &SafeMessage) {
    let headers = message.headers();
    let own = || format!("{}@sekisho.invalid", message.id());
    let id = headers.message_id.as_ref().map_or_else(own, |id| id.as_str().to_owned());
    header.token(Field::MessageId, &format!("<{id}>"));
    let lists: [(Field, &[MessageId]); 2] =
        [(Field::InReplyTo, &headers.in_reply_to), (Field::References, &headers.references)];
    for (field, ids) in lists {
        header.tokens(field, ids.iter().map(|id| format!("<{}>", id.as_str())).collect());
    }
    if let Some(word) = headers.auto_submitted {
        header.token(Field::AutoSubmitted, word.as_str());
    }
    if let Some(list) = &headers.list_id {
        header.token(Field::ListId, &format!("<{}>", list.as_str()));
    }
}
