//! From a command line to figures and an exit code.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::SystemTime;

use clap::error::ErrorKind;

use super::figures::{Figures, Run, SCHEMA};
use super::measure::Bench;
use super::options::Options;
use super::pool::Pool;
use super::progress::Progress;
use super::ramp::Climb;
use super::targets::Targets;
use super::words::{Language, count};
use super::{compare, files, grammar, page, profile, table, verdict};
use crate::error::BenchError;
use crate::machine;

/// How it ended: the codes of the operator's command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Measured, nothing lost, nothing doubled.
    Ok = 0,
    /// Lost or doubled, or no figure.
    Failed = 1,
    /// The command was written wrong.
    Usage = 2,
    /// Mails were refused or unsent, or the run was ended early.
    Partly = 3,
    /// A receiver cannot be reached.
    Unreachable = 6,
}

/// What ends a run before it has figures: the code, and why, in the reader's
/// language.
pub(super) type Refusal = (Exit, String);

/// Runs it. The first of `arguments` is the program's name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let language = Language::of_this_process();
    let options = match Options::read(arguments, language) {
        Ok(options) => options,
        Err(err) if matches!(err.kind(), ErrorKind::DisplayHelp) => {
            // A reader that went away is no error.
            let _ = err.print();
            return ExitCode::SUCCESS;
        }
        Err(err) => {
            let _ = write!(io::stderr(), "{}", grammar::complaint(&err, language));
            return ExitCode::from(Exit::Usage as u8);
        }
    };
    let exit = run(&options, language).unwrap_or_else(|(exit, why)| {
        let _ = writeln!(io::stderr(), "sekisho bench: {why}");
        exit
    });
    ExitCode::from(exit as u8)
}

fn run(options: &Options, language: Language) -> Result<Exit, Refusal> {
    let progress = Progress::new(language);
    // The table says it too, where it is read.
    if cfg!(debug_assertions) && options.json {
        progress
            .note("デバッグ版です。速さの数値に意味はありません。", "this is a debug build: its figures mean little");
    }
    // What may be wrong is found before anything is started.
    let old = options.compare.as_deref().map(|path| older(path, language)).transpose()?;
    let (pool, profile) = pool(options, language, progress)?;
    let options = &options.with_peak(profile.map(|profile| profile.peak)).ok_or_else(|| no_peak(language))?;
    let stop = stop_at_signal(language)?;
    let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let targets = Targets::prepare(options, language)?;
    let bench = Bench {
        pool: &pool,
        domain: &options.domain,
        connections: options.connections,
        patience: options.patience,
        stop: &stop,
        progress,
        // What a receiver still has of an earlier run is strange to this one.
        next: AtomicU64::new(started.as_secs() * 1_000_000),
    };
    let failed = |err: BenchError| (Exit::Failed, err.to_string());
    let (results, climb) = if options.ramp {
        let climb = targets.climb(&bench, options).map_err(failed)?;
        (chosen(&climb), climb)
    } else {
        (targets.rounds(&bench, options).map_err(failed)?, Climb::default())
    };
    let run = Run {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        machine: machine::describe(),
        started: started.as_secs(),
        source: source(options),
        mails: pool.letters().len() as u64,
        octets: pool.octets(),
        profile_peak: profile.map(|profile| profile.peak),
        rate: options.rate.filter(|_| !options.ramp),
        connections: options.connections,
        duration: options.duration.map(|duration| duration.as_secs_f64()),
        warm_up: options.warm_up.as_secs_f64(),
        seed: options.seed,
        interrupted: stop.load(Ordering::Relaxed),
        results,
        knee: climb.best.and_then(|best| climb.steps.get(best)).map(|step| step.rate),
        ramp: climb.steps,
    };
    // It ends while the reader reads.
    drop(targets);
    show(&run, old.as_ref(), options, language)?;
    Ok(exit_of(&run, &climb.all))
}

/// The measurement that a ramp is about: the best step, else the last.
fn chosen(climb: &Climb) -> Vec<Figures> {
    let best = climb.best.or_else(|| climb.all.len().checked_sub(1));
    best.and_then(|best| climb.all.get(best)).cloned().into_iter().collect()
}

fn exit_of(run: &Run, steps: &[Figures]) -> Exit {
    if !run.results.iter().chain(steps).all(Figures::sound) || run.results.iter().all(|figures| figures.accepted == 0) {
        Exit::Failed
    } else if run.interrupted || run.results.iter().any(|figures| !figures.refused.is_empty() || figures.unsent > 0) {
        Exit::Partly
    } else {
        Exit::Ok
    }
}

