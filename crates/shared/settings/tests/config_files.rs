//! The files of `config/` load, and say about every key what the table says.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

use std::fs;
use std::path::{Path, PathBuf};

use sekisho_settings::keys::{KEYS, Key, Preset, SECTIONS};
use sekisho_settings::{Configuration, Delivery, HandoffAddress, Surroundings};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../config")
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

fn load(name: &str) -> Configuration {
    Configuration::load(Some(&folder().join(name)), &Surroundings::none()).unwrap()
}

#[test]
fn every_shipped_file_is_right() {
    let mut seen = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let configuration = Configuration::load(Some(&path), &Surroundings::none()).unwrap();
            configuration.check().unwrap();
            seen += 1;
        }
    }
    assert!(seen >= 3, "config/ has {seen} files");
}

#[test]
fn one_host_has_both_sides_on_a_unix_socket() {
    let gateway = load("sekisho.toml").gateway().unwrap();
    assert_eq!(gateway.outer.handoff, gateway.inner.handoff);
    assert_eq!(gateway.outer.handoff.address, HandoffAddress::Unix("/run/sekisho/handoff.sock".into()));
    assert!(matches!(gateway.inner.delivery, Delivery::Smtp(_)));
}

#[test]
fn two_hosts_meet_over_mutual_tls() {
    let outer = load("outer.toml").outer().unwrap();
    let inner = load("inner.toml").inner().unwrap();
    let (HandoffAddress::Tls(from), HandoffAddress::Tls(to)) = (outer.handoff.address, inner.handoff.address) else {
        panic!("no TLS")
    };
    assert_eq!(from.endpoint, to.endpoint);
    assert_eq!(from.server_name, "inner.sekisho.example");
    assert_eq!(from.ca_file, folder().join("tls/handoff-ca.crt"));
    assert_ne!(from.key_file, to.key_file);
}

/// The line of a key in the sample, active or as `#key = value`, with the section it stands in.
fn sample_line<'a>(sample: &'a str, key: &Key) -> (Vec<&'a str>, &'a str) {
    let (wanted, last) = key.name.rsplit_once('.').unwrap_or(("", key.name));
    let (start, active) = (format!("#{last} = "), format!("{last} = "));
    let mut section = "";
    let lines: Vec<&str> = sample.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name;
        }
        if section == wanted && (line.starts_with(&start) || line.starts_with(&active)) {
            return (lines[at.saturating_sub(2)..at].to_vec(), line);
        }
    }
    panic!("{} is not in config/sekisho.toml", key.name)
}

#[test]
fn the_sample_documents_every_key_as_the_table_does() {
    let sample = text("sekisho.toml");
    for key in KEYS {
        let (comments, line) = sample_line(&sample, key);
        assert_eq!(comments, [format!("# {}", key.en), format!("# {}", key.ja)], "{}", key.name);
        let shows_default = !matches!(key.preset, Preset::Derived(..) | Preset::Unset);
        if let (Some(shown), true) = (line.strip_prefix('#'), shows_default) {
            let preset = key.preset_text(sekisho_settings::Language::En);
            assert_eq!(shown.split_once(" = ").unwrap().1, preset, "{}", key.name);
        }
    }
    for section in SECTIONS {
        let head = format!("# {}\n# {}\n[{}]\n", section.en, section.ja, section.name);
        assert!(sample.contains(&head), "{}", section.name);
    }
}

/// Every `#key = value` of the sample, without its `#`, is a key that exists with a value it takes;
/// only what this version refuses may be refused.
#[test]
fn the_sample_shows_no_key_that_does_not_exist() {
    let uncommented: Vec<String> = text("sekisho.toml")
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
            Some(_) | None => line.to_owned(),
        })
        .collect();
    let path = Path::new("sample.toml");
    let configuration = Configuration::from_text(path, &uncommented.join("\n"), &Surroundings::none()).unwrap();
    configuration.check().unwrap();
}
