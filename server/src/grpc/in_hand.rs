//! The calls of one connection that are in hand: when there has been none for a time, and when the
//! client takes nothing of a reply.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Calls in hand on one connection.
#[derive(Debug, Default)]
pub(super) struct InHand {
    calls: Cell<usize>,
    changed: Notify,
    /// Replies that are being sent, by the number of their call, since when.
    replies: RefCell<BTreeMap<u64, Instant>>,
    next: Cell<u64>,
}

/// One of them, until dropped.
#[derive(Debug)]
pub(super) struct OneCall {
    of: Rc<InHand>,
    number: u64,
}

// === impl InHand ===

impl InHand {
    /// Waits until there has been no call for so long.
    pub(super) async fn idle_for(&self, time: Duration) {
        loop {
            let changed = self.changed.notified();
            if self.calls.get() > 0 {
                changed.await;
                continue;
            }
            if tokio::time::timeout(time, changed).await.is_err() && self.calls.get() == 0 {
                return;
            }
        }
    }

    /// Waits until a reply has been on its way for so long.
    pub(super) async fn stuck_for(&self, time: Duration, now: fn() -> Instant) {
        loop {
            tokio::time::sleep(time).await;
            let oldest = self.replies.borrow().values().next().copied();
            if oldest.is_some_and(|since| now() - since >= time) {
                return;
            }
        }
    }
}

// === impl OneCall ===

impl OneCall {
    /// One more call.
    pub(super) fn begin(of: &Rc<InHand>) -> Self {
        of.calls.set(of.calls.get() + 1);
        of.changed.notify_waiters();
        let number = of.next.replace(of.next.get() + 1);
        Self { of: Rc::clone(of), number }
    }

    /// Its reply begins to be sent.
    pub(super) fn replied(&mut self, now: Instant) {
        self.of.replies.borrow_mut().insert(self.number, now);
    }
}

impl Drop for OneCall {
    fn drop(&mut self) {
        self.of.replies.borrow_mut().remove(&self.number);
        self.of.calls.set(self.of.calls.get() - 1);
        self.of.changed.notify_waiters();
    }
}
