//! Text that begins as a mail does: mails, web archives, mailboxes.

use sekisho_policy::Kind;

use super::{Found, Hint};

/// Fields that make a header a mail's. Notes of people have a few of the
/// first; programs write the second.
const BY_PEOPLE: [&str; 6] = ["from", "to", "cc", "subject", "reply-to", "sender"];
const BY_PROGRAMS: [&str; 18] = [
    "date",
    "message-id",
    "received",
    "return-path",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "delivered-to",
    "in-reply-to",
    "references",
    "dkim-signature",
    "authentication-results",
    "arc-seal",
    "x-mailer",
    "x-originating-ip",
    "importance",
    "list-id",
];

/// Lines of a header that are looked at.
const MAX_LINES: usize = 2_000;

/// What `text` is, if it begins with a header.
pub(super) fn tell(text: &str, hint: &Hint<'_>) -> Option<Found> {
    if let Some(rest) = text.strip_prefix("From ") {
        let (line, below) = rest.split_once('\n')?;
        let known = is_separator(line) || Header::read(below).is_some_and(|header| header.is_mail());
        return known.then_some(Found::plain(Kind::Mbox));
    }
    let header = Header::read(text)?;
    // Who calls a note with one such field a mail is believed.
    let called = hint.ending == "eml" || hint.declared == "message/rfc822";
    if !(header.is_mail() || called && header.known() > 0) {
        return None;
    }
    let kind = if header.is_web(hint) { Kind::Mht } else { Kind::Mail };
    Some(Found::plain(kind))
}

/// Behind `From `: an address, and a date as C prints it (RFC 4155 annex A).
fn is_separator(line: &str) -> bool {
    let mut words = line.split_whitespace().rev();
    let year = |word: &str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    let time =
        |word: &str| word.len() >= 5 && word.bytes().all(|b| b.is_ascii_digit() || b == b':') && word.contains(':');
    // A zone may stand before or behind the year.
    let last: Vec<&str> = words.by_ref().take(3).collect();
    last.iter().any(|word| year(word)) && last.iter().any(|word| time(word)) && words.count() >= 3
}

/// The names of a header's fields, and what two of them say.
struct Header {
    names: Vec<String>,
    from: String,
    media: String,
}

impl Header {
    /// The header at the begin of `text`; `None` if its first line is no field.
    fn read(text: &str) -> Option<Self> {
        let mut header = Self { names: Vec::new(), from: String::new(), media: String::new() };
        let mut junk = 0;
        for line in text.lines().take(MAX_LINES) {
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if header.names.last().is_some_and(|name| name == "content-type") {
                    header.media.push_str(&line.to_ascii_lowercase());
                }
                continue;
            }
            match field(line) {
                Some((name, value)) => header.push(name, value),
                None if header.names.is_empty() || junk == 2 => return (!header.names.is_empty()).then_some(header),
                None => junk += 1,
            }
        }
        (!header.names.is_empty()).then_some(header)
    }

    fn push(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "from" => value.trim().clone_into(&mut self.from),
            "content-type" => self.media = value.trim().to_ascii_lowercase(),
            _ => {}
        }
        self.names.push(name);
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Two fields of a mail at least, one of them no person's writing.
    fn is_mail(&self) -> bool {
        BY_PROGRAMS.iter().any(|name| self.has(name)) && self.known() >= 2
    }

    /// How many fields of a mail there are.
    fn known(&self) -> usize {
        BY_PEOPLE.iter().chain(&BY_PROGRAMS).filter(|name| self.has(name)).count()
    }

    /// A page that a browser saved (RFC 2557): no mail went anywhere.
    fn is_web(&self, hint: &Hint<'_>) -> bool {
        let sent = ["to", "received", "message-id", "return-path", "delivered-to"].iter().any(|name| self.has(name));
        let saved = self.from.trim_start_matches(['<', '"']).to_ascii_lowercase().starts_with("saved by");
        let page = self.media.starts_with("multipart/related") || self.media.starts_with("text/html");
        let called = matches!(hint.ending.as_str(), "mht" | "mhtml");
        page && (saved || self.has("snapshot-content-location") || !sent && (called || self.from.is_empty()))
    }
}

/// RFC 5322 2.2: a name of printable ASCII, and a colon. Blanks before it were
/// allowed once (4.5).
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end_matches([' ', '\t']);
    let sound = !name.is_empty() && name.len() <= 76 && name.bytes().all(|b| b.is_ascii_graphic());
    sound.then_some((name, value))
}
