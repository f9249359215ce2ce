//! Programs of others on both ends: swaks and Postfix's smtp-source send,
//! Postfix's smtp-sink and Python's mailbox receive.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use support::{Gateway, Place, Process, within};

/// Subject, text up to the notice, sender and attachments of every mail in a
/// Maildir, as JSON, read by code that knows nothing of us.
const READ: &str = r#"
import email.header, email.policy, json, mailbox, sys
out = []
box = mailbox.Maildir(sys.argv[1], create=False, factory=lambda f: email.message_from_binary_file(f, policy=email.policy.default))
for mail in box:
    out.append({
        "subject": mail["subject"], "from": mail["from"].addresses[0].addr_spec, "to": [a.addr_spec for a in mail["to"].addresses],
        "text": mail.get_content().split("\n---------- Sekisho ----------")[0],
        "type": mail.get_content_type(), "attachments": len(list(mail.iter_attachments())), "defects": [repr(d) for d in mail.defects],
    })
print(json.dumps(out))
"#;

fn swaks(place: &Place, arguments: &[&str]) -> Option<String> {
    let swaks = support::program("swaks")?;
    let output = Command::new(swaks)
        .args(["--server", &place.listen.to_string(), "--helo", "swaks.example"])
        .args(["--from", "tanaka@sender.example", "--to", "shimin@city.example.lg.jp,kacho@city.example.lg.jp"])
        .args(arguments)
        .current_dir(place.dir())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    Some(said)
}

#[test]
fn swaks_to_a_maildir_that_python_reads() {
    let Some(python) = support::program("python3") else { return };
    let gateway = Gateway::start(&[]);
    let text = "お世話になっております。\n会議の資料を送ります。\n\nhttps://www.example.jp/ ～①㈱髙﨑\n";
    fs::write(gateway.path("body.txt"), text).unwrap();
    fs::write(gateway.path("shiryo.pdf"), b"%PDF-1.4\n%not really\n").unwrap();
    let plain = ["--header", "Subject: =?UTF-8?B?5Lya6K2w44Gu6LOH5paZ?=", "--add-header", "MIME-Version: 1.0"];
    let plain =
        [&plain[..], &["--add-header", "Content-Type: text/plain; charset=UTF-8", "--body", "@body.txt"]].concat();
    let Some(said) = swaks(&gateway, &plain) else { return };
    assert!(said.contains("250 2.0.0 Ok: queued as "), "{said}");
    swaks(
        &gateway,
        &[
            "--header",
            "Subject: with a file",
            "--attach-type",
            "text/plain; charset=UTF-8",
            "--attach-body",
            "@body.txt",
            "--attach-type",
            "application/pdf",
            "--attach-name",
            "shiryo.pdf",
            "--attach",
            "@shiryo.pdf",
        ],
    );
    within("both arrive", || (gateway.delivered().len() == 2).then_some(()));
    let read = support::python(&python, READ, &[gateway.maildir().to_str().unwrap()]);
    let mut mails: Vec<serde_json::Value> = serde_json::from_str(&read).unwrap();
    mails.sort_by_key(|mail| mail["subject"].as_str().unwrap().to_owned());
    for (mail, subject) in mails.iter().zip(["with a file", "会議の資料"]) {
        assert_eq!(mail["subject"], subject);
        assert_eq!(mail["from"], "tanaka@sender.example");
        assert_eq!(mail["to"], serde_json::json!(["shimin@city.example.lg.jp", "kacho@city.example.lg.jp"]));
        // Word for word; a link is no longer one that a click follows.
        let expected = text.replace("https://www.", "hxxps://www[.]");
        assert_eq!(mail["text"].as_str().unwrap().replace("\r\n", "\n").trim_end(), expected.trim_end());
        assert_eq!(
            (&mail["type"], &mail["attachments"], &mail["defects"]),
            (&"text/plain".into(), &0.into(), &serde_json::json!([]))
        );
    }
    gateway.finish();
}

/// smtp-sink, which writes a file for each mail into `mails` in the place.
fn smtp_sink(place: &Place, more: &[&str]) -> Option<(Process, String)> {
    let program = support::program("smtp-sink")?;
    let address = support::free_address().to_string();
    let mails = place.path("mails");
    fs::create_dir(&mails).unwrap();
    // As root it wants to become somebody else, who must be able to write.
    for dir in [place.dir(), &mails] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let mut command = Command::new(program);
    command.args(["-c", "-d", &format!("{}/%H%M%S.", mails.display())]);
    if rustix::process::geteuid().is_root() {
        command.args(["-u", "nobody"]);
    }
    command.args(more).args([&address, "1000"]);
    Some((Process::start("smtp-sink", place.dir(), command), address))
}

