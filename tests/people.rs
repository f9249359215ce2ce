//! What a person reads: both languages, tables that align, nothing hostile on
//! a terminal, and exit codes that scripts rely on (contract.md).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::fs;

use sekisho_safe_message::MailId;
use support::{Gateway, Outcome, Place, deliver, fixture, plain, within};
use unicode_width::UnicodeWidthChar;

const LANGUAGES: [&str; 2] = ["ja", "en"];

/// Subject, name and file name hold ESC, CSI (C1), BEL, a bidi override, and a
/// line end, raw and encoded.
fn hostile(kind: &str) -> Vec<u8> {
    // ESC[31m RLO evil BEL CSI 2J CRLF X: y
    let word = "=?UTF-8?B?G1szMW3igK5ldmlsB8KbMkoNClg6IHk=?=";
    format!(
        "From: {word} <hanako@sender.example>\r\nTo: shimin@city.example.lg.jp\r\n\
         Subject: {word} \u{1b}[2J\u{202e}raw\u{7}\r\nDate: Tue, 24 Nov 2026 09:05:00 +0900\r\nMIME-Version: 1.0\r\n\
         Content-Type: {kind}; boundary=b; id=\"x\"; number=1; total=2\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\ntext \u{1b}[31m\u{202e}\r\n\
         --b\r\nContent-Type: application/\u{1b}pdf; name=\"\u{1b}]0;x\u{7}.pdf\"\r\n\
         Content-Disposition: attachment; filename=\"{word}.pdf\"\r\n\r\nx\r\n--b--\r\n"
    )
    .into_bytes()
}

/// A gateway that has delivered, stripped and held mails, hostile ones too.
struct Scene {
    gateway: Gateway,
    passed: MailId,
    held: MailId,
}

fn scene() -> Scene {
    let gateway = Gateway::start(&[]);
    let kaigi =
        plain("=?UTF-8?B?5Lya6K2w6LOH5paZ44Gu6YCB5LuY44Gr44Gk44GE44GmKOS7pOWSjDjlubTluqYp77yI6YeN6KaB77yJ?=", "x");
    for mail in [&kaigi, &fixture("17-pdf"), &fixture("49-bidi"), &plain("", "no subject")] {
        gateway.arrives(deliver(gateway.listen, mail));
    }
    let passed = deliver(gateway.listen, &hostile("multipart/mixed"));
    let held = deliver(gateway.listen, &hostile("message/partial"));
    deliver(gateway.listen, &fixture("54-message-partial"));
    within("all are settled", || {
        let settled = |id| ["kept", "held", "done"].contains(&gateway.state("outer", id).unwrap().0.as_str());
        let open = gateway.count("outer", "ready") + gateway.count("inner", "ready");
        (settled(passed) && settled(held) && open == 0).then_some(())
    });
    Scene { gateway, passed, held }
}

/// Neither control characters nor bidi controls; line feeds end lines.
#[track_caller]
fn is_clean(what: &str, text: &str) {
    let bad = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(*c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let found: Vec<char> = text.chars().filter(bad).collect();
    assert!(found.is_empty(), "{what} shows {found:?}:\n{text}");
}

/// Whether the text speaks Japanese.
fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'))
}

#[test]
fn nothing_hostile_reaches_a_terminal() {
    let Scene { gateway, passed, held } = scene();
    let ids = [passed.to_string(), held.to_string()];
    let commands: [&[&str]; 6] = [
        &["status"],
        &["queue", "list", "--state", "all"],
        &["queue", "list"],
        &["show", &ids[0]],
        &["show", &ids[1]],
        &["queue", "list", "--state", "all", "--side", "inner"],
    ];
    for command in commands {
        for more in [&["--lang", "ja"][..], &["--lang", "en"], &["--json"]] {
            let outcome = gateway.sekisho(&[command, more].concat());
            assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{command:?}: {outcome:?}");
            is_clean(&format!("{command:?} {more:?}"), &outcome.out);
            assert!(!outcome.out.contains("\\u001b") && !outcome.out.contains("\\u202e"), "{}", outcome.out);
        }
    }
    // The words themselves are there: nothing was swallowed.
    let shown = gateway.sekisho(&["show", &ids[0], "--lang", "en"]);
    assert!(shown.out.contains("evil") && shown.out.contains(".pdf"), "{}", shown.out);
    is_clean("the log", &gateway.serve.log());
    gateway.finish();
}

