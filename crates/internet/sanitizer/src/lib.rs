//! Hostile mail in, safe message or hold out: one pure function.
//!
//! Owns: reading MIME under bounds, deciding what is text, turning charsets
//! and HTML into text, rebuilding the allowed headers, naming what is kept
//! out. Two readings of a mail's structure are made, its own strict one and
//! mail-parser's; where they differ, the mail waits, until a person takes the
//! strict one.
//!
//! Never: I/O, clocks, chance, processes, policy of its own, or a path by
//! which octets of the input reach the output undecoded.
#![forbid(unsafe_code)]

mod address;
mod authentication;
mod body;
mod charset;
mod cms;
mod files;
mod findings;
mod headers;
mod html;
mod language;
mod mime;
mod nested;
mod notice;
mod parts;
mod record;
mod report;
mod words;

use sekisho_job::{HoldReason, Job, Report};
use sekisho_safe_message::{Authentication, Notice, RemovalReason, SafeMessage, Untrusted};

use crate::body::Text;
use crate::files::Desk;
pub use crate::files::{FontData, Fonts, Remembered};
use crate::findings::Findings;
use crate::headers::Read;
use crate::mime::Mime;
use crate::nested::Budget;
use crate::notice::Told;
use crate::parts::Leaf;

/// What becomes of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It crosses, made safe.
    Deliver(Box<SafeMessage>, Box<Report>),
    /// It waits on the Internet side.
    Hold(HoldReason, Box<Report>),
}

impl Outcome {
    /// What was found out about the mail.
    pub fn report_mut(&mut self) -> &mut Report {
        match self {
            Self::Deliver(_, report) | Self::Hold(_, report) => report,
        }
    }
}

/// Sanitizes one mail without fonts of the site: see [`sanitize_with_fonts`].
pub fn sanitize(raw: Untrusted<'_>, job: &Job) -> Outcome {
    sanitize_with_fonts(raw, job, &Fonts::none())
}

/// Sanitizes one mail.
///
/// `raw` is the mail as SMTP brought it (RFC 5322, CRLF line ends), `job` its
/// id, envelope and bounds. The same input gives the same outcome; the
/// report's `timings_us` is 0, since there is no clock here.
pub fn sanitize_with_fonts(raw: Untrusted<'_>, job: &Job, fonts: &Fonts) -> Outcome {
    read_and_settle(raw, job, fonts, None)
}

/// The same for some of a mail's recipients, after others: what was made of
/// its files for those is not made again.
pub fn sanitize_share(raw: Untrusted<'_>, job: &Job, fonts: &Fonts, remembered: &Remembered) -> Outcome {
    read_and_settle(raw, job, fonts, Some(remembered))
}

fn read_and_settle(raw: Untrusted<'_>, job: &Job, fonts: &Fonts, remembered: Option<&Remembered>) -> Outcome {
    let mut findings = Findings::new(job.orders.doubts);
    let mime = mime::read(raw, &job.limits, &mut findings);
    let read = headers::read(&mime, job, &mut findings);
    let results = mime.header.iter().filter(|field| field.is("Authentication-Results")).map(|field| field.value);
    let authentication = authentication::read(results, &job.rules.servers);
    let author = read.headers.as_ref().map(|headers| headers.from.address.clone());
    let mut desk = Desk::new(job, fonts, remembered);
    (desk.author, desk.authentication) = (author, authentication);
    let mut budget = Budget::new(job, &desk, mime.entities.len());
    let leaves = parts::read(&mime, &[], &mut budget, &mut findings);
    let text = body::make(&mime, &leaves, &job.limits, &job.rules, &mut findings);
    hold_if_nothing_is_certain(&mime, &leaves, text.as_ref(), &mut findings);
    settle(raw, job, Stages { mime, read, authentication, leaves, text }, findings)
}

/// Where a part is withheld because readers differ, and no text is left that
/// all agree on, the mail waits: a notice alone helps nobody. A part that is a
/// file by its own word would not have been the text.
fn hold_if_nothing_is_certain(mime: &Mime<'_>, leaves: &[Leaf], text: Option<&Text>, findings: &mut Findings) {
    let might_be_text = |leaf: &Leaf| leaf.uncertain && !mime.entities[leaf.entity].is_file;
    if text.is_some_and(|text| text.made.shown.is_empty()) && leaves.iter().any(might_be_text) {
        findings.hold(HoldReason::AmbiguousStructure);
    }
}

/// What the stages of reading made, beside what they found.
struct Stages<'a> {
    mime: Mime<'a>,
    read: Read,
    authentication: Option<Authentication>,
    leaves: Vec<Leaf>,
    text: Option<Text>,
}

fn settle(raw: Untrusted<'_>, job: &Job, mut stages: Stages<'_>, mut findings: Findings) -> Outcome {
    let report = report::make(raw, job, &stages, &findings);
    let notices =
        stages.text.as_ref().map(|text| notice::make(&stages.mime, &stages.leaves, text, &stages.read, &findings));
    let told = notice::tell(&stages.mime, std::mem::take(&mut stages.leaves));
    if let Some(reason) = told.holds {
        findings.hold(match reason {
            RemovalReason::Encrypted => HoldReason::EncryptedFile,
            _ => HoldReason::Rule,
        });
    }
    let message = match findings.held() {
        Some(reason) => Err(reason),
        None => build(job, &stages, notices.unwrap_or_default(), told),
    };
    match message {
        Ok(message) => Outcome::Deliver(Box::new(message), Box::new(report)),
        Err(reason) => Outcome::Hold(reason, Box::new(report::held(report, reason))),
    }
}

fn build(job: &Job, stages: &Stages<'_>, about: Vec<Notice>, told: Told) -> Result<SafeMessage, HoldReason> {
    let headers = stages.read.headers.clone().ok_or(HoldReason::NoSender)?;
    let text = stages.text.as_ref().ok_or(HoldReason::Internal)?;
    let language = language::choose(job.rules.notice, &headers.subject, &text.safe);
    let mut notices: Vec<_> = stages.authentication.map(Notice::Authenticated).into_iter().collect();
    notices.extend(about);
    let (attachments, files) = told.settle();
    notice::add_files(&mut notices, files);
    notice::add_appeal(&mut notices, job.orders.appeal.as_ref());
    SafeMessage::new(job.id, job.envelope.clone(), headers, text.safe.clone(), notices, language, job.profile.clone())
        .and_then(|message| message.with_attachments(attachments))
        .map_err(|_| HoldReason::Unsafe)
}
