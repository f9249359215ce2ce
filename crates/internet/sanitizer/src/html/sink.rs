//! Tokens in, page out: what is open, what is hidden, where links lead.

use std::cell::RefCell;
use std::collections::HashMap;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::{Attribute, LocalName};

use super::elements::{self, Flow};
use super::page::Page;
use super::style::{self, Style};

/// Deepest nesting that is followed one by one; beyond it only the number of
/// open elements is known, and what is hidden stays so.
const MAX_OPEN: usize = 4096;
/// How far an end tag looks for its start.
const MAX_LOOK: usize = 256;
/// Most link targets that are listed.
const MAX_LINKS: usize = 1000;
/// Longest link target that is shown, in characters.
const MAX_TARGET: usize = 2000;

/// Takes a tokenizer's tokens.
#[derive(Default)]
pub(super) struct Sink(RefCell<Reader>);

#[derive(Default)]
struct Reader {
    page: Page,
    open: Vec<Open>,
    /// Elements of each name that are open but not in `open`.
    untracked: HashMap<LocalName, u32>,
    targets: Vec<String>,
    known: HashMap<String, usize>,
}

/// An open element, and the state inside it.
struct Open {
    name: LocalName,
    flow: Flow,
    hidden: bool,
    invisible: bool,
    zero_size: bool,
    preformatted: bool,
    block: bool,
    /// Entries of a list so far.
    count: u32,
    /// A link: its target, and where its label begins.
    link: Option<(String, usize)>,
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
    /// The text, with the list of targets below.
    pub(super) fn into_text(self) -> String {
        let mut reader = self.0.into_inner();
        while reader.open.pop().map(|open| reader.close(open)).is_some() {}
        let mut text = reader.page.finish();
        if !reader.targets.is_empty() {
            text.push('\n');
        }
        for (at, target) in reader.targets.iter().enumerate() {
            text.push_str(&format!("\n[{}] {target}", at + 1));
        }
        text
    }
}

