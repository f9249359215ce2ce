//! Baseline JPEG (ITU-T T.81) in a JFIF 1.01 or 1.02 frame, segment by
//! segment; the scan is decoded as far as its codes go.

mod scan;

use sekisho_safe_message::Untrusted;
use sekisho_verify::{Fault, Flaw};

use crate::cursor::{Cursor, hold};
use crate::{MAX_PIXELS, MAX_SIDE};
use scan::{Codes, Plane};

/// What a picture is, for whoever embeds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) width: u64,
    pub(crate) height: u64,
    pub(crate) components: usize,
}

/// Tables and frame, as they are read.
#[derive(Default)]
struct Tables {
    quantization: [bool; 4],
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    frame: Option<Frame>,
}

struct Frame {
    shape: Shape,
    components: Vec<Component>,
}

#[derive(Debug, Clone, Copy)]
struct Component {
    id: u8,
    across: u64,
    down: u64,
    quantization: usize,
}

/// A JPEG of `docs/output-formats.md`.
///
/// # Errors
/// The first rule that it breaks.
pub fn jpeg(file: Untrusted<'_>) -> Result<(), Flaw> {
    shape(file.read()).map(|_| ())
}

/// The same, and what it shows.
pub(crate) fn shape(file: &[u8]) -> Result<Shape, Flaw> {
    let mut cursor = Cursor::new(file);
    cursor.tag(b"\xff\xd8", Fault::Signature)?;
    application(&mut cursor)?;
    let mut tables = Tables::default();
    // Each table and the frame stand once at most, so that this ends soon.
    loop {
        let at = cursor.at();
        cursor.tag(b"\xff", Fault::Segment)?;
        let marker = cursor.octet()?;
        let length = usize::from(cursor.u16_be()?);
        let mut segment = Cursor::new(cursor.take(length.checked_sub(2).ok_or(Flaw::at(Fault::Segment, at))?)?);
        let read = match marker {
            0xdb => tables.quantization(&mut segment),
            0xc4 => tables.codes(&mut segment),
            0xc0 => tables.frame(&mut segment),
            0xda => {
                let planes = tables.planes(&mut segment).map_err(|flaw| Flaw::at(flaw.fault, at))?;
                let shape = tables.frame.as_ref().map(|frame| frame.shape).ok_or(Flaw::at(Fault::Segment, at))?;
                let used = scan::read(cursor.rest(), &planes).map_err(|flaw| Flaw::at(flaw.fault, at))?;
                cursor.take(used)?;
                cursor.tag(b"\xff\xd9", Fault::Scan)?;
                return cursor.end().map(|()| shape);
            }
            _ => Err(Flaw::at(Fault::Segment, at)),
        };
        read.and_then(|()| segment.end()).map_err(|flaw| Flaw::at(flaw.fault, at))?;
    }
}

/// `APP0`: JFIF without a thumbnail.
fn application(cursor: &mut Cursor<'_>) -> Result<(), Flaw> {
    let at = cursor.at();
    cursor.tag(b"\xff\xe0\x00\x10JFIF\0\x01", Fault::Segment)?;
    let version = cursor.octet()?;
    let units = cursor.octet()?;
    cursor.take(4)?;
    let thumbnail = cursor.take(2)?;
    hold(matches!(version, 1 | 2) && units <= 2 && thumbnail == [0, 0], Fault::Segment, at)
}

impl Tables {
    /// T.81 B.2.4.1; 8 bit values, none of which is 0.
    fn quantization(&mut self, segment: &mut Cursor<'_>) -> Result<(), Flaw> {
        loop {
            let id = segment.octet()?;
            let values = segment.take(64)?;
            let place = self.quantization.get_mut(usize::from(id)).filter(|defined| !**defined);
            *place.ok_or(Flaw::at(Fault::Table, 0))? = true;
            hold(!values.contains(&0), Fault::Table, 0)?;
            if segment.rest().is_empty() {
                return Ok(());
            }
        }
    }

