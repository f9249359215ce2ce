//! Time for HTML of 1, 2, 4 and 8 MB, and of bombs: it must grow with the
//! size, not with its square. `cargo run --release --example html_text`
#![expect(clippy::print_stdout, reason = "it prints its figures")]

use std::time::Instant;

use sekisho_job::{Job, Limits, NoticeLanguage};
use sekisho_safe_message::{Envelope, MailId, ProfileName, Timestamp, Untrusted};
use sekisho_sanitizer::sanitize;

const NEWSLETTER: &str = include_str!("../tests/html/newsletter.html");
const BOMBS: &[&str] = &[
    "<div>",
    "<blockquote>",
    "<ul><li>",
    "<table><tr><td>",
    "<tr><td>a<td>b",
    "<a href=x>",
    "<b><i></b></i>",
    "</td>",
    "<p>a",
    "<q>a",
    "<",
    "&lt;",
    "<b a=\"",
    "<style>p{x:y}</style>",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for megabytes in [1, 2, 4, 8] {
        let time = time(&NEWSLETTER.repeat(megabytes * 1_000_000 / NEWSLETTER.len()))?;
        println!("newsletter {megabytes} MB: {time} ms");
    }
    for bomb in BOMBS {
        let mut times = Vec::new();
        for megabytes in [1, 2, 4, 8] {
            times.push(time(&bomb.repeat(megabytes * 1_000_000 / bomb.len()))?);
        }
        println!("{bomb:16} 1, 2, 4, 8 MB: {times:?} ms");
    }
    Ok(())
}

/// Milliseconds for a whole mail of this HTML.
fn time(html: &str) -> Result<u128, Box<dyn std::error::Error>> {
    let lines = html.replace('>', ">\r\n").replace('\n', "\r\n").replace("\r\r", "\r");
    let mail = format!("From: a@b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{lines}\r\n");
    let job = Job {
        id: MailId::new(1_800_000_000_000, [7; 10]),
        envelope: Envelope::new(None, vec!["to@city.example.lg.jp".parse()?]).ok_or("no envelope")?,
        received: Timestamp::from_unix_ms_jst(1_800_000_000_000),
        size: mail.len() as u64,
        limits: Limits::default(),
        profile: ProfileName::parse("test").map_err(|error| format!("{error:?}"))?,
        notice: NoticeLanguage::Auto,
    };
    let start = Instant::now();
    let outcome = sanitize(Untrusted::new(mail.as_bytes()), &job);
    drop(outcome);
    Ok(start.elapsed().as_millis())
}
