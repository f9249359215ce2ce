//! The disarmer contract: what a disarmer is given, what it may give back, and
//! what all disarmers of one mail may use together.
//!
//! Owns: [`Budget`], [`Refusal`], [`Disarmed`], the [`Options`] of the site,
//! the [`Passwords`] of the mail, and telling kinds by content.
//!
//! Never: a format's own decoder, I/O, a clock, or a way from octets to
//! [`Disarmed`] that does not lead through decoded content.
#![forbid(unsafe_code)]

mod budget;
mod disarmed;
mod names;
mod passwords;
mod sniff;

pub use budget::{Bounds, Budget, MAX_PIXELS};
pub use disarmed::{Decoded, Disarmed, Options, Refusal};
pub use names::{is_dangerous_name, stem_of};
pub use passwords::Passwords;
pub use sniff::{Identity, identify};

/// A file as it came, which nobody has looked into yet.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// Its octets.
    pub octets: sekisho_safe_message::Untrusted<'a>,
    /// The name it was given, decoded; hostile.
    pub name: Option<&'a str>,
    /// The media type it was given, lower case; empty if none was.
    pub declared: &'a str,
}
