//! The runtime that every thread of ours, and every command, runs its tasks on.

use tokio::runtime::{Builder, Runtime};

/// A single-threaded one; nothing is stolen across cores (docs/adr/0001).
///
/// # Errors
/// The system's, when it has no descriptors left.
pub fn new() -> std::io::Result<Runtime> {
    // The name is for what blocks, which has threads of its own.
    Builder::new_current_thread().enable_all().thread_name("skeg-blocking").build()
}
