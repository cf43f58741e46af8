//! A named thread that is waited for only so long at the end, since a disk or a store may hang, the
//! runtime that such a thread works with, and a thread for work that others come before.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::error::Error;

#[cfg(test)]
mod tests;

/// What the end waits for a thread, beyond the time that its work is given.
pub(crate) const SETTLE: Duration = Duration::from_millis(500);

/// Share of a core that work of low priority gets beside work of the usual: 110 of 1,134 by the
/// weights of Linux (`kernel/sched/core.c`, `sched_prio_to_weight`), so that it does not stand
/// still on a machine that is never at rest.
const NICE: i32 = 10;

/// The thread; dropped, it goes on by itself.
#[derive(Debug)]
pub(crate) struct Background {
    thread: JoinHandle<()>,
    /// Closed when the thread ends.
    ended: Receiver<()>,
}

/// Does `work` on a thread of low priority, and waits for it. Where the system gives none it is
/// done here.
pub(crate) fn low<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> T {
    let mut work = Some(work);
    let done = std::thread::scope(|scope| {
        let run = || {
            lower();
            work.take().map(|work| work())
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, run);
        thread.ok().and_then(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    done.unwrap_or_else(|| work.take().expect("no thread has taken it")())
}

/// Of this thread; elsewhere than on Linux the call would mean the whole process.
fn lower() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

// === impl Background ===

impl Background {
    /// Starts it.
    ///
    /// # Errors
    /// [`Error::Start`] when the system refuses a thread.
    pub(crate) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<Self, Error> {
        let (ends, ended) = channel();
        let run = move || {
            let _ends = ends;
            work();
        };
        let thread =
            std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(Error::Start)?;
        Ok(Self { thread, ended })
    }

    /// Waits until it ends, for at most so long; who hangs is told of and left behind.
    pub(crate) fn join(self, limit: Duration) {
        if self.ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            let thread = self.thread.thread().name();
            tracing::error!(thread, ?limit, "a thread of the collector hangs; left behind");
            return;
        }
        // Its panic was told of where it was caught, or by the panic hook.
        let _ = self.thread.join();
    }
}

/// A runtime for one thread; `name` is that of the threads on which it waits for files.
///
/// # Errors
/// [`Error::Start`] when the system refuses it.
pub(crate) fn runtime(name: &str) -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name(name)
        .max_blocking_threads(8)
        .build()
        .map_err(Error::Start)
}
