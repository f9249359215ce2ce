//! What inks look like: CMYK to RGB for photographs, whose JPEG may have one
//! or three components only.

/// RGB of the sixteen ways to put full inks over each other on an offset
/// press, by the bits cyan 8, magenta 4, yellow 2, black 1. The usual
/// approximation of viewers without colour management.
const CORNERS: [[f32; 3]; 16] = [
    [255.0, 255.0, 255.0],
    [35.0, 31.0, 32.0],
    [255.0, 242.0, 0.0],
    [28.0, 26.0, 0.0],
    [236.0, 0.0, 140.0],
    [36.0, 0.0, 0.0],
    [237.0, 28.0, 36.0],
    [34.0, 0.0, 0.0],
    [0.0, 173.0, 239.0],
    [0.0, 15.0, 36.0],
    [0.0, 166.0, 80.0],
    [0.0, 19.0, 0.0],
    [46.0, 49.0, 146.0],
    [0.0, 0.0, 2.0],
    [54.0, 54.0, 57.0],
    [0.0, 0.0, 0.0],
];

/// RGB samples of CMYK samples, which are inverted if `inverted` (`Decode` of
/// 1 to 0, as Photoshop writes them).
pub(super) fn rgb(samples: &[u8], inverted: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(samples.len() / 4 * 3);
    let mut last = ([0_u8; 4], [255_u8; 3]);
    for inks in samples.as_chunks::<4>().0 {
        let inks = if inverted { inks.map(|ink| 255 - ink) } else { *inks };
        if inks != last.0 {
            last = (inks, mixed(inks));
        }
        out.extend(last.1);
    }
    out
}

fn mixed(inks: [u8; 4]) -> [u8; 3] {
    let inks = inks.map(|ink| f32::from(ink) / 255.0);
    let mut color = [0.0_f32; 3];
    for (bits, corner) in CORNERS.iter().enumerate() {
        let share = |ink: usize| if bits >> (3 - ink) & 1 == 1 { inks[ink] } else { 1.0 - inks[ink] };
        let weight = share(0) * share(1) * share(2) * share(3);
        for (sum, part) in color.iter_mut().zip(corner) {
            *sum += weight * part;
        }
    }
    color.map(octet)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from float saturates")]
fn octet(number: f32) -> u8 {
    (number + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inks_mix() {
        assert_eq!(rgb(&[0, 0, 0, 0], false), [255, 255, 255]);
        assert_eq!(rgb(&[255, 255, 255, 255], true), [255, 255, 255]);
        assert_eq!(rgb(&[255, 0, 0, 0, 0, 255, 255, 0], false), [0, 173, 239, 237, 28, 36]);
    }
}
