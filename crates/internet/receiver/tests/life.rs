//! Doors, time and closing down.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::time::Duration;

use common::{Events, Memory, PATIENCE, config, start, start_with};
use sekisho_receiver::{Closing, Config, Denial, Event, Limits, Reply, Server};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

const SHORT: Duration = Duration::from_millis(50);

fn limited(limits: Limits) -> Config {
    Config { limits, ..config() }
}

/// The next event that is not about a connection's beginning.
async fn next(events: &mut mpsc::UnboundedReceiver<Event>) -> Event {
    loop {
        match timeout(PATIENCE, events.recv()).await.expect("no event").unwrap() {
            Event::Connected { .. } => {}
            event => return event,
        }
    }
}

#[tokio::test]
async fn strangers_stay_outside() {
    let (sender, mut events) = mpsc::unbounded_channel();
    let config = Config { clients: Box::new(|_| false), observer: Box::new(Events(sender)), ..config() };
    let server = start(config).await;
    assert!(server.raw().await.rest().await.starts_with("554 5.7.1 "));
    assert!(matches!(next(&mut events).await, Event::Denied { denial: Denial::Forbidden, .. }));
    server.finish().await;
}

#[tokio::test]
async fn places_are_counted_and_given_back() {
    for (limits, code) in [
        (Limits { connections: 2, ..Limits::default() }, "421 4.3.2 "),
        (Limits { connections_per_client: 2, ..Limits::default() }, "421 4.7.0 "),
    ] {
        let (sender, mut events) = mpsc::unbounded_channel();
        let server = start(Config { observer: Box::new(Events(sender)), ..limited(limits) }).await;
        let (mut a, _b) = (server.client().await, server.client().await);
        assert!(server.raw().await.rest().await.starts_with(code));
        assert!(matches!(next(&mut events).await, Event::Denied { .. }));
        a.expect("QUIT", "221").await;
        drop(a);
        assert!(matches!(next(&mut events).await, Event::Closed { closing: Closing::Quit, .. }));
        // The place is free a moment after the event at the latest.
        let enter = async {
            loop {
                let reply = server.raw().await.reply().await;
                if reply.starts_with("220 ") {
                    break;
                }
                assert!(reply.starts_with(code), "{reply}");
            }
        };
        timeout(PATIENCE, enter).await.expect("the place is not given back");
        server.finish().await;
    }
}

#[tokio::test]
async fn silence_ends_a_connection() {
    let server = start(limited(Limits { command_timeout: SHORT, ..Limits::default() })).await;
    assert!(server.client().await.rest().await.starts_with("421 4.4.2 "));
    server.finish().await;
}

/// Octets that drip do not stretch the time of a command.
#[tokio::test]
async fn a_dripping_command() {
    let server = start(limited(Limits { command_timeout: SHORT, ..Limits::default() })).await;
    let client = server.client().await;
    let (mut from, mut to) = tokio::io::split(client.io);
    let drip = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while to.write_all(b"N").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let mut rest = String::new();
    timeout(PATIENCE, tokio::io::AsyncReadExt::read_to_string(&mut from, &mut rest)).await.unwrap().unwrap_or(0);
    assert!(rest.starts_with("421 4.4.2 "), "{rest}");
    timeout(PATIENCE, drip).await.expect("the server still reads").unwrap();
    server.finish().await;
}

#[tokio::test]
async fn a_mail_that_does_not_come() {
    let server = start(limited(Limits { data_timeout: SHORT, ..Limits::default() })).await;
    let mut client = server.greeted().await;
    client.begin().await;
    client.send("half\r\n").await;
    assert!(client.rest().await.starts_with("421 4.4.2 "));
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 0);
}

