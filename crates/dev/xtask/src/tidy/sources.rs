//! Rules over source files.

use std::path::Path;

use super::{Complaints, Tree};

/// Lines of a Rust file without its tests: what one reading can hold.
const MAX_LINES: usize = 500;

/// Longer files, and why they may be.
const LONG: [(&str, &str); 0] = [];

/// Every Rust file says first what it is for.
pub(super) fn begin_with_their_purpose(tree: &Tree) -> Complaints {
    let bare = |path: &&Path| !tree.text(path).starts_with("//!");
    tree.with(&["rs"]).filter(bare).map(|path| format!("{}: begins with no `//!`", path.display())).collect()
}

/// No file grows until nobody reads it.
pub(super) fn are_not_too_long(tree: &Tree) -> Complaints {
    let mut complaints = Vec::new();
    for path in tree.with(&["rs"]).filter(|path| !is_test(path)) {
        let text = tree.text(path);
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        let excused = LONG.iter().any(|(known, _)| Path::new(known) == path);
        if lines > MAX_LINES && !excused {
            complaints.push(format!("{}: {lines} lines; split it where a thought ends", path.display()));
        }
    }
    for (known, reason) in LONG {
        if !tree.has(Path::new(known)) {
            complaints.push(format!("{known}: excused from its length ({reason}), and not there"));
        }
    }
    complaints
}

fn is_test(path: &Path) -> bool {
    path.iter().any(|part| part == "tests" || part == "benches")
}

/// `unsafe` stands in the sandbox and nowhere else, not even in tests.
pub(super) fn have_unsafe_in_one_room(tree: &Tree) -> Complaints {
    let mut complaints = Vec::new();
    for path in tree.with(&["rs"]).filter(|path| !path.starts_with("crates/shared/sandbox")) {
        for (at, line) in tree.text(path).lines().enumerate() {
            if is_unsafe(line) {
                complaints.push(format!("{}:{}: unsafe code outside the sandbox", path.display(), at + 1));
            }
        }
    }
    complaints
}

fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let word = concat!("un", "safe");
    code.split_once(word).is_some_and(|(before, after)| {
        let starts = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '"');
        let opens = ["{", "fn ", "impl ", "trait ", "extern "].iter().any(|it| after.trim_start().starts_with(it));
        starts && (opens && after.starts_with(' ') || after.starts_with('('))
    })
}

/// What is left to do is an issue, not a comment.
pub(super) fn leave_nothing_for_later(tree: &Tree) -> Complaints {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK:")];
    let mut complaints = Vec::new();
    for path in tree.with(&["rs", "md", "toml", "sh", "service"]) {
        for (at, line) in tree.text(path).lines().enumerate() {
            if let Some(word) = words.iter().find(|word| has_word(line, word)) {
                complaints.push(format!("{}:{}: {word}", path.display(), at + 1));
            }
        }
    }
    complaints
}

/// Whether `word` stands in `line`, not behind another letter: calendars have
/// entries that are called V and one of the words.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric()))
}

/// Text files end with one line end, and their lines with no blank.
pub(super) fn have_clean_ends(tree: &Tree) -> Complaints {
    let mut complaints = Vec::new();
    for path in tree.with(&["rs", "md", "toml", "sh", "service", "json"]) {
        let text = tree.text(path);
        if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
            complaints.push(format!("{}: does not end with one line end", path.display()));
        }
        if let Some(at) = text.lines().position(|line| line.ends_with([' ', '\t', '\r'])) {
            complaints.push(format!("{}:{}: a blank at the line's end", path.display(), at + 1));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_code_is_told_from_talk_about_it() {
        for (line, is) in [
            ("% { x() }", true),
            ("    pub % fn x() {", true),
            ("% impl Send for X {}", true),
            ("#[%(no_mangle)]", true),
            ("#![forbid(%_code)]", false),
            ("// % { } is bad", false),
            ("let %_result = 1;", false),
            ("Refused = \"%-result\",", false),
            ("\"% fn\"", false),
        ] {
            // A word in a test is no exception to the rule it tests.
            let line = line.replace('%', concat!("un", "safe"));
            assert_eq!(is_unsafe(&line), is, "{line}");
        }
    }

    #[test]
    fn sources_that_break_a_rule_are_named() {
        let later = format!("//! Good.\n// {}: more\n", concat!("TO", "DO"));
        let long = format!("//! Long.\n{}", "x\n".repeat(MAX_LINES));
        let tested = format!("//! Tested.\n#[cfg(test)]\n{}", "x\n".repeat(MAX_LINES));
        let (tree, _scratch) = Tree::of(&[
            ("src/bare.rs", "fn x() {}\n"),
            ("src/later.rs", &later),
            ("src/long.rs", &long),
            ("src/tested.rs", &tested),
            ("tests/long.rs", &long),
            ("src/blank.rs", "//! Blank. \n\n"),
            ("target/x.rs", "x"),
        ]);
        assert_eq!(begin_with_their_purpose(&tree), ["src/bare.rs: begins with no `//!`"]);
        assert_eq!(leave_nothing_for_later(&tree).len(), 1);
        assert_eq!(are_not_too_long(&tree), ["src/long.rs: 501 lines; split it where a thought ends"]);
        assert_eq!(have_clean_ends(&tree).len(), 2);
    }
}
