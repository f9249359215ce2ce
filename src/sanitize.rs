//! `sekisho sanitize`: raw mails in, safe mails and reports out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ArgMatches;
use sekisho_job::{HoldReason, Report, offline_line_ends};
use sekisho_safe_message::{Address, Envelope, MailId, Sha256, Timestamp};
use sekisho_settings::CommandSettings;
use tokio::task::JoinSet;

use crate::exit::Exit;
use crate::files::{self, FilesError, Input};
use crate::offline::{Offline, Sanitized};
use crate::screen::{Screen, Tone};

/// What was asked for.
struct Order {
    inputs: Vec<Input>,
    out: Option<PathBuf>,
    report: Option<PathBuf>,
    id: Option<MailId>,
    now: Option<u64>,
    max: u64,
}

/// Counts of one run.
#[derive(Default)]
struct Tally {
    delivered: usize,
    held: BTreeMap<HoldReason, usize>,
    failed: usize,
}

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let given = matches.get_many::<PathBuf>("input").into_iter().flatten().cloned();
    let inputs = match files::collect(given) {
        Ok(inputs) => inputs,
        Err(FilesError::Unreadable(path, err)) => {
            screen.error(screen.t(
                format!("{} を読めません: {err}", path.display()),
                format!("{}: cannot be read: {err}", path.display()),
            ));
            return Exit::Failed;
        }
        Err(FilesError::Twice(name)) => {
            screen.error(screen.t(
                format!("{} が二つあります。別々の --out で実行してください。", name.display()),
                format!("{}: two inputs have this name; run them with an --out of their own", name.display()),
            ));
            return Exit::Usage;
        }
    };
    let order = Order {
        out: matches.get_one::<PathBuf>("out").cloned(),
        report: matches.get_one::<PathBuf>("report").cloned(),
        id: matches.get_one::<MailId>("id").copied(),
        now: matches.get_one::<u64>("now").copied(),
        max: settings.max_message_size,
        inputs,
    };
    if let Some(usage) = misuse(&order, screen) {
        screen.error(usage);
        return Exit::Usage;
    }
    let Some(envelope) = envelope(matches) else { return Exit::Usage };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return failed(screen, &err),
    };
    runtime.block_on(async {
        match Offline::start(settings, envelope).await {
            Ok(offline) => work(offline, order, screen).await.unwrap_or_else(|err| failed(screen, &err)),
            Err(err) => failed(screen, &err),
        }
    })
}

fn failed(screen: &Screen, err: &io::Error) -> Exit {
    screen.error(err.to_string());
    Exit::Failed
}

fn misuse(order: &Order, screen: &Screen) -> Option<&'static str> {
    if order.inputs.len() > 1 && order.out.is_none() {
        return Some(screen.t("複数のメールには --out DIR が要ります。", "several mails need --out DIR"));
    }
    if order.out.is_none() && order.report.as_deref() == Some(Path::new("-")) {
        return Some(screen.t("--report - には --out DIR が要ります。", "--report - needs --out DIR"));
    }
    if order.inputs.len() > 1 && order.id.is_some() {
        return Some(screen.t("--id は1通のときだけ使えます。", "--id is for one mail only"));
    }
    None
}

/// Offline there is no SMTP envelope: the null sender, and a recipient that
/// goes nowhere.
fn envelope(matches: &ArgMatches) -> Option<Envelope> {
    let mut to: Vec<Address> = matches.get_many::<Address>("to").into_iter().flatten().cloned().collect();
    if to.is_empty() {
        to.push("postmaster@localhost".parse().ok()?);
    }
    Envelope::new(matches.get_one::<Address>("from").cloned(), to)
}

async fn work(offline: Offline, order: Order, screen: &Screen) -> io::Result<Exit> {
    let mut reports: Option<Box<dyn Write>> = match &order.report {
        Some(path) if path == Path::new("-") => Some(Box::new(io::stdout())),
        Some(path) => Some(Box::new(BufWriter::new(File::create(path).map_err(|err| named(path, err))?))),
        None => None,
    };
    let mut tally = Tally::default();
    let mut running = JoinSet::new();
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    let total = order.inputs.len();
    for (at, input) in order.inputs.iter().cloned().enumerate() {
        if running.len() >= offline.width() * 2
            && let Some(done) = running.join_next().await
        {
            let (at, result) = done.map_err(io::Error::other)?;
            waiting.insert(at, result);
            settle(&mut waiting, &mut next, &order, &mut reports, &mut tally, screen)?;
            progress(next, total, screen);
        }
        let (offline, (id, received)) = (offline.clone(), identity(&order, &input)?);
        let max = order.max;
        running.spawn(async move { (at, one(&offline, &input, id, received, max).await) });
    }
    while let Some(done) = running.join_next().await {
        let (at, result) = done.map_err(io::Error::other)?;
        waiting.insert(at, result);
        settle(&mut waiting, &mut next, &order, &mut reports, &mut tally, screen)?;
        progress(next, total, screen);
    }
    if let Some(reports) = &mut reports {
        reports.flush()?;
    }
    let reports_go_to_stdout = order.report.as_deref() == Some(Path::new("-"));
    Ok(conclude(&tally, order.out.is_some() && !reports_go_to_stdout, screen))
}

