//! One part: what its header block says about it.

use sekisho_job::{Anomaly, HoldReason};

use super::fields::{Field, unfold};
use super::value::{self, Param, Value};
use crate::findings::Findings;
use crate::words;

/// RFC 2046 5.1.1.
const MAX_BOUNDARY: usize = 70;

/// A part of the mail.
#[derive(Debug)]
pub(crate) struct Entity<'a> {
    /// The container it stands in, an index; none for the mail itself.
    pub(crate) parent: Option<usize>,
    /// Its place, numbers from 1; empty for the mail itself.
    pub(crate) path: Vec<u32>,
    /// `type/subtype`, lower case.
    pub(crate) media: String,
    /// The parameters of its type.
    pub(crate) params: Vec<Param>,
    /// Whether it holds parts or content.
    pub(crate) shape: Shape,
    /// How its content is encoded.
    pub(crate) encoding: Encoding,
    /// It says, or may be read to say, that it is a file.
    pub(crate) is_file: bool,
    /// Every name that it gives itself, decoded.
    pub(crate) names: Vec<String>,
    /// Readers differ about its type, encoding or header: it is kept out under
    /// every reading.
    pub(crate) withheld: bool,
    /// HTML can show it inside the text (it has a Content-ID).
    pub(crate) has_content_id: bool,
    /// Where its content begins in the mail.
    pub(crate) at: usize,
    /// Its content, encoded; of a container everything between its header
    /// and its end.
    pub(crate) content: &'a [u8],
}

/// Whether a part holds parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A multipart with this boundary.
    Container(Vec<u8>),
    /// Content.
    Leaf,
}

/// The transfer encodings that there are (RFC 2045 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// 7bit, 8bit, binary, or none given.
    Identity,
    /// quoted-printable
    QuotedPrintable,
    /// base64
    Base64,
}

impl Entity<'_> {
    /// Whether its type is `media`.
    pub(crate) fn is(&self, media: &str) -> bool {
        self.media == media
    }

    /// The parameter `name` of its type.
    pub(crate) fn param(&self, name: &str) -> Option<&[u8]> {
        self.params.iter().find(|p| p.name == name).map(|p| &*p.value)
    }
}

/// Where a part begins and what it stands in.
pub(crate) struct Place {
    pub(crate) parent: Option<usize>,
    pub(crate) path: Vec<u32>,
    pub(crate) in_digest: bool,
    pub(crate) at: usize,
}

/// The part that `fields` describe.
pub(crate) fn describe<'a>(fields: &[Field<'_>], place: Place, findings: &mut Findings) -> Entity<'a> {
    let media = only(fields, "Content-Type", Anomaly::DuplicateType, findings);
    if fields.iter().filter(|f| f.is("Content-Type")).skip(1).any(|f| may_contain(f.value)) {
        findings.found(Anomaly::AmbiguousContainer);
    }
    let encoding = only(fields, "Content-Transfer-Encoding", Anomaly::DuplicateEncoding, findings);
    let disposition = only(fields, "Content-Disposition", Anomaly::DuplicateDisposition, findings);
    let default = if place.in_digest { "message/rfc822" } else { "text/plain" };
    let kind = read_type(media, default, findings);
    let encoding = read_encoding(encoding, findings);
    let (is_attachment, mut names) = read_disposition(disposition);
    names.extend(words::parameter(&kind.params, "name"));
    let shape = read_shape(&kind, media, encoding, findings);
    judge(&kind.head, findings);
    Entity {
        parent: place.parent,
        path: place.path,
        is_file: is_attachment || !names.is_empty() || kind.junk && mentions_name(media),
        media: kind.head,
        params: kind.params,
        shape,
        encoding,
        names,
        withheld: false,
        has_content_id: fields.iter().any(|f| f.is("Content-ID")),
        at: place.at,
        content: &[],
    }
}

/// The value of a field that may stand once.
fn only<'a>(fields: &[Field<'a>], name: &str, twice: Anomaly, findings: &mut Findings) -> Option<&'a [u8]> {
    let mut found = fields.iter().filter(|f| f.is(name));
    let first = found.next().map(|f| f.value);
    if found.next().is_some() {
        findings.found(twice);
    }
    first
}

fn read_type(field: Option<&[u8]>, default: &str, findings: &mut Findings) -> Value {
    let plain = |head: &str| Value { head: head.to_owned(), params: Vec::new(), comments: false, junk: false };
    let Some(field) = field else { return plain(default) };
    if has_control(field) {
        findings.found(Anomaly::BadType);
    }
    let read = value::parse(&unfold(field));
    match read
        .filter(|v| v.head.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty() && !b.contains('/')))
    {
        Some(value) => {
            if value.junk {
                findings.found(Anomaly::SloppyType);
            }
            value
        }
        None => {
            findings.found(Anomaly::BadType);
            plain("application/octet-stream")
        }
    }
}

fn has_control(field: &[u8]) -> bool {
    field.iter().any(|b| b.is_ascii_control() && !b"\r\n\t".contains(b))
}

