//! Font programs: a CFF (Adobe technical note 5176) of our own outlines, one
//! table behind the other, nothing between or behind.

use sekisho_verify::Fault;

use super::charstring;
use super::grammar as g;
use super::lex::{Dict, Value};
use super::walk::Walk;

/// The first string that a font has of its own (5176 10).
const FIRST_STRING: i64 = 391;
/// Numbers of one operator of a dictionary.
const MAX_OPERANDS: usize = 3;

const CHARSET: u16 = 15;
const CHAR_STRINGS: u16 = 17;
const PRIVATE: u16 = 18;
const DEFAULT_WIDTH: u16 = 20;
const NOMINAL_WIDTH: u16 = 21;
/// Of two octets, the first 12.
const ROS: u16 = 0x0c1e;
const CID_COUNT: u16 = 0x0c22;
const FD_ARRAY: u16 = 0x0c24;
const FD_SELECT: u16 = 0x0c25;

/// Operators with their numbers.
type Entries = Vec<(u16, Vec<i64>)>;

/// The stream of a font program.
pub(super) fn file<'a>(walk: &mut Walk<'a>, dict: &'a Dict, data: &'a [u8]) -> Result<(), Fault> {
    walk.table(dict, &[g::FONT_FILE3])?;
    let font = walk.unpack(dict, data)?;
    let has_cids = dict.get(b"Subtype").and_then(Value::name) == Some(b"CIDFontType0C");
    check(&font, has_cids).ok_or(Fault::Font)
}

/// `None` if the font breaks a rule.
fn check(font: &[u8], has_cids: bool) -> Option<()> {
    font.starts_with(&[1, 0, 4, 4]).then_some(())?;
    let (names, at) = index(font, 4)?;
    let (tops, at) = index(font, at)?;
    let (strings, at) = index(font, at)?;
    let (global, at) = index(font, at)?;
    let ([_], [top], []) = (names.as_slice(), tops.as_slice(), global.as_slice()) else { return None };
    let known: &[u16] = if has_cids {
        &[ROS, CID_COUNT, CHARSET, FD_SELECT, CHAR_STRINGS, FD_ARRAY]
    } else {
        &[CHARSET, CHAR_STRINGS, PRIVATE]
    };
    let top = dictionary(top, known)?;
    let glyphs_at = one(&top, CHAR_STRINGS)?;
    let (glyphs, end) = index(font, glyphs_at)?;
    // Format 0, a number for each glyph but the first (13).
    let charset = 1 + 2 * glyphs.len().checked_sub(1)?;
    (one(&top, CHARSET)? == at && at + charset == glyphs_at && font.get(at) == Some(&0)).then_some(())?;
    glyphs.iter().try_for_each(|glyph| charstring::check(glyph))?;
    if has_cids { with_cids(font, &top, &strings, glyphs.len(), end) } else { private(font, &top, end) }
}

/// Which glyph is of which font (19), of which there is one, and that font.
fn with_cids(font: &[u8], top: &Entries, strings: &[&[u8]], glyphs: usize, at: usize) -> Option<()> {
    let (first, ros) = top.first()?;
    let [registry, ordering, 0] = ros.as_slice() else { return None };
    let string = |id: &i64| usize::try_from(id - FIRST_STRING).ok().and_then(|place| strings.get(place));
    let named = string(registry) == Some(&b"Adobe".as_slice()) && string(ordering) == Some(&b"Identity".as_slice());
    (*first == ROS && named && one(top, CID_COUNT)? <= 65_536).then_some(())?;
    let [high, low] = u16::try_from(glyphs).ok()?.to_be_bytes();
    let select = [3, 0, 1, 0, 0, 0, high, low];
    (one(top, FD_SELECT)? == at && font.get(at..)?.starts_with(&select)).then_some(())?;
    let fonts_at = at + select.len();
    let (fonts, end) = index(font, fonts_at)?;
    let [inner] = fonts.as_slice() else { return None };
    (one(top, FD_ARRAY)? == fonts_at).then_some(())?;
    private(font, &dictionary(inner, &[PRIVATE])?, end)
}

/// The private dictionary, which ends the font: both widths are 0.
fn private(font: &[u8], entries: &Entries, at: usize) -> Option<()> {
    let (_, numbers) = entries.iter().find(|(operator, _)| *operator == PRIVATE)?;
    let [size, place] = numbers.as_slice() else { return None };
    let sound = usize::try_from(*place).ok()? == at && usize::try_from(*size).ok()? == font.len().checked_sub(at)?;
    let entries = dictionary(font.get(at..).filter(|_| sound)?, &[DEFAULT_WIDTH, NOMINAL_WIDTH])?;
    (one(&entries, DEFAULT_WIDTH)? == 0 && one(&entries, NOMINAL_WIDTH)? == 0).then_some(())
}

