//! The order that a worker gets before the mail itself.

use std::fmt;

use sekisho_safe_message::{Envelope, MailId, ProfileName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Rules;

/// Longest encoded job: 1,001 addresses of 254 octets, and some more.
pub const MAX_JOB_HEADER: usize = 512 * 1024;

/// One mail to sanitize. The mail's octets follow it on the same pipe, to the
/// end of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The mail's id.
    pub id: MailId,
    /// Its envelope, already accepted by the receiver.
    pub envelope: Envelope,
    /// When it was received, at Japan Standard Time.
    pub received: Timestamp,
    /// How many octets of mail follow.
    pub size: u64,
    /// Bounds of the work.
    pub limits: Limits,
    /// The policy profile in force.
    pub profile: ProfileName,
    /// What the site has decided.
    pub rules: Rules,
}

/// Bounds that are checked before and while a mail is parsed. Past one, the
/// mail is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Nesting of multiparts and nested mails.
    pub depth: u32,
    /// Parts of all kinds, in all.
    pub parts: u32,
    /// Octets of one header block (of the mail, or of a part).
    pub header_bytes: u32,
    /// Fields of one header block.
    pub header_fields: u32,
    /// Octets of one HTML part, decoded.
    pub html_bytes: u32,
    /// Octets of the safe text.
    pub text_bytes: u32,
}

/// Why octets are not a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobError;

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 50,
            parts: 1000,
            header_bytes: 256 * 1024,
            header_fields: 1000,
            html_bytes: 16 << 20,
            text_bytes: 4 << 20,
        }
    }
}

impl Job {
    /// The job as it stands on the pipe: its length (u32, big-endian), then
    /// itself.
    ///
    /// # Errors
    /// [`JobError`] if it passes [`MAX_JOB_HEADER`].
    pub fn encode(&self) -> Result<Vec<u8>, JobError> {
        let body = postcard::to_allocvec(self).map_err(|_| JobError)?;
        let len = u32::try_from(body.len()).ok().filter(|len| *len as usize <= MAX_JOB_HEADER).ok_or(JobError)?;
        Ok([&len.to_be_bytes()[..], &body].concat())
    }

    /// The job in `body`, the octets behind the length.
    ///
    /// # Errors
    /// [`JobError`] if they are no job.
    pub fn decode(body: &[u8]) -> Result<Self, JobError> {
        postcard::from_bytes(body).map_err(|_| JobError)
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the octets are not a job for a worker")
    }
}

impl std::error::Error for JobError {}
