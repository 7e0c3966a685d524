//! An HTTP/1 connection that runs in the task of whoever waits for its response.
//!
//! hyper wants its connections driven by a task of their own. Then every piece of a body wakes two tasks in
//! turn, and the runtime, seeing more than one that could run, wakes a second thread to look for work: for small
//! and quick scrapes that costs more than reading. Here the waiting side drives the connection as well. Two things
//! follow: an idle connection costs no task, and it notices that the peer closed it only when it is looked at.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::connect::Stream;
use crate::pool::Body;

/// A connection may go on at once this often in a row before other tasks of the thread get their turn.
const ROUNDS: usize = 8;

/// One connection and the means to send on it.
pub(crate) struct Lane {
    pub(crate) sender: http1::SendRequest<Body>,
    /// Unset once it has ended.
    connection: Option<http1::Connection<TokioIo<Stream>, Body>>,
    bell: Arc<Bell>,
    /// The bell as a waker, made once.
    waker: Waker,
}

impl Lane {
    pub(crate) fn new(
        sender: http1::SendRequest<Body>,
        connection: http1::Connection<TokioIo<Stream>, Body>,
    ) -> Self {
        let bell = Arc::new(Bell::default());
        Self {
            sender,
            connection: Some(connection),
            waker: Waker::from(Arc::clone(&bell)),
            bell,
        }
    }

    /// Waits for `work`, which needs this connection to go on.
    pub(crate) async fn beside<T>(
        &mut self,
        mut work: impl FnMut(&mut http1::SendRequest<Body>, &mut Context<'_>) -> Poll<T>,
    ) -> T {
        std::future::poll_fn(|outer| self.poll_beside(outer, &mut work)).await
    }

    fn poll_beside<T>(
        &mut self,
        outer: &mut Context<'_>,
        work: &mut impl FnMut(&mut http1::SendRequest<Body>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        for _ in 0..ROUNDS {
            self.bell.stay_awake();
            let mut inner = Context::from_waker(&self.waker);
            if let Poll::Ready(done) = work(&mut self.sender, &mut inner) {
                return Poll::Ready(done);
            }
            advance(&mut self.connection, &mut inner);
            if let Poll::Ready(done) = work(&mut self.sender, &mut inner) {
                return Poll::Ready(done);
            }
            if self.bell.sleep(outer.waker()) {
                return Poll::Pending;
            }
        }
        outer.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether the connection cannot take another request, as far as this side can know now.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.bell.stay_awake();
        advance(&mut self.connection, &mut Context::from_waker(&self.waker));
        self.connection.is_none() || self.sender.is_closed()
    }
}

fn advance(
    connection: &mut Option<http1::Connection<TokioIo<Stream>, Body>>,
    cx: &mut Context<'_>,
) {
    let Some(running) = connection else { return };
    if let Poll::Ready(ended) = Pin::new(running).poll(cx) {
        // Who waits for a response or a body learns of it there.
        if let Err(error) = ended {
            tracing::trace!(%error, "connection ended");
        }
        *connection = None;
    }
}

/// Wakes the task only while it sleeps: what rings while the connection is being driven is only remembered, and
/// driving goes on.
#[derive(Default)]
struct Bell(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Awake,
    /// Awake, and something happened meanwhile.
    Rung,
    Asleep(Waker),
}

impl Bell {
    fn stay_awake(&self) {
        *self.lock() = State::Awake;
    }

    /// False if something happened since [`Self::stay_awake`].
    fn sleep(&self, outer: &Waker) -> bool {
        let mut state = self.lock();
        match *state {
            State::Rung => false,
            State::Awake | State::Asleep(_) => {
                *state = State::Asleep(outer.clone());
                true
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Guards single assignments: nothing can be half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Woken outside the lock: a waker is foreign code.
        let before = std::mem::replace(&mut *self.lock(), State::Rung);
        if let State::Asleep(outer) = before {
            outer.wake();
        }
    }
}

#[cfg(test)]
mod tests;
