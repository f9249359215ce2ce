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

use sekisho_job::{
    Answer, FileRules, HoldReason, Job, Limits, Orders, Outgoing, Report, Rules, encode_answers, encode_deliver,
    encode_hold,
};
use sekisho_outer::pool::{Failure, Heard, Pool, PoolConfig, Worked};
use sekisho_policy::Policy;
use sekisho_safe_message::{
    Envelope, Language, MailId, Mailbox, SafeHeaders, SafeLine, SafeMessage, SafeText, Sha256, Timestamp,
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
    ("leave-one-out", HoldReason::WorkerGarbage),
    ("serve-one-twice", HoldReason::WorkerGarbage),
    ("share-another-id", HoldReason::WorkerGarbage),
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
    let passed = runtime.block_on(divides(dir.path()));
    failed += u32::from(!passed);
    println!("test a_divided_mail_is_heard ... {}", if passed { "ok" } else { "FAILED" });
    println!("\ntest result: {} passed; {failed} failed", u32::try_from(ROGUES.len()).unwrap() + 2 - failed);
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
    let job = job(mail.len());
    let Worked { sha256, answer } = pool.work(&job, &mail[..]).await.unwrap();
    assert_eq!(sha256, Sha256::of(&mail), "{deed}: the digest is our own");
    let answer = answer.map_err(|Failure { reason, .. }| reason);
    // The other way to ask says the same.
    let Heard { answers, room, .. } = pool.hear(&job, &mail[..]).await.unwrap();
    let heard = answers.map_err(|Failure { reason, .. }| reason);
    assert_eq!(heard.as_ref().err(), answer.as_ref().err(), "{deed}");
    drop(room);
    answer
}

/// A mail that is divided honestly is heard with both its shares.
async fn divides(dir: &Path) -> bool {
    let pool = pool(dir, "divide").await;
    let job = job(4);
    let heard = pool.hear(&job, &b"mail"[..]).await.unwrap();
    let Ok(answers) = heard.answers else { return false };
    let whole = pool.work(&job, &b"mail"[..]).await.unwrap().answer.is_ok();
    let crosses: Vec<_> = answers.shares().iter().map(|share| answers.frame(share).is_some()).collect();
    crosses == [true, false] && heard.room.is_some() && !whole
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
        envelope: Envelope::new(None, ["a@b.example", "c@b.example"].map(|to| to.parse().unwrap()).into()).unwrap(),
        received: Timestamp::new(0, 540).unwrap(),
        size: size as u64,
        limits: Limits::default(),
        profile: Policy::text_only().profile().clone(),
        rules: Rules::default(),
        policy: Policy::text_only(),
        files: FileRules::default(),
        orders: Orders::default(),
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
        "garbage" => output.write_all(b"SKA2 but nothing that makes sense").unwrap(),
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
            // The verdict of the first share stands behind the count.
            answer[5] = 2;
            output.write_all(&answer).unwrap();
        }
        "divide" => output.write_all(&shares(&job, mail, &[(&[0], &[0], true), (&[1], &[1], false)])).unwrap(),
        "leave-one-out" => output.write_all(&shares(&job, mail, &[(&[0], &[0], true)])).unwrap(),
        "serve-one-twice" => {
            output.write_all(&shares(&job, mail, &[(&[0], &[0], true), (&[0, 1], &[0, 1], true)])).unwrap();
        }
        "share-another-id" => {
            output.write_all(&shares(&job, mail, &[(&[0], &[1], true), (&[1], &[0], true)])).unwrap();
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

/// An answer of shares: told to be for these places, made for those, crossing
/// or not.
fn shares(job: &Job, mail: &[u8], told: &[(&[usize], &[usize], bool)]) -> Vec<u8> {
    let made: Vec<_> = told
        .iter()
        .map(|(_, places, crosses)| {
            let job = job.share(places).unwrap();
            if *crosses { (delivered(&job, mail), Some(message(&job))) } else { (report(&job, mail), None) }
        })
        .collect();
    let outgoing: Vec<_> = told
        .iter()
        .zip(&made)
        .map(|((recipients, _, _), (report, message))| Outgoing { recipients, report, message: message.as_ref() })
        .collect();
    encode_answers(&outgoing).unwrap()
}

fn deliver(job: &Job, mail: &[u8]) -> Vec<u8> {
    encode_deliver(&message(job), &delivered(job, mail)).unwrap()
}

fn delivered(job: &Job, mail: &[u8]) -> Report {
    let mut report = report(job, mail);
    report.outcome = sekisho_job::Verdict::Deliver;
    report.hold_reason = None;
    report
}

fn message(job: &Job) -> SafeMessage {
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
    SafeMessage::new(id, envelope, headers, text, vec![], Language::En, profile).unwrap()
}