async fn one(offline: &Offline, input: &Input, id: MailId, received: Timestamp, max: u64) -> io::Result<Sanitized> {
    let raw = files::read(input, max)?;
    offline.sanitize(id, received, &offline_line_ends(&raw)).await.map_err(io::Error::other)
}

/// The id and time of a mail. With `--now` both depend on nothing but the
/// arguments and the mail's name, so that the output can be compared.
fn identity(order: &Order, input: &Input) -> io::Result<(MailId, Timestamp)> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = match order.now {
        Some(seconds) => seconds.saturating_mul(1000),
        None => u64::try_from(clock.as_millis()).unwrap_or(u64::MAX),
    };
    let salt = match order.now {
        Some(_) => Vec::new(),
        None => [clock.as_nanos().to_be_bytes().to_vec(), std::process::id().to_be_bytes().to_vec()].concat(),
    };
    let digest = Sha256::of(&[input.name.as_os_str().as_encoded_bytes(), &salt].concat());
    let chance = digest.as_bytes().first_chunk::<10>().copied().unwrap_or_default();
    Ok((order.id.unwrap_or_else(|| MailId::new(ms, chance)), Timestamp::from_unix_ms_jst(ms)))
}

/// Writes what is finished, in the order of the inputs.
fn settle(
    waiting: &mut BTreeMap<usize, io::Result<Sanitized>>,
    next: &mut usize,
    order: &Order,
    reports: &mut Option<Box<dyn Write>>,
    tally: &mut Tally,
    screen: &Screen,
) -> io::Result<()> {
    while let Some(result) = waiting.remove(next) {
        let input = &order.inputs[*next];
        *next += 1;
        match result {
            Ok(sanitized) => record(sanitized, input, order, reports, tally, screen)?,
            Err(err) => {
                tally.failed += 1;
                screen.error(format!("{}: {err}", input.name.display()));
            }
        }
    }
    Ok(())
}

fn record(
    sanitized: Sanitized,
    input: &Input,
    order: &Order,
    reports: &mut Option<Box<dyn Write>>,
    tally: &mut Tally,
    screen: &Screen,
) -> io::Result<()> {
    let Sanitized { mail, mut report } = sanitized;
    let name = input.name.to_string_lossy().into_owned();
    if let Some(bytes) = mail {
        tally.delivered += 1;
        match &order.out {
            Some(out) => {
                files::write(out, &input.name, &bytes).map_err(|err| named(&out.join(&input.name), err))?;
                report.outputs = vec![name.clone()];
            }
            None if screen.is_json() => {}
            None => io::stdout().lock().write_all(&bytes)?,
        }
    } else {
        let reason = report.hold_reason.unwrap_or(HoldReason::Internal);
        *tally.held.entry(reason).or_default() += 1;
        if order.out.is_none() {
            screen.error(format!("{}: {}", screen.t("保留", "held"), reason.explain(screen.language())));
        }
    }
    report.input = Some(name);
    emit(&report, reports, screen)
}

fn emit(report: &Report, reports: &mut Option<Box<dyn Write>>, screen: &Screen) -> io::Result<()> {
    if let Some(reports) = reports {
        serde_json::to_writer(&mut *reports, report)?;
        reports.write_all(b"\n")?;
    } else if screen.is_json() {
        screen.object(report);
    }
    Ok(())
}

fn named(path: &Path, err: io::Error) -> io::Error {
    io::Error::new(err.kind(), format!("{}: {err}", path.display()))
}

/// Long work shows where it is, on a terminal only.
fn progress(done: usize, total: usize, screen: &Screen) {
    let mut err = io::stderr().lock();
    if total < 20 || !err.is_terminal() || screen.is_json() {
        return;
    }
    let _ = write!(err, "\r{done}/{total}");
    if done == total {
        let _ = writeln!(err);
    }
}

fn conclude(tally: &Tally, summary: bool, screen: &Screen) -> Exit {
    let held: usize = tally.held.values().sum();
    if summary && !screen.is_json() {
        screen.line(screen.t(
            format!("無害化 {}通、保留 {held}通、失敗 {}通", tally.delivered, tally.failed),
            format!("{} sanitized, {held} held, {} failed", tally.delivered, tally.failed),
        ));
        let rows: Vec<_> = tally
            .held
            .iter()
            .map(|(reason, count)| {
                let explained = reason.explain(screen.language()).to_owned();
                vec![(Tone::Plain, count.to_string()), (Tone::Warn, reason.code().to_owned()), (Tone::Plain, explained)]
            })
            .collect();
        if !rows.is_empty() {
            screen.table(&[screen.t("通数", "mails"), screen.t("理由", "reason"), ""], &rows);
        }
    }
    match (tally.delivered, held, tally.failed) {
        (_, _, 1..) => Exit::Failed,
        (_, 0, 0) => Exit::Ok,
        (0, _, 0) => Exit::Refused,
        (_, _, 0) => Exit::Partly,
    }
}
