//! The record as a table for spreadsheets (RFC 4180): one row an entry.
//!
//! No cell begins with a character that makes a formula of it. What a cell
//! cannot hold in full (the parts of a mail) stands there in codes; the octets
//! that the hash covers stand in the export as JSON alone.

use std::fmt::Write;

use sekisho_safe_message::{MailId, Timestamp};

use crate::{Act, Checkpoint, Code, Entry, Hash, Mail, Part, Pruned, Relay, SafeMail, Share, Start, head, hex};

/// The columns.
pub const HEADER: [&str; 20] = [
    "side",
    "number",
    "time",
    "kind",
    "id",
    "result",
    "reason",
    "who",
    "uid",
    "login_uid",
    "what",
    "why",
    "profile",
    "source_sha256",
    "frame_sha256",
    "output_sha256",
    "size",
    "parts",
    "details",
    "hash",
];

/// The first line, with its CRLF.
#[must_use]
pub fn header() -> String {
    line(HEADER.map(str::to_owned))
}

/// The line of one entry, with its CRLF. An entry that is not of our writing
/// has its number, its hash and `unknown`.
#[must_use]
pub fn row(side: &str, number: u64, entry: &[u8], hash: &Hash) -> String {
    let mut cells = Cells {
        side: side.to_owned(),
        number: number.to_string(),
        hash: hex::write(hash),
        time: head(entry).map(|(_, at_ms)| time(at_ms)).unwrap_or_default(),
        ..Cells::default()
    };
    match Entry::decode(entry) {
        Ok(entry) => {
            entry.kind().code().clone_into(&mut cells.kind);
            match &entry {
                Entry::Mail(mail) => cells.mail(mail),
                Entry::SafeMail(mail) => cells.safe_mail(mail),
                Entry::Relay(relay) => cells.relay(relay),
                Entry::Act(act) => cells.act(act),
                Entry::Start(start) => cells.start(start),
                Entry::Checkpoint(checkpoint) => cells.checkpoint(checkpoint),
                Entry::Pruned(pruned) => cells.pruned(pruned),
            }
        }
        Err(_) => "unknown".clone_into(&mut cells.kind),
    }
    cells.line()
}

/// One row, by column.
#[derive(Default)]
struct Cells {
    side: String,
    number: String,
    time: String,
    kind: String,
    id: String,
    result: String,
    reason: String,
    who: String,
    uid: String,
    login: String,
    what: String,
    why: String,
    profile: String,
    source: String,
    frame: String,
    output: String,
    size: String,
    parts: String,
    details: String,
    hash: String,
}

impl Cells {
    fn line(self) -> String {
        line([
            self.side,
            self.number,
            self.time,
            self.kind,
            self.id,
            self.result,
            self.reason,
            self.who,
            self.uid,
            self.login,
            self.what,
            self.why,
            self.profile,
            self.source,
            self.frame,
            self.output,
            self.size,
            self.parts,
            self.details,
            self.hash,
        ])
    }

    fn mail(&mut self, mail: &Mail) {
        self.id = mail.id.to_string();
        let outcome = match mail.outcome {
            crate::Outcome::Deliver => "deliver",
            crate::Outcome::Hold => "hold",
        };
        outcome.clone_into(&mut self.result);
        self.reason = text(mail.hold_reason.as_ref());
        self.profile = mail.profile.to_string();
        self.source = mail.source.sha256.to_string();
        self.size = mail.source.size.to_string();
        self.frame = joined(mail.shares.iter().filter_map(|share| share.frame));
        self.parts = parts(&mail.shares, mail.parts_left_out);
        let answers = mail.shares.iter().filter_map(|share| {
            let answer = share.answer.as_ref()?;
            Some(if share.id == mail.id { answer.to_string() } else { format!("{}={answer}", share.id) })
        });
        let answers: Vec<_> = answers.collect();
        self.details = facts([
            ("filters", joined(mail.filters.iter())),
            ("worker", mail.worker.to_string()),
            ("anomalies", joined(mail.anomalies.iter())),
            ("answer", answers.join(" ")),
        ]);
    }

    fn safe_mail(&mut self, mail: &SafeMail) {
        self.id = mail.id.as_ref().map(MailId::to_string).unwrap_or_default();
        self.result = mail.verdict.to_string();
        self.frame = mail.frame.map(|frame| frame.sha256.to_string()).unwrap_or_default();
        self.output = mail.output.map(|output| output.sha256.to_string()).unwrap_or_default();
        self.size = mail.output.map(|output| output.size.to_string()).unwrap_or_default();
    }

    fn relay(&mut self, relay: &Relay) {
        self.id = relay.id.to_string();
        self.result = relay.result.to_string();
        let replies = relay.replies.iter().map(|tally| format!("{}*{}", tally.code, tally.recipients));
        self.details = facts([
            ("attempts", relay.attempts.to_string()),
            ("delivered", relay.delivered.to_string()),
            ("waiting", relay.waiting.to_string()),
            ("refused", relay.refused.to_string()),
            ("expired", relay.expired.to_string()),
            ("replies", replies.collect::<Vec<_>>().join(", ")),
        ]);
    }

