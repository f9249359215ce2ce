//! The key file: made, read, refused, changed; and the list of keys in use.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sekisho_safe_message::{Language, Timestamp};
use sekisho_vault::{KeyId, Keys, LineFault, Sealer, VaultError, key_of, key_prefix, rewrap};

const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const TWO: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

fn id(text: &str) -> KeyId {
    KeyId::new(text).unwrap()
}

fn file(dir: &Path, text: &str) -> PathBuf {
    let path = dir.join("vault.key");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[test]
fn a_new_file_is_for_its_owner_alone_and_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.key");
    assert!(matches!(Keys::load(&path), Err(VaultError::NoKeyFile(_))));
    Keys::create(&path, &id("2026-11")).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let before = fs::read(&path).unwrap();
    assert!(matches!(Keys::create(&path, &id("2026-12")), Err(VaultError::Exists(_))));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(Keys::load(&path).unwrap().current_id().as_str(), "2026-11");
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), &format!("a:{ONE}\n"));
    for (mode, good) in [(0o400, true), (0o640, false), (0o604, false), (0o620, false), (0o700, true)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        match Keys::load(&path) {
            Ok(_) => assert!(good, "{mode:o}"),
            Err(VaultError::Exposed(_, seen)) => assert!(!good && seen == mode, "{mode:o}"),
            Err(err) => panic!("{mode:o}: {err}"),
        }
    }
}

#[test]
fn what_is_no_key_file_is_told_by_line_and_never_shows_a_key() {
    let dir = tempfile::tempdir().unwrap();
    let cases = [
        (format!("# old\n\n  a : {ONE} \r\nb:{TWO}"), None),
        (ONE.to_owned(), Some((1, LineFault::Form))),
        (format!("a:{ONE}\n#\nö:{TWO}\n"), Some((3, LineFault::Id))),
        (format!(":{ONE}\n"), Some((1, LineFault::Id))),
        (format!("{}:{ONE}\n", "x".repeat(33)), Some((1, LineFault::Id))),
        ("a:AQEB\n".to_owned(), Some((1, LineFault::Key))),
        (format!("a:{ONE}{TWO}\n"), Some((1, LineFault::Key))),
        (format!("a:{}AQ==\n", &ONE[..40]), Some((1, LineFault::Key))),
        (format!("a:{ONE}\na:{TWO}\n"), Some((2, LineFault::IdTwice(1)))),
        (format!("\na:{ONE}\nb:{ONE}\n"), Some((3, LineFault::KeyTwice(2)))),
    ];
    for (text, fault) in cases {
        let path = file(dir.path(), &text);
        match (Keys::load(&path), fault) {
            (Ok(keys), None) => assert_eq!(keys.ids().map(KeyId::as_str).collect::<Vec<_>>(), ["a", "b"]),
            (Err(err @ VaultError::Line { .. }), Some(expected)) => {
                for told in [err.localized(Language::En), err.localized(Language::Ja), format!("{err:?}")] {
                    assert!(!told.contains("AQEBAQ") && !told.contains("AgICAg"), "{told}");
                }
                let VaultError::Line { line, fault, .. } = err else { unreachable!() };
                assert_eq!((line, fault), expected, "{text}");
            }
            (seen, expected) => panic!("{text}: {seen:?}, not {expected:?}"),
        }
    }
    assert!(matches!(Keys::load(&file(dir.path(), "# none\n")), Err(VaultError::NoKey(_))));
    assert!(matches!(Keys::load(&file(dir.path(), &"#".repeat(65 * 1024))), Err(VaultError::NotAKeyFile(_))));
    assert!(matches!(Keys::load(dir.path()), Err(VaultError::NotAKeyFile(_))));
}

