//! Threads whose work can wait: they yield the processor to those that score.

use rustix::process::{getpriority_process, setpriority_process};
use rustix::thread::gettid;

/// Ten steps of niceness: about a tenth of a scoring thread's share when both want the processor.
const NICE: i32 = 10;

/// Lowers the calling thread's priority. On Linux a thread has one of its own.
pub fn yield_to_scoring() {
    let this = gettid();
    let now = getpriority_process(Some(this)).unwrap_or(0);
    if let Err(error) = setpriority_process(Some(this), (now + NICE).min(19)) {
        tracing::warn!(%error, "a background thread runs at full priority");
    }
}
