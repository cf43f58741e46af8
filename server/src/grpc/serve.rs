//! HTTP/2 connections of one worker, each with many calls at once.
//!
//! On the worker's own thread, like `http::serve`, whose places for connections these share. A
//! connection without a call for `idle_timeout` is told to go away, which loses nothing.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;

use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::dispatch;
use crate::http::pace::{Pace, Paced};
use crate::http::serve;
use crate::metrics::refused::Refusal;
use crate::shutdown::Phase;
use crate::worker::Worker;

/// Calls that one connection may have open at once.
const STREAMS: u32 = 256;
/// Bytes that a client may send ahead, on one call and on a connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;

/// Runs what hyper starts on the worker's own thread.
#[derive(Clone, Copy, Debug)]
struct Here;

impl<F: Future<Output = ()> + 'static> Executor<F> for Here {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// Serves gRPC until the process is closing and every connection is done.
pub async fn run(worker: Rc<Worker>, listener: TcpListener) {
    serve::accept(worker, listener, connection).await;
}

async fn connection(worker: Rc<Worker>, stream: TcpStream) {
    let Some(tls) = &worker.shared.tls else {
        return converse(worker, stream).await;
    };
    if let Some(stream) = serve::shaken(&worker, tls.grpc_acceptor(), stream).await {
        converse(worker, stream).await;
    }
}

/// Calls in hand on one connection.
#[derive(Debug, Default)]
struct InHand {
    calls: Cell<usize>,
    changed: Notify,
}

/// One of them, until dropped.
struct OneCall(Rc<InHand>);

async fn converse(worker: Rc<Worker>, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
    let limits = worker.shared.limits;
    let in_hand = Rc::<InHand>::default();
    let pace = Pace::without_turns(&limits);
    let calls = Rc::clone(&in_hand);
    let answering = Rc::clone(&worker);
    let service = service_fn(move |request| {
        let (worker, call) = (Rc::clone(&answering), OneCall::begin(&calls));
        async move {
            let reply = dispatch::respond(worker, request).await;
            drop(call);
            Ok::<_, Infallible>(reply)
        }
    });
    let mut http = http2::Builder::new(Here);
    http.timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    let stream = TokioIo::new(Paced::new(stream, Rc::clone(&pace)));
    let mut connection = pin!(http.serve_connection(stream, service));
    let mut phase = worker.phase.clone();
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = phase.reached(Phase::Draining) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = in_hand.idle_for(limits.idle_timeout) => {
            worker.refused(Refusal::IdleTimeout);
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Some(why) = pace.cut().or_else(|| malformed(&ended)) {
        worker.refused(why);
    }
}

/// What is no HTTP/2 at all; any other error is the client's going away.
fn malformed(ended: &hyper::Result<()>) -> Option<Refusal> {
    ended.as_ref().err().filter(|error| error.is_parse()).map(|_| Refusal::Malformed)
}

// === impl InHand ===

impl InHand {
    /// Waits until there has been no call for so long.
    async fn idle_for(&self, time: std::time::Duration) {
        loop {
            let changed = self.changed.notified();
            if self.calls.get() > 0 {
                changed.await;
                continue;
            }
            if tokio::time::timeout(time, changed).await.is_err() && self.calls.get() == 0 {
                return;
            }
        }
    }
}

// === impl OneCall ===

impl OneCall {
    fn begin(of: &Rc<InHand>) -> Self {
        of.calls.set(of.calls.get() + 1);
        of.changed.notify_waiters();
        Self(Rc::clone(of))
    }
}

impl Drop for OneCall {
    fn drop(&mut self) {
        self.0.calls.set(self.0.calls.get() - 1);
        self.0.changed.notify_waiters();
    }
}
