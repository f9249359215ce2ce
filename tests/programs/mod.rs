//! Finds the programs that a test starts.

use std::path::PathBuf;

/// The operator's command. Its siblings must lie beside it: `cargo test`
/// builds this package's program alone, `cargo build` all of them.
pub(crate) fn sekisho() -> PathBuf {
    let command = PathBuf::from(env!("CARGO_BIN_EXE_sekisho"));
    for sibling in ["sekisho-worker", "sekisho-outer", "sekisho-inner", "sekisho-verifier"] {
        let path = command.with_file_name(sibling);
        assert!(path.is_file(), "{} is missing: run `cargo build` first (cargo xtask test does)", path.display());
    }
    command
}
