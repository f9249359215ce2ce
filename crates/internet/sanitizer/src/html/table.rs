//! Tables: what is data is laid out in columns, or in rows of `label: value`
//! where it is too wide; what is only layout flows.

use unicode_width::UnicodeWidthStr;

use super::page::{Form, Line, Page};

/// Widest table that is laid out in columns.
const MAX_WIDTH: usize = 100;
/// Widest label of a table of two columns that is too wide.
const MAX_LABEL: usize = 30;
/// Most columns of a table that is laid out.
const MAX_COLUMNS: usize = 64;
/// Most cells of a table that is laid out.
const MAX_CELLS: usize = 20_000;
/// Most lines of a cell of a table that is laid out.
const MAX_LINES: usize = 12;
/// Most octets of the page on which tables are still laid out.
const MAX_PAGE: usize = 8 << 20;
/// Longest cell, in octets, that flows without an empty line around it.
const PARAGRAPH: usize = 150;
/// Between columns.
const BETWEEN: &str = "  ";

/// A table that is open, and where its cells are on the page.
#[derive(Debug)]
pub(super) struct Table {
    /// The table's index among the open elements.
    pub(super) element: usize,
    /// The first line of the cells.
    start: usize,
    cells: Vec<Cell>,
    row: u32,
    in_cell: bool,
    /// It cannot be laid out: tables or text where cells should be.
    loose: bool,
    /// The page says that it is only layout.
    pub(super) layout: bool,
    /// The page says that it holds data: headings, a caption, a frame.
    pub(super) data: bool,
}

#[derive(Debug)]
struct Cell {
    row: u32,
    first: usize,
    last: usize,
    columns: usize,
    rows: usize,
    heading: bool,
}

/// What a cell's attributes say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) heading: bool,
}

impl Table {
    pub(super) fn begin(page: &mut Page, element: usize) -> Self {
        page.block();
        let start = page.lines.len();
        let (cells, row) = (Vec::new(), 0);
        Self { element, start, cells, row, in_cell: false, loose: false, layout: false, data: false }
    }

    /// A table that is not shown.
    pub(super) fn hidden(element: usize) -> Self {
        let (cells, row) = (Vec::new(), 0);
        Self { element, start: 0, cells, row, in_cell: false, loose: true, layout: true, data: false }
    }

    /// It is layout: what is there of it flows, and so does the rest.
    pub(super) fn loosen(&mut self, page: &mut Page) {
        if !self.loose {
            self.loose = true;
            join_rows(page, &self.cells, Some(self.row));
            self.cells.retain(|cell| cell.row == self.row);
        }
    }

    pub(super) fn begin_row(&mut self) {
        self.row = self.row.saturating_add(1);
    }

    /// What came before is a caption.
    pub(super) fn end_caption(&mut self, page: &mut Page) {
        page.block();
        if self.cells.is_empty() {
            self.start = page.lines.len();
        }
        self.data = true;
    }

    pub(super) fn begin_cell(&mut self, page: &mut Page, span: Span) {
        page.block();
        self.in_cell = true;
        let first = page.lines.len();
        let strays = self.cells.last().map_or(self.start, |cell| cell.last) != first;
        if strays || self.cells.len() >= MAX_CELLS {
            self.loosen(page);
        }
        if self.cells.len() < MAX_CELLS {
            let Span { columns, rows, heading } = span;
            self.cells.push(Cell { row: self.row, first, last: first, columns, rows, heading });
        }
        self.data |= span.heading;
    }

    pub(super) fn end_cell(&mut self, page: &mut Page) {
        page.block();
        if let Some(cell) = self.cells.last_mut().filter(|_| self.in_cell) {
            cell.last = page.lines.len();
            let start = line_start(page, cell.first);
            if let Some(line) = page.lines.get_mut(cell.first).filter(|_| page.out.len() - start > PARAGRAPH) {
                line.gap = true;
                page.gap = true;
            }
        }
        self.in_cell = false;
    }

