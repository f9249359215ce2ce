//! The standard mails: Japanese, made in code, the same octets every time.
//!
//! | name | what it is |
//! |---|---|
//! | `text2k` | 2 kB, `text/plain` in ISO-2022-JP |
//! | `html20k` | 20 kB, `multipart/alternative`: plain text in base64 and a newsletter of tables, links, remote pictures, style and script, in quoted-printable |
//! | `att200k` | 200 kB, `multipart/mixed`: a short text with its HTML, and one Word document in base64, which is stripped |
//! | `jpeg140k` | the same with a photograph of 140 kB, which is made anew |
//! | `pdf140k` | the same with a PDF of 140 kB: four pages, text and a picture on each |

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use encoding_rs::ISO_2022_JP;

use crate::documents;

/// One paragraph, as letters between offices begin and end.
const PARAGRAPH: &str =
    "お世話になっております。来週の会議資料をお送りします。ご確認のほど、よろしくお願いいたします。";

/// A mail to send, the same for every recipient.
#[derive(Debug, Clone)]
pub struct Mail {
    name: String,
    octets: Vec<u8>,
    /// Where it is not the octets themselves.
    stuffed: Option<Vec<u8>>,
}

impl Mail {
    /// A mail of these octets, with CRLF line ends and a line end at the end.
    pub fn new(name: impl Into<String>, octets: Vec<u8>) -> Self {
        let dots = octets.first() == Some(&b'.') || octets.windows(2).any(|pair| pair == b"\n.");
        let stuffed = dots.then(|| stuffed(&octets));
        Self { name: name.into(), octets, stuffed }
    }

    /// What it is called in tables.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The mail itself.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The mail as DATA wants it (RFC 5321 4.5.2), and the end of data.
    pub fn wire(&self) -> (&[u8], &'static [u8]) {
        (self.stuffed.as_deref().unwrap_or(&self.octets), b".\r\n")
    }
}

/// The three standard mails.
pub fn standard() -> [Mail; 3] {
    [
        Mail::new("text2k", text(1350)),
        Mail::new("html20k", newsletter(10_300)),
        Mail::new("att200k", bringing(DOCX, &documents::docx(144_000, &mut Noise::new(2)))),
    ]
}

/// Mails whose file is made anew: what a worker has to do most of.
pub fn rebuilt() -> [Mail; 2] {
    [
        Mail::new("jpeg140k", bringing(JPEG, &documents::jpeg(140_000, &mut Noise::new(2)))),
        Mail::new("pdf140k", bringing(PDF, &documents::pdf(140_000, &mut Noise::new(2)))),
    ]
}

/// A mail of about `size` octets: text as long as the standard one, the rest a
/// document.
pub fn sized(name: &str, size: usize) -> Mail {
    let text_only = text(1350);
    // Base64 in lines of 76 makes 78 octets of 57.
    match size.checked_sub(text_only.len() + 6000) {
        Some(rest) => Mail::new(name, bringing(DOCX, &documents::docx(rest / 78 * 57, &mut Noise::new(2)))),
        None => Mail::new(name, text_only),
    }
}

/// A mail of so many parts, each a text of 300 octets.
pub fn of_parts(name: &str, parts: usize) -> Mail {
    let mut mail = format!("{}Content-Type: multipart/mixed; boundary=\"m1\"\r\n\r\n", header());
    let text = base64_lines(PARAGRAPH.repeat(2).as_bytes());
    for _ in 0..parts {
        mail.push_str("--m1\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        mail.push_str(&text);
    }
    Mail::new(name, (mail + "--m1--\r\n").into_bytes())
}

fn header() -> String {
    format!(
        "Received: from mail.internet.example (mail.internet.example [192.0.2.10])\r\n\
         \tby mx.internet.example with ESMTP id 4XyZ1234; Mon, 2 Mar 2026 10:15:30 +0900 (JST)\r\n\
         Message-ID: <20260302101530.1234@internet.example>\r\n\
         Date: Mon, 02 Mar 2026 10:15:30 +0900\r\n\
         From: {} <sender@internet.example>\r\n\
         To: {} <user@bench.example>\r\n\
         Subject: {}\r\n\
         MIME-Version: 1.0\r\n\
         X-Mailer: Example 1.0\r\n",
        word("山田太郎"),
        word("総務課"),
        word("会議資料の送付について")
    )
}

/// At least `size` octets of text in ISO-2022-JP.
fn text(size: usize) -> Vec<u8> {
    let mut mail = header().into_bytes();
    mail.extend_from_slice(b"Content-Type: text/plain; charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit\r\n\r\n");
    let (first, second) = PARAGRAPH.split_at(PARAGRAPH.char_indices().nth(24).map_or(0, |(at, _)| at));
    let lines = format!("{first}\r\n{second}\r\n");
    let (lines, _, _) = ISO_2022_JP.encode(&lines);
    let end = mail.len() + size;
    while mail.len() < end {
        mail.extend_from_slice(&lines);
    }
    mail
}

fn newsletter(html: usize) -> Vec<u8> {
    let head = format!("{}Content-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n", header());
    [head, alternative(html, &PARAGRAPH.repeat(4))].concat().into_bytes()
}

/// The kinds of file that a standard mail brings.
const DOCX: (&str, &str) = ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "会議資料.docx");
const JPEG: (&str, &str) = ("image/jpeg", "現場写真.jpg");
const PDF: (&str, &str) = ("application/pdf", "会議資料.pdf");

