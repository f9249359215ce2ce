//! Functions (ISO 32000-1 7.10).

use hayro_syntax::object::{Array, Dict, Object, Stream};
use sekisho_disarm::Refusal;

use super::{Rebuild, Role, read};
use crate::filters;
use crate::write::{Dictionary, Value, spell_number};

/// Functions inside each other.
const MAX_DEPTH: u32 = 4;

/// Braces inside each other.
const MAX_BRACES: u32 = 16;

/// Inputs, or outputs.
const MAX_VALUES: usize = 32;

/// Tokens of one program.
const MAX_TOKENS: usize = 20_000;

/// The operators of programs (7.10.5).
const WORDS: &[&str] = &[
    "abs", "add", "and", "atan", "bitshift", "ceiling", "copy", "cos", "cvi", "cvr", "div", "dup", "eq", "exch", "exp",
    "false", "floor", "ge", "gt", "idiv", "if", "ifelse", "index", "le", "ln", "log", "lt", "mod", "mul", "ne", "neg",
    "not", "or", "pop", "roll", "round", "sin", "sqrt", "sub", "true", "truncate", "xor",
];

impl<'a> Rebuild<'a, '_> {
    /// Reads a function; `None` if it cannot be read.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn function(&mut self, object: Object<'a>, depth: u32) -> Result<Option<Value>, Refusal> {
        // What is shared is written anew each time: few must be enough.
        self.budget.steps(500)?;
        if depth > MAX_DEPTH {
            return Ok(None);
        }
        match object {
            Object::Dict(dict) => match read::integer(&dict, "FunctionType") {
                Some(2) => Ok(exponential(&dict)),
                Some(3) => self.stitching(&dict, depth),
                _ => Ok(None),
            },
            Object::Stream(stream) => {
                let (place, new) = self.place(stream.dict().data(), Role::Function);
                if !new {
                    return Ok(Some(place.into()));
                }
                let data = filters::decode(&stream, self.budget)?;
                let made = match read::integer(stream.dict(), "FunctionType") {
                    Some(0) => sampled(&stream, data),
                    Some(4) => program(&stream, &data),
                    _ => None,
                };
                let Some((dictionary, data)) = made else {
                    self.made.remove(&(stream.dict().data().as_ptr().addr(), Role::Function));
                    return Ok(None);
                };
                self.objects.set_stream(place, dictionary, data);
                Ok(Some(place.into()))
            }
            _ => Ok(None),
        }
    }

    /// A function, or an array of some.
    ///
    /// # Errors
    /// As [`Rebuild::function`].
    pub(super) fn functions(&mut self, dict: &Dict<'a>, key: &str) -> Result<Option<Value>, Refusal> {
        match dict.get::<Object<'a>>(key) {
            Some(Object::Array(array)) => self.all_of(&array, 0),
            Some(object) => self.function(object, 0),
            None => Ok(None),
        }
    }

    fn all_of(&mut self, array: &Array<'a>, depth: u32) -> Result<Option<Value>, Refusal> {
        let mut made = Vec::new();
        for object in array.iter::<Object<'a>>() {
            match self.function(object, depth + 1)? {
                Some(function) => made.push(function),
                None => return Ok(None),
            }
        }
        Ok(if made.is_empty() { None } else { Some(Value::Array(made)) })
    }

    fn stitching(&mut self, dict: &Dict<'a>, depth: u32) -> Result<Option<Value>, Refusal> {
        let (Some(array), Some(bounds), Some(encode)) =
            (dict.get::<Array<'a>>("Functions"), read::numbers(dict, "Bounds"), read::numbers(dict, "Encode"))
        else {
            return Ok(None);
        };
        let Some(Value::Array(parts)) = self.all_of(&array, depth)? else { return Ok(None) };
        let (Some(mut new), true, true) =
            (domains(dict, 3), bounds.len() + 1 == parts.len(), encode.len() >= parts.len() * 2)
        else {
            return Ok(None);
        };
        new.set("Encode", Value::numbers(encode.into_iter().take(parts.len() * 2)));
        new.set("Functions", Value::Array(parts));
        new.set("Bounds", Value::numbers(bounds));
        Ok(Some(new.into()))
    }
}

/// `FunctionType`, `Domain` and `Range`.
fn domains(dict: &Dict<'_>, sort: i64) -> Option<Dictionary> {
    let inputs = if matches!(sort, 2 | 3) { 1 } else { MAX_VALUES };
    let domain = intervals(dict, "Domain").filter(|domain| domain.len() <= inputs * 2)?;
    let mut new = Dictionary::new().with("FunctionType", Value::Int(sort)).with("Domain", Value::numbers(domain));
    if dict.contains_key("Range") {
        new.set("Range", Value::numbers(intervals(dict, "Range")?));
    }
    Some(new)
}

