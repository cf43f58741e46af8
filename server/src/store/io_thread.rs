//! A thread with a runtime of its own, on which a remote store's connections live.
//!
//! A connection is driven by the runtime that opened it. A store is used from several (commands,
//! the loader, the sink), some of which end or rest while others go on, and none may hold up
//! another's connection; nor may TLS run on a scoring thread.

use std::io;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Ends when it is dropped.
#[derive(Debug)]
pub(super) struct IoThread {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

// === impl IoThread ===

impl IoThread {
    /// # Errors
    /// The system's, when it has no thread for us.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = crate::runtime::new()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("skeg-store".to_owned());
        thread.spawn(move || {
            // Nothing is ever sent: the other half is dropped.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, _stop: stop })
    }

    /// Where tasks are to be started.
    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }
}