    /// A row ends: if the table flows, its short cells stand on one line.
    pub(super) fn end_row(&mut self, page: &mut Page) {
        if self.loose {
            join_rows(page, &self.cells, None);
            self.cells.clear();
            self.start = page.lines.len();
        }
    }

    /// The table ends: lays it out, or lets it flow.
    pub(super) fn end(self, page: &mut Page, japanese: bool) {
        page.block();
        let whole = self.cells.last().map_or(self.start, |cell| cell.last) == page.lines.len();
        let fits = whole && !self.loose && !self.layout && page.len() < MAX_PAGE;
        if fits && self.cells.len() > 3 && lay_out(&self, page, japanese) {
            return;
        }
        join_rows(page, &self.cells, None);
    }
}

/// Joins the cells of each row but the `open` one.
fn join_rows(page: &mut Page, cells: &[Cell], open: Option<u32>) {
    for row in cells.chunk_by(|a, b| a.row == b.row) {
        if row.first().map(|cell| cell.row) != open {
            join_row(page, row);
        }
    }
}

/// Puts the cells of a row on one line if each has one at most, and all of
/// them are short.
fn join_row(page: &mut Page, cells: &[Cell]) {
    let full = |cell: &&Cell| !page.out[line_start(page, cell.first)..line_start(page, cell.last)].trim().is_empty();
    let cells: Vec<&Cell> = cells.iter().filter(full).take(MAX_COLUMNS).collect();
    let [first, others @ ..] = cells.as_slice() else { return };
    let one_line = |cell: &&Cell| {
        let lines = &page.lines[cell.first.min(page.lines.len())..cell.last.min(page.lines.len())];
        let more = lines.iter().skip(1).take(MAX_LINES).filter(|line| line.form != Form::Joined).count();
        lines.len() <= MAX_LINES && more == 0 && lines.iter().all(|line| line.form != Form::Exact)
    };
    let end = cells.last().map_or(0, |cell| cell.last);
    let size = line_start(page, end) - line_start(page, first.first);
    if size > 3 * MAX_WIDTH || !cells.iter().all(one_line) {
        return;
    }
    let text = &page.out[line_start(page, first.first)..line_start(page, end)];
    if text.width() + cells.len() * BETWEEN.len() > MAX_WIDTH {
        return;
    }
    for cell in others {
        page.lines[cell.first].form = Form::Joined;
    }
}

fn line_start(page: &Page, at: usize) -> usize {
    page.lines.get(at).map_or(page.out.len(), |line| line.start as usize)
}

/// A cell in its place.
struct Placed<'a> {
    column: usize,
    columns: usize,
    heading: bool,
    lines: Vec<&'a str>,
}

/// Rows of cells that hold something.
type Rows<'a> = Vec<Vec<Placed<'a>>>;

fn lay_out(table: &Table, page: &mut Page, japanese: bool) -> bool {
    let Some(first) = page.lines.get(table.start).copied() else { return false };
    let plain = |line: &Line| line.quotes == first.quotes && line.form == Form::Flow;
    if !page.lines[table.start..].iter().all(plain) {
        return false;
    }
    let text = Text { out: &page.out, lines: &page.lines, japanese };
    let Some((rows, columns)) = place(table, &text) else { return false };
    let Some(drawn) = draw(&rows, columns, table.data, &text) else { return false };
    page.out.truncate(first.start as usize);
    page.lines.truncate(table.start);
    for (content, gap) in drawn {
        let start = u32::try_from(page.out.len()).unwrap_or(u32::MAX);
        page.lines.push(Line { start, gap, form: Form::Flow, ..first });
        page.out.push_str(&content);
    }
    if let Some(line) = page.lines.get_mut(table.start) {
        line.gap = true;
    }
    page.paragraph();
    true
}

struct Text<'a> {
    out: &'a str,
    lines: &'a [Line],
    japanese: bool,
}

