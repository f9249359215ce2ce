//! The independent second reading of a finished mail.
//!
//! Owns: one strict grammar, the smallest that holds what `inner` renders,
//! and the proof that a mail keeps it: [`VerifiedMail`], which nothing but
//! [`verify`] makes. Its parser was written for this grammar alone and shares
//! no code with the renderer, so that a defect in one is not excused by the
//! other.
//!
//! Never: repair, guessing, a second spelling, a library that reads mail.
//!
//! # The grammar
//! ```text
//! mail    = fields CRLF body          printable ASCII and CRLF, nothing else
//! fields  = From [To] [Cc] [Reply-To] [Subject] Date Message-ID [In-Reply-To]
//!           [References] [Auto-Submitted] [List-Id] MIME-Version Content-Type
//!           Content-Transfer-Encoding X-Sekisho-Id X-Mail-Sanitized
//!                                     in this order, each once
//! field   = name ": " value CRLF      folds are CRLF SP, between tokens only
//! mailbox = [(quoted / words) blank] "<" address ">"
//! words   = word *(blank word)        =?UTF-8?B?...?=, whole characters each
//! body    = base64 or quoted-printable, one canonical spelling each, of
//!           safe text, a line with MARKER, and the notice
//! ```
//! A mail with files has a Content-Type `multipart/mixed`, no
//! Content-Transfer-Encoding, and parts instead of the body:
//! ```text
//! parts   = "--=_" id CRLF  text-head  CRLF  body [CRLF]
//!           1*200file  "--=_" id "--" CRLF
//! text-head = Content-Type Content-Transfer-Encoding, as above
//! file    = "--=_" id CRLF
//!           "Content-Type: " media-type ";" CRLF SP name CRLF
//!           "Content-Disposition: attachment;" CRLF 1*(SP filename CRLF)
//!           "Content-Transfer-Encoding: base64" CRLF
//!           CRLF  *base64-line
//! name    = "name=" DQUOTE (plain / word *(CRLF SP word)) DQUOTE
//! filename = "filename=" DQUOTE plain DQUOTE / "filename*=UTF-8''" octets /
//!           "filename*" n "*=" [UTF-8''] octets          RFC 2231 3 and 4
//! ```
//! `id` is that of `X-Sekisho-Id`. An empty line stands behind a body that is
//! not base64, whose last line end would else be the boundary's (RFC 2046
//! 5.1.1). A name stands twice, alike: `plain` if it is ASCII of at most 60
//! octets, else in words and in octets of whole characters each. It is one of
//! ours, with its kind's ending; no two are alike without regard to case. The
//! files keep the grammars of `docs/output-formats.md` ([`mod@file`], [`Rich`]).
//!
//! Header lines hold at most 320 octets (one address or identifier with its
//! field's name), body lines 76; no line begins with a dot or `From `.
//!
//! A mail whose Content-Type says `iso-2022-jp` has words `=?ISO-2022-JP?B?`
//! and a body in 7bit (lines of at most 998 octets, with tabs) or base64, of
//! ISO-2022-JP in its one spelling: `ESC $ B` and `ESC ( B` only, pairs that
//! [`jis`] has, ASCII at both ends of each line and word.
#![forbid(unsafe_code)]

pub mod asking;
mod base64;
mod body;
mod date;
mod field;
pub mod file;
mod flaw;
mod iso2022jp;
pub mod jis;
mod mailbox;
mod part;
mod quoted;
mod value;
mod violation;
mod wire;
mod words;

use sekisho_safe_message::{
    AutoSubmitted, Envelope, ListId, MailId, Mailbox, MessageId, ProfileName, SafeKind, SafeLine, SafeText, Timestamp,
    Untrusted,
};

pub use field::Field;
pub use flaw::{Fault, Flaw};
pub use part::Attachment;
pub use violation::{Language, Rule, Violation};

/// The line between a mail's text and its notice: once in every mail.
pub const MARKER: &str = "---------- Sekisho ----------";

/// Longest mail, in octets: 5 MiB of header at the bounds of its values,
/// 4 MiB of empty lines in base64, and 64 MiB of files in base64 with their
/// headers.
pub const MAX: usize = 116 << 20;

/// Reads files of the kinds that this crate does not read itself: pictures,
/// PDF and archives. A mail with one is proven only if it says yes.
pub type Rich<'a> = dyn FnMut(SafeKind, Untrusted<'_>) -> Result<(), Flaw> + 'a;

/// What a mail is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// ISO-2022-JP (RFC 1468) with the characters of [`jis`].
    Iso2022Jp,
}

impl Charset {
    /// The Content-Type that says so.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Utf8 => "text/plain; charset=utf-8",
            Self::Iso2022Jp => "text/plain; charset=iso-2022-jp",
        }
    }
}

/// A mail that keeps the grammar, with the envelope it goes out under.
///
/// The proof is the value: no other constructor exists.
/// ```compile_fail
/// fn forge(bytes: Vec<u8>, envelope: sekisho_safe_message::Envelope) -> sekisho_verify::VerifiedMail {
///     sekisho_verify::VerifiedMail { envelope, bytes }
/// }
/// ```
/// ```compile_fail
/// fn forge(bytes: Vec<u8>) -> sekisho_verify::VerifiedMail {
///     bytes.into()
/// }
/// ```
#[derive(Clone)]
pub struct VerifiedMail {
    envelope: Envelope,
    bytes: Vec<u8>,
    id: MailId,
    subject: SafeLine,
}

impl VerifiedMail {
    /// Who sends, who receives.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The mail: CRLF, 7-bit, no line that needs dot-stuffing.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The id in its `X-Sekisho-Id`.
    pub fn id(&self) -> MailId {
        self.id
    }

