//! What a worker says, and how far it is believed.
//!
//! ```text
//! "SKA1"  verdict (1 = deliver, 2 = hold)
//! report length (u32, big-endian)  report (JSON)
//! frame length (u32, big-endian; 0 with hold)  frame
//! ```

use std::fmt;

use sekisho_safe_message::frame::{self, FrameError};
use sekisho_safe_message::{SafeMessage, Untrusted};

use crate::{HoldReason, Job, Report, SCHEMA, Verdict};

const MAGIC: &[u8; 4] = b"SKA1";
const DELIVER: u8 = 1;
const HOLD: u8 = 2;

/// Longest report, in octets: 1,000 parts with names of 240.
pub const MAX_REPORT: usize = 2 << 20;

/// Longest answer, in octets.
pub const MAX_ANSWER: usize = 5 + 4 + MAX_REPORT + 4 + frame::MAX;

/// A worker's answer after every check that needs no hostile format.
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
    /// The frame in it is none.
    Frame(FrameError),
    /// It speaks of another mail, other recipients or another profile than
    /// the job: the worker is not to be trusted.
    Foreign,
}

/// The answer that delivers `message`.
///
/// # Errors
/// [`FrameError::TooLong`] if the message or report passes a bound.
pub fn encode_deliver(message: &SafeMessage, report: &Report) -> Result<Vec<u8>, FrameError> {
    encode(DELIVER, report, &frame::encode(message)?)
}

/// The answer that holds the mail.
///
/// # Errors
/// [`FrameError::TooLong`] if the report passes its bound.
pub fn encode_hold(report: &Report) -> Result<Vec<u8>, FrameError> {
    encode(HOLD, report, &[])
}

fn encode(verdict: u8, report: &Report, frame: &[u8]) -> Result<Vec<u8>, FrameError> {
    let report = serde_json::to_vec(report).map_err(|_| FrameError::Header)?;
    if report.len() > MAX_REPORT {
        return Err(FrameError::TooLong);
    }
    let mut out = Vec::with_capacity(16 + report.len() + frame.len());
    out.extend_from_slice(MAGIC);
    out.push(verdict);
    for block in [&report[..], frame] {
        let len = u32::try_from(block.len()).map_err(|_| FrameError::TooLong)?;
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(block);
    }
    Ok(out)
}

impl Answer {
    /// Reads a worker's answer to `job`.
    ///
    /// # Errors
    /// The first reason to distrust it; the mail is then held.
    pub fn decode(bytes: Untrusted<'_>, job: &Job) -> Result<Self, AnswerError> {
        let rest = bytes.read();
        let (magic, rest) = rest.split_first_chunk::<4>().ok_or(AnswerError::Short)?;
        if magic != MAGIC {
            return Err(AnswerError::Malformed);
        }
        let (verdict, rest) = rest.split_first().ok_or(AnswerError::Short)?;
        let (report, rest) = take_block(rest, MAX_REPORT)?;
        let (frame, rest) = take_block(rest, frame::MAX)?;
        if !rest.is_empty() {
            return Err(AnswerError::Malformed);
        }
        let report = decode_report(report, job)?;
        match (*verdict, report.outcome, report.hold_reason) {
            (DELIVER, Verdict::Deliver, None) => {
                let message = decode_frame(frame, job)?;
                Ok(Self::Deliver(Box::new(message), frame.to_vec(), Box::new(report)))
            }
            (HOLD, Verdict::Hold, Some(reason)) if frame.is_empty() => Ok(Self::Hold(reason, Box::new(report))),
            _ => Err(AnswerError::Malformed),
        }
    }
}

fn take_block(bytes: &[u8], max: usize) -> Result<(&[u8], &[u8]), AnswerError> {
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or(AnswerError::Short)?;
    let len = u32::from_be_bytes(*len) as usize;
    if len > max {
        return Err(AnswerError::TooLong);
    }
    rest.split_at_checked(len).ok_or(AnswerError::Short)
}

fn decode_report(bytes: &[u8], job: &Job) -> Result<Report, AnswerError> {
    let report: Report = serde_json::from_slice(bytes).map_err(|_| AnswerError::Malformed)?;
    let ours = report.id == job.id && report.profile == job.profile && report.source.size == job.size;
    if report.schema != SCHEMA || report.input.is_some() || !report.outputs.is_empty() {
        return Err(AnswerError::Malformed);
    }
    if ours { Ok(report) } else { Err(AnswerError::Foreign) }
}

fn decode_frame(bytes: &[u8], job: &Job) -> Result<SafeMessage, AnswerError> {
    let message = frame::decode(Untrusted::new(bytes)).map_err(AnswerError::Frame)?;
    let ours = message.id() == job.id && *message.envelope() == job.envelope && *message.profile() == job.profile;
    if ours { Ok(message) } else { Err(AnswerError::Foreign) }
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("the worker's answer ends too early"),
            Self::TooLong => f.write_str("the worker's answer is over its bound"),
            Self::Malformed => f.write_str("the worker's answer is not in the agreed form"),
            Self::Frame(err) => write!(f, "the worker's frame is not acceptable: {err}"),
            Self::Foreign => f.write_str("the worker's answer speaks of another mail"),
        }
    }
}

impl std::error::Error for AnswerError {}
