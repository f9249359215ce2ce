//! An outer program that is none: mails in memory behind a real admin socket,
//! with the answers that the protocol allows. For the commands of the review,
//! and for the full-screen reviewer.

#[path = "fake_outer/mails.rs"]
mod mails;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_channel::ChannelError;
use sekisho_channel::admin::{
    Act, Caller, Decided, Filter, Form, Handler, MailState, OriginalForm, OriginalRequest, Release, Replies, Reply,
    Request, RequestState, Role, Server, Shown, Stats,
};
use sekisho_safe_message::{Address, MailId, SafeLine, SafeName, SafeText, Secret, Sha256};
use tokio::sync::oneshot;

pub(crate) use mails::{FakeMail, held, kept};

/// The password that opens every encrypted file here.
pub(crate) const PASSWORD: &str = "Abc#1234";

/// A program that runs until it is dropped.
pub(crate) struct FakeOuter {
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct State {
    /// Oldest first.
    mails: Vec<FakeMail>,
    /// Who calls, whatever the kernel says: tests have one user only.
    caller: (SafeLine, Vec<Role>),
    seen: Vec<Request>,
}

struct Desk(Arc<Mutex<State>>);

impl FakeOuter {
    /// Starts it behind `socket`.
    pub(crate) fn start(socket: &Path, mails: Vec<FakeMail>) -> Self {
        std::fs::create_dir_all(socket.parent().expect("a folder")).expect("a folder for the socket");
        let state = State { mails, caller: (line("tanaka"), Role::ALL.to_vec()), seen: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (desk, socket) = (Arc::new(Desk(Arc::clone(&state))), socket.to_owned());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let server = Server::bind(&socket).await.expect("a socket");
                ready.send(()).expect("somebody waits");
                tokio::select! { () = server.run(desk) => {}, _ = stopped => {} }
            });
        });
        is_ready.recv().expect("it starts");
        Self { state, stop: Some(stop), thread: Some(thread) }
    }

    /// From now on this user calls.
    pub(crate) fn called_by(&self, name: &str, roles: &[Role]) {
        self.lock().caller = (line(name), roles.to_vec());
    }

    /// Every request so far, oldest first.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.lock().seen.clone()
    }

    /// One mail as it is now.
    pub(crate) fn mail(&self, id: MailId) -> FakeMail {
        self.lock().mails.iter().find(|mail| mail.item.id == id).expect("a mail").clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FakeOuter {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Handler for Desk {
    async fn handle(&self, _: Caller, request: Request, replies: &mut Replies) -> Result<(), ChannelError> {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).answer(&request);
        for reply in answer {
            replies.send(&reply).await?;
        }
        Ok(())
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Vec<Reply> {
        self.seen.push(request.clone());
        if let Some(role) = role_for(request)
            && !self.caller.1.contains(&role)
        {
            return vec![Reply::Denied { role: Some(role) }];
        }
        match request {
            Request::Find { filter, after, limit, newest_first } => {
                self.find(filter, after.as_ref(), *limit, *newest_first)
            }
            Request::Count { filter } => {
                let count = self.mails.iter().filter(|mail| mail.fits(filter)).count() as u64;
                vec![Reply::Count { count, more: false }]
            }
            Request::Show { id } => vec![self.find_mail(*id).map_or(Reply::NotFound, |mail| mail.detail())],
            Request::Stats | Request::Keys => vec![Reply::Stats(Box::new(self.stats()))],
            Request::Whoami => {
                let (name, roles) = self.caller.clone();
                vec![Reply::Caller { name, uid: 1000, roles }]
            }
            Request::Preview { id, form, secret } => self.preview(*id, *form, secret.as_ref()),
            Request::Release { id, how, reason, dry_run } => {
                vec![Reply::Working, self.release(*id, how, reason, *dry_run)]
            }
            Request::Delete { id, reason, dry_run } => vec![self.delete(*id, reason, *dry_run)],
            Request::LegalHold { id, on, reason } => vec![self.legal_hold(*id, *on, reason)],
            Request::RequestOriginal { id, to, form, reason } => vec![self.request(*id, to, *form, reason)],
            Request::DecideOriginal { id, number, approve, reason } => self.decide(*id, *number, *approve, reason),
            Request::DeliverOriginals => vec![Reply::Working, Reply::Done],
            Request::Digest { .. } => {
                let text = SafeText::clean("保留 2 通\nheld: 2 mails\n").value;
                vec![Reply::Text { text }, Reply::Done]
            }
            Request::Status
            | Request::List { .. }
            | Request::Retry { .. }
            | Request::Original { .. }
            | Request::Audit { .. }
            | Request::RotateKeys { .. } => vec![Reply::Trouble],
        }
    }

    fn find_mail(&mut self, id: MailId) -> Option<&mut FakeMail> {
        self.mails.iter_mut().find(|mail| mail.item.id == id)
    }

    fn find(&self, filter: &Filter, after: Option<&SafeLine>, limit: u32, newest_first: bool) -> Vec<Reply> {
        let place = after.map_or(Ok(0), |after| after.as_str().parse());
        let Ok(place) = place else { return vec![Reply::Invalid { code: line("bad-cursor") }] };
        let mut fitting: Vec<_> = self.mails.iter().filter(|mail| mail.fits(filter)).collect();
        if newest_first {
            fitting.reverse();
        }
        let page: Vec<_> = fitting.iter().skip(place).take(limit as usize).collect();
        let end = place + page.len();
        let next = (end < fitting.len()).then(|| line(&end.to_string()));
        let items = page.into_iter().map(|mail| Reply::Item(Box::new(mail.item.clone())));
        items.chain([Reply::Page { next }]).collect()
    }

    fn act(&self, what: &str, why: &SafeLine, result: &str) -> Act {
        Act { who: self.caller.0.clone(), at_ms: now_ms(), what: line(what), why: why.clone(), result: line(result) }
    }

    fn release(&mut self, id: MailId, how: &Release, why: &SafeLine, dry_run: bool) -> Reply {
        let act = self.act("release", why, "delivered");
        let Some(mail) = self.find_mail(id) else { return Reply::NotFound };
        if !mail.kept.original {
            return Reply::Invalid { code: line("no-original") };
        }
        if !how.again
            && let Some(before) = mail.kept.acts.iter().find(|act| act.what.as_str() == "release")
        {
            return Reply::Decided(Box::new(Decided { id, act: before.clone() }));
        }
        if how.relax.iter().any(|kind| kind.as_str() == "nonsense") {
            return Reply::Invalid { code: line("unknown-kind") };
        }
        let opened = how.secret.as_ref().is_some_and(|secret| secret.reveal() == PASSWORD);
        let report = Some(mail.record["report"].clone());
        if mail.item.label.as_str() == "encrypted-file" && !opened {
            return Reply::Released { outcome: line("held"), report };
        }
        if !dry_run {
            mail.item.state = MailState::Kept;
            mail.item.label = SafeLine::default();
            mail.kept.acts.push(act);
        }
        Reply::Released { outcome: line("delivered"), report }
    }

    fn delete(&mut self, id: MailId, why: &SafeLine, dry_run: bool) -> Reply {
        let act = self.act("delete", why, "deleted");
        let Some(mail) = self.find_mail(id) else { return Reply::NotFound };
        if mail.kept.legal_hold {
            return Reply::Invalid { code: line("legal-hold") };
        }
        if let Some(before) = mail.kept.acts.iter().find(|act| act.what.as_str() == "delete") {
            return Reply::Decided(Box::new(Decided { id, act: before.clone() }));
        }
        if !dry_run {
            mail.item.state = MailState::Done;
            mail.kept.original = false;
            mail.kept.acts.push(act);
        }
        Reply::Done
    }

    fn legal_hold(&mut self, id: MailId, on: bool, why: &SafeLine) -> Reply {
        let act = self.act(if on { "legal-hold" } else { "legal-hold-lifted" }, why, "done");
        let Some(mail) = self.find_mail(id) else { return Reply::NotFound };
        if mail.kept.legal_hold != on {
            mail.kept.legal_hold = on;
            mail.kept.acts.push(act);
        }
        Reply::Done
    }

    fn request(&mut self, id: MailId, to: &[Address], form: OriginalForm, why: &SafeLine) -> Reply {
        let asked = self.act("request", why, "pending");
        let Some(mail) = self.find_mail(id) else { return Reply::NotFound };
        if to.iter().any(|address| !mail.item.to.contains(address)) {
            return Reply::Invalid { code: line("not-a-recipient") };
        }
        let to = if to.is_empty() { mail.item.to.clone() } else { to.to_vec() };
        let number = u32::try_from(mail.kept.requests.len() + 1).expect("few requests");
        let request = OriginalRequest {
            number,
            to,
            form,
            state: RequestState::Pending,
            asked,
            decided: None,
            attempts: 0,
            reply: None,
        };
        mail.kept.requests.push(request.clone());
        Reply::Request(Box::new(request))
    }

    fn decide(&mut self, id: MailId, number: Option<u32>, approve: bool, why: &SafeLine) -> Vec<Reply> {
        let act = self.act(if approve { "approve" } else { "reject" }, why, "done");
        let Some(mail) = self.find_mail(id) else { return vec![Reply::NotFound] };
        let mut named = mail.kept.requests.iter_mut();
        let Some(request) = named.find(|request| number.is_none_or(|number| number == request.number)) else {
            return vec![Reply::Invalid { code: line("no-request") }];
        };
        if let Some(decided) = &request.decided {
            return vec![Reply::Decided(Box::new(Decided { id, act: decided.clone() }))];
        }
        // Two persons: who asked does not approve.
        if approve && request.asked.who == act.who {
            return vec![Reply::Denied { role: None }];
        }
        request.state = if approve { RequestState::Approved } else { RequestState::Rejected };
        request.decided = Some(act);
        let told = Reply::Request(Box::new(request.clone()));
        match (approve, request.form) {
            (true, OriginalForm::Zip) => {
                let secret = Secret::new("abcde-fghjk-23456").expect("a password");
                vec![told, Reply::Password { secret }]
            }
            _ => vec![told],
        }
    }

    fn preview(&mut self, id: MailId, form: Form, secret: Option<&Secret>) -> Vec<Reply> {
        let opened = secret.is_some_and(|secret| secret.reveal() == PASSWORD);
        let Some(mail) = self.find_mail(id) else { return vec![Reply::NotFound] };
        let text = SafeText::clean(&mail.text).value;
        let mut replies = vec![Reply::Working, Reply::Text { text }];
        if form != Form::Text {
            // A text as the gateway writes it, and a picture that is none.
            let kind = if form == Form::Pictures && !opened { "png" } else { "txt" };
            let octets = if opened { b"opened".to_vec() } else { format!("{kind} of {id}").into_bytes() };
            replies.push(Reply::File(Box::new(Shown {
                name: SafeName::clean(&format!("見積書.{kind}")).expect("a name").value,
                kind: line(kind),
                size: octets.len() as u64,
                sha256: Sha256::of(&octets),
            })));
            let pieces = octets.chunks(4).map(|piece| Reply::Octets { data: STANDARD.encode(piece) });
            replies.extend(pieces);
        }
        replies.push(Reply::Done);
        replies
    }

    fn stats(&self) -> Stats {
        let count = |state| {
            let of_state: Vec<_> = self.mails.iter().filter(|mail| mail.item.state == state).collect();
            let mut labels: Vec<_> = of_state.iter().map(|mail| mail.item.label.clone()).collect();
            labels.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            labels.dedup();
            let tally = |label: SafeLine| {
                let same: Vec<_> = of_state.iter().filter(|mail| mail.item.label == label).collect();
                (label, same.len() as u64, same.iter().map(|mail| mail.item.arrived_ms).min())
            };
            labels.into_iter().map(tally).collect()
        };
        Stats {
            held: count(MailState::Held),
            kept: count(MailState::Kept),
            requests: vec![(RequestState::Pending, 1)],
            bytes: 3 << 20,
            shared_bytes: 1 << 20,
            room_bytes: 70 << 30,
            keys: vec![(line("2026-11-24"), 3, true)],
        }
    }
}

/// What a request takes; nothing for those who only look.
fn role_for(request: &Request) -> Option<Role> {
    match request {
        Request::Preview { .. }
        | Request::Release { .. }
        | Request::Delete { .. }
        | Request::LegalHold { .. }
        | Request::RequestOriginal { .. } => Some(Role::Reviewer),
        Request::DecideOriginal { .. } => Some(Role::Approver),
        Request::Audit { .. } => Some(Role::Auditor),
        Request::Retry { .. } | Request::RotateKeys { .. } | Request::DeliverOriginals => Some(Role::Operator),
        Request::Status
        | Request::List { .. }
        | Request::Show { .. }
        | Request::Whoami
        | Request::Find { .. }
        | Request::Count { .. }
        | Request::Stats
        | Request::Keys
        | Request::Original { .. }
        | Request::Digest { .. } => None,
    }
}

/// A safe line of a test's own text.
pub(crate) fn line(text: &str) -> SafeLine {
    SafeLine::clean(text).value
}

/// The clock.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
