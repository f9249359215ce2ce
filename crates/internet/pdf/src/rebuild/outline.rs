//! Outline titles, destinations, page labels (ISO 32000-1 12.3, 12.4).

use std::collections::{BTreeMap, HashSet};

use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Number, Object, ObjectIdentifier, String as PdfString};
use sekisho_disarm::Refusal;
use sekisho_safe_message::is_safe_char;

use super::{Rebuild, read};
use crate::write::{Dictionary, Ref, Value};

/// Titles of one file, and named destinations that are looked at.
const MAX_NODES: usize = 20_000;

/// Titles inside each other.
const MAX_DEPTH: usize = 24;

/// Characters of a title.
const MAX_TITLE: usize = 500;

/// Named destinations.
#[derive(Default)]
pub(super) struct Names<'a> {
    dests: Dict<'a>,
    tree: BTreeMap<Vec<u8>, Object<'a>>,
}

impl<'a> Names<'a> {
    /// Reads the name tree (7.9.6) and the older dictionary.
    pub(super) fn read(catalog: &Dict<'a>) -> Self {
        let mut tree = BTreeMap::new();
        let names = catalog.get::<Dict<'a>>("Names").unwrap_or_default();
        let mut todo: Vec<Dict<'a>> = names.get::<Dict<'a>>("Dests").into_iter().collect();
        let mut visited = 0;
        while let Some(node) = todo.pop() {
            visited += 1;
            if visited > MAX_NODES {
                break;
            }
            if let Some(kids) = node.get::<Array<'a>>("Kids") {
                todo.extend(kids.iter::<Dict<'a>>().take(MAX_NODES - visited));
            }
            let Some(pairs) = node.get::<Array<'a>>("Names") else { continue };
            let mut items = pairs.iter::<Object<'a>>();
            while let (Some(Object::String(name)), Some(dest)) = (items.next(), items.next()) {
                if tree.len() >= MAX_NODES {
                    break;
                }
                tree.insert(name.as_bytes().to_vec(), dest);
            }
        }
        Self { dests: catalog.get::<Dict<'a>>("Dests").unwrap_or_default(), tree }
    }

    fn find(&self, name: &[u8]) -> Option<Object<'a>> {
        let found = self.tree.get(name).cloned();
        found.or_else(|| self.dests.get::<Object<'a>>(name))
    }
}

/// A title on its way: its place, children still to come, links to others.
struct Open<'a> {
    place: Ref,
    next: Option<Dict<'a>>,
    /// Places of the children, in order.
    children: Vec<(Ref, Dictionary)>,
}

