//! The look of a record: a heading, labelled lines, indented blocks.

use sekisho_safe_message::Language;
use unicode_width::UnicodeWidthStr;

use super::say;

/// Longest value of one line, in characters: longer is a flood.
const MAX_VALUE: usize = 2_000;
/// Longest block, in characters; five times the longest that calendar programs take.
pub(crate) const MAX_BLOCK: usize = 100_000;

/// What ends a line in a reader's program or becomes a line's end when the
/// text is cleaned.
const LINE_ENDS: [char; 7] = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// One record.
#[derive(Debug)]
pub(crate) struct Rows {
    language: Language,
    heading: String,
    rows: Vec<Row>,
    blocks: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    label: &'static str,
    value: String,
}

impl Rows {
    pub(crate) fn new(language: Language, heading: String) -> Self {
        Self { language, heading, rows: Vec::new(), blocks: Vec::new() }
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// Whether nothing stands below the heading.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.blocks.is_empty()
    }

    /// A value under its label; the label of several in sequence stands once.
    pub(crate) fn row(&mut self, ja: &'static str, en: &'static str, value: &str) {
        let value = line(value, self.language);
        if !value.is_empty() {
            self.rows.push(Row { label: say(self.language, ja, en), value });
        }
    }

    /// Text of several lines; blocks stand below all rows.
    pub(crate) fn block(&mut self, ja: &'static str, en: &'static str, text: &str) {
        let value = cut(text.trim_matches(['\r', '\n', ' ', '\t', '\u{3000}']), MAX_BLOCK, self.language);
        if !value.is_empty() {
            self.blocks.push(Row { label: say(self.language, ja, en), value });
        }
    }

    /// Appends the record to `out`, an empty line before it unless it is the first.
    pub(crate) fn write(&self, out: &mut String) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&self.heading);
        out.push('\n');
        let columns = self.rows.iter().map(|row| row.label.width()).max().unwrap_or(0);
        let mut last = "";
        for row in &self.rows {
            self.label(out, if row.label == last { "" } else { row.label }, columns);
            out.push_str(&row.value);
            out.push('\n');
            last = row.label;
        }
        for block in &self.blocks {
            self.label(out, block.label, 0);
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            for line in block.value.replace("\r\n", "\n").split(LINE_ENDS) {
                out.push_str(say(self.language, "　", "  "));
                out.push_str(line);
                out.push('\n');
            }
        }
    }

    /// Ideographic spaces are as wide as the label's characters in every font;
    /// a label with an odd number of Latin letters needs one more narrow one.
    fn label(&self, out: &mut String, label: &str, columns: usize) {
        out.push_str(label);
        let missing = columns.saturating_sub(label.width());
        match self.language {
            Language::Ja => {
                out.push_str(if missing % 2 == 1 { " " } else { "" });
                out.extend(std::iter::repeat_n('　', missing / 2));
                out.push(if label.is_empty() { '　' } else { '：' });
            }
            Language::En => {
                out.push_str(if label.is_empty() { " " } else { ":" });
                out.extend(std::iter::repeat_n(' ', missing + 1));
            }
        }
    }
}

/// A value as one line.
fn line(value: &str, language: Language) -> String {
    let mut line = String::new();
    let words = value.split(|c| c == ' ' || c == '\t' || LINE_ENDS.contains(&c));
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * MAX_VALUE {
            break;
        }
    }
    cut(&line, MAX_VALUE, language)
}

fn cut(text: &str, max: usize, language: Language) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}{}", &text[..end], say(language, "…（以下省略）", "... (cut)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(language: Language) -> String {
        let mut rows = Rows::new(language, "【予定】".to_owned());
        rows.row("件名", "Subject", " 定例\r\n会議\u{2028}所属：総務課 ");
        rows.row("送信元IP", "Source IP", "192.0.2.1");
        rows.row("出席者", "Attendees", "a");
        rows.row("出席者", "Attendees", "b");
        rows.row("空", "Empty", " \n");
        rows.block("説明", "Description", "\n一\u{2028}場所：二\r\n");
        let mut out = String::new();
        rows.write(&mut out);
        out
    }

    #[test]
    fn labels_align_and_no_value_makes_a_line() {
        let ja = "【予定】\n件名　　：定例 会議 所属：総務課\n送信元IP：192.0.2.1\n出席者　：a\n　　　　　b\n説明：\n　一\n　場所：二\n";
        assert_eq!(sample(Language::Ja), ja);
        let en = "【予定】\nSubject:   定例 会議 所属：総務課\nSource IP: 192.0.2.1\nAttendees: a\n           b\nDescription:\n  一\n  場所：二\n";
        assert_eq!(sample(Language::En), en);
    }

    #[test]
    fn long_values_are_cut_at_a_character() {
        let long = "関".repeat(MAX_VALUE + 1);
        assert_eq!(line(&long, Language::Ja), format!("{}…（以下省略）", "関".repeat(MAX_VALUE)));
        assert_eq!(line(&"関".repeat(MAX_VALUE), Language::Ja), "関".repeat(MAX_VALUE));
    }
}
