//! Against a scripted server on the loopback address.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::io;
use std::sync::{Arc, Mutex};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// How the server behaves. A reply of `""` closes the connection.
#[derive(Clone)]
struct Script {
    banner: &'static str,
    ehlo: &'static str,
    starttls: &'static str,
    mail: &'static str,
    /// By recipient, again and again.
    rcpt: Vec<&'static str>,
    data: &'static str,
    end: &'static str,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            banner: "220 test",
            ehlo: "250-test\r\n250 8BITMIME",
            starttls: "502 no",
            mail: "250 2.1.0 ok",
            rcpt: vec!["250 2.1.5 ok"],
            data: "354 go on",
            end: "250 2.0.0 taken",
        }
    }
}

/// What a server has heard: commands, and the data up to its end if there was
/// one.
#[derive(Default)]
struct Heard {
    commands: Vec<String>,
    data: Option<Vec<u8>>,
    /// Data without an end.
    broken: Option<Vec<u8>>,
}

struct Peer {
    port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl Peer {
    async fn start(script: Script, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::<Mutex<Heard>>::default();
        let log = Arc::clone(&heard);
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            say(&mut stream, script.banner).await?;
            if converse(&mut stream, &script, &log).await? {
                let stream = tls.unwrap().accept(stream.into_inner()).await?;
                converse(&mut BufReader::new(stream), &script, &log).await?;
            }
            io::Result::Ok(())
        });
        Self { port, heard }
    }

    fn courier(&self, tls: Tls) -> Courier {
        let second = Duration::from_secs(2);
        let patience = Patience { connect: second, greeting: second, command: second, data: second };
        let server = Server { host: "127.0.0.1".to_owned(), port: self.port, hello: "mx.city.example".to_owned(), tls };
        Courier::new(server, patience).unwrap()
    }

    fn commands(&self) -> Vec<String> {
        self.heard.lock().unwrap().commands.clone()
    }
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), reply: &str) -> io::Result<()> {
    if reply.is_empty() {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    stream.flush().await
}

/// Whether the talk goes on under TLS.
async fn converse<S>(stream: &mut BufReader<S>, script: &Script, heard: &Mutex<Heard>) -> io::Result<bool>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut asked = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        heard.lock().unwrap().commands.push(line.trim_end().to_owned());
        let reply = match line.split([' ', ':', '\r']).next().unwrap() {
            "EHLO" => script.ehlo,
            "STARTTLS" => script.starttls,
            "MAIL" => script.mail,
            "RCPT" => {
                asked += 1;
                script.rcpt[(asked - 1) % script.rcpt.len()]
            }
            "DATA" => script.data,
            "QUIT" => "221 bye",
            _ => "500 what",
        };
        say(stream, reply).await?;
        if line.starts_with("STARTTLS") && reply.starts_with("220") {
            return Ok(true);
        }
        if line.starts_with("DATA") && reply.starts_with("354") {
            let (data, ended) = data(stream).await;
            {
                let mut heard = heard.lock().unwrap();
                *(if ended { &mut heard.data } else { &mut heard.broken }) = Some(data);
            }
            if !ended {
                return Ok(false);
            }
            say(stream, script.end).await?;
        }
    }
}

/// The data without its stuffing, and whether its end came.
async fn data(stream: &mut (impl AsyncBufReadExt + Unpin)) -> (Vec<u8>, bool) {
    let mut octets = Vec::new();
    loop {
        let mut line = Vec::new();
        let read = stream.read_until(b'\n', &mut line).await;
        match &line[..] {
            b".\r\n" => return (octets, true),
            _ if line.is_empty() || read.is_err() => return (octets, false),
            _ => octets.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line)),
        }
    }
}

fn to(count: usize) -> Vec<Address> {
    (0..count).map(|n| format!("u{n}@city.example").parse().unwrap()).collect()
}

const MAIL: &[u8] = b"From: a\r\n\r\n.\r\n..x\r\n\x93\xfa\x96{\r\n\r\n";

