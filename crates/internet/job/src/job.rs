//! The order that a worker gets before the mail itself.

use std::fmt;

use sekisho_policy::Policy;
use sekisho_safe_message::{Address, Envelope, MailId, ProfileName, SafeLine, Secret, Sha256, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{FileRules, Rules};

/// Longest encoded job: 1,001 addresses of 254 octets, a policy of 128 KiB,
/// and some more.
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
    /// What the site has decided about text.
    pub rules: Rules,
    /// What becomes of files; its profile is the one above.
    pub policy: Policy,
    /// How files are made anew.
    pub files: FileRules,
    /// What goes for this mail alone.
    pub orders: Orders,
}

/// What goes for one mail alone: a reviewer's orders, passwords, and how its
/// reader may ask for the original.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Go on where two readings of the mail would hold it: a person has looked
    /// at it and takes the gateway's own. Everything is sanitized all the same.
    pub doubts: bool,
    /// Passwords to try on encrypted files, at most [`MAX_SECRETS`].
    pub secrets: Vec<Secret>,
    /// Its readers have a mail of this Message-ID already: this one gets an id
    /// of its own and refers to the other.
    pub again: bool,
    /// How the reader may ask for the original; told in the notice.
    pub appeal: Option<Appeal>,
    /// The mail's digest where it is known already, so that nobody computes it
    /// again.
    pub digest: Option<Sha256>,
}

/// Passwords that are tried on one mail's files.
pub const MAX_SECRETS: usize = 32;

/// Where to ask for an original, and the token that proves which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeal {
    /// Where to.
    pub address: Address,
    /// What the request has to quote.
    pub token: SafeLine,
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

    /// The mail as a mail of its own for some of its recipients, by their
    /// places in the envelope; `None` if these are none, or not ascending.
    ///
    /// All recipients: the job itself. Fewer: another id, since the LGWAN side
    /// takes each id once. It follows from this one's id and the recipients
    /// and nothing else, so that a mail that is handed over again is
    /// recognized, and one that is divided anew, after a change of the policy,
    /// is never taken for one that went to others.
    pub fn share(&self, recipients: &[usize]) -> Option<Self> {
        let all = self.envelope.to();
        if recipients.is_empty() || !recipients.is_sorted_by(|a, b| a < b) {
            return None;
        }
        if recipients.len() == all.len() && recipients.last() < Some(&all.len()) {
            return Some(self.clone());
        }
        let chosen = recipients.iter().map(|place| all.get(*place).cloned()).collect::<Option<Vec<_>>>()?;
        let id = split(self.id, &chosen);
        Some(Self { id, envelope: Envelope::new(self.envelope.from().cloned(), chosen)?, ..self.clone() })
    }

    /// The job in `body`, the octets behind the length.
    ///
    /// # Errors
    /// [`JobError`] if they are no job.
    pub fn decode(body: &[u8]) -> Result<Self, JobError> {
        postcard::from_bytes(body).map_err(|_| JobError)
    }
}

/// The id of a mail's share for these recipients: the time of the mail's own,
/// and 80 bits of a digest in place of its chance.
fn split(id: MailId, recipients: &[Address]) -> MailId {
    let mut text = b"sekisho share\0".to_vec();
    text.extend_from_slice(&id.to_bytes());
    for recipient in recipients {
        text.extend_from_slice(recipient.to_string().as_bytes());
        // No address has one.
        text.push(0);
    }
    let mut chance = [0; 10];
    chance.copy_from_slice(&Sha256::of(&text).as_bytes()[..10]);
    MailId::new(id.unix_ms(), chance)
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the octets are not a job for a worker")
    }
}

impl std::error::Error for JobError {}
