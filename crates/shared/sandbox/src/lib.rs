//! Process isolation: one job in one process that can do nothing but compute.
//!
//! **Owns** how a worker is confined (privileges, namespaces, rlimits, Landlock, seccomp), how it is started, one
//! fresh process per job, and how it is ended. **Never** knows what a job is about: it moves two file descriptors
//! and looks at no byte that passes through them. It imports nothing of ours. Every `unsafe` block of the project
//! stands in this crate's `raw` module.
//!
//! # The two ends
//! A *zygote* is a program that calls [`serve`]: it loads code, enters the sandbox, and then forks one child per job.
//! Its *parent* holds a [`Zygote`] and gives it jobs, one at a time.
//!
//! ```text
//! parent                          zygote (one thread, sandboxed)        job (fork of the zygote)
//! Zygote::spawn  ──exec──────────> prepare(), enter the sandbox
//!                <──layers──────── ready
//! submit/start   ──limits, 2 fds─> fork ──────────────────────────────> closes all but its 2 fds,
//!                <──pidfd───────── started                              own rlimits, tighter filter,
//!                                  waits for the job and the parent     reads input, writes output
//! try_ended/wait <──status──────── reaps <──────────────────────────── exits or is killed
//! ```
//!
//! # What a job cannot do
//! Its system calls are those of a computation on memory plus `read`, `write` and `close` on two descriptors;
//! anything else kills it. It cannot open, create, connect, fork, execute, trace, signal others, or make memory
//! executable. A job that is killed takes nothing with it: the zygote never sees a byte of it, so no page that one
//! job wrote is ever visible to another.
//!
//! # What dies with what
//! The zygote ends when the parent's end of the socket closes (so with the parent, however that dies) and kills the
//! running job first. A job is killed by the kernel when its zygote dies. Dropping a [`Zygote`] ends and reaps it; to
//! renew a zygote, drop it and spawn another.
//!
//! # For a blocking caller
//! ```no_run
//! use sekisho_sandbox::{Confinement, JobLimits, Zygote};
//! use std::{io::{Read, Write}, path::Path, time::Duration};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let worker = Path::new("/usr/libexec/sekisho/sekisho-worker");
//! let mut zygote = Zygote::spawn(worker, [], Confinement::default())?;
//! let (input, mut feed) = std::io::pipe()?;
//! let (result, output) = std::io::pipe()?;
//! let limits = JobLimits { memory: 64 << 20, cpu_seconds: 30 };
//! let running = zygote.start(limits, input.into(), output.into())?;
//! let feeding = std::thread::spawn(move || feed.write_all(b"hostile bytes")); // both pipes must move at once
//! let mut frame = Vec::new();
//! result.take(1 << 20).read_to_end(&mut frame)?; // never without a bound
//! if zygote.wait_for(Duration::from_secs(60))?.is_none() {
//!     running.kill()?;
//!     zygote.wait()?;
//! }
//! # drop(feeding);
//! # Ok(())
//! # }
//! ```
//!
//! # For an asynchronous caller
//! The `try_` methods never block, and [`Zygote::readiness`] is what to wait on. With tokio:
//!
//! 1. On a blocking thread, which may end afterwards: `let mut zygote = Zygote::spawn(..)?` (it waits for the program to
//!    load). Then `let reports = tokio::net::UnixStream::from_std(zygote.readiness()?)?`.
//! 2. `zygote.submit(limits, input, output)?`. The caller keeps its own ends of the two channels only, and may make
//!    those non-blocking (`tokio::net::unix::pipe`).
//! 3. `reports.async_io(Interest::READABLE, ..)` with a closure that calls `zygote.try_started()` and turns `Ok(None)`
//!    into `ErrorKind::WouldBlock`; it gives the [`Running`] job.
//! 4. Feed the input and read the output at the same time, the output up to a cap of the caller's. Past the cap, or
//!    past the deadline: `running.kill()`.
//! 5. As 3, with `zygote.try_ended()`; it gives the [`JobStatus`]. Only then is the zygote free for the next job. Do not
//!    drop these futures half way through a job and go on with the same zygote: renew it.
//! 6. On any [`ZygoteError`] but `Busy` and `NotStarted`: drop the zygote and spawn another. `drop` blocks for about a
//!    millisecond.
//!
//! What a job answered counts only if it [ended](JobStatus::ending) as [`Ending::Done`] **and** its bytes hold up: a
//! job that was taken over can exit with any code it likes.

mod child;
mod confine;
mod error;
mod filter;
mod layers;
mod limits;
mod memory;
mod protocol;
mod raw;
mod serve;
mod status;
mod survey;
mod zygote;

pub use child::{JobInput, JobOutput};
pub use confine::Confinement;
pub use error::{SpawnError, ZygoteError};
pub use layers::{Cause, Layer, Layers, State};
pub use limits::JobLimits;
pub use memory::{WorkerMemory, map_file};
pub use serve::serve;
pub use status::{EXIT_OUT_OF_MEMORY, EXIT_PANICKED, EXIT_PROTOCOL, EXIT_UNCONFINED, EXIT_USAGE, Ending, JobStatus};
pub use survey::survey;
pub use zygote::{Running, Zygote};
