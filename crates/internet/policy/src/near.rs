//! The word that was probably meant.

/// No word of ours is as long; it bounds the work on what is written.
const LONGEST: usize = 64;

/// The word nearest to `unknown`, if any is near enough to be worth naming.
pub(crate) fn nearest(unknown: &str, words: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    let unknown: Vec<char> = unknown.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let limit = if unknown.len() < 4 { 1 } else { (unknown.len() / 4).max(2) };
    let near = words.into_iter().map(|word| (distance(&unknown, word), word));
    near.filter(|(distance, _)| *distance <= limit).min().map(|(_, word)| word)
}

/// Levenshtein's distance, one row at a time.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
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
    fn the_word_that_was_meant_is_named() {
        let words = ["kind", "size_min", "size_max", "sender", "recipient"];
        for (unknown, meant) in [
            ("knd", Some("kind")),
            ("Kind", Some("kind")),
            ("max_size", None),
            ("size_mix", Some("size_max")),
            ("recipients", Some("recipient")),
            ("from", None),
        ] {
            assert_eq!(nearest(unknown, words), meant, "{unknown}");
        }
    }
}
