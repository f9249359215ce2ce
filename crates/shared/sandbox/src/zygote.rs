//! The parent's end: starts a zygote, gives it jobs, ends it.
//!
//! Owns the process and the socket. Knows no async runtime: `try_` methods never block, the others wait with `poll`.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{Shutdown, shutdown};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::protocol::{self, ReceiveError, Report};
use crate::{Confinement, JobLimits, JobStatus, Layers, SpawnError, ZygoteError};

/// A program that loads nothing within this time will never do.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// A zygote that saw its socket close kills its job and exits; it needs about a millisecond.
const EXIT_WITHIN: Duration = Duration::from_secs(1);

/// A sandboxed process that runs jobs, one at a time, each in a fresh child.
///
/// Dropped, it is ended and reaped, with the job that may be running.
#[derive(Debug)]
pub struct Zygote {
    process: Process,
    socket: OwnedFd,
    layers: Layers,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Submitted,
    Running,
}

impl Zygote {
    /// Starts `program` (one that calls [`serve`](crate::serve)) and waits until it is confined; 30 s at most.
    ///
    /// `arguments` go to the program, then those of `confinement`. It gets an empty environment, `/` as its directory,
    /// nothing on standard output, and this process's standard error.
    ///
    /// # Errors
    /// See [`SpawnError`]. No process is left over.
    pub fn spawn(
        program: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        confinement: Confinement,
    ) -> Result<Self, SpawnError> {
        let (socket, theirs) = protocol::pair().map_err(|errno| SpawnError::System(errno.into()))?;
        let child = Command::new(program)
            .args(arguments)
            .args(confinement.arguments())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .map_err(SpawnError::System)?;
        let mut process = Process { child };
        // For `readiness`; whoever waits here waits with poll.
        ioctl_fionbio(&socket, true).map_err(|errno| SpawnError::System(errno.into()))?;
        let layers = first_report(&mut process, &socket)?;
        Ok(Self { process, socket, layers, phase: Phase::Idle })
    }

    /// The layers in force, as the zygote itself reported them.
    #[must_use]
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// The zygote's process id, for logs.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// Something to wait on for reports, from an async runtime and without `unsafe`: a second, non-blocking descriptor of
    /// the control socket, dressed as a stream. Never to be read or written; does not keep the zygote alive.
    ///
    /// # Errors
    /// If this process may open no more descriptors.
    pub fn readiness(&self) -> io::Result<UnixStream> {
        Ok(self.socket.try_clone()?.into())
    }

    /// Hands over one job; never blocks. Next comes [`try_started`](Self::try_started).
    ///
    /// `input` is what the job reads: a pipe, a socket, or a file opened for reading that holds nothing else (a job reads
    /// all of it). `output` is what it writes: a pipe or a socket; never a file, a job may write none. Both are made
    /// blocking, as a job cannot wait. The caller must keep no copy of either, or it will never see the end of the output.
    ///
    /// # Errors
    /// [`ZygoteError::Busy`] while another job is not ended; [`ZygoteError::Gone`]; [`ZygoteError::System`].
    pub fn submit(&mut self, limits: JobLimits, input: OwnedFd, output: OwnedFd) -> Result<(), ZygoteError> {
        if self.phase != Phase::Idle {
            return Err(ZygoteError::Busy);
        }
        for fd in [&input, &output] {
            ioctl_fionbio(fd, false).map_err(|errno| ZygoteError::System(errno.into()))?;
        }
        match protocol::send_job(self.socket.as_fd(), limits, input.as_fd(), output.as_fd()) {
            Ok(()) => {
                self.phase = Phase::Submitted;
                Ok(())
            }
            Err(Errno::PIPE | Errno::CONNRESET) => Err(self.gone()),
            Err(errno) => Err(ZygoteError::System(errno.into())),
        }
    }

    /// The running job, once it runs; `None` while it does not yet; never blocks. Next comes
    /// [`try_ended`](Self::try_ended).
    ///
    /// # Errors
    /// [`ZygoteError::NotStarted`] if the kernel gave no process (the zygote is free again); [`ZygoteError::Gone`];
    /// [`ZygoteError::Order`] if no job was submitted.
    pub fn try_started(&mut self) -> Result<Option<Running>, ZygoteError> {
        match (self.phase, self.try_report()?) {
            (Phase::Submitted, Some(Report::Started { pid, pidfd })) => {
                self.phase = Phase::Running;
                Ok(Some(Running { pid, pidfd }))
            }
            (Phase::Submitted, Some(Report::NotStarted(errno))) => {
                self.phase = Phase::Idle;
                Err(ZygoteError::NotStarted(errno.into()))
            }
            (Phase::Submitted, None) => Ok(None),
            (Phase::Idle | Phase::Running | Phase::Submitted, _) => Err(ZygoteError::Order),
        }
    }

    /// The end of the running job; `None` while it runs; never blocks. After it the next job may be submitted.
    ///
    /// # Errors
    /// [`ZygoteError::Gone`] (the job is dead too); [`ZygoteError::Order`] if no job runs.
    pub fn try_ended(&mut self) -> Result<Option<JobStatus>, ZygoteError> {
        match (self.phase, self.try_report()?) {
            (Phase::Running, Some(Report::Ended(status))) => {
                self.phase = Phase::Idle;
                Ok(Some(status))
            }
            (Phase::Running, None) => Ok(None),
            (Phase::Idle | Phase::Submitted | Phase::Running, _) => Err(ZygoteError::Order),
        }
    }

