//! The doors of files: each input is the one attachment of a mail.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Target;
use super::pass::pass;

/// A door that takes files called so.
macro_rules! door {
    ($name:ident, $code:literal, $file:literal, $words:expr) => {
        pub(super) const $name: Target = Target {
            name: $code,
            about: "every file stays out, or becomes one that crosses the border unchanged and that the verifier accepts",
            words: $words,
            run: |input| {
                let passed = pass(&carrier($file, input))?;
                Ok(passed.way(()))
            },
        };
    };
}

door!(
    PICTURE,
    "picture",
    "a.png",
    &[
        b"\x89PNG\r\n\x1a\n",
        b"IHDR",
        b"IDAT",
        b"IEND",
        b"PLTE",
        b"\xff\xd8\xff\xe0",
        b"\xff\xda",
        b"\xff\xd9",
        b"GIF89a",
        b"NETSCAPE2.0",
        b"II*\0",
        b"MM\0*",
        b"RIFF",
        b"WEBPVP8L",
        b"BM",
        b"Exif\0\0",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\">",
        b"<use href=\"#a\"/>",
        b"<image href=\"file:///etc/passwd\"/>",
        b" EMF",
    ]
);
door!(
    PDF,
    "pdf",
    "a.pdf",
    &[
        b"%PDF-1.7\n",
        b"1 0 obj",
        b"endobj",
        b"stream\n",
        b"endstream",
        b"xref\n",
        b"trailer",
        b"startxref",
        b"%%EOF",
        b"/Length 1",
        b"/Filter/FlateDecode",
        b"/OpenAction",
        b"/Type/Page",
        b"/Kids[1 0 R]",
        b"/Resources",
        b"/Font",
        b"/XObject",
        b"BT",
        b"ET",
        b"/F1 12 Tf",
        b"(a)Tj",
        b"q 1 0 0 1 0 0 cm",
        b"/X1 Do",
        b"/Subtype/Form",
        b"/SMask",
        b"<</S/JavaScript/JS(a)>>",
    ]
);
door!(
    ARCHIVE,
    "archive",
    "a.zip",
    &[
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"PK\x05\x06",
        b"../",
        b"7z\xbc\xaf\x27\x1c",
        b"\x1f\x8b\x08",
        b"BZh9",
        b"\xfd7zXZ\0",
        b"ustar",
        b"-lh5-",
        b"MSCF",
        b"Rar!\x1a\x07",
        b"\0\x08\0\0",
    ]
);
door!(
    PLAIN,
    "plain",
    "a.csv",
    &[
        b"=cmd|' /C calc'!A0",
        b"\"\"",
        b"\r\n",
        b"\t",
        b"@SUM(A1)",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"BEGIN:VCALENDAR\r\n",
        b"BEGIN:VEVENT\r\n",
        b"END:VEVENT\r\n",
        b"DTSTART;TZID=Asia/Tokyo:20261124T090000\r\n",
        b"RRULE:FREQ=DAILY\r\n",
        b"BEGIN:VCARD\r\n",
        b"FN:a\r\n",
        b"<html>",
        b"<script>",
        b"<?xml version=\"1.0\"?>",
        b"\x1b[31m",
        b"\x1b$B",
    ]
);
door!(
    LETTER,
    "letter",
    "winmail.dat",
    &[
        b"\x78\x9f\x3e\x22",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"__substg1.0_1000001F",
        b"{\\rtf1\\ansi\\fromhtml1",
        b"LZFu",
        b"From a@b.example Tue Nov 24 09:00:00 2026\r\n",
        b"From: a@b.example\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n",
        b"--x\r\n",
        b"MIME-Version: 1.0\r\n",
    ]
);

/// A mail with one attachment.
fn carrier(name: &str, octets: &[u8]) -> Vec<u8> {
    let mut mail = format!(
        "From: <a@sender.example>\r\nContent-Type: multipart/mixed; boundary=carrier\r\n\r\n--carrier\r\n\
         Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename={name}\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    );
    for chunk in octets.chunks(57) {
        STANDARD.encode_string(chunk, &mut mail);
        mail.push_str("\r\n");
    }
    mail.push_str("--carrier--\r\n");
    mail.into_bytes()
}
