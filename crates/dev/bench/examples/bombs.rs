//! What mails made to exhaust their reader cost a real worker: time and memory.
//!
//! `cargo build --release && cargo run --release -p sekisho-bench --example bombs`. Each mail goes through
//! `sekisho sanitize`, which gives it a worker of its own; aims: 2 s, 256 MiB. The memory is the worker's peak as the
//! kernel counts it, looked at every other millisecond: what its last moment adds is not seen. Then HTML of 1, 2, 4 and 8 MB: twice the page, twice the time.
#![allow(clippy::print_stdout, reason = "an example prints its table")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const HEAD: &str = "From: a@b.example\r\nMIME-Version: 1.0\r\n";
const HTML: &str = "Content-Type: text/html; charset=utf-8\r\n\r\n";

/// Rounds of each mail: the quickest counts.
const ROUNDS: usize = 3;

/// What one mail cost.
struct Cost {
    seconds: f64,
    mebibytes: f64,
    outcome: &'static str,
}

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let program = std::env::current_exe()?.with_file_name("..").join("sekisho");
    println!("| mail | MB | s | peak MiB | outcome | within 2 s, 256 MiB |\n|---|---|---|---|---|---|");
    for (name, rest) in bombs() {
        let cost = cost(&program, folder.path(), &format!("{HEAD}{rest}"))?;
        let within = if cost.seconds <= 2.0 && cost.mebibytes <= 256.0 { "yes" } else { "no" };
        let size = rest.len() as f64 / 1e6;
        println!("| {name} | {size:.1} | {:.2} | {:.0} | {} | {within} |", cost.seconds, cost.mebibytes, cost.outcome);
    }
    println!(
        "\n| HTML of | 1 MB | 2 MB | 4 MB | 8 MB | peak MiB at 8 MB | s a MB: 8 against 1 |\n|---|---|---|---|---|---|---|"
    );
    for (name, piece) in shapes() {
        let costs = [1, 2, 4, 8].map(|mb| {
            let page = piece.repeat(mb * 1_000_000 / piece.len());
            cost(&program, folder.path(), &format!("{HEAD}{HTML}{page}\r\n"))
        });
        let [one, two, four, eight] = costs;
        let (one, two, four, eight) = (one?, two?, four?, eight?);
        let [a, b, c, d] = [&one, &two, &four, &eight].map(|cost| format!("{:.2} s {}", cost.seconds, cost.outcome));
        let ratio = eight.seconds / 8.0 / one.seconds;
        println!("| {name} | {a} | {b} | {c} | {d} | {:.0} | {ratio:.2} |", eight.mebibytes);
    }
    Ok(())
}

/// Table A row 35 of the threats.
fn bombs() -> Vec<(&'static str, String)> {
    let html = |markup: &str, times: usize| format!("{HTML}{}x\r\n", markup.repeat(times));
    let nested: String =
        (0..10_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}x\r\n\r\n--b{n}x\r\n")).collect();
    let part = "--b\r\n\r\nx\r\n".repeat(100_000);
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=1")).collect();
    vec![
        ("10,000-deep multiparts", nested),
        ("100,000 parts", format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{part}--b--\r\n")),
        ("100,000 fields", format!("{}\r\nx\r\n", "X: y\r\n".repeat(100_000))),
        ("100,000 parentheses", format!("To: {}\r\n\r\nx\r\n", "(".repeat(100_000))),
        ("100,000 quotes", format!("Subject: {}\r\n\r\nx\r\n", "\"".repeat(100_000))),
        ("50,000 parameters", format!("Content-Type: text/plain{}\r\n\r\nx\r\n", "; a=b".repeat(50_000))),
        ("8,000 begun words", format!("Subject: {}\r\n\r\nx\r\n", "=?".repeat(8_000))),
        (
            "section 2^32-1",
            format!("Content-Type: text/plain; name*4294967295=x{}\r\n\r\nx\r\n", "; name*1=y".repeat(20_000)),
        ),
        ("a line of 3 MB", format!("\r\n{}\r\n", "a".repeat(3_000_000))),
        ("100,000 addresses", format!("To: {}c@d\r\n\r\nx\r\n", "a@b,\r\n ".repeat(100_000))),
        ("100,000-deep div", html("<div>", 100_000)),
        ("100,000-deep quotes", html("<blockquote>", 100_000)),
        ("100,000-deep tables", html("<table><tr><td>", 100_000)),
        ("100,000 attributes", format!("{HTML}<b{attributes}>x\r\n")),
        ("1,000,000 less-than signs", html("<", 1_000_000)),
        ("mail in mail, 10,000 deep", "Content-Type: message/rfc822\r\n\r\nFrom: a@b\r\n".repeat(10_000)),
    ]
}

fn shapes() -> [(&'static str, &'static str); 8] {
    [
        (
            "paragraphs",
            "<p class=\"text\" style=\"margin:0;font:12px sans-serif;line-height:1.5\">Some words of a letter.</p>\r\n",
        ),
        (
            "Japanese",
            "<p class=\"text\" style=\"margin:0;font:12px sans-serif;line-height:1.5\">お知らせです。</p>\r\n",
        ),
        ("links", "<a href=\"http://www.example.jp/?a=b\">here</a> \r\n"),
        ("rows of one table", "<tr><td>one<td>two<td>three\r\n"),
        ("tables", "<table><tr><th>a<th>b<tr><td>1<td>2</table>\r\n"),
        ("nested tables", "<table><tr><td>x\r\n"),
        ("nested quotes", "<blockquote>x\r\n"),
        ("nested hidden", "<div style=\"display:none\">x</b>\r\n"),
    ]
}

fn cost(program: &Path, folder: &Path, mail: &str) -> Result<Cost> {
    let (input, output) = (folder.join("in.eml"), folder.join("out"));
    fs::write(&input, mail)?;
    let mut best: Option<Cost> = None;
    for _ in 0..ROUNDS {
        let _ = fs::remove_dir_all(&output);
        let started = Instant::now();
        let mut command = Command::new(program);
        command.args(["sanitize", "--out"]).args([&output, &input]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let peak = watch(&mut child)?;
        let outcome = match child.wait()?.code() {
            Some(0) => "delivered",
            Some(2) => return Err("the command does not understand its arguments".into()),
            Some(_) => "held",
            None => "killed",
        };
        let now = Cost { seconds: started.elapsed().as_secs_f64(), mebibytes: peak, outcome };
        let peak = best.as_ref().map_or(0.0, |best| best.mebibytes).max(now.mebibytes);
        let quicker = best.take().filter(|best| best.seconds < now.seconds).unwrap_or(now);
        best = Some(Cost { mebibytes: peak, ..quicker });
    }
    best.ok_or_else(|| "no round".into())
}

/// The peak, in MiB, of the workers below `child`, until it ends.
fn watch(child: &mut Child) -> Result<f64> {
    let mut peak = 0_u64;
    while child.try_wait()?.is_none() {
        for process in below(child.id()) {
            peak = peak.max(peak_of(&process).unwrap_or(0));
        }
        sleep(Duration::from_millis(2));
    }
    Ok(peak as f64 / 1024.0)
}

/// All processes below `parent` that are workers.
fn below(parent: u32) -> Vec<PathBuf> {
    let (mut found, mut todo) = (Vec::new(), vec![parent]);
    while let Some(id) = todo.pop() {
        let tasks = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            todo.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        if id != parent {
            found.push(PathBuf::from(format!("/proc/{id}")));
        }
    }
    found
}

/// In kibibytes.
fn peak_of(process: &Path) -> Option<u64> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
