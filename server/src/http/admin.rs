//! The second port: `/metrics` for Prometheus, health for probes that must not queue behind scores,
//! and the API that endpoints are changed by (`manage`).
//!
//! Runs on the main thread's runtime, never on a scoring thread.

use std::convert::Infallible;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::encode::{self, Reply};
use super::op::{Op, Question};
use super::pace::{Pace, Paced};
use super::shown::Shown;
use super::{describe, manage, repository, serve};
use crate::error::Error;
use crate::metrics::exposition;
use crate::metrics::refused::Refusal;

/// Scrapers and probes are few; more connections than this wait.
const CONNECTIONS: usize = 256;

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
                serve::pause(&error).await;
                continue;
            }
        };
        let shown = Rc::clone(&shown);
        tokio::task::spawn_local(async move {
            connection(&shown, stream).await;
            drop(permit);
        });
    }
}

async fn connection(shown: &Shown, stream: TcpStream) {
    let limits = &shown.shared.limits;
    let Some(tls) = &shown.tls else {
        return converse(shown, stream).await;
    };
    match serve::shake_hands(tls.acceptor(), stream, limits.handshake_timeout).await {
        Ok(stream) => converse(shown, stream).await,
        Err(refusal) => refusal.into_iter().for_each(|why| shown.refused(why)),
    }
}

async fn converse(shown: &Shown, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let limits = &shown.shared.limits;
    let pace = Pace::new(limits);
    let service = service_fn(async |request| {
        pace.begin();
        let reply = respond(shown, request).await;
        if let Some(why) = reply.extensions().get::<Refusal>() {
            shown.refused(*why);
        }
        pace.end();
        Ok::<Reply, Infallible>(reply)
    });
    let stream = TokioIo::new(Paced::new(stream, Rc::clone(&pace)));
    let ended = serve::bounded(limits).serve_connection(stream, service).await;
    if let Some(why) = serve::cut_off(&pace, &ended) {
        shown.refused(why);
    }
}

async fn respond(shown: &Shown, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let path = path.as_str();
    if path.starts_with(manage::PREFIX) {
        let answered = match shown.authorize(request.headers()) {
            Ok(()) => manage::answer(shown, request).await,
            Err(error) => Err(error),
        };
        return answered.unwrap_or_else(|error| encode::error(&error));
    }
    if let Ok(Op::Order(order)) = Op::from_parts(request.method(), path) {
        let answered = match shown.authorize(request.headers()) {
            Ok(()) => repository::answer(&shown.shared, order, request.into_body()).await,
            Err(error) => Err(error),
        };
        return answered.unwrap_or_else(|error| encode::error(&error));
    }
    let question = match path {
        "/metrics" => None,
        "/healthz" | "/v2/health/live" => Some(Question::Live),
        "/v2/health/ready" => Some(Question::Ready),
        path => return encode::error(&Error::UnknownRoute(path.to_owned())),
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return encode::error(&Error::Method { allow: "GET, HEAD" });
    }
    match question {
        None if shown.admins.metrics_open => metrics(shown),
        None => match shown.authorize(request.headers()) {
            Ok(()) => metrics(shown),
            Err(error) => encode::error(&error),
        },
        // Probes have no key.
        Some(question) => describe::answer(question, "", &shown.shared, shown.phase.now()),
    }
}

fn metrics(shown: &Shown) -> Reply {
    let text = exposition::text(&shown.shared, &shown.collector);
    let mut reply = Response::new(Full::new(Bytes::from(text)));
    let kind = HeaderValue::from_static(prometheus::TEXT_FORMAT);
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}
