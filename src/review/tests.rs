//! The state machine by its keys and answers, and the screen as text.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod screens;

#[path = "../../tests/support/fake_outer/mails.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod mails;

use sekisho_channel::admin::{Act, Decided, Reply, Request, Role};
use sekisho_job::HoldReason;
use sekisho_safe_message::{Language, MailId, SafeLine, SafeText, Secret};

use super::state::{State, View};
use super::{Effect, Event, Key, filter};
use crate::screen::Screen;
use mails::FakeMail;

const NOW: u64 = 1_795_478_700_000;

fn line(text: &str) -> SafeLine {
    SafeLine::clean(text).value
}

/// A state and the mails that answer it.
struct Desk {
    state: State,
    mails: Vec<FakeMail>,
    /// What was asked and changes something.
    decisions: Vec<Request>,
    /// Answers that take the place of the usual one.
    scripted: Vec<Reply>,
    is_silent: bool,
    has_quit: bool,
}

impl Desk {
    fn new(language: Language, size: (u16, u16), mails: Vec<FakeMail>) -> Self {
        let filter = filter::parse(filter::FIRST, NOW).unwrap();
        let mut state = State::new(Screen::new(language, true), false, size, filter::FIRST.to_owned(), filter);
        state.reload();
        let mut desk =
            Self { state, mails, decisions: Vec::new(), scripted: Vec::new(), is_silent: false, has_quit: false };
        desk.step(Event::Resize(size.0, size.1));
        desk
    }

    fn english(count: u64) -> Self {
        let mails = (0..count).map(|n| {
            mails::held(n, "taro@example.com", "a@city.example.jp", &format!("mail {n}"), HoldReason::EncryptedFile)
        });
        Self::new(Language::En, (80, 24), mails.collect())
    }

    fn step(&mut self, event: Event) {
        let mut effects = self.state.step(event, NOW);
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                next.extend(self.carry_out(effect));
            }
            effects = next;
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Vec<Effect> {
        let (ticket, request) = match effect {
            Effect::Ask(ticket, request) | Effect::Save(ticket, request, _) => (ticket, request),
            Effect::Abandon(_) => return Vec::new(),
            Effect::Quit => {
                self.has_quit = true;
                return Vec::new();
            }
        };
        let decides = !matches!(
            *request,
            Request::Find { .. }
                | Request::Show { .. }
                | Request::Whoami
                | Request::Count { .. }
                | Request::Preview { .. }
        );
        if decides {
            self.decisions.push((*request).clone());
        }
        if decides && self.is_silent {
            return Vec::new();
        }
        let mut effects = Vec::new();
        for reply in self.replies(&request, decides) {
            effects.extend(self.state.step(Event::Reply(ticket, Box::new(reply)), NOW));
        }
        effects.extend(self.state.step(Event::Ended(ticket, true), NOW));
        effects
    }

    fn replies(&mut self, request: &Request, decides: bool) -> Vec<Reply> {
        if decides {
            let scripted = if self.scripted.is_empty() { Reply::Done } else { self.scripted.remove(0) };
            return vec![Reply::Working, scripted];
        }
        match request {
            Request::Whoami => vec![Reply::Caller { name: line("tanaka"), uid: 1, roles: Role::ALL.to_vec() }],
            Request::Count { filter } => {
                let count = self.mails.iter().filter(|mail| mail.fits(filter)).count() as u64;
                vec![Reply::Count { count, more: false }]
            }
            Request::Find { filter, .. } => {
                let fitting = self.mails.iter().rev().filter(|mail| mail.fits(filter));
                let items = fitting.map(|mail| Reply::Item(Box::new(mail.item.clone())));
                items.chain([Reply::Page { next: None }]).collect()
            }
            Request::Show { id } => {
                vec![self.mails.iter().find(|mail| mail.item.id == *id).map_or(Reply::NotFound, FakeMail::detail)]
            }
            Request::Preview { id, .. } => {
                let mail = self.mails.iter().find(|mail| mail.item.id == *id).unwrap();
                vec![Reply::Text { text: SafeText::clean(&mail.text).value }]
            }
            other => panic!("{other:?}"),
        }
    }

