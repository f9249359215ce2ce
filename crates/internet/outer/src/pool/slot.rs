//! One zygote, as an asynchronous program uses it.

use std::io;
use std::os::fd::OwnedFd;

use sekisho_sandbox::{Confinement, JobLimits, JobStatus, Layers, Running, SpawnError, Zygote, ZygoteError};
use tokio::io::Interest;
use tokio::net::UnixStream;

use super::PoolConfig;

/// A zygote that serves one mail after the other, each in a fresh process.
pub(super) struct Slot {
    zygote: Zygote,
    /// Readable when the zygote has something to report.
    reports: UnixStream,
    layers: Layers,
    served: u64,
    sound: bool,
}

impl Slot {
    pub(super) async fn spawn(config: &PoolConfig) -> Result<Self, SpawnError> {
        let program = config.program.clone();
        let confinement = Confinement { allow_without_landlock: config.allow_without_landlock };
        let spawned = tokio::task::spawn_blocking(move || Zygote::spawn(&program, [], confinement)).await;
        let zygote = spawned.map_err(|err| SpawnError::System(err.into()))??;
        let layers = *zygote.layers();
        let reports = zygote.readiness().and_then(UnixStream::from_std).map_err(SpawnError::System)?;
        Ok(Self { zygote, reports, layers, served: 0, sound: true })
    }

    pub(super) fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Mails given to it so far.
    pub(super) fn served(&self) -> u64 {
        self.served
    }

    /// Whether it may serve again.
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    /// Gives up on it: it will be dropped, and its worker with it.
    pub(super) fn condemn(&mut self) {
        self.sound = false;
    }

    /// Starts a worker on `input` and `output`.
    pub(super) async fn start(
        &mut self,
        limits: JobLimits,
        input: OwnedFd,
        output: OwnedFd,
    ) -> Result<Running, ZygoteError> {
        self.served += 1;
        // Until the status has come, the zygote is not free for another mail.
        self.sound = false;
        self.zygote.submit(limits, input, output)?;
        self.report(Zygote::try_started).await
    }

    /// Waits for the end of the worker. Cancel-safe.
    pub(super) async fn ended(&mut self) -> Result<JobStatus, ZygoteError> {
        let status = self.report(Zygote::try_ended).await?;
        self.sound = true;
        Ok(status)
    }

    async fn report<T>(
        &mut self,
        mut take: impl FnMut(&mut Zygote) -> Result<Option<T>, ZygoteError>,
    ) -> Result<T, ZygoteError> {
        let Self { zygote, reports, .. } = self;
        let report = reports.async_io(Interest::READABLE, || match take(zygote) {
            Ok(Some(report)) => Ok(Ok(report)),
            Ok(None) => Err(io::ErrorKind::WouldBlock.into()),
            Err(err) => Ok(Err(err)),
        });
        report.await.map_err(ZygoteError::System)?
    }
}
