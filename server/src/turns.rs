//! Turns of a worker's loop: the requests of one turn were ready at the same time.
//!
//! A task of the worker's own ends each turn. It is woken by the turn's first request and so stands
//! behind all tasks that are ready by then: when it runs, they have run.

use std::cell::{Cell, RefCell};
use std::task::{Poll, Waker};

#[cfg(test)]
mod tests;

/// Counts the turns of one worker.
#[derive(Debug, Default)]
pub struct Turns {
    number: Cell<u64>,
    /// Taken when a request has come in this turn.
    bell: RefCell<Option<Waker>>,
}

// === impl Turns ===

impl Turns {
    /// The number of the turn that a request has come in.
    #[inline]
    pub fn now(&self) -> u64 {
        if let Some(bell) = self.bell.borrow_mut().take() {
            bell.wake();
        }
        self.number.get()
    }

    /// Ends one turn after the other; a task on the worker's runtime.
    pub async fn run(&self) {
        std::future::poll_fn(|context| {
            self.number.set(self.number.get() + 1);
            self.bell.replace(Some(context.waker().clone()));
            Poll::<()>::Pending
        })
        .await;
    }
}
