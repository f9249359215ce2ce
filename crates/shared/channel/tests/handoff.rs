//! The handoff over both transports, and what it refuses.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::path::Path;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use sekisho_channel::handoff::{Answer, Link, Listener, Place, Target};
use sekisho_channel::{ChannelError, tls};
use sekisho_safe_message::frame;
use tokio::io::AsyncWriteExt;

async fn connect(target: &Target) -> Result<Link, ChannelError> {
    Link::connect(target, Duration::from_secs(60)).await
}

/// Serves one connection: frames that begin with `x` are refused.
async fn serve(listener: Listener) -> Result<Vec<Vec<u8>>, ChannelError> {
    let mut peer = listener.accept().await?.ready().await?;
    let mut got = Vec::new();
    while let Some(len) = peer.next().await? {
        let bytes = peer.frame(len).await?;
        peer.answer(if bytes.starts_with(b"x") { Answer::Refused } else { Answer::Taken }).await?;
        got.push(bytes);
    }
    Ok(got)
}

async fn exchange(listener: Listener, target: Target) {
    let server = tokio::spawn(serve(listener));
    let link = connect(&target).await.unwrap();
    let large = vec![7; 300_000];
    let (answer, link) = link.send(b"abc").await.unwrap();
    assert_eq!(answer, Answer::Taken);
    let (answer, link) = link.send(b"xyz").await.unwrap();
    assert_eq!(answer, Answer::Refused);
    let (answer, link) = link.send(&large).await.unwrap();
    assert_eq!(answer, Answer::Taken);
    drop(link);
    assert_eq!(server.await.unwrap().unwrap(), vec![b"abc".to_vec(), b"xyz".to_vec(), large]);
}

#[tokio::test]
async fn frames_cross_a_unix_socket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/handoff.sock");
    let listener = Listener::bind(&Place::Unix(path.clone())).await.unwrap();
    exchange(listener, Target::Unix(path)).await;
}

#[tokio::test]
async fn a_living_socket_is_not_stolen_and_a_dead_one_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let first = Listener::bind(&Place::Unix(path.clone())).await.unwrap();
    assert!(matches!(Listener::bind(&Place::Unix(path.clone())).await, Err(ChannelError::InUse(_))));
    drop(first);
    assert!(Listener::bind(&Place::Unix(path.clone())).await.is_ok());
    let file = dir.path().join("file");
    std::fs::write(&file, "precious").unwrap();
    assert!(Listener::bind(&Place::Unix(file.clone())).await.is_err());
    assert_eq!(std::fs::read(file).unwrap(), b"precious");
}

#[tokio::test]
async fn a_frame_over_the_bound_is_not_even_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = Listener::bind(&Place::Unix(path.clone())).await.unwrap();
    let server = tokio::spawn(serve(listener));
    let mut raw = tokio::net::UnixStream::connect(path).await.unwrap();
    raw.write_u32(u32::try_from(frame::MAX).unwrap() + 1).await.unwrap();
    assert!(matches!(server.await.unwrap(), Err(ChannelError::Protocol(_))));
}

#[tokio::test]
async fn a_writer_that_dies_in_a_frame_leaves_no_frame() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = Listener::bind(&Place::Unix(path.clone())).await.unwrap();
    let server = tokio::spawn(serve(listener));
    let mut raw = tokio::net::UnixStream::connect(path).await.unwrap();
    raw.write_u32(10).await.unwrap();
    raw.write_all(b"half").await.unwrap();
    drop(raw);
    assert!(matches!(server.await.unwrap(), Err(ChannelError::Io(_))));
}

/// An authority, and a certificate of it for each name.
fn authority(dir: &Path, tag: &str, names: &[&str]) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(dir.join(format!("{tag}-ca.pem")), ca.pem()).unwrap();
    for name in names {
        let mut params = CertificateParams::new(vec![(*name).to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &ca).unwrap();
        std::fs::write(dir.join(format!("{tag}-{name}.pem")), cert.pem()).unwrap();
        std::fs::write(dir.join(format!("{tag}-{name}.key")), key.serialize_pem()).unwrap();
    }
}

fn identity(dir: &Path, ca: &str, tag: &str, name: &str) -> tls::Identity {
    tls::Identity {
        ca_file: dir.join(format!("{ca}-ca.pem")),
        cert_file: dir.join(format!("{tag}-{name}.pem")),
        key_file: dir.join(format!("{tag}-{name}.key")),
    }
}

async fn tls_listener(dir: &Path) -> (Listener, String) {
    let config = tls::server(&identity(dir, "site", "site", "inner")).unwrap();
    let listener = Listener::bind(&Place::Tls { address: "127.0.0.1:0".to_owned(), config }).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

fn tls_target(address: String, who: &tls::Identity, name: &str) -> Target {
    Target::Tls { address, name: tls::server_name(name).unwrap(), config: tls::client(who).unwrap() }
}

#[tokio::test]
async fn frames_cross_mutual_tls() {
    let dir = tempfile::tempdir().unwrap();
    authority(dir.path(), "site", &["inner", "outer"]);
    let (listener, address) = tls_listener(dir.path()).await;
    exchange(listener, tls_target(address, &identity(dir.path(), "site", "site", "outer"), "inner")).await;
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let dir = tempfile::tempdir().unwrap();
    authority(dir.path(), "site", &["inner", "outer"]);
    authority(dir.path(), "evil", &["inner", "outer"]);

    // A client whose certificate comes from elsewhere.
    let (listener, address) = tls_listener(dir.path()).await;
    let server = tokio::spawn(serve(listener));
    let target = tls_target(address, &identity(dir.path(), "site", "evil", "outer"), "inner");
    // In TLS 1.3 the client may learn of it only at its first read.
    if let Ok(link) = connect(&target).await {
        assert!(link.send(b"abc").await.is_err());
    }
    assert!(matches!(server.await.unwrap(), Err(ChannelError::Tls(..))));

    // A server with another name than the one expected.
    let (listener, address) = tls_listener(dir.path()).await;
    let server = tokio::spawn(serve(listener));
    let target = tls_target(address, &identity(dir.path(), "site", "site", "outer"), "other");
    assert!(matches!(connect(&target).await, Err(ChannelError::Tls(..))));
    assert!(server.await.unwrap().is_err());

    // A client that speaks no TLS at all.
    let (listener, address) = tls_listener(dir.path()).await;
    let server = tokio::spawn(serve(listener));
    let mut raw = tokio::net::TcpStream::connect(address).await.unwrap();
    raw.write_all(&[0, 0, 0, 3, b'a', b'b', b'c']).await.unwrap();
    assert!(server.await.unwrap().is_err());
}

#[test]
fn a_missing_or_empty_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    authority(dir.path(), "site", &["inner"]);
    let mut who = identity(dir.path(), "site", "site", "inner");
    who.key_file = dir.path().join("nowhere.key");
    assert!(tls::client(&who).unwrap_err().to_string().contains("nowhere.key"));
    who.ca_file = dir.path().join("empty.pem");
    std::fs::write(&who.ca_file, "").unwrap();
    assert!(tls::server(&who).unwrap_err().to_string().contains("empty.pem"));
}
