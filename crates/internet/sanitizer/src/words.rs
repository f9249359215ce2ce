//! Header values to text: unfolding, encoded words (RFC 2047) in every broken
//! form that mail has, parameters of RFC 2231.
//!
//! Never: decodes an encoded word into anything but text. Whoever shows the
//! text cleans it.

use crate::charset;
use crate::mime::{Fault, Param, decode_base64, decode_quoted_printable, unfold};

/// Most encoded words of one value that are decoded; what follows stays as it
/// stands.
const MAX_WORDS: usize = 2000;
/// Longest charset in an encoded word.
const MAX_CHARSET: usize = 60;
/// Longest encoded word without an end that is decoded all the same.
const MAX_UNENDED: usize = 1000;
/// Most encoded words that are looked into for marks: each look may go to the
/// end.
const MAX_MARKED: usize = 100;
/// Most sections of a split parameter (RFC 2231 3).
const MAX_SECTIONS: usize = 100;

/// The text of an unstructured field.
pub(crate) fn text(value: &[u8]) -> String {
    decode_words(&raw_text(value))
}

/// An unfolded value with its unencoded octets read, encoded words untouched.
pub(crate) fn raw_text(value: &[u8]) -> String {
    charset::decode(&unfold(value), None).text
}

/// An encoded word, taken apart.
struct Word<'a> {
    charset: &'a str,
    encoding: u8,
    payload: &'a str,
}

/// Octets of neighbouring words that share a charset: characters may be split
/// between them, against RFC 2047 5 (3), in half of all Japanese mail.
struct Run<'a> {
    charset: &'a str,
    octets: Vec<u8>,
    /// The payloads one after the other, while they are base64: some programs
    /// cut that too wherever a line is full.
    base64: Option<String>,
}

/// Decodes the encoded words in `text`.
pub(crate) fn decode_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run: Option<Run<'_>> = None;
    let mut rest = text;
    for _ in 0..MAX_WORDS {
        let Some(start) = rest.find("=?") else { break };
        let (before, at) = rest.split_at(start);
        let Some((word, behind)) = word(at) else {
            flush(&mut run, &mut out);
            out.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            continue;
        };
        // RFC 2047 6.2: blanks between encoded words are not shown.
        if run.is_none() || !before.trim().is_empty() {
            flush(&mut run, &mut out);
            out.push_str(before);
        }
        append(&mut run, &word, &mut out);
        rest = behind;
    }
    flush(&mut run, &mut out);
    out.push_str(rest);
    out
}

fn append<'a>(run: &mut Option<Run<'a>>, word: &Word<'a>, out: &mut String) {
    if !word.payload.is_ascii() {
        return append_mixed(run, word, out);
    }
    let octets = decode_payload(word);
    let base64 = word.is_base64().then_some(word.payload);
    match run {
        Some(open) if open.charset.eq_ignore_ascii_case(word.charset) => {
            open.octets.extend_from_slice(&octets);
            open.base64 = open.base64.take().zip(base64).map(|(all, more)| all + more);
        }
        _ => {
            flush(run, out);
            *run = Some(Run { charset: word.charset, octets, base64: base64.map(str::to_owned) });
        }
    }
}

/// A word with unencoded characters in it: those were read with the rest of
/// the value, and are not octets of the word's charset.
fn append_mixed<'a>(run: &mut Option<Run<'a>>, word: &Word<'a>, out: &mut String) {
    flush(run, out);
    for piece in word.payload.split_inclusive(|c: char| !c.is_ascii()) {
        let (ascii, raw) = piece.split_at(piece.find(|c: char| !c.is_ascii()).unwrap_or(piece.len()));
        let octets = decode_payload(&Word { payload: ascii, ..*word });
        out.push_str(&charset::decode(&octets, Some(word.charset.as_bytes())).text);
        out.push_str(raw);
    }
}

fn flush(run: &mut Option<Run<'_>>, out: &mut String) {
    if let Some(run) = run.take() {
        out.push_str(&run.text());
    }
}

