//! Kill -9 in the middle of what people do: afterwards it is wholly done or
//! not at all, the record says which, and the same command finishes it.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sekisho_safe_message::MailId;

use crate::desk::{
    REASON, act, acts, copies, ends, entries, held, is_released, locked, record_is_sound, release, told, vault,
};
use crate::reaper::{Reaper, Victim};
use crate::support::{Outcome, Place, Sink, within};

/// Acts, in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Release,
    Delete,
    Hold,
    Unhold,
    Original,
    Rotate,
}

const DEEDS: [Deed; 6] = [Deed::Release, Deed::Delete, Deed::Hold, Deed::Original, Deed::Unhold, Deed::Rotate];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn what_people_do_is_whole_whatever_dies() {
    let (kills, seed) = (number("SEKISHO_FAULT_KILLS", 42), number("SEKISHO_FAULT_SEED", 20_261_124));
    let outside = Sink::start();
    let place = Place::new(&[("original.deliver", &outside.url()), ("original.approvals", "1"), ("log.level", "warn")]);
    let reaper = Reaper::new(&place, seed);
    let mut office = Office { place: &place, outside: &outside, reaper, pending: None, released: Vec::new(), done: 0 };
    for round in 0..usize::try_from(kills).unwrap() {
        office.round(round);
    }
    println!(
        "seed {seed}: {} outer, {} worker killed; {} acts were done all the same",
        office.reaper.count(Victim::Outer),
        office.reaper.count(Victim::Worker),
        office.done
    );
    office.judge();
    office.reaper.finish();
}

struct Office<'a> {
    place: &'a Place,
    outside: &'a Sink,
    reaper: Reaper<'a>,
    /// What is under a legal hold, between two rounds.
    pending: Option<MailId>,
    released: Vec<MailId>,
    /// Acts that were done although somebody died.
    done: usize,
}

