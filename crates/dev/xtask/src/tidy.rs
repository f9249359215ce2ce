//! `cargo xtask tidy`: the rules of the house that no compiler knows.
//!
//! Each rule is a function from the tree to complaints.

mod docs;
mod fixtures;
mod sources;

use std::path::{Path, PathBuf};

use crate::shell::{self, Failure};

/// The files of the checkout that are its own, as paths from the root.
pub(crate) struct Tree {
    root: PathBuf,
    files: Vec<PathBuf>,
}

/// What breaks a rule: where and what.
type Complaints = Vec<String>;

const RULES: [fn(&Tree) -> Complaints; 10] = [
    fixtures::have_their_files,
    docs::manual_is_complete,
    docs::exit_codes_are_in_the_manual,
    docs::crates_have_an_invariant,
    docs::readmes_are_alike,
    sources::begin_with_their_purpose,
    sources::are_not_too_long,
    sources::have_unsafe_in_one_room,
    sources::leave_nothing_for_later,
    sources::have_clean_ends,
];

pub(crate) fn run() -> Result<(), Failure> {
    let tree = Tree::read(shell::root())?;
    let complaints: Complaints = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    if complaints.is_empty() {
        println!("tidy: {} files keep {} rules", tree.files.len(), RULES.len());
        return Ok(());
    }
    for complaint in &complaints {
        println!("{complaint}");
    }
    Err(Failure::Wrong(format!("tidy: {} complaints", complaints.len())))
}

impl Tree {
    /// Every file below `root` but what is built, kept or hidden.
    fn read(root: PathBuf) -> Result<Self, Failure> {
        let mut files = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(folder) = open.pop() {
            let failed = |err| Failure::Io(folder.display().to_string(), err);
            for entry in std::fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let (path, name) = (entry.path(), entry.file_name());
                let ours = !matches!(name.to_str(), Some("target" | ".git" | "sekisho-state" | "seeds"));
                if ours && entry.file_type().map_err(failed)?.is_dir() {
                    open.push(path);
                } else if ours && let Ok(path) = path.strip_prefix(&root) {
                    files.push(path.to_owned());
                }
            }
        }
        files.sort();
        Ok(Self { root, files })
    }

    /// The text of a file; empty if there is none (a rule then complains of
    /// what it misses in it).
    fn text(&self, path: impl AsRef<Path>) -> String {
        std::fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }

    fn has(&self, path: &Path) -> bool {
        self.files.iter().any(|file| file == path)
    }

    /// The files with one of these extensions.
    fn with<'a>(&'a self, extensions: &'a [&str]) -> impl Iterator<Item = &'a Path> {
        let is = |path: &Path| path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e));
        self.files.iter().map(PathBuf::as_path).filter(move |path| is(path))
    }

    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> (Self, Scratch) {
        let scratch = Scratch::new();
        for (path, text) in files {
            let path = scratch.0.join(path);
            let folder = path.parent().unwrap_or(&scratch.0).to_owned();
            assert!(std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text)).is_ok());
        }
        let tree = Self::read(scratch.0.clone()).unwrap_or_else(|err| panic!("{err}"));
        (tree, scratch)
    }
}

/// A folder that goes with its name.
#[cfg(test)]
struct Scratch(PathBuf);

#[cfg(test)]
impl Scratch {
    /// Named after the test, which has a thread of its own.
    fn new() -> Self {
        let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
        Self(std::env::temp_dir().join(format!("xtask-{}-{test}", std::process::id())))
    }
}

#[cfg(test)]
impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays in /tmp hurts nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
