//! The admin socket: one request a connection (a JSON line), then replies (a
//! JSON line each) until the program closes.
//!
//! The program knows its caller by `SO_PEERCRED`, from the kernel. Requests
//! and replies are typed; hostile text in them is safe text already.

mod review;
mod status;

pub use review::{
    Act, Condition, Decided, Filter, Form, Kept, Link, MAX_CONDITIONS, OriginalForm, OriginalRequest, Release,
    RequestState, Role, Shown, Stats,
};
pub use status::{AuditState, Problem, Refused, Stage, Status};

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sekisho_safe_message::{Address, MailId, SafeLine, SafeText, Secret};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use crate::{ChannelError, unix};

/// Longest line either way: a report at its bound.
const MAX_LINE: u64 = 4 << 20;
/// How long a caller may take to ask, and how long it may refuse to read.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the operator's command asks of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// How it is doing.
    Status,
    /// Its mails, in pages.
    List {
        /// Only these states; all when empty.
        states: Vec<MailState>,
        /// Behind this id (exclusive), in the order asked for.
        after: Option<MailId>,
        /// At most so many, 1 to 1,000.
        limit: u32,
        /// Newest first instead of oldest first.
        newest_first: bool,
    },
    /// Everything known about one mail.
    Show {
        /// Its id.
        id: MailId,
    },
    /// Try a waiting or held mail again at once.
    Retry {
        /// Its id.
        id: MailId,
        /// Why, for the record.
        reason: SafeLine,
    },
    /// Who the caller is, and what it may do.
    Whoami,
    /// Mails that a filter lets through, in pages.
    Find {
        /// Which.
        filter: Filter,
        /// Behind the place where a page ended, in the order asked for.
        after: Option<SafeLine>,
        /// At most so many, 1 to 1,000.
        limit: u32,
        /// Newest first instead of oldest first.
        newest_first: bool,
    },
    /// How many mails a filter lets through.
    Count {
        /// Which.
        filter: Filter,
    },
    /// What waits, what is kept, how full it is.
    Stats,
    /// A look into a mail, made by a sandboxed worker.
    Preview {
        /// Its id.
        id: MailId,
        /// Of what.
        form: Form,
        /// A password for its encrypted files.
        secret: Option<Secret>,
    },
    /// Sanitize a held or kept mail again and deliver what comes out.
    Release {
        /// Its id.
        id: MailId,
        /// How.
        how: Release,
        /// Why, for the record.
        reason: SafeLine,
        /// Only say what would happen.
        dry_run: bool,
    },
    /// Destroy an original. Its record stays.
    Delete {
        /// Its id.
        id: MailId,
        /// Why, for the record.
        reason: SafeLine,
        /// Only say what would happen.
        dry_run: bool,
    },
    /// Put a legal hold (法的保全) on an original, or lift it.
    LegalHold {
        /// Its id.
        id: MailId,
        /// Put or lift.
        on: bool,
        /// Why, for the record.
        reason: SafeLine,
    },
    /// The original's octets, for an evidence bundle.
    Original {
        /// Its id.
        id: MailId,
        /// Why, for the record.
        reason: SafeLine,
    },
    /// Ask that an original be delivered to its recipients' Internet-side
    /// mailboxes.
    RequestOriginal {
        /// Its id.
        id: MailId,
        /// For whom; all recipients when empty.
        to: Vec<Address>,
        /// How.
        form: OriginalForm,
        /// Why, for the record.
        reason: SafeLine,
    },
    /// Decide about a request.
    DecideOriginal {
        /// The mail's id.
        id: MailId,
        /// The request's number; the only pending one when absent.
        number: Option<u32>,
        /// Yes or no.
        approve: bool,
        /// Why, for the record.
        reason: SafeLine,
    },
    /// Try to deliver approved originals at once.
    DeliverOriginals,
    /// The digest for reviewers, as it would be sent now.
    Digest {
        /// Send it, too.
        send: bool,
    },
    /// Entries of the audit record, oldest first.
    Audit {
        /// Behind this number.
        after: u64,
        /// At most so many, 1 to 1,000.
        limit: u32,
    },
    /// As [`Request::Stats`], with the keys of the vault and how many originals
    /// each seals.
    Keys,
    /// Wrap the keys of all originals under the newest vault key.
    RotateKeys {
        /// Why, for the record.
        reason: SafeLine,
    },
}

