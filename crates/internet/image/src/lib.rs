//! Pictures: decoded to pixels under bounds, and pixels written anew.
//!
//! Owns: reading PNG, JPEG, GIF, BMP, TIFF, WebP, SVG, EMF and WMF, turning
//! them upright and into sRGB, and the writers of PNG, JPEG and GIF as
//! `docs/output-formats.md` has them.
//!
//! Never: an octet of the input in the output that was not decoded, a file or
//! network access (a drawing may name both), a font or clock of the system.
#![forbid(unsafe_code)]

mod decode;
mod gif;
mod icc;
mod jpeg;
mod noise;
mod pixels;
mod png;
mod rebuild;
mod svg;
mod tiff;
mod turn;
mod walk;

pub use jpeg::encode_jpeg;
pub use pixels::{Form, Picture, Pixels};
pub use png::encode_png;
pub use rebuild::{jpeg_pixels, pixels, rebuild, rebuild_with_fonts};
pub use svg::Fonts;
pub use tiff::{Page, page_count, tiff_pages};
