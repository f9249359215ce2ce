//! Single values of a dictionary, by the kind that its key asks for.

use sekisho_safe_message::is_safe_char;
use sekisho_verify::Fault;

use super::grammar::{Key, Kind, LABELS, Role};
use super::lex::{Dict, Value};
use super::walk::Walk;

/// Numbers in one table of widths.
const MAX_WIDTHS: usize = 200_000;
/// Octets of an address.
const MAX_LINK: usize = 2_048;
/// Octets of a title.
const MAX_READABLE: usize = 4_096;

impl<'a> Walk<'a> {
    /// Whether `value` is of its kind.
    pub(super) fn kind(&mut self, kind: Kind, value: &'a Value) -> Result<(), Fault> {
        match kind {
            Kind::One(role) => return self.one(role, value),
            Kind::Many(role, most) => return self.many(role, most, value),
            Kind::OneOrMany(role, most) => {
                let single = self.file.resolve(value).is_none_or(|value| value.array().is_none());
                return if single { self.one(role, value) } else { self.many(role, most, value) };
            }
            Kind::Named(role) => return self.named(role, value),
            Kind::NameOr(names, role) => {
                return match value {
                    Value::Name(name) => one_of(names, name),
                    other => self.one(role, other),
                };
            }
            Kind::Destination => return self.destination(value),
            Kind::Mask => {
                return if value.array().is_some() { numbers(value, 2, 64) } else { self.one(Role::Image, value) };
            }
            Kind::Dash => return dash(value),
            Kind::Modes => return modes(value),
            Kind::Differences => return differences(value),
            Kind::Numbers(least, most) => return numbers(value, least, most),
            Kind::Link => return link(value),
            Kind::Elsewhere => return Ok(()),
            Kind::Names(_)
            | Kind::AnyName
            | Kind::Bool
            | Kind::Integer(..)
            | Kind::Number
            | Kind::Intervals(_)
            | Kind::Bools(_)
            | Kind::Text(_)
            | Kind::Readable
            | Kind::Language => {}
        }
        if simple(kind, value) { Ok(()) } else { Err(Fault::Value) }
    }

    fn many(&mut self, role: Role, most: usize, value: &'a Value) -> Result<(), Fault> {
        let items = self.array(value)?;
        if items.is_empty() || items.len() > most {
            return Err(Fault::Value);
        }
        items.iter().try_for_each(|item| self.one(role, item))
    }

    /// A dictionary of names of any kind, which may be an object of its own.
    pub(super) fn named(&mut self, role: Role, value: &'a Value) -> Result<(), Fault> {
        let dict = value.dict().ok_or(Fault::Role)?;
        dict.iter().try_for_each(|(_, item)| self.one(role, item))
    }

    /// 12.3.2.2: a page, a way to show it, numbers or nothing.
    pub(super) fn destination(&mut self, value: &'a Value) -> Result<(), Fault> {
        let [Value::Reference(page), Value::Name(way), numbers @ ..] = value.array().ok_or(Fault::Value)? else {
            return Err(Fault::Value);
        };
        let count = match way.as_ref() {
            b"XYZ" => 3,
            b"Fit" | b"FitB" => 0,
            b"FitH" | b"FitV" | b"FitBH" | b"FitBV" => 1,
            b"FitR" => 4,
            _ => return Err(Fault::Value),
        };
        self.targets.push((self.at, *page));
        let sound = numbers.len() == count && numbers.iter().all(|n| n.number().is_some() || *n == Value::Null);
        if sound { Ok(()) } else { Err(Fault::Value) }
    }

    /// 12.4.2: labels from rising pages on.
    pub(super) fn labels(&mut self, dict: &'a Dict) -> Result<(), Fault> {
        self.table(dict, &[LABELS as &[Key]])?;
        let items = self.array(dict.get(b"Nums").ok_or(Fault::Missing)?)?;
        let mut before = -1;
        for pair in items.chunks(2) {
            let [page, label] = pair else { return Err(Fault::Value) };
            let page = page.integer().filter(|page| *page > before).ok_or(Fault::Value)?;
            before = page;
            self.one(Role::Label, label)?;
        }
        Ok(())
    }
}

fn simple(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Names(names) => value.name().is_some_and(|name| one_of(names, name).is_ok()),
        Kind::AnyName => value.name().is_some_and(|name| !name.is_empty()),
        Kind::Bool => matches!(value, Value::Bool(_)),
        Kind::Integer(least, most) => value.integer().is_some_and(|number| (least..=most).contains(&number)),
        Kind::Number => value.number().is_some(),
        Kind::Intervals(most) => intervals(value, most),
        Kind::Bools(count) => {
            let all = |items: &[Value]| items.len() == count && items.iter().all(|item| matches!(item, Value::Bool(_)));
            value.array().is_some_and(all)
        }
        Kind::Text(most) => matches!(value, Value::Text(text) if text.len() <= most),
        Kind::Readable => matches!(value, Value::Text(text) if is_readable(text)),
        Kind::Language => {
            let sound = |text: &[u8]| text.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-');
            matches!(value, Value::Text(text) if text.len() <= 35 && sound(text))
        }
        Kind::Numbers(..)
        | Kind::Link
        | Kind::Destination
        | Kind::One(_)
        | Kind::Many(..)
        | Kind::OneOrMany(..)
        | Kind::Named(_)
        | Kind::NameOr(..)
        | Kind::Mask
        | Kind::Modes
        | Kind::Differences
        | Kind::Dash
        | Kind::Elsewhere => false,
    }
}

