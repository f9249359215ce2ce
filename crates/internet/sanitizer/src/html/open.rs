//! The elements that are open, and what each says about itself.

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::Tag;
use html5ever::{Attribute, LocalName};

use super::color::{self, Color};
use super::elements::{self, Kind};
use super::look::Look;
use super::sheet::{Reached, Sheet};
use super::style::{Declaration, Display, Is, Space, Style};

/// An open element, and the state inside it.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) name: LocalName,
    pub(super) kind: Kind,
    pub(super) look: Look,
    /// How far the selectors of style sheets are met here.
    reached: Reached,
    /// Whether text directly inside is seen.
    pub(super) seen: bool,
    pub(super) space: Space,
    /// Empty lines inside count too.
    pub(super) exact: bool,
    pub(super) edge: Edge,
    pub(super) distance: Distance,
    /// A list whose entries have no marks.
    pub(super) unmarked: bool,
    /// Text inside no longer holds; whether this element began it.
    pub(super) struck: bool,
    pub(super) strikes: bool,
    /// Quotes and columns around the element.
    pub(super) quotes: u8,
    pub(super) indent: u8,
    /// The number of a list's next entry.
    pub(super) number: i32,
    /// Where a link leads, or a form sends to.
    pub(super) href: Option<StrTendril>,
    /// Where the text inside begins.
    pub(super) start: usize,
    /// A picture is inside.
    pub(super) image: bool,
}

/// How the element's ends part it from what is around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// As its kind does.
    Kind,
    /// Not at all: `display: inline`.
    Inline,
    /// By a line end: `display: block`.
    Block,
}

/// How far the element stands from what is above and below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Distance {
    /// No empty line above it.
    pub(super) tight: bool,
    /// No empty line below it.
    pub(super) tight_below: bool,
    /// A line is drawn above it: a reply's head in Outlook.
    pub(super) line: bool,
}

/// The attributes that matter, found in one pass.
#[derive(Debug, Default)]
struct Attributes<'a> {
    style: Option<&'a str>,
    hidden: bool,
    color: Option<&'a str>,
    ground: Option<&'a str>,
    picture: bool,
    href: Option<&'a StrTendril>,
    start: Option<&'a str>,
}

impl<'a> Attributes<'a> {
    fn of(kind: Kind, attributes: &'a [Attribute]) -> Self {
        let mut found = Self::default();
        for Attribute { name, value } in attributes {
            match &*name.local {
                "style" => found.style = Some(value),
                "hidden" => found.hidden = true,
                "color" | "text" => found.color = Some(value),
                "bgcolor" => found.ground = Some(value),
                "background" => found.picture = !value.trim().is_empty(),
                "href" if kind == Kind::Link => found.href = Some(value),
                "action" if kind == Kind::Form => found.href = Some(value),
                "start" => found.start = Some(value),
                _ => {}
            }
        }
        found
    }
}

/// Describes the element that `tag` opens inside `outer`.
pub(super) fn describe(tag: &Tag, kind: Kind, outer: Option<&Open>, sheet: &Sheet) -> Open {
    let attributes = Attributes::of(kind, &tag.attrs);
    let outer_look = outer.map_or_else(Look::default, |outer| outer.look);
    let mut reached = outer.map_or_else(Reached::default, |outer| outer.reached);
    let mut style = Style::default();
    if !outer_look.gone {
        hints(&mut style, &attributes);
        reached = sheet.apply(&mut style, &tag.name, &tag.attrs, reached);
        if let Some(text) = attributes.style {
            style.read(text);
        }
    }
    let mut look = outer_look.inside(&style, kind == Kind::Link && attributes.href.is_some());
    look.gone |= is_unseen(kind) || (attributes.hidden && style.display.is_none());
    let exact = kind == Kind::Preformatted || &*tag.name == "textarea" || outer.is_some_and(|outer| outer.exact);
    let outer_space = outer.map_or(Space::Collapse, |outer| outer.space);
    let struck = kind == Kind::Struck || (style.is(Is::Struck) && kind == Kind::Inline);
    let in_struck = outer.is_some_and(|outer| outer.struck);
    Open {
        name: tag.name.clone(),
        kind,
        look,
        reached,
        seen: look.is_seen(!sheet.paints),
        space: if exact { Space::Keep } else { style.space.unwrap_or(outer_space) },
        exact,
        edge: edge(kind, &style),
        distance: Distance {
            tight: style.is(Is::TightAbove),
            tight_below: style.is(Is::TightBelow),
            line: style.is(Is::LineAbove),
        },
        unmarked: style.says(Is::NoMarker).unwrap_or_else(|| outer.is_some_and(|outer| outer.unmarked)),
        struck: struck || in_struck,
        strikes: struck && !in_struck && kind.is_inline(),
        quotes: 0,
        indent: 0,
        number: attributes.start.and_then(|start| start.trim().parse().ok()).unwrap_or(1),
        href: attributes.href.cloned(),
        start: 0,
        image: false,
    }
}

