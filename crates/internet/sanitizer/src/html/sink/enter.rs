//! What the start of an element does to the page.

use html5ever::Attribute;

use super::Reader;
use crate::html::elements::Kind;
use crate::html::fields::{self, Choice};
use crate::html::open::{Edge, Open, attribute};
use crate::html::page::POWER;
use crate::html::table::{Span, Table};

impl Reader {
    pub(super) fn enter(&mut self, open: &mut Open, attributes: &[Attribute]) {
        let gone = open.look.gone;
        match open.kind {
            Kind::Table => self.enter_table(gone, attributes),
            Kind::Style => self.css = fields::holds_here(attribute(attributes, "media")).then(String::new),
            Kind::Choice if self.is_seen() && self.choice.is_none() => self.choice = Some(Choice::default()),
            Kind::Option => {
                if let Some(choice) = &mut self.choice {
                    choice.begin(attribute(attributes, "selected").is_some());
                }
            }
            Kind::Row => {
                if let Some(table) = self.tables.last_mut() {
                    table.begin_row();
                }
            }
            _ => {}
        }
        if gone {
            return;
        }
        match open.edge {
            Edge::Inline => self.page.space(),
            Edge::Block => self.page.block(),
            Edge::Kind => self.enter_kind(open, attributes),
        }
        if open.strikes {
            self.page.open_bracket(self.words.struck);
        }
    }

    fn enter_kind(&mut self, open: &Open, attributes: &[Attribute]) {
        match open.kind {
            Kind::Block if open.distance.line => self.page.paragraph(),
            Kind::Block | Kind::Form | Kind::Section | Kind::Row | Kind::Caption => self.page.block(),
            Kind::Paragraph if open.distance.tight => self.page.block(),
            Kind::Paragraph => self.page.paragraph(),
            Kind::Preformatted => self.page.paragraph(),
            Kind::Heading(major) => {
                self.page.paragraph();
                self.mark(if major { self.words.heading } else { self.words.minor_heading }.to_owned(), 2);
            }
            Kind::Definition => {
                self.page.block();
                self.page.indent = self.page.indent.saturating_add(2);
            }
            Kind::Cell(heading) => self.enter_cell(heading, attributes),
            Kind::Item => self.enter_item(open.unmarked, attributes),
            Kind::List(_) => self.list_edge(),
            Kind::Quote => {
                self.page.paragraph();
                self.page.quotes = self.page.quotes.saturating_add(1);
            }
            Kind::ShortQuote => self.page.open_bracket(self.words.quote.0),
            Kind::Ruby => self.page.open_bracket(self.words.ruby.0),
            Kind::Raised if self.page.last().is_some_and(|c| c.is_ascii_alphanumeric() || c == ')') => {
                self.page.open_bracket(POWER);
            }
            Kind::Table | Kind::Inline | Kind::Link | Kind::Struck | Kind::Raised => {}
            Kind::Choice | Kind::Option | Kind::Style | Kind::Unseen => {}
        }
        self.at_pre_start = open.exact && matches!(&*open.name, "pre" | "listing" | "textarea");
    }

    fn enter_table(&mut self, gone: bool, attributes: &[Attribute]) {
        let element = self.open.0.len();
        if gone {
            return self.tables.push(Table::hidden(element));
        }
        if let Some(outer) = self.tables.last_mut() {
            outer.loosen(&mut self.page);
        }
        let mut table = Table::begin(&mut self.page, element);
        table.layout = attribute(attributes, "role").is_some_and(|role| matches!(role, "presentation" | "none"));
        table.data = attribute(attributes, "border").is_some_and(|border| border.trim() != "0");
        self.tables.push(table);
    }

    fn enter_cell(&mut self, heading: bool, attributes: &[Attribute]) {
        let span = |name| attribute(attributes, name).and_then(|n| n.trim().parse().ok()).unwrap_or(1);
        // HTML 4.9.11: at most 1,000 columns; rows end with the table.
        let (columns, rows) = (span("colspan").clamp(1, 1000), span("rowspan").clamp(1, 65_534));
        match self.tables.last_mut() {
            Some(table) => table.begin_cell(&mut self.page, Span { columns, rows, heading }),
            None => self.page.block(),
        }
    }

    fn enter_item(&mut self, unmarked: bool, attributes: &[Attribute]) {
        let value = attribute(attributes, "value").and_then(|value| value.trim().parse().ok());
        let list = self.open.nearest(|kind| matches!(kind, Kind::List(_)));
        let number = list.and_then(|list| {
            let number = value.unwrap_or(list.number);
            list.number = number.saturating_add(1);
            (list.kind == Kind::List(true)).then_some(number)
        });
        match number {
            _ if unmarked => self.page.block(),
            Some(number) => {
                let mark = format!("{number}. ");
                let columns = u8::try_from(mark.len()).unwrap_or(u8::MAX);
                self.mark(mark, columns);
            }
            None => self.mark(self.words.bullet.to_owned(), self.words.bullet_columns),
        }
    }

    /// The next line begins with `mark`, and others stand below its text.
    fn mark(&mut self, mark: String, columns: u8) {
        self.page.indent = self.page.indent.saturating_add(columns);
        self.page.set_mark(mark, columns);
    }

    pub(super) fn list_edge(&mut self) {
        match self.open.nearest(|kind| matches!(kind, Kind::Item | Kind::List(_) | Kind::Cell(_))) {
            Some(open) if !matches!(open.kind, Kind::Cell(_)) => self.page.block(),
            _ => self.page.paragraph(),
        }
    }
}
