//! The relay against a scripted server: nothing lost, nobody judged for
//! another's fault.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::time::Duration;

use sekisho_inner::Clock;
use sekisho_inner::accept::Acceptor;
use sekisho_inner::record::{Kind, Standing};
use sekisho_inner::relay::{Options, Security, Smtp, Transport};
use sekisho_inner::render::{Charset, render, render_in};
use sekisho_safe_message::{MailId, Untrusted, frame};
use sekisho_settings::HostPort;
use sekisho_store::{Committed, State};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const THREE: [&str; 3] = ["a@city.example", "b@city.example", "c@city.example"];

fn standings(found: &sekisho_inner::Found) -> Vec<(Standing, Option<String>)> {
    record(found).recipients.iter().map(|one| (one.state, one.reply.map(|reply| reply.to_string()))).collect()
}

#[tokio::test]
async fn a_whole_envelope_goes_at_once_where_the_server_allows_it() {
    for (ehlo, at_once) in [(PIPELINING, true), (Script::default().ehlo, false)] {
        // It reads MAIL alone and then waits: what else came by then was not waited for.
        let place = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = HostPort { host: "127.0.0.1".to_owned(), port: place.local_addr().unwrap().port() };
        let smtp = Smtp::new(address, "inner.example", Security::None, limits());
        let mail = render(&message(1, &THREE, "")).into_bytes();
        let mail = sekisho_verify::verify(mail, message(1, &THREE, "").envelope().clone()).unwrap();
        let talk = async {
            let (mut stream, _) = place.accept().await.unwrap();
            stream.write_all(format!("220 test\r\n{ehlo}\r\n").as_bytes()).await.unwrap();
            let mut said = Vec::new();
            let (last, before) = if at_once { (&b"DATA\r\n"[..], 0) } else { (&b"\r\n"[..], 1) };
            // Behind EHLO, which is a line of its own.
            while !said.ends_with(last) || said.iter().filter(|b| **b == b'\n').count() <= before {
                assert_ne!(stream.read_buf(&mut said).await.unwrap(), 0);
            }
            String::from_utf8(said).unwrap()
        };
        let said = tokio::select! { said = talk => said, attempt = smtp.deliver(&mail) => panic!("{attempt:?}") };
        assert_eq!(said.matches("RCPT TO:").count(), if at_once { 3 } else { 0 }, "{said}");
    }
}

#[tokio::test]
async fn what_arrives_is_what_was_verified() {
    let server = Server::start(vec![Script::default()], None).await;
    let bench = Bench::smtp(&server);
    let id = bench.hand_over(1, &THREE).await;
    let found = bench.until(id, State::Done).await;
    assert_eq!(standings(&found), vec![(Standing::Delivered, Some("250 2.0.0".to_owned())); 3]);
    assert_eq!((found.label.as_str(), record(&found).attempts), ("relayed", 1));
    let received = server.received().remove(0);
    assert_eq!(received.from, "<sender@outside.example>");
    assert_eq!(received.to, THREE.map(|to| format!("<{to}>")));
    let reading = sekisho_verify::read(Untrusted::new(&received.bytes)).unwrap();
    assert_eq!((reading.id, reading.text.as_str()), (id, "本文です。\n.\nFrom x"));
    bench.stop().await;
}

#[tokio::test]
async fn one_connection_carries_many_mails() {
    let server = Server::start(vec![Script::default()], None).await;
    let smtp = Smtp::new(server.address.clone(), "inner.example", Security::None, limits());
    let bench = Bench::with(smtp, Options { concurrency: 1, ..options(LONG) });
    for number in 0..30 {
        bench.hand_over(number, &THREE[..1]).await;
    }
    for number in 0..30 {
        bench.until(message(number, &THREE[..1], "").id(), State::Done).await;
    }
    assert_eq!((server.received().len(), server.connections()), (30, 1));
    bench.stop().await;
}

#[tokio::test]
async fn a_connection_that_died_idle_costs_no_verdict() {
    let short = Script { mails: 1, ..Script::default() };
    let server = Server::start(vec![short], None).await;
    let bench = Bench::smtp(&server);
    for number in 0..5 {
        let id = bench.hand_over(number, &THREE[..1]).await;
        let found = bench.until(id, State::Done).await;
        assert_eq!(record(&found).attempts, 1);
    }
    assert_eq!(server.connections(), 5);
    bench.stop().await;
}

