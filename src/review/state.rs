//! What is on the screen, and what each key and each answer makes of it.
//! No I/O and no clock: what has to be done comes out as effects.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_channel::admin::{Filter, Form as Look, Item, Kept, Reply, Request, Role, Shown};
use sekisho_job::Report;
use sekisho_safe_message::{MailId, SafeLine, Secret};

use super::decide::{self, Plan};
use super::filter;
use super::form::Button;
use super::form::{Form, Name, Pressed, Purpose};
use super::layout::Layout;
use super::{Effect, Event, Key, detail};
use crate::mails::words;
use crate::screen::{Screen, Tone};

/// Mails of one page of the list.
pub(super) const PAGE: u32 = 200;
/// Mails that a person scrolls through before it is time for a filter.
pub(super) const MOST: usize = 20_000;

/// What fills the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum View {
    List,
    Detail,
    Preview,
}

/// The mails of the filter that have come so far, newest first.
#[derive(Default)]
pub(super) struct List {
    pub(super) rows: Vec<Item>,
    /// Where the next page begins.
    pub(super) next: Option<SafeLine>,
    pub(super) at: usize,
    pub(super) top: usize,
    pub(super) count: Option<(u64, bool)>,
}

/// Everything known of one mail.
pub(super) struct Known {
    pub(super) item: Item,
    pub(super) report: Option<Report>,
    pub(super) kept: Option<Kept>,
}

/// What a sandboxed worker made of a mail, to be looked at.
pub(super) struct Preview {
    pub(super) id: MailId,
    pub(super) text: String,
    pub(super) files: Vec<Shown>,
}

/// What an answer is for.
pub(super) enum Job {
    Whoami,
    List { append: bool, fresh: Vec<Item> },
    Count,
    MarkAll { found: Vec<MailId> },
    Show(MailId),
    Preview { id: MailId, text: Option<String>, files: Vec<Shown> },
    Decide(Plan),
    Save { written: usize, failed: bool },
}

/// The whole state.
pub(super) struct State {
    /// For wording alone: it paints nothing.
    pub(super) screen: Screen,
    pub(super) colour: bool,
    pub(super) size: (u16, u16),
    pub(super) now_ms: u64,
    pub(super) who: Option<(SafeLine, Vec<Role>)>,
    pub(super) filter: Filter,
    pub(super) filter_text: String,
    pub(super) list: List,
    pub(super) marks: BTreeSet<MailId>,
    /// Attachments of mails that were looked at.
    pub(super) attached: BTreeMap<MailId, usize>,
    pub(super) view: View,
    pub(super) scroll: usize,
    pub(super) detail: Option<Known>,
    pub(super) preview: Option<Preview>,
    pub(super) help: bool,
    pub(super) form: Option<Form>,
    /// The mails that the open dialog is about.
    pub(super) targets: Vec<MailId>,
    /// Lines that stay until they are dismissed.
    pub(super) notice: Option<Vec<String>>,
    pub(super) told: Option<(Tone, String)>,
    /// The program could not be asked.
    pub(super) is_down: bool,
    pub(super) flying: BTreeMap<u32, Job>,
    /// The one that the person waits for.
    pub(super) front: Option<u32>,
    ticket: u32,
    pub(super) effects: Vec<Effect>,
}

impl State {
    pub(super) fn new(screen: Screen, colour: bool, size: (u16, u16), filter_text: String, filter: Filter) -> Self {
        Self {
            screen,
            colour,
            size,
            now_ms: 0,
            who: None,
            filter,
            filter_text,
            list: List::default(),
            marks: BTreeSet::new(),
            attached: BTreeMap::new(),
            view: View::List,
            scroll: 0,
            detail: None,
            preview: None,
            help: false,
            form: None,
            targets: Vec::new(),
            notice: None,
            told: None,
            is_down: false,
            flying: BTreeMap::new(),
            front: None,
            ticket: 0,
            effects: Vec::new(),
        }
    }

    /// What `event` makes of it, and what is to be done.
    pub(super) fn step(&mut self, event: Event, now_ms: u64) -> Vec<Effect> {
        self.now_ms = now_ms;
        match event {
            Event::Key(Key::Control('c')) | Event::Stop => self.effects.push(Effect::Quit),
            Event::Key(key) => self.key(key),
            Event::Paste(text) => {
                if let Some(form) = &mut self.form {
                    form.paste(&text);
                }
            }
            Event::Resize(width, height) => self.size = (width, height),
            Event::Reply(ticket, reply) => self.answer(ticket, *reply),
            Event::Ended(ticket, reached) => self.ended(ticket, reached),
            Event::Saved(ticket, result) => self.saved(ticket, result),
        }
        self.settle();
        std::mem::take(&mut self.effects)
    }

