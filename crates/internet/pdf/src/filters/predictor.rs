//! Predictors (ISO 32000-1 7.4.4.4).

use hayro_syntax::object::Dict;
use sekisho_disarm::Refusal;

/// Undoes the predictor that `parameters` name.
pub(super) fn undo(data: Vec<u8>, parameters: &Dict<'_>) -> Result<Vec<u8>, Refusal> {
    let number = |key: &str, default: u32| match parameters.get::<i32>(key) {
        None => Ok(default),
        Some(number) => u32::try_from(number).map_err(|_| Refusal::Malformed),
    };
    let predictor = number("Predictor", 1)?;
    if predictor < 2 {
        return Ok(data);
    }
    let (colors, depth, columns) = (number("Colors", 1)?, number("BitsPerComponent", 8)?, number("Columns", 1)?);
    if !(1..=32).contains(&colors) || ![1, 2, 4, 8, 16].contains(&depth) || !(1..=1 << 20).contains(&columns) {
        return Err(Refusal::Malformed);
    }
    let row = (colors * depth * columns).div_ceil(8) as usize;
    let step = (colors * depth).div_ceil(8) as usize;
    if predictor == 2 {
        return Ok(difference(data, row, step, depth));
    }
    Ok(png_filters(&data, row, step))
}

/// TIFF predictor 2 for 8 bits; for others only as far as files have it.
fn difference(mut data: Vec<u8>, row: usize, step: usize, depth: u32) -> Vec<u8> {
    if depth == 8 {
        for line in data.chunks_mut(row) {
            for at in step..line.len() {
                line[at] = line[at].wrapping_add(line[at - step]);
            }
        }
    }
    data
}

fn png_filters(data: &[u8], row: usize, step: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    let mut above = vec![0_u8; row];
    let mut line = vec![0_u8; row];
    for packed in data.chunks(row + 1) {
        let Some((filter, rest)) = packed.split_first() else { break };
        line.fill(0);
        line[..rest.len()].copy_from_slice(rest);
        for at in 0..rest.len() {
            let left = if at >= step { line[at - step] } else { 0 };
            let corner = if at >= step { above[at - step] } else { 0 };
            let guess = match filter {
                1 => left,
                2 => above[at],
                3 => u8::midpoint(left, above[at]),
                4 => paeth(left, above[at], corner),
                _ => 0,
            };
            line[at] = line[at].wrapping_add(guess);
        }
        out.extend(&line[..rest.len()]);
        std::mem::swap(&mut above, &mut line);
    }
    out
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(corner));
    let guess = a + b - c;
    let (to_a, to_b, to_c) = ((guess - a).abs(), (guess - b).abs(), (guess - c).abs());
    if to_a <= to_b && to_a <= to_c {
        left
    } else if to_b <= to_c {
        above
    } else {
        corner
    }
}
