//! Signed CMS (RFC 5652) as S/MIME uses it (RFC 8551 3.5.2): the MIME entity
//! that is wrapped together with its signature.
//!
//! Reads just enough of BER to get there: five nested values, no recursion,
//! definite and indefinite lengths. Nothing of the signature is looked at.

/// `1.2.840.113549.1.7.2`, signed data.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// `1.2.840.113549.1.7.1`, data.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OCTETS_IN_PIECES: u8 = 0x24;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const EXPLICIT: u8 = 0xa0;

/// The content of a signed message; `None` if it is none, is detached from its
/// content, or is broken.
pub(crate) fn signed_content(octets: &[u8]) -> Option<Vec<u8>> {
    let mut info = Reader(octets).inside(SEQUENCE)?;
    if info.value(OID)? != SIGNED_DATA {
        return None;
    }
    let mut signed = info.inside(EXPLICIT)?.inside(SEQUENCE)?;
    signed.value(INTEGER)?;
    signed.value(SET)?;
    let mut content = signed.inside(SEQUENCE)?;
    if content.value(OID)? != DATA {
        return None;
    }
    content.inside(EXPLICIT)?.octet_string()
}

/// The values in front of what is still to be read.
struct Reader<'a>(&'a [u8]);

/// How long a value is.
enum Length {
    Definite(usize),
    /// To the two octets 0 (X.690 8.1.3.6).
    Indefinite,
}

impl<'a> Reader<'a> {
    /// The next value's tag and length.
    fn head(&mut self) -> Option<(u8, Length)> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match *first {
            0x80 => (Length::Indefinite, rest),
            short @ 0..0x80 => (Length::Definite(usize::from(short)), rest),
            long => {
                let count = usize::from(long & 0x7f);
                let (octets, rest) = rest.split_at_checked(count).filter(|_| count <= 4)?;
                (Length::Definite(octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet))), rest)
            }
        };
        self.0 = rest;
        Some((*tag, length))
    }

    /// The next value, which must have this tag and a definite length.
    fn value(&mut self, wanted: u8) -> Option<&'a [u8]> {
        match self.head()? {
            (tag, Length::Definite(length)) if tag == wanted => {
                let (value, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Some(value)
            }
            _ => None,
        }
    }

    /// The inside of the next value, which must have this tag. Of one with an
    /// indefinite length everything that follows: what is read ends itself.
    fn inside(&mut self, wanted: u8) -> Option<Reader<'a>> {
        match self.head()? {
            (tag, _) if tag != wanted => None,
            (_, Length::Definite(length)) => {
                let (value, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Some(Reader(value))
            }
            (_, Length::Indefinite) => Some(Reader(self.0)),
        }
    }

    /// An octet string, whole or in pieces, one level deep.
    fn octet_string(&mut self) -> Option<Vec<u8>> {
        if self.0.first()? == &OCTETS {
            return self.value(OCTETS).map(<[u8]>::to_vec);
        }
        let endless = self.0.get(1) == Some(&0x80);
        let mut pieces = self.inside(OCTETS_IN_PIECES)?;
        let mut whole = Vec::new();
        while pieces.0.first() == Some(&OCTETS) {
            whole.extend_from_slice(pieces.value(OCTETS)?);
        }
        let ends = if endless { pieces.0.starts_with(&[0, 0]) } else { pieces.0.is_empty() };
        ends.then_some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(tag: u8, value: &[u8]) -> Vec<u8> {
        let length = u8::try_from(value.len()).unwrap_or(0x7f);
        [&[tag, length], value].concat()
    }

    fn endless(tag: u8, value: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], value, &[0, 0]].concat()
    }

    fn signed(wrap: fn(u8, &[u8]) -> Vec<u8>, content: &[u8]) -> Vec<u8> {
        let content = [wrapped(OID, DATA), wrap(EXPLICIT, content)].concat();
        let signed = [wrapped(INTEGER, &[1]), wrapped(SET, &[]), wrap(SEQUENCE, &content), wrapped(SET, &[])].concat();
        let info = [wrapped(OID, SIGNED_DATA), wrap(EXPLICIT, &wrap(SEQUENCE, &signed))].concat();
        wrap(SEQUENCE, &info)
    }

    #[test]
    fn content_comes_out() {
        let pieces = [wrapped(OCTETS, b"he"), wrapped(OCTETS, b"llo")].concat();
        for octets in [
            signed(wrapped, &wrapped(OCTETS, b"hello")),
            signed(wrapped, &wrapped(OCTETS_IN_PIECES, &pieces)),
            signed(endless, &endless(OCTETS_IN_PIECES, &pieces)),
            signed(endless, &wrapped(OCTETS, b"hello")),
        ] {
            assert_eq!(signed_content(&octets).as_deref(), Some(&b"hello"[..]));
        }
    }

    #[test]
    fn anything_else_is_none() {
        let sound = signed(wrapped, &wrapped(OCTETS, b"hello"));
        for end in 0..sound.len() - 9 {
            let cut = signed_content(&sound[..end]);
            assert_eq!(cut, None, "{end}");
        }
        let mut enveloped = sound.clone();
        enveloped[12] = 3;
        let detached = signed(wrapped, &[]);
        for octets in [&b""[..], b"\x30", b"\x30\x84\xff\xff\xff\xff", b"hello", &enveloped, &detached] {
            assert_eq!(signed_content(octets), None);
        }
    }
}
