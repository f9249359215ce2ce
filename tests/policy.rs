//! `sekisho policy`: what a person and a script see, and the exit codes.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

use std::path::Path;
use std::process::{Command, Output};

fn sekisho(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(["--lang", "en", "policy"]).args(arguments).env_clear().output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// One JSON object a line.
fn objects(output: &Output) -> Vec<serde_json::Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn shipped(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/policy").join(name).display().to_string()
}

#[test]
fn rules_are_explained_in_words_and_to_scripts() {
    let file = shipped("rebuild-or-hold.toml");
    let words = sekisho(&["explain", "--policy", &file]);
    assert_eq!(words.status.code(), Some(0));
    assert!(stdout(&words).contains("two-in-one") && stdout(&words).contains("hold the whole mail"));

    let rules = objects(&sekisho(&["--json", "explain", "--policy", &file]));
    assert_eq!(rules.len(), 8);
    assert_eq!(rules[2]["rule"], "passwords");
    assert_eq!(rules[2]["end"], "hold");
    assert_eq!(rules[4]["methods"], serde_json::json!(["rebuild", "flatten", "extract"]));
    assert_eq!(rules[7]["line"], serde_json::Value::Null);
    // Without a policy it is the one in force: the default.
    assert_eq!(objects(&sekisho(&["--json", "explain"])), rules);
}

#[test]
fn a_wrong_policy_is_a_wrong_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.toml");
    std::fs::write(&file, "profile = \"town\"\ndefault = \"strip\"\n[[rule]]\nid = \"a\"\nthen = \"allow\"\n").unwrap();
    let path = file.display().to_string();
    let output = sekisho(&["explain", "--policy", &path]);
    assert_eq!(output.status.code(), Some(78));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(&format!("{path}:5:1: a: then = \"allow\": not one of the words")), "{told}");

    let config = dir.path().join("sekisho.toml");
    std::fs::write(&config, "[policy]\nfile = \"policy.toml\"\n").unwrap();
    let config = config.display().to_string();
    assert_eq!(sekisho(&["--config", &config, "explain"]).status.code(), Some(78));
    std::fs::write(&file, "profile = \"town\"\ndefault = \"hold\"\n").unwrap();
    let rules = objects(&sekisho(&["--config", &config, "--json", "explain"]));
    assert_eq!((&rules[0]["profile"], &rules[0]["end"]), (&"town".into(), &"hold".into()));
    assert_eq!(sekisho(&["explain", "--policy", "/nowhere/policy.toml"]).status.code(), Some(78));
}

#[test]
fn a_rule_is_tried_out() {
    for (facts, rule, offered, end) in [
        (&["--kind", "pdf"][..], "everyday", &["rebuild", "flatten", "extract"][..], "quarantine"),
        (&["--kind", "html"], "everyday", &["extract"], "quarantine"),
        (&["--kind", "pdf", "--encrypted"], "passwords", &[], "hold"),
        (&["--kind", "png", "--inline", "--size", "3KiB"], "decoration", &[], "strip"),
        (&["--kind", "executable"], "programs", &[], "quarantine"),
        (&["--kind", "docx"], "office", &[], "quarantine"),
    ] {
        let arguments = [&["--json", "test", "--profile", "rebuild-or-hold"], facts].concat();
        let decided = objects(&sekisho(&arguments));
        assert_eq!(decided.len(), 1, "{facts:?}");
        assert_eq!((&decided[0]["rule"], &decided[0]["end"]), (&rule.into(), &end.into()), "{facts:?}");
        assert_eq!(decided[0]["offered"], serde_json::json!(offered), "{facts:?}");
    }
}

#[test]
fn recipients_who_are_treated_differently_have_a_row_each() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.toml");
    std::fs::write(
        &file,
        "profile = \"town\"\ndefault = \"rebuild\"\n\
         [[rule]]\nid = \"school\"\nwhen = { kind = \"archive\", recipient = \".school.example\" }\nthen = \"strip\"\n\
         [[rule]]\nid = \"until\"\nwhen.kind = \"zip\"\nthen = \"hold\"\nuntil = 2027-03-31\nowner = \"o\"\nreason = \"r\"\n",
    )
    .unwrap();
    let path = file.display().to_string();
    let to = ["--recipient", "a@city.example", "--recipient", "b@x.school.example"];
    let ask = |day| {
        let facts = ["--json", "test", "--policy", &path, "--kind", "zip", "--on", day];
        let decided = objects(&sekisho(&[&facts[..], &to].concat()));
        decided.iter().map(|one| one["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ask("2027-03-31"), ["until", "school"]);
    assert_eq!(ask("2027-04-01"), ["default", "school"]);
    let words = stdout(&sekisho(&[&["test", "--policy", &path, "--kind", "zip"][..], &to].concat()));
    assert_eq!(words.lines().count(), 3, "{words}");
}

#[test]
fn nonsense_is_a_usage_error() {
    for arguments in [
        &["test"][..],
        &["test", "--kind", "nothing"],
        &["test", "--kind", "pdf", "--size", "3KB"],
        &["test", "--kind", "pdf", "--sender", "x"],
        &["test", "--kind", "pdf", "--on", "2027-02-30"],
        &["explain", "--profile", "allow-all"],
        &["explain", "--profile", "pixels", "--policy", "x"],
    ] {
        assert_eq!(sekisho(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn given_mails_say_which_rule_decides_and_what_would_change() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mail/102-zip-nested/in.eml");
    let mail = folder.to_str().unwrap();
    let run = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_sekisho")).args(arguments).env_remove("SEKISHO_CONFIG").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let explained = run(&["policy", "explain", "--json", mail]);
    let parts: Vec<serde_json::Value> = explained.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let program = parts.iter().find(|part| part["part"]["name"] == "setup.exe").unwrap();
    assert_eq!(
        (program["part"]["rule"].as_str(), program["part"]["action"].as_str()),
        (Some("programs"), Some("quarantine"))
    );
    let changed = run(&["policy", "test", "--json", "--profile", "text-only", mail]);
    let changed: Vec<serde_json::Value> = changed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // The archive stays out whole; nothing is said about what was in it.
    assert_eq!(changed.len(), 1);
    assert_eq!(
        (changed[0]["part"]["action"].as_str(), changed[0]["instead"]["action"].as_str()),
        (Some("rebuild"), Some("strip"))
    );
}
