//! Sender and sink against each other: every mail is known again, and what is
//! refused or broken off is counted, not lost from sight.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use sekisho_bench::cell::{Load, Target, measure};
use sekisho_bench::ledger::Ledger;
use sekisho_bench::mails::standard;
use sekisho_bench::sender::closed_loop;
use sekisho_bench::sink::Sink;

#[test]
fn what_is_sent_arrives_once() {
    let sink = Sink::start().unwrap();
    let target = Target { name: "sink".to_owned(), root: Some(std::process::id()), address: sink.address() };
    for (at, mail) in standard().iter().enumerate() {
        let load = Load {
            mail,
            connections: 4,
            recipients: 1,
            count: 20,
            first: 20 * at as u64,
            sampling: Duration::from_millis(50),
        };
        let cell = measure(&target, &load, &sink).unwrap();
        let tally = &cell.tally;
        assert_eq!((tally.accepted, tally.delivered, tally.duplicates, tally.strange), (20, 20, 0, 0));
        assert_eq!((cell.missing(), cell.trouble.refused.len()), (0, 0));
        assert!(tally.to_arrival.p50 > 0.0 && tally.to_arrival.p50 <= tally.to_arrival.max);
        assert!(cell.delivered_rate() > 0.0 && cell.peaks.all > 0);
    }
}

#[test]
fn mail_of_another_ledger_is_strange() {
    let sink = Sink::start().unwrap();
    let noted = Arc::new(Ledger::new(100, 1));
    sink.note_in(Arc::clone(&noted));
    let sent = Ledger::new(0, 3);
    assert!(closed_loop(sink.address(), 1, &standard()[0], &sent).unwrap().refused.is_empty());
    let (noted, sent) = (noted.tally(), sent.tally());
    assert_eq!((noted.strange, noted.delivered, sent.accepted, sent.delivered), (3, 0, 3, 0));
}

#[test]
fn refusals_are_counted_by_their_reply() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for greeting in ["421 busy\r\n", "554 no\r\n", "220-hello\r\n220 go on\r\n"] {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(greeting.as_bytes()).unwrap();
            // The sender's next line, or its end.
            let _ = stream.read(&mut [0; 64]).unwrap();
        }
    });
    let ledger = Ledger::new(0, 2);
    let trouble = closed_loop(address, 1, &standard()[0], &ledger).unwrap();
    server.join().unwrap();
    assert_eq!(trouble.put_off, 1);
    let refused: Vec<_> = trouble.refused.into_iter().collect();
    assert_eq!(refused, [("554".to_owned(), 1), ("UnexpectedEof".to_owned(), 1)]);
    assert_eq!(ledger.tally().accepted, 0);
}