/// A mail that drips is over at its time, though each block is in time.
#[tokio::test]
async fn a_dripping_mail() {
    let server = start(limited(Limits { mail_timeout: SHORT, ..Limits::default() })).await;
    let mut client = server.greeted().await;
    client.begin().await;
    while client.try_send("x\r\n").await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_session_has_its_time_and_cuts_no_mail() {
    let server = start(limited(Limits { session: SHORT, ..Limits::default() })).await;
    assert!(server.client().await.rest().await.starts_with("421 4.4.2 Session"));
    server.finish().await;

    // In DATA before the time is over, done after it.
    let session = Duration::from_secs(3);
    let gate = Some(Semaphore::new(0));
    let server =
        start_with(limited(Limits { session, ..Limits::default() }), Memory { gate, ..Memory::default() }).await;
    let mut client = server.greeted().await;
    let over = tokio::time::Instant::now() + session;
    client.begin().await;
    client.send("text\r\n.\r\n").await;
    tokio::time::sleep_until(over).await;
    server.memory.gate.as_ref().unwrap().add_permits(1);
    assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued"));
    assert!(client.rest().await.starts_with("421 4.4.2 Session"));
    server.finish().await;
}

/// Closing down: who waits hears 421, a mail in progress ends with 250.
#[tokio::test]
async fn drain() {
    let mut server = start_with(config(), Memory { gate: Some(Semaphore::new(0)), ..Memory::default() }).await;
    let mut idle = server.greeted().await;
    let mut begun = server.greeted().await;
    begun.expect("MAIL FROM:<a@client.example>", "250").await;
    let mut sending = server.greeted().await;
    sending.begin().await;
    let mut storing = server.greeted().await;
    storing.begin().await;
    storing.send("stored\r\n.\r\n").await;
    server.close();
    assert!(idle.rest().await.starts_with("421 4.3.2 "));
    assert!(begun.rest().await.starts_with("421 4.3.2 "));
    server.memory.gate.as_ref().unwrap().add_permits(2);
    sending.send("sent\r\n.\r\n").await;
    for client in [&mut sending, &mut storing] {
        assert!(client.reply().await.starts_with("250 2.0.0 Ok: queued"));
        assert!(client.rest().await.starts_with("421 4.3.2 "));
    }
    let addr = server.addr;
    assert_eq!(server.finish().await.mails.lock().unwrap().len(), 2);
    assert!(tokio::net::TcpStream::connect(addr).await.is_err(), "it still listens");
}

#[tokio::test]
async fn a_drain_has_its_time() {
    let limits = Limits { drain: SHORT, ..Limits::default() };
    let mut server = start_with(limited(limits), Memory { gate: Some(Semaphore::new(0)), ..Memory::default() }).await;
    let mut sending = server.greeted().await;
    sending.begin().await;
    let mut storing = server.greeted().await;
    storing.begin().await;
    storing.send("text\r\n.\r\n").await;
    server.close();
    assert_eq!(storing.rest().await, "");
    assert_eq!(sending.rest().await, "");
    let memory = server.finish().await;
    assert_eq!(memory.mails.lock().unwrap().len(), 0);
    assert_eq!(memory.open.load(std::sync::atomic::Ordering::SeqCst), 0, "a cut body lives");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let server = start(config()).await;
    let sink = std::sync::Arc::new(common::Handle(Default::default()));
    let error = Server::bind(&[server.addr], config(), sink).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on {}: ", server.addr)), "{error}");
    server.finish().await;
}

#[tokio::test]
async fn a_socket_handed_over_is_used_and_a_strange_one_refused() {
    let bound = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let sink = || std::sync::Arc::new(common::Handle(Default::default()));
    let (ours, strange) = (bound(), bound());
    let listen = [ours.local_addr().unwrap()];
    let error = Server::with_sockets(vec![strange], &listen, config(), sink()).await.unwrap_err();
    assert!(error.to_string().contains("make both the same"), "{error}");
    // Bound anew, the port would be in use.
    let server = Server::with_sockets(vec![ours], &listen, config(), sink()).await.unwrap();
    assert_eq!(server.local_addrs(), listen);
    let running = tokio::spawn(server.run(tokio::time::sleep(Duration::from_millis(500))));
    let mut greeting = [0; 4];
    let mut client = tokio::net::TcpStream::connect(listen[0]).await.unwrap();
    tokio::io::AsyncReadExt::read_exact(&mut client, &mut greeting).await.unwrap();
    assert_eq!(&greeting, b"220 ");
    drop(client);
    running.await.unwrap();
}

#[tokio::test]
async fn events_tell_the_story() {
    let (sender, mut events) = mpsc::unbounded_channel();
    let server = start(Config { observer: Box::new(Events(sender)), ..config() }).await;
    let mut client = server.greeted().await;
    client.expect("DATA", "503").await;
    client.begin().await;
    client.send("text\r\n.\r\n").await;
    client.reply().await;
    client.begin().await;
    client.send("bare\n").await;
    client.rest().await;
    let mut names = Vec::new();
    loop {
        let event = next(&mut events).await;
        match event {
            Event::Refused { reply, .. } => assert_eq!(reply, Reply::BAD_SEQUENCE),
            Event::Accepted { id, size, recipients, .. } => assert_eq!((id, size, recipients), (common::id(1), 6, 1)),
            _ => {}
        }
        names.push(event.name());
        if let Event::Closed { closing, .. } = event {
            assert_eq!(closing.code(), "bare-lf");
            break;
        }
    }
    assert_eq!(names, ["receive.refused", "receive.accepted", "receive.interrupted", "receive.closed"]);
    server.finish().await;
}