/// Where a mail is in one program's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailState {
    /// Its turn has come, or is being worked on.
    Ready,
    /// It waits for a time.
    Waiting,
    /// 保留: it waits for a person.
    Held,
    /// Done, and its original (原本) is kept.
    Kept,
    /// Done; only its record is left.
    Done,
    /// Given up: refused for good, or expired.
    Buried,
}

/// One mail in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: MailId,
    /// Where it is.
    pub state: MailState,
    /// A short code: why it is there; may be empty.
    pub label: SafeLine,
    /// When it was received, milliseconds since 1970.
    pub arrived_ms: u64,
    /// When its turn comes next, milliseconds since 1970.
    pub due_ms: u64,
    /// Octets.
    pub size: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// The envelope's sender; `None` for `<>`.
    pub from: Option<Address>,
    /// The envelope's recipients that are still to be served.
    pub to: Vec<Address>,
    /// The subject, if it is known.
    pub subject: Option<SafeLine>,
}

/// One line of a program's reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// To [`Request::List`], one each.
    Item(Box<Item>),
    /// To [`Request::Show`].
    Detail {
        /// The mail.
        item: Box<Item>,
        /// The program's own record of it, if there is one yet.
        record: Option<serde_json::Value>,
        /// What the vault knows (outer only).
        kept: Option<Box<Kept>>,
    },
    /// To [`Request::Whoami`].
    Caller {
        /// The user's name.
        name: SafeLine,
        /// Its id, as the kernel says.
        uid: u32,
        /// What it may do.
        roles: Vec<Role>,
    },
    /// The end of a page of [`Request::Find`].
    Page {
        /// Where the next page begins; `None` at the end.
        next: Option<SafeLine>,
    },
    /// To [`Request::Count`].
    Count {
        /// So many.
        count: u64,
        /// Counting stopped here; there are more.
        more: bool,
    },
    /// To [`Request::Stats`].
    Stats(Box<Stats>),
    /// Text of a preview, or of a digest.
    Text {
        /// Safe text.
        text: SafeText,
    },
    /// A file begins; its octets follow in [`Reply::Octets`].
    File(Box<Shown>),
    /// Octets of the file that began last, in base64.
    Octets {
        /// A piece.
        data: String,
    },
    /// Still at it.
    Working,
    /// A mail was sanitized again (or would be): what came of it.
    Released {
        /// `delivered`, `partly`, `held`, `refused`, `unreachable`.
        outcome: SafeLine,
        /// The report, as in [`Reply::Detail`].
        report: Option<serde_json::Value>,
    },
    /// A request for an original, as it stands now.
    Request(Box<OriginalRequest>),
    /// The password of an original that goes out in an encrypted zip.
    Password {
        /// To be told by another way than mail.
        secret: Secret,
    },
    /// To [`Request::Audit`], one each.
    Link(Box<Link>),
    /// The caller may not do this.
    Denied {
        /// What it takes; `None` when two persons are needed and this is the
        /// same one.
        role: Option<Role>,
    },
    /// Somebody was faster, or it was done before.
    Decided(Box<Decided>),
    /// The request makes no sense: a code.
    Invalid {
        /// Which: `unknown-kind`, `unknown-profile`, `no-original`, `not-a-recipient`...
        code: SafeLine,
    },
    /// It is done.
    Done,
    /// No such mail.
    NotFound,
    /// It cannot be done in the mail's present state.
    Conflict,
    /// The program has trouble: look at its log.
    Trouble,
}

/// Who asks, as the kernel says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// User id.
    pub uid: u32,
    /// Process id, where the kernel tells it.
    pub pid: Option<i32>,
}

/// Where a handler's replies go.
pub struct Replies(BufWriter<tokio::net::unix::OwnedWriteHalf>);

