//! The two sides as on two hosts: nothing shared but mutual TLS between them,
//! with certificates made as `deploy/README.md` says.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Place, deliver, plain, within};

/// Runs the manual's own commands in `dir`; `None` without openssl.
fn certificates(dir: PathBuf) -> Option<PathBuf> {
    support::program("openssl")?;
    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/README.md")).unwrap();
    let script = manual
        .split("```sh\n")
        .filter_map(|block| block.split("```").next())
        .find(|block| block.contains("handoff-ca.crt") && block.contains("openssl"))
        .expect("the manual says how certificates are made");
    fs::create_dir(&dir).unwrap();
    let output = Command::new("sh").args(["-euc", script]).current_dir(&dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(dir)
}

/// One host: a place of its own, the link, and its side's certificate.
fn host(side: &str, link: &str, certificates: &Path) -> Place {
    let file = |name: &str| certificates.join(name).display().to_string();
    Place::new(&[
        ("handoff.address", link),
        ("handoff.server_name", "inner.sekisho.example"),
        ("handoff.ca_file", &file("handoff-ca.crt")),
        ("handoff.cert_file", &file(&format!("{side}.crt"))),
        ("handoff.key_file", &file(&format!("{side}.key"))),
    ])
}

/// A way that does not open: the mail waits outside, and both logs say so.
#[track_caller]
fn stays_closed(outer_host: &Place, inner_host: &Place) {
    let (outer, inner) = (outer_host.program("sekisho-outer"), inner_host.program("sekisho-inner"));
    let id = deliver(outer_host.listen, &plain("does not cross", "text"));
    within("the trouble is seen", || outer_host.problems("outer").contains(&"handoff-down".to_owned()).then_some(()));
    within("it was tried more than once", || (outer.log().matches("handoff.").count() >= 3).then_some(()));
    let status = outer_host.sekisho(&["status", "--side", "outer", "--lang", "ja"]);
    assert!(status.code == 1 && status.out.contains("LGWAN側のプログラムが応答しません"), "{status:?}");
    assert_eq!(outer_host.state("outer", id).unwrap().0, "ready");
    assert_eq!(inner_host.status("inner").unwrap()["status"]["counters"][0], serde_json::json!(["taken", 0]));
    assert_eq!(inner_host.delivered().len(), 0);
    outer.finish();
    inner.finish();
}

#[test]
fn mail_crosses_by_mutual_tls_and_by_nothing_else() {
    let base = Place::new(&[]);
    let Some(right) = certificates(base.path("right")) else { return };
    let wrong = certificates(base.path("wrong")).unwrap();
    let link = format!("tls://{}", support::free_address());
    let mut outer_host = host("outer", &link, &right);
    let inner_host = host("inner", &link, &right);

    // Outer's certificate is of another CA; then outer trusts another CA.
    outer_host.set("handoff.cert_file", wrong.join("outer.crt").to_str().unwrap());
    outer_host.set("handoff.key_file", wrong.join("outer.key").to_str().unwrap());
    stays_closed(&outer_host, &inner_host);
    outer_host.set("handoff.cert_file", right.join("outer.crt").to_str().unwrap());
    outer_host.set("handoff.key_file", right.join("outer.key").to_str().unwrap());
    outer_host.set("handoff.ca_file", wrong.join("handoff-ca.crt").to_str().unwrap());
    stays_closed(&outer_host, &inner_host);
    // The right CA, and a server of another name.
    outer_host.set("handoff.ca_file", right.join("handoff-ca.crt").to_str().unwrap());
    outer_host.set("handoff.server_name", "other.sekisho.example");
    stays_closed(&outer_host, &inner_host);

    // All is right: what waited crosses, and what comes now.
    outer_host.set("handoff.server_name", "inner.sekisho.example");
    let (outer, inner) = (outer_host.program("sekisho-outer"), inner_host.program("sekisho-inner"));
    let id = deliver(outer_host.listen, &plain("crosses", "text"));
    inner_host.arrives(id);
    within("those that waited cross too", || (inner_host.delivered().len() == 4).then_some(()));
    within("the way is open", || outer_host.problems("outer").is_empty().then_some(()));
    // Each host knows its own side, and says so without complaint when asked for it alone.
    for (host, side) in [(&outer_host, "outer"), (&inner_host, "inner")] {
        let status = host.sekisho(&["status", "--side", side, "--lang", "en"]);
        assert_eq!((status.code, status.err.as_str()), (0, ""), "{status:?}");
        let shown = host.sekisho(&["show", &id.to_string(), "--side", side, "--lang", "en"]);
        assert_eq!((shown.code, shown.err.as_str()), (0, ""), "{shown:?}");
    }
    assert!(!outer_host.maildir().exists() && !inner_host.path("state/outer").exists());
    outer.finish();
    inner.finish();
}

/// A stranger that reaches inner's port says what it likes and leaves nothing.
#[test]
fn inner_hears_nobody_without_a_certificate() {
    use std::io::{Read, Write};
    let base = Place::new(&[]);
    let Some(certificates) = certificates(base.path("tls")) else { return };
    let address = support::free_address();
    let inner_host = host("inner", &format!("tls://{address}"), &certificates);
    let inner = inner_host.program("sekisho-inner");
    for words in [&b"EHLO stranger\r\n"[..], b"\x16\x03\x01\x00\x05hello", &[0; 4096]] {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
        stream.write_all(words).unwrap_or_default();
        stream.shutdown(std::net::Shutdown::Write).unwrap_or_default();
        // A TLS alert at most; a reset is as good.
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap_or_default();
        assert!(answer.len() < 64, "{answer:?}");
    }
    let status = inner_host.status("inner").unwrap();
    assert_eq!(status["status"]["counters"][0], serde_json::json!(["taken", 0]));
    inner.finish();
}
