//! The languages that clients speak: bytes -> a score request, an answer -> bytes.
//!
//! `oip` is the Open Inference Protocol; `azureml`, `mlflow` and `predict` put `frames`, tables in
//! JSON, into envelopes of their own and are answered with `predictions`; `csv` and `arrow` are
//! tables in other forms. None of them knows a connection: `http` and `grpc` hand over what stands
//! in heads and bodies.

pub mod json;
pub mod room;
pub mod oip;
pub mod columns;
pub mod text;
pub mod frames;
pub mod azureml;
pub mod mlflow;
pub mod predict;
pub mod predictions;
pub mod openapi;
pub mod csv;
pub mod arrow;

/// What a request is spoken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The Open Inference Protocol over HTTP.
    OipHttp,
    /// The Open Inference Protocol over gRPC.
    OipGrpc,
    /// Azure ML's `/score`.
    AzureMl,
    /// MLflow's `/invocations`.
    Mlflow,
    /// KServe's version 1 and TensorFlow Serving's `:predict`.
    Predict,
}

// === impl Protocol ===

impl Protocol {
    /// All of them, in the order of the counters' cells.
    pub const ALL: [Self; 5] =
        [Self::OipHttp, Self::OipGrpc, Self::AzureMl, Self::Mlflow, Self::Predict];

    /// The label of metrics and access logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::OipHttp => "oip_http",
            Self::OipGrpc => "oip_grpc",
            Self::AzureMl => "azureml",
            Self::Mlflow => "mlflow",
            Self::Predict => "predict",
        }
    }
}
