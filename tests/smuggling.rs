//! threats.md B against the whole gateway: whatever is sent, no second mail
//! comes out, inside or held. (The receiver's own tests go further.)
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use support::{Client, Gateway, deliver, plain, within};

/// Every end of data that some server takes for one, and is none.
const FALSE_ENDS: [&[u8]; 14] = [
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
    b"\0\r\n.\r\n\0",
];

const SECOND: &[u8] = b"MAIL FROM:<evil@sender.example>\r\nRCPT TO:<victim@city.example.lg.jp>\r\nDATA\r\n\
    From: ceo@city.example.lg.jp\r\nSubject: smuggled\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n";

/// A connection in which DATA was answered with 354.
fn in_data(gateway: &Gateway) -> Client {
    let mut client = Client::greeted(gateway.listen).unwrap();
    client.begin("a@sender.example", &["b@city.example.lg.jp"]).unwrap();
    client
}

/// Whatever was accepted comes to an end, and there are so many mails, none of
/// which is the smuggled one.
fn settles_with(gateway: &Gateway, mails: u64) {
    let last = deliver(gateway.listen, &plain("the last", "text"));
    gateway.arrives(last);
    let open = |state| gateway.count("outer", state) + gateway.count("inner", state);
    within("nothing is under way", || (open("ready") + open("waiting") == 0).then_some(()));
    let counters = gateway.status("outer").unwrap()["status"]["counters"].clone();
    assert_eq!(counters[0], serde_json::json!(["received", mails + 1]));
    let delivered = gateway.delivered();
    assert!(delivered.iter().all(|mail| !mail.subject().contains("smuggled")), "{delivered:?}");
    assert_eq!(delivered.len() as u64 + gateway.count("outer", "held"), mails + 1, "{delivered:?}");
    let listed = gateway.sekisho(&["queue", "list", "--state", "all", "--json"]);
    assert!(!listed.out.contains("smuggled") && !listed.out.contains("victim@"), "{}", listed.out);
}

#[test]
fn a_false_end_of_data_makes_no_second_mail() {
    let gateway = Gateway::start(&[]);
    for end in FALSE_ENDS {
        let first = [b"From: a@sender.example\r\nSubject: first\r\n\r\ntext", end].concat();
        // In one segment, and in two.
        let mut client = in_data(&gateway);
        client.write(&[&first, SECOND].concat()).unwrap();
        let rest = client.rest();
        assert!(rest.starts_with("550 5.5.2 ") && rest.lines().count() == 1, "{end:?}: {rest}");
        let mut client = in_data(&gateway);
        client.write(&first).unwrap();
        // It may be closed by now; what counts is what was taken.
        client.write(SECOND).unwrap_or_default();
        let rest = client.rest();
        assert!(rest.starts_with("550 5.5.2 ") && rest.lines().count() == 1, "{end:?}: {rest}");
    }
    settles_with(&gateway, 0);
    gateway.finish();
}

/// Our own output is no vehicle either: a text that holds the same lines in a
/// legal form arrives as text.
#[test]
fn stuffed_dots_arrive_as_text() {
    let gateway = Gateway::start(&[]);
    let text = ".\r\nMAIL FROM:<evil@sender.example>\r\n. \r\n..\r\nFrom evil";
    let id = deliver(gateway.listen, &plain("dots", text));
    let mail = gateway.arrives(id);
    assert_eq!(
        mail.text().trim_end(),
        ".\nMAIL FROM:<evil@sender.example>\n.\n..\nFrom evil".replace(".\n..", ". \n..")
    );
    assert!(mail.bytes.split(|octet| *octet == b'\n').all(|line| !line.starts_with(b".")));
    settles_with(&gateway, 1);
    gateway.finish();
}

