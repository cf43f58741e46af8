//! HTTP/2 connections of one worker, each with many calls at once.
//!
//! On the worker's own thread, like `http::serve`, whose places for connections these share. A
//! connection without a call for `idle_timeout` is told to go away, which loses nothing.

use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use super::dispatch;
use super::in_hand::{InHand, OneCall};
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

/// At closing, how long a connection without a call may take to say goodbye.
const GRACE: Duration = Duration::from_millis(250);

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

async fn converse(worker: Rc<Worker>, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
    let limits = worker.shared.limits;
    let in_hand = Rc::<InHand>::default();
    let pace = Pace::without_turns(&limits);
    let calls = Rc::clone(&in_hand);
    let answering = Rc::clone(&worker);
    let service = service_fn(move |request| {
        let (worker, mut call) = (Rc::clone(&answering), OneCall::begin(&calls));
        async move {
            let is_stream = is_stream(request.uri().path());
            let reply = dispatch::respond(Rc::clone(&worker), request).await;
            if !is_stream {
                call.replied((worker.shared.now)());
            }
            // The call is in hand until its last frame is gone.
            let reply = reply.map(|body| {
                body.map_frame(move |frame| {
                    let _in_hand = &call;
                    frame
                })
            });
            Ok::<_, Infallible>(reply)
        }
    });
    let mut http = http2::Builder::new(Here);
    http.timer(TokioTimer::new())
        .keep_alive_interval(Some(limits.idle_timeout))
        .keep_alive_timeout(limits.header_timeout)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    let stream = TokioIo::new(Paced::new(stream, Rc::clone(&pace)));
    let mut connection = pin!(http.serve_connection(stream, service));
    let mut phase = worker.phase.clone();
    let stuck = in_hand.stuck_for(limits.write_timeout, worker.shared.now);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = phase.reached(Phase::Draining) => {
            connection.as_mut().graceful_shutdown();
            let quiet = async {
                phase.reached(Phase::Closing).await;
                in_hand.idle_for(GRACE).await;
            };
            tokio::select! {
                ended = connection.as_mut() => ended,
                // It has nothing to wait for, and says nothing.
                () = quiet => return,
            }
        }
        () = in_hand.idle_for(limits.idle_timeout) => {
            worker.refused(Refusal::IdleTimeout);
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(limits.header_timeout, connection.as_mut()).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
        () = stuck => return worker.refused(Refusal::WriteTimeout),
    };
    if let Some(why) = pace.cut().or_else(|| malformed(&ended)) {
        worker.refused(why);
    }
}

/// Whether a call's replies come one after the other, for as long as its client likes.
fn is_stream(path: &str) -> bool {
    path.ends_with("/ModelStreamInfer") || path.ends_with("/Watch") || path.contains(".reflection.")
}

/// What is no HTTP/2 at all; any other error is the client's going away.
fn malformed(ended: &hyper::Result<()>) -> Option<Refusal> {
    ended.as_ref().err().filter(|error| error.is_parse()).map(|_| Refusal::Malformed)
}
