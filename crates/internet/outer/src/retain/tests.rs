//! What goes when, and what does not.

#![allow(clippy::unwrap_used, reason = "tests may panic")]
use super::*;
use sekisho_safe_message::Envelope;
use sekisho_settings::{PasswordSettings, RetentionSettings};
use sekisho_store::{ItemId, NewItem, Options};

const DAY: u64 = 86_400_000;

struct Vault {
    store: Store,
    retention: Retention,
    runtime: tokio::runtime::Runtime,
    _dir: tempfile::TempDir,
}

fn days(days: u64) -> Duration {
    Duration::from_millis(days * DAY)
}

impl Vault {
    fn new(held: Option<u64>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path(), Options { min_free: 0, ..Options::default() }).unwrap();
        let vault = VaultSettings {
            keep: Keep::All,
            retention: RetentionSettings {
                held: held.map(days),
                quarantined: days(90),
                delivered: days(60),
                unchanged: days(10),
                released: days(30),
            },
            record_retention: days(400),
            key_file: None,
            lost_keys: Vec::new(),
        };
        let retention = Retention::new(&vault, &PasswordSettings { follow: true, window: days(3) });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { store, retention, runtime, _dir: dir }
    }

    /// A mail that came on this day and is in this state since `settled`.
    fn mail(&self, n: u8, day: u64, settled: u64, label: &str, held: bool, book: Book) {
        let mut body = self.store.body();
        body.write(b"octets").unwrap();
        let meta = Meta {
            envelope: Envelope::new(None, vec!["a@b.example".parse().unwrap()]).unwrap(),
            peer: "127.0.0.1:25".parse().unwrap(),
            helo: "x".to_owned(),
            tls: false,
            served: Vec::new(),
            size: 6,
            book,
        };
        let terms = terms::terms(&terms::Facts::new(&meta, None));
        let item = NewItem::new(ItemId([n; 16]), meta.encode(), day * DAY);
        self.store.commit(body, item).wait().unwrap();
        let lease = self.store.lease(ItemId([n; 16])).unwrap();
        let settled = Settled::new(label).terms(terms).record(format!("{{\"settled_ms\":{}}}", settled * DAY).into());
        let expires_ms = self.retention.record_expires(day * DAY);
        let durable = if held { lease.hold(0, settled) } else { lease.keep(0, settled.expires_ms(expires_ms)) };
        durable.wait().unwrap();
    }

    fn tidy(&self, day: u64) {
        self.runtime.block_on(async {
            for label in Class::ALL.map(Class::label).into_iter().chain([""]) {
                drop_originals(&self.store, &self.retention, label, day * DAY).await.unwrap();
            }
            drop_held(&self.store, &self.retention, day * DAY).await.unwrap();
            while self.store.sweep(day * DAY).await.unwrap().more {}
        });
    }

    /// Whether the original and the record are there.
    fn has(&self, n: u8) -> (bool, bool) {
        let view = self.store.get(ItemId([n; 16])).unwrap();
        view.map_or((false, false), |view| (view.body == BodyFate::Keep, view.record.is_some()))
    }
}

#[test]
fn each_class_has_its_time_and_the_record_outlives_it() {
    let vault = Vault::new(None);
    let classes =
        [("password-mail", 3), ("unchanged", 10), ("released", 30), ("changed", 60), ("", 60), ("quarantine", 90)];
    for (n, (label, _)) in (0..).zip(classes) {
        vault.mail(n, 0, 0, label, false, Book::default());
    }
    for day in [2, 3, 9, 10, 29, 30, 59, 60, 89, 90, 399] {
        vault.tidy(day);
        for (n, (label, period)) in (0..).zip(classes) {
            assert_eq!(vault.has(n), (day < period, true), "{label:?} on day {day}");
        }
    }
    vault.tidy(401);
    assert_eq!(vault.has(0), (false, false));
}

#[test]
fn the_time_begins_when_it_was_settled_and_nobody_hides_behind_another() {
    let vault = Vault::new(None);
    // More than a page that came first and was released late.
    for n in 0..120 {
        vault.mail(n, 0, 50, "released", false, Book::default());
    }
    vault.mail(120, 1, 1, "released", false, Book::default());
    vault.tidy(31);
    assert_eq!((vault.has(0), vault.has(120)), ((true, true), (false, true)));
    vault.tidy(80);
    assert_eq!((vault.has(0), vault.has(119)), ((false, true), (false, true)));
}

#[test]
fn what_is_held_waits_unless_there_is_a_period_and_is_warned_of_before() {
    let vault = Vault::new(None);
    vault.mail(1, 0, 0, "rule", true, Book::default());
    vault.tidy(10_000);
    assert_eq!(vault.has(1), (true, true));
    assert_eq!(vault.retention.leaving(&vault.store, 10_000 * DAY).unwrap(), None);

    let vault = Vault::new(Some(20));
    vault.mail(1, 0, 0, "rule", true, Book::default());
    vault.mail(2, 5, 5, "rule", true, Book::default());
    vault.mail(3, 0, 0, "rule", true, Book { legal_hold: true, ..Book::default() });
    let leaving = |day| vault.retention.leaving(&vault.store, day * DAY).unwrap().map(|leaving| leaving.mails);
    assert_eq!([leaving(12), leaving(14), leaving(19)], [None, Some(1), Some(2)]);
    vault.tidy(19);
    assert_eq!(vault.has(1), (true, true));
    vault.tidy(20);
    assert_eq!([vault.has(1), vault.has(2), vault.has(3)], [(false, true), (true, true), (true, true)]);
    let view = vault.store.get(ItemId([1; 16])).unwrap().unwrap();
    assert_eq!((view.state, view.label.as_str()), (State::Buried, "expired"));
    let meta = Meta::decode(&view.meta).unwrap();
    assert_eq!(meta.book.last("expire").map(|act| act.result.as_str()), Some("deleted"));
    let entries = vault.store.chain(0, 10).unwrap();
    assert!(entries.len() == 1 && String::from_utf8_lossy(&entries[0].entry).contains("expire"), "{entries:?}");
    // A legal hold goes over all.
    vault.tidy(5_000);
    assert_eq!(vault.has(3), (true, true));
}

#[test]
fn the_tidying_comes_as_often_as_the_shortest_period_asks() {
    assert_eq!(Vault::new(None).retention.every(), EVERY);
    let short = Retention { held_ms: Some(3_000), ..Vault::new(None).retention };
    assert_eq!(short.every(), Duration::from_secs(3));
    assert_eq!(Retention { held_ms: Some(1), ..short }.every(), Duration::from_secs(1));
}
