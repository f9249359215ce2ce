//! What a mail passes besides code of its own: the receiver's states, the disk,
//! the handoff, a worker's start, the way to the mail server.

use std::ffi::OsString;
use std::io::{Read, Write, pipe};
use std::process::ExitCode;
use std::time::Duration;

use sekisho_bench::mails::{Mail, standard};
use sekisho_bench::sink;
use sekisho_channel::handoff::{Answer, Link, Listener, Place, Target};
use sekisho_inner::relay::{Attempt, Limits, Security, Smtp, Transport};
use sekisho_inner::render::render;
use sekisho_receiver::data::{Decoder, Piece};
use sekisho_receiver::line::{Line, LineReader};
use sekisho_receiver::session::{Channel, Session};
use sekisho_receiver::{Config, command};
use sekisho_safe_message::{Domain, frame};
use sekisho_sandbox::{Confinement, JobLimits, JobStatus, Zygote, serve};
use sekisho_settings::HostPort;
use sekisho_store::{ItemId, NewItem, Options, Store};
use sekisho_verify::verify;
use tokio::runtime::Runtime;

use super::{Result, job, message_of, meter};

/// The role in which this program starts itself.
pub(crate) const WORKER: &str = "worker";

/// Mails that arrive together.
const TOGETHER: u64 = 50;

/// A conversation of one mail in memory: each line read, understood, taken; the
/// mail decoded. Octets of the mail.
pub(crate) fn receive(mail: &Mail) -> Option<usize> {
    let config = Config::new(Domain::parse("mx.bench.example").ok()?);
    let (mut lines, mut session) = (LineReader::new(1000), Session::new(Channel::Plain));
    let commands = b"EHLO client.example\r\nMAIL FROM:<a@internet.example>\r\nRCPT TO:<m1@bench.example>\r\nDATA\r\n";
    let mut input = &commands[..];
    while let Line::Whole(line) = lines.next(&mut input) {
        (session, _) = session.step(command::parse(line).ok()?, &config, || true);
    }
    let (mut decoder, mut octets) = (Decoder::default(), 0);
    let (content, dot) = mail.wire();
    for block in content.chunks(64 * 1024).chain([dot]) {
        let mut input = block;
        loop {
            match decoder.next(&mut input) {
                Piece::Clean(run) => octets += run.read().len(),
                Piece::More => break,
                Piece::End => return Some(octets),
                Piece::Broken(_) => return None,
            }
        }
    }
    None
}

pub(crate) fn rows() -> Result<()> {
    spool()?;
    start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mails = standard();
    for mail in mails.iter().take(2) {
        let job = job(mail.octets().len())?;
        let message = message_of(mail, &job)?;
        handoff(&runtime, mail, &frame::encode(&message)?)?;
        let verified = verify(render(&message).into_bytes(), message.envelope().clone());
        let verified = verified.map_err(|_| "what was rendered does not verify")?;
        relay(&runtime, mail, &verified)?;
    }
    Ok(())
}

/// Arrivals that share their syncs, with what the store's writer does.
fn spool() -> Result<()> {
    let dir = tempfile::tempdir_in("/var/tmp")?;
    let (store, _) = Store::open(dir.path(), Options::default())?;
    let mut number = 0_u128;
    for (name, octets) in [("2 kB", 2_000), ("20 kB", 20_000), ("200 kB", 200_000)] {
        let content = vec![b'x'; octets];
        let mut together = || {
            let commits: Vec<_> = (0..TOGETHER)
                .map(|_| {
                    number += 1;
                    let mut body = store.body();
                    body.write(&content)?;
                    Ok(store.commit(body, NewItem::new(ItemId(number.to_be_bytes()), vec![b'm'; 300], 1)))
                })
                .collect::<Result<_>>()?;
            for commit in commits {
                commit.wait()?;
            }
            Result::Ok(())
        };
        together()?;
        let spread: sekisho_bench::spread::Spread = meter::cost(|| together().is_ok()).each(TOGETHER);
        println!("| {name} | spool commit, {TOGETHER} together | {spread} |");
    }
    Ok(())
}

/// A worker's process from its fork to its end: it reads nothing.
fn start() -> Result<()> {
    let mut zygote = Zygote::spawn(&std::env::current_exe()?, [WORKER.into()], Confinement::default())?;
    let mut once = || -> Result<()> {
        let ((input, feed), (mut output, theirs)) = (pipe()?, pipe()?);
        zygote.start(JobLimits { memory: 64 << 20, cpu_seconds: 10 }, input.into(), theirs.into())?;
        drop(feed);
        output.read_to_end(&mut Vec::new())?;
        match zygote.wait_for(Duration::from_secs(60))? {
            Some(JobStatus::Exited(0)) => Ok(()),
            other => Err(format!("a worker ended with {other:?}").into()),
        }
    };
    once()?;
    println!("| - | worker's start and end, wall | {} |", meter::wall(|| once().is_ok()));
    Ok(())
}

/// The other side of [`start`].
pub(crate) fn worker(arguments: &mut Vec<OsString>) -> ExitCode {
    let confinement = Confinement::take_from(arguments);
    serve(
        confinement,
        || (),
        |(), mut input, mut output| {
            let mut rest = Vec::new();
            // Without an answer the other side sees an empty one.
            let _ = input.read_to_end(&mut rest).and_then(|_| output.write_all(b"x"));
        },
    )
}

/// A frame over a Unix socket and its answer; both ends.
fn handoff(runtime: &Runtime, mail: &Mail, frame: &[u8]) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("handoff.sock");
    let listener = runtime.block_on(Listener::bind(&Place::Unix(path.clone())))?;
    runtime.spawn(async move {
        let mut peer = listener.accept().await?.ready().await?;
        while let Some(length) = peer.next().await? {
            peer.frame(length).await?;
            peer.answer(Answer::Taken).await?;
        }
        Ok::<_, sekisho_channel::ChannelError>(())
    });
    let mut link = Some(runtime.block_on(Link::connect(&Target::Unix(path), Duration::from_secs(10)))?);
    let spread = meter::cost(|| {
        // After an error the link is spent.
        link = link.take().and_then(|link| runtime.block_on(link.send(frame)).ok()).map(|(_, link)| link);
    });
    link.ok_or("the handoff broke")?;
    println!("| {} | handoff, both ends | {spread} |", mail.name());
    Ok(())
}

/// One transaction over a kept connection, with the sink's share.
fn relay(runtime: &Runtime, mail: &Mail, verified: &sekisho_verify::VerifiedMail) -> Result<()> {
    let sink = sink::Sink::start()?;
    let server: HostPort = sink.address().to_string().parse().map_err(|_| "an address")?;
    let smtp = Smtp::new(server, "inner.bench.example", Security::None, Limits::default());
    let mut delivered = true;
    let spread = meter::cost(|| delivered &= matches!(runtime.block_on(smtp.deliver(verified)), Attempt::Judged(_)));
    if !delivered {
        return Err("the relay broke".into());
    }
    println!("| {} | relay, with the sink | {spread} |", mail.name());
    Ok(())
}
