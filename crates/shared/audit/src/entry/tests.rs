//! Entries as lines, there and back.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sekisho_safe_message::ProfileName;

use super::*;
use crate::{Signer, csv};

fn mail(parts: usize) -> Mail {
    let id = MailId::new(1, [2; 10]);
    let part = Part {
        path: Code::new("1"),
        action: Code::new("rebuild"),
        rule: Some(Code::new("office")),
        reason: None,
        kind: Some(Code::new("pdf")),
        sha256: Some(Sha256::of(b"in")),
        output: Some(Sha256::of(b"out")),
        removed: vec![Code::new("javascript"); 40],
    };
    Mail {
        at_ms: 1_795_478_399_000,
        id,
        source: Digest { sha256: Sha256::of(b"mail"), size: 4 },
        profile: ProfileName::parse("rebuild-or-hold").unwrap(),
        outcome: Outcome::Deliver,
        hold_reason: None,
        filters: ["receive", "seal", "read", "compare", "text", "files", "frame"].map(Code::new).to_vec(),
        worker: Code::new("answered"),
        anomalies: Vec::new(),
        shares: vec![Share {
            id,
            recipients: 1,
            outcome: Outcome::Deliver,
            hold_reason: None,
            parts: vec![part; parts],
            frame: Some(Sha256::of(b"frame")),
            answer: Some(Code::new("taken")),
        }],
        parts_left_out: 0,
    }
}

fn all() -> Vec<Entry> {
    let id = MailId::new(1, [2; 10]);
    let signer = Signer::from_seed(&[1; 32], Chain::Inner).unwrap();
    let line = |text: &str| SafeLine::parse(text.to_owned()).unwrap();
    vec![
        Entry::Mail(Box::new(mail(0))),
        Entry::SafeMail(Box::new(SafeMail {
            at_ms: 2,
            id: Some(id),
            frame: Some(Digest { sha256: Sha256::of(b"frame"), size: 5 }),
            verdict: Code::new(SafeMail::VERIFIED),
            output: Some(Digest { sha256: Sha256::of(b"safe"), size: 4 }),
        })),
        Entry::Relay(Box::new(Relay {
            at_ms: 3,
            id,
            result: Code::new("deferred"),
            attempts: 1,
            delivered: 1,
            waiting: 1,
            refused: 0,
            expired: 0,
            replies: vec![Tally { code: Code::new("451 4.7.1"), recipients: 1 }],
        })),
        Entry::Act(Box::new(Act {
            at_ms: 4,
            who: line("花子"),
            uid: Some(1000),
            login: Some(1001),
            what: Code::new("retry"),
            why: line("電話で確認"),
            id: Some(id),
            result: Code::new("done"),
            details: BTreeMap::new(),
        })),
        Entry::Start(Box::new(Start {
            at_ms: 5,
            chain: Chain::Inner,
            program: Code::new("sekisho-inner"),
            version: Code::new("0.1.0"),
            configuration: Sha256::of(b"settings"),
            key: signer.public_key(),
        })),
        signer.checkpoint(6, 1, &[1; 32]),
        signer.pruned(7, 1, &[1; 32]),
    ]
}

#[test]
fn every_entry_reads_back_and_tells_kind_and_time_first() {
    for entry in all() {
        let line = entry.encode();
        assert!(!line.contains(&b'\n'));
        assert_eq!(Entry::decode(&line).as_ref(), Ok(&entry));
        assert_eq!(Entry::decode(&line).unwrap().encode(), line);
        assert_eq!(head(&line), Some((entry.kind(), entry.at_ms())));
    }
}

#[test]
fn one_spelling() {
    let relay = String::from_utf8(all()[2].encode()).unwrap();
    assert_eq!(
        relay,
        format!(
            "{{\"kind\":\"relay\",\"at_ms\":3,\"id\":\"{}\",\"result\":\"deferred\",\"attempts\":1,\"delivered\":1,\
             \"waiting\":1,\"refused\":0,\"expired\":0,\"replies\":[{{\"code\":\"451 4.7.1\",\"recipients\":1}}]}}",
            MailId::new(1, [2; 10])
        )
    );
}

#[test]
fn an_entry_is_bounded() {
    let long = Entry::Mail(Box::new(mail(20_000)));
    let line = long.encode();
    assert!(line.len() <= MAX_ENTRY, "{}", line.len());
    // As JSON within JSON it fits a line of the admin socket.
    assert!(serde_json::to_string(std::str::from_utf8(&line).unwrap()).unwrap().len() < 4 << 20);
    let Entry::Mail(read) = Entry::decode(&line).unwrap() else { panic!() };
    assert_eq!((read.shares[0].parts.len(), read.parts_left_out), (MAX_PARTS, 19_000));
    assert_eq!(read.shares[0].parts[0].removed.len(), MAX_CODES);
}

#[test]
fn hostile_lines_are_no_entries() {
    let good = all();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for entry in &good {
        let line = entry.encode();
        for cut in 0..line.len() {
            assert_eq!(Entry::decode(&line[..cut]), Err(Malformed));
            let _ = head(&line[..cut]);
        }
        for _ in 0..2_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let mut bad = line.clone();
            let at = usize::try_from(state % bad.len() as u64).unwrap();
            bad[at] ^= u8::try_from(state >> 32 & 0xff).unwrap() | 1;
            let _ = (Entry::decode(&bad), head(&bad), csv::row("outer", 1, &bad, &[0; 32]));
        }
    }
    for bad in [
        &b""[..],
        b"{}",
        b"{\"kind\":\"mail\",\"at_ms\":",
        b"{\"kind\":\"mail\",\"at_ms\":}",
        b"{\"kind\":\"mail\",\"at_ms\":99999999999999999999999}",
        b"{\"kind\":\"mailx\",\"at_ms\":1}",
    ] {
        assert_eq!(head(bad), None);
    }
}
