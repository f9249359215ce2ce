//! The second reader: mail-parser's view of the same octets, and where it
//! differs. The only place that names mail-parser.
//!
//! mail-parser is lenient: it finds boundaries in the middle of lines, skips
//! lines that are no fields, and forgives encodings. That makes it a good
//! witness for what some client may see.

use mail_parser::{HeaderName, MessageParser, MessagePart, MimeHeaders, PartType};
use sekisho_job::Anomaly;
use sekisho_safe_message::Timestamp;

use super::entity::{Encoding, Entity, Shape};
use super::shorten::Shortened;
use crate::findings::Findings;

/// What the second reader reads.
pub(crate) struct Second {
    leaves: Vec<Leaf>,
    /// What `Date` says.
    pub(crate) date: Option<Timestamp>,
    /// The only address in `From`.
    pub(crate) from: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Leaf {
    at: usize,
    /// Where it ends.
    end: usize,
    kind: Kind,
    /// Unknown where decoding failed, and of nested mails, which are kept out
    /// whatever they hold.
    encoding: Option<Encoding>,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Html,
    Other,
}

/// Lets mail-parser read `raw`; `None` when it finds no mail.
pub(crate) fn read(raw: &[u8]) -> Option<Second> {
    let shortened = Shortened::new(raw);
    let parser =
        MessageParser::new().with_mime_headers().header_date(HeaderName::Date).header_address(HeaderName::From);
    let message = parser.parse(&shortened.octets)?;
    let from = message.from().and_then(|list| match list.iter().collect::<Vec<_>>()[..] {
        [one] => one.address().map(str::to_owned),
        _ => None,
    });
    let date = message.date().filter(|date| date.is_valid()).and_then(|date| {
        let minutes = i16::from(date.tz_hour) * 60 + i16::from(date.tz_minute);
        Timestamp::new(date.to_timestamp(), if date.tz_before_gmt { -minutes } else { minutes })
    });
    let mut leaves: Vec<Leaf> = message.parts.iter().filter_map(leaf).collect();
    for leaf in &mut leaves {
        (leaf.at, leaf.end) = (shortened.place(leaf.at), shortened.place(leaf.end));
    }
    Some(Second { leaves, date, from })
}

fn leaf(part: &MessagePart<'_>) -> Option<Leaf> {
    if matches!(part.body, PartType::Multipart(_)) {
        return None;
    }
    let kind = match part.content_type().map(|t| (t.ctype(), t.subtype())) {
        Some((main, Some(sub))) if main.eq_ignore_ascii_case("text") => match sub.to_ascii_lowercase().as_str() {
            "plain" => Kind::Plain,
            "html" => Kind::Html,
            _ => Kind::Other,
        },
        Some(_) => Kind::Other,
        None if matches!(part.body, PartType::Message(_)) => Kind::Other,
        None => Kind::Plain,
    };
    let encoding = match part.encoding {
        _ if part.is_encoding_problem || matches!(part.body, PartType::Message(_)) => None,
        mail_parser::Encoding::None => Some(Encoding::Identity),
        mail_parser::Encoding::QuotedPrintable => Some(Encoding::QuotedPrintable),
        mail_parser::Encoding::Base64 => Some(Encoding::Base64),
    };
    Some(Leaf { at: part.offset_body as usize, end: part.offset_end as usize, kind, encoding })
}

/// Notes where the two readings differ in number, place, type or encoding of
/// the leaves.
pub(crate) fn compare(second: &Second, entities: &[Entity<'_>], findings: &mut Findings) {
    let mut theirs = second.leaves.iter().peekable();
    let mut ours = entities.iter().filter(|entity| entity.shape == Shape::Leaf);
    let agree = ours.all(|ours| {
        theirs.next_if(|theirs| is_alike(ours, theirs)).is_some()
            // A part without content that is kept out under every reading.
            || ours.withheld && ours.content.is_empty()
    });
    if !agree || theirs.next().is_some() {
        findings.found(Anomaly::TwoReadings);
    }
}

fn is_alike(ours: &Entity<'_>, theirs: &Leaf) -> bool {
    let end = ours.at + ours.content.len();
    if ours.withheld {
        // Kept out under every reading: only its place counts.
        return (ours.at..=end).contains(&theirs.at);
    }
    ours.at == theirs.at
        && (theirs.encoding.is_none() || end == theirs.end)
        && theirs.kind == kind_of(ours)
        && theirs.encoding.is_none_or(|encoding| encoding == ours.encoding)
}

fn kind_of(entity: &Entity<'_>) -> Kind {
    match entity.media.as_str() {
        "text/plain" => Kind::Plain,
        "text/html" => Kind::Html,
        _ => Kind::Other,
    }
}
