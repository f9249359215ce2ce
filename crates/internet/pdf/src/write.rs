//! The writer: values, objects, one file.
//!
//! Owns: every spelling in the file (numbers, names, strings, the order of
//! octets), as `docs/output-formats.md` has them. Objects that the root does
//! not lead to are not written.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sekisho_disarm::{Decoded, Refusal};
use sekisho_safe_message::{Content, Written};

/// Nesting of direct objects that is written.
const MAX_NESTING: u32 = 16;

/// An object that is or will be in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ref(u32);

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    /// Written with at most five places behind the point.
    Real(f64),
    /// Written with ten places: matrices that scale down.
    Fine(f64),
    Name(Vec<u8>),
    Text(Vec<u8>),
    Array(Vec<Value>),
    Dict(Dictionary),
    Ref(Ref),
}

/// A dictionary, in the order it was filled.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Dictionary(Vec<(&'static str, Value)>, Vec<(String, Value)>);

impl Dictionary {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A dictionary with its `Type`.
    pub(crate) fn of_type(name: &'static str) -> Self {
        Self::new().with("Type", Value::name(name))
    }

    pub(crate) fn with(mut self, key: &'static str, value: Value) -> Self {
        self.set(key, value);
        self
    }

    pub(crate) fn set(&mut self, key: &'static str, value: Value) {
        self.0.push((key, value));
    }

    pub(crate) fn set_some(&mut self, key: &'static str, value: Option<Value>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// Takes the dictionary under `key` out; an empty one if there is none.
    pub(crate) fn take(&mut self, key: &str) -> Self {
        let Some(at) = self.0.iter().position(|(known, _)| *known == key) else { return Self::new() };
        match self.0.remove(at).1 {
            Value::Dict(dictionary) => dictionary,
            _ => Self::new(),
        }
    }

    /// An entry whose key is a name of our own making (`F1`).
    pub(crate) fn set_own(&mut self, key: String, value: Value) {
        self.1.push((key, value));
    }

    /// Dictionaries of dictionaries as one; no key is in two of them.
    pub(crate) fn merged(all: &[Self]) -> Self {
        let mut new = Self::new();
        for (key, value) in all.iter().flat_map(|one| one.0.iter()) {
            let mut inner = new.take(key);
            if let Value::Dict(more) = value {
                inner.0.extend(more.0.iter().cloned());
                inner.1.extend(more.1.iter().cloned());
            }
            new.set(key, inner.into());
        }
        new
    }

    /// Whether the entry under `key` is an array.
    pub(crate) fn has_array(&self, key: &str) -> bool {
        self.0.iter().any(|(known, value)| *known == key && matches!(value, Value::Array(_)))
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        let fixed = self.0.iter().map(|(key, value)| (*key, value));
        fixed.chain(self.1.iter().map(|(key, value)| (key.as_str(), value)))
    }
}

impl Value {
    pub(crate) fn name(name: &str) -> Self {
        Self::Name(name.as_bytes().to_vec())
    }

    pub(crate) fn numbers<N: Into<f64>>(numbers: impl IntoIterator<Item = N>) -> Self {
        Self::Array(numbers.into_iter().map(|number| Self::Real(number.into())).collect())
    }
}

impl From<Dictionary> for Value {
    fn from(dictionary: Dictionary) -> Self {
        Self::Dict(dictionary)
    }
}

impl From<Ref> for Value {
    fn from(target: Ref) -> Self {
        Self::Ref(target)
    }
}

enum Body {
    Plain(Value),
    Stream(Dictionary, Vec<u8>),
}

/// The objects of a file that is being made.
#[derive(Default)]
pub(crate) struct Objects(Vec<Option<Body>>);

impl Objects {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A place for an object that is set later. What is never set is `null`.
    pub(crate) fn reserve(&mut self) -> Ref {
        self.0.push(None);
        Ref(u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX))
    }

    pub(crate) fn set(&mut self, place: Ref, value: impl Into<Value>) {
        self.put(place, Body::Plain(value.into()));
    }

