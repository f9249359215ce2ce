//! `sekisho disarm`: files in, files made anew out.
//!
//! A file goes through the gateway's own pipeline as the one attachment of a
//! mail that is made for it, so that worker, policy, limits and verification
//! are the same, and no second door exists.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ArgMatches;
use sekisho_job::{Anomaly, HoldReason, Part, Verdict};
use sekisho_safe_message::{Envelope, MailId, ProfileName, SafeMessage, Sha256, Timestamp};
use sekisho_settings::CommandSettings;
use serde::Serialize;

use crate::batch;
use crate::exit::Exit;
use crate::files::{self, Input};
use crate::offline::{self, Disarmed, Offline};
use crate::screen::{Screen, Tone};

/// Name and version of the report's schema.
const SCHEMA: &str = "sekisho.disarm/1";

/// What was asked for.
struct Order {
    inputs: Vec<Input>,
    out: PathBuf,
    report: Option<PathBuf>,
    now: Option<u64>,
    max: u64,
}

/// The report of one file.
#[derive(Debug, Serialize)]
struct Report<'r> {
    schema: &'static str,
    input: String,
    outputs: Vec<String>,
    outcome: Verdict,
    hold_reason: Option<HoldReason>,
    profile: &'r ProfileName,
    source: Source,
    parts: Vec<&'r Part>,
    anomalies: &'r [Anomaly],
    timings_us: u64,
}

/// The file that came in.
#[derive(Debug, Serialize)]
struct Source {
    sha256: Sha256,
    size: u64,
}

/// Counts of one run.
#[derive(Default)]
struct Tally {
    /// Files of which something was made.
    made: usize,
    /// Files that were kept out whole.
    kept_out: usize,
    /// Files that were made in part.
    partly: usize,
    failed: usize,
}

/// One file, taken through the pipeline.
struct Done {
    disarmed: Disarmed,
    source: Source,
}

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let inputs = match batch::inputs(matches, screen) {
        Ok(inputs) => inputs,
        Err(exit) => return exit,
    };
    let order = Order {
        inputs,
        out: matches.get_one::<PathBuf>("out").cloned().unwrap_or_default(),
        report: matches.get_one::<PathBuf>("report").cloned(),
        now: matches.get_one::<u64>("now").copied(),
        max: settings.max_message_size,
    };
    let Some(envelope) = envelope() else { return Exit::Failed };
    let profile = matches.get_one::<String>("profile").map(String::as_str);
    let policy = match offline::policy(profile, settings) {
        Ok(policy) => policy,
        Err(errors) => return screen.bad_configuration(&errors),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return batch::failed(screen, &err),
    };
    runtime.block_on(async {
        match Offline::start(settings, policy, envelope).await {
            Ok(offline) => work(offline, order, screen).await.unwrap_or_else(|err| batch::failed(screen, &err)),
            Err(err) => batch::failed(screen, &err),
        }
    })
}

fn envelope() -> Option<Envelope> {
    Envelope::new(None, vec!["postmaster@localhost".parse().ok()?])
}

async fn work(offline: Offline, order: Order, screen: &Screen) -> io::Result<Exit> {
    let mut reports = batch::reports(order.report.as_deref())?;
    let mut tally = Tally::default();
    let order = Arc::new(order);
    let each = {
        let (offline, order) = (offline.clone(), Arc::clone(&order));
        move |input: Input| {
            let (offline, order) = (offline.clone(), Arc::clone(&order));
            async move { one(&offline, &order, &input).await }
        }
    };
    let failed = batch::run(&order.inputs, offline.width(), screen, each, |done, input| {
        record(&done, input, &order, &mut reports, &mut tally, screen)
    })
    .await?;
    tally.failed = failed;
    if let Some(reports) = &mut reports {
        reports.flush()?;
    }
    Ok(conclude(&tally, order.report.as_deref() == Some(Path::new("-")), screen))
}

async fn one(offline: &Offline, order: &Order, input: &Input) -> io::Result<Done> {
    let octets = files::read(input, order.max)?;
    let (id, received) = batch::identity(None, order.now, &input.name);
    let mail = carrier(id, received, &base_name(input), &octets);
    let disarmed = offline.disarm(id, received, &mail).await.map_err(io::Error::other)?;
    let source = Source { sha256: Sha256::of(&octets), size: octets.len() as u64 };
    Ok(Done { disarmed, source })
}

/// The mail that carries the file called `name`.
pub(crate) fn carrier(id: MailId, date: Timestamp, name: &str, octets: &[u8]) -> Vec<u8> {
    // RFC 2231 4: attribute-char, everything else in hexadecimal.
    let name: String = name.bytes().fold(String::new(), |mut out, octet| {
        if octet.is_ascii_alphanumeric() || b"-_.".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
        out
    });
    let mut mail = format!(
        "From: <disarm@sekisho.invalid>\r\nDate: {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"={id}\"\r\n\r\n\
         --={id}\r\nContent-Type: application/octet-stream\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment;\r\n filename*=UTF-8''{name}\r\n\r\n",
        date.rfc5322()
    )
    .into_bytes();
    let mut line = String::with_capacity(80);
    for chunk in octets.chunks(57) {
        line.clear();
        STANDARD.encode_string(chunk, &mut line);
        mail.extend_from_slice(line.as_bytes());
        mail.extend_from_slice(b"\r\n");
    }
    mail.extend_from_slice(format!("\r\n--={id}--\r\n").as_bytes());
    mail
}

