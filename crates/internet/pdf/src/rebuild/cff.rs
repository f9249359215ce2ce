//! CFF font programs of our own (Adobe Technical Notes 5176 and 5177): drawn
//! outlines and widths, and nothing of the program that they came from.
//!
//! Charstrings use `rmoveto`, `rlineto`, `rrcurveto` and `endchar` only: no
//! hints, no subroutines, no arithmetic.

use hayro_interpret::kurbo::{BezPath, PathEl, Point};

/// Names that CFF knows without their being spelled (5176 Appendix A).
const STANDARD_STRINGS: u16 = 391;

/// Coordinates are kept within this, so that differences fit 16 bits.
const MAX_COORDINATE: f64 = 16_000.0;

/// Pairs of one `rlineto`, curves of one `rrcurveto`: the argument stack holds
/// 48 numbers (5177 Appendix B).
const MAX_LINES: usize = 20;
const MAX_CURVES: usize = 7;

/// A glyph of the new font, in units of a thousandth of the font's size.
pub(super) struct Glyph {
    pub(super) outline: BezPath,
    pub(super) width: f64,
}

/// A font whose glyphs have names. The first glyph is `.notdef`.
pub(super) fn named(font: &str, glyphs: &[(String, Glyph)]) -> Vec<u8> {
    let names: Vec<&[u8]> = glyphs.iter().map(|(name, _)| name.as_bytes()).collect();
    let charset: Vec<u16> = (0..names.len()).map(|at| STANDARD_STRINGS + short(at)).collect();
    let outlines = glyphs.iter().map(|(_, glyph)| glyph);
    assemble(font, &names, &charset, charstrings(outlines), None)
}

/// A font whose glyphs have numbers (CIDs), in ascending order.
pub(super) fn numbered(font: &str, glyphs: &[(u16, Glyph)]) -> Vec<u8> {
    let charset: Vec<u16> = glyphs.iter().map(|(cid, _)| *cid).collect();
    let outlines = glyphs.iter().map(|(_, glyph)| glyph);
    let count = charset.last().copied().unwrap_or(0).saturating_add(1);
    assemble(font, &[b"Adobe", b"Identity"], &charset, charstrings(outlines), Some(count))
}

fn short(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// The parts in the order of the file. Offsets in the Top DICT are always
/// spelled in five octets, so that its length is known before they are.
fn assemble(font: &str, strings: &[&[u8]], charset: &[u16], glyphs: Vec<u8>, cids: Option<u16>) -> Vec<u8> {
    let mut head = vec![1, 0, 4, 4];
    head.extend(index(&[font.as_bytes()]));
    let after = [index(strings), index(&[])].concat();
    let charset = format_0(charset);
    // Top DICT INDEX: count 2, size of offsets 1, two offsets of 1, the data.
    let top_length = top_dict(cids, [0; 4]).len();
    let start = head.len() + 5 + top_length + after.len();
    let charset_at = start;
    let glyphs_at = charset_at + charset.len();
    let tail_at = glyphs_at + glyphs.len();
    let private = private_dict();
    let (tail, offsets) = match cids {
        None => (private.clone(), [charset_at, glyphs_at, private.len(), tail_at]),
        Some(_) => {
            // FDSelect of format 3: one range for all glyphs; then one font.
            let count = u16::from_be_bytes([glyphs[0], glyphs[1]]);
            let mut tail = vec![3, 0, 1, 0, 0, 0];
            tail.extend(count.to_be_bytes());
            let fonts_at = tail_at + tail.len();
            let font = |at: usize| [number(private.len()), long(at), vec![18]].concat();
            let private_at = fonts_at + index(&[&font(0)]).len();
            tail.extend(index(&[&font(private_at)]));
            tail.extend(&private);
            (tail, [charset_at, glyphs_at, tail_at, fonts_at])
        }
    };
    let top = top_dict(cids, offsets);
    let mut out = head;
    out.extend(index(&[&top]));
    out.extend(after);
    out.extend(charset);
    out.extend(glyphs);
    out.extend(tail);
    out
}

fn top_dict(cids: Option<u16>, [charset, glyphs, third, fourth]: [usize; 4]) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(count) = cids {
        // ROS: Adobe, Identity, 0.
        out.extend(number(usize::from(STANDARD_STRINGS)));
        out.extend(number(usize::from(STANDARD_STRINGS) + 1));
        out.extend([number(0), vec![12, 30]].concat());
        out.extend([long(usize::from(count)), vec![12, 34]].concat());
        out.extend([long(third), vec![12, 37]].concat());
        out.extend([long(fourth), vec![12, 36]].concat());
    } else {
        out.extend([long(third), long(fourth), vec![18]].concat());
    }
    out.extend([long(charset), vec![15]].concat());
    out.extend([long(glyphs), vec![17]].concat());
    out
}

