//! Held mails and originals, through the real commands against a running
//! gateway: what a reviewer, an approver and an auditor do, and what nobody can.

use std::fs;
use std::process::Command;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_safe_message::MailId;
use serde_json::Value;

use super::support::{Client, Gateway, Outcome, Place, Sink, attachment, deliver, fixture, plain, program, within};

/// One JSON object a line.
fn objects(outcome: &Outcome) -> Vec<Value> {
    outcome.out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn held(gateway: &Gateway, name: &str) -> MailId {
    let id = deliver(gateway.listen, &fixture(name));
    gateway.held(id);
    id
}

/// A mail with the archive `aes256.zip`, whose password is `Abc#123`.
fn locked() -> Vec<u8> {
    let archive = include_bytes!("../../crates/internet/archive/tests/data/aes256.zip");
    let mut mail = String::from_utf8(attachment("資料", "パスワードは別途お送りします。", "shiryo.zip", 0)).unwrap();
    let end = mail.rfind("--=_outer--").unwrap();
    mail.truncate(end);
    let encoded = STANDARD.encode(archive);
    for line in encoded.as_bytes().chunks(76) {
        mail.push_str(std::str::from_utf8(line).unwrap());
        mail.push_str("\r\n");
    }
    mail.push_str("--=_outer--\r\n");
    mail.into_bytes()
}

/// Runs `sekisho quarantine ...` with a reason.
fn decide(place: &Place, words: &[&str]) -> Outcome {
    place.sekisho(&[&["--json", "--lang", "en", "quarantine"], words, &["--reason", "asked by telephone"]].concat())
}

fn audit(gateway: &Gateway, side: &str) -> Outcome {
    gateway.sekisho(&["--json", "audit", "verify", "--side", side])
}

#[test]
fn a_reviewer_finds_looks_and_releases() {
    let gateway = Gateway::start(&[]);
    let id = held(&gateway, "103-zip-password");
    let text = id.to_string();
    for filter in [
        &["--code", "encrypted-file"][..],
        &["--to", "@city.example.lg.jp"],
        &["--since", "1h"],
        &["--kind", "zip"],
        &["--state", "held"],
    ] {
        let found = gateway.sekisho(&[&["--json", "quarantine", "list"], filter].concat());
        let ids: Vec<_> = objects(&found).iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect();
        assert_eq!(ids, [text.as_str()], "{filter:?}: {} {}", found.out, found.err);
    }
    let none = gateway.sekisho(&["--json", "quarantine", "list", "--code", "too-deep"]);
    assert!(objects(&none).iter().all(|item| item["id"].is_null()), "{}", none.out);

    let look = gateway.sekisho(&["--lang", "ja", "quarantine", "preview", &text]);
    assert_eq!(look.code, 0, "{}", look.err);
    let shown = gateway.sekisho(&["--lang", "ja", "quarantine", "show", &text]);
    assert!(shown.out.contains("パスワードで保護された添付ファイルがあります"), "{}", shown.out);

    // Under another profile the file stays out and the text arrives.
    let again = decide(&gateway, &["release", &text, "--profile", "text-only", "--dry-run"]);
    assert_eq!(again.code, 0, "{} {}", again.out, again.err);
    assert_eq!(gateway.held(id), "encrypted-file");
    let released = decide(&gateway, &["release", &text, "--profile", "text-only"]);
    assert_eq!(released.code, 0, "{} {}", released.out, released.err);
    let mail = gateway.arrives(id);
    assert!(!mail.notice().is_empty());
    let twice = decide(&gateway, &["release", &text, "--profile", "text-only"]);
    assert!(objects(&twice).iter().all(|one| one["result"] != "delivered"), "{}", twice.out);
    assert_eq!(gateway.delivered().len(), 1, "nobody gets it twice");

    let kept = gateway.json(&["show", &text]);
    let acts = kept[0]["kept"]["acts"].as_array().unwrap();
    assert!(acts.iter().any(|act| act["what"] == "release" && act["why"] == "asked by telephone"), "{acts:?}");
    for side in ["outer", "inner"] {
        let verdict = audit(&gateway, side);
        assert_eq!(verdict.code, 0, "{} {}", verdict.out, verdict.err);
    }
    gateway.finish();
}

#[test]
fn files_of_a_preview_are_saved_when_they_are_verified() {
    let gateway = Gateway::start(&[]);
    let id = deliver(gateway.listen, &fixture("95-pdf-active")).to_string();
    within("its original is kept", || gateway.state("outer", id.parse().unwrap()).filter(|(state, _)| state == "kept"));
    for (flag, ending) in [("--files", "pdf"), ("--pictures", "pdf")] {
        let folder = gateway.path(flag.trim_start_matches('-'));
        let shown = gateway.sekisho(&["--json", "quarantine", "preview", &id, flag, folder.to_str().unwrap()]);
        assert_eq!(shown.code, 0, "{} {}", shown.out, shown.err);
        let object = &objects(&shown)[0];
        assert_eq!(object["refused"].as_array().map(Vec::len), Some(0));
        let path = object["files"][0]["path"].as_str().unwrap();
        assert!(path.ends_with(ending) && fs::metadata(path).unwrap().len() > 0, "{path}");
    }
    gateway.finish();
}

#[test]
fn what_was_delivered_is_released_as_a_mail_of_its_own() {
    let gateway = Gateway::start(&[]);
    let id = deliver(gateway.listen, &fixture("102-zip-nested"));
    let first = gateway.arrives(id);
    within("its original is kept", || gateway.state("outer", id).filter(|(state, _)| state == "kept"));
    let released = decide(&gateway.place, &["release", &id.to_string(), "--profile", "text-only"]);
    assert_eq!(released.code, 0, "{} {}", released.out, released.err);
    let second = within("it arrives once more", || gateway.delivered().into_iter().find(|mail| mail.id() != id));
    let field = |mail: &str, name: &str| {
        mail.lines().find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned()))
    };
    let (old, new) = (field(&first.header(), "Message-ID:"), field(&second.header(), "Message-ID:"));
    assert!(old.is_some() && new.is_some() && old != new, "{old:?} {new:?}");
    assert!(second.header().contains("References:") && second.header().contains(&old.unwrap()));
    gateway.finish();
}