impl Office<'_> {
    fn round(&mut self, round: usize) {
        let deed = DEEDS[round % DEEDS.len()];
        let id = match (deed, self.pending) {
            (Deed::Unhold, Some(id)) => id,
            _ => held(self.place, &locked(&format!("mail {round}"))),
        };
        if deed == Deed::Rotate {
            let file = self.place.path("state/outer/vault.key").display().to_string();
            ends(&self.place.sekisho(&["vault", "key", "add", &file, "--name", &format!("k{round}")]), 0);
        }
        // Every second release loses its worker, the others the whole program.
        let victim = if deed == Deed::Release && round % 12 == 6 { Victim::Worker } else { Victim::Outer };
        let outcome = self.interrupted(deed, id, victim);
        println!("{round}: {deed:?} of {id}, {victim:?} killed: {}", outcome.code);
        match deed {
            Deed::Release => self.release(id, victim, &outcome),
            Deed::Delete => self.delete(id, &outcome),
            Deed::Hold | Deed::Unhold => self.legal_hold(id, deed == Deed::Hold, &outcome),
            Deed::Original => self.original(id, &outcome),
            Deed::Rotate => self.rotate(id),
        }
    }

    /// Does it, and kills somebody at any moment of it.
    fn interrupted(&mut self, deed: Deed, id: MailId, victim: Victim) -> Outcome {
        let mut command = self.place.command("sekisho");
        command.args(words(deed, &id.to_string())).args(["--reason", REASON]);
        let log = self.log();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if victim == Victim::Outer {
            // While it is on its way, at one of the writes that it makes, or a little later.
            match self.reaper.next() % 3 {
                0 => std::thread::sleep(Duration::from_millis(3 + self.reaper.next() % 20)),
                _ => {
                    let writes = if deed == Deed::Release { 3 } else { 2 };
                    let write = 1 + self.reaper.next() % writes;
                    self.has_written(log, write);
                    std::thread::sleep(Duration::from_micros(self.reaper.next() % 1_500));
                }
            }
        }
        self.reaper.kill(victim);
        outcome(child)
    }

    /// How long the index's log is: it grows with every transaction.
    fn log(&self) -> u64 {
        fs::metadata(vault(self.place).join("index.db-wal")).map_or(0, |meta| meta.len())
    }

    /// Waits until it has grown so often since it was `before` long; not for
    /// ever, since a write may also find room in it.
    fn has_written(&self, mut before: u64, times: u64) {
        let until = Instant::now() + Duration::from_millis(150);
        for _ in 0..times {
            while self.log() == before && Instant::now() < until {
                std::hint::spin_loop();
            }
            before = self.log();
        }
    }

    fn release(&mut self, id: MailId, victim: Victim, outcome: &Outcome) {
        // What was begun is ended by itself.
        within("the release is ended", || {
            (!acts(self.place, id).iter().any(|(_, result)| result == "begun")).then_some(())
        });
        let (state, label) = self.place.state("outer", id).unwrap();
        if state == "kept" {
            self.done += 1;
        } else {
            assert_ne!(outcome.code, 0, "{outcome:?}");
            assert_eq!(state, "held");
            assert_eq!(copies(self.place, id), 0, "{id} is held, and inside");
            assert_eq!(self.place.state("inner", id), None);
            if victim == Victim::Worker {
                assert!(["worker-crashed", "encrypted-file"].contains(&label.as_str()), "{label}");
            }
            ends(&release(self.place, id), 0);
        }
        is_released(self.place, id);
        assert_eq!(acts(self.place, id).iter().filter(|act| *act == &pair("release", "taken")).count(), 1);
        // And to ask again changes nothing.
        ends(&release(self.place, id), 0);
        self.released.push(id);
    }

    fn delete(&mut self, id: MailId, outcome: &Outcome) {
        let deleted = pair("delete", "deleted");
        let gone = |place: &Place| {
            let shown = place.json(&["show", &id.to_string()]);
            shown[0]["kept"]["original"] == false && shown[0]["item"]["state"] == "buried"
        };
        let (was, acts_were) = (gone(self.place), acts(self.place, id));
        assert_eq!(was, acts_were.contains(&deleted), "{acts_were:?}");
        assert!(was || outcome.code != 0, "{outcome:?}");
        self.done += usize::from(was);
        ends(&act(self.place, &["quarantine", "delete", &id.to_string(), "--yes"]), 0);
        assert!(gone(self.place));
        assert_eq!(acts(self.place, id), [deleted]);
    }

    fn legal_hold(&mut self, id: MailId, on: bool, outcome: &Outcome) {
        let is_on = |place: &Place| place.json(&["show", &id.to_string()])[0]["kept"]["legal_hold"] == true;
        let what = if on { "legal-hold" } else { "legal-hold-lifted" };
        let was = is_on(self.place) == on;
        assert_eq!(was, acts(self.place, id).contains(&pair(what, "done")));
        assert!(was || outcome.code != 0, "{outcome:?}");
        self.done += usize::from(was);
        let command: &[&str] = if on { &["hold", "--legal"] } else { &["unhold"] };
        ends(&act(self.place, &[&["quarantine"], command, &[&id.to_string()]].concat()), 0);
        assert_eq!(is_on(self.place), on);
        assert_eq!(acts(self.place, id).iter().filter(|act| *act == &pair(what, "done")).count(), 1);
        self.pending = on.then_some(id);
    }

    fn original(&mut self, id: MailId, outcome: &Outcome) {
        let requests = |place: &Place| {
            let listed = place.json(&["original", "list", "--state", "all"]);
            let mut of_it = listed.into_iter().filter(|line| line["id"] == id.to_string());
            of_it.next().map(|line| line["request"]["state"].as_str().unwrap().to_owned())
        };
        if requests(self.place).is_none() {
            assert_ne!(outcome.code, 0, "{outcome:?}");
            ends(&act(self.place, &["original", "request", &id.to_string()]), 0);
        } else {
            self.done += 1;
        }
        within("it is delivered outside", || (requests(self.place)? == "delivered").then_some(()));
        // Twice where outer died between the server's 250 and its own record (RFC 5321 4.5.3.2.6).
        let trace = format!("X-Sekisho-Original: {id}\r\n");
        let arrived = self.outside.arrived().into_iter();
        let copies = arrived.filter(|mail| String::from_utf8_lossy(&mail.data).contains(&trace)).count();
        assert!((1..=2).contains(&copies), "{copies}");
    }

    fn rotate(&mut self, id: MailId) {
        ends(&act(self.place, &["vault", "rotate"]), 0);
        let status = self.place.json(&["vault", "status"]);
        let keys = status[0]["keys"].as_array().unwrap();
        let under_old = keys.iter().filter(|key| key["current"] == false && key["originals"] != 0).count();
        assert_eq!(under_old, 0, "{keys:?}");
        let look = self.place.sekisho(&["quarantine", "preview", &id.to_string()]);
        assert!(look.code == 0 && look.out.contains("text of mail"), "{look:?}");
    }

    fn judge(&self) {
        assert_eq!(self.place.delivered().len(), self.released.len(), "what was released, once, and nothing else");
        record_is_sound(self.place);
        let entries = entries(self.place);
        for id in &self.released {
            let of_it = entries.iter().filter(|entry| entry["kind"] == "mail" && entry["id"] == id.to_string());
            let taken = of_it.filter(|entry| entry["shares"][0]["answer"] == "taken").count();
            assert_eq!((taken, told(&entries, *id, "release", "taken")), (1, 1), "{id}");
        }
    }
}

fn pair(what: &str, result: &str) -> (String, String) {
    (what.to_owned(), result.to_owned())
}

fn words(deed: Deed, id: &str) -> Vec<&str> {
    match deed {
        Deed::Release => vec!["quarantine", "release", id, "--profile", "text-only"],
        Deed::Delete => vec!["quarantine", "delete", id, "--yes"],
        Deed::Hold => vec!["quarantine", "hold", id, "--legal"],
        Deed::Unhold => vec!["quarantine", "unhold", id],
        Deed::Original => vec!["original", "request", id],
        Deed::Rotate => vec!["vault", "rotate"],
    }
}

/// What a command that has lost its program says, soon.
fn outcome(child: Child) -> Outcome {
    let started = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(started.elapsed() < Duration::from_secs(60), "a command waits for a program that is gone");
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    Outcome { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}