    fn press(&mut self, keys: &[Key]) {
        for key in keys {
            self.step(Event::Key(*key));
        }
    }

    fn keys(&mut self, text: &str) {
        for c in text.chars() {
            self.step(Event::Key(Key::Char(c)));
        }
    }

    fn told(&self) -> &str {
        self.state.told.as_ref().map_or("", |(_, text)| text)
    }

    fn id(&self, at: usize) -> MailId {
        self.state.list.rows[at].id
    }
}

/// From the first line of the release dialog to the reason.
const TO_REASON: [Key; 3] = [Key::Tab; 3];

#[test]
fn a_release_takes_a_reason_and_a_button_that_is_not_the_first() {
    let mut desk = Desk::english(3);
    desk.keys("r");
    desk.press(&TO_REASON);
    desk.keys("citizen called");
    // Enter leaves the line, and then presses what stands there: cancel.
    desk.press(&[Key::Enter, Key::Enter]);
    assert!(desk.state.form.is_none() && desk.decisions.is_empty());

    desk.keys("r");
    desk.press(&TO_REASON);
    desk.press(&[Key::Tab, Key::Right, Key::Right, Key::Enter]);
    assert!(desk.decisions.is_empty() && desk.told().contains("why"), "no reason, no release");
    desk.keys("citizen called");
    desk.scripted = vec![Reply::Released { outcome: line("delivered"), report: None }];
    desk.press(&[Key::Tab, Key::Right, Key::Right, Key::Enter]);
    let [Request::Release { id, how, reason, dry_run: false }] = &desk.decisions[..] else {
        panic!("{:?}", desk.decisions)
    };
    assert_eq!((*id, reason.as_str(), how.doubts), (desk.id(0), "citizen called", false));
    assert!(desk.told().contains("delivered"));
}

#[test]
fn trying_decides_nothing_and_keeps_the_dialog() {
    let mut desk = Desk::english(1);
    desk.keys("r");
    desk.press(&TO_REASON);
    desk.keys("why");
    desk.scripted = vec![Reply::Released { outcome: line("held"), report: None }];
    desk.press(&[Key::Tab, Key::Right, Key::Enter]);
    assert!(matches!(&desk.decisions[..], [Request::Release { dry_run: true, .. }]));
    assert!(desk.state.form.is_some() && desk.told().starts_with("Tried:"));
}

#[test]
fn kinds_that_were_kept_out_are_proposed_for_relaxing() {
    let mut desk = Desk::english(1);
    desk.keys("r");
    desk.press(&[Key::Right, Key::Tab, Key::Tab, Key::Tab, Key::Tab]);
    desk.keys("why");
    desk.press(&[Key::Tab, Key::Right, Key::Right, Key::Enter]);
    let [Request::Release { how, .. }] = &desk.decisions[..] else { panic!("{:?} {}", desk.decisions, desk.told()) };
    assert_eq!(how.relax, [line("zip")]);
}

#[test]
fn a_password_goes_along_and_is_shown_as_dots() {
    let mut desk = Desk::english(1);
    desk.keys("r");
    desk.press(&[Key::Tab, Key::Tab]);
    desk.keys("Abc#1234");
    let shown = screens::text(&desk);
    assert!(shown.contains("••••••••") && !shown.contains("Abc#1234"));
    desk.press(&[Key::Tab]);
    desk.keys("why");
    desk.press(&[Key::Tab, Key::Right, Key::Right, Key::Enter]);
    let [Request::Release { how, .. }] = &desk.decisions[..] else { panic!("{:?}", desk.decisions) };
    assert_eq!(how.secret, Secret::new("Abc#1234"));
}

#[test]
fn a_deletion_takes_the_word() {
    let mut desk = Desk::english(2);
    desk.keys("dspam");
    desk.press(&[Key::Tab]);
    desk.keys("yes");
    desk.press(&[Key::Tab, Key::Right, Key::Enter]);
    assert!(desk.decisions.is_empty() && desk.told().contains("delete"));
    desk.press(&[Key::Control('u')]);
    desk.keys("削除");
    desk.press(&[Key::Tab, Key::Right, Key::Enter]);
    assert!(matches!(&desk.decisions[..], [Request::Delete { dry_run: false, .. }]));
}

