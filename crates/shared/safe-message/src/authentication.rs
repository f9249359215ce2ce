//! What the site's own mail server found out about a mail's sender.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The results of one mail, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Authentication {
    /// Whether the sending host may send for the envelope's domain (RFC 7208).
    pub spf: Option<AuthResult>,
    /// Whether a domain's signature is valid (RFC 6376).
    pub dkim: Option<AuthResult>,
    /// Whether the author's domain stands behind the mail (RFC 7489).
    pub dmarc: Option<AuthResult>,
    /// Whether the chain of forwarders is whole (RFC 8617).
    pub arc: Option<AuthResult>,
}

/// `SPF pass, DMARC fail`: what is known.
impl fmt::Display for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [("SPF", self.spf), ("DKIM", self.dkim), ("DMARC", self.dmarc), ("ARC", self.arc)];
        let known = named.iter().filter_map(|(name, result)| result.map(|result| (name, result.as_str())));
        for (at, (name, result)) in known.enumerate() {
            write!(f, "{}{name} {result}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// One result (RFC 8601 2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthResult {
    /// It holds.
    Pass,
    /// There is nothing to check.
    None,
    /// The domain says nothing about it.
    Neutral,
    /// It holds, but the server's policy does not accept it.
    Policy,
    /// It could not be checked for now.
    TempError,
    /// What was published cannot be read.
    PermError,
    /// It probably does not hold.
    SoftFail,
    /// It does not hold.
    Fail,
}

impl AuthResult {
    /// Every result, from good to bad.
    pub const ALL: [Self; 8] = [
        Self::Pass,
        Self::None,
        Self::Neutral,
        Self::Policy,
        Self::TempError,
        Self::PermError,
        Self::SoftFail,
        Self::Fail,
    ];

    /// The result that `word` names, in any case of letters.
    pub fn parse(word: &str) -> Option<Self> {
        // RFC 7001's older name.
        let word = if word.eq_ignore_ascii_case("hardfail") { "fail" } else { word };
        Self::ALL.into_iter().find(|result| word.eq_ignore_ascii_case(result.as_str()))
    }

    /// The word of RFC 8601.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Policy => "policy",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
            Self::SoftFail => "softfail",
            Self::Fail => "fail",
        }
    }
}