impl Replies {
    /// Sends one reply.
    ///
    /// # Errors
    /// [`ChannelError::Io`] when the caller is gone: stop then.
    pub async fn send(&mut self, reply: &Reply) -> Result<(), ChannelError> {
        let mut line = serde_json::to_vec(reply).map_err(|_| ChannelError::Protocol("a reply does not encode"))?;
        line.push(b'\n');
        timeout(PATIENCE, self.0.write_all(&line)).await.map_err(|_| too_slow())??;
        Ok(())
    }
}

/// What a program does with requests.
pub trait Handler: Send + Sync + 'static {
    /// Serves one request; an error only ends the connection.
    fn handle(
        &self,
        caller: Caller,
        request: Request,
        replies: &mut Replies,
    ) -> impl Future<Output = Result<(), ChannelError>> + Send;
}

/// A bound admin socket.
pub struct Server(UnixListener);

impl Server {
    /// Binds `path` for its owner alone (0600).
    ///
    /// # Errors
    /// [`ChannelError::InUse`] when a living program has it.
    pub async fn bind(path: &Path) -> Result<Self, ChannelError> {
        Ok(Self(unix::bind(path, 0o600).await?))
    }

    /// Binds `path` for everybody (0666): the handler tells callers apart.
    ///
    /// # Errors
    /// [`ChannelError::InUse`] when a living program has it.
    pub async fn bind_for_all(path: &Path) -> Result<Self, ChannelError> {
        Ok(Self(unix::bind(path, 0o666).await?))
    }

    /// Serves until it is dropped. Each connection has a task of its own.
    pub async fn run<H: Handler>(self, handler: Arc<H>) {
        loop {
            match self.0.accept().await {
                Ok((stream, _)) => {
                    let handler = Arc::clone(&handler);
                    tokio::spawn(async move {
                        if let Err(err) = serve_one(stream, &*handler).await {
                            tracing::debug!(event = "admin.failed", error = %err);
                        }
                    });
                }
                Err(err) => {
                    tracing::warn!(event = "admin.accept-failed", error = %err);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn serve_one<H: Handler>(stream: UnixStream, handler: &H) -> Result<(), ChannelError> {
    let credentials = stream.peer_cred()?;
    let caller = Caller { uid: credentials.uid(), pid: credentials.pid() };
    let (read, write) = stream.into_split();
    let mut line = Vec::new();
    let mut read = BufReader::new(read.take(MAX_LINE));
    timeout(PATIENCE, read.read_until(b'\n', &mut line)).await.map_err(|_| too_slow())??;
    let request = serde_json::from_slice(&line).map_err(|_| ChannelError::Protocol("not a request"))?;
    let mut replies = Replies(BufWriter::new(write));
    handler.handle(caller, request, &mut replies).await?;
    replies.0.shutdown().await?;
    Ok(())
}

fn too_slow() -> ChannelError {
    ChannelError::Io(std::io::ErrorKind::TimedOut.into())
}

/// Asks the program behind `path`; `each` gets every reply as it comes and
/// says whether to go on.
///
/// # Errors
/// [`ChannelError::Unreachable`] when the program does not run (or the caller
/// may not ask it). [`ChannelError::Io`] when it ends before it has answered.
pub async fn ask(path: &Path, request: &Request, mut each: impl FnMut(Reply) -> bool) -> Result<(), ChannelError> {
    let stream = UnixStream::connect(path).await;
    let stream = stream.map_err(|err| ChannelError::Unreachable(path.display().to_string(), err))?;
    let (read, mut write) = stream.into_split();
    let mut line = serde_json::to_vec(request).map_err(|_| ChannelError::Protocol("a request does not encode"))?;
    line.push(b'\n');
    write.write_all(&line).await?;
    let mut read = BufReader::new(read);
    let mut is_answered = false;
    loop {
        line.clear();
        let mut bounded = (&mut read).take(MAX_LINE);
        let count = timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await.map_err(|_| too_slow())??;
        if count == 0 {
            let early = ChannelError::Io(std::io::ErrorKind::UnexpectedEof.into());
            return if is_answered { Ok(()) } else { Err(early) };
        }
        let reply = serde_json::from_slice(&line).map_err(|_| ChannelError::Protocol("not a reply"))?;
        is_answered |= !matches!(reply, Reply::Working);
        if !each(reply) {
            return Ok(());
        }
    }
}
