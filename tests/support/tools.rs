//! Programs of others that a test needs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a program of the system lies. Without it the test is skipped, with a
/// line that says so; in CI, or with `SEKISHO_REQUIRE_PEERS=1`, it fails.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from));
    let found = places.map(|place| place.join(name)).find(|file| file.is_file());
    if found.is_none() {
        let is = |name, value| std::env::var_os(name).is_some_and(|found| found == value);
        assert!(!is("CI", "true") && !is("SEKISHO_REQUIRE_PEERS", "1"), "{name} is missing: install it");
        eprintln!("skipped: {name} is not installed");
    }
    found
}

/// Runs a Python script; what it prints.
#[track_caller]
pub(crate) fn python(python: &Path, script: &str, arguments: &[&str]) -> String {
    let output = Command::new(python).args(["-c", script]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A certificate that signs itself, for a server called `name`.
#[track_caller]
pub(crate) fn certificate(openssl: &Path, name: &str, cert: &Path, key: &Path) {
    let output = Command::new(openssl)
        .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(' '))
        .args(["-subj", &format!("/CN={name}"), "-addext", &format!("subjectAltName=DNS:{name}")])
        .arg("-out")
        .arg(cert)
        .arg("-keyout")
        .arg(key)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
