//! Fonts (ISO 32000-1 9.5 to 9.10).
//!
//! A font that came with a program gets a new one, of outlines only, with the
//! glyphs that are used. One that came without keeps its name and measures.
//! All text stays text: codes, and what they stand for, are written anew.

mod finish;
mod measures;
mod names;

use std::collections::{BTreeMap, HashMap};

use hayro_interpret::hayro_cmap::{CMap, CMapName, WritingMode, load_embedded};
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use sekisho_disarm::Refusal;

use super::Rebuild;
use super::type3::Type3;
use super::widths::Table;
use crate::filters;
use crate::write::Ref;

/// Fonts of one file.
const MAX_FONTS: usize = 5000;

/// A font of the new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FontId(usize);

/// All fonts that contents have named.
#[derive(Default)]
pub(super) struct Fonts<'a> {
    list: Vec<Font<'a>>,
    by_source: HashMap<usize, Option<FontId>>,
}

struct Font<'a> {
    place: Ref,
    source: Dict<'a>,
    /// Where hayro finds it: a dictionary of fonts, and its name there.
    fonts: Dict<'a>,
    name: Vec<u8>,
    style: Style,
}

enum Style {
    Simple(Simple),
    Composite(Box<Composite>),
    Type3(Type3),
}

struct Simple {
    used: [bool; 256],
    embedded: bool,
}

/// How codes of a composite font are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// Two octets that are the CID, as they came.
    Identity,
    /// As they came, read with a predefined CMap.
    Kept(&'static str),
    /// Two octets of our own count.
    Renumbered,
    /// Two octets that are the CID that a CMap of the file gave.
    Resolved,
}

struct Composite {
    cmap: CMap,
    coding: Coding,
    vertical: bool,
    embedded: bool,
    /// Codes by value and length: their CID, and the number in the new font.
    used: BTreeMap<(u32, u8), (u32, u16)>,
    next: u16,
}

impl Fonts<'_> {
    pub(super) fn place(&self, id: FontId) -> Ref {
        self.list[id.0].place
    }

    /// A string of the source as the new font reads it.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] beyond 65,535 glyphs.
    pub(super) fn shown(&mut self, id: FontId, text: &[u8]) -> Result<Vec<u8>, Refusal> {
        match &mut self.list[id.0].style {
            Style::Simple(simple) => text.iter().for_each(|code| simple.used[usize::from(*code)] = true),
            Style::Type3(type3) => text.iter().for_each(|code| type3.note(*code)),
            Style::Composite(composite) => return composite.shown(text),
        }
        Ok(text.to_vec())
    }

    pub(super) fn type3(&mut self, id: FontId) -> Option<&mut Type3> {
        match &mut self.list.get_mut(id.0)?.style {
            Style::Type3(type3) => Some(type3),
            Style::Simple(_) | Style::Composite(_) => None,
        }
    }
}

impl Composite {
    fn shown(&mut self, text: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let Some((code, length)) = self.first_code(rest) else {
                // No code starts so: readers skip an octet and show nothing.
                rest = &rest[1..];
                continue;
            };
            let new = self.note(code, length)?;
            let (octets, behind) = rest.split_at(usize::from(length).min(rest.len()));
            match self.coding {
                Coding::Kept(_) => out.extend(octets),
                Coding::Identity | Coding::Renumbered | Coding::Resolved => out.extend(new.to_be_bytes()),
            }
            rest = behind;
        }
        Ok(out)
    }

    /// The code that `text` starts with, as hayro reads it.
    fn first_code(&self, text: &[u8]) -> Option<(u32, u8)> {
        let mut code = 0_u32;
        for (length, octet) in (1_u8..=4).zip(text) {
            code = (code << 8) | u32::from(*octet);
            if self.cmap.lookup_cid_code(code, length).is_some() {
                return Some((code, length));
            }
        }
        None
    }

    fn note(&mut self, code: u32, length: u8) -> Result<u16, Refusal> {
        if let Some((_, new)) = self.used.get(&(code, length)) {
            return Ok(*new);
        }
        let cid = self.cmap.lookup_cid_code(code, length).unwrap_or(0);
        let new = match self.coding {
            Coding::Renumbered | Coding::Kept(_) => {
                self.next = self.next.checked_add(1).ok_or(Refusal::TooLarge)?;
                self.next
            }
            Coding::Identity | Coding::Resolved => u16::try_from(cid).map_err(|_| Refusal::Malformed)?,
        };
        self.used.insert((code, length), (cid, new));
        Ok(new)
    }
}

