//! How an original is wrapped for its way: with two trace fields in front, or
//! in an encrypted zip with a letter.
//!
//! Both are read piece by piece, so that memory does not grow with the mail.
//!
//! Never: a change to the original's own octets.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_safe_message::{Address, Domain, Language, MailId, SafeLine, SafeText, Secret, Timestamp};
use sekisho_vault::EncryptedZip;

use super::letter::{BASE64_LINE, Letter};

/// The field by which staff, and a gateway that gets it again, know an
/// original.
pub(crate) const TRACE: &str = "X-Sekisho-Original";

/// Octets of one piece between the two ends.
const PIECE: usize = 60 * 1024;
/// Pieces that may wait there.
const WAITING: usize = 2;

/// What a parcel tells of the original in it.
#[derive(Debug, Clone)]
pub(crate) struct Inside {
    /// The original's id.
    pub(crate) id: MailId,
    /// Its octets.
    pub(crate) size: u64,
    /// When it arrived.
    pub(crate) arrived: Timestamp,
    /// Its envelope's sender.
    pub(crate) from: Option<Address>,
    /// Its subject, if it is known.
    pub(crate) subject: Option<SafeLine>,
}

/// Who sends a parcel.
#[derive(Debug, Clone)]
pub(crate) struct Cover {
    /// A fresh id.
    pub(crate) id: MailId,
    /// Who writes.
    pub(crate) from: Address,
    /// To whom.
    pub(crate) to: Vec<Address>,
    /// When.
    pub(crate) date: Timestamp,
}

/// The original as it came, behind two fields that say where it comes from.
/// Fields in front break no signature (RFC 6376 5.4.2 counts from the bottom
/// of the header up), and `Received` counts against a loop (RFC 5321 6.3).
pub(crate) fn plain(id: MailId, by: &Domain, date: Timestamp, original: impl Read) -> impl Read {
    let trace = format!("Received: by {by} (Sekisho) id {id};\r\n {}\r\n{TRACE}: {id}\r\n", date.rfc5322());
    io::Cursor::new(trace.into_bytes()).chain(original)
}

/// A letter with the original as `original.eml` in an AES-256 zip that opens
/// with `password`.
pub(crate) fn zipped(
    inside: Inside,
    cover: Cover,
    password: Secret,
    original: impl Read + Send + 'static,
) -> impl Read + Send {
    let (to_reader, pieces) = sync_channel(WAITING);
    // The zip pushes and SMTP pulls: a thread stands between. It ends with its
    // reader, whose end of the channel closes.
    let pushing = move || {
        let mut sink = Sink { pieces: to_reader, piece: Vec::with_capacity(PIECE) };
        let last = match pack(&inside, &cover, password, original, &mut sink) {
            Ok(()) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        // Nobody reads any more: nothing to tell.
        let _ = sink.pieces.send(last);
    };
    // Without a thread the channel is closed, which is an error on its other end.
    let _ = std::thread::Builder::new().name("parcel".to_owned()).spawn(pushing);
    Pieces { pieces, piece: io::Cursor::default(), ended: false }
}

fn pack(inside: &Inside, cover: &Cover, password: Secret, mut original: impl Read, sink: &mut Sink) -> io::Result<()> {
    let letter = letter(inside, cover);
    let name = format!("original-{}.zip", inside.id);
    let (head, end) = letter.around(&name, "application/zip");
    sink.write_all(&head)?;
    let mut zip = EncryptedZip::new(Lines { sink: &mut *sink, rest: Vec::new() }, password);
    let mut member = zip.begin("original.eml", inside.arrived, inside.size)?;
    io::copy(&mut original, &mut member)?;
    member.finish()?;
    zip.finish()?.finish()?;
    sink.write_all(&end)?;
    sink.flush()
}

fn letter(inside: &Inside, cover: &Cover) -> Letter {
    let Cover { id, from, to, date } = cover.clone();
    let subject = format!("原本（パスワード付き） / Original, in an encrypted zip [{}]", inside.id);
    let text = [Language::Ja, Language::En].map(|language| text(inside, language)).join("\n");
    Letter { id, from, to, subject: SafeLine::clean(&subject).value, text: SafeText::clean(&text).value, date }
}

fn text(inside: &Inside, language: Language) -> String {
    let Inside { id, arrived, .. } = inside;
    let sender = inside.from.as_ref().map_or_else(|| "<>".to_owned(), Address::to_string);
    let subject = inside.subject.as_ref().map_or("", SafeLine::as_str);
    match language {
        Language::Ja => format!(
            "申請のあったメールの原本を、パスワード付きの zip ファイルでお送りします。\n\
             パスワードは、承認した担当者から別の手段でお知らせします。\n\n\
             管理番号: {id}\n件名: {subject}\n差出人: {sender}\n受信日時: {arrived}\n\n\
             原本は無害化されていません。インターネット側の端末だけで開き、LGWAN 側には持ち込まないでください。\n\
             暗号方式は AES-256 です。Windows の標準機能では開けないため、7-Zip などをお使いください。\n"
        ),
        Language::En => format!(
            "Attached is the original of the mail that was asked for, in an encrypted zip file.\n\
             The person who approved it will tell you the password by another way.\n\n\
             Mail id: {id}\nSubject: {subject}\nSender: {sender}\nReceived: {arrived}\n\n\
             The original has not been sanitized: open it on an Internet-side computer only, and never take it\n\
             into the LGWAN. It is encrypted with AES-256, which Windows Explorer cannot open; 7-Zip can.\n"
        ),
    }
}

/// The end that writes.
struct Sink {
    pieces: SyncSender<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
}

impl Write for Sink {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(octets);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.pieces.send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Octets to lines of base64.
struct Lines<'a> {
    sink: &'a mut Sink,
    /// Less than a line.
    rest: Vec<u8>,
}

impl Write for Lines<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(octets);
        let whole = self.rest.len() - self.rest.len() % BASE64_LINE;
        let mut out = String::with_capacity(whole / BASE64_LINE * 78);
        for line in self.rest[..whole].chunks(BASE64_LINE) {
            STANDARD.encode_string(line, &mut out);
            out.push_str("\r\n");
        }
        self.rest.drain(..whole);
        self.sink.write_all(out.as_bytes())?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines<'_> {
    fn finish(self) -> io::Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        self.sink.write_all((STANDARD.encode(&self.rest) + "\r\n").as_bytes())
    }
}