#[test]
fn what_should_have_waited_is_not_done() {
    let gateway = Gateway::start(&[]);
    let mail = "MAIL FROM:<evil@sender.example>\r\nRCPT TO:<victim@city.example.lg.jp>\r\nDATA\r\n";
    let body = "From: a@sender.example\r\nSubject: smuggled\r\n\r\ntext\r\n.\r\n";
    for sent in [
        // Behind DATA, before 354; before EHLO; and another protocol's words.
        format!("EHLO c\r\n{mail}{body}"),
        format!("HELO c\r\n{mail}{body}"),
        format!("GET / HTTP/1.1\r\nHost: x\r\n\r\n{mail}{body}"),
    ] {
        let mut client = Client::connect(gateway.listen).unwrap();
        client.reply().unwrap().expected(220).unwrap();
        client.write(sent.as_bytes()).unwrap();
        let rest = client.rest();
        assert!(rest.contains("503 5.5.0 ") && !rest.contains("354"), "{sent}: {rest}");
    }
    let mut client = Client::greeted(gateway.listen).unwrap();
    client.write(format!("{mail}{body}").as_bytes()).unwrap();
    assert!(client.rest().lines().last().unwrap().starts_with("503 5.5.0 "));
    settles_with(&gateway, 0);
    gateway.finish();
}

#[test]
fn bdat_is_neither_offered_nor_taken() {
    let gateway = Gateway::start(&[]);
    for arguments in ["5 LAST", "0 LAST", "-1", "18446744073709551616", "+5", "5 X", ""] {
        let mut client = Client::greeted(gateway.listen).unwrap();
        assert!(!client.ask("EHLO c").unwrap().text.contains("CHUNKING"));
        client.ask("MAIL FROM:<a@sender.example>").unwrap().expected(250).unwrap();
        client.ask("RCPT TO:<b@city.example.lg.jp>").unwrap().expected(250).unwrap();
        client.write(format!("BDAT {arguments}\r\n").as_bytes()).unwrap();
        client.write(SECOND).unwrap_or_default();
        let rest = client.rest();
        assert!(rest.starts_with("50") && rest.lines().count() == 1, "{arguments}: {rest}");
    }
    settles_with(&gateway, 0);
    gateway.finish();
}

/// CVE-2011-0411: what came in the clear behind STARTTLS is never carried out.
#[test]
fn nothing_said_before_tls_counts_after_it() {
    let Some(openssl) = support::program("openssl") else { return };
    let place = support::Place::new(&[]);
    let (cert, key) = (place.path("mx.crt"), place.path("mx.key"));
    support::certificate(&openssl, "mx.city.example.lg.jp", &cert, &key);
    let mut place = place;
    place.set("outer.tls_cert_file", cert.to_str().unwrap());
    place.set("outer.tls_key_file", key.to_str().unwrap());
    let gateway = Gateway::start_in(place);
    for behind in [&b"EHLO injected\r\n"[..], b"NOOP\r\n", SECOND, b"\0"] {
        let mut client = Client::greeted(gateway.listen).unwrap();
        assert!(client.ask("EHLO c").unwrap().text.contains("STARTTLS"));
        client.write(&[b"STARTTLS\r\n", behind].concat()).unwrap();
        let rest = client.rest();
        assert!(rest.lines().count() <= 1 && !rest.contains("250 "), "{behind:?}: {rest}");
        // In two segments the second is no handshake.
        let mut client = Client::greeted(gateway.listen).unwrap();
        assert_eq!(client.ask("STARTTLS").unwrap().code, 220);
        client.write(behind).unwrap();
        client.write(SECOND).unwrap_or_default();
        assert!(!client.rest().contains("250 "), "{behind:?}");
    }
    if let Some(python) = support::program("python3") {
        // And an honest client still gets through, its state forgotten: MAIL
        // before EHLO is out of turn.
        let said = support::python(&python, STARTTLS, &[&gateway.listen.port().to_string()]);
        assert_eq!(said, "503 250\n");
        settles_with(&gateway, 1);
    }
    gateway.finish();
}

const STARTTLS: &str = r#"
import smtplib, ssl, sys
s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
s.ehlo("before.example")
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
s.starttls(context=context)
first = s.docmd("MAIL FROM:<a@sender.example>")[0]
s.ehlo("after.example")
assert not s.has_extn("starttls")
s.mail("a@sender.example")
s.rcpt("b@city.example.lg.jp")
print(first, s.data(b"From: a@sender.example\r\nSubject: over TLS\r\n\r\ntext\r\n")[0])
s.quit()
"#;
