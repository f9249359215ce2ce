//! What a configuration becomes, and what a person hears about a wrong one.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

mod common;

use std::path::Path;
use std::time::Duration;

use sekisho_settings::keys::KEYS;
use sekisho_settings::{
    Configuration, Delivery, Domains, HandoffAddress, Keep, Language, LanguageChoice, LinkForm, LogFormat, LogLevel,
    Networks, PolicyProfile, PolicySettings, Problem, ReceiverTls, RelayTls, RetentionSettings, Surroundings,
};

use common::{FILE, complaint, read, read_with};

#[test]
fn without_a_file_everything_is_loopback_and_a_maildir() {
    let gateway = Configuration::load(None, &Surroundings::none()).unwrap().gateway().unwrap();
    let receiver = &gateway.outer.receiver;
    assert_eq!(receiver.listen, ["127.0.0.1:2525".parse().unwrap()]);
    assert_eq!(receiver.clients, Networks::loopback());
    assert_eq!(receiver.domains, Domains::Any);
    assert_eq!(receiver.hostname.as_str(), "localhost");
    assert_eq!(receiver.max_message_size, 50 << 20);
    assert_eq!(receiver.command_timeout, Duration::from_secs(300));
    assert_eq!(receiver.tls, ReceiverTls::Off);
    assert_eq!(gateway.outer.state_dir, Path::new("./sekisho-state/outer"));
    assert_eq!(gateway.outer.admin_socket, Path::new("./sekisho-state/outer/admin.sock"));
    assert_eq!(gateway.outer.handoff.address, HandoffAddress::Unix("./sekisho-state/handoff.sock".into()));
    assert_eq!(gateway.outer.worker.count, 1);
    assert_eq!(gateway.outer.worker.deadline, Duration::from_secs(60));
    assert!(!gateway.outer.worker.allow_without_landlock);
    assert_eq!(gateway.outer.vault.keep, Keep::Changed);
    assert_eq!(gateway.outer.policy, PolicySettings { profile: PolicyProfile::RebuildOrHold, file: None });
    assert_eq!(gateway.outer.files.jpeg_quality, 92);
    assert_eq!(gateway.inner.delivery, Delivery::Maildir("./sekisho-state/lgwan-maildir".into()));
    assert_eq!(gateway.inner.retry.lifetime, Duration::from_secs(432_000));
    assert_eq!(gateway.inner.postmaster.to_string(), "postmaster@localhost");
    assert_eq!(gateway.inner.notice.language, LanguageChoice::Auto);
    assert_eq!(gateway.log.filter.level, LogLevel::Info);
}

#[test]
fn the_contracts_example_is_read_and_what_is_not_there_yet_is_refused() {
    let example = r#"
version = 1
state_dir = "/var/lib/sekisho"
[outer]
listen = ["0.0.0.0:25"]
hostname = "mx.city.example.lg.jp"
domains = ["city.example.lg.jp"]
clients = ["192.0.2.0/24"]
max_message_size = "50MiB"
[worker]
count = 2
deadline = "60s"
memory = "512MiB"
[handoff]
address = "unix:handoff.sock"
[inner]
deliver = "smtp://10.1.0.25:25"
lifetime = "5d"
[vault]
keep = "changed"
retention = "90d"
key_file = "/etc/sekisho/vault.key"
[policy]
profile = "rebuild-or-hold"
[notice]
language = "auto"
"#;
    let outer = read(example).unwrap().outer().unwrap();
    assert_eq!(outer.vault.key_file.as_deref(), Some(Path::new("/etc/sekisho/vault.key")));
    assert_eq!(outer.worker.count, 2);
    assert_eq!(outer.worker.memory, 512 << 20);
    assert_eq!(outer.handoff.address, HandoffAddress::Unix("/var/lib/sekisho/handoff.sock".into()));
}

#[test]
fn one_period_for_all_originals_or_one_for_a_class() {
    let day = |days: u64| Duration::from_secs(days * 86_400);
    let retention = |text: &str| read(text).unwrap().outer().unwrap().vault.retention;
    assert_eq!(retention("[vault]\nretention = \"30d\"\n"), RetentionSettings::of(day(30)));
    let some = "[vault]\nretention = \"30d\"\nretention_held = \"180d\"\nretention_unchanged = \"7d\"\n";
    let wanted = RetentionSettings { held: Some(day(180)), unchanged: day(7), ..RetentionSettings::of(day(30)) };
    assert_eq!(retention(some), wanted);
}

