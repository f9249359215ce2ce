//! What a rule may ask about.

use sekisho_safe_message::{Address, Authentication};

use crate::Kind;

/// Who sends the mail that a file came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sender<'a> {
    /// The envelope's sender; none for `<>`.
    pub envelope: Option<&'a Address>,
    /// The author in the header.
    pub author: Option<&'a Address>,
    /// What the site's own mail server found out about it.
    pub authentication: Option<&'a Authentication>,
}

/// What is known about one file before anything is made of it.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Its kind, by content.
    pub kind: Kind,
    /// Octets.
    pub size: u64,
    /// Its name as it was given, decoded; hostile.
    pub name: Option<&'a str>,
    /// The media type that it was given, lower case.
    pub declared: &'a str,
    /// Name, declared type and content do not fit together.
    pub mismatch: bool,
    /// Another format begins where it does not belong.
    pub polyglot: bool,
    /// Nobody can look inside without a password.
    pub encrypted: bool,
    /// It bears a signature, which does not survive.
    pub signed: bool,
    /// It is a picture that the HTML shows inside the text.
    pub inline: bool,
    /// How many archives and mails it lies in; 0 for the mail's own parts.
    pub depth: u32,
    /// Who sends.
    pub sender: Sender<'a>,
    /// Who receives.
    pub recipients: &'a [Address],
}
