//! The border's transport: `outer` connects and writes, `inner` listens.
//!
//! ```text
//! outer -> inner   length (u32, big-endian)  frame      again and again
//! inner -> outer   0x06 taken | 0x15 refused            one octet a frame
//! ```
//!
//! The octet is all that ever crosses outward. Over a one-way diode it is
//! missing, and the writer goes by its own copies. A peer that wants to answer
//! "not now" closes the connection: the frame counts as not taken, and sending
//! it again is harmless since frames carry their mail's id.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use sekisho_safe_message::frame;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::{ChannelError, unix};

const TAKEN: u8 = 0x06;
const REFUSED: u8 = 0x15;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a whole frame may take once it has begun: 5 MiB at 50 kB/s.
const TRANSFER: Duration = Duration::from_secs(100);

/// What `inner` says to a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Verified and durable: the LGWAN side answers for it from here.
    Taken,
    /// It failed decoding or verification; never send it again.
    Refused,
}

/// Where `outer` finds `inner`.
#[derive(Clone)]
pub enum Target {
    /// A Unix socket on the same host.
    Unix(PathBuf),
    /// Another host, by mutual TLS.
    Tls {
        /// `host:port`
        address: String,
        /// The name that its certificate must carry.
        name: ServerName<'static>,
        /// Made by [`crate::tls::client`].
        config: Arc<ClientConfig>,
    },
}

/// Where `inner` listens.
#[derive(Clone)]
pub enum Place {
    /// A Unix socket on the same host.
    Unix(PathBuf),
    /// A TCP port, by mutual TLS.
    Tls {
        /// `address:port`
        address: String,
        /// Made by [`crate::tls::server`].
        config: Arc<ServerConfig>,
    },
}

/// Both kinds of connection behind one face.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The writing end of one connection; carries one frame at a time.
pub struct Link {
    stream: Box<dyn Stream>,
    patience: Duration,
}

impl Link {
    /// Connects to `target`; `patience` is how long the other side may think
    /// about a frame: it renders, verifies and syncs.
    ///
    /// # Errors
    /// [`ChannelError::Unreachable`] when nobody listens, [`ChannelError::Tls`]
    /// when the two do not trust each other.
    pub async fn connect(target: &Target, patience: Duration) -> Result<Self, ChannelError> {
        let stream: Box<dyn Stream> = match target {
            Target::Unix(path) => {
                let stream = UnixStream::connect(path).await;
                Box::new(stream.map_err(|err| ChannelError::Unreachable(path.display().to_string(), err))?)
            }
            Target::Tls { address, name, config } => {
                let stream = within(HANDSHAKE, TcpStream::connect(address)).await;
                let stream = stream.map_err(|err| ChannelError::Unreachable(address.clone(), err))?;
                stream.set_nodelay(true)?;
                let handshake = TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream);
                let stream = within(HANDSHAKE, handshake).await;
                Box::new(stream.map_err(|err| ChannelError::Tls(address.clone(), err.to_string()))?)
            }
        };
        Ok(Self { stream, patience })
    }

    /// Sends one frame and waits for its answer. After an error the link is
    /// spent, and the frame counts as not taken.
    ///
    /// # Errors
    /// [`ChannelError::Io`] when the connection breaks or is too slow.
    pub async fn send(mut self, frame: &[u8]) -> Result<(Answer, Self), ChannelError> {
        let len = u32::try_from(frame.len()).map_err(|_| ChannelError::Protocol("the frame is too long"))?;
        let write = async {
            if frame.len() <= 16 * 1024 {
                // One write, one packet, one wake-up of the reader.
                self.stream.write_all(&[&len.to_be_bytes()[..], frame].concat()).await?;
            } else {
                self.stream.write_all(&len.to_be_bytes()).await?;
                self.stream.write_all(frame).await?;
            }
            self.stream.flush().await
        };
        within(TRANSFER, write).await?;
        match within(self.patience, self.stream.read_u8()).await? {
            TAKEN => Ok((Answer::Taken, self)),
            REFUSED => Ok((Answer::Refused, self)),
            _ => Err(ChannelError::Protocol("an answer is neither taken nor refused")),
        }
    }
}