/// RFC 2045 6.1 to 6.3: one word of a closed list, in any case of letters.
fn read_encoding(field: Option<&[u8]>, findings: &mut Findings) -> Encoding {
    let Some(field) = field else { return Encoding::Identity };
    match unfold(field).to_ascii_lowercase().as_slice() {
        b"7bit" | b"8bit" | b"binary" => Encoding::Identity,
        b"quoted-printable" => Encoding::QuotedPrintable,
        b"base64" => Encoding::Base64,
        _ => {
            findings.found(Anomaly::UnknownEncoding);
            Encoding::Identity
        }
    }
}

/// Whether a disposition makes a file of the part, and the names it gives. One
/// that cannot be read counts as a file.
fn read_disposition(field: Option<&[u8]>) -> (bool, Vec<String>) {
    let Some(field) = field else { return (false, Vec::new()) };
    match value::parse(&unfold(field)) {
        Some(value) => {
            let names = words::parameter(&value.params, "filename");
            (value.head != "inline" || value.junk && mentions_name(Some(field)), names)
        }
        None => (true, Vec::new()),
    }
}

/// Whether a field whose parameters cannot be trusted may name a file.
fn mentions_name(field: Option<&[u8]>) -> bool {
    field.is_some_and(|f| contains(&f.to_ascii_lowercase(), b"name"))
}

fn read_shape(kind: &Value, field: Option<&[u8]>, encoding: Encoding, findings: &mut Findings) -> Shape {
    let boundaries: Vec<_> = kind.params.iter().filter(|p| p.name.split('*').next() == Some("boundary")).collect();
    if !kind.head.starts_with("multipart/") {
        if !boundaries.is_empty() || mentions_container(field) {
            findings.found(Anomaly::AmbiguousContainer);
        }
        return Shape::Leaf;
    }
    let doubt = [Anomaly::UnknownEncoding, Anomaly::DuplicateEncoding, Anomaly::DuplicateType];
    if encoding != Encoding::Identity || doubt.iter().any(|anomaly| findings.has(*anomaly)) {
        findings.found(Anomaly::EncodedContainer);
    }
    match *boundaries {
        [] => {
            let hidden = mentions_boundary(field);
            findings.found(if hidden { Anomaly::BadBoundary } else { Anomaly::NoBoundary });
            Shape::Leaf
        }
        [one] if one.name == "boundary" && is_boundary(&one.value) => {
            // Folded within its quotes, some readers keep the blank.
            let plain = field.is_some_and(<[u8]>::is_ascii);
            if kind.junk || kind.comments || !plain || folds_in_quotes(field) {
                findings.found(Anomaly::BadBoundary);
            }
            Shape::Container(one.value.clone())
        }
        _ => {
            findings.found(Anomaly::BadBoundary);
            Shape::Leaf
        }
    }
}

/// Whether some reader may find a container in a type that is none here: the
/// words stand in it, or an encoded word that may hide them.
fn mentions_container(field: Option<&[u8]>) -> bool {
    field.is_some_and(|field| {
        let head = field.split(|b| *b == b';').next().unwrap_or_default().to_ascii_lowercase();
        let unsure = !head.contains(&b'/') || value::parse(&unfold(field)).is_none_or(|value| value.junk);
        [&b"multipart"[..], b"=?"].iter().any(|word| contains(&head, word)) || unsure && mentions_boundary(Some(field))
    })
}

