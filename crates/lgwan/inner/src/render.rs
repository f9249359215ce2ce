//! [`SafeMessage`] to the octets of one mail.
//!
//! Owns: the header allow-list as it is written, the two character sets and
//! their body encodings, the parts of a mail with files, and the words of the
//! notice. Every field is rebuilt from its typed value; the values' types make
//! header injection impossible, since none can hold CR or LF.
//!
//! Never: input octets, a clock, a second form for the same message. What it
//! writes is the grammar of `sekisho-verify`, which reads it back with code of
//! its own.
//!
//! The encoder is ours and not lettre's, which leaves a literal `=?...?=` in a
//! subject as it stands (a reader would decode it) and a word of 2,000 letters
//! on one line (RFC 5322 2.1.1 allows 998).

mod body;
mod files;
mod fit;
mod header;
mod jis;
mod notice;

pub use notice::octets;
pub use sekisho_settings::Charset;

use sekisho_safe_message::{Mailbox, MessageId, SafeHeaders, SafeMessage};
use sekisho_verify::Field;

use body::Written;
use fit::Fitted;
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

/// Writes `message` in UTF-8. The same message gives the same octets.
///
/// A mail without a usable Message-ID gets `<ID@sekisho.invalid>`, so that
/// replies to it still hold together (RFC 2606 2: `.invalid` is nobody's).
pub fn render(message: &SafeMessage) -> RenderedMail {
    let text = body::text(message.text().as_str(), &notice::words(message, 0));
    write(message, message.headers(), &Written::utf8(&text), sekisho_verify::Charset::Utf8)
}

/// Writes `message` in `charset`. What ISO-2022-JP lacks is replaced, and the
/// notice says so; a message that would pass the bounds of its types that way
/// (four million octets of Arabic) stands in UTF-8, since nothing may be cut.
pub fn render_in(message: &SafeMessage, charset: Charset) -> RenderedMail {
    match charset {
        Charset::Utf8 => render(message),
        Charset::Iso2022Jp => Fitted::of(message).map_or_else(
            || render(message),
            |fitted| {
                let text = body::text(&fitted.text, &fitted.notice);
                let boundary = (!message.attachments().is_empty()).then(|| files::boundary(message.id()));
                let written = Written::japanese(&text, boundary.as_deref());
                write(message, &fitted.headers, &written, sekisho_verify::Charset::Iso2022Jp)
            },
        ),
    }
}

fn write(
    message: &SafeMessage,
    headers: &SafeHeaders,
    body: &Written,
    charset: sekisho_verify::Charset,
) -> RenderedMail {
    let mut header = Header::new(charset);
    people_and_subject(&mut header, headers);
    threads(&mut header, message);
    header.token(Field::MimeVersion, "1.0");
    let with_files = !message.attachments().is_empty();
    if with_files {
        header.token(Field::ContentType, &files::content_type(message.id()));
    } else {
        header.token(Field::ContentType, charset.content_type());
        header.token(Field::ContentTransferEncoding, body.encoding.name());
    }
    header.token(Field::SekishoId, &message.id().to_string());
    header.token(Field::MailSanitized, message.profile().as_str());
    let mut mail = header.finish();
    if with_files {
        files::write(message, body, charset, &mut mail);
    } else {
        mail.push_str(&body.lines);
    }
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
