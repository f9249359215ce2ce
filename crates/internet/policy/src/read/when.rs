//! The conditions of one rule.

use toml_edit::{Item, TableLike};

use super::source::{Entry, Source};
use crate::error::{Form, Problem, Shape};
use crate::glob::Glob;
use crate::near::nearest;
use crate::rule::When;
use crate::sets::{KindSet, ResultSet};
use crate::who::Who;
use crate::{Group, Kind};

const WHEN: &[&str] = &[
    "kind",
    "size_min",
    "size_max",
    "name",
    "sender",
    "recipient",
    "authentication",
    "nested",
    "depth_min",
    "depth_max",
    "encrypted",
    "signed",
    "mismatch",
    "polyglot",
    "inline",
];
const CHECKS: &[&str] = &["spf", "dkim", "dmarc", "arc"];
const RESULTS: &[&str] =
    &["pass", "none", "neutral", "policy", "temperror", "permerror", "softfail", "fail", ResultSet::UNKNOWN];

/// The word for every kind.
pub(crate) const ANY: &str = "any";

/// Deeper than any mail that is read.
const MAX_DEPTH: u32 = 1000;

/// The conditions in `entry`, `None` if something is wrong with one.
pub(super) fn when(source: &mut Source<'_>, entry: &Entry<'_>) -> Option<When> {
    let Some(table) = entry.item.as_table_like() else {
        return source.blame(entry, Problem::WrongType(Shape::Table));
    };
    let prefix = entry.prefix();
    let mut when = When::default();
    let mut sound = true;
    for (name, item) in table.iter() {
        let entry = Entry::new(table, name, item, &prefix);
        // A rule that lacks a condition which was written would say more than
        // its author did: it is not made at all.
        sound &= condition(source, &entry, name, &mut when).is_some();
    }
    nested(table, &mut when);
    sound.then_some(when)
}

fn condition(source: &mut Source<'_>, entry: &Entry<'_>, name: &str, when: &mut When) -> Option<()> {
    match name {
        "kind" => when.kind = Some(kinds(source, entry)?),
        "size_min" => when.size_min = Some(source.parsed(entry, size)?),
        "size_max" => when.size_max = Some(source.parsed(entry, size)?),
        "name" => when.name = Some(source.each(entry, |text| Glob::parse(text).ok_or(Problem::NotA(Form::Name)))?),
        "sender" => when.sender = Some(source.each(entry, who)?),
        "recipient" => when.recipient = Some(source.each(entry, who)?),
        "authentication" => authentication(source, entry, when)?,
        // With the depths, see below.
        "nested" => drop(source.flag(entry)?),
        "depth_min" => when.depth_min = Some(source.number(entry, MAX_DEPTH)?),
        "depth_max" => when.depth_max = Some(source.number(entry, MAX_DEPTH)?),
        "encrypted" => when.encrypted = Some(source.flag(entry)?),
        "signed" => when.signed = Some(source.flag(entry)?),
        "mismatch" => when.mismatch = Some(source.flag(entry)?),
        "polyglot" => when.polyglot = Some(source.flag(entry)?),
        "inline" => when.inline = Some(source.flag(entry)?),
        _ => {
            source.unknown(entry, WHEN);
            return None;
        }
    }
    Some(())
}

/// `nested` is a depth from 1 on, or 0. Beside depths that say otherwise
/// nothing is left, which the check of all rules tells.
fn nested(table: &dyn TableLike, when: &mut When) {
    match table.get("nested").and_then(Item::as_bool) {
        Some(true) => when.depth_min = Some(when.depth_min.unwrap_or(0).max(1)),
        Some(false) => when.depth_max = Some(0),
        None => {}
    }
}

fn kinds(source: &mut Source<'_>, entry: &Entry<'_>) -> Option<KindSet> {
    let sets = source.each(entry, |word| {
        let one = Kind::from_code(word).map(KindSet::one);
        let group = || Group::from_code(word).map(KindSet::group);
        let any = || (word == ANY).then(KindSet::all);
        one.or_else(group).or_else(any).ok_or_else(|| Problem::NoKind(near_kind(word)))
    })?;
    Some(sets.into_iter().fold(KindSet::NONE, KindSet::with))
}

fn near_kind(word: &str) -> Option<&'static str> {
    let kinds = Kind::ALL.iter().map(|kind| kind.code());
    nearest(word, kinds.chain(Group::ALL.iter().map(|group| group.code())).chain([ANY]))
}

/// Octets of `10MiB`: digits and a unit (B, KiB, MiB, GiB), as the settings
/// write sizes; `None` for anything else.
pub fn octets(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*scale)
}

fn size(text: &str) -> Result<u64, Problem> {
    octets(text).ok_or(Problem::NotA(Form::Size))
}

fn who(text: &str) -> Result<Who, Problem> {
    Who::parse(text).ok_or(Problem::NotA(Form::Who))
}

fn authentication(source: &mut Source<'_>, entry: &Entry<'_>, when: &mut When) -> Option<()> {
    let Some(table) = entry.item.as_table_like() else {
        return source.blame(entry, Problem::WrongType(Shape::Table));
    };
    let prefix = entry.prefix();
    let mut sound = true;
    for (name, item) in table.iter() {
        let entry = Entry::new(table, name, item, &prefix);
        let place = match name {
            "spf" => &mut when.spf,
            "dkim" => &mut when.dkim,
            "dmarc" => &mut when.dmarc,
            "arc" => &mut when.arc,
            _ => {
                source.unknown(&entry, CHECKS);
                sound = false;
                continue;
            }
        };
        *place = results(source, &entry);
        sound &= place.is_some();
    }
    sound.then_some(())
}

fn results(source: &mut Source<'_>, entry: &Entry<'_>) -> Option<ResultSet> {
    let near = |word: &str| nearest(word, RESULTS.iter().copied());
    let sets =
        source.each(entry, |word| ResultSet::word(word).ok_or_else(|| Problem::NotOneOf(near(word), RESULTS)))?;
    Some(sets.into_iter().fold(ResultSet::NONE, ResultSet::with))
}
