//! The servers of a run: a private gateway or a receiver that is there, what
//! it is measured against, and the sinks behind them.

use std::fs;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::command::{Exit, Refusal};
use super::drive::Pace;
use super::figures::Figures;
use super::measure::{Bench, Load, Server};
use super::options::Options;
use super::ramp::{self, Climb};
use super::words::Language;
use crate::error::BenchError;
use crate::gateway::Gateway;
use crate::machine;
use crate::sink::Sink;

/// A receiver that does not answer a connection in this time is away.
const CONNECT: Duration = Duration::from_secs(5);

/// Where a ramp starts, in mails a second, unless told otherwise.
const START: f64 = 10.0;

/// The servers of a run. Gateway and sinks end with it.
pub(super) struct Targets {
    own: (String, SocketAddr),
    // It stands before its folder, so that it ends before that goes.
    gateway: Option<Gateway>,
    sink: Option<Sink>,
    other: Option<(String, SocketAddr)>,
    other_sink: Option<Sink>,
    _dir: Option<tempfile::TempDir>,
}

impl Targets {
    pub(super) fn prepare(options: &Options, language: Language) -> Result<Self, Refusal> {
        let sink = options.sink.map(|address| listen(address, language)).transpose()?;
        let other_sink = options.against_sink.map(|address| listen(address, language)).transpose()?;
        let reached = |name: &String| Ok((name.clone(), reach(name, language)?));
        if options.to.is_some() && options.to == options.against {
            let why = language.pick("--to と --against が同じです。", "--to and --against are the same");
            return Err((Exit::Usage, why.to_owned()));
        }
        let other = options.against.as_ref().map(reached).transpose()?;
        match &options.to {
            Some(name) => Ok(Self { own: reached(name)?, gateway: None, sink, other, other_sink, _dir: None }),
            None => {
                let (gateway, sink, dir) = private(options, language)?;
                let own = ("sekisho".to_owned(), gateway.target().address);
                Ok(Self { own, gateway: Some(gateway), sink: Some(sink), other, other_sink, _dir: Some(dir) })
            }
        }
    }

    fn servers(&self) -> Vec<Server<'_>> {
        let (name, address) = &self.own;
        let own = Server { name, address: *address, sink: self.sink.as_ref(), gateway: self.gateway.as_ref() };
        let other = self.other.as_ref().map(|(name, address)| Server {
            name,
            address: *address,
            sink: self.other_sink.as_ref(),
            gateway: None,
        });
        std::iter::once(own).chain(other).collect()
    }

    /// Each server once a round; who goes first changes with the round, so
    /// that a noisy minute does not always hit the same.
    pub(super) fn rounds(&self, bench: &Bench<'_>, options: &Options) -> Result<Vec<Figures>, BenchError> {
        let pace = options.rate.map_or(Pace::Closed, Pace::Open);
        let load = Load { pace, count: options.count, duration: options.duration, warm_up: options.warm_up };
        let servers = self.servers();
        let rounds = if servers.len() > 1 { options.rounds } else { 1 };
        let mut results = Vec::new();
        for round in 0..rounds {
            let mut measured = Vec::new();
            for at in 0..servers.len() {
                let at = if round % 2 == 0 { at } else { servers.len() - 1 - at };
                if !bench.stop.load(Ordering::Relaxed) {
                    measured.push((at, bench.measure(&servers[at], &load)?));
                }
            }
            measured.sort_by_key(|(at, _)| *at);
            results.extend(measured.into_iter().map(|(_, figures)| figures));
        }
        Ok(results)
    }

    pub(super) fn climb(&self, bench: &Bench<'_>, options: &Options) -> Result<Climb, BenchError> {
        let servers = self.servers();
        let stopped = || bench.stop.load(Ordering::Relaxed);
        ramp::climb(options.rate.unwrap_or(START), options.bound, stopped, |rate| {
            let load = Load {
                pace: Pace::Open(rate),
                count: options.count,
                duration: options.duration,
                warm_up: options.warm_up,
            };
            bench.measure(&servers[0], &load)
        })
    }
}

