//! Files made of pictures.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
use sekisho_disarm::{Bounds, Budget, Disarmed};
use sekisho_image::Form;
use sekisho_safe_message::{Content, Untrusted};

use hayro_syntax::object::{Array, Dict, Name, Object, Stream};

use super::*;
use crate::filters::decode;
use crate::open::open;

/// What the file says of the first page's image, and its data.
struct Read {
    size: (f32, f32),
    space: String,
    bits: u32,
    filter: Option<String>,
    data: Vec<u8>,
}

fn made(pixels: Pixels, dpi: (f32, f32)) -> Read {
    let mut pictures = Pictures::new(85);
    pictures.push(pixels, dpi).unwrap();
    let made = Disarmed::of(pictures.finish().unwrap()).unwrap();
    let Content::Pdf(file) = made.content() else { panic!("no PDF") };
    let mut budget = Budget::new(Bounds::default());
    let pdf = open(Untrusted::new(file.octets()), &mut budget).unwrap().pdf;
    let page = &pdf.pages()[0];
    let images = page.raw().get::<Dict<'_>>("Resources").unwrap().get::<Dict<'_>>("XObject").unwrap();
    let image = images.get::<Stream<'_>>("X0").unwrap();
    let space = match image.dict().get::<Object<'_>>("ColorSpace").unwrap() {
        Object::Name(name) => name.as_str().to_owned(),
        Object::Array(array) => first_name(&array),
        other => panic!("{other:?}"),
    };
    let filter = image.dict().get::<Name<'_>>("Filter").map(|name| name.as_str().to_owned());
    let data = if filter.as_deref() == Some("DCTDecode") { Vec::new() } else { decode(&image, &mut budget).unwrap() };
    let bits = image.dict().get::<u32>("BitsPerComponent").unwrap();
    Read { size: page.render_dimensions(), space, bits, filter, data }
}

fn first_name(array: &Array<'_>) -> String {
    array.iter::<Object<'_>>().next().unwrap().into_name().unwrap().as_str().to_owned()
}

#[test]
fn a_fax_page_stays_one_bit() {
    let data = (0..100_u8).map(|at| if at % 3 == 0 { 0 } else { 255 }).collect();
    let read = made(Pixels::new(10, 10, Form::Grey8, data).unwrap(), (100.0, 50.0));
    assert_eq!((read.size, read.space.as_str(), read.bits), ((7.2, 14.4), "DeviceGray", 1));
    assert_eq!(read.data.len(), 20);
    assert_eq!(read.data[..2], [0b0110_1101, 0b1000_0000]);
}

#[test]
fn few_colours_are_kept_exactly() {
    let data = (0..64_u8).flat_map(|at| [at / 16, 200, 7]).collect();
    let read = made(Pixels::new(8, 8, Form::Rgb8, data).unwrap(), (72.0, 72.0));
    assert_eq!((read.space.as_str(), read.bits, read.data.len()), ("Indexed", 2, 16));
    assert_eq!(read.data[..4], [0, 0, 0, 0]);
    assert_eq!(read.data[4..8], [0x55; 4]);
}

#[test]
fn letters_are_indexed_and_shades_are_jpeg() {
    // Black bars on white with an edge of many greys between them.
    let edge = |x: u8| match x % 16 {
        0 => 40 + x,
        1..=7 => 0,
        8 => 200 - x,
        _ => 255,
    };
    let bars: Vec<u8> = (0..64 * 64_u16).map(|at| edge(at.to_le_bytes()[0] % 64 / 2 * 2)).collect();
    let colours: Vec<u8> = (0..64_u8).flat_map(|y| (0..64).map(move |x| if x == 5 { y * 3 } else { 255 })).collect();
    for pixels in [bars, colours] {
        let read = made(Pixels::new(64, 64, Form::Grey8, pixels).unwrap(), (72.0, 72.0));
        assert_ne!(read.filter.as_deref(), Some("DCTDecode"));
    }
    let shade: Vec<u8> = (0..64 * 64_u16).flat_map(|at| [(at % 64).to_le_bytes()[0] * 3; 3]).collect();
    let read = made(Pixels::new(64, 64, Form::Rgb8, shade).unwrap(), (72.0, 72.0));
    assert_eq!((read.filter.as_deref(), read.space.as_str()), (Some("DCTDecode"), "DeviceGray"));
}

#[test]
fn alpha_lies_on_white() {
    let read = made(Pixels::new(1, 2, Form::Rgba8, vec![0, 0, 0, 0, 0, 0, 0, 255]).unwrap(), (72.0, 72.0));
    assert_eq!((read.space.as_str(), read.data), ("DeviceGray", vec![0x80, 0x00]));
}

#[test]
fn a_file_without_pages_is_none() {
    assert!(Pictures::new(85).finish().is_err());
}
