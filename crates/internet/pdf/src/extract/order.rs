//! Words in the order in which a person reads them.
//!
//! Owns: lines, cells, columns. Each direction of writing is turned so that
//! lines run along `u` and follow each other along `v`; Japanese from top to
//! bottom is then no case of its own: lines run down and follow each other to
//! the left.
//!
//! A page is cut along its white: into columns where prose stands on both
//! sides, else into bands; what cannot be cut is read row by row, cells of a
//! row separated by a tab. Every pass is linear but for sorting, and passes
//! are bounded by [`MAX_CUTS`].

use sekisho_disarm::{Budget, Refusal};

use super::words::Word;

/// Cuts inside each other.
const MAX_CUTS: u32 = 32;

/// Lines back that a word is compared with; further up none can reach it.
const MAX_BACK: usize = 64;

/// White between columns, between cells, between words, in parts of the size
/// of letters. The last is poppler's, which most readers' follow.
const COLUMN_GAP: f64 = 1.2;
const CELL_GAP: f64 = 1.6;
const WORD_GAP: f64 = 0.15;

/// White above a paragraph beyond that of other rows, in parts of its height.
const PARAGRAPH_GAP: f64 = 0.4;

/// Lines and mean letters of a line that make a column of prose. Cells of a
/// table have fewer and are read along their rows.
const PROSE_LINES: usize = 3;
const PROSE_LETTERS: usize = 12;

/// A word along `u`, its height along `v`.
#[derive(Debug, Clone)]
struct Piece {
    text: String,
    from: f64,
    to: f64,
    top: f64,
    bottom: f64,
    size: f64,
    space: bool,
}

/// Pieces that stand on one line without wide gaps.
#[derive(Debug, Clone)]
struct Cell {
    text: String,
    letters: usize,
    from: f64,
    to: f64,
    top: f64,
    bottom: f64,
    size: f64,
}

/// Where something begins and ends along `u` or `v`.
type Span = (f64, f64);

/// Which way lines run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Right,
    Down,
    Left,
    Up,
}

/// Writes the words of a page behind `out`.
///
/// # Errors
/// [`Refusal::TooLarge`] beyond the budget.
pub(super) fn write(words: Vec<Word>, out: &mut String, budget: &mut Budget) -> Result<(), Refusal> {
    budget.steps(words.len() as u64 * 16)?;
    let mut ways: [(usize, Vec<Piece>); 4] = Default::default();
    for word in words {
        let way = way_of(&word);
        let (letters, pieces) = &mut ways[way as usize];
        *letters += word.text.len();
        pieces.push(turned(word, way));
    }
    // What most of the page is written in comes first.
    ways.sort_by_key(|(letters, _)| std::cmp::Reverse(*letters));
    for (_, pieces) in ways {
        let cells = lines(pieces).into_iter().flat_map(cells).collect();
        arrange(cells, out);
    }
    Ok(())
}

fn way_of(word: &Word) -> Way {
    let (x, y) = word.advance;
    match (x.abs() >= y.abs(), x >= 0.0, y >= 0.0) {
        (true, true, _) => Way::Right,
        (true, false, _) => Way::Left,
        (false, _, true) => Way::Down,
        (false, _, false) => Way::Up,
    }
}

fn turned(word: Word, way: Way) -> Piece {
    let turn = |(x, y): (f64, f64)| match way {
        Way::Right => (x, y),
        Way::Down => (y, -x),
        Way::Left => (-x, -y),
        Way::Up => (-y, x),
    };
    let ((from, base), (to, _)) = (turn(word.origin), turn(word.end()));
    // Upright letters below each other stand on the middle of their line.
    let (above, below) = if word.vertical { (0.5, 0.5) } else { (0.8, 0.2) };
    Piece {
        from,
        to: to.max(from),
        top: base - above * word.size,
        bottom: base + below * word.size,
        size: word.size.max(0.01),
        text: word.text,
        space: word.space,
    }
}

/// Whether two heights share more than half of the greater: a raised mark and
/// its line do, but no two lines of one column do with a line of another.
fn on_one_line(a: Span, b: Span) -> bool {
    let shared = a.1.min(b.1) - a.0.max(b.0);
    shared > 0.5 * (a.1 - a.0).max(b.1 - b.0)
}

