//! SIGTERM and SIGINT, as something to wait for.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask the process to stop.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    interrupted: bool,
}

// === impl Signals ===

impl Signals {
    /// Takes over both signals.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            interrupted: false,
        })
    }

    /// Waits for the next of them.
    pub async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => self.interrupted = true,
        }
    }

    /// Whether a person pressed Ctrl-C: nobody's load balancer needs time then.
    pub fn interrupted(&self) -> bool {
        self.interrupted
    }
}
