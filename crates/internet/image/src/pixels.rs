//! Pixels: what a picture is once nothing of its file is left.

use std::collections::BTreeSet;

use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

/// What a pixel is made of. Eight bits each, sRGB, alpha not multiplied in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Grey, 0 is black.
    Grey8,
    /// Grey and alpha.
    GreyAlpha8,
    /// Red, green, blue.
    Rgb8,
    /// Red, green, blue, alpha.
    Rgba8,
}

impl Form {
    /// Octets of a pixel.
    pub fn octets(self) -> usize {
        match self {
            Self::Grey8 => 1,
            Self::GreyAlpha8 => 2,
            Self::Rgb8 => 3,
            Self::Rgba8 => 4,
        }
    }

    /// Whether the last octet of a pixel is alpha.
    pub fn has_alpha(self) -> bool {
        match self {
            Self::Grey8 | Self::Rgb8 => false,
            Self::GreyAlpha8 | Self::Rgba8 => true,
        }
    }
}

/// Pixels, row by row from the top, without gaps. Each side is 1 to 65,535.
#[derive(Clone, PartialEq, Eq)]
pub struct Pixels {
    width: u32,
    height: u32,
    form: Form,
    data: Vec<u8>,
}

/// A picture that was read, and what of its file is not in the pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The pixels, upright, in sRGB.
    pub pixels: Pixels,
    /// What else was in the file.
    pub removed: BTreeSet<Removal>,
}

impl Pixels {
    /// Pixels of `form`, `data` being exactly as long as the sides say.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when it is not; [`Refusal::TooLarge`] when a side
    /// is beyond 65,535.
    pub fn new(width: u32, height: u32, form: Form, data: Vec<u8>) -> Result<Self, Refusal> {
        if width > 65_535 || height > 65_535 {
            return Err(Refusal::TooLarge);
        }
        let wanted = u64::from(width) * u64::from(height) * form.octets() as u64;
        if wanted == 0 || wanted != data.len() as u64 {
            return Err(Refusal::Malformed);
        }
        Ok(Self { width, height, form, data })
    }

    /// Pixels of a row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// What a pixel is made of.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The octets, row by row.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The octets, row by row.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }

    pub(crate) fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// The octets of each row, from the top.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.data.chunks_exact(self.width as usize * self.form.octets())
    }
}

impl std::fmt::Debug for Pixels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pixels({} x {}, {:?})", self.width, self.height, self.form)
    }
}
