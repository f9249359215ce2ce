//! Mails of a fake outer program, and which filter lets them through.

use sekisho_channel::admin::{Condition, Filter, Item, Kept, MailState, Reply};
use sekisho_job::{Action, Anomaly, HoldReason, Part, PartPath, Report, Source, Verdict, mime_ambiguity};
use sekisho_policy::Kind;
use sekisho_safe_message::{Address, MailId, ProfileName, RemovalReason, SafeLine, SafeName, Sha256};
use serde_json::{Value, json};

use super::line;

/// A mail as the program knows it.
#[derive(Debug, Clone)]
pub(crate) struct FakeMail {
    pub(crate) item: Item,
    pub(crate) record: Value,
    pub(crate) kept: Kept,
    /// What a preview shows.
    pub(crate) text: String,
}

/// A mail that is held for `reason`; `n` makes its id and its time.
pub(crate) fn held(n: u64, from: &str, to: &str, subject: &str, reason: HoldReason) -> FakeMail {
    let part = file("見積書.zip", Kind::Zip, Action::Hold, Some(RemovalReason::Encrypted));
    mail(n, from, to, subject, (MailState::Held, reason.code()), Some(reason), part)
}

/// A mail that was delivered without its file.
pub(crate) fn kept(n: u64, from: &str, to: &str, subject: &str) -> FakeMail {
    let part = file("申請書.docm", Kind::Docm, Action::Quarantine, Some(RemovalReason::Unsupported));
    mail(n, from, to, subject, (MailState::Kept, "quarantine"), None, part)
}

fn mail(
    n: u64,
    from: &str,
    to: &str,
    subject: &str,
    (state, label): (MailState, &str),
    hold_reason: Option<HoldReason>,
    attached: Part,
) -> FakeMail {
    let arrived_ms = 1_795_478_700_000 + n * 1000;
    let mut chance = [0; 10];
    chance[2..].copy_from_slice(&n.to_be_bytes());
    let id = MailId::new(arrived_ms, chance);
    let (from, to): (Address, Address) = (from.parse().expect("a sender"), to.parse().expect("a recipient"));
    let item = Item {
        id,
        state,
        label: line(label),
        arrived_ms,
        due_ms: arrived_ms,
        size: 123_456,
        attempts: 1,
        from: Some(from.clone()),
        to: vec![to.clone()],
        subject: Some(line(subject)),
    };
    let anomalies = vec![Anomaly::HeaderRaw8Bit];
    let report = Report {
        schema: sekisho_job::SCHEMA.to_owned(),
        id,
        input: None,
        outputs: Vec::new(),
        outcome: if hold_reason.is_some() { Verdict::Hold } else { Verdict::Deliver },
        hold_reason,
        profile: ProfileName::parse("rebuild-or-hold").expect("a profile"),
        source: Source {
            sha256: Sha256::of(&n.to_be_bytes()),
            size: item.size,
            envelope_from: Some(from),
            envelope_to: vec![to],
            subject: line(subject),
        },
        body: None,
        parts: vec![part(&[], "multipart/mixed", Action::Open), part(&[1], "text/plain", Action::Body), attached],
        mime_ambiguity: mime_ambiguity(&anomalies),
        anomalies,
        authentication: None,
        output: None,
        timings_us: 1234,
    };
    let handoff = if state == MailState::Kept { Some("taken") } else { None };
    let kept = Kept {
        original: true,
        key: Some(line("2026-11")),
        expires_ms: Some(arrived_ms + 7_776_000_000),
        ..Kept::default()
    };
    let record = json!({ "report": report, "handoff": handoff, "settled_ms": arrived_ms + 700 });
    FakeMail { item, record, kept, text: format!("{subject}について、添付のとおり送付します。\n") }
}

fn part(path: &[u32], declared: &str, action: Action) -> Part {
    Part {
        path: PartPath::new(path),
        name: None,
        type_declared: line(declared),
        size: 420,
        sha256: None,
        action,
        reason: None,
        kind_detected: None,
        method: None,
        rule: None,
        removed: Vec::new(),
        output: None,
    }
}

fn file(name: &str, kind: Kind, action: Action, reason: Option<RemovalReason>) -> Part {
    Part {
        name: SafeName::clean(name).map(|name| name.value),
        size: 98_765,
        sha256: Some(Sha256::of(name.as_bytes())),
        reason,
        kind_detected: Some(kind),
        rule: Some(line("files")),
        ..part(&[2], "application/octet-stream", action)
    }
}

impl FakeMail {
    pub(crate) fn detail(&self) -> Reply {
        let Self { item, record, kept, .. } = self;
        Reply::Detail { item: Box::new(item.clone()), record: Some(record.clone()), kept: Some(Box::new(kept.clone())) }
    }

    pub(crate) fn fits(&self, filter: &Filter) -> bool {
        (filter.states.is_empty() || filter.states.contains(&self.item.state))
            && filter.since_ms.is_none_or(|since| self.item.arrived_ms >= since)
            && filter.until_ms.is_none_or(|until| self.item.arrived_ms < until)
            && filter.conditions.iter().all(|condition| self.meets(condition))
    }

    fn report(&self) -> Report {
        serde_json::from_value(self.record["report"].clone()).expect("a report")
    }

    fn meets(&self, condition: &Condition) -> bool {
        let report = self.report();
        let part = |test: &dyn Fn(&Part) -> bool| report.parts.iter().any(test);
        match condition {
            Condition::Sender(wanted) => self.item.from.iter().any(|from| is(from, wanted)),
            Condition::Recipient(wanted) => self.item.to.iter().any(|to| is(to, wanted)),
            Condition::Domain(wanted) => {
                let mut all = self.item.from.iter().chain(&self.item.to);
                all.any(|address| address.domain().as_str() == wanted.as_str())
            }
            Condition::Subject(words) => has(self.item.subject.as_ref().map_or("", SafeLine::as_str), words),
            Condition::Name(words) => part(&|part| part.name.as_ref().is_some_and(|name| has(name.as_str(), words))),
            Condition::Kind(code) => part(&|part| part.kind_detected.is_some_and(|kind| kind.code() == code.as_str())),
            Condition::Rule(id) => part(&|part| part.rule.as_ref() == Some(id)),
            Condition::Reason(code) => {
                let code = code.as_str();
                report.hold_reason.is_some_and(|reason| reason.code() == code)
                    || report.anomalies.iter().any(|anomaly| anomaly.code() == code)
                    || part(&|part| part.action.code() == code || part.reason.is_some_and(|r| r.code() == code))
            }
            Condition::Hash(hash) => report.source.sha256 == *hash || part(&|part| part.sha256 == Some(*hash)),
            Condition::Request(state) => self.kept.requests.iter().any(|request| request.state == *state),
            Condition::LegalHold => self.kept.legal_hold,
        }
    }
}

fn is(address: &Address, wanted: &SafeLine) -> bool {
    match wanted.as_str().strip_prefix('@') {
        Some(domain) => address.domain().as_str() == domain,
        None => address.to_string() == wanted.as_str(),
    }
}

fn has(text: &str, words: &SafeLine) -> bool {
    let text = text.to_lowercase();
    words.as_str().split_whitespace().all(|word| text.contains(&word.to_lowercase()))
}
