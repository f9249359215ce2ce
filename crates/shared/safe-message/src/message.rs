//! The safe message: all that may cross the border.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    AutoSubmitted, Envelope, ListId, MAX_ATTACHED, MAX_ATTACHMENTS, MAX_NOTICES, MailId, Mailbox, MessageId, Notice,
    SafeAttachment, SafeLine, SafeText, Timestamp,
};

/// Most addresses in one of To, Cc, Reply-To; the rest is left out (the
/// envelope, not the header, decides who gets the mail).
pub const MAX_ADDRESSES: usize = 500;

/// Most identifiers kept in In-Reply-To and References (RFC 5322 3.6.4: the
/// newest are the last).
pub const MAX_REFERENCES: usize = 50;

/// The language of the reader's notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// 日本語
    Ja,
    /// English
    En,
}

/// The name of the policy profile in force, printed in every mail and record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(String);

impl ProfileName {
    /// A name of 1 to 64 of `a-z 0-9 -`, or why not.
    ///
    /// # Errors
    /// [`MessageError::Profile`].
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        let sound =
            (1..=64).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        sound.then(|| Self(text.to_owned())).ok_or(MessageError::Profile)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The allow-list of headers, each rebuilt from its parsed value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeHeaders {
    /// Exactly one author.
    pub from: Mailbox,
    /// To, at most [`MAX_ADDRESSES`].
    pub to: Vec<Mailbox>,
    /// Cc, at most [`MAX_ADDRESSES`].
    pub cc: Vec<Mailbox>,
    /// Reply-To, at most [`MAX_ADDRESSES`].
    pub reply_to: Vec<Mailbox>,
    /// The subject; empty if there was none.
    pub subject: SafeLine,
    /// When it was written, or received if the mail did not say.
    pub date: Timestamp,
    /// The original's own identifier, so that threads hold together.
    pub message_id: Option<MessageId>,
    /// At most [`MAX_REFERENCES`].
    pub in_reply_to: Vec<MessageId>,
    /// At most [`MAX_REFERENCES`].
    pub references: Vec<MessageId>,
    /// Whether a machine wrote it.
    pub auto_submitted: Option<AutoSubmitted>,
    /// The mailing list that sent it.
    pub list_id: Option<ListId>,
}

/// One mail as it crosses the border. Made by [`SafeMessage::new`] and by
/// decoding a [`crate::frame`], both of which check its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeMessage {
    pub(crate) head: Head,
    pub(crate) text: SafeText,
    pub(crate) attachments: Vec<SafeAttachment>,
}

/// All but the text and the attachments: what stands in a frame's header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) id: MailId,
    pub(crate) envelope: Envelope,
    pub(crate) headers: SafeHeaders,
    pub(crate) language: Language,
    pub(crate) profile: ProfileName,
    pub(crate) notices: Vec<Notice>,
}

/// Which bound a message breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageError {
    /// Not a profile's name.
    Profile,
    /// More addresses than [`MAX_ADDRESSES`] in one field.
    Addresses,
    /// More identifiers than [`MAX_REFERENCES`] in one field.
    References,
    /// More notices than [`MAX_NOTICES`].
    Notices,
    /// More attachments than [`MAX_ATTACHMENTS`], octets than
    /// [`MAX_ATTACHED`], or two of one name.
    Attachments,
}

impl SafeMessage {
    /// A message within its bounds.
    ///
    /// # Errors
    /// The bound that it breaks.
    pub fn new(
        id: MailId,
        envelope: Envelope,
        headers: SafeHeaders,
        text: SafeText,
        notices: Vec<Notice>,
        language: Language,
        profile: ProfileName,
    ) -> Result<Self, MessageError> {
        Self::checked(Head { id, envelope, headers, language, profile, notices }, text, Vec::new())
    }

    /// The same message with `attachments`, in their order.
    ///
    /// # Errors
    /// [`MessageError::Attachments`].
    pub fn with_attachments(self, attachments: Vec<SafeAttachment>) -> Result<Self, MessageError> {
        Self::checked(self.head, self.text, attachments)
    }

    /// The same message under another id, for other recipients.
    #[must_use]
    pub fn readdressed(mut self, id: MailId, envelope: Envelope) -> Self {
        (self.head.id, self.head.envelope) = (id, envelope);
        self
    }

    pub(crate) fn checked(head: Head, text: SafeText, attachments: Vec<SafeAttachment>) -> Result<Self, MessageError> {
        let h = &head.headers;
        if [&h.to, &h.cc, &h.reply_to].iter().any(|list| list.len() > MAX_ADDRESSES) {
            return Err(MessageError::Addresses);
        }
        if h.in_reply_to.len() > MAX_REFERENCES || h.references.len() > MAX_REFERENCES {
            return Err(MessageError::References);
        }
        if head.notices.len() > MAX_NOTICES {
            return Err(MessageError::Notices);
        }
        let octets = attachments.iter().map(|one| one.content().crossing().len()).fold(0, usize::saturating_add);
        // Systems that fold case would write two of one name over each other.
        let names: BTreeSet<_> = attachments.iter().map(|one| one.name().as_str().to_lowercase()).collect();
        if attachments.len() > MAX_ATTACHMENTS || octets > MAX_ATTACHED || names.len() != attachments.len() {
            return Err(MessageError::Attachments);
        }
        Ok(Self { head, text, attachments })
    }

    /// The mail's id.
    pub fn id(&self) -> MailId {
        self.head.id
    }

    /// Who sends, who receives.
    pub fn envelope(&self) -> &Envelope {
        &self.head.envelope
    }

    /// The headers.
    pub fn headers(&self) -> &SafeHeaders {
        &self.head.headers
    }

    /// The body.
    pub fn text(&self) -> &SafeText {
        &self.text
    }

    /// The files that cross with it.
    pub fn attachments(&self) -> &[SafeAttachment] {
        &self.attachments
    }

    /// What was done to the mail.
    pub fn notices(&self) -> &[Notice] {
        &self.head.notices
    }

    /// The language of its notice.
    pub fn language(&self) -> Language {
        self.head.language
    }

    /// The profile that made it.
    pub fn profile(&self) -> &ProfileName {
        &self.head.profile
    }
}

impl TryFrom<String> for ProfileName {
    type Error = MessageError;

    fn try_from(text: String) -> Result<Self, MessageError> {
        Self::parse(&text)
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> Self {
        name.0
    }
}

impl fmt::Debug for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Profile => "a profile's name is 1 to 64 of a-z, 0-9 and -",
            Self::Addresses => "too many addresses in a field",
            Self::References => "too many identifiers in a field",
            Self::Notices => "too many notices",
            Self::Attachments => "too many or too large attachments, or two of one name",
        })
    }
}

impl std::error::Error for MessageError {}
