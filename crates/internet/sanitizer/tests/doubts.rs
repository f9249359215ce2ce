//! Mails that wait because they can be read in two ways, once a person has let
//! them go: the gateway's own reading goes out, and everything else that makes
//! a mail wait still does.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{beside_text, job, run_job, run_raw};
use sekisho_job::{Anomaly, Grade, HoldReason, Job, Report, offline_line_ends};
use sekisho_policy::{Look, Policy};
use sekisho_safe_message::{Envelope, Notice, SafeMessage};
use sekisho_sanitizer::Outcome;

const HEAD: &str = "From: a@b.example\nMIME-Version: 1.0\n";

/// A job whose mail a person has let go.
fn order(size: usize) -> Job {
    let mut job = job(size);
    job.orders.doubts = true;
    job
}

fn with_sender(mut job: Job) -> Job {
    let to = job.envelope.to().to_vec();
    job.envelope = Envelope::new(Some("envelope@sender.example".parse().unwrap()), to).unwrap();
    job
}

fn under(mut job: Job, policy: Policy) -> Job {
    job.profile = policy.profile().clone();
    job.policy = policy;
    job
}

fn let_go(mail: impl AsRef<[u8]>) -> Outcome {
    let raw = offline_line_ends(mail.as_ref());
    run_job(&raw, &order(raw.len()))
}

fn released(mail: impl AsRef<[u8]>) -> (SafeMessage, Report) {
    match let_go(mail) {
        Outcome::Deliver(message, report) => (*message, *report),
        Outcome::Hold(reason, report) => unreachable!("held: {reason:?} {:?}", report.anomalies),
    }
}

fn reason(outcome: &Outcome) -> Option<HoldReason> {
    match outcome {
        Outcome::Hold(reason, report) => {
            assert_eq!(report.hold_reason, Some(*reason));
            Some(*reason)
        }
        Outcome::Deliver(_, report) => {
            assert_eq!(report.hold_reason, None);
            None
        }
    }
}

/// A mail for which it waits, of each anomaly of the grade *held*; what is
/// shown of it in the gateway's own reading.
fn disputed() -> Vec<(Anomaly, Vec<u8>, &'static str)> {
    let multi = |rest: &str| format!("{HEAD}Content-Type: multipart/mixed; boundary=b\n\n{rest}").into_bytes();
    let plain = |rest: &str| format!("{HEAD}{rest}").into_bytes();
    vec![
        (Anomaly::BareCr, plain("Subject: x\ry\n\nhello\n"), "hello\n"),
        (Anomaly::BareLf, multi("--b\n\nhello\n--b--\n"), "hello\n"),
        (Anomaly::Nul, plain("Subject: x\0y\n\nhello\n"), "hello\n"),
        (Anomaly::HeaderJunk, plain("junk\n\nhello\n"), "hello\n"),
        (Anomaly::HeaderName, plain("Content-Type : text/html\n\nhello\n"), "hello\n"),
        (
            Anomaly::BadBoundary,
            plain("Content-Type: multipart/mixed; boundary=x; boundary=b\n\n--b\n\nhello\n--b--\n"),
            "",
        ),
        (Anomaly::AmbiguousContainer, plain("Content-Type: text/plain; boundary=b\n\nhello\n"), "hello\n"),
        (Anomaly::NoBoundary, plain("Content-Type: multipart/mixed\n\nhello\n"), ""),
        (
            Anomaly::BoundaryClash,
            multi("--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b--\n"),
            "hello\n",
        ),
        (Anomaly::BoundaryLike, multi("--b\n\nhello\n--bx\nmore\n--b--\n"), "hello\n--bx\nmore\n"),
        (Anomaly::RepeatedEnd, multi("--b\n\nhello\n--b--\n--b\n\nmore\n--b--\n"), "hello\n\nmore\n"),
        (Anomaly::TwoReadings, multi("--b\n\nhello\n --b\n\nmore\n--b--\n"), "hello\n --b\n\nmore\n"),
        (Anomaly::MissingEnd, multi("--b\n\nhello\n"), "hello\n"),
        (Anomaly::NoParts, multi("hello\n--b--\n"), ""),
        (Anomaly::SeveralAuthors, b"From: a@b.example, c@d.example\n\nhello\n".to_vec(), "hello\n"),
        (
            Anomaly::EncodedContainer,
            plain(
                "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nhello\n--b--\n",
            ),
            "hello\n",
        ),
    ]
}

/// With the line ends of SMTP, but for the one that makes the anomaly.
fn with_ends(anomaly: Anomaly, mail: &[u8]) -> Vec<u8> {
    let whole = String::from_utf8(mail.to_vec()).unwrap().replace('\n', "\r\n");
    let broken = if anomaly == Anomaly::BareLf { whole.replacen("--b\r\n", "--b\n", 1) } else { whole };
    broken.into_bytes()
}

