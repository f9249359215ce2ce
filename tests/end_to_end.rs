//! The whole gateway as it runs, real programs and real SMTP on both ends.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![allow(clippy::print_stdout, reason = "figures that a reader of the run wants to see")]

#[path = "end_to_end/files.rs"]
mod files;
#[path = "end_to_end/life.rs"]
mod life;
#[path = "end_to_end/original.rs"]
mod original;
#[path = "end_to_end/refusals.rs"]
mod refusals;
#[path = "end_to_end/relay.rs"]
mod relay;
#[path = "end_to_end/review.rs"]
mod review;
mod support;
#[path = "end_to_end/wishes.rs"]
mod wishes;

use std::fs;

use support::{Client, Gateway, Place, attachment, deliver, fixture, plain, within};

#[test]
fn a_mail_goes_through_and_both_sides_know_it() {
    let gateway = Gateway::start(&[]);
    let id = deliver(gateway.listen, &plain("=?UTF-8?B?5Lya6K2w?=", "15時に会議室へ。\r\n.dot\r\nFrom here"));
    let mail = gateway.arrives(id);
    assert_eq!((mail.subject(), mail.from().as_str()), ("会議", "hanako@sender.example"));
    assert_eq!(mail.text().trim_end(), "15時に会議室へ。\n.dot\nFrom here");
    assert!(mail.header().contains(&format!("X-Sekisho-Id: {id}")), "{}", mail.header());
    let text = gateway.sekisho(&["show", &id.to_string(), "--lang", "en"]);
    assert_eq!(text.code, 0, "{text:?}");
    for word in ["Internet side", "LGWAN side", "hanako@sender.example", "shimin@city.example.lg.jp", "会議"] {
        assert!(text.out.contains(word), "{word}: {}", text.out);
    }
    // An unchanged mail leaves no original behind.
    within("both sides are done with it", || {
        let states = ["outer", "inner"].map(|side| gateway.state(side, id).map(|(state, _)| state));
        (states == [Some("done".to_owned()), Some("done".to_owned())]).then_some(())
    });
    gateway.finish();
}

