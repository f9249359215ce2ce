//! Mail addresses: RFC 5321 4.1.2 mailboxes, in one canonical spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::SafeLine;

/// Most recipients of one mail: RFC 5321 4.5.3.1.8 asks for at least 100.
pub const MAX_RECIPIENTS: usize = 1000;

/// A path without its angle brackets: RFC 5321 4.5.3.1.3 gives 256 with them.
const MAX_ADDRESS: usize = 254;
/// RFC 5321 4.5.3.1.1 asks for 64 at least; variable envelope return paths of
/// large senders go beyond, and the whole is bounded anyway.
const MAX_LOCAL: usize = 192;
/// RFC 5321 4.5.3.1.2.
const MAX_DOMAIN: usize = 253;

/// A domain in lower case, or an address literal in brackets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

/// An ASCII mailbox `local@domain`.
///
/// Canonical: the domain in lower case, the local part as a dot-string where
/// its characters allow and as a quoted string elsewhere. Japanese mobile
/// carriers issued addresses such as `abc..d.@example.jp` that no grammar
/// allows bare; they are read, and written `"abc..d."@example.jp`, which means
/// the same and is allowed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// As written, quotes included.
    local: String,
    domain: Domain,
}

/// Why a string is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressError {
    /// No `@`, or nothing on one side of it.
    Incomplete,
    /// The local part breaks RFC 5321 4.1.2.
    Local,
    /// The domain breaks RFC 5321 4.1.2 or 4.1.3.
    Domain,
    /// Longer than a path may be.
    TooLong,
}

/// Who sends and who receives, as the SMTP envelope says (RFC 5321 2.3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(Option<Address>, Vec<Address>)", into = "(Option<Address>, Vec<Address>)")]
pub struct Envelope {
    from: Option<Address>,
    to: Vec<Address>,
}

/// An address with the name a person reads beside it (RFC 5322 3.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The display name, if there was one.
    pub name: Option<SafeLine>,
    /// The address.
    pub address: Address,
}

impl Domain {
    /// The domain that `text` names, in any case of letters.
    ///
    /// # Errors
    /// [`AddressError::Domain`] if it is neither a domain name (underscores
    /// are borne: real hosts have them) nor an address literal.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let sound = match text.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').is_some_and(is_literal),
            None => text.len() <= MAX_DOMAIN && text.split('.').all(is_label),
        };
        sound.then(|| Self(text.to_ascii_lowercase())).ok_or(AddressError::Domain)
    }

    /// The name of a host that has no other.
    pub fn localhost() -> Self {
        Self("localhost".to_owned())
    }

    /// The domain in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_literal(inner: &str) -> bool {
    let v6 = inner.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    match v6 {
        Some(_) => inner[5..].parse::<std::net::Ipv6Addr>().is_ok(),
        None => inner.parse::<std::net::Ipv4Addr>().is_ok(),
    }
}

impl Address {
    /// The part before the `@`, quoted if it must be.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The part behind the `@`.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_ADDRESS + 2 {
            return Err(AddressError::TooLong);
        }
        let (local, domain) = match text.strip_prefix('"') {
            Some(rest) => {
                let (value, behind) = unquote(rest).ok_or(AddressError::Local)?;
                (value, behind.strip_prefix('@').ok_or(AddressError::Incomplete)?)
            }
            None => {
                let (local, domain) = text.split_once('@').ok_or(AddressError::Incomplete)?;
                if !local.bytes().all(|b| is_atext(b) || b == b'.') {
                    return Err(AddressError::Local);
                }
                (local.to_owned(), domain)
            }
        };
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Incomplete);
        }
        let address = Self { local: canonical_local(&local), domain: Domain::parse(domain)? };
        let long = address.local.len() > MAX_LOCAL || address.local.len() + 1 + address.domain.0.len() > MAX_ADDRESS;
        if long { Err(AddressError::TooLong) } else { Ok(address) }
    }
}

/// RFC 5322 3.2.3.
fn is_atext(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

/// Reads a quoted string whose opening quote is gone: its value, and what
/// stands behind the closing quote (RFC 5321 4.1.2: qtext and quoted pairs).
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut bytes = text.bytes().enumerate();
    while let Some((at, b)) = bytes.next() {
        match b {
            b'"' => return Some((value, &text[at + 1..])),
            b'\\' => value.push(bytes.next().map(|(_, b)| b).filter(|b| (32..127).contains(b))?.into()),
            32..127 => value.push(b.into()),
            _ => return None,
        }
    }
    None
}

