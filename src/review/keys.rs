//! What a key means while no dialog is open.

use sekisho_channel::admin::{Request, Role};
use sekisho_safe_message::Language;

use super::form::Form;
use super::state::{Job, State, View};
use super::{Effect, Key, decide, filter};
use crate::screen::Tone;

/// Mails that one decision may be about: what a person can answer for.
const MOST_MARKS: usize = 1000;

impl State {
    pub(super) fn command(&mut self, key: Key) {
        match key {
            Key::Down | Key::Char('j') => self.walk(1),
            Key::Up | Key::Char('k') => self.walk(-1),
            Key::PageDown | Key::Control('f') => self.walk(self.page()),
            Key::PageUp | Key::Control('b') => self.walk(-self.page()),
            Key::Home | Key::Char('g') => self.walk(isize::MIN),
            Key::End | Key::Char('G') => self.walk(isize::MAX),
            Key::Right | Key::Char('l') if self.view == View::Detail => self.turn(true),
            Key::Left | Key::Char('H') if self.view == View::Detail => self.turn(false),
            Key::Enter if self.view == View::List && self.selected().is_some() => self.open(View::Detail),
            Key::Escape => self.back(),
            Key::Char('q') if self.view != View::List => self.back(),
            Key::Char('q') => self.effects.push(Effect::Quit),
            Key::Char('?') => self.help = true,
            Key::Char('R') => {
                self.detail = None;
                self.reload();
            }
            Key::Char(c) if self.view == View::List => self.list_command(c),
            Key::Tab if self.view == View::List => self.next_view(),
            Key::Char(c) => self.decision(c),
            _ => {}
        }
    }

    fn list_command(&mut self, c: char) {
        match c {
            '/' => self.form = Some(decide::filter(&self.filter_text)),
            ' ' | '　' => self.mark(),
            '*' => self.mark_all(),
            'u' => self.marks.clear(),
            c => self.decision(c),
        }
    }

    /// Keys that open the dialog of a decision. None of them decides.
    fn decision(&mut self, c: char) {
        if self.selected().is_none() {
            return;
        }
        match c {
            'p' if self.needs(Role::Reviewer) => self.look(None),
            'w' if self.view == View::Preview => self.open_form(|_, _| Some(decide::password())),
            'F' if self.view == View::Preview => self.open_form(|state, _| Some(decide::save(state.screen.language()))),
            'r' if self.needs(Role::Reviewer) => self.open_form(|state, count| {
                let report = state.known().and_then(|known| known.report.as_ref()).filter(|_| count == 1);
                Some(decide::release(count, report, state.screen.language()))
            }),
            'd' if self.needs(Role::Reviewer) => self.open_form(|_, count| Some(decide::delete(count))),
            'o' if self.needs(Role::Reviewer) => self.open_one(|state, language| {
                let recipients = state.known().and_then(|known| known.report.as_ref());
                let recipients = recipients.map(|report| report.source.envelope_to.clone());
                let to = recipients.or_else(|| state.selected().map(|item| item.to.clone())).unwrap_or_default();
                Ok(decide::request(&to, language))
            }),
            'a' if self.needs(Role::Approver) => self.decide_request(true),
            'x' if self.needs(Role::Approver) => self.decide_request(false),
            'h' if self.needs(Role::Reviewer) => self.open_one(|state, _| {
                let kept = state.known().and_then(|known| known.kept.as_ref());
                let kept = kept.ok_or(("まだ読み込み中です。", "It is still being looked up."))?;
                Ok(decide::legal_hold(!kept.legal_hold))
            }),
            _ => {}
        }
    }

    fn decide_request(&mut self, approve: bool) {
        self.open_one(|state, _| {
            let kept = state.known().and_then(|known| known.kept.as_ref());
            let kept = kept.ok_or(("まだ読み込み中です。", "It is still being looked up."))?;
            decide::decide(approve, kept).ok_or(("承認待ちの申請はありません。", "No request waits for approval."))
        });
    }

    fn open_form(&mut self, make: impl FnOnce(&Self, usize) -> Option<Form>) {
        let targets = self.chosen();
        self.form = make(self, targets.len());
        self.targets = targets;
    }

    /// The dialog of a decision that is about one mail at a time.
    fn open_one(&mut self, make: impl FnOnce(&Self, Language) -> Result<Form, (&'static str, &'static str)>) {
        match make(self, self.screen.language()) {
            Ok(form) => {
                self.targets = self.selected().map(|item| item.id).into_iter().collect();
                self.form = Some(form);
            }
            Err((ja, en)) => {
                // Where the details are not on the screen they are not known yet.
                if let Some(id) = self.selected().map(|item| item.id).filter(|_| self.known().is_none()) {
                    self.ask(Job::Show(id), Request::Show { id });
                }
                let text = self.t(ja, en);
                self.tell(Tone::Warn, text);
            }
        }
    }

    fn page(&self) -> isize {
        isize::try_from(self.layout().page(self.view).saturating_sub(1).max(1)).unwrap_or(1)
    }

    fn walk(&mut self, by: isize) {
        let place = if self.view == View::List { &mut self.list.at } else { &mut self.scroll };
        *place = place.saturating_add_signed(by);
    }

    /// The next mail, or the one before, with the details open.
    fn turn(&mut self, on: bool) {
        self.list.at = self.list.at.saturating_add_signed(if on { 1 } else { -1 });
        self.scroll = 0;
    }

    pub(super) fn open(&mut self, view: View) {
        self.view = view;
        self.scroll = 0;
    }

    fn back(&mut self) {
        match self.view {
            View::List => {}
            View::Detail => self.open(View::List),
            View::Preview => {
                self.preview = None;
                self.open(View::Detail);
            }
        }
    }

    fn mark(&mut self) {
        let Some(id) = self.selected().map(|item| item.id) else { return };
        if !self.marks.remove(&id) {
            self.marks.insert(id);
        }
        self.walk(1);
    }

    /// Marks all that the filter lets through, also what is not on the screen.
    fn mark_all(&mut self) {
        if self.list.count.is_some_and(|(count, more)| more || count > MOST_MARKS as u64) {
            let text = self.t(
                format!("一度に扱えるのは {MOST_MARKS} 通までです。/ で絞り込んでください。"),
                format!("At most {MOST_MARKS} mails at once: narrow the list by /."),
            );
            return self.tell(Tone::Warn, text);
        }
        let limit = u32::try_from(MOST_MARKS).unwrap_or(u32::MAX);
        let request = Request::Find { filter: self.filter.clone(), after: None, limit, newest_first: true };
        let ticket = self.ask(Job::MarkAll { found: Vec::new() }, request);
        self.front = Some(ticket);
    }

    fn next_view(&mut self) {
        let at = filter::VIEWS.iter().position(|view| *view == self.filter_text);
        let view = filter::VIEWS[at.map_or(0, |at| (at + 1) % filter::VIEWS.len())];
        if let Ok(filter) = filter::parse(view, self.now_ms) {
            self.look_through(view.to_owned(), filter);
        }
    }
}
