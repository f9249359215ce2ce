//! Tokens that let the reader of a safe mail ask for its original by mail.
//!
//! `SKR-` + the mail's id + `-` + the last day + `-` + a tag of 80 bits. Owns:
//! how one is written, checked, and found in what a person has typed, copied or
//! quoted. A token says which mail and until when, and nothing about who may
//! have it: that is asked elsewhere.
//!
//! Never: a clock, chance, or a list of tokens. Whoever holds the key can tell
//! a true one.

use std::time::Duration;

use ring::hmac;
use sekisho_safe_message::{MailId, SafeLine};

/// Crockford base32, as in ids: no letter that looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX: &str = "SKR-";
/// Characters of the id, the day, and the tag.
const PARTS: [usize; 3] = [26, 4, 16];
/// Those of all three.
const SYMBOLS: usize = PARTS[0] + PARTS[1] + PARTS[2];
/// Octets of the tag: 80 bits, which nobody guesses by mail.
const TAG: usize = 10;
/// What the tag covers besides, so that the key's other uses never meet it.
const LABEL: &[u8] = b"sekisho original request 1\0";

/// Octets of a text that are searched: a request is short, and what it quotes
/// stands behind it.
const MAX_SCANNED: usize = 64 * 1024;
/// Tokens that are taken from one text: more than one is too many already.
const MAX_FOUND: usize = 8;
/// Hyphens that may stand among a token's symbols, however misplaced.
const MAX_HYPHENS: usize = 8;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Days end at midnight in Japan.
const JST_MS: u64 = 9 * 60 * 60 * 1000;

/// Writes and checks tokens under one key.
pub(crate) struct Tokens(hmac::Key);

/// Why a text is no token that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// Not of a token's form.
    Malformed,
    /// Of the form, and not ours.
    Forged,
    /// Ours, and its last day is over.
    Expired(MailId),
}

impl Tokens {
    /// Under this key, which nothing else uses.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The token for the original of `id`: good for `lifetime`, and to the end
    /// of that day.
    pub(crate) fn issue(&self, id: MailId, now_ms: u64, lifetime: Duration) -> SafeLine {
        let lifetime = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
        let last = day(now_ms.saturating_add(lifetime));
        let mut symbols = id.to_string();
        push_symbols(&last.to_be_bytes(), PARTS[1], &mut symbols);
        push_symbols(&self.tag(id, last), PARTS[2], &mut symbols);
        // ASCII without blanks at its ends: always a safe line.
        SafeLine::clean(&spelled(&symbols)).value
    }

    /// Whose original `token` asks for. Only the one spelling counts: give it
    /// what [`find`] found.
    ///
    /// # Errors
    /// Why it does not count.
    pub(crate) fn check(&self, token: &str, now_ms: u64) -> Result<MailId, TokenFault> {
        let symbols: String = token.chars().filter(|c| *c != '-').skip(3).collect();
        if !token.is_ascii() || symbols.len() != SYMBOLS || token != spelled(&symbols) {
            return Err(TokenFault::Malformed);
        }
        let (id, rest) = symbols.split_at(PARTS[0]);
        let (last, tag) = rest.split_at(PARTS[1]);
        let id: MailId = id.parse().map_err(|_| TokenFault::Malformed)?;
        let last = number(last).and_then(|last| u32::try_from(last).ok()).ok_or(TokenFault::Malformed)?;
        let tag = number(tag).ok_or(TokenFault::Malformed)?.to_be_bytes();
        if !is_equal(&tag[16 - TAG..], &self.tag(id, last)) {
            return Err(TokenFault::Forged);
        }
        if day(now_ms) > last { Err(TokenFault::Expired(id)) } else { Ok(id) }
    }

    fn tag(&self, id: MailId, last: u32) -> [u8; TAG] {
        let covered = [LABEL, &id.to_bytes(), &last.to_be_bytes()].concat();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&hmac::sign(&self.0, &covered).as_ref()[..TAG]);
        tag
    }
}

/// What looks like a token in `text`, in its one spelling, each once, at most
/// eight. Borne: letters of either case or full width, letters for the digits
/// they look like, other hyphens, and blanks, line breaks and quotation marks
/// that a mail program has put in.
pub(crate) fn find(text: &str) -> impl Iterator<Item = String> {
    let folded = folded(text);
    let mut found: Vec<String> = Vec::new();
    for at in starts(&folded) {
        if found.len() == MAX_FOUND {
            break;
        }
        if let Some(token) = token_at(&folded[at..])
            && !found.contains(&token)
        {
            found.push(token);
        }
    }
    found.into_iter()
}

