//! The parts of a mail with files: the text's head, then file after file.

use std::collections::BTreeSet;

use sekisho_safe_message::{
    MAX_ATTACHED, MAX_ATTACHMENTS, MailId, SafeKind, SafeName, Sha256, Untrusted, is_output_name,
};

use crate::body::{self, Encoding};
use crate::field::{Folded, MIXED};
use crate::wire::Lines;
use crate::{Charset, Rich, Rule, Violation, file, value, words};

/// Octets of a line of a part's header (RFC 5322 2.1.1 asks for 78).
const MAX_LINE: usize = 78;
/// Longest name that stands as it is.
const MAX_PLAIN: usize = 60;
/// Lines of one name: 240 octets, in pieces of at least three.
const MAX_PIECES: usize = 80;

/// A file in a mail, whose octets keep the grammar of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: SafeName,
    /// Its kind.
    pub kind: SafeKind,
    /// Octets, decoded.
    pub size: u64,
    /// Digest of the decoded octets.
    pub sha256: Sha256,
}

/// The Content-Type of a mail with files; its id is compared by [`id`].
pub(crate) fn mixed(value: &Folded) -> Result<(), Rule> {
    let id = value.as_str().strip_prefix(MIXED).and_then(|rest| rest.strip_suffix('"'));
    id.and_then(|id| id.parse::<MailId>().ok()).map(|_| ()).ok_or(Rule::Value)
}

/// The mail's id, which is that of the boundary.
pub(crate) fn id(value: &Folded, boundary: Option<&str>) -> Result<MailId, Rule> {
    let id = value::mail_id(value)?;
    let agrees = boundary.is_none_or(|boundary| boundary.strip_prefix("--=_") == Some(value.as_str()));
    if agrees { Ok(id) } else { Err(Rule::Value) }
}

/// The first boundary and the head of the text: what it is written in, and how.
pub(crate) fn text_head(lines: &mut Lines<'_>, boundary: &str) -> Result<(Charset, Encoding), Violation> {
    exactly(lines, boundary)?;
    let number = lines.number();
    let broken = Violation::at(number, Rule::Part);
    let kind = field(lines, "Content-Type: ")?;
    let charset = [Charset::Utf8, Charset::Iso2022Jp].into_iter().find(|charset| charset.content_type() == kind);
    let charset = charset.ok_or(broken)?;
    let encoding = body::encoding(field(lines, "Content-Transfer-Encoding: ")?, charset).map_err(|_| broken)?;
    exactly(lines, "")?;
    Ok((charset, encoding))
}

/// The files behind the text, up to the end of the mail.
pub(crate) fn attachments(
    lines: &mut Lines<'_>,
    boundary: &str,
    charset: Charset,
    rich: &mut Rich<'_>,
) -> Result<Vec<Attachment>, Violation> {
    let last = format!("{boundary}--");
    let mut attachments: Vec<Attachment> = Vec::new();
    let mut names = BTreeSet::new();
    let mut octets = 0;
    lines.go_on();
    exactly(lines, boundary)?;
    loop {
        let number = lines.number();
        let attachment = attachment(lines, boundary, charset, rich)?;
        octets += attachment.size;
        if attachments.len() >= MAX_ATTACHMENTS || octets > MAX_ATTACHED as u64 {
            return Err(Violation::at(number, Rule::Files));
        }
        if !names.insert(attachment.name.as_str().to_lowercase()) {
            return Err(Violation::at(number, Rule::FileName));
        }
        attachments.push(attachment);
        lines.go_on();
        let number = lines.number();
        match lines.next()?.map(|line| line.text) {
            Some(line) if line == boundary => {}
            Some(line) if line == last => break,
            Some(_) | None => return Err(Violation::at(number, Rule::Part)),
        }
    }
    match lines.next()? {
        Some(line) => Err(Violation::at(line.number, Rule::Part)),
        None => Ok(attachments),
    }
}