/// The one number of an operator.
fn one(entries: &Entries, operator: u16) -> Option<usize> {
    let (_, numbers) = entries.iter().find(|(found, _)| *found == operator)?;
    let [number] = numbers.as_slice() else { return None };
    usize::try_from(*number).ok()
}

/// An INDEX (5): its parts, and the octet behind it.
fn index(font: &[u8], at: usize) -> Option<(Vec<&[u8]>, usize)> {
    let count = usize::from(u16::from_be_bytes(font.get(at..at.checked_add(2)?)?.try_into().ok()?));
    if count == 0 {
        return Some((Vec::new(), at + 2));
    }
    let size = usize::from(*font.get(at + 2).filter(|size| (1..=4).contains(*size))?);
    let offsets = font.get(at + 3..(at + 3).checked_add((count + 1) * size)?)?;
    let base = at + 2 + (count + 1) * size;
    let number = |offset: &[u8]| offset.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
    let mut places = offsets.chunks(size).map(number);
    let mut before = places.next().filter(|first| *first == 1)?;
    let mut parts = Vec::with_capacity(count);
    for next in places {
        parts.push(font.get(base.checked_add(before)?..base.checked_add(next)?)?);
        before = next;
    }
    Some((parts, base + before))
}

/// A DICT (4): operators of the list, each once; whole numbers only.
fn dictionary(octets: &[u8], known: &[u16]) -> Option<Entries> {
    let mut entries: Entries = Vec::new();
    let mut numbers = Vec::new();
    let mut rest = octets;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let number = match first {
            0..=21 => {
                let mut operator = u16::from(*first);
                if operator == 12 {
                    operator = 0x0c00 | u16::from(take::<1>(&mut rest)?[0]);
                }
                let once = known.contains(&operator) && entries.iter().all(|(other, _)| *other != operator);
                once.then_some(())?;
                entries.push((operator, std::mem::take(&mut numbers)));
                continue;
            }
            28 => i64::from(i16::from_be_bytes(take(&mut rest)?)),
            29 => i64::from(i32::from_be_bytes(take(&mut rest)?)),
            32..=246 => i64::from(*first) - 139,
            247..=250 => (i64::from(*first) - 247) * 256 + i64::from(take::<1>(&mut rest)?[0]) + 108,
            251..=254 => -(i64::from(*first) - 251) * 256 - i64::from(take::<1>(&mut rest)?[0]) - 108,
            22..=27 | 30 | 31 | 255 => return None,
        };
        numbers.push(number);
        (numbers.len() <= MAX_OPERANDS).then_some(())?;
    }
    numbers.is_empty().then_some(entries)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_verify::Flaw;

    /// Two glyphs without outlines, all places filled in.
    fn font() -> Vec<u8> {
        let head = [1, 0, 4, 4, 0, 1, 1, 1, 2, b'A'];
        let glyphs = [0, 2, 1, 1, 3, 5, 139, 14, 140, 14];
        let private = [139, 20, 139, 21];
        let top = |charset: u8| {
            let (glyphs_at, private_at) = (charset + 3, charset + 3 + 10);
            [139 + charset, 15, 139 + glyphs_at, 17, 139 + 4, 139 + private_at, 18]
        };
        let charset = u8::try_from(head.len() + 5 + 7 + 4).unwrap_or(0);
        [&head[..], &[0, 1, 1, 1, 8], &top(charset), &[0, 0, 0, 0], &[0, 0, 1], &glyphs, &private].concat()
    }

    #[test]
    fn fonts_are_as_written() {
        let font = font();
        let checked = |font: &[u8]| check(font, false).ok_or(Flaw::at(Fault::Font, 0));
        // The name, the glyph's name and the widths: any is as good.
        let free = |at: usize| at == 9 || (27..29).contains(&at) || at == 35 || at == 37;
        crate::tests::assert_fragile(&font, |changed| {
            let at = changed.iter().zip(&font).position(|(a, b)| a != b);
            match checked(changed) {
                Ok(()) if changed.len() == font.len() && at.is_some_and(free) => Err(Flaw::at(Fault::Unread, 0)),
                other => other,
            }
        });
        let mut chance = crate::tests::Chance(7);
        for _ in 0..20_000 {
            // No panic, whatever it says.
            let changed = chance.change(&font);
            let _ = (check(&changed, false), check(&changed, true));
        }
    }
}
