//! Charsets: any octets under any label.

use super::pass::{Passed, Through, is_trick, pass, power};
use super::{Target, Verdict, must, way};

/// The sanitizer, by its text's octets alone.
pub(super) const CHARSET: Target = Target {
    name: "charset",
    about: "octets under any label become safe text, what was declared and used is recorded, plain words survive",
    words: &[
        b" plain words ",
        b"\nhello\n",
        b"\x1b$B",
        b"\x1b$@",
        b"\x1b(B",
        b"\x1b(J",
        b"\x1b(I",
        b"\x1b$(D",
        b"\x1b$(Q",
        b"\x1b$)C\x0e",
        b"\x0e6@7\x0f",
        b"~{",
        b"~}",
        b"+AGEAYg-",
        b"\xef\xbb\xbf",
        b"\xfe\xff",
        b"\xff\xfe",
        b"\0\0",
        b"\x81\x30\x81\x30",
        b"\x87\x40\x87\x8a\xfb\xfc",
        b"\x8f\xa2\xaf",
        b"\x8e\xb1",
        b"\xe3\x81\x82\xe3\x81\x84",
        b"\x82\xa0\x82\xa2",
        b"\xa4\xa2\xa4\xa4",
        b"\xe2\x80\xae",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"begin 644 x\n",
    ],
    run: charset,
};

/// Labels as mail has them, some that nobody knows, some that say nothing.
const LABELS: [&str; 36] = [
    "utf-8",
    "us-ascii",
    "iso-2022-jp",
    "iso-2022-jp-3",
    "cp50221",
    "shift_jis",
    "windows-31j",
    "shift_jis-2004",
    "euc-jp",
    "euc-jis-2004",
    "gb2312",
    "gb18030",
    "hz-gb-2312",
    "big5",
    "euc-kr",
    "iso-2022-kr",
    "iso-2022-cn",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "windows-1251",
    "windows-1252",
    "koi8-r",
    "utf-7",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "utf-32",
    "macintosh",
    "tis-620",
    "unknown-8bit",
    "x-nothing",
    "replacement",
    "none",
    "binary",
    "",
];

/// Under these, letters between blanks are those letters.
const PLAIN: [&str; 14] = [
    "utf-8",
    "us-ascii",
    "euc-jp",
    "gb18030",
    "euc-kr",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "windows-1251",
    "windows-1252",
    "koi8-r",
    "unknown-8bit",
    "x-nothing",
    "",
];

/// The first octet is the label, the second the transfer encoding.
fn charset(input: &[u8]) -> Verdict {
    let [label, encoding, body @ ..] = input else { return Ok(way("too short")) };
    let label = LABELS[usize::from(*label) % LABELS.len()];
    let (encoding, encoded) = match encoding % 3 {
        0 => ("base64", base64(body)),
        1 => ("quoted-printable", quoted(body)),
        _ => ("8bit", body.to_vec()),
    };
    let mut mail = b"From: a@b.example\r\nMIME-Version: 1.0\r\n".to_vec();
    let parameter = if label.is_empty() { String::new() } else { format!("; charset=\"{label}\"") };
    mail.extend_from_slice(format!("Content-Type: text/plain{parameter}\r\n").as_bytes());
    mail.extend_from_slice(format!("Content-Transfer-Encoding: {encoding}\r\n\r\n").as_bytes());
    mail.extend_from_slice(&encoded);
    mail.extend_from_slice(b"\r\n");
    let passed = pass(&mail)?;
    let Passed::Through(through) = &passed else { return Ok(passed.way((label, encoding))) };
    recorded(through, label, body)?;
    words_survive(through, label, body)?;
    Ok(passed.way((label, encoding, scripts(through.message.text().as_str()))))
}

fn recorded(through: &Through, label: &str, body: &[u8]) -> Result<(), String> {
    let text = through.message.text().as_str();
    must(!text.contains(|c| is_trick(c) && c != '\n' && c != '\t'), "text with a trick in it")?;
    let Some(record) = &through.report.body else { return Err("no record of the text".to_owned()) };
    must(!record.charset_used.as_str().is_empty() || text.is_empty(), "text of no charset")?;
    if !text.is_empty() && !label.is_empty() {
        let declared = record.charset_declared.as_ref().map(|line| line.as_str().to_ascii_lowercase());
        must(declared.as_deref() == Some(label), "another label is recorded than stood there")?;
    }
    must(record.replacements <= body.len() as u64 + 2, "more characters unread than octets there")?;
    // Octets of a charset become at most four of UTF-8 each, and links and
    // lines that clients act upon get some marks.
    must(text.len() <= 64 * body.len() + 4096, "text out of proportion")
}

/// Words of small letters between blanks, where no octet before them can
/// shift to another alphabet and nothing else of the text is reworked.
fn words_survive(through: &Through, label: &str, body: &[u8]) -> Result<(), String> {
    let shifts = |b: &u8| matches!(b, 0 | 0x0e | 0x0f | 0x1b);
    let reworked = ["-----BEGIN", "~{", "+", ":"];
    let lossy = String::from_utf8_lossy(body);
    let withheld = through.report.parts.iter().any(|part| part.reason.is_some());
    if !PLAIN.contains(&label)
        || body.iter().any(shifts)
        || reworked.iter().any(|word| lossy.contains(word))
        || withheld
    {
        return Ok(());
    }
    let text = through.message.text().as_str();
    let words = body.split(|b| matches!(b, b' ' | b'\n' | b'\r'));
    let mut plain = words.filter(|word| word.len() >= 2 && word.iter().all(u8::is_ascii_lowercase));
    match plain.find(|word| !text.contains(&*String::from_utf8_lossy(word))) {
        Some(lost) => Err(format!("the word {:?} is lost", String::from_utf8_lossy(lost))),
        None => Ok(()),
    }
}

/// Which scripts the text is written in, and how much of each.
fn scripts(text: &str) -> [u32; 7] {
    let mut counts = [0_u64; 7];
    for c in text.chars() {
        let script = match c {
            '\0'..='\u{7f}' => 0,
            '\u{3040}'..='\u{30ff}' => 1,
            '\u{ff61}'..='\u{ff9f}' => 2,
            '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}' => 3,
            '\u{ac00}'..='\u{d7af}' => 4,
            '\u{fffd}' => 5,
            _ => 6,
        };
        counts[script] += 1;
    }
    counts.map(power)
}

/// RFC 2045 6.7, every octet escaped.
pub(super) fn quoted(octets: &[u8]) -> Vec<u8> {
    let lines = octets.chunks(24).map(|chunk| chunk.iter().map(|b| format!("={b:02X}")).collect::<String>());
    lines.collect::<Vec<_>>().join("=\r\n").into_bytes()
}

/// RFC 2045 6.8.
fn base64(octets: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(octets.len() / 3 * 4 + octets.len() / 24 + 8);
    for (place, three) in octets.chunks(3).enumerate() {
        if place > 0 && place % 19 == 0 {
            out.extend_from_slice(b"\r\n");
        }
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit) & 63) as usize;
            out.push(if digit <= three.len() { ALPHABET[value] } else { b'=' });
        }
    }
    out
}
