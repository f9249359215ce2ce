//! Puts the Internet side together and runs it until it is told to stop.

use std::fmt;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use listenfd::ListenFd;
use sekisho_channel::handoff::Target;
use sekisho_channel::{ChannelError, admin, tls};
use sekisho_job::{FileRules, Limits, LinkForm, LinkRules, NoticeLanguage, Rules};
use sekisho_policy::Policy;
use sekisho_receiver as receiver;
use sekisho_sandbox::SpawnError;
use sekisho_settings::{
    self as settings, AuthenticationSettings, Domains, FileSettings, Handoff, HandoffAddress, LanguageChoice,
    LinkSettings, NoticeSettings, OuterSettings, ReadingLimits, ReceiverSettings, ReceiverTls,
};
use sekisho_store::{Options, Store, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin::Admin;
use crate::clock::now_ms;
use crate::counters::{Counters, Gatekeeper};
use crate::desk::{self, Desk, DeskError};
use crate::dispatch::{Dispatch, Plan};
use crate::handover::Handover;
use crate::intake::Intake;
use crate::person::Roles;
use crate::pool::{Pool, PoolConfig};
use crate::release;
use crate::retain::{Retention, tidy};
use crate::upkeep::Upkeep;
use crate::vault::{OpenError, Vault};

/// Why the Internet side does not run.
#[derive(Debug)]
pub enum OuterError {
    /// The spool cannot be opened.
    Store(PathBuf, StoreError),
    /// Workers cannot be started, or not be confined as demanded.
    Worker(SpawnError),
    /// The handoff or the admin socket cannot be set up.
    Channel(ChannelError),
    /// The receiver's certificate cannot be used.
    Tls(receiver::TlsError),
    /// A file cannot be read.
    File(PathBuf, io::Error),
    /// An address cannot be listened on.
    Listen(receiver::BindError),
    /// A socket that the service manager handed over cannot be used.
    Sockets(io::Error),
    /// The keys of the originals.
    Vault(OpenError),
    /// The desk for originals.
    Desk(DeskError),
    /// The key of the audit record.
    Audit(io::Error),
}

/// Runs the Internet side: `ready` is called once it listens; it drains and
/// returns when `stop` resolves. `policy` is the one that the settings name,
/// `worker` the worker program.
///
/// # Errors
/// [`OuterError`] when it cannot start.
pub async fn run(
    settings: OuterSettings,
    policy: Policy,
    worker: PathBuf,
    ready: impl FnOnce(),
    stop: impl Future<Output = ()>,
) -> Result<(), OuterError> {
    let started_ms = now_ms();
    let counters = Arc::new(Counters::default());
    // The store's lock first: whoever has it owns what lies beside it.
    let store = open(&settings.state_dir.join("vault"), settings.min_free_space)?;
    let vault = Arc::new(Vault::open(&settings.vault, &settings.state_dir).map_err(OuterError::Vault)?);
    let pool = Pool::start(PoolConfig::new(worker, &settings.worker)).await.map_err(OuterError::Worker)?;
    let dispatch = Arc::new(Dispatch {
        store: store.clone(),
        vault: Arc::clone(&vault),
        pool: Arc::new(pool),
        handover: Handover::new(target(&settings.handoff)?, settings.handoff.timeout),
        desk: desk(&settings)?,
        plan: plan(&settings, policy),
        counters: Arc::clone(&counters),
    });
    let upkeep = Upkeep::begin(&store, &settings.state_dir, &dispatch, started_ms).await?;
    let config = receiver::Config {
        observer: Box::new(Gatekeeper(Arc::clone(&counters))),
        ..receiver_config(&settings.receiver)?
    };
    let sink = Arc::new(Intake { store: store.clone(), vault, counters });
    let listen = &settings.receiver.listen;
    let server = receiver::Server::with_sockets(handed_over().map_err(OuterError::Sockets)?, listen, config, sink);
    let server = server.await.map_err(OuterError::Listen)?;
    let listening: Vec<String> = server.local_addrs().iter().map(ToString::to_string).collect();
    let admin = serve_admin(&settings, &dispatch, started_ms, &listening).await?;
    let (stopping, stopped) = watch::channel(false);
    let tidier = tokio::spawn(tidy(store.clone(), dispatch.plan.retention));
    let carrier = tokio::spawn(desk::run(Arc::clone(&dispatch)));
    let resumer = tokio::spawn(release::run(Arc::clone(&dispatch)));
    let keeper = tokio::spawn(upkeep.run(stopped.clone()));
    let work = tokio::spawn(Arc::clone(&dispatch).run(stopped));
    tracing::info!(event = "outer.ready", listening = listening.join(" "), profile = %dispatch.plan.policy.profile());
    ready();

    // Receiving ends first, so that the spool can be worked off.
    server.run(stop).await;
    tracing::info!(event = "outer.draining");
    let _ = stopping.send(true);
    let _ = work.await;
    tidier.abort();
    carrier.abort();
    resumer.abort();
    admin.abort();
    let _ = keeper.await;
    drop(dispatch);
    if let Err(err) = store.shutdown().await {
        tracing::error!(event = "spool.failed", error = %err);
    }
    tracing::info!(event = "outer.ended");
    Ok(())
}

/// The sockets that systemd opened for us (`sd_listen_fds(3)`): with them this
/// program needs no right to a port below 1024, and no client is refused while
/// it starts again.
fn handed_over() -> io::Result<Vec<TcpListener>> {
    let mut handed = ListenFd::from_env();
    (0..handed.len()).filter_map(|at| handed.take_tcp_listener(at).transpose()).collect()
}

/// Binds the admin socket: for the program's own user alone, or for everybody
/// where the settings say who may do what.
async fn serve_admin(
    settings: &OuterSettings,
    dispatch: &Arc<Dispatch>,
    started_ms: u64,
    listening: &[String],
) -> Result<JoinHandle<()>, OuterError> {
    let roles = Roles::new(settings.roles.clone());
    let socket = &settings.admin_socket;
    let bound =
        if roles.are_given() { admin::Server::bind_for_all(socket).await } else { admin::Server::bind(socket).await };
    let handler = Admin {
        dispatch: Arc::clone(dispatch),
        roles,
        review: settings.review.clone(),
        started_ms,
        listening: listening.to_vec(),
        floor_bytes: settings.min_free_space,
    };
    Ok(tokio::spawn(bound.map_err(OuterError::Channel)?.run(Arc::new(handler))))
}

fn desk(settings: &OuterSettings) -> Result<Desk, OuterError> {
    let (original, review) = (settings.original.clone(), settings.review.clone());
    let hostname = settings.receiver.hostname.clone();
    Desk::open(original, settings.passwords, review, hostname, &settings.state_dir).map_err(OuterError::Desk)
}

fn open(dir: &std::path::Path, min_free: u64) -> Result<Store, OuterError> {
    let options = Options { min_free, ..Options::default() };
    let (store, recovery) = Store::open(dir, options).map_err(|err| OuterError::Store(dir.to_owned(), err))?;
    tracing::info!(
        event = "spool.opened",
        pending = recovery.pending(),
        damaged = recovery.damaged,
        segments = recovery.segments
    );
    Ok(store)
}

fn target(handoff: &Handoff) -> Result<Target, OuterError> {
    match &handoff.address {
        HandoffAddress::Unix(path) => Ok(Target::Unix(path.clone())),
        HandoffAddress::Tls(tls) => {
            let identity = tls::Identity {
                ca_file: tls.ca_file.clone(),
                cert_file: tls.cert_file.clone(),
                key_file: tls.key_file.clone(),
            };
            Ok(Target::Tls {
                address: tls.endpoint.to_string(),
                name: tls::server_name(&tls.server_name).map_err(OuterError::Channel)?,
                config: tls::client(&identity).map_err(OuterError::Channel)?,
            })
        }
    }
}

fn plan(settings: &OuterSettings, policy: Policy) -> Plan {
    Plan {
        limits: limits_of(&settings.limits),
        rules: rules_of(&settings.notice, &settings.links, &settings.authentication),
        policy,
        files: files_of(&settings.files),
        retention: Retention::new(&settings.vault, &settings.passwords),
    }
}

/// The bounds as a job carries them. What exceeds a job's type is no bound at
/// all, so the type's largest value stands for it.
pub fn limits_of(limits: &ReadingLimits) -> Limits {
    let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Limits {
        depth: narrow(limits.depth),
        parts: narrow(limits.parts),
        header_bytes: narrow(limits.header_bytes),
        header_fields: narrow(limits.headers),
        html_bytes: narrow(limits.html_bytes),
        text_bytes: narrow(limits.text_bytes),
    }
}

/// How files are made anew, as a job carries it.
pub fn files_of(files: &FileSettings) -> FileRules {
    let FileSettings { jpeg_quality, frames, noise, fonts, dpi } = *files;
    FileRules { jpeg_quality, frames, noise, fonts, dpi }
}

/// The site's wishes as a job carries them.
pub fn rules_of(notice: &NoticeSettings, links: &LinkSettings, authentication: &AuthenticationSettings) -> Rules {
    let exceptions = links.exceptions.iter().map(|(domain, form)| (domain.clone(), form_of(*form)));
    Rules {
        notice: notice_of(notice.language),
        links: LinkRules { form: form_of(links.form), exceptions: exceptions.collect() },
        servers: authentication.servers.clone(),
    }
}

fn form_of(form: settings::LinkForm) -> LinkForm {
    match form {
        settings::LinkForm::Show => LinkForm::Show,
        settings::LinkForm::Plain => LinkForm::Plain,
        settings::LinkForm::Remove => LinkForm::Remove,
    }
}

fn notice_of(choice: LanguageChoice) -> NoticeLanguage {
    match choice {
        LanguageChoice::Auto => NoticeLanguage::Auto,
        LanguageChoice::Ja => NoticeLanguage::Ja,
        LanguageChoice::En => NoticeLanguage::En,
    }
}

fn receiver_config(settings: &ReceiverSettings) -> Result<receiver::Config, OuterError> {
    let hostname = settings.hostname.clone();
    let clients = settings.clients.clone();
    let domains = match &settings.domains {
        Domains::Any => receiver::Domains::Any,
        Domains::Listed(list) => receiver::Domains::List(list.clone()),
    };
    let postmaster = match &domains {
        receiver::Domains::Any => Some(hostname.clone()),
        receiver::Domains::List(list) => list.first().cloned(),
    };
    let load = |identity: &sekisho_settings::ServerIdentity| {
        let read = |file: &PathBuf| fs::read(file).map_err(|err| OuterError::File(file.clone(), err));
        receiver::server_config(&read(&identity.cert_file)?, &read(&identity.key_file)?).map_err(OuterError::Tls)
    };
    let tls = match &settings.tls {
        ReceiverTls::Off => receiver::Tls::Off,
        ReceiverTls::Offered(identity) => receiver::Tls::Offered(load(identity)?),
        ReceiverTls::Required(identity) => receiver::Tls::Required(load(identity)?),
    };
    Ok(receiver::Config {
        clients: Box::new(move |ip| clients.contains(ip)),
        domains,
        postmaster,
        limits: receiver_limits(settings),
        tls,
        ..receiver::Config::new(hostname)
    })
}

fn receiver_limits(settings: &ReceiverSettings) -> receiver::Limits {
    receiver::Limits {
        message_size: settings.max_message_size,
        recipients: settings.max_recipients,
        connections: settings.max_connections,
        connections_per_client: settings.max_connections_per_client,
        errors: settings.max_errors,
        commands: settings.max_commands,
        command_line: settings.max_command_line,
        data_line: settings.max_data_line,
        received: settings.max_received,
        command_timeout: settings.command_timeout,
        data_timeout: settings.data_timeout,
        session: settings.max_session,
        ..receiver::Limits::default()
    }
}

impl fmt::Display for OuterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(dir, err) => write!(f, "spool {}: {err}", dir.display()),
            Self::Worker(err) => write!(f, "worker: {err}"),
            Self::Channel(err) => write!(f, "{err}"),
            Self::Tls(err) => write!(f, "outer.tls_cert_file, outer.tls_key_file: {err}"),
            Self::File(file, err) => write!(f, "{}: {err}", file.display()),
            Self::Listen(err) => write!(f, "outer.listen: {err}"),
            Self::Sockets(err) => write!(f, "a socket handed over by the service manager (LISTEN_FDS): {err}"),
            Self::Vault(err) => write!(f, "vault.key_file: {err}"),
            Self::Desk(err) => err.fmt(f),
            Self::Audit(err) => err.fmt(f),
        }
    }
}

impl std::error::Error for OuterError {}
