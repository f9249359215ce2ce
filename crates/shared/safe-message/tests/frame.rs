//! The frame's public face: one message, one spelling, and no other accepted.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sekisho_safe_message::frame::{self, FrameError};
use sekisho_safe_message::*;

fn message(text: &str) -> SafeMessage {
    let address: Address = "a@b.example".parse().unwrap();
    let mailbox = Mailbox { name: Some(SafeLine::clean("市民課 佐藤").value), address: address.clone() };
    let headers = SafeHeaders {
        from: mailbox.clone(),
        to: vec![mailbox],
        cc: vec![],
        reply_to: vec![],
        subject: SafeLine::clean("会議の件").value,
        date: Timestamp::new(1_795_478_399, 540).unwrap(),
        message_id: MessageId::parse("x@y").ok(),
        in_reply_to: vec![],
        references: vec![],
        auto_submitted: None,
        list_id: None,
    };
    let removed = RemovedPart {
        name: SafeName::clean("見積.pdf").map(|c| c.value),
        declared: SafeLine::clean("application/pdf").value,
        size: 12,
        sha256: Sha256::of(b"x"),
        reason: RemovalReason::Attachment,
    };
    SafeMessage::new(
        MailId::new(1, [2; 10]),
        Envelope::new(None, vec![address]).unwrap(),
        headers,
        SafeText::clean(text).value,
        vec![Notice::BodyFromHtml, Notice::Removed(removed)],
        Language::Ja,
        ProfileName::parse("text-only").unwrap(),
    )
    .unwrap()
}

fn decode(bytes: &[u8]) -> Result<SafeMessage, FrameError> {
    frame::decode(Untrusted::new(bytes))
}

#[test]
fn round_trip_of_every_chunk_count() {
    for len in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let message = message(&"x".repeat(len));
        let bytes = frame::encode(&message).unwrap();
        assert!(bytes.len() <= frame::MAX);
        assert_eq!(decode(&bytes), Ok(message));
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = frame::encode(&message("本文です。\n二行目。\n")).unwrap();
    for at in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[at / 8] ^= 1 << (at % 8);
        assert!(decode(&bad).is_err(), "bit {at}");
    }
}

#[test]
fn every_cut_and_every_tail_is_noticed() {
    let bytes = frame::encode(&message("本文")).unwrap();
    for end in 0..bytes.len() {
        assert!(decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    let mut long = bytes;
    long.push(0);
    assert_eq!(decode(&long), Err(FrameError::NotCanonical));
}

/// Re-signs a doctored frame, as a compromised worker would.
fn signed(mut body: Vec<u8>) -> Vec<u8> {
    let digest = Sha256::of(&body);
    body.extend_from_slice(digest.as_bytes());
    body
}

#[test]
fn a_signed_lie_is_noticed() {
    let bytes = frame::encode(&message("plain text here")).unwrap();
    let body = bytes[..bytes.len() - 32].to_vec();
    let place = |needle: &[u8]| body.windows(needle.len()).position(|w| w == needle).unwrap();

    let mut control = body.clone();
    control[place(b"plain")] = 0x1b;
    assert_eq!(decode(&signed(control)), Err(FrameError::Text(TextError::Forbidden('\u{1b}'))));

    let mut address = body.clone();
    address[place(b"a@b.example")] = b'\r';
    assert_eq!(decode(&signed(address)), Err(FrameError::Header));

    let mut upper = body.clone();
    let at = place(b"a@b.example");
    upper[at + 2] = b'B';
    assert_eq!(decode(&signed(upper)), Err(FrameError::Header));

    // The same text in two chunks: same meaning, other spelling.
    let end = body.len() - 4;
    let text_at = place(b"plain text here");
    let mut split = body[..text_at - 4].to_vec();
    for part in [&body[text_at..text_at + 5], &body[text_at + 5..end]] {
        split.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
        split.extend_from_slice(part);
    }
    split.extend_from_slice(&[0; 4]);
    assert_eq!(decode(&signed(split)), Err(FrameError::NotCanonical));
}

#[test]
fn lengths_are_bounded_before_they_are_believed() {
    let mut huge = b"SKF2".to_vec();
    huge.extend_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(decode(&huge), Err(FrameError::TooLong));
}
