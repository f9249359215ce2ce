//! What a person hears about a wrong configuration.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

mod common;

use std::path::PathBuf;

use sekisho_settings::keys::{KEYS, Shape};
use sekisho_settings::{Configuration, Language, Origin, Problem, Surroundings, TomlType};

use common::{FILE, complaint, errors, errors_with, read};

/// Would fail if a key of the table were read from another field, or from none.
#[test]
fn every_key_is_read_and_judged_under_its_own_name() {
    for key in KEYS {
        let bad = match key.shape {
            Shape::Text | Shape::Choice(_) | Shape::File | Shape::Size(..) | Shape::Duration(..) => "\"\"",
            Shape::List => "[\"\"]",
            Shape::Count(..) => "-1",
            Shape::Flag => continue,
        };
        let (section, last) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        let head = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
        let errors = match read(&format!("{head}{last} = {bad}\n")).unwrap().check() {
            Ok(()) => Vec::new(),
            Err(errors) => errors.0,
        };
        let blamed: Vec<_> = errors.iter().filter_map(|e| e.key.as_deref()).collect();
        let only_with_tls = key.name.starts_with("handoff.") && !matches!(last, "address" | "timeout");
        if only_with_tls {
            assert!(blamed.is_empty(), "{}: {errors:?}", key.name);
        } else {
            assert_eq!(blamed, [key.name], "{errors:?}");
        }
    }
}

#[test]
fn an_error_names_file_line_key_value_and_remedy_in_both_languages() {
    let errors = errors("version = 1\n\n[outer]\n# a comment\nmax_message_size = \"50MB\"\n");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].origin, Origin::File { path: PathBuf::from(FILE), line: Some(5) });
    assert_eq!(
        errors[0].localized(Language::En),
        "/etc/sekisho/sekisho.toml:5: outer.max_message_size = \"50MB\": not a size\n  \
         remedy: write a number and B, KiB, MiB, GiB or TiB without a space, as in 50MiB"
    );
    assert_eq!(
        errors[0].localized(Language::Ja),
        "/etc/sekisho/sekisho.toml:5: outer.max_message_size = \"50MB\": 大きさの書き方ではありません\n  \
         対処: 数字と単位 (B, KiB, MiB, GiB, TiB) を空白なしで書いてください。例: 50MiB"
    );
}

#[test]
fn an_error_of_a_list_names_the_elements_own_line() {
    let text = "[outer]\nlisten = [\n  \"0.0.0.0:25\",\n  \"mail:25\",\n  \"[::]\",\n]\n";
    let lines: Vec<_> = errors(text).iter().map(|e| (e.origin.to_string(), e.value.clone().unwrap())).collect();
    assert_eq!(lines, [(format!("{FILE}:4"), "\"mail:25\"".to_owned()), (format!("{FILE}:5"), "\"[::]\"".to_owned())]);
}

#[test]
fn all_errors_are_told_at_once() {
    let text = "colour = 1\n[outer]\nlisten = \"0.0.0.0:25\"\nmax_mesage_size = 5\n[inner]\nlifetime = 5\n[worker]\ncount = \"2\"\n";
    let errors = read(text).unwrap_err().0;
    let problems: Vec<_> = errors.iter().map(|e| (e.key.as_deref().unwrap(), &e.problem)).collect();
    let wrong = |expected, found| Problem::WrongType { expected, found };
    assert_eq!(
        problems,
        [
            ("colour", &Problem::Unknown(None)),
            ("outer.listen", &wrong(TomlType::List, TomlType::Text)),
            ("outer.max_mesage_size", &Problem::Unknown(Some("outer.max_message_size"))),
            ("inner.lifetime", &wrong(TomlType::Text, TomlType::Integer)),
            ("worker.count", &wrong(TomlType::Integer, TomlType::Text)),
        ]
    );
    let values =
        "[outer]\nhostname = \"a b\"\nmax_errors = 0\n[inner]\ndeliver = \"10.1.0.25\"\n[log]\nlevel = \"inof\"\n";
    assert_eq!(errors_keys(values), ["outer.hostname", "outer.max_errors", "log.level", "inner.deliver"]);
}

