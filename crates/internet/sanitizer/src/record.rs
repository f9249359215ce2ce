//! Machine-readable parts of mails as text that people can read: invitations,
//! cards, delivery and disposition notices, feedback reports.
//!
//! Owns: their formats, read leniently and under bounds, and the words for
//! what they say. One value is one line and stands behind a label of ours, and
//! longer text is indented, so that no value can pass for another.
//!
//! Never: fetches what a value names, decodes pictures, keys or files in it,
//! or acts on it. The text is not cleaned yet: the caller does that.

mod calendar;
mod contents;
pub(crate) mod date;
mod delivery;
mod disposition;
mod event;
mod feedback;
mod fields;
mod lines;
mod people;
pub(crate) mod rows;
mod rule;
mod status;
mod vcard;
mod when;
mod zone;

use std::borrow::Cow;

use sekisho_safe_message::Language;

/// What a machine-readable part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// iCalendar (RFC 5545, 5546) and vCalendar 1.0.
    Calendar,
    /// vCard (RFC 6350, 2426) and vCard 2.1.
    Card,
    /// Delivery status (RFC 3464, 6533).
    Delivery,
    /// Disposition notice (RFC 8098).
    Disposition,
    /// Feedback report (RFC 5965, 6591).
    Feedback,
}

/// `text` as readable text, its lines ended by `\n`; `None` if there is
/// nothing of the kind in it.
///
/// `text` is decoded and may have any line ends. Time and memory are linear in
/// its length.
pub(crate) fn to_text(kind: Kind, text: &str, language: Language) -> Option<String> {
    match kind {
        Kind::Calendar => calendar::to_text(text, language),
        Kind::Card => vcard::to_text(text, language),
        Kind::Delivery => delivery::to_text(text, language),
        Kind::Disposition => disposition::to_text(text, language),
        Kind::Feedback => feedback::to_text(text, language),
    }
}

/// `octets` of a calendar or a card with characters of UTF-8 whole that were
/// folded in their middle (RFC 5545 3.1 folds octets, not characters). To be
/// called before the octets are decoded.
pub(crate) fn whole(octets: &[u8]) -> Cow<'_, [u8]> {
    lines::whole(octets)
}

/// The word in the reader's language.
pub(crate) fn say(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}