impl<'a> Rebuild<'a, '_> {
    /// The font that `fonts` has under `name`; `None` if it cannot be read.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn font(&mut self, fonts: &Dict<'a>, name: &[u8]) -> Result<Option<FontId>, Refusal> {
        let Some(source) = fonts.get::<Dict<'a>>(name) else { return Ok(None) };
        let key = source.data().as_ptr().addr();
        if let Some(known) = self.fonts.by_source.get(&key) {
            return Ok(*known);
        }
        if self.fonts.list.len() >= MAX_FONTS {
            return Err(Refusal::TooLarge);
        }
        let id = FontId(self.fonts.list.len());
        let style = match source.get::<Name<'a>>("Subtype").as_deref() {
            Some(b"Type0") => self.composite(&source)?.map(|composite| Style::Composite(Box::new(composite))),
            Some(b"Type3") => self.type3_style(&source, id)?.map(Style::Type3),
            _ => self.simple(&source)?.map(Style::Simple),
        };
        let Some(style) = style else {
            self.fonts.by_source.insert(key, None);
            return Ok(None);
        };
        let place = self.objects.reserve();
        self.fonts.by_source.insert(key, Some(id));
        self.fonts.list.push(Font { place, source, fonts: fonts.clone(), name: name.to_vec(), style });
        Ok(Some(id))
    }

    fn simple(&mut self, source: &Dict<'a>) -> Result<Option<Simple>, Refusal> {
        let descriptor = source.get::<Dict<'a>>("FontDescriptor").unwrap_or_default();
        self.measured(source.get::<Object<'a>>("ToUnicode"))?;
        Ok(Some(Simple { used: [false; 256], embedded: self.has_program(&descriptor)? }))
    }

    /// Whether a font program is there, which is unpacked under the budget
    /// before hayro does it.
    fn has_program(&mut self, descriptor: &Dict<'a>) -> Result<bool, Refusal> {
        let mut found = false;
        for key in ["FontFile", "FontFile2", "FontFile3"] {
            if let Some(stream) = descriptor.get::<Stream<'a>>(key) {
                if !self.options.fonts {
                    // Pages that need it become pictures: the next way.
                    return Err(Refusal::Unsupported);
                }
                found |= self.measured(Some(Object::Stream(stream)))?;
            }
        }
        Ok(found)
    }

    /// Unpacks a stream that hayro will unpack again, to see that it is within
    /// the budget.
    fn measured(&mut self, object: Option<Object<'a>>) -> Result<bool, Refusal> {
        let Some(Object::Stream(stream)) = object else { return Ok(false) };
        let key = stream.dict().data().as_ptr().addr();
        if let Some(known) = self.measured.get(&key) {
            return Ok(*known);
        }
        let found = match filters::decode(&stream, self.budget) {
            Ok(data) => !data.is_empty(),
            Err(Refusal::TooLarge) => return Err(Refusal::TooLarge),
            Err(_) => false,
        };
        self.measured.insert(key, found);
        Ok(found)
    }

    fn composite(&mut self, source: &Dict<'a>) -> Result<Option<Composite>, Refusal> {
        let Some(child) = descendant(source) else { return Ok(None) };
        self.measured(source.get::<Object<'a>>("ToUnicode"))?;
        self.measured(child.get::<Object<'a>>("CIDToGIDMap"))?;
        if Table::<1>::read(&child, "W").is_none() || Table::<3>::read(&child, "W2").is_none() {
            return Ok(None);
        }
        let descriptor = child.get::<Dict<'a>>("FontDescriptor").unwrap_or_default();
        let embedded = self.has_program(&descriptor)?;
        let Some((cmap, coding)) = self.encoding(source, embedded)? else { return Ok(None) };
        let vertical = cmap.metadata().writing_mode == Some(WritingMode::Vertical);
        Ok(Some(Composite { cmap, coding, vertical, embedded, used: BTreeMap::new(), next: 0 }))
    }

    fn encoding(&mut self, source: &Dict<'a>, embedded: bool) -> Result<Option<(CMap, Coding)>, Refusal> {
        Ok(match source.get::<Object<'a>>("Encoding") {
            Some(Object::Name(name)) => match CMapName::from_bytes(&name) {
                CMapName::IdentityH => Some((CMap::identity_h(), Coding::Identity)),
                CMapName::IdentityV => Some((CMap::identity_v(), Coding::Identity)),
                known => {
                    let coding = match predefined(&name) {
                        Some(kept) if !embedded => Coding::Kept(kept),
                        _ => Coding::Renumbered,
                    };
                    let cmap = load_embedded(known).and_then(|data| CMap::parse(data, load_embedded));
                    cmap.map(|cmap| (cmap, coding))
                }
            },
            Some(Object::Stream(stream)) => {
                let data = match filters::decode(&stream, self.budget) {
                    Err(Refusal::TooLarge) => return Err(Refusal::TooLarge),
                    other => other.unwrap_or_default(),
                };
                let coding = if embedded { Coding::Renumbered } else { Coding::Resolved };
                CMap::parse(&data, load_embedded).map(|cmap| (cmap, coding))
            }
            _ => None,
        })
    }
}

