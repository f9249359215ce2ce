//! Domain names and mail addresses as an operator writes them.

use sekisho_safe_message::{Address, Domain};

/// Why a text is not the name of a host or of a mail domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainError {
    /// Other characters than ASCII: the A-label (`xn--`) is wanted.
    NotAscii,
    /// Not labels of letters, digits and hyphens between dots (RFC 1123 2.1).
    Syntax,
}

/// Recipient domains that are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domains {
    /// Every domain; only possible while nobody but the host itself may connect.
    Any,
    /// These and no others.
    Listed(Vec<Domain>),
}

/// The domain that `text` names: labels of letters, digits and hyphens, without a dot at the end. Mail from hosts with
/// underscores is borne, but nobody should call his own so; and an address literal is no name.
pub(crate) fn domain(text: &str) -> Result<Domain, DomainError> {
    if !text.is_ascii() {
        return Err(DomainError::NotAscii);
    }
    match Domain::parse(text) {
        Ok(domain) if !text.contains(['_', '[']) => Ok(domain),
        Ok(_) | Err(_) => Err(DomainError::Syntax),
    }
}

/// `local@domain` in ASCII. No quoted local parts: nobody wants them in a configuration.
pub(crate) fn address(text: &str) -> Result<Address, DomainError> {
    let address: Address = text.parse().map_err(|_| DomainError::Syntax)?;
    domain(address.domain().as_str())?;
    if address.local().starts_with('"') { Err(DomainError::Syntax) } else { Ok(address) }
}

/// `postmaster` at `domain` (RFC 5321 4.5.1).
pub(crate) fn postmaster(domain: &Domain) -> Option<Address> {
    format!("postmaster@{domain}").parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]
    use super::*;

    #[test]
    fn domains_are_host_names() {
        let long = format!("{}.jp", "a".repeat(64));
        for bad in ["", ".", "a..b", "a.", "-a.jp", "a-.jp", "a_b.jp", "*.jp", "a b", &long] {
            assert_eq!(domain(bad), Err(DomainError::Syntax), "{bad}");
        }
        assert_eq!(domain("市.jp"), Err(DomainError::NotAscii));
        assert_eq!(domain("City.Example.LG.jp").unwrap().as_str(), "city.example.lg.jp");
    }

    #[test]
    fn addresses_are_dot_atoms_at_domains() {
        for bad in ["a", "@a.jp", "a b@a.jp", ".a@a.jp", "a@", "\"a b\"@a.jp", "a@b@c.jp"] {
            assert!(address(bad).is_err(), "{bad}");
        }
        assert_eq!(address("post.master+x@City.jp").unwrap().to_string(), "post.master+x@city.jp");
    }
}
