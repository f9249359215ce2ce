//! The state table, without a wire.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sekisho_receiver::session::{Channel, Effect, Session, Transaction};
use sekisho_receiver::{BodyType, Config, Domains, HelloKind, Limits, Reply, Tls, command, server_config};
use sekisho_safe_message::{Domain, Untrusted};

fn config() -> Config {
    let mut config = Config::new(Domain::parse("mx.example").unwrap());
    config.domains = Domains::List(vec![Domain::parse("city.example").unwrap()]);
    config.postmaster = Some(Domain::parse("city.example").unwrap());
    config.limits = Limits { message_size: 1000, recipients: 2, ..Limits::default() };
    config
}

fn tls() -> std::sync::Arc<rustls::ServerConfig> {
    let pair = rcgen::generate_simple_self_signed(["mx.example".to_owned()]).unwrap();
    server_config(pair.cert.pem().as_bytes(), pair.signing_key.serialize_pem().as_bytes()).unwrap()
}

/// The last effect of a dialogue.
fn last(config: &Config, channel: Channel, lines: &[&str]) -> Effect {
    let mut session = Session::new(channel);
    let mut effect = None;
    for line in lines {
        let command = command::parse(Untrusted::new(line.as_bytes())).unwrap();
        let (next, did) = session.step(command, config, || true);
        session = next;
        effect = Some(did);
    }
    effect.unwrap()
}

fn say(reply: Reply) -> Effect {
    Effect::Say(reply)
}

const EHLO: &str = "EHLO client.example";
const MAIL: &str = "MAIL FROM:<a@client.example>";
const RCPT: &str = "RCPT TO:<b@city.example>";

#[test]
fn what_is_legal_when() {
    let config = config();
    // One row a command, one column a state: Fresh, Ready, Begun, Addressed.
    let states: [&[&str]; 4] = [&[], &[EHLO], &[EHLO, MAIL], &[EHLO, MAIL, RCPT]];
    let bad = || say(Reply::BAD_SEQUENCE);
    let ehlo = || Effect::SayEhlo { starttls: false };
    for (line, expected) in [
        (EHLO, [ehlo(), ehlo(), ehlo(), ehlo()]),
        ("HELO c", [Effect::SayHelo, Effect::SayHelo, Effect::SayHelo, Effect::SayHelo]),
        (MAIL, [bad(), say(Reply::SENDER_OK), bad(), bad()]),
        ("MAIL FROM:<>", [bad(), say(Reply::SENDER_OK), bad(), bad()]),
        (RCPT, [bad(), bad(), say(Reply::RECIPIENT_OK), say(Reply::RECIPIENT_OK)]),
        ("RSET", [const { Effect::Say(Reply::OK) }; 4]),
        ("NOOP", [const { Effect::Say(Reply::OK) }; 4]),
        ("VRFY b", [const { Effect::Say(Reply::NOT_VERIFIED) }; 4]),
        ("EXPN b", [const { Effect::Say(Reply::NOT_OFFERED) }; 4]),
        ("HELP", [const { Effect::Say(Reply::NOT_OFFERED) }; 4]),
        ("AUTH PLAIN x", [const { Effect::Say(Reply::NOT_OFFERED) }; 4]),
        ("STARTTLS", [const { Effect::Say(Reply::NOT_OFFERED) }; 4]),
        ("QUIT", [const { Effect::Quit }; 4]),
        ("BDAT 5", [const { Effect::Break(sekisho_receiver::Offence::Chunking) }; 4]),
    ] {
        for (state, expected) in states.iter().zip(expected) {
            assert_eq!(last(&config, Channel::Plain, &[*state, &[line]].concat()), expected, "{state:?} {line}");
        }
    }
    for (state, expected) in states[..3].iter().zip([Reply::BAD_SEQUENCE, Reply::BAD_SEQUENCE, Reply::NO_RECIPIENTS]) {
        assert_eq!(last(&config, Channel::Plain, &[*state, &["DATA"]].concat()), say(expected), "{state:?} DATA");
    }
}