#[test]
fn every_grade_held_is_let_go_in_one_reading() {
    let rows = disputed();
    for anomaly in Anomaly::ALL.iter().filter(|anomaly| anomaly.grade() == Grade::Held) {
        assert!(rows.iter().any(|(other, ..)| other == anomaly), "{anomaly:?} has no row");
    }
    for (anomaly, mail, text) in rows {
        let raw = with_ends(anomaly, &mail);
        let Outcome::Hold(why, before) = run_raw(&raw) else { unreachable!("{anomaly:?} crosses unasked") };
        assert!(why.is_doubt() && before.anomalies.contains(&anomaly), "{anomaly:?}: {why:?} {:?}", before.anomalies);
        let Outcome::Deliver(message, report) = run_job(&raw, &order(raw.len())) else {
            unreachable!("{anomaly:?} still waits")
        };
        assert_eq!(message.text().as_str(), text, "{anomaly:?}");
        assert!(report.anomalies.contains(&anomaly), "{anomaly:?}: {:?}", report.anomalies);
        assert!(report.mime_ambiguity.starts_with("accepted="), "{anomaly:?}: {}", report.mime_ambiguity);
        assert!(!report.mime_ambiguity.contains("held="), "{anomaly:?}");
        let told = message.notices().iter().filter(|notice| **notice == Notice::Reviewed).count();
        assert_eq!(told, 1, "{anomaly:?}: {:?}", message.notices());
        assert!(!message.notices().contains(&Notice::Ambiguous));
    }
}

/// An attached archive whose only entry needs a password.
fn locked_zip() -> String {
    let mut local = b"PK\x03\x04\x14\0\x01\0\0\0\0\0\0\0".to_vec();
    let sizes = [&[0u8; 4][..], &13u32.to_le_bytes(), &1u32.to_le_bytes(), b"\x01\0\0\0"].concat();
    local.extend([sizes.as_slice(), b"a", &[7; 13]].concat());
    let mut zip = local.clone();
    zip.extend(b"PK\x01\x02\x14\0\x14\0\x01\0\0\0\0\0\0\0");
    zip.extend([sizes.as_slice(), &[0; 14], b"a"].concat());
    let len = u32::try_from(zip.len() - local.len()).unwrap();
    let start = u32::try_from(local.len()).unwrap();
    zip.extend([&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &len.to_le_bytes(), &start.to_le_bytes(), b"\0\0"].concat());
    beside_text("Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n")
        .replace("U0VDUkVU", &STANDARD.encode(zip))
        .replace("a@b", "a@b.example")
}

fn with_file() -> String {
    beside_text("Content-Type: application/octet-stream; name=a.bin\nContent-Transfer-Encoding: base64\n")
}

/// A mail that waits for `reason`, and its job; none where no mail does, since
/// it is given outside of this function.
fn waiting_for(reason: HoldReason) -> Option<(String, Job)> {
    let multi = |rest: &str| format!("{HEAD}Content-Type: multipart/mixed; boundary=b\n\n{rest}");
    let hold = || Policy::parse("profile = \"hold\"\ndefault = \"hold\"").unwrap();
    let sized = |mail: String, change: &dyn Fn(&mut Job)| {
        let mut job = order(offline_line_ends(mail.as_bytes()).len());
        change(&mut job);
        Some((mail, job))
    };
    let plain = |mail: String| sized(mail, &|_| ());
    match reason {
        HoldReason::TooDeep => {
            let inner = "Content-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n";
            sized(multi(&format!("--b\n{inner}--b--\n")), &|job| job.limits.depth = 1)
        }
        HoldReason::TooManyParts => sized(multi("--b\n\nx\n--b\n\ny\n--b--\n"), &|job| job.limits.parts = 2),
        HoldReason::HeaderTooLarge => sized(format!("{HEAD}\nx\n"), &|job| job.limits.header_fields = 1),
        HoldReason::TextTooLarge => sized(format!("{HEAD}\nhello\n"), &|job| job.limits.text_bytes = 3),
        HoldReason::NoHeader => plain("\nhello\n".to_owned()),
        HoldReason::NoSender => plain("Subject: x\n\nhello\n".to_owned()),
        HoldReason::AmbiguousSender => plain("From: a@b.example\nFrom: c@d.example\n\nhello\n".to_owned()),
        HoldReason::AmbiguousStructure => plain(format!("{HEAD}junk\n\nhello\n")),
        HoldReason::Partial => plain(format!("{HEAD}Content-Type: message/partial; number=1; id=x\n\nhello\n")),
        HoldReason::Loop => plain(format!("{HEAD}X-Sekisho-Id: x\n\nhello\n")),
        HoldReason::EncryptedFile => sized(locked_zip(), &|job| {
            *job = under(job.clone(), Policy::built_in("rebuild-or-hold").unwrap());
        }),
        HoldReason::Rule => sized(with_file(), &|job| *job = under(job.clone(), hold())),
        HoldReason::Unsafe
        | HoldReason::Internal
        | HoldReason::WorkerCrashed
        | HoldReason::WorkerForbidden
        | HoldReason::WorkerTimeout
        | HoldReason::WorkerMemory
        | HoldReason::WorkerOutput
        | HoldReason::WorkerGarbage
        | HoldReason::Refused
        | HoldReason::Damaged => None,
    }
}

