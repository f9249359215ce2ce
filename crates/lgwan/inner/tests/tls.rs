//! Encryption towards the mail server: required fails closed, and nothing said
//! in clear counts as said under TLS.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sekisho_inner::relay::{Security, SetUpError, Smtp, Transport, Trouble};
use sekisho_settings::{HostPort, RelayTls};
use sekisho_store::State;
use support::*;
use tokio_rustls::TlsAcceptor;

const TO: [&str; 1] = ["a@city.example"];

fn offering() -> Script {
    Script { ehlo: "250-test\r\n250-STARTTLS\r\n250 8BITMIME", starttls: "220 go", ..Script::default() }
}

/// A server's certificate for the loopback address, and its authority's file.
fn identity(dir: &Path) -> (TlsAcceptor, PathBuf) {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let file = dir.join("ca.pem");
    std::fs::write(&file, certified.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}

fn smtp(server: &HostPort, tls: &RelayTls) -> Smtp {
    Smtp::new(server.clone(), "inner.example", Security::load(tls, server).unwrap(), limits())
}

#[tokio::test]
async fn what_is_offered_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, ca_file) = identity(dir.path());
    for tls in [
        RelayTls::Required { ca_file: ca_file.clone() },
        RelayTls::Opportunistic { ca_file: Some(ca_file.clone()) },
        RelayTls::Opportunistic { ca_file: None },
    ] {
        let server = Server::start(vec![offering()], Some(acceptor.clone())).await;
        let bench = Bench::with(smtp(&server.address, &tls), options(LONG));
        let id = bench.hand_over(1, &TO).await;
        bench.until(id, State::Done).await;
        assert!(server.received()[0].encrypted, "{tls:?}");
        bench.stop().await;
    }
}

#[tokio::test]
async fn required_fails_closed() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, _) = identity(dir.path());
    let other = tempfile::tempdir().unwrap();
    let (_, ca_file) = identity(other.path());
    let required = RelayTls::Required { ca_file };
    for (script, trouble) in [
        (Script::default(), Trouble::TlsMissing),
        (Script { starttls: "454 not now", ..offering() }, Trouble::Tls),
        // The certificate is another authority's.
        (offering(), Trouble::Tls),
    ] {
        let server = Server::start(vec![script], Some(acceptor.clone())).await;
        let got = smtp(&server.address, &required).probe().await.unwrap_err();
        assert!(got == trouble || matches!(got, Trouble::Greeting(reply) if reply.code == 454), "{got:?}");
        let said = server.log.lock().unwrap().commands.clone();
        assert!(!said.iter().any(|line| line.starts_with("MAIL")), "{said:?}");
    }
}

#[tokio::test]
async fn opportunistic_without_an_offer_goes_in_clear() {
    let server = Server::start(vec![Script::default()], None).await;
    let bench = Bench::with(smtp(&server.address, &RelayTls::Opportunistic { ca_file: None }), options(LONG));
    let id = bench.hand_over(1, &TO).await;
    bench.until(id, State::Done).await;
    assert!(!server.received()[0].encrypted);
    bench.stop().await;
}

/// CVE-2021-38371 and its kin: replies injected in clear behind `220` must not
/// be read as the server's words under TLS.
#[tokio::test]
async fn injected_replies_end_the_connection() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, ca_file) = identity(dir.path());
    let injected = Script { starttls: "220 go\r\n250-evil\r\n250 AUTH PLAIN", ..offering() };
    for tls in [RelayTls::Required { ca_file: ca_file.clone() }, RelayTls::Opportunistic { ca_file: None }] {
        let server = Server::start(vec![injected.clone()], Some(acceptor.clone())).await;
        assert_eq!(smtp(&server.address, &tls).probe().await, Err(Trouble::Tls));
        let bench = Bench::with(smtp(&server.address, &tls), options(LONG));
        let id = bench.hand_over(1, &TO).await;
        until(&bench.spool, id, |_| server.connections() > 3).await;
        assert!(server.received().is_empty());
        bench.stop().await;
    }
}

#[tokio::test]
async fn a_file_without_certificates_is_an_error_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("empty.pem");
    std::fs::write(&file, "nothing").unwrap();
    let server = HostPort { host: "127.0.0.1".to_owned(), port: 25 };
    for ca_file in [file, dir.path().join("missing.pem")] {
        let loaded = Security::load(&RelayTls::Required { ca_file: ca_file.clone() }, &server);
        let Err(SetUpError::Certificates(path, _)) = loaded else {
            panic!("must fail");
        };
        assert_eq!(path, ca_file);
    }
}
