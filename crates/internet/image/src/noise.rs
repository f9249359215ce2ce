//! Chance in the lowest bit of each sample, against messages hidden there.

use crate::{Form, Pixels, png};

/// Numbers that look like chance and are the same for the same seed
/// (SplitMix64; no secret depends on them).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let words = seed.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        Self(words.fold(0, |state, word| Self(state ^ word).next()))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Sets the lowest bit of each sample but alpha by chance; a sample changes by
/// one at most. Drawings of few colours stay: there a bit more is a blot.
pub(crate) fn scatter(pixels: &mut Pixels, seed: [u8; 32]) {
    if png::has_few_colours(pixels) {
        return;
    }
    let mut chance = Chance::new(seed);
    let form = pixels.form();
    let colours = match form {
        Form::Grey8 | Form::GreyAlpha8 => 1,
        Form::Rgb8 | Form::Rgba8 => 3,
    };
    let (mut word, mut left) = (0, 0);
    for pixel in pixels.data_mut().chunks_exact_mut(form.octets()) {
        if left < colours {
            (word, left) = (chance.next(), 64);
        }
        for sample in &mut pixel[..colours] {
            *sample = *sample & 0xFE | u8::from(word & 1 == 1);
            word >>= 1;
        }
        left -= colours;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn samples_change_by_one_and_alpha_does_not() {
        let mut random = Chance::new([8; 32]);
        let data: Vec<u8> = (0..4000).map(|_| (random.next() & 255) as u8).collect();
        let before = Pixels::new(50, 20, Form::Rgba8, data).unwrap();
        let mut after = before.clone();
        scatter(&mut after, [1; 32]);
        let mut changed = 0;
        for (one, two) in before.data().as_chunks::<4>().0.iter().zip(after.data().as_chunks::<4>().0) {
            assert_eq!(one[3], two[3]);
            assert!((0..3).all(|at| one[at] | 1 == two[at] | 1));
            changed += (0..3).filter(|at| one[*at] != two[*at]).count();
        }
        assert!((1200..1800).contains(&changed), "{changed} of 3000");
        let mut again = before.clone();
        scatter(&mut again, [1; 32]);
        assert_eq!(after, again);
        scatter(&mut again, [2; 32]);
        assert_ne!(after, again);
    }

    #[test]
    fn few_colours_stay() {
        let before = Pixels::new(8, 8, Form::Rgb8, [0, 200, 0].repeat(64)).unwrap();
        let mut after = before.clone();
        scatter(&mut after, [1; 32]);
        assert_eq!(before, after);
    }
}
