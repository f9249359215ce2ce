//! `sekisho audit`: the tamper-evident record (監査記録), checked and written
//! out. It needs no access to a mail.

mod export;
mod file;
mod grammar;
mod join;
mod meter;
mod pages;
mod verdict;
mod verify;

use clap::ArgMatches;
use sekisho_settings::CommandSettings;

use crate::exit::Exit;
use crate::screen::Screen;

pub(crate) use grammar::grammar;

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    match matches.subcommand() {
        Some(("verify", sub)) => verify::run(sub, settings, screen),
        Some(("export", sub)) => export::run(sub, settings, screen),
        _ => Exit::Usage,
    }
}
