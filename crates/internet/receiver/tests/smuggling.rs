//! threats.md B against the running receiver: no octets make a second mail.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use common::{config, start};

/// Every end of data that some server takes for one, and is none.
const FALSE_ENDS: &[&[u8]] = &[
    b"\n.\n",
    b"\n.\r",
    b"\r.\n",
    b"\r.\r",
    b"\n.\r\n",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\n\n.\n",
    b"\n\r.\n\r",
    b"\r\n.\r\0\n",
    b"\0\r\n.\r\n\0",
];

const SECOND: &[u8] = b"MAIL FROM:<evil@client.example>\r\nRCPT TO:<victim@city.example>\r\nDATA\r\n\
    From: ceo@city.example\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n";

#[tokio::test]
async fn a_false_end_of_data_ends_the_connection() {
    let server = start(config()).await;
    for end in FALSE_ENDS {
        for together in [true, false] {
            let mut client = server.greeted().await;
            client.begin().await;
            let text = [b"Subject: first\r\n\r\ntext", *end].concat();
            if together {
                client.send([&text, SECOND].concat()).await;
            } else {
                client.send(&text).await;
                // It may be closed by now; what counts is what was taken.
                client.try_send(SECOND).await;
            }
            let rest = client.rest().await;
            assert!(rest.starts_with("550 5.5.2 ") && rest.lines().count() == 1, "{end:?}: {rest}");
            assert_eq!(server.mails(), [], "{end:?}");
        }
    }
    let memory = server.finish().await;
    assert_eq!(memory.open.load(std::sync::atomic::Ordering::SeqCst), 0, "a refused body lives");
}

#[tokio::test]
async fn the_same_octet_by_octet() {
    let server = start(config()).await;
    for end in FALSE_ENDS {
        let mut client = server.greeted().await;
        client.begin().await;
        for octet in [b"text", *end, &SECOND[..40]].concat() {
            // Behind the offence it is read and thrown away, so that the reply
            // is heard.
            client.try_send([octet]).await;
        }
        let rest = client.rest().await;
        assert!(rest.starts_with("550 5.5.2 ") && rest.lines().count() == 1, "{end:?}: {rest}");
        assert_eq!(server.mails(), [], "{end:?}");
    }
    server.finish().await;
}

/// What looks like an end in a mail and is text: one mail, unchanged.
#[tokio::test]
async fn stuffed_dots_are_text() {
    let server = start(config()).await;
    let mut client = server.greeted().await;
    client.begin().await;
    client.send(b"a\r\n..\r\nMAIL FROM:<evil@client.example>\r\n.. \r\n. x\r\n.\r\n").await;
    assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued as "));
    client.expect("QUIT", "221 2.0.0").await;
    assert_eq!(client.rest().await, "");
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].1, b"a\r\n.\r\nMAIL FROM:<evil@client.example>\r\n. \r\n x\r\n");
    server.finish().await;
}

/// Early pipelining: nothing that had to wait for a reply is carried out.
#[tokio::test]
async fn commands_that_had_to_wait() {
    let server = start(config()).await;
    let mail = "MAIL FROM:<a@client.example>\r\nRCPT TO:<b@city.example>\r\nDATA\r\n";
    for (sent, code) in [
        // A mail behind DATA, before 354.
        (format!("{mail}text\r\n.\r\n"), "503 5.5.0 "),
        ("NOOP\r\nNOOP\r\n".to_owned(), "503 5.5.0 "),
        (format!("VRFY x\r\n{mail}"), "503 5.5.0 "),
        (format!("EHLO again.example\r\n{mail}"), "503 5.5.0 "),
    ] {
        let mut client = server.greeted().await;
        client.send(&sent).await;
        let rest = client.rest().await;
        assert!(rest.lines().last().unwrap().starts_with(code), "{sent}: {rest}");
        assert!(!rest.contains("354"), "{sent}: {rest}");
    }
    // Before EHLO nothing may be grouped, and HELO offers no groups.
    for sent in
        [format!("EHLO c\r\n{mail}"), "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), format!("HELO c\r\n{mail}")]
    {
        let mut client = server.client().await;
        client.send(&sent).await;
        assert!(client.rest().await.starts_with("503 5.5.0 "), "{sent}");
    }
    // Before the greeting: refused there, or at the first command.
    let mut client = server.raw().await;
    client.send(format!("EHLO c\r\n{mail}text\r\n.\r\n")).await;
    let last = client.rest().await.lines().last().unwrap().to_owned();
    assert!(last.starts_with("554 5.5.0 ") || last.starts_with("503 5.5.0 "), "{last}");
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 0);
}

