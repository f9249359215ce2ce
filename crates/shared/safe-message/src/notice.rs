//! What was done to a mail, as a closed list: facts cross, the inner side
//! puts them into words.

use serde::{Deserialize, Serialize};

use crate::{Address, Authentication, Removal, SafeLine, SafeName, Sha256};

/// Most notices of one mail; past it, [`Notice::More`] counts the rest.
pub const MAX_NOTICES: usize = 100;

/// One thing that the reader should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// The body was made from HTML: layout, pictures and links' targets may
    /// look different.
    BodyFromHtml,
    /// The mail had the text twice, and the HTML twin was left out.
    HtmlTwinLeftOut,
    /// The mail had no text that could be shown.
    NoText,
    /// Characters that could not be read were shown as U+FFFD: how many.
    Unreadable(u32),
    /// Invisible, control or direction-changing characters were taken out of
    /// the text, or lines marked that a client would turn into a file.
    TextCleaned(u32),
    /// A part of the mail does not cross.
    Removed(RemovedPart),
    /// So many more parts do not cross, unnamed here.
    More(u32),
    /// The name beside the sender's address shows another address: the real
    /// one.
    SenderNameMisleads(Address),
    /// The structure was sloppy in a way that two programs could read two
    /// ways; what only one reading shows was left out.
    Ambiguous,
    /// The mail had its text plain and as HTML, and the two say different
    /// things: the plain one is shown.
    TwinsDiffer,
    /// The sender's address has characters that no address may have without
    /// SMTPUTF8 (RFC 6531); a stand-in is in its place: the address as the
    /// mail writes it.
    SenderStandIn(SafeLine),
    /// What the site's own mail server found out about the sender.
    Authenticated(Authentication),
    /// The mail, or a part of it, was signed. The text is a new one, so that
    /// nobody can check the signature any more, and it was not checked.
    Signed(SignatureKind),
    /// Addresses of the web were taken out of the text: how many.
    LinksRemoved(u32),
    /// A mail inside the mail, or one wrapped by its signature, is shown as
    /// text: how many.
    MailsShown(u32),
    /// A file was made anew, and crosses as an attachment.
    Rebuilt(RebuiltPart),
    /// How to ask for the original (原本), which never crosses.
    Original {
        /// Where the request goes: an address on the Internet side.
        address: Address,
        /// What the request has to quote.
        token: SafeLine,
    },
    /// The mail can be read in two ways, and a person on the Internet side let
    /// it go: what is shown is the gateway's own reading.
    Reviewed,
}

/// A file that crosses in another form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebuiltPart {
    /// Its cleaned name, if it had one; of a file in an archive, the path.
    pub name: Option<SafeName>,
    /// What the attachment is called.
    pub output: SafeName,
    /// How it was made.
    pub method: Method,
    /// What was taken out, each once, in the order of the manual.
    pub removed: Vec<Removal>,
}

/// How a file was made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The same kind of file, written anew from what is known good.
    Rebuild,
    /// Pictures of what it shows.
    Flatten,
    /// Its text.
    Extract,
}

impl Method {
    /// The code in reports and policies.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rebuild => "rebuild",
            Self::Flatten => "flatten",
            Self::Extract => "extract",
        }
    }
}

/// How a mail was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SignatureKind {
    /// OpenPGP (RFC 9580, RFC 3156).
    OpenPgp,
    /// S/MIME (RFC 8551).
    Smime,
}

/// A part that was kept out, as the reader needs to ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedPart {
    /// Its cleaned name, if it had one.
    pub name: Option<SafeName>,
    /// The type that the mail declared, lower case (`application/pdf`).
    pub declared: SafeLine,
    /// Octets, decoded.
    pub size: u64,
    /// Digest of the decoded octets.
    pub sha256: Sha256,
    /// Why.
    pub reason: RemovalReason,
}

/// Why a part does not cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemovalReason {
    /// The profile lets only text cross.
    Attachment,
    /// A picture that the HTML shows inside the text.
    InlineImage,
    /// A mail inside the mail.
    NestedMail,
    /// A delivery report's or a signature's technical part.
    Technical,
    /// Its encoding or type is unknown or contradicts itself.
    Ambiguous,
    /// Encrypted: nobody could look inside.
    Encrypted,
    /// A program, a script, a shortcut, or what starts one.
    Program,
    /// A kind that cannot be made anew.
    Unsupported,
    /// Damaged, or not as its format wants it.
    Malformed,
    /// Over a bound: octets, pages, pixels, entries, nesting.
    TooLarge,
    /// Two formats in one file.
    Polyglot,
    /// The site's rule says so.
    Rule,
}

impl RemovalReason {
    /// The code in reports and manuals.
    pub fn code(self) -> &'static str {
        match self {
            Self::Attachment => "attachment",
            Self::InlineImage => "inline-image",
            Self::NestedMail => "nested-mail",
            Self::Technical => "technical",
            Self::Ambiguous => "ambiguous",
            Self::Encrypted => "encrypted",
            Self::Program => "program",
            Self::Unsupported => "unsupported",
            Self::Malformed => "malformed",
            Self::TooLarge => "too-large",
            Self::Polyglot => "polyglot",
            Self::Rule => "rule",
        }
    }
}
