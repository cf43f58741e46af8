//! The flags that bound what one client may take, as typed.

use clap::Args;

/// Bounds on connections and requests.
#[derive(Debug, Args)]
pub struct LimitArgs {
    /// Largest request body in bytes
    #[arg(long, env = "SKEG_BODY_LIMIT", value_name = "BYTES", default_value = "67108864")]
    pub body_limit: String,
    /// Most bytes of request bodies held at once, over all scoring threads; more is answered 503
    #[arg(long, env = "SKEG_BODY_MEMORY", value_name = "BYTES", default_value = "536870912")]
    pub body_memory: String,
    /// Largest head of a request in bytes, request line and headers
    #[arg(long, env = "SKEG_HEADER_LIMIT", value_name = "BYTES", default_value = "65536")]
    pub header_limit: String,
    /// Most header lines of a request
    #[arg(long, env = "SKEG_HEADER_COUNT", value_name = "N", default_value = "100")]
    pub header_count: String,
    /// Most open connections; more wait in the kernel's queue
    #[arg(long, env = "SKEG_CONNECTIONS", value_name = "N", default_value = "16384")]
    pub connections: String,
    /// Longest time for a TLS handshake
    #[arg(long, env = "SKEG_HANDSHAKE_TIMEOUT", value_name = "TIME", default_value = "10s")]
    pub handshake_timeout: String,
    /// Longest time that an open connection waits for its next request; longer than the load
    /// balancer's, or it sends into a connection that is being closed
    #[arg(long, env = "SKEG_IDLE_TIMEOUT", value_name = "TIME", default_value = "75s")]
    pub idle_timeout: String,
    /// Longest time from the first byte of a request's head to its last
    #[arg(long, env = "SKEG_HEADER_TIMEOUT", value_name = "TIME", default_value = "20s")]
    pub header_timeout: String,
    /// Longest time for a request's body to arrive
    #[arg(long, env = "SKEG_BODY_TIMEOUT", value_name = "TIME", default_value = "30s")]
    pub body_timeout: String,
    /// Longest time that a client takes nothing of its reply
    #[arg(long, env = "SKEG_WRITE_TIMEOUT", value_name = "TIME", default_value = "30s")]
    pub write_timeout: String,
    /// Deepest nesting of arrays and objects in a JSON request
    #[arg(long, env = "SKEG_JSON_DEPTH", value_name = "N", default_value = "100")]
    pub json_depth: String,
    /// Most rows in one request
    #[arg(long, env = "SKEG_ROWS_LIMIT", value_name = "N", default_value = "1048576")]
    pub rows_limit: String,
    /// Most elements in one request, over all its tensors
    #[arg(long, env = "SKEG_ELEMENTS_LIMIT", value_name = "N", default_value = "16777216")]
    pub elements_limit: String,
}
