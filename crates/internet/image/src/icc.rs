//! Colour profiles (ICC.1:2010): those of three primaries and of grey are
//! applied, so that nothing but sRGB leaves. Others (tables of printers and
//! scanners) are dropped and the samples stay as they are.

use crate::{Form, Pixels};

/// Entries of a curve that are read.
const MAX_CURVE: usize = 4096;

/// Tags of a profile; honest ones have some twenty.
const MAX_TAGS: usize = 100;

/// XYZ at D50 -> linear sRGB (IEC 61966-2-1, adapted by Bradford).
const TO_SRGB: [[f32; 3]; 3] = [
    [3.133_856, -1.616_866_8, -0.490_614_6],
    [-0.978_768_4, 1.916_141_5, 0.033_454],
    [0.071_945_4, -0.228_991_4, 1.405_242_7],
];

/// How samples become sRGB.
pub(crate) enum Profile {
    /// Each channel made linear, then mixed.
    Rgb { curves: Box<[[f32; 256]; 3]>, mix: [[f32; 3]; 3] },
    /// Grey by one table.
    Grey(Box<[u8; 256]>),
}

impl Profile {
    /// The profile in `octets`, if it is one that is applied and that changes
    /// anything.
    pub(crate) fn read(octets: &[u8]) -> Option<Self> {
        let read = match octets.get(16..24)? {
            b"RGB XYZ " => Self::rgb(octets)?,
            b"GRAYXYZ " => Self::Grey(Box::new(curve(tag(octets, *b"kTRC")?)?.map(encode))),
            _ => return None,
        };
        (!read.is_srgb()).then_some(read)
    }

    fn rgb(octets: &[u8]) -> Option<Self> {
        let curve = |name| curve(tag(octets, name)?);
        let curves = [curve(*b"rTRC")?, curve(*b"gTRC")?, curve(*b"bTRC")?];
        let primaries = [xyz(octets, *b"rXYZ")?, xyz(octets, *b"gXYZ")?, xyz(octets, *b"bXYZ")?];
        let cell = |row: usize, column: usize| (0..3).map(|k| TO_SRGB[row][k] * primaries[column][k]).sum();
        Some(Self::Rgb {
            curves: Box::new(curves),
            mix: [0, 1, 2].map(|row| [0, 1, 2].map(|column| cell(row, column))),
        })
    }

    /// Whether nothing changes by more than two steps: it is sRGB by another
    /// hand, and exact pixels are worth more.
    fn is_srgb(&self) -> bool {
        const LEVELS: [u8; 6] = [0, 40, 85, 128, 200, 255];
        let same = |sample: u8, other: u8| sample.abs_diff(other) <= 2;
        match self {
            Self::Grey(table) => LEVELS.iter().all(|level| same(table[usize::from(*level)], *level)),
            Self::Rgb { .. } => LEVELS.iter().all(|one| {
                LEVELS.iter().all(|two| {
                    let colours = [[*one, *two, *two], [*two, *one, *two], [*two, *two, *one]];
                    colours.into_iter().all(|colour| {
                        let out = self.apply(colour);
                        colour.iter().zip(&out).all(|(sample, other)| same(*sample, *other))
                    })
                })
            }),
        }
    }

    fn apply(&self, colour: [u8; 3]) -> [u8; 3] {
        match self {
            Self::Grey(table) => colour.map(|sample| table[usize::from(sample)]),
            Self::Rgb { curves, mix } => {
                let linear = [0, 1, 2].map(|at| curves[at][usize::from(colour[at])]);
                [0, 1, 2].map(|row| encode((0..3).map(|k| mix[row][k] * linear[k]).sum()))
            }
        }
    }

    /// Brings `pixels` to sRGB. A profile that is not of their form is not theirs.
    pub(crate) fn to_srgb(&self, pixels: &mut Pixels) {
        let form = pixels.form();
        match (self, form) {
            (Self::Grey(table), Form::Grey8 | Form::GreyAlpha8) => {
                for pixel in pixels.data_mut().chunks_exact_mut(form.octets()) {
                    pixel[0] = table[usize::from(pixel[0])];
                }
            }
            (Self::Rgb { .. }, Form::Rgb8 | Form::Rgba8) => {
                let mut last = ([0; 3], self.apply([0; 3]));
                for pixel in pixels.data_mut().chunks_exact_mut(form.octets()) {
                    let colour = [pixel[0], pixel[1], pixel[2]];
                    if colour != last.0 {
                        last = (colour, self.apply(colour));
                    }
                    pixel[..3].copy_from_slice(&last.1);
                }
            }
            (Self::Grey(_), Form::Rgb8 | Form::Rgba8) | (Self::Rgb { .. }, Form::Grey8 | Form::GreyAlpha8) => {}
        }
    }
}

