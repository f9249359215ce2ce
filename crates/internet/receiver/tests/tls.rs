//! STARTTLS.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::sync::Arc;

use common::{Client, Running, config, start};
use rustls::{ClientConfig, RootCertStore, crypto, version};
use sekisho_receiver::{Config, Tls, server_config};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

struct Certificate {
    server: Arc<rustls::ServerConfig>,
    roots: RootCertStore,
}

fn certificate() -> Certificate {
    let pair = rcgen::generate_simple_self_signed(["mx.example".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(pair.cert.der().clone()).unwrap();
    let server = server_config(pair.cert.pem().as_bytes(), pair.signing_key.serialize_pem().as_bytes()).unwrap();
    Certificate { server, roots }
}

fn connector(roots: RootCertStore, versions: &[&'static rustls::SupportedProtocolVersion]) -> TlsConnector {
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn encrypt(server: &Running, connector: &TlsConnector) -> Client<TlsStream<TcpStream>> {
    let mut client = server.greeted().await;
    client.expect("STARTTLS", "220 2.0.0").await;
    Client::new(connector.connect("mx.example".try_into().unwrap(), client.io).await.unwrap())
}

#[tokio::test]
async fn a_mail_over_tls() {
    let Certificate { server: tls, roots } = certificate();
    let server = start(Config { tls: Tls::Required(tls), ..config() }).await;
    let mut plain = server.greeted().await;
    plain.expect("MAIL FROM:<a@b>", "530 5.7.0").await;
    for (version, name) in [(&version::TLS13, "TLSv1_3"), (&version::TLS12, "TLSv1_2")] {
        let mut client = encrypt(&server, &connector(roots.clone(), &[version])).await;
        // All that was said in the clear is forgotten, EHLO too.
        client.expect("MAIL FROM:<a@b>", "503 5.5.1").await;
        assert!(!client.ask("EHLO client.example").await.contains("STARTTLS"));
        client.expect("STARTTLS", "503 5.5.1").await;
        client.begin().await;
        client.send("secret\r\n.\r\n").await;
        assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued"));
        client.expect("QUIT", "221").await;
        assert_eq!(client.rest().await, "");
        let (arrival, octets) = server.mails().pop().unwrap();
        assert_eq!((octets, arrival.tls.unwrap().version), (b"secret\r\n".to_vec(), name));
    }
    server.finish().await;
}

/// CVE-2011-0411: a command behind STARTTLS in the clear is never carried out.
#[tokio::test]
async fn injected_commands() {
    let Certificate { server: tls, roots: _ } = certificate();
    let server = start(Config { tls: Tls::Offered(tls), ..config() }).await;
    for injected in ["EHLO x\r\n", "NOOP\r\n", "MAIL FROM:<evil@x>\r\n", "half", "\r\n", "\0"] {
        let mut client = server.greeted().await;
        client.send(format!("STARTTLS\r\n{injected}")).await;
        let rest = client.rest().await;
        assert!(rest.starts_with("503 5.5.0 ") && rest.lines().count() == 1, "{injected:?}: {rest}");
    }
    // In a later segment it is no TLS record: the handshake fails.
    let mut client = server.greeted().await;
    client.expect("STARTTLS", "220").await;
    client.send("MAIL FROM:<evil@x>\r\n").await;
    let mut octets = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut client.io, &mut octets).await.unwrap_or(0);
    assert!(!octets.windows(4).any(|four| four == b"250 "), "{octets:?}");
    server.finish().await;
}

/// A mail begun in the clear does not go on over TLS.
#[tokio::test]
async fn a_mail_does_not_cross() {
    let Certificate { server: tls, roots } = certificate();
    let server = start(Config { tls: Tls::Offered(tls), ..config() }).await;
    let mut client = server.greeted().await;
    client.expect("MAIL FROM:<a@b>", "250").await;
    client.expect("RCPT TO:<c@city.example>", "250").await;
    client.expect("STARTTLS", "220").await;
    let connector = connector(roots, &[&version::TLS13]);
    let mut client = Client::new(connector.connect("mx.example".try_into().unwrap(), client.io).await.unwrap());
    client.expect("DATA", "503 5.5.1").await;
    server.finish().await;
}

/// TLS that closes within a mail: no mail, and what follows in the clear is
/// not read as one.
#[tokio::test]
async fn tls_that_ends_early() {
    let Certificate { server: tls, roots } = certificate();
    let server = start(Config { tls: Tls::Offered(tls), ..config() }).await;
    let connector = connector(roots, &[&version::TLS12, &version::TLS13]);
    for clear in [&b""[..], b".", b"\r\n.\r\n"] {
        let mut client = encrypt(&server, &connector).await;
        client.ask("EHLO client.example").await;
        client.begin().await;
        client.send("half\r\n").await;
        let (tcp, session) = client.io.get_mut();
        session.send_close_notify();
        let mut alert = Vec::new();
        session.write_tls(&mut alert).unwrap();
        tcp.write_all(&[&alert[..], clear].concat()).await.unwrap();
        assert_eq!(client.rest().await, "");
    }
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn smuggling_over_tls() {
    let Certificate { server: tls, roots } = certificate();
    let server = start(Config { tls: Tls::Offered(tls), ..config() }).await;
    let mut client = encrypt(&server, &connector(roots, &[&version::TLS13])).await;
    client.ask("EHLO client.example").await;
    client.begin().await;
    client.send("text\r\n.\nMAIL FROM:<evil@x>\r\nRCPT TO:<b@city.example>\r\nDATA\r\n.\r\n").await;
    let rest = client.rest().await;
    assert!(rest.starts_with("550 5.5.2 ") && rest.lines().count() == 1, "{rest}");
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 0);
}
