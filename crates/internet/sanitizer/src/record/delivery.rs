//! Delivery status (RFC 3464) as text: who got the mail, who did not, and why.

use sekisho_safe_message::Language;

use super::date;
use super::fields::{self, Field};
use super::rows::Rows;
use super::{say, status};
use crate::{charset, mime};

/// Most recipients that are shown; the rest is counted.
const MAX_RECIPIENTS: usize = 50;

/// The status as text; `None` if there is none.
pub(super) fn to_text(text: &str, language: Language) -> Option<String> {
    let groups = parted(unwrapped(fields::groups(text)));
    let (recipients, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| is_recipient(group));
    let general: Vec<Field> = others.into_iter().flatten().collect();
    let mut out = String::new();
    for recipient in recipients.iter().take(MAX_RECIPIENTS) {
        let heading = say(language, "【配送状況】", "[Delivery status]");
        let mut rows = Rows::new(language, heading.to_owned());
        about_recipient(&mut rows, recipient);
        if !rows.is_empty() {
            rows.write(&mut out);
        }
    }
    let rest = recipients.len().saturating_sub(MAX_RECIPIENTS);
    if rest > 0 {
        out.push_str(&match language {
            Language::Ja => format!("\n（ほかに{rest}件の宛先があります）\n"),
            Language::En => format!("\n({rest} more recipients)\n"),
        });
    }
    let mut rows = Rows::new(language, say(language, "【配送通知の情報】", "[About this report]").to_owned());
    about_mail(&mut rows, &general);
    if !rows.is_empty() {
        rows.write(&mut out);
    }
    (!out.is_empty()).then_some(out)
}

/// Some gateways wrap the recipients' fields in base64 and say so in a field
/// of the report itself. One wrapping is undone.
fn unwrapped(mut groups: Vec<Vec<Field>>) -> Vec<Vec<Field>> {
    let encodings = groups.iter().flat_map(|group| fields::all(group, "content-transfer-encoding"));
    if !encodings.take(1).any(|encoding| encoding.eq_ignore_ascii_case("base64")) {
        return groups;
    }
    let wrapped: Vec<&str> = groups.iter().flat_map(|group| fields::all(group, "")).collect();
    let octets = mime::decode_base64(wrapped.concat().as_bytes()).octets;
    let inner = fields::groups(&charset::decode(&octets, None).text);
    groups.iter_mut().for_each(|group| group.retain(|field| !field.name.is_empty()));
    groups.extend(inner);
    groups
}

fn is_recipient(group: &[Field]) -> bool {
    let names = ["final-recipient", "original-recipient", "action", "status", "diagnostic-code"];
    group.iter().any(|field| names.contains(&field.name.as_str()))
}

/// Parts groups that no empty line parts.
fn parted(groups: Vec<Vec<Field>>) -> Vec<Vec<Field>> {
    let mut parted: Vec<Vec<Field>> = Vec::new();
    for group in groups {
        let several = fields::all(&group, "final-recipient").take(2).count() > 1;
        let mut current = Seen::default();
        for field in group {
            if current.ends_before(&field, several) {
                parted.push(std::mem::take(&mut current).fields);
            }
            current.take(field);
        }
        parted.push(current.fields);
    }
    parted
}

/// What a group has so far.
#[derive(Default)]
struct Seen {
    fields: Vec<Field>,
    last: bool,
    original: bool,
    outcome: bool,
    server: bool,
}

impl Seen {
    /// A recipient's name begins a group if it comes again, behind the mail's
    /// own fields, or behind an outcome where there are several.
    fn ends_before(&self, field: &Field, several: bool) -> bool {
        let named = self.last || self.original;
        let behind = (several && named && self.outcome) || (!named && self.server);
        match field.name.as_str() {
            "final-recipient" => self.last || behind,
            "original-recipient" => self.original || behind,
            _ => false,
        }
    }

    fn take(&mut self, field: Field) {
        match field.name.as_str() {
            "final-recipient" => self.last = true,
            "original-recipient" => self.original = true,
            "action" | "status" => self.outcome = true,
            "reporting-mta" => self.server = true,
            _ => {}
        }
        self.fields.push(field);
    }
}

