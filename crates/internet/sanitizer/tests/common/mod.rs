//! What the tests of the public face share.
#![allow(clippy::unwrap_used, dead_code, reason = "tests may panic, and not each uses all")]

use sekisho_job::{Anomaly, HoldReason, Job, Limits, Report, Rules};
use sekisho_safe_message::{Envelope, MailId, ProfileName, SafeMessage, Timestamp, Untrusted};
use sekisho_sanitizer::{Outcome, sanitize};

/// A job for a mail of `size` octets.
pub(crate) fn job(size: usize) -> Job {
    Job {
        id: MailId::new(1_800_000_000_000, [7; 10]),
        envelope: Envelope::new(None, vec!["to@city.example.lg.jp".parse().unwrap()]).unwrap(),
        received: Timestamp::from_unix_ms_jst(1_800_000_000_000),
        size: size as u64,
        limits: Limits::default(),
        profile: ProfileName::parse("test").unwrap(),
        rules: Rules::default(),
        policy: sekisho_policy::Policy::text_only(),
        files: sekisho_job::FileRules::default(),
        orders: sekisho_job::Orders::default(),
    }
}

/// What becomes of `mail`, whose line ends are written as LF here. What is
/// made of it must pass the border and the supervisor's check.
pub(crate) fn run(mail: impl AsRef<[u8]>) -> Outcome {
    run_raw(&sekisho_job::offline_line_ends(mail.as_ref()))
}

/// The same for octets as they are.
pub(crate) fn run_raw(raw: &[u8]) -> Outcome {
    run_job(raw, &job(raw.len()))
}

/// The same for a job of the test's own.
pub(crate) fn run_job(raw: &[u8], job: &Job) -> Outcome {
    let outcome = sanitize(Untrusted::new(raw), job);
    let answer = match &outcome {
        Outcome::Deliver(message, report) => sekisho_job::encode_deliver(message, report).unwrap(),
        Outcome::Hold(_, report) => sekisho_job::encode_hold(report).unwrap(),
    };
    sekisho_job::Answer::decode(Untrusted::new(&answer), job).unwrap();
    outcome
}

/// The message and report of a mail that crosses.
pub(crate) fn delivered(mail: impl AsRef<[u8]>) -> (SafeMessage, Report) {
    match run(mail) {
        Outcome::Deliver(message, report) => (*message, *report),
        Outcome::Hold(reason, report) => unreachable!("held: {reason:?} {:?}", report.anomalies),
    }
}

/// Why a mail waits, and what is odd about it.
pub(crate) fn held(mail: impl AsRef<[u8]>) -> (HoldReason, Vec<Anomaly>) {
    match run(mail) {
        Outcome::Hold(reason, report) => (reason, report.anomalies),
        Outcome::Deliver(message, report) => unreachable!("crosses: {message:?} {:?}", report.anomalies),
    }
}

/// Everything of an outcome that any reader may ever see: the whole message
/// and its report, printed.
pub(crate) fn visible(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Deliver(message, report) => format!(
            "{:?} {:?} {:?} {:?}",
            message.headers(),
            message.text(),
            message.notices(),
            report.parts.iter().map(|part| &part.name).collect::<Vec<_>>()
        ),
        Outcome::Hold(_, report) => format!("{:?}", report.source.subject),
    }
}

/// The mail waits; returns why.
pub(crate) fn waits(row: &str, mail: impl AsRef<[u8]>, secret: &str) -> HoldReason {
    let outcome = run(mail.as_ref());
    assert!(!visible(&outcome).contains(secret), "{row}: {secret} is seen");
    match outcome {
        Outcome::Hold(reason, _) => reason,
        Outcome::Deliver(message, report) => {
            unreachable!("{row}: crosses with {:?} {:?}", message.text(), report.anomalies)
        }
    }
}

/// The mail crosses without `secret`; returns its text and anomalies.
pub(crate) fn crosses(row: &str, mail: impl AsRef<[u8]>, secret: &str) -> (String, Vec<Anomaly>) {
    let outcome = run(mail.as_ref());
    assert!(!visible(&outcome).contains(secret), "{row}: {secret} is seen");
    match outcome {
        Outcome::Deliver(message, report) => (message.text().as_str().to_owned(), report.anomalies),
        Outcome::Hold(reason, report) => unreachable!("{row}: held: {reason:?} {:?}", report.anomalies),
    }
}

/// A mail with a text part and a part with the given header block, whose
/// content decodes to `SECRET` as base64 and shows it in no other way.
pub(crate) fn beside_text(header: &str) -> String {
    format!(
        "From: a@b\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhello\n\
         --b\n{header}\nU0VDUkVU\n--b--\n"
    )
}
