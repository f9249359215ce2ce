//! JPEG: the baseline writer of `docs/output-formats.md`, and what is asked of
//! a JPEG before it is decoded.

mod dct;
mod encode;
mod huffman;
mod walk;

pub use encode::encode_jpeg;
pub(crate) use encode::{Encoding, encode};
pub(crate) use walk::{Walk, walk};
