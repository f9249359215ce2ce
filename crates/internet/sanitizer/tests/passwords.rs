//! Encrypted files in whole mails, and the passwords that came for them.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_job::{Action, HoldReason, Job, Orders, Part, Report};
use sekisho_policy::Policy;
use sekisho_safe_message::{Removal, RemovalReason, SafeMessage, Secret, Untrusted};
use sekisho_sanitizer::{Outcome, sanitize};

// How they were made is told beside the archives, and in the tests of PDF.
const AES: &[u8] = include_bytes!("../../archive/tests/data/aes256.zip");
const TRADITIONAL: &[u8] = include_bytes!("../../archive/tests/data/traditional.zip");
const NESTED: &[u8] = include_bytes!("../../archive/tests/data/nested.zip");
const SEVEN: &[u8] = include_bytes!("../../archive/tests/data/names.7z");
const PDF: &[u8] = include_bytes!("../../pdf/src/rebuild/tests/password.pdf");

fn job(size: usize, secrets: &[&str]) -> Job {
    let policy = Policy::built_in("rebuild-or-hold").unwrap();
    let secrets = secrets.iter().map(|text| Secret::new(*text).unwrap()).collect();
    let job = common::job(size);
    Job { profile: policy.profile().clone(), policy, orders: Orders { secrets, ..Orders::default() }, ..job }
}

fn part(name: &str, octets: &[u8]) -> String {
    let lines = STANDARD.encode(octets).into_bytes();
    let lines: Vec<_> = lines.chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!(
        "--b\nContent-Type: application/octet-stream; name=\"{name}\"\nContent-Disposition: attachment; filename=\"{name}\"\n\
         Content-Transfer-Encoding: base64\n\n{}\n",
        lines.join("\n")
    )
}

fn mail(parts: &str) -> String {
    format!(
        "From: a@example.jp\nSubject: file\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nhello\n{parts}--b--\n"
    )
}

fn run(mail: &str, secrets: &[&str]) -> Outcome {
    let raw = sekisho_job::offline_line_ends(mail.as_bytes());
    sanitize(Untrusted::new(&raw), &job(raw.len(), secrets))
}

fn delivered(mail: &str, secrets: &[&str]) -> (SafeMessage, Report) {
    match run(mail, secrets) {
        Outcome::Deliver(message, report) => (*message, *report),
        Outcome::Hold(reason, report) => unreachable!("held: {reason:?} {:?}", report.parts),
    }
}

fn of_kind(report: &Report, action: Action) -> Vec<&Part> {
    report.parts.iter().filter(|part| part.action == action).collect()
}

#[test]
fn an_encrypted_file_crosses_disarmed_when_its_password_is_known() {
    for (name, octets, secrets) in [
        ("a.zip", AES, &["wrong", "Abc#123"][..]),
        ("a.zip", TRADITIONAL, &["Abc#123"]),
        ("a.7z", SEVEN, &["no", "Abc#123"]),
        ("a.pdf", PDF, &["x", "y"]),
        ("a.zip", NESTED, &["Abc#123", "one"]),
    ] {
        let mail = mail(&part(name, octets));
        let (message, report) = delivered(&mail, secrets);
        assert_eq!(message.attachments().len(), 1, "{name}");
        let opened = of_kind(&report, Action::Rebuild);
        assert!(opened[0].removed.contains(&Removal::Decrypted), "{name}: {:?}", opened[0]);
        let shown = format!("{message:?} {report:?}");
        assert!(!shown.contains("Abc#123") && !shown.contains("wrong"), "{name}");
        for secrets in [&[][..], &["wrong", "abc#123"]] {
            let Outcome::Hold(reason, report) = run(&mail, secrets) else { unreachable!("{name} crosses") };
            assert_eq!(reason, HoldReason::EncryptedFile, "{name}");
            assert_eq!(of_kind(&report, Action::Hold)[0].reason, Some(RemovalReason::Encrypted), "{name}");
        }
    }
}

#[test]
fn what_one_archive_in_another_needs_is_needed() {
    let mail = mail(&part("a.zip", NESTED));
    for secrets in [&["one"][..], &["Abc#123"]] {
        let Outcome::Hold(reason, _) = run(&mail, secrets) else { unreachable!("crosses") };
        assert_eq!(reason, HoldReason::EncryptedFile, "{secrets:?}");
    }
}

#[test]
fn passwords_reach_files_of_mails_inside() {
    let inner = mail(&part("a.zip", AES)).replace("boundary=b", "boundary=c").replace("--b", "--c");
    let outer = mail(&format!("--b\nContent-Type: message/rfc822\n\n{inner}\n"));
    let (message, report) = delivered(&outer, &["Abc#123"]);
    assert_eq!(message.attachments().len(), 1);
    assert!(of_kind(&report, Action::Rebuild)[0].removed.contains(&Removal::Decrypted));
    let Outcome::Hold(reason, _) = run(&outer, &[]) else { unreachable!("crosses") };
    assert_eq!(reason, HoldReason::EncryptedFile);
}

#[test]
fn what_a_mail_has_no_room_for_waits_for_a_review_and_the_report_says_so() {
    let parts: String =
        (0..202).map(|number| part(&format!("{number}.txt"), format!("text {number}").as_bytes())).collect();
    let (message, report) = delivered(&mail(&parts), &[]);
    assert_eq!(message.attachments().len(), 200);
    assert_eq!(of_kind(&report, Action::Rebuild).len(), 200);
    let out = of_kind(&report, Action::Quarantine);
    let told: Vec<_> = out.iter().map(|part| (part.name.as_ref().map(|name| name.as_str()), part.reason)).collect();
    let too_large = Some(RemovalReason::TooLarge);
    assert_eq!(told, [(Some("200.txt"), too_large), (Some("201.txt"), too_large)]);
    assert!(out.iter().all(|part| part.output.is_none() && part.method.is_none()));
    // The same file again takes no room.
    let again = format!("{}{}", &parts[..parts.rfind("--b\n").unwrap()], part("0 again.txt", b"text 0"));
    let again = again.replacen(&part("200.txt", b"text 200"), "", 1);
    let (message, report) = delivered(&mail(&again), &[]);
    assert_eq!((message.attachments().len(), of_kind(&report, Action::Rebuild).len()), (200, 201));
}