pub(super) fn one_of(names: &[&str], name: &[u8]) -> Result<(), Fault> {
    if names.iter().any(|known| known.as_bytes() == name) { Ok(()) } else { Err(Fault::Value) }
}

pub(super) fn numbers(value: &Value, least: usize, most: usize) -> Result<(), Fault> {
    let all =
        |items: &[Value]| (least..=most).contains(&items.len()) && items.iter().all(|item| item.number().is_some());
    if value.array().is_some_and(all) { Ok(()) } else { Err(Fault::Value) }
}

fn intervals(value: &Value, most: usize) -> bool {
    let rising = |pair: &[Value]| match pair {
        [low, high] => low.number().zip(high.number()).is_some_and(|(low, high)| low <= high),
        _ => false,
    };
    value.array().is_some_and(|items| (2..=2 * most).contains(&items.len()) && items.chunks(2).all(rising))
}

/// Numbers, and arrays of numbers (9.7.4.3).
pub(super) fn widths(value: &Value) -> Result<(), Fault> {
    let items = value.array().ok_or(Fault::Role)?;
    let sound = |item: &Value| match item {
        Value::Array(inner) => inner.len() <= MAX_WIDTHS && inner.iter().all(|item| item.number().is_some()),
        other => other.number().is_some(),
    };
    if items.len() <= MAX_WIDTHS && items.iter().all(sound) { Ok(()) } else { Err(Fault::Value) }
}

fn dash(value: &Value) -> Result<(), Fault> {
    let Some([dashes, phase]) = value.array() else { return Err(Fault::Value) };
    numbers(dashes, 0, 64)?;
    phase.number().map(|_| ()).ok_or(Fault::Value)
}

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

fn modes(value: &Value) -> Result<(), Fault> {
    let single = std::slice::from_ref(value);
    let names = value.array().unwrap_or(single);
    let sound = |value: &Value| value.name().is_some_and(|name| one_of(MODES, name).is_ok());
    if (1..=16).contains(&names.len()) && names.iter().all(sound) { Ok(()) } else { Err(Fault::Value) }
}

/// 9.6.6.1: a code, then names from it on.
fn differences(value: &Value) -> Result<(), Fault> {
    let items = value.array().filter(|items| items.len() <= 512).ok_or(Fault::Value)?;
    let mut next = None;
    for item in items {
        next = match (item, next) {
            (Value::Integer(code @ 0..=255), _) => Some(*code),
            (Value::Name(name), Some(code @ 0..=255)) if !name.is_empty() => Some(code + 1),
            _ => return Err(Fault::Value),
        };
    }
    Ok(())
}

/// Text as 7.9.2.2 has it, ASCII or UTF-16, of safe characters.
fn is_readable(text: &[u8]) -> bool {
    if text.len() > MAX_READABLE {
        return false;
    }
    let Some(wide) = text.strip_prefix(b"\xfe\xff") else {
        return text.iter().all(|octet| matches!(octet, b' '..=b'~'));
    };
    let units = wide.chunks(2).map(|pair| <[u8; 2]>::try_from(pair).map_or(0, u16::from_be_bytes));
    char::decode_utf16(units).all(|c| c.is_ok_and(is_safe_char))
}

/// `http:`, `https:` or `mailto:` in printable ASCII.
fn link(value: &Value) -> Result<(), Fault> {
    let Value::Text(text) = value else { return Err(Fault::Value) };
    let known = [&b"http://"[..], b"https://", b"mailto:"];
    let sound = known.iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
        && text.len() <= MAX_LINK
        && text.iter().all(|octet| matches!(octet, b'!'..=b'~'));
    if sound { Ok(()) } else { Err(Fault::Action) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        let checked = |text: &str| link(&Value::Text(text.as_bytes().into()));
        for sound in ["https://example.jp/", "http://a", "mailto:a@b.jp"] {
            assert_eq!(checked(sound), Ok(()), "{sound}");
        }
        for bad in ["", "http://", "javascript:x", "HTTP://a", "file:///etc", "https://a b", "https://あ"] {
            assert_eq!(checked(bad), Err(Fault::Action), "{bad}");
        }
    }

    #[test]
    fn titles() {
        for (text, want) in [
            (&b"Chapter 1"[..], true),
            (b"\xfe\xff\x4f\x1a", true),
            (b"\xfe\xff\x20\x2e", false),
            (b"\xfe\xff\xd8\x00", false),
            (b"\xfe\xff\x4f", false),
            (b"a\x07", false),
            (b"\x82\xa0", false),
        ] {
            assert_eq!(is_readable(text), want, "{text:?}");
        }
    }
}
