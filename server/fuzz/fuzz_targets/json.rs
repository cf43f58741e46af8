//! Any bytes as an infer request in JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::protocol::oip::decode;
use server_fuzz::{LIMITS, check};

fuzz_target!(|bytes: &[u8]| {
    check(decode::request(bytes, None, LIMITS).map(|(request, _)| request.inputs));
});