impl<'a> Text<'a> {
    fn line(&self, at: usize) -> &'a str {
        let start = self.lines.get(at).map_or(self.out.len(), |line| line.start as usize);
        let end = self.lines.get(at + 1).map_or(self.out.len(), |line| line.start as usize);
        self.out[start..end].trim()
    }

    /// Columns that `text` takes: in Japanese fonts ambiguous ones take two.
    fn width(&self, text: &str) -> usize {
        if self.japanese { text.width_cjk() } else { text.width() }
    }
}

/// Finds each cell's column (HTML 4.9.12.1), and leaves empty columns out.
fn place<'a>(table: &Table, text: &Text<'a>) -> Option<(Rows<'a>, usize)> {
    let mut rows: Rows<'a> = Vec::new();
    let mut busy = [0_usize; MAX_COLUMNS];
    let mut used = [false; MAX_COLUMNS];
    for cells in table.cells.chunk_by(|a, b| a.row == b.row) {
        let mut row = Vec::new();
        let mut column = 0;
        let mut next = [0_usize; MAX_COLUMNS];
        for cell in cells {
            while column < MAX_COLUMNS && busy[column] > 0 {
                column += 1;
            }
            let end = column + cell.columns;
            if end > MAX_COLUMNS {
                return None;
            }
            next[column..end].fill(cell.rows);
            let lines: Vec<&str> = (cell.first..cell.last).map(|at| text.line(at)).filter(|l| !l.is_empty()).collect();
            if lines.len() > MAX_LINES {
                return None;
            }
            used[column] |= !lines.is_empty();
            if !lines.is_empty() {
                row.push(Placed { column, columns: cell.columns, heading: cell.heading, lines });
            }
            column = end;
        }
        for (busy, next) in busy.iter_mut().zip(next) {
            *busy = busy.saturating_sub(1).max(next.saturating_sub(1));
        }
        if !row.is_empty() {
            rows.push(row);
        }
    }
    close_up(&mut rows, &used);
    Some((rows, used.iter().filter(|used| **used).count()))
}

/// Numbers the used columns anew.
fn close_up(rows: &mut Rows<'_>, used: &[bool; MAX_COLUMNS]) {
    let mut before = [0; MAX_COLUMNS + 1];
    for (at, used) in used.iter().enumerate() {
        before[at + 1] = before[at] + usize::from(*used);
    }
    for cell in rows.iter_mut().flatten() {
        let end = before[cell.column + cell.columns];
        cell.column = before[cell.column];
        cell.columns = (end - cell.column).max(1);
    }
}

/// The lines of the table, each with whether an empty line stands before it;
/// `None` if it does not look like data.
fn draw(rows: &Rows<'_>, columns: usize, data: bool, text: &Text<'_>) -> Option<Vec<(String, bool)>> {
    if columns < 2 || rows.iter().filter(|row| row.len() > 1).count() < 2 {
        return None;
    }
    // Cells of several lines are read one after the other; side by side
    // they are only where the page says that it is a table.
    let orderly = |row: &Vec<Placed<'_>>| row.iter().rev().skip(1).all(|cell| cell.lines.len() < 2);
    if !data && !rows.iter().all(orderly) {
        return None;
    }
    let widths = widths(rows, columns, text);
    if widths.iter().sum::<usize>() + (columns - 1) * BETWEEN.len() <= MAX_WIDTH {
        return Some(aligned(rows, &widths, text));
    }
    let has_head = rows.first().is_some_and(|row| row.len() > 1 && row.iter().all(|cell| cell.heading));
    if has_head {
        return Some(records(rows));
    }
    let labels = columns == 2 && widths[0] <= MAX_LABEL;
    labels.then(|| rows.iter().flat_map(|row| labelled(row)).collect())
}

