//! The page that text is laid out on: lines, empty lines, quotation marks,
//! list entries. Bounded by its input: nothing here grows faster than by a
//! constant for each token.

use crate::language::is_japanese;

/// Deepest nesting of quotes and lists that is shown.
const MAX_INDENT: usize = 8;

/// Text being laid out.
#[derive(Debug, Default)]
pub(super) struct Page {
    out: String,
    /// Line ends owed before the next text.
    breaks: usize,
    /// White space seen since the last text.
    blank: Blank,
    /// Where the current line's content begins.
    content: usize,
    /// Quotes around the last text.
    last_quotes: usize,
    /// Quotes and lists around the current text.
    pub(super) quotes: usize,
    pub(super) lists: usize,
    /// What begins the next line: an entry's mark.
    mark: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Blank {
    #[default]
    None,
    /// Blanks without a line end.
    Space,
    /// A line end was among them.
    Line,
    /// The next cell of a row.
    Cell,
}

impl Page {
    /// Running text: white space collapses.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' | '\r' => self.blank_is_at_least(Blank::Line),
                ' ' | '\t' | '\x0c' => self.blank_is_at_least(Blank::Space),
                _ => self.put(c),
            }
        }
    }

    /// Preformatted text: white space stays.
    pub(super) fn preformatted(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' => self.line_end(),
                '\r' => {}
                _ => self.put(c),
            }
        }
    }

    fn blank_is_at_least(&mut self, blank: Blank) {
        self.blank = match (self.blank, blank) {
            (Blank::None, new) | (Blank::Space, new @ (Blank::Line | Blank::Cell)) => new,
            (Blank::Line, Blank::Cell) => Blank::Cell,
            (old, _) => old,
        };
    }

    fn put(&mut self, c: char) {
        // Mail pads invisible preview text with these.
        let filler = matches!(c, '\u{200c}' | '\u{200d}' | '\u{34f}') && (self.at_start() || self.out.ends_with(' '));
        if filler {
            return;
        }
        self.begin();
        let last = self.out[self.content..].chars().next_back();
        match (std::mem::take(&mut self.blank), last) {
            (Blank::None, _) | (_, None) => {}
            // Source lines of Japanese break anywhere; no blank is meant.
            (Blank::Line, Some(last)) if is_wide(last) && is_wide(c) => {}
            (Blank::Space | Blank::Line, Some(' ')) => {}
            (Blank::Space | Blank::Line, Some(_)) => self.out.push(' '),
            (Blank::Cell, Some(_)) => self.out.push_str("  "),
        }
        self.out.push(if c == '\u{a0}' { ' ' } else { c });
    }

    /// Ends owed lines and begins the next with its marks.
    fn begin(&mut self) {
        if !self.out.is_empty() && self.breaks == 0 && self.mark.is_none() {
            return;
        }
        if !self.out.is_empty() {
            self.break_lines();
        }
        (self.breaks, self.blank) = (0, Blank::None);
        let lists = self.lists.min(MAX_INDENT);
        self.quote_marks(self.quotes);
        self.last_quotes = self.quotes;
        let mark = self.mark.take();
        let indent = if mark.is_some() { lists.saturating_sub(1) } else { lists };
        self.out.extend(std::iter::repeat_n("  ", indent));
        self.out.push_str(mark.as_deref().unwrap_or_default());
        self.content = self.out.len();
    }

    fn break_lines(&mut self) {
        let kept = self.out.trim_end_matches([' ', '\t']).len();
        self.out.truncate(kept);
        self.out.push('\n');
        for _ in 1..self.breaks.min(2) {
            // An empty line belongs to the quotes that go on behind it.
            self.quote_marks(self.quotes.min(self.last_quotes));
            let kept = self.out.trim_end_matches(' ').len();
            self.out.truncate(kept);
            self.out.push('\n');
        }
    }

    fn quote_marks(&mut self, quotes: usize) {
        self.out.extend(std::iter::repeat_n("> ", quotes.min(MAX_INDENT)));
    }

    fn at_start(&self) -> bool {
        self.out.is_empty() || self.breaks > 0
    }

    /// The next text begins a line of its own.
    pub(super) fn block(&mut self) {
        self.breaks = self.breaks.max(1);
    }

    /// The next text stands behind an empty line.
    pub(super) fn paragraph(&mut self) {
        self.breaks = self.breaks.max(2);
    }

    /// The line ends here; twice makes an empty line.
    pub(super) fn line_end(&mut self) {
        self.breaks = (self.breaks + 1).min(2);
        self.blank = Blank::None;
    }

    /// The next text is in the next cell of a row.
    pub(super) fn cell(&mut self) {
        self.blank_is_at_least(Blank::Cell);
    }

    /// The next text begins a list's entry.
    pub(super) fn item(&mut self, number: Option<u32>) {
        self.block();
        self.mark = Some(number.map_or_else(|| "- ".to_owned(), |number| format!("{number}. ")));
    }

    /// A line across.
    pub(super) fn rule(&mut self) {
        self.paragraph();
        self.text("----------");
        self.paragraph();
    }

    /// How long the text is, in octets.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// The text from `start` on.
    pub(super) fn since(&self, start: usize) -> &str {
        self.out.get(start..).unwrap_or_default()
    }

    /// Puts `mark` directly behind the last text.
    pub(super) fn attach(&mut self, mark: &str) {
        self.out.push_str(mark);
    }

    /// The finished text.
    pub(super) fn finish(mut self) -> String {
        let kept = self.out.trim_end().len();
        self.out.truncate(kept);
        self.out
    }
}

/// Written without blanks between words.
fn is_wide(c: char) -> bool {
    is_japanese(c) || matches!(c, '\u{3000}'..='\u{3020}' | '\u{ff01}'..='\u{ff65}')
}
