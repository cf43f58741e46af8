//! Any bytes as an Arrow stream. The library's own panics are the reader's to catch; ours end the
//! run, as in all targets.
#![no_main]

use std::panic;
use std::sync::Once;

use libfuzzer_sys::fuzz_target;
use server::protocol::arrow;
use server_fuzz::{LIMITS, check, signature};

static HOOK: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    HOOK.call_once(|| {
        let aborts = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let library = |at: &panic::Location<'_>| {
                let crates = [
                    "/arrow-buffer-",
                    "/arrow-ipc-",
                    "/arrow-array-",
                    "/arrow-data-",
                    "/flatbuffers-",
                ];
                crates.iter().any(|name| at.file().contains(name))
            };
            if !panic.location().is_some_and(library) {
                aborts(panic);
            }
        }));
    });
    check(arrow::read(bytes, &signature(), LIMITS));
});
