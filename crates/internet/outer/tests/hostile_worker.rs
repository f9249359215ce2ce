//! Workers that crash, hang, flood, lie or overreach: the mail is held with
//! the right reason, and the next mail is read as if nothing had happened.
//!
//! The test executable plays the rogue workers itself: called by a name such
//! as `rogue-panic` (a symbolic link to it), it is that worker.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may panic, and this one has no harness")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use sekisho_job::{Answer, HoldReason, Job, Limits, Report, Rules, encode_deliver, encode_hold};
use sekisho_outer::pool::{Failure, Pool, PoolConfig, Worked};
use sekisho_safe_message::{
    Envelope, Language, MailId, Mailbox, ProfileName, SafeHeaders, SafeLine, SafeMessage, SafeText, Sha256, Timestamp,
};
use sekisho_sandbox::{Confinement, WorkerMemory, serve};

/// As the shipped worker has it.
#[global_allocator]
static MEMORY: WorkerMemory = WorkerMemory;

/// What a rogue does, and what must be on record for it.
const ROGUES: &[(&str, HoldReason)] = &[
    ("panic", HoldReason::WorkerCrashed),
    ("overflow", HoldReason::WorkerCrashed),
    ("exit", HoldReason::WorkerCrashed),
    ("hang", HoldReason::WorkerTimeout),
    ("spin", HoldReason::WorkerTimeout),
    ("linger", HoldReason::WorkerTimeout),
    ("flood", HoldReason::WorkerOutput),
    ("memory", HoldReason::WorkerMemory),
    ("open", HoldReason::WorkerForbidden),
    ("connect", HoldReason::WorkerForbidden),
    ("silent", HoldReason::WorkerGarbage),
    ("garbage", HoldReason::WorkerGarbage),
    ("half", HoldReason::WorkerGarbage),
    ("twice", HoldReason::WorkerGarbage),
    ("other-id", HoldReason::WorkerGarbage),
    ("other-recipient", HoldReason::WorkerGarbage),
    ("other-digest", HoldReason::WorkerGarbage),
    ("hold-and-deliver", HoldReason::WorkerGarbage),
];

fn main() -> ExitCode {
    let called = std::env::args_os().next().map(PathBuf::from).unwrap();
    let name = called.file_name().unwrap().to_string_lossy().into_owned();
    match name.strip_prefix("rogue-") {
        Some(deed) => serve(Confinement::default(), || (), |(), input, output| rogue(deed, input, output)),
        None => test(),
    }
}