#[test]
fn a_new_key_goes_first_and_the_old_ones_stay() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), &format!("# ours\na:{ONE}\n# older\nb:{TWO}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    Keys::add(&path, &id("c")).unwrap();
    let keys = Keys::load(&path).unwrap();
    assert_eq!(keys.ids().map(KeyId::as_str).collect::<Vec<_>>(), ["c", "a", "b"]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# ours\nc:") && text.ends_with(&format!("\na:{ONE}\n# older\nb:{TWO}\n")), "{text}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o400);
    assert!(matches!(Keys::add(&path, &id("a")), Err(VaultError::IdTaken(..))));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    // Somebody else is at it, or was and died.
    fs::write(dir.path().join("vault.key.new"), "").unwrap();
    assert!(matches!(Keys::add(&path, &id("d")), Err(VaultError::Exists(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn the_list_sees_a_lost_and_a_wrong_key_before_mail_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let keys = |text: String| Keys::load(&file(dir.path(), &text)).unwrap();
    let first = keys(format!("a:{ONE}\n"));
    let list = first.check(b"").unwrap();
    assert_eq!(list, first.proof());
    assert_eq!(first.check(&list).unwrap(), list);
    assert!(!String::from_utf8_lossy(&list).contains("AQEBAQ"));

    // A second key comes; both are in use until all is wrapped under it.
    let both = keys(format!("b:{TWO}\na:{ONE}\n"));
    let list = both.check(&list).unwrap();
    let second = keys(format!("b:{TWO}\n"));
    assert!(matches!(second.check(&list), Err(VaultError::LostKey { id, .. }) if id.as_str() == "a"));
    // The site gives the first one up, and takes it back.
    let given_up = second.check_without(&list, &[id("a")]).unwrap();
    assert_eq!(given_up, second.proof());
    assert_eq!(both.check_without(&list, &[id("a")]).unwrap(), list);
    // All is wrapped under the second one.
    let list = both.proof();
    assert_eq!(second.check(&list).unwrap(), list);

    // Another key under a known name.
    let wrong = keys(format!("b:{ONE}\n"));
    assert!(matches!(wrong.check(&list), Err(VaultError::WrongKey { id, .. }) if id.as_str() == "b"));
    for damaged in ["b\n", "b AgIC\n", "b x x\n", "\u{fffd} \n"] {
        assert!(matches!(second.check(damaged.as_bytes()), Err(VaultError::DamagedList(1))), "{damaged}");
    }
}

#[test]
fn a_change_of_keys_wraps_anew_and_says_what_it_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let keys = |text: String| Keys::load(&file(dir.path(), &text)).unwrap();
    let old = keys(format!("a:{ONE}\n"));
    let (_, seal) = Sealer::new(&old).unwrap();
    assert_eq!(key_of(&seal), Some(id("a")));
    assert!(rewrap(&old, &seal).unwrap().is_none());
    assert!(rewrap(&old, &[]).unwrap().is_none());

    let both = keys(format!("b:{TWO}\na:{ONE}\n"));
    let anew = rewrap(&both, &seal).unwrap().unwrap();
    assert_eq!(key_of(&anew), Some(id("b")));
    assert!(rewrap(&both, &anew).unwrap().is_none());

    let new = keys(format!("b:{TWO}\n"));
    assert!(matches!(rewrap(&new, &seal), Err(VaultError::UnknownKey { id, .. }) if id.as_str() == "a"));
    let wrong = keys(format!("c:{}\na:{TWO}\n", ONE));
    assert!(matches!(rewrap(&wrong, &seal), Err(VaultError::WrongKey { id, .. }) if id.as_str() == "a"));
    assert!(matches!(rewrap(&new, b"\x02?"), Err(VaultError::DamagedSeal)));
}

#[test]
fn seals_begin_with_their_key() {
    let dir = tempfile::tempdir().unwrap();
    let seal = |id: &str| Sealer::new(&Keys::load(&file(dir.path(), &format!("{id}:{ONE}\n"))).unwrap()).unwrap().1;
    let (one, twin, other) = (seal("ab"), seal("ab"), seal("abc"));
    assert_eq!(key_prefix(&one), 4);
    assert!(twin.starts_with(&one[..4]) && !other.starts_with(&one[..4]));
    assert_eq!((key_prefix(&[]), key_prefix(b"\x01")), (0, 0));
}

#[test]
fn ids_of_a_day() {
    // 2026-11-24 00:05 JST is the 23rd in UTC.
    let at = Timestamp::from_unix_ms_jst(1_795_446_300_000);
    let first = KeyId::for_day(at, &[]);
    assert_eq!(first.as_str(), "2026-11-24");
    let second = KeyId::for_day(at, std::slice::from_ref(&first));
    assert_eq!(second.as_str(), "2026-11-24.2");
    assert_eq!(KeyId::for_day(at, &[second, first]).as_str(), "2026-11-24.3");
}
