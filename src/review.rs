//! `sekisho quarantine review`: the full-screen reviewer.
//!
//! Owns: what a reviewer sees and types. The state is a machine without I/O
//! ([`state`]), the screen a picture of it ([`draw`]); around them a terminal
//! and one thread a request ([`terminal`]), so that the screen never freezes.
//! It decides nothing by a single key, and it never sees hostile octets: text
//! and files are a sandboxed worker's own.

mod answers;
mod cells;
mod decide;
mod detail;
mod draw;
mod fetch;
mod field;
mod filter;
mod form;
mod grammar;
mod keys;
mod layout;
mod state;
mod terminal;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal};

use clap::ArgMatches;
use sekisho_channel::admin::{Reply, Request};
use sekisho_settings::CommandSettings;

use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::quarantine::now_ms;
use crate::screen::{Screen, Tone};
use state::State;

pub(crate) use grammar::grammar;

/// A key, as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Char(char),
    Control(char),
    Enter,
    Escape,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
}

/// What happens.
enum Event {
    Key(Key),
    Paste(String),
    Resize(u16, u16),
    /// A reply to what was asked under this number.
    Reply(u32, Box<Reply>),
    /// No more replies; whether the program was reached and went through.
    Ended(u32, bool),
    /// A file was written (its name), or why not.
    Saved(u32, Result<String, String>),
    /// The program was told to end.
    Stop,
}

/// What is to be done.
enum Effect {
    /// Ask, and hand in the replies under this number.
    Ask(u32, Box<Request>),
    /// The same, and write the files that come into a folder.
    Save(u32, Box<Request>, String),
    /// Nobody waits for this any more.
    Abandon(u32),
    Quit,
}

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let words: Vec<&str> = matches.get_many::<String>("filter").into_iter().flatten().map(String::as_str).collect();
    let text = if words.is_empty() { filter::FIRST.to_owned() } else { words.join(" ") };
    let filter = match filter::parse(&text, now_ms()) {
        Ok(filter) => filter,
        Err(mistake) => {
            screen.error(mistake.sentence(screen.language()));
            return Exit::Usage;
        }
    };
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        screen.error(screen.t(
            "quarantine review は端末で使うものです。スクリプトでは quarantine list などを使ってください。",
            "quarantine review needs a terminal; in scripts use `quarantine list` and the others",
        ));
        return Exit::Usage;
    }
    // Trouble that is there from the beginning is said before the screen opens.
    if let Err(err) = ask::ask(Side::Outer, &settings.admin, &Request::Whoami) {
        return ask::unreachable(Side::Outer, &err, screen);
    }
    let colour = screen.paint(Tone::Bad, "x") != "x";
    // What is drawn is painted cell by cell: this one is for wording alone.
    let wording = Screen::new(screen.language(), true);
    let state = State::new(wording, colour, (80, 24), text, filter);
    match terminal::run(state, &settings.admin, &wording) {
        Ok(()) => Exit::Ok,
        Err(err) => {
            screen.error(
                screen.t(format!("端末を使えません（{err}）。"), format!("the terminal cannot be used ({err})")),
            );
            Exit::Failed
        }
    }
}
