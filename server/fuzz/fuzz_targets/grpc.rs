//! Any bytes as the message of an infer call.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use server::grpc::infer;
use server::grpc::messages::ModelInferRequest;
use server_fuzz::{LIMITS, check};

fuzz_target!(|bytes: &[u8]| {
    // What is no message is tonic's to refuse.
    if let Ok(request) = ModelInferRequest::decode(bytes) {
        check(infer::decode(request, LIMITS).map(|(request, _)| request.inputs));
    }
});
