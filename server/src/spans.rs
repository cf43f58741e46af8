//! The server's parts of its clients' traces, sent to where traces are collected.
//!
//! In builds with the feature `otlp`, for requests whose client records their trace. Others send
//! nothing, and cost a look at an empty option.

#[cfg(feature = "otlp")]
mod otlp;

use std::time::Duration;

use url::Url;

use crate::access::Access;
use crate::trace::Trace;

/// The way to the collector, if there is one.
#[derive(Debug, Default)]
pub struct Spans {
    #[cfg(feature = "otlp")]
    exporter: Option<otlp::Exporter>,
}

impl Spans {
    /// To the collector at that address: OTLP over HTTP. The parts say which `replica` they are of.
    ///
    /// # Errors
    /// When the address is none, or the system refuses a thread.
    #[cfg(feature = "otlp")]
    pub fn to(collector: &Url, replica: &str) -> Result<Self, String> {
        Ok(Self { exporter: Some(otlp::Exporter::start(collector, replica)?) })
    }

    /// # Errors
    /// Always: nothing is sent by this build.
    #[cfg(not(feature = "otlp"))]
    pub fn to(_: &Url, _: &str) -> Result<Self, String> {
        Err("this build sends no traces: it lacks the feature otlp".to_owned())
    }

    /// Whether a request's part of `trace` is to be sent.
    #[inline]
    pub fn takes(&self, trace: &Trace) -> bool {
        #[cfg(feature = "otlp")]
        return self.exporter.is_some() && trace.is_sampled();
        #[cfg(not(feature = "otlp"))]
        {
            let _ = trace;
            false
        }
    }

    /// Hands a request's part over; never waits.
    #[cfg_attr(not(feature = "otlp"), expect(unused_variables, reason = "nothing is sent"))]
    pub fn send(&self, access: &Access<'_>, trace: &Trace) {
        #[cfg(feature = "otlp")]
        if let Some(exporter) = &self.exporter {
            exporter.send(access, trace);
        }
    }

    /// Has what is still there sent, for no longer than `patience`.
    #[cfg_attr(not(feature = "otlp"), expect(unused_variables, reason = "nothing is sent"))]
    pub fn finish(&self, patience: Duration) {
        #[cfg(feature = "otlp")]
        if let Some(exporter) = &self.exporter {
            exporter.finish(patience);
        }
    }
}
