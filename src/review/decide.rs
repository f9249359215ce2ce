//! From a dialog to what is asked of the program. Nothing is asked without a
//! reason, and nothing grave without a word or a number typed in full.

use std::collections::VecDeque;

use sekisho_channel::admin::{Kept, OriginalForm, Release, Request, RequestState};
use sekisho_job::{Action, Report};
use sekisho_policy::{Group, Kind};
use sekisho_safe_message::{Address, Language, MailId, ProfileName, SafeLine, Secret};

use super::field::Field;
use super::form::{Button, Form, Input, Name, Purpose};
use crate::lang::pick;

/// The built-in profiles, as `--profile` names them.
const PROFILES: [&str; 3] = ["rebuild-or-hold", "pixels", "text-only"];

/// What is asked of each mail, in turn.
pub(super) enum Order {
    Release { how: Box<Release>, dry_run: bool },
    Delete,
    Request { to: Vec<Address>, form: OriginalForm },
    Decide { number: Option<u32>, approve: bool },
    LegalHold(bool),
}

/// One decision about one mail or many.
pub(super) struct Plan {
    pub(super) order: Order,
    pub(super) reason: SafeLine,
    /// Mails that have not been asked for yet.
    pub(super) left: VecDeque<MailId>,
    /// The one that is.
    pub(super) current: MailId,
    pub(super) total: usize,
    pub(super) done: usize,
    /// Whether the current one has been answered.
    pub(super) answered: bool,
}

impl Plan {
    /// The request for the next mail; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Request> {
        let id = self.left.pop_front()?;
        (self.current, self.answered) = (id, false);
        let reason = self.reason.clone();
        Some(match &self.order {
            Order::Release { how, dry_run } => Request::Release { id, how: (**how).clone(), reason, dry_run: *dry_run },
            Order::Delete => Request::Delete { id, reason, dry_run: false },
            Order::Request { to, form } => Request::RequestOriginal { id, to: to.clone(), form: *form, reason },
            Order::Decide { number, approve } => {
                Request::DecideOriginal { id, number: *number, approve: *approve, reason }
            }
            Order::LegalHold(on) => Request::LegalHold { id, on: *on, reason },
        })
    }

    /// Whether it only says what would happen.
    pub(super) fn is_dry(&self) -> bool {
        matches!(self.order, Order::Release { dry_run: true, .. })
    }
}

/// The dialog of a release, filled in from what is known of the mail.
pub(super) fn release(count: usize, report: Option<&Report>, language: Language) -> Form {
    let ways = pick(
        language,
        ["現在のポリシーのまま", "種類を指定して一段階緩める", "別のポリシーで"],
        ["under the policy in force", "relax kinds by one step", "under another profile"],
    );
    let kinds = report.map(kept_out).unwrap_or_default();
    let mut rows = vec![
        (Name::Way, choice(&ways)),
        (Name::Kinds, Input::Text(Field::new(&kinds.join(" ")))),
        (Name::Profile, choice(&PROFILES)),
        (Name::Doubts, Input::Switch(false)),
        (Name::Password, Input::Text(Field::secret())),
    ];
    rows.extend(why(count));
    Form::new(Purpose::Release, rows, vec![Button::Cancel, Button::Try, Button::Do])
}

/// Kinds of the parts that did not cross, each once.
fn kept_out(report: &Report) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for part in &report.parts {
        let out = matches!(part.action, Action::Strip | Action::Quarantine | Action::Hold);
        if let Some(kind) = part.kind_detected.filter(|_| out)
            && !kinds.contains(&kind.code())
        {
            kinds.push(kind.code());
        }
    }
    kinds
}

/// The dialog of a deletion: of one mail by a word, of many by their number.
pub(super) fn delete(count: usize) -> Form {
    let mut rows = why(count);
    if count == 1 {
        rows.push((Name::Word, Input::Text(Field::default())));
    }
    Form::new(Purpose::Delete, rows, vec![Button::Cancel, Button::Do])
}

/// The dialog that asks for the original.
pub(super) fn request(to: &[Address], language: Language) -> Form {
    let forms = pick(language, ["そのまま", "暗号化zip"], ["as it came", "encrypted zip"]);
    let to: Vec<_> = to.iter().map(ToString::to_string).collect();
    let mut rows = vec![(Name::To, Input::Text(Field::new(&to.join(" ")))), (Name::Form, choice(&forms))];
    rows.extend(why(1));
    Form::new(Purpose::Request, rows, vec![Button::Cancel, Button::Do])
}

/// The dialog that decides about a request; `None` when none waits.
pub(super) fn decide(approve: bool, kept: &Kept) -> Option<Form> {
    let pending = kept.requests.iter().filter(|request| request.state == RequestState::Pending);
    let numbers: Vec<_> = pending.map(|request| request.number.to_string()).collect();
    if numbers.is_empty() {
        return None;
    }
    let mut rows = vec![(Name::Number, Input::Choice { options: numbers, at: 0 })];
    rows.extend(why(1));
    Some(Form::new(Purpose::Decide { approve }, rows, vec![Button::Cancel, Button::Do]))
}

pub(super) fn legal_hold(on: bool) -> Form {
    Form::new(Purpose::LegalHold { on }, why(1), vec![Button::Cancel, Button::Do])
}

/// The dialog that writes a preview's files.
pub(super) fn save(language: Language) -> Form {
    let looks = pick(
        language,
        ["現在のポリシーで作り直したファイル", "ページの画像"],
        ["files as the policy would make them", "pictures of their pages"],
    );
    let rows = vec![
        (Name::Look, choice(&looks)),
        (Name::Folder, Input::Text(Field::default())),
        (Name::Password, Input::Text(Field::secret())),
    ];
    Form::new(Purpose::Save, rows, vec![Button::Cancel, Button::Do])
}

