//! The doors between our own programs. The worker is assumed compromised, so
//! what it writes is as hostile as a mail.

use sekisho_job::{Answer, encode_deliver, encode_hold};
use sekisho_safe_message::{Sha256, Untrusted, frame};

use super::{Target, Verdict, must, own_job, way};

/// The frame.
pub(super) const FRAME: Target = Target {
    name: "frame",
    about: "what decodes as a frame is the one frame of its message, octet by octet",
    words: &[b"SKF1", b"\0\0\0\0", b"\0\x01\0\0", b"\xff\xff\xff\xff", b"\x80\x00", b"\xe2\x80\xae", b"begin 644 x\n"],
    run: framed,
};

fn framed(input: &[u8]) -> Verdict {
    // With the digest that it has, and with the right one: else nothing
    // behind the digest would ever be looked at.
    let body = &input[..input.len().saturating_sub(32)];
    let signed = [body, Sha256::of(body).as_bytes()].concat();
    Ok(way((one_frame(input)?, one_frame(&signed)?)))
}

fn one_frame(input: &[u8]) -> Verdict {
    match frame::decode(Untrusted::new(input)) {
        Err(err) => Ok(way(err.to_string().split("U+").next())),
        Ok(message) => {
            must(frame::encode(&message).as_deref() == Ok(input), "a message has two frames")?;
            Ok(way((message.notices().len().min(4), message.headers().to.len().min(3))))
        }
    }
}

/// The worker's answer.
pub(super) const ANSWER: Target = Target {
    name: "answer",
    about: "what is believed of a worker's answer speaks of its own job and means the same when written again",
    words: &[
        b"SKA2\x01\x01\x00\x00",
        b"SKA2\x01\x02\x00\x00",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\"hold_reason\":\"loop\"",
        b"\"outcome\":\"deliver\"",
        b"\"input\":\"../x\"",
        b"\"outputs\":[\"x\"]",
        b"null",
        b"{}",
        b"\\u202e",
        b"\"anomalies\":[]",
    ],
    run: answer,
};

fn answer(input: &[u8]) -> Verdict {
    let job = own_job(0);
    let answer = match Answer::decode(Untrusted::new(input), &job) {
        Ok(answer) => answer,
        Err(err) => return Ok(way(err.to_string().split("U+").next())),
    };
    let (seen, again) = match &answer {
        Answer::Deliver(message, bytes, report) => {
            must(message.id() == job.id && *message.envelope() == job.envelope, "another mail's answer is believed")?;
            must(frame::encode(message).as_ref() == Ok(bytes), "the frame is not its message's")?;
            must(report.hold_reason.is_none(), "delivered for a reason to hold")?;
            (way(&report.anomalies), encode_deliver(message, report))
        }
        Answer::Hold(reason, report) => {
            must(report.hold_reason == Some(*reason), "held for two reasons")?;
            (way(reason.code()), encode_hold(report))
        }
    };
    let again = again.map_err(|err| format!("it cannot be written again: {err}"))?;
    must(Answer::decode(Untrusted::new(&again), &job) == Ok(answer), "it means something else when written again")?;
    Ok(seen)
}