#[test]
fn every_recipient_is_in_the_envelope_inside() {
    let sink = support::Sink::start();
    let gateway = Gateway::start(&[("inner.deliver", &sink.url())]);
    let to: Vec<String> = (0..150).map(|n| format!("r{n}@city.example.lg.jp")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let mut client = Client::greeted(gateway.listen).unwrap();
    let reply = client.send("", &to, &plain("many", "text")).unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
    within("all 150 have it", || {
        let mut got: Vec<String> = sink.arrived().into_iter().flat_map(|mail| mail.to).collect();
        got.sort();
        let mut wanted: Vec<String> = to.iter().map(ToString::to_string).collect();
        wanted.sort();
        (got == wanted).then_some(())
    });
    // RFC 5321 4.5.3.1.8: no transaction has more than 100, and the null sender stays one.
    assert!(sink.arrived().iter().all(|mail| mail.to.len() <= 100 && mail.from.is_empty()));
    gateway.finish();
}

#[test]
fn an_attachment_is_kept_out_and_named() {
    let gateway = Gateway::start(&[("notice.language", "en"), ("policy.profile", "text-only")]);
    let id = deliver(gateway.listen, &attachment("with a file", "the text", "plan.docm", 20));
    let mail = gateway.arrives(id);
    assert_eq!(mail.text().trim_end(), "the text");
    assert!(mail.notice().contains("plan.docm"), "{}", mail.notice());
    assert!(!String::from_utf8_lossy(&mail.bytes).contains("QUJDQUJD"));
    // What was taken away is still here, on this side.
    within("its original is kept", || gateway.state("outer", id).filter(|(state, _)| state == "kept"));
    let shown = gateway.json(&["show", &id.to_string()]);
    let part = &shown[0]["record"]["report"]["parts"][2];
    assert_eq!((part["action"].as_str(), part["name"].as_str()), (Some("strip"), Some("plan.docm")), "{shown:?}");
    gateway.finish();
}

#[test]
fn injected_headers_stay_words() {
    let gateway = Gateway::start(&[]);
    let id = deliver(gateway.listen, &fixture("36-header-injection"));
    let mail = gateway.arrives(id);
    for line in mail.header().lines() {
        let name = line.split(':').next().unwrap().to_ascii_lowercase();
        assert!(!["bcc", "cc", "x-evil"].contains(&name.as_str()), "{line}");
    }
    assert_eq!(mail.header().matches("Content-Type:").count(), 1);
    assert!(!mail.subject().contains(['\r', '\n']));
    gateway.finish();
}

#[test]
fn a_held_mail_waits_outside() {
    let gateway = Gateway::start(&[]);
    let held = deliver(gateway.listen, &fixture("54-message-partial"));
    let passed = deliver(gateway.listen, &plain("another", "goes on"));
    assert_eq!(gateway.held(held), "partial");
    gateway.arrives(passed);
    assert_eq!(gateway.delivered().len(), 1);
    let list = gateway.json(&["queue", "list"]);
    let items: Vec<_> = list.iter().filter(|item| item["item"]["id"] == held.to_string()).collect();
    assert_eq!(items.len(), 1, "{list:?}");
    assert_eq!((items[0]["side"].as_str(), items[0]["item"]["state"].as_str()), (Some("outer"), Some("held")));
    assert_eq!(gateway.state("inner", held), None, "nothing of it crosses");
    // The same mail gives the same verdict, and a mail that is done cannot be done again.
    let retry = |id: &str| gateway.sekisho(&["queue", "retry", id, "--reason", "looked at it", "--lang", "en"]);
    assert_eq!(retry(&held.to_string()).code, 0);
    assert_eq!(gateway.held(held), "partial");
    within("the other is done", || gateway.state("inner", passed).filter(|(state, _)| state == "done"));
    assert_eq!(retry(&passed.to_string()).code, 5);
    assert_eq!(retry("01ARZ3NDEKTSV4RRFFQ69G5FAV").code, 4);
    gateway.finish();
}

#[test]
fn a_running_gateway_is_healthy() {
    let gateway = Gateway::start(&[]);
    let status = gateway.sekisho(&["status", "--json"]);
    assert_eq!(status.code, 0, "{status:?}");
    for side in ["outer", "inner"] {
        let status = gateway.status(side).unwrap();
        assert_eq!((status["schema"].as_str(), status["healthy"].as_bool()), (Some("sekisho.status/1"), Some(true)));
        assert_eq!(status["status"]["problems"].as_array().unwrap().len(), 0);
    }
    let layers = gateway.status("outer").unwrap()["status"]["layers"].clone();
    for layer in ["seccomp", "limits"] {
        let active = layers.as_array().unwrap().iter().any(|pair| pair[0] == layer && pair[1] == "active");
        assert!(active, "{layer}: {layers}");
    }
    let check = gateway.sekisho(&["check", "--lang", "en"]);
    assert_eq!(check.code, 0, "{check:?}");
    gateway.finish();
}

/// Memory of outer and inner does not grow with the mail (contract.md: O(64
/// KiB) a connection). The bound is coarse; `benches/` measures.
#[test]
fn a_monitoring_reads_what_both_sides_count() {
    let gateway = Gateway::start(&[]);
    let id = deliver(gateway.listen, &plain("measured", "text"));
    gateway.arrives(id);
    let held = deliver(gateway.listen, &fixture("103-zip-password"));
    gateway.held(held);
    let mut client = Client::greeted(gateway.listen).unwrap();
    assert_eq!(client.ask("NONSENSE").unwrap().code, 500);
    within("both sides have counted", || {
        let shown = gateway.sekisho(&["metrics"]);
        assert_eq!((shown.code, shown.err.as_str()), (0, ""));
        let has = |line: &str| shown.out.lines().any(|shown| shown == line);
        let wanted = [
            "sekisho_up{side=\"outer\"} 1",
            "sekisho_up{side=\"inner\"} 1",
            "sekisho_received_total{side=\"outer\"} 2",
            "sekisho_handed_over_total{side=\"outer\"} 1",
            "sekisho_taken_total{side=\"inner\"} 1",
            "sekisho_relayed_total{side=\"inner\"} 1",
            "sekisho_held_mails{side=\"outer\",reason=\"encrypted-file\"} 1",
            "sekisho_receive_refusals_total{side=\"outer\",what=\"command\",reason=\"5.5.1\"} 1",
            "sekisho_problem{side=\"outer\",problem=\"handoff-down\"} 0",
        ];
        wanted.iter().all(|line| has(line)).then_some(())
    });
    let file = gateway.path("sekisho.prom");
    let file = file.to_str().unwrap();
    let written = gateway.sekisho(&["metrics", "--side", "inner", "--out", file]);
    assert_eq!((written.code, written.out.as_str()), (0, ""));
    let page = fs::read_to_string(file).unwrap();
    assert!(page.contains("side=\"inner\"") && !page.contains("side=\"outer\""), "{page}");
    let place = gateway.finish();
    let silent = place.sekisho(&["--lang", "en", "metrics", "--out", file]);
    assert_eq!(silent.code, 6, "{silent:?}");
    let page = fs::read_to_string(file).unwrap();
    assert!(
        page.contains("sekisho_up{side=\"outer\"} 0\n") && page.contains("sekisho_up{side=\"inner\"} 0\n"),
        "{page}"
    );
}

#[test]
fn a_large_mail_costs_little_memory() {
    let gateway = Gateway::start(&[]);
    let pids = ["outer", "inner"].map(|side| gateway.status(side).unwrap()["status"]["pid"].as_u64().unwrap());
    let mail = attachment("large", "small text", "large.bin", 526_000); // 78 octets a line
    assert!(mail.len() > 40_000_000 && mail.len() < 50 << 20);
    let id = deliver(gateway.listen, &mail);
    assert_eq!(gateway.arrives(id).text().trim_end(), "small text");
    for (side, pid) in ["outer", "inner"].into_iter().zip(pids) {
        let peak = peak_kib(pid);
        println!("peak resident memory of {side}: {peak} KiB");
        assert!(peak < 64 * 1024, "{side}: {peak} KiB");
    }
    gateway.finish();
}

/// Many connections at once, each with a mail in the middle.
#[test]
fn fifty_connections_at_once() {
    let gateway = Gateway::start(&[]);
    let mut clients: Vec<Client> = (0..50).map(|_| Client::greeted(gateway.listen).unwrap()).collect();
    // The 51st of one client is told to come again.
    let mut more = Client::connect(gateway.listen).unwrap();
    assert_eq!(more.reply().unwrap().code, 421);
    for client in &mut clients {
        client.begin("a@sender.example", &["b@city.example.lg.jp"]).unwrap();
    }
    for (n, client) in clients.iter_mut().enumerate() {
        client.write(&plain(&format!("mail {n}"), "half of it")).unwrap();
    }
    let mut ids = Vec::new();
    for client in &mut clients {
        client.write(b".\r\n").unwrap();
        ids.push(client.reply().unwrap().expected(250).unwrap().id().unwrap());
    }
    for id in &ids {
        gateway.arrives(*id);
    }
    assert_eq!(gateway.delivered().len(), 50);
    gateway.finish();
}

/// VmHWM of proc(5).
fn peak_kib(pid: u64) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// `sekisho demo --once` is the first thing that a new user sees.
#[test]
fn the_demonstration_ends_well() {
    let place = Place::new(&[]);
    let listen = support::free_address().to_string();
    let demo = place.sekisho(&["demo", "--once", "--listen", &listen, "--lang", "en"]);
    assert_eq!(demo.code, 0, "{}\n{}", demo.out, demo.err);
    assert!(demo.out.lines().last().unwrap().ends_with("0 not as expected"), "{}", demo.out);
}
