//! A message in the characters that ISO-2022-JP has.
//!
//! Three grades. *The same character in other clothes* (`〜` as `～`, half-width
//! kana as full-width ones, compatibility ideographs, blanks of all widths) is
//! put in silently. *A near one* (`é` as `e`, `€` as `EUR`, `㉑` as `(21)`) and
//! *none* (`〓`, the printer's blank, for emoji and `𠮷`) are counted, and the
//! notice tells the count. Never `?`, which reads as a question.
//!
//! Near characters must not make another address of an address, nor one of
//! what was none (`exämple.com`, `http:⁄⁄`): in a word that would look like one,
//! whatever is not the same is `〓`.

mod kana;

use sekisho_safe_message::{Mailbox, SafeHeaders, SafeLine, SafeMessage, SafeText};

use super::{jis, notice};

/// Printed for a character that nothing stands for.
const GETA: char = '〓';

/// What stands for characters that the set lacks; the file says how.
const NEAR: &str = include_str!("fit/near.txt");

/// What of a message is text, in the characters of the set.
pub(super) struct Fitted {
    pub(super) headers: SafeHeaders,
    /// Safe text.
    pub(super) text: String,
    pub(super) notice: String,
}

impl Fitted {
    /// `message` in the characters of the set; `None` if it would pass a bound
    /// of its types (a replacement can be longer than what it stands for).
    pub(super) fn of(message: &SafeMessage) -> Option<Self> {
        let mut replaced = 0;
        let text = text(message.text().as_str(), &mut replaced)?;
        let headers = headers(message.headers(), &mut replaced)?;
        let notice = fit(&notice::words(message, 0), &mut replaced);
        let notice = if replaced == 0 { notice } else { fit(&notice::words(message, replaced), &mut 0) };
        Some(Self { headers, text, notice })
    }
}

/// A stand-in can make a line look like the start of a file (`begin⁠ 644`), so
/// that the text is made safe again.
fn text(text: &str, replaced: &mut u64) -> Option<String> {
    let fitted = fit(text, replaced);
    if fitted == text {
        return Some(fitted);
    }
    let cleaned = SafeText::clean(&fitted);
    (!cleaned.cut).then(|| cleaned.value.into())
}

fn headers(headers: &SafeHeaders, replaced: &mut u64) -> Option<SafeHeaders> {
    Some(SafeHeaders {
        from: mailbox(&headers.from, replaced)?,
        to: mailboxes(&headers.to, replaced)?,
        cc: mailboxes(&headers.cc, replaced)?,
        reply_to: mailboxes(&headers.reply_to, replaced)?,
        subject: line(&headers.subject, replaced)?,
        ..headers.clone()
    })
}

fn mailboxes(list: &[Mailbox], replaced: &mut u64) -> Option<Vec<Mailbox>> {
    list.iter().map(|mailbox| self::mailbox(mailbox, replaced)).collect()
}

fn mailbox(mailbox: &Mailbox, replaced: &mut u64) -> Option<Mailbox> {
    let name = match &mailbox.name {
        Some(name) => Some(line(name, replaced)?),
        None => None,
    };
    Some(Mailbox { name, address: mailbox.address.clone() })
}

fn line(line: &SafeLine, replaced: &mut u64) -> Option<SafeLine> {
    SafeLine::parse(fit(line.as_str(), replaced).trim().to_owned()).ok()
}

/// `text` in the characters of the set; adds to `replaced` how many characters
/// have nothing or something near in their place.
fn fit(text: &str, replaced: &mut u64) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        if word.chars().all(is_in_set) {
            out.push_str(word);
            continue;
        }
        let (start, before) = (out.len(), *replaced);
        fit_word(word, Strictness::Near, &mut out, replaced);
        // What it has become is what a client will read.
        if looks_like_an_address(&out[start..]) {
            out.truncate(start);
            *replaced = before;
            fit_word(word, Strictness::SameOnly, &mut out, replaced);
        }
    }
    out
}

/// How near a stand-in must come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Near,
    SameOnly,
}

