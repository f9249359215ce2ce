//! Page contents: read operator by operator, written anew.
//!
//! Owns: operands of the right number and type, names of our own for
//! resources, balance of `q`/`Q` and `BT`/`ET`, and that nothing of a hidden
//! layer is drawn.

mod resources;
mod text;

use std::collections::HashMap;

use hayro_syntax::content::UntypedIter;
use hayro_syntax::object::{Dict, Object};
use hayro_syntax::page::Resources;
use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

use super::font::FontId;
use super::operators::{Operator, operator};
use super::{Rebuild, read};
use crate::write::{Dictionary, Value, spell_name, spell_number};

/// `q` and `BT` inside each other. Acrobat's own bound was 28 for long.
const MAX_OPEN: usize = 512;

/// Names of one page, form or glyph.
const MAX_NAMES: usize = 20_000;

/// Elements of one `TJ` array, entries of one dash array.
const MAX_ELEMENTS: usize = 100_000;

/// A kind of resource, the key of its dictionary and the letter of our names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Category {
    Font,
    XObject,
    State,
    Space,
    Pattern,
    Shading,
}

impl Category {
    const ALL: [Self; 6] = [Self::Font, Self::XObject, Self::State, Self::Space, Self::Pattern, Self::Shading];

    fn key(self) -> (&'static str, char) {
        match self {
            Self::Font => ("Font", 'F'),
            Self::XObject => ("XObject", 'X'),
            Self::State => ("ExtGState", 'G'),
            Self::Space => ("ColorSpace", 'C'),
            Self::Pattern => ("Pattern", 'P'),
            Self::Shading => ("Shading", 'S'),
        }
    }
}

/// Contents that were written anew, and the resources that they name.
pub(super) struct Written {
    pub(super) data: Vec<u8>,
    pub(super) resources: Dictionary,
}

/// What is open and has to be closed.
enum Open {
    /// `q`, and the font that comes back with `Q`.
    Saved(Option<FontId>),
    Text,
}

struct Contents<'r, 'a, 'b> {
    work: &'r mut Rebuild<'a, 'b>,
    source: Resources<'a>,
    /// The same as it stands, for forms that have none of their own.
    around: Dict<'a>,
    /// Our names by category and name in the source; `None`: not to be had.
    names: HashMap<(Category, Vec<u8>), Option<String>>,
    fonts: HashMap<Vec<u8>, Option<FontId>>,
    entries: HashMap<Category, Dictionary>,
    count: usize,
    out: Vec<u8>,
    open: Vec<Open>,
    font: Option<FontId>,
    /// Marked content that is open: whether each hides what is in it.
    marked: Vec<bool>,
    /// The width of a Type 3 glyph whose `d0` or `d1` is yet to come.
    glyph: Option<f64>,
    /// What tells names of one glyph from those of the others in its font.
    suffix: String,
    /// Whether the colour space of fills, of strokes, could be read.
    known_space: [bool; 2],
}

impl<'a> Rebuild<'a, '_> {
    /// Writes contents anew. `glyph` is the code and the width of the Type 3
    /// glyph that they are of.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] beyond a bound.
    pub(super) fn contents(
        &mut self,
        data: &[u8],
        resources: &Dict<'a>,
        glyph: Option<(u8, f64)>,
    ) -> Result<Written, Refusal> {
        let mut contents = Contents {
            work: self,
            source: Resources::new(resources.clone()),
            around: resources.clone(),
            names: HashMap::new(),
            fonts: HashMap::new(),
            entries: HashMap::new(),
            count: 0,
            out: Vec::with_capacity(data.len()),
            open: Vec::new(),
            font: None,
            marked: Vec::new(),
            glyph: glyph.map(|(_, width)| width),
            suffix: glyph.map(|(code, _)| format!("c{code:02x}")).unwrap_or_default(),
            known_space: [true; 2],
        };
        let mut instructions = UntypedIter::new(data);
        while let Some(instruction) = instructions.next() {
            let operands: Vec<&Object<'_>> = instruction.operands().collect();
            contents.work.budget.steps(1 + operands.len() as u64)?;
            match operator(instruction.operator) {
                Some(operator) => contents.write(operator, &operands)?,
                None => drop(contents.work.removed.insert(Removal::Unknown)),
            }
        }
        Ok(contents.finish())
    }
}

impl<'a> Contents<'_, 'a, '_> {
    fn finish(mut self) -> Written {
        self.glyph_begins();
        while let Some(open) = self.open.pop() {
            self.close(&open);
        }
        let mut resources = Dictionary::new();
        for category in Category::ALL {
            if let Some(entries) = self.entries.remove(&category) {
                resources.set(category.key().0, entries.into());
            }
        }
        Written { data: self.out, resources }
    }

    fn write(&mut self, operator: Operator, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        if let Operator::GlyphWidth(name, count) = operator {
            self.glyph_width(name, count, operands);
            return Ok(());
        }
        self.glyph_begins();
        match operator {
            Operator::Save => return self.save(),
            Operator::Restore => self.restore(),
            Operator::BeginText => self.begin_text(),
            Operator::EndText => self.end_text(),
            Operator::BeginMarked => return self.begin_marked(operands),
            Operator::EndMarked => drop(self.marked.pop()),
            Operator::State(name, count) => self.numbers(name, count, operands),
            Operator::Move(name, count) if self.in_text() => self.numbers(name, count, operands),
            Operator::Move(..) => {}
            Operator::Whole(name, most) => self.whole(name, most, operands),
            Operator::Dash => self.dash(operands),
            Operator::Intent => self.intent(operands),
            Operator::ExtState => self.ext_state(operands)?,
            Operator::Space(name) => self.space(name, operands)?,
            Operator::Color(name) => self.color(name, operands)?,
            Operator::Font => self.set_font(operands)?,
            Operator::GlyphWidth(..) | Operator::Nothing => {}
            Operator::Path(..)
            | Operator::Paint(_)
            | Operator::Shading
            | Operator::XObject
            | Operator::Show
            | Operator::NextLineShow
            | Operator::SpacedShow
            | Operator::ShowSpaced
            | Operator::InlineImage => return self.paint(operator, operands),
        }
        Ok(())
    }

