//! What can go wrong between two programs, by whose fault it is.

use std::fmt;
use std::io;

/// Trouble on a channel.
#[derive(Debug)]
pub enum ChannelError {
    /// The place to listen on is taken by a living program.
    InUse(String),
    /// Nobody listens there.
    Unreachable(String, io::Error),
    /// The connection broke, or the peer was too slow.
    Io(io::Error),
    /// The peer said something that is not in the protocol, or too long.
    Protocol(&'static str),
    /// A certificate or key cannot be used: the file or name, and why.
    Tls(String, String),
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(place) => write!(f, "{place}: another program listens there"),
            Self::Unreachable(place, err) => write!(f, "{place}: nobody answers ({err})"),
            Self::Io(err) => write!(f, "the connection broke: {err}"),
            Self::Protocol(what) => write!(f, "the peer broke the protocol: {what}"),
            Self::Tls(what, why) => write!(f, "TLS: {what}: {why}"),
        }
    }
}

impl std::error::Error for ChannelError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable(_, err) | Self::Io(err) => Some(err),
            Self::InUse(_) | Self::Protocol(_) | Self::Tls(..) => None,
        }
    }
}

impl From<io::Error> for ChannelError {
    fn from(err: io::Error) -> Self {
        Self::Io(err)
    }
}
