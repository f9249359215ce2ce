//! `sekisho demo`: the whole gateway for real, with sample mails sent through
//! SMTP, and each one's before and after.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ArgMatches;
use sekisho_channel::admin::{MailState, Reply, Request};
use sekisho_inner::Checker;
use sekisho_inner::render::octets;
use sekisho_job::HoldReason;
use sekisho_safe_message::{MailId, Untrusted};
use sekisho_settings::AdminSockets;
use sekisho_settings::telemetry::Shown;

use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::screen::{Screen, Tone, fit};
use crate::serve::{Gateway, stop_signal};
use crate::smtp;

/// A sample: its name, its octets with CRLF line ends, and whether it is to be
/// delivered (else held).
type Sample = (&'static str, &'static [u8], bool);

include!(concat!(env!("OUT_DIR"), "/samples.rs"));

/// How long one mail may take to its end; workers have 60 s.
const PATIENCE: Duration = Duration::from_secs(90);

/// Lines of a mail that are shown.
const SHOWN: usize = 24;

const FROM: &str = "sender@internet.example";
const TO: &str = "shimin@city.example.lg.jp";

/// Where one run of the demonstration lives.
struct Stage {
    listen: SocketAddr,
    sockets: AdminSockets,
    maildir: PathBuf,
}

/// What became of a sample.
enum Fate {
    Delivered(Vec<u8>),
    Held(String),
}

pub(crate) fn run(matches: &ArgMatches, screen: &Screen) -> Exit {
    let once = matches.get_flag("once");
    let Some(listen) = matches.get_one::<SocketAddr>("listen").copied() else { return Exit::Usage };
    match demonstrate(once, listen, screen) {
        Ok(exit) => exit,
        Err(err) => {
            screen.error(err.to_string());
            Exit::Failed
        }
    }
}

fn demonstrate(once: bool, listen: SocketAddr, screen: &Screen) -> io::Result<Exit> {
    // A fresh place each time, so that old mails do not count.
    let state = std::env::temp_dir().join(format!("sekisho-demo-{}", std::process::id()));
    fs::create_dir_all(&state)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let exit = runtime.block_on(show(once, listen, &state, screen));
    fs::remove_dir_all(&state)?;
    exit
}

async fn show(once: bool, listen: SocketAddr, state: &Path, screen: &Screen) -> io::Result<Exit> {
    let environment = [
        ("SEKISHO_STATE_DIR", state.display().to_string()),
        ("SEKISHO_OUTER__LISTEN", listen.to_string()),
        ("SEKISHO_LOG__LEVEL", "error".to_owned()),
    ];
    let stop = stop_signal()?;
    tokio::pin!(stop);
    let mut gateway = Gateway::new(None, &environment)?;
    if let Err(exit) = gateway.start(screen).await {
        return Ok(exit);
    }
    let stage = Stage {
        listen,
        sockets: AdminSockets { outer: state.join("outer/admin.sock"), inner: state.join("inner/admin.sock") },
        maildir: state.join("lgwan-maildir"),
    };
    let tour = tokio::task::spawn_blocking({
        let screen = *screen;
        move || tour(&stage, &screen)
    });
    let exit = tokio::select! {
        exit = tour => exit.map_err(io::Error::other)??,
        () = &mut stop => Exit::Failed,
    };
    if !once && exit == Exit::Ok {
        screen.line(screen.t(
            format!("関所は {listen} で動き続けています。任意のメールソフトから送ってみてください（Ctrl-C で終了）。\n届いたメール: {}", state.join("lgwan-maildir/new").display()),
            format!("Sekisho keeps running on {listen}: send to it from any mail client (Ctrl-C ends it).\nDelivered mail: {}", state.join("lgwan-maildir/new").display()),
        ));
        gateway.watch(stop, screen).await;
    } else {
        gateway.stop().await;
    }
    Ok(exit)
}

/// Sends every sample and shows what became of it.
fn tour(stage: &Stage, screen: &Screen) -> io::Result<Exit> {
    let (mut delivered, mut held, mut wrong) = (0, 0, 0);
    for (name, before, deliver) in SAMPLES {
        let started = Instant::now();
        let reply = smtp::send(stage.listen, FROM, TO, before)?;
        let id = id_in(&reply).ok_or_else(|| io::Error::other(format!("no id in the reply: {reply}")))?;
        let fate = fate(stage, id)?;
        let expected = matches!(fate, Fate::Delivered(_)) == *deliver;
        wrong += u32::from(!expected);
        match fate {
            Fate::Delivered(_) => delivered += 1,
            Fate::Held(_) => held += 1,
        }
        present(name, before, &fate, expected, started.elapsed(), screen);
    }
    let tone = if wrong == 0 { Tone::Good } else { Tone::Bad };
    let summary = screen.t(
        format!("{}通を送信: 無害化して配送 {delivered}通、保留 {held}通、想定と違う結果 {wrong}通", SAMPLES.len()),
        format!("{} sent: {delivered} delivered sanitized, {held} held, {wrong} not as expected", SAMPLES.len()),
    );
    screen.line(screen.paint(tone, &summary));
    Ok(if wrong == 0 { Exit::Ok } else { Exit::Failed })
}

