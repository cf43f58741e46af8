//! Any bytes as a table in the envelopes of Azure ML, MLflow and `:predict`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::protocol::frames::Frames;
use server::protocol::{azureml, mlflow, predict};
use server_fuzz::{LIMITS, check, matrix, signature};

fuzz_target!(|bytes: &[u8]| {
    for signature in [signature(), matrix()] {
        let frames = Frames { signature: &signature, limits: LIMITS };
        check(azureml::read(bytes, frames));
        check(mlflow::read(bytes, frames));
        check(predict::read(bytes, frames).map(|(table, _)| table));
    }
});
