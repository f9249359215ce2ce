//! What the outer program and a worker say to each other: the [`Job`], the
//! [`Answers`] and the [`Report`].
//!
//! Owns: the closed lists of hold reasons, anomalies and actions, and the two
//! encodings on the pipe. A worker is assumed compromised the moment it has
//! read a mail, so decoding an answer checks everything that can be checked
//! without reading hostile formats.
//!
//! Never: MIME, HTML, I/O, processes.
#![forbid(unsafe_code)]

mod answer;
mod codes;
mod job;
mod lines;
mod passwords;
mod report;
mod rules;

pub use answer::{
    Answer, AnswerError, Answers, MAX_REPORT, MAX_SHARES, Outgoing, Share, encode_answers, encode_deliver, encode_hold,
};
pub use codes::{Action, Anomaly, BodySource, Grade, HoldReason};
pub use job::{Appeal, Job, JobError, Limits, MAX_JOB_HEADER, MAX_SECRETS, Orders};
pub use lines::offline_line_ends;
pub use passwords::{candidates, is_likely_password_mail};
pub use report::{Body, Output, Part, PartOutput, PartPath, Report, SCHEMA, Source, Verdict, mime_ambiguity};
pub use rules::{FileRules, LinkForm, LinkRules, NoticeLanguage, Rules};
