//! What is settled how, and what is written of it.

#![allow(clippy::unwrap_used, reason = "tests may panic")]
use super::*;
use std::time::Duration;

use crate::book::Book;
use sekisho_job::{Answers, FileRules, Limits, Orders, Outgoing, PartPath, Rules, encode_answers};
use sekisho_policy::Policy;
use sekisho_safe_message::{
    Envelope, Language, Mailbox, SafeHeaders, SafeLine, SafeMessage, SafeText, Sha256, Timestamp,
};
use sekisho_settings::{PasswordSettings, RetentionSettings, VaultSettings};
use sekisho_store::{BodyFate, ItemId, ItemView, NewItem, Options, State, Store};

fn job() -> Job {
    let to = ["a@b.example", "c@b.example", "d@b.example"].map(|to| to.parse().unwrap()).into();
    let policy = Policy::text_only();
    Job {
        id: MailId::new(1, [2; 10]),
        envelope: Envelope::new(None, to).unwrap(),
        received: Timestamp::new(0, 540).unwrap(),
        size: 6,
        limits: Limits::default(),
        profile: policy.profile().clone(),
        rules: Rules::default(),
        policy,
        files: FileRules::default(),
        orders: Orders::default(),
    }
}

fn along(keep: Keep) -> Along {
    let day = Duration::from_secs(86_400);
    let vault = VaultSettings {
        keep,
        retention: RetentionSettings::of(day),
        record_retention: day,
        key_file: None,
        lost_keys: Vec::new(),
    };
    let passwords = PasswordSettings { follow: true, window: day };
    let retention = Retention::new(&vault, &passwords);
    Along { retention, now_ms: 1, note: None, brings_password: false, dual: None }
}

fn message(job: &Job) -> SafeMessage {
    let headers = SafeHeaders {
        from: Mailbox { name: None, address: "a@b.example".parse().unwrap() },
        to: vec![],
        cc: vec![],
        reply_to: vec![],
        subject: SafeLine::default(),
        date: job.received,
        message_id: None,
        in_reply_to: vec![],
        references: vec![],
        auto_submitted: None,
        list_id: None,
    };
    let (text, envelope) = (SafeText::clean("text").value, job.envelope.clone());
    SafeMessage::new(job.id, envelope, headers, text, vec![], Language::En, job.profile.clone()).unwrap()
}

fn report(job: &Job, hold: Option<HoldReason>, parts: Vec<Part>) -> Report {
    let mut report = Report::unread(job, HoldReason::Rule, Sha256::of(b"octets"));
    report.outcome = if hold.is_some() { Verdict::Hold } else { Verdict::Deliver };
    Report { hold_reason: hold, parts, ..report }
}

fn part(action: &str) -> Part {
    let json = serde_json::json!({
        "path": PartPath::new(&[1]), "name": null, "type_declared": "application/pdf", "size": 1, "sha256": null,
        "action": action, "reason": null,
    });
    serde_json::from_value(json).unwrap()
}

/// Shares of [`job`]: places, why it waits, parts.
fn answers(shares: &[(&[usize], Option<HoldReason>, Vec<Part>)]) -> Answers {
    let job = job();
    let made: Vec<_> = shares
        .iter()
        .map(|(places, hold, parts)| {
            let share = job.share(places).unwrap();
            (report(&share, *hold, parts.clone()), hold.is_none().then(|| message(&share)))
        })
        .collect();
    let outgoing: Vec<_> = shares
        .iter()
        .zip(&made)
        .map(|((recipients, ..), (report, message))| Outgoing { recipients, report, message: message.as_ref() })
        .collect();
    Answers::decode(encode_answers(&outgoing).unwrap(), &job).unwrap()
}

/// The item as it stands after `settle` had its lease.
fn settled(settle: impl AsyncFnOnce(Lease)) -> ItemView {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path(), Options { min_free: 0, ..Options::default() }).unwrap();
    let meta = Meta {
        envelope: job().envelope,
        peer: "127.0.0.1:25".parse().unwrap(),
        helo: "x".to_owned(),
        tls: false,
        served: Vec::new(),
        size: 6,
        book: Book::default(),
    };
    let mut body = store.body();
    body.write(b"octets").unwrap();
    let id = ItemId(job().id.to_bytes());
    let item = NewItem::new(id, meta.encode(), 0);
    store.commit(body, item).wait().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(settle(store.next(0).unwrap().unwrap()));
    // What is durable before this is, so is what was settled lazily before.
    store.sweep(1).wait().unwrap();
    store.get(id).unwrap().unwrap()
}

fn record(view: &ItemView) -> serde_json::Value {
    serde_json::from_slice(view.record.as_deref().unwrap()).unwrap()
}

