//! A file that `audit export` wrote, checked.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use sekisho_audit::{Chain, Checker, Verdict};
use sekisho_safe_message::Sha256;
use serde::Deserialize;

use super::meter::Meter;
use crate::ask::Side;

/// Longest line: an entry at its bound, as JSON within JSON.
const MAX_LINE: u64 = 8 << 20;

/// One line; keys that are not named here say nothing for the check.
#[derive(Deserialize)]
struct Line {
    side: Chain,
    number: u64,
    hash: Sha256,
    entry: String,
    /// Of the first line of an excerpt: the hash of the entry before.
    before: Option<Sha256>,
}

/// Why a file cannot be checked.
#[derive(Debug)]
pub(crate) enum FileError {
    /// It cannot be read.
    Unreadable(io::Error),
    /// This line is none of an export.
    Line(u64),
}

/// The verdict of each side that the file tells of; `start` makes a checker
/// of what begins behind an entry, or of a whole chain.
pub(crate) fn check(
    path: &Path,
    meter: &mut Meter,
    mut start: impl FnMut(Side, Checker) -> Option<Checker>,
) -> Result<Vec<(Side, Verdict)>, FileError> {
    let mut reader = BufReader::new(File::open(path).map_err(FileError::Unreadable)?);
    let mut sides: Vec<(Side, Option<Checker>)> = Vec::new();
    let (mut octets, mut at) = (Vec::new(), 0_u64);
    loop {
        octets.clear();
        at += 1;
        let count = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut octets).map_err(FileError::Unreadable)?;
        if count == 0 {
            break;
        }
        let line: Line = serde_json::from_slice(&octets).map_err(|_| FileError::Line(at))?;
        let side = match line.side {
            Chain::Outer => Side::Outer,
            Chain::Inner => Side::Inner,
        };
        let known = sides.iter().position(|(known, _)| *known == side);
        let place = known.unwrap_or_else(|| {
            let begun = match (line.number, line.before) {
                (0 | 1, None) => Checker::new(),
                (number, before) => Checker::excerpt(before.map(|hash| (number.saturating_sub(1), *hash.as_bytes()))),
            };
            sides.push((side, start(side, begun.of(line.side))));
            sides.len() - 1
        });
        if let Some((_, Some(checker))) = sides.get_mut(place) {
            checker.feed(line.number, line.entry.as_bytes(), line.hash.as_bytes());
            meter.add(1);
        }
    }
    let checked = sides.into_iter().filter_map(|(side, checker)| Some((side, checker?.finish())));
    Ok(checked.collect())
}
