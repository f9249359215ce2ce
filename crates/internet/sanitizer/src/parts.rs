//! The leaves: decoded one after the other, told apart into text and files.
//!
//! Owns: what counts as text. Only what says it is text, gives itself no
//! name, decodes the same for every reader and does not look like a file is
//! text; everything else is a file, and goes to [`crate::files`]. Never holds more
//! than one decoded part in memory.

use std::borrow::Cow;

use sekisho_disarm::File;
use sekisho_job::{Anomaly, HoldReason, Limits, offline_line_ends};
use sekisho_safe_message::{Language, RemovalReason, Sha256, Untrusted};

use crate::charset::{self, Label};
use crate::files::{self, Fate, Place, Treated};
use crate::findings::Findings;
use crate::mime::{Encoding, Entity, Fault, Mime, Shape, decode};
use crate::nested::{self, Budget, Hidden, Nested};
use crate::{cms, record, report};

/// A leaf of the mail, looked at.
#[derive(Debug)]
pub(crate) struct Leaf {
    /// Which entity it is, an index.
    pub(crate) entity: usize,
    /// Octets, decoded.
    pub(crate) size: u64,
    /// Their digest.
    pub(crate) sha256: Sha256,
    /// Readers differ about what it is, and no reading is taken.
    pub(crate) uncertain: bool,
    /// What it is.
    pub(crate) content: Content,
    /// What became of it as a file; of text only where it is one besides.
    pub(crate) file: Option<Treated>,
}

/// What a leaf is.
#[derive(Debug)]
pub(crate) enum Content {
    /// Text that may become the body.
    Text(Text),
    /// A mail inside, or what a signature wraps, as text.
    Nested(Box<Nested>),
    /// No text.
    File,
}

/// Decoded text.
#[derive(Debug)]
pub(crate) struct Text {
    /// How it is marked up.
    pub(crate) markup: Markup,
    /// The text, markup included.
    pub(crate) text: String,
    /// The charset that the part declares.
    pub(crate) declared: Option<String>,
    /// The charset that was used.
    pub(crate) used: &'static str,
    /// Characters that could not be read.
    pub(crate) replacements: u64,
}

/// How text is marked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markup {
    /// Not at all.
    Plain,
    /// As HTML.
    Html,
    /// As a record for programs, put into words.
    Record(record::Kind),
}

/// Looks at every leaf of `mime`, which stands at `path` in the whole mail.
pub(crate) fn read(mime: &Mime<'_>, path: &[u32], budget: &mut Budget<'_>, findings: &mut Findings) -> Vec<Leaf> {
    let mut reader = Reader { mime, path, budget, findings };
    let leaves = mime.entities.iter().enumerate().filter(|(_, e)| e.shape == Shape::Leaf);
    leaves.map(|(index, entity)| reader.leaf(index, entity)).collect()
}

struct Reader<'r, 'm, 'b> {
    mime: &'r Mime<'m>,
    path: &'r [u32],
    budget: &'r mut Budget<'b>,
    findings: &'r mut Findings,
}

