//! What the gateway says no to, and how.

use std::fs;
use std::net::TcpListener;

use crate::support::{Client, Gateway, Place, deliver, plain};

#[test]
fn a_port_in_use_is_named() {
    let place = Place::new(&[]);
    let _other = TcpListener::bind(place.listen).unwrap();
    for (language, words) in [("en", "did not start"), ("ja", "起動できませんでした")] {
        let serve = place.sekisho(&["serve", "--lang", language]);
        assert_eq!(serve.code, 1, "{serve:?}");
        assert!(serve.err.contains(&place.listen.to_string()) && serve.err.contains("outer.listen"), "{}", serve.err);
        assert!(serve.err.contains(words), "{}", serve.err);
        assert_eq!(serve.out, "");
    }
}

#[test]
fn a_wrong_configuration_is_explained() {
    let place = Place::new(&[]);
    let file = place.path("wrong.toml");
    fs::write(&file, "version = 1\n[inner]\ndeliver = \"smpt://10.1.0.25:25\"\nlifetim = \"5d\"\n").unwrap();
    let file = file.to_str().unwrap();
    for command in [&["serve"][..], &["config", "check"], &["config", "show"], &["status"], &["sanitize", "x"]] {
        let outcome = place.sekisho(&[command, &["--config", file, "--lang", "en"]].concat());
        assert_eq!(outcome.code, 78, "{command:?}: {outcome:?}");
        assert!(outcome.err.contains(&format!("{file}:4: inner.lifetim")), "{}", outcome.err);
        assert!(outcome.err.contains("lifetime") && outcome.err.contains("remedy: "), "{}", outcome.err);
    }
    fs::write(file, "version = 1\n[inner]\ndeliver = \"smpt://10.1.0.25:25\"\n").unwrap();
    let outcome = place.sekisho(&["serve", "--config", file, "--lang", "ja"]);
    assert!(outcome.code == 78 && outcome.err.contains(&format!("{file}:3: inner.deliver")), "{outcome:?}");
    assert!(outcome.err.contains("対処: "), "{}", outcome.err);
    let missing = place.sekisho(&["serve", "--config", "nowhere.toml", "--lang", "en"]);
    assert!(missing.code == 78 && missing.err.contains("nowhere.toml"), "{missing:?}");
    let outcome = place.sekisho(&["config", "check", "--config", file, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!((outcome.code, json["schema"].as_str()), (78, Some("sekisho.config-errors/1")));
    assert_eq!(json["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn a_sound_configuration_is_shown_with_its_origins() {
    let mut place = Place::new(&[]);
    place.set("inner.lifetime", "3d");
    let file = place.path("sound.toml");
    fs::write(&file, "version = 1\n[outer]\nmax_message_size = \"10MiB\"\n").unwrap();
    let file = file.to_str().unwrap();
    let check = place.sekisho(&["config", "check", "--config", file]);
    assert_eq!((check.code, check.err.as_str()), (0, ""), "{check:?}");
    let shown = place.json(&["config", "show", "--config", file]);
    let of = |key: &str| {
        let setting = shown.iter().find(|setting| setting["key"] == key).unwrap();
        (setting["value"].as_str().unwrap().to_owned(), setting["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(of("outer.max_message_size"), ("\"10MiB\"".to_owned(), format!("{file}:3")));
    assert_eq!(of("inner.lifetime"), ("\"3d\"".to_owned(), "env SEKISHO_INNER__LIFETIME".to_owned()));
    assert_eq!(of("worker.deadline"), ("\"60s\"".to_owned(), "default".to_owned()));
}

#[test]
fn a_full_disk_refuses_for_now_and_keeps_what_it_has() {
    let place = Place::new(&[]);
    // Accepted, and not yet handed over: the other side does not run.
    let outer = place.program("sekisho-outer");
    let before = deliver(place.listen, &plain("before", "text"));
    outer.finish();
    let mut place = place;
    place.set("outer.min_free_space", "1000TiB");
    let gateway = Gateway::start_in(place);
    let mut client = Client::greeted(gateway.listen).unwrap();
    let reply = client.ask("MAIL FROM:<a@sender.example>").unwrap();
    assert!(reply.code == 452 && reply.text.contains("4.3.1"), "{reply:?}");
    assert_eq!(client.ask("QUIT").unwrap().code, 221);
    gateway.arrives(before);
    assert_eq!(gateway.problems("outer"), ["low-space"]);
    assert_eq!(gateway.sekisho(&["status", "--lang", "ja"]).code, 1);
    let mut place = gateway.finish();
    place.set("outer.min_free_space", "1MiB");
    let gateway = Gateway::start_in(place);
    let after = deliver(gateway.listen, &plain("after", "text"));
    gateway.arrives(after);
    assert_eq!(gateway.delivered().len(), 2);
    gateway.finish();
}

#[test]
fn strangers_are_turned_away() {
    let gateway = Gateway::start(&[("outer.clients", "192.0.2.0/24"), ("outer.domains", "city.example.lg.jp")]);
    let mut client = Client::connect(gateway.listen).unwrap();
    let reply = client.reply().unwrap();
    assert!(reply.code == 554 && reply.text.contains("5.7.1"), "{reply:?}");
    assert_eq!(client.rest(), "");
    gateway.finish();
}

#[test]
fn it_is_no_open_relay() {
    let gateway = Gateway::start(&[("outer.domains", "city.example.lg.jp")]);
    let mut client = Client::greeted(gateway.listen).unwrap();
    client.ask("MAIL FROM:<a@sender.example>").unwrap().expected(250).unwrap();
    for (to, code) in [
        ("b@elsewhere.example", 550),
        ("b@sub.city.example.lg.jp", 550),
        ("b%elsewhere.example@city.example.lg.jp", 550),
        ("elsewhere.example!b@city.example.lg.jp", 550),
        ("\"b@elsewhere.example\"@city.example.lg.jp", 550),
        ("@city.example.lg.jp:b@elsewhere.example", 501),
        ("b@[127.0.0.1]", 550),
        ("b", 501),
    ] {
        let reply = client.ask(&format!("RCPT TO:<{to}>")).unwrap();
        assert_eq!(reply.code, code, "{to}: {reply:?}");
    }
    assert_eq!(client.ask("DATA").unwrap().code, 554, "nobody is left");
    client.ask("RSET").unwrap().expected(250).unwrap();
    client.ask("MAIL FROM:<a@sender.example>").unwrap().expected(250).unwrap();
    for to in ["B@CITY.example.LG.jp", "postmaster"] {
        assert_eq!(client.ask(&format!("RCPT TO:<{to}>")).unwrap().code, 250, "{to}");
    }
    gateway.finish();
}

#[test]
fn too_large_is_refused_however_it_comes() {
    let gateway = Gateway::start(&[("outer.max_message_size", "64KiB")]);
    let mut client = Client::greeted(gateway.listen).unwrap();
    let reply = client.ask("MAIL FROM:<a@sender.example> SIZE=65537").unwrap();
    assert!(reply.code == 552 && reply.text.contains("5.3.4"), "{reply:?}");
    // Said nothing, or lied.
    let large = plain("large", &"0123456789\r\n".repeat(6_000));
    for parameter in ["", " SIZE=100"] {
        client.ask(&format!("MAIL FROM:<a@sender.example>{parameter}")).unwrap().expected(250).unwrap();
        client.ask("RCPT TO:<b@city.example.lg.jp>").unwrap().expected(250).unwrap();
        client.ask("DATA").unwrap().expected(354).unwrap();
        client.write(&[&large, &b".\r\n"[..]].concat()).unwrap();
        assert_eq!(client.reply().unwrap().code, 552);
    }
    // The same connection still takes a small one, and nothing of the large ones is there.
    let reply = client.send("a@sender.example", &["b@city.example.lg.jp"], &plain("small", "text")).unwrap();
    gateway.arrives(reply.id().unwrap());
    assert_eq!(gateway.delivered().len(), 1);
    gateway.finish();
}