/// The listening end.
pub enum Listener {
    /// On a Unix socket.
    Unix(UnixListener),
    /// On a TCP port.
    Tls(TcpListener, Arc<ServerConfig>),
}

/// A connection whose handshake is still to come; see [`Incoming::ready`].
pub enum Incoming {
    /// Over a Unix socket.
    Unix(UnixStream),
    /// Over TCP, from this address.
    Tls(TcpStream, SocketAddr, Arc<ServerConfig>),
}

/// The reading end of one connection.
pub struct Peer(Box<dyn Stream>);

impl Listener {
    /// Listens at `place`. A Unix socket is for its owner and group (0660).
    ///
    /// # Errors
    /// [`ChannelError::InUse`] when a living program has the place.
    pub async fn bind(place: &Place) -> Result<Self, ChannelError> {
        match place {
            Place::Unix(path) => Ok(Self::Unix(unix::bind(path, 0o660).await?)),
            Place::Tls { address, config } => {
                let listener = TcpListener::bind(address).await.map_err(|err| match err.kind() {
                    std::io::ErrorKind::AddrInUse => ChannelError::InUse(address.clone()),
                    _ => ChannelError::Unreachable(address.clone(), err),
                })?;
                Ok(Self::Tls(listener, Arc::clone(config)))
            }
        }
    }

    /// The TCP address in use, where there is one (for a port of 0).
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Unix(_) => None,
            Self::Tls(listener, _) => listener.local_addr().ok(),
        }
    }

    /// The next connection. Cancel-safe.
    ///
    /// # Errors
    /// [`ChannelError::Io`] of `accept(2)`, such as too many open files.
    pub async fn accept(&self) -> Result<Incoming, ChannelError> {
        match self {
            Self::Unix(listener) => Ok(Incoming::Unix(listener.accept().await?.0)),
            Self::Tls(listener, config) => {
                let (stream, from) = listener.accept().await?;
                Ok(Incoming::Tls(stream, from, Arc::clone(config)))
            }
        }
    }
}

impl Incoming {
    /// Completes the handshake; run it in the connection's own task.
    ///
    /// # Errors
    /// [`ChannelError::Tls`] when the peer shows no certificate of ours.
    pub async fn ready(self) -> Result<Peer, ChannelError> {
        match self {
            Self::Unix(stream) => Ok(Peer(Box::new(stream))),
            Self::Tls(stream, from, config) => {
                stream.set_nodelay(true)?;
                let stream = within(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await;
                Ok(Peer(Box::new(stream.map_err(|err| ChannelError::Tls(from.to_string(), err.to_string()))?)))
            }
        }
    }
}

impl Peer {
    /// The length of the next frame; `None` when the peer has closed. Waits
    /// as long as it takes. Follow it with [`Peer::frame`].
    ///
    /// # Errors
    /// [`ChannelError::Protocol`] over [`frame::MAX`].
    pub async fn next(&mut self) -> Result<Option<usize>, ChannelError> {
        let len = match self.0.read_u32().await {
            Ok(len) => len as usize,
            Err(err) if err.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(err) => return Err(err.into()),
        };
        if len > frame::MAX { Err(ChannelError::Protocol("the frame is too long")) } else { Ok(Some(len)) }
    }

    /// The frame whose length [`Peer::next`] gave.
    ///
    /// # Errors
    /// [`ChannelError::Io`] when it does not come whole and in time.
    pub async fn frame(&mut self, len: usize) -> Result<Vec<u8>, ChannelError> {
        let mut bytes = vec![0; len];
        within(TRANSFER, self.0.read_exact(&mut bytes)).await?;
        Ok(bytes)
    }

    /// Answers the frame that was read last.
    ///
    /// # Errors
    /// [`ChannelError::Io`] when the peer is gone: it will send the frame
    /// again.
    pub async fn answer(&mut self, answer: Answer) -> Result<(), ChannelError> {
        let octet = match answer {
            Answer::Taken => TAKEN,
            Answer::Refused => REFUSED,
        };
        within(TRANSFER, async {
            self.0.write_all(&[octet]).await?;
            self.0.flush().await
        })
        .await?;
        Ok(())
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = std::io::Result<T>>) -> std::io::Result<T> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}
