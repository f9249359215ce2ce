//! The checks that an answer has to pass.

use std::ops::Range;

use sekisho_safe_message::{Notice, SafeMessage, Untrusted, frame};

use super::{AnswerError, DELIVER, HOLD, MAGIC, MAX_REPORT, MAX_SHARES, Read, Share};
use crate::{Job, Report, SCHEMA, Verdict};

/// The shares of an answer to `job`; `keep` says what is wanted of the message
/// of each that crosses.
pub(super) fn shares<T>(
    octets: Untrusted<'_>,
    job: &Job,
    keep: impl Fn(SafeMessage) -> T,
) -> Result<Read<T>, AnswerError> {
    let mut cursor = Cursor { octets: octets.read(), at: 0 };
    if cursor.take(MAGIC.len())? != MAGIC {
        return Err(AnswerError::Malformed);
    }
    let count = usize::from(cursor.byte()?);
    if !(1..=MAX_SHARES).contains(&count) {
        return Err(AnswerError::Malformed);
    }
    let mut division = Division::new(job.envelope.to().len(), count);
    let mut room = MAX_REPORT;
    let mut shares = Vec::with_capacity(count);
    for _ in 0..count {
        shares.push(share(&mut cursor, job, &mut division, &mut room, &keep)?);
    }
    if cursor.at != cursor.octets.len() || !division.is_complete() {
        return Err(AnswerError::Malformed);
    }
    Ok(shares)
}

fn share<T>(
    cursor: &mut Cursor<'_>,
    job: &Job,
    division: &mut Division,
    room: &mut usize,
    keep: impl Fn(SafeMessage) -> T,
) -> Result<(Share, Option<T>), AnswerError> {
    let verdict = cursor.byte()?;
    let mut places = Vec::new();
    for _ in 0..cursor.number()? {
        places.push(cursor.number()?);
    }
    let places = division.admit(places)?;
    let job = job.share(&places).ok_or(AnswerError::Malformed)?;
    let report = cursor.block(*room)?;
    *room = room.saturating_sub(report.len());
    let report = decode_report(&cursor.octets[report], &job)?;
    let range = cursor.block(frame::MAX)?;
    let octets = &cursor.octets[range.clone()];
    match (verdict, report.outcome, report.hold_reason) {
        (DELIVER, Verdict::Deliver, None) => {
            let kept = keep(decode_frame(octets, &job)?);
            Ok((Share { job, report, frame: Some(range) }, Some(kept)))
        }
        (HOLD, Verdict::Hold, Some(_)) if octets.is_empty() => Ok((Share { job, report, frame: None }, None)),
        _ => Err(AnswerError::Malformed),
    }
}

/// Which recipients have been named so far.
struct Division {
    taken: Vec<bool>,
    shares: usize,
    /// The first place of the share before.
    last: Option<usize>,
}

impl Division {
    fn new(recipients: usize, shares: usize) -> Self {
        Self { taken: vec![false; recipients], shares, last: None }
    }

    /// The next share's places, if they are ascending, new, and begin behind
    /// the first of the one before: a division has one spelling.
    fn admit(&mut self, places: Vec<usize>) -> Result<Vec<usize>, AnswerError> {
        let places = match (self.shares, places.is_empty()) {
            (1, true) => (0..self.taken.len()).collect(),
            (1, false) => return Err(AnswerError::Malformed),
            _ => places,
        };
        let ordered = places.is_sorted_by(|a, b| a < b);
        let first = places.first().copied().filter(|_| ordered).ok_or(AnswerError::Malformed)?;
        if self.last.is_some_and(|last| first < last) {
            return Err(AnswerError::Malformed);
        }
        self.last = Some(first);
        for place in &places {
            let taken = self.taken.get_mut(*place).ok_or(AnswerError::Foreign)?;
            if std::mem::replace(taken, true) {
                return Err(AnswerError::Malformed);
            }
        }
        Ok(places)
    }

    fn is_complete(&self) -> bool {
        self.taken.iter().all(|taken| *taken)
    }
}

struct Cursor<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], AnswerError> {
        let end = self.at.checked_add(len).ok_or(AnswerError::Short)?;
        let taken = self.octets.get(self.at..end).ok_or(AnswerError::Short)?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, AnswerError> {
        self.take(1).map(|byte| byte[0])
    }

    fn number(&mut self) -> Result<usize, AnswerError> {
        self.take(2).map(|pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])))
    }

    /// Where a block of at most `max` octets lies.
    fn block(&mut self, max: usize) -> Result<Range<usize>, AnswerError> {
        let len = self.take(4)?;
        let len = u32::from_be_bytes([len[0], len[1], len[2], len[3]]) as usize;
        if len > max {
            return Err(AnswerError::TooLong);
        }
        let start = self.at;
        self.take(len)?;
        Ok(start..self.at)
    }
}

fn decode_report(bytes: &[u8], job: &Job) -> Result<Report, AnswerError> {
    let report: Report = serde_json::from_slice(bytes).map_err(|_| AnswerError::Malformed)?;
    if report.schema != SCHEMA || report.input.is_some() || !report.outputs.is_empty() {
        return Err(AnswerError::Malformed);
    }
    let source = &report.source;
    let ours = report.id == job.id
        && report.profile == job.profile
        && source.size == job.size
        && source.envelope_from.as_ref() == job.envelope.from()
        && source.envelope_to == job.envelope.to();
    if ours { Ok(report) } else { Err(AnswerError::Foreign) }
}

fn decode_frame(bytes: &[u8], job: &Job) -> Result<SafeMessage, AnswerError> {
    let message = frame::decode(Untrusted::new(bytes)).map_err(AnswerError::Frame)?;
    let ours = message.id() == job.id && *message.envelope() == job.envelope && *message.profile() == job.profile;
    // Where readers write to is ours to say, not a worker's.
    let told = |notice: &Notice| match notice {
        Notice::Original { address, token } => {
            job.orders.appeal.as_ref().is_some_and(|appeal| appeal.address == *address && appeal.token == *token)
        }
        _ => true,
    };
    if ours && message.notices().iter().all(told) { Ok(message) } else { Err(AnswerError::Foreign) }
}
