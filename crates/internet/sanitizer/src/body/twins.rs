//! Whether the plain and the HTML version of a text say the same.

use std::collections::HashSet;

/// Characters of either text that are looked at.
const SAMPLE: usize = 64 * 1024;

/// Shorter HTML texts are not judged: a greeting may stand in one alone.
const LEAST: usize = 40;

/// Whether the HTML says much that the plain text does not: of the triples of
/// its letters fewer than three in ten stand in the plain one. Blanks, marks
/// and addresses of links are no letters here, so that layout does not count.
pub(super) fn differ(plain: &str, html: &str) -> bool {
    let (plain, html) = (letters(plain), letters(html));
    if html.len() < LEAST {
        return false;
    }
    let known: HashSet<&[char]> = plain.windows(3).collect();
    let triples = html.windows(3).count();
    let shared = html.windows(3).filter(|triple| known.contains(*triple)).count();
    shared * 10 < triples * 3
}

fn letters(text: &str) -> Vec<char> {
    let words = text.split_whitespace().filter(|word| !word.contains("://"));
    let letters = words.flat_map(str::chars).filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).take(SAMPLE).collect()
}

#[cfg(test)]
mod tests {
    use super::differ;

    #[test]
    fn texts_that_differ() {
        let long = "明日の会議は三階の大会議室で午前十時から行いますので、資料を持ってお集まりください。よろしくお願いします。";
        assert!(!differ(long, &long.replace('、', "、\n> ")));
        assert!(!differ(long, &format!("{long} http://a.example/unsubscribe")));
        assert!(differ("このメールはHTMLです。", long));
        assert!(differ(
            "Please enable HTML to read this mail.",
            &"Transfer the money to account 12345 today. ".repeat(3)
        ));
        assert!(!differ("x", "short"));
    }
}
