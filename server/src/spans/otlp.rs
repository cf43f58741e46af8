//! Spans by OTLP: OpenTelemetry's own queue, thread and encoder, with this server's ids and names.
//!
//! Attributes are named as OpenTelemetry's semantic conventions for HTTP and RPC servers have them,
//! with those of this server under `skeg.`. What the collector does not take, and what finds the
//! queue full, the library counts and logs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor as _,
};
use url::Url;

use crate::access::Access;
use crate::protocol::Protocol;
use crate::trace::Trace;

/// Where OTLP over HTTP takes traces, below a collector's address.
const PATH: &str = "v1/traces";
/// Longest wait for the collector's answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The library's queue and thread.
#[derive(Debug)]
pub(super) struct Exporter {
    batches: BatchSpanProcessor,
    scope: InstrumentationScope,
}

// === impl Exporter ===

impl Exporter {
    /// Sends to the collector at that address, or to its path where it has one.
    pub(super) fn start(collector: &Url, replica: &str) -> Result<Self, String> {
        let mut address = collector.clone();
        if address.path() == "/" {
            address.set_path(PATH);
        }
        let exporter =
            SpanExporter::builder().with_http().with_endpoint(address).with_timeout(TIMEOUT);
        let exporter = exporter.build().map_err(|error| error.to_string())?;
        let mut batches = BatchSpanProcessor::builder(exporter).build();
        let version = env!("CARGO_PKG_VERSION");
        let resource = Resource::builder()
            .with_service_name("skeg")
            .with_attribute(KeyValue::new("service.version", version))
            .with_attribute(KeyValue::new("service.instance.id", replica.to_owned()));
        batches.set_resource(&resource.build());
        let scope = InstrumentationScope::builder("skeg").with_version(version).build();
        Ok(Self { batches, scope })
    }

    /// Queues a request's span.
    pub(super) fn send(&self, access: &Access<'_>, trace: &Trace) {
        let start = UNIX_EPOCH + Duration::from_micros(access.time_us.unsigned_abs());
        self.batches.on_end(span(access, trace, start, self.scope.clone()));
    }

    /// Sends what is queued.
    pub(super) fn finish(&self, patience: Duration) {
        if let Err(error) = self.batches.shutdown_with_timeout(patience) {
            tracing::warn!(%error, "spans are left unsent");
        }
    }
}

fn span(
    access: &Access<'_>,
    trace: &Trace,
    start: SystemTime,
    scope: InstrumentationScope,
) -> SpanData {
    let (flags, state) = (TraceFlags::new(trace.flags), TraceState::NONE);
    let (id, span) = (TraceId::from(trace.id), SpanId::from(trace.span));
    // Only the server's own failures are errors of a server's span.
    let failed = access.code >= 500 || access.unanswered.is_some_and(|why| why.is_models());
    let reason = access.unanswered.map(|why| why.reason().to_owned());
    let status = match (failed, reason) {
        (true, reason) => Status::error(reason.unwrap_or_default()),
        (false, _) => Status::Unset,
    };
    SpanData {
        span_context: SpanContext::new(id, span, flags, false, state),
        parent_span_id: SpanId::from(trace.parent),
        parent_span_is_remote: true,
        span_kind: SpanKind::Server,
        name: name(access).into(),
        start_time: start,
        end_time: start + access.duration,
        attributes: attributes(access),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status,
        instrumentation_scope: scope,
    }
}

/// What is called, with no name of a model in it: few names for many requests.
fn name(access: &Access<'_>) -> String {
    match access.protocol {
        Some(Protocol::OipGrpc) => access.path.trim_start_matches('/').to_owned(),
        Some(protocol) => format!("{} {}", access.method, protocol.name()),
        None => access.method.to_owned(),
    }
}

fn attributes(access: &Access<'_>) -> Vec<KeyValue> {
    let text = |key, text: Option<&str>| text.map(|text| KeyValue::new(key, text.to_owned()));
    let number = |key, number: usize| KeyValue::new(key, i64::try_from(number).unwrap_or(i64::MAX));
    let mut all = vec![
        KeyValue::new("http.response.status_code", i64::from(access.code)),
        number("http.request.body.size", access.request_bytes),
        number("http.response.body.size", access.response_bytes),
    ];
    if access.protocol == Some(Protocol::OipGrpc) {
        all.push(KeyValue::new("rpc.system", "grpc"));
    }
    let code = access.code.to_string();
    let texts = [
        text("skeg.protocol", access.protocol.map(Protocol::name)),
        text("http.request.method", Some(access.method)),
        text("url.path", Some(access.path)),
        text("user_agent.original", access.user_agent),
        text("skeg.endpoint", access.endpoint),
        text("skeg.deployment", access.deployment),
        text("skeg.request_id", access.request_id),
        text("error.type", access.unanswered.map(|_| code.as_str())),
        text("skeg.reason", access.unanswered.map(|why| why.reason())),
    ];
    all.extend(texts.into_iter().flatten());
    all
}
