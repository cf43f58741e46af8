//! Any bytes: loading them ends with a model or an error, and a model that loaded runs once.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use model_loader::{Model, Options};

fuzz_target!(|bytes: &[u8]| {
    let options = Options { deadline: Duration::from_secs(20), ..Options::default() };
    if let Ok(model) = Model::load(bytes, &options) {
        let _ = model.warm_up();
    }
});