    /// T.81 B.2.4.2.
    fn codes(&mut self, segment: &mut Cursor<'_>) -> Result<(), Flaw> {
        loop {
            let (class, id) = split(segment.octet()?);
            let mut counts = [0; 16];
            counts.copy_from_slice(segment.take(16)?);
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            hold(total <= 256, Fault::Table, 0)?;
            let symbols = segment.take(total)?;
            let (tables, sound): (_, fn(u8) -> bool) = match class {
                // Baseline: differences of 11 bits, coefficients of 10 (F.1.2).
                0 => (&mut self.dc, |symbol| symbol <= 11),
                1 => (&mut self.ac, |symbol| symbol & 15 <= 10 && (symbol & 15 > 0 || matches!(symbol, 0 | 0xf0))),
                _ => return Err(Flaw::at(Fault::Table, 0)),
            };
            hold(symbols.iter().all(|symbol| sound(*symbol)), Fault::Table, 0)?;
            let place = tables.get_mut(usize::from(id)).filter(|codes| codes.is_none());
            *place.ok_or(Flaw::at(Fault::Table, 0))? = Codes::new(&counts, symbols);
            hold(tables[usize::from(id)].is_some(), Fault::Table, 0)?;
            if segment.rest().is_empty() {
                return Ok(());
            }
        }
    }

    /// T.81 B.2.2.
    fn frame(&mut self, segment: &mut Cursor<'_>) -> Result<(), Flaw> {
        hold(self.frame.is_none() && segment.octet()? == 8, Fault::Segment, 0)?;
        let (height, width) = (u64::from(segment.u16_be()?), u64::from(segment.u16_be()?));
        hold(width > 0 && height > 0 && width <= MAX_SIDE && width * height <= MAX_PIXELS, Fault::Size, 0)?;
        let count = usize::from(segment.octet()?);
        hold(matches!(count, 1 | 3), Fault::Picture, 0)?;
        let mut components: Vec<Component> = Vec::with_capacity(count);
        for _ in 0..count {
            let id = segment.octet()?;
            let (across, down) = split(segment.octet()?);
            let quantization = usize::from(segment.octet()?);
            let sound = (1..=4).contains(&across) && (1..=4).contains(&down) && quantization < 4;
            hold(sound && components.iter().all(|other| other.id != id), Fault::Picture, 0)?;
            components.push(Component { id, across: across.into(), down: down.into(), quantization });
        }
        // B.2.3: at most ten blocks in one unit.
        let blocks: u64 = components.iter().map(|one| one.across * one.down).sum();
        hold(count == 1 || blocks <= 10, Fault::Picture, 0)?;
        self.frame = Some(Frame { shape: Shape { width, height, components: count }, components });
        Ok(())
    }

    /// T.81 B.2.3: one scan, all components, all coefficients.
    fn planes<'a>(&'a self, segment: &mut Cursor<'_>) -> Result<Vec<Plane<'a>>, Flaw> {
        let frame = self.frame.as_ref().ok_or(Flaw::at(Fault::Segment, 0))?;
        hold(usize::from(segment.octet()?) == frame.components.len(), Fault::Segment, 0)?;
        let missing = Flaw::at(Fault::Table, 0);
        let mut planes = Vec::with_capacity(frame.components.len());
        for component in &frame.components {
            hold(segment.octet()? == component.id, Fault::Segment, 0)?;
            let (dc, ac) = split(segment.octet()?);
            let codes = |tables: &'a [Option<Codes>; 4], id: u8| {
                tables.get(usize::from(id)).and_then(Option::as_ref).ok_or(missing)
            };
            let (dc, ac) = (codes(&self.dc, dc)?, codes(&self.ac, ac)?);
            hold(self.quantization[component.quantization], Fault::Table, 0)?;
            planes.push(Plane { dc, ac, blocks: blocks(frame, component) });
        }
        hold(segment.rest() == [0, 63, 0], Fault::Segment, 0)?;
        segment.take(3)?;
        let units = units(frame);
        planes.iter_mut().for_each(|plane| plane.blocks = (units, plane.blocks.1));
        Ok(planes)
    }
}

