//! A calendar (RFC 5545) as text: one record for each entry.

use sekisho_safe_message::Language;

use super::contents;
use super::event;

/// The calendar as text; `None` if it holds neither event nor task.
pub(super) fn to_text(text: &str, language: Language) -> Option<String> {
    let contents = contents::read(text);
    let mut out = String::new();
    for entry in &contents.entries {
        let rows = event::rows(entry, &contents, language);
        if !rows.is_empty() {
            rows.write(&mut out);
        }
    }
    if contents.more > 0 {
        out.push_str(&match language {
            Language::Ja => format!("\n（ほかに{}件の予定があります）\n", contents.more),
            Language::En => format!("\n({} more entries)\n", contents.more),
        });
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests;