    /// Its subject; empty if it has none.
    pub fn subject(&self) -> &SafeLine {
        &self.subject
    }
}

impl std::fmt::Debug for VerifiedMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifiedMail({}, {} octets)", self.id, self.bytes.len())
    }
}

/// What a mail of this grammar says, each value checked by its own type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The one author.
    pub from: Mailbox,
    /// To.
    pub to: Vec<Mailbox>,
    /// Cc.
    pub cc: Vec<Mailbox>,
    /// Reply-To.
    pub reply_to: Vec<Mailbox>,
    /// The subject; empty if there is none.
    pub subject: SafeLine,
    /// Date.
    pub date: Timestamp,
    /// Message-ID.
    pub message_id: MessageId,
    /// In-Reply-To.
    pub in_reply_to: Vec<MessageId>,
    /// References.
    pub references: Vec<MessageId>,
    /// Auto-Submitted.
    pub auto_submitted: Option<AutoSubmitted>,
    /// List-Id.
    pub list_id: Option<ListId>,
    /// X-Sekisho-Id.
    pub id: MailId,
    /// X-Mail-Sanitized.
    pub profile: ProfileName,
    /// What it is written in.
    pub charset: Charset,
    /// What the sender wrote.
    pub text: SafeText,
    /// What was done to the mail.
    pub notice: SafeText,
    /// The files, in their order.
    pub attachments: Vec<Attachment>,
}

/// Proves that `bytes` keep the grammar. Mails read back from a spool go
/// through here again: a disk is no proof. A mail with a picture, PDF or
/// archive is refused, for want of somebody who reads it.
///
/// # Errors
/// The first rule broken, and the line.
pub fn verify(bytes: Vec<u8>, envelope: Envelope) -> Result<VerifiedMail, Violation> {
    verify_with(bytes, envelope, &mut unread)
}

/// The same for mails with files of every kind, of which `rich` reads those
/// that this crate does not.
///
/// # Errors
/// The first rule broken, and the line.
pub fn verify_with(bytes: Vec<u8>, envelope: Envelope, rich: &mut Rich<'_>) -> Result<VerifiedMail, Violation> {
    let Reading { id, subject, .. } = read_with(Untrusted::new(&bytes), rich)?;
    Ok(VerifiedMail { envelope, bytes, id, subject })
}

/// Nobody reads it.
fn unread(_: SafeKind, _: Untrusted<'_>) -> Result<(), Flaw> {
    Err(Flaw::at(Fault::Unread, 0))
}

/// Reads a mail of this grammar, for an operator who looks at a file. A mail
/// with a picture, PDF or archive is refused, as by [`verify`].
///
/// # Errors
/// The first rule broken, and the line.
pub fn read(mail: Untrusted<'_>) -> Result<Reading, Violation> {
    read_with(mail, &mut unread)
}

/// The same for mails with files of every kind, as [`verify_with`].
///
/// # Errors
/// The first rule broken, and the line.
pub fn read_with(mail: Untrusted<'_>, rich: &mut Rich<'_>) -> Result<Reading, Violation> {
    let mut lines = wire::Lines::of(mail)?;
    let mut fields = field::fields(&mut lines)?;
    // With files, the first part says what the mail is written in.
    let boundary = fields.boundary();
    let first = boundary.as_deref().map(|boundary| part::text_head(&mut lines, boundary)).transpose()?;
    let charset = first.map_or(fields.charset(), |(charset, _)| charset);
    let from = fields.need(Field::From, |value| mailbox::one(value, charset))?;
    let mut list = |field| fields.may(field, |value| mailbox::list(value, charset)).map(Option::unwrap_or_default);
    let (to, cc, reply_to) = (list(Field::To)?, list(Field::Cc)?, list(Field::ReplyTo)?);
    let subject = fields.may(Field::Subject, |value| words::subject(value, charset))?.unwrap_or_default();
    let date = fields.need(Field::Date, date::parse)?;
    let message_id = fields.need(Field::MessageId, value::message_id)?;
    let in_reply_to = fields.may(Field::InReplyTo, value::message_ids)?.unwrap_or_default();
    let references = fields.may(Field::References, value::message_ids)?.unwrap_or_default();
    let auto_submitted = fields.may(Field::AutoSubmitted, value::auto_submitted)?;
    let list_id = fields.may(Field::ListId, value::list_id)?;
    fields.need(Field::MimeVersion, |value| value::exactly(value, "1.0"))?;
    let encoding = match first {
        Some((_, encoding)) => {
            fields.need(Field::ContentType, part::mixed)?;
            encoding
        }
        None => {
            fields.need(Field::ContentType, |value| value::exactly(value, charset.content_type()))?;
            fields.need(Field::ContentTransferEncoding, |value| body::encoding(value.as_str(), charset))?
        }
    };
    let id = fields.need(Field::SekishoId, |value| part::id(value, boundary.as_deref()))?;
    let profile = fields.need(Field::MailSanitized, value::profile)?;
    fields.none_left()?;
    if let Some(boundary) = &boundary {
        lines.stop_before(boundary, encoding.ends_lines());
    }
    let (text, notice) = body::read(&mut lines, encoding, charset)?;
    let attachments = match &boundary {
        Some(boundary) => part::attachments(&mut lines, boundary, charset, rich)?,
        None => Vec::new(),
    };
    Ok(Reading {
        from,
        to,
        cc,
        reply_to,
        subject,
        date,
        message_id,
        in_reply_to,
        references,
        auto_submitted,
        list_id,
        id,
        profile,
        charset,
        text,
        notice,
        attachments,
    })
}
