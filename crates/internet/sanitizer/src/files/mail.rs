//! Mails that are files: opened into text and files.
//!
//! Owns: reading `.eml`, mailboxes, Outlook's `.msg`, `winmail.dat` (TNEF) and
//! what S/MIME signs, each into [`Letter`]s, and the look of these as text. The
//! files in them are handed on as they are, to be treated as any file is.
//!
//! Never: decides about a file, opens what is encrypted, or looks at a
//! signature. The text is not cleaned and its web addresses are as they were:
//! the caller does both.

mod codepage;
mod eml;
mod letter;
mod lzfu;
mod msg;
mod properties;
mod rtf;
mod tnef;

use std::collections::BTreeSet;

use sekisho_disarm::{Budget, Refusal};
use sekisho_policy::Kind;
use sekisho_safe_message::{Language, Removal, Untrusted};

use letter::Letter;

/// What was in a mail that was a file.
#[derive(Debug, Default)]
pub(super) struct MailFile {
    /// Headings and texts, mails inside included; empty if there is none.
    pub(super) text: String,
    /// Its files: name, declared type (lower case), octets; both may be empty.
    pub(super) files: Vec<(String, String, Vec<u8>)>,
    /// What of it was not taken over.
    pub(super) removed: BTreeSet<Removal>,
}

/// Opens a mail of `kind`. Mails inside it go one deeper in `budget`.
///
/// # Errors
/// [`Refusal::Encrypted`] for S/MIME that is; [`Refusal::Ambiguous`] where
/// readers differ about its structure; [`Refusal::Malformed`];
/// [`Refusal::TooLarge`]; [`Refusal::Unsupported`] for a signature without
/// what it signs, and for kinds that are no mail.
pub(super) fn open(kind: Kind, octets: Untrusted<'_>, budget: &mut Budget) -> Result<MailFile, Refusal> {
    let octets = octets.read();
    let letters = match kind {
        Kind::Mail => vec![eml::read(octets, budget)?],
        Kind::Mbox => eml::read_box(octets, budget)?,
        Kind::Smime => vec![eml::read_signed(octets, budget)?],
        Kind::Msg => vec![msg::read(octets, budget)?],
        Kind::Tnef => vec![tnef::read(octets, budget)?],
        _ => return Err(Refusal::Unsupported),
    };
    Ok(gather(letters, kind == Kind::Smime))
}

fn gather(letters: Vec<Letter>, signed: bool) -> MailFile {
    let mut file = MailFile::default();
    file.removed.extend(signed.then_some(Removal::Signature));
    let japanese = letters.iter().any(|letter| letter.language() == Language::Ja);
    let around = if japanese { Language::Ja } else { Language::En };
    for letter in letters {
        crate::body::join(&mut file.text, &letter.to_text(around));
        letter.into_files(&mut file.files, &mut file.removed);
    }
    file
}

#[cfg(test)]
mod tests;