    /// Asks for everything anew.
    pub(super) fn reload(&mut self) {
        self.ask(Job::Whoami, Request::Whoami);
        self.ask(Job::Count, Request::Count { filter: self.filter.clone() });
        let ticket = self.find(false);
        self.front = Some(ticket);
    }

    pub(super) fn t<T>(&self, ja: T, en: T) -> T {
        self.screen.t(ja, en)
    }

    pub(super) fn tell(&mut self, tone: Tone, text: impl Into<String>) {
        self.told = Some((tone, text.into()));
    }

    /// The mail under the cursor.
    pub(super) fn selected(&self) -> Option<&Item> {
        self.list.rows.get(self.list.at)
    }

    /// What is known of the mail under the cursor.
    pub(super) fn known(&self) -> Option<&Known> {
        let id = self.selected()?.id;
        self.detail.as_ref().filter(|known| known.item.id == id)
    }

    /// What the mail on the screen, or each marked one, is to be decided about.
    pub(super) fn chosen(&self) -> Vec<MailId> {
        if self.view == View::List && !self.marks.is_empty() {
            return self.marks.iter().copied().collect();
        }
        self.selected().map(|item| item.id).into_iter().collect()
    }

    pub(super) fn layout(&self) -> Layout {
        Layout::of(self.size)
    }

    pub(super) fn may(&self, role: Role) -> bool {
        self.who.as_ref().is_none_or(|(_, roles)| roles.contains(&role))
    }

    pub(super) fn ask(&mut self, job: Job, request: Request) -> u32 {
        self.ticket = self.ticket.wrapping_add(1);
        self.flying.insert(self.ticket, job);
        self.effects.push(Effect::Ask(self.ticket, Box::new(request)));
        self.ticket
    }

    fn find(&mut self, append: bool) -> u32 {
        // Taken: a page that never comes is not asked for again.
        let after = self.list.next.take().filter(|_| append);
        let request = Request::Find { filter: self.filter.clone(), after, limit: PAGE, newest_first: true };
        self.ask(Job::List { append, fresh: Vec::new() }, request)
    }

    fn key(&mut self, key: Key) {
        if self.front.is_some() {
            match key {
                Key::Escape => return self.abandon(),
                Key::Down | Key::Up | Key::Char('j' | 'k') if self.form.is_none() => {}
                _ => return,
            }
        } else {
            self.told = None;
        }
        if self.notice.is_some() {
            if matches!(key, Key::Enter | Key::Escape) {
                self.notice = None;
            }
        } else if self.help {
            self.help = false;
        } else if self.form.is_some() {
            self.form_key(key);
        } else {
            self.command(key);
        }
    }

    /// Stops waiting. What was asked for may still happen.
    fn abandon(&mut self) {
        let Some(ticket) = self.front.take() else { return };
        let decides = matches!(self.flying.remove(&ticket), Some(Job::Decide(_)));
        self.effects.push(Effect::Abandon(ticket));
        let text = if decides {
            self.t(
                "待つのをやめました。処理は続いているかもしれません。R で確かめてください。",
                "No longer waiting. It may still be done: see by R.",
            )
        } else {
            self.t("待つのをやめました。", "No longer waiting.")
        };
        self.tell(Tone::Warn, text);
    }

    fn form_key(&mut self, key: Key) {
        let Some(form) = &mut self.form else { return };
        match form.key(key) {
            Pressed::Nothing => {}
            Pressed::Button(Button::Cancel) => self.form = None,
            Pressed::Button(Button::Try) => self.submit(true),
            Pressed::Button(Button::Do) => self.submit(false),
        }
    }

    fn submit(&mut self, dry_run: bool) {
        let Some(mut form) = self.form.take() else { return };
        let result = match form.purpose {
            Purpose::Filter => self.submit_filter(&form),
            Purpose::Password => {
                decide::secret(&form, self.screen.language()).map(|secret| self.look(secret)).map_err(owned)
            }
            Purpose::Save => self.submit_save(&form),
            Purpose::Release
            | Purpose::Delete
            | Purpose::Request
            | Purpose::Decide { .. }
            | Purpose::LegalHold { .. } => {
                let plan = decide::plan(&form, &self.targets, dry_run, self.screen.language());
                plan.map(|plan| self.carry_out(plan)).map_err(owned)
            }
        };
        if let Err((name, why)) = result {
            form.look_at(name);
            self.form = Some(form);
            self.tell(Tone::Warn, why);
        } else if dry_run {
            self.form = Some(form);
        }
    }

