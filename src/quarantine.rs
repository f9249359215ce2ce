//! `sekisho quarantine`: what was held or kept out, and what becomes of it.
//! Everything is asked of the outer program; nothing is released but what is
//! sanitized anew.

mod change;
mod export;
pub(crate) mod filter;
pub(crate) mod grammar;
pub(crate) mod list;
pub(crate) mod pages;
mod preview;
pub(crate) mod proof;
mod secret;
mod show;
mod stats;
pub(crate) mod table;
pub(crate) mod targets;
pub(crate) mod when;

use std::time::{SystemTime, UNIX_EPOCH};

use clap::ArgMatches;
use sekisho_settings::CommandSettings;

use crate::exit::Exit;
use crate::screen::Screen;

pub(crate) use grammar::grammar;

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    match matches.subcommand() {
        Some(("list", sub)) => list::run(sub, settings, screen),
        Some(("show", sub)) => show::run(sub, settings, screen),
        Some(("preview", sub)) => preview::run(sub, settings, screen),
        Some(("release", sub)) => change::release(sub, settings, screen),
        Some(("delete", sub)) => change::delete(sub, settings, screen),
        Some(("hold", sub)) => change::legal_hold(sub, true, settings, screen),
        Some(("unhold", sub)) => change::legal_hold(sub, false, settings, screen),
        Some(("review", sub)) => crate::review::run(sub, settings, screen),
        Some(("export", sub)) => export::run(sub, settings, screen),
        Some(("stats", _)) => stats::stats(settings, screen),
        Some(("digest", sub)) => stats::digest(sub, settings, screen),
        _ => Exit::Usage,
    }
}

/// The clock of the person at the keyboard.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
