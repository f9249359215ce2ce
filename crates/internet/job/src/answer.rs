//! What a worker says, and how far it is believed.
//!
//! ```text
//! "SKA2"  shares (u8, 1 to 16)
//! of each share:
//!   verdict (1 = deliver, 2 = hold)
//!   recipients (u16, big-endian)  that many places in the job (u16 each);
//!     none where there is one share: it is everybody's
//!   report length (u32)  report (JSON)
//!   frame length (u32; 0 with hold)  frame
//! ```
//!
//! A mail has one share, unless the policy says other things to some of its
//! recipients. Shares divide the job's recipients: each stands in exactly one.

use std::fmt;
use std::ops::Range;

use sekisho_safe_message::frame::FrameError;
use sekisho_safe_message::{SafeMessage, Untrusted};

use crate::{HoldReason, Job, Report};

mod read;
mod write;

pub use write::{Outgoing, encode_answers, encode_deliver, encode_hold};

const MAGIC: &[u8; 4] = b"SKA2";
const DELIVER: u8 = 1;
const HOLD: u8 = 2;

/// Longest report, in octets: 1,000 parts with names of 240. Of a mail with
/// several shares, all reports together.
pub const MAX_REPORT: usize = 2 << 20;

/// Most shares of one mail.
pub const MAX_SHARES: usize = sekisho_policy::MAX_GROUPS;

/// A worker's answer after every check that needs no hostile format.
#[derive(Clone, PartialEq, Eq)]
pub struct Answers {
    octets: Vec<u8>,
    shares: Vec<Share>,
}

/// What becomes of a mail for some of its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The mail as these recipients' own: see [`Job::share`].
    pub job: Job,
    /// What was found and done.
    pub report: Report,
    frame: Option<Range<usize>>,
}

/// The answer about a mail that has one share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The mail crosses: the message, its frame's octets, the report.
    Deliver(Box<SafeMessage>, Vec<u8>, Box<Report>),
    /// The mail waits.
    Hold(HoldReason, Box<Report>),
}

/// Why an answer is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerError {
    /// It ends too early: the worker died while it wrote.
    Short,
    /// A length is over its bound.
    TooLong,
    /// It is not in the agreed form, or says two things.
    Malformed,
    /// A frame in it is none.
    Frame(FrameError),
    /// It speaks of another mail, other recipients or another profile than
    /// the job: the worker is not to be trusted.
    Foreign,
    /// It has several shares, and who asked can have only one.
    Divided,
}

impl Answers {
    /// Reads a worker's answer to `job`. Every frame is decoded once and
    /// dropped again: what is kept is the answer's own octets.
    ///
    /// # Errors
    /// The first reason to distrust it; the mail is then held.
    pub fn decode(octets: Vec<u8>, job: &Job) -> Result<Self, AnswerError> {
        let shares = read::shares(Untrusted::new(&octets), job, |_| ())?;
        let shares = shares.into_iter().map(|(share, _)| share).collect();
        Ok(Self { octets, shares })
    }

    /// The shares, in the order of their first recipients; at least one.
    pub fn shares(&self) -> &[Share] {
        &self.shares
    }

    /// The frame of a share of this answer; none if it waits.
    pub fn frame(&self, share: &Share) -> Option<&[u8]> {
        self.octets.get(share.frame.clone()?)
    }
}

impl Answer {
    /// Reads a worker's answer to `job`.
    ///
    /// # Errors
    /// The first reason to distrust it; the mail is then held.
    pub fn decode(octets: Untrusted<'_>, job: &Job) -> Result<Self, AnswerError> {
        let mut shares = read::shares(octets, job, Some)?;
        let (Some((share, message)), true) = (shares.pop(), shares.is_empty()) else {
            return Err(AnswerError::Divided);
        };
        let frame = share.frame.and_then(|range| octets.read().get(range)).unwrap_or_default().to_vec();
        let report = Box::new(share.report);
        match (message.flatten(), report.hold_reason) {
            (Some(message), None) => Ok(Self::Deliver(Box::new(message), frame, report)),
            (None, Some(reason)) => Ok(Self::Hold(reason, report)),
            (Some(_), Some(_)) | (None, None) => Err(AnswerError::Malformed),
        }
    }
}

/// Without the mail's octets.
impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("octets", &self.octets.len()).field("shares", &self.shares).finish()
    }
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("the worker's answer ends too early"),
            Self::TooLong => f.write_str("the worker's answer is over its bound"),
            Self::Malformed => f.write_str("the worker's answer is not in the agreed form"),
            Self::Frame(err) => write!(f, "the worker's frame is not acceptable: {err}"),
            Self::Foreign => f.write_str("the worker's answer speaks of another mail"),
            Self::Divided => f.write_str("the recipients of the mail are treated differently"),
        }
    }
}

impl std::error::Error for AnswerError {}

/// Frames and reports of shares, with what the caller makes of each message.
type Read<T> = Vec<(Share, Option<T>)>;
