//! The differences to an older run.

use std::path::Path;
use std::{fs, io};

use super::figures::{Run, SCHEMA};
use super::table::{self, Rows};
use super::words::Language;

/// Why an older run cannot be compared with.
#[derive(Debug)]
pub enum CompareError {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// It is not a run: what is wrong with it.
    NoRun(String),
}

/// Reads an older run.
///
/// # Errors
/// If the file cannot be read or is not one of `sekisho bench --json`.
pub fn read(path: &Path) -> Result<Run, CompareError> {
    let octets = fs::read(path).map_err(CompareError::Unreadable)?;
    let run: Run = serde_json::from_slice(&octets).map_err(|err| CompareError::NoRun(err.to_string()))?;
    if run.schema == SCHEMA { Ok(run) } else { Err(CompareError::NoRun(format!("schema {}", run.schema))) }
}

/// Old, new, and the change of each figure of the server under test.
pub fn rows(old: &Run, new: &Run, language: Language) -> Rows {
    let of = |run: &Run| {
        let first = table::middle(&run.results).into_iter().next();
        first.map(|figures| table::metrics(&figures, language)).unwrap_or_default()
    };
    let columns = [(language.pick("前回", "old"), of(old)), (language.pick("今回", "new"), of(new))];
    table::rows(&columns, Some((language.pick("差", "change"), table::change)))
}

/// What makes the two hard to compare.
pub fn differences(old: &Run, new: &Run, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    let mut differs = |ja: &str, en: &str, old: &str, new: &str| {
        if old != new {
            lines.push(language.pick(
                format!("注意: {ja}が違います (前回 {old}、今回 {new})。"),
                format!("note: {en} differs (old {old}, new {new})"),
            ));
        }
    };
    let rate = |run: &Run| run.rate.map_or("-".to_owned(), |rate| rate.to_string());
    differs("送信元", "the source of mails", &old.source, &new.source);
    differs("マシン", "the machine", &old.machine, &new.machine);
    differs("ビルド", "the build", &old.build, &new.build);
    differs("接続数", "the number of connections", &old.connections.to_string(), &new.connections.to_string());
    differs("送信の速さ", "the rate", &rate(old), &rate(new));
    lines
}
