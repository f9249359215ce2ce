//! A policy made milder for one kind of file, for one mail that a person
//! releases. There is still no "allow": the mildest step is to make the file
//! anew.

use std::fmt;

use sekisho_safe_message::{Language, Method, ProfileName};

use crate::near::nearest;
use crate::rule::{Chain, Rule, When};
use crate::sets::KindSet;
use crate::{End, Group, Kind, Policy};

/// Why a policy cannot be made milder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelaxError {
    /// No kind or group of kinds is called so; the one that was probably meant.
    UnknownKind(Option<&'static str>),
    /// Every rule about it makes the file anew in the best way there is.
    AlreadyMildest,
    /// Nobody can make such a file anew, and no rule holds the mail for it.
    NeverCrosses,
    /// The policy would have more than [`Policy::MAX_RULES`] rules.
    TooManyRules,
}

impl Policy {
    /// How the id of a milder rule begins: `released:pdf:everyday` is the rule
    /// `everyday`, made milder for `pdf`. No rule of a site has a colon.
    pub const RELEASED: &str = "released:";

    /// The policy in which every rule that decides about `word` (a kind, or a
    /// group of kinds) is one step milder: the mail goes on where it would be
    /// held; a file that would stay out is made anew in the strictest way that
    /// its kind has (text, else pictures, else the same kind); and one that
    /// would become text or pictures keeps more. What the rules tried before is
    /// tried after. Conditions stay, and so does what is decided about every
    /// other kind.
    ///
    /// Asked twice for one kind, it takes two steps.
    ///
    /// # Errors
    /// [`RelaxError`] if nothing would change.
    pub fn relaxed(&self, word: &str) -> Result<Self, RelaxError> {
        let kind = Kind::from_code(word).map(KindSet::one);
        let kinds = kind.or_else(|| Group::from_code(word).map(KindSet::group));
        let kinds = kinds.ok_or_else(|| RelaxError::UnknownKind(near(word)))?;
        let mut copies = self.copies(kinds, word);
        let Some(last) = copies.iter().rposition(|copy| copy.milder) else {
            let offered = kinds.kinds().any(|kind| METHODS.iter().any(|method| kind.offers(*method)));
            return Err(if offered { RelaxError::AlreadyMildest } else { RelaxError::NeverCrosses });
        };
        // Behind it the rules themselves say the same.
        copies.truncate(last + 1);
        let others: Vec<Rule> =
            self.rules.iter().filter(|rule| left(rule, &copies) != KindSet::NONE).cloned().collect();
        let rules: Vec<Rule> = copies.into_iter().map(|copy| copy.rule).chain(others).collect();
        if rules.len() > Self::MAX_RULES {
            return Err(RelaxError::TooManyRules);
        }
        Ok(Self { profile: renamed(&self.profile, word), rules, default: self.default.clone() })
    }

    /// The rules and the default in order, for `kinds` alone, each a step
    /// milder where it can be. In front of the rules they decide about these
    /// kinds in their stead: the same conditions in the same order.
    fn copies(&self, kinds: KindSet, word: &str) -> Vec<Copy> {
        let default = Rule {
            id: Self::DEFAULT.to_owned(),
            line: 0,
            when: When::default(),
            then: self.default.clone(),
            exception: None,
        };
        let mut copies = Vec::new();
        for rule in self.rules.iter().chain([&default]) {
            let own = left(rule, &copies).both(kinds);
            copies.extend(divided(&rule.then, own).into_iter().map(|(kinds, then)| copy(rule, kinds, then, word)));
        }
        copies
    }
}

/// A rule for some of its kinds.
struct Copy {
    rule: Rule,
    /// It is a step milder.
    milder: bool,
}

/// The kinds of a rule about which none of `before` always decides.
fn left(rule: &Rule, before: &[Copy]) -> KindSet {
    let own = rule.when.kind.unwrap_or_else(KindSet::all);
    let shadows = before.iter().filter(|copy| copy.rule.shadows_beside_kind(rule));
    shadows.fold(own, |left, copy| left.without(copy.rule.when.kind.unwrap_or_else(KindSet::all)))
}

