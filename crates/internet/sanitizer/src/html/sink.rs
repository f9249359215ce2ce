//! Tokens in, page out: what is open, what is hidden, what is written.

mod beyond;
mod enter;

use std::cell::RefCell;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::{Attribute, LocalName};

use super::elements::{self, Kind};
use super::fields::{self, Choice};
use super::open::{self, Edge, Open, Stack, attribute};
use super::page::{POWER, Page};
use super::references::References;
use super::sheet::Sheet;
use super::style::Space;
use super::table::Table;
use super::words::Words;
use beyond::Beyond;

/// Deepest nesting that is followed one by one; beyond it only the number of
/// open elements is known, and which of them hides what is inside.
const MAX_OPEN: usize = 4096;

/// Takes a tokenizer's tokens.
pub(super) struct Sink(RefCell<Reader>);

struct Reader {
    words: &'static Words,
    japanese: bool,
    page: Page,
    open: Stack,
    /// Elements that are open but not in `open`.
    beyond: Beyond,
    tables: Vec<Table>,
    references: References,
    sheet: Sheet,
    /// The style sheet that is being read.
    css: Option<String>,
    /// The options that are being read.
    choice: Option<Choice>,
    /// HTML 13.1.2.5: a line end at the start of `<pre>` does not count.
    at_pre_start: bool,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reader = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => return reader.tag(&tag),
            Token::CharacterTokens(text) => reader.text(&text),
            Token::NullCharacterToken | Token::DoctypeToken(_) | Token::CommentToken(_) => {}
            Token::EOFToken | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

impl Sink {
    pub(super) fn new(words: &'static Words, japanese: bool) -> Self {
        Self(RefCell::new(Reader {
            words,
            japanese,
            page: Page::default(),
            open: Stack::default(),
            beyond: Beyond::default(),
            tables: Vec::new(),
            references: References::default(),
            sheet: Sheet::default(),
            css: None,
            choice: None,
            at_pre_start: false,
        }))
    }

    /// The text, at most soon after `limit` octets, with the list of targets
    /// below; and whether a link's label belies its target.
    pub(super) fn finish(self, limit: usize) -> (String, bool) {
        let mut reader = self.0.into_inner();
        reader.pop_to(0);
        let mut text = reader.page.finish(limit);
        reader.references.list(&mut text, reader.words);
        (text, reader.references.misleading)
    }
}

impl Reader {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        self.at_pre_start = false;
        match tag.kind {
            TagKind::EndTag => self.end(&tag.name),
            TagKind::StartTag => {
                self.start(tag);
                return raw_text(&tag.name);
            }
        }
        TokenSinkResult::Continue
    }

    fn is_seen(&self) -> bool {
        !self.beyond.hides() && self.open.last().is_none_or(|open| open.seen)
    }

    fn text(&mut self, text: &str) {
        if let Some(css) = &mut self.css {
            return css.push_str(text);
        }
        if let Some(choice) = &mut self.choice {
            return choice.text(text);
        }
        if !self.is_seen() {
            return;
        }
        let text = if std::mem::take(&mut self.at_pre_start) { text.strip_prefix('\n').unwrap_or(text) } else { text };
        match self.open.last().map_or((Space::Collapse, false), |open| (open.space, open.exact)) {
            (Space::Collapse, _) => self.page.text(text),
            (Space::Lines, _) => self.page.lines(text),
            (Space::Keep, exact) => self.page.preformatted(text, exact),
        }
    }

    fn start(&mut self, tag: &Tag) {
        let kind = elements::kind(&tag.name);
        if kind.is_grid() {
            self.end_grid(kind);
        } else if let Some(at) = self.open.ended_by_start((&tag.name, kind)) {
            self.pop_to(at);
        }
        if kind == Kind::Inline && elements::is_void(&tag.name) {
            return self.void(tag);
        }
        if self.open.0.len() >= MAX_OPEN {
            let seen = open::describe(tag, kind, self.open.last(), &self.sheet).seen;
            self.beyond.begin(&tag.name, seen);
            return if kind.is_inline() { self.page.space() } else { self.page.block() };
        }
        let mut open = open::describe(tag, kind, self.open.last(), &self.sheet);
        (open.quotes, open.indent) = (self.page.quotes, self.page.indent);
        self.enter(&mut open, &tag.attrs);
        open.start = self.page.len();
        self.open.0.push(open);
    }

    /// HTML 13.2.6.4.9 to 15: a cell ends the one before it, a row the cells
    /// before it, whatever is open in them.
    fn end_grid(&mut self, next: Kind) {
        let Some(table) = self.tables.last() else { return };
        let table = table.element;
        let stays = |kind| match next {
            Kind::Cell(_) => matches!(kind, Kind::Row | Kind::Section),
            Kind::Row => kind == Kind::Section,
            _ => false,
        };
        while self.open.0.len() > table + 1 && !self.open.last().is_some_and(|open| stays(open.kind)) {
            self.pop();
        }
    }

    fn void(&mut self, tag: &Tag) {
        match &*tag.name {
            "base" => self.references.set_base(attribute(&tag.attrs, "href")),
            // What it says is not known.
            "link" => self.sheet.paints |= attribute(&tag.attrs, "rel").is_some_and(|rel| rel.contains("stylesheet")),
            "img" | "image" if self.beyond.hides() => {}
            "img" | "image" if self.open.last().is_none_or(|open| open.look.shows_pictures()) => self.image(&tag.attrs),
            _ if !self.is_seen() || self.choice.is_some() => {}
            "br" => self.page.line_end(),
            "hr" => self.page.rule(),
            "input" => {
                if let Some(text) = fields::input(&tag.attrs) {
                    self.page.space();
                    self.page.text(&text);
                    self.page.space();
                }
            }
            "area" => {
                let label = attribute(&tag.attrs, "alt").filter(|alt| fields::says_something(alt));
                if let (Some(href), Some(label)) = (attribute(&tag.attrs, "href"), label) {
                    self.page.block();
                    let start = self.page.len();
                    self.page.text(label);
                    self.references.refer(&mut self.page, self.words, href, start);
                    self.page.block();
                }
            }
            _ => {}
        }
    }

