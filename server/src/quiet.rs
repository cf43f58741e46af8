//! Panics of a library on what a client sent: caught by who calls it, and said by nobody.
//!
//! Without this each would leave a message and a stack on the standard error, and whoever may score
//! could fill a log with them.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

#[cfg(test)]
mod tests;

thread_local! {
    /// Whether this thread is in what will be caught.
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Has panics that [`caught`] catches said by nobody from now on; all others are said as before.
pub fn install() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !CATCHING.get() {
            before(panic);
        }
    }));
}

/// What `run` gives; none when it panics. What it has touched is not to be used after that.
pub fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    let before = CATCHING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    CATCHING.set(before);
    result.ok()
}