/// One file: its head, and its octets, which are forgotten once they are read.
fn attachment(
    lines: &mut Lines<'_>,
    boundary: &str,
    charset: Charset,
    rich: &mut Rich<'_>,
) -> Result<Attachment, Violation> {
    let number = lines.number();
    let broken = Violation::at(number, Rule::Part);
    let media_type = field(lines, "Content-Type: ")?.strip_suffix(';').ok_or(broken)?;
    let kind = SafeKind::ALL.into_iter().find(|kind| kind.media_type() == media_type).ok_or(broken)?;
    let shown = shown_name(lines, charset)?;
    exactly(lines, "Content-Disposition: attachment;")?;
    let name = file_name(lines)?;
    let wrong = Violation::at(number, Rule::FileName);
    let name = SafeName::parse(name).ok().filter(|name| is_output_name(name, kind) && name.as_str() == shown);
    let name = name.ok_or(wrong)?;
    exactly(lines, "Content-Transfer-Encoding: base64")?;
    exactly(lines, "")?;
    lines.stop_before(boundary, false);
    let number = lines.number();
    // Never more than what is left can hold: memory that is not touched costs
    // nothing, and the octets are not moved as they grow.
    let octets = body::from_base64(lines, Vec::with_capacity(lines.left() / 4 * 3))?;
    let file = Untrusted::new(&octets);
    let read = match kind {
        SafeKind::Text | SafeKind::Csv | SafeKind::Calendar | SafeKind::Card => file::plain(kind, file),
        SafeKind::Png | SafeKind::Jpeg | SafeKind::Gif | SafeKind::Pdf | SafeKind::Zip => rich(kind, file),
    };
    read.map_err(|flaw| Violation::file(number, flaw))?;
    Ok(Attachment { name, kind, size: octets.len() as u64, sha256: Sha256::of(&octets) })
}

/// The name beside the type, which clients read that know no RFC 2231: plain,
/// or words.
fn shown_name(lines: &mut Lines<'_>, charset: Charset) -> Result<String, Violation> {
    let number = lines.number();
    let broken = Violation::at(number, Rule::FileName);
    let first = field(lines, " name=\"")?;
    if let Some(plain) = first.strip_suffix('"').filter(|_| !first.starts_with("=?")) {
        return if is_plain(plain) { Ok(plain.to_owned()) } else { Err(broken) };
    }
    let mut all = String::new();
    let mut line = first;
    for _ in 0..MAX_PIECES {
        if let Some(last) = line.strip_suffix('"') {
            all.push_str(last);
            // What ISO-2022-JP lacks stands in UTF-8.
            let charset = if all.starts_with("=?UTF-8?") { Charset::Utf8 } else { charset };
            let name = words::encoded(&all, charset).map_err(|_| broken)?;
            return if is_plain(name.as_str()) { Err(broken) } else { Ok(name.as_str().to_owned()) };
        }
        all.push_str(line);
        all.push('\n');
        line = field(lines, " ")?;
    }
    Err(broken)
}

/// RFC 2183 and 2231: plain, or octets of UTF-8, in one piece or several.
fn file_name(lines: &mut Lines<'_>) -> Result<String, Violation> {
    let broken = Violation::at(lines.number(), Rule::FileName);
    let first = field(lines, " filename")?;
    if let Some(plain) = first.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        return if is_plain(plain) { Ok(plain.to_owned()) } else { Err(broken) };
    }
    let mut name = String::new();
    if let Some(octets) = first.strip_prefix("*=UTF-8''") {
        push_octets(octets, &mut name).ok_or(broken)?;
    } else {
        let mut piece = first.strip_prefix("*0*=UTF-8''").ok_or(broken)?;
        for next in 1..MAX_PIECES {
            let Some(more) = piece.strip_suffix(';') else { break };
            push_octets(more, &mut name).ok_or(broken)?;
            piece = field(lines, &format!(" filename*{next}*="))?;
        }
        push_octets(piece, &mut name).ok_or(broken)?;
    }
    if is_plain(&name) { Err(broken) } else { Ok(name) }
}

/// Whether a name stands as it is.
fn is_plain(name: &str) -> bool {
    name.len() <= MAX_PLAIN && name.bytes().all(|octet| matches!(octet, b' '..=b'~'))
}

/// Letters, digits, `-`, `.` and `_`; everything else as `%` and two digits in
/// upper case. Whole characters.
fn push_octets(text: &str, name: &mut String) -> Option<()> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let octet = match first {
            b'%' => {
                let (digits, behind) = rest.split_at_checked(2)?;
                rest = behind;
                digits.iter().try_fold(0, |octet, digit| Some(octet << 4 | upper_hex(*digit)?))?
            }
            other => *other,
        };
        let is_literal = octet.is_ascii_alphanumeric() || b"-._".contains(&octet);
        if is_literal == (*first == b'%') {
            return None;
        }
        octets.push(octet);
    }
    let piece = String::from_utf8(octets).ok().filter(|piece| !piece.is_empty())?;
    name.push_str(&piece);
    Some(())
}

