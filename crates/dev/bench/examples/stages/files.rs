//! Each kind of file, made anew by the worker's own path: a mail with one file.

use std::fmt::Write;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use sekisho_bench::documents;
use sekisho_bench::mails::{Mail, Noise, bringing};
use sekisho_job::Action;
use sekisho_safe_message::Untrusted;
use sekisho_sanitizer::{Outcome, sanitize};

use super::{Result, job, row};

pub(crate) fn rows() -> Result<()> {
    for (name, kind, content) in kinds() {
        let octets = content.len();
        let mail =
            Mail::new(format!("{name}, {} kB", octets / 1000), bringing((kind, &format!("file.{name}")), &content));
        let job = job(mail.octets().len())?;
        let Outcome::Deliver(_, report) = sanitize(Untrusted::new(mail.octets()), &job) else {
            return Err(format!("a mail with {name} is held").into());
        };
        let made_anew = |action| matches!(action, Action::Rebuild | Action::Open);
        if !report.parts.iter().any(|part| made_anew(part.action)) {
            return Err(format!("{name} is not made anew: {:?}", report.parts).into());
        }
        row(&mail, "sanitize with file", || sanitize(Untrusted::new(mail.octets()), &job));
    }
    Ok(())
}

fn kinds() -> [(&'static str, &'static str, Vec<u8>); 7] {
    let mut noise = Noise::new(3);
    [
        ("jpg", "image/jpeg", documents::jpeg(140_000, &mut noise)),
        ("png", "image/png", png(&mut noise)),
        ("pdf", "application/pdf", documents::pdf(140_000, &mut noise)),
        ("svg", "image/svg+xml", svg(&mut noise)),
        ("zip", "application/zip", documents::archive(140_000, &mut noise)),
        ("csv", "text/csv", table(&mut noise)),
        ("txt", "text/plain", "会議の議事録を送付します。\r\n".repeat(500).into_bytes()),
    ]
}

/// A screen shot: flat areas, and lines of something like text.
fn png(noise: &mut Noise) -> Vec<u8> {
    let (width, height) = (1024_u32, 768_u32);
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let text = y % 20 < 12 && x % 400 < 380 && noise.below(4) == 0;
            pixels.extend_from_slice(if text { &[30, 30, 40] } else { &[240, 244, 248] });
        }
    }
    let mut octets = Vec::new();
    // Memory takes every write.
    let _ = PngEncoder::new(&mut octets).write_image(&pixels, width, height, ExtendedColorType::Rgb8);
    octets
}

fn svg(noise: &mut Noise) -> Vec<u8> {
    let mut drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"600\" height=\"400\">".to_owned();
    for _ in 0..300 {
        let [x, y, width, height, colour] = [600, 400, 80, 60, 1000].map(|below| noise.below(below));
        let _ = write!(
            drawing,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"#{colour:03}\" fill-opacity=\"0.5\"/>"
        );
    }
    (drawing + "</svg>").into_bytes()
}

fn table(noise: &mut Noise) -> Vec<u8> {
    let row = |number| format!("{number},平面図{number},{},{}\r\n", noise.below(1000), noise.below(1000));
    let rows: String = (0..1000).map(row).collect();
    ("番号,名称,縦,横\r\n".to_owned() + &rows).into_bytes()
}
