//! Mails with pictures, PDF or archives are proven with the help of
//! `sekisho-verifier`, which reads each mail's files in a process of its own
//! that has no rights.
//!
//! Owns its zygotes, and what becomes of a mail when one of its processes does
//! not answer. Blocking: for threads that may wait. Never reads such a file
//! itself.

mod session;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sekisho_channel::program::sibling;
use sekisho_safe_message::{Envelope, SafeKind, Untrusted};
use sekisho_sandbox::{Confinement, Ending, SpawnError, Zygote, ZygoteError};
use sekisho_verify::{Flaw, Reading, VerifiedMail, Violation, read_with, verify_with};

use session::Session;

/// The program.
const PROGRAM: &str = "sekisho-verifier";
/// Mails whose files are read at one time: each may take
/// [`session::MEMORY`].
const WIDTH: usize = 2;
/// Time for one mail's files, by the clock and of the processor.
const DEADLINE: Duration = Duration::from_secs(30);
/// Mails after which a zygote is replaced, for a fresh address layout.
const RENEW_AFTER: u32 = 1_000;

/// Reads mails with files of every kind. Clones are the same one.
#[derive(Clone)]
pub struct Checker(Arc<Shared>);

struct Shared {
    /// Where the program is; `None`: beside this one, looked for when needed.
    program: Option<PathBuf>,
    confinement: Confinement,
    deadline: Duration,
    places: Mutex<Places>,
    freed: Condvar,
}

#[derive(Default)]
struct Places {
    busy: usize,
    idle: Vec<Kept>,
}

/// A zygote, and the mails given to it.
struct Kept {
    zygote: Zygote,
    served: u32,
}

/// Why a mail is not proven.
#[derive(Debug)]
pub enum NotProven {
    /// It breaks the grammar, or one of its files does. For good.
    Violation(Violation),
    /// Reading its files took the verifier's process down. For good: the next
    /// one would go the same way.
    Died(Death),
    /// Nobody could be asked. It may be tried again.
    Unavailable(Unavailable),
}

/// How a process ended that should have answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// By itself or by the kernel.
    Ended(Ending),
    /// Killed at the deadline.
    Late,
    /// What it said is no answer.
    Garbage,
}

/// Why nobody can be asked.
#[derive(Debug)]
pub enum Unavailable {
    /// The program is not where it should be.
    Missing(io::Error),
    /// It does not start, or cannot be confined.
    Spawn(SpawnError),
    /// Its zygote broke before the files were read.
    Zygote(ZygoteError),
    /// A pipe or thread could not be made.
    System(io::Error),
}

impl Checker {
    /// A checker that asks the program beside this one. It is looked for and
    /// started with the first mail that needs it.
    pub fn beside() -> Self {
        Self::new(None, Confinement::default(), DEADLINE)
    }

    /// The same, with `confinement` as it can be had.
    pub fn confined(confinement: Confinement) -> Self {
        Self::new(None, confinement, DEADLINE)
    }

    /// The same with the program at `program`, which may take until `deadline`
    /// for one mail.
    pub fn at(program: PathBuf, confinement: Confinement, deadline: Duration) -> Self {
        Self::new(Some(program), confinement, deadline)
    }

    fn new(program: Option<PathBuf>, confinement: Confinement, deadline: Duration) -> Self {
        Self(Arc::new(Shared { program, confinement, deadline, places: Mutex::default(), freed: Condvar::new() }))
    }

    /// Proves a mail with files of any kind; see [`sekisho_verify::verify`].
    ///
    /// # Errors
    /// [`NotProven`].
    pub fn verify(&self, bytes: Vec<u8>, envelope: Envelope) -> Result<VerifiedMail, NotProven> {
        let mut session = Session::new(self);
        let read = verify_with(bytes, envelope, &mut |kind, file| session.read(kind, file));
        session.finish(read)
    }

    /// Reads a mail with files of any kind; see [`sekisho_verify::read`].
    ///
    /// # Errors
    /// [`NotProven`].
    pub fn read(&self, mail: Untrusted<'_>) -> Result<Reading, NotProven> {
        let mut session = Session::new(self);
        let read = read_with(mail, &mut |kind, file| session.read(kind, file));
        session.finish(read)
    }

    /// Reads one file of any kind by itself, in a process of its own: whether it
    /// keeps the grammar of its kind.
    ///
    /// # Errors
    /// [`NotProven`], never by a violation: nobody could say.
    pub fn read_file(&self, kind: SafeKind, file: Untrusted<'_>) -> Result<Result<(), Flaw>, NotProven> {
        let mut session = Session::new(self);
        let read = session.read(kind, file);
        session.finish(Ok(read))
    }

    /// Waits for a place, and for a zygote in it.
    fn take(&self) -> Result<Kept, Unavailable> {
        let mut places = self.places();
        while places.busy >= WIDTH {
            places = self.0.freed.wait(places).unwrap_or_else(PoisonError::into_inner);
        }
        places.busy += 1;
        let idle = places.idle.pop();
        drop(places);
        let taken = idle.map_or_else(|| self.spawn(), Ok);
        if taken.is_err() {
            self.give_back(None);
        }
        taken
    }

    fn spawn(&self) -> Result<Kept, Unavailable> {
        let program = match &self.0.program {
            Some(program) => program.clone(),
            None => sibling(PROGRAM).map_err(Unavailable::Missing)?,
        };
        let zygote = Zygote::spawn(&program, [], self.0.confinement).map_err(Unavailable::Spawn)?;
        Ok(Kept { zygote, served: 0 })
    }

    /// Frees a place; `kept`: a zygote that may serve again.
    fn give_back(&self, kept: Option<Kept>) {
        let mut places = self.places();
        places.busy -= 1;
        places.idle.extend(kept.filter(|kept| kept.served < RENEW_AFTER));
        drop(places);
        self.0.freed.notify_one();
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for NotProven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(err) => err.fmt(f),
            Self::Died(death) => death.fmt(f),
            Self::Unavailable(err) => err.fmt(f),
        }
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(ending) => write!(f, "the verifier ended without an answer: {ending:?}"),
            Self::Late => f.write_str("the verifier did not answer in time"),
            Self::Garbage => f.write_str("what the verifier said is no answer"),
        }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(err) => write!(f, "the verifier is missing: {err}"),
            Self::Spawn(err) => write!(f, "the verifier cannot be started: {err}"),
            Self::Zygote(err) => write!(f, "the verifier's zygote broke: {err}"),
            Self::System(err) => write!(f, "the verifier cannot be asked: {err}"),
        }
    }
}

impl std::error::Error for NotProven {}
impl std::error::Error for Unavailable {}
