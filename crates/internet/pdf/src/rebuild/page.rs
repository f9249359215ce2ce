//! Pages (ISO 32000-1 7.7.3).

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Object, ObjectIdentifier, Stream};
use hayro_syntax::page::{Page, Rotation};
use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

use super::annotation::Painted;
use super::{Rebuild, read};
use crate::write::{Dictionary, Ref, Value, spell_number};

/// Longest side of a page (Annex C: 14,400 units).
const MAX_SIDE: f64 = 14_400.0;

/// Streams of one page.
const MAX_STREAMS: usize = 10_000;

/// Pages of one node of the new tree.
const FAN_OUT: usize = 500;

impl<'a> Rebuild<'a, '_> {
    /// Writes the pages and their tree.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] if there are none, or [`Refusal`] beyond a bound.
    pub(super) fn write_pages(&mut self, pdf: &'a Pdf, catalog: &Dict<'a>, tree: Ref) -> Result<(), Refusal> {
        let pages = pdf.pages();
        if pages.is_empty() {
            return Err(Refusal::Malformed);
        }
        self.budget.entries(u32::try_from(pages.len()).unwrap_or(u32::MAX))?;
        self.pages = pages.iter().map(|_| self.objects.reserve()).collect();
        let sources = pages.iter().zip(&self.pages).filter_map(|(page, place)| Some((page.raw().obj_id()?, *place)));
        self.pages_by_source = sources.collect();
        let places = self.pages.clone();
        let form = catalog.get::<Dict<'a>>("AcroForm").unwrap_or_default();
        let names = super::outline::Names::read(catalog);
        let mut nodes = Vec::new();
        for (chunk, places) in pages.chunks(FAN_OUT).zip(places.chunks(FAN_OUT)) {
            let node = self.objects.reserve();
            for (page, place) in chunk.iter().zip(places) {
                self.write_page(page, *place, node, (&form, &names))?;
            }
            let kids = Value::Array(places.iter().map(|place| (*place).into()).collect());
            let new = Dictionary::of_type("Pages").with("Kids", kids).with("Count", count(places.len()));
            self.objects.set(node, new.with("Parent", tree.into()));
            nodes.push(node.into());
        }
        let root = Dictionary::of_type("Pages").with("Kids", Value::Array(nodes)).with("Count", count(pages.len()));
        self.objects.set(tree, root);
        Ok(())
    }

    fn write_page(
        &mut self,
        page: &Page<'a>,
        place: Ref,
        parent: Ref,
        (form, names): (&Dict<'a>, &super::outline::Names<'a>),
    ) -> Result<(), Refusal> {
        let dict = page.raw();
        let resources = resources_of(page);
        let data = self.page_data(dict)?;
        let mut written = self.contents(&data, &resources, None)?;
        let annotations = self.annotations(dict, form, names)?;
        paint_over(&mut written, &annotations.painted);
        let contents = self.objects.add_stream(Dictionary::new(), written.data);
        let mut new = Dictionary::of_type("Page").with("Parent", parent.into());
        boxes(&mut new, page);
        let unit = read::number(dict, "UserUnit").filter(|unit| (0.01..=100.0).contains(unit));
        new.set_some("UserUnit", unit.filter(|unit| (unit - 1.0).abs() > 1e-6).map(Value::Real));
        let group = self.group(dict, &resources)?;
        new.set_some("Group", group);
        new.set("Resources", written.resources.into());
        new.set("Contents", contents.into());
        if !annotations.links.is_empty() {
            new.set("Annots", Value::Array(annotations.links));
        }
        self.objects.set(place, new);
        Ok(())
    }

    /// The contents of a page, its streams one behind the other.
    fn page_data(&mut self, page: &Dict<'a>) -> Result<Vec<u8>, Refusal> {
        match page.get::<Object<'a>>("Contents") {
            Some(Object::Stream(stream)) => self.data_of(&stream),
            Some(Object::Array(streams)) => self.joined(&streams),
            _ => Ok(Vec::new()),
        }
    }

    fn joined(&mut self, streams: &Array<'a>) -> Result<Vec<u8>, Refusal> {
        let mut all = Vec::new();
        for stream in streams.iter::<Stream<'a>>().take(MAX_STREAMS) {
            all.extend(self.data_of(&stream)?);
            all.push(b'\n');
        }
        Ok(all)
    }

    /// The new page that a source object stands for.
    pub(super) fn page_of(&self, id: ObjectIdentifier) -> Option<Ref> {
        self.pages_by_source.get(&id).copied()
    }

    /// Notes something that does not cross.
    pub(super) fn note(&mut self, removal: Removal) {
        self.removed.insert(removal);
    }
}

fn count(pages: usize) -> Value {
    Value::Int(i64::try_from(pages).unwrap_or(i64::MAX))
}

/// The resources of a page, its own or inherited, as one dictionary. hayro
/// has looked them up and hands them out kind by kind, so that the dictionary
/// itself is found again by the same rule.
fn resources_of<'a>(page: &Page<'a>) -> Dict<'a> {
    let mut node = page.raw().clone();
    for _ in 0..64 {
        if let Some(resources) = node.get::<Dict<'a>>("Resources") {
            return resources;
        }
        match node.get::<Dict<'a>>("Parent") {
            Some(parent) => node = parent,
            None => break,
        }
    }
    Dict::empty()
}

fn boxes(new: &mut Dictionary, page: &Page<'_>) {
    let media = page.media_box();
    let media = sane([media.x0, media.y0, media.x1, media.y1]).unwrap_or([0.0, 0.0, 595.276, 841.89]);
    new.set("MediaBox", Value::numbers(media));
    let crop = page.crop_box();
    let crop = read::ordered([crop.x0, crop.y0, crop.x1, crop.y1]);
    let inside = [crop[0].max(media[0]), crop[1].max(media[1]), crop[2].min(media[2]), crop[3].min(media[3])];
    if inside != media
        && let Some(inside) = sane(inside)
    {
        new.set("CropBox", Value::numbers(inside));
    }
    let degrees = match page.rotation() {
        Rotation::None => return,
        Rotation::Horizontal => 90,
        Rotation::Flipped => 180,
        Rotation::FlippedHorizontal => 270,
    };
    new.set("Rotate", Value::Int(degrees));
}

/// A box with an area and sides that readers take.
fn sane(corners: [f64; 4]) -> Option<[f64; 4]> {
    let [a, b, c, d] = read::ordered(corners);
    if !(a.abs() <= 1e6 && b.abs() <= 1e6) || c - a < 1.0 || d - b < 1.0 {
        return None;
    }
    Some([a, b, c.min(a + MAX_SIDE), d.min(b + MAX_SIDE)])
}

/// Draws what annotations show over the page: each as a form, with the page's
/// own state put back before.
fn paint_over(written: &mut super::content::Written, painted: &[Painted]) {
    if painted.is_empty() {
        return;
    }
    let mut data = b"q\n".to_vec();
    data.append(&mut written.data);
    data.extend(b"Q\n");
    let mut entries = written.resources.take("XObject");
    for (at, one) in painted.iter().enumerate() {
        let name = format!("A{}", at + 1);
        data.extend(b"q\n");
        for number in one.matrix {
            spell_number(&mut data, number);
            data.push(b' ');
        }
        data.extend(format!("cm\n/{name} Do\nQ\n").as_bytes());
        entries.set_own(name, one.form.into());
    }
    written.resources.set("XObject", entries.into());
    written.data = data;
}
