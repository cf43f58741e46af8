//! Any bytes as a table in CSV.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::protocol::csv;
use server_fuzz::{LIMITS, check, signature};

fuzz_target!(|bytes: &[u8]| check(csv::read(bytes, &signature(), LIMITS)));
