//! Mail files to a pool: mbox, Maildir, folders of single mails.
//!
//! Each file is read once, an mbox as a stream; symbolic links are not
//! followed. What does not fit the bounds is left out and said.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::pool::{Letter, Pool};
use super::words::Language;
use crate::mails::Mail;

/// Most mails of a pool.
const MAILS: usize = 20_000;

/// Most octets of a pool: what a small machine can spare beside the gateway.
const OCTETS: u64 = 256 << 20;

/// Longest mail: more than the shipped limit of a receiver.
const MAIL: u64 = 64 << 20;

/// Most entries that are looked at below the folders given.
const ENTRIES: usize = 1_000_000;

/// Line ends and escapes of a mail add little; a line is at most a mail.
const SEPARATOR: &[u8] = b"From ";

/// What was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// The mails.
    pub pool: Pool,
    /// Files that are no mail, and mails that are too long.
    pub skipped: u64,
    /// The bounds were reached: there is more.
    pub full: bool,
}

/// Why there is nothing to send.
#[derive(Debug)]
pub enum SourceError {
    /// Not to be read: which, and the system's answer.
    Unreadable(PathBuf, io::Error),
    /// Nothing in it is a mail.
    NoMail(PathBuf),
}

/// Reads all mails of `paths`.
///
/// # Errors
/// For a path that cannot be read, or in which there is no mail.
pub fn read(paths: &[PathBuf]) -> Result<Reading, SourceError> {
    let mut reading = Reading::default();
    for path in paths {
        let before = reading.pool.letters().len();
        let unreadable = |err| SourceError::Unreadable(path.clone(), err);
        if fs::metadata(path).map_err(unreadable)?.is_dir() {
            reading.folder(path).map_err(unreadable)?;
        } else {
            reading.file(path).map_err(unreadable)?;
        }
        if reading.pool.letters().len() == before && !reading.full {
            return Err(SourceError::NoMail(path.clone()));
        }
    }
    Ok(reading)
}