#[tokio::test]
async fn the_octets_arrive_as_they_came() {
    let long = [b"Subject: x\r\n\r\n".as_slice(), &b".line of text\r\n".repeat(20_000)].concat();
    for (ehlo, mail, parameters) in [
        ("250-test\r\n250 8BITMIME", MAIL, " BODY=8BITMIME"),
        ("250 test", MAIL, ""),
        ("250 test", &long, ""),
        ("250 test", b"no line end", ""),
    ] {
        let peer = Peer::start(Script { ehlo, ..Script::default() }, None).await;
        let verdicts = peer.courier(Tls::None).send(None, &to(2), mail).await.unwrap();
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Delivered(_))), "{verdicts:?}");
        let mut want = mail.to_vec();
        if !want.ends_with(b"\r\n") {
            want.extend(b"\r\n");
        }
        assert!(peer.heard.lock().unwrap().data.as_ref() == Some(&want));
        let commands = peer.commands();
        let mail = format!("MAIL FROM:<>{parameters}");
        let want = [&mail, "RCPT TO:<u0@city.example>", "RCPT TO:<u1@city.example>", "DATA", "QUIT"];
        assert_eq!(commands[1..], want);
    }
}

#[tokio::test]
async fn every_recipient_has_a_verdict() {
    let from: Address = "sekisho@mx.city.example".parse().unwrap();
    for (script, want) in [
        (
            Script { rcpt: vec!["250 ok", "550 5.1.1 no", "452 4.5.3 many"], ..Script::default() },
            ["delivered 250 2.0.0", "refused 550 5.1.1", "later 452 4.5.3"],
        ),
        (
            Script { rcpt: vec!["550 5.1.1 no", "450 no", "550 no"], ..Script::default() },
            ["refused 550 5.1.1", "later 450", "refused 550"],
        ),
        (Script { mail: "550 5.7.1 no", ..Script::default() }, ["refused 550 5.7.1"; 3]),
        (Script { data: "451 no", ..Script::default() }, ["later 451"; 3]),
        (Script { end: "552 5.3.4 large", ..Script::default() }, ["refused 552 5.3.4"; 3]),
        (Script { end: "354 what", ..Script::default() }, ["later protocol"; 3]),
        // Perhaps it has the mail.
        (Script { end: "", ..Script::default() }, ["later lost"; 3]),
    ] {
        let peer = Peer::start(script, None).await;
        let verdicts = peer.courier(Tls::None).send(Some(&from), &to(3), MAIL).await.unwrap();
        let seen = verdicts.iter().map(|verdict| {
            let word = match verdict {
                Verdict::Delivered(_) => "delivered",
                Verdict::Later(_) => "later",
                Verdict::Refused(_) => "refused",
            };
            format!("{word} {}", verdict.said().as_str())
        });
        assert_eq!(seen.collect::<Vec<_>>(), want);
        assert!(peer.commands().contains(&"MAIL FROM:<sekisho@mx.city.example> BODY=8BITMIME".to_owned()));
    }
}

#[tokio::test]
async fn trouble_before_the_data_is_nobodys_verdict() {
    for (script, code) in [
        (Script { banner: "554 go away", ..Script::default() }, "greeting"),
        (Script { banner: "", ..Script::default() }, "lost"),
        (Script { banner: "hello", ..Script::default() }, "protocol"),
        (Script { mail: "421 closing", ..Script::default() }, "greeting"),
        (Script { mail: "", ..Script::default() }, "lost"),
        (Script { rcpt: vec!["250 ok", ""], ..Script::default() }, "lost"),
        (Script { data: "250 what", ..Script::default() }, "protocol"),
    ] {
        let peer = Peer::start(script, None).await;
        let trouble = peer.courier(Tls::None).send(None, &to(2), MAIL).await.unwrap_err();
        assert_eq!(trouble.code(), code);
        assert!(peer.heard.lock().unwrap().data.is_none());
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = Peer { port: listener.local_addr().unwrap().port(), heard: Arc::default() };
    drop(listener);
    assert_eq!(nobody.courier(Tls::None).send(None, &to(1), MAIL).await.unwrap_err().code(), "connect");
}

/// Octets, and then an error.
struct Breaking<'a>(&'a [u8]);

impl Read for Breaking<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buf)? {
            0 => Err(io::Error::other("damaged chunk")),
            count => Ok(count),
        }
    }
}

