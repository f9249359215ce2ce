//! Contents of pages, forms, patterns and glyphs (ISO 32000-1 Annex A): known
//! operators with operands of the right number and type, names that exist,
//! states and text objects that balance.

use std::collections::BTreeSet;

use sekisho_verify::{Fault, Flaw};

use super::MAX_HELD;
use super::grammar::INTENTS;
use super::layout::File;
use super::lex::{Dict, Lexer, Token, Value};
use super::values::one_of;
use super::walk::{Task, Walk};
use crate::cursor::hold;

/// Operands of one operator: 32 inks and a pattern.
const MAX_OPERANDS: usize = 33;
/// States that are saved at one time.
const MAX_STATES: u32 = 512;

/// An operand, as far as its operator minds.
#[derive(Debug)]
enum Operand {
    /// With its value if it is small and whole.
    Number(Option<i64>),
    Name(Box<[u8]>),
    Text,
    /// Numbers only, or strings among them.
    Array {
        plain: bool,
    },
}

/// Where a name is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Category {
    Font,
    Drawing,
    GraphicsState,
    ColorSpace,
    Pattern,
    Shading,
}

impl Category {
    fn key(self) -> &'static [u8] {
        match self {
            Self::Font => b"Font",
            Self::Drawing => b"XObject",
            Self::GraphicsState => b"ExtGState",
            Self::ColorSpace => b"ColorSpace",
            Self::Pattern => b"Pattern",
            Self::Shading => b"Shading",
        }
    }
}

/// Reads all contents; what uses what, with the references in the objects
/// themselves.
pub(super) fn tasks(walk: &mut Walk<'_>) -> Result<Vec<(u32, u32)>, Flaw> {
    let mut edges = Vec::new();
    for (number, object) in walk.file.iter() {
        references(&object.value, &mut |to| edges.push((number, to)));
    }
    for task in std::mem::take(&mut walk.tasks) {
        let resources = walk.file.resolve(task.resources).and_then(Value::dict);
        let at = walk.file.get(task.owner).map_or(0, |object| object.at);
        let resources = resources.ok_or(Flaw::at(Fault::Role, at))?;
        let data = data(walk, &task)?;
        let mut reader = Reader::new(walk.file, resources, task.glyph);
        let place = task.streams.first().and_then(|number| walk.file.get(*number)).map_or(at, |object| object.at);
        reader.read(&data).map_err(|(fault, inside)| Flaw::inside(fault, place, inside))?;
        let owner = task.owner;
        reader.used.into_iter().for_each(|to| edges.push((owner, to)));
    }
    let count = walk.file.len();
    for (from, to) in &edges {
        let at = walk.file.get(*from).map_or(0, |object| object.at);
        hold((*to as usize) <= count && *to > 0, Fault::Reference, at)?;
    }
    Ok(edges)
}

/// The octets of all streams, with a line end between (7.8.2).
fn data(walk: &mut Walk<'_>, task: &Task<'_>) -> Result<Vec<u8>, Flaw> {
    let mut out = Vec::new();
    for number in &task.streams {
        let object = walk.file.get(*number).ok_or(Flaw::at(Fault::Reference, 0))?;
        let (Some(dict), Some(data)) = (object.value.dict(), object.data) else {
            return Err(Flaw::at(Fault::Role, object.at));
        };
        let more = walk.unpack(dict, data).map_err(|fault| Flaw::at(fault, object.at))?;
        hold((out.len() + more.len()) as u64 <= MAX_HELD, Fault::Size, object.at)?;
        if out.is_empty() {
            out = more;
        } else {
            out.push(b'\n');
            out.extend_from_slice(&more);
        }
    }
    Ok(out)
}

/// What a value refers to and needs to be shown. Not what only leads back or
/// on; nor resources, of which contents say which they use.
fn references(value: &Value, found: &mut dyn FnMut(u32)) {
    const LEADS: [&[u8]; 9] =
        [b"Resources", b"Parent", b"Prev", b"Next", b"First", b"Last", b"Dest", b"Kids", b"Annots"];
    match value {
        Value::Reference(number) => found(*number),
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Dict(dict) => {
            let kept = dict.iter().filter(|(key, _)| !LEADS.contains(key));
            kept.for_each(|(_, item)| references(item, found));
        }
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Real(_) | Value::Name(_) | Value::Text(_) => {}
    }
}

