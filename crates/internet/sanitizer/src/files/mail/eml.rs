//! Mails as files (RFC 5322), mailboxes of them (RFC 4155), and mails that a
//! signature wraps (RFC 8551), by the same strict reading of structure as the
//! mail itself.

use sekisho_disarm::{Budget, Refusal};
use sekisho_job::{HoldReason, Limits, offline_line_ends};
use sekisho_safe_message::{Language, Removal, Untrusted};

use super::letter::{Letter, Part};
use crate::body::join;
use crate::findings::Findings;
use crate::language::has_japanese;
use crate::mime::{self, Encoding, Entity, Fault, Mime, Shape, decode};
use crate::nested::{self, Kind};
use crate::{charset, cms, html, record, words};

/// Most mails of one mailbox; what follows is not read, and that is said.
const MAX_MAILS: usize = 500;

/// The mail in `octets`.
///
/// # Errors
/// [`Refusal::Ambiguous`] where readers differ about it,
/// [`Refusal::Malformed`], [`Refusal::TooLarge`].
pub(super) fn read(octets: &[u8], budget: &mut Budget) -> Result<Letter, Refusal> {
    let octets = offline_line_ends(octets);
    entity(&octets, true, budget)
}

/// The mails of a mailbox. One that cannot be read leaves a remark.
///
/// # Errors
/// [`Refusal::Malformed`] if no mail can be read, [`Refusal::TooLarge`].
pub(super) fn read_box(octets: &[u8], budget: &mut Budget) -> Result<Vec<Letter>, Refusal> {
    let mut letters = Vec::new();
    let mut unread = 0;
    for mail in split(octets) {
        if letters.len() == MAX_MAILS {
            return Err(Refusal::TooLarge);
        }
        budget.entries(1)?;
        match read(&mail, budget) {
            Ok(letter) => letters.push(letter),
            Err(Refusal::TooLarge) => return Err(Refusal::TooLarge),
            Err(Refusal::Encrypted | Refusal::Malformed | Refusal::Ambiguous | Refusal::Unsupported) => {
                unread += 1;
                letters.push(Letter { unread: true, removed: [Removal::EmbeddedFile].into(), ..Letter::default() });
            }
        }
    }
    if unread == letters.len() { Err(Refusal::Malformed) } else { Ok(letters) }
}

/// What a signature wraps.
///
/// # Errors
/// [`Refusal::Encrypted`]; [`Refusal::Unsupported`] for a signature alone; as
/// [`read`].
pub(super) fn read_signed(octets: &[u8], budget: &mut Budget) -> Result<Letter, Refusal> {
    let armoured = octets.trim_ascii_start().starts_with(b"-----BEGIN");
    let octets = if armoured { unarmoured(octets)? } else { octets.to_vec() };
    budget.octets(octets.len() as u64)?;
    let Some(content) = cms::signed_content(&octets) else {
        return Err(if is_enveloped(&octets) { Refusal::Encrypted } else { Refusal::Unsupported });
    };
    let is_entity = content.trim_ascii_start().get(..8).is_some_and(|head| head.eq_ignore_ascii_case(b"content-"))
        || content.get(..12).is_some_and(|head| head.eq_ignore_ascii_case(b"mime-version"));
    if !is_entity {
        // A file was signed, no mail.
        let file = Part::File { name: String::new(), declared: String::new(), octets: content };
        return Ok(Letter { parts: vec![file], ..Letter::default() });
    }
    entity(&offline_line_ends(&content), false, budget)
}

/// Base64 between two lines of armour (RFC 7468).
fn unarmoured(octets: &[u8]) -> Result<Vec<u8>, Refusal> {
    let text: Vec<&[u8]> = octets.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).collect();
    let start = text.iter().position(|line| line.starts_with(b"-----BEGIN")).ok_or(Refusal::Malformed)?;
    let end = text.iter().position(|line| line.starts_with(b"-----END")).ok_or(Refusal::Malformed)?;
    let body = text.get(start + 1..end).ok_or(Refusal::Malformed)?.concat();
    let decoded = mime::decode_base64(&body);
    if decoded.fault == Fault::Broken { Err(Refusal::Malformed) } else { Ok(decoded.octets.into_owned()) }
}

/// The content types of enveloped and encrypted data (RFC 5652 6, 8).
fn is_enveloped(octets: &[u8]) -> bool {
    let head = octets.get(..octets.len().min(24)).unwrap_or_default();
    [3, 6].iter().any(|last| head.windows(9).any(|nine| nine == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, *last]))
}

/// A mailbox's mails: each begins behind a line `From `, at the begin or
/// behind an empty line (RFC 4155); `>From ` in a text was `From ` once.
fn split(octets: &[u8]) -> Vec<Vec<u8>> {
    let mut mails: Vec<Vec<u8>> = Vec::new();
    let mut blank = true;
    for line in octets.split_inclusive(|b| *b == b'\n') {
        let quotes = line.iter().take_while(|b| **b == b'>').count();
        if blank && line.starts_with(b"From ") {
            mails.push(Vec::new());
        } else if let Some(mail) = mails.last_mut() {
            let quoted = quotes > 0 && line[quotes..].starts_with(b"From ");
            mail.extend_from_slice(if quoted { &line[1..] } else { line });
        }
        blank = line.trim_ascii().is_empty();
    }
    mails
}

