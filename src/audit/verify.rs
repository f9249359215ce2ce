//! `sekisho audit verify`: is the record what the programs wrote?

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use sekisho_audit::{Chain, Checker, PublicKey, Verdict};
use sekisho_channel::admin::Link;
use sekisho_settings::{AdminSockets, CommandSettings};

use super::file::{self, FileError};
use super::grammar::Noted;
use super::join::Join;
use super::meter::Meter;
use super::pages::{Pages, Trouble};
use super::verdict;
use crate::ask::Side;
use crate::exit::Exit;
use crate::screen::Screen;

/// One side's record while it is read.
struct Reading {
    side: Side,
    pages: Pages,
    checker: Checker,
    /// Where it stands: the side that is behind is read next.
    at_ms: u64,
    ended: bool,
    trouble: Option<Trouble>,
}

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    match matches.get_one::<PathBuf>("input") {
        Some(path) => of_file(path, matches, screen),
        None => of_programs(matches, &settings.admin, screen),
    }
}

/// The same checker with what the caller knows from elsewhere.
fn told(mut checker: Checker, matches: &ArgMatches) -> Checker {
    for key in matches.get_many::<PublicKey>("key").into_iter().flatten() {
        checker = checker.trust(*key);
    }
    for noted in matches.get_many::<Noted>("checkpoint").into_iter().flatten() {
        checker = checker.expect(noted.number, *noted.hash.as_bytes());
    }
    checker
}

fn of_file(path: &Path, matches: &ArgMatches, screen: &Screen) -> Exit {
    let asked: Vec<Side> = Side::asked(matches).collect();
    let mut meter = Meter::new(screen);
    let checked = file::check(path, &mut meter, |side, checker| asked.contains(&side).then(|| told(checker, matches)));
    drop(meter);
    let name = path.display();
    match checked {
        Ok(sides) if sides.is_empty() => {
            screen.error(screen.t(format!("{name}: 記録がありません。"), format!("{name}: there are no entries")));
            Exit::NotFound
        }
        Ok(sides) => {
            sides.iter().for_each(|(side, checked)| verdict::print(*side, checked, screen));
            exit_of(sides.iter().map(|(_, checked)| checked))
        }
        Err(FileError::Unreadable(err)) => {
            screen.error(format!("{name}: {err}"));
            Exit::Failed
        }
        Err(FileError::Line(at)) => {
            screen.error(screen.t(
                format!("{name}: {at}行目は audit export の行ではありません。"),
                format!("{name}: line {at} is none that `audit export` writes"),
            ));
            Exit::Refused
        }
    }
}

fn of_programs(matches: &ArgMatches, sockets: &AdminSockets, screen: &Screen) -> Exit {
    let mut readings: Vec<Reading> = Side::asked(matches).map(|side| Reading::begin(side, sockets, matches)).collect();
    let (mut join, mut meter) = (Join::default(), Meter::new(screen));
    while let Some(behind) = readings.iter_mut().filter(|one| !one.ended).min_by_key(|one| one.at_ms) {
        behind.read(&mut join, &mut meter);
    }
    // What the outer side wrote last, the inner one had written before.
    for inner in readings.iter_mut().filter(|one| one.side == Side::Inner && one.trouble.is_none()) {
        inner.pages = Pages::behind(Side::Inner, sockets, inner.checker.summary().last);
        inner.ended = false;
        while !inner.ended {
            inner.read(&mut join, &mut meter);
        }
    }
    drop(meter);
    let (mut checked, mut exit) = (Vec::new(), Exit::Ok);
    for reading in readings {
        match reading.trouble {
            Some(trouble) => exit = trouble.say(reading.side, screen),
            None => {
                let one = reading.checker.finish();
                verdict::print(reading.side, &one, screen);
                checked.push(one);
            }
        }
    }
    let mut sound = exit_of(checked.iter());
    if checked.len() == Side::BOTH.len() {
        let joined = join.finish();
        verdict::print_joined(&joined, screen);
        if !joined.is_sound() {
            sound = Exit::Refused;
        }
    }
    // Something that is wrong is worse than something that was not seen.
    if sound == Exit::Ok { exit } else { sound }
}

fn exit_of<'a>(mut checked: impl Iterator<Item = &'a Verdict>) -> Exit {
    if checked.all(|one| one.fault.is_none()) { Exit::Ok } else { Exit::Refused }
}

impl Reading {
    fn begin(side: Side, sockets: &AdminSockets, matches: &ArgMatches) -> Self {
        let chain = match side {
            Side::Outer => Chain::Outer,
            Side::Inner => Chain::Inner,
        };
        let checker = told(Checker::new().of(chain), matches);
        Self { side, pages: Pages::behind(side, sockets, 0), checker, at_ms: 0, ended: false, trouble: None }
    }

    /// One page.
    fn read(&mut self, join: &mut Join, meter: &mut Meter) {
        match self.pages.next() {
            Ok(Some(links)) => {
                links.iter().for_each(|link| self.see(link, join));
                self.at_ms = self.checker.summary().last_ms.unwrap_or(self.at_ms);
                meter.add(links.len());
            }
            Ok(None) => self.ended = true,
            Err(trouble) => {
                self.ended = true;
                self.trouble = Some(trouble);
            }
        }
    }

    fn see(&mut self, link: &Link, join: &mut Join) {
        self.checker.feed(link.number, link.entry.as_bytes(), link.hash.as_bytes());
        join.see(self.side, link.entry.as_bytes());
    }
}