/// The mails that smtp-sink wrote, without what it put before and behind them.
fn sunk(place: &Place) -> Vec<Vec<u8>> {
    let files = fs::read_dir(place.path("mails")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.map(|file| unwrapped(&String::from_utf8(file).unwrap())).collect()
}

fn unwrapped(file: &str) -> Vec<u8> {
    let start = file.find("\nFrom: ").map_or(0, |at| at + 1);
    // It ends each mail with an empty line of its own.
    let mail = file[start..].strip_suffix('\n').unwrap_or(&file[start..]);
    mail.replace('\n', "\r\n").into_bytes()
}

#[test]
fn smtp_source_to_smtp_sink() {
    const MAILS: usize = 200;
    let Some(source) = support::program("smtp-source") else { return };
    let mut place = Place::new(&[]);
    let Some((sink, address)) = smtp_sink(&place, &[]) else { return };
    place.set("inner.deliver", &format!("smtp://{address}"));
    let gateway = Gateway::start_in(place);
    let status = Command::new(source)
        .args(["-m", &MAILS.to_string(), "-s", "10", "-l", "2000"])
        .args(["-f", "load@sender.example", "-t", "shimin@city.example.lg.jp"])
        .arg(gateway.listen.to_string())
        .status()
        .unwrap();
    assert!(status.success(), "smtp-source: {status}");
    within("all mails arrive", || {
        let done = gateway.count("inner", "done") + gateway.count("outer", "held");
        (done >= MAILS as u64).then_some(())
    });
    assert_eq!(gateway.count("outer", "held"), 0);
    let counted = |output: &str| output.rsplit("mesg=").next().and_then(|n| n.trim().parse::<usize>().ok());
    within("the sink has counted them", || (counted(&sink.output()) == Some(MAILS)).then_some(()));
    let mails = sunk(&gateway);
    assert_eq!(mails.len(), MAILS);
    let out = gateway.path("verified");
    fs::create_dir(&out).unwrap();
    for (n, mail) in mails.iter().enumerate() {
        fs::write(out.join(format!("{n:03}.eml")), mail).unwrap();
        let reading = support::reading(mail);
        // 2,000 octets of header and lines of X, numbered.
        let lines: Vec<&str> = reading.text.as_str().trim_end().lines().collect();
        assert!(lines.len() > 15 && lines.iter().all(|line| line.ends_with("XXXX")), "{lines:?}");
        assert_eq!(reading.from.address.to_string(), "load@sender.example");
    }
    let verify = gateway.sekisho(&["verify", out.to_str().unwrap(), "--lang", "en"]);
    assert_eq!((verify.code, verify.out.trim()), (0, "200 accepted, 0 refused, 0 failed"), "{verify:?}");
    spoiled_mails_are_refused(&gateway, &out, &mails[0]);
    gateway.finish();
}

/// The same check sees a single octet: it does not accept everything.
fn spoiled_mails_are_refused(place: &Place, dir: &Path, mail: &[u8]) {
    let text = String::from_utf8(mail.to_vec()).unwrap();
    for (n, spoiled) in [
        text.replacen("\r\nSubject:", "\r\nX-Evil: 1\r\nSubject:", 1).replacen(
            "\r\nDate:",
            "\r\nX-Evil: 1\r\nDate:",
            1,
        ),
        text.replacen("MIME-Version: 1.0", "MIME-Version: 1.1", 1),
        text.replacen("\r\n", "\n", 1),
    ]
    .into_iter()
    .enumerate()
    {
        assert_ne!(spoiled, text);
        let file = dir.join(format!("spoiled-{n}.eml"));
        fs::write(&file, spoiled).unwrap();
        assert_eq!(place.sekisho(&["verify", file.to_str().unwrap()]).code, 5, "{n}");
    }
    assert_eq!(place.sekisho(&["verify", dir.to_str().unwrap()]).code, 3, "some were accepted");
}

/// A server that takes nobody's mail: each is buried with a report, and a report that is refused in
/// its turn makes no other.
#[test]
fn a_sink_that_refuses_everybody() {
    const MAILS: usize = 60;
    let Some(source) = support::program("smtp-source") else { return };
    let mut place = Place::new(&[]);
    let Some((_sink, address)) = smtp_sink(&place, &["-f", "RCPT"]) else { return };
    place.set("inner.deliver", &format!("smtp://{address}"));
    let gateway = Gateway::start_in(place);
    let status = Command::new(source)
        .args([
            "-m",
            &MAILS.to_string(),
            "-s",
            "5",
            "-l",
            "500",
            "-f",
            "a@sender.example",
            "-t",
            "b@city.example.lg.jp",
        ])
        .arg(gateway.listen.to_string())
        .status()
        .unwrap();
    assert!(status.success(), "smtp-source: {status}");
    within("all are buried", || (gateway.count("inner", "buried") >= 2 * MAILS as u64).then_some(()));
    assert_eq!(gateway.count("inner", "buried"), 2 * MAILS as u64, "no report about a report");
    assert_eq!(sunk(&gateway).len(), 0);
    gateway.finish();
}