#[test]
fn a_reset_forgets_the_mail() {
    let config = config();
    for reset in ["RSET", EHLO, "HELO c"] {
        for line in [RCPT, "DATA"] {
            let effect = last(&config, Channel::Plain, &[EHLO, MAIL, RCPT, reset, line]);
            assert_eq!(effect, say(Reply::BAD_SEQUENCE), "{reset} {line}");
        }
        assert_eq!(last(&config, Channel::Plain, &[EHLO, MAIL, RCPT, reset, MAIL]), say(Reply::SENDER_OK));
    }
}

fn transaction(lines: &[&str]) -> Transaction {
    match last(&config(), Channel::Plain, lines) {
        Effect::Receive(transaction) => *transaction,
        other => panic!("{other:?}"),
    }
}

#[test]
fn data_takes_what_was_agreed() {
    let mail = "MAIL FROM:<A@Client.Example> SIZE=999 BODY=8BITMIME";
    let got = transaction(&[EHLO, mail, RCPT, "RCPT TO:<b@CITY.example>", "RCPT TO:<Postmaster>", "DATA"]);
    assert_eq!(got.envelope.from().unwrap().to_string(), "A@client.example");
    // The same mailbox twice is one recipient.
    let to: Vec<_> = got.envelope.to().iter().map(ToString::to_string).collect();
    assert_eq!(to, ["b@city.example", "postmaster@city.example"]);
    assert_eq!((got.declared, got.body, got.hello.kind), (Some(999), BodyType::EightBitMime, HelloKind::Ehlo));
    let got = transaction(&["HELO c", "MAIL FROM:<>", RCPT, "DATA"]);
    assert_eq!((got.envelope.from(), got.declared, got.hello.kind), (None, None, HelloKind::Helo));
    assert_eq!(got.hello.name.as_str(), "c");
    // Behind DATA a new mail begins.
    assert_eq!(last(&config(), Channel::Plain, &[EHLO, MAIL, RCPT, "DATA", RCPT]), say(Reply::BAD_SEQUENCE));
}

#[test]
fn recipients() {
    let config = config();
    for (path, reply) in [
        ("<x@city.example>", Reply::RECIPIENT_OK),
        ("<X@CITY.EXAMPLE>", Reply::RECIPIENT_OK),
        ("<\"a b\"@city.example>", Reply::RECIPIENT_OK),
        ("<postmaster>", Reply::RECIPIENT_OK),
        ("<x@other.example>", Reply::RELAY_DENIED),
        ("<x@sub.city.example>", Reply::RELAY_DENIED),
        ("<x@city.example.evil>", Reply::RELAY_DENIED),
        ("<x@[192.0.2.1]>", Reply::RELAY_DENIED),
        ("<x%other.example@city.example>", Reply::ROUTING_DENIED),
        ("<other.example!x@city.example>", Reply::ROUTING_DENIED),
        ("<\"x@other.example\"@city.example>", Reply::ROUTING_DENIED),
    ] {
        assert_eq!(last(&config, Channel::Plain, &[EHLO, MAIL, &format!("RCPT TO:{path}")]), say(reply), "{path}");
    }
    let no_postmaster = Config { postmaster: None, ..config };
    let effect = last(&no_postmaster, Channel::Plain, &[EHLO, MAIL, "RCPT TO:<postmaster>"]);
    assert_eq!(effect, say(Reply::NO_POSTMASTER));
}

#[test]
fn one_recipient_too_many_leaves_the_others() {
    let lines = [EHLO, MAIL, RCPT, "RCPT TO:<c@city.example>", "RCPT TO:<d@city.example>"];
    assert_eq!(last(&config(), Channel::Plain, &lines), say(Reply::TOO_MANY_RECIPIENTS));
    let again = [&lines[..], &[RCPT]].concat();
    assert_eq!(last(&config(), Channel::Plain, &again), say(Reply::RECIPIENT_OK));
    assert_eq!(transaction(&[&lines[..], &["DATA"]].concat()).envelope.to().len(), 2);
}

