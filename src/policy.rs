//! `sekisho policy`: what a policy says, and what it would decide.

mod given;
mod grammar;

use std::time::{SystemTime, UNIX_EPOCH};

use clap::ArgMatches;
use sekisho_outer::policy as source;
use sekisho_policy::{Day, Decision, Explained, Facts, Kind, Policy, Sender};
use sekisho_safe_message::{Address, AuthResult, Authentication, Method, Timestamp};
use sekisho_settings::{Configuration, SettingsErrors};

use crate::exit::Exit;
use crate::screen::{Screen, Tone};

pub(crate) use grammar::grammar;

pub(crate) fn run(
    matches: &ArgMatches,
    screen: &Screen,
    load: impl FnOnce() -> Result<Configuration, SettingsErrors>,
) -> Exit {
    let Some((name, sub)) = matches.subcommand() else { return Exit::Usage };
    let given = sub.contains_id("input");
    let asked = if given { with_settings(name, sub, load, screen) } else { alone(name, sub, load, screen) };
    asked.unwrap_or_else(|errors| screen.bad_configuration(&errors))
}

/// About the policy itself, or about facts.
fn alone(
    name: &str,
    sub: &ArgMatches,
    load: impl FnOnce() -> Result<Configuration, SettingsErrors>,
    screen: &Screen,
) -> Result<Exit, SettingsErrors> {
    let policy = chosen(sub, || source::load(&load()?.command()?.policy))?;
    Ok(match name {
        "explain" => explain(&policy, screen),
        "test" => test(sub, &policy, screen),
        _ => Exit::Usage,
    })
}

/// About mails and files: `explain` what the policy decides, `test` what it
/// would decide otherwise than the one in force.
fn with_settings(
    name: &str,
    sub: &ArgMatches,
    load: impl FnOnce() -> Result<Configuration, SettingsErrors>,
    screen: &Screen,
) -> Result<Exit, SettingsErrors> {
    let settings = load()?.command()?;
    let in_force = || source::load(&settings.policy);
    let policy = chosen(sub, in_force)?;
    Ok(match name {
        "explain" => given::run(sub, &settings, &policy, None, screen),
        "test" => given::run(sub, &settings, &in_force()?, Some(&policy), screen),
        _ => Exit::Usage,
    })
}

/// The policy that is asked about: a file, a built-in one, or the one in force.
fn chosen(
    sub: &ArgMatches,
    in_force: impl FnOnce() -> Result<Policy, SettingsErrors>,
) -> Result<Policy, SettingsErrors> {
    if let Some(path) = sub.get_one::<std::path::PathBuf>("policy") {
        return source::read(path, None);
    }
    if let Some(name) = sub.get_one::<String>("profile") {
        return source::built_in(name);
    }
    in_force()
}

/// Every rule in words, in order.
fn explain(policy: &Policy, screen: &Screen) -> Exit {
    let rules = policy.explain(screen.language());
    if screen.is_json() {
        for (at, rule) in rules.iter().enumerate() {
            screen.object(&object(policy, at + 1, rule));
        }
        return Exit::Ok;
    }
    let title = screen.t("方式", "profile");
    screen.line(format!("{} {}", screen.paint(Tone::Dim, title), policy.profile()));
    for (at, rule) in rules.iter().enumerate() {
        screen.line("");
        let place = rule.line.map(|line| screen.t(format!("（{line} 行目）"), format!(" (line {line})")));
        let number = screen.paint(Tone::Dim, &format!("{:>3}", at + 1));
        screen.line(format!("{number}  {}{}", screen.paint(Tone::Head, &rule.id), place.unwrap_or_default()));
        let row = |name: &str, text: String| vec![(Tone::Dim, format!("     {name}")), (Tone::Plain, text)];
        let mut rows = vec![
            row(screen.t("条件", "when"), rule.when.join(screen.t("、かつ ", " and "))),
            row(screen.t("扱い", "then"), rule.then.clone()),
        ];
        rows.extend(rule.exception.clone().map(|text| row(screen.t("例外", "exception"), text)));
        screen.table(&["", ""], &rows);
    }
    Exit::Ok
}

