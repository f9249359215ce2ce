//! TIFF in its many forms.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sekisho_disarm::Bounds;

use super::*;
use crate::Form;

/// A page to be written: fields by tag, kind and values, and its strip.
struct Draft {
    fields: Vec<(u16, u16, Vec<u32>)>,
    strip: Vec<u8>,
}

/// Fields of a page of `width` by `height`, `bits` and `photometric`, not compressed.
fn draft(width: u32, height: u32, bits: u32, photometric: u32, strip: Vec<u8>) -> Draft {
    let fields =
        [(WIDTH, width), (257, height), (BITS, bits), (COMPRESSION, 1), (PHOTOMETRIC, photometric), (278, height)];
    Draft { fields: fields.into_iter().map(|(tag, value)| (tag, 3, vec![value])).collect(), strip }
}

fn written(order: Order, drafts: Vec<Draft>) -> Vec<u8> {
    let short = |value: u32| {
        let value = u16::try_from(value).unwrap();
        if order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() }.to_vec()
    };
    let long = |value: u32| if order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() }.to_vec();
    let mut file = if order == Order::Big { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
    let mut link = file.len();
    file.extend(long(0));
    for mut draft in drafts {
        let strip = u32::try_from(file.len()).unwrap();
        file.extend_from_slice(&draft.strip);
        draft.fields.push((273, 4, vec![strip]));
        draft.fields.push((279, 4, vec![u32::try_from(draft.strip.len()).unwrap()]));
        draft.fields.sort();
        let mut entries = short(u32::try_from(draft.fields.len()).unwrap());
        for (tag, kind, values) in &draft.fields {
            let octets: Vec<u8> = values.iter().flat_map(|v| if *kind == 3 { short(*v) } else { long(*v) }).collect();
            entries.extend(short(u32::from(*tag)));
            entries.extend(short(u32::from(*kind)));
            entries.extend(long(u32::try_from(values.len()).unwrap() / if *kind == 5 { 2 } else { 1 }));
            if octets.len() <= 4 {
                entries.extend_from_slice(&octets);
                entries.resize(entries.len() + 4 - octets.len(), 0);
            } else {
                entries.extend(long(u32::try_from(file.len()).unwrap()));
                file.extend(octets);
            }
        }
        let start = long(u32::try_from(file.len()).unwrap());
        file[link..link + 4].copy_from_slice(&start);
        file.extend(entries);
        link = file.len();
        file.extend(long(0));
    }
    file
}

fn pages(file: &[u8]) -> Result<(Vec<Page>, BTreeSet<Removal>), Refusal> {
    let mut pages = Vec::new();
    let mut budget = Budget::new(Bounds::default());
    let removed = tiff_pages(Untrusted::new(file), &mut budget, &mut |page| {
        pages.push(page);
        Ok(())
    })?;
    Ok((pages, removed))
}

fn both(draft: impl Fn() -> Draft) -> [Vec<u8>; 2] {
    [Order::Little, Order::Big].map(|order| written(order, vec![draft()]))
}

#[test]
fn every_page_comes_with_its_dots() {
    let page = |grey: u8| {
        let mut page = draft(4, 2, 8, 1, vec![grey; 8]);
        page.fields.push((X_RESOLUTION, 5, vec![204, 1]));
        page.fields.push((Y_RESOLUTION, 5, vec![98, 1]));
        page
    };
    for order in [Order::Little, Order::Big] {
        let file = written(order, vec![page(10), page(20), page(30)]);
        assert_eq!(page_count(Untrusted::new(&file), &mut Budget::new(Bounds::default())), Ok(3));
        let (pages, removed) = pages(&file).unwrap();
        assert_eq!(removed, BTreeSet::new());
        for (page, grey) in pages.iter().zip([10, 20, 30]) {
            assert_eq!((page.pixels.data(), page.dpi), (&[grey; 8][..], (204.0, 98.0)));
        }
    }
}

