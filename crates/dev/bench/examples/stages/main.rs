//! What each stage of one mail costs by itself, on one core.
//!
//! `cargo run --release -p sekisho-bench --example stages [MAIL]`. In microseconds of processor time a mail (what else
//! runs on the machine hardly counts), the median (min-max) of several rounds. What stands in parentheses is no part of
//! the product: the same work by the bare libraries. Without a mail's name also what has no mail of its own: the disk,
//! the handoff, a worker's start, the relay, and each kind of file made anew.
#![allow(clippy::print_stdout, reason = "an example prints its table")]

mod files;
mod meter;
mod ways;

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use mail_parser::{MessageParser, PartType};
use sekisho_bench::mails::{Mail, rebuilt, sized, standard};
use sekisho_inner::render::render;
use sekisho_job::{Answer, Job, Limits, Rules, encode_deliver};
use sekisho_policy::Policy;
use sekisho_safe_message::{Envelope, MailId, ProfileName, SafeMessage, Timestamp, Untrusted, frame};
use sekisho_sanitizer::{Outcome, sanitize};
use sekisho_verify::verify;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<ExitCode> {
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|role| role == ways::WORKER) {
        return Ok(ways::worker(&mut arguments));
    }
    println!("| mail | stage | us a mail |\n|---|---|---|");
    let only = arguments.first();
    let mut mails = standard().to_vec();
    mails.extend(mails.iter().find(|mail| mail.name() == "html20k").map(without_plain));
    mails.extend(rebuilt());
    mails.push(sized("att20M", 20_000_000));
    for mail in mails.iter().filter(|mail| only.is_none_or(|only| only == mail.name())) {
        stages(mail)?;
    }
    if only.is_none() {
        files::rows()?;
        ways::rows()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn stages(mail: &Mail) -> Result<()> {
    let job = job(mail.octets().len())?;
    row(mail, "receive", || ways::receive(mail));
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

fn row<T>(mail: &Mail, stage: &str, work: impl FnMut() -> T) {
    println!("| {} | {stage} | {} |", mail.name(), meter::cost(work));
}

/// The mail with its HTML alone, so that it becomes the text.
fn without_plain(mail: &Mail) -> Mail {
    let page = html(mail).unwrap_or_default();
    let head = "From: a@sender.example\r\nDate: Tue, 24 Nov 2026 09:05:00 +0900\r\nContent-Type: text/html; charset=utf-8\r\n\r\n";
    Mail::new("htmlonly", [head, &page.replace("\r\n", "\n").replace('\n', "\r\n")].concat().into_bytes())
}

fn message_of(mail: &Mail, job: &Job) -> Result<SafeMessage> {
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

/// The policy that is shipped as the default.
const PROFILE: &str = "rebuild-or-hold";

fn job(size: usize) -> Result<Job> {
    Ok(Job {
        id: MailId::new(1_800_000_000_000, [7; 10]),
        envelope: Envelope::new(None, vec!["m1@bench.example".parse()?]).ok_or("no recipient")?,
        received: Timestamp::from_unix_ms_jst(1_800_000_000_000),
        size: size as u64,
        limits: Limits::default(),
        profile: ProfileName::parse(PROFILE)?,
        rules: Rules::default(),
        policy: Policy::built_in(PROFILE).ok_or("the shipped policy is not there")?,
        files: sekisho_job::FileRules::default(),
        orders: sekisho_job::Orders::default(),
    })
}