#[test]
fn many_take_their_number_and_what_fails_stays_marked() {
    let mut desk = Desk::english(3);
    desk.keys("*");
    assert_eq!(desk.state.marks.len(), 3);
    desk.keys("r");
    desk.press(&TO_REASON);
    desk.keys("why");
    desk.press(&[Key::Tab]);
    desk.keys("2");
    desk.press(&[Key::Tab, Key::Right, Key::Right, Key::Enter]);
    assert!(desk.decisions.is_empty() && desk.told().contains("number"));
    desk.press(&[Key::Backspace]);
    desk.keys("３");
    let released = || Reply::Released { outcome: line("delivered"), report: None };
    desk.scripted = vec![released(), Reply::Conflict, released()];
    desk.press(&[Key::Tab, Key::Right, Key::Right, Key::Enter]);
    assert_eq!(desk.decisions.len(), 3);
    assert_eq!(desk.state.marks.len(), 1);
    assert!(desk.told().starts_with("2 of 3 mails done."), "{}", desk.told());
}

#[test]
fn who_was_faster_is_named_and_the_row_is_looked_up_again() {
    let mut desk = Desk::english(1);
    let act = Act {
        who: line("suzuki"),
        at_ms: NOW,
        what: line("release"),
        why: line("by phone"),
        result: line("delivered"),
    };
    desk.scripted = vec![Reply::Decided(Box::new(Decided { id: desk.id(0), act }))];
    desk.mails[0].item.state = sekisho_channel::admin::MailState::Kept;
    desk.keys("dspam");
    desk.press(&[Key::Tab]);
    desk.keys("delete");
    desk.press(&[Key::Tab, Key::Right, Key::Enter]);
    assert!(desk.told().contains("suzuki") && desk.told().contains("by phone"), "{}", desk.told());
    assert_eq!(desk.state.list.rows[0].state, sekisho_channel::admin::MailState::Kept);
}

#[test]
fn waiting_can_be_given_up_and_late_answers_are_nobodys() {
    let mut desk = Desk::english(1);
    desk.is_silent = true;
    desk.keys("dspam");
    desk.press(&[Key::Tab]);
    desk.keys("delete");
    desk.press(&[Key::Tab, Key::Right, Key::Enter]);
    let ticket = desk.state.front.unwrap();
    desk.keys("rdq");
    assert!(desk.state.form.is_none() && !desk.has_quit, "keys wait, too");
    desk.press(&[Key::Escape]);
    assert!(desk.state.front.is_none() && desk.told().contains("may still"));
    desk.step(Event::Reply(ticket, Box::new(Reply::Done)));
    assert!(desk.told().contains("may still"));
    desk.keys("q");
    assert!(desk.has_quit);
}

#[test]
fn roles_are_asked_before_a_dialog_opens() {
    let mut desk = Desk::english(1);
    desk.state.who = Some((line("sato"), vec![Role::Approver]));
    desk.keys("r");
    assert!(desk.state.form.is_none() && desk.told().contains("reviewer"));
    desk.keys("a");
    assert!(desk.told().contains("No request"));
}

#[test]
fn a_paste_presses_nothing() {
    let mut desk = Desk::english(1);
    desk.keys("r");
    desk.press(&TO_REASON);
    desk.step(Event::Paste("first\nsecond\r\n\tthird\n".to_owned()));
    let form = desk.state.form.as_ref().unwrap();
    assert_eq!(form.text(super::form::Name::Reason), "first second   third");
    assert!(desk.decisions.is_empty());
    desk.press(&[Key::Escape]);
    desk.step(Event::Paste("rdq\n".to_owned()));
    assert!(desk.state.form.is_none() && !desk.has_quit);
}

