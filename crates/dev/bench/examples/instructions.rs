//! How many instructions the text path of a mail takes, counted by valgrind: exact, and the same on a busy machine.
//!
//! `cargo run --release -p sekisho-bench --example instructions`. The example runs itself under callgrind, once with
//! some rounds of a stage and once with twice as many; the difference is the stage's own. In parentheses: no part of the
//! product, the same work by the bare libraries.
#![allow(clippy::print_stdout, reason = "an example prints its table")]

use std::error::Error;
use std::hint::black_box;
use std::process::{Command, ExitCode};

use mail_parser::{MessageParser, PartType};
use sekisho_bench::mails::{Mail, standard};
use sekisho_inner::render::render;
use sekisho_job::{Job, Limits, Rules};
use sekisho_safe_message::{Envelope, MailId, ProfileName, SafeMessage, Timestamp, Untrusted};
use sekisho_sanitizer::{Outcome, sanitize};
use sekisho_verify::verify;

const ROUNDS: u64 = 4;

const STAGES: [&str; 5] = ["sanitize", "render", "verify", "(mail-parser alone)", "(html2text alone)"];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mail, stage, rounds] = arguments.as_slice() {
        let mails = standard();
        let mail = mails.iter().find(|known| known.name() == mail).ok_or("no such mail")?;
        work(mail, stage, rounds.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("valgrind is not installed (Debian: apt-get install valgrind): no instructions counted");
        return Ok(ExitCode::SUCCESS);
    }
    println!("| mail | stage | 1,000 instructions a mail |\n|---|---|---|");
    for mail in &standard() {
        for stage in STAGES {
            if stage == STAGES[4] && html(mail).is_none() {
                continue;
            }
            let count = count(mail, stage, 2 * ROUNDS)?.saturating_sub(count(mail, stage, ROUNDS)?) / ROUNDS;
            println!("| {} | {stage} | {} |", mail.name(), count / 1000);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Instructions of a whole run.
fn count(mail: &Mail, stage: &str, rounds: u64) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe()?);
    let output = valgrind.args([mail.name(), stage, &rounds.to_string()]).output()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let collected = told.lines().find_map(|line| line.split_once("Collected :"));
    let (_, number) = collected.ok_or_else(|| format!("valgrind: {told}"))?;
    Ok(number.trim().parse()?)
}

fn work(mail: &Mail, stage: &str, rounds: u64) -> Result<()> {
    let job = job(mail.octets().len())?;
    let message = message(mail, &job)?;
    let rendered = render(&message).into_bytes();
    let page = html(mail).unwrap_or_default();
    for _ in 0..rounds {
        match stage {
            "sanitize" => drop(black_box(sanitize(Untrusted::new(mail.octets()), &job))),
            "render" => drop(black_box(render(&message))),
            "verify" => drop(black_box(verify(rendered.clone(), message.envelope().clone()))),
            "(mail-parser alone)" => drop(black_box(MessageParser::default().parse(mail.octets()))),
            "(html2text alone)" => drop(black_box(html2text::from_read(page.as_bytes(), 76))),
            _ => return Err("no such stage".into()),
        }
    }
    Ok(())
}

fn message(mail: &Mail, job: &Job) -> Result<SafeMessage> {
    match sanitize(Untrusted::new(mail.octets()), job) {
        Outcome::Deliver(message, _) => Ok(*message),
        Outcome::Hold(..) => Err(format!("{} is held", mail.name()).into()),
    }
}

/// The page of the mail's HTML part.
fn html(mail: &Mail) -> Option<String> {
    let parsed = MessageParser::default().parse(mail.octets())?;
    parsed.parts.iter().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.to_string()),
        _ => None,
    })
}

fn job(size: usize) -> Result<Job> {
    Ok(Job {
        id: MailId::new(1_800_000_000_000, [7; 10]),
        envelope: Envelope::new(None, vec!["m1@bench.example".parse()?]).ok_or("no recipient")?,
        received: Timestamp::from_unix_ms_jst(1_800_000_000_000),
        size: size as u64,
        limits: Limits::default(),
        profile: ProfileName::parse("text-only")?,
        rules: Rules::default(),
        policy: sekisho_policy::Policy::text_only(),
        files: sekisho_job::FileRules::default(),
        orders: sekisho_job::Orders::default(),
    })
}
