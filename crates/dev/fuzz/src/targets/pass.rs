//! What must hold of every mail that goes through the sanitizer, whatever a
//! target made it of; and the way that it took.

use std::hash::Hash;

use sekisho_inner::render::render;
use sekisho_job::{Answer, HoldReason, Report, encode_deliver, encode_hold};
use sekisho_safe_message::{Notice, SafeMessage, Untrusted, frame};
use sekisho_sanitizer::{Outcome, sanitize};
use sekisho_verify::{Reading, read_with, verify_with};

use super::{must, own_job, way};

/// What became of a mail.
pub(super) enum Passed {
    /// It waits.
    Held(HoldReason, Box<Report>),
    /// Its frame is past its bound, so that the worker holds it.
    TooLarge,
    /// It crosses.
    Through(Box<Through>),
}

/// A mail that crosses.
pub(super) struct Through {
    pub(super) message: Box<SafeMessage>,
    pub(super) report: Box<Report>,
    /// As it is sent.
    pub(super) mail: Vec<u8>,
    /// What the second reader finds in that.
    pub(super) reading: Box<Reading>,
}

/// Sends `mail` through sanitizer, pipe, border, renderer and verifier.
pub(super) fn pass(mail: &[u8]) -> Result<Passed, String> {
    let job = own_job(mail.len() as u64);
    let outcome = sanitize(Untrusted::new(mail), &job);
    must(outcome == sanitize(Untrusted::new(mail), &job), "the same mail gives two outcomes")?;
    match outcome {
        Outcome::Hold(reason, report) => {
            must(report.hold_reason == Some(reason), "outcome and report differ")?;
            must(!matches!(reason, HoldReason::Internal | HoldReason::Unsafe), "it waits for a fault of our own")?;
            let answer = encode_hold(&report).map_err(|err| format!("the report of a held mail: {err}"))?;
            let decoded = Answer::decode(Untrusted::new(&answer), &job).map_err(|err| format!("its answer: {err}"))?;
            must(decoded == Answer::Hold(reason, report.clone()), "the answer changes on the pipe")?;
            Ok(Passed::Held(reason, report))
        }
        Outcome::Deliver(message, report) => {
            let Ok(framed) = frame::encode(&message) else { return Ok(Passed::TooLarge) };
            let decoded = frame::decode(Untrusted::new(&framed)).map_err(|err| format!("its frame: {err}"))?;
            must(decoded == *message, "the message changes in the frame")?;
            let answer = encode_deliver(&message, &report).map_err(|err| format!("its report: {err}"))?;
            let decoded = Answer::decode(Untrusted::new(&answer), &job).map_err(|err| format!("its answer: {err}"))?;
            must(
                decoded == Answer::Deliver(message.clone(), framed, report.clone()),
                "the answer changes on the pipe",
            )?;
            through(message, report).map(|through| Passed::Through(Box::new(through)))
        }
    }
}

fn through(message: Box<SafeMessage>, report: Box<Report>) -> Result<Through, String> {
    let mail = render(&message).into_bytes();
    let verified = verify_with(mail.clone(), message.envelope().clone(), &mut sekisho_verifier::check)
        .map_err(|err| format!("verify refuses it: {err}"))?;
    must(verified.id() == message.id(), "another id")?;
    let reading = read_with(Untrusted::new(&mail), &mut sekisho_verifier::check)
        .map_err(|err| format!("read and verify differ: {err}"))?;
    let headers = message.headers();
    must(reading.from == headers.from && reading.subject == headers.subject, "sender or subject change on the way")?;
    let attached = message.attachments().iter().map(|one| one.name());
    must(reading.attachments.iter().map(|one| &one.name).eq(attached), "attachments change on the way")?;
    must(reading.to == headers.to && reading.cc == headers.cc, "recipients change on the way")?;
    Ok(Through { message, report, mail, reading: Box::new(reading) })
}

impl Passed {
    /// The way: what was found and done, and how much, in powers of two;
    /// `more` is what the target itself looks at.
    pub(super) fn way(&self, more: impl Hash) -> u64 {
        match self {
            Self::Held(reason, report) => way((reason.code(), codes(report), more)),
            Self::TooLarge => way("a frame past its bound"),
            Self::Through(through) => way((codes(&through.report), through.seen(), more)),
        }
    }
}

impl Through {
    fn seen(&self) -> impl Hash {
        let notices: Vec<_> = self.message.notices().iter().take(4).map(kind).collect();
        let body = self.report.body.as_ref();
        (
            notices,
            body.map(|body| (body.charset_used.as_str().to_owned(), power(body.replacements))),
            power(self.message.text().as_str().len() as u64),
            power(self.report.parts.len() as u64),
        )
    }
}

fn codes(report: &Report) -> (Vec<&'static str>, Vec<&'static str>) {
    let anomalies = report.anomalies.iter().map(|anomaly| anomaly.code()).collect();
    let mut actions: Vec<_> = report.parts.iter().take(16).map(|part| part.action.code()).collect();
    actions.dedup();
    (anomalies, actions)
}

fn kind(notice: &Notice) -> std::mem::Discriminant<Notice> {
    std::mem::discriminant(notice)
}

/// How many binary digits `count` has: more of the same is another way only
/// when it doubles.
pub(super) fn power(count: u64) -> u32 {
    u64::BITS - count.leading_zeros()
}

/// Characters that show nothing, or turn the line around. A list of this
/// crate's own: the sanitizer is not its own witness.
pub(super) fn is_trick(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}' | '\u{e0000}'..='\u{e007f}')
}
