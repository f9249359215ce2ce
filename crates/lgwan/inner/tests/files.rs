//! Mails with files: rendered, read again by other code and another process,
//! stored, read back; and verifiers that crash, hang or lie.
//!
//! The test executable plays the verifier itself: called by a name such as
//! `verifier-panic` (a symbolic link to it), it is that one.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may panic, and this one has no harness")]

mod support;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use sekisho_inner::accept::{Acceptor, TakeError};
use sekisho_inner::checker::{Checker, Death, NotProven, Unavailable};
use sekisho_inner::render::{Charset, render_in};
use sekisho_inner::{Clock, Spool};
use sekisho_safe_message::*;
use sekisho_sandbox::{Confinement, Ending, WorkerMemory, serve};
use sekisho_verify::{Fault, Reading, read, read_with};
use support::{LONG, message};

/// As the shipped verifier has it.
#[global_allocator]
static MEMORY: WorkerMemory = WorkerMemory;

fn main() -> ExitCode {
    let called = std::env::args_os().next().map(PathBuf::from).unwrap();
    let name = called.file_name().unwrap().to_string_lossy().into_owned();
    match name.strip_prefix("verifier-") {
        Some(deed) => serve(Confinement::default(), || (), |(), input, output| play(deed, input, output)),
        None => test(),
    }
}

/// What a verifier of this name does with its mail.
fn play(deed: &str, mut input: impl Read, mut output: impl Write) {
    let mut first = [0; 64];
    match deed {
        "honest" => sekisho_verifier::answer::run(input, output).unwrap(),
        "panic" => panic!("as asked"),
        "hang" => {
            let _ = input.read_to_end(&mut Vec::new());
        }
        "spin" => loop {
            std::hint::black_box(&mut first);
        },
        "silent" => {}
        "open" => drop(std::fs::File::open("/etc/passwd")),
        "memory" => drop(std::hint::black_box(vec![1u8; 2 << 30])),
        "garbage" => {
            let _ = input.read(&mut first);
            output.write_all(&[7; 18]).unwrap();
            let _ = input.read_to_end(&mut Vec::new());
        }
        // Says yes, and is not well.
        "yes-and-panic" => {
            let _ = input.read(&mut first);
            output.write_all(&[0; 18]).unwrap();
            let _ = input.read_to_end(&mut Vec::new());
            panic!("as asked")
        }
        other => panic!("{other}"),
    }
}

/// A test's name, and what it does in a folder of its own.
type Test = (&'static str, fn(&Path));

fn test() -> ExitCode {
    let dir = tempfile::tempdir().unwrap();
    let tests: [Test; 7] = [
        ("every_name_and_charset_is_read_again", every_name_and_charset),
        ("another_octet_is_another_mail_or_none", another_octet),
        ("without_a_reader_there_is_no_proof", no_reader),
        ("flawed_files_are_refused", flawed),
        ("a_verifier_that_fails_proves_nothing", failing),
        ("nobody_to_ask_is_no_refusal", nobody),
        ("a_stored_mail_is_read_by_it_again", stored),
    ];
    for (name, test) in tests {
        test(dir.path());
        println!("test {name} ... ok");
    }
    println!("\ntest result: ok. {} passed", tests.len());
    ExitCode::SUCCESS
}

fn checker(dir: &Path, deed: &str) -> Checker {
    let program = dir.join(format!("verifier-{deed}"));
    if !program.exists() {
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &program).unwrap();
    }
    Checker::at(program, Confinement::default(), Duration::from_secs(2))
}

/// One grey pixel.
fn picture() -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55".to_vec();
    out.extend(b"\0\0\0\x0dIDAT\x78\x01\x01\x02\0\xfd\xff\0\x80\0\x82\0\x81");
    out.extend(crc(b"IDAT\x78\x01\x01\x02\0\xfd\xff\0\x80\0\x82\0\x81").to_be_bytes());
    out.extend(b"\0\0\0\0IEND\xae\x42\x60\x82");
    out
}

