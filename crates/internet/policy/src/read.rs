//! From TOML to a policy. All errors are found, not the first alone.

mod source;
mod when;

use sekisho_safe_message::{Method, ProfileName};
use toml_edit::{Document, Item, TableLike, Value};

use crate::error::{Form, Problem, Shape};
use crate::near::nearest;
use crate::rule::{Chain, Exception, Rule};
use crate::{Day, End, Policy, PolicyError, check};
use source::Entry;
pub(crate) use source::Source;
pub use when::octets;

const TOP: &[&str] = &["profile", "default", "rule"];
const RULE: &[&str] = &["id", "when", "then", "until", "owner", "reason"];
const STEPS: &[&str] = &["rebuild", "flatten", "extract", "strip", "quarantine", "hold"];
/// From the most that is kept to the least.
const METHODS: [Method; 3] = [Method::Rebuild, Method::Flatten, Method::Extract];

/// The policy that `text` writes.
pub(crate) fn policy(text: &str) -> Result<Policy, Vec<PolicyError>> {
    let mut source = Source::new(text);
    if text.len() > Policy::MAX_TEXT {
        source.whole(Problem::TooLong);
        return Err(source.into_errors());
    }
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            source.error(error.span(), None, None, Problem::Syntax(error.message().to_owned()));
            return Err(source.into_errors());
        }
    };
    let read = root(&mut source, document.as_table());
    match read {
        Some((policy, spans)) if source.is_clean() => {
            check::rules(&mut source, &policy, &spans);
            if source.is_clean() { Ok(policy) } else { Err(source.into_errors()) }
        }
        Some(_) | None => Err(source.into_errors()),
    }
}

/// The policy, and where each rule stands.
type Read = (Policy, Vec<usize>);

fn root(source: &mut Source<'_>, table: &dyn TableLike) -> Option<Read> {
    let (mut profile, mut default, mut rules, mut starts) = (None, None, Some(Vec::new()), Vec::new());
    for (name, item) in table.iter() {
        let entry = Entry::new(table, name, item, "");
        match name {
            "profile" => {
                profile =
                    source.parsed(&entry, |text| ProfileName::parse(text).map_err(|_| Problem::NotA(Form::Profile)))
            }
            "default" => default = chain(source, &entry),
            "rule" => (rules, starts) = self::rules(source, &entry),
            _ => source.unknown(&entry, TOP),
        }
    }
    for required in ["profile", "default"] {
        if table.get(required).is_none() {
            source.whole(Problem::Missing(required));
        }
    }
    Some((Policy { profile: profile?, rules: rules?, default: default? }, starts))
}

fn rules(source: &mut Source<'_>, entry: &Entry<'_>) -> (Option<Vec<Rule>>, Vec<usize>) {
    let Item::ArrayOfTables(tables) = entry.item else {
        return (source.blame(entry, Problem::WrongType(Shape::Rules)), Vec::new());
    };
    if tables.len() > Policy::MAX_RULES {
        return (source.blame(entry, Problem::TooManyRules), Vec::new());
    }
    let mut starts = Vec::new();
    let mut rules = Some(Vec::new());
    for table in tables {
        let start = table.span().map_or(0, |span| span.start);
        match (rule(source, table, start), &mut rules) {
            (Some(rule), Some(rules)) => {
                rules.push(rule);
                starts.push(start);
            }
            (Some(_), None) => {}
            (None, _) => rules = None,
        }
    }
    (rules, starts)
}

