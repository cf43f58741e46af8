//! Who is told of a request once it is answered: its client by the trace it continues, the access
//! log, and where traces are collected.
//!
//! Decided from the head alone, before the request is scored, so that what only a line needs is
//! kept only for it.

use collector::TraceContext;

use crate::access::Access;
use crate::trace::Trace;
use crate::worker::Worker;

/// What was decided for one request.
#[derive(Debug)]
pub struct Told {
    trace: Option<Trace>,
    traceparent: Option<String>,
    is_logged: bool,
    is_sent: bool,
}

// === impl Told ===

impl Told {
    /// Decides for a request with that `traceparent`.
    pub fn of(worker: &Worker, traceparent: Option<&str>) -> Self {
        let shared = &worker.shared;
        let trace = traceparent.and_then(|parent| Trace::continued(parent, worker.span()));
        Self {
            traceparent: trace.as_ref().map(Trace::header),
            is_sent: trace.as_ref().is_some_and(|trace| shared.spans.takes(trace)),
            is_logged: shared.access.takes(|| worker.draw()),
            trace,
        }
    }

    /// Whether anything is told but to the client.
    pub fn is_any(&self) -> bool {
        self.is_logged || self.is_sent
    }

    /// The trace, as rows have it.
    pub fn context(&self) -> Option<TraceContext> {
        let trace = self.trace.as_ref()?;
        Some(TraceContext { trace_id: trace.id, span_id: trace.span })
    }

    /// What the client is told: the trace, continued.
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// Tells what was decided to be told.
    pub fn tell(&self, worker: &Worker, access: Access<'_>) {
        if let Some(trace) = self.trace.as_ref().filter(|_| self.is_sent) {
            worker.shared.spans.send(&access, trace);
        }
        if self.is_logged {
            worker.shared.access.log(access);
        }
    }
}
