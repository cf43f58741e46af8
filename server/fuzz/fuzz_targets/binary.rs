//! Any bytes as an infer request with tensors in binary behind its JSON, and as a raw one. The
//! first two bytes say how many are JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::protocol::oip::decode;
use server_fuzz::{LIMITS, check, matrix};

fuzz_target!(|bytes: &[u8]| {
    let Some((length, body)) = bytes.split_first_chunk::<2>() else { return };
    let json = usize::from(u16::from_le_bytes(*length));
    check(decode::request(body, Some(json), LIMITS).map(|(request, _)| request.inputs));
    check(decode::raw(body, &matrix(), LIMITS).map(|(request, _)| request.inputs));
});
