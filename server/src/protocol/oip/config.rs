//! A model's configuration, as Triton's model configuration extension has it.
//!
//! What clients read of it: whether and how far requests may have several rows, and each tensor's
//! type and extents. With a `max_batch_size` above zero the first extent is the rows and `dims` do
//! not have it, while the metadata's shapes do.

use model_loader::{Datatype, TensorSpec};
use serde::Serialize;

use super::metadata::Found;
use crate::limits::RequestLimits;
use crate::spec::Batching;

/// The configuration.
#[derive(Debug, PartialEq, Serialize)]
pub struct Config<'a> {
    /// The endpoint.
    pub name: &'a str,
    /// Triton's name for ONNX models.
    pub platform: &'static str,
    /// Triton's name for what runs them.
    pub backend: &'static str,
    /// Which versions are served.
    pub version_policy: VersionPolicy,
    /// Most rows of a request; 0 when the first extent is not the rows.
    pub max_batch_size: u32,
    /// What the model takes.
    pub input: Vec<TensorConfig<'a>>,
    /// What it gives.
    pub output: Vec<TensorConfig<'a>>,
    /// Requests run together, when they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_batching: Option<DynamicBatching>,
    /// One answer a request.
    pub model_transaction_policy: TransactionPolicy,
}

/// Which versions are served: those of the endpoint's deployments.
#[derive(Debug, PartialEq, Serialize)]
pub struct VersionPolicy {
    /// By number; versions with other names are left out.
    pub specific: Versions,
}

/// Versions by number.
#[derive(Debug, PartialEq, Serialize)]
pub struct Versions {
    /// The numbers.
    pub versions: Vec<i64>,
}

/// An input or an output.
#[derive(Debug, PartialEq, Serialize)]
pub struct TensorConfig<'a> {
    /// Its name.
    pub name: &'a str,
    /// "TYPE_FP32", ...
    pub data_type: String,
    /// -1 stands for any size.
    pub dims: Vec<i64>,
    /// Of a vector: its rows have no extents, and `dims` may not be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reshape: Option<Reshape>,
}

/// What the model's own extents are.
#[derive(Debug, PartialEq, Serialize)]
pub struct Reshape {
    /// They are none.
    pub shape: [i64; 0],
}

/// How requests are run together.
#[derive(Debug, PartialEq, Serialize)]
pub struct DynamicBatching {
    /// Most rows that are run together.
    pub preferred_batch_size: [u32; 1],
    /// Longest wait for more rows.
    pub max_queue_delay_microseconds: u64,
}

/// One answer a request.
#[derive(Debug, PartialEq, Serialize)]
pub struct TransactionPolicy {
    /// Never.
    pub decoupled: bool,
}

// === impl Config ===

impl<'a> Config<'a> {
    /// The configuration of a model.
    pub fn of(found: Found<'a>, limits: RequestLimits) -> Self {
        let signature = found.deployment.runnable.signature();
        let rows = signature.batchable().is_ok();
        let most = u32::try_from(limits.rows).unwrap_or(i32::MAX as u32).min(i32::MAX as u32);
        let batching = found.deployment.batching();
        let dynamic = |Batching { max_rows, max_delay }: Batching| DynamicBatching {
            preferred_batch_size: [max_rows],
            max_queue_delay_microseconds: u64::try_from(max_delay.as_micros()).unwrap_or(u64::MAX),
        };
        let numbers = found.versions().into_iter().filter_map(|version| version.parse().ok());
        Self {
            name: found.endpoint.name.as_ref(),
            platform: "onnxruntime_onnx",
            backend: "onnxruntime",
            version_policy: VersionPolicy { specific: Versions { versions: numbers.collect() } },
            max_batch_size: if rows { most } else { 0 },
            input: signature.inputs().iter().map(|spec| TensorConfig::of(spec, rows)).collect(),
            output: signature.outputs().iter().map(|spec| TensorConfig::of(spec, rows)).collect(),
            dynamic_batching: batching.is_on().then(|| dynamic(batching)),
            model_transaction_policy: TransactionPolicy { decoupled: false },
        }
    }
}

// === impl TensorConfig ===

impl<'a> TensorConfig<'a> {
    fn of(spec: &'a TensorSpec, without_rows: bool) -> Self {
        let extents = &spec.shape[usize::from(without_rows).min(spec.shape.len())..];
        let mut dims: Vec<i64> =
            extents.iter().map(|extent| extent.map_or(-1, |extent| extent as i64)).collect();
        let reshape = dims.is_empty().then(|| {
            dims.push(1);
            Reshape { shape: [] }
        });
        Self { name: &spec.name, data_type: data_type(spec.datatype), dims, reshape }
    }
}

/// The name in `model_config.proto`.
fn data_type(datatype: Datatype) -> String {
    match datatype {
        Datatype::Bytes => "TYPE_STRING".to_owned(),
        other => format!("TYPE_{}", other.name()),
    }
}
