//! What each stage of one mail costs by itself, on one core.
//!
//! `cargo run --release -p sekisho-bench --example stages [MAIL]`. In microseconds of processor time a mail (what else runs on
//! the machine hardly counts), the median (min-max) of several rounds. What is beside a stage in parentheses is no part of the product: the same work by the bare libraries.
#![allow(clippy::print_stdout, reason = "an example prints its table")]

use std::error::Error;
use std::hint::black_box;

use mail_parser::{MessageParser, PartType};
use rustix::time::{ClockId, clock_gettime};
use sekisho_bench::mails::{Mail, sized, standard};
use sekisho_bench::spread::Spread;
use sekisho_inner::render::render;
use sekisho_job::{Answer, Job, Limits, Rules, encode_deliver};
use sekisho_safe_message::{Envelope, MailId, ProfileName, SafeMessage, Timestamp, Untrusted, frame};
use sekisho_sanitizer::{Outcome, sanitize};
use sekisho_verify::verify;

const ROUNDS: usize = 7;
/// Seconds.
const ROUND: f64 = 0.2;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    println!("| mail | stage | us a mail |\n|---|---|---|");
    let only = std::env::args().nth(1);
    let mut mails = standard().to_vec();
    mails.extend(mails.iter().find(|mail| mail.name() == "html20k").map(without_plain));
    mails.push(sized("att20M", 20_000_000));
    for mail in mails.iter().filter(|mail| only.as_deref().is_none_or(|only| only == mail.name())) {
        stages(mail)?;
    }
    Ok(())
}

fn stages(mail: &Mail) -> Result<()> {
    let job = job(mail.octets().len())?;
    let raw = || Untrusted::new(mail.octets());
    row(mail, "sanitize", || sanitize(raw(), &job));
    let Outcome::Deliver(message, report) = sanitize(raw(), &job) else {
        return Err(format!("{} is held", mail.name()).into());
    };
    row(mail, "(mail-parser alone)", || MessageParser::default().parse(mail.octets()));
    if let Some(html) = html(mail) {
        row(mail, "(html2text alone)", || html2text::from_read(html.as_bytes(), 76));
    }
    row(mail, "encode answer", || encode_deliver(&message, &report));
    let answer = encode_deliver(&message, &report)?;
    row(mail, "check answer", || Answer::decode(Untrusted::new(&answer), &job));
    lgwan_side(mail, &message)
}

fn lgwan_side(mail: &Mail, message: &SafeMessage) -> Result<()> {
    let encoded = frame::encode(message)?;
    row(mail, "decode frame", || frame::decode(Untrusted::new(&encoded)));
    row(mail, "render", || render(message));
    let rendered = render(message).into_bytes();
    row(mail, "verify", || verify(rendered.clone(), message.envelope().clone()).is_ok());
    println!(
        "| {} | | {} octets in, {} over the border, {} out |",
        mail.name(),
        mail.octets().len(),
        encoded.len(),
        rendered.len()
    );
    Ok(())
}

fn row<T>(mail: &Mail, stage: &str, mut work: impl FnMut() -> T) {
    println!("| {} | {stage} | {} |", mail.name(), cost(&mut work));
}

/// Microseconds a call, in some rounds after one to warm up.
fn cost<T>(work: &mut impl FnMut() -> T) -> Spread {
    let mut round = || {
        let (started, mut calls) = (processor_time(), 0_u32);
        while processor_time() - started < ROUND {
            black_box(work());
            calls += 1;
        }
        (processor_time() - started) * 1e6 / f64::from(calls)
    };
    round();
    (0..ROUNDS).map(|_| round()).collect()
}

/// Seconds that this process has used.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The mail with its HTML alone, so that it becomes the text.
fn without_plain(mail: &Mail) -> Mail {
    let page = html(mail).unwrap_or_default();
    let head = "From: a@sender.example\r\nDate: Tue, 24 Nov 2026 09:05:00 +0900\r\nContent-Type: text/html; charset=utf-8\r\n\r\n";
    Mail::new("htmlonly", [head, &page.replace("\r\n", "\n").replace('\n', "\r\n")].concat().into_bytes())
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
