//! The discrete cosine transform of a block, and its quantization.

/// Place in the zigzag order -> place in the block (T.81 figure A.6).
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// T.81 table K.1, row by row.
pub(super) const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// T.81 table K.2, row by row.
pub(super) const CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// The table of `quality` 1 to 100, as the trade has scaled them since the
/// Independent JPEG Group's library.
pub(super) fn table(base: &[u16; 64], quality: u8) -> [u8; 64] {
    let quality = u32::from(quality.clamp(1, 100));
    let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    base.map(|step| u8::try_from(((u32::from(step) * scale + 50) / 100).clamp(1, 255)).unwrap_or(255))
}

/// The quality whose table is nearest to one in zigzag order.
pub(super) fn quality_of(zigzag: &[u16; 64]) -> u8 {
    let sum: u64 = zigzag.iter().map(|step| u64::from(*step)).sum();
    let distance = |quality: u8| {
        let steps: u64 = table(&LUMA, quality).iter().map(|step| u64::from(*step)).sum();
        steps.abs_diff(sum)
    };
    // The best of all that are equally near.
    (1..=100).rev().min_by_key(|quality| distance(*quality)).unwrap_or(75)
}

/// What each coefficient is multiplied with: the scale factors that the
/// transform leaves out, and the quantizer's step.
pub(super) fn multipliers(table: &[u8; 64]) -> [f32; 64] {
    const SCALE: [f32; 8] = [1.0, 1.387_039_8, 1.306_563, 1.175_875_6, 1.0, 0.785_694_96, 0.541_196_1, 0.275_899_38];
    std::array::from_fn(|at| 1.0 / (f32::from(table[at]) * SCALE[at / 8] * SCALE[at % 8] * 8.0))
}

/// The quantized coefficients of a block of samples less 128, in zigzag order.
pub(super) fn forward(block: &mut [f32; 64], multipliers: &[f32; 64]) -> [i16; 64] {
    for row in block.as_chunks_mut::<8>().0 {
        *row = line(*row);
    }
    for column in 0..8 {
        let done = line(std::array::from_fn(|row| block[row * 8 + column]));
        for (row, value) in done.into_iter().enumerate() {
            block[row * 8 + column] = value;
        }
    }
    std::array::from_fn(|at| {
        let place = ZIGZAG[at];
        #[expect(clippy::cast_possible_truncation, reason = "at most 1,024 in size; a float's cast saturates")]
        let value = (block[place] * multipliers[place]).round() as i16;
        value
    })
}

/// Arai, Agui and Nakajima's transform of eight samples (scaled).
fn line(d: [f32; 8]) -> [f32; 8] {
    let (t0, t7) = (d[0] + d[7], d[0] - d[7]);
    let (t1, t6) = (d[1] + d[6], d[1] - d[6]);
    let (t2, t5) = (d[2] + d[5], d[2] - d[5]);
    let (t3, t4) = (d[3] + d[4], d[3] - d[4]);
    let (e0, e3) = (t0 + t3, t0 - t3);
    let (e1, e2) = (t1 + t2, t1 - t2);
    let z1 = (e2 + e3) * std::f32::consts::FRAC_1_SQRT_2;
    let (o0, o1, o2) = (t4 + t5, t5 + t6, t6 + t7);
    let z5 = (o0 - o2) * 0.382_683_43;
    let z2 = 0.541_196_1 * o0 + z5;
    let z4 = 1.306_563 * o2 + z5;
    let z3 = o1 * std::f32::consts::FRAC_1_SQRT_2;
    let (z11, z13) = (t7 + z3, t7 - z3);
    [e0 + e1, z11 + z4, e3 + z1, z13 - z2, e0 - e1, z13 + z2, e3 - z1, z11 - z4]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_is_found_again() {
        for quality in [30, 50, 75, 85, 90, 95, 100] {
            let steps = table(&LUMA, quality);
            let zigzag = std::array::from_fn(|at| u16::from(steps[ZIGZAG[at]]));
            assert_eq!(quality_of(&zigzag), quality);
        }
    }

    #[test]
    fn a_flat_block_has_one_coefficient() {
        let ones = multipliers(&[1; 64]);
        let flat = forward(&mut [50.0; 64], &ones);
        assert_eq!((flat[0], flat[1..].iter().all(|value| *value == 0)), (400, true));
        // A cosine along the row is the second coefficient alone.
        let mut wave = std::array::from_fn(|at| {
            let x = f32::from(u8::try_from(at % 8).unwrap_or(0));
            100.0 * ((2.0 * x + 1.0) * std::f32::consts::PI / 16.0).cos()
        });
        let wave = forward(&mut wave, &ones);
        assert!((wave[1] - 566).abs() <= 1, "{wave:?}");
        assert_eq!(wave.iter().filter(|value| **value != 0).count(), 1);
    }
}