/// A HELO client that sends on behind its mail: the mail counts, the rest not.
#[tokio::test]
async fn helo_offers_no_groups_behind_a_mail() {
    let server = start(config()).await;
    let mut client = server.client().await;
    client.expect("HELO c", "250 mx.example").await;
    client.begin().await;
    client.send([b"text\r\n.\r\n", SECOND].concat()).await;
    assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued as "));
    assert!(client.rest().await.starts_with("503 5.5.0 "));
    // QUIT does no harm, and simple clients send it so.
    let mut client = server.client().await;
    client.expect("HELO c", "250 mx.example").await;
    client.begin().await;
    client.send(b"text\r\n.\r\nQUIT\r\n").await;
    assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued as "));
    assert!(client.rest().await.starts_with("221 "));
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn octets_that_no_command_may_hold() {
    let server = start(config()).await;
    for sent in [
        &b"NOOP\nNOOP\r\n"[..],
        b"NOOP\rNOOP\r\n",
        b"NOOP\n\r\n",
        b"NOOP\r\r\n",
        b"MAIL FROM:<a\0@b>\r\n",
        b"MAIL FROM:<a@b>\r\nRCPT TO:<c\r@city.example>\r\n",
        b"RSET\r\nNOOP\n",
    ] {
        let mut client = server.greeted().await;
        client.send(sent).await;
        let rest = client.rest().await;
        assert!(rest.lines().last().unwrap().starts_with("500 5.5.2 "), "{sent:?}: {rest}");
    }
    // Controls and 8-bit do not tear the stream: refused, and it goes on.
    let mut client = server.greeted().await;
    for line in ["MAIL FROM:<a\x01@b>", "MAIL FROM:<\u{e9}@b>", "MAIL FROM:<a@b> SMTPUTF8\x1b[31m", "VRFY \u{202e}"] {
        client.expect(line, "501 5.5.2 ").await;
    }
    client.expect("QUIT", "221").await;
    server.finish().await;
}

#[tokio::test]
async fn bdat_is_not_offered_and_ends_the_connection() {
    let server = start(config()).await;
    for line in ["5", "5 LAST", "5 X", "-1", "18446744073709551616", "+5", "0 LAST", "", "1 LAST\r\n.\r\nBDAT 1"] {
        let mut client = server.greeted().await;
        assert!(!client.ask("EHLO again.example").await.contains("CHUNKING"));
        client.expect("MAIL FROM:<a@client.example>", "250").await;
        client.expect("RCPT TO:<b@city.example>", "250").await;
        client.send(format!("BDAT {line}\r\n")).await;
        client.try_send(b"QUIT\r\n").await;
        let rest = client.rest().await;
        assert!(rest.starts_with("50") && rest.lines().count() == 1, "{line}: {rest}");
    }
    let mut client = server.greeted().await;
    client.begin().await;
    client.send(b"BDAT 5 LAST\r\n.\r\n").await;
    assert!(client.reply().await.starts_with("250 "), "in a mail it is text");
    client.expect("BDAT 3", "502 5.5.1 ").await;
    assert_eq!(client.rest().await, "");
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 1);
}