#[tokio::test]
async fn one_refused_recipient_costs_the_others_nothing() {
    refuses_one(Script::default().ehlo).await;
    refuses_one(PIPELINING).await;
}

async fn refuses_one(ehlo: &'static str) {
    let script = Script { ehlo, rcpt: vec!["250 ok", "550 5.1.1 no such user", "250 ok"], ..Script::default() };
    let server = Server::start(vec![script], None).await;
    let bench = Bench::smtp(&server);
    let id = bench.hand_over(1, &THREE).await;
    let found = bench.until(id, State::Buried).await;
    let refused = (Standing::Refused, Some("550 5.1.1".to_owned()));
    let delivered = (Standing::Delivered, Some("250 2.0.0".to_owned()));
    assert_eq!(standings(&found), [delivered.clone(), refused, delivered]);
    assert_eq!(found.label, "refused");
    // The report comes by the same way, from nobody, and says why.
    let report = wait_for_report(&server).await;
    assert_eq!((report.from.as_str(), report.to.as_slice()), ("<>", &["<postmaster@city.example>".to_owned()][..]));
    let reading = sekisho_verify::read(Untrusted::new(&report.bytes)).unwrap();
    for words in [id.to_string().as_str(), "b@city.example", "550 5.1.1", "拒否", "refused"] {
        assert!(reading.text.as_str().contains(words), "{words}: {}", reading.text);
    }
    let fields = "\nFinal-Recipient: rfc822; b@city.example\nAction: failed\nStatus: 5.1.1\n\
        Diagnostic-Code: smtp; 550 5.1.1\nLast-Attempt-Date: ";
    assert!(reading.text.as_str().contains(fields), "{}", reading.text);
    assert_eq!(reading.text.as_str().matches("Final-Recipient: ").count(), 1, "{}", reading.text);
    assert!(!reading.text.as_str().contains("no such user"), "{}", reading.text);
    let received = server.received();
    assert_eq!(received.iter().filter(|mail| mail.from == "<sender@outside.example>").count(), 1);
    bench.stop().await;
}