#[test]
fn an_unreachable_program_is_a_banner_and_r_asks_again() {
    let mut desk = Desk::english(1);
    let mut effects = desk.state.step(Event::Key(Key::Char('R')), NOW);
    for effect in effects.drain(..) {
        if let Effect::Ask(ticket, _) = effect {
            desk.state.step(Event::Ended(ticket, false), NOW);
        }
    }
    assert!(desk.state.is_down && screens::text(&desk).contains("cannot be asked"));
    desk.keys("R");
    assert!(!desk.state.is_down);
}

#[test]
fn a_wrong_filter_is_said_and_can_be_mended() {
    let mut desk = Desk::english(2);
    desk.keys("/");
    desk.press(&[Key::Control('u')]);
    desk.keys("form:x");
    desk.press(&[Key::Enter]);
    assert!(desk.told().contains("form") && desk.state.form.is_some());
    desk.press(&[Key::Control('u')]);
    desk.keys("subject:\"mail 1\"");
    desk.press(&[Key::Enter]);
    assert_eq!(desk.state.list.rows.len(), 1);
}

#[test]
fn views_open_and_close() {
    let mut desk = Desk::english(2);
    desk.press(&[Key::Enter]);
    assert_eq!(desk.state.view, View::Detail);
    desk.keys("p");
    assert_eq!(desk.state.view, View::Preview);
    desk.press(&[Key::Escape, Key::Right]);
    assert_eq!((desk.state.view, desk.state.list.at), (View::Detail, 1));
    desk.press(&[Key::Escape, Key::Tab]);
    assert_eq!((desk.state.view, desk.state.filter_text.as_str()), (View::List, "state:held"));
}

/// Numbers that look like chance (xorshift64), the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn key(&mut self) -> Key {
        const KEYS: &[u8] = b"jkgGpFrdoaxhRq?*u/w0123456789 yY";
        const OTHERS: [Key; 15] = [
            Key::Enter,
            Key::Enter,
            Key::Enter,
            Key::Escape,
            Key::Tab,
            Key::Tab,
            Key::BackTab,
            Key::Up,
            Key::Down,
            Key::Left,
            Key::Right,
            Key::PageDown,
            Key::PageUp,
            Key::Backspace,
            Key::End,
        ];
        match self.below(2) {
            0 => Key::Char(char::from(KEYS[self.below(KEYS.len())])),
            _ => OTHERS[self.below(OTHERS.len())],
        }
    }
}

/// Whether the next character would be one of a reason.
fn is_at_reason(state: &State) -> bool {
    let form = state.form.as_ref();
    form.is_some_and(|form| form.rows.get(form.focus).is_some_and(|(name, _)| *name == super::form::Name::Reason))
}

#[test]
fn random_keys_without_a_reason_decide_nothing() {
    let mut chance = Chance(0x5eed_5eed_5eed_5eed);
    let mut desk = Desk::english(40);
    let mut dialogs = 0;
    for _ in 0..10_000 {
        let key = chance.key();
        if matches!(key, Key::Char(_)) && is_at_reason(&desk.state) {
            continue;
        }
        let before = desk.state.form.is_some();
        desk.press(&[key]);
        dialogs += u32::from(!before && desk.state.form.is_some());
        assert!(desk.decisions.is_empty(), "{:?}", desk.decisions);
    }
    assert!(dialogs > 200, "the dialogs were there to be pressed: {dialogs}");
}

/// Any keys, any size: no panic, and a deletion never without its word.
#[test]
fn random_keys_never_delete_and_never_panic() {
    let mut chance = Chance(0x00c0_ffee);
    let mut desk = Desk::english(1);
    for turn in 0..4_000 {
        if turn % 100 == 0 {
            let size = (u16::try_from(chance.below(160)).unwrap(), u16::try_from(chance.below(50)).unwrap());
            desk.step(Event::Resize(size.0, size.1));
        }
        let key = chance.key();
        desk.press(&[key]);
        if turn % 20 == 0 {
            screens::text(&desk);
        }
        let deleted = desk.decisions.iter().any(|request| matches!(request, Request::Delete { .. }));
        assert!(!deleted, "{:?}", desk.decisions);
        desk.decisions.clear();
    }
}
