//! The program: everything put together, from settings to drained.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sekisho_channel::handoff::{Listener, Place};
use sekisho_channel::{ChannelError, admin, tls};
use sekisho_safe_message::{Address, AddressError, Language};
use sekisho_sandbox::Confinement;
use sekisho_settings::{Delivery, HandoffAddress, InnerSettings, LanguageChoice};
use sekisho_store::{Recovery, State, StoreError};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use crate::accept::Acceptor;
use crate::admin::Desk;
use crate::audit::{self, Keeper, SignError};
use crate::checker::Checker;
use crate::clock::Clock;
use crate::events;
use crate::relay::{Backoff, Limits, Maildir, Options, Relay, Security, SetUpError, Smtp, Transport};
use crate::spool::Spool;

/// How often expired records are deleted.
const SWEEP: Duration = Duration::from_secs(60);
/// How long mails under way may take after a stop; then they are left to the
/// next start.
const DRAIN: Duration = Duration::from_secs(30);

/// Why the program cannot run.
#[derive(Debug)]
pub enum StartError {
    /// The handoff or the admin socket.
    Channel(ChannelError),
    /// The safe spool.
    Store(StoreError),
    /// The transport.
    Transport(SetUpError),
    /// An address in the settings.
    Address(String, AddressError),
    /// The audit record cannot be signed.
    Sign(SignError),
}

/// A program that is listening.
pub struct Running {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    background: Vec<JoinHandle<()>>,
    spool: Spool,
    keeper: Arc<Mutex<Keeper>>,
    listening: Vec<String>,
}

/// Binds everything that `settings` name and starts to work.
///
/// # Errors
/// [`StartError`]: nothing runs then.
pub async fn start(settings: &InnerSettings, clock: Clock) -> Result<Running, StartError> {
    let started_ms = clock.now_ms();
    let dir = settings.state_dir.join("spool");
    let (spool, recovery) =
        Spool::open(&dir, settings.min_free_space, settings.record_retention).map_err(StartError::Store)?;
    let confinement = Confinement { allow_without_landlock: settings.allow_without_landlock };
    let spool = spool.with_checker(Checker::confined(confinement));
    log_recovery(&recovery);
    let signer = audit::signer(&settings.state_dir.join("audit.key")).map_err(StartError::Sign)?;
    match spool.append(&audit::start(settings, &signer, started_ms)).await {
        Ok(_) => {}
        // Relaying what is here is what makes room.
        Err(error @ StoreError::Full) => tracing::error!(event = events::SPOOL_TROUBLE, %error),
        Err(error) => return Err(StartError::Store(error)),
    }
    let keeper = Keeper::new(spool.clone(), clock.clone(), signer, settings.record_retention);
    let listener = Listener::bind(&place(settings)?).await?;
    let desk = admin::Server::bind(&settings.admin_socket).await?;
    let parts = Parts { settings, clock, spool, keeper, listener, desk, started_ms };
    match &settings.delivery {
        Delivery::Smtp(relay) => {
            let security = Security::load(&relay.tls, &relay.server).map_err(StartError::Transport)?;
            let smtp = Smtp::new(relay.server.clone(), settings.helo.as_str(), security, Limits::default());
            parts.run(smtp)
        }
        Delivery::Maildir(dir) => {
            let maildir = Maildir::open(dir, started_ms).map_err(StartError::Transport)?;
            parts.run(maildir)
        }
    }
}

struct Parts<'a> {
    settings: &'a InnerSettings,
    clock: Clock,
    spool: Spool,
    keeper: Keeper,
    listener: Listener,
    desk: admin::Server,
    started_ms: u64,
}

