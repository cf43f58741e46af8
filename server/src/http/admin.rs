//! The second port: `/metrics` for Prometheus, health for probes that must not queue behind scores,
//! and the API that endpoints are changed by (`manage`).
//!
//! Runs on the main thread's runtime, never on a scoring thread.

use std::convert::Infallible;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use collector::Collector;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Notify, Semaphore};

use super::encode::{self, Reply};
use super::op::Question;
use super::{describe, manage};
use crate::error::Error;
use crate::metrics::exposition;
use crate::shutdown::PhaseView;
use crate::specs::Writer;
use crate::worker::Shared;

/// Scrapers and probes are few; more connections than this wait.
const CONNECTIONS: usize = 64;
/// Longest time to read a request's head, and for a connection to be idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// What the admin port shows.
#[derive(Debug)]
pub struct Shown {
    /// Endpoints and metrics.
    pub shared: Arc<Shared>,
    /// Rows.
    pub collector: Arc<Collector>,
    /// Readiness.
    pub phase: PhaseView,
    /// Changes specs; none when they come from a local folder.
    pub writer: Option<Writer>,
    /// Makes the keeper look at the specs at once.
    pub nudge: Rc<Notify>,
}

/// Serves until the process ends.
pub async fn run(shown: Shown, listener: TcpListener) {
    let shown = Rc::new(shown);
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the admin port cannot be served"),
    };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let permit = Arc::clone(&room).acquire_owned().await;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                super::serve::pause(&error).await;
                continue;
            }
        };
        let shown = Rc::clone(&shown);
        tokio::task::spawn_local(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
            let service = service_fn(|request| respond(&shown, request));
            // An error here is the client's going away.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
            drop(permit);
        });
    }
}

async fn respond(shown: &Shown, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let path = request.uri().path();
    if path.starts_with(manage::PREFIX) {
        return Ok(manage::answer(shown, request)
            .await
            .unwrap_or_else(|error| encode::error(&error)));
    }
    let question = match path {
        "/metrics" => None,
        "/healthz" | "/v2/health/live" => Some(Question::Live),
        "/v2/health/ready" => Some(Question::Ready),
        path => return Ok(encode::error(&Error::UnknownRoute(path.to_owned()))),
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(encode::error(&Error::Method { allow: "GET, HEAD" }));
    }
    Ok(match question {
        None => metrics(shown),
        Some(question) => describe::answer(question, &shown.shared, shown.phase.now()),
    })
}

fn metrics(shown: &Shown) -> Reply {
    let text = exposition::text(&shown.shared, &shown.collector);
    let mut reply = Response::new(Full::new(Bytes::from(text)));
    let kind = HeaderValue::from_static(prometheus::TEXT_FORMAT);
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}
