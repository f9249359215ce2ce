//! A mail that was read, whatever its format was, and its look as text.

use std::collections::BTreeSet;

use sekisho_safe_message::{Language, Removal};

use crate::body::join;
use crate::language::has_japanese;
use crate::record::date::in_japan;
use crate::record::rows::Rows;
use crate::record::say;

/// The year 9999 ends (RFC 3339): beyond it no date is shown.
const LAST: i64 = 253_402_300_799;

/// A mail.
#[derive(Debug, Default)]
pub(super) struct Letter {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) cc: String,
    pub(super) subject: String,
    /// Seconds since 1970.
    pub(super) date: Option<i64>,
    /// Of an appointment: begin, end, place.
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) place: String,
    /// Its text, decoded, without markup.
    pub(super) text: String,
    /// What is attached, in order.
    pub(super) parts: Vec<Part>,
    /// What was not taken over.
    pub(super) removed: BTreeSet<Removal>,
    /// It could not be read; nothing but this is known of it.
    pub(super) unread: bool,
}

/// What is attached to a mail.
#[derive(Debug)]
pub(super) enum Part {
    /// A file.
    File { name: String, declared: String, octets: Vec<u8> },
    /// A mail.
    Letter(Letter),
}

impl Letter {
    /// The mail under its heading, those inside it below its text. What is
    /// said of one that is left out is said in the language `around` it. Depth
    /// is bounded by the budget under which it was read.
    pub(super) fn to_text(&self, around: Language) -> String {
        let language = self.language();
        if self.unread {
            return say(
                around,
                "（安全に読み取れないメールが1通あったため、載せていません）\n",
                "(One mail could not be read safely and is left out.)\n",
            )
            .to_owned();
        }
        let mut out = String::new();
        let headed = self.heading(language, &mut out);
        join(&mut out, &self.text);
        for part in &self.parts {
            if let Part::Letter(letter) = part {
                join(&mut out, &letter.to_text(language));
            }
        }
        if headed {
            out.push_str(say(language, "【添付されたメール ここまで】\n", "[End of the mail inside]\n"));
        }
        out
    }

    /// Writes the heading, if there is anything to say.
    fn heading(&self, language: Language, out: &mut String) -> bool {
        let title = say(language, "【添付されたメール】", "[Mail inside]");
        let mut rows = Rows::new(language, title.to_owned());
        rows.row("差出人", "From", &self.from);
        rows.row("宛先", "To", &self.to);
        rows.row("写し", "Cc", &self.cc);
        rows.row("件名", "Subject", &self.subject);
        for (ja, en, moment) in [("日時", "Date", self.date), ("開始", "Start", self.start), ("終了", "End", self.end)]
        {
            let moment = moment.filter(|moment| (0..=LAST).contains(moment));
            rows.row(ja, en, &moment.map(|moment| in_japan(moment, language)).unwrap_or_default());
        }
        rows.row("場所", "Place", &self.place);
        let headed = !rows.is_empty();
        if headed {
            rows.write(out);
        }
        headed
    }

    /// The language of its heading: Japanese if anything in it is.
    pub(super) fn language(&self) -> Language {
        let texts = [&self.subject, &self.text, &self.from, &self.to, &self.place];
        if texts.iter().any(|text| has_japanese(text)) { Language::Ja } else { Language::En }
    }

    /// Moves the files out, those of mails inside included.
    pub(super) fn into_files(self, files: &mut Vec<(String, String, Vec<u8>)>, removed: &mut BTreeSet<Removal>) {
        removed.extend(self.removed);
        for part in self.parts {
            match part {
                Part::File { name, declared, octets } => files.push((name, declared.to_ascii_lowercase(), octets)),
                Part::Letter(letter) => letter.into_files(files, removed),
            }
        }
    }
}
