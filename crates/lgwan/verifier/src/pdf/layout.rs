//! The file around its objects (ISO 32000-1 7.5): header, objects in order,
//! one table, trailer, nothing between.

use sekisho_verify::{Fault, Flaw};

use super::lex::{Lexer, Value};
use crate::cursor::hold;

/// Most values of a file: 32 octets of memory each.
const MAX_VALUES: usize = 4_000_000;
/// Most objects.
const MAX_OBJECTS: usize = 500_000;

/// One object.
#[derive(Debug)]
pub(super) struct Object<'a> {
    /// Where it stands.
    pub(super) at: usize,
    pub(super) value: Value,
    /// A stream's data, still packed.
    pub(super) data: Option<&'a [u8]>,
}

/// The objects, the first at 0, and the number of the root.
pub(super) struct File<'a> {
    objects: Vec<Object<'a>>,
    pub(super) root: u32,
}

impl<'a> File<'a> {
    /// The object `number`, if there is one.
    pub(super) fn get(&self, number: u32) -> Option<&Object<'a>> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.objects.get(place)
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// Numbers and objects.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Object<'a>)> {
        (1..).zip(&self.objects)
    }

    /// What `value` refers to, or itself. A reference to a reference is none
    /// of ours.
    pub(super) fn resolve<'b>(&'b self, value: &'b Value) -> Option<&'b Value> {
        match value {
            Value::Reference(number) => {
                let value = &self.get(*number)?.value;
                if matches!(value, Value::Reference(_)) { None } else { Some(value) }
            }
            direct => Some(direct),
        }
    }
}

/// Reads the file's layout.
pub(super) fn read(octets: &[u8]) -> Result<File<'_>, Flaw> {
    let mut lexer = Lexer::of_file(octets, MAX_VALUES);
    lexer.tag(b"%PDF-1.7\n%").ok_or(Flaw::at(Fault::Signature, 0))?;
    let mark = lexer.take(5).ok_or(Flaw::at(Fault::End, 0))?;
    hold(mark[..4].iter().all(|octet| *octet > 127) && mark[4] == b'\n', Fault::Signature, 0)?;
    let mut objects = Vec::new();
    while !lexer.rest().starts_with(b"xref") {
        hold(objects.len() < MAX_OBJECTS, Fault::Size, lexer.at())?;
        objects.push(object(&mut lexer, objects.len() + 1)?);
    }
    let at = lexer.at();
    table(&mut lexer, &objects)?;
    let root = trailer(&mut lexer, objects.len(), at)?;
    Ok(File { objects, root })
}

fn object<'a>(lexer: &mut Lexer<'a>, number: usize) -> Result<Object<'a>, Flaw> {
    let at = lexer.at();
    let broken = Flaw::at(Fault::Object, at);
    lexer.tag(format!("{number} 0 obj\n").as_bytes()).ok_or(broken)?;
    let value = lexer.value().map_err(|fault| Flaw::at(fault, lexer.at()))?;
    if lexer.tag(b"\nendobj\n").is_some() {
        return Ok(Object { at, value, data: None });
    }
    lexer.tag(b"\nstream\n").ok_or(broken)?;
    let length = value.dict().and_then(|dict| dict.get(b"Length")).and_then(Value::integer);
    let length = length.and_then(|length| usize::try_from(length).ok()).ok_or(broken)?;
    let data = lexer.take(length).ok_or(Flaw::at(Fault::End, at))?;
    lexer.tag(b"\nendstream\nendobj\n").ok_or(broken)?;
    Ok(Object { at, value, data: Some(data) })
}

/// 7.5.4: twenty octets for each object.
fn table(lexer: &mut Lexer<'_>, objects: &[Object<'_>]) -> Result<(), Flaw> {
    let head = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    lexer.tag(head.as_bytes()).ok_or(Flaw::at(Fault::CrossReference, lexer.at()))?;
    for object in objects {
        let entry = format!("{:010} 00000 n \n", object.at);
        lexer.tag(entry.as_bytes()).ok_or(Flaw::at(Fault::CrossReference, lexer.at()))?;
    }
    Ok(())
}

/// 7.5.5; the number of the root.
fn trailer(lexer: &mut Lexer<'_>, objects: usize, table: usize) -> Result<u32, Flaw> {
    let at = lexer.at();
    lexer.tag(b"trailer\n").ok_or(Flaw::at(Fault::CrossReference, at))?;
    hold(lexer.rest().starts_with(b"<<"), Fault::CrossReference, at)?;
    let trailer = lexer.value().map_err(|fault| Flaw::at(fault, at))?;
    let dict = trailer.dict().ok_or(Flaw::at(Fault::CrossReference, at))?;
    let size = dict.get(b"Size").and_then(Value::integer).and_then(|size| usize::try_from(size).ok());
    let (true, Some(Value::Reference(root))) = (size == Some(objects + 1), dict.get(b"Root")) else {
        return Err(Flaw::at(Fault::CrossReference, at));
    };
    hold(dict.len() == 2, Fault::Key, at)?;
    let end = format!("\nstartxref\n{table}\n%%EOF\n");
    lexer.tag(end.as_bytes()).ok_or(Flaw::at(Fault::CrossReference, lexer.at()))?;
    hold(lexer.rest().is_empty(), Fault::Trailing, lexer.at())?;
    Ok(*root)
}
