//! One line that says how far it is, on a terminal only.

use std::io::{self, IsTerminal, Write};

use super::words::{Language, count};
use crate::ledger::Ledger;

/// Where progress is shown.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    language: Language,
    terminal: bool,
}

impl Progress {
    /// On standard error, if that is a terminal.
    pub fn new(language: Language) -> Self {
        Self { language, terminal: io::stderr().is_terminal() }
    }

    /// How it stands with `target`; `of` is how many it will be, if known.
    pub(crate) fn show(&self, target: &str, ledger: &Ledger, of: Option<u64>) {
        if !self.terminal {
            return;
        }
        let (accepted, delivered) = (count(ledger.accepted_count()), count(ledger.arrivals().distinct));
        let of = of.map_or(String::new(), |of| format!("/{}", count(of)));
        let seconds = ledger.elapsed().as_secs();
        let line = self.language.pick(
            format!("{target}: {seconds} 秒経過、受信 {accepted}{of} 通、配送 {delivered} 通"),
            format!("{target}: {seconds} s, accepted {accepted}{of}, delivered {delivered}"),
        );
        // A terminal that went away is no error.
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
    }

    /// Takes the line away.
    pub(crate) fn clear(&self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    /// A line of its own that stays.
    pub fn note(&self, ja: &str, en: &str) {
        self.clear();
        let _ = writeln!(io::stderr(), "sekisho bench: {}", self.language.pick(ja, en));
    }
}