/// Pieces by the line that they stand on, from the top, each from its begin.
fn lines(mut pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    pieces.sort_by(|a, b| a.bottom.total_cmp(&b.bottom).then(a.from.total_cmp(&b.from)));
    let mut lines: Vec<(Span, Vec<Piece>)> = Vec::new();
    for piece in pieces {
        let height = (piece.top, piece.bottom);
        let back = lines.len().saturating_sub(MAX_BACK);
        match lines[back..].iter_mut().rev().find(|(line, _)| on_one_line(*line, height)) {
            Some((line, found)) => {
                // The larger letters are the line; marks above it are not.
                if height.1 - height.0 > line.1 - line.0 {
                    *line = height;
                }
                found.push(piece);
            }
            None => lines.push((height, vec![piece])),
        }
    }
    let mut lines: Vec<Vec<Piece>> = lines.into_iter().map(|(_, pieces)| pieces).collect();
    for line in &mut lines {
        line.sort_by(|a, b| a.from.total_cmp(&b.from));
        // Bold that is made by writing twice.
        line.dedup_by(|b, a| a.text == b.text && (b.from - a.from).abs() < 0.2 * a.size);
    }
    lines
}

/// A line cut at its wide gaps.
fn cells(line: Vec<Piece>) -> Vec<Cell> {
    let threshold = word_gap(&line);
    let mut cells: Vec<Cell> = Vec::new();
    let mut space = false;
    for piece in line {
        let letters = piece.text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
        match cells.last_mut() {
            Some(cell) if piece.from - cell.to <= CELL_GAP * cell.size.max(piece.size) => {
                if space || piece.from - cell.to > threshold * cell.size.min(piece.size) {
                    cell.text.push(' ');
                }
                cell.text.push_str(&piece.text);
                cell.letters += letters;
                cell.to = cell.to.max(piece.to);
                cell.top = cell.top.min(piece.top);
                cell.bottom = cell.bottom.max(piece.bottom);
                cell.size = cell.size.max(piece.size);
            }
            _ => cells.push(Cell {
                letters,
                from: piece.from,
                to: piece.to,
                top: piece.top,
                bottom: piece.bottom,
                size: piece.size,
                text: piece.text,
            }),
        }
        space = piece.space;
    }
    for cell in &mut cells {
        if cell.text.contains(is_leftward) {
            cell.text = from_right(&cell.text);
        }
    }
    cells
}

