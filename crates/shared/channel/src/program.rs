//! How each long-running program begins and ends, and what it says to the one
//! that started it: `ready` and a line feed on standard output once it
//! listens. With `--supervised` it also ends when its standard input closes,
//! so that it never outlives a supervisor that was killed.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;

use sekisho_settings::{Configuration, Language, LogSettings, SettingsErrors, Surroundings, telemetry};
use tokio::signal::unix::{SignalKind, signal};

/// EX_USAGE and EX_CONFIG of sysexits.h.
const USAGE: u8 = 2;
const CONFIG: u8 = 78;

/// Resolves when the program is to finish what it has begun, and end.
pub type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Why a program does not run.
#[derive(Debug)]
pub enum Failure {
    /// Its arguments make no sense.
    Usage(String),
    /// Its configuration is wrong.
    Config(SettingsErrors),
    /// Anything else, in the program's own words.
    Other(Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// A failure in the program's own words.
    pub fn new(err: impl Error + Send + Sync + 'static) -> Self {
        Self::Other(Box::new(err))
    }
}

/// What a program was started with.
#[derive(Debug)]
pub struct Start {
    name: &'static str,
    config: Option<PathBuf>,
    supervised: bool,
    surroundings: Surroundings,
}

/// Runs a program whose work is `body`, and turns its end into an exit code:
/// 0, 1 for failures, 2 for usage, 78 for a bad configuration.
pub fn main(name: &'static str, version: &'static str, body: impl FnOnce(Start) -> Result<(), Failure>) -> ExitCode {
    let surroundings = Surroundings::of_this_process();
    let language = surroundings.language();
    let start = match parse(name, std::env::args_os().skip(1), surroundings) {
        Ok(Some(start)) => Ok(start),
        Ok(None) => {
            // A reader that went away is no error.
            let _ = writeln!(io::stdout(), "{name} {version}");
            return ExitCode::SUCCESS;
        }
        Err(failure) => Err(failure),
    };
    match start.and_then(body) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => complain(name, &failure, language),
    }
}

/// Tells the one that started this program that it listens now.
pub fn ready() {
    // Without a supervisor nobody may be reading; that is no error.
    let _ = writeln!(io::stdout(), "ready").and_then(|()| io::stdout().flush());
}

fn parse(
    name: &'static str,
    mut arguments: impl Iterator<Item = OsString>,
    surroundings: Surroundings,
) -> Result<Option<Start>, Failure> {
    let mut start = Start { name, config: None, supervised: false, surroundings };
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--version") => return Ok(None),
            Some("--supervised") => start.supervised = true,
            Some("--config") => match arguments.next() {
                Some(file) => start.config = Some(file.into()),
                None => return Err(Failure::Usage("--config takes a file".to_owned())),
            },
            _ => return Err(Failure::Usage(format!("unknown argument {}", argument.to_string_lossy()))),
        }
    }
    Ok(Some(start))
}

fn complain(name: &str, failure: &Failure, language: Language) -> ExitCode {
    let (text, code) = match failure {
        Failure::Usage(why) => (format!("{why}; usage: {name} [--config FILE] [--supervised] [--version]"), USAGE),
        Failure::Config(errors) => (errors.localized(language), CONFIG),
        Failure::Other(err) => (err.to_string(), 1),
    };
    let _ = writeln!(io::stderr(), "{name}: {text}");
    ExitCode::from(code)
}

impl Start {
    /// The configuration that the program was given, or the safe defaults.
    ///
    /// # Errors
    /// [`Failure::Config`]: every mistake, with line and remedy.
    pub fn configuration(&self) -> Result<Configuration, Failure> {
        Ok(Configuration::load(self.config.as_deref(), &self.surroundings)?)
    }

    /// Sends log lines to standard error from here on.
    ///
    /// # Errors
    /// [`Failure::Other`] if that was done before.
    pub fn telemetry(&self, settings: &LogSettings) -> Result<(), Failure> {
        telemetry::init(self.name, settings).map_err(Failure::new)
    }

    /// The program `name` beside this one's executable, or in
    /// `../libexec/sekisho`.
    ///
    /// # Errors
    /// [`Failure::Other`] if it is in neither place.
    pub fn sibling(&self, name: &str) -> Result<PathBuf, Failure> {
        sibling(name).map_err(Failure::new)
    }

    /// Runs `work` on a runtime of its own until it returns; `work` gets the
    /// future that resolves at SIGTERM, SIGINT, or the supervisor's death.
    ///
    /// # Errors
    /// What `work` returned, or that the runtime could not be made.
    pub fn run<F>(self, work: impl FnOnce(Stop) -> F) -> Result<(), Failure>
    where
        F: Future<Output = Result<(), Failure>>,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::new)?;
        let result = runtime.block_on(async { work(stop(self.supervised).map_err(Failure::new)?).await });
        runtime.shutdown_background();
        result
    }
}

/// The program `name` beside this executable, or in `../libexec/sekisho`.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] if it is in neither place.
pub fn sibling(name: &str) -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let dir = own.parent().unwrap_or(&own);
    let places = [dir.join(name), dir.join("../libexec/sekisho").join(name)];
    places
        .into_iter()
        .find(|place| place.is_file())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{name} is not beside {}", own.display())))
}

fn stop(supervised: bool) -> io::Result<Stop> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(Box::pin(async move {
        tokio::select! {
            _ = terminate.recv() => {},
            _ = interrupt.recv() => {},
            () = input_closed(), if supervised => {},
        }
    }))
}

/// Resolves when standard input ends; what comes in is thrown away. A thread of
/// its own reads, since it may block for as long as the program lives.
async fn input_closed() {
    let (closed, waits) = tokio::sync::oneshot::channel();
    let reader = move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        // Nobody waits any more when the program is ending already.
        let _ = closed.send(());
    };
    match std::thread::Builder::new().name("supervisor".to_owned()).spawn(reader) {
        // An error means that the thread is gone: the same news.
        Ok(_) => drop(waits.await),
        Err(_) => std::future::pending().await,
    }
}

impl From<SettingsErrors> for Failure {
    fn from(errors: SettingsErrors) -> Self {
        Self::Config(errors)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(why) => f.write_str(why),
            Self::Config(errors) => write!(f, "{errors}"),
            Self::Other(err) => write!(f, "{err}"),
        }
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let parsed = |arguments: &[&str]| parse("x", arguments.iter().map(Into::into), Surroundings::none());
        assert!(matches!(parsed(&[]), Ok(Some(Start { config: None, supervised: false, .. }))));
        assert!(matches!(
            parsed(&["--config", "f", "--supervised"]),
            Ok(Some(Start { config: Some(_), supervised: true, .. }))
        ));
        assert!(matches!(parsed(&["--version"]), Ok(None)));
        assert!(matches!(parsed(&["--config"]), Err(Failure::Usage(_))));
        assert!(matches!(parsed(&["--open-relay"]), Err(Failure::Usage(_))));
    }
}