fn show(run: &Run, old: Option<&Run>, options: &Options, language: Language) -> Result<(), Refusal> {
    let compared = old.map(|old| compare::rows(old, run, language));
    if let Some(path) = &options.html {
        fs::write(path, page::of_run(run, compared.as_ref(), language)).map_err(|err| {
            let path = path.display();
            (
                Exit::Failed,
                language.pick(format!("{path} に書けません: {err}"), format!("{path} cannot be written: {err}")),
            )
        })?;
    }
    let compared = old
        .zip(compared)
        .map(|(old, rows)| table::aligned(&rows) + "\n" + &lines(&compare::differences(old, run, language)));
    if options.json {
        let json = serde_json::to_string(run).map_err(|err| (Exit::Failed, err.to_string()))?;
        // JSON stands alone on standard output.
        let _ = write!(io::stderr(), "{}", compared.unwrap_or_default());
        let _ = writeln!(io::stdout().lock(), "{json}");
        return Ok(());
    }
    let mut text =
        lines(&table::description(run, language)) + "\n" + &table::aligned(&table::of_run(run, language)) + "\n";
    if !run.ramp.is_empty() {
        text = text + &table::aligned(&table::of_ramp(run, language)) + "\n";
    }
    text = text + &compared.unwrap_or_default() + &lines(&verdict::lines(run, language));
    // A reader that went away (`| head`) is no error.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(())
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn older(path: &Path, language: Language) -> Result<Run, Refusal> {
    compare::read(path).map_err(|err| {
        let name = path.display();
        let why = match err {
            compare::CompareError::Unreadable(err) => {
                language.pick(format!("{name} を読めません: {err}"), format!("{name} cannot be read: {err}"))
            }
            compare::CompareError::NoRun(err) => language.pick(
                format!("{name} は sekisho bench --json の結果ではありません: {err}"),
                format!("{name} is not what sekisho bench --json printed: {err}"),
            ),
        };
        (Exit::Failed, why)
    })
}

/// The mails to send; a sole source that names a profile is one.
fn pool(
    options: &Options,
    language: Language,
    progress: Progress,
) -> Result<(Pool, Option<&'static profile::Profile>), Refusal> {
    let named = match options.sources.as_slice() {
        [] => Some(&profile::PROFILES[0]),
        [one] => one.to_str().and_then(profile::find),
        _ => None,
    };
    if let Some(profile) = named {
        return Ok((profile.pool(options.seed), Some(profile)));
    }
    let reading = files::read(&options.sources).map_err(|err| (Exit::Failed, err.localized(language)))?;
    if reading.skipped > 0 {
        let skipped = count(reading.skipped);
        progress.note(
            &format!("{skipped} 件はメールではないか、64 MiB を超えるため除きました。"),
            &format!("{skipped} files or mails left out: no mail, or above 64 MiB"),
        );
    }
    if reading.full {
        let mails = count(reading.pool.letters().len() as u64);
        progress.note(
            &format!("最初の {mails} 通だけを使います (上限: 20,000 通、256 MiB)。"),
            &format!("only the first {mails} mails are used (bounds: 20,000 mails, 256 MiB)"),
        );
    }
    Ok((reading.pool, None))
}

fn no_peak(language: Language) -> Refusal {
    let why = language.pick(
        "--rate peak は組み込みの構成 (town-130、city-3000、prefecture-22000) でだけ使えます。毎秒の通数を指定してください。",
        "--rate peak is for the built-in profiles (town-130, city-3000, prefecture-22000); give a number of mails a second",
    );
    (Exit::Usage, why.to_owned())
}

fn source(options: &Options) -> String {
    if options.sources.is_empty() {
        return profile::PROFILES[0].name.to_owned();
    }
    let names: Vec<_> = options.sources.iter().map(|path| path.display().to_string()).collect();
    names.join(" ")
}

/// Set at SIGINT, SIGTERM or SIGHUP: what is under way ends, and what was measured is
/// shown.
fn stop_at_signal(language: Language) -> Result<Arc<AtomicBool>, Refusal> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |err: io::Error| (Exit::Failed, err.to_string());
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    // Before anything is started: from here on no signal ends the process.
    let [mut interrupt, mut terminate, mut hangup] = {
        let _inside = runtime.enter();
        let of = |kind| signal(kind).map_err(failed);
        [of(SignalKind::interrupt())?, of(SignalKind::terminate())?, of(SignalKind::hangup())?]
    };
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {}, _ = hangup.recv() => {} }
            flag.store(true, Ordering::Relaxed);
            Progress::new(language)
                .note("中断します。ここまでの結果を示します。", "ending; what was measured so far follows");
            // The handlers stay, so that a second one does not leave a gateway behind.
            std::future::pending::<()>().await;
        });
    });
    Ok(stop)
}
