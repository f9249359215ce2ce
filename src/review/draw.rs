//! The screen as a picture of the state. It changes nothing.

mod dialog;
mod help;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::cells::{cell, plain};
use super::state::{Job, State, View};
use super::{detail, filter};
use crate::mails::{clock, sender};
use crate::screen::{Tone, fit, size};

/// Columns: mark, moment, sender, why, size, attachments.
const MARK: usize = 2;
const MOMENT: usize = 11;
const SENDER: usize = 20;
const WHY: usize = 14;
const SIZE: usize = 7;
const FILES: usize = 2;

/// Draws the whole screen.
pub(super) fn draw(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    let layout = super::layout::Layout::of((area.width, area.height));
    let pen = Pen { colour: state.colour };
    let buffer = frame.buffer_mut();
    if layout.is_too_small {
        let text = state.t("画面が小さすぎます（60×18以上）", "the terminal is too small (60x18)");
        pen.text(buffer, area, 0, Tone::Warn, text);
        return;
    }
    title(state, &pen, buffer, area);
    match state.view {
        View::List => {
            list(state, &pen, buffer, layout.list, layout.rows);
            if let Some(side) = layout.side {
                let beside = side.x > 0;
                border(&pen, buffer, side, beside);
                let inner = if beside { side } else { Rect { y: side.y + 1, height: side.height - 1, ..side } };
                details(state, &pen, buffer, inner, 0);
            }
        }
        View::Detail => {
            head(state, &pen, buffer, layout.body);
            let body = Rect { y: layout.body.y + 1, height: layout.body.height - 1, ..layout.body };
            details(state, &pen, buffer, body, state.scroll);
        }
        View::Preview => preview(state, &pen, buffer, layout.body),
    }
    message(state, &pen, buffer, area);
    help::line(state, &pen, buffer, area);
    if state.help {
        help::page(state, &pen, buffer, layout.body);
    } else if let Some(form) = &state.form {
        let cursor = dialog::draw(state, form, &pen, buffer, layout.body);
        if let Some(at) = cursor {
            frame.set_cursor_position(at);
        }
    } else if let Some(notice) = &state.notice {
        dialog::notice(state, notice, &pen, buffer, layout.body);
    }
}

/// Colours that mean something, or none.
struct Pen {
    colour: bool,
}

impl Pen {
    fn style(&self, tone: Tone) -> Style {
        let style = Style::new();
        let coloured = |colour| if self.colour { style.fg(colour) } else { style };
        match tone {
            Tone::Good => coloured(Color::Green),
            Tone::Warn => coloured(Color::Yellow),
            Tone::Bad => coloured(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Dim if self.colour => style.add_modifier(Modifier::DIM),
            Tone::Head => style.add_modifier(Modifier::BOLD),
            Tone::Dim | Tone::Plain => style,
        }
    }

    /// One line of `area`, filled to its end.
    fn text(&self, buffer: &mut Buffer, area: Rect, line: u16, tone: Tone, text: &str) {
        self.styled(buffer, area, line, self.style(tone), text);
    }

    fn styled(&self, buffer: &mut Buffer, area: Rect, line: u16, style: Style, text: &str) {
        if line < area.height {
            let text = cell(text, usize::from(area.width));
            buffer.set_stringn(area.x, area.y + line, text, usize::from(area.width), style);
        }
    }
}

/// What is listed, how much, and who looks.
fn title(state: &State, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let count = match state.list.count {
        Some((count, more)) => {
            let more = if more { "+" } else { "" };
            state.t(format!("{count}{more}通"), format!("{count}{more} {}", if count == 1 { "mail" } else { "mails" }))
        }
        None => String::new(),
    };
    let marks = match state.marks.len() {
        0 => String::new(),
        marks => state.t(format!("  印 {marks}"), format!("  {marks} marked")),
    };
    let filter = if state.filter_text.is_empty() { state.t("すべて", "all") } else { &state.filter_text };
    let who = state.who.as_ref().map_or("", |(name, _)| name.as_str());
    let left = format!(" {}  {count}{marks}  / {filter}", state.t("関所 確認", "Sekisho review"));
    let right = format!("{who} ");
    let width = usize::from(area.width);
    let room = width.saturating_sub(right.width());
    let text = format!("{}{right}", cell(&left, room));
    pen.styled(buffer, area, 0, Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD), &text);
}

fn list(state: &State, pen: &Pen, buffer: &mut Buffer, area: Rect, rows: usize) {
    let width = usize::from(area.width);
    let subject = width.saturating_sub(MARK + MOMENT + SENDER + WHY + SIZE + FILES + 5);
    let columns = [
        (state.t("受信", "received"), MOMENT),
        (state.t("差出人", "from"), SENDER),
        (state.t("件名", "subject"), subject),
        (state.t("理由・状態", "why"), WHY),
        (state.t("大きさ", "size"), SIZE),
    ];
    let names: Vec<_> = columns.iter().map(|(name, width)| cell(name, *width)).collect();
    let files = state.t("添", "at");
    pen.text(buffer, area, 0, Tone::Dim, &format!("{}{} {files}", " ".repeat(MARK), names.join(" ")));
    if state.list.rows.is_empty() {
        let loading = state.flying.values().any(|job| matches!(job, Job::List { .. }));
        let text = match loading {
            true => state.t("読み込み中…", "loading…"),
            false => state.t("該当するメールはありません。", "No mail."),
        };
        pen.text(buffer, area, 2, Tone::Plain, &format!("  {text}"));
    }
    for (line, item) in (1..).zip(state.list.rows.iter().skip(state.list.top).take(rows)) {
        let marked = state.marks.contains(&item.id);
        let is_at = state.selected().is_some_and(|at| at.id == item.id);
        let label = detail::label(item.label.as_str(), item.state, &state.screen);
        let octets = size(item.size);
        let cells = [
            cell(&moment(item.arrived_ms), MOMENT),
            cell(&sender(item), SENDER),
            cell(item.subject.as_ref().map_or("", |subject| subject.as_str()), subject),
            cell(label, WHY),
            format!("{}{octets}", " ".repeat(SIZE.saturating_sub(octets.width()))),
        ];
        let files = state.attached.get(&item.id).map_or_else(String::new, |count| count.min(&99).to_string());
        let lead = format!("{}{}", if is_at { '>' } else { ' ' }, if marked { '*' } else { ' ' });
        let text = format!("{lead}{} {files:>FILES$}", cells.join(" "));
        let style = pen.style(if marked { Tone::Head } else { Tone::Plain });
        let style = if is_at { style.add_modifier(Modifier::REVERSED) } else { style };
        pen.styled(buffer, area, line, style, &text);
    }
}

