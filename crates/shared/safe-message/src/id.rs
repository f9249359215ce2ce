//! One mail's name everywhere: in the `250` reply, logs, both stores, the
//! output header and the audit record.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Crockford base32, the alphabet of ULID.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A ULID: 48 bits of milliseconds since 1970, 80 bits of chance.
///
/// Written as 26 characters that sort by time. Decoding accepts exactly the
/// 26 upper-case characters that encoding makes, so one id has one spelling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailId([u8; 16]);

/// Why a string is not a [`MailId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdError;

impl MailId {
    /// An id for `unix_ms` (its low 48 bits) with `chance` from a good source.
    pub fn new(unix_ms: u64, chance: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&unix_ms.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&chance);
        Self(bytes)
    }

    /// The id that these 16 bytes are.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, big-endian, sorting by time.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Milliseconds since 1970 at which the id was made.
    pub fn unix_ms(self) -> u64 {
        self.0[..6].iter().fold(0, |ms, byte| ms << 8 | u64::from(*byte))
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = u128::from_be_bytes(self.0);
        let mut out = [0u8; 26];
        for (place, slot) in out.iter_mut().rev().enumerate() {
            *slot = ALPHABET[((value >> (5 * place)) & 31) as usize];
        }
        f.write_str(std::str::from_utf8(&out).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MailId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        // 26 x 5 = 130 bits: the first character may carry only three.
        if text.len() != 26 || text.as_bytes()[0] > b'7' {
            return Err(IdError);
        }
        let mut value = 0u128;
        for byte in text.bytes() {
            let digit = ALPHABET.iter().position(|c| *c == byte).ok_or(IdError)?;
            value = value << 5 | digit as u128;
        }
        Ok(Self(value.to_be_bytes()))
    }
}

impl TryFrom<String> for MailId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<MailId> for String {
    fn from(id: MailId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mail id is 26 characters of 0-9 A-Z without I, L, O, U")
    }
}

impl std::error::Error for IdError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_order() {
        let a = MailId::new(1_700_000_000_000, [1; 10]);
        let b = MailId::new(1_700_000_000_001, [0; 10]);
        assert!(a < b && a.to_string() < b.to_string());
        assert_eq!(a.to_string().parse(), Ok(a));
        assert_eq!(a.unix_ms(), 1_700_000_000_000);
        assert_eq!(MailId::from_bytes([255; 16]).to_string(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    }

    #[test]
    fn one_spelling() {
        for bad in
            ["", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "7zzzzzzzzzzzzzzzzzzzzzzzzz", "7ZZZZZZZZZZZZZZZZZZZZZZZZU", "7ZZZ"]
        {
            assert_eq!(bad.parse::<MailId>(), Err(IdError), "{bad}");
        }
    }
}
