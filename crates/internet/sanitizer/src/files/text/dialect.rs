//! Which sign stands between cells.

use super::cells::{Mode, Rows};

/// Rows, and characters of them, that are looked at.
const ROWS: usize = 100;
const CHARACTERS: usize = 64 * 1024;

/// The separators that there are, the likeliest first.
const SEPARATORS: [char; 3] = [',', '\t', ';'];

/// The separator of `text`, and where its cells begin: Excel takes a first line
/// `sep=;` for an order.
pub(super) fn of(text: &str) -> (char, usize) {
    if let Some((separator, at)) = ordered(text) {
        return (separator, at);
    }
    let sample = &text[..text.floor_char_boundary(CHARACTERS)];
    let mut best = (SEPARATORS[0], 0.0);
    for separator in SEPARATORS {
        let score = score(sample, separator);
        if score > best.1 {
            best = (separator, score);
        }
    }
    (best.0, 0)
}

fn ordered(text: &str) -> Option<(char, usize)> {
    let line = &text[..text.find('\n')? + 1];
    let order = line.trim_end().trim_matches('"');
    let separator = order.get(..4).filter(|head| head.eq_ignore_ascii_case("sep=")).map(|_| &order[4..])?;
    let mut chars = separator.chars();
    // A tab at the end was trimmed.
    let separator = chars.next().unwrap_or('\t');
    (chars.next().is_none() && !matches!(separator, '"' | '\'')).then_some((separator, line.len()))
}

/// The part of the rows that have the commonest number of cells, if that is
/// more than one; a little more for more cells.
fn score(sample: &str, separator: char) -> f64 {
    let widths: Vec<usize> = Rows::new(sample, separator, Mode::Quoted)
        .take(ROWS)
        .filter(|row| row.len() > 1 || !row[0].is_empty())
        .map(|row| row.len())
        .collect();
    let common = |width: usize| widths.iter().filter(|other| **other == width).count();
    let Some((count, width)) = widths.iter().map(|width| (common(*width), *width)).max() else { return 0.0 };
    if width < 2 {
        // It stands in some rows, if no other sign is better.
        let some = widths.iter().filter(|width| **width > 1).count();
        return some as f64 / widths.len() as f64 * 0.1;
    }
    let whole = count as f64 / widths.len() as f64;
    whole + width.min(100) as f64 * 1e-4
}
