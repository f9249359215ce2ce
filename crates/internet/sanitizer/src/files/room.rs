//! What one mail may carry: the bound on its attachments, kept while they are
//! made, so that report, notice and attachments tell the same.

use std::collections::BTreeSet;

use sekisho_policy::End;
use sekisho_safe_message::{MAX_ATTACHED, MAX_ATTACHMENTS, RemovalReason, SafeKind, Sha256};

use super::{Fate, Piece, Treated};

/// What the attachments of one mail have taken so far.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// What crosses already: two files of one content are one.
    contents: BTreeSet<(SafeKind, Sha256)>,
    octets: usize,
}

impl Room {
    /// Takes the room for what was made of a part. Where there is none left, it
    /// waits for a review; of a mail that was a file the text still crosses.
    pub(super) fn admit(&mut self, treated: &mut Treated) {
        let Fate::Made { files, text, .. } = &mut treated.fate else { return };
        if self.take(files) {
            return;
        }
        if text.is_some() {
            files.clear();
            treated.output = None;
            for inside in &mut treated.inside {
                keep_out(&mut inside.treated);
            }
        } else {
            keep_out(treated);
        }
    }

    /// Whether there is room for all of `files`, which is then taken.
    fn take(&mut self, files: &[Piece]) -> bool {
        let (mut contents, mut octets) = (BTreeSet::new(), self.octets);
        for Piece { file, .. } in files {
            let content = (file.kind(), Sha256::of(&file.content().write()));
            if !self.contents.contains(&content) && contents.insert(content) {
                octets = octets.saturating_add(file.content().crossing_len());
            }
        }
        let fits = octets <= MAX_ATTACHED && self.contents.len() + contents.len() <= MAX_ATTACHMENTS;
        if fits {
            self.contents.append(&mut contents);
            self.octets = octets;
        }
        fits
    }
}

fn keep_out(treated: &mut Treated) {
    if let Fate::Made { .. } = treated.fate {
        treated.fate = Fate::Out { end: End::Quarantine, reason: RemovalReason::TooLarge };
        treated.output = None;
    }
}
