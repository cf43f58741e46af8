//! The phases of the process's life, from the first bind to the last flushed row.
//!
//! `app` moves the phase forward, never back; connections and health routes read it. Draining keeps
//! every socket open but marks each reply `connection: close`, so that clients and load balancers
//! leave by themselves; only then are idle connections closed. No request is cut in half.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::watch;

#[cfg(test)]
mod tests;

/// Where in its life the process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// Sockets are bound, models are loading; not ready.
    Starting,
    /// Ready.
    Serving,
    /// Not ready any more; requests are answered, each as its connection's last.
    Draining,
    /// No new connections; idle ones are closed, requests in hand finish.
    Closing,
}

/// The phase as `app` moves it.
#[derive(Debug)]
pub struct PhaseSwitch {
    now: Arc<AtomicU8>,
    sender: watch::Sender<Phase>,
}

/// The phase as everyone else sees it: a load to look, a channel to wait.
#[derive(Clone, Debug)]
pub struct PhaseView {
    /// Looked at by every request, so it must not be the channel's lock.
    now: Arc<AtomicU8>,
    receiver: watch::Receiver<Phase>,
}

// === impl PhaseSwitch ===

impl PhaseSwitch {
    /// A process that is starting.
    pub fn new() -> (Self, PhaseView) {
        let now = Arc::new(AtomicU8::new(Phase::Starting as u8));
        let (sender, receiver) = watch::channel(Phase::Starting);
        (Self { now: Arc::clone(&now), sender }, PhaseView { now, receiver })
    }

    /// Moves on to `phase`; a phase that is already past stays past.
    pub fn advance(&self, phase: Phase) {
        self.now.fetch_max(phase as u8, Ordering::SeqCst);
        self.sender.send_if_modified(|now| {
            let later = phase > *now;
            if later {
                *now = phase;
            }
            later
        });
    }
}

// === impl PhaseView ===

impl PhaseView {
    /// The present phase.
    #[inline]
    pub fn now(&self) -> Phase {
        let now = self.now.load(Ordering::Relaxed);
        let phases = [Phase::Starting, Phase::Serving, Phase::Draining, Phase::Closing];
        phases[usize::from(now).min(phases.len() - 1)]
    }

    /// Waits until `phase` is reached, or the process ends.
    pub async fn reached(&mut self, phase: Phase) {
        // A dropped switch means the process is past every phase.
        let _ = self.receiver.wait_for(|now| *now >= phase).await;
    }

    /// Waits for a phase after `phase`; none comes when the process ends.
    pub async fn after(&mut self, phase: Phase) -> Option<Phase> {
        self.receiver.wait_for(|now| *now > phase).await.map(|now| *now).ok()
    }
}