#[test]
fn a_policy_file_lies_beside_the_configuration() {
    let outer = read("[policy]\nfile = \"policy.toml\"\nprofile = \"pixels\"\n[files]\nnoise = true\ndpi = 200\n");
    let outer = outer.unwrap().outer().unwrap();
    assert_eq!(outer.policy.file.as_deref(), Some(Path::new(FILE).with_file_name("policy.toml").as_path()));
    assert_eq!(outer.policy.profile, PolicyProfile::Pixels);
    assert_eq!((outer.files.noise, outer.files.dpi, outer.files.frames, outer.files.fonts), (true, 200, 100, true));
    let missing = read("[policy]\nfile = \"policy.toml\"").unwrap().missing_files();
    assert_eq!(missing[0].key.as_deref(), Some("policy.file"));
}

#[test]
fn links_and_servers() {
    let file = "[links]\nform = \"remove\"\nplain = [\"City.example.lg.jp\"]\nshow = [\"a.example\", \"b.example\"]\n\
        [authentication]\nservers = [\"mx.city.example.lg.jp\"]\n";
    let outer = read(file).unwrap().outer().unwrap();
    assert_eq!(outer.links.form, LinkForm::Remove);
    let exceptions: Vec<_> = outer.links.exceptions.iter().map(|(domain, form)| (domain.as_str(), *form)).collect();
    let wanted =
        [("a.example", LinkForm::Show), ("b.example", LinkForm::Show), ("city.example.lg.jp", LinkForm::Plain)];
    assert_eq!(exceptions, wanted);
    assert_eq!(outer.authentication.servers.iter().map(|s| s.as_str()).collect::<Vec<_>>(), ["mx.city.example.lg.jp"]);
    let surroundings = Surroundings::none().with("SEKISHO_LINKS__REMOVE", "a.example,b.example");
    let outer = read_with("", &surroundings).unwrap().outer().unwrap();
    assert_eq!((outer.links.form, outer.links.exceptions.len()), (LinkForm::Show, 2));
}

