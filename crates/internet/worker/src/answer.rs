//! From the octets on the pipe to the octets of the answer.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::Instant;

use sekisho_job::{FileRules, HoldReason, Job, JobError, Limits, MAX_JOB_HEADER, Orders, Report, Rules, Verdict};
use sekisho_job::{Outgoing, encode_answers};
use sekisho_policy::Policy;
use sekisho_safe_message::{Envelope, MailId, ProfileName, Timestamp, Untrusted};
use sekisho_sanitizer::{Fonts, Outcome, sanitize};

use crate::share::{self, Share};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The pipe broke.
    Io(io::Error),
    /// What came is no job.
    Job,
    /// The mail is shorter or longer than the job says.
    Size,
    /// Not even a report of the failure fits its bound.
    Answer,
}

/// Reads a job and its mail to the end of `input`, sanitizes it, and writes
/// the answer.
pub(crate) fn run(mut input: impl Read, mut output: impl Write, fonts: &Fonts) -> Result<(), RunError> {
    let job = read_job(&mut input)?;
    let mail = read_mail(&mut input, job.size)?;
    let started = Instant::now();
    let mut shares = share::sanitize(Untrusted::new(&mail), &job, fonts);
    let us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    for share in &mut shares {
        share.outcome.report_mut().timings_us = us;
    }
    output.write_all(&encode(shares)?)?;
    Ok(())
}

/// Sanitizes mails of our own making, so that every table that is made when
/// first used is there before the first fork.
pub(crate) fn warm() {
    const MAIL: &[u8] = b"From: =?iso-2022-jp?B?GyRCNFg9ahsoQg==?= <a@b.example>\r\n\
        Date: Tue, 24 Nov 2026 09:05:00 +0900\r\n\
        Content-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/html; charset=shift_jis\r\n\r\n<p>\x8a\xd6\x8f\x8a&nbsp;<a href=x>y</a>\r\n\
        --x\r\nContent-Type: a/b; name*=utf-8''x\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ==\r\n--x--\r\n";
    // Long enough for the decoders that look at many octets at a time; they ask the processor what it can.
    let header = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    let long = format!("{header}{}", format!("{} {}\r\n", "関所".repeat(20), "barrier ".repeat(12)).repeat(20));
    for mail in [MAIL, long.as_bytes()] {
        if let Some(job) = own_job(mail.len() as u64) {
            // Its outcome is of no interest, the tables it fills are.
            let _ = sanitize(Untrusted::new(mail), &job);
        }
    }
}

fn own_job(size: u64) -> Option<Job> {
    Some(Job {
        id: MailId::from_bytes([0; 16]),
        envelope: Envelope::new(None, vec!["a@b.example".parse().ok()?])?,
        received: Timestamp::from_unix_ms_jst(0),
        size,
        limits: Limits::default(),
        profile: ProfileName::parse("own").ok()?,
        rules: Rules::default(),
        policy: Policy::text_only(),
        files: FileRules::default(),
        orders: Orders::default(),
    })
}

fn read_job(input: &mut impl Read) -> Result<Job, RunError> {
    let mut len = [0; 4];
    input.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len) as usize;
    if len > MAX_JOB_HEADER {
        return Err(RunError::Job);
    }
    let mut body = vec![0; len];
    input.read_exact(&mut body)?;
    Ok(Job::decode(&body)?)
}

/// The mail: exactly as long as the job says, then the end.
fn read_mail(input: &mut impl Read, size: u64) -> Result<Vec<u8>, RunError> {
    let capacity = usize::try_from(size).map_err(|_| RunError::Size)?;
    // One octet more, so that the end is seen without the buffer growing.
    let mut mail = Vec::with_capacity(capacity + 1);
    input.take(size + 1).read_to_end(&mut mail)?;
    if mail.len() == capacity { Ok(mail) } else { Err(RunError::Size) }
}

