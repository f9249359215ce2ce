//! The commands of the review against a program that is none: what they ask,
//! what they print, and the exit codes that scripts rely on.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

#[path = "support/fake_outer.rs"]
mod fake_outer;
mod support;

use std::io::Write;
use std::process::Stdio;

use fake_outer::{FakeMail, FakeOuter, PASSWORD, held, kept};
use sekisho_channel::admin::{Condition, MailState, Request, RequestState, Role};
use sekisho_job::HoldReason;
use serde_json::Value;
use support::{Outcome, Place};

/// A program with mails, and a place to ask it from.
struct Desk {
    outer: FakeOuter,
    place: Place,
    mails: Vec<FakeMail>,
}

impl Desk {
    fn new(mails: Vec<FakeMail>) -> Self {
        let place = Place::new(&[]);
        let outer = FakeOuter::start(&place.path("state/outer/admin.sock"), mails.clone());
        Self { outer, place, mails }
    }

    /// Two that are held, one delivered without its file, all from others.
    fn usual() -> Self {
        Self::new(vec![
            held(1, "hanako@sender.example", "zeimu@city.example.lg.jp", "見積書の送付", HoldReason::EncryptedFile),
            held(2, "taro@other.example", "soumu@city.example.lg.jp", "会議資料", HoldReason::AmbiguousStructure),
            kept(3, "jiro@sender.example", "fukushi@city.example.lg.jp", "申請書①㈱髙"),
        ])
    }

    fn id(&self, at: usize) -> String {
        self.mails[at].item.id.to_string()
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.place.sekisho(&[arguments, &["--lang", "en"]].concat())
    }

