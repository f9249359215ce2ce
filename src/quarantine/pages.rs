//! Lists of any length, page by page: neither side holds more than one page.

use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;

use sekisho_channel::ChannelError;
use sekisho_channel::admin::{Filter, Item, Reply, Request};
use sekisho_safe_message::SafeLine;
use sekisho_settings::CommandSettings;

use crate::answers::{No, strange};
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::screen::Screen;

/// Mails of one request; so many are held in memory.
const PAGE: u32 = 200;

/// A place between two mails of a list with sections: `2-abc`. What stands
/// behind the dash is the program's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    section: usize,
    after: Option<SafeLine>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.section + 1, self.after.as_ref().map_or("", SafeLine::as_str))
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not a place in a list";
        let (section, after) = text.split_once('-').ok_or(WRONG)?;
        let section = section.parse::<usize>().ok().and_then(|section| section.checked_sub(1)).ok_or(WRONG)?;
        let after = SafeLine::parse(after.to_owned()).map_err(|_| WRONG)?;
        Ok(Self { section, after: Some(after).filter(|after| !after.is_empty()) })
    }
}

/// Why a list came to no end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The program cannot be asked.
    Unreachable(ChannelError),
    /// It said no.
    No(No),
    /// It said something that no command expects.
    Strange,
}

impl Stop {
    /// Says so.
    pub(crate) fn say(&self, side: Side, screen: &Screen) -> Exit {
        let what = side.label(screen);
        match self {
            Self::Unreachable(err) => ask::unreachable(side, err, screen),
            Self::No(no) => no.say(what, screen),
            Self::Strange => strange(what, screen),
        }
    }
}

/// What to fetch, and how.
pub(crate) struct Walk<'a> {
    /// The program and where it is.
    pub(crate) side: Side,
    pub(crate) settings: &'a CommandSettings,
    /// One list behind the other.
    pub(crate) sections: &'a [Filter],
    /// At most so many; no bound if `None`.
    pub(crate) limit: Option<u64>,
    /// Newest first within each section.
    pub(crate) newest_first: bool,
}

impl Walk<'_> {
    /// Hands mails to `each` from `start` on, until it breaks off or the bound
    /// is reached. Gives the place where the rest begins, if there is a rest.
    pub(crate) fn run(
        &self,
        start: Place,
        mut each: impl FnMut(usize, Item) -> ControlFlow<()>,
    ) -> Result<Option<Place>, Stop> {
        let mut left = self.limit.unwrap_or(u64::MAX);
        let mut place = start;
        while let Some(filter) = self.sections.get(place.section) {
            if left == 0 {
                return self.rest(place);
            }
            let page = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
            let section = place.section;
            let (items, next) = self.page(filter, place.after.take(), page)?;
            for item in items {
                left = left.saturating_sub(1);
                if each(section, item).is_break() {
                    return Ok(None);
                }
            }
            place = match next {
                Some(next) => Place { section, after: Some(next) },
                None => Place { section: section + 1, after: None },
            };
        }
        Ok(None)
    }

    /// `place`, or the first behind it, where there is a mail at all.
    fn rest(&self, mut place: Place) -> Result<Option<Place>, Stop> {
        while let Some(filter) = self.sections.get(place.section) {
            // A program that looked long and found none so far says how to go on.
            let (items, next) = self.page(filter, place.after.clone(), 1)?;
            if !items.is_empty() || next.is_some() {
                return Ok(Some(place));
            }
            place = Place { section: place.section + 1, after: None };
        }
        Ok(None)
    }

    /// One page, and where the next begins. Whole before anybody looks at it,
    /// so that other questions can be asked about its mails.
    fn page(
        &self,
        filter: &Filter,
        after: Option<SafeLine>,
        limit: u32,
    ) -> Result<(Vec<Item>, Option<SafeLine>), Stop> {
        let request = Request::Find { filter: filter.clone(), after, limit, newest_first: self.newest_first };
        let (mut items, mut next, mut stop) = (Vec::new(), None, None);
        let asked = ask::each(self.side, &self.settings.admin, &request, |reply| match reply {
            Reply::Item(item) if items.len() < limit as usize => {
                items.push(*item);
                true
            }
            Reply::Page { next: place } => {
                next = place;
                false
            }
            Reply::Working => true,
            Reply::Done => false,
            other => {
                stop = Some(No::of(&other).map_or(Stop::Strange, Stop::No));
                false
            }
        });
        match (asked, stop) {
            (Err(err), _) => Err(Stop::Unreachable(err)),
            (Ok(()), Some(stop)) => Err(stop),
            (Ok(()), None) => Ok((items, next)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        for text in ["1-", "2-abc", "1-01J-x", "12-9"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in ["", "-", "0-a", "x-1", "abc", "1-\u{1b}", "1- a"] {
            assert!(text.parse::<Place>().is_err(), "{text:?}");
        }
    }
}