/// ICC.1 7.3: the data of a tag.
fn tag(octets: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    let count = number(octets, 128)?.min(MAX_TAGS);
    let entry = octets.get(132..)?.chunks_exact(12).take(count).find(|entry| entry[..4] == name)?;
    let (start, length) = (number(entry, 4)?, number(entry, 8)?);
    octets.get(start..start.checked_add(length)?)
}

fn number(octets: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = octets.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(four)).ok()
}

/// ICC.1 4.6, s15Fixed16Number.
fn fixed(octets: &[u8], at: usize) -> Option<f32> {
    let four: [u8; 4] = octets.get(at..at + 4)?.try_into().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "a colour needs no more")]
    Some(i32::from_be_bytes(four) as f32 / 65_536.0)
}

/// ICC.1 10.27, XYZType.
fn xyz(octets: &[u8], name: [u8; 4]) -> Option<[f32; 3]> {
    let data = tag(octets, name).filter(|data| data.starts_with(b"XYZ "))?;
    Some([fixed(data, 8)?, fixed(data, 12)?, fixed(data, 16)?])
}

/// The linear light of each sample, 0 to 1.
fn curve(data: &[u8]) -> Option<[f32; 256]> {
    let at_level = |of: &dyn Fn(f32) -> f32| -> Option<[f32; 256]> {
        let curve: [f32; 256] = std::array::from_fn(|level| {
            let level = u8::try_from(level).unwrap_or(255);
            of(f32::from(level) / 255.0)
        });
        curve.iter().all(|light| light.is_finite()).then(|| curve.map(|light| light.clamp(0.0, 1.0)))
    };
    match data.get(..4)? {
        // ICC.1 10.5
        b"curv" => match number(data, 8)? {
            0 => at_level(&|x| x),
            1 => {
                let gamma = f32::from(u16::from_be_bytes([*data.get(12)?, *data.get(13)?])) / 256.0;
                at_level(&|x| x.powf(gamma))
            }
            count if count <= MAX_CURVE => {
                let table: Vec<f32> = data
                    .get(12..12 + count * 2)?
                    .chunks_exact(2)
                    .map(|pair| f32::from(u16::from_be_bytes([pair[0], pair[1]])) / 65_535.0)
                    .collect();
                at_level(&|x| between(&table, x))
            }
            _ => None,
        },
        // ICC.1 10.15
        b"para" => {
            let kind = u16::from_be_bytes([*data.get(8)?, *data.get(9)?]);
            let count = *[1usize, 3, 4, 5, 7].get(usize::from(kind))?;
            let mut p = [0.0; 7];
            for (at, value) in p.iter_mut().take(count).enumerate() {
                *value = fixed(data, 12 + at * 4)?;
            }
            at_level(&|x| parametric(kind, &p, x))
        }
        _ => None,
    }
}

/// A value between the two nearest of a table.
fn between(table: &[f32], x: f32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "at most 4,096")]
    let place = x * (table.len() - 1) as f32;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4,095")]
    let below = (place.floor() as usize).min(table.len() - 1);
    let above = (below + 1).min(table.len() - 1);
    table[below] + (table[above] - table[below]) * place.fract()
}

/// ICC.1 table 65: g, a, b, c, d, e, f.
fn parametric(kind: u16, [g, a, b, c, d, e, f]: &[f32; 7], x: f32) -> f32 {
    let power = |x: f32| (a * x + b).max(0.0).powf(*g);
    match kind {
        0 => x.powf(*g),
        1 => {
            if x >= -b / a {
                power(x)
            } else {
                0.0
            }
        }
        2 => {
            if x >= -b / a {
                power(x) + c
            } else {
                *c
            }
        }
        3 => {
            if x >= *d {
                power(x)
            } else {
                c * x
            }
        }
        _ => {
            if x >= *d {
                power(x) + e
            } else {
                c * x + f
            }
        }
    }
}

