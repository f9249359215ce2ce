//! The answer of the writer thread, as a future that needs no runtime.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::error::StoreError;

/// Resolves when the change is durable. The work began when the method was called: dropping this loses the answer,
/// not the change.
#[derive(Debug)]
#[must_use = "says when the change is durable; drop it on purpose if that does not matter"]
pub struct Durable<T>(oneshot::Receiver<Result<T, StoreError>>);

/// The writer thread's end.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

impl<T> Durable<T> {
    /// Blocks this thread until the change is durable. For tools and tests; in async code `.await` it (tokio panics
    /// where a thread of its runtime blocks).
    ///
    /// # Errors
    /// What the future would have resolved to.
    pub fn wait(self) -> Result<T, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }

    pub(crate) fn pair() -> (Answer<T>, Self) {
        let (answer, answered) = oneshot::channel();
        (answer, Self(answered))
    }

    pub(crate) fn failed(error: StoreError) -> Self {
        let (answer, durable) = Self::pair();
        // Cannot fail: the receiver is in our hand.
        let _ = answer.send(Err(error));
        durable
    }
}

impl<T> Future for Durable<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}