    fn submit_filter(&mut self, form: &Form) -> Result<(), (Name, String)> {
        let text = form.text(Name::Filter);
        let parsed = filter::parse(&text, self.now_ms);
        let filter = parsed.map_err(|mistake| (Name::Filter, mistake.sentence(self.screen.language())))?;
        self.look_through(text.trim().to_owned(), filter);
        Ok(())
    }

    /// Lists what another filter lets through. Marks are of the old list.
    pub(super) fn look_through(&mut self, text: String, filter: Filter) {
        (self.filter_text, self.filter) = (text, filter);
        self.marks.clear();
        self.list = List::default();
        self.detail = None;
        self.reload();
    }

    fn submit_save(&mut self, form: &Form) -> Result<(), (Name, String)> {
        let folder = form.text(Name::Folder).trim().to_owned();
        if folder.is_empty() {
            return Err((Name::Folder, self.t("保存先のフォルダーを書いてください。", "name a folder").to_owned()));
        }
        let secret = decide::secret(form, self.screen.language()).map_err(owned)?;
        let Some(item) = self.selected() else { return Ok(()) };
        let look = if form.choice(Name::Look) == 1 { Look::Pictures } else { Look::Files };
        let request = Request::Preview { id: item.id, form: look, secret };
        self.ticket = self.ticket.wrapping_add(1);
        self.flying.insert(self.ticket, Job::Save { written: 0, failed: false });
        self.front = Some(self.ticket);
        self.effects.push(Effect::Save(self.ticket, Box::new(request), folder));
        Ok(())
    }

    /// Asks for a preview of the mail under the cursor.
    pub(super) fn look(&mut self, secret: Option<Secret>) {
        let Some(item) = self.selected() else { return };
        let id = item.id;
        let request = Request::Preview { id, form: Look::Text, secret };
        let ticket = self.ask(Job::Preview { id, text: None, files: Vec::new() }, request);
        self.front = Some(ticket);
    }

    /// Asks for the next mail of a plan.
    pub(super) fn carry_out(&mut self, mut plan: Plan) {
        if let Some(request) = plan.next() {
            let ticket = self.ask(Job::Decide(plan), request);
            self.front = Some(ticket);
        }
    }

    /// Refuses a command that takes a role which the caller has not.
    pub(super) fn needs(&mut self, role: Role) -> bool {
        let may = self.may(role);
        if !may {
            let name = words::role(role, self.screen.language());
            let text = self.t(
                format!("{name}の役割が要ります（設定の [roles]）。"),
                format!("This takes the role {name} ([roles] in the configuration)."),
            );
            self.tell(Tone::Warn, text);
        }
        may
    }

    /// Keeps the cursor in sight, and has the mail under it looked up.
    fn settle(&mut self) {
        let rows = self.layout().rows.max(1);
        self.list.at = self.list.at.min(self.list.rows.len().saturating_sub(1));
        self.list.top = self.list.top.clamp(self.list.at.saturating_sub(rows - 1), self.list.at);
        let near = self.list.at + rows >= self.list.rows.len();
        let pages = self.flying.values().any(|job| matches!(job, Job::List { .. }));
        if near && self.list.next.is_some() && !pages && !self.is_down && self.list.rows.len() < MOST {
            self.find(true);
        }
        self.peek();
        let most = self.lines().saturating_sub(self.layout().page(self.view));
        self.scroll = self.scroll.min(most);
    }

    /// Looks up the mail under the cursor where its details are shown. One
    /// look at a time: who scrolls fast does not pay for what was passed.
    fn peek(&mut self) {
        let shown = self.view == View::Detail || self.layout().side.is_some();
        let busy = self.flying.values().any(|job| matches!(job, Job::Show(_) | Job::Decide(_)));
        let Some(item) = self.selected().filter(|_| shown && !busy && !self.is_down) else { return };
        let id = item.id;
        if self.detail.as_ref().is_none_or(|known| known.item.id != id) {
            self.ask(Job::Show(id), Request::Show { id });
        }
    }

    /// Lines of what can be scrolled.
    fn lines(&self) -> usize {
        let width = usize::from(self.size.0);
        match self.view {
            View::List => 0,
            View::Detail => self.known().map_or(0, |known| detail::lines(known, &self.screen, width).len()),
            View::Preview => self.preview.as_ref().map_or(0, |preview| preview.lines(&self.screen, width).len()),
        }
    }

    /// A reply of the program, for what asked for it.
    fn answer(&mut self, ticket: u32, reply: Reply) {
        self.is_down = false;
        if let Some(mut job) = self.flying.remove(&ticket) {
            self.take(&mut job, reply);
            self.flying.insert(ticket, job);
        }
    }
}

fn owned((name, why): (Name, &'static str)) -> (Name, String) {
    (name, why.to_owned())
}