    /// Runs with something on standard input.
    fn fed(&self, input: &str, arguments: &[&str]) -> Outcome {
        let mut command = self.place.command("sekisho");
        command.args(arguments).args(["--lang", "en"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Outcome {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The ids that a list prints, in order.
    fn listed(&self, flags: &[&str]) -> Vec<String> {
        let lines = self.place.json(&[&["quarantine", "list"], flags].concat());
        lines.iter().filter_map(|line| line["id"].as_str().map(str::to_owned)).collect()
    }
}

#[track_caller]
fn ends(outcome: &Outcome, code: i32) {
    assert_eq!(outcome.code, code, "{outcome:?}");
}

#[test]
fn a_list_shows_what_waits_for_a_review() {
    let desk = Desk::usual();
    let [first, second, third] = [0, 1, 2].map(|at| desk.id(at));
    assert_eq!(desk.listed(&[]), [&second, &first, &third].map(String::clone));
    assert_eq!(desk.listed(&["--oldest-first"]), [&first, &second, &third].map(String::clone));
    for (flags, found) in [
        (&["--from", "hanako@sender.example"][..], vec![&first]),
        (&["--from", "@sender.example"], vec![&first, &third]),
        (&["--to", "soumu@city.example.lg.jp"], vec![&second]),
        (&["--domain", "other.example"], vec![&second]),
        (&["--subject", "見積書"], vec![&first]),
        (&["--name", "申請書"], vec![&third]),
        (&["--kind", "docm"], vec![&third]),
        (&["--rule", "files", "--from", "@sender.example"], vec![&first, &third]),
        (&["--code", "encrypted-file"], vec![&first]),
        (&["--reason", "encrypted-file"], vec![&first]),
        (&["--state", "kept"], vec![&third]),
        (&["--state", "all", "--oldest-first"], vec![&first, &second, &third]),
        (&["--since", "2026-11-24T09:05:02+09:00", "--state", "held"], vec![&second]),
        (&["--until", "2026-11-24 09:05:02"], vec![&first]),
        (&["--until", "2026-11-23"], vec![]),
        (&["--hash", &sha256_of_second(&desk)], vec![&second]),
        (&["--requested", "pending"], vec![]),
        (&["--legal-hold"], vec![]),
    ] {
        let found: Vec<_> = found.into_iter().cloned().collect();
        assert_eq!(desk.listed(flags), found, "{flags:?}");
    }
}

fn sha256_of_second(desk: &Desk) -> String {
    desk.mails[1].record["report"]["source"]["sha256"].as_str().unwrap().to_uppercase()
}

#[test]
fn a_list_goes_on_where_it_ended() {
    let sender = "hanako@sender.example";
    let mut mails: Vec<_> =
        (0..450).map(|n| held(n, sender, "zeimu@city.example.lg.jp", "x", HoldReason::Rule)).collect();
    mails.extend((450..460).map(|n| kept(n, sender, "zeimu@city.example.lg.jp", "x")));
    let desk = Desk::new(mails);
    let (mut after, mut all): (Option<String>, Vec<String>) = (None, Vec::new());
    loop {
        let mut flags = vec!["quarantine", "list", "--limit", "45", "--oldest-first"];
        if let Some(after) = &after {
            flags.extend(["--after", after]);
        }
        let lines = desk.place.json(&flags);
        all.extend(lines.iter().filter_map(|line| line["id"].as_str().map(str::to_owned)));
        after = lines.iter().find_map(|line| line["next"].as_str().map(str::to_owned));
        if after.is_none() {
            break;
        }
    }
    assert_eq!(all, (0..460).map(|at| desk.id(at)).collect::<Vec<_>>());
    assert_eq!(desk.listed(&["--limit", "0", "--oldest-first"]), all, "in one go");
    // A person is told how to go on; at the end there is nothing to tell.
    assert!(desk.run(&["quarantine", "list", "--limit", "450"]).out.contains("--after 2-"));
    assert!(!desk.run(&["quarantine", "list", "--limit", "460"]).out.contains("--after"));
    ends(&desk.run(&["quarantine", "list", "--after", "x"]), 2);
}

#[test]
fn filters_are_kept_in_files() {
    let desk = Desk::usual();
    let path = desk.place.path("morning");
    std::fs::write(&path, "# from our partner\n--from @sender.example\n\n--reason encrypted-file\n").unwrap();
    let path = path.display().to_string();
    assert_eq!(desk.listed(&["--filter", &path]), [desk.id(0)]);
    // They narrow down what the command line says, and a release takes them, too.
    assert_eq!(desk.listed(&["--filter", &path, "--subject", "会議"]), Vec::<String>::new());
    let release = ["quarantine", "release", "--filter", &path, "--reason", "asked for", "--dry-run"];
    ends(&desk.run(&release), 5);
    std::fs::write(desk.place.path("wrong"), "--sender x\n").unwrap();
    let wrong = desk.run(&["quarantine", "list", "--filter", "wrong"]);
    ends(&wrong, 2);
    assert!(wrong.err.contains("wrong: ") && wrong.err.contains("--sender"), "{wrong:?}");
    ends(&desk.run(&["quarantine", "list", "--filter", "missing"]), 2);
    ends(&desk.run(&["quarantine", "list", "--since", "tomorrow"]), 2);
}

#[test]
fn columns_are_chosen_and_aligned() {
    let desk = Desk::usual();
    let table = desk.run(&["quarantine", "list", "--fields", "id,code,subject"]);
    ends(&table, 0);
    let lines: Vec<&str> = table.out.lines().collect();
    assert!(lines[0].starts_with("ID ") && lines[0].ends_with("subject"), "{}", table.out);
    let column = lines[0].find("subject").unwrap();
    assert!(lines[1].is_char_boundary(column) && lines[1][column..].starts_with("会議資料"), "{}", table.out);
    let objects = desk.place.json(&["quarantine", "list", "--fields", "id,to"]);
    let keys: Vec<_> = objects[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["id", "schema", "to"]);
    ends(&desk.run(&["quarantine", "list", "--fields", "secret"]), 2);
}

#[test]
fn everything_known_is_shown_in_both_languages() {
    let desk = Desk::usual();
    let id = desk.id(0);
    for (language, words) in [
        (
            "ja",
            [
                "パスワードで保護された添付ファイルがあります。",
                "└─ 見積書.zip",
                "暗号化されています。",
                "保存中（鍵 2026-11",
            ],
        ),
        (
            "en",
            ["It has an attachment that needs a password.", "└─ 見積書.zip", "It is encrypted.", "kept (key 2026-11"],
        ),
    ] {
        let shown = desk.place.sekisho(&["quarantine", "show", &id, "--lang", language]);
        ends(&shown, 0);
        for word in words {
            assert!(shown.out.contains(word), "{word}: {}", shown.out);
        }
        assert!(shown.out.contains(&format!("sekisho quarantine release {id} --password-stdin --reason")));
    }
    let kept = desk.run(&["quarantine", "show", &desk.id(2)]);
    assert!(kept.out.contains("1 kept out") && kept.out.contains("--relax docm"), "{}", kept.out);
    let hash = desk.mails[0].record["report"]["parts"][2]["sha256"].as_str().unwrap();
    assert!(!desk.run(&["quarantine", "show", &id]).out.contains(hash));
    assert!(desk.run(&["quarantine", "show", &id, "--long"]).out.contains(hash));
    // Several, by a list on standard input.
    let list = desk.run(&["quarantine", "list", "--fields", "id,subject"]).out;
    let ids: String = list.lines().skip(1).map(|line| format!("{line}\n")).collect();
    let shown = desk.fed(&ids, &["quarantine", "show", "-", "--json"]);
    ends(&shown, 0);
    assert_eq!(shown.out.lines().count(), 3);
    let missing = "01BX5ZZKBKACTAV9WEVGEMMVRZ";
    ends(&desk.run(&["quarantine", "show", missing]), 4);
    ends(&desk.run(&["quarantine", "show", missing, &id]), 3);
    ends(&desk.run(&["quarantine", "show", "nonsense"]), 2);
}

#[test]
fn a_release_says_what_came_of_it() {
    let desk = Desk::usual();
    let (encrypted, doubtful) = (desk.id(0), desk.id(1));
    // Without its password it stays held; a wrong one changes nothing.
    let held = desk.run(&["quarantine", "release", &encrypted, "--reason", "phone call"]);
    ends(&held, 5);
    assert!(held.out.contains("still held: It has an attachment that needs a password. encrypted-file"), "{held:?}");
    let with = ["quarantine", "release", &encrypted, "--reason", "phone call", "--password-stdin"];
    ends(&desk.fed("wrong\n", &with), 5);
    ends(&desk.fed("\n", &with), 2);
    let dry: Vec<_> = with.iter().copied().chain(["--dry-run"]).collect();
    let tried = desk.fed(&format!("{PASSWORD}\n"), &dry);
    ends(&tried, 0);
    assert!(tried.out.contains("(dry run)"), "{tried:?}");
    assert_eq!(desk.outer.mail(desk.mails[0].item.id).item.state, MailState::Held);
    let done = desk.fed(&format!("{PASSWORD}\r\n"), &with);
    ends(&done, 0);
    assert!(done.out.contains("delivered to the LGWAN side"), "{done:?}");
    assert!(!format!("{done:?}{tried:?}").contains(PASSWORD));
    // Again: no failure, and it says who did it.
    desk.outer.called_by("sato", &Role::ALL);
    let again = desk.run(&["quarantine", "release", &encrypted, "--reason", "again"]);
    ends(&again, 0);
    assert!(again.out.contains("tanaka") && again.out.contains("phone call"), "{again:?}");
    // What was asked is what was meant.
    ends(
        &desk.run(&[
            "quarantine",
            "release",
            &doubtful,
            "--reason",
            "x",
            "--relax",
            "pdf",
            "--relax",
            "zip",
            "--accept-doubts",
            "--profile",
            "pixels",
        ]),
        0,
    );
    let seen = desk.outer.seen();
    let Some(Request::Release { how, .. }) = seen.last() else { panic!("{seen:?}") };
    assert_eq!(how.profile.as_ref().unwrap().as_str(), "pixels");
    assert!(how.doubts && how.secret.is_none() && how.relax.len() == 2);
}

#[test]
fn every_no_has_a_sentence_and_a_code() {
    let desk = Desk::usual();
    let id = desk.id(1);
    let release = ["quarantine", "release", &id, "--reason", "x"];
    ends(&desk.run(&[&release[..], &["--relax", "nonsense"]].concat()), 2);
    ends(&desk.run(&["quarantine", "release", "01BX5ZZKBKACTAV9WEVGEMMVRZ", "--reason", "x"]), 4);
    ends(&desk.run(&["quarantine", "release", &id]), 2);
    ends(&desk.run(&["quarantine", "release", &id, "--reason", " "]), 2);
    ends(&desk.run(&["quarantine", "release", &id, "--reason", "x", "--profile", "none"]), 2);
    desk.outer.called_by("sato", &[Role::Auditor]);
    for (language, word) in [("ja", "確認担当（reviewer）の役割が要ります"), ("en", "it takes the role reviewer")]
    {
        let denied = desk.place.sekisho(&[&release[..], &["--lang", language]].concat());
        ends(&denied, 5);
        assert!(denied.err.contains(word), "{denied:?}");
    }
    let denied = desk.place.json(&release);
    assert_eq!(
        (denied[0]["result"].as_str(), denied[0]["schema"].as_str()),
        (Some("denied"), Some("sekisho.quarantine-result/1"))
    );
    ends(&desk.run(&["quarantine", "list"]), 0);
    // Nobody there.
    drop(desk.outer);
    let gone = desk.place.sekisho(&["quarantine", "list", "--lang", "en"]);
    ends(&gone, 6);
    assert!(gone.err.contains("cannot be asked"), "{gone:?}");
    ends(&desk.place.sekisho(&["quarantine", "release", &id, "--reason", "x"]), 6);
    ends(&desk.place.sekisho(&["quarantine", "stats"]), 6);
}

#[test]
fn a_bulk_change_counts_and_asks() {
    let desk = Desk::usual();
    let delete = ["quarantine", "delete", "--from", "@sender.example", "--reason", "spam"];
    // No terminal, no answer; nothing was asked of the program but the list.
    let refused = desk.run(&delete);
    ends(&refused, 2);
    assert!(refused.err.contains("The originals of 2 mails") && refused.err.contains("--yes"), "{refused:?}");
    // Everything only if it is said.
    for command in ["release", "delete"] {
        ends(&desk.run(&["quarantine", command, "--reason", "x"]), 2);
        ends(&desk.run(&["quarantine", command, "--reason", "x", "--yes"]), 2);
        ends(&desk.run(&["quarantine", command, &desk.id(0), "--from", "a@b.example", "--reason", "x", "--yes"]), 2);
    }
    ends(&desk.run(&["quarantine", "delete", "--subject", "none", "--reason", "x", "--yes"]), 4);
    assert!(!desk.outer.seen().iter().any(|request| matches!(request, Request::Delete { .. })));
    let tried = desk.run(&[&delete[..], &["--dry-run"]].concat());
    ends(&tried, 0);
    assert!(tried.out.contains("2 of 2 mails done."), "{tried:?}");
    // One is under a legal hold: partly.
    ends(&desk.run(&["quarantine", "hold", &desk.id(0), "--legal", "--reason", "lawsuit"]), 0);
    let partly = desk.run(&[&delete[..], &["--yes"]].concat());
    ends(&partly, 3);
    assert!(partly.err.contains("legal hold") && partly.out.contains("1 of 2 mails done."), "{partly:?}");
    assert_eq!(desk.listed(&["--legal-hold"]), [desk.id(0)]);
    ends(&desk.run(&["quarantine", "unhold", &desk.id(0), "--reason", "settled"]), 0);
    let ids = format!("{}\n{}\n", desk.id(0), desk.id(0).to_lowercase());
    let done = desk.fed(&ids, &["quarantine", "delete", "-", "--reason", "spam", "--yes"]);
    ends(&done, 0);
    assert!(done.out.contains("the original was destroyed"), "{done:?}");
    assert!(!desk.outer.mail(desk.mails[0].item.id).kept.original);
    ends(&desk.run(&["quarantine", "delete", "--all", "--reason", "x", "--yes"]), 0);
    assert_eq!(desk.listed(&[]), Vec::<String>::new());
}

#[test]
fn a_preview_writes_files_and_never_over_others() {
    let desk = Desk::usual();
    let id = desk.id(1);
    let text = desk.run(&["quarantine", "preview", &id]);
    ends(&text, 0);
    assert_eq!(text.out, "会議資料について、添付のとおり送付します。\n");
    for name in ["見積書.txt", "見積書 (2).txt"] {
        let shown = desk.run(&["quarantine", "preview", &id, "--files", "look/here"]);
        ends(&shown, 0);
        assert!(shown.out.contains(&format!("written: look/here/{name}")), "{shown:?}");
        let written = std::fs::read(desk.place.path("look/here").join(name)).unwrap();
        assert_eq!(written, format!("txt of {id}").into_bytes());
    }
    let opened =
        desk.fed(PASSWORD, &["quarantine", "preview", &id, "--pictures", "look", "--password-stdin", "--json"]);
    ends(&opened, 0);
    let object: Value = serde_json::from_str(&opened.out).unwrap();
    assert_eq!(object["files"][0]["path"], "look/見積書.txt");
    assert_eq!(std::fs::read(desk.place.path("look/見積書.txt")).unwrap(), b"opened");
    std::fs::write(desk.place.path("a-file"), "").unwrap();
    ends(&desk.run(&["quarantine", "preview", &id, "--files", "a-file"]), 1);
    ends(&desk.run(&["quarantine", "preview", &id, "--files", "a", "--pictures", "b"]), 2);
}

#[test]
fn a_preview_writes_no_file_that_the_verifier_refuses() {
    let desk = Desk::usual();
    let id = desk.id(1);
    for (language, word) in [("en", "the verifier does not accept it"), ("ja", "検証器が受け付けない")] {
        let shown = desk.place.sekisho(&["quarantine", "preview", &id, "--pictures", "look", "--lang", language]);
        ends(&shown, 5);
        assert!(shown.err.contains("見積書.png") && shown.err.contains(word), "{shown:?}");
        assert!(shown.out.contains("会議資料について"), "the text is shown all the same: {shown:?}");
    }
    let object: Value =
        serde_json::from_str(&desk.place.sekisho(&["--json", "quarantine", "preview", &id, "--pictures", "look"]).out)
            .unwrap();
    assert_eq!(object["refused"][0]["file"]["kind"], "png");
    assert_eq!(object["files"].as_array().unwrap().len(), 0);
    let written = std::fs::read_dir(desk.place.path("look")).map(Iterator::count).unwrap_or(0);
    assert_eq!(written, 0);
}

#[test]
fn an_original_takes_two_persons() {
    let desk = Desk::usual();
    let id = desk.id(2);
    ends(&desk.run(&["original", "request", &id, "--for", "x@city.example.lg.jp", "--reason", "x"]), 2);
    let asked = desk.run(&["original", "request", &id, "--zip", "--reason", "to be signed"]);
    ends(&asked, 0);
    assert!(asked.out.contains("#1 pending") && asked.out.contains("encrypted zip"), "{asked:?}");
    assert_eq!(desk.listed(&["--requested", "pending"]), [id.as_str()]);
    let listed = desk.run(&["original", "list"]);
    assert!(listed.out.contains(&format!("{id}#1")) && listed.out.contains("to be signed"), "{listed:?}");
    // The same person is not a second one.
    for (language, word) in [("ja", "別の承認者"), ("en", "second person")] {
        let alone = desk.place.sekisho(&["original", "approve", &id, "--reason", "x", "--lang", language]);
        ends(&alone, 5);
        assert!(alone.err.contains(word), "{alone:?}");
    }
    desk.outer.called_by("sato", &[Role::Approver]);
    let approved = desk.run(&["original", "approve", &format!("{id}#1"), "--reason", "agreed"]);
    ends(&approved, 0);
    assert!(approved.out.contains("abcde-fghjk-23456") && approved.out.contains("shown only now"), "{approved:?}");
    // Again the same is fine; the contrary comes too late.
    ends(&desk.run(&["original", "approve", &id, "--reason", "agreed"]), 0);
    let late = desk.run(&["original", "reject", &id, "--reason", "no"]);
    ends(&late, 5);
    assert!(late.err.contains("sato was faster"), "{late:?}");
    ends(&desk.run(&["original", "approve", &format!("{id}#7"), "--reason", "x"]), 4);
    assert_eq!(desk.run(&["original", "list"]).out.trim(), "No request.");
    let all = desk.place.json(&["original", "list", "--state", "all"]);
    assert_eq!(all.len(), 1);
    assert_eq!(
        (&all[0]["request"]["state"], &all[0]["schema"]),
        (&"approved".into(), &"sekisho.original-request/1".into())
    );
    ends(&desk.run(&["original", "deliver"]), 5);
    desk.outer.called_by("suzuki", &[Role::Operator]);
    ends(&desk.run(&["original", "deliver"]), 0);
    let asked = desk.outer.seen().into_iter().filter_map(|request| match request {
        Request::Find { filter, .. } => filter.conditions.into_iter().find(|one| matches!(one, Condition::Request(_))),
        _ => None,
    });
    assert!(asked.collect::<Vec<_>>().contains(&Condition::Request(RequestState::Pending)));
}

#[test]
fn a_mail_is_traced_by_what_a_caller_knows() {
    let desk = Desk::usual();
    // "Mine to the welfare office did not arrive": only this side is asked here.
    let traced = desk.run(&["trace", "--to", "fukushi@city.example.lg.jp", "--since", "2026-11-20", "--side", "outer"]);
    ends(&traced, 0);
    for word in ["received", "sanitized", "handed over to the LGWAN side", "1 kept out", "2026-11-24 09:05:03"] {
        assert!(traced.out.contains(word), "{word}: {traced:?}");
    }
    ends(&desk.run(&["trace", "--from", "nobody@sender.example", "--side", "outer"]), 4);
    ends(&desk.run(&["trace"]), 2);
    // The other side is silent: what is known is shown all the same.
    let half = desk.run(&["trace", &desk.id(0)]);
    ends(&half, 6);
    assert!(half.out.contains("held") && half.err.contains("LGWAN side cannot be asked"), "{half:?}");
    let object = &desk.place.json(&["trace", &desk.id(2), "--side", "outer"])[0];
    assert_eq!(object["steps"].as_array().unwrap().len(), 3);
    assert_eq!(object["steps"][2]["what"], "handed-over");
}

#[test]
fn counts_and_the_digest() {
    let desk = Desk::usual();
    for (language, word) in [("ja", "パスワードで保護された"), ("en", "needs a password")] {
        let stats = desk.place.sekisho(&["quarantine", "stats", "--lang", language]);
        ends(&stats, 0);
        let row = stats.out.lines().find(|line| line.contains("encrypted-file")).unwrap_or_default();
        assert_eq!(row.split_whitespace().nth(1), Some("1"), "{stats:?}");
        assert!(row.contains(word), "{stats:?}");
    }
    let object = &desk.place.json(&["quarantine", "stats"])[0];
    assert_eq!(object["schema"], "sekisho.quarantine-stats/1");
    assert!(desk.run(&["quarantine", "digest"]).out.contains("held: 2 mails"));
    assert!(desk.run(&["quarantine", "digest", "--send"]).out.contains("It was sent."));
}
