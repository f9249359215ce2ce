//! Which mails: the flags of a filter, on the command line or in a file.

use std::path::Path;

use clap::{ArgMatches, Command};
use sekisho_channel::admin::{Condition, Filter, MAX_CONDITIONS, MailState, RequestState};
use sekisho_job::Action;
use sekisho_safe_message::{SafeLine, Sha256};

use crate::exit::Exit;
use crate::mails;
use crate::quarantine::grammar;
use crate::quarantine::when::{Edge, moment};
use crate::screen::Screen;

/// Longest file of flags.
const MAX_FILE: u64 = 64 * 1024;

/// What a command works on: one list behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The conditions alone, whatever the state.
    pub(crate) base: Filter,
    /// Each with a filter of its own.
    pub(crate) sections: Vec<Filter>,
    /// Whether the caller narrowed it down at all.
    pub(crate) narrowed: bool,
}

/// What waits for a review: mails that are held, then delivered ones of which
/// parts were kept out for it.
pub(crate) fn reviewable(base: &Filter) -> Vec<Filter> {
    let quarantined = SafeLine::clean(Action::Quarantine.code()).value;
    let mut kept = Filter { states: vec![MailState::Kept], ..base.clone() };
    kept.conditions.push(Condition::Reason(quarantined));
    vec![Filter { states: vec![MailState::Held], ..base.clone() }, kept]
}

/// The selection that the flags of `matches` make, and those of the files it
/// names by `--filter`.
pub(crate) fn selection(matches: &ArgMatches, now_ms: u64, screen: &Screen) -> Result<Selection, Exit> {
    let mut flags = vec![matches.clone()];
    for path in matches.get_many::<std::path::PathBuf>("filter").into_iter().flatten() {
        flags.push(file(path, screen)?);
    }
    let (mut filter, mut states) = (Filter::default(), Vec::new());
    for flags in &flags {
        add(&mut filter, flags, now_ms, screen)?;
        let named = flags.try_get_many::<String>("state").ok().flatten();
        states.extend(named.into_iter().flatten().cloned());
    }
    if filter.conditions.len() > MAX_CONDITIONS - 1 {
        screen.error(screen.t(
            format!("条件が多すぎます（{} まで）。", MAX_CONDITIONS - 1),
            format!("too many conditions (at most {})", MAX_CONDITIONS - 1),
        ));
        return Err(Exit::Usage);
    }
    let narrowed = !filter.is_empty() || !states.is_empty();
    let asked: Vec<&String> = states.iter().collect();
    let sections = match asked.as_slice() {
        [] => reviewable(&filter),
        names if names.iter().any(|name| name.as_str() == "all") => vec![filter.clone()],
        names => vec![Filter { states: mails::states(names), ..filter.clone() }],
    };
    Ok(Selection { base: filter, sections, narrowed })
}

/// Adds the conditions of `flags`; all of them must hold.
fn add(filter: &mut Filter, flags: &ArgMatches, now_ms: u64, screen: &Screen) -> Result<(), Exit> {
    let time = |name: &str, edge| match flags.get_one::<String>(name) {
        None => Ok(None),
        Some(text) => moment(text, now_ms, edge).map(Some).ok_or_else(|| bad_time(name, text, screen)),
    };
    if let Some(since) = time("since", Edge::Begin)? {
        filter.since_ms = Some(filter.since_ms.map_or(since, |other| other.max(since)));
    }
    if let Some(until) = time("until", Edge::End)? {
        filter.until_ms = Some(filter.until_ms.map_or(until, |other| other.min(until)));
    }
    type Make = fn(SafeLine) -> Condition;
    let lines: [(&str, Make); 8] = [
        ("from", Condition::Sender),
        ("to", Condition::Recipient),
        ("domain", Condition::Domain),
        ("subject", Condition::Subject),
        ("name", Condition::Name),
        ("kind", Condition::Kind),
        ("rule", Condition::Rule),
        ("code", Condition::Reason),
    ];
    for (name, make) in lines {
        filter.conditions.extend(flags.get_many::<SafeLine>(name).into_iter().flatten().cloned().map(make));
    }
    filter.conditions.extend(flags.get_many::<Sha256>("hash").into_iter().flatten().copied().map(Condition::Hash));
    let requests = flags.try_get_many::<RequestState>("requested").ok().flatten();
    filter.conditions.extend(requests.into_iter().flatten().copied().map(Condition::Request));
    if flags.get_flag("legal-hold") {
        filter.conditions.push(Condition::LegalHold);
    }
    Ok(())
}

fn bad_time(name: &str, text: &str, screen: &Screen) -> Exit {
    let text = SafeLine::clean(text).value;
    screen.error(screen.t(
        format!("--{name} {text}: 日時として読めません（例: 2026-11-24、\"2026-11-24 09:00\"、3d、today）。"),
        format!("--{name} {text}: not a time (2026-11-24, \"2026-11-24 09:00\", 3d, today)"),
    ));
    Exit::Usage
}

/// A file of flags: one a line, blank lines and `#` comments between them.
/// What stands behind the flag is its value as it is; no quotes are needed.
fn file(path: &Path, screen: &Screen) -> Result<ArgMatches, Exit> {
    let text = std::fs::metadata(path).and_then(|meta| match meta.len() {
        0..=MAX_FILE => std::fs::read_to_string(path),
        _ => Err(std::io::ErrorKind::FileTooLarge.into()),
    });
    let text = text.map_err(|err| {
        screen.error(format!("{}: {err}", path.display()));
        Exit::Usage
    })?;
    let language = screen.language();
    let command = Command::new("filter")
        .no_binary_name(true)
        .disable_help_flag(true)
        .args(grammar::filters(|ja, en| crate::lang::pick(language, ja, en)));
    command.try_get_matches_from(flags_of(&text)).map_err(|err| {
        screen.error(format!("{}: {}", path.display(), crate::cli::complaint(&err, language).trim_end()));
        Exit::Usage
    })
}

/// The flags that a file writes. There `--reason` can only mean the code of a
/// reason: a saved list never holds the why of a change.
fn flags_of(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once([' ', '\t', '=']) {
            Some(("--reason", value)) => format!("--code={}", value.trim()),
            Some((flag, value)) => format!("{flag}={}", value.trim()),
            None => line.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_plain_flags() {
        let text =
            "# every morning\n\n  --since 3d\n--subject 会議 資料\n--from=@example.com\n--reason rule\n--legal-hold\n";
        let flags = ["--since=3d", "--subject=会議 資料", "--from=@example.com", "--code=rule", "--legal-hold"];
        assert_eq!(flags_of(text), flags);
    }

    #[test]
    fn what_waits_for_a_review() {
        let base = Filter { since_ms: Some(1), ..Filter::default() };
        let [held, kept] = &reviewable(&base)[..] else { panic!("two lists") };
        assert_eq!((held.states.as_slice(), held.conditions.len()), (&[MailState::Held][..], 0));
        assert_eq!((kept.states.as_slice(), kept.conditions.len()), (&[MailState::Kept][..], 1));
        assert_eq!([held.since_ms, kept.since_ms], [Some(1); 2]);
    }
}
