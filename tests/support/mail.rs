//! Mails that are sent, and mails that arrived.

use std::fmt;
use std::fs;
use std::path::Path;

use sekisho_safe_message::{MailId, Untrusted};
use sekisho_verify::Reading;

/// A mail that arrived inside.
pub(crate) struct Mail {
    pub(crate) bytes: Vec<u8>,
    reading: Reading,
}

impl Mail {
    /// Every mail inside must keep the grammar.
    #[track_caller]
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let reading = reading(&bytes);
        Self { bytes, reading }
    }

    pub(crate) fn id(&self) -> MailId {
        self.reading.id
    }

    pub(crate) fn subject(&self) -> &str {
        self.reading.subject.as_str()
    }

    pub(crate) fn text(&self) -> &str {
        self.reading.text.as_str()
    }

    pub(crate) fn notice(&self) -> &str {
        self.reading.notice.as_str()
    }

    pub(crate) fn from(&self) -> String {
        self.reading.from.address.to_string()
    }

    /// The header, up to the first empty line.
    pub(crate) fn header(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        text.split("\r\n\r\n").next().unwrap_or_default().to_owned()
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.id(), self.subject())
    }
}

/// The independent reading of a mail that is to be sound.
#[track_caller]
pub(crate) fn reading(bytes: &[u8]) -> Reading {
    match sekisho_verify::read_with(Untrusted::new(bytes), &mut sekisho_verifier::check) {
        Ok(reading) => reading,
        Err(violation) => panic!("{violation}\n{}", String::from_utf8_lossy(bytes)),
    }
}

/// Whether a mail keeps the grammar.
pub(crate) fn is_verified(bytes: &[u8]) -> bool {
    sekisho_verify::read_with(Untrusted::new(bytes), &mut sekisho_verifier::check).is_ok()
}

/// The id of a mail that arrived.
#[track_caller]
pub(crate) fn id_of(bytes: &[u8]) -> MailId {
    reading(bytes).id
}

/// A short mail with this subject and text.
pub(crate) fn plain(subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Hanako <hanako@sender.example>\r\nTo: shimin@city.example.lg.jp\r\nSubject: {subject}\r\n\
         Date: Tue, 24 Nov 2026 09:05:00 +0900\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

/// A mail with a text and one attachment of `lines` lines of base64, 57 octets
/// each.
pub(crate) fn attachment(subject: &str, text: &str, name: &str, lines: usize) -> Vec<u8> {
    let mut mail = format!(
        "From: hanako@sender.example\r\nTo: shimin@city.example.lg.jp\r\nSubject: {subject}\r\n\
         Date: Tue, 24 Nov 2026 09:05:00 +0900\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"=_outer\"\r\n\r\n\
         --=_outer\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n{text}\r\n\
         --=_outer\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    );
    let line = format!("{}\r\n", "QUJD".repeat(19));
    mail.reserve(lines * line.len() + 32);
    for _ in 0..lines {
        mail.push_str(&line);
    }
    mail.push_str("--=_outer--\r\n");
    mail.into_bytes()
}

/// The fixture whose folder has this name.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mail").join(name).join("in.eml");
    fs::read(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}
