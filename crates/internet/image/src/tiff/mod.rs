//! TIFF: its directories are walked here; each page is then decoded as if it
//! were the only one (TIFF 6.0).

mod fax;
mod page;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::{Removal, Untrusted};

use crate::Pixels;

/// Pages of a file; each also counts as an entry of the budget.
const MAX_PAGES: usize = 2000;

/// Fields of a directory; honest ones have some thirty.
const MAX_FIELDS: u16 = 1000;

/// Dots per inch where a file does not say.
const DEFAULT_DPI: f32 = 150.0;

/// A page of a TIFF: pixels, upright, in sRGB, and its dots per inch.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The pixels.
    pub pixels: Pixels,
    /// Dots per inch, across and down, after turning; 10.0 to 10,000.0.
    pub dpi: (f32, f32),
    /// Whether the page came as JPEG: writing it so again loses little.
    pub photograph: bool,
}

/// How many pages a TIFF has. Small pictures of pages do not count.
///
/// # Errors
/// [`Refusal`] if its directories are damaged, form a loop, or are too many.
pub fn page_count(octets: Untrusted<'_>, budget: &mut Budget) -> Result<u32, Refusal> {
    let file = File::read(octets.read(), budget)?;
    u32::try_from(file.pages.len()).map_err(|_| Refusal::TooLarge)
}

/// Hands each page of a TIFF to `each`, one in memory at a time; tells what was
/// not taken.
///
/// # Errors
/// [`Refusal`] if a page is damaged or passes a bound, or what `each` fails with.
pub fn tiff_pages(
    octets: Untrusted<'_>,
    budget: &mut Budget,
    each: &mut dyn FnMut(Page) -> Result<(), Refusal>,
) -> Result<BTreeSet<Removal>, Refusal> {
    let file = File::read(octets.read(), budget)?;
    for directory in &file.pages {
        each(file.page(directory, budget)?)?;
    }
    Ok(file.removed)
}

/// The first page, and what was not taken.
pub(crate) fn first_page(octets: Untrusted<'_>, budget: &mut Budget) -> Result<(Page, BTreeSet<Removal>), Refusal> {
    let mut file = File::read(octets.read(), budget)?;
    if file.pages.len() > 1 {
        file.removed.insert(Removal::Frames);
    }
    let first = file.pages.first().ok_or(Refusal::Malformed)?;
    Ok((file.page(first, budget)?, file.removed))
}

/// The pages of a file.
struct File<'a> {
    octets: &'a [u8],
    order: Order,
    pages: Vec<Directory>,
    removed: BTreeSet<Removal>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

/// TIFF 6.0 section 2: a directory.
struct Directory {
    start: u32,
    fields: BTreeMap<u16, Field>,
}

#[derive(Clone, Copy)]
struct Field {
    kind: u16,
    count: u32,
    /// Where its values start.
    at: usize,
}

// TIFF 6.0 section 8 and appendix A.
const NEW_SUBFILE_TYPE: u16 = 254;
const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIPS: u16 = 273;
const ORIENTATION: u16 = 274;
const SAMPLES: u16 = 277;
const ROWS_A_STRIP: u16 = 278;
const STRIP_OCTETS: u16 = 279;
const X_RESOLUTION: u16 = 282;
const Y_RESOLUTION: u16 = 283;
const T4_OPTIONS: u16 = 292;
const RESOLUTION_UNIT: u16 = 296;
const COLOUR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;

impl<'a> File<'a> {
    fn read(octets: &'a [u8], budget: &mut Budget) -> Result<Self, Refusal> {
        let order = match octets.get(..4) {
            Some(b"II*\0") => Order::Little,
            Some(b"MM\0*") => Order::Big,
            Some(b"II+\0" | b"MM\0+") => return Err(Refusal::Unsupported),
            Some(_) | None => return Err(Refusal::Malformed),
        };
        let mut file = Self { octets, order, pages: Vec::new(), removed: BTreeSet::new() };
        let (mut start, mut seen) = (file.long(4)?, BTreeSet::new());
        while start != 0 {
            if !seen.insert(start) {
                return Err(Refusal::Malformed);
            }
            if seen.len() > MAX_PAGES {
                return Err(Refusal::TooLarge);
            }
            budget.entries(1)?;
            let (directory, next) = file.directory(start)?;
            file.note(&directory);
            // A reduced or a mask picture of another page (section 8).
            if file.number(&directory, NEW_SUBFILE_TYPE).unwrap_or(0) & 5 == 0 {
                file.pages.push(directory);
            } else {
                file.removed.insert(Removal::Metadata);
            }
            start = next;
        }
        if file.pages.is_empty() { Err(Refusal::Malformed) } else { Ok(file) }
    }