fn errors_keys(text: &str) -> Vec<String> {
    errors(text).into_iter().filter_map(|error| error.key).collect()
}

#[test]
fn each_mistake_has_its_own_words() {
    for (text, words) in [
        ("listen = [\"0.0.0.0:25\"]", "sekisho.toml:1: listen: no such key\n  remedy: did you mean outer.listen?"),
        (
            "[outer]\nlisten = 25",
            ":2: outer.listen = 25: a whole number where a list is wanted\n  remedy: write a list of texts in brackets, as in listen = [\"127.0.0.1:2525\"]",
        ),
        ("outer = 5", ":1: outer: a whole number where a section is wanted"),
        ("[[outer]]", ":1: outer: a list where a section is wanted"),
        ("[outer]\ndomains = [1]", ":2: outer.domains = 1: a whole number where text is wanted"),
        ("[outer]\nlisten = [\n", "not TOML"),
        ("a = 1\na = 2", "not TOML"),
        ("version = 2", ":1: version = 2: outside 1 to 1"),
        ("[worker]\ncount = 0", "worker.count = 0: outside 1 to 1024\n  remedy: write a value from 1 to 1024"),
        ("[worker]\ncount = -1", "worker.count = -1: outside 1 to 1024"),
        ("[worker]\nmemory = \"1MiB\"", "worker.memory = \"1MiB\": outside 64MiB to 64GiB"),
        ("[worker]\ndeadline = \"2d\"", "worker.deadline = \"2d\": outside 100ms to 1h"),
        ("[worker]\ndeadline = \"1 m\"", "not a duration"),
        ("[outer]\nlisten = []", "outer.listen = []: empty"),
        ("[outer]\nclients = [\"192.0.2.1/24\"]", "did you mean 192.0.2.0/24?"),
        ("[outer]\nclients = [\"mail.example.jp\"]", "outer.clients = \"mail.example.jp\": not a network"),
        (
            "[outer]\nclients = [\"192.0.2.0/24\"]",
            ":2: outer.clients: any domain, for clients beyond this host: an open relay",
        ),
        ("[outer]\ndomains = [\"a.jp\", \"*\"]\nclients = [\"0.0.0.0/0\"]", ":3: outer.clients: any domain"),
        ("[outer]\ndomains = [\"市.jp\"]", "write the ASCII form of the name (xn--...)"),
        ("[outer]\ndomains = [\"*.jp\"]", "wildcards are not known"),
        (
            "[outer]\nmax_recipients = 1000\nmax_commands = 1000",
            ":2: outer.max_recipients: not less than outer.max_commands\n  remedy: raise outer.max_commands or lower outer.max_recipients",
        ),
        ("[outer]\ntls_cert_file = \"a\"", ":2: outer.tls_cert_file: outer.tls_key_file is missing"),
        ("[outer]\ntls_key_file = \"a\"", ":2: outer.tls_key_file: outer.tls_cert_file is missing"),
        ("[outer]\nrequire_tls = true", ":2: outer.require_tls: outer.tls_cert_file is missing"),
        ("[inner]\ntls = \"required\"", ":2: inner.tls = \"required\": inner.ca_file is missing"),
        ("[inner]\ntls = \"always\"", "write one of: none, opportunistic, required"),
        ("[inner]\ndeliver = \"smtp://10.1.0.25\"", "inner.deliver = \"smtp://10.1.0.25\": not a place to deliver to"),
        ("[inner]\ndeliver = \"smtp://10.1.0.25:0\"", "not a place to deliver to"),
        ("[inner]\ndeliver = \"maildir:\"", "not a place to deliver to"),
        ("[inner]\nretry_max = \"10s\"", ":2: inner.retry_max = \"10s\": less than inner.retry_min"),
        ("[inner]\nlifetime = \"10m\"", ":2: inner.lifetime = \"10m\": less than inner.retry_max"),
        ("[inner]\npostmaster = \"admin\"", "not a mail address"),
        ("[handoff]\naddress = \"handoff.sock\"", "write unix:PATH or tls://HOST:PORT"),
        ("[policy]\nprofile = \"rebuild\"", "write one of: text-only, rebuild-or-hold, pixels"),
        ("[policy]\nfile = \"\"", "policy.file = \"\": empty"),
        ("[files]\njpeg_quality = 0", "files.jpeg_quality = 0: outside 1 to 100"),
        ("[files]\ndpi = 1200", "files.dpi = 1200: outside 50 to 600"),
        ("[files]\nnoise = 1", "a whole number where true or false is wanted"),
        ("[vault]\nkey_file = \"\"", "vault.key_file = \"\": empty"),
        ("[roles]\nreviewer = [\"tanaka taro\"]", "not a user's name"),
        ("[review]\ndigest_at = \"8:30\"", "write HH:MM, as in 08:30"),
        ("[review]\ndigest_to = [\"a@b.jp\"]", "review.digest_to: original.deliver is missing"),
        ("[original]\ndeliver = \"maildir:x\"", "not a mail server"),
        ("[original]\ndual = true", "original.dual: original.deliver is missing"),
        ("[original]\napprovals = 3", "original.approvals = 3: outside 1 to 2"),
        ("[original]\ndeliver = \"smtp://h:25\"\ntls = \"required\"", "original.ca_file is missing"),
        (
            "[outer]\ndomains = [\"b.jp\"]\n[original]\ndeliver = \"smtp://h:25\"\naddress = \"a@c.jp\"",
            "not within outer.domains",
        ),
        ("[notice]\nlanguage = \"fr\"", "write one of: auto, ja, en"),
        ("[links]\nform = \"hide\"", "write one of: show, plain, remove"),
        ("[links]\nplain = [\"*.jp\"]", "not a domain name"),
        (
            "[links]\nshow = [\"a.jp\"]\nremove = [\"b.jp\", \"a.jp\"]",
            "in another list too\n  remedy: leave it in one of the lists",
        ),
        ("[authentication]\nservers = [\"mx 1\"]", "not a domain name"),
        ("[inner]\ncharset = \"utf-16\"", "write one of: utf-8, iso-2022-jp"),
        ("[log]\nlevel = \"info,sekisho=loud\"", "not a log level"),
        ("[log]\nlevel = \"sekisho=info\"", "not a log level"),
    ] {
        let said = complaint(text);
        assert!(said.contains(words), "{text}\nsaid:   {said}\nwanted: {words}");
    }
}

