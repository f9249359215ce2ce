//! What each file below a folder is, by its content: `cargo run --example
//! identify -- FOLDER`. One line a file: kind, facts, path.
#![allow(clippy::print_stdout, reason = "an example")]

use std::path::{Path, PathBuf};

use sekisho_disarm::{File, identify};
use sekisho_safe_message::Untrusted;

fn main() -> std::io::Result<()> {
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                paths.push(entry?.path());
            }
        } else {
            show(&path)?;
        }
    }
    Ok(())
}

fn show(path: &Path) -> std::io::Result<()> {
    let octets = std::fs::read(path)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let file = File { octets: Untrusted::new(&octets), name: name.as_deref(), declared: "" };
    let found = identify(&file);
    let facts = [
        (found.mismatch, "mismatch"),
        (found.polyglot, "polyglot"),
        (found.encrypted, "encrypted"),
        (found.signed, "signed"),
    ];
    let facts: Vec<_> = facts.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    println!("{}\t{}\t{}", found.kind.code(), facts.join(","), path.display());
    Ok(())
}
