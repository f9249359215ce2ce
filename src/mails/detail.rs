//! Everything known about one mail on one side, for a person or a script.

use sekisho_channel::admin::{Act, Item, Kept, MailState, OriginalForm, OriginalRequest};
use sekisho_inner::record::{Record, Standing};
use sekisho_job::{Anomaly, Report, Verdict};
use sekisho_safe_message::SafeLine;
use serde_json::Value;

use crate::ask::Side;
use crate::mails::{clock, parts, sender, state_tone, state_word, words};
use crate::screen::{Screen, Tone, size};

/// What a program says of one mail.
pub(crate) struct Detail<'a> {
    /// Which program.
    pub(crate) side: Side,
    /// The mail.
    pub(crate) item: &'a Item,
    /// The program's record.
    pub(crate) record: Option<&'a Value>,
    /// What the vault knows.
    pub(crate) kept: Option<&'a Kept>,
}

impl Detail<'_> {
    /// As one JSON object.
    pub(crate) fn object(&self, schema: &str) -> Value {
        let Self { side, item, record, kept } = self;
        let mut object = serde_json::json!({ "schema": schema, "side": side.name(), "item": item, "record": record });
        if let (Some(kept), Some(map)) = (kept, object.as_object_mut()) {
            map.insert("kept".to_owned(), serde_json::json!(kept));
        }
        object
    }

    /// The outer program's report, if it has read the mail.
    pub(crate) fn report(&self) -> Option<Report> {
        serde_json::from_value(self.record?.get("report")?.clone()).ok()
    }

    /// In words; with every hash if `long`.
    pub(crate) fn print(&self, long: bool, screen: &Screen) {
        let state = screen.paint(state_tone(self.item.state), state_word(self.item.state, screen));
        screen.line(format!("{}  {state}", screen.paint(Tone::Head, self.side.label(screen))));
        screen.table(&["", ""], &facts_of(self.item, screen));
        match (self.report(), self.record) {
            (Some(report), _) => reported(&report, long, screen),
            (None, Some(record)) => match serde_json::from_value::<Record>(record.clone()) {
                Ok(record) => relayed(&record, screen),
                Err(_) => facts(record, screen),
            },
            (None, None) => {}
        }
        if let Some(kept) = self.kept {
            vault(kept, screen);
        }
    }
}

fn facts_of(item: &Item, screen: &Screen) -> Vec<Vec<(Tone, String)>> {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![(Tone::Dim, format!("  {name}")), (Tone::Plain, value)]);
    row(screen.t("管理番号", "id"), item.id.to_string());
    row(screen.t("受信", "received"), clock(item.arrived_ms));
    row(screen.t("差出人", "from"), sender(item));
    row(screen.t("宛先", "to"), item.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    if let Some(subject) = &item.subject {
        row(screen.t("件名", "subject"), subject.to_string());
    }
    row(screen.t("大きさ", "size"), size(item.size));
    if !item.label.is_empty() {
        row(screen.t("符号", "code"), item.label.to_string());
    }
    if item.attempts > 0 {
        row(screen.t("試行", "attempts"), item.attempts.to_string());
    }
    if item.state == MailState::Waiting {
        row(screen.t("次回", "next"), clock(item.due_ms));
    }
    rows
}

/// A report in words.
fn reported(report: &Report, long: bool, screen: &Screen) {
    let language = screen.language();
    if let (Verdict::Hold, Some(reason)) = (report.outcome, report.hold_reason) {
        screen.line(format!(
            "  {} {}",
            screen.paint(Tone::Bad, screen.t("保留の理由:", "held because:")),
            reason.explain(language)
        ));
    }
    if let Some(results) = &report.authentication {
        let name = screen.t("送信元の確認:", "sender checks:");
        screen.line(format!("  {} {results}", screen.paint(Tone::Dim, name)));
    }
    for anomaly in &report.anomalies {
        screen.line(format!(
            "  {} {}  {}",
            screen.paint(Tone::Warn, "・"),
            Anomaly::explain(*anomaly, language),
            screen.paint(Tone::Dim, anomaly.code())
        ));
    }
    parts::print(&report.parts, long, screen);
    if report.outcome == Verdict::Deliver {
        screen.line(format!(
            "  {} {}",
            screen.paint(Tone::Dim, screen.t("読み手に届いたもの:", "what the reader got:")),
            received(report, screen)
        ));
    }
    screen.line(screen.paint(Tone::Dim, &format!("  SHA-256 {}", report.source.sha256)));
}

/// What crossed, and that the reader was told of the rest.
fn received(report: &Report, screen: &Screen) -> String {
    let files = report.parts.iter().filter_map(|part| part.output.as_ref()).map(|output| output.name.to_string());
    let all: Vec<_> = std::iter::once(screen.t("本文", "the text").to_owned()).chain(files).collect();
    let missing = report.parts.iter().filter(|part| part.reason.is_some()).count();
    let all = all.join(screen.t("、", ", "));
    match missing {
        0 => all,
        missing => screen.t(
            format!("{all}（届かない{missing}件は、本文の下の通知に記載）"),
            format!("{all} ({missing} kept out, named in the notice below the text)"),
        ),
    }
}