#[test]
fn every_problem_speaks_japanese() {
    let text = "state_dir = 1\ncolour = 1\n[outer]\nlisten = \"x\"\n";
    for error in read(text).unwrap_err().0 {
        let said = error.localized(Language::Ja);
        assert!(said.contains("対処: ") && !said.contains("remedy"), "{said}");
    }
}

#[test]
fn an_error_of_the_environment_names_the_variable() {
    for (name, value, words) in [
        (
            "SEKISHO_OUTER__MAX_ERRORS",
            "many",
            "env SEKISHO_OUTER__MAX_ERRORS: outer.max_errors = many: not a whole number",
        ),
        ("SEKISHO_OUTER__MAX_ERRORS", "0", "env SEKISHO_OUTER__MAX_ERRORS: outer.max_errors = 0: outside 1 to 10000"),
        (
            "SEKISHO_OUTER__LISTN",
            "x",
            "env SEKISHO_OUTER__LISTN: outer.listn: no such key\n  remedy: did you mean outer.listen?",
        ),
        (
            "SEKISHO_OUTER__REQUIRE_TLS",
            "yes",
            "env SEKISHO_OUTER__REQUIRE_TLS: outer.require_tls = yes: neither true nor false",
        ),
        (
            "SEKISHO_OUTER__LISTEN",
            "127.0.0.1:25,x",
            "env SEKISHO_OUTER__LISTEN: outer.listen = \"x\": not an address and port",
        ),
        ("SEKISHO_outer__listen", "127.0.0.1:25", "env SEKISHO_outer__listen: outer.listen: no such key"),
    ] {
        let errors = errors_with("", &Surroundings::none().with(name, value));
        assert_eq!(errors.len(), 1, "{errors:?}");
        let said = errors[0].to_string();
        assert!(said.starts_with(words), "said: {said}\nwanted: {words}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_unicode_is_an_error() {
    use std::os::unix::ffi::OsStringExt;
    let mut surroundings = Surroundings::none();
    surroundings.variables.push(("SEKISHO_OUTER__HOSTNAME".into(), std::ffi::OsString::from_vec(vec![0xff])));
    let errors = errors_with("", &surroundings);
    assert!(errors[0].to_string().contains("not Unicode text"), "{errors:?}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.toml");
    let error = Configuration::load(Some(&path), &Surroundings::none()).unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with(&format!("{}: cannot be read", path.display())), "{said}");
}

#[test]
fn each_side_is_stopped_by_its_own_mistakes_only() {
    let configuration = read("[inner]\ndeliver = \"x\"\n").unwrap();
    configuration.outer().unwrap();
    configuration.inner().unwrap_err();
    let configuration = read("[vault]\nkeep = \"x\"\n").unwrap();
    configuration.outer().unwrap_err();
    configuration.inner().unwrap();
    configuration.command().unwrap();
    assert_eq!(configuration.check().unwrap_err().0.len(), 1);
}

#[test]
fn passwords_are_masked_wherever_a_value_is_shown() {
    let text = "[inner]\ndeliver = \"smtp://user:secret@10.1.0.25:25\"\n";
    let said = complaint(text);
    assert!(!said.contains("secret") && said.contains("smtp://***@10.1.0.25:25"), "{said}");
    let said = format!("{:?}", errors(text));
    assert!(!said.contains("secret"), "{said}");
    let text = "[outer]\nlisten = \"smtp://user:secret@10.1.0.25:25\"\n";
    assert!(!complaint(text).contains("secret"));
}

#[test]
fn what_an_operator_pasted_cannot_play_with_the_terminal() {
    let said = complaint("[outer]\nhostname = \"a\\u001b[31m\\u202eb\"\n");
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    let said = complaint("\"a\\u001b[31m\" = 1\n");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn tls_handoff_needs_its_three_files() {
    let errors = errors("[handoff]\naddress = \"tls://inner:7443\"\nca_file = \"ca\"\n");
    let problems: Vec<_> = errors.iter().map(|e| &e.problem).collect();
    assert_eq!(problems, [&Problem::Needs("handoff.cert_file"), &Problem::Needs("handoff.key_file")]);
}

#[test]
fn missing_files_are_told_apart_from_wrong_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sekisho.toml");
    std::fs::write(folder.path().join("there.crt"), "").unwrap();
    let text = "[outer]\ntls_cert_file = \"there.crt\"\ntls_key_file = \"gone.key\"\n";
    let configuration = Configuration::from_text(&path, text, &Surroundings::none()).unwrap();
    configuration.check().unwrap();
    let missing = configuration.missing_files();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].key.as_deref(), Some("outer.tls_key_file"));
    assert_eq!(missing[0].problem, Problem::NoSuchFile(folder.path().join("gone.key")));
}

#[test]
fn a_socket_path_that_the_system_cannot_take_is_an_error() {
    let long = format!("state_dir = \"/{}\"\n", "d".repeat(100));
    let problems: Vec<_> = errors(&long).into_iter().map(|e| (e.key.unwrap(), e.problem)).collect();
    let told = |key: &str, length| (key.to_owned(), Problem::SocketPathTooLong(length));
    assert_eq!(
        problems,
        [told("outer.admin_socket", 118), told("handoff.address", 114), told("inner.admin_socket", 118)]
    );
}
