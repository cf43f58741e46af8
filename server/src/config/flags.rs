//! The flags of serving, as typed; `config::check` says what they mean.
//!
//! Values are read as text, so that all mistakes are reported at once and not the first alone.

use clap::Args;

pub mod limits;
pub mod security;

/// How to serve; the same flags for `serve` and `demo`.
#[derive(Debug, Args)]
pub struct ServingArgs {
    /// Address of the scoring routes; port 0 takes a free one
    #[arg(long, env = "SKEG_HTTP", value_name = "ADDRESS")]
    pub http: Option<String>,
    /// Address of the scoring service over gRPC
    #[arg(long, env = "SKEG_GRPC", value_name = "ADDRESS")]
    pub grpc: Option<String>,
    /// Address of /metrics and health, for Prometheus and operators; any but a loopback address
    /// needs --admin-key-file [default: 127.0.0.1:8002]
    #[arg(long, env = "SKEG_ADMIN", value_name = "ADDRESS")]
    pub admin: Option<String>,
    /// Scoring threads [default: one per core]
    #[arg(long, env = "SKEG_WORKERS", value_name = "N")]
    pub workers: Option<String>,
    /// Threads for models that are too expensive to run on a scoring thread [default: one per
    /// scoring thread]
    #[arg(long, env = "SKEG_POOL", value_name = "N")]
    pub pool: Option<String>,
    /// How often endpoint specs are read, to find what has changed
    #[arg(long, env = "SKEG_POLL", value_name = "TIME", default_value = "2s")]
    pub poll: String,
    /// Folder of endpoint specs (*.yaml), read instead of the store's endpoints/
    #[arg(long, env = "SKEG_ENDPOINTS", value_name = "FOLDER")]
    pub endpoints: Option<String>,
    /// Endpoint of requests that name none: /score, /invocations [default: the only one]
    #[arg(long, env = "SKEG_DEFAULT_ENDPOINT", value_name = "NAME")]
    pub default_endpoint: Option<String>,
    /// Whether Triton's clients may load and unload models at the scoring ports, with the admin key
    /// where there is one: none or explicit [default: none, in a demo explicit]
    #[arg(long, env = "SKEG_MODEL_CONTROL", value_name = "MODE")]
    pub model_control: Option<String>,
    /// Keys, tokens and certificates.
    #[command(flatten)]
    pub security: security::SecurityArgs,
    /// Bounds on connections and requests.
    #[command(flatten)]
    pub limits: limits::LimitArgs,
    /// On SIGTERM, how long to keep answering, unready, while load balancers look away
    #[arg(long, env = "SKEG_DRAIN_DELAY", value_name = "TIME", default_value = "5s")]
    pub drain_delay: String,
    /// After that, how long requests in hand and unwritten rows may take
    #[arg(long, env = "SKEG_SHUTDOWN_BUDGET", value_name = "TIME", default_value = "30s")]
    pub shutdown_budget: String,
    /// Folder on a local disk where rows are until the store has them, or `memory` [default:
    /// `spool` in the folder of a store on disk, else `skeg-spool` among the system's temporary
    /// files]
    #[arg(long, env = "SKEG_SPOOL", value_name = "FOLDER")]
    pub spool: Option<String>,
    /// Most bytes of the spool; what comes when it is full is dropped and counted
    #[arg(long, env = "SKEG_SPOOL_BYTES", value_name = "BYTES", default_value = "1073741824")]
    pub spool_bytes: String,
    /// Rows that the store has not taken for so long are given up
    #[arg(long, env = "SKEG_SPOOL_AGE", value_name = "TIME", default_value = "168h")]
    pub spool_age: String,
    /// Close a row file at this many rows
    #[arg(long, env = "SKEG_ROLL_ROWS", value_name = "N", default_value = "500000")]
    pub roll_rows: String,
    /// Close a row file at about this many bytes in the spool
    #[arg(long, env = "SKEG_ROLL_BYTES", value_name = "BYTES", default_value = "67108864")]
    pub roll_bytes: String,
    /// Close a row file at this age [default: 300s, in a demo 5s]
    #[arg(long, env = "SKEG_ROLL_AGE", value_name = "TIME")]
    pub roll_age: Option<String>,
    /// ARM id of an Azure ML workspace, so that its monitors read the rows: they are stored a
    /// second time, as its model data collector does, in modelDataCollector/ of the store. JSON is
    /// long: row files are closed at an eighth of --roll-bytes then
    #[arg(long, env = "SKEG_AZUREML_WORKSPACE", value_name = "ID")]
    pub azureml_workspace: Option<String>,
    /// What evaluates tree ensembles, for tests and diagnosis: plain, compact, tables, shallow,
    /// doubling, blocks, sweep; or all for a processor: portable, neon, avx2, avx512 [default: the
    /// fastest]
    #[arg(long, env = "SKEG_FOREST_KERNEL", value_name = "NAME")]
    pub forest_kernel: Option<String>,
    /// This replica's name in row files [default: the host's name]
    #[arg(long, env = "SKEG_REPLICA", value_name = "NAME")]
    pub replica: Option<String>,
    /// Makes the router's draws and our request ids repeat from start to start, for tests
    #[arg(long, env = "SKEG_SEED", value_name = "N")]
    pub seed: Option<String>,
    /// Share of the requests for scores and of labels, 0 to 1, that have a line in the access log:
    /// JSON on the standard error
    #[arg(long, env = "SKEG_ACCESS_LOG", value_name = "SHARE", default_value = "0")]
    pub access_log: String,
    /// Send the server's part of traces that clients record to an OpenTelemetry collector: OTLP
    /// over HTTP, "http://collector:4318"
    #[cfg(feature = "otlp")]
    #[arg(long, env = "SKEG_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// What to log: a level, or tracing directives
    #[arg(long, env = "SKEG_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
}
