//! The desk for originals (原本): requests, approvals, their way to the
//! Internet-side mailboxes, and what reviewers are told by mail.
//!
//! Owns what [`crate::original`] is told and when. Never: a way into LGWAN.

mod carry;
mod passwords;
mod petition;
mod tell;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sekisho_channel::admin::{OriginalForm, OriginalRequest, RequestState};
use sekisho_channel::keyfile;
use sekisho_job::Appeal;
use sekisho_safe_message::{Address, Domain, MailId, Sha256};
use sekisho_settings::{OriginalSettings, PasswordSettings, Relay, RelayTls, ReviewSettings};
use sekisho_store::{Query, State, Store, StoreError};
use tokio::sync::Notify;

pub(crate) use carry::{Handed, run};
pub(crate) use passwords::read;
pub(crate) use tell::standing;

use crate::original::courier::{CertificatesError, Courier, Patience, Server, Tls};
use crate::original::petition::Rate;
use crate::original::token::Tokens;

/// Requests kept beside one mail.
pub(crate) const REQUESTS_MAX: usize = 50;

/// The desk's parts.
pub(crate) struct Desk {
    settings: OriginalSettings,
    pub(crate) passwords: PasswordSettings,
    review: ReviewSettings,
    hostname: Domain,
    /// When the digest was sent last.
    digest_file: PathBuf,
    tokens: Tokens,
    courier: Option<Courier>,
    wake: Notify,
    failing: AtomicBool,
    rate: Mutex<Rate>,
    /// When a delivery that was put off comes again.
    later: Mutex<HashMap<(MailId, u32), u64>>,
}

/// Why the desk does not open.
#[derive(Debug)]
pub enum DeskError {
    /// The key that tokens are signed with.
    Key(io::Error),
    /// The mail server's certificates.
    Certificates(String),
}

impl Desk {
    /// The desk as the settings say. Its key for tokens lies in `state_dir`.
    pub(crate) fn open(
        settings: OriginalSettings,
        passwords: PasswordSettings,
        review: ReviewSettings,
        hostname: Domain,
        state_dir: &Path,
    ) -> Result<Self, DeskError> {
        let courier = settings.relay.as_ref().map(|relay| courier(relay, &hostname)).transpose();
        let courier = courier.map_err(|err| DeskError::Certificates(err.to_string()))?;
        let file = state_dir.join("token.key");
        let key = token_key(&file).map_err(DeskError::Key)?;
        Ok(Self {
            settings,
            passwords,
            review,
            hostname,
            digest_file: state_dir.join("digest.last"),
            tokens: Tokens::new(&key),
            courier,
            wake: Notify::new(),
            failing: AtomicBool::new(false),
            rate: Mutex::default(),
            later: Mutex::default(),
        })
    }

    /// How the reader of a mail may ask for its original; the same whenever
    /// the mail is read again.
    pub(crate) fn appeal(&self, id: MailId, arrived_ms: u64) -> Option<Appeal> {
        let address = self.settings.address.clone()?;
        Some(Appeal { address, token: self.tokens.issue(id, arrived_ms, self.settings.token_lifetime) })
    }

    /// Whether every original goes out at once. As it came: there is nobody to
    /// tell a password.
    pub(crate) fn dual(&self) -> Option<OriginalForm> {
        self.settings.dual.then_some(OriginalForm::Plain)
    }

    /// The form of originals where nobody asks for another.
    pub(crate) fn form(&self) -> OriginalForm {
        if self.settings.zip { OriginalForm::Zip } else { OriginalForm::Plain }
    }

    /// Whether one asks and another approves.
    pub(crate) fn two_persons(&self) -> bool {
        self.settings.two_persons
    }

    /// Whether originals have anywhere to go.
    pub(crate) fn is_open(&self) -> bool {
        self.courier.is_some()
    }

    /// Whether this is the address for requests.
    pub(crate) fn is_asked(&self, address: &Address) -> bool {
        self.settings
            .address
            .as_ref()
            .is_some_and(|own| own.domain() == address.domain() && own.local().eq_ignore_ascii_case(address.local()))
    }

    /// Has approved originals carried now.
    pub(crate) fn wake(&self) {
        lock(&self.later).clear();
        self.wake.notify_one();
    }

    /// Whether the mail server outside failed to answer the last time.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }
}

/// Requests for originals, by state.
pub(crate) fn requests_by_state(store: &Store) -> Result<Vec<(RequestState, u64)>, StoreError> {
    const ALL: [RequestState; 5] = [
        RequestState::Pending,
        RequestState::Approved,
        RequestState::Delivered,
        RequestState::Rejected,
        RequestState::Failed,
    ];
    let count = |state| {
        let query = Query { terms: crate::terms::asked_for(state), ..Query::default() };
        store.count(&query, 100_000).map(|(count, _)| (state, count))
    };
    ALL.into_iter().map(count).collect()
}

/// Mails with a request in this state, oldest first, at most `limit`.
pub(crate) fn requested(
    store: &Store,
    state: RequestState,
    limit: usize,
) -> Result<Vec<sekisho_store::ItemView>, StoreError> {
    let query = Query { states: State::ALL.to_vec(), terms: crate::terms::asked_for(state), limit, ..Query::default() };
    store.list(&query)
}

/// The request with this number, or the only one in this state, or the only
/// one there is.
pub(crate) fn pick(
    requests: &mut [OriginalRequest],
    number: Option<u32>,
    state: RequestState,
) -> Option<&mut OriginalRequest> {
    match number {
        Some(number) => requests.iter_mut().find(|request| request.number == number),
        None if requests.len() == 1 => requests.first_mut(),
        None => {
            let mut open = requests.iter_mut().filter(|request| request.state == state);
            let first = open.next()?;
            open.next().is_none().then_some(first)
        }
    }
}

/// The key in `file`, made when there is none: 64 hexadecimal digits.
fn token_key(file: &Path) -> io::Result<[u8; 32]> {
    let text = match keyfile::read(file) {
        Ok(text) => text,
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(io::Error::other)?;
            let text = Sha256::from_bytes(key).to_string();
            keyfile::create(file, &text)?;
            text
        }
        Err(err) => return Err(err),
    };
    let key = Sha256::try_from(text.trim().to_owned());
    let named = |why| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", file.display()));
    key.map(|key| *key.as_bytes()).map_err(|_| named("not 64 hexadecimal digits"))
}

fn courier(relay: &Relay, hostname: &Domain) -> Result<Courier, CertificatesError> {
    let tls = match &relay.tls {
        RelayTls::None => Tls::None,
        RelayTls::Opportunistic { ca_file } => Tls::Opportunistic { ca_file: ca_file.clone() },
        RelayTls::Required { ca_file } => Tls::Required { ca_file: ca_file.clone() },
    };
    let server = Server { host: relay.server.host.clone(), port: relay.server.port, hello: hostname.to_string(), tls };
    Courier::new(server, Patience::default())
}

/// A table or a window of requests cannot be half changed.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Display for DeskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(err) => err.fmt(f),
            Self::Certificates(why) => write!(f, "original.ca_file: {why}"),
        }
    }
}

impl std::error::Error for DeskError {}