impl Run<'_> {
    fn text(&self) -> String {
        let read = |octets: &[u8]| charset::decode(octets, Some(self.charset.as_bytes()));
        let text = read(&self.octets);
        if text.replacements == 0 && text.label != charset::Label::Wrong {
            return text.text;
        }
        let joined = self.base64.as_ref().map(|base64| decode_base64(base64.as_bytes()));
        let joined = joined.filter(|joined| joined.fault < Fault::Broken && *joined.octets != self.octets);
        let joined = joined.map(|joined| read(&joined.octets)).filter(|joined| joined.replacements == 0);
        joined.map_or(text.text, |joined| joined.text)
    }
}

impl Word<'_> {
    fn is_base64(&self) -> bool {
        self.encoding.eq_ignore_ascii_case(&b'B')
    }
}

/// How many octets the encoded word at the start of `text` takes; 0 if there
/// is none.
pub(crate) fn word_len(text: &str) -> usize {
    word(text).map_or(0, |(_, behind)| text.len() - behind.len())
}

/// The encoded word at the start of `text`, and what stands behind it.
fn word(text: &str) -> Option<(Word<'_>, &str)> {
    let body = text.strip_prefix("=?")?;
    let mark = body.bytes().take(MAX_CHARSET).position(|b| b == b'?' || b.is_ascii_whitespace())?;
    let (charset, rest) = (body.get(..mark)?, body.get(mark..)?.strip_prefix('?')?);
    let encoding = rest.bytes().next().filter(|b| b"bBqQ".contains(b))?;
    let rest = rest.get(1..)?.strip_prefix('?')?;
    // Cut off at a line's end or by a mail program's bound, a word has no end.
    let (payload, behind) = rest.split_once("?=").or_else(|| unended(rest))?;
    // RFC 2231 5: a language may follow the charset.
    let charset = charset.split('*').next().unwrap_or(charset);
    (!charset.is_empty()).then_some((Word { charset, encoding, payload }, behind))
}

/// The rest of a value as a word's payload, if it can be nothing else: one
/// long run without blanks.
fn unended(rest: &str) -> Option<(&str, &str)> {
    let payload = rest.trim_end();
    let is_run = !payload.is_empty() && payload.len() <= MAX_UNENDED && payload.bytes().all(|b| b.is_ascii_graphic());
    (is_run && !payload.contains("=?")).then(|| (payload.trim_end_matches('?'), ""))
}

fn decode_payload(word: &Word<'_>) -> Vec<u8> {
    if word.is_base64() {
        return decode_base64(word.payload.as_bytes()).octets.into_owned();
    }
    let spaced = word.payload.replace('_', " ");
    // A blank at the end counts here, unlike in a body's line.
    let kept = spaced.trim_end_matches(' ');
    let mut octets = decode_quoted_printable(kept.as_bytes()).octets.into_owned();
    octets.resize(octets.len() + spaced.len() - kept.len(), b' ');
    octets
}

/// Whether an encoded word of a field has marks inside that mean something
/// outside words: quotes, brackets, a backslash.
pub(crate) fn have_marks(value: &[u8]) -> bool {
    let text = raw_text(value);
    let mut words = text.match_indices("=?").take(MAX_MARKED).map(|(at, _)| &text[at..at + word_len(&text[at..])]);
    words.any(|word| word.contains(['"', '(', ')', '<', '>', '\\']))
}