#[test]
fn ten_reviewers_release_one_mail_once() {
    let gateway = Gateway::start(&[]);
    let id = held(&gateway, "103-zip-password");
    let text = id.to_string();
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let release = || decide(&gateway.place, &["release", &text, "--profile", "text-only"]);
        let racing: Vec<_> = (0..10).map(|_| scope.spawn(release)).collect();
        racing.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let delivered = outcomes.iter().flat_map(objects).filter(|one| one["result"] == "delivered").count();
    assert_eq!(delivered, 1, "{:?}", outcomes.iter().map(|o| (&o.out, &o.err, o.code)).collect::<Vec<_>>());
    for outcome in &outcomes {
        assert!([0, 5].contains(&outcome.code), "{} {} {}", outcome.code, outcome.out, outcome.err);
    }
    gateway.arrives(id);
    assert_eq!(gateway.delivered().len(), 1);
    gateway.finish();
}

#[test]
fn what_is_deleted_is_gone_and_what_is_under_a_legal_hold_is_not() {
    let gateway = Gateway::start(&[]);
    let (first, second) = (held(&gateway, "103-zip-password"), held(&gateway, "103-zip-password"));
    let (first, second) = (first.to_string(), second.to_string());
    let hold = decide(&gateway, &["hold", &second, "--legal"]);
    assert_eq!(hold.code, 0, "{} {}", hold.out, hold.err);
    assert_eq!(decide(&gateway, &["delete", &second, "--yes"]).code, 5);
    let deleted = decide(&gateway, &["delete", &first, "--yes"]);
    assert_eq!(deleted.code, 0, "{} {}", deleted.out, deleted.err);
    assert_ne!(decide(&gateway, &["release", &first, "--profile", "text-only"]).code, 0);
    let shown = gateway.json(&["show", &first]);
    assert_eq!((&shown[0]["kept"]["original"], &shown[0]["item"]["state"]), (&false.into(), &"buried".into()));
    assert_eq!(gateway.json(&["show", &second])[0]["kept"]["legal_hold"], true);
    gateway.finish();
}

