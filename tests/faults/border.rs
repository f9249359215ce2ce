//! The two moments at which nobody can know: the other side has it, and this
//! side dies before it hears so. Made to happen, not waited for.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use sekisho_safe_message::MailId;

use crate::desk::{
    PASSWORD, act, acts, copies, ends, entries, held, is_released, locked, record_is_sound, release, says, told,
};
use crate::support::{Moment, Outcome, Place, Process, Sink, deliver, plain, within};

/// Where a frame is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// On its way in: the LGWAN side has nothing.
    Frame,
    /// On the answer's way back: the LGWAN side has it.
    Answer,
}

/// Between the two sides: lets everything through until it is told to cut once.
struct Proxy {
    cut: Arc<Mutex<Option<Cut>>>,
    reached: Receiver<()>,
    over: Arc<AtomicBool>,
}

impl Proxy {
    fn start(front: &Path, back: &Path) -> Self {
        let listener = UnixListener::bind(front).unwrap();
        let (cut, over) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let (told, reached) = channel();
        let (shared, ended, back) = (Arc::clone(&cut), Arc::clone(&over), back.to_owned());
        std::thread::spawn(move || {
            for outer in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                // Without an LGWAN side it behaves as one that is gone.
                let Ok(inner) = UnixStream::connect(&back) else { continue };
                for (cut, from, to) in [(Cut::Frame, &outer, &inner), (Cut::Answer, &inner, &outer)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let (shared, told) = (Arc::clone(&shared), told.clone());
                    std::thread::spawn(move || carry(cut, from, to, &shared, &told));
                }
            }
        });
        Self { cut, reached, over }
    }

    /// Cuts the next frame off here.
    fn arm(&self, cut: Cut) {
        *self.cut.lock().unwrap() = Some(cut);
    }

    fn is_reached(&self) {
        self.reached.recv_timeout(crate::support::PATIENCE).expect("a frame goes over the border");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

fn carry(here: Cut, mut from: UnixStream, mut to: UnixStream, cut: &Mutex<Option<Cut>>, told: &Sender<()>) {
    let mut octets = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut octets) {
        if cut.lock().unwrap().take_if(|cut| *cut == here).is_some() {
            // Nothing more of it; the connection stays until one of them is gone.
            told.send(()).unwrap_or_default();
            while matches!(from.read(&mut octets), Ok(1..)) {}
            break;
        }
        if to.write_all(&octets[..count]).is_err() {
            break;
        }
    }
    for stream in [from, to] {
        stream.shutdown(std::net::Shutdown::Both).unwrap_or_default();
    }
}

/// Both sides, and what stands between them.
struct Border {
    place: Place,
    proxy: Proxy,
    outer: Option<Process>,
    inner: Option<Process>,
}

impl Border {
    fn new(settings: &[(&str, &str)]) -> Self {
        let mut place = Place::new(settings);
        let (front, back) = (place.path("front.sock"), place.path("back.sock"));
        let proxy = Proxy::start(&front, &back);
        place.set("handoff.address", &format!("unix:{}", back.display()));
        let inner = Some(place.program("sekisho-inner"));
        place.set("handoff.address", &format!("unix:{}", front.display()));
        let outer = Some(place.program("sekisho-outer"));
        Self { place, proxy, outer, inner }
    }

    /// Does `command`, and kills outer when the frame is cut off.
    fn killed_at(&mut self, cut: Cut, command: impl FnOnce(&Place) -> Outcome + Send) -> Outcome {
        self.proxy.arm(cut);
        let mut outer = self.outer.take().unwrap();
        let (place, proxy) = (&self.place, &self.proxy);
        let outcome = std::thread::scope(|scope| {
            let asking = scope.spawn(move || command(place));
            proxy.is_reached();
            outer.kill();
            asking.join().unwrap()
        });
        self.outer = Some(self.place.program("sekisho-outer"));
        outcome
    }

    fn finish(mut self) {
        record_is_sound(&self.place);
        self.outer.take().unwrap().finish();
        self.inner.take().unwrap().finish();
    }
}

fn is_inside(place: &Place, id: MailId) -> bool {
    place.state("inner", id).is_some()
}

#[test]
fn a_release_is_ended_when_outer_died_over_it() {
    let mut border = Border::new(&[]);
    for cut in [Cut::Frame, Cut::Answer] {
        let id = held(&border.place, &locked(&format!("{cut:?}")));
        let outcome = border.killed_at(cut, |place| release(place, id));
        assert_eq!(outcome.code, 6, "{outcome:?}");
        is_released(&border.place, id);
        assert_eq!(acts(&border.place, id), [("release".to_owned(), "taken".to_owned())]);
        let again = release(&border.place, id);
        says(&again, 0, &["was faster"]);
        assert_eq!(copies(&border.place, id), 1);
        let entries = entries(&border.place);
        assert_eq!((told(&entries, id, "release", "begun"), told(&entries, id, "release", "taken")), (2, 1));
    }
    assert_eq!(border.place.delivered().len(), 2);
    border.finish();
}

