//! The steps of a mail's way, from what each side has written down.

use sekisho_channel::admin::Act;
use sekisho_inner::record::{Recipient, Record};
use sekisho_job::{Action, Report, Verdict};
use sekisho_safe_message::Timestamp;
use serde_json::{Value, json};

use crate::ask::Side;
use crate::mails::detail::standing;
use crate::mails::words;
use crate::screen::{Screen, Tone, size};

use super::Found;

/// One step.
pub(crate) struct Step {
    side: Side,
    /// When, as it is written down; empty where nobody did.
    at: String,
    /// A stable code.
    what: &'static str,
    tone: Tone,
    word: String,
    more: String,
}

impl Step {
    /// As JSON.
    pub(crate) fn object(&self) -> Value {
        json!({ "side": self.side.name(), "at": self.at, "what": self.what, "more": self.more })
    }

    /// As a row: when, where, what, and more about it.
    pub(crate) fn row(&self) -> Vec<(Tone, String)> {
        // 2026-11-24T09:05:00+09:00 as a person reads it; both sides write JST.
        let at: String = self.at.replace('T', " ").chars().take(19).collect();
        vec![
            (Tone::Dim, format!("  {at}")),
            (Tone::Dim, self.side.name().to_owned()),
            (self.tone, self.word.clone()),
            (Tone::Plain, self.more.clone()),
        ]
    }
}

/// The steps that one side has written down, oldest first.
pub(crate) fn of(found: &Found, screen: &Screen) -> Vec<Step> {
    match found.side {
        Side::Outer => outer(found, screen),
        Side::Inner => inner(found, screen),
    }
}

fn outer(found: &Found, screen: &Screen) -> Vec<Step> {
    let side = Side::Outer;
    let step = |at, what, tone, word: &str, more| Step { side, at, what, tone, word: word.to_owned(), more };
    let item = &found.item;
    let mut steps =
        vec![step(stamp(item.arrived_ms), "received", Tone::Plain, screen.t("受信", "received"), size(item.size))];
    let record = found.record.as_ref();
    let settled = record.and_then(|record| record.get("settled_ms")).and_then(Value::as_u64);
    let at = || settled.map_or_else(String::new, stamp);
    let report: Option<Report> = record.and_then(|record| serde_json::from_value(record.get("report")?.clone()).ok());
    if let Some(report) = &report {
        let (what, tone, word) = match report.outcome {
            Verdict::Deliver => ("sanitized", Tone::Plain, screen.t("無害化", "sanitized")),
            Verdict::Hold => ("held", Tone::Bad, screen.t("保留", "held")),
        };
        steps.push(step(at(), what, tone, word, summary(report, screen)));
    }
    let handoff = record.and_then(|record| record.get("handoff")).and_then(Value::as_str);
    let crossing = match handoff {
        Some("taken") => Some((Tone::Good, screen.t("LGWAN側へ引き渡し", "handed over to the LGWAN side"))),
        Some("partly") => Some((Tone::Warn, screen.t("一部の宛先を引き渡し", "handed over for some recipients"))),
        Some("refused") => Some((Tone::Bad, screen.t("LGWAN側が検証で拒否", "refused by the LGWAN side"))),
        _ => None,
    };
    if let Some((tone, word)) = crossing {
        steps.push(step(at(), "handed-over", tone, word, String::new()));
    }
    let acts = found.kept.as_ref().map_or(&[][..], |kept| &kept.acts);
    steps.extend(acts.iter().map(|act| acted(act, screen)));
    steps
}

fn acted(act: &Act, screen: &Screen) -> Step {
    let language = screen.language();
    Step {
        side: Side::Outer,
        at: stamp(act.at_ms),
        what: "act",
        tone: Tone::Plain,
        word: words::act(act.what.as_str(), language).to_owned(),
        more: format!("{}  {}  {}", act.who, words::outcome(act.result.as_str(), language), act.why),
    }
}

/// Why it is held, or what became of its files.
fn summary(report: &Report, screen: &Screen) -> String {
    if let (Verdict::Hold, Some(reason)) = (report.outcome, report.hold_reason) {
        return format!("{} {}", reason.explain(screen.language()), reason.code());
    }
    let count = |wanted: fn(Action) -> bool| report.parts.iter().filter(|part| wanted(part.action)).count();
    let made = count(|action| matches!(action, Action::Rebuild | Action::Flatten | Action::Extract | Action::Shown));
    let kept_out = count(|action| matches!(action, Action::Strip | Action::Quarantine));
    screen.t(
        format!("{}、作り直し {made}、除去 {kept_out}", report.profile),
        format!("{}, {made} made anew, {kept_out} kept out", report.profile),
    )
}

fn inner(found: &Found, screen: &Screen) -> Vec<Step> {
    let record: Option<Record> = found.record.as_ref().and_then(|record| serde_json::from_value(record.clone()).ok());
    let taken = record.as_ref().map_or_else(|| stamp(found.item.arrived_ms), |record| record.taken.clone());
    let verified = Step {
        side: Side::Inner,
        at: taken,
        what: "verified",
        tone: Tone::Plain,
        word: screen.t("検証・受け取り", "verified and taken").to_owned(),
        more: size(found.item.size),
    };
    let recipients = record.map(|record| record.recipients).unwrap_or_default();
    std::iter::once(verified).chain(recipients.iter().map(|recipient| relayed(recipient, screen))).collect()
}

fn relayed(recipient: &Recipient, screen: &Screen) -> Step {
    let (tone, word) = standing(recipient.state, screen);
    let said = recipient.reply.as_ref().map(ToString::to_string).or_else(|| recipient.trouble.clone());
    Step {
        side: Side::Inner,
        at: recipient.at.clone().unwrap_or_default(),
        what: "relay",
        tone,
        word: word.to_owned(),
        more: format!("{}  {}", recipient.address, said.unwrap_or_default()).trim_end().to_owned(),
    }
}

fn stamp(ms: u64) -> String {
    Timestamp::from_unix_ms_jst(ms).rfc3339()
}