#[test]
fn a_held_mail_goes_when_its_time_is_over_and_is_warned_of_before() {
    let gateway = Gateway::start(&[
        ("vault.retention", "1d"),
        ("vault.retention_held", "12s"),
        ("vault.retention_delivered", "3s"),
        ("vault.retention_quarantined", "3s"),
    ]);
    let (goes, stays) = (held(&gateway, "103-zip-password"), held(&gateway, "103-zip-password"));
    assert_eq!(decide(&gateway, &["hold", &stays.to_string(), "--legal"]).code, 0);
    let until = gateway.json(&["show", &goes.to_string()])[0]["kept"]["expires_ms"].clone();
    assert!(until.is_u64(), "its end is shown: {until}");
    let delivered = deliver(gateway.listen, &fixture("102-zip-nested"));
    gateway.arrives(delivered);
    within("a delivered one has a time of its own", || {
        gateway.state("outer", delivered).filter(|(state, _)| state == "done")
    });
    within("it is warned of", || gateway.problems("outer").contains(&"held-leaving".to_owned()).then_some(()));
    let digest = gateway.sekisho(&["--lang", "en", "quarantine", "digest"]);
    assert!(digest.out.contains("! 1 of them leave within 1 days"), "{}", digest.out);
    let end = within("it is over", || gateway.state("outer", goes).filter(|(state, _)| state == "buried"));
    assert_eq!(end.1, "expired");
    assert_eq!(gateway.held(stays), "encrypted-file");
    let shown = gateway.json(&["show", &goes.to_string()]);
    assert_eq!(shown[0]["kept"]["original"], false);
    assert!(shown[0]["kept"]["acts"].as_array().unwrap().iter().any(|act| act["what"] == "expire"), "{shown:?}");
    let verdict = audit(&gateway, "outer");
    assert_eq!(verdict.code, 0, "{} {}", verdict.out, verdict.err);
    gateway.finish();
}

#[test]
fn a_digest_that_was_missed_comes_once_however_often_the_gateway_starts() {
    let outside = Sink::start();
    let gateway = Gateway::start(&[
        ("original.deliver", &outside.url()),
        ("review.digest_to", "kakunin@city.example.lg.jp"),
        ("review.digest_language", "ja"),
    ]);
    held(&gateway, "103-zip-password");
    let last = gateway.path("state/outer/digest.last");
    within("its time is noted", || fs::read_to_string(&last).ok());
    let place = gateway.finish();
    assert_eq!(outside.count(), 0, "it is not due");
    // Two days ago, in milliseconds.
    let now = fs::read_to_string(&last).unwrap().trim().parse::<u64>().unwrap();
    fs::write(&last, (now - 2 * 86_400_000).to_string()).unwrap();
    let gateway = Gateway::start_in(place);
    let digest = outside.receives("the digest", |mail| mail.to == ["kakunin@city.example.lg.jp"]);
    let text = String::from_utf8(digest.data).unwrap();
    assert!(digest.from.is_empty() && !text.contains("Attention"), "{text}");
    let noted = || fs::read_to_string(&last).ok()?.trim().parse::<u64>().ok().filter(|at| *at >= now);
    within("that it was sent is noted", noted);
    let gateway = Gateway::start_in(gateway.finish());
    // The desk has had its first round by then.
    let shown = gateway.sekisho(&["quarantine", "digest"]);
    assert!(shown.out.contains("保留中のメール: 1 通") && !shown.out.contains("Mails held"), "{}", shown.out);
    let id = deliver(gateway.listen, &plain("another", "text"));
    gateway.arrives(id);
    assert_eq!(outside.count(), 1);
    gateway.finish();
}