async fn wait_for_report(server: &Server) -> Received {
    for _ in 0..6000 {
        if let Some(report) = server.received().into_iter().find(|mail| mail.from == "<>") {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no report");
}

#[tokio::test]
async fn a_report_that_is_refused_is_not_reported() {
    let script = Script { mail: "550 no", ..Script::default() };
    let server = Server::start(vec![script], None).await;
    let bench = Bench::smtp(&server);
    let id = bench.hand_over(1, &THREE).await;
    bench.until(id, State::Buried).await;
    // The report's own id follows from the mail's.
    let listed = || {
        let log = server.log.lock().unwrap();
        log.commands.iter().filter(|line| line.starts_with("MAIL FROM:<>")).count()
    };
    let report = report_of(id);
    let found = bench.until(report, State::Buried).await;
    assert_eq!(record(&found).kind, Kind::Report);
    assert_eq!(listed(), 1);
    bench.stop().await;
}

fn report_of(id: MailId) -> MailId {
    let digest = sekisho_safe_message::Sha256::of(format!("report {id}").as_bytes());
    MailId::new(id.unix_ms(), digest.as_bytes()[..10].try_into().unwrap())
}

#[tokio::test]
async fn only_those_who_wait_are_tried_again() {
    let first = Script { rcpt: vec!["250 ok", "451 4.2.0 later", "550 no"], mails: 1, ..Script::default() };
    let server = Server::start(vec![first, Script::default()], None).await;
    let bench = Bench::smtp(&server);
    let id = bench.hand_over(1, &THREE).await;
    let found = bench.until(id, State::Buried).await;
    let states: Vec<_> = record(&found).recipients.iter().map(|one| one.state).collect();
    assert_eq!(states, [Standing::Delivered, Standing::Delivered, Standing::Refused]);
    let to: Vec<_> = server.received().into_iter().filter(|mail| mail.from != "<>").map(|mail| mail.to).collect();
    assert_eq!(to, [vec!["<a@city.example>".to_owned()], vec!["<b@city.example>".to_owned()]]);
    bench.stop().await;
}

#[tokio::test]
async fn every_way_to_fail_for_a_while_is_survived() {
    survives(&Script { mails: 1, ..Script::default() }).await;
}

#[tokio::test]
async fn also_where_commands_go_at_once() {
    for careless in [false, true] {
        survives(&Script { mails: 1, ehlo: PIPELINING, careless, ..Script::default() }).await;
    }
}

async fn survives(usual: &Script) {
    let normal = || usual.clone();
    for (name, script, arrivals) in [
        ("later at MAIL", Script { mail: "451 later", ..normal() }, 1),
        ("later at RCPT", Script { rcpt: vec!["450 later"], ..normal() }, 1),
        ("later at DATA", Script { data: "451 later", ..normal() }, 1),
        ("later at the end", Script { end: End::Reply("451 later"), ..normal() }, 1),
        ("250 for DATA", Script { data: "250 what", ..normal() }, 1),
        ("354 for RCPT", Script { rcpt: vec!["354 what"], ..normal() }, 1),
        ("closed at the banner", Script { banner: "", ..normal() }, 1),
        ("421 at the banner", Script { banner: "421 busy", ..normal() }, 1),
        ("554 at the banner", Script { banner: "554 no", ..normal() }, 1),
        ("garbage at the banner", Script { banner: "\u{1}\u{2} HTTP/1.1 200 OK", ..normal() }, 1),
        ("endless banner", Script { banner: ENDLESS, ..normal() }, 1),
        ("EHLO refused", Script { ehlo: "502 no", ..normal() }, 1),
        ("two codes in one reply", Script { ehlo: "250-a\r\n550 b", ..normal() }, 1),
        ("closed at MAIL", Script { mail: "", ..normal() }, 1),
        ("421 at MAIL", Script { mail: "421 closing", ..normal() }, 1),
        ("closed at RCPT", Script { rcpt: vec![""], ..normal() }, 1),
        ("closed inside the data", Script { end: End::CloseInside, ..normal() }, 1),
        // It has the mail and did not say so: two are better than none.
        ("closed after the data", Script { end: End::CloseAfter, ..normal() }, 2),
    ] {
        let server = Server::start(vec![script, normal()], None).await;
        let limits = sekisho_inner::relay::Limits { greeting: Duration::from_millis(500), ..limits() };
        let smtp = Smtp::new(server.address.clone(), "inner.example", Security::None, limits);
        let bench = Bench::with(smtp, options(LONG));
        let id = bench.hand_over(1, &THREE).await;
        let found = bench.until(id, State::Done).await;
        assert_eq!(server.received().len(), arrivals, "{name}");
        assert!(standings(&found).iter().all(|(state, _)| *state == Standing::Delivered), "{name}");
        bench.stop().await;
    }
}

const ENDLESS: &str = "220-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
    \r\n220-yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";

#[tokio::test]
async fn silence_ends_by_the_clock() {
    let silent = Script { end: End::Silence, ..Script::default() };
    let server = Server::start(vec![silent, Script::default()], None).await;
    let limits = sekisho_inner::relay::Limits { data: Duration::from_millis(50), ..limits() };
    let smtp = Smtp::new(server.address.clone(), "inner.example", Security::None, limits);
    let bench = Bench::with(smtp, options(LONG));
    let id = bench.hand_over(1, &THREE).await;
    let found = bench.until(id, State::Done).await;
    assert_eq!((record(&found).attempts, server.received().len()), (2, 2));
    bench.stop().await;
}

#[tokio::test]
async fn a_server_that_is_down_costs_no_attempt_and_then_everything_flows() {
    let place = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = place.local_addr().unwrap();
    drop(place);
    let host = HostPort { host: "127.0.0.1".to_owned(), port: address.port() };
    let smtp = Smtp::new(host, "inner.example", Security::None, limits());
    let bench = Bench::with(smtp, options(LONG));
    let mut ids = Vec::new();
    for number in 0..50 {
        ids.push(bench.hand_over(number, &THREE[..1]).await);
    }
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let server = Server::on(listener, vec![Script::default()], None);
    for id in ids {
        let found = bench.until(id, State::Done).await;
        assert_eq!(record(&found).attempts, 1);
    }
    assert_eq!(server.received().len(), 50);
    bench.stop().await;
}

#[tokio::test]
async fn a_mail_that_outlives_its_time_is_buried() {
    let script = Script { rcpt: vec!["450 later"], ..Script::default() };
    let server = Server::start(vec![script], None).await;
    let smtp = Smtp::new(server.address.clone(), "inner.example", Security::None, limits());
    let bench = Bench::with(smtp, options(Duration::from_millis(100)));
    let id = bench.hand_over(1, &THREE).await;
    let found = bench.until(id, State::Buried).await;
    assert_eq!(found.label, "expired");
    assert_eq!(standings(&found), vec![(Standing::Expired, Some("450".to_owned())); 3]);
    bench.stop().await;
}

#[tokio::test]
async fn many_recipients_go_in_transactions_that_every_server_takes() {
    let server = Server::start(vec![Script::default()], None).await;
    let bench = Bench::smtp(&server);
    let to: Vec<String> = (0..250).map(|n| format!("user{n}@city.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let id = bench.hand_over(1, &to).await;
    let found = bench.until(id, State::Done).await;
    assert_eq!(record(&found).recipients.len(), 250);
    assert_eq!(server.received().iter().map(|mail| mail.to.len()).collect::<Vec<_>>(), [100, 100, 50]);
    bench.stop().await;
}

#[tokio::test]
async fn a_repeated_id_is_relayed_once() {
    let server = Server::start(vec![Script::default()], None).await;
    let bench = Bench::smtp(&server);
    let id = bench.hand_over(1, &THREE).await;
    bench.until(id, State::Done).await;
    bench.hand_over(1, &THREE).await;
    let other = bench.hand_over(2, &THREE).await;
    bench.until(other, State::Done).await;
    assert_eq!(server.received().len(), 2);
    bench.stop().await;
}

/// The first writing stands: what was stored is what is relayed, even if the
/// setting changes between a handoff and its repetition.
#[tokio::test]
async fn a_stored_mail_keeps_its_charset() {
    let later = Script { rcpt: vec!["450 later"], mails: 1, ..Script::default() };
    let server = Server::start(vec![later, Script::default()], None).await;
    let smtp = Smtp::new(server.address.clone(), "inner.example", Security::None, limits());
    let bench = Bench::with(smtp, Options { charset: Charset::Iso2022Jp, ..options(LONG) });
    let message = message(1, &THREE[..1], "本文です。");
    let frame = || frame::encode(&message).unwrap();
    assert_eq!(bench.acceptor.take(frame()).await.unwrap(), Committed::New);
    let other = Acceptor::new(bench.spool.clone(), Clock::system(), frame::MAX, Charset::Utf8);
    assert_eq!(other.take(frame()).await.unwrap(), Committed::Duplicate);
    bench.until(message.id(), State::Done).await;
    let received: Vec<_> = server.received().into_iter().map(|mail| mail.bytes).collect();
    assert_eq!(received, [render_in(&message, Charset::Iso2022Jp).into_bytes()]);
    bench.stop().await;
}

#[tokio::test]
async fn what_waits_survives_a_restart() {
    let script = Script { rcpt: vec!["450 later"], ..Script::default() };
    let server = Server::start(vec![script], None).await;
    let bench = Bench::smtp(&server);
    let id = bench.hand_over(1, &THREE).await;
    until(&bench.spool, id, |found| found.record.is_some()).await;
    let Bench { dir, .. } = { bench };
    drop(server);
    // Whoever still holds the directory gives it back when its tasks end.
    let spool = loop {
        match sekisho_inner::Spool::open(&dir.path().join("spool"), 0, LONG) {
            Ok((spool, _)) => break spool,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    let found = spool.find(id).unwrap().unwrap();
    assert!(found.state.is_pending());
    assert_eq!(record(&found).recipients.len(), 3);
}

/// A transport with a defect.
struct Crashing;

impl Transport for Crashing {
    async fn deliver(&self, mail: &sekisho_verify::VerifiedMail) -> sekisho_inner::relay::Attempt {
        assert!(mail.subject().as_str() != "件名 1", "a defect that one mail shows");
        sekisho_inner::relay::Attempt::Judged(vec![sekisho_inner::relay::Verdict::Done(None); 1])
    }

    async fn probe(&self) -> Result<(), sekisho_inner::relay::Trouble> {
        Ok(())
    }
}

#[tokio::test]
async fn a_mail_that_crashes_us_is_held_and_the_others_go_on() {
    let bench = Bench::with(Crashing, options(LONG));
    let bad = bench.hand_over(1, &THREE[..1]).await;
    let good = bench.hand_over(2, &THREE[..1]).await;
    assert_eq!(bench.until(bad, State::Held).await.label, "crash");
    bench.until(good, State::Done).await;
    bench.stop().await;
}
