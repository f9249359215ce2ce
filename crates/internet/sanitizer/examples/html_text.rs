//! Time for HTML of 1, 2, 4 and 8 MB, and of bombs: it must grow with the
//! size, not with its square. `cargo run --release --example html_text`
#![expect(clippy::print_stdout, reason = "it prints its figures")]

use std::time::Instant;

use sekisho_job::{Job, Limits, Rules};
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

/// Each with a number of its own in every copy.
const NUMBERED: &[&str] = &[
    "日本語の長い文章が続きます。N ",
    "<a href='http://aN.example/N'>N</a>",
    "<p style='color:red;font-size:Npx'>N",
    "<style>.aN .b,.c>.dN{display:none}</style><p class='aN b c d1 e f g h i j k l m n o p'>x",
    "<table><tr><td>N<table><tr><td>N</table>",
    "<table><tr><th>a<th>b<tr><td>N<td>N<tr><td>N<td>N</table>",
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
    for bomb in NUMBERED {
        let mut times = Vec::new();
        for megabytes in [1, 2, 4, 8] {
            times.push(time(&numbered(bomb, megabytes * 1_000_000))?);
        }
        println!("{bomb:16} 1, 2, 4, 8 MB: {times:?} ms");
    }
    let mut times = Vec::new();
    for megabytes in [1, 2, 4, 8] {
        times.push(time(&format!("{}<p title='{}'>x", crowded(), "a".repeat(megabytes * 1_000_000)))?);
        times.push(time(&format!("{}{}", crowded(), CROWD.repeat(megabytes * 1_000_000 / CROWD.len())))?);
    }
    println!("one attribute; many classes 1, 1, 2, 2, 4, 4, 8, 8 MB: {times:?} ms");
    Ok(())
}

/// An element for which as many rules hold as are looked at.
const CROWD: &str = "<p class='a b c d e f g h i j k l m n o p'>x";

fn crowded() -> String {
    let rules =
        ('a'..='p').flat_map(|class| (0..60).map(move |n| format!("p .p.o.n.{class},.{class}{{color:#{n:03}}}")));
    format!("<style>{}</style>", rules.collect::<String>())
}

fn numbered(bomb: &str, octets: usize) -> String {
    let mut html = String::with_capacity(octets + bomb.len());
    let mut number = 0_u32;
    while html.len() < octets {
        number += 1;
        html.push_str(&bomb.replace('N', &number.to_string()));
    }
    html
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
        rules: Rules::default(),
        policy: sekisho_policy::Policy::text_only(),
        files: sekisho_job::FileRules::default(),
        orders: sekisho_job::Orders::default(),
    };
    let start = Instant::now();
    let outcome = sanitize(Untrusted::new(mail.as_bytes()), &job);
    drop(outcome);
    Ok(start.elapsed().as_millis())
}