#[test]
fn an_original_is_never_on_the_disk_in_clear() {
    const WORDS: &str = "a sentence that stands in no program and in no other mail 7f3a9c";
    let gateway = Gateway::start(&[("vault.keep", "all")]);
    let long = format!("{WORDS}\r\n").repeat(2_000);
    for text in [WORDS, &long] {
        let id = deliver(gateway.listen, &plain("secret", text));
        gateway.arrives(id);
        within("it is settled", || gateway.state("outer", id).filter(|(state, _)| state == "kept"));
    }
    let place = gateway.finish();
    let outer = place.dir().join("state/outer");
    let mut files = vec![outer.clone()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(octets) = fs::read(&path) {
            read += octets.len();
            let found = octets.windows(WORDS.len()).any(|window| window == WORDS.as_bytes());
            assert!(!found, "{} holds a mail in clear", path.display());
        }
    }
    assert!(read > 1_000, "nothing was looked at in {}", outer.display());
}

#[test]
fn equal_originals_are_kept_once_and_freed_last() {
    let gateway = Gateway::start(&[("vault.keep", "all")]);
    let mail = plain("twice", &"the same octets again\r\n".repeat(20_000));
    let ids: Vec<MailId> = (0..3).map(|_| deliver(gateway.listen, &mail)).collect();
    for id in &ids {
        within("it is settled", || gateway.state("outer", *id).filter(|(state, _)| state == "kept"));
    }
    let stats = objects(&gateway.sekisho(&["--json", "quarantine", "stats"])).remove(0);
    assert!(stats["stats"]["shared_bytes"].as_u64().unwrap() > 2 * 400_000, "{stats}");
    assert_eq!(decide(&gateway, &["delete", &ids[0].to_string(), "--yes"]).code, 0);
    // The others are whole still.
    let look = gateway.sekisho(&["quarantine", "preview", &ids[2].to_string()]);
    assert!(look.code == 0 && look.out.contains("the same octets again"), "{}", look.err);
    gateway.finish();
}

#[test]
fn a_lost_or_wrong_key_stops_the_start_and_says_which() {
    let mut gateway = Gateway::start(&[]);
    let id = held(&gateway, "103-zip-password");
    let place = gateway.finish();
    let key = place.dir().join("state/outer/vault.key");
    let right = fs::read_to_string(&key).unwrap();
    let other = right.lines().map(|line| match line.split_once(':') {
        Some((id, _)) if !line.starts_with('#') => format!("{id}:{}", "A".repeat(43) + "="),
        _ => line.to_owned(),
    });
    for wrong in [other.collect::<Vec<_>>().join("\n") + "\n", "2020-01-01:".to_owned() + &"A".repeat(43) + "=\n"] {
        fs::write(&key, wrong).unwrap();
        let run = place.command("sekisho-outer").output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(!run.status.success() && said.contains("vault.key"), "{said}");
    }
    fs::write(&key, right).unwrap();
    gateway = Gateway::start_in(place);
    assert_eq!(gateway.sekisho(&["quarantine", "preview", &id.to_string()]).code, 0);
    gateway.finish();
}

#[test]
fn keys_change_while_mail_is_kept() {
    let gateway = Gateway::start(&[("vault.keep", "all")]);
    let id = deliver(gateway.listen, &plain("before", "under the first key"));
    within("it is settled", || gateway.state("outer", id).filter(|(state, _)| state == "kept"));
    let file = gateway.dir().join("state/outer/vault.key");
    let before = fs::read_to_string(&file).unwrap();
    let key = gateway.sekisho(&["vault", "key", "add", &file.display().to_string()]);
    assert_eq!(key.code, 0, "{} {}", key.out, key.err);
    let rotated = gateway.sekisho(&["--json", "vault", "rotate", "--reason", "yearly"]);
    assert_eq!(rotated.code, 0, "{} {}", rotated.out, rotated.err);
    // Now the old line may go.
    let after = fs::read_to_string(&file).unwrap();
    let old = before.lines().find(|line| !line.starts_with('#')).unwrap();
    assert!(after.contains(old));
    fs::write(&file, after.replace(&format!("{old}\n"), "")).unwrap();
    let gateway = Gateway::start_in(gateway.finish());
    let look = gateway.sekisho(&["quarantine", "preview", &id.to_string()]);
    assert!(look.out.contains("under the first key"), "{} {}", look.out, look.err);
    gateway.finish();
}

