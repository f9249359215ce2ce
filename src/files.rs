//! Which files a command was given, and where results of the same names go.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Directories inside directories, at most so deep: a guard against loops.
const DEPTH_MAX: usize = 64;

/// One thing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// Where it is; `None` for standard input.
    pub(crate) path: Option<PathBuf>,
    /// Its place below the directory given, or its own name.
    pub(crate) name: PathBuf,
}

/// Why the files given cannot be read.
#[derive(Debug)]
pub(crate) enum FilesError {
    /// This one, for this reason.
    Unreadable(PathBuf, io::Error),
    /// Two inputs would be written to the same name.
    Twice(PathBuf),
}

/// Every file that `given` names: files as they are, directories walked in
/// order of names, `-` as standard input. Links inside directories are not
/// followed.
pub(crate) fn collect(given: impl Iterator<Item = PathBuf>) -> Result<Vec<Input>, FilesError> {
    let mut found = Vec::new();
    for path in given {
        if path == Path::new("-") {
            found.push(Input { path: None, name: PathBuf::from("stdin.eml") });
            continue;
        }
        let meta = fs::metadata(&path).map_err(|err| FilesError::Unreadable(path.clone(), err))?;
        if meta.is_dir() {
            walk(&path, &mut found)?;
        } else {
            let name = path.file_name().map(PathBuf::from).unwrap_or_else(|| path.clone());
            found.push(Input { path: Some(path), name });
        }
    }
    let mut names: Vec<&PathBuf> = found.iter().map(|input| &input.name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(FilesError::Twice(pair[0].clone())),
        None => Ok(found),
    }
}

fn walk(root: &Path, found: &mut Vec<Input>) -> Result<(), FilesError> {
    let mut open = vec![(root.to_owned(), PathBuf::new(), 0)];
    while let Some((dir, below, depth)) = open.pop() {
        let failed = |err| FilesError::Unreadable(dir.clone(), err);
        let mut entries = fs::read_dir(&dir).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        // The stack hands directories out last first.
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
        let mut files = Vec::new();
        for entry in entries {
            let kind = entry.file_type().map_err(failed)?;
            let name = below.join(entry.file_name());
            if kind.is_dir() && depth < DEPTH_MAX {
                open.push((entry.path(), name, depth + 1));
            } else if kind.is_file() {
                files.push(Input { path: Some(entry.path()), name });
            }
        }
        found.extend(files.into_iter().rev());
    }
    Ok(())
}

/// The octets of `input`, at most `max`.
pub(crate) fn read(input: &Input, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match &input.path {
        Some(path) => fs::File::open(path)?.take(max + 1).read_to_end(&mut bytes)?,
        None => io::stdin().lock().take(max + 1).read_to_end(&mut bytes)?,
    };
    if bytes.len() as u64 > max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("over {max} octets (outer.max_message_size)")));
    }
    Ok(bytes)
}

/// Writes `bytes` to `name` below `out`, whole or not at all.
pub(crate) fn write(out: &Path, name: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = out.join(name);
    if let Some(dir) = target.parent() {
        fs::create_dir_all(dir)?;
    }
    let mut partial = target.clone().into_os_string();
    partial.push(".part");
    let partial = PathBuf::from(partial);
    fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, &target)).inspect_err(|_| {
        // What is left of a failed write helps nobody.
        let _ = fs::remove_file(&partial);
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn directories_are_walked_in_order_and_mirrored() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b/2.eml", "b/1.eml", "a.eml", "c/d/e.eml"] {
            write(dir.path(), Path::new(name), b"x").unwrap();
        }
        let found = collect([dir.path().to_owned()].into_iter()).unwrap();
        let names: Vec<_> = found.iter().map(|input| input.name.to_str().unwrap()).collect();
        assert_eq!(names, ["a.eml", "b/1.eml", "b/2.eml", "c/d/e.eml"]);
        assert_eq!(read(&found[0], 1).unwrap(), b"x");
        assert!(read(&found[0], 0).is_err());
    }

    #[test]
    fn names_that_clash_and_files_that_are_not_there_are_told() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), Path::new("x/a"), b"1").unwrap();
        write(dir.path(), Path::new("y/a"), b"2").unwrap();
        let twice = [dir.path().join("x/a"), dir.path().join("y/a")];
        assert!(matches!(collect(twice.into_iter()), Err(FilesError::Twice(_))));
        assert!(matches!(collect([dir.path().join("z")].into_iter()), Err(FilesError::Unreadable(..))));
    }
}