    fn act(&mut self, act: &Act) {
        self.id = act.id.as_ref().map(MailId::to_string).unwrap_or_default();
        self.result = act.result.to_string();
        self.who = act.who.to_string();
        self.uid = act.uid.map(|uid| uid.to_string()).unwrap_or_default();
        self.login = act.login.map(|uid| uid.to_string()).unwrap_or_default();
        self.what = act.what.to_string();
        self.why = act.why.to_string();
        self.details = act.details.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    }

    fn start(&mut self, start: &Start) {
        self.what = format!("{} {}", start.program, start.version);
        self.details = facts([("configuration", start.configuration.to_string()), ("key", start.key.to_string())]);
    }

    fn checkpoint(&mut self, one: &Checkpoint) {
        self.details =
            facts([("number", one.number.to_string()), ("hash", one.hash.to_string()), ("key", one.key.to_string())]);
    }

    fn pruned(&mut self, one: &Pruned) {
        self.details =
            facts([("up_to", one.up_to.to_string()), ("hash", one.hash.to_string()), ("key", one.key.to_string())]);
    }
}

fn parts(shares: &[Share], left_out: u64) -> String {
    let mut out: Vec<_> = shares.iter().flat_map(|share| &share.parts).map(part).collect();
    if left_out > 0 {
        out.push(format!("+{left_out}"));
    }
    out.join("; ")
}

/// `2 pdf rebuild (rule office) -javascript -embedded`.
fn part(part: &Part) -> String {
    let mut out = part.path.to_string();
    for word in [part.kind.as_ref(), Some(&part.action), part.reason.as_ref()].into_iter().flatten() {
        let _ = write!(out, " {word}");
    }
    if let Some(rule) = &part.rule {
        let _ = write!(out, " (rule {rule})");
    }
    for code in &part.removed {
        let _ = write!(out, " -{code}");
    }
    out
}

fn facts<const N: usize>(facts: [(&str, String); N]) -> String {
    let told = facts.into_iter().filter(|(_, value)| !value.is_empty());
    told.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

fn joined<T: ToString>(words: impl Iterator<Item = T>) -> String {
    words.map(|word| word.to_string()).collect::<Vec<_>>().join(" ")
}

fn text(code: Option<&Code>) -> String {
    code.map(Code::to_string).unwrap_or_default()
}

/// Japan Standard Time with milliseconds, as RFC 3339 writes it.
fn time(at_ms: u64) -> String {
    let stamp = Timestamp::from_unix_ms_jst(at_ms).rfc3339();
    let (clock, zone) = stamp.split_at_checked(19).unwrap_or((&stamp, ""));
    format!("{clock}.{:03}{zone}", at_ms % 1000)
}

fn line<const N: usize>(cells: [String; N]) -> String {
    let mut out = String::new();
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_cell(&cell, &mut out);
    }
    out.push_str("\r\n");
    out
}

/// RFC 4180 2: quotes around what needs them. An apostrophe before what some
/// spreadsheet would take for a formula.
fn write_cell(cell: &str, out: &mut String) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let quoted = cell.contains(['"', ',', '\r', '\n', ';', '\'']) || formula;
    if !quoted {
        out.push_str(cell);
        return;
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    for c in cell.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use std::collections::BTreeMap;

    use sekisho_safe_message::{SafeLine, Sha256};

    use super::*;

    #[test]
    fn cells_are_data() {
        for (cell, want) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("+81", "\"'+81\""),
            ("-1", "\"'-1\""),
            ("@SUM", "\"'@SUM\""),
            ("＝1", "\"'＝1\""),
            ("", ""),
        ] {
            let mut out = String::new();
            write_cell(cell, &mut out);
            assert_eq!(out, want);
        }
    }

    #[test]
    fn every_row_has_every_column() {
        assert_eq!(header().trim_end().split(',').count(), HEADER.len());
        let act = Entry::Act(Box::new(Act {
            at_ms: 1_795_478_399_007,
            who: SafeLine::parse("=cmd".to_owned()).unwrap(),
            uid: Some(1000),
            login: None,
            what: Code::new("release"),
            why: SafeLine::parse("市民から電話".to_owned()).unwrap(),
            id: Some(MailId::new(1, [1; 10])),
            result: Code::new("delivered"),
            details: BTreeMap::from([(Code::new("profile"), Code::new("pixels"))]),
        }));
        let row_of = row("outer", 7, &act.encode(), &[0; 32]);
        assert!(row_of.contains(",7,2026-11-24T") || row_of.contains(",7,2026-11-23T"), "{row_of}");
        assert!(row_of.contains(".007+09:00,act,") && row_of.contains("\"'=cmd\"") && row_of.contains("市民から電話"));
        assert!(row_of.contains("profile=pixels"));
        assert_eq!(row_of.trim_end().split(',').count(), HEADER.len());
        let unknown = row("inner", 1, b"{}", &[0; 32]);
        assert!(unknown.starts_with("inner,1,,unknown,"));
        assert_eq!(unknown.trim_end().split(',').count(), HEADER.len());
    }

    #[test]
    fn sha256_is_written_alike() {
        let hash = Sha256::of(b"x");
        assert_eq!(hash.to_string(), hex::write(hash.as_bytes()));
    }
}
