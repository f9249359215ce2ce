//! Rules that hold code and documents together.

use super::{Complaints, Tree};
use crate::manual::{self, MANUALS};

/// Every setting and code is in the manual, in both languages.
pub(super) fn manual_is_complete(tree: &Tree) -> Complaints {
    let check = |(path, language)| {
        let page = tree.text(path);
        match manual::filled(path, &page, language) {
            Ok(filled) if filled == page => None,
            Ok(_) => Some(format!("{path}: its tables are old; run `cargo xtask manual`")),
            Err(failure) => Some(failure.to_string()),
        }
    };
    MANUALS.into_iter().filter_map(check).collect()
}

/// Every exit code of the command has its row in the manual.
pub(super) fn exit_codes_are_in_the_manual(tree: &Tree) -> Complaints {
    let codes = exit_codes(&tree.text("src/exit.rs"));
    let mut complaints = Vec::new();
    if codes.len() < 5 {
        complaints.push("src/exit.rs: the exit codes are not found in it".to_owned());
    }
    for (path, _) in MANUALS {
        let page = tree.text(path);
        let missing = codes.iter().filter(|code| !page.contains(&format!("\n| {code} |")));
        complaints.extend(missing.map(|code| format!("{path}: no row for the exit code {code}")));
    }
    complaints
}

/// The numbers in arms like `Exit::Name => number,`.
fn exit_codes(source: &str) -> Vec<u8> {
    let arm = |line: &str| line.split_once(" => ")?.1.strip_suffix(',')?.parse().ok();
    source.lines().filter_map(arm).collect()
}

/// `ARCHITECTURE.md` states for every crate the one thing that must stay true.
pub(super) fn crates_have_an_invariant(tree: &Tree) -> Complaints {
    let page = tree.text("ARCHITECTURE.md");
    let stated =
        |path: &str| page.lines().any(|line| line.contains(&format!("`{path}`")) && line.contains("**Invariant"));
    let manifests = tree.files.iter().filter(|path| path.ends_with("Cargo.toml"));
    let folders = manifests.filter_map(|path| path.parent()?.to_str());
    let places = folders.map(|folder| if folder.is_empty() { "src" } else { folder });
    places
        .filter(|place| !stated(place))
        .map(|place| format!("ARCHITECTURE.md: no line with `{place}` and its **Invariant**"))
        .collect()
}

/// The two READMEs have the same headings, one for one.
pub(super) fn readmes_are_alike(tree: &Tree) -> Complaints {
    let (en, ja) = (headings(&tree.text("README.md")), headings(&tree.text("README.ja.md")));
    if en.is_empty() {
        vec!["README.md: no headings".to_owned()]
    } else if en != ja {
        vec![format!("README.md and README.ja.md: the levels of their headings differ: {en:?} and {ja:?}")]
    } else {
        Vec::new()
    }
}

/// The levels of a document's headings, in order.
fn headings(page: &str) -> Vec<usize> {
    let mut in_code = false;
    let mut levels = Vec::new();
    for line in page.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let level = line.bytes().take_while(|octet| *octet == b'#').count();
        if !in_code && level > 0 && line[level..].starts_with(' ') {
            levels.push(level);
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_counted_outside_code() {
        assert_eq!(headings("# A\n```sh\n# not\n```\n## B\n#no\ntext # no\n### C\n"), [1, 2, 3]);
        let (tree, _scratch) = Tree::of(&[("README.md", "# A\n## B\n"), ("README.ja.md", "# A\n")]);
        assert_eq!(readmes_are_alike(&tree).len(), 1);
    }

    #[test]
    fn exit_codes_are_found() {
        assert_eq!(exit_codes("match x {\n    Exit::Ok => 0,\n    // note\n    Exit::Config => 78,\n}\n"), [0, 78]);
        let arms: String = (0..6).map(|code| format!("Exit::A{code} => {code},\n")).collect();
        let (tree, _scratch) = Tree::of(&[
            ("src/exit.rs", arms.as_str()),
            ("docs/manual.md", "\n| 0 |\n| 1 |\n| 2 |\n| 3 |\n| 4 |\n"),
            ("docs/manual.ja.md", "\n| 0 |\n| 1 |\n| 2 |\n| 3 |\n| 4 |\n| 5 |\n"),
        ]);
        assert_eq!(exit_codes_are_in_the_manual(&tree), ["docs/manual.md: no row for the exit code 5"]);
    }

    #[test]
    fn every_crate_needs_its_line() {
        let (tree, _scratch) = Tree::of(&[
            ("Cargo.toml", ""),
            ("crates/a/b/Cargo.toml", ""),
            ("crates/a/c/Cargo.toml", ""),
            (
                "ARCHITECTURE.md",
                "- **root** (`src`): **Invariant:** x\n- b (`crates/a/b`)\n- c (`crates/a/c`): **Invariant:** y\n",
            ),
        ]);
        assert_eq!(
            crates_have_an_invariant(&tree),
            ["ARCHITECTURE.md: no line with `crates/a/b` and its **Invariant**"]
        );
    }
}