/// Every value that `params` give the parameter `name`, decoded: joined from
/// sections and extended (RFC 2231), then plain, which is for programs that
/// know nothing else (RFC 6266 4.3).
pub(crate) fn parameter(params: &[Param], name: &str) -> Vec<String> {
    let (mut values, mut plain) = (Vec::new(), Vec::new());
    let mut sections: Vec<(usize, bool, &[u8])> = Vec::new();
    for param in params {
        match param.name.strip_prefix(name) {
            Some("") => plain.push(text(&param.value)),
            Some("*") => values.push(extended(&[(0, true, &param.value)])),
            Some(stars) => sections.extend(section(stars).map(|(at, coded)| (at, coded, &*param.value))),
            None => {}
        }
    }
    if !sections.is_empty() {
        sections.sort_by_key(|(at, _, _)| *at);
        sections.truncate(MAX_SECTIONS);
        values.push(extended(&sections));
    }
    values.append(&mut plain);
    values
}

/// `*0`, `*1*`: the number, and whether it is percent-encoded.
fn section(stars: &str) -> Option<(usize, bool)> {
    let number = stars.strip_prefix('*')?;
    let coded = number.ends_with('*');
    let at = number.trim_end_matches('*').parse().ok()?;
    Some((at, coded))
}

/// RFC 2231 4: `charset'language'percent-encoded`, the first two in the first
/// section only.
fn extended(sections: &[(usize, bool, &[u8])]) -> String {
    let mut charset = None;
    let mut octets = Vec::new();
    for (nth, (_, coded, value)) in sections.iter().enumerate() {
        let mut value = *value;
        if nth == 0 && *coded {
            let mut pieces = value.splitn(3, |b| *b == b'\'');
            if let (Some(label), Some(_), Some(rest)) = (pieces.next(), pieces.next(), pieces.next()) {
                (charset, value) = (Some(label), rest);
            }
        }
        if *coded { percent(value, &mut octets) } else { octets.extend_from_slice(value) }
    }
    let text = charset::decode(&octets, charset).text;
    // Some programs put encoded words even here.
    decode_words(&text)
}

