//! Log lines: one for each thing that happened, on standard error, human or JSON.
//!
//! Every text in a line, ours or a stranger's, passes through [`Shown`]: no control, bidi or
//! invisible character reaches a terminal or a log file, and no field grows past its bound. Fields
//! of the spans around an event stand in its line, so that a line of a mail carries the mail's id.

mod fields;
mod lines;
mod shown;

use std::fmt;
use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry;

pub use shown::Shown;

use crate::{LogFilter, LogFormat, LogLevel, LogSettings};
use lines::{Form, Lines};

/// Sends this process's events and panics to standard error. `program` stands in every line.
///
/// # Errors
/// The process has a subscriber already.
pub fn init(program: &'static str, settings: &LogSettings) -> Result<(), AlreadySet> {
    let stderr = std::io::stderr();
    let surface = Surface {
        terminal: stderr.is_terminal(),
        no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
    };
    let subscriber = subscriber(program, settings, surface, std::io::stderr, SystemTime);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| AlreadySet)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// The subscriber behind [`init`], with everything it depends on as an argument.
pub fn subscriber<W, T>(
    program: &'static str,
    settings: &LogSettings,
    surface: Surface,
    writer: W,
    time: T,
) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    T: FormatTime + Send + Sync + 'static,
{
    let form = match (settings.format, surface.terminal) {
        (LogFormat::Human, _) | (LogFormat::Auto, true) => Form::Human { color: surface.terminal && !surface.no_color },
        (LogFormat::Json, _) | (LogFormat::Auto, false) => Form::Json,
    };
    let lines = Lines { program, form, writer, time };
    registry().with(lines.with_filter(targets(&settings.filter)))
}

/// What the lines are written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surface {
    /// A terminal.
    pub terminal: bool,
    /// The person wants no colour (`NO_COLOR` is set and not empty).
    pub no_color: bool,
}

/// The process has a subscriber already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadySet;

impl fmt::Display for AlreadySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("log lines have been set up before")
    }
}

impl std::error::Error for AlreadySet {}

/// A panic's words may quote what was being read: they go through the same escaping.
fn log_panic(info: &std::panic::PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    let cause = info.payload_as_str().unwrap_or("no text");
    tracing::error!(place, cause, "panic");
}

fn targets(filter: &LogFilter) -> Targets {
    let exceptions = filter.targets.iter().map(|(target, level)| (target.clone(), level_filter(*level)));
    Targets::new().with_targets(exceptions).with_default(level_filter(filter.level))
}

fn level_filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
