//! The waist of Sekisho: the only types that both sides of the border share.
//!
//! Owns: addresses, envelope, safe text, safe header values, the closed list
//! of notices, [`SafeMessage`], and the canonical [`frame`] in which it
//! crosses. Every type validates itself when it is built *and* when it is
//! decoded, so that a value in hand is a proof.
//!
//! Never: I/O, clocks, parsers of hostile formats, or a way to carry input
//! bytes unparsed.
#![forbid(unsafe_code)]

mod address;
mod attachment;
mod authentication;
mod digest;
pub mod frame;
mod header;
mod id;
mod message;
mod notice;
mod record;
mod removal;
mod secret;
mod table;
mod text;
mod time;
mod untrusted;

pub use address::{Address, AddressError, Domain, Envelope, MAX_RECIPIENTS, Mailbox};
pub use attachment::{
    Content, MAX_ATTACHED, MAX_ATTACHMENTS, SafeAttachment, SafeKind, Written, is_output_name, output_name,
};
pub use authentication::{AuthResult, Authentication};
pub use digest::Sha256;
pub use header::{AutoSubmitted, HeaderError, ListId, MessageId};
pub use id::{IdError, MailId};
pub use message::{Language, MAX_ADDRESSES, MAX_REFERENCES, MessageError, ProfileName, SafeHeaders, SafeMessage};
pub use notice::{MAX_NOTICES, Method, Notice, RebuiltPart, RemovalReason, RemovedPart, SignatureKind};
pub use record::{RecordLine, SafeRecord};
pub use removal::Removal;
pub use secret::{MAX_SECRET, Secret};
pub use table::{CellsChanged, SafeTable};
pub use text::{Cleaned, SafeLine, SafeName, SafeText, TextError, is_safe_char};
pub use time::{Civil, Timestamp};
pub use untrusted::Untrusted;

/// Types that must not compile into each other.
///
/// Raw octets are no safe text:
/// ```compile_fail
/// let text: sekisho_safe_message::SafeText = sekisho_safe_message::Untrusted::new(b"x").into();
/// ```
/// Hostile octets cannot be printed:
/// ```compile_fail
/// println!("{}", sekisho_safe_message::Untrusted::new(b"x"));
/// ```
/// Nor compared by accident:
/// ```compile_fail
/// let _ = sekisho_safe_message::Untrusted::new(b"x") == sekisho_safe_message::Untrusted::new(b"x");
/// ```
/// Safe text has no constructor but the checking ones:
/// ```compile_fail
/// let _ = sekisho_safe_message::SafeText(String::from("x"));
/// ```
#[cfg(doctest)]
pub struct BorderTypes;
