//! A new PDF of what was read and is known to be good.
//!
//! Owns: the way from an open PDF to objects of ours: a work list of what the
//! pages lead to, and a map from source objects to new ones, so that what was
//! shared stays shared and what goes in a circle ends.
//!
//! Never: a dictionary copied. Each kind of object is read key by key from a
//! list; what is on no list does not exist.

mod annotation;
mod appearance;
mod cff;
mod color;
mod content;
mod font;
mod function;
mod glyphs;
mod image;
mod layers;
mod operators;
mod outline;
mod page;
mod pattern;
mod press;
mod read;
mod scan;
mod state;
#[cfg(test)]
mod tests;
mod type3;
mod widths;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use hayro_syntax::Pdf;
use hayro_syntax::object::{Dict, ObjectIdentifier, Stream};
use hayro_syntax::xref::XRef;
use sekisho_disarm::{Budget, Disarmed, Options, Refusal};
use sekisho_safe_message::{Removal, Untrusted};

use self::font::{FontId, Fonts};
use self::layers::Layers;
use crate::guard::guarded;
use crate::open::open_with_passwords;
use crate::write::{Dictionary, File, Objects, Ref, Value};

/// Makes a new PDF: pages, what is drawn on them, links to the web and inside
/// the file, outline titles, page labels. What forms and annotations show
/// becomes part of the page.
///
/// # Errors
/// [`Refusal`] if it cannot be opened, has no pages, passes a bound, or is a
/// form that only its script draws ([`Refusal::Unsupported`]).
pub fn rebuild(octets: Untrusted<'_>, options: &Options, budget: &mut Budget) -> Result<Disarmed, Refusal> {
    let opened = open_with_passwords(octets, &options.passwords, budget)?;
    let mut removed = opened.removed;
    let (file, more) = guarded(|| Rebuild::new(&opened.pdf, options, budget).run(&opened.pdf))??;
    removed.extend(more);
    Ok(Disarmed::of(file)?.without(removed))
}

/// What a source object is made into. One object may be used as several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Role {
    XObject,
    /// A soft mask.
    Mask,
    /// A mask of one bit.
    Stencil,
    State,
    Pattern,
    Shading,
    Function,
    Space,
}

/// Work that is put off, so that nesting in the file is no nesting of calls.
enum Job<'a> {
    /// A form, with the resources of where it is drawn (it may have none).
    Form(Stream<'a>, Ref, Dict<'a>),
    /// A tiling pattern.
    Tiling(Stream<'a>, Ref, Dict<'a>),
    /// A glyph of a Type 3 font: font, code and width, the place, the font's
    /// resources.
    Glyph(Stream<'a>, (FontId, u8, f64), Ref, Dict<'a>),
}

/// Jobs of one file: forms, patterns and glyphs.
const MAX_JOBS: u32 = 100_000;

/// The state of the work.
struct Rebuild<'a, 'b> {
    xref: &'a XRef,
    options: &'b Options,
    budget: &'b mut Budget,
    objects: Objects,
    /// Source objects that are or will be made, by where they stand.
    made: HashMap<(usize, Role), Ref>,
    /// Pictures that could not be made; they are not tried again.
    failed: HashSet<Ref>,
    /// Streams that were unpacked to see that hayro may do it.
    measured: HashMap<usize, bool>,
    todo: VecDeque<Job<'a>>,
    jobs: u32,
    fonts: Fonts<'a>,
    layers: Layers,
    removed: BTreeSet<Removal>,
    /// Pages of the new file in order, and by the source's objects.
    pages: Vec<Ref>,
    pages_by_source: HashMap<ObjectIdentifier, Ref>,
}

impl<'a, 'b> Rebuild<'a, 'b> {
    fn new(pdf: &'a Pdf, options: &'b Options, budget: &'b mut Budget) -> Self {
        Self {
            xref: pdf.xref(),
            options,
            budget,
            objects: Objects::new(),
            made: HashMap::new(),
            failed: HashSet::new(),
            measured: HashMap::new(),
            todo: VecDeque::new(),
            jobs: 0,
            fonts: Fonts::default(),
            layers: Layers::default(),
            removed: BTreeSet::new(),
            pages: Vec::new(),
            pages_by_source: HashMap::new(),
        }
    }

    fn run(mut self, pdf: &'a Pdf) -> Result<(File, BTreeSet<Removal>), Refusal> {
        let catalog = self.xref.get::<Dict<'a>>(self.xref.root_id()).unwrap_or_default();
        if catalog.get::<bool>("NeedsRendering") == Some(true) {
            // A dynamic XFA form: its pages only say that a script will draw it.
            return Err(Refusal::Unsupported);
        }
        self.scan(pdf)?;
        self.layers = Layers::read(&catalog);
        let tree = self.objects.reserve();
        self.write_pages(pdf, &catalog, tree)?;
        self.work()?;
        self.finish_fonts()?;
        let root = self.catalog(&catalog, tree)?;
        Ok((self.objects.finish(root), self.removed))
    }

    /// Does what is put off, and what that puts off.
    fn work(&mut self) -> Result<(), Refusal> {
        while let Some(job) = self.todo.pop_front() {
            match job {
                Job::Form(stream, place, around) => self.form(&stream, place, &around)?,
                Job::Tiling(stream, place, around) => self.tiling(&stream, place, &around)?,
                Job::Glyph(stream, whose, place, resources) => self.glyph(&stream, whose, place, &resources)?,
            }
        }
        Ok(())
    }

    fn put_off(&mut self, job: Job<'a>) -> Result<(), Refusal> {
        self.jobs += 1;
        if self.jobs > MAX_JOBS {
            return Err(Refusal::TooLarge);
        }
        self.todo.push_back(job);
        Ok(())
    }

    /// The place of `source` as `role`, and whether it is new and has to be
    /// filled.
    fn place(&mut self, source: &[u8], role: Role) -> (Ref, bool) {
        let key = (source.as_ptr().addr(), role);
        if let Some(place) = self.made.get(&key) {
            return (*place, false);
        }
        let place = self.objects.reserve();
        self.made.insert(key, place);
        (place, true)
    }

    fn catalog(&mut self, catalog: &Dict<'a>, tree: Ref) -> Result<Ref, Refusal> {
        let mut new = Dictionary::of_type("Catalog").with("Pages", tree.into());
        if let Some(outlines) = self.outlines(catalog)? {
            new.set("Outlines", outlines.into());
        }
        new.set_some("PageLabels", self.page_labels(catalog));
        let layouts = ["SinglePage", "OneColumn", "TwoColumnLeft", "TwoColumnRight", "TwoPageLeft", "TwoPageRight"];
        new.set_some("PageLayout", read::listed(catalog, "PageLayout", &layouts));
        new.set_some("PageMode", read::listed(catalog, "PageMode", &["UseNone", "UseOutlines"]));
        new.set_some("Lang", read::language(catalog));
        let viewer = catalog.get::<Dict<'a>>("ViewerPreferences").unwrap_or_default();
        if let Some(direction) = read::listed(&viewer, "Direction", &["L2R", "R2L"]) {
            new.set("ViewerPreferences", Value::from(Dictionary::new().with("Direction", direction)));
        }
        Ok(self.objects.add(new))
    }
}