fn crc(octets: &[u8]) -> u32 {
    let mut crc = !0u32;
    for octet in octets {
        crc ^= u32::from(*octet);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    !crc
}

fn png(octets: Vec<u8>) -> Content {
    Content::Png(Written::new(octets).unwrap())
}

fn text(text: &str) -> Content {
    Content::Text(SafeText::parse(text.to_owned()).unwrap())
}

fn with(seed: u64, body: &str, files: Vec<(&str, Content)>) -> SafeMessage {
    let files = files.into_iter().map(|(stem, content)| SafeAttachment::new(stem, content)).collect();
    message(seed, &["a@city.example"], body).with_attachments(files).unwrap()
}

/// In this process, for tests of the grammar.
fn read_here(mail: &[u8]) -> Result<Reading, sekisho_verify::Violation> {
    read_with(Untrusted::new(mail), &mut |kind, file| sekisho_verifier::check(kind, file))
}

fn every_name_and_charset(dir: &Path) {
    let checker = checker(dir, "honest");
    let table = SafeTable::clean([["品名", "=1+1"], ["a,b", "-12"]]).unwrap().0;
    let long = "長い名前".repeat(30);
    for body in ["本文", "plain text\n", "", "--=_looks like one\n"] {
        let message = with(
            1,
            body,
            vec![
                ("見積書", png(picture())),
                ("report 1", text("a\nb")),
                (&long, text("")),
                ("an ascii name that is longer than sixty octets, which is too much for a line", text("x\n")),
                ("😀 絵文字", png(picture())),
                ("表", Content::Table(table.clone())),
            ],
        );
        for charset in [Charset::Utf8, Charset::Iso2022Jp] {
            let mail = render_in(&message, charset).into_bytes();
            let reading = checker.read(Untrusted::new(&mail)).unwrap();
            assert_eq!(reading, read_here(&mail).unwrap());
            let want: Vec<_> = message
                .attachments()
                .iter()
                .map(|one| {
                    let file = one.content().write();
                    (one.name().clone(), one.kind(), file.len() as u64, Sha256::of(&file))
                })
                .collect();
            let got: Vec<_> =
                reading.attachments.iter().map(|one| (one.name.clone(), one.kind, one.size, one.sha256)).collect();
            assert_eq!(got, want);
            assert_eq!(reading.text.as_str(), body.strip_suffix('\n').unwrap_or(body));
            assert!(mail.split(|octet| *octet == b'\n').all(|line| line.len() <= 1000));
            checker.verify(mail, message.envelope().clone()).unwrap();
        }
    }
}

/// Flips, cuts and doublings: what is still a mail says something else.
fn another_octet(_: &Path) {
    for (body, charset) in [("本文 a", Charset::Utf8), ("plain\n", Charset::Utf8), ("会議\n", Charset::Iso2022Jp)] {
        let message = with(3, body, vec![("見積", png(picture())), ("b", text("x"))]);
        let mail = render_in(&message, charset).into_bytes();
        let sound = read_here(&mail).unwrap();
        let differs = |changed: &[u8], at: usize| {
            if let Ok(reading) = read_here(changed) {
                assert_ne!(
                    reading,
                    sound,
                    "octet {at}: {:?}",
                    String::from_utf8_lossy(&changed[at.saturating_sub(40)..(at + 40).min(changed.len())])
                );
            }
        };
        for at in 0..mail.len() {
            assert!(read_here(&mail[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut changed = mail.clone();
                changed[at] ^= 1 << bit;
                differs(&changed, at);
            }
            differs(&[&mail[..at], &mail[at..=at], &mail[at..]].concat(), at);
        }
    }
}

fn no_reader(_: &Path) {
    let mail = render_in(&with(1, "x", vec![("a", png(picture()))]), Charset::Utf8).into_bytes();
    let violation = read(Untrusted::new(&mail)).unwrap_err();
    assert_eq!(violation.flaw.unwrap().fault, Fault::Unread);
    let mail = render_in(&with(1, "x", vec![("a", text("y"))]), Charset::Utf8).into_bytes();
    assert!(read(Untrusted::new(&mail)).is_ok());
}

fn flawed(dir: &Path) {
    let checker = checker(dir, "honest");
    let mut octets = picture();
    octets.extend(b"PK");
    let message = with(1, "x", vec![("a", png(picture())), ("b", png(octets))]);
    let mail = render_in(&message, Charset::Utf8).into_bytes();
    match checker.verify(mail, message.envelope().clone()) {
        Err(NotProven::Violation(violation)) => assert_eq!(violation.flaw.unwrap().fault, Fault::Trailing),
        other => panic!("{other:?}"),
    }
}

fn failing(dir: &Path) {
    let message = with(1, "x", vec![("a", png(picture()))]);
    let mail = render_in(&message, Charset::Utf8).into_bytes();
    for (deed, want) in [
        ("panic", Death::Ended(Ending::Panicked)),
        ("hang", Death::Late),
        ("silent", Death::Ended(Ending::Done)),
        ("open", Death::Ended(Ending::Forbidden)),
        ("memory", Death::Ended(Ending::OutOfMemory)),
        ("garbage", Death::Garbage),
        ("yes-and-panic", Death::Ended(Ending::Panicked)),
    ] {
        let checker = checker(dir, deed);
        for _ in 0..2 {
            match checker.verify(mail.clone(), message.envelope().clone()) {
                Err(NotProven::Died(death)) => assert_eq!(death, want, "{deed}"),
                other => panic!("{deed}: {other:?}"),
            }
        }
    }
    let spun = checker(dir, "spin").verify(mail, message.envelope().clone());
    assert!(
        matches!(spun, Err(NotProven::Died(Death::Late | Death::Ended(Ending::OutOfTime | Ending::Killed)))),
        "{spun:?}"
    );
}

fn nobody(dir: &Path) {
    let checker = Checker::at(dir.join("nowhere"), Confinement::default(), LONG);
    let message = with(1, "x", vec![("a", png(picture()))]);
    let mail = render_in(&message, Charset::Utf8).into_bytes();
    for _ in 0..3 {
        let proven = checker.verify(mail.clone(), message.envelope().clone());
        assert!(matches!(proven, Err(NotProven::Unavailable(Unavailable::Spawn(_)))), "{proven:?}");
    }
    // A mail that needs nobody is not held up.
    let plain = with(2, "x", vec![("a", text("y"))]);
    let mail = render_in(&plain, Charset::Utf8).into_bytes();
    checker.verify(mail, plain.envelope().clone()).unwrap();
}

fn stored(dir: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let spool = Spool::open(&dir.join("spool"), 0, LONG).unwrap().0.with_checker(checker(dir, "honest"));
        let take = |spool: &Spool, message: &SafeMessage| {
            let acceptor = Acceptor::new(spool.clone(), Clock::system(), frame::MAX, Charset::Utf8);
            let frame = frame::encode(message).unwrap();
            async move { acceptor.take(frame).await }
        };
        let short = with(1, "x", vec![("a", png(picture()))]);
        let long = with(2, &"x".repeat(100_000), vec![("a", png(picture()))]);
        for message in [&short, &long] {
            take(&spool, message).await.unwrap();
        }
        let mut bad = picture();
        bad.pop();
        let flawed = take(&spool, &with(3, "x", vec![("a", png(bad))])).await;
        assert!(matches!(flawed, Err(TakeError::Violation(..))), "{flawed:?}");
        let died =
            take(&spool.clone().with_checker(checker(dir, "panic")), &with(4, "x", vec![("a", png(picture()))])).await;
        assert!(matches!(died, Err(TakeError::Verifier(_, Death::Ended(Ending::Panicked)))), "{died:?}");
        let missing = Checker::at(dir.join("nowhere"), Confinement::default(), LONG);
        let unread = take(&spool.clone().with_checker(missing), &with(5, "x", vec![("a", png(picture()))])).await;
        assert!(matches!(unread, Err(TakeError::Unread(..))), "{unread:?}");
        relayed(dir, &spool, &[short.id(), long.id()]).await;
    });
}

/// Both mails are read back and delivered, short and long.
async fn relayed(dir: &Path, spool: &Spool, ids: &[MailId]) {
    let maildir = sekisho_inner::relay::Maildir::open(&dir.join("maildir"), 1).unwrap();
    let options = support::options(LONG);
    let relay = std::sync::Arc::new(sekisho_inner::relay::Relay::new(spool.clone(), maildir, options, Clock::system()));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let task = tokio::spawn(relay.run(stopped));
    for id in ids {
        let mut left = 200;
        while spool.find(*id).unwrap().unwrap().state != sekisho_store::State::Done {
            left -= 1;
            assert!(left > 0, "{:?}", spool.find(*id));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    stop.send(true).unwrap();
    task.await.unwrap();
}