/// `defaultWidthX` and `nominalWidthX` are 0: each glyph tells its width.
fn private_dict() -> Vec<u8> {
    [number(0), vec![20], number(0), vec![21]].concat()
}

fn format_0(charset: &[u16]) -> Vec<u8> {
    // The first glyph is .notdef and not listed.
    let rest = charset.iter().skip(1).flat_map(|id| id.to_be_bytes());
    std::iter::once(0).chain(rest).collect()
}

fn index(items: &[&[u8]]) -> Vec<u8> {
    let mut out = short(items.len()).to_be_bytes().to_vec();
    if items.is_empty() {
        return out;
    }
    let total = items.iter().map(|item| item.len()).sum::<usize>() + 1;
    let size = if total <= 0xff {
        1
    } else if total <= 0xffff {
        2
    } else {
        4
    };
    out.push(if size == 1 {
        1
    } else if size == 2 {
        2
    } else {
        4
    });
    let mut at = 1_u32;
    for item in std::iter::once(&[][..]).chain(items.iter().copied()) {
        at = at.saturating_add(u32::try_from(item.len()).unwrap_or(u32::MAX));
        out.extend(&at.to_be_bytes()[4 - size..]);
    }
    items.iter().for_each(|item| out.extend(*item));
    out
}

fn charstrings<'g>(glyphs: impl Iterator<Item = &'g Glyph>) -> Vec<u8> {
    let drawn: Vec<Vec<u8>> = glyphs.map(charstring).collect();
    let items: Vec<&[u8]> = drawn.iter().map(Vec::as_slice).collect();
    index(&items)
}

/// A whole number in a DICT or a charstring, as short as it gets.
fn number(number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    operand(&mut out, i32::try_from(number).unwrap_or(i32::MAX));
    out
}