/// A gateway of our own with a sink behind it.
fn private(options: &Options, language: Language) -> Result<(Gateway, Sink, tempfile::TempDir), Refusal> {
    let failed = |err: BenchError| (Exit::Failed, err.to_string());
    machine::must_be_on_disk(&options.dir).map_err(|err| match err {
        BenchError::Plan(_) => {
            let dir = options.dir.display();
            let why = language.pick(
                format!("{dir} はメモリ上にあり、書き込みの速さを測れません。--dir でディスク上のフォルダーを指定してください。"),
                format!("{dir} lies in memory, where a sync costs nothing: give a folder on a disk with --dir"),
            );
            (Exit::Failed, why)
        }
        BenchError::System(..) | BenchError::Program(..) => failed(err),
    })?;
    let program = match &options.program {
        Some(program) => program.clone(),
        None => beside(language)?,
    };
    let dir = tempfile::Builder::new().prefix("sekisho-bench-").tempdir_in(&options.dir);
    let dir = dir.map_err(|err| failed(BenchError::System(options.dir.display().to_string(), err)))?;
    let sink = Sink::start().map_err(failed)?;
    match Gateway::start(&program, dir.path(), sink.address(), &options.settings) {
        Ok(gateway) => Ok((gateway, sink, dir)),
        Err(err) => {
            // Its log says why; with the folder it would go.
            let log = fs::read_to_string(dir.path().join("sekisho.log")).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(5).collect();
            let said = last.into_iter().rev().collect::<Vec<_>>().join("\n");
            Err((Exit::Failed, format!("{err}\n{said}")))
        }
    }
}

/// The `sekisho` of the same build.
fn beside(language: Language) -> Result<PathBuf, Refusal> {
    let own = std::env::current_exe().map_err(|err| (Exit::Failed, err.to_string()))?;
    let dir = own.parent().unwrap_or(Path::new("."));
    let places = [dir.join("sekisho"), dir.join("../../bin/sekisho")];
    places.into_iter().find(|place| place.is_file()).ok_or_else(|| {
        let own = own.display();
        let why = language.pick(
            format!("{own} と同じ場所に sekisho がありません。`sekisho bench` で起動してください。"),
            format!("there is no sekisho beside {own}: start it as `sekisho bench`"),
        );
        (Exit::Failed, why)
    })
}

fn listen(address: SocketAddr, language: Language) -> Result<Sink, Refusal> {
    Sink::listen(address).map_err(|err| {
        let why = match &err {
            BenchError::System(_, err) => err.to_string(),
            BenchError::Program(..) | BenchError::Plan(_) => err.to_string(),
        };
        let why = language.pick(
            format!("配送先として {address} で受けられません: {why}。使用中なら、別のポートを指定するか、使っているプログラムを止めてください (ss -ltnp で確認)。"),
            format!("cannot listen on {address} as sink: {why}; if it is in use give another port, or end what uses it (ss -ltnp tells)"),
        );
        (Exit::Failed, why)
    })
}

/// The address of a receiver that takes connections.
fn reach(name: &str, language: Language) -> Result<SocketAddr, Refusal> {
    let away = |why: String| {
        let why = language.pick(
            format!("{name} に接続できません: {why}。HOST:PORT が正しいか、受信サーバーが動いているか、このマシンからの接続を許しているかを確かめてください。"),
            format!("{name} cannot be reached: {why}; check HOST:PORT, that the receiver runs, and that it allows this machine"),
        );
        (Exit::Unreachable, why)
    };
    let addresses = name.to_socket_addrs().map_err(|err| away(err.to_string()))?;
    let mut last = "?".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(_) => return Ok(address),
            Err(err) => last = err.to_string(),
        }
    }
    Err(away(last))
}