/// Day and time, without the year: the details have it.
fn moment(ms: u64) -> String {
    clock(ms).get(5..16).unwrap_or_default().to_owned()
}

fn border(pen: &Pen, buffer: &mut Buffer, side: Rect, beside: bool) {
    let style = pen.style(Tone::Dim);
    if beside {
        for y in side.y..side.y + side.height {
            buffer.set_stringn(side.x - 1, y, "│", 1, style);
        }
    } else {
        buffer.set_stringn(side.x, side.y, "─".repeat(usize::from(side.width)), usize::from(side.width), style);
    }
}

fn details(state: &State, pen: &Pen, buffer: &mut Buffer, area: Rect, scroll: usize) {
    let Some(known) = state.known() else {
        if state.selected().is_some() {
            pen.text(buffer, area, 0, Tone::Dim, state.t("読み込み中…", "loading…"));
        }
        return;
    };
    let lines = detail::lines(known, &state.screen, usize::from(area.width));
    for (at, (tone, text)) in (0..area.height).zip(lines.iter().skip(scroll)) {
        pen.text(buffer, area, at, *tone, text);
    }
    let hidden = lines.len().saturating_sub(usize::from(area.height));
    if state.view == View::List && hidden > 0 {
        let text =
            state.t(format!(" ▼ 残り {} 行（Enter）", hidden + 1), format!(" ▼ {} more lines (Enter)", hidden + 1));
        pen.text(buffer, area, area.height - 1, Tone::Dim, &text);
    }
}

/// The heading of a screen about one mail.
fn head(state: &State, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let (at, count) = (state.list.at + 1, state.list.rows.len());
    let text = state.t(format!("─ 内容 {at}/{count} "), format!("─ details {at}/{count} "));
    pen.text(buffer, area, 0, Tone::Dim, &ruled(&text, area));
}

fn preview(state: &State, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let Some(preview) = &state.preview else { return };
    let subject = state.selected().filter(|item| item.id == preview.id).and_then(|item| item.subject.as_ref());
    let subject = plain(subject.map_or("", |subject| subject.as_str()));
    let subject = fit(&subject, usize::from(area.width / 2));
    let text = state.t(format!("─ 無害化した本文: {subject} "), format!("─ the text, made safe: {subject} "));
    pen.text(buffer, area, 0, Tone::Dim, &ruled(&text, area));
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let lines = preview.lines(&state.screen, usize::from(area.width));
    for (at, (tone, text)) in (0..body.height).zip(lines.iter().skip(state.scroll)) {
        pen.text(buffer, body, at, *tone, text);
    }
}

fn ruled(text: &str, area: Rect) -> String {
    format!("{text}{}", "─".repeat(usize::from(area.width).saturating_sub(text.width())))
}

/// What was done last, what is waited for, or that nobody answers.
fn message(state: &State, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let line = area.height - 2;
    let waits = state.front.and_then(|ticket| state.flying.get(&ticket));
    let (tone, text) = match (waits, &state.told) {
        (Some(job), _) => (Tone::Warn, working(state, job)),
        (None, Some((tone, text))) if !state.is_down => (*tone, text.clone()),
        (None, _) if state.is_down => (
            Tone::Bad,
            state
                .t(
                    "インターネット側のプログラムに接続できません。R で再接続。",
                    "The Internet side cannot be asked. R: try again.",
                )
                .to_owned(),
        ),
        (None, _) if state.filter_text == filter::FIRST => (Tone::Dim, String::new()),
        (None, _) => (Tone::Dim, state.t("Tab: 次の一覧", "Tab: next list").to_owned()),
    };
    pen.text(buffer, area, line, tone, &format!(" {text}"));
}

fn working(state: &State, job: &Job) -> String {
    let what = match job {
        Job::Preview { .. } | Job::Save { .. } => {
            state.t("隔離された環境で読んでいます…", "a sandboxed worker reads it…")
        }
        Job::Decide(plan) if plan.total > 1 => {
            let at = plan.total - plan.left.len();
            let total = plan.total;
            return state.t(
                format!("処理中 {at}/{total}…（Esc: 残りをやめる）"),
                format!("working {at}/{total}… (Esc: stop the rest)"),
            );
        }
        Job::Decide(_) | Job::Whoami | Job::List { .. } | Job::Count | Job::MarkAll { .. } | Job::Show(_) => {
            state.t("処理中…", "working…")
        }
    };
    format!("{what}{}", state.t("（Esc: 待つのをやめる）", " (Esc: do not wait)"))
}
