//! The list of link targets below the text.

use std::collections::BTreeMap;

use super::link::{self, Target};
use super::page::Page;
use super::words::Words;

/// Most link targets that are listed.
const MAX_LINKS: usize = 1000;
/// Most octets of a label that are looked at.
const MAX_LABEL: usize = 1000;

/// Targets, each once, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct References {
    base: Option<String>,
    /// The target's address, and what must be said about it.
    targets: Vec<(String, String)>,
    known: BTreeMap<String, usize>,
    /// A label belies its target.
    pub(super) misleading: bool,
}

impl References {
    /// HTML 4.2.3: the first one counts.
    pub(super) fn set_base(&mut self, href: Option<&str>) {
        if self.base.is_none() {
            self.base = href.map(|href| href.chars().take(MAX_LABEL).collect());
        }
    }

    /// Whether `href` leads where no link led before.
    pub(super) fn is_new(&self, href: &str) -> bool {
        match link::read(href, self.base.as_deref()) {
            Target::Inside => false,
            Target::Disabled(_) => true,
            Target::Place(place) => !self.known.contains_key(&place.url),
        }
    }

    /// Marks the text from `start` on as a link to `href`.
    pub(super) fn refer(&mut self, page: &mut Page, words: &Words, href: &str, start: usize) {
        let label = page.since(start, MAX_LABEL).trim();
        let mark = match link::read(href, self.base.as_deref()) {
            Target::Inside => return,
            Target::Disabled(scheme) => format!("[{}: {scheme}]", words.no_link),
            Target::Place(place) if place.is_shown_by(label) => return,
            Target::Place(place) => {
                let belied = place.is_belied_by(label);
                self.misleading |= belied;
                let number = match self.known.get(&place.url) {
                    Some(number) => *number,
                    None if self.targets.len() >= MAX_LINKS => return,
                    None => {
                        self.targets.push((place.url.clone(), place.remarks(words)));
                        self.known.insert(place.url, self.targets.len());
                        self.targets.len()
                    }
                };
                if belied { format!("[{number}: {}]", words.differs) } else { format!("[{number}]") }
            }
        };
        // A link within a link: once is enough.
        if !page.since(start, usize::MAX).ends_with(&mark) {
            page.attach(&mark);
        }
    }

    /// Writes the list.
    pub(super) fn list(&self, text: &mut String, words: &Words) {
        if self.targets.is_empty() {
            return;
        }
        text.push_str(if text.is_empty() { "" } else { "\n\n" });
        text.push_str(words.links);
        for (at, (url, remarks)) in self.targets.iter().enumerate() {
            text.push_str(&format!("\n[{}] {url}{remarks}", at + 1));
        }
    }
}