fn about_recipient(rows: &mut Rows, group: &[Field]) {
    let language = rows.language();
    let typed = |name| fields::first(group, name).map(fields::typed);
    let (last, original) = (typed("final-recipient"), typed("original-recipient"));
    if let Some(last) = last.as_ref().or(original.as_ref()) {
        rows.row("宛先", "Recipient", last);
    }
    if let Some(original) =
        original.filter(|original| last.as_ref().is_some_and(|last| !last.eq_ignore_ascii_case(original)))
    {
        rows.row("元の宛先", "Sent to", &original);
    }
    if let Some(action) = fields::first(group, "action") {
        rows.row("結果", "Result", action_words(action, language));
    }
    let diagnostic = fields::first(group, "diagnostic-code").and_then(status::within);
    // Many servers write 5.0.0 and leave the reason to the other server's reply.
    let vague = |code: &str| code.split(' ').next().is_some_and(|code| code.ends_with(".0.0"));
    let code = fields::first(group, "status").filter(|code| diagnostic.is_none() || !vague(code)).or(diagnostic);
    if let Some(code) = code {
        rows.row("理由", "Reason", &reason(code, language));
    }
    for diagnostic in fields::all(group, "diagnostic-code").take(5) {
        rows.row("応答内容", "Response", &fields::typed(diagnostic));
    }
    for (name, ja, en) in
        [("remote-mta", "相手サーバー", "Remote server"), ("reporting-mta", "報告サーバー", "Reported by")]
    {
        if let Some(server) = typed(name) {
            rows.row(ja, en, &server);
        }
    }
    for (name, ja, en) in
        [("last-attempt-date", "最終試行", "Last attempt"), ("will-retry-until", "再送期限", "Retried until")]
    {
        if let Some(value) = fields::first(group, name) {
            rows.row(ja, en, &date::of_field(value, language));
        }
    }
    free_text(rows, group);
}

fn about_mail(rows: &mut Rows, group: &[Field]) {
    let language = rows.language();
    for (name, ja, en) in [
        ("reporting-mta", "報告サーバー", "Reported by"),
        ("dsn-gateway", "変換サーバー", "Gateway"),
        ("received-from-mta", "送信サーバー", "Received from"),
        ("original-envelope-id", "送信番号", "Envelope id"),
    ] {
        if let Some(value) = fields::first(group, name) {
            rows.row(ja, en, &fields::typed(value));
        }
    }
    if let Some(value) = fields::first(group, "arrival-date") {
        rows.row("受付日時", "Accepted", &date::of_field(value, language));
    }
    free_text(rows, group);
}

/// Lines that are no fields: some servers write sentences there. ASCII without
/// a blank is none: it is encoded, or a boundary.
fn free_text(rows: &mut Rows, group: &[Field]) {
    let is_sentence = |line: &&str| !line.is_ascii() || line.contains(' ');
    let lines: Vec<&str> = fields::all(group, "").filter(is_sentence).collect();
    rows.block("記載事項", "Text", &lines.join("\n"));
}

/// RFC 3464 2.3.3; a comment may follow. What is none stays as written.
fn action_words(action: &str, language: Language) -> &str {
    let word = action.split([' ', '(', ';']).next().unwrap_or("").to_ascii_lowercase();
    match word.as_str() {
        "failed" | "failure" => say(language, "配送できませんでした", "not delivered"),
        "delayed" => say(language, "配送が遅れています（再送を続けています）", "delayed, still being tried"),
        "delivered" => say(language, "配送されました", "delivered"),
        "relayed" => {
            say(language, "中継されました（この先の結果は通知されません）", "relayed; no report on what follows")
        }
        "expanded" => say(language, "複数の宛先に展開されました", "expanded to several recipients"),
        _ => action,
    }
}

fn reason(code: &str, language: Language) -> String {
    match (status::words(code, language), language) {
        (None, Language::Ja | Language::En) => code.to_owned(),
        (Some(words), Language::Ja) => format!("{words}（{code}）"),
        (Some(words), Language::En) => format!("{words} ({code})"),
    }
}

#[cfg(test)]
mod tests;