fn upper_hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// The next line, which is this one.
fn exactly(lines: &mut Lines<'_>, want: &str) -> Result<(), Violation> {
    let number = lines.number();
    match lines.next()? {
        Some(line) if line.text == want => Ok(()),
        Some(_) | None => Err(Violation::at(number, Rule::Part)),
    }
}

/// What stands behind `name` in the next line of a head.
fn field<'a>(lines: &mut Lines<'a>, name: &str) -> Result<&'a str, Violation> {
    let number = lines.number();
    let line = lines.next()?.map(|line| line.text).filter(|line| line.len() <= MAX_LINE);
    line.and_then(|line| line.strip_prefix(name)).ok_or(Violation::at(number, Rule::Part))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn lines(text: &str) -> String {
        text.replace('\n', "\r\n")
    }

    #[test]
    fn names_of_files() {
        for (text, want) in [
            (" filename=\"a b.pdf\"\n", Ok("a b.pdf")),
            (" filename*=UTF-8''%E3%81%82.pdf\n", Ok("あ.pdf")),
            (" filename*0*=UTF-8''%E3%81%82;\n filename*1*=%E3%81%84.pdf\n", Ok("あい.pdf")),
            // In octets what could stand plain; a letter in digits, lower case.
            (" filename*=UTF-8''a.pdf\n", Err(Rule::FileName)),
            (" filename*=UTF-8''%E3%81%82%2Epdf\n", Err(Rule::FileName)),
            (" filename*=UTF-8''%e3%81%82.pdf\n", Err(Rule::FileName)),
            (" filename*=UTF-8''%E3%81%82 .pdf\n", Err(Rule::FileName)),
            // Half a character; another order; none.
            (" filename*0*=UTF-8''%E3%81;\n filename*1*=%82.pdf\n", Err(Rule::FileName)),
            (" filename*0*=UTF-8''%E3%81%82;\n filename*2*=a.pdf\n", Err(Rule::Part)),
            (" filename*=ISO-2022-JP''a.pdf\n", Err(Rule::FileName)),
            (" filename=a.pdf\n", Err(Rule::FileName)),
            ("\tfilename=\"a.pdf\"\n", Err(Rule::SevenBit)),
        ] {
            let text_lines = lines(text);
            let mut lines = Lines::of(Untrusted::new(text_lines.as_bytes())).unwrap();
            let got = file_name(&mut lines).map_err(|violation| violation.rule);
            assert_eq!(got.as_deref().map_err(|rule| *rule), want, "{text}");
        }
    }

    #[test]
    fn names_beside_the_type() {
        for (charset, text, want) in [
            (Charset::Utf8, " name=\"a b.pdf\"\n", Ok("a b.pdf")),
            (Charset::Utf8, " name=\"=?UTF-8?B?44GCLnBkZg==?=\"\n", Ok("あ.pdf")),
            (Charset::Utf8, " name=\"=?UTF-8?B?44GC?=\n =?UTF-8?B?LnBkZg==?=\"\n", Ok("あ.pdf")),
            (Charset::Iso2022Jp, " name=\"=?ISO-2022-JP?B?GyRCJCIbKEIucGRm?=\"\n", Ok("あ.pdf")),
            (Charset::Iso2022Jp, " name=\"=?UTF-8?B?44GCLnBkZg==?=\"\n", Ok("あ.pdf")),
            (Charset::Utf8, " name=\"=?ISO-2022-JP?B?GyRCJCIbKEIucGRm?=\"\n", Err(Rule::FileName)),
            (Charset::Utf8, " name=\"=?UTF-8?B?YS5wZGY=?=\"\n", Err(Rule::FileName)),
            (Charset::Utf8, " name=\"=?UTF-8?B?44GCLnBkZg==?=\n", Err(Rule::Part)),
            (Charset::Utf8, " name=\"=?UTF-8?Q?a?=\"\n", Err(Rule::FileName)),
            (Charset::Utf8, " name=a.pdf\n", Err(Rule::Part)),
        ] {
            let text_lines = lines(text);
            let mut lines = Lines::of(Untrusted::new(text_lines.as_bytes())).unwrap();
            let got = shown_name(&mut lines, charset).map_err(|violation| violation.rule);
            assert_eq!(got.as_deref().map_err(|rule| *rule), want, "{text}");
        }
    }
}
