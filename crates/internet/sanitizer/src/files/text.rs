//! Text kinds, made anew: text, cells, calendars, cards; web pages as text.
//!
//! Owns: reading each of them under the mail's budget, and what of it may
//! stay. What is written crosses as content (`SafeText`, `SafeTable`,
//! `SafeRecord`), so that the other side writes the file.
//!
//! Never: runs or fetches what a file names, cuts a file that is too long, or
//! hands octets through.

mod calendar;
mod card;
mod cells;
mod content;
mod dialect;
mod entry;
mod escapes;
mod page;
mod plain;
mod seen;
mod tree;
mod values;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use sekisho_disarm::{Budget, Disarmed, Options, Refusal};
use sekisho_job::Rules;
use sekisho_policy::Kind;
use sekisho_safe_message::{Content, Language, Removal, Untrusted};

use crate::language::has_japanese;
use crate::record;

/// The kinds of this module, and how each is read.
const SORTS: [(Kind, Sort); 8] = [
    (Kind::Text, Sort::Plain),
    (Kind::Json, Sort::Plain),
    (Kind::Xml, Sort::Xml),
    (Kind::Csv, Sort::Cells),
    (Kind::Calendar, Sort::Calendar),
    (Kind::Card, Sort::Card),
    (Kind::Html, Sort::Page),
    (Kind::Mht, Sort::Archive),
];

/// How a kind is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Plain,
    Xml,
    Cells,
    Calendar,
    Card,
    Page,
    Archive,
}

impl Sort {
    fn of(kind: Kind) -> Result<Self, Refusal> {
        SORTS.iter().find(|(known, _)| *known == kind).map(|(_, sort)| *sort).ok_or(Refusal::Unsupported)
    }
}

/// The same kind of file, written anew.
///
/// # Errors
/// Why that cannot be; web pages are never written anew.
pub(crate) fn rebuild(
    kind: Kind,
    octets: Untrusted<'_>,
    _options: &Options,
    budget: &mut Budget,
) -> Result<Disarmed, Refusal> {
    let octets = octets.read();
    match Sort::of(kind)? {
        Sort::Plain => plain::rebuild(octets, None, budget),
        Sort::Xml => plain::rebuild(octets, plain::declared(octets), budget),
        Sort::Cells => cells::rebuild(octets, budget),
        Sort::Calendar => calendar::rebuild(octets, budget),
        Sort::Card => card::rebuild(octets, budget),
        Sort::Page | Sort::Archive => Err(Refusal::Unsupported),
    }
}

/// Its text: of a page what a reader sees, of a calendar or card its words, of
/// anything else that is text the text itself.
///
/// # Errors
/// Why that cannot be.
pub(crate) fn extract(
    kind: Kind,
    octets: Untrusted<'_>,
    rules: &Rules,
    budget: &mut Budget,
) -> Result<Disarmed, Refusal> {
    let octets = octets.read();
    match Sort::of(kind)? {
        Sort::Plain | Sort::Cells => plain::rebuild(octets, None, budget),
        Sort::Xml => plain::rebuild(octets, plain::declared(octets), budget),
        Sort::Calendar => words(record::Kind::Calendar, octets, budget),
        Sort::Card => words(record::Kind::Card, octets, budget),
        Sort::Page => page::of_html(octets, rules, budget),
        Sort::Archive => page::of_archive(octets, rules, budget),
    }
}

/// The file of a text that is no text file's own: of pages, of a mail.
///
/// # Errors
/// [`Refusal::TooLarge`]: no text is cut.
pub(crate) fn inert(text: &str, removed: &mut BTreeSet<Removal>) -> Result<Content, Refusal> {
    let (content, more) = plain::write(text, std::mem::take(removed))?.into_parts();
    *removed = more;
    Ok(content)
}

fn words(kind: record::Kind, octets: &[u8], budget: &mut Budget) -> Result<Disarmed, Refusal> {
    let read = plain::characters(&record::whole(octets), None, budget)?;
    let language = if has_japanese(&read.text) { Language::Ja } else { Language::En };
    let text = record::to_text(kind, &read.text, language).ok_or(Refusal::Malformed)?;
    plain::write(&text, read.removed)
}
