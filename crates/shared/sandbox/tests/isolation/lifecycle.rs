//! Many jobs, and what dies with what.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

use std::io::{BufRead, BufReader, Read, Write, pipe};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use sekisho_sandbox::{Ending, JobStatus, ZygoteError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::UnixStream;

use crate::kit::{LIMITS, assert_ends, myself, run, spawn, start};

fn pid(raw: u32) -> Pid {
    Pid::from_raw(raw.try_into().unwrap()).unwrap()
}

/// A zombie still has its directory.
fn exists(raw: u32) -> bool {
    Path::new("/proc").join(raw.to_string()).exists()
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

pub(crate) fn a_thousand_jobs_leave_no_descriptor_and_no_zombie() {
    let before = open_descriptors();
    let mut zygote = spawn(); // it may hold 16 descriptors, so a leak of its own would end it
    let id = zygote.pid();
    for round in 0..1000 {
        let order = format!("echo {round}");
        let started = start(&mut zygote, LIMITS, &order);
        assert_eq!(std::io::read_to_string(started.output).unwrap(), round.to_string());
        assert_eq!(zygote.wait().unwrap(), JobStatus::Exited(0));
        assert!(!exists(started.running.pid()), "job {round} was not reaped");
    }
    drop(zygote);
    assert_eq!(open_descriptors(), before);
    assert!(!exists(id), "the zygote was not reaped");
}

/// The role of a parent that is going to be killed: says who its zygote and its job are, and waits for ever.
pub(crate) fn parent() -> ExitCode {
    let mut zygote = spawn();
    let started = start(&mut zygote, LIMITS, "spin");
    let mut out = std::io::stdout();
    writeln!(out, "{}\n{}", zygote.pid(), started.running.pid()).unwrap();
    out.flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
    ExitCode::SUCCESS
}

pub(crate) fn zygote_and_job_die_with_the_parent() {
    let mut parent =
        Command::new(myself()).arg("role-parent").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(parent.stdout.take().unwrap());
    let family = said.lines().take(2).map(|line| pid(line.unwrap().parse().unwrap()));
    let family: Vec<_> = family.map(|pid| pidfd_open(pid, PidfdFlags::empty()).unwrap()).collect();
    parent.kill().unwrap();
    parent.wait().unwrap();
    for (pidfd, who) in family.iter().zip(["the zygote", "the job"]) {
        assert_ends(pidfd, who);
    }
}

pub(crate) fn the_job_dies_with_the_zygote_and_the_parent_is_told() {
    let mut zygote = spawn();
    let started = start(&mut zygote, LIMITS, "spin");
    kill_process(pid(zygote.pid()), Signal::KILL).unwrap();
    let error = zygote.wait().unwrap_err();
    assert!(matches!(error, ZygoteError::Gone(_)) && error.to_string().contains("signal: 9"), "{error}");
    assert_ends(&started.running, "the job");
    started.running.kill().unwrap();
}

pub(crate) fn an_idle_zygote_that_dies_is_noticed() {
    let mut zygote = spawn();
    let pidfd = pidfd_open(pid(zygote.pid()), PidfdFlags::empty()).unwrap();
    kill_process(pid(zygote.pid()), Signal::KILL).unwrap();
    assert_ends(pidfd, "the zygote");
    let (input, _feed) = pipe().unwrap();
    let (_output, theirs) = pipe().unwrap();
    let error = zygote.submit(LIMITS, input.into(), theirs.into()).unwrap_err();
    assert!(matches!(error, ZygoteError::Gone(_)), "{error}");
    drop(zygote);
    assert_eq!(run(&mut spawn(), "echo renewed"), (JobStatus::Exited(0), "renewed".to_owned()));
}

pub(crate) fn a_dropped_zygote_takes_its_job_along() {
    let mut zygote = spawn();
    let started = start(&mut zygote, LIMITS, "spin");
    let both = [zygote.pid(), started.running.pid()];
    drop(zygote);
    assert!(!both.into_iter().any(exists));
}

/// The trap of PR_SET_PDEATHSIG, which tells the end of a thread.
pub(crate) fn a_zygote_outlives_the_thread_that_spawned_it() {
    let mut zygote = std::thread::spawn(spawn).join().unwrap();
    assert_eq!(run(&mut zygote, "echo well"), (JobStatus::Exited(0), "well".to_owned()));
}

/// Ctrl-C in a terminal, and systemd at the end of a unit, signal every process of the gateway at once.
pub(crate) fn signals_to_the_group_do_not_end_a_job() {
    let mut zygote = spawn();
    let (input, mut feed) = pipe().unwrap();
    let (output, theirs) = pipe().unwrap();
    let running = zygote.start(LIMITS, input.into(), theirs.into()).unwrap();
    for target in [zygote.pid(), running.pid()] {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
            kill_process(pid(target), signal).unwrap();
        }
    }
    feed.write_all(b"echo well").unwrap();
    drop(feed);
    assert_eq!(std::io::read_to_string(output).unwrap(), "well");
    assert_eq!(zygote.wait().unwrap(), JobStatus::Exited(0));
}

pub(crate) fn a_second_job_is_refused_while_one_runs() {
    let mut zygote = spawn();
    let started = start(&mut zygote, LIMITS, "spin");
    let (input, _feed) = pipe().unwrap();
    let (_output, theirs) = pipe().unwrap();
    assert!(matches!(zygote.submit(LIMITS, input.into(), theirs.into()), Err(ZygoteError::Busy)));
    started.running.kill().unwrap();
    assert_eq!(zygote.wait().unwrap().ending(), Ending::Killed);
}

pub(crate) fn a_call_out_of_turn_is_an_error() {
    let mut zygote = spawn();
    assert!(matches!(zygote.try_started(), Err(ZygoteError::Order)));
    assert!(matches!(zygote.try_ended(), Err(ZygoteError::Order)));
    assert_eq!(run(&mut zygote, "echo well").1, "well");
}

pub(crate) fn two_zygotes_work_side_by_side() {
    let mut zygotes = [spawn(), spawn()];
    let mut jobs = zygotes.each_mut().map(|zygote| start(zygote, LIMITS, "flood"));
    for job in jobs.iter_mut().rev() {
        job.output.read_exact(&mut [0; 100_000]).unwrap();
    }
    for (zygote, job) in zygotes.iter_mut().zip(&jobs) {
        job.running.kill().unwrap();
        assert_eq!(zygote.wait().unwrap().ending(), Ending::Killed);
    }
}

pub(crate) fn the_documented_sequence_works_in_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut zygote = tokio::task::spawn_blocking(spawn).await.unwrap();
        let reports = UnixStream::from_std(zygote.readiness().unwrap()).unwrap();
        for round in 0..20 {
            let (mut feed, input) = tokio::net::unix::pipe::pipe().unwrap();
            let (theirs, output) = tokio::net::unix::pipe::pipe().unwrap();
            let theirs = theirs.into_nonblocking_fd().unwrap(); // to be made blocking by submit
            zygote.submit(LIMITS, input.into_nonblocking_fd().unwrap(), theirs).unwrap();
            let running = until(&reports, || zygote.try_started()).await;
            feed.write_all(format!("echo {round}").as_bytes()).await.unwrap();
            drop(feed);
            let mut said = String::new();
            output.take(1 << 20).read_to_string(&mut said).await.unwrap();
            assert_eq!(said, round.to_string());
            assert_eq!(until(&reports, || zygote.try_ended()).await, JobStatus::Exited(0));
            assert_ends(running.as_fd(), "the job");
        }
        let id = zygote.pid();
        drop(zygote); // while `reports` still holds the socket
        assert!(!exists(id));
    });
}

async fn until<T>(reports: &UnixStream, mut attempt: impl FnMut() -> Result<Option<T>, ZygoteError>) -> T {
    let attempt = || match attempt() {
        Ok(None) => Err(std::io::ErrorKind::WouldBlock.into()),
        Ok(Some(got)) => Ok(got),
        Err(error) => Err(std::io::Error::other(error)),
    };
    reports.async_io(Interest::READABLE, attempt).await.unwrap()
}
