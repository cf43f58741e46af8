//! Any bytes as the message of an infer call: counted as they lie, then decoded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use server::grpc::{bounds, infer};
use server::grpc::messages::ModelInferRequest;
use server_fuzz::{LIMITS, check};

fuzz_target!(|bytes: &[u8]| {
    let bounded = bounds::check(bytes, LIMITS);
    if let Err(error) = &bounded {
        assert!(matches!(error.status(), 400 | 413), "{error}");
    }
    // What is no message is tonic's to refuse; what is out of bounds is never made one.
    if let (Ok(()), Ok(request)) = (bounded, ModelInferRequest::decode(bytes)) {
        check(infer::decode(request, LIMITS).map(|(request, _)| request.inputs));
    }
});