/// One entity and everything below it.
fn entity(octets: &[u8], is_mail: bool, budget: &mut Budget) -> Result<Letter, Refusal> {
    let limits = Limits::default();
    let mut findings = Findings::default();
    let mime = mime::read(Untrusted::new(octets), &limits, &mut findings);
    match findings.held() {
        None => {}
        Some(HoldReason::AmbiguousStructure | HoldReason::Partial) => return Err(Refusal::Ambiguous),
        Some(_) => return Err(Refusal::Malformed),
    }
    let mut letter = if is_mail { headed(&mime) } else { Letter::default() };
    let hidden = versions(&mime);
    for (index, entity) in mime.entities.iter().enumerate() {
        budget.entries(1)?;
        if entity.shape == Shape::Leaf {
            leaf(entity, hidden[index], &mut letter, budget)?;
        }
    }
    Ok(letter)
}

/// What the header says.
fn headed(mime: &Mime<'_>) -> Letter {
    let field = |name: &str| {
        let value = mime.header.iter().find(|field| field.is(name)).map(|field| field.value);
        value.map(words::text).unwrap_or_default()
    };
    Letter {
        from: field("From"),
        to: field("To"),
        cc: field("Cc"),
        subject: field("Subject"),
        date: mime.date.map(|date| date.unix()),
        ..Letter::default()
    }
}

/// Which parts are the HTML of a text that is shown plain: below an
/// alternative that has a plain text (RFC 2046 5.1.4).
fn versions(mime: &Mime<'_>) -> Vec<bool> {
    let count = mime.entities.len();
    let mut has_plain = vec![false; count];
    // Children follow their container, so backwards they come first.
    for index in (0..count).rev() {
        let entity = &mime.entities[index];
        has_plain[index] |= entity.is("text/plain") && !entity.is_file && !entity.content.trim_ascii().is_empty();
        if let (Some(parent), true) = (entity.parent, has_plain[index]) {
            has_plain[parent] = true;
        }
    }
    let mut twin = vec![false; count];
    for index in 0..count {
        if let Some(parent) = mime.entities[index].parent {
            let alternative = mime.entities[parent].is("multipart/alternative");
            twin[index] = twin[parent] || alternative && has_plain[parent];
        }
    }
    (0..count)
        .map(|index| twin[index] && mime.entities[index].is("text/html") && !mime.entities[index].is_file)
        .collect()
}

fn leaf(entity: &Entity<'_>, hidden: bool, letter: &mut Letter, budget: &mut Budget) -> Result<(), Refusal> {
    if hidden || is_technical(entity) {
        return Ok(());
    }
    let decoded = decode(entity.content, entity.encoding);
    // Each decoder makes another thing of broken base64.
    if entity.withheld || decoded.fault == Fault::Broken && entity.encoding == Encoding::Base64 {
        letter.removed.insert(Removal::EmbeddedFile);
        return Ok(());
    }
    budget.octets(decoded.octets.len() as u64)?;
    if let Some(text) = text(entity, &decoded.octets) {
        join(&mut letter.text, &text);
        return Ok(());
    }
    match nested::kind_of(entity) {
        Some(Kind::Mail) => match budget.deeper(|budget| read(&decoded.octets, budget)) {
            Ok(inside) => letter.parts.push(Part::Letter(inside)),
            Err(Refusal::TooLarge) => return Err(Refusal::TooLarge),
            Err(Refusal::Encrypted | Refusal::Malformed | Refusal::Ambiguous | Refusal::Unsupported) => {
                letter.parts.push(Part::Letter(Letter { unread: true, ..Letter::default() }));
                letter.removed.insert(Removal::EmbeddedFile);
            }
        },
        Some(Kind::Header) => {}
        Some(Kind::Signed) | None => {
            let name = entity.names.first().cloned().unwrap_or_default();
            let octets = decoded.octets.into_owned();
            letter.parts.push(Part::File { name, declared: entity.media.clone(), octets });
        }
    }
    Ok(())
}

/// Signatures without what they sign, and the frame of PGP/MIME.
fn is_technical(entity: &Entity<'_>) -> bool {
    matches!(
        entity.media.as_str(),
        "application/pgp-signature"
            | "application/pgp-encrypted"
            | "application/pkcs7-signature"
            | "application/x-pkcs7-signature"
    )
}

/// The text of a part that is text by its own word, and no file.
fn text(entity: &Entity<'_>, octets: &[u8]) -> Option<String> {
    let kind = match entity.media.as_str() {
        "text/plain" | "text/html" if !entity.is_file => None,
        "message/delivery-status" | "message/global-delivery-status" => Some(record::Kind::Delivery),
        "message/disposition-notification" | "message/global-disposition-notification" => {
            Some(record::Kind::Disposition)
        }
        "message/feedback-report" => Some(record::Kind::Feedback),
        _ => return None,
    };
    let decoded = charset::decode(octets, entity.param("charset")).text;
    match kind {
        Some(kind) => {
            let language = if has_japanese(&decoded) { Language::Ja } else { Language::En };
            Some(record::to_text(kind, &decoded, language).unwrap_or(decoded))
        }
        None if entity.is("text/html") => Some(html::to_text(&decoded).text),
        None => Some(decoded),
    }
}
