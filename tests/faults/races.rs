//! Many persons at once: one decision, and everybody else hears whose it was.

use std::thread;

use sekisho_safe_message::MailId;
use serde_json::Value;

use crate::desk::{copies, ends, entries, held, is_released, locked, record_is_sound, told};
use crate::support::{Gateway, Outcome, Place, Sink, deliver, plain, within};

/// Persons.
const TEN: usize = 10;

/// Runs these all at once, each with a reason of its own.
fn at_once(place: &Place, commands: &[Vec<String>]) -> Vec<Outcome> {
    let run = |number: usize, command: &[String]| {
        let reason = format!("person {number}");
        let words = command.iter().map(String::as_str).chain(["--lang", "en", "--reason", &reason]);
        place.sekisho(&words.collect::<Vec<_>>())
    };
    thread::scope(|scope| {
        let racing: Vec<_> =
            commands.iter().enumerate().map(|(number, command)| scope.spawn(move || run(number, command))).collect();
        racing.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn words(text: &str, id: MailId) -> Vec<String> {
    text.split(' ').map(|word| if word == "ID" { id.to_string() } else { word.to_owned() }).collect()
}

fn release(id: MailId) -> Vec<String> {
    words("quarantine release ID --profile text-only", id)
}

fn delete(id: MailId) -> Vec<String> {
    words("quarantine delete ID --yes", id)
}

/// Whoever was not first hears who was, when, and why.
#[track_caller]
fn names_the_first(outcome: &Outcome, reason: &str) {
    let said = format!("{}{}", outcome.out, outcome.err);
    assert!(said.contains(" was faster, at 20") && said.contains(reason), "{outcome:?}");
}

#[test]
fn ten_release_one_mail() {
    let gateway = Gateway::start(&[]);
    let id = held(&gateway, &locked("wanted by ten"));
    let outcomes = at_once(&gateway, &vec![release(id); TEN]);
    let first: Vec<usize> = (0..TEN).filter(|at| outcomes[*at].out.contains("delivered to the LGWAN side")).collect();
    let [first] = first[..] else { panic!("{first:?}: {outcomes:?}") };
    for (number, outcome) in outcomes.iter().enumerate() {
        ends(outcome, 0);
        if number != first {
            names_the_first(outcome, &format!("\"person {first}\""));
        }
    }
    is_released(&gateway, id);
    assert_eq!(gateway.delivered().len(), 1);
    assert_eq!(told(&entries(&gateway), id, "release", "taken"), 1);
    record_is_sound(&gateway);
    gateway.finish();
}

#[test]
fn some_release_what_others_delete() {
    let gateway = Gateway::start(&[]);
    for round in 0..3 {
        let id = held(&gateway, &locked(&format!("disputed {round}")));
        let commands: Vec<_> = (0..TEN).map(|n| if n % 2 == 0 { release(id) } else { delete(id) }).collect();
        let outcomes = at_once(&gateway, &commands);
        let did = |number: &usize| {
            let out = &outcomes[*number].out;
            out.contains("delivered to the LGWAN side") || out.contains("the original was destroyed")
        };
        // A mail that was released may be deleted then; what was deleted is gone for everybody.
        let winners: Vec<usize> = (0..TEN).filter(did).collect();
        let releases = winners.iter().filter(|number| *number % 2 == 0).count();
        let deletes = winners.len() - releases;
        assert!(releases <= 1 && deletes == 1, "{outcomes:?}");
        for (number, outcome) in outcomes.iter().enumerate().filter(|(number, _)| !winners.contains(number)) {
            assert!([0, 5].contains(&outcome.code), "{outcome:?}");
            assert!(
                winners.iter().any(|first| {
                    format!("{}{}", outcome.out, outcome.err).contains(&format!("\"person {first}\""))
                }),
                "{number}: {outcome:?}"
            );
            // The same as what was decided is no failure; the contrary is.
            let same = outcome.code == 0;
            let was_released = outcome.out.contains("release (") || outcome.err.contains("release (");
            assert_eq!(same, (number % 2 == 0) == was_released, "{outcome:?}");
        }
        within("all is settled", || {
            let inside = gateway.state("inner", id).is_none_or(|(state, _)| state == "done");
            inside.then_some(())
        });
        assert_eq!(copies(&gateway, id), releases);
        let entries = entries(&gateway);
        assert_eq!((told(&entries, id, "release", "taken"), told(&entries, id, "delete", "deleted")), (releases, 1));
    }
    record_is_sound(&gateway);
    gateway.finish();
}

#[test]
fn ten_approve_one_original() {
    let outside = Sink::start();
    let gateway =
        Gateway::start(&[("original.deliver", &outside.url()), ("original.approvals", "1"), ("vault.keep", "all")]);
    let id = deliver(gateway.listen, &plain("original", "wanted by ten"));
    gateway.arrives(id);
    within("it is kept", || gateway.state("outer", id).filter(|(state, _)| state == "kept"));
    let request = at_once(&gateway, &[words("original request ID --zip", id)]);
    ends(&request[0], 0);
    let outcomes = at_once(&gateway, &vec![words("original approve ID --json", id); TEN]);
    let password = |outcome: &Outcome| {
        let objects = outcome.out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        objects.filter(|one| one["password"].is_string()).count() == 1
    };
    let first: Vec<usize> = (0..TEN).filter(|at| password(&outcomes[*at])).collect();
    assert_eq!(first.len(), 1, "{outcomes:?}");
    for (number, outcome) in outcomes.iter().enumerate() {
        ends(outcome, 0);
        if number != first[0] {
            names_the_first(outcome, &format!("\"person {}\"", first[0]));
        }
    }
    outside.receives("the parcel", |_| true);
    assert_eq!(outside.count(), 1);
    assert_eq!(told(&entries(&gateway), id, "approve", "delivered"), 1);
    record_is_sound(&gateway);
    gateway.finish();
}
