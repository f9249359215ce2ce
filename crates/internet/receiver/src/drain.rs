//! The word that we close down.

use tokio::sync::watch;

/// Heard by whoever waits for something that need not happen any more.
#[derive(Debug, Clone)]
pub(crate) struct Drain(watch::Receiver<bool>);

impl Drain {
    /// The word's speaker (it says `true`, or is dropped) and its hearer.
    pub(crate) fn channel() -> (watch::Sender<bool>, Self) {
        let (speaker, hearer) = watch::channel(false);
        (speaker, Self(hearer))
    }

    /// Resolves once we close down, also if that was long ago.
    pub(crate) async fn begun(&mut self) {
        // An error means that the speaker is gone, and the server with it.
        drop(self.0.wait_for(|on| *on).await);
    }
}