    /// What leaves marks on the page, unless a hidden layer hides it.
    fn paint(&mut self, operator: Operator, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        if self.marked.contains(&true) {
            self.work.removed.insert(Removal::HiddenLayer);
            return Ok(());
        }
        match operator {
            Operator::Path(name, count) => self.numbers(name, count, operands),
            Operator::Paint(name) => self.plain(name),
            Operator::Shading => self.shading(operands)?,
            Operator::XObject => self.x_object(operands)?,
            Operator::Show => self.show("Tj", operands)?,
            Operator::NextLineShow => self.show("'", operands)?,
            Operator::SpacedShow => self.spaced_show(operands)?,
            Operator::ShowSpaced => self.show_spaced(operands)?,
            Operator::InlineImage => self.inline_image(operands)?,
            _ => {}
        }
        Ok(())
    }

    fn plain(&mut self, name: &str) {
        self.out.extend(name.as_bytes());
        self.out.push(b'\n');
    }

    fn number(&mut self, number: f64) {
        spell_number(&mut self.out, number);
        self.out.push(b' ');
    }

    /// More operands than wanted: the last ones count, as on a stack.
    fn numbers(&mut self, name: &str, count: usize, operands: &[&Object<'_>]) {
        if let Some(numbers) = last_numbers(operands, count) {
            numbers.into_iter().for_each(|number| self.number(number));
            self.plain(name);
        }
    }

    fn whole(&mut self, name: &str, most: u8, operands: &[&Object<'_>]) {
        if let Some(numbers) = last_numbers(operands, 1)
            && (0.0..=f64::from(most)).contains(&numbers[0].trunc())
        {
            self.number(numbers[0].trunc());
            self.plain(name);
        }
    }

    fn save(&mut self) -> Result<(), Refusal> {
        if self.open.len() >= MAX_OPEN {
            return Err(Refusal::TooLarge);
        }
        self.open.push(Open::Saved(self.font));
        self.plain("q");
        Ok(())
    }

    /// A `Q` too many is dropped; one inside `BT` closes that first.
    fn restore(&mut self) {
        if !self.open.iter().any(|open| matches!(open, Open::Saved(_))) {
            return;
        }
        while let Some(open) = self.open.pop() {
            self.close(&open);
            if let Open::Saved(font) = open {
                self.font = font;
                return;
            }
        }
    }

    fn close(&mut self, open: &Open) {
        self.plain(match open {
            Open::Saved(_) => "Q",
            Open::Text => "ET",
        });
    }

    fn in_text(&self) -> bool {
        self.open.iter().any(|open| matches!(open, Open::Text))
    }

    fn begin_text(&mut self) {
        if self.in_text() || self.open.len() >= MAX_OPEN {
            self.end_text();
        }
        self.open.push(Open::Text);
        self.plain("BT");
    }

    /// An `ET` closes each `q` that was opened in the text, too.
    fn end_text(&mut self) {
        if !self.in_text() {
            return;
        }
        while let Some(open) = self.open.pop() {
            self.close(&open);
            match open {
                Open::Saved(font) => self.font = font,
                Open::Text => return,
            }
        }
    }

    fn begin_marked(&mut self, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        if self.marked.len() >= MAX_OPEN {
            return Err(Refusal::TooLarge);
        }
        let hides = match operands {
            [Object::Name(tag), Object::Name(name), ..] if &**tag == b"OC" => {
                let group = self.source.properties.get::<Dict<'a>>(&**name);
                group.is_some_and(|group| self.work.layers.hides(&group))
            }
            _ => false,
        };
        self.marked.push(hides);
        Ok(())
    }

    fn dash(&mut self, operands: &[&Object<'_>]) {
        let [.., Object::Array(array), Object::Number(phase)] = operands else { return };
        let Some(lengths) = read::numbers_of(array) else { return };
        self.out.push(b'[');
        lengths.into_iter().for_each(|length| self.number(length.max(0.0)));
        self.out.extend(b"] ");
        self.number(phase.as_f64());
        self.plain("d");
    }

    fn intent(&mut self, operands: &[&Object<'_>]) {
        if let [.., Object::Name(name)] = operands
            && let Some(Value::Name(name)) = read::one_of(name, super::state::INTENTS)
        {
            spell_name(&mut self.out, &name);
            self.plain(" ri");
        }
    }

    fn glyph_width(&mut self, name: &str, count: usize, operands: &[&Object<'_>]) {
        if self.glyph.is_some() && last_numbers(operands, count).is_some() {
            self.numbers(name, count, operands);
            self.glyph = None;
        }
    }

    /// A Type 3 glyph whose first operator is no `d0` or `d1` gets a `d0`.
    fn glyph_begins(&mut self) {
        if let Some(width) = self.glyph.take() {
            self.number(width);
            self.number(0.0);
            self.plain("d0");
        }
    }
}

fn last_numbers(operands: &[&Object<'_>], count: usize) -> Option<Vec<f64>> {
    let from = operands.len().checked_sub(count)?;
    let numbers = operands[from..].iter().map(|operand| match operand {
        Object::Number(number) if number.as_f64().is_finite() => Some(number.as_f64()),
        _ => None,
    });
    numbers.collect()
}
