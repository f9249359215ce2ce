//! Kill -9 of everything, at any moment, under load: whoever heard `250` has
//! their mail inside, or it is held; nothing is lost.
//!
//! The order of kills follows from a seed (`SEKISHO_CRASH_SEED`), the number
//! of mails from `SEKISHO_CRASH_MAILS`. Duplicates are counted: a client that
//! did not hear its `250` sends again (RFC 5321 4.5.3.2.6), and so does inner
//! when it dies between the next server's `250` and its own record. More than
//! those there must not be.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![allow(clippy::print_stdout, reason = "figures that a reader of the run wants to see")]

#[path = "crash/load.rs"]
mod load;
#[path = "crash/reaper.rs"]
mod reaper;
mod support;

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use load::{CONNECTIONS, Load, number_of};
use reaper::{Reaper, Victim};
use sekisho_safe_message::MailId;
use support::{Mail, Place, Sink, within};

/// Kills while mails come in, and some more while the queues are worked off.
const KILLS: usize = 60;
const LATE_KILLS: usize = 8;

/// As shipped (`inner.concurrency`): so many mails may be between two
/// servers when inner dies.
const RELAYED_AT_ONCE: usize = 10;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn nothing_is_lost_whatever_dies() {
    let started = Instant::now();
    let mails = usize::try_from(number("SEKISHO_CRASH_MAILS", 1_000)).unwrap();
    let seed = number("SEKISHO_CRASH_SEED", 20_261_124);
    println!("{mails} mails over {CONNECTIONS} connections, seed {seed}");
    let sink = Sink::start();
    let place = Place::new(&[("inner.deliver", &sink.url()), ("log.level", "warn")]);
    let mut reaper = Reaper::new(&place, seed);
    let load = Load::start(place.listen, mails);
    let step = (mails / (KILLS + 1)).max(1);
    for kill in 1..=KILLS {
        load.has_accepted((kill * step).min(mails));
        reaper.strike();
    }
    let heard = load.finish();
    for _ in 0..LATE_KILLS {
        reaper.strike();
    }
    let (outer, inner) = reaper.programs();
    assert!(outer.is_running() && inner.is_running(), "{}\n{}", outer.tail(), inner.tail());
    within("nothing is under way", || {
        let open = |side| place.count(side, "ready") + place.count(side, "waiting");
        (open("outer") + open("inner") == 0).then_some(())
    });
    let fates = Fates { mails, heard, held: held(&place), arrived: arrived(&sink) };
    fates.judge(&reaper);
    fates.those_held_by_accident_can_be_tried_again(&place, &sink);
    println!("all of it in {:.1} s", started.elapsed().as_secs_f32());
    reaper.finish();
}

fn arrived(sink: &Sink) -> Vec<Mail> {
    sink.arrived().into_iter().map(|mail| Mail::new(mail.data)).collect()
}

/// What became of everything.
struct Fates {
    mails: usize,
    /// The number and the id of every mail that was answered with 250.
    heard: Vec<(usize, MailId)>,
    held: HashMap<MailId, String>,
    arrived: Vec<Mail>,
}

impl Fates {
    #[track_caller]
    fn judge(&self, reaper: &Reaper) {
        assert_eq!(self.heard.len(), self.mails, "every mail was accepted in the end");
        let arrived: HashSet<MailId> = self.arrived.iter().map(Mail::id).collect();
        let lost: Vec<_> =
            self.heard.iter().filter(|(_, id)| !arrived.contains(id) && !self.held.contains_key(id)).collect();
        let both = self.held.keys().filter(|id| arrived.contains(id)).count();
        let repeated = self.arrived.len() - arrived.len();
        let again = self.unheard(&arrived);
        println!(
            "{} kills: outer {}, inner {}, zygote {}, worker {}",
            reaper.all(),
            reaper.count(Victim::Outer),
            reaper.count(Victim::Inner),
            reaper.count(Victim::Zygote),
            reaper.count(Victim::Worker),
        );
        println!(
            "{} accepted and heard, {} arrived, {} held (of these {both} had arrived), {} lost; sent again by clients \
             that heard nothing: {again}; relayed again: {repeated}",
            self.heard.len(),
            arrived.len(),
            self.held.len(),
            lost.len(),
        );
        assert!(lost.is_empty(), "lost: {lost:?}");
        self.are_whole();
        self.are_held_for_a_reason(reaper);
        let outer = reaper.count(Victim::Outer);
        assert!(again <= outer * CONNECTIONS, "{again} mails accepted without a 250 that was heard, {outer} kills");
        let inner = reaper.count(Victim::Inner);
        assert!(repeated <= inner * RELAYED_AT_ONCE, "{repeated} mails relayed again, {inner} kills");
        assert!(reaper.all() >= 20, "only {} kills", reaper.all());
    }

