//! A worker's answer on the pipe.

use sekisho_safe_message::SafeMessage;
use sekisho_safe_message::frame::{self, FrameError};

use super::{DELIVER, HOLD, MAGIC, MAX_REPORT, MAX_SHARES};
use crate::Report;

/// One share, as a worker tells it.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// Places of its recipients in the job, ascending; of no account where it
    /// is the only one.
    pub recipients: &'a [usize],
    /// What was found and done, with the ids of [`crate::Job::share`].
    pub report: &'a Report,
    /// What crosses; none if it waits.
    pub message: Option<&'a SafeMessage>,
}

/// The answer that delivers `message` to all.
///
/// # Errors
/// [`FrameError::TooLong`] if the message or report passes a bound.
pub fn encode_deliver(message: &SafeMessage, report: &Report) -> Result<Vec<u8>, FrameError> {
    encode_answers(&[Outgoing { recipients: &[], report, message: Some(message) }])
}

/// The answer that holds the mail.
///
/// # Errors
/// [`FrameError::TooLong`] if the report passes its bound.
pub fn encode_hold(report: &Report) -> Result<Vec<u8>, FrameError> {
    encode_answers(&[Outgoing { recipients: &[], report, message: None }])
}

/// The answer that says several things about one mail.
///
/// # Errors
/// [`FrameError::TooLong`] if there are more shares than [`MAX_SHARES`], or a
/// message or the reports together pass a bound.
pub fn encode_answers(shares: &[Outgoing<'_>]) -> Result<Vec<u8>, FrameError> {
    let count = u8::try_from(shares.len()).ok().filter(|count| (1..=MAX_SHARES).contains(&usize::from(*count)));
    let mut out = MAGIC.to_vec();
    out.push(count.ok_or(FrameError::TooLong)?);
    let mut room = MAX_REPORT;
    for share in shares {
        let report = serde_json::to_vec(share.report).map_err(|_| FrameError::Header)?;
        room = room.checked_sub(report.len()).ok_or(FrameError::TooLong)?;
        out.push(if share.message.is_some() { DELIVER } else { HOLD });
        // One share is everybody's, and says so one way.
        let places = if shares.len() == 1 { &[] } else { share.recipients };
        for number in [places.len()].iter().chain(places) {
            out.extend_from_slice(&u16::try_from(*number).map_err(|_| FrameError::TooLong)?.to_be_bytes());
        }
        block(&mut out, &report)?;
        match share.message {
            Some(message) => block(&mut out, &frame::encode(message)?)?,
            None => block(&mut out, &[])?,
        }
    }
    Ok(out)
}

fn block(out: &mut Vec<u8>, octets: &[u8]) -> Result<(), FrameError> {
    let len = u32::try_from(octets.len()).map_err(|_| FrameError::TooLong)?;
    out.reserve_exact(4 + octets.len());
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(octets);
    Ok(())
}