#[test]
fn both_languages_say_the_same_things() {
    let Scene { gateway, passed, .. } = scene();
    let id = passed.to_string();
    for (command, words) in [
        (&["status"][..], ["正常", "healthy"]),
        (&["queue", "list"], ["保留", "held"]),
        (&["show", &id], ["管理番号", "received"]),
        (&["check"], ["点検", "check"]),
        (&["config", "show"], ["出どころ", "origin"]),
        (&["config", "check"], ["設定に誤りはありません。", "The configuration is sound."]),
    ] {
        let outcomes = LANGUAGES.map(|language| gateway.sekisho(&[command, &["--lang", language]].concat()));
        for ((outcome, word), language) in outcomes.iter().zip(words).zip(LANGUAGES) {
            assert_eq!(outcome.code, 0, "{command:?}: {outcome:?}");
            assert!(outcome.out.contains(word), "{command:?} in {language}: {}", outcome.out);
        }
        let lines = outcomes.each_ref().map(|outcome| outcome.out.lines().count());
        assert_eq!(lines[0], lines[1], "{command:?}: {outcomes:?}");
    }
    // By the locale, and by the option against the locale.
    let by = |locale: &str, arguments: &[&str]| {
        let output = gateway.command("sekisho").args(arguments).env("LC_ALL", locale).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(by("ja_JP.UTF-8", &["status"]).contains("正常"));
    assert!(by("en_GB.UTF-8", &["status"]).contains("healthy"));
    assert!(by("ja_JP.UTF-8", &["status", "--lang", "en"]).contains("healthy"));
    gateway.finish();
}

/// A line, screen column by screen column.
fn columns(line: &str) -> Vec<char> {
    let mut columns = Vec::new();
    for c in line.chars() {
        columns.push(c);
        // The second half of a wide character.
        columns.extend(std::iter::repeat_n('\0', c.width().unwrap_or(0).saturating_sub(1)));
    }
    columns
}

/// Every column of the head begins at the same screen column in every row.
#[track_caller]
fn aligns(table: &[&str]) {
    let head = columns(table[0]);
    let begins = |at: usize| at >= 2 && head[at] != ' ' && head[at - 1] == ' ' && head[at - 2] == ' ';
    let starts: Vec<usize> = (0..head.len()).filter(|at| begins(*at)).collect();
    assert!(!starts.is_empty(), "{table:?}");
    for row in &table[1..] {
        let cells = columns(row);
        for start in &starts {
            let at = |column: usize| cells.get(column).copied().unwrap_or(' ');
            let apart = at(start - 1) == ' ' && at(start - 2) == ' ';
            assert!(apart && at(*start) != '\0', "column {start} of\n{}", table.join("\n"));
        }
    }
}

#[test]
fn tables_align_by_width() {
    let Scene { gateway, .. } = scene();
    for language in LANGUAGES {
        let list = gateway.sekisho(&["queue", "list", "--state", "all", "--lang", language]).out;
        let lines: Vec<&str> = list.lines().collect();
        assert!(lines.len() >= 11, "{list}");
        assert!(lines.iter().any(|line| line.contains("会議資料の送付")), "{list}");
        aligns(&lines);
        // Keys, values and origins; a long value is not cut.
        let show = gateway.sekisho(&["config", "show", "--lang", language]).out;
        let lines: Vec<&str> = show.lines().collect();
        assert!(lines.len() > 50, "{show}");
        aligns(&lines);
        let status = gateway.sekisho(&["status", "--lang", language]).out;
        let lines: Vec<&str> = status.lines().collect();
        let head = lines.iter().position(|line| line.starts_with("  状態") || line.starts_with("  state")).unwrap();
        aligns(&lines[head..head + 7]);
    }
    gateway.finish();
}

const COMMANDS: [&[&str]; 14] = [
    &[],
    &["serve"],
    &["demo"],
    &["sanitize"],
    &["verify"],
    &["show"],
    &["queue"],
    &["queue", "list"],
    &["queue", "retry"],
    &["config"],
    &["config", "check"],
    &["status"],
    &["metrics"],
    &["check"],
];

#[test]
fn help_speaks_the_readers_language() {
    let place = Place::new(&[]);
    for command in COMMANDS {
        let help = |language| place.sekisho(&[command, &["--help", "--lang", language]].concat());
        let (ja, en) = (help("ja"), help("en"));
        assert_eq!((ja.code, en.code, ja.err.as_str()), (0, 0, ""), "{command:?}");
        assert!(!is_japanese(&en.out), "{command:?}: {}", en.out);
        for word in ["Options", "Usage", "Arguments", "Commands", "Print", "possible values", "default"] {
            assert!(!ja.out.contains(word), "{command:?}: {word}\n{}", ja.out);
        }
        for line in ja.out.lines().filter(|line| !line.is_empty()) {
            // A line may go on with nothing but the rest of the choices.
            let rest = line.trim_start().starts_with('|') || line.trim_end().ends_with(']') && !line.contains("--");
            assert!(is_japanese(line) || rest, "{command:?}: {line:?}\n{}", ja.out);
        }
        let options = |text: &str| text.lines().filter(|line| line.trim_start().starts_with('-')).count();
        assert_eq!(options(&ja.out), options(&en.out), "{}", ja.out);
    }
}

#[test]
fn exit_codes_are_kept() {
    let Scene { gateway, passed, held } = scene();
    let unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let (good, bad) = (gateway.path("good.eml"), gateway.path("bad.eml"));
    fs::write(&good, plain("good", "text")).unwrap();
    fs::write(&bad, fixture("54-message-partial")).unwrap();
    let sound = gateway.path("sound.eml");
    fs::write(&sound, &gateway.arrives(passed).bytes).unwrap();
    fs::write(gateway.path("wrong.toml"), "version = 2\n").unwrap();
    let [good, bad, sound] = [&good, &bad, &sound].map(|path| path.to_str().unwrap());
    let (passed, held) = (passed.to_string(), held.to_string());
    let cases: [(i32, &[&str]); 21] = [
        (0, &["--version"]),
        (0, &["show", &passed]),
        (0, &["show", &passed.to_lowercase()]),
        (0, &["sanitize", good]),
        (0, &["verify", sound]),
        (1, &["sanitize", "nowhere.eml"]),
        (1, &["verify", "nowhere.eml"]),
        (2, &[]),
        (2, &["nonsense"]),
        (2, &["show"]),
        (2, &["show", "not-an-id"]),
        (2, &["status", "--nonsense"]),
        (2, &["queue", "retry", &held]),
        (2, &["queue", "retry", &held, "--reason", " "]),
        (3, &["sanitize", good, bad, "--out", "out"]),
        (3, &["verify", sound, good]),
        (4, &["show", unknown]),
        (4, &["queue", "retry", unknown, "--reason", "x"]),
        (5, &["sanitize", bad]),
        (5, &["verify", good]),
        (78, &["status", "--config", "wrong.toml"]),
    ];
    for (code, arguments) in cases {
        for language in LANGUAGES {
            let outcome = gateway.sekisho(&[&["--lang", language], arguments].concat());
            assert_eq!(outcome.code, code, "{arguments:?}: {outcome:?}");
            explains_itself(arguments, language, &outcome);
        }
    }
    let place = gateway.finish();
    for command in
        [&["status"][..], &["queue", "list"], &["show", unknown], &["queue", "retry", unknown, "--reason", "x"]]
    {
        for language in LANGUAGES {
            let outcome = place.sekisho(&[command, &["--lang", language]].concat());
            assert_eq!(outcome.code, 6, "{command:?}: {outcome:?}");
            explains_itself(command, language, &outcome);
        }
    }
}

/// Whatever does not succeed says why, on standard error, in the language
/// asked for. (Verdicts and help are the answer and stand on standard output.)
#[track_caller]
fn explains_itself(arguments: &[&str], language: &str, outcome: &Outcome) {
    let said = format!("{}{}", outcome.err, outcome.out);
    is_clean(&format!("{arguments:?}"), &outcome.err);
    if !matches!(outcome.code, 0 | 3) && !arguments.contains(&"nowhere.eml") {
        assert!(!said.is_empty(), "{arguments:?}: {outcome:?}");
        assert_eq!(is_japanese(&said), language == "ja", "{arguments:?}: {outcome:?}");
    }
}

/// Colour on a terminal only, and not where `NO_COLOR` says no.
#[test]
fn colour_is_for_terminals_that_want_it() {
    let Some(python) = support::program("python3") else { return };
    let gateway = Gateway::start(&[]);
    let on_terminal = |no_color: &str| {
        let mut command = gateway.command(python.to_str().unwrap());
        command.args(["-c", TERMINAL, no_color]).arg(support::sekisho()).args(["status", "--lang", "ja"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(on_terminal("").contains("\u{1b}[32m正常\u{1b}[0m"), "an empty NO_COLOR says nothing");
    assert!(!on_terminal("1").contains('\u{1b}'));
    assert!(!gateway.sekisho(&["status"]).out.contains('\u{1b}'), "not into a pipe");
    gateway.finish();
}

/// Runs a command on a terminal of its own and prints what it shows there.
const TERMINAL: &str = r#"
import os, pty, sys
os.environ["NO_COLOR"] = sys.argv[1]
shown = b""
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
while True:
    try:
        if not (data := os.read(fd, 65536)):
            break
    except OSError:
        break
    shown += data
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
"#;

/// The demonstration in Japanese: everything of ours is.
#[test]
fn the_demonstration_speaks_japanese() {
    let place = Place::new(&[]);
    let demo = place.sekisho(&["demo", "--once", "--lang", "ja", "--listen", &support::free_address().to_string()]);
    assert_eq!((demo.code, demo.err.as_str()), (0, ""), "{demo:?}");
    is_clean("the demonstration", &demo.out);
    let ours = demo.out.lines().filter(|line| line.starts_with("==") || line.starts_with("--"));
    assert!(ours.clone().count() > 100 && ours.clone().all(is_japanese));
    assert!(demo.out.lines().last().unwrap().contains("想定と違う結果 0通"), "{}", demo.out);
}
