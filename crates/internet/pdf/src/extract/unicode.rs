//! Characters of composite fonts that bring no `ToUnicode`.
//!
//! Such a font names a character collection (Adobe-Japan1 and the like), whose
//! tables tell what a CID stands for (ISO 32000-1 9.10.2). hayro looks there
//! only for fonts that are not embedded; this does for the others.

use std::collections::HashMap;

use hayro_interpret::font::Glyph;
use hayro_interpret::hayro_cmap::{BfString, CMap, CMapName, CidFamily, load_embedded};
use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use sekisho_disarm::{Budget, Refusal};

use crate::filters::decode;

/// Fonts of a file that are looked at.
const MAX_FONTS: usize = 1000;

/// Codes to CIDs, and CIDs to characters.
struct Tables {
    encoding: CMap,
    characters: CMap,
}

/// The tables of a file's fonts, by the fonts' names.
#[derive(Default)]
pub(crate) struct Collections(HashMap<String, Tables>);

impl Collections {
    /// The tables of all fonts of `pdf` that need them.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] beyond the budget.
    pub(crate) fn of(pdf: &Pdf, budget: &mut Budget) -> Result<Self, Refusal> {
        let mut found = HashMap::new();
        for object in pdf.objects() {
            budget.steps(1)?;
            let Object::Dict(dict) = object else { continue };
            if found.len() == MAX_FONTS || dict.contains_key("ToUnicode") || !dict.contains_key("DescendantFonts") {
                continue;
            }
            let Some(name) = dict.get::<Name<'_>>("BaseFont") else { continue };
            let name = without_tag(name.as_str()).to_owned();
            if let Some(tables) = tables(&dict, budget)? {
                found.entry(name).or_insert(tables);
            }
        }
        Ok(Self(found))
    }

    /// What `glyph` stands for.
    pub(crate) fn text_of(&self, glyph: &Glyph<'_>) -> Option<char> {
        let Glyph::Outline(outline) = glyph else { return None };
        if self.0.is_empty() {
            return None;
        }
        let tables = self.0.get(&outline.font_data()?.postscript_name?)?;
        let code = outline.char_code();
        let cid = (1..=4).find_map(|octets| tables.encoding.lookup_cid_code(code, octets))?;
        match tables.characters.lookup_bf_string(cid)? {
            BfString::Char(character) => Some(character),
            BfString::String(text) => text.chars().next(),
        }
    }
}

fn tables(dict: &Dict<'_>, budget: &mut Budget) -> Result<Option<Tables>, Refusal> {
    let Some(encoding) = encoding(dict, budget)? else { return Ok(None) };
    let descendant = dict.get::<Array<'_>>("DescendantFonts").and_then(|fonts| fonts.iter::<Dict<'_>>().next());
    let named = encoding.metadata().character_collection.as_ref().map(|collection| collection.family.clone());
    let family = named.filter(|family| *family != CidFamily::AdobeIdentity).or_else(|| family(&descendant?));
    let characters = family.and_then(|family| family.ucs2_cmap()).and_then(load_embedded);
    Ok(characters.and_then(|data| CMap::parse(data, load_embedded)).map(|characters| Tables { encoding, characters }))
}

fn encoding(dict: &Dict<'_>, budget: &mut Budget) -> Result<Option<CMap>, Refusal> {
    Ok(match dict.get::<Object<'_>>("Encoding") {
        Some(Object::Name(name)) => match CMapName::from_bytes(name.as_ref()) {
            CMapName::IdentityH => Some(CMap::identity_h()),
            CMapName::IdentityV => Some(CMap::identity_v()),
            other => load_embedded(other).and_then(|data| CMap::parse(data, load_embedded)),
        },
        Some(Object::Stream(stream)) => own(&stream, budget)?,
        _ => None,
    })
}

fn own(stream: &Stream<'_>, budget: &mut Budget) -> Result<Option<CMap>, Refusal> {
    Ok(CMap::parse(&decode(stream, budget)?, load_embedded))
}

fn family(descendant: &Dict<'_>) -> Option<CidFamily> {
    let system = descendant.get::<Dict<'_>>("CIDSystemInfo")?;
    let text = |key: &str| system.get::<hayro_syntax::object::String<'_>>(key);
    Some(CidFamily::from_registry_ordering(&text("Registry")?, &text("Ordering")?))
}

/// The name without the tag of a subset (9.6.4).
fn without_tag(name: &str) -> &str {
    match name.split_once('+') {
        Some((tag, rest)) if tag.len() == 6 => rest,
        _ => name,
    }
}