#[test]
fn the_record_tells_what_was_changed_in_it() {
    let gateway = Gateway::start(&[]);
    for n in 0..5 {
        gateway.arrives(deliver(gateway.listen, &plain(&format!("mail {n}"), "text")));
    }
    let exported = within("all is on record", || {
        let exported = gateway.sekisho(&["audit", "export", "--side", "outer"]);
        (exported.out.lines().count() >= 6).then_some(exported)
    });
    assert_eq!(exported.code, 0, "{}", exported.err);
    let lines: Vec<&str> = exported.out.lines().collect();
    assert!(!exported.out.contains("mail 3") && !exported.out.contains('@'), "no content, no addresses");
    let file = gateway.path("audit.ndjson");
    let verify = |text: &str| {
        fs::write(&file, text).unwrap();
        gateway.sekisho(&["--lang", "en", "audit", "verify", &file.display().to_string()])
    };
    assert_eq!(verify(&exported.out).code, 0);
    let changed = exported.out.replacen("\"deliver", "\"Deliver", 1).replacen("\\\"deliver", "\\\"Deliver", 1);
    assert_ne!(changed, exported.out);
    let removed: Vec<&str> = lines.iter().enumerate().filter(|(n, _)| *n != 3).map(|(_, line)| *line).collect();
    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    for (what, text) in
        [("changed", changed), ("removed", removed.join("\n") + "\n"), ("reordered", swapped.join("\n") + "\n")]
    {
        let verdict = verify(&text);
        assert_eq!(verdict.code, 5, "{what}: {} {}", verdict.out, verdict.err);
    }
    gateway.finish();
}

#[test]
fn a_password_that_follows_opens_the_file() {
    let gateway = Gateway::start(&[]);
    let id = deliver(gateway.listen, &locked());
    assert_eq!(gateway.held(id), "encrypted-file");
    // The right words of somebody else open nothing, nor do wrong ones of the sender.
    let right = plain("先ほどの件", "添付ファイルの解凍パスワードは「Abc#123」です。");
    let strange = Client::greeted(gateway.listen)
        .unwrap()
        .send("stranger@elsewhere.example", &["shimin@city.example.lg.jp"], &right)
        .unwrap();
    assert_eq!(strange.code, 250);
    deliver(gateway.listen, &plain("先ほどの件", "添付ファイルのパスワードは「Xyz#999」です。"));
    within("both arrive", || (gateway.delivered().len() == 2).then_some(()));
    assert_eq!(gateway.held(id), "encrypted-file");
    deliver(gateway.listen, &right);
    let mail = gateway.arrives(id);
    assert_eq!(super::support::reading(&mail.bytes).attachments.len(), 1, "{}", mail.notice());
    let said = gateway.serve.log();
    let record = gateway.sekisho(&["audit", "export", "--side", "outer"]).out;
    let shown = gateway.sekisho(&["--json", "show", &id.to_string()]).out;
    for place in [&said, &record, &shown] {
        assert!(!place.contains("Abc#123"), "a password was written down");
    }
    assert!(shown.contains("\"password\""), "who opened it is on record: {shown}");
    gateway.finish();
}