#[test]
fn a_release_with_a_password_is_ended_by_who_knows_it() {
    let mut border = Border::new(&[]);
    let id = held(&border.place, &locked("with its file"));
    let text = id.to_string();
    let with_password = |place: &Place| {
        let words =
            ["quarantine", "release", &text, "--password-stdin", "--lang", "en", "--reason", "told by telephone"];
        place.sekisho_with(&words, &format!("{PASSWORD}\n"))
    };
    border.killed_at(Cut::Answer, with_password);
    // It is inside, and this side knows that it may be.
    within("it is inside", || is_inside(&border.place, id).then_some(()));
    assert_eq!(border.place.held(id), "encrypted-file");
    assert_eq!(acts(&border.place, id), [("release".to_owned(), "cut-off".to_owned())]);
    says(&with_password(&border.place), 0, &["delivered"]);
    is_released(&border.place, id);
    assert_eq!(border.place.delivered().len(), 1, "the same mail, once");
    // Done otherwise, it is a mail of its own, and not a claim about the first.
    let second = held(&border.place, &locked("in another way"));
    let second_text = second.to_string();
    border.killed_at(Cut::Answer, |place| {
        let words = ["quarantine", "release", &second_text, "--password-stdin", "--reason", "told by telephone"];
        place.sekisho_with(&words, &format!("{PASSWORD}\n"))
    });
    says(&release(&border.place, second), 0, &["delivered"]);
    within("both are inside", || (border.place.delivered().len() == 3).then_some(()));
    border.finish();
}

#[test]
fn a_release_waits_for_a_side_that_does_not_answer() {
    let mut border = Border::new(&[]);
    let id = held(&border.place, &locked("later"));
    border.inner.take().unwrap().finish();
    let told_so = release(&border.place, id);
    says(&told_so, 6, &["by itself as soon as it does"]);
    // Nobody decides otherwise meanwhile.
    let delete = act(&border.place, &["quarantine", "delete", &id.to_string(), "--yes"]);
    says(&delete, 5, &["was faster"]);
    border.place.set("handoff.address", &format!("unix:{}", border.place.path("back.sock").display()));
    border.inner = Some(border.place.program("sekisho-inner"));
    is_released(&border.place, id);
    assert_eq!(border.place.delivered().len(), 1);
    border.finish();
}

#[test]
fn what_was_delivered_is_released_once_more_each_time() {
    let border = Border::new(&[]);
    let id = held(&border.place, &locked("again and again"));
    ends(&release(&border.place, id), 0);
    is_released(&border.place, id);
    for count in 2..=3 {
        let text = id.to_string();
        let again = act(&border.place, &["quarantine", "release", &text, "--profile", "text-only", "--again"]);
        ends(&again, 0);
        within("it arrives once more", || (border.place.delivered().len() == count).then_some(()));
    }
    border.finish();
}

#[test]
fn an_original_goes_again_when_outer_died_before_it_heard() {
    let (sent, arrives) = channel();
    let sent = Mutex::new(sent);
    let once = AtomicBool::new(true);
    let outside = Sink::scripted(move |moment| {
        if matches!(moment, Moment::End(_)) && once.swap(false, Ordering::SeqCst) {
            // Never answered: whoever asked is killed.
            sent.lock().unwrap().send(()).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        None
    });
    let place = Place::new(&[("original.deliver", &outside.url()), ("original.approvals", "1"), ("vault.keep", "all")]);
    let (mut outer, inner) = (place.program("sekisho-outer"), place.program("sekisho-inner"));
    let id = deliver(place.listen, &plain("original", "the text"));
    place.arrives(id);
    within("it is kept", || place.state("outer", id).filter(|(state, _)| state == "kept"));
    ends(&act(&place, &["original", "request", &id.to_string()]), 0);
    arrives.recv_timeout(crate::support::PATIENCE).unwrap();
    outer.kill();
    outer = place.program("sekisho-outer");
    within("it is on record", || {
        let listed = place.json(&["original", "list", "--state", "all"]);
        (listed[0]["request"]["state"] == "delivered").then_some(())
    });
    assert!((1..=2).contains(&outside.count()), "{}", outside.count());
    assert_eq!(told(&entries(&place), id, "deliver-original", "delivered"), 1);
    assert_eq!(place.delivered().len(), 1, "an original never crosses");
    record_is_sound(&place);
    outer.finish();
    inner.finish();
}
