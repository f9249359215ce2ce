//! Dialogs: a box over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::super::cells::{cell, plain, wrap};
use super::super::detail::Line;
use super::super::form::{Button, Form, Input, Name, Purpose};
use super::super::state::State;
use super::Pen;
use crate::screen::Tone;

/// Columns of a dialog, and of the names in it.
const WIDTH: u16 = 76;
const NAMES: usize = 16;

/// Draws `form`; where the cursor stands, if something can be typed.
pub(super) fn draw(state: &State, form: &Form, pen: &Pen, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let width = usize::from(WIDTH.min(area.width)).saturating_sub(4);
    let intro: Vec<_> = introduction(state, form).iter().flat_map(|text| wrap(text, width)).collect();
    let mut lines: Vec<Line> = intro.into_iter().map(|line| (Tone::Plain, line)).collect();
    let begin = lines.len();
    for (name, input) in &form.rows {
        let tone = if form.is_live(*name) { Tone::Plain } else { Tone::Dim };
        let text = row(state, input, form.is_live(*name), width - NAMES);
        lines.push((tone, format!("{}{text}", cell(label(state, *name), NAMES))));
    }
    if !form.buttons.is_empty() {
        lines.push((Tone::Plain, String::new()));
        lines.push((Tone::Plain, String::new()));
    }
    let inner = boxed(pen, buffer, area, title(state, form), &lines);
    buttons(state, form, pen, buffer, inner);
    focus(form, begin, buffer, inner, width - NAMES)
}

/// A box with lines in it; the area inside.
pub(super) fn boxed(pen: &Pen, buffer: &mut Buffer, area: Rect, title: &str, lines: &[Line]) -> Rect {
    let width = WIDTH.min(area.width);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let place = Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
    let columns = usize::from(width) - 2;
    // A wide character that the box would cut in half goes as a whole.
    for y in place.y..place.y + place.height {
        if let Some(cell) = place.x.checked_sub(1).and_then(|x| buffer.cell_mut((x, y)))
            && cell.symbol().width() > 1
        {
            cell.set_symbol(" ");
        }
    }
    let top = format!(" {title} ");
    let top = format!("┌{top}{}┐", "─".repeat(columns.saturating_sub(top.width())));
    pen.text(buffer, place, 0, Tone::Head, &top);
    for line in 1..height - 1 {
        pen.text(buffer, place, line, Tone::Plain, &format!("│{}│", " ".repeat(columns)));
    }
    pen.text(buffer, place, height - 1, Tone::Plain, &format!("└{}┘", "─".repeat(columns)));
    let inner = Rect::new(place.x + 2, place.y + 1, width - 4, height - 2);
    for (at, (tone, text)) in (0..inner.height).zip(lines) {
        pen.text(buffer, inner, at, *tone, text);
    }
    inner
}

/// Lines that stay until a key closes them.
pub(super) fn notice(state: &State, lines: &[String], pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let width = usize::from(WIDTH.min(area.width)).saturating_sub(4);
    let lines = lines.iter().flat_map(|line| wrap(line, width)).map(|line| (Tone::Head, line));
    boxed(pen, buffer, area, state.t("お知らせ", "Note"), &lines.collect::<Vec<_>>());
}

fn row(state: &State, input: &Input, live: bool, width: usize) -> String {
    match input {
        Input::Text(field) => {
            let (shown, before) = field.shown();
            let text = window(&plain(&shown), plain(&before).width(), width.saturating_sub(3)).0;
            if live { format!("[{}]", cell(&text, width - 2)) } else { format!(" {text}") }
        }
        Input::Choice { options, at } => {
            let many = options.len() > 1;
            let option = options.get(*at).map_or("", String::as_str);
            if many { format!("< {option} >") } else { option.to_owned() }
        }
        Input::Switch(on) => {
            let word = if *on { state.t("はい", "yes") } else { state.t("いいえ", "no") };
            format!("< {word} >")
        }
    }
}

/// What of a long line is in sight, and where the cursor stands in it.
fn window(text: &str, cursor: usize, width: usize) -> (String, usize) {
    let mut skip = cursor.saturating_sub(width);
    let mut hidden = 0;
    let rest = text.trim_start_matches(|c: char| {
        let goes = skip > 0;
        let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if goes {
            skip = skip.saturating_sub(wide);
            hidden += wide;
        }
        goes
    });
    (rest.to_owned(), cursor.saturating_sub(hidden))
}

fn focus(form: &Form, begin: usize, buffer: &mut Buffer, inner: Rect, width: usize) -> Option<Position> {
    let (_, input) = form.rows.get(form.focus)?;
    let line = inner.y + u16::try_from(begin + form.focus).unwrap_or(u16::MAX).min(inner.height.saturating_sub(1));
    let left = inner.x + u16::try_from(NAMES).unwrap_or(0);
    match input {
        Input::Text(field) => {
            let (shown, before) = field.shown();
            let (_, at) = window(&plain(&shown), plain(&before).width(), width.saturating_sub(3));
            Some(Position::new(left + 1 + u16::try_from(at).unwrap_or(0), line))
        }
        Input::Choice { .. } | Input::Switch(_) => {
            let room = Rect::new(left, line, inner.width.saturating_sub(left - inner.x), 1);
            buffer.set_style(room, Modifier::REVERSED);
            None
        }
    }
}