impl Reader<'_, '_, '_> {
    fn leaf(&mut self, index: usize, entity: &Entity<'_>) -> Leaf {
        let decoded = decode(entity.content, entity.encoding);
        note_fault(entity, decoded.fault, self.findings);
        let (size, sha256) = (decoded.octets.len() as u64, Sha256::of(&decoded.octets));
        let broken = decoded.fault == Fault::Broken && entity.encoding == Encoding::Base64;
        // Each decoder makes another thing of broken base64.
        let uncertain = (entity.withheld || broken) && !self.findings.takes_doubts();
        let inside = nested::kind_of(entity);
        let (content, file) = match (markup(entity), inside) {
            _ if uncertain => kept_out(RemovalReason::Ambiguous),
            (Some(markup), _) => self.text(entity, markup, &decoded.octets),
            (None, Some(kind)) => self.inside(entity, kind, &decoded.octets),
            (None, None) => self.file(entity, &decoded.octets),
        };
        let is_ambiguous = |file: &Treated| matches!(file.fate, Fate::Out { reason: RemovalReason::Ambiguous, .. });
        let hides = inside.is_some() && file.as_ref().is_some_and(is_ambiguous);
        Leaf { entity: index, size, sha256, uncertain: uncertain || hides, content, file }
    }

    /// A part that says it is text. A calendar or card is a file besides, which
    /// the reader's own programs open.
    fn text(&mut self, entity: &Entity<'_>, markup: Markup, octets: &[u8]) -> Seen {
        let text = match read_text(entity, markup, octets, &self.budget.limits, self.findings) {
            Ok(text) => text,
            Err(NoText::Ambiguous) => return kept_out(RemovalReason::Ambiguous),
            Err(NoText::File) => return self.file(entity, octets),
        };
        let file = match markup {
            Markup::Record(record::Kind::Calendar | record::Kind::Card) => Some(self.treat(entity, octets)),
            Markup::Plain | Markup::Html | Markup::Record(_) => None,
        };
        // What the text shows is not missed as a file.
        let file = file.filter(|file| matches!(file.fate, Fate::Made { .. }) || file.holds().is_some());
        (Content::Text(text), file)
    }

    /// A part that is a file.
    fn file(&mut self, entity: &Entity<'_>, octets: &[u8]) -> Seen {
        let reason = reason(entity, self.mime);
        match reason {
            RemovalReason::Technical | RemovalReason::NestedMail => return kept_out(reason),
            // Its armour is text, and says nothing.
            RemovalReason::Encrypted if !is_smime(entity) => return kept_out(reason),
            _ => {}
        }
        let mut treated = self.treat(entity, octets);
        let text = match &mut treated.fate {
            Fate::Made { text, .. } => text.take(),
            Fate::Out { .. } => None,
        };
        let content =
            text.map_or(Content::File, |text| Content::Nested(Box::new(Nested::of_file(&text, self.budget.rules))));
        (content, Some(treated))
    }

    fn treat(&mut self, entity: &Entity<'_>, octets: &[u8]) -> Treated {
        let reason = reason(entity, self.mime);
        let inline = reason == RemovalReason::InlineImage;
        let name = report::riskiest(entity);
        let file = File { octets: Untrusted::new(octets), name, declared: &entity.media };
        files::treat(self.budget.desk, &file, Place { inline, in_archive: false, reason }, &mut self.budget.files)
    }

    /// What is inside a part, as text, if all readers agree on it.
    fn inside(&mut self, entity: &Entity<'_>, kind: nested::Kind, octets: &[u8]) -> Seen {
        let signed = if kind == nested::Kind::Signed { cms::signed_content(octets) } else { None };
        let whole = match (kind, &signed) {
            (nested::Kind::Signed, None) => return self.file(entity, octets),
            (nested::Kind::Signed, Some(content)) => offline_line_ends(content),
            // A mail that was a file had the line ends of files.
            (nested::Kind::Mail, _) if entity.encoding != Encoding::Identity => offline_line_ends(octets),
            (nested::Kind::Mail | nested::Kind::Header, _) => Cow::Borrowed(octets),
        };
        let path = report::path(entity, self.path);
        let in_report = self.mime.entities.iter().any(|entity| {
            entity.is("multipart/report") || matches!(markup(entity), Some(Markup::Record(record::Kind::Delivery)))
        });
        let place = nested::Place { kind, path: &path, in_report };
        match nested::read(&whole, place, self.budget, self.findings) {
            Ok(nested) => {
                if nested.partial {
                    self.findings.found(Anomaly::BrokenMail);
                }
                (Content::Nested(Box::new(nested)), None)
            }
            // What a signature wraps may be a file and no mail.
            Err(_) if kind == nested::Kind::Signed => self.file(entity, octets),
            Err(Hidden::Ambiguous) => {
                self.findings.found(Anomaly::BrokenMail);
                kept_out(RemovalReason::Ambiguous)
            }
            Err(Hidden::Unreadable) => self.file(entity, octets),
        }
    }
}

/// What a leaf is, and what became of it as a file.
type Seen = (Content, Option<Treated>);

/// A part that no rule is asked about.
fn kept_out(reason: RemovalReason) -> Seen {
    (Content::File, Some(Treated::out(reason)))
}

fn note_fault(entity: &Entity<'_>, fault: Fault, findings: &mut Findings) {
    match (fault, entity.encoding) {
        (Fault::None, _) | (_, Encoding::Identity) => {}
        (Fault::Sloppy, Encoding::Base64) => findings.found(Anomaly::SloppyBase64),
        (Fault::Broken, Encoding::Base64) => findings.found(Anomaly::BadBase64),
        (Fault::Broken, Encoding::QuotedPrintable) => findings.found(Anomaly::BadQuotedPrintable),
        // Unencoded octets are common, and every reader keeps them.
        (Fault::Sloppy, Encoding::QuotedPrintable) => {}
    }
}

/// Whether a part is text, by what it says. Machine-readable reports are text
/// in the form of header fields (RFC 3464, RFC 8098, RFC 5965).
fn markup(entity: &Entity<'_>) -> Option<Markup> {
    match entity.media.as_str() {
        "text/plain" if !entity.is_file => Some(Markup::Plain),
        "text/html" if !entity.is_file => Some(Markup::Html),
        media => record_kind(media).map(Markup::Record),
    }
}

/// Records for programs; invitations have names and are files by their own
/// word, but what is shown of them is only what was understood.
fn record_kind(media: &str) -> Option<record::Kind> {
    match media {
        "text/calendar" | "application/ics" | "text/x-vcalendar" => Some(record::Kind::Calendar),
        "text/vcard" | "text/x-vcard" | "text/directory" => Some(record::Kind::Card),
        "message/delivery-status" | "message/global-delivery-status" => Some(record::Kind::Delivery),
        "message/disposition-notification" | "message/global-disposition-notification" => {
            Some(record::Kind::Disposition)
        }
        "message/feedback-report" => Some(record::Kind::Feedback),
        _ => None,
    }
}

