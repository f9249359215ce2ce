//! Sets of closed lists, as bits: small in a job, and a subset is one `&`.

use sekisho_safe_message::AuthResult;
use serde::{Deserialize, Serialize};

use crate::{Group, Kind};

/// Some kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KindSet(u128);

const _: () = assert!(Kind::ALL.len() <= 128, "a kind needs a bit of its own");

impl KindSet {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn all() -> Self {
        Self::of(|_| true)
    }

    pub(crate) fn one(kind: Kind) -> Self {
        Self(1 << kind as u32)
    }

    pub(crate) fn group(group: Group) -> Self {
        Self::of(|kind| kind.group() == group)
    }

    fn of(wanted: impl Fn(Kind) -> bool) -> Self {
        Kind::ALL.iter().filter(|kind| wanted(**kind)).fold(Self::NONE, |set, kind| set.with(Self::one(*kind)))
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn has(self, kind: Kind) -> bool {
        self.covers(Self::one(kind))
    }

    pub(crate) fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    pub(crate) fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn kinds(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| self.has(*kind))
    }
}

/// Some results of one check of the sender; the last bit: nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResultSet(u16);

impl ResultSet {
    pub(crate) const NONE: Self = Self(0);
    /// The word for a mail about which no believed server says anything.
    pub(crate) const UNKNOWN: &str = "unknown";

    /// The set of one word of RFC 8601, or `unknown`.
    pub(crate) fn word(word: &str) -> Option<Self> {
        let known = AuthResult::ALL.into_iter().find(|result| result.as_str() == word);
        if known.is_none() && word != Self::UNKNOWN { None } else { Some(Self::one(known)) }
    }

    fn one(result: Option<AuthResult>) -> Self {
        Self(1 << result.map_or(AuthResult::ALL.len(), |result| result as usize))
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn has(self, result: Option<AuthResult>) -> bool {
        self.covers(Self::one(result))
    }

    pub(crate) fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Its words, from good to bad.
    pub(crate) fn words(self) -> impl Iterator<Item = &'static str> {
        let results = AuthResult::ALL.into_iter().map(Some).chain([None]);
        results.filter(move |result| self.has(*result)).map(|result| result.map_or(Self::UNKNOWN, AuthResult::as_str))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn every_member_has_a_bit_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(KindSet::one(*kind).kinds().collect::<Vec<_>>(), [*kind]);
            assert!(KindSet::group(kind.group()).has(*kind) && KindSet::all().has(*kind));
        }
        for result in AuthResult::ALL {
            let set = ResultSet::word(result.as_str()).unwrap();
            assert_eq!(set.words().collect::<Vec<_>>(), [result.as_str()]);
            assert!(!set.has(None));
        }
        assert!(ResultSet::word("unknown").unwrap().has(None) && ResultSet::word("PASS").is_none());
    }
}