/// IEC 61966-2-1: linear light to a sample.
fn encode(linear: f32) -> u8 {
    let linear = linear.clamp(0.0, 1.0);
    let sample = if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    let sample = (sample * 255.0).round() as u8;
    sample
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[expect(clippy::cast_possible_truncation, reason = "values of a few")]
    fn as_fixed(value: f64) -> [u8; 4] {
        ((value * 65_536.0).round() as i32).to_be_bytes()
    }

    /// A profile of these primaries and this curve.
    fn profile(primaries: [[f64; 3]; 3], curve: &[u8]) -> Vec<u8> {
        let mut file = vec![0; 128];
        file[16..24].copy_from_slice(b"RGB XYZ ");
        file.extend_from_slice(&6u32.to_be_bytes());
        let mut data = Vec::new();
        for (name, primary) in [b"rXYZ", b"gXYZ", b"bXYZ"].into_iter().zip(primaries) {
            file.extend_from_slice(name);
            file.extend_from_slice(&u32::try_from(204 + data.len()).unwrap().to_be_bytes());
            file.extend_from_slice(&20u32.to_be_bytes());
            data.extend_from_slice(b"XYZ \0\0\0\0");
            for value in primary {
                data.extend_from_slice(&as_fixed(value));
            }
        }
        for name in [b"rTRC", b"gTRC", b"bTRC"] {
            file.extend_from_slice(name);
            file.extend_from_slice(&u32::try_from(204 + data.len()).unwrap().to_be_bytes());
            file.extend_from_slice(&u32::try_from(curve.len()).unwrap().to_be_bytes());
            data.extend_from_slice(curve);
        }
        file.extend_from_slice(&data);
        file
    }

    /// Gamma 563/256.
    const GAMMA: &[u8] = b"curv\0\0\0\0\0\0\0\x01\x02\x33";

    const ADOBE: [[f64; 3]; 3] = [[0.6097, 0.3111, 0.0195], [0.2053, 0.6257, 0.0609], [0.1492, 0.0632, 0.7446]];
    const SRGB: [[f64; 3]; 3] = [[0.4361, 0.2225, 0.0139], [0.3851, 0.7169, 0.0971], [0.1431, 0.0606, 0.7141]];

    #[test]
    fn a_wider_space_is_brought_to_srgb() {
        let adobe = Profile::read(&profile(ADOBE, GAMMA)).unwrap();
        let mut pixels = Pixels::new(3, 1, Form::Rgb8, vec![128, 128, 128, 200, 100, 100, 255, 255, 255]).unwrap();
        adobe.to_srgb(&mut pixels);
        let [grey, red, white] = [0, 3, 6].map(|at| pixels.data()[at..at + 3].to_vec());
        assert!(grey.iter().all(|sample| sample.abs_diff(128) <= 2), "{grey:?}");
        assert!(white.iter().all(|sample| *sample >= 254), "{white:?}");
        assert!(red[0] > 210 && red[1] < 102, "{red:?}");
    }

    #[test]
    fn srgb_itself_is_left_alone() {
        let mut curve = b"para\0\0\0\0\0\x03\0\0".to_vec();
        for parameter in [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045] {
            curve.extend_from_slice(&as_fixed(parameter));
        }
        assert!(Profile::read(&profile(SRGB, &curve)).is_none());
        assert!(Profile::read(&profile(ADOBE, &curve)).is_some());
    }

    #[test]
    fn what_is_cut_or_changed_does_no_harm() {
        let whole = profile(ADOBE, GAMMA);
        for end in 0..whole.len() {
            assert!(Profile::read(&whole[..end]).is_none());
        }
        let mut random = crate::noise::Chance::new([5; 32]);
        for _ in 0..20_000 {
            let mut changed = whole.clone();
            for _ in 0..3 {
                let at = usize::try_from(random.next() % changed.len() as u64).unwrap();
                changed[at] = (random.next() & 255) as u8;
            }
            if let Some(profile) = Profile::read(&changed) {
                let mut pixels = Pixels::new(1, 1, Form::Rgb8, vec![1, 2, 3]).unwrap();
                profile.to_srgb(&mut pixels);
            }
        }
    }
}
