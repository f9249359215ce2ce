//! When a checkpoint is due, and what it says.

use crate::{Entry, Hash, Signer};

/// Signs one chain from time to time. It reads no clock and no chain: it is
/// told the head and the time, and says what to append.
///
/// What a program does with it, once a second or so: ask [`Self::due`] with the
/// head; append what it gives; log number and hash, so that another machine
/// knows them. At a clean end the same with [`Self::last`].
#[derive(Debug)]
pub struct Checkpointer {
    signer: Signer,
    /// The head when it was looked at last, and found to be signed.
    signed: u64,
    /// When entries were first seen that are not signed.
    since_ms: Option<u64>,
}

impl Checkpointer {
    /// Entries after which a checkpoint is due.
    pub const ENTRIES: u64 = 1_000;
    /// Milliseconds after which one is due, if there is anything new.
    pub const PAUSE_MS: u64 = 600_000;

    /// One that knows of no checkpoint yet.
    #[must_use]
    pub fn new(signer: Signer) -> Self {
        Self { signer, signed: 0, since_ms: None }
    }

    /// Who signs.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The entry to append now, if it is time. Tell [`Self::appended`] its
    /// number.
    #[must_use]
    pub fn due(&mut self, head: (u64, Hash), now_ms: u64) -> Option<Entry> {
        let (number, _) = head;
        if number <= self.signed {
            return None;
        }
        let since_ms = *self.since_ms.get_or_insert(now_ms);
        let long = now_ms.saturating_sub(since_ms) >= Self::PAUSE_MS;
        (long || number - self.signed >= Self::ENTRIES).then(|| self.sign(head, now_ms))
    }

    /// The entry to append at the end, if anything is new.
    #[must_use]
    pub fn last(&self, head: (u64, Hash), now_ms: u64) -> Option<Entry> {
        (head.0 > self.signed).then(|| self.sign(head, now_ms))
    }

    /// A checkpoint was appended under this number: nothing up to it is new.
    pub fn appended(&mut self, number: u64) {
        self.signed = number;
        self.since_ms = None;
    }

    fn sign(&self, (number, hash): (u64, Hash), now_ms: u64) -> Entry {
        self.signer.checkpoint(now_ms, number, &hash)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::Chain;

    fn number(entry: Option<Entry>) -> Option<u64> {
        entry.map(|entry| match entry {
            Entry::Checkpoint(checkpoint) => checkpoint.number,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn after_many_entries_or_a_while_and_never_for_nothing() {
        let mut one = Checkpointer::new(Signer::from_seed(&[1; 32], Chain::Inner).unwrap());
        let head = |number| (number, [0; 32]);
        assert_eq!(number(one.due(head(0), 0)), None);
        assert_eq!(number(one.due(head(999), 0)), None);
        assert_eq!(number(one.due(head(1_000), 1)), Some(1_000));
        // Asked again, since nothing was appended.
        assert_eq!(number(one.due(head(1_001), 1)), Some(1_001));
        one.appended(1_002);
        assert_eq!(number(one.due(head(1_002), Checkpointer::PAUSE_MS * 9)), None);
        assert_eq!(number(one.last(head(1_002), 0)), None);
        assert_eq!(number(one.due(head(1_003), 5)), None);
        assert_eq!(number(one.due(head(1_003), 4 + Checkpointer::PAUSE_MS)), None);
        assert_eq!(number(one.due(head(1_003), 5 + Checkpointer::PAUSE_MS)), Some(1_003));
        assert_eq!(number(one.last(head(1_003), 0)), Some(1_003));
    }
}