fn canonical_local(value: &str) -> String {
    let dot_string = value.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext));
    if dot_string {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in value.chars() {
        if c == '"' || c == '\\' {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

impl Envelope {
    /// An envelope; `from` is `None` for the null sender `<>`.
    ///
    /// `None` without recipients, or with more than [`MAX_RECIPIENTS`].
    pub fn new(from: Option<Address>, to: Vec<Address>) -> Option<Self> {
        (1..=MAX_RECIPIENTS).contains(&to.len()).then_some(Self { from, to })
    }

    /// The sender, or `None` for `<>`.
    pub fn from(&self) -> Option<&Address> {
        self.from.as_ref()
    }

    /// The recipients, at least one.
    pub fn to(&self) -> &[Address] {
        &self.to
    }
}

impl TryFrom<(Option<Address>, Vec<Address>)> for Envelope {
    type Error = &'static str;

    fn try_from((from, to): (Option<Address>, Vec<Address>)) -> Result<Self, Self::Error> {
        Self::new(from, to).ok_or("an envelope has 1 to 1000 recipients")
    }
}

impl From<Envelope> for (Option<Address>, Vec<Address>) {
    fn from(envelope: Envelope) -> Self {
        (envelope.from, envelope.to)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        let address: Self = text.parse()?;
        // One spelling only: what crosses must be what we would write.
        (address.to_string() == text).then_some(address).ok_or(AddressError::Local)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for Domain {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        let domain = Self::parse(&text)?;
        (domain.0 == text).then_some(domain).ok_or(AddressError::Domain)
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Incomplete => "an address is local@domain",
            Self::Local => "the part before the @ is not allowed by RFC 5321",
            Self::Domain => "the part behind the @ is not a domain",
            Self::TooLong => "the address is longer than 254 octets",
        })
    }
}

impl std::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn addresses() {
        for (text, canonical) in [
            ("a@b.example", Ok("a@b.example")),
            ("A.b+c@EXAMPLE.JP", Ok("A.b+c@example.jp")),
            ("abc..d.@carrier.example", Ok("\"abc..d.\"@carrier.example")),
            ("\"abc\"@x.example", Ok("abc@x.example")),
            ("\"a b\\\"c\"@x.example", Ok("\"a b\\\"c\"@x.example")),
            ("a@[192.0.2.1]", Ok("a@[192.0.2.1]")),
            ("a@[IPv6:2001:db8::1]", Ok("a@[ipv6:2001:db8::1]")),
            ("a@host_1.example", Ok("a@host_1.example")),
            ("a@b@c", Err(AddressError::Domain)),
            ("@b", Err(AddressError::Incomplete)),
            ("a@", Err(AddressError::Incomplete)),
            ("a", Err(AddressError::Incomplete)),
            ("a b@c", Err(AddressError::Local)),
            ("a\r\nb@c", Err(AddressError::Local)),
            ("a@b..c", Err(AddressError::Domain)),
            ("a@-b", Err(AddressError::Domain)),
            ("a@[1.2.3]", Err(AddressError::Domain)),
            ("あ@b.example", Err(AddressError::Local)),
            ("\"a\0\"@b", Err(AddressError::Local)),
            ("\"a@b", Err(AddressError::Local)),
            ("@x:a@b", Err(AddressError::Incomplete)),
        ] {
            let got = text.parse::<Address>().map(|a| a.to_string());
            assert_eq!(got.as_deref(), canonical.as_deref(), "{text}");
        }
        assert_eq!(format!("{}@b", "a".repeat(300)).parse::<Address>(), Err(AddressError::TooLong));
    }

    #[test]
    fn canonical_is_a_fixed_point_and_alone_decodes() {
        for text in ["abc..d.@c.example", "\"a b\"@x", "A@B"] {
            let address: Address = text.parse().unwrap();
            assert_eq!(Address::try_from(address.to_string()), Ok(address));
            assert!(Address::try_from("A@B".to_owned()).is_err());
        }
    }

    #[test]
    fn an_envelope_has_recipients() {
        let a: Address = "a@b".parse().unwrap();
        assert!(Envelope::new(None, vec![]).is_none());
        assert!(Envelope::new(None, vec![a.clone(); MAX_RECIPIENTS + 1]).is_none());
        assert!(Envelope::new(None, vec![a]).is_some());
    }
}
