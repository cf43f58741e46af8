//! `skeg traffic`: gives an endpoint's deployments other weights.

use clap::Args;
use model_loader::Name;

use super::endpoints::{failure, shares, writer};
use super::say;
use super::store::StoreArgs;
use crate::failure::Failure;
use crate::route::Weight;

/// What `skeg traffic` takes.
#[derive(Debug, Args)]
pub struct TrafficArgs {
    /// The endpoint
    endpoint: Name,
    /// Percent for each deployment, up to two decimals; those not named get 0
    #[arg(required = true, value_name = "DEPLOYMENT=PERCENT", value_parser = weight)]
    weights: Vec<(String, Weight)>,
    #[command(flatten)]
    store: StoreArgs,
}

/// Writes the weights into the stored spec.
///
/// # Errors
/// As `skeg endpoints`; code 78 also for a deployment named twice.
pub fn run(args: &TrafficArgs) -> Result<(), Failure> {
    for (place, (name, _)) in args.weights.iter().enumerate() {
        if args.weights[..place].iter().any(|(before, _)| before == name) {
            return Err(Failure::config(vec![format!("traffic.{name}: is given twice")]));
        }
    }
    let (writer, runtime) = writer(&args.store)?;
    let changed = runtime.block_on(writer.traffic(&args.endpoint, &args.weights));
    let spec = changed.map_err(failure)?;
    say(format_args!("{}: {}", spec.name, shares(&spec)));
    Ok(())
}

fn weight(text: &str) -> Result<(String, Weight), String> {
    let (name, percent) = text.split_once('=').ok_or("it has no `=` after the deployment")?;
    let percent: f64 = percent.parse().map_err(|_| format!("\"{percent}\" is no number"))?;
    Ok((name.to_owned(), Weight::from_percent(percent).map_err(|error| error.to_string())?))
}
