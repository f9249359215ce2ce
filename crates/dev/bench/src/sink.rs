//! The sink: takes every mail, throws it away, and tells the ledger whose it
//! was and when its final dot came.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use crate::error::BenchError;
use crate::ledger::Ledger;
use crate::smtp::Wire;

/// A relay may keep its connection between measurements.
const PATIENCE: Duration = Duration::from_secs(600);

/// A thread waits on its socket; it needs little.
const STACK: usize = 256 * 1024;

const EHLO: &[u8] = b"250-sink.bench.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 104857600\r\n";

/// A running sink; it ends with the process.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    ledger: Arc<RwLock<Arc<Ledger>>>,
}

impl Sink {
    /// Listens on a free port.
    ///
    /// # Errors
    /// [`BenchError::System`] if it cannot.
    pub fn start() -> Result<Self, BenchError> {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into())
    }

    /// Listens on `address`.
    ///
    /// # Errors
    /// [`BenchError::System`] if it cannot.
    pub fn listen(address: SocketAddr) -> Result<Self, BenchError> {
        let listener = TcpListener::bind(address).map_err(BenchError::system("open the sink"))?;
        let address = listener.local_addr().map_err(BenchError::system("open the sink"))?;
        let ledger = Arc::new(RwLock::new(Arc::new(Ledger::new(0, 0))));
        let shared = Arc::clone(&ledger);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let ledger = Arc::clone(&shared);
                // If no thread can be had the connection closes, and the relay tries again.
                let _ = thread::Builder::new().stack_size(STACK).spawn(move || serve(stream, &ledger));
            }
        });
        Ok(Self { address, ledger })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on arrivals are noted in this ledger.
    pub fn note_in(&self, ledger: Arc<Ledger>) {
        *self.ledger.write().unwrap_or_else(PoisonError::into_inner) = ledger;
    }
}

/// One connection, until QUIT or its end.
fn serve(stream: TcpStream, ledger: &RwLock<Arc<Ledger>>) -> io::Result<()> {
    let mut wire = Wire::new(stream, PATIENCE)?;
    let mut recipients = Vec::new();
    wire.write(b"220 sink.bench.example ESMTP\r\n")?;
    while let Some(line) = wire.line()? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_slice() {
            b"EHLO" => EHLO,
            b"MAIL" | b"RSET" => {
                recipients.clear();
                b"250 2.0.0 ok\r\n"
            }
            b"RCPT" => {
                recipients.extend(path(line));
                b"250 2.1.5 ok\r\n"
            }
            b"DATA" => {
                wire.write(b"354 go on\r\n")?;
                if !skip_mail(&mut wire)? {
                    return Ok(());
                }
                let ledger = Arc::clone(&ledger.read().unwrap_or_else(PoisonError::into_inner));
                recipients.drain(..).for_each(|recipient: String| ledger.arrived(&recipient));
                b"250 2.0.0 taken\r\n"
            }
            b"HELO" | b"NOOP" => b"250 2.0.0 ok\r\n",
            b"QUIT" => return wire.write(b"221 2.0.0 bye\r\n"),
            _ => b"502 5.5.2 no\r\n",
        };
        wire.write(reply)?;
    }
    Ok(())
}

/// Reads to the final dot; `false` if the stream ends before it.
fn skip_mail(wire: &mut Wire) -> io::Result<bool> {
    while let Some(line) = wire.line()? {
        if line == b".\r\n" {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What stands between the angle brackets of a RCPT.
fn path(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let (_, rest) = line.split_once('<')?;
    rest.split_once('>').map(|(path, _)| path.to_owned())
}
