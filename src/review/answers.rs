//! What the program's answers make of the state.

use sekisho_channel::admin::{OriginalRequest, Reply, RequestState};
use sekisho_job::{Action, Report};
use sekisho_safe_message::{MailId, SafeLine};
use serde_json::Value;

use super::State;
use super::decide::{Order, Plan};
use super::state::{Job, Known, MOST, Preview, View};
use crate::answers::No;
use crate::mails::words;
use crate::screen::{Tone, fit};

impl State {
    /// One reply, for the job that asked.
    pub(super) fn take(&mut self, job: &mut Job, reply: Reply) {
        if let Some(no) = No::of(&reply) {
            return self.refused(job, &no);
        }
        match (job, reply) {
            (Job::Whoami, Reply::Caller { name, roles, .. }) => self.who = Some((name, roles)),
            (Job::List { fresh, .. }, Reply::Item(item)) => fresh.push(*item),
            (Job::List { append, fresh }, Reply::Page { next }) => {
                self.list.next = next;
                self.fill(*append, std::mem::take(fresh));
            }
            (Job::Count, Reply::Count { count, more }) => self.list.count = Some((count, more)),
            (Job::MarkAll { found }, Reply::Item(item)) => found.push(item.id),
            (Job::MarkAll { found }, Reply::Page { .. }) => {
                self.marks.extend(found.drain(..));
                let count = self.marks.len();
                let text = self.t(format!("{count} 通に印を付けました。"), format!("{count} mails are marked."));
                self.tell(Tone::Plain, text);
            }
            (Job::Show(_), Reply::Detail { item, record, kept }) => {
                let report = record.as_ref().and_then(report_in);
                self.learn(Known { item: *item, report, kept: kept.map(|kept| *kept) });
            }
            (Job::Preview { text, .. }, Reply::Text { text: made }) => *text = Some(made.as_str().to_owned()),
            (Job::Preview { files, .. }, Reply::File(shown)) => files.push(*shown),
            (Job::Decide(plan), reply) => self.decided(plan, reply),
            // Anything else carries nothing that is shown here.
            _ => {}
        }
    }

    fn fill(&mut self, append: bool, fresh: Vec<sekisho_channel::admin::Item>) {
        if append {
            self.list.rows.extend(fresh);
        } else {
            // The cursor stays on its mail, wherever that is now.
            let id = self.selected().map(|item| item.id);
            self.list.rows = fresh;
            if let Some(at) = self.list.rows.iter().position(|item| Some(item.id) == id) {
                self.list.at = at;
            }
        }
        if self.list.rows.len() >= MOST {
            let text = self.t("これより先は、/ で絞り込んでください。", "To see more, narrow the list by /.");
            self.tell(Tone::Warn, text);
        }
    }

    /// Everything about one mail, and its row with it.
    fn learn(&mut self, known: Known) {
        if let Some(report) = &known.report {
            let files = report.parts.iter().filter(|part| is_file(part.action));
            self.attached.insert(known.item.id, files.count());
        }
        if let Some(row) = self.list.rows.iter_mut().find(|row| row.id == known.item.id) {
            *row = known.item.clone();
        }
        if self.selected().is_some_and(|item| item.id == known.item.id) {
            self.detail = Some(known);
        }
    }

    fn refused(&mut self, job: &mut Job, no: &No) {
        let what = match job {
            Job::Decide(plan) => {
                plan.answered = true;
                plan.current.to_string()
            }
            Job::Show(id) | Job::Preview { id, .. } => id.to_string(),
            Job::Save { failed, .. } => {
                *failed = true;
                String::new()
            }
            Job::Whoami | Job::List { .. } | Job::Count | Job::MarkAll { .. } => String::new(),
        };
        if let Job::Show(id) = job {
            self.unknown(*id);
        }
        let sentence = no.sentence(&what, &self.screen);
        self.tell(Tone::Bad, sentence.trim_start_matches(": ").to_owned());
    }

    /// Nothing more than its row is known of a mail.
    fn unknown(&mut self, id: MailId) {
        let row = self.selected().filter(|item| item.id == id);
        let known = row.map(|item| Known { item: item.clone(), report: None, kept: None });
        self.detail = known.or(self.detail.take());
    }

    /// What came of a decision about one mail.
    fn decided(&mut self, plan: &mut Plan, reply: Reply) {
        let language = self.screen.language();
        let (tone, text) = match reply {
            Reply::Released { outcome, report } => self.released(plan, &outcome, report.as_ref()),
            Reply::Request(request) => (Tone::Good, self.about(&request)),
            Reply::Password { secret } => {
                self.notice = Some(vec![
                    self.t(
                        "原本は暗号化zipで届きます。パスワード:",
                        "The original goes out as an encrypted zip. Its password:",
                    )
                    .to_owned(),
                    secret.reveal().to_owned(),
                    self.t(
                        "メール以外の手段（電話など）で伝えてください。二度と表示されません。",
                        "Tell it by another way than mail, such as by telephone. It is never shown again.",
                    )
                    .to_owned(),
                ]);
                return;
            }
            Reply::Done => (Tone::Good, words::outcome(done_code(&plan.order), language).to_owned()),
            _ => return,
        };
        plan.answered = true;
        plan.done += usize::from(tone == Tone::Good);
        self.tell(tone, text);
    }

