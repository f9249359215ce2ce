//! Listening, letting in, closing down.
//!
//! Owns the listening sockets and the tasks of connections. Never outlives
//! its drain: what is not done by then is cut, and its mail is not kept.

use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{error, warn};

use crate::connection::{self, Shared};
use crate::door::{Door, Ticket};
use crate::drain::Drain;
use crate::{Config, Denial, Event, Sink};

/// Pause after a failed accept: the process is out of descriptors, and
/// connections must end first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A receiver that listens.
pub struct Server<S> {
    listeners: Vec<TcpListener>,
    addrs: Vec<SocketAddr>,
    shared: Arc<Shared<S>>,
}

/// An address that cannot be listened on.
#[derive(Debug)]
pub struct BindError {
    /// Which one.
    pub addr: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// What every accept loop needs.
struct Gate<S> {
    shared: Arc<Shared<S>>,
    door: Arc<Door>,
    drain: Drain,
}

impl<S: Sink> Server<S> {
    /// Listens on every address of `listen` (port 0: any free one). From here
    /// clients can connect; they are greeted once [`Server::run`] runs.
    ///
    /// # Errors
    /// The first address that could not be bound.
    pub async fn bind(listen: &[SocketAddr], config: Config, sink: Arc<S>) -> Result<Self, BindError> {
        Self::with_sockets(Vec::new(), listen, config, sink).await
    }

    /// As [`Server::bind`], but an address of `listen` that one of `sockets`
    /// listens on already is not bound anew. A supervisor that owns the
    /// privileged port hands it over so, and keeps it while we start again.
    ///
    /// # Errors
    /// The first address that could not be bound, or a socket for an address
    /// that `listen` does not have: mail would come in where no setting says.
    pub async fn with_sockets(
        sockets: Vec<std::net::TcpListener>,
        listen: &[SocketAddr],
        config: Config,
        sink: Arc<S>,
    ) -> Result<Self, BindError> {
        let mut ready = Vec::new();
        for socket in sockets {
            ready.push(taken_over(socket, listen)?);
        }
        let mut listeners = Vec::new();
        let mut addrs = Vec::new();
        for &addr in listen {
            let failed = |source| BindError { addr, source };
            let listener = match ready.iter().position(|(at, _)| *at == addr) {
                Some(at) => ready.swap_remove(at).1,
                None => TcpListener::bind(addr).await.map_err(failed)?,
            };
            addrs.push(listener.local_addr().map_err(failed)?);
            listeners.push(listener);
        }
        Ok(Self { listeners, addrs, shared: Arc::new(Shared { config, sink }) })
    }

    /// The addresses listened on, in the order given, with real ports.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Receives until `shutdown` resolves, then drains: nobody new is let in,
    /// who waits for a command hears 421, mails in progress may end within
    /// `limits.drain`. Resolves when every connection is closed.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let grace = self.shared.config.limits.drain;
        let (close, drain) = Drain::channel();
        let door = Arc::new(Door::default());
        let mut loops = JoinSet::new();
        for listener in self.listeners {
            let gate = Gate { shared: Arc::clone(&self.shared), door: Arc::clone(&door), drain: drain.clone() };
            loops.spawn(gate.accept_on(listener));
        }
        shutdown.await;
        close.send_replace(true);
        let until = Instant::now() + grace;
        while let Some(ended) = loops.join_next().await {
            match ended {
                Ok(connections) => finish(connections, until).await,
                Err(error) => report(&error),
            }
        }
    }
}

/// Waits for connections until `until`, then cuts them.
async fn finish(mut connections: JoinSet<()>, until: Instant) {
    let all = async {
        while let Some(ended) = connections.join_next().await {
            ended.unwrap_or_else(|error| report(&error));
        }
    };
    if timeout_at(until, all).await.is_err() {
        warn!(event = "receive.cut", connections = connections.len(), "drain is over, connections are cut");
        connections.shutdown().await;
    }
}

impl<S: Sink> Gate<S> {
    /// Lets clients in until we close down; gives back who is still inside.
    async fn accept_on(mut self, listener: TcpListener) -> JoinSet<()> {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = self.drain.begun() => return connections,
                Some(ended) = connections.join_next() => ended.unwrap_or_else(|error| report(&error)),
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.receive(stream, peer, &mut connections),
                    Err(error) => {
                        warn!(event = "receive.accept-failed", %error, "cannot accept connections");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    fn receive(&self, stream: TcpStream, peer: SocketAddr, connections: &mut JoinSet<()>) {
        match self.admit(peer) {
            Err(denial) => {
                let event = Event::Denied { peer, denial };
                event.log();
                self.shared.config.observer.observe(&event);
                turn_away(stream, denial);
            }
            Ok(ticket) => {
                // Replies are short and each is awaited: never delay one.
                if let Err(error) = stream.set_nodelay(true) {
                    warn!(event = "receive.nodelay-failed", %peer, %error, "replies may be slow");
                }
                let shared = Arc::clone(&self.shared);
                let drain = self.drain.clone();
                connections.spawn(async move {
                    connection::serve(stream, peer, shared, drain).await;
                    drop(ticket);
                });
            }
        }
    }

    fn admit(&self, peer: SocketAddr) -> Result<Ticket, Denial> {
        if !(self.shared.config.clients)(peer.ip().to_canonical()) {
            return Err(Denial::Forbidden);
        }
        self.door.enter(peer.ip(), &self.shared.config.limits)
    }
}

/// One reply into an empty socket, without a task and without waiting: a flood
/// of connections must cost nothing. Whether it is heard does not matter.
fn turn_away(stream: TcpStream, denial: Denial) {
    let mut line = Vec::new();
    denial.reply().write(&mut line);
    if let Ok(mut stream) = stream.into_std() {
        stream.write_all(&line).unwrap_or_default();
    }
}

fn report(error: &JoinError) {
    // A panic is a bug of ours; its connection is gone, its mail not kept.
    if error.is_panic() {
        error!(event = "receive.bug", "a connection's task panicked");
    }
}

impl<S> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("addrs", &self.addrs).finish_non_exhaustive()
    }
}

/// A socket that somebody else bound, with its address, if that is one of ours.
fn taken_over(socket: std::net::TcpListener, listen: &[SocketAddr]) -> Result<(SocketAddr, TcpListener), BindError> {
    let anywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let addr = socket.local_addr().map_err(|source| BindError { addr: anywhere, source })?;
    let failed = |source| BindError { addr, source };
    if !listen.contains(&addr) {
        let why = "the service manager hands over a socket for it, but it is not set: make both the same";
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, why)));
    }
    socket.set_nonblocking(true).map_err(failed)?;
    Ok((addr, TcpListener::from_std(socket).map_err(failed)?))
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.addr, self.source)
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