    /// Mails that the gateway has and nobody heard of.
    fn unheard(&self, arrived: &HashSet<MailId>) -> usize {
        let heard: HashSet<MailId> = self.heard.iter().map(|(_, id)| *id).collect();
        arrived.iter().chain(self.held.keys()).filter(|id| !heard.contains(id)).count()
    }

    /// What arrived is what was sent under this number.
    #[track_caller]
    fn are_whole(&self) {
        let by_id: HashMap<MailId, usize> = self.heard.iter().map(|(number, id)| (*id, *number)).collect();
        for mail in &self.arrived {
            let number = number_of(mail);
            assert!(load::is_whole(mail, number), "{mail:?} is not as it was sent");
            assert!(by_id.get(&mail.id()).is_none_or(|known| *known == number), "{mail:?} has another's id");
        }
    }

    /// Those that must be held are; others only where a worker was killed over
    /// them. (That may be a mail which inner has already: the news of it died
    /// with one of the two, and it was read once more.)
    #[track_caller]
    fn are_held_for_a_reason(&self, reaper: &Reaper) {
        let mut crashed = 0;
        for (id, reason) in &self.held {
            let number = self.heard.iter().find(|(_, known)| known == id).map(|(number, _)| *number);
            match (reason.as_str(), number) {
                ("worker-crashed", _) => crashed += 1,
                ("partial", Some(number)) => assert!(load::is_to_be_held(number), "{number} is held"),
                ("partial", None) => {}
                (other, number) => panic!("{id} ({number:?}) is held: {other}"),
            }
        }
        let killed = reaper.count(Victim::Worker) + reaper.count(Victim::Zygote);
        assert!(crashed <= killed, "{crashed} mails held for crashed workers, {killed} were killed");
        assert!(self.arrived.iter().all(|mail| !load::is_to_be_held(number_of(mail))));
    }

    /// Everything arrives in the end, and what had arrived does not come again.
    #[track_caller]
    fn those_held_by_accident_can_be_tried_again(&self, place: &Place, sink: &Sink) {
        let before: HashSet<MailId> = self.arrived.iter().map(Mail::id).collect();
        let again: Vec<MailId> =
            self.held.iter().filter(|(_, reason)| *reason == "worker-crashed").map(|(id, _)| *id).collect();
        for id in &again {
            let retry = place.sekisho(&["queue", "retry", &id.to_string(), "--reason", "a worker was killed"]);
            assert_eq!(retry.code, 0, "{retry:?}");
        }
        let ends: Vec<bool> = again.iter().map(|id| goes_through(place, *id)).collect();
        let new = again.iter().zip(ends).filter(|(id, through)| *through && !before.contains(id)).count();
        let arrived = arrived(sink);
        assert_eq!(arrived.len(), self.arrived.len() + new, "each of them once, and nothing else");
        let ids: HashSet<MailId> = arrived.iter().map(Mail::id).collect();
        let missing = self.heard.iter().filter(|(number, id)| !load::is_to_be_held(*number) && !ids.contains(id));
        assert_eq!(missing.count(), 0);
    }
}

/// Waits for the end of a mail that was held over a killed worker: whether it
/// went through. (A fragment is held again, for what it is.)
#[track_caller]
fn goes_through(place: &Place, id: MailId) -> bool {
    within(&format!("{id} comes to an end"), || {
        let (outer, label) = place.state("outer", id)?;
        match (outer.as_str(), label.as_str()) {
            ("held", "partial") => Some(false),
            ("done" | "kept", _) => (place.state("inner", id)?.0 == "done").then_some(true),
            _ => None,
        }
    })
}

/// Every held mail of the Internet side with its reason; inside none is held.
fn held(place: &Place) -> HashMap<MailId, String> {
    let list = place.json(&["queue", "list", "--state", "held", "--limit", "100000"]);
    assert!(list.iter().all(|item| item["side"] == "outer"), "{list:?}");
    let item = |item: &serde_json::Value| {
        let id = item["item"]["id"].as_str().unwrap().parse().unwrap();
        (id, item["item"]["label"].as_str().unwrap().to_owned())
    };
    list.iter().map(item).collect()
}
