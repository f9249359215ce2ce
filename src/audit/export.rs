//! `sekisho audit export`: the record of given days.
//!
//! An export holds entries in their order without a gap, from the first of the
//! first day to the one before the first behind the last day: exports of days in
//! a row make the whole chain.

use std::io::{self, BufWriter, Write};

use clap::ArgMatches;
use sekisho_audit::{csv, head};
use sekisho_channel::admin::Link;
use sekisho_safe_message::Sha256;
use sekisho_settings::{AdminSockets, CommandSettings};
use serde::Serialize;

use super::pages::{Pages, Trouble, page};
use crate::ask::Side;
use crate::exit::Exit;
use crate::quarantine::when::{Edge, moment};
use crate::screen::Screen;

/// Entries by which times may be out of order: those that were written together.
const DISORDER: u64 = 1_000;
/// UTF-8's mark, by which spreadsheet programs in Japan know it from CP932.
const MARK: &str = "\u{feff}";

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    side: &'static str,
    number: u64,
    hash: &'a Sha256,
    /// The hash of the entry before, where that is not in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a Sha256>,
    entry: &'a str,
}

/// Which days; `None` for all.
#[derive(Clone, Copy)]
struct Days {
    since_ms: u64,
    until_ms: u64,
}

/// Why an export ends early.
enum Stop {
    Trouble(Trouble),
    /// Nobody reads, or the disk is full.
    Output(io::Error),
}

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(days) = days(matches, screen) else { return Exit::Usage };
    let is_csv = matches.get_flag("csv");
    let mut out = BufWriter::new(io::stdout().lock());
    if is_csv && let Err(err) = write!(out, "{MARK}{}", csv::header()) {
        return output_failed(&err, screen);
    }
    let mut exit = Exit::Ok;
    for side in Side::asked(matches) {
        match one(side, &settings.admin, days, is_csv, &mut out) {
            Ok(()) => {}
            Err(Stop::Trouble(trouble)) => exit = trouble.say(side, screen),
            Err(Stop::Output(err)) => return output_failed(&err, screen),
        }
    }
    match out.flush() {
        Ok(()) => exit,
        Err(err) => output_failed(&err, screen),
    }
}

fn days(matches: &ArgMatches, screen: &Screen) -> Option<Days> {
    let now_ms = crate::quarantine::now_ms();
    let edge = |name: &str, edge, default| match matches.get_one::<String>(name) {
        None => Some(default),
        Some(text) => moment(text, now_ms, edge).or_else(|| {
            screen.error(screen.t(
                format!("--{name} {text}: 日付として読めません（例: 2026-11-24）。"),
                format!("--{name} {text}: not a day (such as 2026-11-24)"),
            ));
            None
        }),
    };
    Some(Days { since_ms: edge("since", Edge::Begin, 0)?, until_ms: edge("until", Edge::End, u64::MAX)? })
}

/// A reader that went away (`| head`) is no error.
fn output_failed(err: &io::Error, screen: &Screen) -> Exit {
    if err.kind() == io::ErrorKind::BrokenPipe {
        return Exit::Ok;
    }
    screen.error(err.to_string());
    Exit::Failed
}

fn one(side: Side, sockets: &AdminSockets, days: Days, is_csv: bool, out: &mut impl Write) -> Result<(), Stop> {
    let after = begin(side, sockets, days.since_ms)?;
    let pages = Pages::behind(side, sockets, after);
    let (mut before, mut begun) = (None, false);
    while let Some(links) = pages.next().map_err(Stop::Trouble)? {
        for link in &links {
            let at_ms = time(link);
            if !begun && days.since_ms > 0 && at_ms.is_none_or(|at| at < days.since_ms) {
                before = Some(link.hash);
                continue;
            }
            if at_ms.is_some_and(|at| at >= days.until_ms) {
                return Ok(());
            }
            let first = !std::mem::replace(&mut begun, true);
            let before = before.as_ref().filter(|_| first);
            write(side, link, before, is_csv, out).map_err(Stop::Output)?;
        }
    }
    Ok(())
}

fn write(side: Side, link: &Link, before: Option<&Sha256>, is_csv: bool, out: &mut impl Write) -> io::Result<()> {
    if is_csv {
        let row = csv::row(side.name(), link.number, link.entry.as_bytes(), link.hash.as_bytes());
        return out.write_all(row.as_bytes());
    }
    let (side, number, hash, entry) = (side.name(), link.number, &link.hash, &link.entry);
    serde_json::to_writer(&mut *out, &Line { schema: "sekisho.audit/1", side, number, hash, before, entry })?;
    out.write_all(b"\n")
}

/// A number behind which the first entry at or after `since_ms` comes, not far
/// away: found in some forty questions, however long the record is.
fn begin(side: Side, sockets: &AdminSockets, since_ms: u64) -> Result<u64, Stop> {
    if since_ms == 0 {
        return Ok(0);
    }
    // The first entry with this number or a later one, if it is too early.
    let early = |number: u64| -> Result<Option<u64>, Stop> {
        let links = page(side, sockets, number.saturating_sub(1), 1).map_err(Stop::Trouble)?;
        Ok(links.first().filter(|link| time(link).is_none_or(|at| at < since_ms)).map(|link| link.number))
    };
    let (mut low, mut high) = (0, 1_u64);
    while let Some(number) = early(high)? {
        low = number;
        high = number.saturating_mul(2);
    }
    while high.saturating_sub(low) > 1 {
        let middle = low + (high - low) / 2;
        match early(middle)? {
            Some(number) => low = number,
            None => high = middle,
        }
    }
    Ok(low.saturating_sub(DISORDER))
}

fn time(link: &Link) -> Option<u64> {
    head(link.entry.as_bytes()).map(|(_, at_ms)| at_ms)
}