/// The end that reads. An empty piece is the mail's end; without one it is not
/// whole.
struct Pieces {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: io::Cursor<Vec<u8>>,
    ended: bool,
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.piece.read(buf)?;
            if count > 0 || self.ended || buf.is_empty() {
                return Ok(count);
            }
            let piece = self.pieces.recv().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))??;
            self.ended = piece.is_empty();
            self.piece = io::Cursor::new(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn inside(size: u64) -> Inside {
        Inside {
            id: MailId::new(1, [1; 10]),
            size,
            arrived: Timestamp::from_unix_ms_jst(1_795_478_400_000),
            from: Some("a@example.net".parse().unwrap()),
            subject: Some(SafeLine::clean("見積書の件").value),
        }
    }

    fn parcel(size: u64, original: impl Read + Send + 'static) -> io::Result<Vec<u8>> {
        let cover = Cover {
            id: MailId::new(2, [2; 10]),
            from: "sekisho@mx.city.example".parse().unwrap(),
            to: vec!["b@city.example".parse().unwrap()],
            date: Timestamp::from_unix_ms_jst(1_795_478_400_000),
        };
        let mut out = Vec::new();
        zipped(inside(size), cover, Secret::new("ひみつ").unwrap(), original).read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn a_plain_original_keeps_its_octets() {
        let by = Domain::parse("mx.city.example").unwrap();
        let octets = b"DKIM-Signature: x\r\nFrom: a@b\r\n\r\n\xff.\r\n";
        let mut out = Vec::new();
        plain(MailId::new(1, [1; 10]), &by, Timestamp::from_unix_ms_jst(0), &octets[..]).read_to_end(&mut out).unwrap();
        let trace = "Received: by mx.city.example (Sekisho) id 0000000001040G2081040G2081;\r\n \
                     Thu, 1 Jan 1970 09:00:00 +0900\r\nX-Sekisho-Original: 0000000001040G2081040G2081\r\n";
        assert_eq!(out, [trace.as_bytes(), octets].concat());
    }

    #[test]
    fn a_zip_is_a_mail_of_two_parts() {
        for size in [0, 1, 56, 57, 300_000] {
            let original = vec![b'x'; size];
            let mail = String::from_utf8(parcel(size as u64, io::Cursor::new(original)).unwrap()).unwrap();
            assert!(mail.is_ascii() && mail.lines().all(|line| line.len() <= 100));
            let boundary = "--sekisho-0000000002081040G2081040G2";
            let parts: Vec<_> = mail.split(&format!("{boundary}\r\n")).collect();
            assert_eq!(parts.len(), 3);
            let text = parts[1].split_once("\r\n\r\n").unwrap().1.replace("\r\n", "");
            let text = String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
            assert!(
                text.contains("見積書の件") && text.contains("password by another way") && !text.contains("ひみつ")
            );
            let (header, zip) = parts[2].split_once("\r\n\r\n").unwrap();
            assert!(header.contains("filename=\"original-0000000001040G2081040G2081.zip\""));
            let zip = zip.strip_suffix(&format!("{boundary}--\r\n")).unwrap().replace("\r\n", "");
            let zip = STANDARD.decode(zip).unwrap();
            assert!(zip.starts_with(b"PK\x03\x04") && zip.len() > size);
            assert!(zip.windows(12).any(|part| part == b"original.eml"));
            assert!(size < 57 || !zip.windows(20).any(|part| part == [b'x'; 20]));
        }
    }

    #[test]
    fn an_original_that_breaks_breaks_the_parcel() {
        struct Broken(u32);
        impl Read for Broken {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 20 { Err(io::Error::other("damaged")) } else { Ok(buf.len()) }
            }
        }
        assert_eq!(parcel(1 << 30, Broken(0)).unwrap_err().to_string(), "damaged");
        // Shorter than it was said to be.
        assert!(parcel(10, io::Cursor::new(b"short")).is_err());
    }

    #[test]
    fn a_parcel_that_nobody_reads_ends() {
        let cover =
            Cover { id: MailId::new(2, [2; 10]), from: "a@b".parse().unwrap(), to: vec![], date: inside(0).arrived };
        let mut reader = zipped(inside(1 << 31), cover, Secret::new("x").unwrap(), io::repeat(0).take(1 << 31));
        let mut some = [0; 100];
        reader.read_exact(&mut some).unwrap();
        drop(reader);
    }
}