/// One stream of operators.
struct Reader<'a> {
    file: &'a File<'a>,
    resources: &'a Dict,
    glyph: bool,
    states: u32,
    in_text: bool,
    first: bool,
    known: BTreeSet<(Category, Box<[u8]>)>,
    /// Objects that the names stand for.
    used: BTreeSet<u32>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a File<'a>, resources: &'a Dict, glyph: bool) -> Self {
        let (known, used) = (BTreeSet::new(), BTreeSet::new());
        Self { file, resources, glyph, states: 0, in_text: false, first: true, known, used }
    }

    /// The first flaw, and the octets before it.
    fn read(&mut self, data: &[u8]) -> Result<(), (Fault, usize)> {
        let mut lexer = Lexer::of_stream(data);
        let mut operands = Vec::new();
        loop {
            let at = lexer.at();
            let broken = |fault| (fault, at);
            let token = lexer.token().map_err(broken)?;
            let operand = match token {
                Token::Word(operator) => {
                    self.operator(operator, &operands).map_err(broken)?;
                    self.first = false;
                    operands.clear();
                    continue;
                }
                Token::End if operands.is_empty() => {
                    let balanced = self.states == 0 && !self.in_text;
                    let sound = balanced && !(self.glyph && self.first);
                    return if sound { Ok(()) } else { Err(broken(Fault::Balance)) };
                }
                Token::Integer(number) => Operand::Number(Some(number)),
                Token::Real(_) => Operand::Number(None),
                Token::Name(name) => Operand::Name(name),
                Token::Text(_) => Operand::Text,
                Token::ArrayBegin => array(&mut lexer).map_err(broken)?,
                Token::ArrayEnd
                | Token::DictBegin
                | Token::DictEnd
                | Token::BraceBegin
                | Token::BraceEnd
                | Token::End => return Err(broken(Fault::Syntax)),
            };
            operands.push(operand);
            if operands.len() > MAX_OPERANDS {
                return Err(broken(Fault::Operand));
            }
        }
    }

    fn operator(&mut self, operator: &[u8], operands: &[Operand]) -> Result<(), Fault> {
        let signature = signature(operator).ok_or(Fault::Operator)?;
        match operator {
            b"q" => {
                self.states += 1;
                if self.states > MAX_STATES {
                    return Err(Fault::Balance);
                }
            }
            b"Q" => self.states = self.states.checked_sub(1).ok_or(Fault::Balance)?,
            b"BT" if self.in_text => return Err(Fault::Balance),
            b"BT" => self.in_text = true,
            b"ET" if !self.in_text => return Err(Fault::Balance),
            b"ET" => self.in_text = false,
            b"d0" | b"d1" if !(self.glyph && self.first) => return Err(Fault::Operator),
            b"Td" | b"TD" | b"Tm" | b"T*" | b"Tj" | b"TJ" | b"'" | b"\"" if !self.in_text => {
                return Err(Fault::Balance);
            }
            _ => {}
        }
        if self.glyph && self.first && !matches!(operator, b"d0" | b"d1") {
            return Err(Fault::Operator);
        }
        self.operands(signature, operands)
    }

    /// Each operand against its letter; see [`signature`].
    fn operands(&mut self, signature: &str, operands: &[Operand]) -> Result<(), Fault> {
        if signature == "*" {
            return self.color(operands);
        }
        if signature.len() != operands.len() {
            return Err(Fault::Operand);
        }
        for (letter, operand) in signature.bytes().zip(operands) {
            let sound = match (letter, operand) {
                (b'n', Operand::Number(_)) | (b's', Operand::Text) | (b't', Operand::Array { .. }) => true,
                (b'a', Operand::Array { plain }) => *plain,
                (b'2', Operand::Number(Some(0..=2))) | (b'7', Operand::Number(Some(0..=7))) => true,
                (b'I', Operand::Name(name)) => one_of(INTENTS, name).is_ok(),
                (b'F', Operand::Name(name)) => return self.name(Category::Font, name).and(number(operands.get(1))),
                (b'G', Operand::Name(name)) => return self.name(Category::GraphicsState, name),
                (b'X', Operand::Name(name)) => return self.name(Category::Drawing, name),
                (b'S', Operand::Name(name)) => return self.name(Category::Shading, name),
                (b'C', Operand::Name(name)) => return self.space(name),
                (_, Operand::Number(_) | Operand::Name(_) | Operand::Text | Operand::Array { .. }) => false,
            };
            if !sound {
                return Err(Fault::Operand);
            }
        }
        Ok(())
    }

    /// 8.6.8: components, a pattern, or both.
    fn color(&mut self, operands: &[Operand]) -> Result<(), Fault> {
        let (last, others) = operands.split_last().ok_or(Fault::Operand)?;
        if let Operand::Name(name) = last {
            self.name(Category::Pattern, name)?;
        } else {
            number(Some(last))?;
        }
        others.iter().try_for_each(|other| number(Some(other)))
    }

    fn space(&mut self, name: &[u8]) -> Result<(), Fault> {
        match name {
            b"DeviceGray" | b"DeviceRGB" | b"DeviceCMYK" | b"Pattern" => Ok(()),
            other => self.name(Category::ColorSpace, other),
        }
    }

    /// A name that its resources have; what it stands for is used.
    fn name(&mut self, category: Category, name: &[u8]) -> Result<(), Fault> {
        let key = (category, name.into());
        if self.known.contains(&key) {
            return Ok(());
        }
        let names = self.resources.get(category.key()).and_then(|names| self.file.resolve(names));
        let value = names.and_then(Value::dict).and_then(|names| names.get(name)).ok_or(Fault::Resource)?;
        references(value, &mut |number| {
            self.used.insert(number);
        });
        self.known.insert(key);
        Ok(())
    }
}

