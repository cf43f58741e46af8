//! What each model version has done so far, as Triton's statistics extension has it.
//!
//! One entry for each deployment that serves. All counts of scored requests are one number, as
//! Triton's client for measurements demands, and the queue is counted even where nothing waited.

use serde::Serialize;

use crate::deployment::Deployment;
use crate::endpoint::{Endpoint, Endpoints};
use crate::error::Error;
use crate::metrics::Totals;

/// `GET /v2/models[/{m}[/versions/{v}]]/stats`.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// One for each deployment.
    pub model_stats: Vec<ModelStatistics>,
}

/// The numbers of one deployment.
#[derive(Debug, PartialEq, Serialize)]
pub struct ModelStatistics {
    /// The endpoint.
    pub name: String,
    /// The model version, or a number for one whose name is none: Triton's client for measurements
    /// reads nothing else.
    pub version: String,
    /// Ours: the deployment.
    pub deployment: String,
    /// Ours: the model version by its name.
    pub model_version: String,
    /// When the last scored request came, milliseconds since 1970 UTC.
    pub last_inference: u64,
    /// Rows scored.
    pub inference_count: u64,
    /// Runs of the model.
    pub execution_count: u64,
    /// Where the time went.
    pub inference_stats: InferenceStatistics,
    /// One answer a request: nothing to say.
    pub response_stats: Empty,
    /// Runs are not told apart by their rows.
    pub batch_stats: [Empty; 0],
    /// Not measured for each model.
    pub memory_usage: [Empty; 0],
}

/// Nothing.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Empty {}

/// Requests and the time they took.
#[derive(Debug, PartialEq, Serialize)]
pub struct InferenceStatistics {
    /// Scored.
    pub success: Duration,
    /// Not scored.
    pub fail: Duration,
    /// Waiting.
    pub queue: Duration,
    /// From bytes to inputs.
    pub compute_input: Duration,
    /// In the model.
    pub compute_infer: Duration,
    /// From outputs to bytes.
    pub compute_output: Duration,
    /// There is no cache.
    pub cache_hit: Duration,
    /// There is no cache.
    pub cache_miss: Duration,
}

/// A number of requests and the sum of their times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duration {
    /// Requests.
    pub count: u64,
    /// Nanoseconds.
    pub ns: u64,
}

/// The statistics of one endpoint, or of all of them, or of one version of one.
///
/// # Errors
/// [`Error::UnknownModel`], [`Error::UnknownPart`].
pub fn of(
    endpoints: &Endpoints,
    model: Option<&str>,
    version: Option<&str>,
) -> Result<Statistics, Error> {
    let mut model_stats: Vec<ModelStatistics> = match model {
        Some(model) => of_endpoint(endpoints.get(model)?).collect(),
        None => endpoints.iter().flat_map(of_endpoint).collect(),
    };
    model_stats.retain(|of| version.is_none_or(|version| of.model_version == version));
    if let (Some(model), Some(version), true) = (model, version, model_stats.is_empty()) {
        let (model, name) = (model.to_owned(), version.to_owned());
        return Err(Error::UnknownPart { model, what: "version", name });
    }
    model_stats.sort_by(|one, other| {
        let key = |of: &'_ ModelStatistics| {
            (of.name.clone(), of.model_version.clone(), of.deployment.clone())
        };
        key(one).cmp(&key(other))
    });
    Ok(Statistics { model_stats })
}

fn of_endpoint(endpoint: &Endpoint) -> impl Iterator<Item = ModelStatistics> {
    let seats = endpoint.seats.iter().enumerate();
    seats.map(|(place, seat)| ModelStatistics::of(endpoint, place, &seat.deployment))
}

// === impl ModelStatistics ===

impl ModelStatistics {
    fn of(endpoint: &Endpoint, place: usize, deployment: &Deployment) -> Self {
        let model_version = deployment.model.version.to_string();
        let is_number = model_version.parse::<i64>().is_ok();
        let version = if is_number { model_version.clone() } else { (place + 1).to_string() };
        let totals = deployment.series.totals();
        // Where requests are batched, one run may be several of them.
        let runs = deployment.series.batched.read().map_or(totals.scored, |[runs, ..]| runs);
        Self {
            name: endpoint.name.to_string(),
            version,
            model_version,
            deployment: deployment.name.to_string(),
            last_inference: totals.last_us / 1000,
            inference_count: totals.rows,
            execution_count: runs,
            inference_stats: InferenceStatistics::of(totals),
            response_stats: Empty {},
            batch_stats: [],
            memory_usage: [],
        }
    }
}

// === impl InferenceStatistics ===

impl InferenceStatistics {
    fn of(totals: Totals) -> Self {
        let scored = |ns| Duration { count: totals.scored, ns };
        Self {
            success: scored(totals.scored_ns),
            fail: Duration { count: totals.failed, ns: totals.failed_ns },
            queue: scored(totals.queue_ns),
            compute_input: scored(totals.input_ns),
            compute_infer: scored(totals.inference_ns),
            compute_output: scored(totals.output_ns),
            cache_hit: Duration::default(),
            cache_miss: Duration::default(),
        }
    }
}
