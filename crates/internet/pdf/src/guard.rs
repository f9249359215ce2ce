//! Keeping the panics of borrowed decoders from costing the whole mail.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sekisho_disarm::Refusal;

/// Runs `work`, which calls hayro on hostile octets. Its decoders assert
/// things that hostile files break (JPEG 2000 above all); such a file is
/// malformed, and no reason to lose the other parts of its mail. What `work`
/// leaves half done is thrown away by the caller with the error.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Refusal::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_malformed_file() {
        let found: Result<u8, Refusal> = guarded(|| [1_u8][std::hint::black_box(3)]);
        assert_eq!(found, Err(Refusal::Malformed));
        assert_eq!(guarded(|| 1), Ok(1));
    }
}