#[test]
fn the_environment_overrides_the_file_and_the_file_the_defaults() {
    let file = "[outer]\nmax_errors = 7\nmax_received = 7\n[log]\nformat = \"json\"\n";
    let surroundings = Surroundings::none()
        .with("SEKISHO_OUTER__MAX_ERRORS", "9")
        .with("SEKISHO_OUTER__DOMAINS", "a.example, b.example")
        .with("SEKISHO_OUTER__CLIENTS", "loopback,192.0.2.0/24")
        .with("SEKISHO_WORKER__ALLOW_WITHOUT_LANDLOCK", "true")
        .with("SEKISHO_OUTER__HOSTNAME", "123")
        .with("SEKISHO_STATE_DIR", "/srv/s")
        .with("SEKISHO_REQUIRE_CORPUS", "1")
        .with("OTHER__KEY", "x");
    let configuration = read_with(file, &surroundings).unwrap();
    let outer = configuration.outer().unwrap();
    assert_eq!((outer.receiver.max_errors, outer.receiver.max_received), (9, 7));
    let Domains::Listed(domains) = &outer.receiver.domains else { panic!("a list was given") };
    assert!(domains.iter().any(|domain| domain.as_str() == "b.example"));
    assert!(outer.receiver.clients.contains("192.0.2.9".parse().unwrap()));
    assert!(outer.worker.allow_without_landlock);
    assert_eq!(outer.receiver.hostname.as_str(), "123");
    assert_eq!(outer.state_dir, Path::new("/srv/s/outer"));
    assert_eq!(outer.log.format, LogFormat::Json);

    let effective = configuration.effective().unwrap();
    let shown = |key: &str| {
        let found = effective.iter().find(|e| e.key == key).unwrap();
        (found.value.clone().unwrap_or_default(), found.origin.to_string())
    };
    assert_eq!(shown("outer.max_errors"), ("9".into(), "env SEKISHO_OUTER__MAX_ERRORS".into()));
    assert_eq!(shown("outer.max_received"), ("7".into(), format!("{FILE}:3")));
    assert_eq!(shown("outer.domains").0, r#"["a.example", "b.example"]"#);
    assert_eq!(shown("worker.deadline"), ("\"60s\"".into(), "default".into()));
    assert_eq!(shown("worker.count"), ("1".into(), "default".into()));
    assert_eq!(shown("inner.postmaster"), ("\"postmaster@localhost\"".into(), "default".into()));
    assert_eq!(shown("outer.tls_key_file"), (String::new(), "default".into()));
}

#[test]
fn the_effective_list_has_every_key_once_in_the_tables_order() {
    let effective = read("").unwrap().effective().unwrap();
    let names: Vec<_> = effective.iter().map(|e| e.key).collect();
    assert_eq!(names, KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
}

#[test]
fn files_are_found_beside_the_configuration_or_among_the_credentials() {
    let text = "[handoff]\naddress = \"tls://[2001:db8::2]:7443\"\nca_file = \"tls/ca.crt\"\ncert_file = \"/abs/own.crt\"\nkey_file = \"credential:own.key\"\n";
    let unit = Surroundings::none().with("CREDENTIALS_DIRECTORY", "/run/credentials/x");
    let inner = read_with(text, &unit).unwrap().inner().unwrap();
    let HandoffAddress::Tls(tls) = inner.handoff.address else { panic!("no TLS") };
    assert_eq!(tls.server_name, "2001:db8::2");
    assert_eq!(tls.ca_file, Path::new("/etc/sekisho/tls/ca.crt"));
    assert_eq!(tls.cert_file, Path::new("/abs/own.crt"));
    assert_eq!(tls.key_file, Path::new("/run/credentials/x/own.key"));

    let outside = read(text).unwrap();
    outside.check().unwrap();
    assert_eq!(outside.inner().unwrap_err().0[0].problem, Problem::NoCredential);
    let escaping = text.replace("credential:own.key", "credential:../own.key");
    assert_eq!(read_with(&escaping, &unit).unwrap().inner().unwrap_err().0[0].problem, Problem::NoCredential);

    let variable = Surroundings::none().with("SEKISHO_INNER__CA_FILE", "ca.crt");
    let configuration = read_with("[inner]\ntls = \"opportunistic\"\ndeliver = \"smtp://m:25\"\n", &variable).unwrap();
    let Delivery::Smtp(relay) = configuration.inner().unwrap().delivery else { panic!("no SMTP") };
    assert_eq!(relay.tls, RelayTls::Opportunistic { ca_file: Some("ca.crt".into()) });
}

#[test]
fn dotted_keys_and_inline_tables_are_toml_too() {
    let outer = read("outer.max_errors = 3\nworker = { count = 4 }\n").unwrap().outer().unwrap();
    assert_eq!((outer.receiver.max_errors, outer.worker.count), (3, 4));
    assert_eq!(
        complaint("outer.max_errors = 0\n").split(": outside").next(),
        Some("/etc/sekisho/sekisho.toml:1: outer.max_errors = 0")
    );
}

#[test]
fn log_levels_have_exceptions() {
    let inner = read("[log]\nlevel = \"warn, sekisho_inner=debug,rustls::conn=trace\"\n").unwrap().inner().unwrap();
    assert_eq!(inner.log.filter.level, LogLevel::Warn);
    assert_eq!(
        inner.log.filter.targets,
        [("sekisho_inner".to_owned(), LogLevel::Debug), ("rustls::conn".to_owned(), LogLevel::Trace)]
    );
}

#[test]
fn the_locale_decides_the_language_in_posix_order() {
    let language = |pairs: &[(&str, &str)]| {
        pairs.iter().fold(Surroundings::none(), |s, (name, value)| s.with(name, value)).language()
    };
    assert_eq!(language(&[("LANG", "ja_JP.UTF-8")]), Language::Ja);
    assert_eq!(language(&[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C.UTF-8")]), Language::En);
    assert_eq!(language(&[("LANG", "C"), ("LC_MESSAGES", "ja"), ("LC_ALL", "")]), Language::Ja);
    assert_eq!(language(&[]), Language::En);
    assert_eq!(LanguageChoice::Auto.or(Language::Ja), Language::Ja);
    assert_eq!(LanguageChoice::En.or(Language::Ja), Language::En);
}