#[test]
fn a_password_that_came_before_opens_the_file() {
    let gateway = Gateway::start(&[("passwords.window", "15s"), ("vault.retention_released", "1d")]);
    let right = plain("notice", "これからお送りするファイルの解凍パスワードは「Abc#123」です。");
    let talk = deliver(gateway.listen, &plain("tomorrow", "会議は10時からです。"));
    let mut client = Client::greeted(gateway.listen).unwrap();
    // Of somebody else: it is kept like the other, and opens nothing.
    let to = ["shimin@city.example.lg.jp"];
    let strange = client.send("stranger@elsewhere.example", &to, &right).unwrap().id().unwrap();
    let settled = |id, state: &'static str| {
        within("it is settled", || gateway.state("outer", id).filter(|(known, _)| known == state))
    };
    assert_eq!(settled(talk, "done").1, "", "what brings no password is not kept");
    assert_eq!(settled(strange, "kept").1, "password-mail");
    let waits = deliver(gateway.listen, &locked());
    assert_eq!(gateway.held(waits), "encrypted-file");

    let password = deliver(gateway.listen, &right);
    let opened = gateway.arrives(waits);
    assert_eq!(super::support::reading(&opened.bytes).attachments.len(), 1, "that is the following one");
    assert_eq!(settled(password, "kept").1, "password-mail");
    let second = deliver(gateway.listen, &locked());
    let mail = gateway.arrives(second);
    assert_eq!(super::support::reading(&mail.bytes).attachments.len(), 1, "{}", mail.notice());
    let said = gateway.serve.log();
    let record = gateway.sekisho(&["audit", "export", "--side", "outer"]).out;
    let shown = gateway.sekisho(&["--json", "show", &second.to_string()]).out;
    for place in [&said, &record, &shown] {
        assert!(!place.contains("Abc#123"), "a password was written down");
    }
    assert!(shown.contains(&format!("earlier mail {password}")), "which mail opened it is on record: {shown}");
    assert_eq!(settled(password, "done").1, "password-mail", "its time is over");
    gateway.finish();
}

#[test]
fn a_reviewer_gives_the_password() {
    let gateway = Gateway::start(&[]);
    let id = deliver(gateway.listen, &locked());
    gateway.held(id);
    let with = |password: &str| {
        let words = ["quarantine", "release", &id.to_string(), "--password-stdin", "--reason", "given by telephone"];
        gateway.sekisho_with(&words, password)
    };
    let wrong = with("nope\n");
    assert_eq!(wrong.code, 5, "{} {}", wrong.out, wrong.err);
    assert_eq!(gateway.held(id), "encrypted-file");
    let right = with("Abc#123\n");
    assert_eq!(right.code, 0, "{} {}", right.out, right.err);
    assert_eq!(super::support::reading(&gateway.arrives(id).bytes).attachments.len(), 1);
    gateway.finish();
}

#[test]
fn roles_are_the_kernels_word_not_the_callers() {
    // Other users can be played by root alone.
    let (Some(setpriv), true) = (program("setpriv"), rustix::process::geteuid().is_root()) else { return };
    let user = |uid: u32| nix::unistd::User::from_uid(uid.into()).ok().flatten().map(|user| user.name);
    let (Some(reviewer), Some(approver)) = (user(1), user(2)) else { return };
    let roles = [("roles.reviewer", reviewer.as_str()), ("roles.approver", approver.as_str())];
    let mut place = Place::new(&[]);
    for (key, name) in roles {
        place.set(key, name);
    }
    place.open_to_all();
    let gateway = Gateway::start_in(place);
    let id = held(&gateway, "103-zip-password").to_string();
    let run = |uid: &str, words: &[&str]| {
        let mut command = Command::new(&setpriv);
        command.args(["--reuid", uid, "--regid", uid, "--clear-groups", "--"]);
        gateway.place.run_under(command, words)
    };
    let release = ["--json", "quarantine", "release", &id, "--profile", "text-only", "--reason", "r"];
    let (nobody, root) = (run("65534", &release), gateway.sekisho(&release));
    assert_eq!((nobody.code, root.code), (5, 5), "{} {}", nobody.err, root.err);
    assert_eq!(run("2", &release).code, 5, "an approver is no reviewer");
    assert_eq!(run("2", &["audit", "verify", "--side", "outer"]).code, 5, "nor an auditor");
    let released = run("1", &release);
    assert_eq!(released.code, 0, "{} {}", released.out, released.err);
    gateway.finish();
}
