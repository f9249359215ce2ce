//! Elements beyond the deepest nesting that is followed: how many of each name
//! are open, and the one whose inside no reader sees.

use std::collections::BTreeMap;

use html5ever::LocalName;

/// Elements that another of their name ends (HTML 13.1.2.4), so that they do
/// not stand inside one another.
const ENDED_BY_NEXT: [&str; 8] = ["p", "li", "dt", "dd", "td", "th", "tr", "option"];

/// What is open out there.
#[derive(Debug, Default)]
pub(super) struct Beyond {
    open: BTreeMap<LocalName, u32>,
    /// The outermost element that is not seen, and how many of its name are
    /// open since.
    veil: Option<(LocalName, u32)>,
}

impl Beyond {
    /// An element begins; whether its inside is seen by a reader.
    pub(super) fn begin(&mut self, name: &LocalName, seen: bool) {
        *self.open.entry(name.clone()).or_default() += 1;
        self.veil = match self.veil.take() {
            Some((veil, _)) if veil == *name && ENDED_BY_NEXT.contains(&&**name) => (!seen).then(|| (name.clone(), 1)),
            Some((veil, count)) if veil == *name => Some((veil, count + 1)),
            None if !seen => Some((name.clone(), 1)),
            veil => veil,
        };
    }

    /// An element ends; whether it was one of these.
    pub(super) fn end(&mut self, name: &LocalName) -> bool {
        let Some(count) = self.open.get_mut(name).filter(|count| **count > 0) else { return false };
        *count -= 1;
        if let Some((_, count)) = self.veil.as_mut().filter(|(veil, _)| veil == name) {
            *count -= 1;
            if *count == 0 {
                self.veil = None;
            }
        }
        true
    }

    /// Whether what comes is not seen.
    pub(super) fn hides(&self) -> bool {
        self.veil.is_some()
    }
}
