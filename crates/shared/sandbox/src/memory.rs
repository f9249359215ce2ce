//! Memory of workers: running out of it told apart from every other abort, and files that all of them share.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::raw;

/// Bits of a file's mode that let others than its owner change it.
const OTHERS_WRITE: u32 = 0o022;

/// The allocator for a program that calls [`serve`](crate::serve): the system's, but a request that cannot be met ends
/// the process with [`EXIT_OUT_OF_MEMORY`](crate::EXIT_OUT_OF_MEMORY), where the standard library would abort as it does
/// for a stack overflow. `try_reserve` ends the process too.
///
/// ```no_run
/// #[global_allocator]
/// static MEMORY: sekisho_sandbox::WorkerMemory = sekisho_sandbox::WorkerMemory;
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkerMemory;

/// A file of the machine as memory that every fork shares, for as long as the process lives. Unlike octets on the heap
/// it costs a fork nothing, and it is in memory once for all zygotes.
///
/// For `prepare` of [`serve`](crate::serve), and for files that only root changes: whoever cuts one short while it is
/// in use kills the job that reads it, and that mail is held.
///
/// # Errors
/// No such file, no plain file, empty, longer than `max` octets, or one that others than root may change.
pub fn map_file(path: &Path, max: u64) -> io::Result<&'static [u8]> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    let refused = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if !meta.is_file() || meta.len() == 0 {
        return refused("not a file with octets in it");
    }
    if meta.len() > max {
        return refused("too long");
    }
    if meta.uid() != 0 || meta.mode() & OTHERS_WRITE != 0 {
        return refused("others than root may change it");
    }
    let len = usize::try_from(meta.len()).map_err(io::Error::other)?;
    Ok(raw::map_for_life(&file, len)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panic")]
    use super::*;

    #[test]
    fn a_file_of_the_system_is_mapped_as_it_is() {
        let path = Path::new("/etc/passwd"); // root's, and there on every machine
        let octets = std::fs::read(path).unwrap();
        assert_eq!(map_file(path, 1 << 20).unwrap(), octets);
        assert_eq!(map_file(path, 3).unwrap_err().to_string(), "too long");
    }

    #[test]
    fn what_others_may_change_is_not_mapped() {
        let path = std::env::temp_dir().join(format!("sekisho-map-{}", std::process::id()));
        let refusals = [("", "not a file with octets in it"), ("x", "others than root may change it")];
        for (content, refusal) in refusals {
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
            assert_eq!(map_file(&path, 10).unwrap_err().to_string(), refusal);
        }
        std::fs::remove_file(&path).unwrap();
        assert!(map_file(&path, 10).is_err());
        assert!(map_file(Path::new("/etc"), 1 << 20).is_err());
    }
}
