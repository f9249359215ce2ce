//! Graphics state dictionaries and soft masks (ISO 32000-1 8.4.5, 11.6.5).

use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream};
use sekisho_disarm::Refusal;

use super::{Rebuild, Role, read};
use crate::write::{Dictionary, Value};

/// Rendering intents (8.6.5.8).
pub(super) const INTENTS: &[&str] = &["AbsoluteColorimetric", "RelativeColorimetric", "Saturation", "Perceptual"];

/// Blend modes (11.3.5).
const MODES: &[&str] = &[
    "Normal",
    "Compatible",
    "Multiply",
    "Screen",
    "Overlay",
    "Darken",
    "Lighten",
    "ColorDodge",
    "ColorBurn",
    "HardLight",
    "SoftLight",
    "Difference",
    "Exclusion",
    "Hue",
    "Saturation",
    "Color",
    "Luminosity",
];

impl<'a> Rebuild<'a, '_> {
    /// Reads a graphics state.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn ext_state(&mut self, dict: &Dict<'a>) -> Result<Value, Refusal> {
        let (place, is_new) = self.place(dict.data(), Role::State);
        if !is_new {
            return Ok(place.into());
        }
        let mut new = Dictionary::of_type("ExtGState");
        for key in ["LW", "ML", "FL", "SM"] {
            new.set_some(key, read::number(dict, key).filter(|number| *number >= 0.0).map(Value::Real));
        }
        for key in ["LC", "LJ"] {
            new.set_some(key, read::integer(dict, key).filter(|kind| (0..=2).contains(kind)).map(Value::Int));
        }
        for key in ["CA", "ca"] {
            new.set_some(key, read::number(dict, key).map(|alpha| Value::Real(alpha.clamp(0.0, 1.0))));
        }
        for key in ["AIS", "SA", "TK", "OP", "op"] {
            new.set_some(key, read::truth(dict, key));
        }
        new.set_some("OPM", read::integer(dict, "OPM").filter(|mode| (0..=1).contains(mode)).map(Value::Int));
        new.set_some("RI", read::listed(dict, "RI", INTENTS));
        new.set_some("BM", blend_mode(dict));
        new.set_some("D", dash(dict));
        let mask = self.soft_mask(dict)?;
        new.set_some("SMask", mask);
        self.objects.set(place, new);
        Ok(place.into())
    }

    fn soft_mask(&mut self, dict: &Dict<'a>) -> Result<Option<Value>, Refusal> {
        let mask = match dict.get::<Object<'a>>("SMask") {
            Some(Object::Name(_)) => return Ok(Some(Value::name("None"))),
            Some(Object::Dict(mask)) => mask,
            _ => return Ok(None),
        };
        let (Some(kind), Some(group)) =
            (read::listed(&mask, "S", &["Alpha", "Luminosity"]), mask.get::<Stream<'a>>("G"))
        else {
            return Ok(None);
        };
        let form = self.form_place(&group, &Dict::empty())?;
        let mut new = Dictionary::new().with("S", kind).with("G", form.into());
        new.set_some("BC", read::copied(&mask, "BC"));
        Ok(Some(new.into()))
    }
}

fn blend_mode(dict: &Dict<'_>) -> Option<Value> {
    if let Some(mode) = read::listed(dict, "BM", MODES) {
        return Some(mode);
    }
    // An array: the first that a reader knows (11.6.3).
    let modes = dict.get::<Array<'_>>("BM")?;
    modes.iter::<Name<'_>>().take(MODES.len()).find_map(|name| read::one_of(&name, MODES))
}

fn dash(dict: &Dict<'_>) -> Option<Value> {
    let both = dict.get::<Array<'_>>("D")?;
    let mut items = both.iter::<Object<'_>>();
    let lengths = read::numbers_of(&items.next()?.into_array()?)?;
    let phase = items.next().and_then(|phase| phase.into_number()).map_or(0.0, |phase: Number| phase.as_f64());
    let lengths = Value::numbers(lengths.into_iter().map(|length| length.max(0.0)));
    Some(Value::Array(vec![lengths, Value::Real(phase)]))
}
