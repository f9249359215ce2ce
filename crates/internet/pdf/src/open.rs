//! Opening a PDF under bounds.
//!
//! Owns: what may stand around the file (data before and behind it, older
//! revisions, encryption), and the bound on what hayro may inflate on its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use hayro_syntax::object::{Dict, FromBytes};
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use sekisho_disarm::{Bounds, Budget, Passwords, Refusal};
use sekisho_safe_message::{Removal, Untrusted};

use crate::filters::inflate;
use crate::guard::guarded;
use crate::walk::{dictionaries, widths_are_bounded};

/// Octets in which the header has to start (ISO 32000-1 Annex H.3, note 13).
const MAX_PREFIX: usize = 1024;

/// Octets before `stream` in which its dictionary is looked for.
const MAX_HEAD: usize = 4096;

/// Elements of all arrays of widths together.
const STEPS_OF_WIDTHS: u64 = 10_000_000;

/// Steps to try a password: 64 rounds or more of AES and SHA-2 over some 10 KiB
/// each (ISO 32000-2, algorithm 2.B), for both passwords.
const STEPS_OF_KEY: u64 = 50_000;

/// Octets that a try may read again in the time of one step.
const OCTETS_OF_STEP: u64 = 64;

/// A PDF that is open, and what was around it.
pub struct Opened {
    /// Its objects and pages.
    pub pdf: Pdf,
    /// Data before and behind it, older revisions, encryption.
    pub removed: BTreeSet<Removal>,
    /// The place of the password that opened it, if one was needed.
    pub opened_by: Option<usize>,
}

/// Opens a PDF, also one that is encrypted with an empty password.
///
/// # Errors
/// As [`open_with_passwords`].
pub fn open(octets: Untrusted<'_>, budget: &mut Budget) -> Result<Opened, Refusal> {
    open_with_passwords(octets, &Passwords::none(), budget)
}

/// The same, with passwords of its user (of its owner only where the revision
/// is 5 or 6). Each try is paid from the budget.
///
/// # Errors
/// [`Refusal::Encrypted`] if a password is needed that is not there, [`Refusal::Malformed`] if
/// no pages are found, [`Refusal::TooLarge`] if its streams inflate to more
/// than the budget has left (nothing is taken from it yet).
pub fn open_with_passwords(
    octets: Untrusted<'_>,
    passwords: &Passwords,
    budget: &mut Budget,
) -> Result<Opened, Refusal> {
    let all = octets.read();
    let start = find(&all[..all.len().min(MAX_PREFIX + 5)], b"%PDF-").ok_or(Refusal::Malformed)?;
    let file = &all[start..];
    let mut removed = around(file);
    if start > 0 {
        removed.insert(Removal::LeadingData);
    }
    let mut heads = Heads { left: budget.octets_left() };
    heads.walk(file)?;
    budget.steps(file.len() as u64 / OCTETS_OF_STEP)?;
    let encrypted = find(file, b"/Encrypt").is_some();
    let (pdf, opened_by) = load(file, encrypted, passwords, budget)?;
    // hayro's font loader is kept from its bombs here, for all three ways out.
    let mut steps = Budget::new(Bounds { steps: STEPS_OF_WIDTHS, ..Bounds::default() });
    let bounded = guarded(|| dictionaries(&pdf, budget, |dict| widths_are_bounded(dict, &mut steps)))?;
    bounded?;
    if encrypted {
        removed.insert(if opened_by.is_some() { Removal::Decrypted } else { Removal::Encryption });
    }
    Ok(Opened { pdf, removed, opened_by })
}

