//! Both sides' records together: what went out on one side came in on the
//! other, frame by frame.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_audit::{Kind, SafeMail, head};
use sekisho_safe_message::{MailId, Sha256};
use serde::Deserialize;

use crate::ask::Side;

/// Mails of one side that wait for their match. The sides are read in step with
/// their times, so only what is under way waits.
const WAITING: usize = 100_000;
/// Near the ends of the records a mail may stand on one side alone: it is under
/// way, or the other side's entry was of the last moment that was deleted.
const MARGIN_MS: u64 = 600_000;
/// Ids that are named of each fault.
const NAMED: usize = 20;

/// What is read of an entry outside.
#[derive(Deserialize)]
struct Outside<'a> {
    #[serde(borrow)]
    shares: Vec<Share<'a>>,
}

/// What is read of an entry about what somebody did.
#[derive(Deserialize)]
struct Deed<'a> {
    result: &'a str,
    /// Of what was begun: the frames that were about to go out, by the id of each.
    #[serde(default)]
    details: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Share<'a> {
    id: MailId,
    frame: Option<Sha256>,
    answer: Option<&'a str>,
}

/// What is read of an entry inside.
#[derive(Deserialize)]
struct Inside<'a> {
    id: Option<MailId>,
    frame: Option<Frame>,
    verdict: &'a str,
}

#[derive(Deserialize)]
struct Frame {
    sha256: Sha256,
}

/// One mail at the border.
#[derive(Clone, Copy)]
struct Crossing {
    frame: Option<Sha256>,
    at_ms: u64,
}

/// What one side told so far.
#[derive(Default)]
struct Told {
    waiting: BTreeMap<MailId, Crossing>,
    first_ms: Option<u64>,
    last_ms: u64,
}

/// The two records, as they are read.
#[derive(Default)]
pub(crate) struct Join {
    outer: Told,
    inner: Told,
    found: Joined,
    /// Frames that may be inside though nobody has heard so: the outside died
    /// or was not answered over them.
    begun: BTreeSet<(MailId, Sha256)>,
}

/// Mails that do not match.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Odd {
    pub(crate) count: u64,
    /// The first of them.
    pub(crate) ids: Vec<MailId>,
}

/// What came out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Joined {
    /// Mails that stand on both sides alike.
    pub(crate) both: u64,
    /// Taken, says the outside; the inside knows nothing of it.
    pub(crate) outer_only: Odd,
    /// Taken, says the inside; the outside knows nothing of it.
    pub(crate) inner_only: Odd,
    /// On both sides, with another frame.
    pub(crate) different: Odd,
    /// Mails under way.
    pub(crate) under_way: u64,
    /// Mails inside whose release was begun, and of which the outside has not
    /// heard that they were taken.
    pub(crate) unheard: u64,
    /// Too many waited for their match; the others were not compared.
    pub(crate) given_up: bool,
}

impl Odd {
    fn add(&mut self, id: MailId) {
        self.count += 1;
        if self.ids.len() < NAMED {
            self.ids.push(id);
        }
    }
}

impl Joined {
    /// Whether nothing contradicts.
    pub(crate) fn is_sound(&self) -> bool {
        self.outer_only.count == 0 && self.inner_only.count == 0 && self.different.count == 0
    }
}

impl Join {
    /// One entry of one side.
    pub(crate) fn see(&mut self, side: Side, entry: &[u8]) {
        let Some((kind, at_ms)) = head(entry) else { return };
        let told = match side {
            Side::Outer => &mut self.outer,
            Side::Inner => &mut self.inner,
        };
        told.first_ms.get_or_insert(at_ms);
        told.last_ms = told.last_ms.max(at_ms);
        if self.found.given_up {
            return;
        }
        match (side, kind) {
            (Side::Outer, Kind::Mail) => {
                // What is no entry of ours, the check of the chain finds.
                let Ok(mail) = serde_json::from_slice::<Outside<'_>>(entry) else { return };
                for share in mail.shares.iter().filter(|share| share.answer == Some("taken")) {
                    self.cross(side, share.id, Crossing { frame: share.frame, at_ms });
                }
            }
            (Side::Outer, Kind::Act) => {
                let Ok(deed) = serde_json::from_slice::<Deed<'_>>(entry) else { return };
                if deed.result == "begun" && self.begun.len() < WAITING {
                    let frame = |(id, frame): (String, String)| Some((id.parse().ok()?, frame.try_into().ok()?));
                    self.begun.extend(deed.details.into_iter().filter_map(frame));
                }
            }
            (Side::Inner, Kind::SafeMail) => {
                let Ok(mail) = serde_json::from_slice::<Inside<'_>>(entry) else { return };
                if let (Some(id), Some(frame), SafeMail::VERIFIED) = (mail.id, mail.frame, mail.verdict) {
                    self.cross(side, id, Crossing { frame: Some(frame.sha256), at_ms });
                }
            }
            (Side::Outer | Side::Inner, _) => {}
        }
    }

    fn cross(&mut self, side: Side, id: MailId, here: Crossing) {
        let (own, other) = match side {
            Side::Outer => (&mut self.outer.waiting, &mut self.inner.waiting),
            Side::Inner => (&mut self.inner.waiting, &mut self.outer.waiting),
        };
        match other.remove(&id) {
            Some(there) if there.frame == here.frame => self.found.both += 1,
            Some(_) => self.found.different.add(id),
            None => {
                own.insert(id, here);
                if own.len() > WAITING {
                    self.found.given_up = true;
                    own.clear();
                    other.clear();
                }
            }
        }
    }

