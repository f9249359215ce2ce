//! A PDF of pictures, one a page.
//!
//! Owns: how a page's pixels are written (bilevel and flat pages exactly or
//! nearly so as indexed Flate, photographs as JPEG), and the text that lies
//! unseen over them so that the page can be searched and copied from.
//!
//! Never: pixels of two pages in memory at once; an octet that was not a pixel
//! or a character.

mod layer;
mod paper;
#[cfg(test)]
mod tests;

use sekisho_disarm::{Decoded, Refusal};
use sekisho_image::Pixels;

use crate::extract::words::Word;
use crate::write::{Dictionary, Objects, Ref, Value, spell_number};
use layer::Layer;

/// Points of a side that readers must be able to show (ISO 32000-1 Annex C).
const MAX_SIDE: f64 = 14_400.0;

/// A PDF that is being made of pictures. Holds what is written of them, not
/// their pixels.
pub struct Pictures {
    objects: Objects,
    tree: Ref,
    pages: Vec<Value>,
    layer: Layer,
    quality: u8,
}

impl Pictures {
    /// A file without pages; photographs are written with JPEG `quality`.
    pub fn new(quality: u8) -> Self {
        let mut objects = Objects::new();
        let tree = objects.reserve();
        let layer = Layer::new(&mut objects);
        Self { objects, tree, pages: Vec::new(), layer, quality }
    }

    /// A page that is `pixels` and nothing else, as large as `dpi` dots an
    /// inch (across, down) make it.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] if its file would be too large to cross.
    pub fn push(&mut self, pixels: Pixels, dpi: (f32, f32)) -> Result<(), Refusal> {
        let points = |dots: u32, dpi: f32| {
            let dpi = if dpi.is_finite() { dpi.clamp(1.0, 10_000.0) } else { 72.0 };
            f64::from(dots) * 72.0 / f64::from(dpi)
        };
        let size = (points(pixels.width(), dpi.0), points(pixels.height(), dpi.1));
        self.push_page(pixels, size, &[])
    }

    /// A page of `size` points that is `pixels` with `words` unseen over them,
    /// which are where they stand in points from the upper left.
    pub(crate) fn push_page(&mut self, pixels: Pixels, size: (f64, f64), words: &[Word]) -> Result<(), Refusal> {
        // A larger sheet is drawn smaller: its proportions say more than its size.
        let shrink = (MAX_SIDE / size.0.max(size.1)).min(1.0);
        let size = ((size.0 * shrink).max(1.0), (size.1 * shrink).max(1.0));
        let image = paper::write(&mut self.objects, pixels, self.quality)?;
        let mut contents = b"q".to_vec();
        for number in [size.0, 0.0, 0.0, size.1, 0.0, 0.0] {
            contents.push(b' ');
            spell_number(&mut contents, number);
        }
        contents.extend(b" cm /X0 Do Q");
        let fonts = self.layer.write(&mut self.objects, &mut contents, words, size.1, shrink);
        let mut resources = Dictionary::new().with("XObject", Dictionary::new().with("X0", image.into()).into());
        resources.set_some("Font", fonts.map(Value::from));
        let contents = self.objects.add_stream(Dictionary::new(), contents);
        let page = Dictionary::of_type("Page")
            .with("Parent", self.tree.into())
            .with("MediaBox", Value::numbers([0.0, 0.0, size.0, size.1]))
            .with("Resources", resources.into())
            .with("Contents", contents.into());
        let page = self.objects.add(page);
        self.pages.push(page.into());
        Ok(())
    }

    /// The file.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] if it has no page.
    pub fn finish(mut self) -> Result<impl Decoded, Refusal> {
        let count = i64::try_from(self.pages.len()).map_err(|_| Refusal::TooLarge)?;
        if count == 0 {
            return Err(Refusal::Malformed);
        }
        self.layer.finish(&mut self.objects);
        let tree = Dictionary::of_type("Pages").with("Kids", Value::Array(self.pages)).with("Count", Value::Int(count));
        self.objects.set(self.tree, tree);
        let root = self.objects.add(Dictionary::of_type("Catalog").with("Pages", self.tree.into()));
        Ok(self.objects.finish(root))
    }
}
