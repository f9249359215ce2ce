//! Everything that is printed: language, colour, tables that align.

use std::io::{self, IsTerminal, Write};

use sekisho_safe_message::Language;
use sekisho_settings::SettingsErrors;
use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::exit::Exit;
use crate::lang::pick;

/// What a colour means, everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Somebody should look.
    Warn,
    /// Somebody must act.
    Bad,
    /// Beside the point.
    Dim,
    /// A heading.
    Head,
    /// Nothing special.
    Plain,
}

/// Where output goes and how it looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    language: Language,
    json: bool,
    colour: bool,
}

impl Screen {
    /// The screen of this process: colour only on a terminal and without
    /// `NO_COLOR` (no-color.org).
    pub(crate) fn new(language: Language, json: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { language, json, colour: io::stdout().is_terminal() && !unwanted && !json }
    }

    /// The language it speaks.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// Whether a script reads it.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One of two wordings.
    pub(crate) fn t<T>(&self, ja: T, en: T) -> T {
        pick(self.language, ja, en)
    }

    /// `text` in a colour that means `tone`, where colour is wanted.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "1;31",
            Tone::Dim => "2",
            Tone::Head => "1",
            Tone::Plain => return text.to_owned(),
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// One line for a person. A reader that went away (`| head`) is no error.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        let _ = writeln!(io::stdout().lock(), "{}", text.as_ref());
    }

    /// One line for a person about trouble, beside the output.
    pub(crate) fn error(&self, text: impl AsRef<str>) {
        let _ = writeln!(io::stderr().lock(), "sekisho: {}", text.as_ref());
    }

    /// One JSON object on a line of its own.
    pub(crate) fn object(&self, value: &impl Serialize) {
        let mut out = io::stdout().lock();
        // Our own types always encode; a reader that went away is no error.
        let _ = serde_json::to_writer(&mut out, value);
        let _ = out.write_all(b"\n");
    }

    /// Says what is wrong with a configuration.
    pub(crate) fn bad_configuration(&self, errors: &SettingsErrors) -> Exit {
        if self.json {
            let problems: Vec<String> = errors.0.iter().map(|err| err.localized(self.language)).collect();
            self.object(&serde_json::json!({ "schema": "sekisho.config-errors/1", "errors": problems }));
        }
        let _ = writeln!(io::stderr().lock(), "{}", errors.localized(self.language));
        Exit::Config
    }

    /// A table; the last column is not padded.
    pub(crate) fn table(&self, head: &[&str], rows: &[Vec<(Tone, String)>]) {
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column)).map(|(_, text)| text.width());
                cells.chain([head[column].width()]).max().unwrap_or(0)
            })
            .collect();
        let print = |cells: Vec<(Tone, &str)>| {
            let last = cells.len().saturating_sub(1);
            let line: Vec<String> = cells
                .iter()
                .enumerate()
                .map(|(at, (tone, text))| {
                    let pad = if at == last { 0 } else { widths[at].saturating_sub(text.width()) };
                    format!("{}{}", self.paint(*tone, text), " ".repeat(pad))
                })
                .collect();
            self.line(line.join("  ").trim_end());
        };
        if head.iter().any(|text| !text.is_empty()) {
            print(head.iter().map(|text| (Tone::Dim, *text)).collect());
        }
        for row in rows {
            print(row.iter().map(|(tone, text)| (*tone, text.as_str())).collect());
        }
    }
}

/// `text` cut to `width` columns, with an ellipsis where something is missing.
pub(crate) fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// Octets for a person, as the notice in a mail writes them.
pub(crate) use sekisho_inner::render::octets as size;

/// A span of time for a person: its largest two units.
pub(crate) fn span(ms: u64, language: Language) -> String {
    let seconds = ms / 1000;
    let (d, h, m, s) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match (language, d, h, m) {
        (Language::Ja, 0, 0, 0) => format!("{s}秒"),
        (Language::Ja, 0, 0, _) => format!("{m}分{s}秒"),
        (Language::Ja, 0, _, _) => format!("{h}時間{m}分"),
        (Language::Ja, _, _, _) => format!("{d}日{h}時間"),
        (Language::En, 0, 0, 0) => format!("{s}s"),
        (Language::En, 0, 0, _) => format!("{m}m {s}s"),
        (Language::En, 0, _, _) => format!("{h}h {m}m"),
        (Language::En, _, _, _) => format!("{d}d {h}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fits_by_columns_not_by_characters() {
        assert_eq!(fit("会議資料の送付について", 10), "会議資料…");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
    }

    #[test]
    fn sizes_and_spans() {
        assert_eq!([size(0), size(1_536), size(256 << 20)], ["0 B", "1.5 KB", "256 MB"]);
        assert_eq!(span(3_661_000, Language::Ja), "1時間1分");
        assert_eq!(span(90_061_000, Language::En), "1d 1h");
    }
}
