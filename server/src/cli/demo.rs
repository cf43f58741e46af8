//! `skeg demo`: the example store, served, with lines to copy.

use std::path::Path;

use clap::Args;

use super::{say, serve};
use crate::app::{self, Addresses};
use crate::config::flags::ServingArgs;
use crate::config::{Defaults, Surroundings};
use crate::demo;
use crate::failure::Failure;
use crate::runtime;
use crate::store::StoreUrl;

/// What `skeg demo` takes.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The store, made where there is none
    #[arg(long, env = "SKEG_STORE", value_name = "URL", default_value = "skeg-demo")]
    store: String,
    #[command(flatten)]
    serving: ServingArgs,
}

/// Makes the store, serves it on loopback and says what to try.
///
/// # Errors
/// Code 78 for a bad configuration, 1 when the store or serving failed.
pub fn run(args: &DemoArgs) -> Result<(), Failure> {
    // A short roll, so that a person sees rows appear.
    let defaults = Defaults { host: [127, 0, 0, 1], roll_age: "5s", model_control: true };
    let config = serve::checked(&args.store, &args.serving, defaults)?;
    let failed = |error: String| Failure::new(Failure::FAILED, error);
    let store = config.store.create().and_then(|()| config.store.open()).map_err(failed)?;
    let runtime = runtime::new().map_err(|error| failed(error.to_string()))?;
    let skeg = Surroundings::read().binary;
    let now = jiff::Timestamp::now().to_string();
    runtime.block_on(demo::prepare(store, &now)).map_err(failed)?;
    app::serve(&config, |addresses| say(welcome(addresses, &config.store, &skeg)))
}

fn welcome(at: &Addresses, store: &StoreUrl, skeg: &Path) -> String {
    let request = demo::REQUEST.trim();
    format!(
        "{at}

score a payment:
  curl -s http://{http}/v2/models/fraud/infer -d '{request}'

metrics:
  curl -s http://{admin}/metrics

rows, as Parquet, a few seconds after a score:
  {store}/rows/v1/endpoint=fraud/

drift of those rows from the training data:
  {skeg} drift analyze --store {store} --endpoint fraud

Ctrl-C stops.",
        http = at.http,
        admin = at.admin,
        skeg = skeg.display(),
    )
}
