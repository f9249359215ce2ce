//! The terminal and the threads around the state machine. The screen is drawn
//! only when something has changed; a request has a thread of its own.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, KeyCode, KeyEvent, KeyEventKind, KeyModifiers,
};
use ratatui::crossterm::execute;
use sekisho_channel::admin::{Reply, Request};
use sekisho_safe_message::Language;
use sekisho_settings::AdminSockets;
use tokio::signal::unix::{SignalKind, signal};

use super::fetch::{self, Fetch, NotSaved};
use super::state::State;
use super::{Effect, Event, Key, draw};
use crate::ask::{self, Side};
use crate::quarantine::now_ms;
use crate::screen::Screen;

/// Runs until the person quits or the program is told to end. The terminal is
/// as before afterwards, also after a panic (ratatui's hook).
pub(super) fn run(mut state: State, sockets: &AdminSockets, screen: &Screen) -> io::Result<()> {
    let (events, inbox) = channel();
    signals(events.clone())?;
    let mut terminal = ratatui::try_init()?;
    // A paste comes as one event then, and presses no keys. Terminals that do
    // not know it do without.
    let _ = execute!(io::stdout(), EnableBracketedPaste);
    keyboard(events.clone());
    let mut desk = Desk { sockets: sockets.clone(), screen: *screen, events, given_up: BTreeMap::new() };
    let result = serve(&mut state, &mut terminal, &mut desk, &inbox);
    let _ = execute!(io::stdout(), DisableBracketedPaste);
    ratatui::restore();
    let _ = io::stdout().flush();
    result
}

fn serve(
    state: &mut State,
    terminal: &mut DefaultTerminal,
    desk: &mut Desk,
    inbox: &Receiver<Event>,
) -> io::Result<()> {
    let size = terminal.size()?;
    state.size = (size.width, size.height);
    state.reload();
    let mut effects = state.step(Event::Resize(size.width, size.height), now_ms());
    loop {
        for effect in effects.drain(..) {
            match effect {
                Effect::Quit => return Ok(()),
                effect => desk.carry_out(effect),
            }
        }
        // What has come meanwhile is drawn together, not one by one.
        let next = match inbox.try_recv() {
            Ok(event) => event,
            Err(_) => {
                terminal.draw(|frame| draw::draw(state, frame))?;
                let Ok(event) = inbox.recv() else { return Ok(()) };
                event
            }
        };
        effects = state.step(next, now_ms());
    }
}

/// Who asks the program.
struct Desk {
    sockets: AdminSockets,
    screen: Screen,
    events: Sender<Event>,
    given_up: BTreeMap<u32, Arc<AtomicBool>>,
}

impl Desk {
    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Ask(ticket, request) => self.ask(ticket, request, None),
            Effect::Save(ticket, request, folder) => self.ask(ticket, request, Some(folder)),
            Effect::Abandon(ticket) => {
                if let Some(given_up) = self.given_up.remove(&ticket) {
                    given_up.store(true, Ordering::Relaxed);
                }
            }
            Effect::Quit => {}
        }
    }

    fn ask(&mut self, ticket: u32, request: Box<Request>, folder: Option<String>) {
        let given_up = Arc::new(AtomicBool::new(false));
        // Flags of requests that have ended are held by nobody else.
        self.given_up.retain(|_, flag| Arc::strong_count(flag) > 1);
        self.given_up.insert(ticket, Arc::clone(&given_up));
        let (sockets, screen, events) = (self.sockets.clone(), self.screen, self.events.clone());
        thread::spawn(move || {
            let wanted = |reply: Reply| {
                let sent = events.send(Event::Reply(ticket, Box::new(reply))).is_ok();
                sent && !given_up.load(Ordering::Relaxed)
            };
            let reached = match folder {
                None => ask::each(Side::Outer, &sockets, &request, wanted).is_ok(),
                Some(folder) => save(
                    &sockets,
                    &request,
                    &folder,
                    screen.language(),
                    |result| {
                        let result = result.map_err(|err| fetch::explain(&err, &folder, &screen));
                        let _ = events.send(Event::Saved(ticket, result));
                    },
                    wanted,
                ),
            };
            let _ = events.send(Event::Ended(ticket, reached));
        });
    }
}

/// Writes the files of a preview; whether the program was reached.
fn save(
    sockets: &AdminSockets,
    request: &Request,
    folder: &str,
    language: Language,
    said: impl Fn(Result<String, NotSaved>),
    wanted: impl Fn(Reply) -> bool,
) -> bool {
    let home = std::env::var_os("HOME");
    let mut fetch = match Fetch::new(folder, home.as_deref().map(Path::new), language) {
        Ok(fetch) => fetch,
        Err(err) => {
            said(Err(NotSaved::Io(err)));
            return true;
        }
    };
    let mut sound = true;
    let asked = ask::each(Side::Outer, sockets, request, |reply| {
        if let Some(result) = fetch.take(&reply) {
            // One that is refused does not keep the others back.
            sound = matches!(result, Ok(_) | Err(NotSaved::Refused(..)));
            said(result);
        }
        match reply {
            Reply::File(_) | Reply::Octets { .. } | Reply::Text { .. } => sound,
            other => wanted(other),
        }
    });
    if sound && !fetch.is_whole() {
        said(Err(NotSaved::damaged()));
    }
    asked.is_ok()
}

/// SIGTERM, SIGINT and SIGHUP end the program in order.
fn signals(events: Sender<Event>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
            if let [Ok(mut term), Ok(mut int), Ok(mut hup)] = kinds {
                tokio::select! { _ = term.recv() => {}, _ = int.recv() => {}, _ = hup.recv() => {} }
                let _ = events.send(Event::Stop);
            }
        });
    });
    Ok(())
}

fn keyboard(events: Sender<Event>) {
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            let happened = match event {
                event::Event::Key(key) => keys_of(key),
                event::Event::Paste(text) => vec![Event::Paste(text)],
                event::Event::Resize(width, height) => vec![Event::Resize(width, height)],
                event::Event::FocusGained | event::Event::FocusLost | event::Event::Mouse(_) => Vec::new(),
            };
            if happened.into_iter().any(|event| events.send(event).is_err()) {
                return;
            }
        }
        // The terminal is gone.
        let _ = events.send(Event::Stop);
    });
}

/// Over a slow line Escape and the next key come together, and look like a key
/// with Alt: none has a meaning here, so they are the two.
fn keys_of(key: KeyEvent) -> Vec<Event> {
    let escape = key.modifiers.contains(KeyModifiers::ALT).then_some(Key::Escape);
    escape.into_iter().chain(key_of(key)).map(Event::Key).collect()
}

fn key_of(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    Some(match key.code {
        KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::CONTROL) => Key::Control(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        _ => return None,
    })
}
