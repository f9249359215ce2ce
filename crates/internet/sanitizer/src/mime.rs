//! The structure of a mail: the strict reading, and the agreement with
//! mail-parser's.
//!
//! The strict reading drives everything: it is linear in the mail's size,
//! keeps an explicit stack, and turns every departure from RFC 2045 and 2046
//! that programs read differently into a verdict. mail-parser is the second
//! reader. It is lenient in its own way, so a difference between the two is
//! just what an attacker lives on.
//!
//! Never: decides what is text or what is kept out.

mod decode;
mod entity;
mod fields;
mod octets;
mod second;
mod shorten;
mod value;
mod walk;

use sekisho_job::{HoldReason, Limits};
use sekisho_safe_message::{Timestamp, Untrusted};

pub(crate) use decode::{Fault, decode, decode_base64, decode_quoted_printable};
pub(crate) use entity::{Encoding, Entity, Shape};
pub(crate) use fields::{Field, unfold};
pub(crate) use value::Param;

use crate::findings::Findings;

/// A mail's structure.
#[derive(Debug)]
pub(crate) struct Mime<'a> {
    /// The header of the mail itself.
    pub(crate) header: Vec<Field<'a>>,
    /// Every part, containers included, in the order of the mail; the first
    /// is the mail itself.
    pub(crate) entities: Vec<Entity<'a>>,
    /// What the `Date` field says.
    pub(crate) date: Option<Timestamp>,
    /// The only address in `From` as the second reader reads it.
    pub(crate) second_from: Option<String>,
}

/// Reads no more than the header block of `raw`.
pub(crate) fn read_header<'a>(raw: Untrusted<'a>, limits: &Limits, findings: &mut Findings) -> Mime<'a> {
    let raw = raw.read();
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n").map_or(raw.len(), |end| end + 2);
    let block = &raw[..end];
    octets::check(block, findings);
    if block.len() > limits.header_bytes as usize {
        findings.hold(HoldReason::HeaderTooLarge);
    }
    if findings.held().is_some() {
        return Mime { header: Vec::new(), entities: Vec::new(), date: None, second_from: None };
    }
    let header = fields::parse(block, findings);
    Mime { header, entities: Vec::new(), date: second::read(block).and_then(|second| second.date), second_from: None }
}

/// Reads the structure of `raw` within `limits`.
pub(crate) fn read<'a>(raw: Untrusted<'a>, limits: &Limits, findings: &mut Findings) -> Mime<'a> {
    let raw = raw.read();
    octets::check(raw, findings);
    let (header, entities) = walk::walk(raw, limits, findings);
    let mut mime = Mime { header, entities, date: None, second_from: None };
    // The second reader has no bounds of its own: it sees only what is within ours.
    if findings.held().is_some() {
        return mime;
    }
    // That they differ is known already, where a person has answered for it;
    // what the second makes of the rest is nobody's concern.
    let is_disputed = findings.accepted();
    let end = mime.entities.first().filter(|_| is_disputed).map_or(raw.len(), |root| root.at);
    if let Some(second) = second::read(&raw[..end]) {
        if !is_disputed {
            second::compare(&second, &mime.entities, findings);
        }
        (mime.date, mime.second_from) = (second.date, second.from);
    }
    mime
}