/// Where a prefix ends.
fn starts(folded: &[u8]) -> impl Iterator<Item = usize> {
    let prefix = PREFIX.as_bytes();
    folded
        .windows(prefix.len())
        .enumerate()
        .filter(move |(_, part)| *part == prefix)
        .map(move |(at, _)| at + prefix.len())
}

/// The token whose symbols begin `rest`.
fn token_at(rest: &[u8]) -> Option<String> {
    let window = rest.iter().take(SYMBOLS + MAX_HYPHENS).filter(|b| **b != b'-');
    let symbols: Option<String> = window.take(SYMBOLS).map(|b| symbol(*b)).collect();
    symbols.filter(|symbols| symbols.len() == SYMBOLS).map(|symbols| spelled(&symbols))
}

/// The digit for a letter that looks like one (Crockford).
fn symbol(b: u8) -> Option<char> {
    let b = match b {
        b'I' | b'L' => b'1',
        b'O' => b'0',
        other => other,
    };
    ALPHABET.contains(&b).then_some(char::from(b))
}

/// One octet a character: letters, digits and hyphens in their plain form,
/// `0xff` for what ends a token; what may stand inside one is left out.
fn folded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().min(MAX_SCANNED));
    for (at, c) in text.char_indices() {
        if at >= MAX_SCANNED {
            break;
        }
        let c = match c {
            // Full-width forms are the ASCII ones, 0xfee0 further on.
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            // Hyphens, dashes, minus signs, and what a Japanese keyboard makes of them.
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff70}' => '-',
            other => other,
        };
        match c {
            '>' | '|' | '\u{200c}' | '\u{200d}' => {}
            _ if c.is_whitespace() => {}
            '-' => out.push(b'-'),
            _ if c.is_ascii_alphanumeric() => out.extend(u8::try_from(c.to_ascii_uppercase())),
            _ => out.push(0xff),
        }
    }
    out
}

/// The symbols with prefix and hyphens.
fn spelled(symbols: &str) -> String {
    let mut out = PREFIX.to_owned();
    for (at, c) in symbols.chars().enumerate() {
        if at == PARTS[0] || at == PARTS[0] + PARTS[1] {
            out.push('-');
        }
        out.push(c);
    }
    out
}

/// The last `count` symbols of a number, big-endian.
fn push_symbols(octets: &[u8], count: usize, out: &mut String) {
    let value = octets.iter().fold(0u128, |value, octet| value << 8 | u128::from(*octet));
    for place in (0..count).rev() {
        out.push(char::from(ALPHABET[((value >> (5 * place)) & 31) as usize]));
    }
}

/// The number that up to 25 symbols write.
fn number(symbols: &str) -> Option<u128> {
    symbols.bytes().try_fold(0u128, |value, b| {
        let digit = ALPHABET.iter().position(|c| *c == b)?;
        Some(value << 5 | digit as u128)
    })
}

/// The day in Japan, from 1 January 1970; what four symbols hold, which is
/// enough until the year 4840.
fn day(unix_ms: u64) -> u32 {
    const LAST: u32 = (1 << 20) - 1;
    u32::try_from(unix_ms.saturating_add(JST_MS) / DAY_MS).unwrap_or(LAST).min(LAST)
}