#[tokio::test]
async fn half_a_mail_is_never_a_whole_one() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, ca_file) = identity(dir.path());
    let starttls = Script { ehlo: "250-test\r\n250 STARTTLS", starttls: "220 go", ..Script::default() };
    let large = b"X: y\r\n".repeat(100_000);
    for (script, tls) in [(Script::default(), Tls::None), (starttls, Tls::Required { ca_file })] {
        for mail in [MAIL, &large] {
            let peer = Peer::start(script.clone(), Some(acceptor.clone())).await;
            let trouble = peer.courier(tls.clone()).send(None, &to(1), Breaking(mail)).await.unwrap_err();
            assert!(matches!(&trouble, Trouble::Body(error) if error.to_string() == "damaged chunk"), "{trouble}");
            ended(&peer).await;
            let peer = Peer::start(script.clone(), Some(acceptor.clone())).await;
            let smuggled = [mail, b"x\n.\r\nMAIL FROM:<>\r\n"].concat();
            let trouble = peer.courier(tls.clone()).send(None, &to(1), &smuggled[..]).await.unwrap_err();
            assert_eq!(trouble.to_string(), "unreadable: a bare CR or LF");
            ended(&peer).await;
        }
    }
}

/// Waits until the server has seen the connection end inside the data.
async fn ended(peer: &Peer) {
    let seen = || {
        let heard = peer.heard.lock().unwrap();
        assert!(heard.data.is_none(), "the server took half a mail");
        assert!(!heard.commands.iter().any(|line| line.starts_with("QUIT")));
        heard.broken.is_some()
    };
    for _ in 0..200 {
        if seen() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the connection did not end");
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

#[tokio::test]
async fn encryption_is_used_where_offered_and_fails_closed() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (acceptor, ca_file) = identity(dir.path());
    let (_, wrong) = identity(other.path());
    let plain = Script::default();
    let offering = Script { ehlo: "250-test\r\n250 STARTTLS", starttls: "220 go", ..Script::default() };
    let injecting = Script { starttls: "220 go\r\n250 injected", ..offering.clone() };
    let refusing = Script { starttls: "454 not now", ..offering.clone() };
    let required = |ca_file: &PathBuf| Tls::Required { ca_file: ca_file.clone() };
    let trusting = |ca_file: &PathBuf| Tls::Opportunistic { ca_file: Some(ca_file.clone()) };
    for (script, tls, want) in [
        (&offering, required(&ca_file), Ok(())),
        (&offering, trusting(&ca_file), Ok(())),
        (&offering, Tls::Opportunistic { ca_file: None }, Ok(())),
        (&plain, trusting(&ca_file), Ok(())),
        (&offering, Tls::None, Ok(())),
        (&plain, required(&ca_file), Err("tls-missing")),
        (&refusing, required(&ca_file), Err("greeting")),
        (&offering, required(&wrong), Err("tls")),
        (&offering, trusting(&wrong), Err("tls")),
        (&injecting, required(&ca_file), Err("tls")),
        (&injecting, Tls::Opportunistic { ca_file: None }, Err("tls")),
    ] {
        let peer = Peer::start(script.clone(), Some(acceptor.clone())).await;
        let got = peer.courier(tls.clone()).send(None, &to(1), MAIL).await;
        assert_eq!(got.as_ref().map(|_| ()).map_err(Trouble::code), want, "{tls:?}");
        let commands = peer.commands();
        let encrypted = commands.iter().any(|line| line == "STARTTLS") && want.is_ok();
        assert_eq!(encrypted, want.is_ok() && script.ehlo.contains("STARTTLS") && !matches!(tls, Tls::None));
        assert_eq!(commands.iter().any(|line| line.starts_with("MAIL")), want.is_ok(), "{commands:?}");
    }
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    let server = |ca_file: &Path| Server {
        host: "127.0.0.1".to_owned(),
        port: 25,
        hello: "mx.city.example".to_owned(),
        tls: Tls::Required { ca_file: ca_file.to_owned() },
    };
    for (content, why) in [(None, "No such file"), (Some("nothing"), "it holds no certificate")] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let error = Courier::new(server(&file), Patience::default()).err().unwrap().to_string();
        assert!(error.contains("ca.pem") && error.contains(why), "{error}");
    }
}