    fn short(&self, at: usize) -> Result<u16, Refusal> {
        let pair = self.octets.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or(Refusal::Malformed)?;
        Ok(match self.order {
            Order::Little => u16::from_le_bytes(*pair),
            Order::Big => u16::from_be_bytes(*pair),
        })
    }

    fn long(&self, at: usize) -> Result<u32, Refusal> {
        let four = self.octets.get(at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Refusal::Malformed)?;
        Ok(match self.order {
            Order::Little => u32::from_le_bytes(*four),
            Order::Big => u32::from_be_bytes(*four),
        })
    }

    fn directory(&self, start: u32) -> Result<(Directory, u32), Refusal> {
        let at = usize::try_from(start).map_err(|_| Refusal::Malformed)?;
        let count = self.short(at)?;
        if count > MAX_FIELDS {
            return Err(Refusal::TooLarge);
        }
        let mut fields = BTreeMap::new();
        for entry in (0..usize::from(count)).map(|entry| at + 2 + entry * 12) {
            let (tag, kind, count) = (self.short(entry)?, self.short(entry + 2)?, self.long(entry + 4)?);
            let size = match kind {
                1 | 2 | 6 | 7 => 1,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 => 8,
                _ => continue,
            };
            let inside = u64::from(count) * size <= 4;
            let at = if inside { entry + 8 } else { self.long(entry + 8)? as usize };
            fields.entry(tag).or_insert(Field { kind, count, at });
        }
        // Some writers end the file where the last offset of 0 should stand.
        let next = self.long(at + 2 + usize::from(count) * 12).unwrap_or(0);
        Ok((Directory { start, fields }, next))
    }

    /// The first value of a field of whole numbers.
    fn number(&self, directory: &Directory, tag: u16) -> Option<u32> {
        let field = directory.fields.get(&tag).filter(|field| field.count > 0)?;
        match field.kind {
            3 => self.short(field.at).ok().map(u32::from),
            4 => self.long(field.at).ok(),
            _ => None,
        }
    }

    /// The first value of a field of fractions.
    fn fraction(&self, directory: &Directory, tag: u16) -> Option<f32> {
        let field = directory.fields.get(&tag).filter(|field| field.kind == 5 && field.count > 0)?;
        let (above, below) = (self.long(field.at).ok()?, self.long(field.at + 4).ok()?);
        #[expect(clippy::cast_precision_loss, reason = "dots per inch need no more")]
        (below != 0).then(|| above as f32 / below as f32)
    }

    /// Notes what of a directory is not in the pixels.
    fn note(&mut self, directory: &Directory) {
        for tag in directory.fields.keys() {
            let removal = match tag {
                // What the pixels are made of (sections 3 to 22).
                254..=266 | 273 | 274 | 277..=284 | 290..=293 | 296 | 297 | 301 | 317..=332 | 338..=342 => continue,
                347 | 512..=532 => continue,
                // Names, dates, programs; XMP, IPTC, Photoshop, EXIF, GPS; printers' notes.
                269..=272 | 285..=289 | 305 | 306 | 315 | 316 | 333 | 337 | 700 => Removal::Metadata,
                33_432 | 33_723 | 34_377 | 34_665 | 34_853 | 37_724 => Removal::Metadata,
                34_675 => Removal::ColorProfile,
                _ => Removal::Unknown,
            };
            self.removed.insert(removal);
        }
    }

    fn dpi(&self, directory: &Directory) -> (f32, f32) {
        // Section 8: 1 none, 2 inch, 3 centimetre.
        let to_inch = match self.number(directory, RESOLUTION_UNIT) {
            Some(3) => 2.54,
            Some(1) => return (DEFAULT_DPI, DEFAULT_DPI),
            Some(_) | None => 1.0,
        };
        let along = |tag| self.fraction(directory, tag).map(|dots| dots * to_inch).filter(|dpi| *dpi >= 10.0);
        let (across, down) = match (along(X_RESOLUTION), along(Y_RESOLUTION)) {
            (Some(across), Some(down)) => (across, down),
            (Some(both), None) | (None, Some(both)) => (both, both),
            (None, None) => (DEFAULT_DPI, DEFAULT_DPI),
        };
        // 5 to 8 stand on their side.
        let turned = self.number(directory, ORIENTATION).is_some_and(|orientation| (5..=8).contains(&orientation));
        let (across, down) = (across.min(10_000.0), down.min(10_000.0));
        if turned { (down, across) } else { (across, down) }
    }
}

#[cfg(test)]
mod tests;
