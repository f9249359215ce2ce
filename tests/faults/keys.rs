//! The key file, lost, wrong or bent: the gateway does not start, and says
//! which key, which file and what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sekisho_safe_message::MailId;

use crate::desk::{act, held, is_released, locked, release, says};
use crate::support::{Gateway, Place};

/// A gateway that was stopped with a held mail, and its key file.
struct Stopped {
    place: Place,
    id: MailId,
    file: PathBuf,
    text: String,
}

impl Stopped {
    fn new() -> Self {
        let gateway = Gateway::start(&[]);
        let id = held(&gateway, &locked("under a key"));
        let place = gateway.finish();
        let file = place.path("state/outer/vault.key");
        let text = fs::read_to_string(&file).unwrap();
        Self { place, id, file, text }
    }

    /// The key's line: name and key.
    fn key(&self) -> (&str, &str) {
        self.text.lines().find(|line| !line.starts_with('#') && !line.is_empty()).unwrap().split_once(':').unwrap()
    }

    /// It does not start, and says all of these, by itself and under `serve`.
    #[track_caller]
    fn does_not_start(&self, words: &[&str]) {
        let outer = self.place.command("sekisho-outer").output().unwrap();
        let serve = self.place.sekisho(&["serve", "--lang", "en"]);
        let by_itself = String::from_utf8_lossy(&outer.stderr);
        assert!(!outer.status.success() && serve.code != 0, "{by_itself} {serve:?}");
        for word in words {
            assert!(by_itself.contains(word), "{word}: {by_itself}");
            assert!(serve.err.contains(word), "{word}: {serve:?}");
        }
    }

    /// With the right file it starts, and everything is there.
    fn starts_again(self) {
        fs::write(&self.file, &self.text).unwrap();
        fs::set_permissions(&self.file, fs::Permissions::from_mode(0o600)).unwrap();
        let gateway = Gateway::start_in(self.place);
        says(&release(&gateway, self.id), 0, &["delivered"]);
        is_released(&gateway, self.id);
        gateway.finish();
    }
}

#[test]
fn a_key_that_is_lost_is_named_with_what_to_do() {
    let stopped = Stopped::new();
    let (name, file) = (stopped.key().0.to_owned(), stopped.file.display().to_string());
    // Another key in its place.
    fs::write(&stopped.file, format!("other:{}=\n", "A".repeat(43))).unwrap();
    stopped.does_not_start(&["vault.key_file", &file, &name, "put its line back", "vault.lost_keys"]);
    // No file at all: none is made in its place, twice.
    for _ in 0..2 {
        fs::remove_file(&stopped.file).unwrap_or_default();
        stopped.does_not_start(&["vault.key_file", &file, "put it back", "vault.lost_keys"]);
        assert!(!stopped.file.exists(), "a new key hides that the old one is gone");
    }
    stopped.starts_again();
}

#[test]
fn a_key_that_is_wrong_is_named_with_what_to_do() {
    let stopped = Stopped::new();
    let (name, key) = stopped.key();
    let (name, file) = (name.to_owned(), stopped.file.display().to_string());
    // One character of it: a slip of the pen, or of the disk.
    let at = if key.starts_with('A') { "B" } else { "A" };
    fs::write(&stopped.file, format!("{name}:{at}{}\n", &key[1..])).unwrap();
    stopped.does_not_start(&[
        "vault.key_file",
        &file,
        &name,
        "is not the one that was used under this id",
        "put the right line back",
    ]);
    fs::write(&stopped.file, format!("# comment\n{name}:{}\n", &key[1..])).unwrap();
    stopped.does_not_start(&["vault.key_file", &format!("{file}:2: "), "32 octets in base64"]);
    fs::write(&stopped.file, "").unwrap();
    stopped.does_not_start(&["vault.key_file", &file, "sekisho vault key add FILE"]);
    stopped.starts_again();
}

#[test]
fn a_key_that_is_given_up_closes_its_originals_alone() {
    let mut stopped = Stopped::new();
    let name = stopped.key().0.to_owned();
    fs::remove_file(&stopped.file).unwrap();
    let file = stopped.file.display().to_string();
    let made = stopped.place.sekisho(&["vault", "key", "new", &file, "--name", "after-the-fire"]);
    says(&made, 0, &[]);
    stopped.place.set("vault.lost_keys", &name);
    let gateway = Gateway::start_in(stopped.place);
    let text = stopped.id.to_string();
    says(&gateway.sekisho(&["quarantine", "show", &text]), 0, &[&text]);
    says(&gateway.sekisho(&["quarantine", "preview", &text, "--lang", "en"]), 1, &[&text, "vault.key_file"]);
    says(&act(&gateway, &["quarantine", "export", &text, "--out", "x.zip"]), 1, &[&text, "vault.key_file"]);
    says(&release(&gateway, stopped.id), 5, &[&text, "still held"]);
    // Others go on, and it can be deleted.
    let other = held(&gateway, &locked("under the new key"));
    says(&release(&gateway, other), 0, &["delivered"]);
    is_released(&gateway, other);
    says(&act(&gateway, &["quarantine", "delete", &text, "--yes"]), 0, &[]);
    gateway.finish();
}