impl Reading {
    /// Everything below, in the order of names, so that a run can be repeated.
    fn folder(&mut self, path: &Path) -> io::Result<()> {
        let mut waiting = vec![path.to_owned()];
        let mut seen = 0;
        while let Some(path) = waiting.pop() {
            if self.full {
                return Ok(());
            }
            let kind = fs::symlink_metadata(&path)?.file_type();
            if kind.is_file() {
                self.file(&path)?;
            } else if kind.is_dir() {
                let mut entries = Vec::new();
                for entry in fs::read_dir(&path)? {
                    seen += 1;
                    if seen > ENTRIES {
                        self.full = true;
                        break;
                    }
                    entries.push(entry?.path());
                }
                // Maildir: what is in tmp is half written.
                entries.retain(|entry| !(entry.ends_with("tmp") && path.join("cur").is_dir()));
                entries.sort_unstable_by(|a, b| b.cmp(a));
                waiting.append(&mut entries);
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(64 * 1024, File::open(path)?);
        if reader.fill_buf()?.starts_with(SEPARATOR) {
            return self.mbox(reader);
        }
        let mut octets = Vec::new();
        reader.take(MAIL + 1).read_to_end(&mut octets)?;
        self.mail(&octets);
        Ok(())
    }

    /// RFC 4155, read as mboxrd: a line `From ` after an empty line (or at the
    /// start) begins a mail; a `>` before such a line inside a mail was added.
    fn mbox(&mut self, mut reader: impl BufRead) -> io::Result<()> {
        let (mut mail, mut line) = (Vec::new(), Vec::new());
        let mut after_empty = true;
        loop {
            line.clear();
            if (&mut reader).take(MAIL).read_until(b'\n', &mut line)? == 0 || self.full {
                break;
            }
            if after_empty && line.starts_with(SEPARATOR) {
                self.end_of_mail(&mut mail);
                continue;
            }
            after_empty = matches!(line.as_slice(), b"\n" | b"\r\n");
            // One octet more than allowed marks it as too long; the rest is passed over.
            if mail.len() as u64 <= MAIL {
                mail.extend_from_slice(unescaped(&line));
            }
        }
        self.end_of_mail(&mut mail);
        Ok(())
    }

    fn end_of_mail(&mut self, mail: &mut Vec<u8>) {
        // The empty line before the next separator belongs to the mbox.
        if mail.ends_with(b"\n\n") {
            mail.pop();
        } else if mail.ends_with(b"\r\n\r\n") {
            mail.truncate(mail.len() - 2);
        }
        if !mail.is_empty() {
            self.mail(mail);
        }
        mail.clear();
    }

    fn mail(&mut self, octets: &[u8]) {
        if octets.len() as u64 > MAIL || !begins_with_a_field(octets) {
            self.skipped += 1;
        } else if self.pool.letters().len() >= MAILS || self.pool.octets() + octets.len() as u64 > OCTETS {
            self.full = true;
        } else {
            let mail = Mail::new("", crlf(octets));
            self.pool.push(Letter { mail, recipients: 1, null_sender: false });
        }
    }
}

/// Without the `>` that an mbox puts before a line that looks like its own.
fn unescaped(line: &[u8]) -> &[u8] {
    let marks = line.iter().take_while(|octet| **octet == b'>').count();
    if marks > 0 && line[marks..].starts_with(SEPARATOR) { &line[1..] } else { line }
}

/// RFC 5322 2.2: a name of printable octets, then a colon.
fn begins_with_a_field(octets: &[u8]) -> bool {
    let name = octets.iter().take(100).take_while(|octet| (b'!'..=b'~').contains(octet) && **octet != b':').count();
    name > 0 && octets[name..].iter().find(|octet| !matches!(octet, b' ' | b'\t')) == Some(&b':')
}

/// As SMTP wants it: every line, also the last, ends with CRLF.
fn crlf(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32 + 2);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        // RFC 5321 2.3.8: a CR stands only before LF. A lone one is a line end of old systems.
        for part in content.split(|octet| *octet == b'\r') {
            out.extend_from_slice(part);
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

impl SourceError {
    /// For a person, with what to do.
    pub fn localized(&self, language: Language) -> String {
        match self {
            Self::Unreadable(path, err) => {
                let path = path.display();
                language.pick(
                    format!(
                        "{path} を読めません: {err}。メールのファイル、フォルダー、または組み込みの構成名 (town-130、city-3000、prefecture-22000) を指定してください。"
                    ),
                    format!(
                        "{path} cannot be read: {err}; give a mail file, a folder, or a built-in profile (town-130, city-3000, prefecture-22000)"
                    ),
                )
            }
            Self::NoMail(path) => {
                let path = path.display();
                language.pick(
                    format!("{path} にメールがありません。mbox、Maildir、または .eml のファイルかフォルダーを指定してください。"),
                    format!("there is no mail in {path}; give an mbox, a Maildir, or .eml files or a folder of them"),
                )
            }
        }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.localized(Language::En))
    }
}

impl std::error::Error for SourceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, err) => Some(err),
            Self::NoMail(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn mbox(text: &str) -> Vec<String> {
        let mut reading = Reading::default();
        reading.mbox(text.as_bytes()).unwrap();
        let octets = |letter: &Letter| String::from_utf8(letter.mail.octets().to_vec()).unwrap();
        reading.pool.letters().iter().map(octets).collect()
    }

    #[test]
    fn an_mbox_is_taken_apart_at_its_separators() {
        for (text, mails) in [
            ("From a Mon\nA: 1\n\nx\n\nFrom b Tue\nB: 2\n\ny\n", &["A: 1\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"][..]),
            // Not after an empty line: part of the mail.
            ("From a\nA: 1\n\nx\nFrom here on\n", &["A: 1\r\n\r\nx\r\nFrom here on\r\n"]),
            ("From a\nA: 1\n\n\n>From x\n>>From y\n> From z\n", &["A: 1\r\n\r\n\r\nFrom x\r\n>From y\r\n> From z\r\n"]),
            ("From a\r\nA: 1\r\n\r\nx\r\n\r\nFrom b\r\nB: 2\r\n\r\n", &["A: 1\r\n\r\nx\r\n", "B: 2\r\n"]),
            ("From a\n\nFrom b\n", &[]),
        ] {
            assert_eq!(mbox(text), mails, "{text:?}");
        }
    }

    #[test]
    fn lines_end_as_smtp_wants() {
        for (text, sent) in
            [("a\nb", "a\r\nb\r\n"), ("a\r\n\r\n", "a\r\n\r\n"), ("a\rb\n", "a\r\nb\r\n"), ("a\n\n", "a\r\n\r\n")]
        {
            assert_eq!(crlf(text.as_bytes()), sent.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn only_a_field_begins_a_mail() {
        for (text, mail) in [
            ("Subject: x", true),
            ("X-A :1", true),
            ("# Notes", false),
            (": x", false),
            ("", false),
            ("PK\u{3}\u{4}", false),
        ] {
            assert_eq!(begins_with_a_field(text.as_bytes()), mail, "{text:?}");
        }
    }

    #[test]
    fn folders_are_walked_and_what_is_no_mail_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["new", "cur", "tmp"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        for (name, text) in
            [("new/2", "B: 2\n\n"), ("cur/1", "A: 1\n\n"), ("tmp/3", "C: 3\n\n"), ("notes.md", "# hello\n")]
        {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let reading = read(&[dir.path().to_owned()]).unwrap();
        let first = |at: usize| reading.pool.letters()[at].mail.octets()[0];
        assert_eq!((reading.pool.letters().len(), reading.skipped, first(0), first(1)), (2, 1, b'A', b'B'));
        let none = read(&[dir.path().join("notes.md")]);
        assert!(matches!(none, Err(SourceError::NoMail(_))));
        assert!(matches!(read(&[dir.path().join("absent")]), Err(SourceError::Unreadable(..))));
    }
}
