//! The page that text is laid out on: lines, empty lines, quotation marks,
//! list entries.
//!
//! Text is written once, line behind line, without what stands in front of
//! the lines; that is added when the page is finished, in one pass. So a table
//! can be laid out anew when its end is known, and time stays linear.

use crate::language::is_japanese;

/// Deepest nesting of quotes that is shown.
const MAX_QUOTES: u8 = 8;
/// Deepest indentation, in columns.
const MAX_INDENT: u8 = 32;

/// Stands before raised digits: 10^6, but 1st.
pub(super) const POWER: &str = "^";

/// Text being laid out.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The contents of the lines, one behind the other.
    pub(super) out: String,
    pub(super) lines: Vec<Line>,
    /// Whether the last line takes more text.
    open: bool,
    /// An empty line stands before the next.
    pub(super) gap: bool,
    /// White space seen since the last text.
    blank: Blank,
    /// Joins the character before it to the one behind it, if there is one.
    joiner: Option<char>,
    /// Where the open line's own text begins, behind a list's mark.
    content: usize,
    /// Written with the next text: a bracket that would be empty without.
    pending: String,
    /// What begins the next line: an entry's mark, and its columns.
    mark: Option<(String, u8)>,
    /// Quotes around the current text.
    pub(super) quotes: u8,
    /// Columns before the current text.
    pub(super) indent: u8,
}

/// A line: its content reaches to the next one's start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Where in `out` the content begins: tendrils are shorter than 4 GiB.
    pub(super) start: u32,
    pub(super) quotes: u8,
    pub(super) indent: u8,
    /// An empty line stands before it.
    pub(super) gap: bool,
    pub(super) form: Form,
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Flow,
    /// Behind the line before it, as a cell of the same row.
    Joined,
    /// As it is, even if empty.
    Exact,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Blank {
    #[default]
    None,
    /// Blanks without a line end.
    Space,
    /// A line end was among them.
    Line,
}

impl Page {
    /// Running text: white space collapses.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' | '\r' => self.blank = Blank::Line,
                ' ' | '\t' | '\x0c' => {
                    if self.blank == Blank::None {
                        self.blank = Blank::Space;
                    }
                }
                _ => self.put(c),
            }
        }
    }

    /// Preformatted text: white space stays; empty lines too if `exact`.
    pub(super) fn preformatted(&mut self, text: &str, exact: bool) {
        for c in text.chars() {
            match c {
                '\n' if exact => {
                    self.begin();
                    self.set_exact(exact);
                    self.block();
                }
                '\n' => self.line_end(),
                '\r' => {}
                ' ' | '\t' => {
                    self.begin();
                    self.set_exact(exact);
                    self.out.push(c);
                }
                _ => {
                    self.put(c);
                    self.set_exact(exact);
                }
            }
        }
    }

    /// Text in which line ends count, and other white space collapses.
    pub(super) fn lines(&mut self, text: &str) {
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.line_end();
            }
            self.text(line.trim_matches('\r'));
        }
    }

    fn set_exact(&mut self, exact: bool) {
        if let Some(line) = self.lines.last_mut().filter(|_| exact && self.open) {
            line.form = Form::Exact;
        }
    }

    fn put(&mut self, c: char) {
        match c {
            // Marks of direction, places to break a word: nothing to see.
            '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{34f}' => return,
            // Real between letters (Indic scripts, emoji); mail pads previews with them.
            '\u{200c}' | '\u{200d}' => {
                self.joiner = Some(c);
                return;
            }
            _ => {}
        }
        // A mark before a blank marks nothing.
        if self.mark.is_some() && c.is_whitespace() {
            return;
        }
        if let Some((mark, _)) = self.mark.as_mut().filter(|(mark, _)| is_heading(mark) && is_ornament(c)) {
            mark.clear();
        }
        self.begin();
        let last = self.out[self.content..].chars().next_back();
        match (std::mem::take(&mut self.blank), last) {
            (Blank::None, Some(last)) => {
                if let Some(joiner) = self.joiner.filter(|_| !last.is_whitespace() && !c.is_whitespace()) {
                    self.out.push(joiner);
                }
            }
            (Blank::None, None) | (_, None | Some(' ')) => {}
            // Source lines of Japanese break anywhere; no blank is meant.
            (Blank::Line, Some(last)) if is_wide(last) && is_wide(c) => {}
            (Blank::Space | Blank::Line, Some(_)) => self.out.push(' '),
        }
        self.joiner = None;
        if !self.pending.is_empty() && c != '\u{a0}' {
            let mut pending = std::mem::take(&mut self.pending);
            if pending.ends_with(POWER) && !(c.is_ascii_digit() || "+-−".contains(c)) {
                pending.truncate(pending.len() - POWER.len());
            }
            self.out.push_str(&pending);
        }
        self.out.push(if c == '\u{a0}' { ' ' } else { c });
    }

    fn begin(&mut self) {
        if !self.open || self.mark.is_some() {
            self.open_line();
        }
    }

    fn open_line(&mut self) {
        let (quotes, gap) = (self.quotes.min(MAX_QUOTES), std::mem::take(&mut self.gap));
        let start = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
        let mark = self.mark.take();
        let columns = mark.as_ref().map_or(0, |(_, columns)| *columns);
        let indent = self.indent.min(MAX_INDENT).saturating_sub(columns);
        self.lines.push(Line { start, quotes, indent, gap, form: Form::Flow });
        if let Some((mark, _)) = mark {
            self.out.push_str(&mark);
        }
        self.content = self.out.len();
        (self.open, self.blank, self.joiner) = (true, Blank::None, None);
    }

    /// The next text begins a line of its own.
    pub(super) fn block(&mut self) {
        self.open = false;
        self.blank = Blank::None;
        self.content = self.out.len();
    }

    /// The next text stands behind an empty line.
    pub(super) fn paragraph(&mut self) {
        self.block();
        self.gap = true;
    }

    /// The line ends here; twice makes an empty line.
    pub(super) fn line_end(&mut self) {
        if self.open {
            self.block();
        } else {
            self.gap = true;
        }
    }

    /// A blank, if text follows on the same line.
    pub(super) fn space(&mut self) {
        if self.blank == Blank::None {
            self.blank = Blank::Space;
        }
    }

    /// The next text begins an entry marked `mark`, so many columns wide.
    pub(super) fn set_mark(&mut self, mark: String, columns: u8) {
        self.block();
        self.mark = Some((mark, columns));
    }

    /// A mark that nothing followed is not shown.
    pub(super) fn drop_mark(&mut self) {
        self.mark = None;
    }

    /// `mark` stands before the next text, if there is any before
    /// [`Page::close_bracket`].
    pub(super) fn open_bracket(&mut self, mark: &str) {
        self.pending.push_str(mark);
    }

    /// Ends what [`Page::open_bracket`] began.
    pub(super) fn close_bracket(&mut self, opened: &str, mark: &str) {
        if self.pending.ends_with(opened) {
            self.pending.truncate(self.pending.len() - opened.len());
        } else {
            self.attach(mark);
        }
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

    /// The text from `start` on, at most `most` octets.
    pub(super) fn since(&self, start: usize, most: usize) -> &str {
        let start = self.out.get(start..).unwrap_or_default();
        &start[..start.floor_char_boundary(most)]
    }

    /// The last character on the open line, if it is followed by no blank.
    pub(super) fn last(&self) -> Option<char> {
        let glued = self.open && self.blank == Blank::None;
        glued.then(|| self.out[self.content..].chars().next_back()).flatten()
    }

    /// Puts `mark` directly behind the last text.
    pub(super) fn attach(&mut self, mark: &str) {
        if self.lines.is_empty() {
            self.open_line();
        }
        self.out.push_str(mark);
    }

    /// The finished text, cut soon after `limit` octets.
    pub(super) fn finish(self, limit: usize) -> String {
        let mut text = Assembly { text: String::with_capacity(self.out.len().min(limit) + 64), ..Assembly::default() };
        for (at, line) in self.lines.iter().enumerate() {
            let end = self.lines.get(at + 1).map_or(self.out.len(), |next| next.start as usize);
            text.add(line, &self.out[line.start as usize..end]);
            if text.text.len() > limit {
                break;
            }
        }
        text.end_line();
        text.text
    }
}

