//! Networks and endpoints.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An IP network: an address and the length of its prefix. Host bits are zero by construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpNet {
    base: IpAddr,
    prefix: u8,
}

impl IpNet {
    /// Whether `address` lies inside. An IPv4-mapped IPv6 address counts as the IPv4 address it is:
    /// a dual-stack listener sees IPv4 clients that way.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => masked_v4(address, self.prefix) == base.to_bits(),
            (IpAddr::V6(base), IpAddr::V6(address)) => masked_v6(address, self.prefix) == base.to_bits(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether every address of the network is the host itself (127.0.0.0/8 or ::1).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.base {
            IpAddr::V4(base) => self.prefix >= 8 && base.is_loopback(),
            IpAddr::V6(base) => self.prefix == 128 && base.is_loopback(),
        }
    }
}

/// `192.0.2.0/24`, `2001:db8::/32`; a bare address is a network of one.
impl FromStr for IpNet {
    type Err = NetError;

    fn from_str(text: &str) -> Result<Self, NetError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().map_err(|_| NetError::Address)?;
        let longest = if base.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), |digits| prefix_length(digits, longest))?;
        let net = match base {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(masked_v4(v4, prefix)).into(),
            IpAddr::V6(v6) => IpAddr::from(Ipv6Addr::from_bits(masked_v6(v6, prefix))),
        };
        if net == base { Ok(Self { base, prefix }) } else { Err(NetError::HostBits(Self { base: net, prefix })) }
    }
}

impl fmt::Display for IpNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetError {
    /// Not an IP address.
    Address,
    /// The prefix length is no number, or longer than the address.
    Prefix,
    /// Bits are set beyond the prefix; the network that may have been meant.
    HostBits(IpNet),
}

/// A list of networks. Empty admits nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(pub Vec<IpNet>);

impl Networks {
    /// The host itself: 127.0.0.0/8 and ::1.
    #[must_use]
    pub fn loopback() -> Self {
        Self(LOOPBACK.to_vec())
    }

    /// Whether one of the networks contains `address`.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(address))
    }

    /// Whether nobody but the host itself is admitted.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0.iter().all(IpNet::is_loopback)
    }
}

const LOOPBACK: [IpNet; 2] = [
    IpNet { base: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), prefix: 8 },
    IpNet { base: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix: 128 },
];

/// A host (name or address) and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A DNS name or an IP address without brackets.
    pub host: String,
    /// The port; never 0 where a peer connects.
    pub port: u16,
}

impl HostPort {
    /// `text` if it is a host: a DNS name, or an IP address without brackets.
    pub(crate) fn host(text: &str) -> Option<String> {
        let host = is_host(text) || text.parse::<Ipv6Addr>().is_ok();
        host.then(|| text.to_owned())
    }
}

/// `mail.example.jp:25`, `10.0.0.2:25`, `[2001:db8::1]:25`. The port is compulsory.
impl FromStr for HostPort {
    type Err = HostPortError;

    fn from_str(text: &str) -> Result<Self, HostPortError> {
        let (host, port) = text.rsplit_once(':').ok_or(HostPortError)?;
        let port = port_number(port).ok_or(HostPortError)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let inside = rest.strip_suffix(']').ok_or(HostPortError)?;
                inside.parse::<Ipv6Addr>().map_err(|_| HostPortError)?;
                inside
            }
            None if is_host(host) => host,
            None => return Err(HostPortError),
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The text is not `host:port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPortError;

fn is_host(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok() || crate::names::domain(text).is_ok()
}

fn port_number(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

fn prefix_length(digits: &str, longest: u8) -> Result<u8, NetError> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse::<u8>() {
        Ok(length) if plain && length <= longest => Ok(length),
        Ok(_) | Err(_) => Err(NetError::Prefix),
    }
}

fn masked_v4(address: Ipv4Addr, prefix: u8) -> u32 {
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
    address.to_bits() & mask
}

fn masked_v6(address: Ipv6Addr, prefix: u8) -> u128 {
    let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
    address.to_bits() & mask
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]
    use super::*;

    #[test]
    fn networks_contain_their_addresses_and_no_others() {
        for (net, address, inside) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "::ffff:192.0.2.7", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("10.128.0.0/9", "10.127.255.255", false),
        ] {
            let net: IpNet = net.parse().unwrap();
            assert_eq!(net.contains(address.parse().unwrap()), inside, "{net} {address}");
        }
    }

    #[test]
    fn a_network_is_written_without_host_bits() {
        assert_eq!("192.0.2.1/33".parse::<IpNet>(), Err(NetError::Prefix));
        assert_eq!("192.0.2.1/+8".parse::<IpNet>(), Err(NetError::Prefix));
        assert_eq!("192.0.2/24".parse::<IpNet>(), Err(NetError::Address));
        let meant = "192.0.2.0/24".parse().unwrap();
        assert_eq!("192.0.2.1/24".parse::<IpNet>(), Err(NetError::HostBits(meant)));
    }

    #[test]
    fn only_the_host_itself_is_loopback() {
        for (net, loopback) in [
            ("127.0.0.0/8", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("126.0.0.0/7", false),
            ("::/127", false),
            ("0.0.0.0/0", false),
        ] {
            assert_eq!(net.parse::<IpNet>().unwrap().is_loopback(), loopback, "{net}");
        }
        assert!(Networks::loopback().is_loopback());
    }

    #[test]
    fn endpoints_round_trip_and_need_a_port() {
        for good in ["10.1.0.25:25", "mail.example.jp:587", "[2001:db8::1]:25"] {
            assert_eq!(good.parse::<HostPort>().unwrap().to_string(), good);
        }
        for bad in
            ["10.1.0.25", ":25", "2001:db8::1:25", "a b:25", "user@host:25", "host:+25", "host:65536", "[10.0.0.1]:25"]
        {
            assert_eq!(bad.parse::<HostPort>(), Err(HostPortError), "{bad}");
        }
    }
}