/// Pairs, each a least and a most.
fn intervals(dict: &Dict<'_>, key: &str) -> Option<Vec<f64>> {
    pairs(dict, key).filter(|pairs| {
        pairs.len() <= MAX_VALUES * 2 && pairs.as_chunks::<2>().0.iter().all(|[least, most]| least <= most)
    })
}

fn pairs(dict: &Dict<'_>, key: &str) -> Option<Vec<f64>> {
    read::numbers(dict, key).filter(|pairs| !pairs.is_empty() && pairs.len().is_multiple_of(2))
}

fn exponential(dict: &Dict<'_>) -> Option<Value> {
    let mut new = domains(dict, 2)?;
    let from = read::numbers(dict, "C0");
    let to = read::numbers(dict, "C1");
    if let (Some(from), Some(to)) = (&from, &to)
        && from.len() != to.len()
    {
        return None;
    }
    new.set_some("C0", from.map(Value::numbers));
    new.set_some("C1", to.map(Value::numbers));
    new.set("N", Value::Real(read::number(dict, "N")?));
    Some(new.into())
}

/// Samples, as many as the sizes say.
fn sampled(stream: &Stream<'_>, mut data: Vec<u8>) -> Option<(Dictionary, Vec<u8>)> {
    let dict = stream.dict();
    let mut new = domains(dict, 0)?;
    let inputs = pairs(dict, "Domain")?.len() / 2;
    let outputs = pairs(dict, "Range")?.len() / 2;
    let sizes = read::numbers(dict, "Size")?;
    let bits = read::integer(dict, "BitsPerSample").filter(|bits| [1, 2, 4, 8, 12, 16, 24, 32].contains(bits))?;
    if sizes.len() != inputs || sizes.iter().any(|size| !(1.0..=65_536.0).contains(size)) {
        return None;
    }
    // At most what the data have: a table that is longer is no table.
    let samples = sizes.iter().try_fold(outputs, |all, size| all.checked_mul(float_to_usize(*size)))?;
    let octets = samples.checked_mul(usize::try_from(bits).ok()?)?.div_ceil(8);
    if octets > data.len() {
        return None;
    }
    data.truncate(octets);
    new.set("Size", Value::Array(sizes.iter().map(|size| Value::Int(float_to_i64(*size))).collect()));
    new.set("BitsPerSample", Value::Int(bits));
    new.set_some("Encode", pairs(dict, "Encode").filter(|pairs| pairs.len() == inputs * 2).map(Value::numbers));
    new.set_some("Decode", pairs(dict, "Decode").filter(|pairs| pairs.len() == outputs * 2).map(Value::numbers));
    Some((new, data))
}

#[expect(clippy::cast_possible_truncation, reason = "callers have checked the range")]
fn float_to_i64(number: f64) -> i64 {
    number as i64
}

fn float_to_usize(number: f64) -> usize {
    usize::try_from(float_to_i64(number)).unwrap_or_default()
}

/// A program, spelled anew from its tokens.
fn program(stream: &Stream<'_>, data: &[u8]) -> Option<(Dictionary, Vec<u8>)> {
    let new = domains(stream.dict(), 4)?;
    pairs(stream.dict(), "Range")?;
    Some((new, respelled(data)?))
}

fn respelled(data: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(data).ok()?.replace('{', " { ").replace('}', " } ");
    let mut out = Vec::new();
    let mut depth = 0_u32;
    for (count, word) in text.split([' ', '\n', '\r', '\t', '\0', '\u{c}']).filter(|word| !word.is_empty()).enumerate()
    {
        if count > MAX_TOKENS || (depth == 0 && !(word == "{" && out.is_empty())) {
            return None;
        }
        match word {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth > MAX_BRACES {
            return None;
        }
        match word {
            "{" | "}" => out.extend(word.as_bytes()),
            _ if WORDS.contains(&word) => out.extend(word.as_bytes()),
            _ => spell_number(&mut out, word.parse::<f64>().ok().filter(|number| number.is_finite())?),
        }
        out.push(b' ');
    }
    (depth == 0 && !out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_spelled_anew_or_not_at_all() {
        for (program, expected) in [
            ("{dup 0.5 lt{pop 0}{1 exch sub}ifelse}", Some("{ dup 0.5 lt { pop 0 } { 1 exch sub } ifelse } ")),
            ("{ 1e3 }", Some("{ 1000 } ")),
            ("{", None),
            ("} {", None),
            ("{ } { }", None),
            ("{ (%stdout) file }", None),
            ("{ inf }", None),
            ("", None),
            ("{{{{{{{{{{{{{{{{{ }}}}}}}}}}}}}}}}}", None),
        ] {
            let got = respelled(program.as_bytes()).map(|out| String::from_utf8_lossy(&out).into_owned());
            assert_eq!(got.as_deref(), expected, "{program}");
        }
    }
}
