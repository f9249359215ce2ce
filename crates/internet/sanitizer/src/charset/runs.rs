//! Text put together from runs of octets in several encodings, as the shifts
//! of ISO 2022 make it.

use encoding_rs::{EUC_JP, Encoding};

/// The text so far, and the octets of the run that is open.
pub(super) struct Runs {
    text: String,
    run: Vec<u8>,
    encoding: &'static Encoding,
}

impl Runs {
    /// Nothing yet; `octets` is how much will come.
    pub(super) fn new(octets: usize) -> Self {
        Self { text: String::with_capacity(octets), run: Vec::new(), encoding: EUC_JP }
    }

    /// An octet of ASCII, which every encoding here has.
    pub(super) fn ascii(&mut self, b: u8) {
        self.run.push(b);
    }

    /// One character's octets.
    pub(super) fn octets(&mut self, encoding: &'static Encoding, octets: &[u8]) {
        if self.encoding != encoding {
            self.flush();
            self.encoding = encoding;
        }
        self.run.extend_from_slice(octets);
    }

    /// A character that is known already.
    pub(super) fn character(&mut self, c: char) {
        self.flush();
        self.text.push(c);
    }

    /// A place where something stood that cannot be read.
    pub(super) fn unreadable(&mut self) {
        self.character('\u{fffd}');
    }

    /// The text, and how many characters could not be read.
    pub(super) fn end(mut self) -> (String, u64) {
        self.flush();
        let errors = self.text.chars().filter(|c| *c == '\u{fffd}').count();
        (self.text, errors as u64)
    }

    fn flush(&mut self) {
        if !self.run.is_empty() {
            let (text, _) = self.encoding.decode_without_bom_handling(&self.run);
            self.text.push_str(&text);
            self.run.clear();
        }
    }
}
