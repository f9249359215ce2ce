//! What one job costs: fork, limits, filter, exit, and the pages it touches.
//!
//! `cargo run --release -p sekisho-sandbox --example job_cost`. In microseconds a job: processor time of parent, zygote and
//! job together, and the median and spread of several rounds of wall time, from the making of the pipes to the status.

use std::ffi::OsString;
use std::io::{Error, PipeReader, Read, Write, pipe};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sekisho_sandbox::{Confinement, JobInput, JobLimits, JobOutput, JobStatus, Zygote, serve};

const ROUNDS: usize = 7;
const JOBS: u32 = 1000;
const PAGE: usize = 4096;
/// What a zygote has written before it forks: every such page is paid again in each fork and each exit.
const LOADED: [usize; 2] = [1 << 20, 16 << 20];

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|role| role == "worker") {
        let confinement = Confinement::take_from(&mut arguments);
        let loaded = arguments.get(1).and_then(|bytes| bytes.to_str()?.parse().ok()).unwrap_or(0);
        let prepare = || vec![1_u8; loaded];
        return serve(confinement, prepare, |loaded, input, output| {
            std::hint::black_box(loaded);
            job(input, output);
        });
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "job_cost: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The first eight bytes say how much to touch; the rest is the mail.
fn job(mut input: JobInput, mut output: JobOutput) {
    let mut touch = [0; 8];
    if input.read_exact(&mut touch).is_err() {
        return;
    }
    let mut mail = Vec::new();
    let touched = touch_pages(usize::from_le_bytes(touch));
    if input.read_to_end(&mut mail).is_ok() {
        let _ = output.write_all(&[touched]);
    }
}

fn touch_pages(bytes: usize) -> u8 {
    let mut fresh: Vec<u8> = Vec::with_capacity(bytes);
    for page in fresh.spare_capacity_mut().chunks_mut(PAGE) {
        if let Some(byte) = page.first_mut() {
            byte.write(1);
        }
    }
    std::hint::black_box(&mut fresh);
    1
}

fn measure() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    for loaded in LOADED {
        writeln!(out, "zygote with {} MiB of its own", loaded >> 20)?;
        writeln!(out, "  {:<20} {:>9} {:>9} {:>13}", "us a job", "processor", "wall", "(min-max)")?;
        for (name, mail, touch) in [
            ("empty", 0, 0),
            ("reads 20 kB", 20_000, 0),
            ("reads 200 kB", 200_000, 0),
            ("touches 1 MiB", 0, 1 << 20),
            ("touches 4 MiB", 0, 4 << 20),
        ] {
            let before = processor_time()?;
            let worker = ["worker".into(), loaded.to_string().into()];
            let mut zygote = Zygote::spawn(&std::env::current_exe()?, worker, Confinement::default())?;
            let rounds = measure_job(&mut zygote, &vec![b'x'; mail], touch)?;
            drop(zygote); // reaped, so that its time and its jobs' counts as ours
            let processor = (processor_time()? - before) / (JOBS * u32::try_from(ROUNDS)?);
            let [first, .., last] = rounds.as_slice() else { continue };
            let wall = rounds.get(ROUNDS / 2).unwrap_or(last);
            let spread = format!("({}-{})", first.as_micros(), last.as_micros());
            writeln!(out, "  {name:<20} {:>9} {:>9} {spread:>13}", processor.as_micros(), wall.as_micros())?;
        }
    }
    Ok(())
}

/// Of this process and of all children that it has reaped. proc(5): fields 14 to 17, in ticks of 10 ms.
fn processor_time() -> Result<Duration, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?;
    let ticks: Result<Vec<u64>, _> = after_name.split_whitespace().skip(11).take(4).map(str::parse).collect();
    Ok(Duration::from_millis(10 * ticks?.iter().sum::<u64>()))
}

/// Time a job of each round, shortest first.
fn measure_job(zygote: &mut Zygote, mail: &[u8], touch: usize) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    run(zygote, mail, touch)?; // the first is always dearer
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..JOBS {
            run(zygote, mail, touch)?;
        }
        rounds.push(started.elapsed() / JOBS);
    }
    rounds.sort_unstable();
    Ok(rounds)
}

fn run(zygote: &mut Zygote, mail: &[u8], touch: usize) -> Result<(), Box<dyn std::error::Error>> {
    let (input, mut feed) = pipe()?;
    let (output, theirs): (PipeReader, _) = pipe()?;
    let limits = JobLimits { memory: 64 << 20, cpu_seconds: 10 };
    zygote.start(limits, input.into(), theirs.into())?;
    feed.write_all(&touch.to_le_bytes())?;
    feed.write_all(mail)?;
    drop(feed);
    let mut answer = Vec::new();
    output.take(16).read_to_end(&mut answer)?;
    match zygote.wait_for(Duration::from_secs(60))? {
        Some(JobStatus::Exited(0)) if answer == [1] => Ok(()),
        other => Err(Error::other(format!("a job went wrong: {other:?}")).into()),
    }
}
