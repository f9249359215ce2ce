//! Starting, stopping, dying.

use std::time::Duration;

use crate::support::{Client, Gateway, Place, deliver, plain, within};

#[test]
fn a_mail_in_progress_is_finished_before_the_end() {
    let gateway = Gateway::start(&[]);
    let mut idle = Client::greeted(gateway.listen).unwrap();
    let mut busy = Client::greeted(gateway.listen).unwrap();
    busy.begin("a@sender.example", &["b@city.example.lg.jp"]).unwrap();
    busy.write(b"From: a@sender.example\r\nSubject: in progress\r\n\r\nfirst half\r\n").unwrap();
    gateway.serve.terminate();
    // Whoever does nothing is sent away first: then the end has begun.
    assert_eq!(idle.reply().unwrap().code, 421);
    busy.write(b"second half\r\n.\r\n").unwrap();
    let id = busy.reply().unwrap().expected(250).unwrap().id().unwrap();
    let gateway = {
        let place = gateway.finish();
        Gateway::start_in(place)
    };
    assert_eq!(gateway.arrives(id).text().trim_end(), "first half\nsecond half");
    assert_eq!(gateway.delivered().len(), 1);
    gateway.finish();
}

#[test]
fn what_dies_is_started_again() {
    let gateway = Gateway::start(&[]);
    for side in ["inner", "outer"] {
        let pid = |side| gateway.status(side).and_then(|status| status["status"]["pid"].as_u64());
        let before = pid(side).unwrap();
        crate::support::signal(u32::try_from(before).unwrap(), rustix::process::Signal::KILL);
        within("another takes its place", || pid(side).filter(|now| *now != before));
        let id = deliver(gateway.listen, &plain(side, "after the death"));
        gateway.arrives(id);
    }
    assert!(gateway.serve.log().contains("it is started again in"), "{}", gateway.serve.tail());
    gateway.finish();
}

#[test]
fn mail_waits_for_the_other_side() {
    let place = Place::new(&[]);
    let outer = place.program("sekisho-outer");
    let ids: Vec<_> = (0..10).map(|n| deliver(place.listen, &plain(&format!("early {n}"), "text"))).collect();
    within("the trouble is seen", || place.problems("outer").contains(&"handoff-down".to_owned()).then_some(()));
    assert_eq!(place.sekisho(&["status"]).code, 6, "the other side cannot be asked");
    assert_eq!(place.delivered().len(), 0);
    let inner = place.program("sekisho-inner");
    for id in &ids {
        place.arrives(*id);
    }
    within("it is healthy again", || place.problems("outer").is_empty().then_some(()));
    // And again in the middle of everything.
    inner.finish();
    let late = deliver(place.listen, &plain("late", "text"));
    let inner = place.program("sekisho-inner");
    place.arrives(late);
    assert_eq!(place.delivered().len(), 11);
    outer.finish();
    inner.finish();
}

#[test]
fn an_inner_side_without_room_makes_mail_wait() {
    let mut place = Place::new(&[("inner.min_free_space", "1000TiB")]);
    let outer = place.program("sekisho-outer");
    let inner = place.program("sekisho-inner");
    let id = deliver(place.listen, &plain("no room inside", "text"));
    within("the trouble is seen", || place.problems("inner").contains(&"low-space".to_owned()).then_some(()));
    within("it was tried", || outer.log().contains("handoff.failed").then_some(()));
    std::thread::sleep(Duration::from_secs(2));
    let tries = outer.log().matches("handoff.failed").count();
    assert!(tries <= 40, "{tries} tries in some two seconds: the mail is read anew each time");
    inner.finish();
    place.set("inner.min_free_space", "1MiB");
    let inner = place.program("sekisho-inner");
    place.arrives(id);
    outer.finish();
    inner.finish();
}

#[test]
fn the_programs_do_not_outlive_a_killed_supervisor() {
    let mut gateway = Gateway::start(&[]);
    let id = deliver(gateway.listen, &plain("last words", "text"));
    let pids = ["outer", "inner"].map(|side| gateway.status(side).unwrap()["status"]["pid"].as_u64().unwrap());
    gateway.serve.kill();
    within("both end by themselves", || {
        pids.iter().all(|pid| !std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(())
    });
    let Gateway { serve: _, place } = gateway;
    let gateway = Gateway::start_in(place);
    gateway.arrives(id);
    assert_eq!(gateway.delivered().len(), 1);
    gateway.finish();
}

#[test]
fn two_gateways_do_not_share_a_state() {
    let gateway = Gateway::start(&[]);
    // Its spool is locked: the second must not touch it.
    let second = gateway.sekisho(&["serve", "--lang", "en"]);
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.err.contains("did not start"), "{}", second.err);
    gateway.arrives(deliver(gateway.listen, &plain("unharmed", "text")));
    gateway.finish();
}

/// A peer that goes away in the middle leaves nothing behind.
#[test]
fn half_a_mail_is_no_mail() {
    let gateway = Gateway::start(&[]);
    for _ in 0..5 {
        let mut client = Client::greeted(gateway.listen).unwrap();
        client.begin("a@sender.example", &["b@city.example.lg.jp"]).unwrap();
        client.write(b"From: a@sender.example\r\n\r\nhalf\r\n").unwrap();
    }
    gateway.arrives(deliver(gateway.listen, &plain("whole", "text")));
    let received = gateway.status("outer").unwrap()["status"]["counters"].clone();
    assert_eq!(received[0], serde_json::json!(["received", 1]));
    gateway.finish();
}

/// A segment of TCP may end anywhere, also within the end of the data.
#[test]
fn the_end_of_a_mail_may_come_in_pieces() {
    let gateway = Gateway::start(&[]);
    for cut in 1..b"\r\n.\r\n".len() {
        let mut client = Client::greeted(gateway.listen).unwrap();
        client.begin("a@sender.example", &["b@city.example.lg.jp"]).unwrap();
        client.write(b"From: a@sender.example\r\n\r\ntext").unwrap();
        let (first, second) = b"\r\n.\r\n".split_at(cut);
        client.write(first).unwrap();
        // Likely to be read before the rest comes; either way it must be taken.
        std::thread::sleep(Duration::from_millis(50));
        client.write(second).unwrap();
        let reply = client.reply().unwrap_or_else(|err| panic!("cut at {cut}: {err}")).expected(250).unwrap();
        assert_eq!(gateway.arrives(reply.id().unwrap()).text().trim_end(), "text");
    }
    gateway.finish();
}
