//! Fonts as they are written, when all codes that are used are known.

use hayro_interpret::InterpreterCache;
use hayro_interpret::hayro_cmap::{BfString, CMap, CidFamily, load_embedded};
use hayro_interpret::kurbo::BezPath;
use hayro_syntax::object::{Dict, Name, String as PdfString};
use sekisho_disarm::Refusal;

use super::super::glyphs::{self, Drawn};
use super::super::{Rebuild, cff};
use super::measures::{all_measures, measures, own_widths, to_unicode};
use super::names::{base_font, described, simple_encoding, subset_name, system_info};
use super::{Coding, Composite, Font, Simple, Style, descendant};
use crate::write::{Dictionary, Value};

impl<'a> Rebuild<'a, '_> {
    /// Writes the fonts, when all codes that are used are known.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(in super::super) fn finish_fonts(&mut self) -> Result<(), Refusal> {
        let cache = InterpreterCache::new();
        for (number, font) in std::mem::take(&mut self.fonts.list).into_iter().enumerate() {
            match &font.style {
                Style::Simple(simple) => self.finish_simple(&font, simple, (number, &cache))?,
                Style::Composite(composite) => self.finish_composite(&font, composite, (number, &cache))?,
                Style::Type3(type3) => {
                    let codes = type3.codes();
                    let drawn = self.drawn(&font, &codes, false, &cache)?.unwrap_or_default();
                    self.finish_type3(font.place, &font.source, type3, &drawn);
                }
            }
        }
        Ok(())
    }

    fn drawn(
        &mut self,
        font: &Font<'a>,
        codes: &[u8],
        outlines: bool,
        cache: &InterpreterCache<'a>,
    ) -> Result<Option<Vec<Drawn>>, Refusal> {
        self.budget.steps(codes.len() as u64 * 20)?;
        match glyphs::draw(self.xref, cache, (&font.fonts, &font.name), codes, outlines) {
            Err(Refusal::Malformed) => Ok(None),
            other => other,
        }
    }

    fn finish_simple(
        &mut self,
        font: &Font<'a>,
        simple: &Simple,
        (number, cache): (usize, &InterpreterCache<'a>),
    ) -> Result<(), Refusal> {
        let codes: Vec<u8> = (0..=255).filter(|code| simple.used[usize::from(*code)]).collect();
        let drawn = self.drawn(font, &codes, simple.embedded, cache)?;
        let source = &font.source;
        let mut new = Dictionary::of_type("Font");
        match drawn {
            Some(drawn) if simple.embedded && drawn.len() == codes.len() => {
                self.redrawn_simple(&mut new, source, drawn, number);
            }
            drawn => {
                let subtype = source.get::<Name<'a>>("Subtype");
                let is_true_type = subtype.as_deref() == Some(b"TrueType");
                new.set("Subtype", Value::name(if is_true_type { "TrueType" } else { "Type1" }));
                let name = base_font(source);
                new.set("BaseFont", Value::Name(name.clone()));
                own_widths(&mut new, source);
                new.set_some("Encoding", simple_encoding(source));
                if let Some(descriptor) = source.get::<Dict<'a>>("FontDescriptor") {
                    let descriptor = self.objects.add(described(&descriptor, &name));
                    new.set("FontDescriptor", descriptor.into());
                }
                self.set_unicode(&mut new, &drawn.unwrap_or_default(), 1);
            }
        }
        self.objects.set(font.place, new);
        Ok(())
    }

    /// A font with a program: a new program, and an encoding that gives each
    /// code that is used a glyph of its own.
    fn redrawn_simple(&mut self, new: &mut Dictionary, source: &Dict<'a>, drawn: Vec<Drawn>, number: usize) {
        let name = subset_name(source, number);
        new.set("Subtype", Value::name("Type1"));
        new.set("BaseFont", Value::Name(name.clone().into_bytes()));
        self.set_unicode(new, &drawn, 1);
        let (first, last) = (drawn.first().map_or(0, |one| one.code), drawn.last().map_or(0, |one| one.code));
        let mut widths = vec![0.0; (last - first) as usize + 1];
        let mut differences = Vec::new();
        let mut program = vec![(".notdef".to_owned(), cff::Glyph { outline: BezPath::new(), width: 0.0 })];
        for one in drawn {
            widths[(one.code - first) as usize] = one.width;
            let glyph_name = format!("c{:02x}", one.code);
            differences.extend([Value::Int(one.code.into()), Value::name(&glyph_name)]);
            program.push((glyph_name, cff::Glyph { outline: one.outline, width: one.width }));
        }
        new.set("FirstChar", Value::Int(first.into()));
        new.set("LastChar", Value::Int(last.into()));
        new.set("Widths", Value::numbers(widths));
        let encoding = Dictionary::of_type("Encoding").with("Differences", Value::Array(differences));
        new.set("Encoding", encoding.into());
        let file = Dictionary::new().with("Subtype", Value::name("Type1C"));
        let file = self.objects.add_stream(file, cff::named(&name, &program));
        let descriptor = source.get::<Dict<'a>>("FontDescriptor").unwrap_or_default();
        let descriptor = described(&descriptor, name.as_bytes()).with("FontFile3", file.into());
        let descriptor = self.objects.add(descriptor);
        new.set("FontDescriptor", descriptor.into());
    }

    fn finish_composite(
        &mut self,
        font: &Font<'a>,
        composite: &Composite,
        (number, cache): (usize, &InterpreterCache<'a>),
    ) -> Result<(), Refusal> {
        let Some(child) = descendant(&font.source) else { return Ok(()) };
        let codes: Vec<u8> = composite.used.keys().flat_map(|(code, length)| spelled(*code, *length)).collect();
        let drawn = self.drawn(font, &codes, composite.embedded, cache)?;
        let mut drawn = drawn.filter(|drawn| drawn.len() == composite.used.len());
        if let Some(drawn) = &mut drawn {
            self.fill_text(drawn, composite, &child);
        }
        let mut program = Vec::new();
        if let Some(drawn) = drawn {
            let numbers = composite.used.values();
            program = numbers.zip(drawn).map(|((cid, new), one)| (*new, *cid, one)).collect();
            program.sort_by_key(|(new, _, _)| *new);
            program.dedup_by_key(|(new, _, _)| *new);
        }
        self.write_composite(font, composite, &child, (program, number));
        Ok(())
    }

    fn write_composite(
        &mut self,
        font: &Font<'a>,
        composite: &Composite,
        child: &Dict<'a>,
        (program, number): (Vec<(u16, u32, Drawn)>, usize),
    ) {
        let redrawn = composite.embedded && !program.is_empty();
        let name = if redrawn { subset_name(child, number).into_bytes() } else { base_font(child) };
        let mut new = Dictionary::of_type("Font").with("Subtype", Value::name("Type0"));
        new.set("BaseFont", Value::Name(name.clone()));
        new.set(
            "Encoding",
            match composite.coding {
                Coding::Kept(kept) => Value::name(kept),
                _ if composite.vertical => Value::name("Identity-V"),
                _ => Value::name("Identity-H"),
            },
        );
        if !matches!(composite.coding, Coding::Kept(_)) {
            let texts = program.iter().filter_map(|(new, _, one)| Some((u32::from(*new), one.text.as_deref()?)));
            let map = to_unicode(texts, 2);
            self.set_map(&mut new, map);
        }
        let mut below = Dictionary::of_type("Font").with("BaseFont", Value::Name(name.clone()));
        let true_type = child.get::<Name<'a>>("Subtype").as_deref() == Some(b"CIDFontType2") && !redrawn;
        below.set("Subtype", Value::name(if true_type { "CIDFontType2" } else { "CIDFontType0" }));
        below.set("CIDSystemInfo", system_info(child, redrawn));
        let renumbered = composite.coding == Coding::Renumbered;
        let numbers: Vec<(u16, u32)> = match composite.coding {
            Coding::Kept(_) => Vec::new(),
            _ => composite.used.values().map(|(cid, new)| (*new, *cid)).collect(),
        };
        if renumbered || redrawn {
            measures(&mut below, child, numbers, composite.vertical);
        } else {
            all_measures(&mut below, child);
        }
        let descriptor = child.get::<Dict<'a>>("FontDescriptor").unwrap_or_default();
        let mut descriptor = described(&descriptor, &name);
        if redrawn {
            let font_name = String::from_utf8_lossy(&name).into_owned();
            let mut glyphs = vec![(0, cff::Glyph { outline: BezPath::new(), width: 0.0 })];
            for (new, _, one) in program {
                let glyph = cff::Glyph { outline: one.outline, width: one.width };
                if new == 0 { glyphs[0].1 = glyph } else { glyphs.push((new, glyph)) }
            }
            let file = Dictionary::new().with("Subtype", Value::name("CIDFontType0C"));
            descriptor.set("FontFile3", self.objects.add_stream(file, cff::numbered(&font_name, &glyphs)).into());
        }
        let descriptor = self.objects.add(descriptor);
        below.set("FontDescriptor", descriptor.into());
        let below = self.objects.add(below);
        new.set("DescendantFonts", Value::Array(vec![below.into()]));
        self.objects.set(font.place, new);
    }

    /// Codes without text of their own get what their CID stands for.
    fn fill_text(&mut self, drawn: &mut [Drawn], composite: &Composite, child: &Dict<'a>) {
        if drawn.iter().all(|one| one.text.is_some()) {
            return;
        }
        let info = child.get::<Dict<'a>>("CIDSystemInfo").unwrap_or_default();
        let text = |key| info.get::<PdfString<'a>>(key).map(|text| text.as_bytes().to_vec()).unwrap_or_default();
        let family = CidFamily::from_registry_ordering(&text("Registry"), &text("Ordering"));
        let map = family.ucs2_cmap().and_then(load_embedded).and_then(|data| CMap::parse(data, load_embedded));
        let Some(map) = map else { return };
        for (one, (cid, _)) in drawn.iter_mut().zip(composite.used.values()) {
            if one.text.is_none() {
                one.text = map.lookup_bf_string(*cid).and_then(|found| match found {
                    BfString::Char(c) => glyphs::clean(c.encode_utf8(&mut [0; 4])),
                    BfString::String(text) => glyphs::clean(&text),
                });
            }
        }
    }

    pub(in super::super) fn set_unicode(&mut self, new: &mut Dictionary, drawn: &[Drawn], octets: usize) {
        let texts = drawn.iter().filter_map(|one| Some((one.code, one.text.as_deref()?)));
        let map = to_unicode(texts, octets);
        self.set_map(new, map);
    }

    fn set_map(&mut self, new: &mut Dictionary, map: Option<Vec<u8>>) {
        if let Some(map) = map {
            let map = self.objects.add_stream(Dictionary::new(), map);
            new.set("ToUnicode", map.into());
        }
    }
}

fn spelled(code: u32, length: u8) -> Vec<u8> {
    code.to_be_bytes()[4 - usize::from(length.min(4))..].to_vec()
}
