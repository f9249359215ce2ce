//! From the root to every object, each in its role.

use sekisho_verify::{Fault, Flaw};

use super::grammar::{self as g, Key, Role};
use super::layout::{File, Object};
use super::lex::{Dict, Value};
use super::{MAX_HELD, MAX_INFLATED, cff, function, map};
use crate::cursor::hold;
use crate::inflate::{Inflate, whole};

/// Bits of `seen` beyond those of the roles.
pub(super) const PAGE: u64 = 1 << 61;
pub(super) const OTHER: u64 = 1 << 63;

/// Contents to be read once all roles are known.
pub(super) struct Task<'a> {
    /// Who draws.
    pub(super) owner: u32,
    pub(super) streams: Vec<u32>,
    pub(super) resources: &'a Value,
    /// Whether it is a glyph of a Type 3 font.
    pub(super) glyph: bool,
}

/// The objects, and what was seen of them.
pub(super) struct Walk<'a> {
    pub(super) file: &'a File<'a>,
    /// For each object the roles in which it was met.
    seen: Vec<u64>,
    todo: Vec<(u32, Role)>,
    pub(super) tasks: Vec<Task<'a>>,
    /// Pages that something leads to, and from where.
    pub(super) targets: Vec<(usize, u32)>,
    /// Octets that may still be unpacked.
    left: u64,
    /// The object in hand.
    pub(super) number: u32,
    pub(super) at: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(file: &'a File<'a>) -> Self {
        let seen = vec![0; file.len() + 1];
        let (todo, tasks, targets) = (Vec::new(), Vec::new(), Vec::new());
        Self { file, seen, todo, tasks, targets, left: MAX_INFLATED, number: 0, at: 0 }
    }

    /// The root, its pages and its outline.
    pub(super) fn catalog(&mut self) -> Result<(), Flaw> {
        let root = self.file.root;
        let object = self.enter(root, OTHER)?;
        let dict = object.value.dict().ok_or(Flaw::at(Fault::Role, object.at))?;
        self.table(dict, &[g::CATALOG]).map_err(|fault| Flaw::at(fault, object.at))?;
        self.pages(dict.get(b"Pages"))?;
        match dict.get(b"Outlines") {
            Some(outlines) => self.outlines(outlines),
            None => Ok(()),
        }
    }

    /// Every object that was referred to, in every role.
    pub(super) fn everything(&mut self) -> Result<(), Flaw> {
        while let Some((number, role)) = self.todo.pop() {
            let object = self.file.get(number).ok_or(Flaw::at(Fault::Reference, self.at))?;
            (self.number, self.at) = (number, object.at);
            self.role(role, &object.value, object.data).map_err(|fault| Flaw::at(fault, object.at))?;
        }
        Ok(())
    }

    /// That every object was reached.
    pub(super) fn reached(&self) -> Result<(), Flaw> {
        for (number, object) in self.file.iter() {
            hold(self.seen[number as usize] != 0, Fault::Unreachable, object.at)?;
        }
        Ok(())
    }

    /// That whatever leads to a page leads to one.
    pub(super) fn destinations(&self) -> Result<(), Flaw> {
        for (at, page) in &self.targets {
            let seen = self.seen.get(*page as usize).copied().unwrap_or(0);
            hold(seen & PAGE != 0, Fault::Reference, *at)?;
        }
        Ok(())
    }

    /// An object that is met once, in a role of its own.
    pub(super) fn enter(&mut self, number: u32, bit: u64) -> Result<&'a Object<'a>, Flaw> {
        let object = self.file.get(number).ok_or(Flaw::at(Fault::Reference, self.at))?;
        let seen = &mut self.seen[number as usize];
        hold(*seen == 0 && object.data.is_none(), Fault::Role, object.at)?;
        *seen = bit;
        (self.number, self.at) = (number, object.at);
        Ok(object)
    }

    /// Sees to it that an object is read in a role.
    pub(super) fn refer(&mut self, number: u32, role: Role) -> Result<(), Fault> {
        let object = self.file.get(number).ok_or(Fault::Reference)?;
        if role.is_stream().is_some_and(|is_stream| is_stream != object.data.is_some()) {
            return Err(Fault::Role);
        }
        let seen = &mut self.seen[number as usize];
        if *seen & role.bit() == 0 {
            *seen |= role.bit();
            self.todo.push((number, role));
        }
        Ok(())
    }

    /// An array, which may be an object of its own.
    pub(super) fn array(&mut self, value: &'a Value) -> Result<&'a [Value], Fault> {
        if let Value::Reference(number) = value {
            let object = self.file.get(*number).ok_or(Fault::Reference)?;
            if object.data.is_some() {
                return Err(Fault::Role);
            }
            self.seen[*number as usize] |= OTHER;
        }
        self.file.resolve(value).and_then(Value::array).ok_or(Fault::Role)
    }

    /// A value in a role, here or elsewhere.
    pub(super) fn one(&mut self, role: Role, value: &'a Value) -> Result<(), Fault> {
        match value {
            Value::Reference(number) => self.refer(*number, role),
            direct if role.is_stream() == Some(true) => {
                let _ = direct;
                Err(Fault::Role)
            }
            direct => self.role(role, direct, None),
        }
    }

    /// A dictionary of these keys only, with those that must be there.
    pub(super) fn table(&mut self, dict: &'a Dict, tables: &[&[Key]]) -> Result<(), Fault> {
        for (name, value) in dict.iter() {
            let key = tables.iter().flat_map(|table| table.iter()).find(|key| key.0.as_bytes() == name);
            let (_, _, kind) = key.ok_or(Fault::Key)?;
            self.kind(*kind, value)?;
        }
        let missing = |key: &&Key| key.1 && dict.get(key.0.as_bytes()).is_none();
        match tables.iter().flat_map(|table| table.iter()).find(missing) {
            Some(_) => Err(Fault::Missing),
            None => Ok(()),
        }
    }

    /// A stream's octets, unpacked; at most [`MAX_HELD`].
    pub(super) fn unpack(&mut self, dict: &Dict, data: &[u8]) -> Result<Vec<u8>, Fault> {
        if dict.get(b"Filter").is_none() {
            // Whoever is read again and again costs each time.
            self.spend(data.len() as u64)?;
            return Ok(data.to_vec());
        }
        let most = self.left.min(MAX_HELD);
        let out = whole(Inflate::zlib(most), data)?;
        self.spend(out.len() as u64)?;
        Ok(out)
    }

    /// That a stream unpacks to exactly so many octets, which nobody keeps.
    pub(super) fn measure(&mut self, dict: &Dict, data: &[u8], want: u64) -> Result<(), Fault> {
        if dict.get(b"Filter").is_none() {
            return if data.len() as u64 == want { Ok(()) } else { Err(Fault::Packed) };
        }
        self.spend(want)?;
        let (mut inflate, mut made) = (Inflate::zlib(want), 0);
        inflate.feed(data, &mut |octets| {
            made += octets.len() as u64;
            Ok(())
        })?;
        inflate.finish()?;
        if made == want { Ok(()) } else { Err(Fault::Packed) }
    }

    fn spend(&mut self, octets: u64) -> Result<(), Fault> {
        self.left = self.left.checked_sub(octets).ok_or(Fault::Size)?;
        Ok(())
    }

    /// What stands in a role.
    fn role(&mut self, role: Role, value: &'a Value, data: Option<&'a [u8]>) -> Result<(), Fault> {
        let plain: &[Key] = match role {
            Role::ColorSpace => return self.color_space(value),
            Role::Widths => return super::values::widths(value),
            Role::Resources => g::RESOURCES,
            Role::Annotation => g::ANNOTATION,
            Role::Action => g::ACTION,
            Role::Group => g::GROUP,
            Role::GraphicsState => g::GRAPHICS_STATE,
            Role::SoftMask => g::SOFT_MASK,
            Role::Calibration => g::CALIBRATION,
            Role::SystemInfo => g::SYSTEM_INFO,
            Role::Encoding => g::ENCODING,
            Role::Preferences => g::PREFERENCES,
            Role::Label => g::LABEL,
            Role::Contents | Role::Glyph | Role::Lookup | Role::GlyphMap => g::STREAM,
            Role::Descriptor => g::DESCRIPTOR,
            Role::Descendant => g::DESCENDANT,
            Role::Labels
            | Role::Drawing
            | Role::Form
            | Role::Image
            | Role::Pattern
            | Role::Shading
            | Role::Function
            | Role::Font
            | Role::FontFile
            | Role::Map
            | Role::Unicode
            | Role::Glyphs => &[],
        };
        let dict = value.dict().ok_or(Fault::Role)?;
        match (role, data) {
            (Role::Labels, _) => self.labels(dict),
            (Role::Glyphs, _) => self.named(Role::Glyph, value),
            (Role::Drawing, Some(data)) => match dict.get(b"Subtype").and_then(Value::name) {
                Some(b"Image") => self.image(dict, data),
                Some(b"Form") => self.form(dict),
                _ => Err(Fault::Value),
            },
            (Role::Form, Some(_)) => self.form(dict),
            (Role::Image, Some(data)) => self.image(dict, data),
            (Role::Pattern, data) => self.pattern(dict, data),
            (Role::Shading, data) => self.shading(dict, data),
            (Role::Function, data) => function::check(self, dict, data),
            (Role::Font, _) => self.font(dict),
            (Role::FontFile, Some(data)) => cff::file(self, dict, data),
            (Role::Map, Some(data)) => map::check(self, dict, data),
            (Role::Unicode, Some(data)) => map::unicode(self, dict, data),
            (Role::Annotation, _) => self.table(dict, &[plain]).and_then(|()| link(dict)),
            (_, _) if plain.is_empty() => Err(Fault::Role),
            (_, _) => self.table(dict, &[plain]),
        }
    }

    fn form(&mut self, dict: &'a Dict) -> Result<(), Fault> {
        self.table(dict, &[g::FORM])?;
        self.draws(vec![self.number], dict, false)
    }

    /// Remembers contents, which find their names in `dict`'s resources.
    pub(super) fn draws(&mut self, streams: Vec<u32>, dict: &'a Dict, glyph: bool) -> Result<(), Fault> {
        let resources = dict.get(b"Resources").ok_or(Fault::Missing)?;
        let owner = if glyph { streams.first().copied().unwrap_or(self.number) } else { self.number };
        self.tasks.push(Task { owner, streams, resources, glyph });
        Ok(())
    }

    fn pattern(&mut self, dict: &'a Dict, data: Option<&'a [u8]>) -> Result<(), Fault> {
        match (dict.get(b"PatternType").and_then(Value::integer), data) {
            (Some(1), Some(_)) => {
                self.table(dict, &[g::TILING])?;
                self.draws(vec![self.number], dict, false)
            }
            (Some(2), None) => self.table(dict, &[g::SHADED]),
            _ => Err(Fault::Role),
        }
    }

    fn shading(&mut self, dict: &'a Dict, data: Option<&'a [u8]>) -> Result<(), Fault> {
        let kind = dict.get(b"ShadingType").and_then(Value::integer).and_then(|kind| usize::try_from(kind).ok());
        let keys = kind.and_then(|kind| kind.checked_sub(1)).and_then(|place| g::SHADINGS.get(place));
        self.table(dict, &[g::SHADING, keys.ok_or(Fault::Value)?])?;
        match (kind, data) {
            (Some(1..=3), None) => Ok(()),
            (Some(4..=7), Some(data)) => self.unpack(dict, data).map(|_| ()),
            _ => Err(Fault::Role),
        }
    }

    fn font(&mut self, dict: &'a Dict) -> Result<(), Fault> {
        match dict.get(b"Subtype").and_then(Value::name) {
            Some(b"Type0") => self.table(dict, &[g::COMPOSITE]),
            Some(b"Type3") => self.drawn_font(dict),
            _ => self.table(dict, &[g::SIMPLE]),
        }
    }

    /// A Type 3 font, whose glyphs are contents.
    fn drawn_font(&mut self, dict: &'a Dict) -> Result<(), Fault> {
        self.table(dict, &[g::DRAWN])?;
        let glyphs = dict.get(b"CharProcs").and_then(|glyphs| self.file.resolve(glyphs));
        for (_, glyph) in glyphs.and_then(Value::dict).ok_or(Fault::Role)?.iter() {
            let Value::Reference(glyph) = glyph else { return Err(Fault::Role) };
            self.draws(vec![*glyph], dict, true)?;
        }
        Ok(())
    }
}

/// A link leads somewhere, and to one place.
fn link(dict: &Dict) -> Result<(), Fault> {
    if dict.get(b"A").is_some() == dict.get(b"Dest").is_some() { Err(Fault::Action) } else { Ok(()) }
}