/// What the LGWAN side did with a mail, recipient by recipient.
fn relayed(record: &Record, screen: &Screen) {
    let rows: Vec<_> = record
        .recipients
        .iter()
        .map(|recipient| {
            let (tone, word) = standing(recipient.state, screen);
            let said = recipient.reply.as_ref().map(ToString::to_string);
            vec![
                (Tone::Plain, format!("  {}", recipient.address)),
                (tone, word.to_owned()),
                (Tone::Plain, said.or_else(|| recipient.trouble.clone()).unwrap_or_default()),
                (Tone::Dim, recipient.at.clone().unwrap_or_default()),
            ]
        })
        .collect();
    let head = [
        screen.t("  宛先", "  recipient"),
        screen.t("結果", "result"),
        screen.t("応答", "reply"),
        screen.t("時刻", "at"),
    ];
    screen.table(&head, &rows);
    screen.line(screen.paint(Tone::Dim, &format!("  SHA-256 {}", record.sha256)));
}

/// The word for how a recipient stands.
pub(crate) fn standing(state: Standing, screen: &Screen) -> (Tone, &'static str) {
    match state {
        Standing::Waiting => (Tone::Warn, screen.t("待機中", "waiting")),
        Standing::Delivered => (Tone::Good, screen.t("配送済み", "delivered")),
        Standing::Refused => (Tone::Bad, screen.t("拒否", "refused")),
        Standing::Expired => (Tone::Bad, screen.t("期限切れ", "expired")),
    }
}

/// Another record, key by key. Strings in it are the programs' own.
fn facts(record: &Value, screen: &Screen) {
    let Some(object) = record.as_object() else { return };
    let rows: Vec<_> = object
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            vec![(Tone::Dim, format!("  {key}")), (Tone::Plain, SafeLine::clean(&text).value.to_string())]
        })
        .collect();
    screen.table(&["", ""], &rows);
}

/// The original, and what people did about it.
fn vault(kept: &Kept, screen: &Screen) {
    screen.line(format!("  {}  {}", screen.paint(Tone::Dim, screen.t("原本", "original")), original(kept, screen)));
    if kept.legal_hold {
        let word = screen.t(
            "法的保全: 保存期間が過ぎても消えず、削除もできません。",
            "legal hold: neither its retention nor a person removes it.",
        );
        screen.line(format!("  {}", screen.paint(Tone::Warn, word)));
    }
    if !kept.acts.is_empty() {
        screen.line(format!("  {}", screen.paint(Tone::Dim, screen.t("経過", "what was done"))));
        screen.table(&[""; 5], &kept.acts.iter().map(|act| act_row(act, screen)).collect::<Vec<_>>());
    }
    for request in &kept.requests {
        screen.line(format!("  {}", request_line(request, screen)));
    }
}

fn original(kept: &Kept, screen: &Screen) -> String {
    if !kept.original {
        return screen.t("残っていません", "no longer there").to_owned();
    }
    let key = kept.key.as_ref().map(|key| screen.t(format!("鍵 {key}"), format!("key {key}")));
    let until = kept.expires_ms.map(|ms| screen.t(format!("{} まで", clock(ms)), format!("until {}", clock(ms))));
    let more: Vec<_> = key.into_iter().chain(until).collect();
    let there = screen.t("保存中", "kept");
    match more.is_empty() {
        true => there.to_owned(),
        false => screen.t(format!("{there}（{}）", more.join("、")), format!("{there} ({})", more.join(", "))),
    }
}

fn act_row(act: &Act, screen: &Screen) -> Vec<(Tone, String)> {
    let language = screen.language();
    vec![
        (Tone::Dim, format!("  {}", clock(act.at_ms))),
        (Tone::Plain, act.who.to_string()),
        (Tone::Plain, words::act(act.what.as_str(), language).to_owned()),
        (Tone::Plain, words::outcome(act.result.as_str(), language).to_owned()),
        (Tone::Plain, quoted(&act.why, screen)),
    ]
}

/// One request in a line: number, state, for whom, who asked and who decided.
pub(crate) fn request_line(request: &OriginalRequest, screen: &Screen) -> String {
    let state = screen.paint(Tone::Head, words::request(request.state, screen.language()));
    let to: Vec<_> = request.to.iter().map(ToString::to_string).collect();
    let form = match request.form {
        OriginalForm::Plain => screen.t("そのまま", "as it came"),
        OriginalForm::Zip => screen.t("暗号化zip", "encrypted zip"),
    };
    let asked = format!(
        "{} {} {} {}",
        screen.t("申請", "asked by"),
        request.asked.who,
        clock(request.asked.at_ms),
        quoted(&request.asked.why, screen)
    );
    let decided = request.decided.as_ref().map(|act| {
        format!("  {} {} {} {}", screen.t("決定", "decided by"), act.who, clock(act.at_ms), quoted(&act.why, screen))
    });
    let reply = request.reply.as_ref().map(|reply| format!("  {} {reply}", screen.t("応答", "reply")));
    format!(
        "{} #{} {state}  {}  {form}  {asked}{}{}",
        screen.t("原本の申請", "request"),
        request.number,
        to.join(", "),
        decided.unwrap_or_default(),
        reply.unwrap_or_default()
    )
}

fn quoted(text: &SafeLine, screen: &Screen) -> String {
    match text.is_empty() {
        true => String::new(),
        false => screen.t(format!("「{text}」"), format!("\"{text}\"")),
    }
}