fn widths(rows: &Rows<'_>, columns: usize, text: &Text<'_>) -> Vec<usize> {
    let mut widths = vec![0; columns];
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            let width = cell.lines.iter().map(|line| text.width(line)).max().unwrap_or(0);
            if cell.columns == 1 {
                widths[cell.column] = widths[cell.column].max(width);
            } else if at + 1 < row.len() {
                let end = (cell.column + cell.columns).min(columns);
                let others: usize = widths[cell.column..end - 1].iter().map(|width| width + BETWEEN.len()).sum();
                widths[end - 1] = widths[end - 1].max(width.saturating_sub(others));
            }
        }
    }
    widths
}

fn aligned(rows: &Rows<'_>, widths: &[usize], text: &Text<'_>) -> Vec<(String, bool)> {
    let right: Vec<bool> = (0..widths.len()).map(|column| is_numeric(rows, column)).collect();
    let mut drawn = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let height = row.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
        for line in 0..height {
            drawn.push((aligned_line(row, line, widths, &right, text), false));
        }
        if at == 0 && row.len() > 1 && row.iter().all(|cell| cell.heading) {
            let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            drawn.push((dashes.join(BETWEEN), false));
        }
    }
    drawn
}

fn aligned_line(row: &[Placed<'_>], line: usize, widths: &[usize], right: &[bool], text: &Text<'_>) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for cell in row {
        let Some(content) = cell.lines.get(line) else { continue };
        let start: usize = widths[..cell.column].iter().map(|width| width + BETWEEN.len()).sum();
        let width = text.width(content);
        let pad = if cell.columns == 1 && right[cell.column] { widths[cell.column].saturating_sub(width) } else { 0 };
        let least = if at > 0 { at + BETWEEN.len() } else { 0 };
        let begin = (start + pad).max(least);
        out.extend(std::iter::repeat_n(' ', begin - at));
        out.push_str(content);
        at = begin + width;
    }
    out
}

/// Whether every cell of a column below the headings is a number.
fn is_numeric(rows: &Rows<'_>, column: usize) -> bool {
    let cells = rows.iter().flatten().filter(|cell| cell.column == column && cell.columns == 1 && !cell.heading);
    let mut some = false;
    for cell in cells {
        some = true;
        let [line] = cell.lines.as_slice() else { return false };
        let sign = |c: char| c.is_ascii_digit() || ('０'..='９').contains(&c) || "¥￥$€,.%+-−△▲円個 ".contains(c);
        if !line.chars().all(sign) {
            return false;
        }
    }
    some
}

/// One line for each cell, with the heading of its column.
fn records(rows: &Rows<'_>) -> Vec<(String, bool)> {
    let Some((head, rows)) = rows.split_first() else { return Vec::new() };
    let mut drawn = Vec::new();
    for row in rows {
        let mut gap = true;
        for cell in row {
            let label = head.iter().find(|label| label.column == cell.column);
            let label = label.map(|label| label.lines.join(" ")).filter(|_| cell.columns == 1);
            value(&mut drawn, label.as_deref().unwrap_or_default(), &cell.lines, gap);
            gap = false;
        }
    }
    drawn
}

/// A row whose first cell is the label of the others.
fn labelled(row: &[Placed<'_>]) -> Vec<(String, bool)> {
    let mut drawn = Vec::new();
    match row {
        [label, cells @ ..] if !cells.is_empty() => {
            let lines: Vec<&str> = cells.iter().flat_map(|cell| cell.lines.iter().copied()).collect();
            value(&mut drawn, &label.lines.join(" "), &lines, false);
        }
        _ => row.iter().for_each(|cell| value(&mut drawn, "", &cell.lines, false)),
    }
    drawn
}

fn value(drawn: &mut Vec<(String, bool)>, label: &str, lines: &[&str], gap: bool) {
    for (at, line) in lines.iter().enumerate() {
        let text = match (at, label) {
            (_, "") => (*line).to_owned(),
            (0, label) if label.ends_with([':', '：']) => format!("{label} {line}"),
            (0, label) => format!("{label}: {line}"),
            _ => format!("  {line}"),
        };
        drawn.push((text, gap && at == 0));
    }
}
