//! What is wrong with rules that are each right: the same id twice, conditions
//! that nothing meets, rules that are never reached, ways that nobody offers.

use sekisho_safe_message::Method;

use crate::error::Problem;
use crate::read::Source;
use crate::rule::Rule;
use crate::sets::KindSet;
use crate::{Group, Policy};

/// Notes all of it. `starts`: where each rule begins in the text.
pub(crate) fn rules(source: &mut Source<'_>, policy: &Policy, starts: &[usize]) {
    for (at, (rule, start)) in policy.rules.iter().zip(starts).enumerate() {
        let before = &policy.rules[..at];
        if let Some(problem) = complaint(rule, before) {
            source.error(Some(*start..*start), Some(rule.id.clone()), None, problem);
        }
    }
}

/// The first thing that is wrong; another might only follow from it.
fn complaint(rule: &Rule, before: &[Rule]) -> Option<Problem> {
    let same = before.iter().find(|other| other.id == rule.id).map(|other| Problem::Duplicate(other.line as usize));
    let never = || rule.when.is_contradictory().then_some(Problem::Never);
    let nobody = || is_offered_by_nobody(rule).then_some(Problem::NoMethod);
    same.or_else(never).or_else(nobody).or_else(|| unreachable(rule, before))
}

/// The earlier rules decide it all: for every kind there is one whose other
/// conditions hold whenever this rule's do.
fn unreachable(rule: &Rule, before: &[Rule]) -> Option<Problem> {
    let own = rule.when.kind.unwrap_or_else(KindSet::all);
    let mut decided = KindSet::NONE;
    for other in before.iter().filter(|other| other.shadows_beside_kind(rule)) {
        decided = decided.with(other.when.kind.unwrap_or_else(KindSet::all));
        if decided.covers(own) {
            return Some(Problem::Unreachable(other.id.clone(), other.line as usize));
        }
    }
    None
}

/// Whether it wants files made anew, and every kind that it names has nobody
/// who can. Groups (and so conditions without kinds) are exempt: they say what
/// is wanted once somebody can.
fn is_offered_by_nobody(rule: &Rule) -> bool {
    let Some(kinds) = rule.when.kind else { return false };
    let grouped = Group::ALL.iter().any(|group| {
        let members = KindSet::group(*group);
        members.kinds().nth(1).is_some() && kinds.covers(members)
    });
    let offered = |method: &Method| kinds.kinds().any(|kind| kind.offers(*method));
    !rule.then.methods.is_empty() && !grouped && !rule.then.methods.iter().any(offered)
}
