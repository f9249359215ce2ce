//! The passwords that may open an archive, and which did.
//!
//! Owns: the order of the tries, and a password's octets in each character set
//! that its format may have had it in.
//!
//! Never: says what a password is, in any form; a place among the others is all
//! that leaves this crate.

use std::collections::BTreeSet;
use std::hint::black_box;

use encoding_rs::SHIFT_JIS;
use sekisho_disarm::Passwords;

/// The passwords of one archive.
pub(crate) struct Keys<'p> {
    passwords: &'p Passwords,
    used: BTreeSet<usize>,
    last: Option<usize>,
}

/// A password as octets; wiped when dropped.
pub(crate) struct Octets(Vec<u8>);

impl<'p> Keys<'p> {
    pub(crate) fn new(passwords: &'p Passwords) -> Self {
        Self { passwords, used: BTreeSet::new(), last: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.passwords.is_empty()
    }

    /// The places to try, the one that opened something last first.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> + use<> {
        self.passwords.places(self.last)
    }

    /// The password at `place` in UTF-8.
    pub(crate) fn text(&self, place: usize) -> &'p str {
        self.passwords.get(place).map_or("", |secret| secret.reveal())
    }

    /// The password at `place` as ZIP may have it: in UTF-8, and in the
    /// character set of a Japanese Windows where that differs.
    pub(crate) fn octets(&self, place: usize) -> impl Iterator<Item = Octets> + use<> {
        let text = self.text(place);
        let (cp932, _, lossy) = SHIFT_JIS.encode(text);
        let other = (!text.is_ascii() && !lossy).then(|| Octets(cp932.into_owned()));
        std::iter::once(Octets(text.as_bytes().to_vec())).chain(other)
    }

    /// The password at `place` opened something.
    pub(crate) fn opened(&mut self, place: usize) {
        self.used.insert(place);
        self.last = Some(place);
    }

    /// The places of those that opened something.
    pub(crate) fn into_used(self) -> BTreeSet<usize> {
        self.used
    }
}

impl Octets {
    pub(crate) fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Octets {
    fn drop(&mut self) {
        self.0.fill(0);
        // Else the compiler sees that nobody reads the zeros.
        black_box(&self.0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use sekisho_safe_message::Secret;

    #[test]
    fn a_password_has_the_octets_of_its_time() {
        let passwords = Passwords::new(["abc", "秘密", "🔑"].map(|text| Secret::new(text).unwrap()));
        let mut keys = Keys::new(&passwords);
        let forms = |place| keys.octets(place).map(|form| form.reveal().to_vec()).collect::<Vec<_>>();
        assert_eq!(forms(0), [b"abc".to_vec()]);
        assert_eq!(forms(1), ["秘密".as_bytes().to_vec(), b"\x94\xe9\x96\xa7".to_vec()]);
        assert_eq!(forms(2), ["🔑".as_bytes().to_vec()]);
        keys.opened(2);
        assert_eq!(keys.places().collect::<Vec<_>>(), [2, 0, 1]);
        assert_eq!(keys.into_used(), BTreeSet::from([2]));
    }
}