/// In a time that does not tell where they differ.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && std::hint::black_box(a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b))) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    /// 2026-11-24T09:00:00+09:00
    const NOW: u64 = 1_795_478_400_000;
    const FORTNIGHT: Duration = Duration::from_secs(14 * 86_400);

    fn tokens() -> Tokens {
        Tokens::new(&[7; 32])
    }

    fn id() -> MailId {
        MailId::new(NOW, [0x5a; 10])
    }

    #[test]
    fn a_token_is_good_to_the_end_of_its_last_day_in_japan() {
        let token = tokens().issue(id(), NOW, FORTNIGHT);
        assert_eq!(token.as_str().len(), 52);
        assert!(token.as_str().starts_with(&format!("SKR-{}-", id())), "{token:?}");
        let last = NOW + 15 * DAY_MS - 9 * 3_600_000 - 1;
        assert_eq!(tokens().check(token.as_str(), NOW), Ok(id()));
        assert_eq!(tokens().check(token.as_str(), last), Ok(id()));
        assert_eq!(tokens().check(token.as_str(), last + 1), Err(TokenFault::Expired(id())));
        assert_eq!(tokens().check(token.as_str(), u64::MAX), Err(TokenFault::Expired(id())));
        let ever = tokens().issue(id(), u64::MAX, Duration::MAX);
        assert_eq!(tokens().check(ever.as_str(), u64::MAX), Ok(id()));
    }

    #[test]
    fn no_other_token_counts() {
        let token = tokens().issue(id(), NOW, FORTNIGHT).as_str().to_owned();
        assert_eq!(Tokens::new(&[8; 32]).check(&token, NOW), Err(TokenFault::Forged));
        // Any symbol changed: forged, wherever it stands.
        for at in (4..token.len()).filter(|at| token.as_bytes()[*at] != b'-') {
            let other = if &token[at..=at] == "2" { "3" } else { "2" };
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            assert_eq!(tokens().check(&changed, NOW), Err(TokenFault::Forged), "{changed}");
        }
        let lower = token.to_lowercase();
        let spaced = format!(" {token}");
        let longer = format!("{token}0");
        let wide = format!("SKR-8{}", &token[5..]);
        let strange = token.replace("SKR", "日本語");
        // As many octets as a token has, in fewer characters.
        let fewer = format!("SKR-{}0", "あ".repeat(15));
        for text in ["", "SKR-", "SKR", "-", &token[..51], &lower, &spaced, &longer, &wide, &strange, &fewer] {
            assert_eq!(tokens().check(text, NOW), Err(TokenFault::Malformed), "{text}");
        }
    }

    #[test]
    fn it_is_found_in_what_people_and_programs_make_of_it() {
        let token = tokens().issue(id(), NOW, FORTNIGHT).as_str().to_owned();
        let wide: String =
            token.chars().map(|c| if c == '-' { '－' } else { char::from_u32(c as u32 + 0xfee0).unwrap() }).collect();
        let broken = format!("> {}\r\n> {}\n> {}", &token[..20], &token[20..33], &token[33..]);
        let spoken = token.replace('1', "l").replace('0', "o").replace('-', "ー").to_lowercase();
        for text in [
            token.clone(),
            format!("申請番号:{token}。よろしくお願いします"),
            format!("番号は「{token}」です"),
            format!("<{token}>"),
            format!("xx{token}xx"),
            token.to_lowercase(),
            wide.clone(),
            broken.clone(),
            spoken,
            format!("SKR-{}", token[4..].replace('-', "")),
            format!("{token} {token}\n{wide}\n{broken}"),
        ] {
            assert_eq!(find(&text).collect::<Vec<_>>(), std::slice::from_ref(&token), "{text}");
        }
        // Where one seems to begin inside another, both are tried.
        assert_eq!(find(&format!("SKR-SKR-{token}")).last(), Some(token.clone()));
        let other = tokens().issue(MailId::new(NOW, [1; 10]), NOW, FORTNIGHT).as_str().to_owned();
        assert_eq!(find(&format!("{token}\n{other}")).collect::<Vec<_>>(), [token.clone(), other]);
        for text in ["", "SKR", "SKR-", &token[..51], &token.replace('-', "、"), "SKR-U", &token[1..]] {
            assert_eq!(find(text).count(), 0, "{text}");
        }
    }

    #[test]
    fn searching_is_bounded() {
        let many: String = (0..20u8).map(|n| spelled(&format!("{n:046}").replace('U', "0"))).collect();
        assert_eq!(find(&many).count(), MAX_FOUND);
        let far = format!("{}{}", "。".repeat(MAX_SCANNED), spelled(&"0".repeat(SYMBOLS)));
        assert_eq!(find(&far).count(), 0);
        for text in ["SKR-".repeat(1 << 20), "SKR-0".repeat(1 << 20), "-".repeat(1 << 22)] {
            assert!(find(&text).count() <= MAX_FOUND);
        }
    }

    #[test]
    fn any_text_is_borne() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % bound as u64).unwrap()
        };
        let pieces: Vec<char> = "SKR-skr0189Zzー－０Ａ>\r\n 　。\u{200d}ßİ\u{10ffff}".chars().collect();
        let good = tokens().issue(id(), NOW, FORTNIGHT).as_str().to_owned();
        for _ in 0..4000 {
            let length = below(120);
            let mut text: String = (0..length).map(|_| pieces[below(pieces.len())]).collect();
            if below(2) == 0 {
                text.insert_str(0, &good[..below(good.len())]);
            }
            for found in find(&text).chain([text.clone()]) {
                assert_ne!(tokens().check(&found, NOW), Ok(MailId::new(0, [0; 10])));
            }
        }
    }
}