fn test() -> ExitCode {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut failed = 0;
    for (deed, reason) in ROGUES {
        let got = runtime.block_on(held_for(dir.path(), deed));
        let passed = got == Err(*reason);
        failed += u32::from(!passed);
        println!(
            "test a_worker_that_does_{deed} ... {}",
            if passed { "ok".to_owned() } else { format!("FAILED: {got:?}") }
        );
    }
    let passed = runtime.block_on(goes_on(dir.path()));
    failed += u32::from(!passed);
    println!("test the_pool_goes_on_after_a_crash ... {}", if passed { "ok" } else { "FAILED" });
    println!("\ntest result: {} passed; {failed} failed", u32::try_from(ROGUES.len()).unwrap() + 1 - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn pool(dir: &Path, deed: &str) -> Pool {
    let program = dir.join(format!("rogue-{deed}"));
    if !program.exists() {
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &program).unwrap();
    }
    let config = PoolConfig {
        program,
        count: 1,
        deadline: Duration::from_secs(2),
        memory: 256 << 20,
        output_max: 1 << 20,
        renew_after: 1000,
        allow_without_landlock: false,
    };
    Pool::start(config).await.unwrap()
}

/// The reason for which a mail read by this rogue is held; `Ok` if it would
/// have crossed or was held on the rogue's own word.
async fn held_for(dir: &Path, deed: &str) -> Result<Answer, HoldReason> {
    let mail = b"From: a@b.example\r\n\r\ntext\r\n".repeat(100);
    let pool = pool(dir, deed).await;
    let Worked { sha256, answer } = pool.work(&job(mail.len()), &mail[..]).await.unwrap();
    assert_eq!(sha256, Sha256::of(&mail), "{deed}: the digest is our own");
    answer.map_err(|Failure { reason, .. }| reason)
}

/// A pool whose every second mail kills its worker still reads the others.
async fn goes_on(dir: &Path) -> bool {
    let pool = pool(dir, "moody").await;
    for round in 0..20 {
        let mail: &[u8] = if round % 2 == 0 { b"crash" } else { b"fine" };
        let worked = pool.work(&job(mail.len()), mail).await.unwrap();
        let fine = matches!(worked.answer, Ok(Answer::Hold(HoldReason::NoHeader, _)));
        if fine != (mail == b"fine") {
            return false;
        }
    }
    true
}

fn job(size: usize) -> Job {
    Job {
        id: MailId::new(1, [2; 10]),
        envelope: Envelope::new(None, vec!["a@b.example".parse().unwrap()]).unwrap(),
        received: Timestamp::new(0, 540).unwrap(),
        size: size as u64,
        limits: Limits::default(),
        profile: ProfileName::parse("text-only").unwrap(),
        rules: Rules::default(),
    }
}

/// What each rogue does with its mail.
fn rogue(deed: &str, mut input: impl Read, mut output: impl Write) {
    let mut all = Vec::new();
    input.read_to_end(&mut all).unwrap();
    let len = u32::from_be_bytes(*all.first_chunk::<4>().unwrap()) as usize;
    let job = Job::decode(&all[4..4 + len]).unwrap();
    let mail = &all[4 + len..];
    match deed {
        "panic" => panic!("on purpose"),
        "overflow" => println!("{}", deep(mail.len() as u64)),
        "exit" => std::process::exit(3),
        "hang" => std::thread::park(),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "linger" => {
            drop(output);
            std::thread::park();
        }
        "flood" => while output.write_all(&[b'x'; 65_536]).is_ok() {},
        "memory" => drop(std::hint::black_box(vec![1u8; 1 << 30])),
        "open" => drop(std::fs::File::open("/etc/passwd")),
        "connect" => drop(std::net::TcpStream::connect("127.0.0.1:25")),
        "silent" => {}
        "garbage" => output.write_all(b"SKA1 but nothing that makes sense").unwrap(),
        "half" => {
            let answer = deliver(&job, mail);
            output.write_all(&answer[..answer.len() / 2]).unwrap();
        }
        "twice" => output.write_all(&deliver(&job, mail).repeat(2)).unwrap(),
        "other-id" => {
            let other = Job { id: MailId::new(9, [9; 10]), ..job };
            output.write_all(&deliver(&other, mail)).unwrap();
        }
        "other-recipient" => {
            let envelope = Envelope::new(None, vec!["evil@b.example".parse().unwrap()]).unwrap();
            output.write_all(&deliver(&Job { envelope, ..job }, mail)).unwrap();
        }
        "other-digest" => output.write_all(&deliver(&job, b"another mail of another digest")).unwrap(),
        "hold-and-deliver" => {
            let mut answer = deliver(&job, mail);
            answer[4] = 2;
            output.write_all(&answer).unwrap();
        }
        "moody" if mail == b"crash" => panic!("on purpose"),
        "moody" => output.write_all(&hold(&job, mail)).unwrap(),
        _ => unreachable!("no such rogue"),
    }
}

/// Runs out of stack.
fn deep(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 512]);
    if depth == u64::MAX { frame[0] } else { deep(depth + 1) + frame[511] }
}

fn report(job: &Job, mail: &[u8]) -> Report {
    let mut report = Report::unread(job, HoldReason::NoHeader, Sha256::of(mail));
    report.source.size = job.size;
    report
}

fn hold(job: &Job, mail: &[u8]) -> Vec<u8> {
    encode_hold(&report(job, mail)).unwrap()
}

fn deliver(job: &Job, mail: &[u8]) -> Vec<u8> {
    let mut report = report(job, mail);
    report.outcome = sekisho_job::Verdict::Deliver;
    report.hold_reason = None;
    let headers = SafeHeaders {
        from: Mailbox { name: None, address: "a@b.example".parse().unwrap() },
        to: vec![],
        cc: vec![],
        reply_to: vec![],
        subject: SafeLine::default(),
        date: job.received,
        message_id: None,
        in_reply_to: vec![],
        references: vec![],
        auto_submitted: None,
        list_id: None,
    };
    let text = SafeText::clean("text").value;
    let (id, envelope, profile) = (job.id, job.envelope.clone(), job.profile.clone());
    let message = SafeMessage::new(id, envelope, headers, text, vec![], Language::En, profile).unwrap();
    encode_deliver(&message, &report).unwrap()
}
