//! Text: fonts and strings.

use hayro_syntax::object::{Array, Object};
use sekisho_disarm::Refusal;

use super::{Category, Contents, MAX_ELEMENTS};
use crate::write::{spell_name, spell_string};

impl<'a> Contents<'_, 'a, '_> {
    pub(super) fn set_font(&mut self, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        let [.., Object::Name(name), Object::Number(size)] = operands else { return Ok(()) };
        let id = match self.fonts.get(&**name) {
            Some(known) => *known,
            None => {
                let fonts = self.source.fonts.clone();
                let id = self.work.font(&fonts, name)?;
                self.fonts.insert(name.to_vec(), id);
                id
            }
        };
        self.font = id;
        let Some(id) = id else { return Ok(()) };
        let place = self.work.fonts.place(id);
        let new = self.named(Category::Font, name, |_| Ok(Some(place.into())))?;
        if let Some(new) = new {
            spell_name(&mut self.out, new.as_bytes());
            self.out.push(b' ');
            self.number(size.as_f64());
            self.plain("Tf");
        }
        Ok(())
    }

    /// The string as the new font reads it; nothing without a font.
    fn shown(&mut self, text: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        self.work.budget.steps(text.len() as u64)?;
        match self.font {
            Some(font) if self.in_text() => Ok(Some(self.work.fonts.shown(font, text)?)),
            _ => Ok(None),
        }
    }

    pub(super) fn show(&mut self, operator: &str, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        let [.., Object::String(text)] = operands else { return Ok(()) };
        if let Some(shown) = self.shown(text.as_bytes())? {
            spell_string(&mut self.out, &shown);
            self.plain(operator);
        }
        Ok(())
    }

    pub(super) fn spaced_show(&mut self, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        let [.., Object::Number(word), Object::Number(letter), Object::String(text)] = operands else {
            return Ok(());
        };
        if let Some(shown) = self.shown(text.as_bytes())? {
            self.number(word.as_f64());
            self.number(letter.as_f64());
            spell_string(&mut self.out, &shown);
            self.plain("\"");
        }
        Ok(())
    }

    pub(super) fn show_spaced(&mut self, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        let [.., Object::Array(array)] = operands else { return Ok(()) };
        if self.font.is_none() || !self.in_text() {
            return Ok(());
        }
        self.out.push(b'[');
        self.elements(array)?;
        self.out.extend(b"] ");
        self.plain("TJ");
        Ok(())
    }

    fn elements(&mut self, array: &Array<'_>) -> Result<(), Refusal> {
        for element in array.iter::<Object<'_>>().take(MAX_ELEMENTS) {
            self.work.budget.steps(1)?;
            match element {
                Object::Number(number) => self.number(number.as_f64()),
                Object::String(text) => {
                    if let Some(shown) = self.shown(text.as_bytes())? {
                        spell_string(&mut self.out, &shown);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