    fn image(&mut self, attributes: &[Attribute]) {
        if fields::is_spacer(attributes) {
            return;
        }
        if let Some(link) = self.open.nearest(|kind| kind == Kind::Link || !kind.is_inline()) {
            link.image |= link.kind == Kind::Link;
        }
        let alt = attribute(attributes, "alt").filter(|alt| fields::says_something(alt));
        if let Some(alt) = alt {
            let alt: String = alt.chars().take(fields::MAX_TEXT).collect();
            self.page.text(&format!("[{}: {}]", self.words.image, alt.trim()));
        }
    }

    fn end(&mut self, name: &LocalName) {
        if self.beyond.end(name) {
            let inline = elements::kind(name).is_inline();
            return if inline { self.page.space() } else { self.page.block() };
        }
        match self.open.ended_by_end(name) {
            Some(at) => self.pop_to(at),
            // HTML 13.2.6.4.7: these two act without a start.
            None if !self.is_seen() => {}
            None if &**name == "br" => self.page.line_end(),
            None if &**name == "p" => self.page.paragraph(),
            None => {}
        }
    }

    fn pop_to(&mut self, at: usize) {
        while self.open.0.len() > at {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some(open) = self.open.0.pop() else { return };
        match open.kind {
            Kind::Style => {
                if let Some(css) = self.css.take() {
                    self.sheet.read(&css);
                }
            }
            Kind::Choice => {
                if let Some(text) = self.choice.take().and_then(Choice::text_shown) {
                    self.page.space();
                    self.page.text(&text);
                    self.page.space();
                }
            }
            Kind::Table => self.leave_table(open.look.gone),
            _ => {}
        }
        if !open.look.gone {
            self.leave(&open);
        }
        (self.page.quotes, self.page.indent) = (open.quotes, open.indent);
    }

    fn leave_table(&mut self, gone: bool) {
        if let Some(table) = self.tables.pop().filter(|_| !gone) {
            table.end(&mut self.page, self.japanese);
        }
    }

    fn leave(&mut self, open: &Open) {
        if open.strikes {
            self.page.close_bracket(self.words.struck, "]");
        }
        if open.kind == Kind::Link {
            self.link(open);
        }
        match open.edge {
            Edge::Inline => self.page.space(),
            Edge::Block => self.page.block(),
            Edge::Kind => self.leave_kind(open),
        }
    }

    fn leave_kind(&mut self, open: &Open) {
        match open.kind {
            Kind::Block | Kind::Definition | Kind::Section => self.page.block(),
            Kind::Paragraph if open.distance.tight_below => self.page.block(),
            Kind::Paragraph | Kind::Preformatted | Kind::Quote => self.page.paragraph(),
            Kind::Heading(_) => {
                self.page.drop_mark();
                self.page.paragraph();
            }
            Kind::Item => {
                self.page.drop_mark();
                self.page.block();
            }
            Kind::List(_) => self.list_edge(),
            Kind::Row => {
                self.page.block();
                if let Some(table) = self.tables.last_mut() {
                    table.end_row(&mut self.page);
                }
            }
            Kind::Cell(_) => {
                if let Some(table) = self.tables.last_mut() {
                    table.end_cell(&mut self.page);
                }
            }
            Kind::Caption => {
                if let Some(table) = self.tables.last_mut() {
                    table.end_caption(&mut self.page);
                }
            }
            Kind::ShortQuote => self.page.close_bracket(self.words.quote.0, self.words.quote.1),
            Kind::Ruby => self.page.close_bracket(self.words.ruby.0, self.words.ruby.1),
            Kind::Raised => self.page.close_bracket(POWER, ""),
            Kind::Form => self.form(open),
            Kind::Table | Kind::Inline | Kind::Link | Kind::Struck => {}
            Kind::Choice | Kind::Option | Kind::Style | Kind::Unseen => {}
        }
    }

    fn link(&mut self, open: &Open) {
        let Some(href) = &open.href else { return };
        let label = self.page.since(open.start, 64);
        if label.trim().is_empty() {
            if !open.image || !self.references.is_new(href) {
                return;
            }
            self.page.text(&format!("[{}]", self.words.image));
        }
        self.references.refer(&mut self.page, self.words, href, open.start);
    }

    /// What is typed into a form goes somewhere: to where is said below it.
    fn form(&mut self, open: &Open) {
        self.page.block();
        let Some(href) = open.href.as_ref().filter(|_| open.seen) else { return };
        if self.page.since(open.start, 64).trim().is_empty() {
            return;
        }
        let start = self.page.len();
        self.page.text(self.words.form);
        self.references.refer(&mut self.page, self.words, href, start);
        self.page.block();
    }
}

/// HTML 13.2.5: the tokenizer is told where markup is not markup.
fn raw_text(name: &str) -> TokenSinkResult<()> {
    match name {
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        "style" | "xmp" | "iframe" => TokenSinkResult::RawData(RawKind::Rawtext),
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "plaintext" => TokenSinkResult::Plaintext,
        _ => TokenSinkResult::Continue,
    }
}