fn percent(value: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(&b) = value.get(at) {
        let pair = value.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.filter(|_| b == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(octet) => {
                out.push(octet);
                at += 3;
            }
            None => {
                out.push(b);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words() {
        for (value, read) in [
            ("plain", "plain"),
            ("=?utf-8?B?6Zai5omA?=", "関所"),
            ("=?utf-8?B?6Zai5om?= =?utf-8?B?gA==?=", "関所"),
            ("=?UTF-8?Q?=E9=96?=\r\n =?utf-8?Q?=A2_x?=", "関 x"),
            ("=?iso-2022-jp?B?GyRCNFg9ahsoQg==?= x", "関所 x"),
            ("=?iso-2022-jp*ja?B?GyRCNFg9ahsoQg?=", "関所"),
            ("a =?utf-8?q?b_?= =?utf-8?q?c?= d", "a b c d"),
            ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
            ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
            ("=?utf-8?q?a", "a"),
            ("x =?utf-8?B?6Zai5omA", "x 関所"),
            ("x =?utf-8?B?6Zai5omA?", "x 関所"),
            ("=?utf-8?q?a b", "=?utf-8?q?a b"),
            ("=?iso-8859-1?Q?Fr\u{f6}sche_=FC?=", "Frösche ü"),
            ("\"=?utf-8?B?6Zai5omA?=\"", "\"関所\""),
            ("Re:=?utf-8?B?6Zai5omA?=[1]", "Re:関所[1]"),
            ("=?x-nobody?B?6Zai5omA?=", "関所"),
            ("=?utf-7?Q?Fr+APY-sche?=", "Frösche"),
            ("=?utf-16?B?/v+Vog==?=", "関"),
            ("=?iso-2022-jp?B?GyRCNFg=?= =?iso-2022-jp?B?PWo=?=", "関所"),
            ("=?cp932?B?h0CHivv8?=", "①㈱髙"),
            ("=?utf-8?q?a=3F=3D?=", "a?="),
            ("=?utf-8?q?a b?=", "a b"),
            ("=?shift_jis?B?itaP\r\n ig==?=", "関所"),
            ("1=?2", "1=?2"),
            // Base64 cut wherever the line was full.
            ("=?utf-8?B?6Za?= =?utf-8?B?i5omA5?=\r\n =?utf-8?B?LuY=?=", "関所付"),
            ("=?iso-2022-jp?Q?=1B$B4X=3Dj=1B(B?=", "関所"),
            ("=?iso-2022-jp?Q?=1B=24B4X=1B=28B?= =?iso-2022-jp?Q?=1B=24B=3Dj=1B=28B?=", "関所"),
            ("=?iso-2022-jp?B?itaPig==?=", "関所"),
            ("=?iso-2022-jp?B?6Zai5omA?=", "関所"),
            ("=?iso-2022-jp?B?GyhJNkA3GyhC?=", "ｶﾀｷ"),
            ("=?euc-jp?B?tNi96g==?=", "関所"),
            ("=?utf-8?B?6Zai?= =?iso-2022-jp?B?GyRCPWobKEI=?=", "関所"),
            ("=?iso-2022-jp-3?B?GyRCNFg9ahsoQhskKFEkdxsoQg==?=", "関所か゚"),
            ("=?UTF-8?B?6Zai5omA=?=", "関所"),
            ("=?UTF-8?B??=", ""),
        ] {
            assert_eq!(text(value.as_bytes()), read, "{value}");
        }
        assert_eq!(text(b"\x1b$B4X=j\x1b(B"), "関所");
        assert_eq!(text("関所".as_bytes()), "関所");
        assert_eq!(text(b"\x8a\xd6\x8f\x8a\x82\xcc =?utf-8?B?6Zai5omA?="), "関所の 関所");
        assert_eq!(text(b"\xb4\xd8\xbd\xea\xa4\xce\xb7\xc7\xbc\xa8"), "関所の掲示");
        assert_eq!(text(b"\x1b$B4X=j\x1b(B\r\n \x1b$B4X=j\x1b(B"), "関所 関所");
        assert_eq!(text(b"=?shift_jis?Q?\x8a\xd6\x8f\x8a?="), "関所");
    }

    #[test]
    fn parameters() {
        let make = |list: &[(&str, &str)]| -> Vec<Param> {
            list.iter().map(|(n, v)| Param { name: (*n).to_owned(), value: v.as_bytes().to_vec() }).collect()
        };
        for (params, values) in [
            (&[("filename", "a.txt")][..], &["a.txt"][..]),
            (&[("filename*", "UTF-8''%E9%96%A2.pdf")], &["関.pdf"]),
            (&[("filename*1", "b.pdf"), ("filename*0*", "utf-8'ja'%E9%96%A2")], &["関b.pdf"]),
            (&[("filename*10", "c"), ("filename*2", "b"), ("filename*0", "a")], &["abc"]),
            (&[("filename", "x.txt"), ("filename*", "utf-8''y.exe")], &["y.exe", "x.txt"]),
            (&[("filename*99999999999999999999", "x")], &[]),
            (&[("filename", "=?utf-8?B?6Zai5omA?=")], &["関所"]),
            (&[("filenames", "x")], &[]),
            (&[("filename*", "iso-2022-jp''%1B$B4X%3Dj%1B%28B.txt")], &["関所.txt"]),
            (&[("filename*", "shift_jis'ja'%8A%D6%8F%8A.txt")], &["関所.txt"]),
            (&[("filename*", "%E9%96%A2%E6%89%80.txt")], &["関所.txt"]),
            (
                &[("filename*0*", "utf-8''%E9%96%A2%E6"), ("filename*1*", "%89%80"), ("filename*2", ".txt")],
                &["関所.txt"],
            ),
            (&[("filename*0", "=?utf-8?B?6Zai"), ("filename*1", "5omA?=.txt")], &["関所.txt"]),
            (
                &[("filename", "=?utf-8?B?6Zai5omA?="), ("filename*0*", "utf-8''%E9"), ("filename*1*", "%96%A2")],
                &["関", "関所"],
            ),
        ] {
            assert_eq!(parameter(&make(params), "filename"), values);
        }
    }
}
