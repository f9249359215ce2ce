//! Addresses as rules write them: one address, a domain, a domain with all
//! below it.

use std::fmt;

use sekisho_safe_message::{Address, Domain};
use serde::{Deserialize, Serialize};

/// Some addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Who {
    /// `a@b.example`: this one, in any case of letters.
    One(Address),
    /// `@b.example`: everybody there.
    Domain(Domain),
    /// `.b.example`: everybody there and below.
    Below(Domain),
}

impl Who {
    /// What `text` writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // A literal such as [192.0.2.1] has nothing below it.
        let name = |text: &str| Domain::parse(text).ok();
        match (text.strip_prefix('@'), text.strip_prefix('.')) {
            (Some(domain), _) => name(domain).map(Self::Domain),
            (None, Some(domain)) => name(domain).filter(|domain| !domain.as_str().starts_with('[')).map(Self::Below),
            // `*@b.example` is an address, and never what was meant.
            (None, None) => text.parse().ok().filter(|_| !text.contains('*')).map(Self::One),
        }
    }

    /// Whether `address` is one of them.
    pub(crate) fn has(&self, address: &Address) -> bool {
        match self {
            Self::One(one) => is_same(one, address),
            Self::Domain(domain) => address.domain() == domain,
            Self::Below(domain) => is_below(address.domain(), domain),
        }
    }

    /// Whether everybody in `other` is in this one.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::One(address)) => self.has(address),
            (Self::Domain(wide), Self::Domain(narrow)) => wide == narrow,
            (Self::Below(wide), Self::Domain(narrow) | Self::Below(narrow)) => is_below(narrow, wide),
            (Self::One(_), Self::Domain(_) | Self::Below(_)) | (Self::Domain(_), Self::Below(_)) => false,
        }
    }
}

/// RFC 5321 2.4 leaves the case of a local part to its host; no host that
/// people write to tells two persons apart by it, and rules must not either.
fn is_same(a: &Address, b: &Address) -> bool {
    a.domain() == b.domain() && a.local().eq_ignore_ascii_case(b.local())
}

fn is_below(domain: &Domain, top: &Domain) -> bool {
    let rest = domain.as_str().strip_suffix(top.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(address) => write!(f, "{address}"),
            Self::Domain(domain) => write!(f, "@{domain}"),
            Self::Below(domain) => write!(f, ".{domain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn who(text: &str) -> Who {
        Who::parse(text).unwrap()
    }

    #[test]
    fn addresses_are_found() {
        for (pattern, address, has) in [
            ("a@b.example", "A@B.example", true),
            ("a@b.example", "c@b.example", false),
            ("@b.example", "c@b.example", true),
            ("@b.example", "c@x.b.example", false),
            (".b.example", "c@x.b.example", true),
            (".b.example", "c@b.example", true),
            (".b.example", "c@xb.example", false),
            ("@[192.0.2.1]", "c@[192.0.2.1]", true),
        ] {
            assert_eq!(who(pattern).has(&address.parse().unwrap()), has, "{pattern} {address}");
            assert_eq!(who(pattern).to_string().to_lowercase(), pattern.to_lowercase());
        }
        for bad in ["", "@", ".", "b.example", "*@b.example", "@*.example", ".[192.0.2.1]", "a b@c", "@市.jp"] {
            assert!(Who::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn patterns_cover_patterns() {
        for (wide, narrow, covers) in [
            (".b", "@b", true),
            (".b", ".a.b", true),
            (".a.b", ".b", false),
            ("@b", ".b", false),
            ("@b", "a@b", true),
            ("a@b", "@b", false),
            ("A@b", "a@b", true),
        ] {
            assert_eq!(who(wide).covers(&who(narrow)), covers, "{wide} {narrow}");
        }
    }
}