fn buttons(state: &State, form: &Form, pen: &Pen, buffer: &mut Buffer, inner: Rect) {
    let mut x = inner.x;
    for button in &form.buttons {
        let text = format!("[ {} ]", word(state, form, *button));
        let tone = if *button == Button::Do { Tone::Bad } else { Tone::Plain };
        let style = pen.style(tone);
        let style = if form.button() == Some(*button) { style.add_modifier(Modifier::REVERSED) } else { style };
        let line = inner.y + inner.height.saturating_sub(1);
        buffer.set_stringn(x, line, &text, usize::from((inner.x + inner.width).saturating_sub(x)), style);
        x += u16::try_from(text.width()).unwrap_or(0) + 2;
    }
}

fn word(state: &State, form: &Form, button: Button) -> &'static str {
    match (button, form.purpose) {
        (Button::Cancel, _) => state.t("やめる", "Cancel"),
        (Button::Try, _) => state.t("試すだけ", "Only try"),
        (Button::Do, Purpose::Delete) => state.t("削除を実行", "Do it: delete"),
        (Button::Do, Purpose::Release) => state.t("解放を実行", "Do it: release"),
        (Button::Do, Purpose::Decide { approve: true }) => state.t("承認を実行", "Do it: approve"),
        (Button::Do, Purpose::Decide { approve: false }) => state.t("却下を実行", "Do it: reject"),
        (Button::Do, Purpose::Request) => state.t("申請を実行", "Do it: ask"),
        (Button::Do, Purpose::LegalHold { .. } | Purpose::Save | Purpose::Filter | Purpose::Password) => {
            state.t("実行", "Do it")
        }
    }
}

fn title(state: &State, form: &Form) -> &'static str {
    match form.purpose {
        Purpose::Filter => state.t("絞り込み", "Filter"),
        Purpose::Release => state.t("解放（無害化し直して届ける）", "Release: sanitize again, and deliver"),
        Purpose::Delete => state.t("原本の削除", "Delete the original"),
        Purpose::Request => state.t("原本の申請", "Ask for the original"),
        Purpose::Decide { approve: true } => state.t("原本の申請を承認", "Approve a request for the original"),
        Purpose::Decide { approve: false } => state.t("原本の申請を却下", "Reject a request for the original"),
        Purpose::LegalHold { on: true } => state.t("法的保全を付ける", "Put under a legal hold"),
        Purpose::LegalHold { on: false } => state.t("法的保全を解除", "Lift the legal hold"),
        Purpose::Save => state.t("ファイルの保存", "Save files"),
        Purpose::Password => state.t("パスワードを入れて開く", "Open with a password"),
    }
}

/// What will happen, to what.
fn introduction(state: &State, form: &Form) -> Vec<String> {
    let count = state.targets.len();
    let which = match count {
        1 => {
            let known = state.selected().filter(|item| state.targets.first() == Some(&item.id));
            let subject = known.and_then(|item| item.subject.as_ref()).map(|subject| plain(subject.as_str()));
            let id = state.targets.first().map(ToString::to_string);
            let subject = subject.or(id).unwrap_or_default();
            state.t(format!("対象: {subject}"), format!("Mail: {subject}"))
        }
        count => state.t(format!("対象: 印を付けた {count} 通"), format!("The {count} marked mails")),
    };
    let what = match form.purpose {
        Purpose::Filter | Purpose::Password => return Vec::new(),
        Purpose::Release => state.t(
            "もう一度無害化し、できたものだけをLGWAN側へ届けます。",
            "It is sanitized once more; only what comes of that goes to the LGWAN side.",
        ),
        Purpose::Delete => state.t("元に戻せません。記録は残ります。", "This cannot be undone. The record stays."),
        Purpose::Request => state.t(
            "承認されると、原本が宛先のインターネット側のメールボックスに届きます。",
            "Once approved, the original goes to the recipients' Internet-side mailboxes.",
        ),
        Purpose::Decide { approve: true } => state.t(
            "原本がインターネット側のメールボックスに届きます。無害化されていません。",
            "The original, not sanitized, goes to the Internet-side mailbox.",
        ),
        Purpose::Decide { approve: false } => state.t("原本は届きません。", "The original is not delivered."),
        Purpose::LegalHold { on: true } => state
            .t("保存期間が過ぎても消えず、削除もできなくなります。", "Neither its retention nor a person removes it."),
        Purpose::LegalHold { on: false } => {
            state.t("保存期間が過ぎると消え、削除もできるようになります。", "Its retention counts again.")
        }
        Purpose::Save => state.t(
            "隔離された環境で作り直したファイルを保存します。上書きはしません。",
            "Writes files that a sandboxed worker made; none is overwritten.",
        ),
    };
    vec![which, what.to_owned()]
}

fn label(state: &State, name: Name) -> &'static str {
    let more = state.targets.len();
    match name {
        Name::Filter => state.t("条件", "words"),
        Name::Way => state.t("方法", "how"),
        Name::Kinds => state.t("緩める種類", "kinds"),
        Name::Profile => state.t("ポリシー", "profile"),
        Name::Doubts => state.t("曖昧さを容認", "accept doubts"),
        Name::Password => state.t("パスワード", "password"),
        Name::To => state.t("宛先", "to"),
        Name::Form => state.t("形式", "form"),
        Name::Number => state.t("申請番号", "request"),
        Name::Look => state.t("何を", "what"),
        Name::Folder => state.t("フォルダー", "folder"),
        Name::Reason => state.t("理由（必須）", "reason (needed)"),
        Name::Word => state.t("「削除」と入力", "type: delete"),
        Name::Count if more > 1 => state.t("通数を入力", "how many mails"),
        Name::Count => state.t("通数", "mails"),
    }
}
