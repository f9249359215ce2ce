//! Mails inside a mail, and what a signature wraps, as text under a heading.
//!
//! A mail inside is read by the same strict rules as the mail itself. Where
//! readers differ about it, no more than its header is shown, if they agree on
//! that. Its own files are named with those of the mail.
//!
//! Bounds: five mails deep, a hundred mails, and the parts of all of them count
//! together. The depth of the recursion is thus a constant of ours.

mod heading;

use std::collections::BTreeSet;

use sekisho_job::{BodySource, HoldReason, Job, Limits, Part, Rules};
use sekisho_safe_message::{SignatureKind, Untrusted};

use crate::body;
use crate::files::{self, Desk};
use crate::findings::Findings;
use crate::mime::{self, Shape};
use crate::notice::{self, Told};
use crate::{parts, report};

/// Deepest mail inside mails that is shown.
const MAX_DEPTH: u32 = 5;
/// Most mails inside a mail that are shown, in all.
const MAX_MAILS: u32 = 100;

/// What is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole mail.
    Mail,
    /// A mail's header alone, as some bounces return it (RFC 6522 4).
    Header,
    /// An entity that was signed: its text belongs to the mail itself.
    Signed,
}

/// What is inside, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    pub(crate) kind: Kind,
    /// Its place in the whole mail.
    pub(crate) path: &'p [u32],
    /// It is part of a program's report, whose words are Japanese.
    pub(crate) in_report: bool,
}

/// A mail inside, as text.
#[derive(Debug)]
pub(crate) struct Nested {
    /// The text, heading included; its web addresses are inert.
    pub(crate) text: String,
    /// From which kind of part.
    pub(crate) from: BodySource,
    /// Its parts, for the report; paths are those in the whole mail.
    pub(crate) parts: Vec<Part>,
    /// Its header alone is shown: readers differ about the rest.
    pub(crate) partial: bool,
    /// What became of its files.
    pub(crate) told: Told,
    /// Characters that could not be read.
    pub(crate) replacements: u64,
    /// Characters that cannot be seen, taken out.
    pub(crate) invisible: u64,
    /// Web addresses taken out.
    pub(crate) links_removed: u32,
    /// How many mails are shown, those inside it included.
    pub(crate) mails: u32,
    /// How it was signed.
    pub(crate) signed: BTreeSet<SignatureKind>,
}

/// Why a mail inside is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// Two readers may differ about it.
    Ambiguous,
    /// It passes a bound, or is no mail.
    Unreadable,
}

/// What all mails inside one mail may use together.
pub(crate) struct Budget<'a> {
    pub(crate) limits: Limits,
    pub(crate) rules: &'a Rules,
    /// What files are judged by.
    pub(crate) desk: &'a Desk<'a>,
    /// What all files may use together.
    pub(crate) files: sekisho_disarm::Budget,
    depth: u32,
    mails: u32,
}

impl<'a> Budget<'a> {
    /// The budget of a mail with so many parts of its own.
    pub(crate) fn new(job: &'a Job, desk: &'a Desk<'a>, parts: usize) -> Self {
        let files = files::budget();
        let mut budget = Self { limits: job.limits, rules: &job.rules, desk, files, depth: 0, mails: 0 };
        budget.spend(parts);
        budget
    }

    fn spend(&mut self, parts: usize) {
        let parts = u32::try_from(parts).unwrap_or(u32::MAX);
        self.limits.parts = self.limits.parts.saturating_sub(parts);
    }

    fn enter(&mut self) -> Result<(), Hidden> {
        if self.depth == MAX_DEPTH || self.mails == MAX_MAILS || self.limits.parts == 0 {
            return Err(Hidden::Unreadable);
        }
        (self.depth, self.mails) = (self.depth + 1, self.mails + 1);
        Ok(())
    }
}