/// Letters of Hebrew, Arabic and their neighbours, which run to the left.
fn is_leftward(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// A line that was taken down from the left, as its letters follow each other:
/// from the right, but for words of other letters and numbers.
fn from_right(line: &str) -> String {
    let letters: Vec<char> = line.chars().rev().collect();
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while at < letters.len() {
        let word = letters[at..].iter().take_while(|c| !is_leftward(**c) && !c.is_whitespace()).count();
        out.extend(letters[at..at + word].iter().rev());
        out.extend(letters.get(at + word));
        at += word + 1;
    }
    out
}

/// The gap between words of a line. One that is set letter by letter with
/// white between them has wider ones.
fn word_gap(line: &[Piece]) -> f64 {
    let single = line.len() > 2 && line.iter().all(|piece| piece.text.chars().nth(1).is_none());
    if !single {
        return WORD_GAP;
    }
    let gaps = line.windows(2).map(|pair| (pair[1].from - pair[0].to) / pair[0].size);
    gaps.fold(f64::INFINITY, f64::min).max(0.0) + WORD_GAP
}

/// Cuts the page along its white and writes what is left, in order.
fn arrange(cells: Vec<Cell>, out: &mut String) {
    let mut regions = vec![(cells, 0)];
    while let Some((region, depth)) = regions.pop() {
        if region.is_empty() {
            continue;
        }
        if depth < MAX_CUTS {
            if let Some(at) = column(&region) {
                let (left, right) = region.into_iter().partition(|cell| cell.to <= at);
                regions.push((right, depth + 1));
                regions.push((left, depth + 1));
                continue;
            }
            let bands = bands(region);
            if bands.len() > 1 {
                regions.extend(bands.into_iter().rev().map(|band| (band, depth + 1)));
                continue;
            }
            rows(bands.into_iter().flatten().collect(), out);
        } else {
            rows(region, out);
        }
    }
}

fn size_of(region: &[Cell]) -> f64 {
    let mut sizes: Vec<f64> = region.iter().map(|cell| cell.size).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(1.0)
}

/// White that goes through all of `region` along `v`, as intervals of `u`.
fn gaps(region: &[Cell]) -> Vec<Span> {
    let mut sides: Vec<Span> = region.iter().map(|cell| (cell.from, cell.to)).collect();
    sides.sort_by(|a, b| a.0.total_cmp(&b.0));
    let wanted = COLUMN_GAP * size_of(region);
    let mut found = Vec::new();
    let mut reach = f64::INFINITY;
    for (from, to) in sides {
        if from - reach >= wanted {
            found.push((reach, from));
        }
        reach = if reach.is_finite() { reach.max(to) } else { to };
    }
    found
}

/// Where to cut `region` into two columns of prose.
fn column(region: &[Cell]) -> Option<f64> {
    let mut gaps = gaps(region);
    gaps.sort_by(|a, b| (b.1 - b.0).total_cmp(&(a.1 - a.0)));
    let prose = |side: &mut dyn Iterator<Item = &Cell>| {
        let (count, letters) = side.fold((0, 0), |(count, letters), cell| (count + 1, letters + cell.letters));
        count >= PROSE_LINES && letters >= count * PROSE_LETTERS
    };
    // Few gaps are columns of prose; a table has many, and each costs a pass.
    gaps.into_iter().take(8).map(|(from, _)| from).find(|at| {
        prose(&mut region.iter().filter(|cell| cell.to <= *at))
            && prose(&mut region.iter().filter(|cell| cell.to > *at))
    })
}

/// Bands of `region` with white between them; those that follow each other
/// and leave a gap of columns open stay together.
fn bands(region: Vec<Cell>) -> Vec<Vec<Cell>> {
    let wanted = COLUMN_GAP * size_of(&region);
    let mut joined: Vec<(Vec<Span>, Vec<Cell>)> = Vec::new();
    for band in strips(region) {
        if let Some((common, cells)) = joined.last_mut() {
            let left = narrowed(common, &band, wanted);
            if !left.is_empty() || (common.is_empty() && gaps(&band).is_empty()) {
                *common = left;
                cells.extend(band);
                continue;
            }
        }
        joined.push((gaps(&band), band));
    }
    joined.into_iter().map(|(_, cells)| cells).collect()
}

/// Cells that white along `u` parts from the others, from the top.
fn strips(mut region: Vec<Cell>) -> Vec<Vec<Cell>> {
    region.sort_by(|a, b| a.top.total_cmp(&b.top));
    let mut strips: Vec<Vec<Cell>> = Vec::new();
    let mut reach = f64::NEG_INFINITY;
    for cell in region {
        let bottom = cell.bottom;
        match strips.last_mut() {
            Some(strip) if cell.top < reach => strip.push(cell),
            _ => strips.push(vec![cell]),
        }
        reach = reach.max(bottom);
    }
    strips
}

/// What `cells` leave of `gaps`, as far as it is `wanted` wide.
fn narrowed(gaps: &[Span], cells: &[Cell], wanted: f64) -> Vec<Span> {
    // Columns of prose have few gaps between them; a table is not worth more.
    let left = gaps.iter().take(8).map(|gap| {
        cells.iter().fold(*gap, |(from, to), cell| {
            if cell.to <= from || cell.from >= to {
                (from, to)
            } else if cell.from - from > to - cell.to {
                (from, cell.from)
            } else {
                (cell.to, to)
            }
        })
    });
    left.filter(|(from, to)| to - from >= wanted).collect()
}

/// Writes `region` row by row.
fn rows(mut region: Vec<Cell>, out: &mut String) {
    region.sort_by(|a, b| a.bottom.total_cmp(&b.bottom).then(a.from.total_cmp(&b.from)));
    let mut rows: Vec<(Span, Vec<Cell>)> = Vec::new();
    for cell in region {
        let height = (cell.top, cell.bottom);
        let back = rows.len().saturating_sub(MAX_BACK);
        match rows[back..].iter_mut().rev().find(|(row, _)| on_one_line(*row, height)) {
            Some((_, cells)) => cells.push(cell),
            None => rows.push((height, vec![cell])),
        }
    }
    let mut before = None;
    let usual = usual_gap(&rows);
    for ((top, bottom), mut cells) in rows {
        cells.sort_by(|a, b| a.from.total_cmp(&b.from));
        let row = cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join("\t");
        if before.is_some_and(|before| top - before > usual + PARAGRAPH_GAP * (bottom - top)) {
            out.push('\n');
        }
        before = Some(bottom);
        unhyphen(out, &row);
        out.push_str(&row);
        out.push('\n');
    }
}

/// The gap that most rows have above them.
fn usual_gap(rows: &[(Span, Vec<Cell>)]) -> f64 {
    let mut gaps: Vec<f64> = rows.windows(2).map(|pair| pair[1].0.0 - pair[0].0.1).collect();
    gaps.sort_by(f64::total_cmp);
    gaps.get(gaps.len() / 2).copied().unwrap_or(0.0).max(0.0)
}

/// Joins `next` to a word that was divided at the end of the line before.
fn unhyphen(out: &mut String, next: &str) {
    if next.starts_with(|c: char| c.is_lowercase())
        && let Some(line) = out.strip_suffix("-\n")
        && line.ends_with(char::is_alphabetic)
    {
        let length = line.len();
        out.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use sekisho_disarm::Bounds;

    use super::*;

    fn word(text: &str, x: f64, y: f64) -> Word {
        let length = text.chars().map(|c| if c.is_ascii() { 5.0 } else { 10.0 }).sum();
        Word { text: text.into(), origin: (x, y), advance: (length, 0.0), size: 10.0, vertical: false, space: false }
    }

    fn upright(text: &str, x: f64, y: f64) -> Word {
        let word = word(text, x, y);
        Word { advance: (0.0, word.advance.0), vertical: true, ..word }
    }

    fn read(words: Vec<Word>) -> String {
        let mut out = String::new();
        write(words, &mut out, &mut Budget::new(Bounds::default())).unwrap();
        out
    }

    #[test]
    fn lines_and_words_whatever_the_order_they_are_painted_in() {
        let words = vec![word("world", 40.0, 10.0), word("second", 0.0, 22.0), word("hello", 10.0, 10.0)];
        assert_eq!(read(words), "hello world\nsecond\n");
        // A raised mark belongs to its line; letters without a gap to their word.
        let raised = Word { size: 6.0, ..word("2", 20.0, 6.7) };
        assert_eq!(read(vec![word("area", 0.0, 10.0), raised, word("m", 25.0, 10.0)]), "area2m\n");
        assert_eq!(read(vec![word("bold", 0.0, 10.0), word("bold", 0.4, 10.0)]), "bold\n");
    }

    #[test]
    fn cells_of_a_table_are_read_along_its_rows() {
        let words = ["a1", "b1", "a2", "b2", "a3", "b3"];
        let places = (0..3).flat_map(|row| [(0.0, f64::from(row)), (100.0, f64::from(row))]);
        let words = words.iter().zip(places).map(|(text, (x, row))| word(text, x, 10.0 + 12.0 * row)).collect();
        assert_eq!(read(words), "a1\tb1\na2\tb2\na3\tb3\n");
    }

    #[test]
    fn columns_of_prose_are_read_one_after_the_other() {
        let mut words = vec![word("a title that spans both of the columns below", 0.0, 10.0)];
        for row in 0..4 {
            let y = 40.0 + 12.0 * f64::from(row);
            words.push(word(&format!("the left column {row}"), 0.0, y));
            words.push(word(&format!("the right column {row}"), 150.0, y + 3.0));
        }
        let left = "the left column 0\nthe left column 1\nthe left column 2\nthe left column 3\n";
        let text = read(words);
        assert!(text.starts_with("a title"), "{text}");
        assert!(text.contains(left) && text.contains(&left.replace("left", "right")), "{text}");
        assert!(text.find("left column 3") < text.find("right column 0"), "{text}");
    }

    #[test]
    fn upright_lines_are_read_from_the_right() {
        let words =
            vec![upright("一行目の文", 100.0, 10.0), upright("三行目", 60.0, 10.0), upright("二行目", 80.0, 10.0)];
        assert_eq!(read(words), "一行目の文\n二行目\n三行目\n");
    }

    #[test]
    fn divided_words_are_joined_and_ranges_are_not() {
        assert_eq!(read(vec![word("auto-", 0.0, 10.0), word("matic", 0.0, 22.0)]), "automatic\n");
        assert_eq!(read(vec![word("2019-", 0.0, 10.0), word("2020", 0.0, 22.0)]), "2019-\n2020\n");
    }

    #[test]
    fn letters_that_run_to_the_left_are_turned() {
        assert_eq!(from_right("12.5 םלוע םולש"), "שלום עולם 12.5");
    }

    #[test]
    fn any_places_end() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            f64::from(u32::try_from(seed & 0xffff).unwrap()) / 100.0
        };
        let words: Vec<Word> = (0..3000)
            .map(|at| Word {
                text: format!("語{at}"),
                origin: (next(), next()),
                advance: (next() - 300.0, next() - 300.0),
                size: next() / 10.0,
                vertical: false,
                space: false,
            })
            .collect();
        assert_eq!(read(words).matches('語').count(), 3000);
    }
}
