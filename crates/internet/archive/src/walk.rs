//! What a reader of one format tells about its archive.

use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::Removal;

use crate::keys::Keys;
use crate::names::Path;
use crate::{Entry, LeftOut, Opened, Visit};

/// The budget, the passwords, the one who takes the entries, and what was found
/// so far.
pub(crate) struct Walk<'a, 'v> {
    pub(crate) budget: &'a mut Budget,
    pub(crate) keys: Keys<'a>,
    visit: &'a mut Visit<'v>,
    opened: Opened,
}

impl<'a, 'v> Walk<'a, 'v> {
    pub(crate) fn new(budget: &'a mut Budget, keys: Keys<'a>, visit: &'a mut Visit<'v>) -> Self {
        Self { budget, keys, visit, opened: Opened::default() }
    }

    /// Whether the entry at `path` is one that anybody wants.
    pub(crate) fn wants(&mut self, path: &Path) -> bool {
        if path.is_litter() {
            self.note(Removal::Metadata);
        }
        !path.is_litter()
    }

    /// Gives an entry out.
    pub(crate) fn give(&mut self, path: Path, octets: Vec<u8>) -> Result<(), Refusal> {
        let Path { folders, name } = path;
        (self.visit)(self.budget, Entry { folders, name, octets })
    }

    /// Gives an entry out if its octets came out, else names it. Only the end
    /// of the budget and two readings end the archive.
    pub(crate) fn settle(&mut self, path: Path, octets: Result<Vec<u8>, Refusal>) -> Result<(), Refusal> {
        match octets {
            Ok(octets) => self.give(path, octets),
            Err(reason @ (Refusal::Malformed | Refusal::Unsupported | Refusal::Encrypted)) => {
                self.leave_out(&path, reason);
                Ok(())
            }
            Err(reason @ (Refusal::TooLarge | Refusal::Ambiguous)) => Err(reason),
        }
    }

    /// Names an entry that does not come out.
    pub(crate) fn leave_out(&mut self, path: &Path, reason: Refusal) {
        self.note(Removal::Entry);
        self.opened.left_out.push(LeftOut { path: path.text(), reason });
    }

    /// Notes what no entry shows.
    pub(crate) fn note(&mut self, removal: Removal) {
        self.opened.removed.insert(removal);
    }

    pub(crate) fn finish(mut self) -> Opened {
        self.opened.opened_by = self.keys.into_used();
        if !self.opened.opened_by.is_empty() {
            self.opened.removed.insert(Removal::Decrypted);
        }
        self.opened
    }
}