/// The same in five octets (DICT only).
fn long(number: usize) -> Vec<u8> {
    let mut out = vec![29];
    out.extend(u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
    out
}

/// 5177 table 1; numbers beyond 16 bits do not occur.
fn operand(out: &mut Vec<u8>, number: i32) {
    let octet = |number: i32| number.to_le_bytes()[0];
    match number {
        -107..=107 => out.push(octet(number + 139)),
        108..=1131 => out.extend([octet((number - 108) / 256 + 247), octet(number - 108)]),
        -1131..=-108 => out.extend([octet((-number - 108) / 256 + 251), octet(-number - 108)]),
        _ => {
            let bounded = i16::try_from(number.clamp(-32_768, 32_767)).unwrap_or_default();
            out.push(28);
            out.extend(bounded.to_be_bytes());
        }
    }
}

struct Pen {
    out: Vec<u8>,
    at: (i32, i32),
    start: (i32, i32),
    pending: Vec<i32>,
    /// The operator that `pending` waits for.
    operator: u8,
}

const LINES: u8 = 5;
const CURVES: u8 = 8;
const MOVE: u8 = 21;
const END: u8 = 14;

fn charstring(glyph: &Glyph) -> Vec<u8> {
    let mut pen = Pen { out: Vec::new(), at: (0, 0), start: (0, 0), pending: Vec::new(), operator: LINES };
    operand(&mut pen.out, rounded(glyph.width).0);
    let mut current = Point::ZERO;
    let mut drawing = false;
    for element in glyph.outline.elements() {
        match *element {
            PathEl::MoveTo(to) => {
                pen.move_to(to);
                current = to;
                drawing = true;
            }
            PathEl::ClosePath => current = Point::new(pen.start.0.into(), pen.start.1.into()),
            _ if !drawing => {}
            PathEl::LineTo(to) => {
                pen.line(to);
                current = to;
            }
            PathEl::QuadTo(by, to) => {
                let first = current + (by - current) * (2.0 / 3.0);
                pen.curve(first, to + (by - to) * (2.0 / 3.0), to);
                current = to;
            }
            PathEl::CurveTo(first, second, to) => {
                pen.curve(first, second, to);
                current = to;
            }
        }
    }
    pen.flush();
    pen.out.push(END);
    pen.out
}

#[expect(clippy::cast_possible_truncation, reason = "the range is cut first; what is not a number becomes 0")]
fn rounded(number: f64) -> (i32, f64) {
    let bounded = number.round().clamp(-MAX_COORDINATE, MAX_COORDINATE);
    (bounded as i32, bounded)
}

impl Pen {
    /// The way from where the pen is, in whole units, so that rounding does
    /// not add up.
    fn step(&mut self, to: Point) -> [i32; 2] {
        let (x, y) = (rounded(to.x).0, rounded(to.y).0);
        let step = [x - self.at.0, y - self.at.1];
        self.at = (x, y);
        step
    }

    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        for number in std::mem::take(&mut self.pending) {
            operand(&mut self.out, number);
        }
        self.out.push(self.operator);
    }

    fn move_to(&mut self, to: Point) {
        self.flush();
        for number in self.step(to) {
            operand(&mut self.out, number);
        }
        self.out.push(MOVE);
        self.start = self.at;
    }

    fn line(&mut self, to: Point) {
        if self.operator != LINES || self.pending.len() >= MAX_LINES * 2 {
            self.flush();
            self.operator = LINES;
        }
        let step = self.step(to);
        if step != [0, 0] {
            self.pending.extend(step);
        }
    }

    fn curve(&mut self, first: Point, second: Point, to: Point) {
        if self.operator != CURVES || self.pending.len() >= MAX_CURVES * 6 {
            self.flush();
            self.operator = CURVES;
        }
        for point in [first, second, to] {
            let step = self.step(point);
            self.pending.extend(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> Glyph {
        let mut outline = BezPath::new();
        outline.move_to((100.0, 0.0));
        outline.line_to((600.0, 0.0));
        outline.quad_to((600.0, 700.0), (100.0, 700.0));
        outline.close_path();
        Glyph { outline, width: 700.4 }
    }

    #[test]
    fn charstrings_are_spelled_short() {
        let got = charstring(&square());
        // 700 (width) 100 0 rmoveto 500 0 rlineto 0 467 -167 233 -333 0 rrcurveto endchar
        let expected: &[u8] =
            &[249, 80, 239, 139, 21, 248, 136, 139, 5, 139, 248, 103, 251, 59, 247, 125, 251, 225, 139, 8, 14];
        assert_eq!(got, expected);
        assert_eq!(charstring(&Glyph { outline: BezPath::new(), width: 0.0 }), [139, 14]);
    }

    #[test]
    fn coordinates_that_are_no_coordinates_do_no_harm() {
        let mut outline = BezPath::new();
        outline.move_to((f64::NAN, f64::INFINITY));
        outline.line_to((1e30, -1e30));
        assert!(charstring(&Glyph { outline, width: f64::NAN }).ends_with(&[14]));
    }

    #[test]
    fn indices_have_offsets_that_fit() {
        assert_eq!(index(&[]), [0, 0]);
        assert_eq!(index(&[b"ab", b"c"]), [0, 2, 1, 1, 3, 4, b'a', b'b', b'c']);
        let big = vec![0; 300];
        assert_eq!(&index(&[&big])[..7], [0, 1, 2, 0, 1, 1, 45]);
    }
}