impl<'a> Rebuild<'a, '_> {
    /// A destination on a page of this file.
    pub(super) fn destination(&mut self, dest: Object<'a>, names: &Names<'a>) -> Option<Value> {
        let array = match dest {
            Object::Array(array) => array,
            Object::Dict(dict) => dict.get::<Array<'a>>("D")?,
            Object::Name(name) => array_of(names.find(&name)?)?,
            Object::String(name) => array_of(names.find(name.as_bytes())?)?,
            _ => return None,
        };
        // Raw: hayro does not follow a reference back to the page that it came from.
        let mut items = array.raw_iter();
        let page = match items.next()? {
            MaybeRef::Ref(page) => self.page_of(page.into())?,
            MaybeRef::NotRef(Object::Number(number)) => *self.pages.get(usize::try_from(number.as_i64()).ok()?)?,
            _ => return None,
        };
        let fit = match items.next() {
            Some(MaybeRef::NotRef(Object::Name(name))) => name.to_vec(),
            _ => b"Fit".to_vec(),
        };
        let (name, count) = fits(&fit);
        let mut new = vec![page.into(), Value::name(name)];
        for _ in 0..count {
            new.push(match items.next() {
                Some(MaybeRef::NotRef(Object::Number(number))) if number.as_f64().is_finite() => {
                    Value::Real(number.as_f64())
                }
                // `FitR` has no null (12.3.2.2).
                _ if name == "FitR" => Value::Int(0),
                _ => Value::Null,
            });
        }
        Some(Value::Array(new))
    }

    /// The outline, if it has titles.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn outlines(&mut self, catalog: &Dict<'a>) -> Result<Option<Ref>, Refusal> {
        let Some(source) = catalog.get::<Dict<'a>>("Outlines") else { return Ok(None) };
        let names = Names::read(catalog);
        let root = self.objects.reserve();
        let mut seen: HashSet<ObjectIdentifier> = HashSet::new();
        let mut stack = vec![Open { place: root, next: source.get("First"), children: Vec::new() }];
        let mut count = 0;
        let mut own = vec![Dictionary::of_type("Outlines")];
        while let Some(open) = stack.last_mut() {
            let Some(item) = open.next.take() else {
                self.close_titles(&mut stack, &mut own);
                continue;
            };
            self.budget.steps(10)?;
            count += 1;
            let fresh = item.obj_id().is_none_or(|id| seen.insert(id));
            if !fresh || count > MAX_NODES {
                continue;
            }
            open.next = item.get::<Dict<'a>>("Next");
            let title = item.get::<PdfString<'a>>("Title").map(|title| decoded_text(title.as_bytes()));
            let place = self.objects.reserve();
            let parent = open.place;
            let children = item.get::<Dict<'a>>("First").filter(|_| stack.len() < MAX_DEPTH);
            let mut new = Dictionary::new().with("Title", Value::Text(text_string(&title.unwrap_or_default())));
            new.set("Parent", parent.into());
            if let Some(("Dest", dest)) = self.target(item.get("Dest"), item.get("A"), &names) {
                new.set("Dest", dest);
            }
            stack.push(Open { place, next: children, children: Vec::new() });
            own.push(new);
        }
        // The root was filled when its last title was closed.
        Ok((count > 0).then_some(root))
    }

    /// Fills a title whose children are all there, and hands it to the one
    /// above.
    fn close_titles(&mut self, stack: &mut Vec<Open<'a>>, own: &mut Vec<Dictionary>) {
        let (Some(done), Some(mut new)) = (stack.pop(), own.pop()) else { return };
        let places: Vec<Ref> = done.children.iter().map(|(place, _)| *place).collect();
        if let (Some(first), Some(last)) = (places.first(), places.last()) {
            new.set("First", (*first).into());
            new.set("Last", (*last).into());
            let count = i64::try_from(places.len()).unwrap_or(i64::MAX);
            // Closed titles count their children below zero; the root above.
            new.set("Count", Value::Int(if stack.is_empty() { count } else { -count }));
        }
        for (at, (place, mut child)) in done.children.into_iter().enumerate() {
            child.set_some("Prev", at.checked_sub(1).and_then(|at| places.get(at)).map(|place| (*place).into()));
            child.set_some("Next", places.get(at + 1).map(|place| (*place).into()));
            self.objects.set(place, child);
        }
        match stack.last_mut() {
            Some(above) => above.children.push((done.place, new)),
            None => self.objects.set(done.place, new),
        }
    }

    /// Page labels as one flat list.
    pub(super) fn page_labels(&mut self, catalog: &Dict<'a>) -> Option<Value> {
        let mut todo = vec![catalog.get::<Dict<'a>>("PageLabels")?];
        let mut found: BTreeMap<i64, Value> = BTreeMap::new();
        let mut visited = 0;
        while let Some(node) = todo.pop() {
            visited += 1;
            if visited > MAX_NODES {
                break;
            }
            if let Some(kids) = node.get::<Array<'a>>("Kids") {
                todo.extend(kids.iter::<Dict<'a>>().take(MAX_NODES - visited));
            }
            let Some(pairs) = node.get::<Array<'a>>("Nums") else { continue };
            let mut items = pairs.iter::<Object<'a>>();
            while let (Some(Object::Number(page)), Some(Object::Dict(label))) = (items.next(), items.next()) {
                let within = usize::try_from(page.as_i64()).is_ok_and(|page| page < self.pages.len());
                if within {
                    found.insert(page.as_i64(), label_of(&label));
                }
            }
        }
        if !found.contains_key(&0) {
            return None;
        }
        let nums = found.into_iter().flat_map(|(page, label)| [Value::Int(page), label]).collect();
        Some(Dictionary::new().with("Nums", Value::Array(nums)).into())
    }
}

