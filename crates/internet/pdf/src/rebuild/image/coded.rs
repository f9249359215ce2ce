//! What coded pictures say of themselves before they are decoded.

use crate::filters::Filter;

/// Sides as the coded data have them, which is what a decoder allots for.
pub(super) fn sides(filter: Filter, data: &[u8]) -> Option<(u32, u32)> {
    match filter {
        Filter::Jpx => {
            // ISO 15444-1 A.5.1: SIZ, then its length, capabilities, Xsiz, Ysiz.
            let at = crate::open::find(data, b"\xff\x4f\xff\x51")?;
            let side = |from: usize| Some(u32::from_be_bytes(data.get(from..from + 4)?.try_into().ok()?));
            Some((side(at + 8)?, side(at + 12)?))
        }
        Filter::Jbig2 => jbig2_sides(data),
        _ => None,
    }
}

/// ISO 14492 7.4.8: the page information segment (type 48).
fn jbig2_sides(data: &[u8]) -> Option<(u32, u32)> {
    let mut at = 0_usize;
    for _ in 0..1024 {
        let head = data.get(at..at + 11)?;
        let kind = head[4] & 0x3f;
        let wide = head[4] & 0x40 != 0;
        let references = usize::from(head[5] >> 5);
        if references > 4 {
            return None;
        }
        let number = u32::from_be_bytes(head[..4].try_into().ok()?);
        let each = if number <= 256 {
            1
        } else if number <= 65_536 {
            2
        } else {
            4
        };
        let body = at + 6 + references * each + if wide { 4 } else { 1 } + 4;
        let length = u32::from_be_bytes(data.get(body - 4..body)?.try_into().ok()?);
        if kind == 48 {
            let side = |from: usize| Some(u32::from_be_bytes(data.get(from..from + 4)?.try_into().ok()?));
            let (width, height) = (side(body)?, side(body + 4)?);
            return Some((width, if height == u32::MAX { 1 } else { height }));
        }
        at = body.checked_add(usize::try_from(length).ok()?)?;
    }
    None
}

/// The quality that the first quantization table of a JPEG stands for, by
/// the tables that all common encoders scale (ITU-T T.81 K.1).
pub(super) fn quality(jpeg: &[u8]) -> u8 {
    const SUM_AT_50: u32 = 3688;
    let Some(at) = crate::open::find(jpeg, b"\xff\xdb") else { return 85 };
    let Some(table) = jpeg.get(at + 5..at + 69) else { return 85 };
    if jpeg.get(at + 4).is_some_and(|kind| kind >> 4 != 0) {
        return 90;
    }
    let sum: u32 = table.iter().map(|step| u32::from(*step)).sum();
    let scale = sum * 100 / SUM_AT_50;
    let quality = if scale > 100 { 5000 / scale } else { 100 - scale / 2 };
    u8::try_from(quality.clamp(1, 100)).unwrap_or(85)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_is_read_from_the_table() {
        let table = |step: u8| [&[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0][..], &[step; 64]].concat();
        assert_eq!(quality(&table(1)), 100);
        assert!(quality(&table(20)) < quality(&table(10)));
        assert_eq!(quality(b"none"), 85);
    }
}
