//! The known key that was probably meant.

use super::{KEYS, SECTIONS};

/// The known key or section nearest to `unknown`, if any is near enough to be worth naming.
///
/// A known key of the same last name in another section comes first: `listen` and `inner.retention`
/// are more often misplaced than misspelt.
pub(crate) fn nearest(unknown: &str) -> Option<&'static str> {
    let unknown: String = unknown.chars().take(LONGEST).collect();
    misplaced(&unknown).or_else(|| misspelt(&unknown))
}

/// No key is as long; it bounds the work on what is written.
const LONGEST: usize = 64;

fn misplaced(unknown: &str) -> Option<&'static str> {
    let last = last_name(unknown);
    let mut same = KEYS.iter().filter(|key| last_name(key.name) == last);
    match (same.next(), same.next()) {
        (Some(only), None) => Some(only.name),
        (Some(_), Some(_)) | (None, _) => None,
    }
}

fn misspelt(unknown: &str) -> Option<&'static str> {
    let limit = (unknown.len() / 4).max(2);
    KEYS.iter()
        .map(|key| key.name)
        .chain(SECTIONS.iter().map(|section| section.name))
        .map(|name| (distance(unknown, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

fn last_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Levenshtein's distance, one row at a time.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_that_was_meant_is_named() {
        for (unknown, meant) in [
            ("outer.max_mesage_size", Some("outer.max_message_size")),
            ("outer.max_messagesize", Some("outer.max_message_size")),
            ("listen", Some("outer.listen")),
            ("inner.retention", Some("vault.retention")),
            ("Outer", Some("outer")),
            ("oter", Some("outer")),
            ("statedir", Some("state_dir")),
            ("worker.cout", Some("worker.count")),
            ("completely.different", None),
        ] {
            assert_eq!(nearest(unknown), meant, "{unknown}");
        }
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