/// Units of the scan (A.2): single blocks where one component stands alone.
fn units(frame: &Frame) -> u64 {
    let Shape { width, height, components } = frame.shape;
    let most = |side: fn(&Component) -> u64| match components {
        1 => 1,
        _ => frame.components.iter().map(side).max().unwrap_or(1),
    };
    width.div_ceil(8 * most(|one| one.across)) * height.div_ceil(8 * most(|one| one.down))
}

/// Blocks of a component in each unit; the units come later.
fn blocks(frame: &Frame, component: &Component) -> (u64, u64) {
    (0, if frame.shape.components == 1 { 1 } else { component.across * component.down })
}

fn split(octet: u8) -> (u8, u8) {
    (octet >> 4, octet & 15)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::tests::assert_fragile;

    /// One grey block, all coefficients 0: the difference has code `0`, the
    /// end of the block code `0`, and six ones fill the octet.
    pub(crate) fn sample() -> Vec<u8> {
        build(&[0x3f])
    }

    fn build(scan: &[u8]) -> Vec<u8> {
        let mut out = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x02\x00\x00\x01\x00\x01\x00\x00".to_vec();
        out.extend(b"\xff\xdb\x00\x43\x00");
        out.extend([1; 64]);
        out.extend(b"\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00");
        for class in [0x00, 0x10] {
            out.extend([0xff, 0xc4, 0, 20, class, 1]);
            out.extend([0; 15]);
            out.push(0);
        }
        out.extend(b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00");
        out.extend(scan);
        out.extend(b"\xff\xd9");
        out
    }

    #[test]
    fn what_we_write_and_nothing_else() {
        let fault = |file: &[u8]| jpeg(Untrusted::new(file)).err().map(|flaw| flaw.fault);
        assert_eq!(fault(&sample()), None);
        for (scan, want) in [
            (&[0x3e][..], Fault::Scan),   // filled with a zero
            (&[0x3f, 0x3f], Fault::Scan), // an octet too many
            (&[0x00], Fault::Scan),
            (&[], Fault::Scan),
            (&[0xff, 0x00], Fault::Scan),       // no such code
            (&[0x3f, 0xff, 0xd0], Fault::Scan), // a restart
        ] {
            assert_eq!(fault(&build(scan)), Some(want), "{scan:?}");
        }
        let insert = |at: usize, octets: &[u8]| [&sample()[..at], octets, &sample()[at..]].concat();
        assert_eq!(fault(&insert(20, b"\xff\xfe\x00\x03x")), Some(Fault::Segment));
        assert_eq!(fault(&insert(20, b"\xff\xe1\x00\x03x")), Some(Fault::Segment));
        assert_eq!(fault(&insert(20, b"\xff\xdd\x00\x04\x00\x01")), Some(Fault::Segment));
        assert_eq!(fault(&insert(sample().len(), b"x")), Some(Fault::Trailing));
        assert_eq!(fault(b"\xff\xd8\xff\xe1"), Some(Fault::Segment));
    }

    #[test]
    fn truncated_files_are_refused() {
        // Density and quantization are values of which any is as good.
        let free = |at: usize| (13..18).contains(&at) || (25..89).contains(&at) || (94..98).contains(&at);
        let file = sample();
        assert_fragile(&file, |changed| {
            let changed_at = changed.iter().zip(&file).position(|(a, b)| a != b);
            match jpeg(Untrusted::new(changed)) {
                Ok(()) if changed.len() == file.len() && changed_at.is_some_and(free) => {
                    Err(Flaw::at(Fault::Unread, 0))
                }
                // The component's number and sampling mean nothing where it stands alone.
                Ok(()) if changed.len() == file.len() && changed_at.is_some_and(|at| (99..102).contains(&at)) => {
                    Err(Flaw::at(Fault::Unread, 0))
                }
                other => other,
            }
        });
    }
}