/// Why a part that says it is text is none.
enum NoText {
    /// It is two things, or passes a bound.
    Ambiguous,
    /// It is a file.
    File,
}

fn read_text(
    entity: &Entity<'_>,
    markup: Markup,
    octets: &[u8],
    limits: &Limits,
    findings: &mut Findings,
) -> Result<Text, NoText> {
    let max = match markup {
        Markup::Html => limits.html_bytes,
        Markup::Plain | Markup::Record(_) => limits.text_bytes,
    };
    if octets.len() > max as usize {
        findings.hold(HoldReason::TextTooLarge);
        return Err(NoText::Ambiguous);
    }
    let label = entity.param("charset");
    // Broken web pages have NULs in them, which every reader drops.
    let is_page = markup == Markup::Html && octets.trim_ascii_start().starts_with(b"<");
    if !is_page && is_file(octets, label) {
        findings.found(Anomaly::FileAsText);
        return Err(NoText::Ambiguous);
    }
    let whole = match markup {
        Markup::Record(record::Kind::Calendar | record::Kind::Card) => record::whole(octets),
        Markup::Record(_) | Markup::Plain | Markup::Html => Cow::Borrowed(octets),
    };
    let decoded = charset::decode(&whole, label);
    if let Markup::Record(kind) = markup {
        // A file that only calls itself a record is none.
        if entity.is_file && record::to_text(kind, &decoded.text, Language::En).is_none() {
            return Err(NoText::File);
        }
    }
    match decoded.label {
        Label::Absent | Label::Right => {}
        Label::Wrong => findings.found(Anomaly::WrongCharset),
        Label::Unknown => findings.found(Anomaly::UnknownCharset),
    }
    if decoded.is_utf7() {
        findings.found(Anomaly::Utf7);
    }
    if decoded.replacements > 0 {
        findings.found(Anomaly::Undecodable);
    }
    Ok(Text {
        markup,
        text: decoded.text,
        declared: label.map(|label| String::from_utf8_lossy(label).into_owned()),
        used: decoded.used,
        replacements: decoded.replacements,
    })
}

/// First octets of what clients open by content, whatever its label says.
const MAGIC: [&[u8]; 12] = [
    b"MZ\x90\0",
    b"PK\x03\x04",
    b"%PDF-",
    b"\xd0\xcf\x11\xe0",
    b"Rar!\x1a",
    b"7z\xbc\xaf",
    b"\x1f\x8b\x08",
    b"\x7fELF",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"{\\rtf",
];

/// Whether octets that call themselves text are a file.
fn is_file(octets: &[u8], label: Option<&[u8]>) -> bool {
    let wide = label.map(<[u8]>::to_ascii_lowercase);
    let wide = wide.is_some_and(|l| [&b"utf-16"[..], b"utf-32", b"ucs", b"iso-10646"].iter().any(|w| l.starts_with(w)));
    // A stray NUL stands in some text; programs and pictures are full of them.
    let nuls = octets.iter().filter(|b| **b == 0).count();
    MAGIC.iter().any(|magic| octets.starts_with(magic)) || (!wide && nuls * 50 > octets.len())
}

fn reason(entity: &Entity<'_>, mime: &Mime<'_>) -> RemovalReason {
    let parent = entity.parent.and_then(|parent| mime.entities.get(parent));
    let (main, sub) = entity.media.split_once('/').unwrap_or((&entity.media, ""));
    match (main, sub) {
        ("message", "rfc822" | "global") => RemovalReason::NestedMail,
        _ if entity.names.iter().any(|name| name.to_ascii_lowercase().ends_with(".eml")) => RemovalReason::NestedMail,
        _ if parent.is_some_and(|p| p.is("multipart/encrypted")) && sub == "octet-stream" => RemovalReason::Encrypted,
        ("application", "pkcs7-mime" | "x-pkcs7-mime") if is_enveloped(entity) => RemovalReason::Encrypted,
        ("application", "pgp-encrypted" | "pgp-signature" | "pkcs7-signature" | "x-pkcs7-signature") => {
            RemovalReason::Technical
        }
        ("text", "rfc822-headers") | ("message", _) => RemovalReason::Technical,
        ("image", _) if entity.has_content_id && parent.is_some_and(|p| p.is("multipart/related")) => {
            RemovalReason::InlineImage
        }
        _ => RemovalReason::Attachment,
    }
}

fn is_smime(entity: &Entity<'_>) -> bool {
    entity.is("application/pkcs7-mime") || entity.is("application/x-pkcs7-mime")
}

/// RFC 8551 3.2.2.
fn is_enveloped(entity: &Entity<'_>) -> bool {
    entity.param("smime-type").is_none_or(|kind| !kind.to_ascii_lowercase().starts_with(b"signed"))
}