    pub(crate) fn add(&mut self, value: impl Into<Value>) -> Ref {
        let place = self.reserve();
        self.set(place, value);
        place
    }

    /// A stream that is compressed if that makes it shorter.
    pub(crate) fn set_stream(&mut self, place: Ref, mut dictionary: Dictionary, data: Vec<u8>) {
        let packed = deflate(&data);
        let data = if packed.len() < data.len() {
            dictionary.set("Filter", Value::name("FlateDecode"));
            packed
        } else {
            data
        };
        self.put(place, Body::Stream(dictionary, data));
    }

    /// A stream whose data are a JPEG of our own.
    pub(crate) fn set_jpeg(&mut self, place: Ref, dictionary: Dictionary, jpeg: Vec<u8>) {
        let dictionary = dictionary.with("Filter", Value::name("DCTDecode"));
        self.put(place, Body::Stream(dictionary, jpeg));
    }

    pub(crate) fn add_stream(&mut self, dictionary: Dictionary, data: Vec<u8>) -> Ref {
        let place = self.reserve();
        self.set_stream(place, dictionary, data);
        place
    }

    fn put(&mut self, place: Ref, body: Body) {
        if let Some(slot) = self.0.get_mut(place.0 as usize) {
            *slot = Some(body);
        }
    }

    /// The file, with what `root` leads to.
    pub(crate) fn finish(self, root: Ref) -> File {
        let order = self.reachable(root);
        let mut numbers = vec![0_u32; self.0.len()];
        for (at, place) in order.iter().enumerate() {
            numbers[*place as usize] = u32::try_from(at + 1).unwrap_or(u32::MAX);
        }
        let mut out = b"%PDF-1.7\n%\x80\x80\x80\x80\n".to_vec();
        let mut places = Vec::with_capacity(order.len());
        for (at, place) in order.iter().enumerate() {
            places.push(out.len());
            let _ = writeln!(out, "{} 0 obj", at + 1);
            match &self.0[*place as usize] {
                None => out.extend(b"null"),
                Some(Body::Plain(value)) => spell(&mut out, value, &numbers, 0),
                Some(Body::Stream(dictionary, data)) => spell_stream(&mut out, dictionary, data, &numbers),
            }
            out.extend(b"\nendobj\n");
        }
        finish_table(&mut out, &places, numbers[root.0 as usize]);
        File(out)
    }

    /// Places that `root` leads to, in the order in which they are met.
    fn reachable(&self, root: Ref) -> Vec<u32> {
        let mut seen = vec![false; self.0.len()];
        let mut order = Vec::new();
        let mut todo = vec![root.0];
        while let Some(place) = todo.pop() {
            if std::mem::replace(&mut seen[place as usize], true) {
                continue;
            }
            order.push(place);
            let mut found = Vec::new();
            match &self.0[place as usize] {
                None => {}
                Some(Body::Plain(value)) => references(value, &mut found, 0),
                Some(Body::Stream(dictionary, _)) => {
                    dictionary.entries().for_each(|(_, value)| references(value, &mut found, 0));
                }
            }
            todo.extend(found.into_iter().rev());
        }
        order
    }
}

/// Depth is that of our own values: at most [`MAX_NESTING`] are written.
fn references(value: &Value, found: &mut Vec<u32>, depth: u32) {
    if depth > MAX_NESTING {
        return;
    }
    match value {
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Real(_)
        | Value::Fine(_)
        | Value::Name(_)
        | Value::Text(_) => {}
        Value::Array(items) => items.iter().for_each(|item| references(item, found, depth + 1)),
        Value::Dict(dictionary) => dictionary.entries().for_each(|(_, item)| references(item, found, depth + 1)),
        Value::Ref(target) => found.push(target.0),
    }
}

fn finish_table(out: &mut Vec<u8>, places: &[usize], root: u32) {
    let start = out.len();
    let size = places.len() + 1;
    let _ = write!(out, "xref\n0 {size}\n0000000000 65535 f \n");
    for place in places {
        let _ = out.write_all(format!("{place:010} 00000 n \n").as_bytes());
    }
    let _ = write!(out, "trailer\n<</Size {size}/Root {root} 0 R>>\nstartxref\n{start}\n%%EOF\n");
}