fn rule(source: &mut Source<'_>, table: &dyn TableLike, start: usize) -> Option<Rule> {
    // Errors name the rule by its id, whatever it is.
    let called = table.get("id").and_then(Item::as_str).unwrap_or("rule").to_owned();
    let prefix = format!("{called}: ");
    let (mut id, mut when, mut then) = (None, Some(Default::default()), None);
    let (mut until, mut owner, mut reason) = (None, None, None);
    for (name, item) in table.iter() {
        let entry = Entry::new(table, name, item, &prefix);
        match name {
            "id" => id = source.parsed(&entry, rule_id),
            "when" => when = when::when(source, &entry),
            "then" => then = chain(source, &entry),
            "until" => until = day(source, &entry),
            "owner" => owner = source.parsed(&entry, line),
            "reason" => reason = source.parsed(&entry, line),
            _ => source.unknown(&entry, RULE),
        }
    }
    let mut missing = |key: &'static str| {
        source.error(Some(start..start), Some(called.clone()), None, Problem::Missing(key));
    };
    for key in ["id", "then"].into_iter().filter(|key| table.get(key).is_none()) {
        missing(key);
    }
    let has = |key: &str| table.get(key).is_some();
    for key in ["owner", "reason"].into_iter().filter(|key| has("until") && !has(key)) {
        missing(key);
    }
    if !has("until") && (has("owner") || has("reason")) {
        source.error(Some(start..start), Some(called), None, Problem::NoException);
    }
    let exception = match (until, owner, reason) {
        (Some(until), Some(owner), Some(reason)) => Some(Exception { until, owner, reason }),
        _ => None,
    };
    let line = u32::try_from(source.line(start)).unwrap_or(u32::MAX);
    Some(Rule { id: id?, line, when: when?, then: then?, exception })
}

fn rule_id(text: &str) -> Result<String, Problem> {
    let sound = ProfileName::parse(text).is_ok() && text != Policy::DEFAULT;
    if sound { Ok(text.to_owned()) } else { Err(Problem::NotA(Form::Id)) }
}

fn line(text: &str) -> Result<String, Problem> {
    let sound = text.chars().count() <= 200 && !text.chars().any(char::is_control) && !text.trim().is_empty();
    if sound { Ok(text.to_owned()) } else { Err(Problem::NotA(Form::Line)) }
}

/// `"2027-03-31"`, with or without quotes.
fn day(source: &mut Source<'_>, entry: &Entry<'_>) -> Option<Day> {
    if let Some(Value::Datetime(date)) = entry.item.as_value() {
        let day = Day::parse(&date.value().to_string());
        return day.or_else(|| source.blame(entry, Problem::NotA(Form::Day)));
    }
    source.parsed(entry, |text| Day::parse(text).ok_or(Problem::NotA(Form::Day)))
}

/// One word, or a list that ends where a file is kept out.
fn chain(source: &mut Source<'_>, entry: &Entry<'_>) -> Option<Chain> {
    let steps = source.each(entry, |word| step(word).ok_or_else(|| Problem::NotOneOf(near_step(word), STEPS)))?;
    if entry.item.is_str() {
        return steps.into_iter().next().map(whole);
    }
    let Some((Step::Out(end), before)) = steps.split_last() else {
        return source.blame(entry, Problem::NoEnd);
    };
    let mut methods = Vec::new();
    for step in before {
        match step {
            Step::Way(method) if !methods.contains(method) => methods.push(*method),
            Step::Way(_) | Step::Out(_) => return source.blame(entry, Problem::Chain),
        }
    }
    Some(Chain { methods, end: *end })
}

#[derive(Clone, Copy)]
enum Step {
    Way(Method),
    Out(End),
}

/// A single way stands for itself, all that keep less, and `quarantine`.
fn whole(step: Step) -> Chain {
    match step {
        Step::Out(end) => Chain { methods: Vec::new(), end },
        Step::Way(first) => {
            let methods = METHODS.into_iter().skip_while(|method| *method != first).collect();
            Chain { methods, end: End::Quarantine }
        }
    }
}

fn step(word: &str) -> Option<Step> {
    let method = METHODS.into_iter().find(|method| method.code() == word).map(Step::Way);
    let end = [End::Strip, End::Quarantine, End::Hold].into_iter().find(|end| end.code() == word).map(Step::Out);
    method.or(end)
}

/// People who know other products ask for what cannot be had.
fn near_step(word: &str) -> Option<&'static str> {
    nearest(word, STEPS.iter().copied())
}
