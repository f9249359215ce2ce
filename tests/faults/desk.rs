//! What the tests of this file ask and look at.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_safe_message::MailId;
use serde_json::Value;

use crate::support::{Outcome, Place, attachment, deliver, within};

/// The password of the archive in [`locked`].
pub(crate) const PASSWORD: &str = "Abc#123";

/// Why everything here is done.
pub(crate) const REASON: &str = "asked by telephone";

/// A mail that is held for its archive with a password, and released without
/// it under `text-only`. Each subject makes another mail.
pub(crate) fn locked(subject: &str) -> Vec<u8> {
    long_locked(subject, 1)
}

/// The same with so many lines of text.
pub(crate) fn long_locked(subject: &str, lines: usize) -> Vec<u8> {
    let archive = include_bytes!("../../crates/internet/archive/tests/data/aes256.zip");
    let text = format!("text of {subject}\r\n").repeat(lines);
    let mut mail = String::from_utf8(attachment(subject, text.trim_end(), "shiryo.zip", 0)).unwrap();
    let end = mail.rfind("--=_outer--").unwrap();
    mail.truncate(end);
    for line in STANDARD.encode(archive).as_bytes().chunks(76) {
        mail.push_str(std::str::from_utf8(line).unwrap());
        mail.push_str("\r\n");
    }
    mail.push_str("--=_outer--\r\n");
    mail.into_bytes()
}

/// Sends a mail that is held.
#[track_caller]
pub(crate) fn held(place: &Place, mail: &[u8]) -> MailId {
    let id = deliver(place.listen, mail);
    assert_eq!(place.held(id), "encrypted-file");
    id
}

/// `sekisho ...` with a reason, in English.
pub(crate) fn act(place: &Place, words: &[&str]) -> Outcome {
    place.sekisho(&[&["--lang", "en"], words, &["--reason", REASON]].concat())
}

/// `sekisho quarantine release ID`, without its files.
pub(crate) fn release(place: &Place, id: MailId) -> Outcome {
    act(place, &["quarantine", "release", &id.to_string(), "--profile", "text-only"])
}

#[track_caller]
pub(crate) fn ends(outcome: &Outcome, code: i32) {
    assert_eq!(outcome.code, code, "{outcome:?}");
}

/// Ends with this code, and says all of these.
#[track_caller]
pub(crate) fn says(outcome: &Outcome, code: i32, words: &[&str]) {
    ends(outcome, code);
    for word in words {
        assert!(outcome.out.contains(word) || outcome.err.contains(word), "{word}: {outcome:?}");
    }
}

/// What people did about a mail, as `show` tells: what, and what came of it.
pub(crate) fn acts(place: &Place, id: MailId) -> Vec<(String, String)> {
    let shown = place.json(&["show", &id.to_string()]);
    let outer = shown.iter().find(|mail| mail["side"] == "outer");
    let acts = outer.and_then(|mail| mail["kept"]["acts"].as_array().cloned()).unwrap_or_default();
    let word = |act: &Value, name: &str| act[name].as_str().unwrap().to_owned();
    acts.iter().map(|act| (word(act, "what"), word(act, "result"))).collect()
}

/// How often a mail has arrived inside. (Each must keep the grammar.)
pub(crate) fn copies(place: &Place, id: MailId) -> usize {
    place.delivered().iter().filter(|mail| mail.id() == id).count()
}

/// Waits until the mail is kept outside and has arrived once.
#[track_caller]
pub(crate) fn is_released(place: &Place, id: MailId) {
    within(&format!("{id} is released"), || {
        let kept = place.state("outer", id).is_some_and(|(state, _)| state == "kept");
        (kept && copies(place, id) > 0).then_some(())
    });
    assert_eq!(copies(place, id), 1, "{id} arrived more than once");
}

/// Both chains are whole and joined: nothing stands on one side alone.
#[track_caller]
pub(crate) fn record_is_sound(place: &Place) {
    within("nothing is under way in the record", || {
        let verdict = place.sekisho(&["--json", "audit", "verify"]);
        ends(&verdict, 0);
        let joined = verdict.out.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
        (joined.unwrap()["under_way"] == 0).then_some(())
    });
}

/// Every entry of the outer side's record.
pub(crate) fn entries(place: &Place) -> Vec<Value> {
    let exported = place.sekisho(&["audit", "export", "--side", "outer"]);
    ends(&exported, 0);
    let entry = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        match &line["entry"] {
            Value::String(text) => serde_json::from_str(text).unwrap(),
            entry => entry.clone(),
        }
    };
    exported.out.lines().map(entry).collect()
}

/// How many entries tell that this was done to this mail with this result.
pub(crate) fn told(entries: &[Value], id: MailId, what: &str, result: &str) -> usize {
    let of = |entry: &&Value| entry["id"] == id.to_string() && entry["what"] == what && entry["result"] == result;
    entries.iter().filter(of).count()
}

/// Where the outer side keeps its mails.
pub(crate) fn vault(place: &Place) -> PathBuf {
    place.path("state/outer/vault")
}

/// The index of those mails, and the rows of the audit record.
pub(crate) fn index(place: &Place) -> PathBuf {
    vault(place).join("index.db")
}