fn object(policy: &Policy, number: usize, rule: &Explained) -> serde_json::Value {
    serde_json::json!({
        "schema": "sekisho.policy-rule/1",
        "profile": policy.profile().as_str(),
        "number": number,
        "rule": rule.id,
        "line": rule.line,
        "when": rule.when,
        "then": rule.then,
        "methods": codes(&rule.methods),
        "end": rule.end.code(),
        "exception": rule.exception,
    })
}

fn codes(methods: &[Method]) -> Vec<&'static str> {
    methods.iter().map(|method| method.code()).collect()
}

/// What would become of a file with these facts.
fn test(sub: &ArgMatches, policy: &Policy, screen: &Screen) -> Exit {
    let Some(kind) = sub.get_one::<Kind>("kind").copied() else { return Exit::Usage };
    let today = sub.get_one::<Day>("on").copied().unwrap_or_else(today);
    let recipients: Vec<Address> = sub.get_many("recipient").into_iter().flatten().cloned().collect();
    let Ok(mut groups) = policy.groups(&recipients, today) else {
        screen.error(screen.t(
            "宛先ごとの扱いが16通りを超えるため、メール全体を保留します。",
            "the recipients would be treated in more than 16 ways: the whole mail is held",
        ));
        return Exit::Refused;
    };
    if groups.is_empty() {
        groups.push(Vec::new());
    }
    let known = authentication(sub);
    let mut rows = Vec::new();
    for places in groups {
        let group: Vec<Address> = places.iter().filter_map(|place| recipients.get(*place).cloned()).collect();
        let facts = facts(sub, kind, &known, &group);
        rows.push(row(&group, &policy.decide(&facts, today), kind, screen));
    }
    if !screen.is_json() {
        let head =
            [screen.t("宛先", "recipients"), screen.t("ルール", "rule"), screen.t("この種類での扱い", "for this kind")];
        screen.table(&head, &rows);
    }
    Exit::Ok
}

/// One group of recipients; a script gets it at once.
fn row(group: &[Address], decision: &Decision<'_>, kind: Kind, screen: &Screen) -> Vec<(Tone, String)> {
    let offered: Vec<Method> = decision.methods.iter().copied().filter(|method| kind.offers(*method)).collect();
    if screen.is_json() {
        screen.object(&serde_json::json!({
            "schema": "sekisho.policy-decision/1",
            "recipients": group,
            "rule": decision.rule,
            "methods": codes(decision.methods),
            "offered": codes(&offered),
            "end": decision.end.code(),
        }));
    }
    let shown = Decision { methods: &offered, ..*decision };
    let tone = if offered.is_empty() { Tone::Warn } else { Tone::Good };
    let to = match group {
        [] => screen.t("（すべて）", "(any)").to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => {
            screen.t(format!("{first} ほか{}名", rest.len()), format!("{first} and {} more", rest.len()))
        }
    };
    vec![(Tone::Plain, to), (Tone::Head, decision.rule.to_owned()), (tone, shown.explain(screen.language()))]
}

fn facts<'a>(sub: &'a ArgMatches, kind: Kind, known: &'a Authentication, recipients: &'a [Address]) -> Facts<'a> {
    let size = sub.get_one::<u64>("size").copied();
    Facts {
        kind,
        size: size.unwrap_or(100 * 1024),
        name: sub.get_one::<String>("name").map(String::as_str),
        declared: "",
        mismatch: sub.get_flag("mismatch"),
        polyglot: sub.get_flag("polyglot"),
        encrypted: sub.get_flag("encrypted"),
        signed: sub.get_flag("signed"),
        inline: sub.get_flag("inline"),
        depth: sub.get_one::<u32>("depth").copied().unwrap_or(0),
        sender: Sender {
            envelope: sub.get_one("sender"),
            author: sub.get_one("author").or_else(|| sub.get_one("sender")),
            authentication: Some(known),
        },
        recipients,
    }
}

fn authentication(sub: &ArgMatches) -> Authentication {
    let result = |name| sub.get_one::<AuthResult>(name).copied();
    Authentication { spf: result("spf"), dkim: result("dkim"), dmarc: result("dmarc"), arc: result("arc") }
}

fn today() -> Day {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Day::from(Timestamp::from_unix_ms_jst(u64::try_from(clock.as_millis()).unwrap_or(u64::MAX)))
}