    /// [`submit`](Self::submit) and wait until the job runs.
    ///
    /// # Errors
    /// Those of [`submit`](Self::submit) and [`try_started`](Self::try_started).
    pub fn start(&mut self, limits: JobLimits, input: OwnedFd, output: OwnedFd) -> Result<Running, ZygoteError> {
        self.submit(limits, input, output)?;
        loop {
            if let Some(running) = self.try_started()? {
                return Ok(running);
            }
            await_readable(&self.socket, None).map_err(ZygoteError::System)?;
        }
    }

    /// Waits for the running job to end, however long it takes.
    ///
    /// # Errors
    /// Those of [`try_ended`](Self::try_ended).
    pub fn wait(&mut self) -> Result<JobStatus, ZygoteError> {
        loop {
            if let Some(status) = self.try_ended()? {
                return Ok(status);
            }
            await_readable(&self.socket, None).map_err(ZygoteError::System)?;
        }
    }

    /// Waits for the running job to end, `time` at most; `None`: it still runs.
    ///
    /// # Errors
    /// Those of [`try_ended`](Self::try_ended).
    pub fn wait_for(&mut self, time: Duration) -> Result<Option<JobStatus>, ZygoteError> {
        let until = Instant::now() + time;
        loop {
            let status = self.try_ended()?;
            let left = until.saturating_duration_since(Instant::now());
            if status.is_some() || left.is_zero() {
                return Ok(status);
            }
            await_readable(&self.socket, Some(left)).map_err(ZygoteError::System)?;
        }
    }

    fn try_report(&mut self) -> Result<Option<Report>, ZygoteError> {
        match protocol::try_receive_report(self.socket.as_fd()) {
            Ok(report) => Ok(Some(report)),
            Err(ReceiveError::NotYet) => Ok(None),
            Err(ReceiveError::Closed) => Err(self.gone()),
            Err(ReceiveError::Garbled) => Err(ZygoteError::Order),
            Err(ReceiveError::System(errno)) => Err(ZygoteError::System(errno.into())),
        }
    }

    fn gone(&mut self) -> ZygoteError {
        match self.process.end(Duration::ZERO) {
            Ok(status) => ZygoteError::Gone(status),
            Err(error) => ZygoteError::System(error),
        }
    }
}

impl AsFd for Zygote {
    /// The control socket, to wait on for readability; not to be read.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        // Politely first: the zygote kills and reaps its job, so no orphan is left to whoever is process 1.
        let _ = shutdown(&self.socket, Shutdown::Both);
        let _ = self.process.end(EXIT_WITHIN);
    }
}

/// A job that runs. Dropping it does nothing to the job.
#[derive(Debug)]
pub struct Running {
    pid: Pid,
    pidfd: OwnedFd,
}

impl Running {
    /// The job's process id, for logs. To end the job use [`kill`](Self::kill), which cannot hit another process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Kills the job. Its status follows as usual; a job that has ended is left alone.
    ///
    /// # Errors
    /// Only where the host forbids this signal.
    pub fn kill(&self) -> io::Result<()> {
        match pidfd_send_signal(&self.pidfd, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl AsFd for Running {
    /// The job's pidfd; readable once the job has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// A child process that is never left over.
#[derive(Debug)]
struct Process {
    child: Child,
}

impl Process {
    /// Gives it `grace` to exit by itself, then kills it; reaps it.
    fn end(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        if !grace.is_zero() && self.child.try_wait()?.is_none() {
            let pidfd = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty())?;
            await_readable(&pidfd, Some(grace))?;
        }
        self.child.kill()?; // one that has exited keeps its status
        self.child.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn first_report(process: &mut Process, socket: &OwnedFd) -> Result<Layers, SpawnError> {
    let until = Instant::now() + READY_WITHIN;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match protocol::try_receive_report(socket.as_fd()) {
            Ok(Report::Ready(layers)) => return Ok(layers),
            Ok(Report::Refused(layer, layers)) => return Err(SpawnError::Unconfined(layer, layers)),
            Ok(Report::Started { .. } | Report::NotStarted(_) | Report::Ended(_)) | Err(ReceiveError::Garbled) => {
                return Err(SpawnError::Stranger);
            }
            Err(ReceiveError::Closed) => {
                return Err(process.end(EXIT_WITHIN).map_or_else(SpawnError::System, SpawnError::Died));
            }
            Err(ReceiveError::System(errno)) => return Err(SpawnError::System(errno.into())),
            Err(ReceiveError::NotYet) if left.is_zero() => return Err(SpawnError::Silent),
            Err(ReceiveError::NotYet) => await_readable(socket, Some(left)).map_err(SpawnError::System)?,
        }
    }
}

/// Waits until something can be read; `None`: for ever. May return early without anything there.
fn await_readable(fd: &impl AsFd, time: Option<Duration>) -> io::Result<()> {
    let time = time.map(|time| Timespec::try_from(time).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 }));
    match poll(&mut [PollFd::new(fd, PollFlags::IN)], time.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
