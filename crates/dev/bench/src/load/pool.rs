//! The mails that a run sends, over and over, in their order.

use crate::mails::Mail;

/// One mail and what its envelope is like.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The mail itself.
    pub mail: Mail,
    /// How many recipients it goes to.
    pub recipients: u8,
    /// A bounce has the null sender (RFC 5321 4.5.5).
    pub null_sender: bool,
}

/// Mails in memory; their number and size are bounded by who fills it.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    letters: Vec<Letter>,
    octets: u64,
}

impl Pool {
    /// Adds a mail.
    pub fn push(&mut self, letter: Letter) {
        self.octets += letter.mail.octets().len() as u64;
        self.letters.push(letter);
    }

    /// The mails.
    pub fn letters(&self) -> &[Letter] {
        &self.letters
    }

    /// Size of all together.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// The mail at a place in the order of sending: the pool goes round.
    pub fn at(&self, place: u64) -> Option<&Letter> {
        let at = usize::try_from(place.checked_rem(self.letters.len() as u64)?).ok()?;
        self.letters.get(at)
    }
}
