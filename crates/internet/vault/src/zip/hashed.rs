//! A writer that knows the digest of what went through it.

use std::io::{self, Write};

use ring::digest::{Context, SHA256};
use sekisho_safe_message::Sha256;

/// Writes on to another writer, and digests what that took.
pub struct Hashed<W> {
    to: W,
    digest: Context,
    size: u64,
}

impl<W: Write> Hashed<W> {
    /// Of what is written to `to` from now on.
    pub fn new(to: W) -> Self {
        Self { to, digest: Context::new(&SHA256), size: 0 }
    }

    /// The writer, the digest of what it was given, and how many octets that was.
    pub fn finish(self) -> (W, Sha256, u64) {
        (self.to, digest(self.digest), self.size)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let count = self.to.write(buf)?;
        self.digest.update(buf.get(..count).unwrap_or_default());
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// What `context` has come to.
pub(super) fn digest(context: Context) -> Sha256 {
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    Sha256::from_bytes(out)
}
