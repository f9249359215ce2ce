//! Stream filters under the budget.
//!
//! Owns: `ASCIIHex`, `ASCII85`, `RunLength`, `LZW`, `Flate` and predictors
//! (ISO 32000-1 7.4), each told how much it may make. The filters of pictures
//! are left to their decoders.
//!
//! Damaged data give what stands before the damage, as all viewers show it.

mod predictor;

use flate2::{Decompress, FlushDecompress, Status};
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use sekisho_disarm::{Budget, Refusal};

/// Filters one behind the other that are followed.
const MAX_FILTERS: usize = 4;

/// A filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    AsciiHex,
    Ascii85,
    RunLength,
    Lzw,
    Flate,
    Crypt,
    CcittFax,
    Jbig2,
    Dct,
    Jpx,
}

impl Filter {
    fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"ASCIIHexDecode" | b"AHx" => Self::AsciiHex,
            b"ASCII85Decode" | b"A85" => Self::Ascii85,
            b"RunLengthDecode" | b"RL" => Self::RunLength,
            b"LZWDecode" | b"LZW" => Self::Lzw,
            b"FlateDecode" | b"Fl" => Self::Flate,
            b"Crypt" => Self::Crypt,
            b"CCITTFaxDecode" | b"CCF" => Self::CcittFax,
            b"JBIG2Decode" => Self::Jbig2,
            b"DCTDecode" | b"DCT" => Self::Dct,
            b"JPXDecode" => Self::Jpx,
            _ => return None,
        })
    }

    /// Whether its output is a picture.
    pub(crate) fn is_picture(self) -> bool {
        matches!(self, Self::CcittFax | Self::Jbig2 | Self::Dct | Self::Jpx)
    }
}

/// Data behind all filters but that of a picture.
pub(crate) struct Unpacked<'a> {
    pub(crate) data: Vec<u8>,
    /// The filter of a picture that is left, and its parameters.
    pub(crate) picture: Option<(Filter, Dict<'a>)>,
}

/// The data of `stream`, which is no picture.
///
/// # Errors
/// [`Refusal`] for filters that are unknown or those of pictures, for data
/// outside the file, and beyond the budget.
pub(crate) fn decode(stream: &Stream<'_>, budget: &mut Budget) -> Result<Vec<u8>, Refusal> {
    let unpacked = unpack(stream, budget)?;
    match unpacked.picture {
        None => Ok(unpacked.data),
        Some(_) => Err(Refusal::Malformed),
    }
}

/// The data of `stream` up to the filter of a picture.
///
/// # Errors
/// As [`decode`].
pub(crate) fn unpack<'a>(stream: &Stream<'a>, budget: &mut Budget) -> Result<Unpacked<'a>, Refusal> {
    let dict = stream.dict();
    if is_external(dict) {
        return Err(Refusal::Unsupported);
    }
    let filters = filters(dict)?;
    let mut data = stream.raw_data().into_owned();
    for (at, (filter, parameters)) in filters.iter().enumerate() {
        if filter.is_picture() {
            if at + 1 != filters.len() {
                return Err(Refusal::Unsupported);
            }
            return Ok(Unpacked { data, picture: Some((*filter, parameters.clone())) });
        }
        data = apply(*filter, &data, parameters, budget)?;
    }
    Ok(Unpacked { data, picture: None })
}

/// Whether the data of a stream are in another file (7.3.8.2).
pub(crate) fn is_external(dict: &Dict<'_>) -> bool {
    matches!(dict.get::<Object<'_>>("F"), Some(Object::String(_) | Object::Dict(_)))
}

fn filters<'a>(dict: &Dict<'a>) -> Result<Vec<(Filter, Dict<'a>)>, Refusal> {
    let either = |short: &str, long: &str| dict.get::<Object<'a>>(long).or_else(|| dict.get::<Object<'a>>(short));
    let names: Vec<Option<Name<'a>>> = match either("F", "Filter") {
        None | Some(Object::Null(_)) => return Ok(Vec::new()),
        Some(Object::Name(name)) => vec![Some(name)],
        Some(Object::Array(names)) => names.iter::<Object<'a>>().take(MAX_FILTERS + 1).map(Object::into_name).collect(),
        Some(_) => return Err(Refusal::Malformed),
    };
    if names.len() > MAX_FILTERS {
        return Err(Refusal::TooLarge);
    }
    let parameters: Vec<Dict<'a>> = match either("DP", "DecodeParms") {
        Some(Object::Dict(one)) => vec![one],
        Some(Object::Array(several)) => one_each(&several),
        _ => Vec::new(),
    };
    let known = names.iter().map(|name| name.as_ref().and_then(|name| Filter::named(name)));
    let pairs = known.enumerate().map(|(at, filter)| {
        let own = parameters.get(at).cloned().unwrap_or_default();
        filter.map(|filter| (filter, own)).ok_or(Refusal::Unsupported)
    });
    pairs.collect()
}

