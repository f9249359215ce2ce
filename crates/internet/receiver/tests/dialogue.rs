//! Mail that should come in, and mail that should not, over TCP.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::sync::atomic::Ordering;

use common::{Memory, config, id, start, start_with};
use sekisho_receiver::{Config, Domains, FieldName, HelloKind, Limits, SinkError};
use sekisho_safe_message::Domain;

fn limited(limits: Limits) -> Config {
    Config { limits, ..config() }
}

#[tokio::test]
async fn one_mail() {
    let server = start(config()).await;
    let mut client = server.client().await;
    let ehlo = client.ask("EHLO [127.0.0.1]").await;
    for keyword in ["250-PIPELINING\r\n", "250-SIZE 52428800\r\n", "250-ENHANCEDSTATUSCODES\r\n", "250 8BITMIME\r\n"] {
        assert!(ehlo.contains(keyword), "{ehlo}");
    }
    for keyword in ["STARTTLS", "SMTPUTF8", "CHUNKING", "AUTH", "DSN"] {
        assert!(!ehlo.contains(keyword), "{ehlo}");
    }
    client.expect("MAIL FROM:<> SIZE=100 BODY=8BITMIME", "250 2.1.0").await;
    client.expect("RCPT TO:<b@city.example>", "250 2.1.5").await;
    client.expect("RCPT TO:<B@CITY.example>", "250 2.1.5").await;
    client.expect("RCPT TO:<b@City.example>", "250 2.1.5").await;
    client.expect("DATA", "354 ").await;
    client.send(b"Received: x\r\nSubject: \xe9\r\n\r\n..\r\n.\r\n").await;
    assert_eq!(client.reply().await, format!("250 2.0.0 Ok: queued as {}\r\n", id(1)));
    client.expect("QUIT", "221 2.0.0").await;
    assert_eq!(client.rest().await, "");

    let mails = server.mails();
    let (arrival, octets) = &mails[0];
    assert_eq!(octets, b"Received: x\r\nSubject: \xe9\r\n\r\n.\r\n");
    assert_eq!(arrival.size, octets.len() as u64);
    assert_eq!((arrival.received, arrival.tls, arrival.hello.kind), (1, None, HelloKind::Ehlo));
    assert_eq!(arrival.hello.name.as_str(), "[127.0.0.1]");
    assert!(arrival.peer.ip().is_loopback() && arrival.envelope.from().is_none());
    let to: Vec<_> = arrival.envelope.to().iter().map(ToString::to_string).collect();
    assert_eq!(to, ["b@city.example", "B@city.example"], "local parts keep their case");
    assert_eq!(*server.memory.hints.lock().unwrap(), [Some(100)]);
    server.finish().await;
}

/// RFC 2920 as Postfix and others use it.
#[tokio::test]
async fn groups_of_commands() {
    let server = start(config()).await;
    let mut client = server.greeted().await;
    let group = "MAIL FROM:<a@client.example>\r\nRCPT TO:<b@city.example>\r\nRCPT TO:<c@city.example>\r\nDATA\r\n";
    client.send(group).await;
    for code in ["250 2.1.0", "250 2.1.5", "250 2.1.5", "354 "] {
        assert!(client.reply().await.starts_with(code), "{code}");
    }
    // The mail leads the next group.
    client.send(format!("first\r\n.\r\nRSET\r\n{group}")).await;
    for code in ["250 2.0.0 Ok: queued", "250 2.0.0", "250 2.1.0", "250 2.1.5", "250 2.1.5", "354 "] {
        assert!(client.reply().await.starts_with(code), "{code}");
    }
    client.send("second\r\n.\r\nQUIT\r\n").await;
    assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued"));
    assert!(client.rest().await.starts_with("221 "));
    let texts: Vec<_> = server.mails().into_iter().map(|(_, octets)| octets).collect();
    assert_eq!(texts, [b"first\r\n".to_vec(), b"second\r\n".to_vec()]);
    server.finish().await;
}

