//! `sekisho quarantine review` as a person uses it: in a terminal (tmux), with
//! keys, against a program that answers. Without tmux it is skipped.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]
#![allow(clippy::print_stderr, reason = "why a test was skipped")]

#[path = "support/fake_outer.rs"]
#[allow(dead_code, reason = "every test file uses its own part of it")]
mod fake_outer;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use fake_outer::{FakeMail, FakeOuter, held, kept};
use sekisho_channel::admin::{MailState, Request, Role};
use sekisho_job::HoldReason;

/// A failure waits so long, a success never.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal of its own server, gone when dropped.
struct Screen {
    socket: String,
}

impl Screen {
    /// `None` where there is no tmux.
    fn open(dir: &Path, columns: u16, lines: u16, language: &str, more: &str) -> Option<Self> {
        let there = Command::new("tmux").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            eprintln!("skipped: tmux is not installed");
            return None;
        }
        let screen = Self { socket: dir.join("tmux").display().to_string() };
        let line = format!(
            "env SEKISHO_STATE_DIR='{}' NO_COLOR=1 TERM=screen LC_ALL=C.UTF-8 '{}' --lang {language} quarantine review {more}; echo ended $?; sleep 60",
            dir.display(),
            env!("CARGO_BIN_EXE_sekisho")
        );
        let (columns, lines) = (columns.to_string(), lines.to_string());
        screen.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &lines, &line]);
        Some(screen)
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command.args(["-u", "-S", &self.socket]).args(arguments).env_remove("TMUX").env("LC_ALL", "C.UTF-8");
        command.output().unwrap()
    }

    /// Keys by tmux's names, or a text as it is typed.
    fn press(&self, keys: &[&str]) {
        for key in keys {
            self.tmux(&["send-keys", key]);
        }
    }

    fn type_in(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.tmux(&["capture-pane", "-p"]).stdout).into_owned()
    }

    /// SIGTERM to the command, which is the child of the terminal's shell.
    fn terminate(&self) {
        let shell = self.tmux(&["list-panes", "-F", "#{pane_pid}"]).stdout;
        let shell = String::from_utf8_lossy(&shell).trim().to_owned();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        let status = Command::new("kill").arg("-TERM").args(children.split_whitespace()).status();
        assert!(status.unwrap().success());
    }

    /// Waits until the screen shows all of these.
    #[track_caller]
    fn shows(&self, wanted: &[&str]) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if wanted.iter().all(|wanted| text.contains(wanted)) {
                return text;
            }
            assert!(Instant::now() < until, "{wanted:?} is not on the screen:\n{text}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn mails() -> Vec<FakeMail> {
    vec![
        held(1, "yamada@example.co.jp", "zeimu@city.example.jp", "申請書類の送付について", HoldReason::EncryptedFile),
        kept(2, "taro@example.com", "kikaku@city.example.jp", "①㈱髙﨑 ﾊﾝｶｸ 御見積書"),
        held(3, "info@example.org", "soumu@city.example.jp", "会議資料", HoldReason::AmbiguousStructure),
    ]
}

fn outer(dir: &Path) -> FakeOuter {
    FakeOuter::start(&dir.join("outer/admin.sock"), mails())
}

/// A second place from which the same program is asked.
fn beside(dir: &Path) -> PathBuf {
    let other = dir.join("other");
    std::fs::create_dir(&other).unwrap();
    std::os::unix::fs::symlink(dir.join("outer"), other.join("outer")).unwrap();
    other
}

#[test]
fn a_mail_is_found_looked_at_and_released() {
    let dir = tempfile::tempdir().unwrap();
    let outer = outer(dir.path());
    let Some(screen) = Screen::open(dir.path(), 80, 24, "ja", "") else { return };
    let text = screen.shows(&["関所", "3通", "会議資料", "構造が曖昧", "tanaka"]);
    // The sizes stand in one column, whatever is written before them.
    let sizes = text.lines().skip(2).take(3).map(|row| row.split("KB").next().unwrap());
    let places: Vec<_> = sizes.map(unicode_width::UnicodeWidthStr::width).collect();
    assert!(places.iter().all(|place| *place == places[0]), "{places:?}\n{text}");

    screen.press(&["/", "C-u"]);
    screen.type_in("subject:会議");
    screen.press(&["Enter"]);
    screen.shows(&["1通", "会議資料"]);
    screen.press(&["p"]);
    screen.shows(&["無害化した本文", "会議資料について"]);
    screen.press(&["Escape", "r"]);
    screen.shows(&["解放を実行", "理由（必須）"]);
    screen.press(&["Down", "Space", "Down"]);
    screen.press(&["BSpace"]);
    screen.press(&["Down"]);
    screen.type_in("窓口で確認済み");
    screen.press(&["Tab", "Right", "Right"]);
    assert!(!outer.seen().iter().any(|request| matches!(request, Request::Release { .. })), "nothing is decided yet");
    screen.press(&["Enter"]);
    screen.shows(&["LGWAN側へ届けました"]);
    let released = outer.seen().into_iter().find_map(|request| match request {
        Request::Release { reason, how, dry_run: false, .. } => Some((reason, how)),
        _ => None,
    });
    let (reason, how) = released.unwrap();
    assert_eq!((reason.as_str(), how.doubts), ("窓口で確認済み", true));
    screen.press(&["Escape", "q"]);
    screen.shows(&["ended 0"]);
}