    fn released(&self, plan: &Plan, outcome: &SafeLine, report: Option<&Value>) -> (Tone, String) {
        let tone = match outcome.as_str() {
            "delivered" => Tone::Good,
            "partly" | "held" => Tone::Warn,
            _ => Tone::Bad,
        };
        let report = report.and_then(report_in);
        let word = words::outcome(outcome.as_str(), self.screen.language()).to_owned();
        if !plan.is_dry() {
            let why = report.filter(|_| tone != Tone::Good).and_then(|report| report.hold_reason);
            let why = why.map_or("", |reason| reason.explain(self.screen.language()));
            return (tone, format!("{word} {why}").trim_end().to_owned());
        }
        let files = report.as_ref().map(outputs).unwrap_or_default();
        let would = match (outcome.as_str(), files.is_empty()) {
            ("delivered" | "partly", true) => {
                self.t("本文だけが届きます。".to_owned(), "the text alone would cross.".to_owned())
            }
            ("delivered" | "partly", false) => {
                let files = fit(&files.join(", "), 60);
                self.t(format!("本文と {files} が届きます。"), format!("the text and {files} would cross."))
            }
            _ => {
                let why = report.and_then(|report| report.hold_reason);
                why.map_or(word, |reason| reason.explain(self.screen.language()).to_owned())
            }
        };
        (tone, self.t(format!("試行: {would}"), format!("Tried: {would}")))
    }

    fn about(&self, request: &OriginalRequest) -> String {
        let (number, state) = (request.number, words::request(request.state, self.screen.language()));
        match request.state {
            RequestState::Pending => self.t(
                format!("原本を申請しました（#{number}）。別の承認者の承認を待ちます。"),
                format!("The original is asked for (#{number}); it waits for another person's approval."),
            ),
            RequestState::Approved | RequestState::Delivered | RequestState::Rejected | RequestState::Failed => {
                self.t(format!("原本の申請 #{number}: {state}"), format!("Request #{number}: {state}"))
            }
        }
    }

    /// The end of the answers to one request; not `reached` when the program
    /// could not be asked, or broke off.
    pub(super) fn ended(&mut self, ticket: u32, reached: bool) {
        let Some(job) = self.flying.remove(&ticket) else { return };
        if self.front == Some(ticket) {
            self.front = None;
        }
        if !reached {
            self.is_down = true;
        }
        match job {
            Job::Preview { id, text: Some(text), files } => {
                self.preview = Some(Preview { id, text, files });
                self.open(View::Preview);
            }
            Job::Decide(plan) => self.next_of(plan, reached),
            // Without an answer it is not asked for again and again.
            Job::Show(id) if reached && self.known().is_none() => self.unknown(id),
            Job::Save { written, failed: false } if reached => {
                let text =
                    self.t(format!("{written} 個のファイルを保存しました。"), format!("{written} file(s) written."));
                self.tell(Tone::Good, text);
            }
            Job::Whoami
            | Job::List { .. }
            | Job::Count
            | Job::MarkAll { .. }
            | Job::Show(_)
            | Job::Preview { .. }
            | Job::Save { .. } => {}
        }
    }

    /// Goes on with a plan, or sums it up. Marks stay on what was not done.
    fn next_of(&mut self, plan: Plan, reached: bool) {
        let current = plan.current;
        if !plan.answered {
            let text = self.t(
                format!("{current}: 応答がありません。結果は R で確かめてください。"),
                format!("{current}: no answer. See by R what came of it."),
            );
            self.tell(Tone::Bad, text);
        }
        if plan.is_dry() {
            return;
        }
        if plan.answered && self.told.as_ref().is_some_and(|(tone, _)| *tone == Tone::Good) {
            self.marks.remove(&current);
        }
        self.detail = None;
        if plan.total == 1 || plan.left.is_empty() || !reached {
            if plan.total == 1 {
                return self.look_again(current);
            }
            self.sum_up(&plan);
            return self.reload();
        }
        self.carry_out(plan);
    }

    fn sum_up(&mut self, plan: &Plan) {
        let (done, total) = (plan.done, plan.total);
        let tone = if done == total { Tone::Good } else { Tone::Warn };
        let last = self.told.take().filter(|(tone, _)| *tone != Tone::Good).map(|(_, text)| text).unwrap_or_default();
        let text = self.t(
            format!("{total} 通のうち {done} 通を処理しました。{last}"),
            format!("{done} of {total} mails done. {last}"),
        );
        self.tell(tone, text);
    }

    /// Has the row that was decided about shown as it is now.
    fn look_again(&mut self, current: MailId) {
        self.ask(Job::Show(current), sekisho_channel::admin::Request::Show { id: current });
        let count = sekisho_channel::admin::Request::Count { filter: self.filter.clone() };
        self.ask(Job::Count, count);
    }

    /// One file of a preview was written, or why not.
    pub(super) fn saved(&mut self, ticket: u32, result: Result<String, String>) {
        if let Some(Job::Save { written, failed }) = self.flying.get_mut(&ticket) {
            match result {
                Ok(_) => *written += 1,
                Err(why) => {
                    *failed = true;
                    self.tell(Tone::Bad, why);
                }
            }
        }
    }
}

/// The report in a record, or a report itself.
fn report_in(value: &Value) -> Option<Report> {
    let report = value.get("report").unwrap_or(value);
    serde_json::from_value(report.clone()).ok()
}

fn outputs(report: &Report) -> Vec<String> {
    report.parts.iter().filter_map(|part| part.output.as_ref()).map(|output| output.name.to_string()).collect()
}

/// Whether a part is what a person calls an attachment.
fn is_file(action: Action) -> bool {
    match action {
        Action::Body | Action::Twin | Action::Unused | Action::Open => false,
        Action::Strip
        | Action::Quarantine
        | Action::Hold
        | Action::Rebuild
        | Action::Flatten
        | Action::Extract
        | Action::Shown => true,
    }
}

fn done_code(order: &Order) -> &'static str {
    match order {
        Order::Delete => "deleted",
        Order::Release { .. } | Order::Request { .. } | Order::Decide { .. } | Order::LegalHold(_) => "done",
    }
}