#[tokio::test]
async fn refused_recipients_in_a_group_leave_no_mail() {
    let domains = Domains::List(vec![Domain::parse("city.example").unwrap()]);
    let server = start(Config { domains, ..config() }).await;
    let mut client = server.greeted().await;
    client
        .send("MAIL FROM:<a@client.example>\r\nRCPT TO:<b@other.example>\r\nRCPT TO:<@x:b@city.example>\r\nDATA\r\n")
        .await;
    for code in ["250 2.1.0", "550 5.7.1", "501 5.1.3", "554 5.5.1"] {
        assert!(client.reply().await.starts_with(code), "{code}");
    }
    client.expect("QUIT", "221").await;
    assert_eq!(server.finish().await.begun.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_long_command_is_one_command() {
    let server = start(config()).await;
    let mut client = server.greeted().await;
    // The tail of a line that is too long is no command of its own.
    client.expect(&format!("NOOP {}QUIT", "x".repeat(600)), "500 5.5.2").await;
    client.expect(&format!("MAIL FROM:<{}@b>", "x".repeat(2000)), "500 5.5.2").await;
    client.expect(&format!("EHLO {}", "x".repeat(30_000)), "500 5.5.2").await;
    client.expect("MAIL FROM:<a@client.example>", "250").await;
    // A line without end is given up.
    client.send(vec![b'x'; 200_000]).await;
    assert!(client.rest().await.starts_with("500 5.5.2"));
    server.finish().await;
}

#[tokio::test]
async fn size_is_counted() {
    let server = start(limited(Limits { message_size: 1000, discard: 10_000, ..Limits::default() })).await;
    let mut client = server.greeted().await;
    client.expect("MAIL FROM:<a@b> SIZE=1001", "552 5.3.4").await;
    client.expect("MAIL FROM:<a@b> SIZE=18446744073709551616", "552 5.3.4").await;
    // Exactly full, dots not counted.
    client.begin().await;
    client.send([&b".."[..], &[b'x'; 997], b"\r\n.\r\n"].concat()).await;
    assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued"));
    assert_eq!(server.mails()[0].0.size, 1000);
    // Declared small, sent big: heard at the end, and the session goes on.
    client.expect("MAIL FROM:<a@client.example> SIZE=10", "250").await;
    client.expect("RCPT TO:<b@city.example>", "250").await;
    client.expect("DATA", "354").await;
    client.send([&[b'x'; 999][..], b"\r\n.\r\n"].concat()).await;
    assert!(client.reply().await.starts_with("552 5.3.4"));
    assert_eq!(server.memory.open.load(Ordering::SeqCst), 0);
    // Far too big: not read to its end.
    client.begin().await;
    client.try_send(b"x\r\n".repeat(100_000)).await;
    assert!(client.rest().await.starts_with("552 5.3.4"));
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn long_lines_of_data() {
    let server = start(limited(Limits { data_line: 100_000, ..Limits::default() })).await;
    let mut client = server.greeted().await;
    for (octets, code) in [(99_998, "250 2.0.0"), (99_999, "552 5.3.4"), (1_000_000, "552 5.3.4"), (998, "250 2.0.0")] {
        client.begin().await;
        client.send([&vec![b'x'; octets][..], b"\r\n.\r\n"].concat()).await;
        assert!(client.reply().await.starts_with(code), "{octets}");
    }
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn loops() {
    let trace = Some(FieldName::new("X-Sekisho-Trace").unwrap());
    let server = start(Config { trace, ..limited(Limits { received: 3, ..Limits::default() }) }).await;
    let mut client = server.greeted().await;
    for (header, code) in [
        ("Received: x\r\n".repeat(3), "250 2.0.0"),
        ("Received: x\r\n".repeat(4), "554 5.4.6"),
        ("x-sekisho-trace: mx.example\r\n".to_owned(), "554 5.4.6"),
        (format!("A: b\r\n\r\n{}X-Sekisho-Trace: quoted\r\n", "Received: x\r\n".repeat(9)), "250 2.0.0"),
    ] {
        client.begin().await;
        client.send(format!("{header}\r\ntext\r\n.\r\n")).await;
        assert!(client.reply().await.starts_with(code), "{header}");
    }
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_sink_that_does_not_take() {
    let server = start(config()).await;
    let memory = &server.memory;
    let mut client = server.greeted().await;
    memory.full.store(true, Ordering::SeqCst);
    client.expect("MAIL FROM:<a@b>", "452 4.3.1").await;
    memory.full.store(false, Ordering::SeqCst);
    for (error, code) in [(SinkError::Full, "452 4.3.1"), (SinkError::Trouble, "451 4.3.0")] {
        *memory.fail_begin.lock().unwrap() = Some(error);
        client.expect("MAIL FROM:<a@client.example>", "250").await;
        client.expect("RCPT TO:<b@city.example>", "250").await;
        client.expect("DATA", code).await;
        *memory.fail_begin.lock().unwrap() = None;
        for place in [&memory.fail_write, &memory.fail_commit] {
            *place.lock().unwrap() = Some(error);
            client.begin().await;
            client.send(b"text\r\nmore\r\n.\r\n").await;
            assert!(client.reply().await.starts_with(code), "{error:?}");
            *place.lock().unwrap() = None;
        }
    }
    assert_eq!((memory.open.load(Ordering::SeqCst), server.mails().len()), (0, 0));
    // The same session still serves.
    client.begin().await;
    client.send(b"text\r\n.\r\n").await;
    assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued"));
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn ten_thousand_bad_commands() {
    let server = start(limited(Limits { errors: 5, ..Limits::default() })).await;
    let mut client = server.greeted().await;
    client.try_send("NONSENSE\r\n".repeat(10_000)).await;
    let rest = client.rest().await;
    assert_eq!(rest.lines().filter(|line| line.starts_with("500 5.5.1")).count(), 4);
    assert!(rest.lines().last().unwrap().starts_with("421 4.7.0") && rest.lines().count() == 5, "{rest}");
    server.finish().await;
}

#[tokio::test]
async fn too_many_commands() {
    let server = start(limited(Limits { commands: 5, ..Limits::default() })).await;
    let mut client = server.greeted().await;
    client.send("RSET\r\n".repeat(5)).await;
    let rest = client.rest().await;
    assert!(rest.lines().count() == 5 && rest.lines().last().unwrap().starts_with("421 4.7.0"), "{rest}");
    server.finish().await;
}

/// 50,000 recipients: the first thousand get their mail.
#[tokio::test]
async fn fifty_thousand_recipients() {
    let server = start(limited(Limits { commands: 100_000, ..Limits::default() })).await;
    let mut client = server.greeted().await;
    client.expect("MAIL FROM:<a@client.example>", "250").await;
    for block in 0..50 {
        let group: String = (0..1000).map(|n| format!("RCPT TO:<u{block}-{n}@city.example>\r\n")).collect();
        client.send(&group).await;
        let code = if block == 0 { "250 2.1.5" } else { "452 4.5.3" };
        for _ in 0..1000 {
            assert!(client.reply().await.starts_with(code));
        }
    }
    client.expect("DATA", "354").await;
    client.send("text\r\n.\r\n").await;
    assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued"));
    assert_eq!(server.mails()[0].0.envelope.to().len(), 1000);
    server.finish().await;
}

#[tokio::test]
async fn a_peer_that_vanishes_leaves_nothing() {
    let server = start_with(config(), Memory::default()).await;
    for sent in ["", "half a mail\r\n", "text\r\n.", "text\r\n.\r"] {
        let mut client = server.greeted().await;
        client.begin().await;
        client.send(sent).await;
    }
    let memory = server.finish().await;
    assert_eq!((memory.mails.lock().unwrap().len(), memory.open.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test]
async fn quit_in_a_mail_is_text() {
    let server = start(config()).await;
    let mut client = server.greeted().await;
    client.begin().await;
    client.send(b"QUIT\r\nRSET\r\n.\r\n").await;
    assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued"));
    assert_eq!(server.mails()[0].1, b"QUIT\r\nRSET\r\n");
    server.finish().await;
}