#[test]
fn every_reason_is_lifted_or_stays() {
    for known in HoldReason::ALL {
        let Some((mail, job)) = waiting_for(*known) else {
            assert!(!known.is_doubt(), "{known:?} is no doubt about a mail");
            continue;
        };
        let raw = offline_line_ends(mail.as_bytes());
        let mut unasked = job.clone();
        unasked.orders.doubts = false;
        assert_eq!(reason(&run_job(&raw, &unasked)), Some(*known));
        let job = if *known == HoldReason::NoSender { with_sender(job) } else { job };
        let expected = (!known.is_doubt()).then_some(*known);
        assert_eq!(reason(&run_job(&raw, &job)), expected, "{known:?}");
        // A doubt on top of it changes nothing.
        let both = format!("junk\n{mail}");
        if known.is_doubt() || *known == HoldReason::NoHeader {
            continue;
        }
        let raw = offline_line_ends(both.as_bytes());
        let job = Job { size: raw.len() as u64, ..job };
        assert_eq!(reason(&run_job(&raw, &job)), Some(*known), "{known:?} and a doubt");
    }
}

#[test]
fn what_is_no_mail_waits_whoever_lets_it_go() {
    for mail in ["", "\n", "\nhello\n", "hello\n", "hello\n\nworld\n", "\0\0\0\0", " a: b\n\nx\n"] {
        let raw = offline_line_ends(mail.as_bytes());
        assert_eq!(reason(&run_job(&raw, &with_sender(order(raw.len())))), Some(HoldReason::NoHeader), "{mail:?}");
    }
}

#[test]
fn one_author_is_named() {
    for (from, named) in [
        ("From: First <a@b.example>, c@d.example\n", "a@b.example"),
        ("From: a@b.example\nFrom: c@d.example\n", "a@b.example"),
        ("From: group: a@b.example, c@d.example;\n", "a@b.example"),
        ("From: a@b.example, <>, <@>\n", "a@b.example"),
        // Whoever sent it stands in for who cannot be read.
        ("", "envelope@sender.example"),
        ("From:\n", "envelope@sender.example"),
        ("From: nobody\n", "envelope@sender.example"),
        ("From: <>, <@>, x\n", "envelope@sender.example"),
        ("From: group:;\n", "envelope@sender.example"),
    ] {
        let mail = offline_line_ends(format!("{from}Subject: x\n\nhello\n").as_bytes()).into_owned();
        assert!(reason(&run_raw(&mail)).is_some_and(HoldReason::is_doubt), "{from}");
        let Outcome::Deliver(message, _) = run_job(&mail, &with_sender(order(mail.len()))) else {
            unreachable!("{from}: waits")
        };
        assert_eq!(message.headers().from.address.to_string(), named, "{from}");
        assert!(message.notices().contains(&Notice::Reviewed), "{from}");
        // A bounce without an author has nobody.
        let nobody = reason(&run_job(&mail, &order(mail.len())));
        let expected = (named == "envelope@sender.example").then_some(HoldReason::NoSender);
        assert_eq!(nobody, expected, "{from}");
    }
}

/// Parts that are kept out under every reading are read in the gateway's own.
#[test]
fn withheld_parts_are_read_in_one_way() {
    for (header, text) in [
        ("Content-Type: text/plain\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n", "hello\n\nSECRET\n"),
        ("Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: quoted-printable\n", "hello\n\nSECRET\n"),
        ("Content-Transfer-Encoding: quoted-printable\nContent-Transfer-Encoding: base64\n", "hello\n\nU0VDUkVU\n"),
        ("Content-Transfer-Encoding: x-unknown\n", "hello\n\nU0VDUkVU\n"),
    ] {
        let (message, report) = released(beside_text(header));
        assert_eq!(message.text().as_str(), text, "{header}");
        assert!(report.mime_ambiguity.starts_with("withheld="), "{}", report.mime_ambiguity);
        assert!(message.notices().contains(&Notice::Reviewed), "{header}");
    }
    // Alone in its mail, it is what the mail waits for.
    let alone = format!("{HEAD}Content-Type: text/plain\nContent-Type: text/html\n\nhello <b>\n");
    assert_eq!(reason(&run_raw(&offline_line_ends(alone.as_bytes()))), Some(HoldReason::AmbiguousStructure));
    assert_eq!(released(&alone).0.text().as_str(), "hello <b>\n");
}