fn descendant<'a>(source: &Dict<'a>) -> Option<Dict<'a>> {
    source.get::<Array<'a>>("DescendantFonts")?.iter::<Dict<'a>>().next()
}

/// Predefined CMaps (9.7.5.2).
const PREDEFINED: &[&str] = &[
    "83pv-RKSJ-H",
    "90ms-RKSJ-H",
    "90ms-RKSJ-V",
    "90msp-RKSJ-H",
    "90msp-RKSJ-V",
    "90pv-RKSJ-H",
    "Add-RKSJ-H",
    "Add-RKSJ-V",
    "EUC-H",
    "EUC-V",
    "Ext-RKSJ-H",
    "Ext-RKSJ-V",
    "H",
    "V",
    "UniJIS-UCS2-H",
    "UniJIS-UCS2-V",
    "UniJIS-UCS2-HW-H",
    "UniJIS-UCS2-HW-V",
    "UniJIS-UTF16-H",
    "UniJIS-UTF16-V",
    "GB-EUC-H",
    "GB-EUC-V",
    "GBpc-EUC-H",
    "GBpc-EUC-V",
    "GBK-EUC-H",
    "GBK-EUC-V",
    "GBKp-EUC-H",
    "GBKp-EUC-V",
    "GBK2K-H",
    "GBK2K-V",
    "UniGB-UCS2-H",
    "UniGB-UCS2-V",
    "UniGB-UTF16-H",
    "UniGB-UTF16-V",
    "B5pc-H",
    "B5pc-V",
    "HKscs-B5-H",
    "HKscs-B5-V",
    "ETen-B5-H",
    "ETen-B5-V",
    "ETenms-B5-H",
    "ETenms-B5-V",
    "CNS-EUC-H",
    "CNS-EUC-V",
    "UniCNS-UCS2-H",
    "UniCNS-UCS2-V",
    "UniCNS-UTF16-H",
    "UniCNS-UTF16-V",
    "KSC-EUC-H",
    "KSC-EUC-V",
    "KSCms-UHC-H",
    "KSCms-UHC-V",
    "KSCms-UHC-HW-H",
    "KSCms-UHC-HW-V",
    "KSCpc-EUC-H",
    "UniKS-UCS2-H",
    "UniKS-UCS2-V",
    "UniKS-UTF16-H",
    "UniKS-UTF16-V",
];

/// The name of a predefined CMap.
fn predefined(name: &[u8]) -> Option<&'static str> {
    PREDEFINED.iter().find(|known| known.as_bytes() == name).copied()
}
