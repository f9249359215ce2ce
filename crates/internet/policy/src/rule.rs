//! One rule: conditions, what follows from them, and until when.

use sekisho_safe_message::{Address, Authentication, Method};
use serde::{Deserialize, Serialize};

use crate::glob::Glob;
use crate::sets::{KindSet, ResultSet};
use crate::who::Who;
use crate::{Day, End, Facts, Sender};

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) id: String,
    /// Where it stands in its file, from 1; 0 if it stands in none.
    pub(crate) line: u32,
    pub(crate) when: When,
    pub(crate) then: Chain,
    pub(crate) exception: Option<Exception>,
}

/// What makes a rule end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exception {
    /// Its last day.
    pub(crate) until: Day,
    /// Who answers for it.
    pub(crate) owner: String,
    /// Why it is there.
    pub(crate) reason: String,
}

/// Ways to make a file anew, in order, and what happens when none works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chain {
    pub(crate) methods: Vec<Method>,
    pub(crate) end: End,
}

/// Conditions; all must hold. `None` asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct When {
    pub(crate) kind: Option<KindSet>,
    pub(crate) size_min: Option<u64>,
    pub(crate) size_max: Option<u64>,
    pub(crate) name: Option<Vec<Glob>>,
    pub(crate) sender: Option<Vec<Who>>,
    pub(crate) recipient: Option<Vec<Who>>,
    pub(crate) spf: Option<ResultSet>,
    pub(crate) dkim: Option<ResultSet>,
    pub(crate) dmarc: Option<ResultSet>,
    pub(crate) arc: Option<ResultSet>,
    pub(crate) depth_min: Option<u32>,
    pub(crate) depth_max: Option<u32>,
    pub(crate) encrypted: Option<bool>,
    pub(crate) signed: Option<bool>,
    pub(crate) mismatch: Option<bool>,
    pub(crate) polyglot: Option<bool>,
    pub(crate) inline: Option<bool>,
}

impl Rule {
    /// Whether it is still there on `today`.
    pub(crate) fn is_in_force(&self, today: Day) -> bool {
        self.exception.as_ref().is_none_or(|exception| today <= exception.until)
    }

    /// Whether it decides everything that `other` could, but for kinds that it
    /// does not name, for as long as that one is there.
    pub(crate) fn shadows_beside_kind(&self, other: &Self) -> bool {
        let ends = |rule: &Self| rule.exception.as_ref().map(|exception| exception.until);
        let outlives = match (ends(self), ends(other)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(others)) => own >= others,
        };
        outlives && self.when.covers_beside_kind(&other.when)
    }
}

impl When {
    /// Whether all conditions hold.
    pub(crate) fn holds(&self, facts: &Facts<'_>) -> bool {
        let asked = |wanted: Option<bool>, found: bool| wanted.is_none_or(|wanted| wanted == found);
        self.kind.is_none_or(|kinds| kinds.has(facts.kind))
            && self.size_min.is_none_or(|min| facts.size >= min)
            && self.size_max.is_none_or(|max| facts.size <= max)
            && self.depth_min.is_none_or(|min| facts.depth >= min)
            && self.depth_max.is_none_or(|max| facts.depth <= max)
            && asked(self.encrypted, facts.encrypted)
            && asked(self.signed, facts.signed)
            && asked(self.mismatch, facts.mismatch)
            && asked(self.polyglot, facts.polyglot)
            && asked(self.inline, facts.inline)
            && self.holds_for(facts.sender.authentication)
            && self.sender.as_ref().is_none_or(|who| is_from(who, &facts.sender))
            && self.is_for(facts.recipients)
            && self.name.as_ref().is_none_or(|globs| is_named(globs, facts.name))
    }

    fn holds_for(&self, authentication: Option<&Authentication>) -> bool {
        let known = authentication.copied().unwrap_or_default();
        let checks = [(self.spf, known.spf), (self.dkim, known.dkim), (self.dmarc, known.dmarc), (self.arc, known.arc)];
        checks.iter().all(|(wanted, found)| wanted.is_none_or(|wanted| wanted.has(*found)))
    }

    /// Whether the condition on recipients holds for all of these.
    pub(crate) fn is_for(&self, recipients: &[Address]) -> bool {
        self.recipient.as_ref().is_none_or(|who| {
            !recipients.is_empty() && recipients.iter().all(|address| who.iter().any(|some| some.has(address)))
        })
    }

    /// Whether these, but for the kind, hold wherever `other`'s do. Sound, not
    /// complete.
    fn covers_beside_kind(&self, other: &Self) -> bool {
        let asked = |wide: Option<bool>, narrow: Option<bool>| wide.is_none() || wide == narrow;
        let results = |wide: Option<ResultSet>, narrow: Option<ResultSet>| match (wide, narrow) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => wide.covers(narrow),
        };
        self.size_min.unwrap_or(0) <= other.size_min.unwrap_or(0)
            && self.size_max.unwrap_or(u64::MAX) >= other.size_max.unwrap_or(u64::MAX)
            && self.depth_min.unwrap_or(0) <= other.depth_min.unwrap_or(0)
            && self.depth_max.unwrap_or(u32::MAX) >= other.depth_max.unwrap_or(u32::MAX)
            && asked(self.encrypted, other.encrypted)
            && asked(self.signed, other.signed)
            && asked(self.mismatch, other.mismatch)
            && asked(self.polyglot, other.polyglot)
            && asked(self.inline, other.inline)
            && results(self.spf, other.spf)
            && results(self.dkim, other.dkim)
            && results(self.dmarc, other.dmarc)
            && results(self.arc, other.arc)
            && each_covered(self.sender.as_deref(), other.sender.as_deref(), Who::covers)
            && each_covered(self.recipient.as_deref(), other.recipient.as_deref(), Who::covers)
            && each_covered(self.name.as_deref(), other.name.as_deref(), Glob::covers)
    }

    /// Whether nothing can meet them.
    pub(crate) fn is_contradictory(&self) -> bool {
        self.size_min.unwrap_or(0) > self.size_max.unwrap_or(u64::MAX)
            || self.depth_min.unwrap_or(0) > self.depth_max.unwrap_or(u32::MAX)
    }
}

/// Whether each of `narrow` is covered by some of `wide`.
fn each_covered<T>(wide: Option<&[T]>, narrow: Option<&[T]>, covers: impl Fn(&T, &T) -> bool) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.iter().all(|small| wide.iter().any(|large| covers(large, small))),
    }
}

/// The envelope's sender and the author are both of `who`, as far as they
/// exist. One of them is not enough: whoever forges the one that readers see,
/// or the one that servers see, would pick the rule that his mail falls under.
fn is_from(who: &[Who], sender: &Sender<'_>) -> bool {
    let known = [sender.envelope, sender.author];
    let fits = |address: &Address| who.iter().any(|some| some.has(address));
    known.iter().any(Option::is_some) && known.iter().flatten().all(|address| fits(address))
}

fn is_named(globs: &[Glob], name: Option<&str>) -> bool {
    name.is_some_and(|name| globs.iter().any(|glob| glob.fits(name)))
}