/// Reads what stands at `place`.
///
/// # Errors
/// Why it is not shown; nothing of it is taken over then but that.
pub(crate) fn read(
    octets: &[u8],
    place: Place<'_>,
    budget: &mut Budget<'_>,
    findings: &mut Findings,
) -> Result<Nested, Hidden> {
    if place.kind == Kind::Header {
        return header(octets, place, budget);
    }
    budget.enter()?;
    // What a signature wraps is the mail itself. A mail inside is held by
    // nothing: of one that is read in two ways the header is shown.
    let mut own = if place.kind == Kind::Signed { findings.of_part() } else { Findings::default() };
    let nested = open(octets, place, budget, &mut own);
    budget.depth -= 1;
    match own.held() {
        None => {
            findings.absorb(own);
            Ok(nested)
        }
        Some(HoldReason::AmbiguousStructure | HoldReason::Partial) if place.kind == Kind::Mail => {
            header(octets, place, budget)
        }
        Some(HoldReason::AmbiguousStructure | HoldReason::Partial) => Err(Hidden::Ambiguous),
        Some(_) => Err(Hidden::Unreadable),
    }
}

/// The header block alone.
fn header(octets: &[u8], place: Place<'_>, budget: &Budget<'_>) -> Result<Nested, Hidden> {
    let mut own = Findings::default();
    let mime = mime::read_header(Untrusted::new(octets), &budget.limits, &mut own);
    match own.held() {
        Some(HoldReason::AmbiguousStructure) => Err(Hidden::Ambiguous),
        Some(_) => Err(Hidden::Unreadable),
        None if !heading::is_mail(&mime) => Err(Hidden::Unreadable),
        None => Ok(Nested {
            text: heading::put_above(&mime, place, None, budget.rules),
            partial: place.kind == Kind::Mail,
            ..Nested::nothing()
        }),
    }
}

fn open(octets: &[u8], place: Place<'_>, budget: &mut Budget<'_>, findings: &mut Findings) -> Nested {
    let mime = mime::read(Untrusted::new(octets), &budget.limits, findings);
    budget.spend(mime.entities.len());
    if place.kind == Kind::Mail && !heading::is_mail(&mime) {
        findings.hold(HoldReason::NoHeader);
    }
    if findings.held().is_some() {
        // What cannot be shown is not read on.
        return Nested::nothing();
    }
    let leaves = parts::read(&mime, place.path, budget, findings);
    let made = body::compose(&mime, &leaves, budget.rules, findings);
    let is_mail = place.kind == Kind::Mail;
    let mut signed = made.signed;
    signed.extend(notice::signatures(&mime, &leaves));
    signed.extend((!is_mail).then_some(SignatureKind::Smime));
    Nested {
        text: if is_mail { heading::put_above(&mime, place, Some(&made.text), budget.rules) } else { made.text },
        from: made.from.unwrap_or(BodySource::Plain),
        parts: report::parts(&mime, &leaves, &made.shown, place.path),
        partial: false,
        told: notice::tell(&mime, leaves),
        replacements: made.replacements,
        invisible: made.invisible,
        links_removed: made.links_removed,
        mails: made.mails + u32::from(is_mail),
        signed,
    }
}

impl Nested {
    /// The text of a mail that was a file of another format, heading included.
    pub(crate) fn of_file(text: &str, rules: &Rules) -> Self {
        let inert = body::inert(text, rules, true);
        Self { text: inert.text, invisible: inert.invisible, links_removed: inert.removed, mails: 1, ..Self::nothing() }
    }

    fn nothing() -> Self {
        Self {
            text: String::new(),
            from: BodySource::Plain,
            parts: Vec::new(),
            partial: false,
            told: Told::default(),
            replacements: 0,
            invisible: 0,
            links_removed: 0,
            mails: 0,
            signed: BTreeSet::new(),
        }
    }
}

/// What a part holds inside, if it is one of these: by its type or its name.
pub(crate) fn kind_of(entity: &mime::Entity<'_>) -> Option<Kind> {
    let ends = |ending: &str| entity.names.iter().any(|name| name.trim().to_ascii_lowercase().ends_with(ending));
    match entity.media.as_str() {
        _ if entity.shape != Shape::Leaf => None,
        // RFC 2046 5.2: no encoding but the identity is allowed, and some
        // readers undo one while others do not.
        "message/rfc822"
        | "message/global"
        | "text/rfc822-headers"
        | "message/rfc822-headers"
        | "message/global-headers"
            if entity.encoding != mime::Encoding::Identity =>
        {
            None
        }
        "message/rfc822" | "message/global" => Some(Kind::Mail),
        "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers" => Some(Kind::Header),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => Some(Kind::Signed),
        "application/octet-stream" if ends(".eml") => Some(Kind::Mail),
        "application/octet-stream" if ends(".p7m") => Some(Kind::Signed),
        _ => None,
    }
}
