//! What every decoder runs under, whoever wrote it.

use std::io::{self, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use sekisho_disarm::{Budget, Refusal};

/// KiB that one decoder may use for its dictionary: 64 MiB, and what LZMA adds
/// to one of that size.
pub(crate) const MEMORY_KIB: u32 = (64 << 10) + (4 << 10);

/// Octets that a decoder is asked for at once.
const CHUNK: usize = 64 << 10;

/// Runs a decoder of somebody else's. One that panics costs its archive, not
/// the whole mail: nothing of its state is used again, so what it left broken
/// is never seen.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Refusal::Malformed))
}

/// All that `reader` has, each chunk paid before it is kept.
pub(crate) fn drain(mut reader: impl Read, budget: &mut Budget) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match reader.read(&mut chunk).map_err(|error| refusal(&error))? {
            0 => return Ok(out),
            count => {
                budget.octets(count as u64)?;
                out.extend_from_slice(&chunk[..count]);
            }
        }
    }
}

/// The `size` octets that `reader` should have and no more. They are paid
/// already.
pub(crate) fn exactly(reader: impl Read, size: u64) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    reader.take(size.saturating_add(1)).read_to_end(&mut out).map_err(|error| refusal(&error))?;
    if out.len() as u64 == size { Ok(out) } else { Err(Refusal::Malformed) }
}

/// What a decoder's failure means.
pub(crate) fn refusal(error: &io::Error) -> Refusal {
    match error.kind() {
        ErrorKind::OutOfMemory => Refusal::TooLarge,
        ErrorKind::Unsupported => Refusal::Unsupported,
        // Also what is no fault of the archive: there is none of those in memory.
        _ => Refusal::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_disarm::Bounds;

    #[test]
    fn a_panic_is_a_refusal() {
        let panics = guarded(|| -> Result<(), Refusal> { std::panic::resume_unwind(Box::new("no")) });
        assert_eq!(panics, Err(Refusal::Malformed));
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }

    #[test]
    fn octets_are_paid_and_counted() {
        let mut budget = Budget::new(Bounds { octets: 100_000, ..Bounds::default() });
        assert_eq!(drain(io::repeat(0).take(60_000), &mut budget).map(|out| out.len()), Ok(60_000));
        assert_eq!(drain(io::repeat(0), &mut budget), Err(Refusal::TooLarge));
        assert_eq!(exactly(&b"abc"[..], 3), Ok(b"abc".to_vec()));
        assert_eq!(exactly(&b"abc"[..], 2), Err(Refusal::Malformed));
        assert_eq!(exactly(&b"abc"[..], 4), Err(Refusal::Malformed));
    }
}
