//! Progress on a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::screen::Screen;

/// How often it is written.
const EVERY: Duration = Duration::from_millis(200);

/// Counts entries on standard error, if a person sits there.
pub(crate) struct Meter {
    screen: Screen,
    count: u64,
    /// When it was written last; `None` where nobody looks.
    shown: Option<Instant>,
    drawn: bool,
}

impl Meter {
    pub(crate) fn new(screen: &Screen) -> Self {
        let shown = (io::stderr().is_terminal() && !screen.is_json()).then(Instant::now);
        Self { screen: *screen, count: 0, shown, drawn: false }
    }

    pub(crate) fn add(&mut self, entries: usize) {
        self.count = self.count.saturating_add(entries as u64);
        let Some(shown) = &mut self.shown else { return };
        if shown.elapsed() < EVERY {
            return;
        }
        *shown = Instant::now();
        self.drawn = true;
        let count = self.count;
        let text = self.screen.t(format!("\r検査中 {count}件"), format!("\r{count} entries checked"));
        // It is only for the eye.
        let _ = write!(io::stderr(), "{text}").and_then(|()| io::stderr().flush());
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.drawn {
            // ECMA-48 8.3.41: erase the line.
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