#[test]
fn white_is_zero_and_black_is_zero() {
    // Rows of ten bits, padded to octets.
    let strip = vec![0b1010_0000, 0b0100_0000, 0b1111_1111, 0b1100_0000];
    for (photometric, ink) in [(0, 0), (1, 255)] {
        for file in both(|| draft(10, 2, 1, photometric, strip.clone())) {
            let (pages, _) = pages(&file).unwrap();
            let row: Vec<u8> =
                [1, 0, 1, 0, 0, 0, 0, 0, 0, 1].map(|bit| if bit == 1 { ink } else { 255 - ink }).to_vec();
            assert_eq!(pages[0].pixels.data()[..10], row, "{photometric}");
            assert_eq!(pages[0].pixels.data()[10..], [ink; 10]);
        }
    }
}

#[test]
fn places_become_colours() {
    for bits in [1u32, 4, 8] {
        let strip = match bits {
            1 => vec![0b0100_0000],
            4 => vec![0x01, 0x20],
            _ => vec![0, 1, 2],
        };
        let levels = 1u32 << bits;
        let make = || {
            let mut draft = draft(3, 1, bits, 3, strip.clone());
            let map: Vec<u32> = (0..3 * levels).map(|at| (at % levels * 17 % 256) << 8 | 7).collect();
            draft.fields.push((COLOUR_MAP, 3, map));
            draft
        };
        let expected = if bits == 1 { [0, 17, 0] } else { [0, 17, 34] };
        for file in both(make) {
            let (pages, _) = pages(&file).unwrap();
            let data: Vec<u8> = expected.into_iter().flat_map(|grey| [grey; 3]).collect();
            assert_eq!((pages[0].pixels.form(), pages[0].pixels.data()), (Form::Rgb8, &data[..]), "{bits}");
        }
    }
}

#[test]
fn grey_of_few_bits() {
    for file in both(|| draft(3, 1, 4, 0, vec![0xF0, 0x70])) {
        let (pages, _) = pages(&file).unwrap();
        assert_eq!(pages[0].pixels.data(), [0, 0, 0, 255, 255, 255, 136, 136, 136]);
    }
}

#[test]
fn pages_are_turned() {
    for (bits, strip) in [(8, vec![1, 2, 3]), (4, vec![0x12, 0x30])] {
        let mut page = draft(3, 1, bits, 1, strip);
        page.fields.push((ORIENTATION, 3, vec![6]));
        page.fields.push((X_RESOLUTION, 5, vec![100, 1]));
        page.fields.push((Y_RESOLUTION, 5, vec![50, 1]));
        let (pages, _) = pages(&written(Order::Little, vec![page])).unwrap();
        assert_eq!((pages[0].pixels.width(), pages[0].pixels.height(), pages[0].dpi), (1, 3, (50.0, 100.0)));
    }
}

#[test]
fn what_is_beside_the_pixels_is_told() {
    for (tag, removal) in [(305, Removal::Metadata), (34_675, Removal::ColorProfile), (65_000, Removal::Unknown)] {
        let mut page = draft(1, 1, 8, 1, vec![5]);
        page.fields.push((tag, 3, vec![1]));
        let (_, removed) = pages(&written(Order::Little, vec![page])).unwrap();
        assert_eq!(removed, BTreeSet::from([removal]));
    }
    let mut small = draft(1, 1, 8, 1, vec![5]);
    small.fields.push((NEW_SUBFILE_TYPE, 4, vec![1]));
    let file = written(Order::Little, vec![draft(1, 1, 8, 1, vec![5]), small]);
    let (pages, removed) = pages(&file).unwrap();
    assert_eq!((pages.len(), removed), (1, BTreeSet::from([Removal::Metadata])));
}

#[test]
fn directories_in_a_circle_are_refused() {
    let mut file = written(Order::Little, vec![draft(1, 1, 8, 1, vec![5])]);
    let start: [u8; 4] = file[4..8].try_into().unwrap();
    let end = file.len() - 4;
    file[end..].copy_from_slice(&start);
    assert_eq!(pages(&file).unwrap_err(), Refusal::Malformed);
}
