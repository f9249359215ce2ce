//! One mail on its way into a sink.
//!
//! Owns the bounds of a mail: size, lines, hops, our own trace, octets that
//! are thrown away. A mail past one is dropped at once, by the type: what is
//! refused has no body any more. Never ends a mail; that is the decoder's.

use crate::header::Hops;
use crate::sink::{Body, SinkError};
use crate::{FieldName, Limits, Reply};

/// The mail so far.
pub(crate) enum Intake<B> {
    /// All is well.
    Storing(Storing<B>),
    /// It will be refused at its end; the rest is thrown away.
    Discarding(Discarding),
}

pub(crate) struct Storing<B> {
    body: B,
    hops: Hops,
    size: u64,
}

pub(crate) struct Discarding {
    pub(crate) refusal: Refusal,
    discarded: u64,
}

/// A mail whose last octet came, within all bounds.
pub(crate) struct Complete<B> {
    pub(crate) body: B,
    pub(crate) size: u64,
    pub(crate) received: usize,
}

/// Why a mail is refused at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Over the size limit (RFC 1870 6.3).
    TooBig,
    /// A line over the limit.
    LongLine,
    /// More `Received` fields than the limit, or our own trace field.
    Loop,
    /// The sink failed.
    Sink(SinkError),
}

/// Too much was thrown away.
pub(crate) struct Flood(pub(crate) Refusal);

impl Refusal {
    /// What the peer hears.
    pub fn reply(self) -> Reply {
        match self {
            Self::TooBig => Reply::TOO_BIG,
            Self::LongLine => Reply::DATA_LINE_TOO_LONG,
            Self::Loop => Reply::LOOP,
            Self::Sink(error) => error.reply(),
        }
    }

    /// A stable code for logs and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooBig => "too-big",
            Self::LongLine => "long-line",
            Self::Loop => "loop",
            Self::Sink(SinkError::Full) => "store-full",
            Self::Sink(SinkError::Trouble) => "store-trouble",
        }
    }
}

impl<B: Body> Intake<B> {
    pub(crate) fn new(body: B) -> Self {
        Self::Storing(Storing { body, hops: Hops::new(), size: 0 })
    }

    /// Takes the next octets; `longest` is the longest line up to their end.
    pub(crate) fn take(
        self,
        run: &[u8],
        longest: usize,
        limits: &Limits,
        trace: Option<&FieldName>,
    ) -> Result<Self, Flood> {
        let octets = run.len() as u64;
        match self {
            Self::Storing(mut storing) => match storing.take(run, longest, limits, trace) {
                Ok(()) => Ok(Self::Storing(storing)),
                Err(refusal) => Ok(Self::Discarding(Discarding { refusal, discarded: octets })),
            },
            Self::Discarding(Discarding { refusal, discarded }) => {
                let discarded = discarded.saturating_add(octets);
                if discarded > limits.discard {
                    return Err(Flood(refusal));
                }
                Ok(Self::Discarding(Discarding { refusal, discarded }))
            }
        }
    }

    /// The end of the mail.
    pub(crate) fn end(self) -> Result<Complete<B>, Refusal> {
        match self {
            Self::Storing(Storing { body, hops, size }) => Ok(Complete { body, size, received: hops.received() }),
            Self::Discarding(Discarding { refusal, .. }) => Err(refusal),
        }
    }
}

impl<B: Body> Storing<B> {
    fn take(&mut self, run: &[u8], longest: usize, limits: &Limits, trace: Option<&FieldName>) -> Result<(), Refusal> {
        self.size += run.len() as u64;
        if self.size > limits.message_size {
            return Err(Refusal::TooBig);
        }
        if longest > limits.data_line {
            return Err(Refusal::LongLine);
        }
        self.hops.take(run, trace);
        if self.hops.received() > limits.received || self.hops.traced() {
            return Err(Refusal::Loop);
        }
        self.body.write(run).map_err(Refusal::Sink)
    }
}
