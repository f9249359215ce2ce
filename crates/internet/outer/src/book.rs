//! What people did about one mail: kept beside it, and told in the audit
//! record in the same transaction.

use std::collections::BTreeMap;

use sekisho_audit::{Code, Entry};
use sekisho_channel::admin::{Act, OriginalRequest, Release};
use sekisho_safe_message::{MailId, SafeLine};
use serde::{Deserialize, Serialize};

use crate::person::Person;

/// Acts that are kept beside a mail; the audit record has them all.
const ACTS_MAX: usize = 200;

/// Everything that people did about one mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Book {
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) acts: Vec<Act>,
    /// Requests for the original, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) requests: Vec<OriginalRequest>,
    /// 法的保全: no retention touches it, and nobody deletes it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) legal_hold: bool,
    /// How often it was released: each release has an id of its own inside.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) releases: u32,
    /// A release of which nobody knows yet whether the LGWAN side has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) begun: Option<Begun>,
}

/// A release that was begun: written down before the first frame goes out, so
/// that it is ended whatever dies in between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// Under which id it goes inside, where each is taken once.
    pub(crate) id: MailId,
    /// Whose, and why.
    pub(crate) note: Note,
    /// How. Never with the password.
    how: Release,
    /// Whether it takes a password, which is kept nowhere: only who knows it
    /// can end what was begun.
    pub(crate) locked: bool,
}

impl Begun {
    /// What is to be remembered of a release.
    pub(crate) fn new(id: MailId, note: Note, how: &Release) -> Self {
        let locked = how.secret.is_some();
        Self { id, note, how: Release { secret: None, again: false, ..how.clone() }, locked }
    }

    /// How it is done once more; `None` if that takes a password.
    pub(crate) fn how(&self) -> Option<&Release> {
        (!self.locked).then_some(&self.how)
    }

    /// Whether this comes to the same mail inside.
    pub(crate) fn is_same(&self, how: &Release) -> bool {
        self.locked == how.secret.is_some() && self.how == Release { secret: None, again: false, ..how.clone() }
    }
}

impl Book {
    /// Whether nothing was done.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds an act; the oldest go when there are too many.
    pub(crate) fn add(&mut self, act: Act) {
        let surplus = (self.acts.len() + 1).saturating_sub(ACTS_MAX);
        self.acts.drain(..surplus);
        self.acts.push(act);
    }

    /// Adds an act that the LGWAN side has answered to.
    pub(crate) fn end(&mut self, act: Act) {
        let answered = act.result.as_str() != "held";
        if answered {
            self.begun = None;
        }
        if answered && act.what.as_str() == "release" {
            self.releases = self.releases.saturating_add(1);
        }
        self.add(act);
    }

    /// The last act of this name that succeeded.
    pub(crate) fn last(&self, what: &str) -> Option<&Act> {
        self.acts.iter().rev().find(|act| act.what.as_str() == what)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// An act, and what the audit record says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The act.
    pub(crate) act: Act,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login: Option<u32>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    details: BTreeMap<Code, Code>,
}

impl Note {
    /// That `person` did `what`.
    pub(crate) fn by(person: &Person, what: &str, why: &SafeLine, at_ms: u64) -> Self {
        let login = (person.uid != person.caller).then_some(person.uid);
        let act = act(person.name.clone(), what, why.clone(), at_ms);
        Self { act, uid: Some(person.caller), login, details: BTreeMap::new() }
    }

    /// That the gateway itself, or somebody by mail, did `what`.
    pub(crate) fn of(who: &str, what: &str, why: &str, at_ms: u64) -> Self {
        let act = act(line(who), what, line(why), at_ms);
        Self { act, uid: None, login: None, details: BTreeMap::new() }
    }

    /// With one more thing that is known, in codes.
    pub(crate) fn detail(mut self, name: &str, value: &str) -> Self {
        self.details.insert(Code::new(name), Code::new(value));
        self
    }

    /// What came of it.
    pub(crate) fn result(mut self, result: &str) -> Self {
        self.act.result = line(result);
        self
    }

    /// The entry of the audit record.
    pub(crate) fn entry(&self, id: Option<MailId>) -> Vec<u8> {
        Entry::Act(Box::new(sekisho_audit::Act {
            at_ms: self.act.at_ms,
            who: self.act.who.clone(),
            uid: self.uid,
            login: self.login,
            what: Code::new(self.act.what.as_str()),
            why: self.act.why.clone(),
            id,
            result: Code::new(self.act.result.as_str()),
            details: self.details.clone(),
        }))
        .encode()
    }
}

fn act(who: SafeLine, what: &str, why: SafeLine, at_ms: u64) -> Act {
    Act { who, at_ms, what: line(what), why, result: SafeLine::default() }
}

fn line(text: &str) -> SafeLine {
    SafeLine::clean(text).value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_is_bounded_and_keeps_the_latest() {
        let mut book = Book::default();
        assert!(book.is_empty());
        for n in 0..ACTS_MAX as u64 + 5 {
            book.add(Note::of("sekisho", "deliver", "test", n).result("done").act);
        }
        assert_eq!(book.acts.len(), ACTS_MAX);
        assert_eq!(book.acts[0].at_ms, 5);
        assert_eq!(book.last("deliver").map(|act| act.at_ms), Some(ACTS_MAX as u64 + 4));
        assert_eq!(book.last("release"), None);
    }
}