fn spell_stream(out: &mut Vec<u8>, dictionary: &Dictionary, data: &[u8], numbers: &[u32]) {
    out.extend(b"<<");
    spell_entries(out, dictionary, numbers, 0);
    let _ = write!(out, "/Length {}>>\nstream\n", data.len());
    out.extend(data);
    out.extend(b"\nendstream");
}

fn spell(out: &mut Vec<u8>, value: &Value, numbers: &[u32], depth: u32) {
    if depth > MAX_NESTING {
        out.extend(b" null");
        return;
    }
    match value {
        Value::Null => out.extend(b" null"),
        Value::Bool(true) => out.extend(b" true"),
        Value::Bool(false) => out.extend(b" false"),
        Value::Int(number) => {
            let _ = write!(out, " {number}");
        }
        Value::Real(number) => {
            out.push(b' ');
            spell_number(out, *number);
        }
        Value::Fine(number) => {
            out.push(b' ');
            spell_places(out, *number, 10);
        }
        Value::Name(name) => spell_name(out, name),
        Value::Text(text) => spell_string(out, text),
        Value::Array(items) => {
            out.push(b'[');
            items.iter().for_each(|item| spell(out, item, numbers, depth + 1));
            out.push(b']');
        }
        Value::Dict(dictionary) => {
            out.extend(b"<<");
            spell_entries(out, dictionary, numbers, depth);
            out.extend(b">>");
        }
        Value::Ref(target) => {
            let _ = write!(out, " {} 0 R", numbers[target.0 as usize]);
        }
    }
}

fn spell_entries(out: &mut Vec<u8>, dictionary: &Dictionary, numbers: &[u32], depth: u32) {
    for (key, value) in dictionary.entries() {
        spell_name(out, key.as_bytes());
        spell(out, value, numbers, depth + 1);
    }
}

/// A number in decimal, at most five places behind the point; what is not
/// finite is 0, what is beyond 2^31 is cut.
pub(crate) fn spell_number(out: &mut Vec<u8>, number: f64) {
    spell_places(out, number, 5);
}

fn spell_places(out: &mut Vec<u8>, number: f64, places: usize) {
    let bounded = if number.is_finite() { number.clamp(-2_147_483_648.0, 2_147_483_647.0) } else { 0.0 };
    let text = format!("{bounded:.places$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    out.extend(if text == "-0" { b"0" } else { text.as_bytes() });
}

/// A name; what is not a regular character (7.2.2) is written as `#` and two
/// digits.
pub(crate) fn spell_name(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'/');
    for octet in name {
        match octet {
            b'#' | b'/' | b'%' | b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | 0..=32 | 127..=255 => {
                let _ = write!(out, "#{octet:02x}");
            }
            _ => out.push(*octet),
        }
    }
}

/// A string in brackets if that is shorter than one in hexadecimal digits.
pub(crate) fn spell_string(out: &mut Vec<u8>, text: &[u8]) {
    if text.iter().all(|octet| matches!(octet, 32..=126)) {
        out.push(b'(');
        for octet in text {
            if matches!(octet, b'(' | b')' | b'\\') {
                out.push(b'\\');
            }
            out.push(*octet);
        }
        out.push(b')');
    } else {
        out.push(b'<');
        for octet in text {
            let _ = write!(out, "{octet:02x}");
        }
        out.push(b'>');
    }
}

/// Level 6 is within two per cent of 9 at a third of its time.
pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    // Writing into memory does not fail.
    let _ = encoder.write_all(data);
    encoder.finish().unwrap_or_default()
}

/// A file that was made of decoded objects.
pub(crate) struct File(Vec<u8>);

impl Decoded for File {
    fn content(self) -> Result<Content, Refusal> {
        Ok(Content::Pdf(Written::new(self.0)?))
    }
}
