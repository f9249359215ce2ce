//! Hostile octets wear a name.

use std::fmt;

/// Octets that somebody else wrote. They cannot be printed, compared or
/// converted by accident: reading them takes [`Untrusted::read`], which is
/// easy to search for.
#[derive(Clone, Copy)]
pub struct Untrusted<'a>(&'a [u8]);

impl<'a> Untrusted<'a> {
    /// Marks `bytes` as hostile.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many octets.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The octets, for a parser that expects the worst.
    pub fn read(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Untrusted({} octets)", self.0.len())
    }
}
