//! Rules over `fixtures/`.

use std::path::Path;

use serde_json::Value;

use super::{Complaints, Tree};

/// Every fixture is whole, and its files agree.
pub(super) fn have_their_files(tree: &Tree) -> Complaints {
    let mut complaints = Vec::new();
    let mut folders: Vec<&Path> = tree.with(&["eml", "md", "json"]).filter_map(fixture).collect();
    folders.dedup();
    for folder in folders {
        let name = folder.display();
        for file in ["in.eml", "NOTE.md", "report.json"] {
            if !tree.has(&folder.join(file)) {
                complaints.push(format!("{name}: no {file}"));
            }
        }
        let report: Value = serde_json::from_str(&tree.text(folder.join("report.json"))).unwrap_or_default();
        let delivered = report["outcome"] == "deliver";
        if delivered != tree.has(&folder.join("out.eml")) {
            complaints.push(format!("{name}: there is an out.eml if and only if the mail is delivered"));
        }
        let note = tree.text(folder.join("NOTE.md"));
        if !["Must come out:", "Rules:"].iter().all(|word| note.contains(word)) {
            complaints.push(format!("{name}/NOTE.md: says what must come out, and by which rules"));
        }
        let what = if delivered { "delivered" } else { "held" };
        if !note.contains(what) {
            complaints.push(format!("{name}: is {what}, and its NOTE.md does not say so"));
        }
    }
    complaints
}

/// The fixture's folder that `path` lies in: `fixtures/SET/NAME/FILE`.
fn fixture(path: &Path) -> Option<&Path> {
    let folder = path.parent()?;
    (path.starts_with("fixtures") && path.iter().count() == 4).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_disagrees() {
        let note = "# x\nMust come out: delivered.\nRules: G1.\n";
        let deliver = "{\"outcome\":\"deliver\"}";
        let (tree, _scratch) = Tree::of(&[
            ("fixtures/README.md", "x"),
            ("fixtures/mail/01-good/in.eml", ""),
            ("fixtures/mail/01-good/out.eml", ""),
            ("fixtures/mail/01-good/report.json", deliver),
            ("fixtures/mail/01-good/NOTE.md", note),
            ("fixtures/mail/02-bad/in.eml", ""),
            ("fixtures/mail/02-bad/report.json", deliver),
        ]);
        let complaints = have_their_files(&tree);
        assert!(complaints.iter().all(|c| c.starts_with("fixtures/mail/02-bad")), "{complaints:?}");
        assert_eq!(complaints.len(), 4);
    }
}