/// Whether a whole header block names a container anywhere, so that junk in
/// it may make one.
pub(crate) fn may_contain(block: &[u8]) -> bool {
    let block = block.to_ascii_lowercase();
    [&b"multipart"[..], b"message/", b"boundary"].iter().any(|word| contains(&block, word))
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

fn folds_in_quotes(field: Option<&[u8]>) -> bool {
    let quoted = |field: &[u8]| field.split(|b| *b == b'"').skip(1).step_by(2).any(|text| text.contains(&b'\n'));
    field.is_some_and(quoted)
}

fn mentions_boundary(field: Option<&[u8]>) -> bool {
    field.is_some_and(|f| contains(&f.to_ascii_lowercase(), b"boundary"))
}

/// RFC 2046 5.1.1 `bchars`, and other printable ASCII that old programs use
/// (`@`, `#`, `[`), but for what quoting and lists are made of. Single spaces
/// inside are allowed, at the ends readers trim them or not. Never what some
/// reader decodes as an encoded word (RFC 2047 5).
fn is_boundary(value: &[u8]) -> bool {
    (1..=MAX_BOUNDARY).contains(&value.len())
        && value.iter().all(|b| b.is_ascii_graphic() && !b"\"\\;<>".contains(b) || *b == b' ')
        && value.trim_ascii() == value
        && !value.windows(2).any(|pair| pair == b"  ")
        && !(value.starts_with(b"=?") && value.ends_with(b"?="))
}

fn judge(media: &str, findings: &mut Findings) {
    match media {
        // RFC 2046 5.2.2, 5.2.3: the content is elsewhere.
        "message/partial" | "message/external-body" => findings.hold(HoldReason::Partial),
        "multipart/encrypted" => findings.found(Anomaly::Encrypted),
        "message/rfc822" | "message/global" => findings.found(Anomaly::NestedMail),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe_text(header: &str) -> (Entity<'static>, Findings) {
        let mut findings = Findings::default();
        let fields = super::super::fields::parse(header.as_bytes(), &mut findings);
        let place = Place { parent: None, path: Vec::new(), in_digest: false, at: 0 };
        let entity = describe(&fields, place, &mut findings);
        (entity, findings)
    }

    #[test]
    fn two_readings_are_a_verdict() {
        for (header, found) in [
            ("Content-Type: text/plain\r\nContent-Type: text/html\r\n", Anomaly::DuplicateType),
            ("Content-Type: text\r\n", Anomaly::BadType),
            ("Content-Type: =?us-ascii?q?text/plain?=\r\n", Anomaly::AmbiguousContainer),
            ("Content-Type: text/plain, multipart/mixed; boundary=x\r\n", Anomaly::AmbiguousContainer),
            ("Content-Type:\r\n", Anomaly::BadType),
            ("Content-Type: te\r\n xt/plain\r\n", Anomaly::BadType),
            ("Content-Type: text/plain; boundary=x\r\n", Anomaly::AmbiguousContainer),
            ("Content-Type: multipart/mixed\r\n", Anomaly::NoBoundary),
            ("Content-Type: multipart/mixed; boundary=x; boundary=y\r\n", Anomaly::BadBoundary),
            ("Content-Type: multipart/mixed; boundary=x; boundary*=y\r\n", Anomaly::BadBoundary),
            ("Content-Type: multipart/mixed; boundary*0=x; boundary*1=y\r\n", Anomaly::BadBoundary),
            ("Content-Type: multipart/mixed; boundary=\" x\"\r\n", Anomaly::BadBoundary),
            ("Content-Type: multipart/mixed; boundary=\"x\r\n y\"\r\n", Anomaly::BadBoundary),
            ("Content-Type: multipart/mixed; boundary=\"\"\r\n", Anomaly::BadBoundary),
            ("Content-Type: multipart/mixed; boundary=\"=?x?q?y?=\"\r\n", Anomaly::BadBoundary),
            ("Content-Type: multipart/mixed; (boundary=bar) boundary=foo\r\n", Anomaly::BadBoundary),
            ("Content-Type: multipart/mixed; foo; boundary=x\r\n", Anomaly::BadBoundary),
            (
                "Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: base64\r\n",
                Anomaly::EncodedContainer,
            ),
            ("Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: base64\r\n", Anomaly::DuplicateEncoding),
            ("Content-Transfer-Encoding: base64, quoted-printable\r\n", Anomaly::UnknownEncoding),
            ("Content-Transfer-Encoding: \"base64\"\r\n", Anomaly::UnknownEncoding),
            ("Content-Transfer-Encoding: base64 (x)\r\n", Anomaly::UnknownEncoding),
            ("Content-Transfer-Encoding: x-uuencode\r\n", Anomaly::UnknownEncoding),
            ("Content-Transfer-Encoding:\r\n", Anomaly::UnknownEncoding),
            ("Content-Disposition: inline\r\nContent-Disposition: attachment\r\n", Anomaly::DuplicateDisposition),
        ] {
            let (_, findings) = describe_text(header);
            assert!(findings.has(found), "{header:?}: {:?}", findings.anomalies());
            assert!(findings.held().is_some() || findings.withholds(), "{header:?}");
        }
    }

    #[test]
    fn what_may_be_a_container_is_held() {
        for header in [
            "Content-Type: text/plain, multipart/mixed; boundary=x\r\n",
            "Content-Type: text/plain; boundary=x\r\n",
            "Content-Type: x-multipart/mixed\r\n",
            "Content-Type: =?us-ascii?q?multipart/mixed?=\r\n",
            "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=x\r\n",
            "Content-Type: text; boundary=x\r\n",
            "Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n",
        ] {
            assert_eq!(describe_text(header).1.held(), Some(HoldReason::AmbiguousStructure), "{header:?}");
        }
    }

    #[test]
    fn files_and_text() {
        for (header, is_file) in [
            ("", false),
            ("Content-Type: text/plain; charset=x\r\nContent-Disposition: inline\r\n", false),
            ("Content-Disposition: attachment\r\n", true),
            ("Content-Disposition: INLINE; filename=x\r\n", true),
            ("Content-Disposition: ;\r\n", true),
            ("Content-Disposition: x\r\n", true),
            ("Content-Type: text/plain; name*0=a; name*1=b\r\n", true),
            ("Content-Type: text/plain; charset=x name=y\r\n", true),
        ] {
            let (entity, findings) = describe_text(header);
            assert_eq!((entity.is_file, findings.held()), (is_file, None), "{header:?}");
        }
    }
}