/// The name alone, without folders.
pub(crate) fn base_name(input: &Input) -> String {
    input.name.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Writes what was made, and the report.
fn record(
    done: &Done,
    input: &Input,
    order: &Order,
    reports: &mut Option<Box<dyn Write>>,
    tally: &mut Tally,
    screen: &Screen,
) -> io::Result<()> {
    let report = &done.disarmed.report;
    let made = done.disarmed.message.as_deref().map(outputs).unwrap_or_default();
    let mut written = Vec::new();
    for (suffix, octets) in &made {
        let name = place(&input.name, suffix, made.len());
        files::write(&order.out, &name, octets).map_err(|err| batch::named(&order.out.join(&name), err))?;
        written.push(name.to_string_lossy().into_owned());
    }
    let parts: Vec<_> = report.parts.iter().filter(|part| part.sha256.is_some()).collect();
    let lost = parts.iter().any(|part| part.reason.is_some());
    match (written.is_empty(), lost) {
        (true, _) => tally.kept_out += 1,
        (false, true) => tally.partly += 1,
        (false, false) => tally.made += 1,
    }
    if !screen.is_json() && order.report.as_deref() != Some(Path::new("-")) {
        say(&input.name, &written, &parts, report.hold_reason, screen);
    }
    let report = Report {
        schema: SCHEMA,
        input: input.name.to_string_lossy().into_owned(),
        outcome: if written.is_empty() { Verdict::Hold } else { Verdict::Deliver },
        outputs: written,
        hold_reason: report.hold_reason,
        profile: &report.profile,
        source: Source { sha256: done.source.sha256, size: done.source.size },
        parts,
        anomalies: &report.anomalies,
        timings_us: report.timings_us,
    };
    batch::emit(&report, reports, screen)
}

/// The files of the mail that came out, and the text of a mail that was a file.
fn outputs(message: &SafeMessage) -> Vec<(String, Vec<u8>)> {
    let text = message.text().as_str();
    let text = (!text.is_empty()).then(|| ("text.txt".to_owned(), text.replace('\n', "\r\n").into_bytes()));
    let attached = message.attachments().iter();
    let attached = attached.map(|one| (one.name().as_str().to_owned(), one.content().write().into_owned()));
    text.into_iter().chain(attached).collect()
}

/// Where an output goes: beside the input's name, with our ending if it has
/// another one; several go into a folder of the input's name.
fn place(input: &Path, output: &str, count: usize) -> PathBuf {
    if count > 1 {
        return input.join(output);
    }
    let ending = Path::new(output).extension().unwrap_or_default();
    if input.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending)) {
        return input.to_owned();
    }
    let mut name = input.to_owned().into_os_string();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// One line a file, and one for each thing that stays out.
fn say(input: &Path, written: &[String], parts: &[&Part], hold: Option<HoldReason>, screen: &Screen) {
    let language = screen.language();
    let name = input.display();
    let removed: Vec<_> = parts.iter().flat_map(|part| &part.removed).map(|code| code.name(language)).collect();
    let without = match removed.is_empty() {
        true => String::new(),
        false => screen.t(format!("（除去: {}）", removed.join("、")), format!(" (without: {})", removed.join(", "))),
    };
    match written {
        [] => {
            let why = hold.map_or("", |reason| reason.explain(language));
            screen.line(format!("{}  {name}  {why}", screen.paint(Tone::Warn, screen.t("不可    ", "kept out"))));
        }
        [one] => screen
            .line(format!("{}  {name} → {one}{without}", screen.paint(Tone::Good, screen.t("無害化  ", "disarmed")))),
        many => {
            let count = many.len();
            let files = screen.t(format!("{count}ファイル"), format!("{count} files"));
            screen.line(format!(
                "{}  {name} → {files}{without}",
                screen.paint(Tone::Good, screen.t("無害化  ", "disarmed"))
            ));
        }
    }
    for part in parts.iter().filter(|part| part.reason.is_some()) {
        let reason = part.reason.map_or("", |reason| reason.code());
        let kind = part.kind_detected.map_or("", |kind| kind.name(language));
        let rule = part.rule.as_ref().map_or("", |rule| rule.as_str());
        let what = part.name.as_ref().map_or("", |name| name.as_str());
        screen.line(format!("            {what}  {kind}  {reason}  {rule}"));
    }
}

fn conclude(tally: &Tally, quiet: bool, screen: &Screen) -> Exit {
    let Tally { made, kept_out, partly, failed } = *tally;
    if !screen.is_json() && !quiet {
        screen.line(screen.t(
            format!("無害化 {made}、一部のみ {partly}、不可 {kept_out}、失敗 {failed}"),
            format!("{made} disarmed, {partly} in part, {kept_out} kept out, {failed} failed"),
        ));
    }
    match (made, partly, kept_out, failed) {
        (_, _, _, 1..) => Exit::Failed,
        (_, 0, 0, 0) => Exit::Ok,
        (0, 0, _, 0) => Exit::Refused,
        (_, _, _, 0) => Exit::Partly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_have_places_that_name_their_input() {
        for (input, output, count, want) in [
            ("pdf/a.pdf", "a.pdf", 1, "pdf/a.pdf"),
            ("x/a.PDF", "a.pdf", 1, "x/a.PDF"),
            ("x/a.bmp", "a.png", 1, "x/a.bmp.png"),
            ("x/a", "a.txt", 1, "x/a.txt"),
            ("x/a.msg", "b.pdf", 2, "x/a.msg/b.pdf"),
        ] {
            assert_eq!(place(Path::new(input), output, count), Path::new(want), "{input}");
        }
    }
}
