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
//! Header lines hold at most 320 octets (one address or identifier with its
//! field's name), body lines 76; no line begins with a dot or `From `.
//!
//! A mail whose Content-Type says `iso-2022-jp` has words `=?ISO-2022-JP?B?`
//! and a body in 7bit (lines of at most 998 octets, with tabs) or base64, of
//! ISO-2022-JP in its one spelling: `ESC $ B` and `ESC ( B` only, pairs that
//! [`jis`] has, ASCII at both ends of each line and word.
#![forbid(unsafe_code)]

mod base64;
mod body;
mod date;
mod field;
mod iso2022jp;
pub mod jis;
mod mailbox;
mod quoted;
mod value;
mod violation;
mod wire;
mod words;

use sekisho_safe_message::{
    AutoSubmitted, Envelope, ListId, MailId, Mailbox, MessageId, ProfileName, SafeLine, SafeText, Timestamp, Untrusted,
};

pub use field::Field;
pub use violation::{Language, Rule, Violation};

/// The line between a mail's text and its notice: once in every mail.
pub const MARKER: &str = "---------- Sekisho ----------";

/// Longest mail, in octets: 5 MiB of header at the bounds of its values, and
/// 4 MiB of empty lines in base64.
pub const MAX: usize = 24 << 20;

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
}

/// Proves that `bytes` keep the grammar. Mails read back from a spool go
/// through here again: a disk is no proof.
///
/// # Errors
/// The first rule broken, and the line.
pub fn verify(bytes: Vec<u8>, envelope: Envelope) -> Result<VerifiedMail, Violation> {
    let Reading { id, subject, .. } = read(Untrusted::new(&bytes))?;
    Ok(VerifiedMail { envelope, bytes, id, subject })
}

/// Reads a mail of this grammar, for an operator who looks at a file.
///
/// # Errors
/// The first rule broken, and the line.
pub fn read(mail: Untrusted<'_>) -> Result<Reading, Violation> {
    let mut lines = wire::Lines::of(mail)?;
    let mut fields = field::fields(&mut lines)?;
    let charset = fields.charset();
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
    fields.need(Field::ContentType, |value| value::exactly(value, charset.content_type()))?;
    let encoding = fields.need(Field::ContentTransferEncoding, |value| body::encoding(value, charset))?;
    let id = fields.need(Field::SekishoId, value::mail_id)?;
    let profile = fields.need(Field::MailSanitized, value::profile)?;
    fields.none_left()?;
    let (text, notice) = body::read(&mut lines, encoding, charset)?;
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
    })
}