/// What stands for one character.
enum StandIn {
    Same(&'static str),
    Near(&'static str),
    /// It shows nothing by itself.
    Invisible,
    /// It changes how the character before it looks.
    Mark,
    None,
}

fn fit_word(word: &str, strictness: Strictness, out: &mut String, replaced: &mut u64) {
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(kana) = kana::full_width(c) {
            let joined = chars.peek().and_then(|mark| kana::voiced(kana, *mark));
            if joined.is_some() {
                chars.next();
            }
            out.push(joined.unwrap_or(kana));
            continue;
        }
        if is_in_set(c) {
            out.push(c);
            continue;
        }
        match (stand_in(c), strictness) {
            (StandIn::Same(text), Strictness::Near) => out.push_str(text),
            (StandIn::Same(text), Strictness::SameOnly) if !text.is_ascii() || text == " " => out.push_str(text),
            (StandIn::Invisible, Strictness::Near) => {}
            (StandIn::Near(text), Strictness::Near) => {
                out.push_str(text);
                *replaced += 1;
            }
            (StandIn::Mark, Strictness::Near) => *replaced += 1,
            (StandIn::None, Strictness::Near)
            | (
                StandIn::Same(_) | StandIn::Near(_) | StandIn::Invisible | StandIn::Mark | StandIn::None,
                Strictness::SameOnly,
            ) => {
                out.push(GETA);
                // The reader is told about U+FFFD already.
                *replaced += u64::from(c != char::REPLACEMENT_CHARACTER);
            }
        }
    }
}

fn is_in_set(c: char) -> bool {
    c.is_ascii() || jis::pair(c).is_some()
}

fn stand_in(c: char) -> StandIn {
    match c {
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => StandIn::Invisible,
        // 異体字セレクター: the plain form of the character remains.
        '\u{e0100}'..='\u{e01ef}' => StandIn::Mark,
        '\u{300}'..='\u{36f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}' => StandIn::Mark,
        _ if c.is_whitespace() => StandIn::Same(" "),
        _ => listed(c),
    }
}

/// Looks `c` up in [`NEAR`], whose lines are sorted by their first character.
fn listed(c: char) -> StandIn {
    let (mut low, mut high) = (0, NEAR.len());
    while low < high {
        // Both bounds are starts of lines; so is what is found between them.
        let middle = low + (high - low) / 2;
        let start = NEAR.as_bytes()[low..middle].iter().rposition(|b| *b == b'\n').map_or(low, |at| low + at + 1);
        let end = NEAR.as_bytes()[start..high].iter().position(|b| *b == b'\n').map_or(high, |at| start + at + 1);
        let line = NEAR[start..end].trim_end_matches('\n');
        let Some(first) = line.chars().next() else { return StandIn::None };
        match first.cmp(&c) {
            std::cmp::Ordering::Less => low = end,
            std::cmp::Ordering::Greater => high = start,
            std::cmp::Ordering::Equal => {
                let rest = &line[first.len_utf8()..];
                return match (rest.strip_prefix('='), rest.strip_prefix('~')) {
                    (Some(same), _) => StandIn::Same(same),
                    (None, Some(near)) => StandIn::Near(near),
                    (None, None) => StandIn::None,
                };
            }
        }
    }
    StandIn::None
}

/// Whether a client may make a link of `word`, or a reader an address.
fn looks_like_an_address(word: &str) -> bool {
    let bytes = word.as_bytes();
    let dotted =
        |three: &[u8]| three[1] == b'.' && three[0].is_ascii_alphanumeric() && three[2].is_ascii_alphanumeric();
    word.contains('@') || word.contains("//") || word.contains("mailto:") || bytes.windows(3).any(dotted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(text: &str) -> (String, u64) {
        let mut replaced = 0;
        let out = fit(text, &mut replaced);
        (out, replaced)
    }

    #[test]
    fn stand_ins() {
        for (text, want, count) in [
            ("会議 ①㈱髙﨑 ～－∥￠￡￢ ﾃｽﾄ", "会議 ①㈱髙﨑 ～－∥￠￡￢ テスト", 0),
            ("〜−‖¢£¬—¥", "～－∥￠￡￢―￥", 0),
            ("ｶﾞｷﾞﾊﾟｳﾞﾜﾞﾟ｡｢｣､･ｰ", "ガギパヴワ゛゜。「」、・ー", 0),
            ("か\u{3099}は\u{309a}ハ\u{309a}カﾞ゙", "がぱパガ゛", 0),
            ("a\u{a0}b\u{2003}c", "a b c", 0),
            ("e\u{2011}mail 10\u{2013}20", "e-mail 10-20", 0),
            ("“引用”‘’", "“引用”‘’", 0),
            ("海 ⼀ \u{f9d0}", "海 一 類", 0),
            ("Gödel café", "Godel cafe", 2),
            ("e\u{301}", "e", 1),
            ("5 € ½ ㉑ ™", "5 EUR 1/2 (21) (TM)", 4),
            ("𠮷野 😀", "〓野 〓", 2),
            ("葛\u{e0100}城", "葛城", 1),
            ("👍\u{fe0f}", "〓", 1),
            ("안녕", "〓〓", 2),
            ("\u{fffd}", "〓", 0),
            ("¿Qué?", "？Que?", 2),
        ] {
            assert_eq!(fitted(text), (want.to_owned(), count), "{text}");
        }
    }

    #[test]
    fn no_address_becomes_another() {
        for (text, want) in [
            ("https://exämple.com/ ä", "https://ex〓mple.com/ a"),
            ("josé@example.com", "jos〓@example.com"),
            ("http:⁄⁄evil.example", "http:〓〓evil.example"),
            ("wwẃ.evil.example", "ww〓.evil.example"),
            ("evil\u{2024}example", "evil〓example"),
            ("www\u{200d}.evil.example", "www〓.evil.example"),
            ("bank\u{2013}x.example", "bank〓x.example"),
            ("𝐡ttp://x", "〓ttp://x"),
            ("ｈttp://ﾃｽﾄ", "ｈttp://テスト"),
        ] {
            assert_eq!(fitted(text).0, want, "{text}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_every_stand_in_is_in_the_set() {
        let lines: Vec<&str> = NEAR.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() > 3000);
        assert!(lines.windows(2).all(|two| two[0].chars().next() < two[1].chars().next()));
        for line in lines {
            let c = line.chars().next().unwrap_or('#');
            let stands = match listed(c) {
                StandIn::Same(text) | StandIn::Near(text) => text,
                StandIn::Invisible | StandIn::Mark | StandIn::None => "",
            };
            assert!(!is_in_set(c) && !stands.is_empty() && stands.chars().all(is_in_set), "{line}");
            // RFC 1468 has no sign for "unknown"; a question is another thing.
            assert!(!stands.contains('?') && stands.trim() == stands, "{line}");
        }
    }

    #[test]
    fn every_character_has_a_place_and_none_vanishes() {
        for c in (0x20..=0x10_ffff).filter_map(char::from_u32).filter(|c| sekisho_safe_message::is_safe_char(*c)) {
            let (out, count) = fitted(&format!("a{c}b"));
            assert!(out.chars().all(is_in_set), "{c:?}");
            let invisible = matches!(stand_in(c), StandIn::Invisible);
            assert!(is_in_set(c) || invisible || count == 1 || out.chars().count() >= 3, "{c:?} {out}");
            assert!(c == '?' || !out.contains('?'), "{c:?}");
        }
    }
}
