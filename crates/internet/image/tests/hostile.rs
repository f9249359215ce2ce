//! Files that want too much, that are cut, that are changed: a picture or a
//! refusal, never a panic, and soon.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageFormat, RgbImage};
use sekisho_disarm::{Bounds, Budget, Disarmed, Options, Refusal};
use sekisho_image::{Fonts, pixels, rebuild};
use sekisho_policy::Kind;
use sekisho_safe_message::{Content, Removal, SafeKind, Untrusted};

fn run_with(kind: Kind, file: &[u8], options: &Options) -> Result<Disarmed, Refusal> {
    rebuild(kind, Untrusted::new(file), options, &mut Budget::new(Bounds::default()))
}

fn run(kind: Kind, file: &[u8]) -> Result<Disarmed, Refusal> {
    run_with(kind, file, &Options::default())
}

/// A picture with a slope, a pattern and a frame: neither flat nor noise.
fn sample(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
        let octet = |value: u32| u8::try_from(value % 256).unwrap();
        if x < 3 || y < 3 {
            image::Rgb([200, 0, 0])
        } else {
            image::Rgb([octet(x * 2), octet(y * 3), octet((x ^ y) * 4)])
        }
    }))
}

fn file(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    sample(width, height).write_to(&mut out, format).unwrap();
    out.into_inner()
}

const FORMATS: [(Kind, ImageFormat, SafeKind); 6] = [
    (Kind::Png, ImageFormat::Png, SafeKind::Png),
    (Kind::Jpeg, ImageFormat::Jpeg, SafeKind::Jpeg),
    (Kind::Gif, ImageFormat::Gif, SafeKind::Gif),
    (Kind::Bmp, ImageFormat::Bmp, SafeKind::Png),
    (Kind::Tiff, ImageFormat::Tiff, SafeKind::Png),
    (Kind::Webp, ImageFormat::WebP, SafeKind::Png),
];

/// The pixels of what crosses, by the image crate.
fn shown(content: &Content) -> Vec<u8> {
    image::load_from_memory(&content.write()).unwrap().to_rgb8().into_raw()
}

#[test]
fn what_keeps_each_pixel_keeps_it() {
    for (kind, format, safe) in FORMATS {
        let made = run(kind, &file(format, 90, 60)).unwrap();
        assert_eq!(made.content().kind(), safe);
        assert!(made.removed().is_empty(), "{kind:?}: {:?}", made.removed());
        let (before, after) =
            (image::load_from_memory(&file(format, 90, 60)).unwrap().to_rgb8(), shown(made.content()));
        let worst = before.as_raw().iter().zip(&after).map(|(one, two)| one.abs_diff(*two)).max().unwrap();
        let bound = if kind == Kind::Jpeg { 60 } else { 0 };
        assert!(worst <= bound, "{kind:?}: {worst}");
    }
}

#[test]
fn a_second_time_changes_little_and_does_not_grow() {
    for (kind, format, safe) in FORMATS {
        let once = run(kind, &file(format, 90, 60)).unwrap();
        let again = match safe {
            SafeKind::Png => Kind::Png,
            SafeKind::Jpeg => Kind::Jpeg,
            _ => Kind::Gif,
        };
        let twice = run(again, &once.content().write()).unwrap();
        assert!(twice.removed().is_empty());
        assert!(twice.content().write().len() <= once.content().write().len() + 64, "{kind:?}");
        if again != Kind::Jpeg {
            assert_eq!(twice.content(), once.content(), "{kind:?}");
        }
    }
}

#[test]
fn noise_changes_each_sample_by_one() {
    let options = Options { noise: Some([9; 32]), ..Options::default() };
    let png = file(ImageFormat::Png, 90, 60);
    let (plain, noisy) = (run(Kind::Png, &png).unwrap(), run_with(Kind::Png, &png, &options).unwrap());
    assert_ne!(plain, noisy);
    assert!(shown(plain.content()).iter().zip(shown(noisy.content())).all(|(one, two)| one.abs_diff(two) <= 1));
    assert_eq!(noisy, run_with(Kind::Png, &png, &options).unwrap());
    let jpeg = file(ImageFormat::Jpeg, 90, 60);
    assert_ne!(run(Kind::Jpeg, &jpeg).unwrap(), run_with(Kind::Jpeg, &jpeg, &options).unwrap());
}

/// A PNG of these sides whose pixels are the zlib stream `data`.
fn png_of(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = width.to_be_bytes().to_vec();
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    for (name, data) in [(b"IHDR", &header[..]), (b"IDAT", data), (b"IEND", &[])] {
        out.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(data);
        out.extend_from_slice(name);
        out.extend_from_slice(data);
        out.extend_from_slice(&crc.sum().to_be_bytes());
    }
    out
}

fn zeros(count: usize) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..count >> 20 {
        zlib.write_all(&vec![0; 1 << 20]).unwrap();
    }
    zlib.finish().unwrap()
}