fn one_each<'a>(several: &Array<'a>) -> Vec<Dict<'a>> {
    let objects = several.iter::<Object<'a>>().take(MAX_FILTERS);
    objects.map(|object| object.into_dict().unwrap_or_default()).collect()
}

fn apply(filter: Filter, data: &[u8], parameters: &Dict<'_>, budget: &mut Budget) -> Result<Vec<u8>, Refusal> {
    let limit = usize::try_from(budget.octets_left()).unwrap_or(usize::MAX);
    let made = match filter {
        Filter::AsciiHex => ascii_hex(data),
        Filter::Ascii85 => ascii85(data, limit)?,
        Filter::RunLength => run_length(data, limit)?,
        Filter::Lzw => lzw(data, parameters.get::<i32>("EarlyChange").unwrap_or(1) != 0, limit)?,
        Filter::Flate => inflate(data, limit)?,
        Filter::Crypt => data.to_vec(),
        Filter::CcittFax | Filter::Jbig2 | Filter::Dct | Filter::Jpx => return Err(Refusal::Unsupported),
    };
    budget.octets(made.len() as u64)?;
    match filter {
        Filter::Lzw | Filter::Flate => predictor::undo(made, parameters),
        _ => Ok(made),
    }
}

fn ascii_hex(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 2 + 1);
    let mut high = None;
    for octet in data.iter().take_while(|octet| **octet != b'>') {
        let Some(digit) = char::from(*octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else { continue };
        match high.take() {
            None => high = Some(digit << 4),
            Some(half) => out.push(half | digit),
        }
    }
    out.extend(high);
    out
}

fn ascii85(data: &[u8], limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let mut group = [0_u8; 5];
    let mut filled = 0;
    for octet in data {
        if out.len() > limit {
            return Err(Refusal::TooLarge);
        }
        match octet {
            b'~' => break,
            b'z' if filled == 0 => out.extend([0; 4]),
            b'!'..=b'u' => {
                group[filled] = octet - b'!';
                filled += 1;
                if filled == 5 {
                    out.extend(base85(group));
                    filled = 0;
                }
            }
            _ => {}
        }
    }
    if filled > 1 {
        group[filled..].fill(84);
        out.extend(&base85(group)[..filled - 1]);
    }
    Ok(out)
}

fn base85(group: [u8; 5]) -> [u8; 4] {
    group.iter().fold(0_u32, |sum, digit| sum.wrapping_mul(85).wrapping_add(u32::from(*digit))).to_be_bytes()
}

fn run_length(data: &[u8], limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let mut rest = data;
    while let Some((length, behind)) = rest.split_first() {
        match length {
            128 => break,
            0..=127 => {
                let (run, behind) = behind.split_at((usize::from(*length) + 1).min(behind.len()));
                out.extend(run);
                rest = behind;
            }
            129..=255 => {
                let Some((octet, behind)) = behind.split_first() else { break };
                out.resize(out.len() + 257 - usize::from(*length), *octet);
                rest = behind;
            }
        }
        if out.len() > limit {
            return Err(Refusal::TooLarge);
        }
    }
    Ok(out)
}

/// Inflates a zlib stream, or a bare Deflate stream; what stands before
/// damage is kept.
pub(crate) fn inflate(data: &[u8], limit: usize) -> Result<Vec<u8>, Refusal> {
    let zlib = inflate_as(true, data, limit)?;
    if !zlib.is_empty() || data.is_empty() {
        return Ok(zlib);
    }
    // A wrong header: the data behind it, then the data as a whole.
    let behind = inflate_as(false, data.get(2..).unwrap_or_default(), limit)?;
    if behind.is_empty() { inflate_as(false, data, limit) } else { Ok(behind) }
}

fn inflate_as(zlib: bool, data: &[u8], limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut decoder = Decompress::new(zlib);
    let mut out = Vec::with_capacity(data.len().saturating_mul(3).min(limit).min(1 << 24));
    loop {
        let (read, before) = (total_in(&decoder), out.len());
        if out.capacity() == before {
            out.reserve(before.clamp(4096, 1 << 24));
        }
        let rest = data.get(read..).unwrap_or_default();
        let status = decoder.decompress_vec(rest, &mut out, FlushDecompress::None);
        if out.len() > limit {
            return Err(Refusal::TooLarge);
        }
        let stuck = out.len() == before && total_in(&decoder) == read;
        match status {
            Ok(Status::Ok | Status::BufError) if !stuck => {}
            Ok(Status::Ok | Status::BufError | Status::StreamEnd) | Err(_) => return Ok(out),
        }
    }
}

fn total_in(decoder: &Decompress) -> usize {
    usize::try_from(decoder.total_in()).unwrap_or(usize::MAX)
}