pub(super) fn password() -> Form {
    Form::new(Purpose::Password, vec![(Name::Password, Input::Text(Field::secret()))], Vec::new())
}

pub(super) fn filter(text: &str) -> Form {
    Form::new(Purpose::Filter, vec![(Name::Filter, Input::Text(Field::new(text)))], Vec::new())
}

/// The reason, and for many mails their number.
fn why(count: usize) -> Vec<(Name, Input)> {
    let mut rows = vec![(Name::Reason, Input::Text(Field::default()))];
    if count > 1 {
        rows.push((Name::Count, Input::Text(Field::default())));
    }
    rows
}

fn choice(options: &[&str]) -> Input {
    Input::Choice { options: options.iter().map(|&option| option.to_owned()).collect(), at: 0 }
}

/// The plan that a filled-in dialog makes, or which line is wrong and why.
pub(super) fn plan(
    form: &Form,
    targets: &[MailId],
    dry_run: bool,
    language: Language,
) -> Result<Plan, (Name, &'static str)> {
    let order = match form.purpose {
        Purpose::Release => Order::Release { how: Box::new(how(form, language)?), dry_run },
        Purpose::Delete => Order::Delete,
        Purpose::Request => Order::Request { to: addresses(form, language)?, form: original_form(form) },
        Purpose::Decide { approve } => Order::Decide { number: number(form), approve },
        Purpose::LegalHold { on } => Order::LegalHold(on),
        Purpose::Filter | Purpose::Save | Purpose::Password => {
            return Err((Name::Reason, pick(language, "ここでは決定できません。", "nothing is decided here")));
        }
    };
    let reason = SafeLine::clean(&form.text(Name::Reason)).value;
    if reason.is_empty() {
        return Err((
            Name::Reason,
            pick(language, "理由を書いてください（記録に残ります）。", "say why: it goes on record"),
        ));
    }
    if !dry_run {
        confirmed(form, targets.len(), language)?;
    }
    let Some(current) = targets.first().copied() else {
        return Err((Name::Reason, pick(language, "メールが選ばれていません。", "no mail is chosen")));
    };
    let left = targets.iter().copied().collect();
    Ok(Plan { order, reason, left, current, total: targets.len(), done: 0, answered: false })
}

/// The word or the number that a grave decision takes.
fn confirmed(form: &Form, count: usize, language: Language) -> Result<(), (Name, &'static str)> {
    if count > 1 && plain_digits(&form.text(Name::Count)) != count.to_string() {
        return Err((Name::Count, pick(language, "通数が違います。", "that is not the number of mails")));
    }
    if form.purpose == Purpose::Delete && count == 1 && !matches!(form.text(Name::Word).trim(), "delete" | "削除") {
        return Err((Name::Word, pick(language, "「削除」と入力してください。", "type the word: delete")));
    }
    Ok(())
}

/// Digits as a Japanese keyboard may type them, too.
fn plain_digits(text: &str) -> String {
    let half = |c: char| match c {
        '０'..='９' => char::from_digit((c as u32).saturating_sub('０' as u32), 10).unwrap_or(c),
        c => c,
    };
    text.trim().chars().map(half).collect()
}

fn how(form: &Form, language: Language) -> Result<Release, (Name, &'static str)> {
    let mut how = Release { doubts: form.is_on(Name::Doubts), secret: secret(form, language)?, ..Release::default() };
    match form.choice(Name::Way) {
        1 => {
            let kinds = form.text(Name::Kinds);
            let kinds = kinds.split([' ', '　', ',', '、']).filter(|kind| !kind.is_empty());
            how.relax = kinds.map(|kind| SafeLine::clean(kind).value).collect();
            let unknown =
                |kind: &SafeLine| Kind::from_code(kind.as_str()).is_none() && Group::from_code(kind.as_str()).is_none();
            if how.relax.is_empty() || how.relax.iter().any(unknown) {
                let why =
                    pick(language, "種類の符号（pdf、xlsx など）を書いてください。", "codes of kinds: pdf, xlsx, ...");
                return Err((Name::Kinds, why));
            }
        }
        2 => how.profile = PROFILES.get(form.choice(Name::Profile)).and_then(|name| ProfileName::parse(name).ok()),
        _ => {}
    }
    Ok(how)
}

/// The password that was typed, if one was.
pub(super) fn secret(form: &Form, language: Language) -> Result<Option<Secret>, (Name, &'static str)> {
    let text = form.text(Name::Password);
    if text.is_empty() {
        return Ok(None);
    }
    let why = pick(language, "パスワードは128オクテットまでです。", "a password has at most 128 octets");
    Secret::new(text).map(Some).ok_or((Name::Password, why))
}

fn addresses(form: &Form, language: Language) -> Result<Vec<Address>, (Name, &'static str)> {
    let text = form.text(Name::To);
    let words = text.split([' ', '　', ',', '、']).filter(|word| !word.is_empty());
    let to: Result<Vec<Address>, _> = words.map(str::parse).collect();
    let wrong = pick(language, "宛先のアドレスを書いてください。", "addresses of recipients of the mail");
    to.ok().filter(|to| !to.is_empty()).ok_or((Name::To, wrong))
}

fn original_form(form: &Form) -> OriginalForm {
    if form.choice(Name::Form) == 1 { OriginalForm::Zip } else { OriginalForm::Plain }
}

/// The number of the request that is decided about.
fn number(form: &Form) -> Option<u32> {
    form.rows.iter().find_map(|(name, input)| match (name, input) {
        (Name::Number, Input::Choice { options, at }) => options.get(*at)?.parse().ok(),
        _ => None,
    })
}
