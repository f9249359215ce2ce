//! One command over many files: inputs in order, several at a time, reports as
//! they are finished.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ArgMatches;
use sekisho_safe_message::{MailId, Sha256, Timestamp};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::exit::Exit;
use crate::files::{self, FilesError, Input};
use crate::screen::Screen;

/// The files that were named; what is wrong with them is said.
pub(crate) fn inputs(matches: &ArgMatches, screen: &Screen) -> Result<Vec<Input>, Exit> {
    let given = matches.get_many::<PathBuf>("input").into_iter().flatten().cloned();
    files::collect(given).map_err(|err| match err {
        FilesError::Unreadable(path, err) => {
            screen.error(screen.t(
                format!("{} を読めません: {err}", path.display()),
                format!("{}: cannot be read: {err}", path.display()),
            ));
            Exit::Failed
        }
        FilesError::Twice(name) => {
            screen.error(screen.t(
                format!("{} が二つあります。別々の --out で実行してください。", name.display()),
                format!("{}: two inputs have this name; run them with an --out of their own", name.display()),
            ));
            Exit::Usage
        }
    })
}

/// Does `each` for every input, `2 * width` at a time, and `record`s the
/// results in the order of the inputs. Returns how many failed; each of those
/// is said.
pub(crate) async fn run<T, F>(
    inputs: &[Input],
    width: usize,
    screen: &Screen,
    each: impl Fn(Input) -> F,
    mut record: impl FnMut(T, &Input) -> io::Result<()>,
) -> io::Result<usize>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut running = JoinSet::new();
    let mut todo = inputs.iter().cloned().enumerate();
    let mut waiting = BTreeMap::new();
    let (mut next, mut failed) = (0, 0);
    loop {
        while running.len() < width * 2
            && let Some((at, input)) = todo.next()
        {
            let work = each(input);
            running.spawn(async move { (at, work.await) });
        }
        let Some(done) = running.join_next().await else { return Ok(failed) };
        let (at, result) = done.map_err(io::Error::other)?;
        waiting.insert(at, result);
        while let Some(result) = waiting.remove(&next) {
            let input = &inputs[next];
            next += 1;
            match result {
                Ok(result) => record(result, input)?,
                Err(err) => {
                    failed += 1;
                    screen.error(format!("{}: {err}", input.name.display()));
                }
            }
        }
        progress(next, inputs.len(), screen);
    }
}

/// Where reports go: a file, standard output, or nowhere.
pub(crate) fn reports(path: Option<&Path>) -> io::Result<Option<Box<dyn Write>>> {
    Ok(match path {
        Some(path) if path == Path::new("-") => Some(Box::new(io::stdout())),
        Some(path) => {
            // It may go into a folder that the results will make.
            let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            let file = folder.and_then(|()| File::create(path)).map_err(|err| named(path, err))?;
            Some(Box::new(BufWriter::new(file)))
        }
        None => None,
    })
}

/// Writes one report: one JSON object a line.
pub(crate) fn emit(report: &impl Serialize, reports: &mut Option<Box<dyn Write>>, screen: &Screen) -> io::Result<()> {
    if let Some(reports) = reports {
        serde_json::to_writer(&mut *reports, report)?;
        reports.write_all(b"\n")?;
    } else if screen.is_json() {
        screen.object(report);
    }
    Ok(())
}

/// An id and a time for the input called `name`. With `now` both depend on
/// nothing but the arguments and the name, so that the output can be compared.
pub(crate) fn identity(id: Option<MailId>, now: Option<u64>, name: &Path) -> (MailId, Timestamp) {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = match now {
        Some(seconds) => seconds.saturating_mul(1000),
        None => u64::try_from(clock.as_millis()).unwrap_or(u64::MAX),
    };
    let salt = match now {
        Some(_) => Vec::new(),
        None => [clock.as_nanos().to_be_bytes().to_vec(), std::process::id().to_be_bytes().to_vec()].concat(),
    };
    let digest = Sha256::of(&[name.as_os_str().as_encoded_bytes(), &salt].concat());
    let chance = digest.as_bytes().first_chunk::<10>().copied().unwrap_or_default();
    (id.unwrap_or_else(|| MailId::new(ms, chance)), Timestamp::from_unix_ms_jst(ms))
}

/// The error with the file that it is about.
pub(crate) fn named(path: &Path, err: io::Error) -> io::Error {
    io::Error::new(err.kind(), format!("{}: {err}", path.display()))
}

/// Says what stopped the whole run.
pub(crate) fn failed(screen: &Screen, err: &io::Error) -> Exit {
    screen.error(err.to_string());
    Exit::Failed
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