    /// Both records were read to their ends, the inner one last.
    pub(crate) fn finish(self) -> Joined {
        let Self { outer, inner, mut found, begun } = self;
        // Before this moment one of the records says nothing any more.
        let begin = outer.first_ms.max(inner.first_ms).unwrap_or(0).saturating_add(MARGIN_MS);
        let begins_together = outer.first_ms.unwrap_or(0).abs_diff(inner.first_ms.unwrap_or(0)) < MARGIN_MS;
        let is_known = |crossing: &Crossing| begins_together || crossing.at_ms >= begin;
        for (id, _) in outer.waiting.iter().filter(|(_, crossing)| is_known(crossing)) {
            found.outer_only.add(*id);
        }
        for (id, crossing) in inner.waiting.iter().filter(|(_, crossing)| is_known(crossing)) {
            // The outside writes it down when it has heard the answer.
            let is_begun = crossing.frame.is_some_and(|frame| begun.contains(&(*id, frame)));
            if is_begun {
                found.unheard += 1;
            } else if crossing.at_ms.saturating_add(MARGIN_MS) > outer.last_ms {
                found.under_way += 1;
            } else {
                found.inner_only.add(*id);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> MailId {
        MailId::new(number, [1; 10])
    }

    fn outside(number: u64, at_ms: u64, frame: &str, answer: &str) -> Vec<u8> {
        let (id, frame) = (id(number), Sha256::of(frame.as_bytes()));
        format!(
            r#"{{"kind":"mail","at_ms":{at_ms},"id":"{id}","shares":[{{"id":"{id}","parts":[{{"path":"1"}}],"frame":"{frame}","answer":"{answer}"}}]}}"#
        )
        .into_bytes()
    }

    fn inside(number: u64, at_ms: u64, frame: &str, verdict: &str) -> Vec<u8> {
        let (id, frame) = (id(number), Sha256::of(frame.as_bytes()));
        format!(
            r#"{{"kind":"safe-mail","at_ms":{at_ms},"id":"{id}","frame":{{"sha256":"{frame}","size":1}},"verdict":"{verdict}"}}"#
        )
        .into_bytes()
    }

    #[test]
    fn mails_match_by_id_and_frame() {
        let late = MARGIN_MS * 10;
        let mut join = Join::default();
        for number in 1..=5 {
            join.see(Side::Outer, &outside(number, number, "same", "taken"));
        }
        join.see(Side::Outer, &outside(6, 6, "same", "refused"));
        for number in [1, 2] {
            join.see(Side::Inner, &inside(number, number, "same", "verified"));
        }
        join.see(Side::Inner, &inside(3, 3, "other", "verified"));
        join.see(Side::Inner, &inside(4, 4, "same", "grammar"));
        join.see(Side::Inner, &inside(7, 7, "same", "verified"));
        join.see(Side::Inner, &inside(8, late, "same", "verified"));
        join.see(Side::Outer, &outside(9, late, "same", "refused"));
        let found = join.finish();
        assert_eq!(found.both, 2);
        assert_eq!(found.different.ids, [id(3)]);
        assert_eq!(found.outer_only.ids, [id(4), id(5)]);
        assert_eq!(found.inner_only.ids, [id(7)]);
        assert_eq!(found.under_way, 1);
        assert!(!found.is_sound());
    }

    #[test]
    fn what_was_begun_may_be_inside() {
        let late = MARGIN_MS * 10;
        let frame = |text: &str| Sha256::of(text.as_bytes());
        let begun = |number, text| {
            let (id, frame) = (id(number), frame(text));
            format!(
                r#"{{"kind":"act","at_ms":1,"id":"{id}","result":"begun","details":{{"{id}":"{frame}","profile":"x"}}}}"#
            )
        };
        let mut join = Join::default();
        join.see(Side::Outer, begun(1, "f").as_bytes());
        join.see(Side::Outer, begun(2, "other").as_bytes());
        for number in [1, 2] {
            join.see(Side::Inner, &inside(number, number, "f", "verified"));
        }
        join.see(Side::Outer, &outside(3, late, "f", "refused"));
        let found = join.finish();
        assert_eq!((found.unheard, found.under_way, found.inner_only.ids), (1, 0, vec![id(2)]));
    }

    #[test]
    fn what_one_side_has_deleted_is_no_fault() {
        let late = MARGIN_MS * 10;
        let mut join = Join::default();
        join.see(Side::Outer, &outside(1, 1, "f", "taken"));
        join.see(Side::Outer, &outside(2, late + MARGIN_MS * 2, "f", "taken"));
        join.see(Side::Inner, &inside(3, late, "f", "verified"));
        join.see(Side::Inner, &inside(2, late + MARGIN_MS * 2, "f", "verified"));
        let found = join.finish();
        assert_eq!((found.both, found.is_sound()), (1, true), "{found:?}");
    }

    #[test]
    fn memory_is_bounded() {
        let mut join = Join::default();
        for number in 1..=WAITING as u64 + 10 {
            join.see(Side::Outer, &outside(number, number, "f", "taken"));
        }
        assert!(join.outer.waiting.is_empty());
        assert!(join.finish().given_up);
    }
}
