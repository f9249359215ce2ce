//! Everything that was found out about a mail and done to it, one JSON object
//! a mail. Strings from the mail stand here as safe lines and names only.

use std::fmt;

use sekisho_policy::Kind;
use sekisho_safe_message::{
    Address, Authentication, MailId, Method, ProfileName, Removal, RemovalReason, SafeLine, SafeName, Sha256,
};
use serde::{Deserialize, Serialize};

use crate::{Action, Anomaly, BodySource, Grade, HoldReason, Job};

/// Name and version of the report's schema.
pub const SCHEMA: &str = "sekisho.report/1";

/// Whether a mail crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It crosses, made safe.
    Deliver,
    /// It waits on the Internet side.
    Hold,
}

/// The report of one mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The mail's id.
    pub id: MailId,
    /// Offline: the input's path below the directory given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input: Option<String>,
    /// Offline: the outputs' paths below `--out`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub outputs: Vec<String>,
    /// Whether it crosses.
    pub outcome: Verdict,
    /// Why it waits, if it does.
    pub hold_reason: Option<HoldReason>,
    /// The profile in force.
    pub profile: ProfileName,
    /// What came in.
    pub source: Source,
    /// How the text was made; `None` when it came not so far.
    pub body: Option<Body>,
    /// Every part of the mail, in order, within bounds.
    pub parts: Vec<Part>,
    /// Oddities, each once, in the order of the manual.
    pub anomalies: Vec<Anomaly>,
    /// The same as one line for other programs, in the manner of
    /// `MIME-Ambiguity-Results` (draft-chen-email-mime-ambiguity-defense):
    /// `none`, or the grades with their codes. See [`mime_ambiguity`].
    #[serde(default)]
    pub mime_ambiguity: String,
    /// What the site's own mail server found out about the sender; none where
    /// no server is believed or it said nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authentication: Option<Authentication>,
    /// What went out, once it was rendered (offline only: the two sides keep
    /// records of their own).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output: Option<Output>,
    /// Microseconds that reading it took.
    pub timings_us: u64,
}

impl Report {
    /// The report of a mail that no worker could report on: what is known
    /// without reading it.
    pub fn unread(job: &Job, reason: HoldReason, sha256: Sha256) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            id: job.id,
            input: None,
            outputs: Vec::new(),
            outcome: Verdict::Hold,
            hold_reason: Some(reason),
            profile: job.profile.clone(),
            source: Source {
                sha256,
                size: job.size,
                envelope_from: job.envelope.from().cloned(),
                envelope_to: job.envelope.to().to_vec(),
                subject: SafeLine::default(),
            },
            body: None,
            parts: Vec::new(),
            anomalies: Vec::new(),
            mime_ambiguity: mime_ambiguity(&[]),
            authentication: None,
            output: None,
            timings_us: 0,
        }
    }
}

/// `held=bare-lf,no-parts; withheld=bad-base64; noted=long-line`: the gravest
/// grade first, `none` when nothing was found. Words of closed lists only.
pub fn mime_ambiguity(anomalies: &[Anomaly]) -> String {
    let grades = Grade::ALL.iter().rev().filter_map(|grade| {
        let codes: Vec<_> = anomalies.iter().filter(|a| a.grade() == *grade).map(|a| a.code()).collect();
        (!codes.is_empty()).then(|| format!("{}={}", grade.code(), codes.join(",")))
    });
    let line = grades.collect::<Vec<_>>().join("; ");
    if line.is_empty() { "none".to_owned() } else { line }
}

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Digest of the raw mail.
    pub sha256: Sha256,
    /// Octets of the raw mail.
    pub size: u64,
    /// The envelope's sender; `None` for `<>`.
    pub envelope_from: Option<Address>,
    /// The envelope's recipients.
    pub envelope_to: Vec<Address>,
    /// The subject as made safe, for lists that people search.
    pub subject: SafeLine,
}

/// How the text was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// The character set that the mail declared.
    pub charset_declared: Option<SafeLine>,
    /// The one that was used.
    pub charset_used: SafeLine,
    /// Characters that could not be read.
    pub replacements: u64,
    /// Web addresses taken out.
    #[serde(default)]
    pub links_removed: u32,
    /// A signature was taken off the text, or off a mail inside.
    #[serde(default)]
    pub unsigned: bool,
    /// From which kind of part.
    pub from: BodySource,
}

/// One part of the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its place: `1`, `1.2`, as IMAP numbers parts (RFC 9051 6.4.5).
    pub path: PartPath,
    /// Its cleaned name.
    pub name: Option<SafeName>,
    /// The type it declares.
    pub type_declared: SafeLine,
    /// Octets, decoded (of a container: encoded).
    pub size: u64,
    /// Digest of the decoded octets; none for containers.
    pub sha256: Option<Sha256>,
    /// What was done.
    pub action: Action,
    /// The code of why, where something was kept out.
    pub reason: Option<RemovalReason>,
    /// What it is, by content; none for text of the mail and containers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind_detected: Option<Kind>,
    /// How it was made anew.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub method: Option<Method>,
    /// The policy's rule that decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<SafeLine>,
    /// What was in it and is not in what was made of it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub removed: Vec<Removal>,
    /// What it became.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output: Option<PartOutput>,
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartOutput {
    /// Its name.
    pub name: SafeName,
    /// Its kind: the ending of its name.
    pub kind: SafeLine,
    /// Octets.
    pub size: u64,
    /// Their digest.
    pub sha256: Sha256,
}

/// What went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Digest of the rendered mail.
    pub sha256: Sha256,
    /// Octets of the rendered mail.
    pub size: u64,
}

/// A part's place: positive numbers joined by dots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartPath(Vec<u32>);

impl PartPath {
    /// The place at the end of these steps down from the root; each counts
    /// from 1. The mail itself is the empty path, written `0`.
    pub fn new(steps: &[u32]) -> Self {
        Self(steps.to_vec())
    }
}

impl TryFrom<String> for PartPath {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let steps = text.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>();
        let path = Self(steps.map_err(|_| "a part's path is numbers joined by dots")?);
        let path = if path.0 == [0] { Self(Vec::new()) } else { path };
        if String::from(path.clone()) == text { Ok(path) } else { Err("a part's path has one spelling") }
    }
}

impl From<PartPath> for String {
    fn from(path: PartPath) -> Self {
        path.to_string()
    }
}

impl fmt::Display for PartPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.0.split_first() else {
            return f.write_str("0");
        };
        write!(f, "{first}")?;
        rest.iter().try_for_each(|step| write!(f, ".{step}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguity_is_one_line() {
        for (anomalies, line) in [
            (&[][..], "none"),
            (&[Anomaly::LongLine], "noted=long-line"),
            (
                &[Anomaly::BareLf, Anomaly::LongLine, Anomaly::NoParts, Anomaly::BadBase64],
                "held=bare-lf,no-parts; withheld=bad-base64; noted=long-line",
            ),
        ] {
            assert_eq!(mime_ambiguity(anomalies), line);
        }
    }
}