#[test]
fn who_waits_stays_in_the_envelope_and_who_is_served_does_not() {
    let answers = answers(&[(&[0, 2], None, vec![]), (&[1], Some(HoldReason::EncryptedFile), vec![])]);
    let view = settled(async |lease| {
        let outcome = Outcome::new(&job(), answers.shares(), &[Fate::Taken, Fate::Waits], vec![None, None]).unwrap();
        assert!(outcome.waits());
        waiting(lease, &outcome, &along(Keep::All)).await.unwrap();
    });
    assert_eq!((view.state, view.label.as_str(), view.body), (State::Held, "encrypted-file", BodyFate::Keep));
    let meta = Meta::decode(&view.meta).unwrap();
    assert_eq!(meta.envelope.to(), [job().envelope.to()[1].clone()]);
    assert_eq!(meta.served, [job().envelope.to()[0].clone(), job().envelope.to()[2].clone()]);
    let record = record(&view);
    assert_eq!(record["handoff"], "partly");
    assert_eq!(record["report"]["id"], job().id.to_string());
    assert_eq!(record["report"]["outcome"], "hold");
    assert_eq!(record["report"]["source"]["envelope_to"].as_array().unwrap().len(), 3);
    assert_eq!(record["shares"][0]["handoff"], "taken");
    assert_eq!(record["shares"][1]["to"][0], "c@b.example");
    assert_ne!(record["shares"][0]["id"], record["shares"][1]["id"]);
}

#[test]
fn a_refused_share_waits_for_a_person_and_the_others_are_served() {
    let answers = answers(&[(&[0], None, vec![]), (&[1, 2], None, vec![])]);
    let view = settled(async |lease| {
        let outcome = Outcome::new(&job(), answers.shares(), &[Fate::Taken, Fate::Refused], vec![None, None]).unwrap();
        waiting(lease, &outcome, &along(Keep::All)).await.unwrap();
    });
    assert_eq!((view.state, view.label.as_str()), (State::Held, "refused"));
    assert_eq!(Meta::decode(&view.meta).unwrap().envelope.to(), &job().envelope.to()[1..]);
}

#[test]
fn a_mail_that_waits_as_a_whole_keeps_its_envelope() {
    let answers = answers(&[(&[0, 1, 2], Some(HoldReason::Rule), vec![])]);
    let view = settled(async |lease| {
        let outcome = Outcome::new(&job(), answers.shares(), &[Fate::Waits], vec![None]).unwrap();
        waiting(lease, &outcome, &along(Keep::All)).await.unwrap();
    });
    assert_eq!(Meta::decode(&view.meta).unwrap().envelope, job().envelope);
    let record = record(&view);
    assert_eq!((&record["handoff"], record.get("shares")), (&serde_json::Value::Null, None));
}

#[test]
fn quarantine_keeps_the_original_whatever_the_vault_says() {
    for (keep, action, state, label) in [
        (Keep::Held, "quarantine", State::Kept, "quarantine"),
        (Keep::Held, "rebuild", State::Done, ""),
        (Keep::Held, "strip", State::Done, ""),
        (Keep::Changed, "rebuild", State::Kept, "changed"),
        (Keep::Changed, "strip", State::Kept, "changed"),
        (Keep::Changed, "unused", State::Done, ""),
        (Keep::All, "unused", State::Kept, "unchanged"),
        (Keep::All, "strip", State::Kept, "changed"),
    ] {
        // The part of one share counts for the whole mail.
        let answers = answers(&[(&[0], None, vec![]), (&[1, 2], None, vec![part(action)])]);
        let view = settled(async |lease| {
            let outcome =
                Outcome::new(&job(), answers.shares(), &[Fate::Taken, Fate::Taken], vec![None, None]).unwrap();
            assert!(!outcome.waits());
            taken(lease, &outcome, &along(keep)).await.unwrap();
        });
        assert_eq!((view.state, view.label.as_str()), (state, label), "{keep:?} {action}");
        assert_eq!(record(&view)["handoff"], "taken");
    }
}

#[test]
fn what_brings_a_password_is_kept_for_that_alone_and_only_where_nothing_else_keeps_it() {
    for (keep, action, label) in [
        (Keep::Held, "unused", "password-mail"),
        (Keep::Held, "strip", "password-mail"),
        (Keep::Changed, "unused", "password-mail"),
        (Keep::Changed, "strip", "changed"),
        (Keep::All, "unused", "unchanged"),
        (Keep::Held, "quarantine", "quarantine"),
    ] {
        let answers = answers(&[(&[0, 1, 2], None, vec![part(action)])]);
        let view = settled(async |lease| {
            let outcome = Outcome::new(&job(), answers.shares(), &[Fate::Taken], vec![None]).unwrap();
            let along = Along { brings_password: true, ..along(keep) };
            taken(lease, &outcome, &along).await.unwrap();
        });
        assert_eq!((view.state, view.label.as_str()), (State::Kept, label), "{keep:?} {action}");
    }
}
