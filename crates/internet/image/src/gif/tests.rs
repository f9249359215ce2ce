//! GIF, read and written.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sekisho_disarm::Bounds;

use super::*;

/// A GIF of `count` frames by the image crate.
fn moving(count: u8) -> Vec<u8> {
    use image::codecs::gif::{GifEncoder, Repeat};
    let mut out = Vec::new();
    let mut encoder = GifEncoder::new(&mut out);
    encoder.set_repeat(Repeat::Finite(3)).unwrap();
    for at in 0..count {
        let picture = image::RgbaImage::from_fn(40, 30, |x, y| {
            image::Rgba([u8::try_from(x * 6).unwrap(), u8::try_from(y * 8).unwrap(), at * 20, 255])
        });
        encoder.encode_frame(image::Frame::new(picture)).unwrap();
    }
    drop(encoder);
    out
}

fn frames(file: &[u8]) -> Vec<(Vec<u8>, image::Delay)> {
    use image::AnimationDecoder;
    let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(file)).unwrap();
    decoder.into_frames().map(|frame| frame.unwrap()).map(|f| (f.buffer().as_raw().clone(), f.delay())).collect()
}

fn run(file: &[u8], most: u32) -> Result<Rebuilt, Refusal> {
    rebuild(file, most, &mut Budget::new(Bounds::default()))
}

#[test]
fn frames_stay_as_they_are() {
    let file = moving(5);
    let rebuilt = run(&file, 100).unwrap();
    assert_eq!((frames(&file), rebuilt.removed), (frames(&rebuilt.file), BTreeSet::new()));
    assert!(rebuilt.file.len() <= file.len() + 64, "{} {}", rebuilt.file.len(), file.len());
    let again = run(&rebuilt.file, 100).unwrap();
    assert_eq!(again.file, rebuilt.file);
}

#[test]
fn frames_over_the_bound_and_what_is_beside_them_go() {
    let plain = moving(5);
    let mut file = plain.clone();
    let end = file.len() - 1;
    file.splice(
        end..end,
        *b"\x21\xFE\x03abc\0\x21\xFF\x0BXMP DataXMP\x01x\0\x21\x99\x01x\0\x21\xFF\x0BICCRGBG1012\x01x\0",
    );
    file.extend_from_slice(b"PK\x03\x04");
    let rebuilt = run(&file, 2).unwrap();
    assert_eq!(frames(&rebuilt.file), frames(&plain)[..2]);
    let all = [Removal::Frames, Removal::Metadata, Removal::Unknown, Removal::ColorProfile, Removal::TrailingData];
    assert_eq!(rebuilt.removed, BTreeSet::from(all));
}

#[test]
fn colours_that_nobody_sees_are_not_kept() {
    // A screen of 2 by 1, four colours, of which the pixels use two.
    let file =
        b"GIF89a\x02\0\x01\0\x81\0\0\x01\x02\x03SECRET\x04\x05\x06\x2C\0\0\0\0\x02\0\x01\0\0\x02\x02\x44\x5C\0\x3B";
    let places = {
        let mut out = Vec::new();
        lzw::encode(&[0, 3], &mut out);
        out
    };
    let mut file = file[..file.len() - 6].to_vec();
    file.truncate(35);
    file.extend_from_slice(&places);
    file.push(0x3B);
    let rebuilt = run(&file, 1).unwrap();
    assert!(!rebuilt.file.windows(3).any(|three| three == b"SEC"));
    assert_eq!(frames(&rebuilt.file), frames(&file));
}

#[test]
fn interlaced_rows_are_put_in_order() {
    let rows: Vec<u8> = vec![0, 8, 4, 2, 6, 1, 3, 5, 7];
    assert_eq!(in_order(&rows, 1, 9), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn ten_thousand_frames_cost_no_more_than_the_bound() {
    let mut file = moving(1);
    let one = file[file.iter().position(|o| *o == 0x2C).unwrap()..file.len() - 1].to_vec();
    file.pop();
    let start = file.len();
    for _ in 0..10_000 {
        file.extend_from_slice(&one);
    }
    assert!(file.len() > start);
    let rebuilt = run(&file, 3).unwrap();
    assert_eq!((frames(&rebuilt.file).len(), rebuilt.removed), (3, BTreeSet::from([Removal::Frames])));
}

#[test]
fn the_first_frame_lies_on_its_screen() {
    let file = moving(2);
    let (pixels, removed) = first_frame(&file, &mut Budget::new(Bounds::default())).unwrap();
    assert_eq!((pixels.data(), removed), (&frames(&file)[0].0[..], BTreeSet::from([Removal::Frames])));
}