impl Reader {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        match tag.kind {
            TagKind::EndTag => self.end(&tag.name),
            TagKind::StartTag => {
                self.start(tag);
                return raw_text(&tag.name);
            }
        }
        TokenSinkResult::Continue
    }

    fn visible(&self) -> bool {
        self.open.last().is_none_or(|open| !open.hidden && !open.invisible && !open.zero_size)
    }

    fn text(&mut self, text: &str) {
        if !self.visible() {
            return;
        }
        if self.open.last().is_some_and(|open| open.preformatted) {
            self.page.preformatted(text);
        } else {
            self.page.text(text);
        }
    }

    fn start(&mut self, tag: &Tag) {
        while self.open.last().is_some_and(|open| elements::start_ends(&open.name, &tag.name)) {
            self.pop();
        }
        if elements::is_void(&tag.name) {
            return self.void(tag);
        }
        if self.open.len() >= MAX_OPEN {
            *self.untracked.entry(tag.name.clone()).or_default() += 1;
            return self.edge(elements::flow(&tag.name), false);
        }
        let open = self.describe(tag);
        if !open.hidden {
            self.edge(open.flow, open.block);
            self.enter(open.flow);
        }
        self.open.push(open);
    }

    fn describe(&self, tag: &Tag) -> Open {
        let style = attribute(&tag.attrs, "style").map(style::parse).unwrap_or_default();
        let flow = elements::flow(&tag.name);
        let outer = self.open.last();
        let Style { gone, invisible, zero_size, preformatted, block } = style;
        let hidden = gone || flow == Flow::Unseen || attribute(&tag.attrs, "hidden").is_some();
        let target = attribute(&tag.attrs, "href").filter(|_| &*tag.name == "a").and_then(target);
        Open {
            name: tag.name.clone(),
            flow,
            hidden: hidden || outer.is_some_and(|o| o.hidden),
            invisible: invisible.unwrap_or_else(|| outer.is_some_and(|o| o.invisible)),
            zero_size: zero_size.unwrap_or_else(|| outer.is_some_and(|o| o.zero_size)),
            preformatted: elements::is_preformatted(&tag.name)
                || preformatted.unwrap_or_else(|| outer.is_some_and(|o| o.preformatted)),
            block,
            count: 0,
            link: target.map(|target| (target, self.page.len())),
        }
    }

    /// The line ends that an element's start or end makes.
    fn edge(&mut self, flow: Flow, block: bool) {
        match flow {
            Flow::Inline | Flow::Unseen if block => self.page.block(),
            Flow::Inline | Flow::Unseen => {}
            Flow::Block | Flow::Item => self.page.block(),
            Flow::List(_) if self.page.lists > 0 => self.page.block(),
            Flow::Paragraph | Flow::List(_) | Flow::Quote => self.page.paragraph(),
            Flow::Cell => self.page.cell(),
        }
    }

    fn enter(&mut self, flow: Flow) {
        match flow {
            Flow::List(_) => self.page.lists += 1,
            Flow::Quote => self.page.quotes += 1,
            Flow::Item => {
                let list = self.open.iter_mut().rev().take(MAX_LOOK).find(|open| matches!(open.flow, Flow::List(_)));
                let number = list.and_then(|list| {
                    list.count = list.count.saturating_add(1);
                    (list.flow == Flow::List(true)).then_some(list.count)
                });
                self.page.item(number);
            }
            Flow::Inline | Flow::Unseen | Flow::Block | Flow::Paragraph | Flow::Cell => {}
        }
    }

    fn void(&mut self, tag: &Tag) {
        if !self.visible() {
            return;
        }
        match &*tag.name {
            "br" => self.page.line_end(),
            "hr" => self.page.rule(),
            "img" => {
                let alt = attribute(&tag.attrs, "alt").map(str::trim).filter(|alt| !alt.is_empty());
                if let Some(alt) = alt.filter(|_| !is_pixel(&tag.attrs)) {
                    let japanese = alt.chars().any(crate::language::is_japanese);
                    let word = if japanese { "画像" } else { "image" };
                    self.page.text(&format!("[{word}: {alt}]"));
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &LocalName) {
        if let Some(count) = self.untracked.get_mut(name).filter(|count| **count > 0) {
            *count -= 1;
            return self.edge(elements::flow(name), false);
        }
        let mut found = None;
        for (at, open) in self.open.iter().enumerate().rev().take(MAX_LOOK) {
            if open.name == *name {
                found = Some(at);
                break;
            }
            if elements::is_scope(&open.name, name) {
                break;
            }
        }
        match found {
            Some(at) => {
                while self.open.len() > at {
                    self.pop();
                }
            }
            // HTML 13.2.6.4.7: these two act without a start.
            None if &**name == "br" => self.page.line_end(),
            None if &**name == "p" => self.page.paragraph(),
            None => {}
        }
    }

    fn pop(&mut self) {
        if let Some(open) = self.open.pop() {
            self.close(open);
        }
    }

    fn close(&mut self, open: Open) {
        if open.hidden {
            return;
        }
        match open.flow {
            Flow::List(_) => self.page.lists = self.page.lists.saturating_sub(1),
            Flow::Quote => self.page.quotes = self.page.quotes.saturating_sub(1),
            Flow::Inline | Flow::Unseen | Flow::Block | Flow::Paragraph | Flow::Cell | Flow::Item => {}
        }
        if open.flow != Flow::Cell {
            self.edge(open.flow, open.block);
        }
        if let Some((target, start)) = open.link {
            self.link(target, start);
        }
    }

    /// Numbers a link's target, unless its label says the same or is empty.
    fn link(&mut self, target: String, start: usize) {
        let label = self.page.since(start).trim();
        let bare = target.strip_prefix("mailto:").unwrap_or(&target);
        if label.is_empty() || label == target || label == bare {
            return;
        }
        let at = match self.known.get(&target) {
            Some(at) => *at,
            None if self.targets.len() >= MAX_LINKS => return,
            None => {
                self.targets.push(target.clone());
                self.known.insert(target, self.targets.len());
                self.targets.len()
            }
        };
        self.page.attach(&format!("[{at}]"));
    }
}

/// HTML 13.2.5: the tokenizer is told where markup is not markup.
fn raw_text(name: &str) -> TokenSinkResult<()> {
    match name {
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "plaintext" => TokenSinkResult::Plaintext,
        _ => TokenSinkResult::Continue,
    }
}

fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// A picture of one dot is there to be fetched, not to be seen.
fn is_pixel(attributes: &[Attribute]) -> bool {
    let is_dot = |name| attribute(attributes, name).is_some_and(|v| matches!(v.trim_end_matches("px"), "0" | "1"));
    is_dot("width") && is_dot("height")
}

/// A link's target as it is shown; `None` for what leads nowhere outside.
fn target(href: &str) -> Option<String> {
    // URL 4.4: blanks at the ends, tabs and line ends anywhere do not count.
    let href: String = href.trim().chars().filter(|c| !c.is_control()).take(MAX_TARGET).collect();
    let scheme = href.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let nowhere = href.is_empty() || href.starts_with('#');
    let inside = matches!(scheme.as_str(), "javascript" | "vbscript" | "data" | "cid" | "mid" | "about");
    (!nowhere && !inside).then_some(href)
}
