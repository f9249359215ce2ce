//! Says what comes out of each archive in a folder, or of the files given.
#![allow(clippy::print_stdout, reason = "a listing is what this program is for")]

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sekisho_archive::{Source, open};
use sekisho_disarm::{Bounds, Budget};
use sekisho_policy::Kind;
use sekisho_safe_message::Untrusted;

fn main() -> io::Result<()> {
    for argument in env::args_os().skip(1) {
        let path = PathBuf::from(argument);
        let mut files = vec![path.clone()];
        if path.is_dir() {
            files = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
            files.sort();
        }
        files.iter().try_for_each(|file| list(file))?;
    }
    Ok(())
}

fn list(path: &Path) -> io::Result<()> {
    let octets = fs::read(path)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let label = name.clone().unwrap_or_default();
    let Some(kind) = kind(&octets) else {
        println!("{label}: no archive");
        return Ok(());
    };
    let source = Source { kind, octets: Untrusted::new(&octets), name: name.as_deref() };
    let mut entries = Vec::new();
    let opened = open(&source, &mut Budget::new(Bounds::default()), &mut |_, entry| {
        let mut path = entry.folders.join("/");
        path = if path.is_empty() { entry.name } else { path + "/" + &entry.name };
        entries.push(format!("{path:?} {}", entry.octets.len()));
        Ok(())
    });
    match opened {
        Ok(opened) => {
            println!("{label}: {} {} entries, {:?}", kind.code(), entries.len(), opened.removed);
            entries.iter().for_each(|entry| println!("    {entry}"));
            opened.left_out.iter().for_each(|lost| println!("    - {:?} {:?}", lost.path, lost.reason));
        }
        Err(refusal) => println!("{label}: {} {refusal:?}", kind.code()),
    }
    Ok(())
}

/// The kind of an archive by its first octets, for want of a better reader.
fn kind(octets: &[u8]) -> Option<Kind> {
    let at = |offset: usize, magic: &[u8]| octets.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let known = [
        (at(0, b"PK\x03\x04") || at(0, b"PK\x05\x06"), Kind::Zip),
        (at(0, b"7z\xbc\xaf\x27\x1c"), Kind::SevenZip),
        (at(0, b"\x1f\x8b"), Kind::Gzip),
        (at(0, b"BZh"), Kind::Bzip2),
        (at(0, b"\xfd7zXZ\0"), Kind::Xz),
        (at(0, b"MSCF"), Kind::Cab),
        (at(0, b"Rar!\x1a\x07"), Kind::Rar),
        (at(2, b"-lh") || at(2, b"-lz"), Kind::Lzh),
        (at(257, b"ustar"), Kind::Tar),
    ];
    known.into_iter().find_map(|(is, kind)| is.then_some(kind))
}