/// The id that the receiver gave the mail.
fn id_in(reply: &str) -> Option<MailId> {
    reply.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| word.parse().ok())
}

/// Waits until the mail lies in the Maildir, or is held.
fn fate(stage: &Stage, id: MailId) -> io::Result<Fate> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(mail) = delivered(&stage.maildir, id)? {
            return Ok(Fate::Delivered(mail));
        }
        if let Some(reason) = held(&stage.sockets, id)? {
            return Ok(Fate::Held(reason));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("{id} neither arrived nor was held")))
}

fn delivered(maildir: &Path, id: MailId) -> io::Result<Option<Vec<u8>>> {
    let new = maildir.join("new");
    if !new.is_dir() {
        return Ok(None);
    }
    for entry in fs::read_dir(new)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains(&id.to_string()) {
            return fs::read(entry.path()).map(Some);
        }
    }
    Ok(None)
}

fn held(sockets: &AdminSockets, id: MailId) -> io::Result<Option<String>> {
    let replies = ask::ask(Side::Outer, sockets, &Request::Show { id }).map_err(io::Error::other)?;
    Ok(replies.into_iter().find_map(|reply| match reply {
        Reply::Detail { item, .. } if item.state == MailState::Held => Some(item.label.to_string()),
        _ => None,
    }))
}

fn present(name: &str, before: &[u8], fate: &Fate, expected: bool, took: Duration, screen: &Screen) {
    let (tone, word) = match fate {
        Fate::Delivered(_) => (Tone::Good, screen.t("無害化して配送", "delivered, sanitized")),
        Fate::Held(_) => (Tone::Warn, screen.t("保留", "held")),
    };
    let surprise = if expected { "" } else { screen.t("  （想定と違います）", "  (not as expected)") };
    screen.line(format!(
        "{} {}{}  {}",
        screen.paint(Tone::Head, &format!("== {name}")),
        screen.paint(tone, word),
        screen.paint(Tone::Bad, surprise),
        screen.paint(Tone::Dim, &format!("{} ms", took.as_millis())),
    ));
    screen.line(screen.paint(Tone::Dim, screen.t("-- 前（届いたもの）", "-- before (as it came)")));
    excerpt(&String::from_utf8_lossy(before), screen);
    screen.line(screen.paint(Tone::Dim, screen.t("-- 後（LGWAN側で読むもの）", "-- after (as read inside)")));
    match fate {
        Fate::Delivered(mail) => excerpt(&readable(mail, screen), screen),
        Fate::Held(code) => {
            let why = HoldReason::from_code(code).map_or(code.as_str(), |reason| reason.explain(screen.language()));
            screen.line(format!("  {}", screen.t(format!("届きません。{why}"), format!("Nothing crosses. {why}"))));
        }
    }
    screen.line("");
}

/// The first lines of a mail, escaped, for a terminal.
fn excerpt(text: &str, screen: &Screen) {
    let lines: Vec<&str> = text.lines().collect();
    for line in lines.iter().take(SHOWN) {
        let safe = Shown::new(line).to_string();
        screen.line(format!("  {}", fit(&safe, 100)));
    }
    if lines.len() > SHOWN {
        let more = lines.len() - SHOWN;
        screen.line(
            screen.paint(Tone::Dim, &screen.t(format!("  …（あと{more}行）"), format!("  … ({more} more lines)"))),
        );
    }
}

/// A delivered mail as its reader sees it: headers and text decoded.
fn readable(mail: &[u8], screen: &Screen) -> String {
    let reading = match Checker::beside().read(Untrusted::new(mail)) {
        Ok(reading) => reading,
        Err(violation) => return violation.to_string(),
    };
    let files: String = reading
        .attachments
        .iter()
        .map(|file| format!("{}{} ({})\n", screen.t("添付: ", "Attached: "), file.name, octets(file.size)))
        .collect();
    let name = reading.from.name.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
    format!(
        "{}{name}<{}>\n{}{}\n{}{}\n{files}\n{}\n\n{}",
        screen.t("差出人: ", "From: "),
        reading.from.address,
        screen.t("件名: ", "Subject: "),
        reading.subject,
        screen.t("日付: ", "Date: "),
        reading.date.rfc5322(),
        reading.text.as_str().trim_end(),
        reading.notice.as_str()
    )
}