/// The file with no password, or with the first that opens it, and its place.
fn load(
    file: &[u8],
    encrypted: bool,
    passwords: &Passwords,
    budget: &mut Budget,
) -> Result<(Pdf, Option<usize>), Refusal> {
    let data = Arc::new(file.to_vec());
    let with = |password: &str| {
        guarded(|| Pdf::new_with_password(data.clone(), password))?.map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Refusal::Encrypted,
            LoadPdfError::Decryption(_) => Refusal::Unsupported,
            // hayro finds no pages where it cannot decrypt the objects that hold them.
            LoadPdfError::Invalid if encrypted => Refusal::Encrypted,
            LoadPdfError::Invalid => Refusal::Malformed,
        })
    };
    match with("") {
        Err(Refusal::Encrypted) => {}
        result => return result.map(|pdf| (pdf, None)),
    }
    for place in passwords.places(None) {
        let Some(secret) = passwords.get(place) else { continue };
        // hayro reads the tables again for each.
        budget.steps(STEPS_OF_KEY + file.len() as u64 / OCTETS_OF_STEP)?;
        match with(secret.reveal()) {
            Err(Refusal::Encrypted) => {}
            result => return result.map(|pdf| (pdf, Some(place))),
        }
    }
    Err(Refusal::Encrypted)
}

/// What the octets say: older revisions, data behind the end.
fn around(file: &[u8]) -> BTreeSet<Removal> {
    let mut removed = BTreeSet::new();
    let linearized = find(&file[..file.len().min(2048)], b"/Linearized").is_some();
    let tables = finds(file, b"startxref").filter(|at| names_a_place(&file[at + 9..])).count();
    if tables > if linearized { 2 } else { 1 } {
        removed.insert(Removal::OldRevision);
    }
    if let Some(end) = finds(file, b"%%EOF").last()
        && file[end + 5..].iter().any(|octet| !matches!(octet, 0 | b'\t' | b'\n' | 12 | b'\r' | b' '))
    {
        removed.insert(Removal::TrailingData);
    }
    removed
}

/// Whether what stands behind `startxref` is a number.
fn names_a_place(rest: &[u8]) -> bool {
    rest.iter().take(16).find(|octet| !octet.is_ascii_whitespace()).is_some_and(u8::is_ascii_digit)
}

/// Cross-reference and object streams are inflated by hayro, whole. This walk
/// inflates every such stream first, under the budget, and keeps nothing.
struct Heads {
    left: u64,
}

impl Heads {
    /// One pass: data of a stream are skipped as far as they inflate, and at
    /// most once more for its `Length`.
    fn walk(&mut self, file: &[u8]) -> Result<(), Refusal> {
        for at in finds(file, b"stream") {
            let is_end = at >= 3 && &file[at - 3..at] == b"end";
            if is_end {
                continue;
            }
            let head = &file[at.saturating_sub(MAX_HEAD)..at];
            if is_read_by_hayro(head) {
                self.measure(&file[at + 6..])?;
            }
        }
        Ok(())
    }

    fn measure(&mut self, behind: &[u8]) -> Result<(), Refusal> {
        let data = behind.strip_prefix(b"\r\n").or_else(|| behind.strip_prefix(b"\n")).unwrap_or(behind);
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX);
        let made = inflate(data, limit)?;
        self.left = self.left.saturating_sub(made.len() as u64);
        Ok(())
    }
}

/// Whether the dictionary that ends here is that of an object stream (`First`)
/// or a cross-reference stream (`W`), both of which hayro wants.
fn is_read_by_hayro(head: &[u8]) -> bool {
    let Some(object) = finds(head, b"obj").last() else { return false };
    let Some(open) = find(&head[object..], b"<<") else { return false };
    let dict = Dict::from_bytes(&head[object + open..]);
    dict.is_some_and(|dict| dict.contains_key("First") || dict.contains_key("W"))
}

/// The first place of `needle`.
pub(crate) fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    finds(hay, needle).next()
}

/// Every place of `needle`.
fn finds<'a>(hay: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = needle.first().copied().unwrap_or_default();
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let at = from + hay.get(from..)?.iter().position(|octet| *octet == first)?;
            from = at + 1;
            if hay[at..].starts_with(needle) {
                return Some(at);
            }
        }
    })
}