/// A short text with its HTML, and a file of this media type and name.
pub fn bringing((kind, name): (&str, &str), content: &[u8]) -> Vec<u8> {
    let name = format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(name));
    let head = format!(
        "{}Content-Type: multipart/mixed; boundary=\"m1\"\r\n\r\n\
         --m1\r\nContent-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n",
        header()
    );
    let part = format!(
        "\r\n--m1\r\n\
         Content-Type: {kind};\r\n name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    );
    [head, alternative(1500, PARAGRAPH), part, base64_lines(content), "\r\n--m1--\r\n".to_owned()].concat().into_bytes()
}

/// A plain and an HTML part between boundaries `b1`.
fn alternative(html: usize, plain: &str) -> String {
    format!(
        "--b1\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\
         \r\n--b1\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}\
         \r\n--b1--\r\n",
        base64_lines(plain.as_bytes()),
        quoted_printable(&page(html))
    )
}

/// A page of at least `size` octets in UTF-8, one table row a product.
pub(crate) fn page(size: usize) -> String {
    let mut noise = Noise(1);
    let mut page = "<html><head><meta charset=\"utf-8\">\
         <style>td{font-family:Meiryo;font-size:12px}</style><script>var x=1;</script></head>\n\
         <body bgcolor=\"#ffffff\"><table width=\"600\">\n"
        .to_owned();
    let mut row = 0;
    while page.len() < size {
        row += 1;
        let id = noise.next() % 1_000_000_000;
        let words: String = PARAGRAPH.chars().take(12 + noise.next() as usize % 36).collect();
        // A string takes every write.
        let _ = write!(
            page,
            "<tr><td style=\"padding:4px;color:#333\"><b>No.{row}</b></td>\
             <td><a href=\"http://example.com/c?id={id}&amp;u={row}\">商品 {row} の案内</a><br>{words}</td>\n\
             <td><img src=\"http://img.example.com/{row}.png\" width=\"1\" height=\"1\" alt=\"\"></td></tr>\n"
        );
    }
    page + "</table><p onclick=\"go()\">" + PARAGRAPH + "</p></body></html>\n"
}

/// An encoded word (RFC 2047 2) in ISO-2022-JP.
pub(crate) fn word(text: &str) -> String {
    let (octets, _, _) = ISO_2022_JP.encode(text);
    format!("=?ISO-2022-JP?B?{}?=", BASE64_STANDARD.encode(octets))
}

/// RFC 2045 6.8: lines of 76.
pub(crate) fn base64_lines(octets: &[u8]) -> String {
    octets.chunks(57).flat_map(|line| [BASE64_STANDARD.encode(line), "\r\n".to_owned()]).collect()
}

/// RFC 2045 6.7: lines of at most 76.
pub(crate) fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let mut column = 0;
        for octet in line.bytes() {
            let plain = matches!(octet, b' '..=b'~') && octet != b'=';
            let width = if plain { 1 } else { 3 };
            if column + width > 75 {
                out.push_str("=\r\n");
                column = 0;
            }
            column += width;
            if plain {
                out.push(char::from(octet));
            } else {
                let _ = write!(out, "={octet:02X}");
            }
        }
        out.push_str("\r\n");
    }
    out
}

/// RFC 5321 4.5.2: a dot before each line that begins with one.
fn stuffed(octets: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(octets.len() + 64);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if line.first() == Some(&b'.') {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire
}

/// The same numbers every time (xorshift64*, Vigna 2016).
#[derive(Debug)]
pub struct Noise(u64);

impl Noise {
    /// Any seed will do.
    pub fn new(seed: u64) -> Self {
        // splitmix64's constant: neighbours among seeds are strangers, and none gives 0.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d | 1)
    }

    /// Below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.next() % bound.max(1)
    }

    pub(crate) fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::{Mail, sized, standard};

    #[test]
    fn the_standard_mails_have_their_sizes() {
        for (mail, low, high) in standard()
            .iter()
            .zip([(1_900, 2_300), (19_000, 22_000), (195_000, 205_000)])
            .map(|(mail, (low, high))| (mail, low, high))
        {
            let size = mail.octets().len();
            assert!((low..high).contains(&size), "{}: {size}", mail.name());
        }
        let size = sized("1M", 1_000_000).octets().len();
        assert!((950_000..1_050_000).contains(&size), "{size}");
    }

    #[test]
    fn every_line_is_one_of_smtp() {
        for mail in standard() {
            assert!(mail.octets().ends_with(b"\r\n"));
            for line in mail.octets().split_inclusive(|octet| *octet == b'\n') {
                let content = line.strip_suffix(b"\r\n").unwrap_or(b"\r");
                assert!(content.len() <= 998 && !content.contains(&b'\r') && content.is_ascii(), "{}", mail.name());
            }
        }
    }

    #[test]
    fn dots_are_stuffed() {
        let mail = Mail::new("dots", b".a\r\nb.\r\n..\r\n".to_vec());
        assert_eq!(mail.wire(), (&b"..a\r\nb.\r\n...\r\n"[..], &b".\r\n"[..]));
    }
}