fn encode(mut shares: Vec<Share>) -> Result<Vec<u8>, RunError> {
    let encoded = encode_answers(&outgoing(&shares));
    encoded.or_else(|_| {
        // What passes the border's bounds is held, every share of it.
        for share in &mut shares {
            let report = share.outcome.report_mut();
            let unsafe_result = Report {
                outcome: Verdict::Hold,
                hold_reason: Some(HoldReason::Unsafe),
                parts: Vec::new(),
                ..report.clone()
            };
            share.outcome = Outcome::Hold(HoldReason::Unsafe, Box::new(unsafe_result));
        }
        encode_answers(&outgoing(&shares)).map_err(|_| RunError::Answer)
    })
}

fn outgoing(shares: &[Share]) -> Vec<Outgoing<'_>> {
    shares.iter().map(one).collect()
}

fn one(share: &Share) -> Outgoing<'_> {
    let (report, message) = match &share.outcome {
        Outcome::Deliver(message, report) => (report, Some(&**message)),
        Outcome::Hold(_, report) => (report, None),
    };
    Outgoing { recipients: &share.recipients, report, message }
}

impl From<io::Error> for RunError {
    fn from(err: io::Error) -> Self {
        Self::Io(err)
    }
}

impl From<JobError> for RunError {
    fn from(_: JobError) -> Self {
        Self::Job
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(err) => write!(f, "the pipe broke: {err}"),
            Self::Job => f.write_str("the octets before the mail are no job"),
            Self::Size => f.write_str("the mail is not as long as its job says"),
            Self::Answer => f.write_str("the report passes its bound"),
        }
    }
}

impl std::error::Error for RunError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use sekisho_job::{Answer, Job};
    use sekisho_safe_message::Untrusted;

    use super::{Fonts, RunError, own_job, run, warm};

    const MAIL: &[u8] = b"From: a@b.example\r\nSubject: s\r\n\r\nhello\r\n";

    fn input(job: &Job, mail: &[u8]) -> Vec<u8> {
        [&job.encode().unwrap()[..], mail].concat()
    }

    fn answer(job: &Job, mail: &[u8]) -> Answer {
        let mut output = Vec::new();
        run(&input(job, mail)[..], &mut output, &Fonts::none()).unwrap();
        Answer::decode(Untrusted::new(&output), job).unwrap()
    }

    #[test]
    fn a_mail_is_answered() {
        let job = own_job(MAIL.len() as u64).unwrap();
        match answer(&job, MAIL) {
            Answer::Deliver(message, _, report) => {
                assert_eq!(message.text().as_str(), "hello\n");
                assert_eq!(report.parts.len(), 1);
            }
            Answer::Hold(reason, _) => unreachable!("{reason:?}"),
        }
    }

    #[test]
    fn a_hold_is_answered() {
        let mail = b"Subject: s\r\n\r\nhello\r\n";
        let job = own_job(mail.len() as u64).unwrap();
        assert!(matches!(answer(&job, mail), Answer::Hold(sekisho_job::HoldReason::NoSender, _)));
    }

    #[test]
    fn garbage_gets_no_answer() {
        let job = own_job(MAIL.len() as u64).unwrap();
        let whole = input(&job, MAIL);
        let long = [&whole[..], b"x"].concat();
        let mut output = Vec::new();
        assert!(matches!(run(&whole[..whole.len() - 1], &mut output, &Fonts::none()), Err(RunError::Size)));
        assert!(matches!(run(&long[..], &mut output, &Fonts::none()), Err(RunError::Size)));
        assert!(matches!(run(&[255; 9][..], &mut output, &Fonts::none()), Err(RunError::Job)));
        assert!(matches!(run(&[0, 0, 0, 1, 9][..], &mut output, &Fonts::none()), Err(RunError::Job)));
        assert!(matches!(run(&[0, 0][..], &mut output, &Fonts::none()), Err(RunError::Io(_))));
        assert_eq!(output, b"");
    }

    #[test]
    fn warming_is_harmless() {
        warm();
    }
}