fn number(operand: Option<&Operand>) -> Result<(), Fault> {
    if matches!(operand, Some(Operand::Number(_))) { Ok(()) } else { Err(Fault::Operand) }
}

/// Numbers and strings up to the bracket.
fn array(lexer: &mut Lexer<'_>) -> Result<Operand, Fault> {
    let mut plain = true;
    loop {
        match lexer.token()? {
            Token::Integer(_) | Token::Real(_) => {}
            Token::Text(_) => plain = false,
            Token::ArrayEnd => return Ok(Operand::Array { plain }),
            _ => return Err(Fault::Operand),
        }
    }
}

/// The operands of an operator, a letter each: `n` number, `2` and `7` integer
/// up to that, `s` string, `a` numbers, `t` numbers and strings, `I` intent,
/// `F` font, `G` state, `X` form or image, `S` shading, `C` colour space; `*`
/// components of a colour. `None`: not on the list.
fn signature(operator: &[u8]) -> Option<&'static str> {
    Some(match operator {
        b"q" | b"Q" | b"h" | b"S" | b"s" | b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" | b"n" => "",
        b"W" | b"W*" | b"BT" | b"ET" | b"T*" => "",
        b"w" | b"M" | b"i" | b"Tc" | b"Tw" | b"Tz" | b"TL" | b"Ts" | b"G" | b"g" => "n",
        b"m" | b"l" | b"Td" | b"TD" | b"d0" => "nn",
        b"RG" | b"rg" => "nnn",
        b"v" | b"y" | b"re" | b"K" | b"k" => "nnnn",
        b"cm" | b"c" | b"Tm" | b"d1" => "nnnnnn",
        b"J" | b"j" => "2",
        b"Tr" => "7",
        b"d" => "an",
        b"ri" => "I",
        b"gs" => "G",
        b"Tf" => "Fn",
        b"Tj" | b"'" => "s",
        b"\"" => "nns",
        b"TJ" => "t",
        b"CS" | b"cs" => "C",
        b"SC" | b"sc" | b"SCN" | b"scn" => "*",
        b"sh" => "S",
        b"Do" => "X",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(data: &[u8], glyph: bool) -> Option<Fault> {
        let file = super::super::tests::minimal();
        let file = super::super::layout::read(&file).ok()?;
        let resources = Dict::default();
        Reader::new(&file, &resources, glyph).read(data).err().map(|(fault, _)| fault)
    }

    #[test]
    fn operators() {
        for (data, want) in [
            (&b""[..], None),
            (b"q 1 0 0 1 0 0 cm 0 0 10 10 re f Q", None),
            (b"BT (a) Tj [(a) -1 <41>] TJ 0 -1.5 Td ET", None),
            (b"/DeviceRGB cs 1 0 0 sc [1 2] 0 d", None),
            (b"Q", Some(Fault::Balance)),
            (b"q", Some(Fault::Balance)),
            (b"BT", Some(Fault::Balance)),
            (b"(a) Tj", Some(Fault::Balance)),
            (b"1 m", Some(Fault::Operand)),
            (b"1 2 3 m", Some(Fault::Operand)),
            (b"(a) w", Some(Fault::Operand)),
            (b"3 J", Some(Fault::Operand)),
            (b"[(a)] 0 d", Some(Fault::Operand)),
            (b"/F1 12 Tf", Some(Fault::Resource)),
            (b"/X1 Do", Some(Fault::Resource)),
            (b"/Tag BMC EMC", Some(Fault::Operator)),
            (b"BI /W 1 ID x EI", Some(Fault::Operator)),
            (b"BX EX", Some(Fault::Operator)),
            (b"1 0 d0", Some(Fault::Operator)),
            (b"1", Some(Fault::Syntax)),
            (b"<</A 1>> w", Some(Fault::Syntax)),
            (b"% x\n", Some(Fault::Syntax)),
        ] {
            assert_eq!(fault(data, false), want, "{}", String::from_utf8_lossy(data));
        }
        assert_eq!(fault(b"1 0 d0 0 0 1 1 re f", true), None);
        assert_eq!(fault(b"0 0 1 1 re f", true), Some(Fault::Operator));
        assert_eq!(fault(b"", true), Some(Fault::Balance));
    }
}
