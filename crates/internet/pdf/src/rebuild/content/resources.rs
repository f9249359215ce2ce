//! Resources: each gets a name of ours when it is first used.

use hayro_syntax::object::{Dict, Name, Object, Stream};
use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

use super::super::color;
use super::{Category, Contents, MAX_NAMES, last_numbers};
use crate::write::{Value, spell_name};

impl<'a> Contents<'_, 'a, '_> {
    /// Our name for a resource, which is made when it is first used.
    pub(super) fn named(
        &mut self,
        category: Category,
        name: &Name<'_>,
        make: impl FnOnce(&mut Self) -> Result<Option<Value>, Refusal>,
    ) -> Result<Option<String>, Refusal> {
        let key = (category, name.to_vec());
        if let Some(known) = self.names.get(&key) {
            return Ok(known.clone());
        }
        let made = make(self)?;
        let new = match made {
            Some(value) => Some(self.enter(category, value)?),
            None => None,
        };
        self.names.insert(key, new.clone());
        Ok(new)
    }

    fn enter(&mut self, category: Category, value: Value) -> Result<String, Refusal> {
        self.count += 1;
        if self.count > MAX_NAMES {
            return Err(Refusal::TooLarge);
        }
        let new = format!("{}{}{}", category.key().1, self.count, self.suffix);
        self.entries.entry(category).or_default().set_own(new.clone(), value);
        Ok(new)
    }

    pub(super) fn use_name(&mut self, name: &str, operator: &str) {
        spell_name(&mut self.out, name.as_bytes());
        self.out.push(b' ');
        self.plain(operator);
    }

    pub(super) fn ext_state(&mut self, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        let [.., Object::Name(name)] = operands else { return Ok(()) };
        let new = self.named(Category::State, name, |this| {
            let state = this.source.get_ext_g_state(name);
            state.map_or(Ok(None), |state| this.work.ext_state(&state).map(Some))
        })?;
        if let Some(new) = new {
            self.use_name(&new, "gs");
        }
        Ok(())
    }

    pub(super) fn space(&mut self, operator: &'static str, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        let [.., Object::Name(name)] = operands else { return Ok(()) };
        let slot = usize::from(operator == "CS");
        let plain = color::plain_space(name);
        if let Some(plain) = plain {
            self.known_space[slot] = true;
            self.use_name(plain, operator);
            return Ok(());
        }
        let new = self.named(Category::Space, name, |this| {
            let Some(space) = this.source.get_color_space(name) else { return Ok(None) };
            let spaces = this.source.color_spaces.clone();
            Ok(this.work.color_space(space, &spaces, 0)?.map(|space| space.value))
        })?;
        self.known_space[slot] = new.is_some();
        if let Some(new) = new {
            self.use_name(&new, operator);
        }
        Ok(())
    }

    /// Components, and behind them the name of a pattern for `scn`.
    pub(super) fn color(&mut self, operator: &'static str, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        if !self.known_space[usize::from(operator.starts_with('S'))] {
            return Ok(());
        }
        let (components, pattern) = match operands {
            [components @ .., Object::Name(name)] => (components, Some(name)),
            _ => (operands, None),
        };
        let Some(numbers) = last_numbers(components, components.len()) else { return Ok(()) };
        let pattern = match pattern {
            None if numbers.is_empty() => return Ok(()),
            None => None,
            Some(name) => {
                let new = self.named(Category::Pattern, name, |this| {
                    let Some(pattern) = this.source.get_pattern(name) else { return Ok(None) };
                    let around = this.around.clone();
                    this.work.pattern(pattern, &around)
                })?;
                // Without its pattern nothing would be painted: leave the colour as it is.
                let Some(new) = new else { return Ok(()) };
                Some(new)
            }
        };
        numbers.into_iter().for_each(|number| self.number(number));
        match pattern {
            Some(pattern) => self.use_name(&pattern, if operator.starts_with('S') { "SCN" } else { "scn" }),
            None => self.plain(operator),
        }
        Ok(())
    }

    pub(super) fn shading(&mut self, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        let [.., Object::Name(name)] = operands else { return Ok(()) };
        let new = self.named(Category::Shading, name, |this| {
            let Some(shading) = this.source.get_shading(name) else { return Ok(None) };
            let spaces = this.source.color_spaces.clone();
            this.work.shading(shading, &spaces)
        })?;
        if let Some(new) = new {
            self.use_name(&new, "sh");
        }
        Ok(())
    }

    pub(super) fn x_object(&mut self, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        let [.., Object::Name(name)] = operands else { return Ok(()) };
        let new = self.named(Category::XObject, name, |this| {
            let Some(stream) = this.source.get_x_object(name) else { return Ok(None) };
            this.x_object_of(&stream)
        })?;
        if let Some(new) = new {
            self.use_name(&new, "Do");
        }
        Ok(())
    }

    fn x_object_of(&mut self, stream: &Stream<'a>) -> Result<Option<Value>, Refusal> {
        let dict = stream.dict();
        if dict.get::<Dict<'a>>("OC").is_some_and(|group| self.work.layers.hides(&group)) {
            self.work.removed.insert(Removal::HiddenLayer);
            return Ok(None);
        }
        match dict.get::<Name<'_>>("Subtype").as_deref() {
            Some(b"Image") => {
                let spaces = self.source.color_spaces.clone();
                Ok(self.work.image(stream, &spaces)?.map(Value::from))
            }
            Some(b"Form") | None if dict.contains_key("BBox") => {
                let around = self.around.clone();
                Ok(Some(self.work.form_place(stream, &around)?.into()))
            }
            _ => {
                self.work.removed.insert(Removal::Unknown);
                Ok(None)
            }
        }
    }

    pub(super) fn inline_image(&mut self, operands: &[&Object<'_>]) -> Result<(), Refusal> {
        let [.., Object::Stream(stream)] = operands else { return Ok(()) };
        let spaces = self.source.color_spaces.clone();
        let Some(place) = self.work.inline_image(stream, &spaces)? else { return Ok(()) };
        let name = self.enter(Category::XObject, place.into())?;
        self.use_name(&name, "Do");
        Ok(())
    }
}
