//! Text or not, and which kind of text.
//!
//! Only the head is decoded, and only as far as telling kinds apart takes;
//! the text itself is decoded elsewhere, with the charset's label at hand.

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use sekisho_policy::Kind;

use super::{Found, Hint, header, json, markup, script};

/// Octets that are looked at.
const HEAD: usize = 64 * 1024;

/// The head of a text.
pub(super) struct Head {
    /// What it says, decoded, without a byte order mark.
    pub(super) text: String,
    /// There is more than this.
    pub(super) cut: bool,
}

/// The head of `octets` as text, if they are any.
pub(super) fn read(octets: &[u8]) -> Option<Head> {
    let cut = octets.len() > HEAD;
    let head = &octets[..octets.len().min(HEAD)];
    let text = match Encoding::for_bom(head) {
        Some((encoding, mark)) => Some(encoding.decode_without_bom_handling(&head[mark..]).0.into_owned()),
        None => wide(head).or_else(|| narrow(head)),
    }?;
    is_readable(&text).then_some(Head { text, cut })
}

/// UTF-16 without a mark: NULs where ASCII has them, or nothing but what is
/// written in Japan.
fn wide(head: &[u8]) -> Option<String> {
    if head.len() < 4 || !head.contains(&0) {
        return None;
    }
    let even = head.len() & !1;
    [UTF_16LE, UTF_16BE].into_iter().find_map(|encoding| {
        let text = encoding.decode_without_bom_handling(&head[..even]).0;
        let (mut good, mut all) = (0_usize, 0_usize);
        for c in text.chars() {
            all += 1;
            good += usize::from(matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{3000}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff9f}'));
        }
        let ascii = text.chars().filter(|c| matches!(c, '\n' | ' '..='~' | '\u{3000}'..='\u{30ff}')).count();
        (good * 100 >= all * 97 && ascii * 10 >= all).then(|| text.into_owned())
    })
}

/// Charsets of octets. What none of them reads without error is read as one
/// of Western Europe, which reads everything: the look of it decides then.
fn narrow(head: &[u8]) -> Option<String> {
    let whole = cut_utf8(head);
    if let Ok(text) = std::str::from_utf8(whole) {
        if head.contains(&0x1b) {
            return Some(ISO_2022_JP.decode_without_bom_handling(head).0.into_owned());
        }
        return Some(text.to_owned());
    }
    // A character that the head's end cuts is no error.
    let most = head.len().saturating_sub(1);
    let read = |encoding: &'static Encoding| {
        [head, &head[..most]]
            .into_iter()
            .find_map(|octets| encoding.decode_without_bom_handling_and_without_replacement(octets))
    };
    let text = read(SHIFT_JIS).or_else(|| read(EUC_JP)).map(std::borrow::Cow::into_owned);
    text.or_else(|| {
        // Mostly sound UTF-8 with a slip is that still.
        let (lossy, _) = UTF_8.decode_without_bom_handling(head);
        let slips = lossy.chars().filter(|c| *c == '\u{fffd}').count();
        let high = lossy.chars().filter(|c| !c.is_ascii()).count();
        if slips * 4 <= high {
            Some(lossy.into_owned())
        } else {
            Some(WINDOWS_1252.decode_without_bom_handling(head).0.into_owned())
        }
    })
}

/// Without a character at the end that is cut.
fn cut_utf8(head: &[u8]) -> &[u8] {
    match std::str::from_utf8(head) {
        Err(error) if error.error_len().is_none() => &head[..error.valid_up_to()],
        _ => head,
    }
}

/// Text has controls only by accident: one of a few hundred characters.
/// Octets of anything else have one of ten.
fn is_readable(text: &str) -> bool {
    let is_control = |c: char| matches!(c, '\0'..='\x07' | '\x0e'..='\x19' | '\x1c'..='\x1f' | '\x7f'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffd}' | '\u{fffe}' | '\u{ffff}');
    let (mut controls, mut all) = (0_usize, 0_usize);
    for c in text.trim_end_matches(['\0', '\x1a']).chars() {
        all += 1;
        controls += usize::from(is_control(c));
    }
    controls * 200 <= all
}

/// Which kind of text it is.
pub(super) fn tell(head: &Head, hint: &Hint<'_>) -> Found {
    let text = head.text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Found::plain(Kind::Text);
    }
    if let Some(kind) = rich(text).or_else(|| markup::tell(text)) {
        return Found::plain(kind);
    }
    if let Some(found) = header::tell(text, hint) {
        return found;
    }
    let kind = if json::is_one(text, head.cut) { Some(Kind::Json) } else { script::tell(text) };
    Found::plain(kind.unwrap_or_else(|| by_hint(text, hint)))
}

/// Formats that are text with a signature.
fn rich(text: &str) -> Option<Kind> {
    let starts = |word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    const TABLE: &[(&str, Kind)] = &[
        // Word takes it as short as this.
        ("{\\rt", Kind::Rtf),
        ("BEGIN:VCALENDAR", Kind::Calendar),
        ("BEGIN:VCARD", Kind::Card),
        ("WARC/", Kind::OtherArchive),
    ];
    TABLE.iter().find(|(word, _)| starts(word)).map(|(_, kind)| *kind)
}

/// Text and cells have no signature: the name or the declared type chooses.
/// Without either, even columns are cells.
fn by_hint(text: &str, hint: &Hint<'_>) -> Kind {
    match (hint.ending.as_str(), hint.declared) {
        ("html" | "htm" | "xhtml" | "xht", _) | ("", "text/html" | "application/xhtml+xml") => Kind::Html,
        ("csv" | "tsv" | "tab", _) | ("", "text/csv" | "text/tab-separated-values") => Kind::Csv,
        ("", "") if has_columns(text) => Kind::Csv,
        _ => Kind::Text,
    }
}

/// Whether the first lines have the same number of separators, at least two.
fn has_columns(text: &str) -> bool {
    [',', '\t', ';'].iter().any(|separator| {
        let mut counts =
            text.lines().filter(|line| !line.trim().is_empty()).take(20).map(|line| line.matches(*separator).count());
        let first = counts.next().unwrap_or(0);
        let mut more = 0;
        first >= 2
            && counts.all(|count| {
                more += 1;
                count == first
            })
            && more >= 2
    })
}
