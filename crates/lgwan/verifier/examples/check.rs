//! `check FILE...`: reads files as the verifier does, by the ending of their
//! names, and says what is wrong with each.
#![allow(clippy::print_stdout, reason = "an example that prints")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use sekisho_safe_message::{SafeKind, Untrusted};

fn main() -> ExitCode {
    let mut flawed = 0;
    for path in std::env::args_os().skip(1) {
        let path = Path::new(&path);
        let kind = path.extension().and_then(|ending| ending.to_str()).and_then(SafeKind::from_extension);
        let (Some(kind), Ok(octets)) = (kind, std::fs::read(path)) else {
            println!("{}: cannot be read, or no kind of ours", path.display());
            flawed += 1;
            continue;
        };
        let begun = Instant::now();
        let checked = sekisho_verifier::check(kind, Untrusted::new(&octets));
        let took = begun.elapsed().as_secs_f64() * 1e3;
        match checked {
            Ok(()) => println!("{}: ok ({} octets, {took:.1} ms)", path.display(), octets.len()),
            Err(flaw) => {
                println!("{}: {} ({flaw})", path.display(), flaw.fault.code());
                flawed += 1;
            }
        }
    }
    ExitCode::from(u8::from(flawed > 0))
}