/// What presentational attributes say (HTML 15.2).
fn hints(style: &mut Style, attributes: &Attributes<'_>) {
    if let Some(color) = attributes.color.and_then(color::parse_legacy) {
        style.apply(Declaration::Text(color), false);
    }
    if let Some(color) = attributes.ground.and_then(color::parse_legacy) {
        style.apply(Declaration::Back(color), false);
    }
    if attributes.picture {
        style.apply(Declaration::Back(Color::Unknown), false);
    }
}

fn is_unseen(kind: Kind) -> bool {
    matches!(kind, Kind::Unseen | Kind::Style | Kind::Choice)
}

fn edge(kind: Kind, style: &Style) -> Edge {
    match style.display {
        Some(Display::Block) if kind.is_inline() => Edge::Block,
        Some(Display::Inline) if matches!(kind, Kind::Block | Kind::Paragraph | Kind::Item) => Edge::Inline,
        _ => Edge::Kind,
    }
}

/// The value of an attribute.
pub(super) fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// The open elements, innermost last.
#[derive(Debug, Default)]
pub(super) struct Stack(pub(super) Vec<Open>);

/// How far an end tag looks for its start; further for a table's parts, whose
/// cells may hold much that was never closed.
const MAX_LOOK: usize = 64;
const MAX_LOOK_GRID: usize = 256;
/// How far a start tag looks for what it ends.
const MAX_LOOK_START: usize = 16;

impl Stack {
    pub(super) fn last(&self) -> Option<&Open> {
        self.0.last()
    }

    /// The element that the start of `next` ends, with all inside it.
    pub(super) fn ended_by_start(&self, next: (&str, Kind)) -> Option<usize> {
        if next.1 == Kind::Inline && !next.0.starts_with(['r', 'b']) {
            return None;
        }
        for (at, open) in self.0.iter().enumerate().rev().take(MAX_LOOK_START) {
            if elements::start_ends((&open.name, open.kind), next) {
                return Some(at);
            }
            let inner = next.1 == Kind::Item && matches!(open.kind, Kind::Block | Kind::Paragraph);
            if !open.kind.is_inline() && !inner {
                return None;
            }
        }
        None
    }

    /// The element that an end tag ends, with all inside it.
    pub(super) fn ended_by_end(&self, name: &LocalName) -> Option<usize> {
        let kind = elements::kind(name);
        let look = if kind.is_grid() { MAX_LOOK_GRID } else { MAX_LOOK };
        for (at, open) in self.0.iter().enumerate().rev().take(look) {
            if open.name == *name {
                return Some(at);
            }
            if elements::is_scope(open.kind, (name, kind)) {
                return None;
            }
        }
        None
    }

    /// The innermost open element of a kind, not far away.
    pub(super) fn nearest(&mut self, is: impl Fn(Kind) -> bool) -> Option<&mut Open> {
        self.0.iter_mut().rev().take(MAX_LOOK).find(|open| is(open.kind))
    }
}