fn copy(rule: &Rule, kinds: KindSet, then: Option<Chain>, word: &str) -> Copy {
    // Of a rule that is a milder one already, the name of the site's own.
    let own = rule.id.rsplit(':').next().unwrap_or(&rule.id);
    let milder = then.is_some();
    let id = if milder { format!("{}{word}:{own}", Policy::RELEASED) } else { rule.id.clone() };
    let when = When { kind: Some(kinds), ..rule.when.clone() };
    Copy { rule: Rule { id, when, then: then.unwrap_or_else(|| rule.then.clone()), ..rule.clone() }, milder }
}

/// `kinds` by what the chain a step milder is for them; none where it cannot
/// be milder.
fn divided(chain: &Chain, kinds: KindSet) -> Vec<(KindSet, Option<Chain>)> {
    let mut parts: Vec<(KindSet, Option<Chain>)> = Vec::new();
    for kind in kinds.kinds() {
        let (one, then) = (KindSet::one(kind), milder(chain, kind));
        match parts.iter_mut().find(|(_, other)| *other == then) {
            Some((members, _)) => *members = members.with(one),
            None => parts.push((one, then)),
        }
    }
    parts
}

/// From the strictest to the one that keeps most.
const METHODS: [Method; 3] = [Method::Extract, Method::Flatten, Method::Rebuild];

/// The chain a step milder for files of `kind`; none where it cannot be.
fn milder(chain: &Chain, kind: Kind) -> Option<Chain> {
    let mut offered = METHODS.into_iter().filter(|method| kind.offers(*method));
    let first = chain.methods.iter().copied().find(|method| kind.offers(*method));
    let next = match (first, chain.end) {
        // The mail goes on first, the file is for the next step.
        (None, End::Hold) => None,
        (None, End::Strip | End::Quarantine) => offered.next(),
        (Some(first), _) => offered.skip_while(|method| *method != first).nth(1),
    };
    match (next, chain.end) {
        (Some(next), end) => {
            let before = chain.methods.iter().copied().filter(|method| *method != next);
            Some(Chain { methods: [next].into_iter().chain(before).collect(), end })
        }
        (None, End::Hold) => Some(Chain { end: End::Quarantine, ..chain.clone() }),
        (None, End::Strip | End::Quarantine) => None,
    }
}

/// `pixels-relaxed-pdf`, and what is left of it where it would be too long.
fn renamed(profile: &ProfileName, word: &str) -> ProfileName {
    let name = profile.as_str();
    let again = if name.contains(RELAXED) { "" } else { RELAXED };
    let whole = format!("{name}{again}-{word}");
    let short = name.split(RELAXED).next().unwrap_or_default();
    let names = [whole, format!("{short}{RELAXED}"), "relaxed".to_owned()];
    names.iter().find_map(|name| ProfileName::parse(name).ok()).unwrap_or_else(|| profile.clone())
}

const RELAXED: &str = "-relaxed";

fn near(word: &str) -> Option<&'static str> {
    let kinds = Kind::ALL.iter().map(|kind| kind.code());
    nearest(word, kinds.chain(Group::ALL.iter().map(|group| group.code())))
}

impl RelaxError {
    /// The code in replies and records.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownKind(_) => "unknown-kind",
            Self::AlreadyMildest => "already-mildest",
            Self::NeverCrosses => "never-crosses",
            Self::TooManyRules => "too-many-rules",
        }
    }

    /// What is wrong, and what to do, for a person.
    pub fn explain(self, language: Language) -> String {
        let (ja, en) = match self {
            Self::UnknownKind(None) => (
                "このような種類はありません。種類の一覧はマニュアルの「ポリシー」にあります。",
                "No kind of file is called so. The manual's page on policies lists all kinds.",
            ),
            Self::UnknownKind(Some(near)) => {
                return match language {
                    Language::Ja => format!("このような種類はありません。{near} のことですか。"),
                    Language::En => format!("No kind of file is called so. Did you mean {near}?"),
                };
            }
            Self::AlreadyMildest => (
                "この種類の扱いは、既に最も緩やかです。",
                "Files of this kind are already treated in the mildest way there is.",
            ),
            Self::NeverCrosses => (
                "この種類のファイルは作り直せないため、LGWAN側へは渡せません。",
                "Nobody can make such a file anew: it never crosses.",
            ),
            Self::TooManyRules => ("ポリシーのルールが多すぎます。", "The policy has too many rules for that."),
        };
        match language {
            Language::Ja => ja.to_owned(),
            Language::En => en.to_owned(),
        }
    }
}

impl fmt::Display for RelaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(Language::En))
    }
}

impl std::error::Error for RelaxError {}