impl Parts<'_> {
    fn run<T: Transport>(self, transport: T) -> Result<Running, StartError> {
        let Self { settings, clock, spool, keeper, listener, desk, started_ms } = self;
        let options = options(settings)?;
        let listening = listening(settings, &listener);
        let (stop, stopped) = watch::channel(false);
        let relay = Arc::new(Relay::new(spool.clone(), transport, options, clock.clone()));
        let max_frame = usize::try_from(settings.max_frame_size).unwrap_or(usize::MAX);
        let acceptor = Arc::new(Acceptor::new(spool.clone(), clock.clone(), max_frame, settings.charset));
        let answers = Arc::new(Desk {
            spool: spool.clone(),
            relay: Arc::clone(&relay),
            acceptor: Arc::clone(&acceptor),
            clock: clock.clone(),
            signed_ms: keeper.signed_ms(),
            started_ms,
            listening: listening.clone(),
            floor: settings.min_free_space,
        });
        let tasks = vec![tokio::spawn(acceptor.run(listener, stopped.clone())), tokio::spawn(relay.run(stopped))];
        let keeper = Arc::new(Mutex::new(keeper));
        let background = vec![
            tokio::spawn(desk.run(answers)),
            tokio::spawn(sweep(spool.clone(), clock)),
            tokio::spawn(keep(Arc::clone(&keeper))),
        ];
        tracing::info!(event = events::STARTED, listening = listening.join(" "));
        Ok(Running { stop, tasks, background, spool, keeper, listening })
    }
}

impl Running {
    /// Where the handoff listens.
    pub fn listening(&self) -> &[String] {
        &self.listening
    }

    /// Takes nothing new, finishes what is under way (within half a minute),
    /// and closes the spool.
    pub async fn stop(self) {
        tracing::info!(event = events::STOPPING);
        let _ = self.stop.send(true);
        for mut task in self.tasks {
            if tokio::time::timeout(DRAIN, &mut task).await.is_err() {
                task.abort();
            }
        }
        for task in self.background {
            task.abort();
        }
        // Free again, since whoever had it was ended.
        if let Err(error) = self.keeper.lock().await.finish().await {
            tracing::error!(event = events::SPOOL_TROUBLE, %error);
        }
        match self.spool.close().await {
            Ok(()) => tracing::info!(event = events::STOPPED),
            Err(error) => tracing::error!(event = events::SPOOL_TROUBLE, %error),
        }
    }
}

fn place(settings: &InnerSettings) -> Result<Place, ChannelError> {
    match &settings.handoff.address {
        HandoffAddress::Unix(path) => Ok(Place::Unix(path.clone())),
        HandoffAddress::Tls(tls) => {
            let identity = tls::Identity {
                ca_file: tls.ca_file.clone(),
                cert_file: tls.cert_file.clone(),
                key_file: tls.key_file.clone(),
            };
            Ok(Place::Tls { address: tls.endpoint.to_string(), config: tls::server(&identity)? })
        }
    }
}

fn listening(settings: &InnerSettings, listener: &Listener) -> Vec<String> {
    let place = match (&settings.handoff.address, listener.local_addr()) {
        (HandoffAddress::Tls(_), Some(address)) => format!("tls://{address}"),
        (HandoffAddress::Tls(tls), None) => format!("tls://{}", tls.endpoint),
        (HandoffAddress::Unix(path), _) => format!("unix:{}", path.display()),
    };
    vec![place]
}

fn options(settings: &InnerSettings) -> Result<Options, StartError> {
    let address = |text: String| text.parse::<Address>().map_err(|err| StartError::Address(text, err));
    Ok(Options {
        schedule: settings.retry,
        concurrency: settings.concurrency,
        backoff: Backoff::default(),
        postmaster: address(settings.postmaster.to_string())?,
        daemon: address(format!("mailer-daemon@{}", settings.helo))?,
        language: match settings.notice.language {
            // Whom it serves by default.
            LanguageChoice::Auto | LanguageChoice::Ja => Language::Ja,
            LanguageChoice::En => Language::En,
        },
        charset: settings.charset,
    })
}

fn log_recovery(recovery: &Recovery) {
    let pending = recovery.pending();
    let held = recovery.counts.of(State::Held).items;
    tracing::info!(event = events::RECOVERED, pending, held, damaged = recovery.damaged);
}

async fn keep(keeper: Arc<Mutex<Keeper>>) {
    keeper.lock().await.run().await;
}

async fn sweep(spool: Spool, clock: Clock) {
    loop {
        tokio::time::sleep(SWEEP).await;
        if let Err(error) = spool.sweep(clock.now_ms()).await {
            tracing::error!(event = events::SPOOL_TROUBLE, %error);
        }
    }
}

impl From<ChannelError> for StartError {
    fn from(err: ChannelError) -> Self {
        Self::Channel(err)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(err) => err.fmt(f),
            Self::Store(err) => write!(f, "safe spool: {err}"),
            Self::Transport(err) => write!(f, "relay: {err}"),
            Self::Address(text, err) => write!(f, "{text}: {err}"),
            Self::Sign(err) => err.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}