fn array_of(object: Object<'_>) -> Option<Array<'_>> {
    match object {
        Object::Array(array) => Some(array),
        Object::Dict(dict) => dict.get::<Array<'_>>("D"),
        _ => None,
    }
}

/// How a page is fitted, and how many numbers that takes (Table 151).
fn fits(name: &[u8]) -> (&'static str, usize) {
    match name {
        b"XYZ" => ("XYZ", 3),
        b"FitH" => ("FitH", 1),
        b"FitV" => ("FitV", 1),
        b"FitR" => ("FitR", 4),
        b"FitB" => ("FitB", 0),
        b"FitBH" => ("FitBH", 1),
        b"FitBV" => ("FitBV", 1),
        _ => ("Fit", 0),
    }
}

fn label_of(label: &Dict<'_>) -> Value {
    let mut new = Dictionary::new();
    new.set_some("S", label.get::<Name<'_>>("S").and_then(|style| read::one_of(&style, &["D", "R", "r", "A", "a"])));
    let prefix = label.get::<PdfString<'_>>("P").map(|prefix| decoded_text(prefix.as_bytes()));
    new.set_some("P", prefix.map(|prefix| Value::Text(text_string(&prefix))));
    let start = label.get::<Number>("St").map(|start| start.as_i64()).filter(|start| (1..=1_000_000).contains(start));
    new.set_some("St", start.map(Value::Int));
    new.into()
}

/// A text string of the source (7.9.2.2): UTF-16, UTF-8, or one octet a
/// character.
pub(super) fn decoded_text(octets: &[u8]) -> String {
    let units = |rest: &[u8], from: fn([u8; 2]) -> u16| {
        let units = rest.as_chunks::<2>().0.iter().map(|pair| from(*pair));
        char::decode_utf16(units).filter_map(Result::ok).collect()
    };
    match octets {
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => octets.iter().map(|octet| char::from(*octet)).collect(),
    }
}

/// A text string of ours: ASCII, or UTF-16 with its mark; safe characters
/// only.
pub(super) fn text_string(text: &str) -> Vec<u8> {
    let clean: String = text.chars().map(|c| if c == '\r' || c == '\n' || c == '\t' { ' ' } else { c }).collect();
    let clean: String = clean.chars().filter(|c| is_safe_char(*c)).take(MAX_TITLE).collect();
    if clean.is_ascii() {
        return clean.into_bytes();
    }
    let mut out = vec![0xfe, 0xff];
    out.extend(clean.encode_utf16().flat_map(u16::to_be_bytes));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_strings_are_read_and_written_safely() {
        for (octets, text, written) in [
            (&b"plain"[..], "plain", &b"plain"[..]),
            (b"\xfe\xff\x30\x42", "\u{3042}", b"\xfe\xff\x30\x42"),
            (b"\xff\xfe\x42\x30", "\u{3042}", b"\xfe\xff\x30\x42"),
            (b"\xef\xbb\xbf\xe3\x81\x82", "\u{3042}", b"\xfe\xff\x30\x42"),
            (b"a\nb\x07", "a\nb\u{7}", b"a b"),
            (b"\xfe\xff\x20\x2e\x00a", "\u{202e}a", b"a"),
        ] {
            let got = decoded_text(octets);
            assert_eq!(got, text);
            assert_eq!(text_string(&got), written);
        }
    }
}
