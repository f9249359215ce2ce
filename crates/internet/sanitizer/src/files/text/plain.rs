//! Octets to text that does nothing: characters, not controls; words, not
//! markup.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sekisho_disarm::{Budget, Disarmed, Refusal};
use sekisho_safe_message::{Removal, SafeRecord, SafeText, is_safe_char};

use super::escapes;
use crate::charset;

/// Longest text file, in octets: a table of the largest size with its quotes.
/// Three copies of it may be there at a time, half as large again in UTF-8.
const MAX_OCTETS: usize = 24 << 20;

/// Octets of text that are one step of work.
const STEP: usize = 16;

/// Text as it was read, and what was taken out.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) text: String,
    pub(super) removed: BTreeSet<Removal>,
}

/// A text file in the charset that `label` or the octets suggest, written anew.
pub(super) fn rebuild(octets: &[u8], label: Option<&[u8]>, budget: &mut Budget) -> Result<Disarmed, Refusal> {
    let read = read(octets, label, budget)?;
    write(&read.text, read.removed)
}

/// Reads a file of text, its markup inert.
pub(super) fn read(octets: &[u8], label: Option<&[u8]>, budget: &mut Budget) -> Result<Read, Refusal> {
    let mut read = characters(octets, label, budget)?;
    let inert = match SafeRecord::inert_markup(&read.text) {
        Cow::Owned(inert) => Some(inert),
        Cow::Borrowed(_) => None,
    };
    if let Some(inert) = inert {
        read.text = inert;
        read.removed.insert(Removal::Markup);
    }
    Ok(read)
}

/// Reads a file's characters, without those that cannot be seen.
pub(super) fn characters(octets: &[u8], label: Option<&[u8]>, budget: &mut Budget) -> Result<Read, Refusal> {
    let text = decode(octets, label, budget)?;
    let seen = visible(&text);
    let removed = (seen.len() != text.len()).then_some(Removal::InvisibleCharacter);
    Ok(Read { text: seen, removed: removed.into_iter().collect() })
}

/// The characters of a file, controls included.
pub(super) fn decode(octets: &[u8], label: Option<&[u8]>, budget: &mut Budget) -> Result<String, Refusal> {
    if octets.len() > MAX_OCTETS {
        return Err(Refusal::TooLarge);
    }
    budget.octets(octets.len() as u64)?;
    budget.steps((octets.len() / STEP) as u64 + 1)?;
    // Charsets that hide markup in letters are nobody's honest choice for a file.
    let label = label.filter(|label| !label.to_ascii_lowercase().starts_with(b"utf-7"));
    let decoded = charset::decode(octets, label);
    let characters = decoded.text.chars().count() as u64;
    let controls = decoded.text.chars().filter(|c| is_binary(*c)).count() as u64;
    // A text has a slip here and there; a program is full of them.
    let is_mostly = |count: u64, part: u64| count > 8 && count.saturating_mul(part) > characters;
    if is_mostly(controls, 50) || is_mostly(decoded.replacements, 10) {
        return Err(Refusal::Malformed);
    }
    Ok(decoded.text)
}

/// Controls that stand in no text, not even one for a terminal or a printer.
fn is_binary(c: char) -> bool {
    matches!(c, '\0'..='\u{6}' | '\u{e}'..='\u{19}' | '\u{1c}'..='\u{1f}')
}

/// `text` without what cannot be seen, whole control sequences among it; line
/// ends stay.
pub(super) fn visible(text: &str) -> String {
    let stays = |c: &char| {
        is_safe_char(*c) || matches!(c, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    escapes::without(text).chars().filter(stays).collect()
}

/// The charset that an XML declaration names (XML 1.0 2.8).
pub(super) fn declared(octets: &[u8]) -> Option<&[u8]> {
    let head = &octets[..octets.len().min(256)];
    let end = head.windows(2).position(|pair| pair == b"?>").filter(|_| head.starts_with(b"<?xml"))?;
    let at = head[..end].windows(9).position(|word| word == b"encoding=")?;
    let quote = *head.get(at + 9).filter(|b| matches!(b, b'"' | b'\''))?;
    head[at + 10..end].split(|b| *b == quote).next()
}

/// A text file of `text`.
pub(super) fn write(text: &str, mut removed: BTreeSet<Removal>) -> Result<Disarmed, Refusal> {
    let inert = SafeRecord::inert_markup(text);
    let (begun, mark) = harmless_begin(&inert);
    if matches!(inert, Cow::Owned(_)) || matches!(mark, Begin::Markup) {
        removed.insert(Removal::Markup);
    }
    if matches!(mark, Begin::Program) {
        removed.insert(Removal::Script);
    }
    let cleaned = SafeText::clean(&begun);
    if cleaned.cut {
        return Err(Refusal::TooLarge);
    }
    if cleaned.changed > 0 {
        removed.insert(Removal::InvisibleCharacter);
    }
    Ok(Disarmed::of(cleaned.value)?.without(removed))
}

/// What a text begins like.
enum Begin {
    Text,
    Markup,
    Program,
}

/// What systems go by when they look at no more than a file's first octets,
/// lower case.
const PROGRAMS: [&str; 30] = [
    "#!",
    "%!ps",
    "7z",
    "@echo",
    "[.shellclassinfo]",
    "[autorun]",
    "[internetshortcut]",
    "[shell]",
    "activemime",
    "begin:vcalendar",
    "begin:vcard",
    "bzh",
    "cws",
    "dex\n",
    "full address:",
    "fws",
    "gif8",
    "id;",
    "itsf",
    "mscf",
    "msgbox ",
    "mz",
    "rar!",
    "regedit4",
    "web\n1\n",
    "web\r\n1\r\n",
    "windows registry editor",
    "write-output",
    "wscript.",
    "zws",
];

/// `text` with a visible `| ` in front if it begins like a program, as mail
/// programs' encoded files are marked.
fn harmless_begin(text: &str) -> (Cow<'_, str>, Begin) {
    let start = text.trim_start();
    let head: String = start.chars().take(32).collect::<String>().to_ascii_lowercase();
    if PROGRAMS.iter().any(|program| head.starts_with(program)) {
        return (Cow::Owned(format!("| {text}")), Begin::Program);
    }
    match start.strip_prefix('<') {
        Some(rest) => {
            let blank = &text[..text.len() - start.len()];
            (Cow::Owned(format!("{blank}＜{rest}")), Begin::Markup)
        }
        None => (Cow::Borrowed(text), Begin::Text),
    }
}
