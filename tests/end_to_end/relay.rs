//! The hop inside: what the mail server there may answer, and what follows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Arrived, Client, Gateway, Mail, Moment, Sink, deliver, free_address, plain, within};

/// Quick retries; otherwise as shipped.
fn settings(sink: &Sink) -> [(&'static str, String); 4] {
    [
        ("inner.deliver", sink.url()),
        ("inner.retry_min", "200ms".to_owned()),
        ("inner.retry_max", "500ms".to_owned()),
        ("inner.postmaster", "kanri@city.example.lg.jp".to_owned()),
    ]
}

fn gateway(sink: &Sink, more: &[(&str, &str)]) -> Gateway {
    let settings = settings(sink);
    let mut all: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    all.extend_from_slice(more);
    Gateway::start(&all)
}

fn is_report(mail: &Arrived) -> bool {
    mail.from.is_empty() && mail.to == ["kanri@city.example.lg.jp"]
}

fn reports(sink: &Sink) -> Vec<Mail> {
    sink.arrived().into_iter().filter(is_report).map(|mail| Mail::new(mail.data)).collect()
}

#[test]
fn each_recipient_has_a_verdict_of_its_own() {
    let busy = AtomicUsize::new(0);
    let sink = Sink::scripted(move |moment| match moment {
        Moment::Rcpt("gone@city.example.lg.jp") => Some("550 5.1.1 No such user".to_owned()),
        Moment::Rcpt("busy@city.example.lg.jp") if busy.fetch_add(1, Ordering::SeqCst) < 2 => {
            Some("451 4.3.2 Later".to_owned())
        }
        _ => None,
    });
    let gateway = gateway(&sink, &[]);
    let to = ["ok@city.example.lg.jp", "gone@city.example.lg.jp", "busy@city.example.lg.jp", "also@city.example.lg.jp"];
    let mut client = Client::greeted(gateway.listen).unwrap();
    let reply = client.send("a@sender.example", &to, &plain("three fates", "text")).unwrap();
    let id = reply.id().unwrap();
    sink.receives("the busy one has it in the end", |mail| mail.to == ["busy@city.example.lg.jp"]);
    sink.receives("one report comes", is_report);
    within("it is buried", || gateway.state("inner", id).filter(|(state, _)| state == "buried"));
    // Those who had it at once have it once.
    let got: Vec<Vec<String>> =
        sink.arrived().into_iter().filter(|mail| !is_report(mail)).map(|mail| mail.to).collect();
    assert_eq!(got, [vec![to[0].to_owned(), to[3].to_owned()], vec![to[2].to_owned()]]);
    let report = &reports(&sink)[0];
    assert!(
        report.text().contains("gone@city.example.lg.jp") && report.text().contains("550 5.1.1"),
        "{}",
        report.text()
    );
    assert!(!report.text().contains("busy@") && !report.text().contains("No such user"), "{}", report.text());
    assert!(report.text().contains(&id.to_string()));
    gateway.finish();
    assert_eq!(reports(&sink).len(), 1);
}

#[test]
fn a_server_that_is_down_loses_nothing() {
    let address = free_address();
    let sink = Sink::start_at(address, |_| None);
    let gateway = gateway(&sink, &[]);
    let first = deliver(gateway.listen, &plain("before", "text"));
    sink.receives("the first arrives", |mail| Mail::new(mail.data.clone()).id() == first);
    drop(sink);
    let mut ids: Vec<_> = (0..20).map(|n| deliver(gateway.listen, &plain(&format!("down {n}"), "text"))).collect();
    within("the trouble is seen", || gateway.problems("inner").contains(&"relay-down".to_owned()).then_some(()));
    assert_eq!(gateway.sekisho(&["status"]).code, 1);
    let sink = Sink::start_at(address, |_| None);
    within("all 20 arrive", || (sink.count() >= 20).then_some(()));
    let mut arrived: Vec<_> = sink.arrived().into_iter().map(|mail| Mail::new(mail.data).id()).collect();
    arrived.sort();
    // Those of one millisecond come in any order.
    ids.sort();
    assert_eq!(arrived, ids, "each once");
    within("it is healthy again", || gateway.problems("inner").is_empty().then_some(()));
    gateway.finish();
}

#[test]
fn a_slow_server_does_not_stop_the_receiver() {
    let sink = Sink::scripted(|moment| {
        if matches!(moment, Moment::End(_)) {
            std::thread::sleep(Duration::from_millis(300));
        }
        None
    });
    let gateway = gateway(&sink, &[("inner.concurrency", "2")]);
    let ids: Vec<_> = (0..12).map(|n| deliver(gateway.listen, &plain(&format!("slow {n}"), "text"))).collect();
    within("all 12 arrive", || (sink.count() >= ids.len()).then_some(()));
    gateway.finish();
    assert_eq!(sink.count(), ids.len(), "each once");
}

#[test]
fn a_server_that_drops_connections_is_tried_again() {
    let ends = Arc::new(AtomicUsize::new(0));
    let sink = Sink::scripted({
        let ends = Arc::clone(&ends);
        move |moment| match moment {
            Moment::End(_) if ends.fetch_add(1, Ordering::SeqCst) < 3 => Some("421 4.3.2 Closing".to_owned()),
            _ => None,
        }
    });
    let gateway = gateway(&sink, &[]);
    let id = deliver(gateway.listen, &plain("again", "text"));
    let mail = sink.receives("it arrives in the end", |_| true);
    assert_eq!(Mail::new(mail.data).id(), id);
    assert_eq!(ends.load(Ordering::SeqCst), 4);
    gateway.finish();
}

#[test]
fn a_refusal_for_good_is_reported_once() {
    let sink = Sink::scripted(|moment| match moment {
        Moment::End(data) if String::from_utf8_lossy(data).contains("Subject: unwanted") => {
            Some("554 5.6.0 Not this".to_owned())
        }
        _ => None,
    });
    let gateway = gateway(&sink, &[]);
    let id = deliver(gateway.listen, &plain("unwanted", "text"));
    let other = deliver(gateway.listen, &plain("wanted", "text"));
    let report = Mail::new(sink.receives("the report comes", is_report).data);
    assert!(report.text().contains(&id.to_string()) && report.text().contains("554 5.6.0"), "{}", report.text());
    assert!(report.header().contains("Auto-Submitted: auto-generated"), "{}", report.header());
    within("it is buried", || {
        gateway.state("inner", id).filter(|(state, label)| (state, label) == (&"buried".into(), &"refused".into()))
    });
    sink.receives("the other arrives", |mail| Mail::new(mail.data.clone()).id() == other);
    let shown = gateway.sekisho(&["show", &id.to_string(), "--lang", "ja"]);
    assert!(shown.code == 0 && shown.out.contains("配送断念"), "{shown:?}");
    gateway.finish();
    assert_eq!(reports(&sink).len(), 1);
}

#[test]
fn a_mail_nobody_takes_expires_with_a_report() {
    let sink = Sink::scripted(|moment| match moment {
        Moment::Rcpt("kanri@city.example.lg.jp") => None,
        Moment::Rcpt(_) => Some("450 4.2.1 Never today".to_owned()),
        _ => None,
    });
    let gateway = gateway(&sink, &[("inner.lifetime", "2s")]);
    let id = deliver(gateway.listen, &plain("too late", "text"));
    let report = Mail::new(sink.receives("the report comes", is_report).data);
    assert!(report.text().contains(&id.to_string()) && report.text().contains("450 4.2.1"), "{}", report.text());
    within("it is buried", || {
        gateway.state("inner", id).filter(|(state, label)| (state, label) == (&"buried".into(), &"expired".into()))
    });
    gateway.finish();
    assert_eq!(reports(&sink).len(), 1);
}

/// The last mail server's own words never cross into a mail or a record.
#[test]
fn hostile_words_of_a_server_go_nowhere() {
    let sink = Sink::scripted(|moment| match moment {
        Moment::Rcpt("kanri@city.example.lg.jp") => None,
        Moment::Rcpt(_) => Some("550-5.1.1 \u{1b}[31mevil\r\n550 5.1.1 \u{202e}words".to_owned()),
        _ => None,
    });
    let gateway = gateway(&sink, &[]);
    let id = deliver(gateway.listen, &plain("x", "text"));
    let report = Mail::new(sink.receives("the report comes", is_report).data);
    let shown = gateway.sekisho(&["show", &id.to_string()]);
    for text in [report.text(), &shown.out, &gateway.serve.log()] {
        assert!(!text.contains("evil") && !text.contains("words") && !text.contains('\u{1b}'), "{text}");
    }
    gateway.finish();
}