#[test]
fn bombs_are_refused_or_harmless() {
    let start = Instant::now();
    assert_eq!(run(Kind::Png, &png_of(50_000, 50_000, &zeros(1 << 20))), Err(Refusal::TooLarge));
    assert_eq!(run(Kind::Png, &png_of(u32::MAX, u32::MAX, b"")), Err(Refusal::TooLarge));
    // 64 MiB behind a picture of 4 by 4.
    let _ = run(Kind::Png, &png_of(4, 4, &zeros(64 << 20)));
    let mut bmp = file(ImageFormat::Bmp, 8, 8);
    bmp[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    assert_eq!(run(Kind::Bmp, &bmp), Err(Refusal::TooLarge));
    let mut gif = file(ImageFormat::Gif, 8, 8);
    gif[6..10].copy_from_slice(&[255; 4]);
    assert_eq!(
        pixels(Kind::Gif, Untrusted::new(&gif), &Fonts::none(), &mut Budget::new(Bounds::default())),
        Err(Refusal::TooLarge)
    );
    let mut jpeg = file(ImageFormat::Jpeg, 8, 8);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[255; 4]);
    assert_eq!(run(Kind::Jpeg, &jpeg), Err(Refusal::TooLarge));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_budget_that_is_used_up_refuses() {
    for (kind, format, _) in FORMATS {
        let mut budget = Budget::new(Bounds { pixels: 90 * 60 - 1, ..Bounds::default() });
        let refused = rebuild(kind, Untrusted::new(&file(format, 90, 60)), &Options::default(), &mut budget);
        assert_eq!(refused, Err(Refusal::TooLarge), "{kind:?}");
    }
}

#[test]
fn what_is_cut_is_refused() {
    for (kind, format, _) in FORMATS {
        let whole = file(format, 90, 60);
        for part in 0..16 {
            let cut = &whole[..whole.len() * part / 16];
            // A TIFF may lack what nobody reads.
            assert!(run(kind, cut).is_err(), "{kind:?} {part}");
        }
    }
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}

#[test]
fn changed_octets_give_a_picture_or_a_refusal() {
    let mut chance = Chance(11);
    for (kind, format, _) in FORMATS {
        let whole = file(format, 40, 30);
        for _ in 0..400 {
            let mut changed = whole.clone();
            for _ in 0..=chance.below(4) {
                // The headers are where it hurts.
                let bound = if chance.below(2) == 0 { changed.len().min(200) } else { changed.len() };
                let at = chance.below(bound);
                changed[at] = u8::try_from(chance.below(256)).unwrap();
            }
            if let Ok(made) = run(kind, &changed) {
                assert!(image::load_from_memory(&made.content().write()).is_ok(), "{kind:?}");
            }
        }
    }
}

#[test]
fn any_octets_are_refused_by_every_kind() {
    let mut chance = Chance(12);
    let heads: [&[u8]; 8] = [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xFF\xD8\xFF",
        b"GIF89a",
        b"BM",
        b"II*\0\x08\0\0\0",
        b"RIFF\x20\0\0\0WEBP",
        b"\x01\0\0\0",
    ];
    for kind in Kind::ALL {
        for head in heads {
            let mut octets = head.to_vec();
            octets.extend((0..chance.below(300)).map(|_| u8::try_from(chance.below(256)).unwrap()));
            let _ = run(*kind, &octets);
        }
    }
}

#[test]
fn a_turned_photograph_stands_upright() {
    let mut jpeg = file(ImageFormat::Jpeg, 90, 60);
    // EXIF with orientation 6: the top is at the right.
    let exif = b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    jpeg.splice(2..2, *exif);
    let made = run(Kind::Jpeg, &jpeg).unwrap();
    let after = image::load_from_memory(&made.content().write()).unwrap().to_rgb8();
    assert_eq!((after.dimensions(), made.removed().iter().collect::<Vec<_>>()), ((60, 90), vec![&Removal::Metadata]));
    // The left edge of the picture, red, is now at the top; its top at the right.
    assert!(
        after.get_pixel(20, 0).0[0] > 150 && after.get_pixel(59, 50).0[0] > 150 && after.get_pixel(0, 50).0[0] < 100
    );
}

#[test]
fn several_pages_are_not_one_picture() {
    let mut tiff = file(ImageFormat::Tiff, 9, 9);
    let start = u32::from_le_bytes(tiff[4..8].try_into().unwrap()) as usize;
    let count = usize::from(u16::from_le_bytes(tiff[start..start + 2].try_into().unwrap()));
    let entries = tiff[start..start + 2 + count * 12].to_vec();
    let second = u32::try_from(tiff.len()).unwrap().to_le_bytes();
    tiff.extend_from_slice(&entries);
    tiff.extend_from_slice(&[0; 4]);
    let link = start + 2 + count * 12;
    tiff[link..link + 4].copy_from_slice(&second);
    assert_eq!(run(Kind::Tiff, &tiff), Err(Refusal::Unsupported));
}

#[test]
fn scans_beyond_what_is_honest_cost_pixels() {
    let jpeg = file(ImageFormat::Jpeg, 90, 60);
    let end = jpeg.len() - 2;
    let scan = jpeg.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    let mut more = jpeg[..end].to_vec();
    for _ in 0..20 {
        more.extend_from_slice(&jpeg[scan..end]);
    }
    more.extend_from_slice(&[0xFF, 0xD9]);
    let mut budget = Budget::new(Bounds { pixels: 90 * 60 * 8, ..Bounds::default() });
    assert_eq!(rebuild(Kind::Jpeg, Untrusted::new(&more), &Options::default(), &mut budget), Err(Refusal::TooLarge));
}

#[test]
fn one_frame_stands_still() {
    use image::codecs::gif::GifEncoder;
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new(&mut gif);
    for _ in 0..3 {
        encoder.encode_frame(image::Frame::new(sample(20, 20).to_rgba8())).unwrap();
    }
    drop(encoder);
    let made = run_with(Kind::Gif, &gif, &Options { frames: 1, ..Options::default() }).unwrap();
    assert_eq!(made.removed().iter().collect::<Vec<_>>(), [&Removal::Frames]);
}
