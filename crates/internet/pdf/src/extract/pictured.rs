//! What the pictures of a page cost, before they are decoded.

use hayro_interpret::Image;
use hayro_syntax::object::Stream;
use sekisho_disarm::{Budget, Refusal};

/// Octets of a JPEG or JPEG 2000 in which its sides are looked for.
const MAX_HEAD: usize = 1 << 16;

/// Takes a picture that is drawn `times` from the budget, each time anew,
/// since hayro decodes it each time.
///
/// # Errors
/// [`Refusal::TooLarge`].
pub(super) fn charge(image: &Image<'_, '_>, times: u64, budget: &mut Budget) -> Result<(), Refusal> {
    let said = (u64::from(image.width()), u64::from(image.height()));
    let inside = match image {
        Image::Stencil(stencil) => sides(stencil.stream()),
        Image::Raster(raster) => sides(raster.stream()),
    };
    let (width, height) = inside.filter(|inside| inside.0 * inside.1 > said.0 * said.1).unwrap_or(said);
    budget.steps(times)?;
    // One picture is bounded as such; all times together by what is left.
    budget.picture(width, height)?;
    budget.picture(width.saturating_mul(height), times - times.min(1))
}

/// The sides that the data of a JPEG or JPEG 2000 name themselves, whatever
/// the dictionary says.
fn sides(stream: &Stream<'_>) -> Option<(u64, u64)> {
    let data = stream.raw_data();
    let head = &data[..data.len().min(MAX_HEAD)];
    if head.starts_with(&[0xff, 0xd8]) { jpeg_sides(head) } else { jpeg2000_sides(head) }
}

/// The first frame header (ITU-T T.81 B.2.2).
fn jpeg_sides(head: &[u8]) -> Option<(u64, u64)> {
    let mut at = 2;
    while let Some([0xff, marker, high, low, ..]) = head.get(at..) {
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let [_, a, b, c, d] = *head.get(at + 4..at + 9)?.first_chunk::<5>()?;
            return Some((u64::from(u16::from_be_bytes([c, d])), u64::from(u16::from_be_bytes([a, b]))));
        }
        at += 2 + usize::from(u16::from_be_bytes([*high, *low])).max(2);
    }
    None
}

/// The `SIZ` marker of a code stream (ITU-T T.800 A.5.1), which follows `SOC`.
fn jpeg2000_sides(head: &[u8]) -> Option<(u64, u64)> {
    let at = head.windows(4).position(|four| four == [0xff, 0x4f, 0xff, 0x51])?;
    let (numbers, _) = head.get(at + 8..at + 16)?.as_chunks::<4>();
    let [width, height] = [numbers.first()?, numbers.get(1)?].map(|number| u64::from(u32::from_be_bytes(*number)));
    Some((width, height))
}
