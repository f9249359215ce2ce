//! Cells: CSV in its dialects, read leniently (RFC 4180 is what few programs
//! write), every cell kept.

use std::borrow::Cow;

use sekisho_disarm::{Budget, Disarmed, Refusal};
use sekisho_safe_message::{Removal, SafeTable};

use super::{dialect, plain};

/// Most cells of a row: Excel has 16,384 columns. Bounds the memory of a row.
const MAX_COLUMNS: usize = 65_536;

/// A table, written anew.
pub(super) fn rebuild(octets: &[u8], budget: &mut Budget) -> Result<Disarmed, Refusal> {
    let read = plain::read(octets, None, budget)?;
    // SYLK, which programs know by its first line and take for a workbook.
    if read.text.starts_with("ID;") {
        return Err(Refusal::Unsupported);
    }
    let (separator, start) = dialect::of(&read.text);
    let text = &read.text[start..];
    let mut rows = Rows::new(text, separator, Mode::Quoted);
    let mut cells = 0_u64;
    rows.by_ref().for_each(|row| cells += row.len() as u64);
    budget.steps(cells)?;
    if rows.too_wide {
        return Err(Refusal::TooLarge);
    }
    // A quote that is never closed would swallow the rest.
    let mode = if rows.unclosed { Mode::LineWise } else { Mode::Quoted };
    let mut rows = Rows::new(text, separator, mode);
    let (table, changed) = SafeTable::clean(rows.by_ref().map(|row| row.into_iter().map(vertical_to_blank)))?;
    if rows.too_wide {
        return Err(Refusal::TooLarge);
    }
    if cells == 0 {
        return Err(Refusal::Malformed);
    }
    let formulas = (changed.formulas > 0).then_some(Removal::Formula);
    let invisible = (changed.characters > 0).then_some(Removal::InvisibleCharacter);
    Ok(Disarmed::of(table)?.without(read.removed).without(formulas).without(invisible))
}

/// Vertical white space is none in a cell.
fn vertical_to_blank(cell: Cow<'_, str>) -> Cow<'_, str> {
    let is_vertical = |c| matches!(c, '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if cell.contains(is_vertical) { Cow::Owned(cell.replace(is_vertical, " ")) } else { cell }
}

/// How far a cell in quotes may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// To its closing quote.
    Quoted,
    /// Not over the end of a line; a quote that is not closed there is text.
    LineWise,
}

/// The rows of a table. Each character is looked at once, or twice if its cell
/// has an open quote.
pub(super) struct Rows<'a> {
    rest: &'a str,
    separator: char,
    mode: Mode,
    /// The last cell had a quote that was never closed.
    pub(super) unclosed: bool,
    /// A row had more cells than are read.
    too_wide: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(text: &'a str, separator: char, mode: Mode) -> Self {
        Self { rest: text, separator, mode, unclosed: false, too_wide: false }
    }

    /// The next cell, and whether it ends its row.
    fn cell(&mut self) -> (Cow<'a, str>, bool) {
        let quoted = self.rest.strip_prefix('"').and_then(|inside| self.quoted(inside));
        let (before, rest) = quoted.unwrap_or((Cow::Borrowed(""), self.rest));
        let end = rest.find([self.separator, '\n', '\r']).unwrap_or(rest.len());
        let (tail, behind) = rest.split_at(end);
        let cell = if before.is_empty() { Cow::Borrowed(tail) } else { before + tail };
        let ends_row = !behind.starts_with(self.separator);
        self.rest =
            behind.strip_prefix("\r\n").or_else(|| behind.strip_prefix([self.separator, '\n', '\r'])).unwrap_or("");
        (cell, ends_row)
    }

    /// The content of a cell in quotes, and what stands behind it.
    fn quoted(&mut self, inside: &'a str) -> Option<(Cow<'a, str>, &'a str)> {
        let (inside, reach) = match self.mode {
            Mode::Quoted => (inside, inside.len()),
            Mode::LineWise => (inside, inside.find(['\n', '\r']).unwrap_or(inside.len())),
        };
        let mut content = Cow::Borrowed("");
        let mut at = 0;
        while let Some(quote) = inside[at..reach].find('"').map(|found| at + found) {
            content += &inside[at..quote];
            if inside[quote + 1..].starts_with('"') {
                content += "\"";
                at = quote + 2;
            } else {
                return Some((content, &inside[quote + 1..]));
            }
        }
        self.unclosed = true;
        match self.mode {
            Mode::Quoted => Some((content + &inside[at..], "")),
            Mode::LineWise => None,
        }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Vec<Cow<'a, str>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            let (cell, ends_row) = self.cell();
            row.push(cell);
            self.too_wide |= row.len() == MAX_COLUMNS && !ends_row;
            if ends_row || self.too_wide {
                return Some(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, separator: char, mode: Mode) -> Vec<Vec<String>> {
        Rows::new(text, separator, mode).map(|row| row.into_iter().map(Cow::into_owned).collect()).collect()
    }

    #[test]
    fn dialects() {
        for (text, separator, rows) in [
            ("a,b\r\nc,d\r\n", ',', &[&["a", "b"][..], &["c", "d"]][..]),
            ("a,b\nc", ',', &[&["a", "b"], &["c"]]),
            ("a\rb", ',', &[&["a"], &["b"]]),
            ("\"a,\"\"b\"\"\r\nc\",d", ',', &[&["a,\"b\"\r\nc", "d"]]),
            ("\"a\"b\"c,d", ',', &[&["ab\"c", "d"]]),
            ("a\"b,c\"", ',', &[&["a\"b", "c\""]]),
            (" \"a,b\"", ',', &[&[" \"a", "b\""]]),
            (",,\n\n,", ',', &[&["", "", ""], &[""], &["", ""]]),
            ("a;b,c", ';', &[&["a", "b,c"]]),
            ("\"\",\"\"\"\"", ',', &[&["", "\""]]),
            ("", ',', &[]),
        ] {
            assert_eq!(read(text, separator, Mode::Quoted), rows, "{text:?}");
        }
    }

    #[test]
    fn quotes_that_are_never_closed() {
        let text = "a,\"b\nc,\"d,e\"\n\"f\"\"g,h";
        assert!({
            let mut rows = Rows::new(text, ',', Mode::Quoted);
            rows.by_ref().for_each(drop);
            rows.unclosed
        });
        assert_eq!(read(text, ',', Mode::LineWise), [&["a", "\"b"][..], &["c", "d,e"], &["\"f\"\"g", "h"]]);
    }

    #[test]
    fn separators() {
        for (text, found) in [
            ("a,b\nc,d", (',', 0)),
            ("a\tb\nc\td", ('\t', 0)),
            ("a;b\nc;d,e", (';', 0)),
            ("a,b,c\n1,2;3,4\n", (',', 0)),
            ("abc", (',', 0)),
            ("", (',', 0)),
            ("題名\na,b\nc\n", (',', 0)),
            ("題名\na;b\nc\nd\n", (';', 0)),
            ("\"a,b\";c\n\"d,e,f\";g\n", (';', 0)),
            ("sep=;\na,b;c\n", (';', 6)),
            ("SEP=\t\r\na\tb\n", ('\t', 7)),
            ("sep=abc\na;b\n", (';', 0)),
        ] {
            assert_eq!(dialect::of(text), found, "{text:?}");
        }
    }
}