#[test]
fn a_slow_colleague_hears_who_was_faster() {
    let dir = tempfile::tempdir().unwrap();
    let outer = outer(dir.path());
    let Some(screen) = Screen::open(dir.path(), 120, 40, "en", "subject:会議") else { return };
    screen.shows(&["1 mail ", "doubtful parts", "Its structure can be read in two"]);
    let Some(other) = Screen::open(&beside(dir.path()), 80, 24, "en", "subject:会議") else { return };
    other.shows(&["1 mail "]);
    for (screen, why) in [(&screen, "first"), (&other, "second")] {
        screen.press(&["r"]);
        screen.shows(&["Do it: release"]);
        screen.press(&["Down", "Down", "Down"]);
        screen.type_in(why);
        screen.press(&["Tab", "Right", "Right", "Enter"]);
        screen.shows(&[if why == "first" { "delivered to the LGWAN side" } else { "tanaka was faster" }]);
    }
    let acts: Vec<_> = outer.mail(mails()[2].item.id).kept.acts;
    assert_eq!(acts.len(), 1);
}

#[test]
fn two_persons_and_a_password_that_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let outer = outer(dir.path());
    let Some(screen) = Screen::open(dir.path(), 80, 24, "en", "subject:申請書類") else { return };
    screen.shows(&["1 mail ", "needs password", "It has an attachment"]);
    screen.press(&["o"]);
    screen.shows(&["Ask for the original"]);
    screen.press(&["Down", "Right", "Down"]);
    screen.type_in("she needs it");
    screen.press(&["Tab", "Right", "Enter"]);
    screen.shows(&["waits for another person's approval"]);
    screen.press(&["Enter"]);
    screen.shows(&["details 1/1", "#1 pending"]);
    let decide = |why: &str| {
        screen.press(&["a"]);
        screen.shows(&["Do it: approve"]);
        screen.press(&["Down"]);
        screen.type_in(why);
        screen.press(&["Tab", "Right", "Enter"]);
    };
    decide("myself");
    screen.shows(&["it takes a second person"]);
    outer.called_by("suzuki", &[Role::Approver]);
    screen.press(&["R"]);
    screen.shows(&["suzuki"]);
    decide("I know her");
    screen.shows(&["abcde-fghjk-23456", "by another way than mail"]);
    screen.press(&["Enter"]);
    screen.press(&["d"]);
    screen.shows(&["takes the role reviewer"]);
}

#[test]
fn files_are_saved_beside_nothing_that_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let _outer = outer(dir.path());
    let folder = dir.path().join("saved");
    let Some(screen) = Screen::open(dir.path(), 80, 24, "en", "subject:会議") else { return };
    screen.shows(&["1 mail "]);
    for said in ["1 file(s) written", "it is not overwritten"] {
        screen.press(&["p"]);
        screen.shows(&["the text, made safe"]);
        screen.press(&["F"]);
        screen.shows(&["Save files"]);
        screen.press(&["Down"]);
        screen.type_in(&folder.display().to_string());
        screen.press(&["Tab", "Tab", "Right", "Enter"]);
        screen.shows(&[said]);
        screen.press(&["Escape"]);
        screen.shows(&["details 1/1"]);
    }
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["見積書.txt"]);
    // Pictures of the fake program are none: the verifier refuses them.
    screen.press(&["p"]);
    screen.shows(&["the text, made safe"]);
    screen.press(&["F"]);
    screen.shows(&["Save files"]);
    screen.press(&["Right", "Down"]);
    screen.type_in(&dir.path().join("pictures").display().to_string());
    screen.press(&["Tab", "Tab", "Right", "Enter"]);
    screen.shows(&["the verifier does not accept it"]);
    assert_eq!(std::fs::read_dir(dir.path().join("pictures")).unwrap().count(), 0);
}

#[test]
fn the_terminal_comes_back_and_a_lost_program_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let running = outer(dir.path());
    let Some(screen) = Screen::open(dir.path(), 80, 24, "ja", "") else { return };
    screen.shows(&["3通"]);
    drop(running);
    screen.press(&["R"]);
    screen.shows(&["接続できません", "R で再接続"]);
    let again = outer(dir.path());
    screen.press(&["R"]);
    screen.shows(&["3通", "会議資料"]);
    screen.tmux(&["resize-window", "-x", "120", "-y", "40"]);
    screen.shows(&["│"]);
    // Ctrl-C is a key, SIGTERM a signal: both leave a usable terminal.
    screen.terminate();
    screen.shows(&["ended 0"]);
    let Some(other) = Screen::open(&beside(dir.path()), 80, 24, "ja", "") else { return };
    other.shows(&["3通"]);
    other.press(&["C-c"]);
    other.shows(&["ended 0"]);
    assert_eq!(again.mail(mails()[0].item.id).item.state, MailState::Held);
}

#[test]
fn without_a_terminal_or_a_program_it_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.args(["--lang", "en", "quarantine", "review"]).args(more).env("SEKISHO_STATE_DIR", dir.path());
        command.stdin(Stdio::null()).output().unwrap()
    };
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("needs a terminal"));
    assert_eq!(run(&["form:x"]).status.code(), Some(2));
    let Some(screen) = Screen::open(dir.path(), 100, 24, "en", "") else { return };
    screen.shows(&["cannot be asked", "ended 6"]);
}