/// A mail inside holds nothing, and is shown as far as all readers agree.
#[test]
fn a_mail_inside_stays_strict() {
    let inner = "From: c@d.example\nSubject: inner\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nSECRET\n";
    let mail = format!("{HEAD}Content-Type: message/rfc822\n\n{inner}");
    let (message, report) = released(mail);
    assert!(!message.text().as_str().contains("SECRET"), "{}", message.text().as_str());
    assert!(message.text().as_str().contains("inner"));
    assert!(report.anomalies.contains(&Anomaly::BrokenMail));
}

#[test]
fn a_mail_without_doubts_is_the_same_either_way() {
    for mail in [format!("{HEAD}Subject: x\n\nhello\n"), with_file(), locked_zip()] {
        let raw = offline_line_ends(mail.as_bytes());
        assert_eq!(run_raw(&raw), run_job(&raw, &order(raw.len())), "{mail}");
    }
}

#[test]
fn nothing_that_a_look_shows_is_locked() {
    let raw = offline_line_ends(locked_zip().as_bytes()).into_owned();
    for look in [Look::Text, Look::Files, Look::Pictures] {
        let outcome = run_job(&raw, &under(order(raw.len()), Policy::for_preview(look)));
        assert_eq!(reason(&outcome), None, "{look:?}");
        let milder = Policy::built_in("rebuild-or-hold").unwrap().relaxed("zip").unwrap();
        assert_eq!(reason(&run_job(&raw, &under(order(raw.len()), milder))), None);
    }
}

/// The reasons for which a mail may wait that a person has let go; `None` for
/// one that crosses.
fn stays(outcome: &Outcome, job: &Job) -> Option<HoldReason> {
    let why = reason(outcome)?;
    let nobody = why == HoldReason::NoSender && job.envelope.from().is_none();
    assert!(!why.is_doubt() || nobody, "{why:?}");
    Some(why)
}

/// Marsaglia's xorshift: the same mails in every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap()
    }
}

#[test]
fn any_octets_cross_or_wait() {
    let mut chance = Chance(0x5eed);
    let seeds: Vec<Vec<u8>> = disputed()
        .into_iter()
        .map(|(anomaly, mail, _)| with_ends(anomaly, &mail))
        .chain([locked_zip().into()])
        .collect();
    for round in 0..4000 {
        let mut raw = seeds[round % seeds.len()].clone();
        for _ in 0..1 + chance.next(8) {
            let at = chance.next(raw.len());
            match chance.next(5) {
                0 => raw.truncate(at),
                1 => raw.insert(at, b"\r\n-\0\":; <>=ab"[chance.next(13)]),
                2 => raw.extend_from_within(at..),
                3 if !raw.is_empty() => raw[at] = chance.next(256).to_le_bytes()[0],
                _ => {
                    let other = &seeds[chance.next(seeds.len())];
                    let from = chance.next(other.len());
                    raw.splice(at..at, other[from..].iter().copied());
                }
            }
            raw.truncate(4096);
        }
        let job = under(order(raw.len()), Policy::built_in("rebuild-or-hold").unwrap());
        stays(&run_job(&raw, &job), &job);
        let job = with_sender(job);
        stays(&run_job(&raw, &job), &job);
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Every mail of the shared corpus that waits for a doubt; nothing is tested
/// where there is no corpus.
#[test]
fn mails_of_the_corpus_are_let_go() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/corpus");
    if !corpus.is_dir() {
        return;
    }
    let (mut paths, mut crossed, mut waits) = (Vec::new(), 0u32, 0u32);
    files(&corpus, &mut paths);
    for path in paths {
        let raw = offline_line_ends(&fs::read(&path).unwrap()).into_owned();
        if raw.len() > 1 << 20 || !reason(&run_raw(&raw)).is_some_and(HoldReason::is_doubt) {
            continue;
        }
        let job = with_sender(order(raw.len()));
        match stays(&run_job(&raw, &job), &job) {
            None => crossed += 1,
            Some(_) => waits += 1,
        }
    }
    assert!(crossed > 20 * waits, "{crossed} cross, {waits} wait");
}