/// LZW (7.4.4). A table entry is the place of its octets in the output, which
/// keeps the work linear.
fn lzw(data: &[u8], early: bool, limit: usize) -> Result<Vec<u8>, Refusal> {
    const CLEAR: usize = 256;
    const END: usize = 257;
    let mut out: Vec<u8> = Vec::new();
    let mut table: Vec<(usize, usize)> = Vec::with_capacity(4096);
    let mut previous: Option<(usize, usize)> = None;
    let (mut bits, mut count, mut rest) = (0_u32, 0_u32, data.iter());
    loop {
        let next = 258 + table.len() + usize::from(early);
        let width = match next {
            ..=511 => 9,
            512..=1023 => 10,
            1024..=2047 => 11,
            _ => 12,
        };
        while count < width {
            let Some(octet) = rest.next() else { return Ok(out) };
            bits = (bits << 8) | u32::from(*octet);
            count += 8;
        }
        count -= width;
        let code = (bits >> count) as usize & ((1 << width) - 1);
        bits &= (1 << count) - 1;
        if code == CLEAR {
            table.clear();
            previous = None;
            continue;
        }
        if code == END {
            return Ok(out);
        }
        // What a new entry adds to the one before is the octet that comes now.
        if let Some((start, length)) = previous
            && table.len() < 4096 - 258
        {
            table.push((start, length + 1));
        }
        let start = out.len();
        if code < 256 {
            out.push(code.to_le_bytes()[0]);
        } else {
            let Some((from, length)) = table.get(code - 258).copied() else { return Ok(out) };
            for at in from..from + length {
                let Some(octet) = out.get(at).copied() else { return Ok(out) };
                out.push(octet);
            }
        }
        if out.len() > limit {
            return Err(Refusal::TooLarge);
        }
        previous = Some((start, out.len() - start));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use hayro_syntax::object::FromBytes;
    use sekisho_disarm::Bounds;

    use super::*;
    use crate::write::deflate;

    fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
        let mut out = format!("<<{dict}/Length {}>>stream\n", data.len()).into_bytes();
        out.extend(data);
        out.extend(b"\nendstream");
        out
    }

    fn decoded(dict: &str, data: &[u8], octets: u64) -> Result<Vec<u8>, Refusal> {
        let bytes = stream(dict, data);
        let mut budget = Budget::new(Bounds { octets, ..Bounds::default() });
        decode(&Stream::from_bytes(&bytes).unwrap(), &mut budget)
    }

    #[test]
    fn filters_undo_what_was_done() {
        let flate = deflate(b"hello hello hello");
        for (dict, data, expected) in [
            ("", &b"plain"[..], &b"plain"[..]),
            ("/Filter/ASCIIHexDecode", b"68 65 6C6c6f 7>", b"hellop"),
            ("/Filter[/A85]", b"87cURD]j7BEbo80~>", b"Hello world!"),
            ("/Filter/RunLengthDecode", &[2, b'a', b'b', b'c', 254, b'd', 128, 9], b"abcddd"),
            ("/Filter/FlateDecode", &flate, b"hello hello hello"),
            ("/Filter/LZWDecode", &[0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01], b"-----A---B"),
            (
                "/Filter/Fl/DecodeParms<</Predictor 12/Columns 3>>",
                &deflate(&[2, 1, 2, 3, 2, 1, 1, 1]),
                &[1, 2, 3, 2, 3, 4],
            ),
            ("/Filter/Fl/DecodeParms<</Predictor 2/Columns 3>>", &deflate(&[1, 1, 1]), &[1, 2, 3]),
        ] {
            assert_eq!(decoded(dict, data, 1000).as_deref(), Ok(expected), "{dict}");
        }
    }

    #[test]
    fn odd_filters_are_refused() {
        for (dict, refusal) in [
            ("/Filter/Made-up", Refusal::Unsupported),
            ("/Filter[/Fl/Fl/Fl/Fl/Fl]", Refusal::TooLarge),
            ("/Filter/DCTDecode", Refusal::Malformed),
            ("/F(other.pdf)", Refusal::Unsupported),
            ("/Filter/Fl/DecodeParms<</Predictor 12/Columns -3>>", Refusal::Malformed),
        ] {
            assert_eq!(decoded(dict, &deflate(b"x"), 1000), Err(refusal), "{dict}");
        }
    }

    #[test]
    fn bombs_stop_at_the_budget() {
        let bomb = deflate(&vec![0; 1 << 22]);
        assert_eq!(decoded("/Filter/FlateDecode", &bomb, 1 << 20), Err(Refusal::TooLarge));
        let twice = deflate(&bomb);
        assert_eq!(decoded("/Filter[/FlateDecode/FlateDecode]", &twice, 1 << 20), Err(Refusal::TooLarge));
        assert_eq!(decoded("/Filter/RL", &[129, 0].repeat(1000), 1 << 10), Err(Refusal::TooLarge));
        assert_eq!(decoded("/Filter/A85", &[b'z'; 1000], 1 << 10), Err(Refusal::TooLarge));
    }

    #[test]
    fn damage_costs_only_what_stands_behind_it() {
        let whole: Vec<u8> = (0..20_000_u32).flat_map(|n| n.to_le_bytes()).collect();
        let packed = deflate(&whole);
        let half = decoded("/Filter/FlateDecode", &packed[..packed.len() / 2], 1 << 20).unwrap();
        assert!(half.len() > 1000 && whole.starts_with(&half));
    }
}
