//! Where inputs begin: files of the project, and what our own code makes of
//! them.

use std::fs;
use std::io;
use std::path::Path;

use sekisho_inner::render::render;
use sekisho_job::{encode_deliver, encode_hold};
use sekisho_safe_message::{Untrusted, frame};
use sekisho_sanitizer::{Outcome, sanitize};

use crate::targets::{Target, header_letter, own_job};

/// The inputs that `target` begins with: `seeds/NAME/`, and the fixtures or
/// what becomes of them.
///
/// # Errors
/// The folder cannot be read.
pub fn seeds(target: &Target) -> io::Result<Vec<Vec<u8>>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = files(&here.join("seeds").join(target.name))?;
    let fixtures = here.join("../../../fixtures");
    let make: fn(Vec<u8>) -> Option<Vec<u8>> = match target.name {
        "mime" | "text" => Some,
        "header" => as_header,
        "data" => as_data,
        "frame" => as_frame,
        "answer" => as_answer,
        "verify" => as_mail,
        _ => |_| None,
    };
    for set in ["mail", "offline"] {
        for folder in folders(&fixtures.join(set))? {
            all.extend(make(fs::read(folder.join("in.eml"))?));
        }
    }
    Ok(all)
}

fn folders(dir: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut found = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    found.retain(|path| path.is_dir());
    found.sort();
    Ok(found)
}

fn files(dir: &Path) -> io::Result<Vec<Vec<u8>>> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    found.sort();
    found.iter().map(fs::read).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "one of a list of functions, of which others may make nothing")]
fn as_data(mail: Vec<u8>) -> Option<Vec<u8>> {
    Some([&mail[..], b"\r\n.\r\nQUIT\r\n"].concat())
}

/// The fields that the target knows, folds as they are.
#[expect(clippy::unnecessary_wraps, reason = "one of a list of functions, of which others may make nothing")]
fn as_header(mail: Vec<u8>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut known = false;
    for line in mail.split(|b| *b == b'\n').take_while(|line| !line.trim_ascii().is_empty()) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if known {
                out.extend_from_slice(&[b"\n", line.trim_ascii()].concat());
            }
            continue;
        }
        let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
        let letter = header_letter(&line[..colon]);
        known = letter.is_some();
        if let Some(letter) = letter {
            out.extend_from_slice(&[&[0xff, letter], line[colon + 1..].trim_ascii()].concat());
        }
    }
    Some(out)
}

fn outcome(mail: &[u8]) -> Outcome {
    sanitize(Untrusted::new(mail), &own_job(mail.len() as u64))
}

fn as_frame(mail: Vec<u8>) -> Option<Vec<u8>> {
    match outcome(&mail) {
        Outcome::Deliver(message, _) => frame::encode(&message).ok(),
        Outcome::Hold(..) => None,
    }
}

/// The target's job says that the mail has 0 octets.
fn as_answer(mail: Vec<u8>) -> Option<Vec<u8>> {
    match outcome(&mail) {
        Outcome::Deliver(message, mut report) => {
            report.source.size = 0;
            encode_deliver(&message, &report).ok()
        }
        Outcome::Hold(_, mut report) => {
            report.source.size = 0;
            encode_hold(&report).ok()
        }
    }
}

fn as_mail(mail: Vec<u8>) -> Option<Vec<u8>> {
    match outcome(&mail) {
        Outcome::Deliver(message, _) => Some(render(&message).into_bytes()),
        Outcome::Hold(..) => None,
    }
}
