//! A table of any length: its first rows give the widths, the rest follows
//! line by line. On a terminal a long one goes through the pager.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};

use unicode_width::UnicodeWidthStr;

use crate::screen::{Screen, Tone, fit};

/// Rows that are looked at before the first is printed.
const SAMPLE: usize = 200;
/// Columns between two columns.
const GAP: usize = 2;
/// Least columns of the last cell, however narrow the terminal is.
const LAST: usize = 12;

/// One cell: what it means, and its text.
type Cell = (Tone, String);

/// A table that is being printed.
pub(crate) struct Stream<'a> {
    screen: &'a Screen,
    head: Vec<&'static str>,
    waiting: Vec<Vec<Cell>>,
    widths: Option<Vec<usize>>,
    sink: Option<Sink>,
    may_page: bool,
    columns: Option<usize>,
}

impl<'a> Stream<'a> {
    /// An empty table; `may_page` if a pager is welcome.
    pub(crate) fn new(head: Vec<&'static str>, may_page: bool, screen: &'a Screen) -> Self {
        let terminal = io::stdout().is_terminal();
        let columns = if terminal { terminal_size().map(|(columns, _)| columns) } else { None };
        Self { screen, head, waiting: Vec::new(), widths: None, sink: None, may_page: may_page && terminal, columns }
    }

    /// Adds a row; breaks off when nobody reads any more.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) -> ControlFlow<()> {
        self.waiting.push(cells);
        if self.widths.is_none() && self.waiting.len() < SAMPLE {
            return ControlFlow::Continue(());
        }
        self.flush(true)
    }

    /// Prints what is left, and `last` behind it; an empty table is only `none`.
    pub(crate) fn finish(mut self, none: &str, last: Option<String>) {
        if self.widths.is_none() && self.waiting.is_empty() {
            self.screen.line(none);
        } else if self.flush(false).is_break() {
            return;
        }
        if let Some(last) = last {
            let last = self.screen.paint(Tone::Dim, &last);
            match &mut self.sink {
                Some(sink) => drop(sink.line(&last)),
                None => self.screen.line(last),
            }
        }
    }

    fn flush(&mut self, more_comes: bool) -> ControlFlow<()> {
        let rows = std::mem::take(&mut self.waiting);
        let may_page = self.may_page;
        let screen_full = || terminal_size().is_none_or(|(_, lines)| rows.len() + 4 > lines);
        let sink = self.sink.get_or_insert_with(|| match may_page && (more_comes || screen_full()) {
            true => Sink::paged(),
            false => Sink::Plain(io::stdout()),
        });
        let begins = self.widths.is_none();
        let widths = self.widths.get_or_insert_with(|| widths(&self.head, &rows, self.columns));
        if begins {
            let head = self.head.iter().map(|text| (Tone::Dim, (*text).to_owned())).collect::<Vec<_>>();
            sink.line(&line(&head, widths, self.screen))?;
        }
        for row in &rows {
            sink.line(&line(row, widths, self.screen))?;
        }
        ControlFlow::Continue(())
    }
}

fn widths(head: &[&str], rows: &[Vec<Cell>], columns: Option<usize>) -> Vec<usize> {
    let widest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|(_, text)| text.width());
        cells.chain(head.get(column).map(|text| text.width())).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..head.len()).map(widest).collect();
    if let (Some(columns), Some((last, others))) = (columns, widths.split_last_mut()) {
        let taken: usize = others.iter().map(|width| width + GAP).sum();
        *last = (*last).min(columns.saturating_sub(taken).max(LAST));
    }
    widths
}

/// A row; the last column is cut but never padded.
fn line(cells: &[Cell], widths: &[usize], screen: &Screen) -> String {
    let last = cells.len().saturating_sub(1);
    let cells: Vec<String> = cells
        .iter()
        .zip(widths)
        .enumerate()
        .map(|(at, ((tone, text), width))| {
            let text = fit(text, *width);
            let pad = if at == last { 0 } else { width.saturating_sub(text.width()) };
            format!("{}{}", screen.paint(*tone, &text), " ".repeat(pad))
        })
        .collect();
    cells.join(&" ".repeat(GAP)).trim_end().to_owned()
}

/// Where lines go.
enum Sink {
    Plain(io::Stdout),
    Pager(Child),
}

impl Sink {
    /// The reader's own pager, or `less`; standard output if there is none.
    fn paged() -> Self {
        let own = std::env::var("PAGER").unwrap_or_default();
        let mut words = own.split_whitespace();
        let mut command = match words.next() {
            Some(program) => {
                let mut command = Command::new(program);
                command.args(words);
                command
            }
            None => Command::new("less"),
        };
        if std::env::var_os("LESS").is_none() {
            command.env("LESS", "FRX");
        }
        command.stdin(Stdio::piped()).spawn().map_or_else(|_| Self::Plain(io::stdout()), Self::Pager)
    }

    fn line(&mut self, text: &str) -> ControlFlow<()> {
        let written = match self {
            Self::Plain(out) => writeln!(out, "{text}"),
            Self::Pager(child) => child.stdin.as_mut().map_or(Ok(()), |pipe| writeln!(pipe, "{text}")),
        };
        // A reader that went away is no error; but then the rest is not fetched.
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        match self {
            Self::Plain(_) => {}
            Self::Pager(child) => {
                drop(child.stdin.take());
                let _ = child.wait();
            }
        }
    }
}

/// Columns and lines of the terminal.
pub(crate) fn terminal_size() -> Option<(usize, usize)> {
    let (columns, lines) = ratatui::crossterm::terminal::size().ok()?;
    (columns > 0 && lines > 0).then_some((columns.into(), lines.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_takes_what_is_left() {
        let rows = vec![vec![(Tone::Plain, "会議".to_owned()), (Tone::Plain, "x".repeat(100))]];
        assert_eq!(widths(&["a", "b"], &rows, None), [4, 100]);
        assert_eq!(widths(&["a", "b"], &rows, Some(40)), [4, 34]);
        assert_eq!(widths(&["a", "b"], &rows, Some(3)), [4, LAST]);
    }
}