#[test]
fn mail_is_refused_before_it_comes() {
    let config = config();
    for (line, reply) in [
        ("MAIL FROM:<a@b> SIZE=1000", Reply::SENDER_OK),
        ("MAIL FROM:<a@b> SIZE=1001", Reply::TOO_BIG),
        ("MAIL FROM:<a@b> SIZE=18446744073709551616", Reply::TOO_BIG),
    ] {
        assert_eq!(last(&config, Channel::Plain, &[EHLO, line]), say(reply), "{line}");
    }
    let effect = last(&config, Channel::Plain, &["HELO c", "MAIL FROM:<a@b> SIZE=10"]);
    assert_eq!(effect, say(Reply::BAD_MAIL_PARAMETER));
    let (session, _) =
        Session::new(Channel::Plain).step(command::parse(Untrusted::new(EHLO.as_bytes())).unwrap(), &config, || true);
    let mail = command::parse(Untrusted::new(MAIL.as_bytes())).unwrap();
    let (session, effect) = session.step(mail.clone(), &config, || false);
    assert_eq!(effect, say(Reply::NO_ROOM));
    assert_eq!(session.step(mail, &config, || true).1, say(Reply::SENDER_OK));
}

#[test]
fn starttls() {
    let offered = Config { tls: Tls::Offered(tls()), ..config() };
    let required = Config { tls: Tls::Required(tls()), ..config() };
    let first = say(Reply::TLS_REQUIRED);
    for (config, channel, lines, effect) in [
        (&offered, Channel::Plain, &[EHLO][..], Effect::SayEhlo { starttls: true }),
        (&offered, Channel::Encrypted, &[EHLO], Effect::SayEhlo { starttls: false }),
        (&offered, Channel::Plain, &["STARTTLS"], say(Reply::BAD_SEQUENCE)),
        (&offered, Channel::Plain, &["HELO c", "STARTTLS"], say(Reply::BAD_SEQUENCE)),
        (&offered, Channel::Plain, &[EHLO, "STARTTLS"], Effect::StartTls),
        (&offered, Channel::Plain, &[EHLO, MAIL, RCPT, "STARTTLS"], Effect::StartTls),
        (&offered, Channel::Encrypted, &[EHLO, "STARTTLS"], say(Reply::BAD_SEQUENCE)),
        (&offered, Channel::Plain, &[EHLO, MAIL], say(Reply::SENDER_OK)),
        (&required, Channel::Plain, &["HELO c"], say(Reply::TLS_REQUIRED)),
        (&required, Channel::Plain, &[EHLO, MAIL], say(Reply::TLS_REQUIRED)),
        (&required, Channel::Plain, &[EHLO, RCPT], say(Reply::TLS_REQUIRED)),
        (&required, Channel::Plain, &[EHLO, "DATA"], say(Reply::TLS_REQUIRED)),
        (&required, Channel::Plain, &[EHLO, "VRFY x"], first),
        (&required, Channel::Plain, &[EHLO, "NOOP"], say(Reply::OK)),
        (&required, Channel::Plain, &[EHLO, "QUIT"], Effect::Quit),
        (&required, Channel::Plain, &[EHLO, "STARTTLS"], Effect::StartTls),
        (&required, Channel::Encrypted, &[EHLO, MAIL], say(Reply::SENDER_OK)),
    ] {
        assert_eq!(last(config, channel, lines), effect, "{config:?} {channel:?} {lines:?}");
    }
}

/// RFC 2920 3.1: which commands end a group.
#[test]
fn groups() {
    let config = config();
    for (line, after_ehlo) in [
        (MAIL, true),
        (RCPT, true),
        ("RSET", true),
        ("QUIT", true),
        ("DATA", false),
        ("NOOP", false),
        ("VRFY x", false),
        (EHLO, false),
        ("HELO c", false),
        ("STARTTLS", false),
        ("BDAT 1", false),
    ] {
        let command = || command::parse(Untrusted::new(line.as_bytes())).unwrap();
        let greet = |hello: &str| {
            let hello = command::parse(Untrusted::new(hello.as_bytes())).unwrap();
            Session::new(Channel::Plain).step(hello, &config, || true).0
        };
        assert_eq!(greet(EHLO).may_be_followed(&command()), after_ehlo, "{line}");
        assert_eq!(greet("HELO c").may_be_followed(&command()), line == "QUIT", "{line}");
        assert_eq!(Session::new(Channel::Plain).may_be_followed(&command()), line == "QUIT", "{line}");
    }
}