/// Lines put together: blank ones and rubbish left out.
#[derive(Debug, Default)]
struct Assembly {
    text: String,
    /// Where the last line begins, and its content.
    line: usize,
    content: usize,
    exact: bool,
    gap: bool,
    last_gap: bool,
    quotes: u8,
    last_quotes: u8,
}

impl Assembly {
    fn add(&mut self, line: &Line, content: &str) {
        if line.form == Form::Joined {
            if self.text[self.content..].trim().is_empty() {
                self.text.truncate(self.content);
            } else {
                self.text.push_str("  ");
            }
            self.text.push_str(content.trim_end());
            return;
        }
        self.end_line();
        (self.line, self.last_quotes, self.last_gap) = (self.text.len(), self.quotes, self.gap);
        if !self.text.is_empty() {
            self.text.push('\n');
            if line.gap || self.gap {
                self.quote(line.quotes.min(self.quotes));
                self.text.truncate(self.text.trim_end_matches(' ').len());
                self.text.push('\n');
            }
        }
        (self.gap, self.quotes, self.exact) = (false, line.quotes, line.form == Form::Exact);
        self.quote(line.quotes);
        self.text.extend(std::iter::repeat_n(' ', line.indent.into()));
        self.content = self.text.len();
        // One blank in front is nobody's indentation.
        let lone = !self.exact && content.starts_with(' ') && !content.starts_with("  ");
        self.text.push_str(&content[usize::from(lone)..]);
    }

    fn quote(&mut self, count: u8) {
        self.text.extend(std::iter::repeat_n("> ", count.into()));
    }

    /// Decides on the last line, now that all of it is there.
    fn end_line(&mut self) {
        let content = &self.text[self.content..];
        let kept = content.trim_end();
        let rubbish = !self.exact && kept.len() <= 64 && kept.chars().all(|c| matches!(c, '|' | '｜' | '│' | ' '));
        let (empty, kept) = (kept.is_empty(), kept.len());
        if rubbish {
            // A blank line is an empty one; a line of only pipes is none.
            let gap = self.last_gap || (empty && self.line > 0) || self.had_gap();
            self.text.truncate(self.line);
            (self.gap, self.quotes) = (gap, self.last_quotes);
        } else {
            self.text.truncate(self.content + kept);
            if empty {
                self.text.truncate(self.text.trim_end_matches(' ').len());
            }
        }
        (self.line, self.content, self.last_gap) = (self.text.len(), self.text.len(), self.gap);
        self.exact = true;
    }

    fn had_gap(&self) -> bool {
        self.text[self.line..self.content].bytes().filter(|b| *b == b'\n').count() > 1
    }
}

fn is_heading(mark: &str) -> bool {
    mark.starts_with(['■', '□'])
}

/// A heading that begins with a sign of its own needs none of ours.
fn is_ornament(c: char) -> bool {
    !c.is_alphanumeric() && !c.is_whitespace() && !"「『（(“\"'¿¡#$¥￥€£&@+-".contains(c)
}

/// Written without blanks between words.
fn is_wide(c: char) -> bool {
    is_japanese(c) || matches!(c, '\u{3000}'..='\u{3020}' | '\u{ff01}'..='\u{ff65}')
}
