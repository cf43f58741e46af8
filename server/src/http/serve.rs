//! Connections of one worker: accept, bound, answer, close.
//!
//! Started by `app`, once per scoring thread, with a listener of its own (SO_REUSEPORT). Each
//! connection is a task on the worker's single-threaded runtime. Refuses more connections than the
//! worker may hold by not accepting them: they wait in the kernel's bounded queue.

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::encode::{self, Reply};
use super::op::Op;
use super::{describe, scoring};
use crate::shutdown::Phase;
use crate::worker::Worker;

/// How long to leave the listener alone when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// At closing, how long a connection that has not asked anything yet may take to.
const FIRST_WORD: Duration = Duration::from_millis(250);

/// Serves until the process is closing and every connection is done.
pub async fn run(worker: Rc<Worker>, listener: TcpListener) {
    let room = Arc::new(Semaphore::new(worker.shared.limits.connections_per_worker));
    let mut connections = JoinSet::new();
    let mut phase = worker.phase.clone();
    let keeping = Rc::clone(&worker);
    let keeping = tokio::task::spawn_local(async move { keeping.keep().await });
    loop {
        let accepting = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            biased;
            () = phase.reached(Phase::Closing) => break,
            accepted = accepting => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let worker = Rc::clone(&worker);
                connections.spawn_local(async move {
                    connection(worker, stream).await;
                    drop(permit);
                });
            }
            Err(error) => pause(&error).await,
        }
        while let Some(ended) = connections.try_join_next() {
            note(ended);
        }
    }
    // Connections that the kernel has already taken in would be reset with the listener.
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        let worker = Rc::clone(&worker);
        connections.spawn_local(async move { connection(worker, stream).await });
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
    keeping.abort();
}

/// A connection never panics; if one does, it is a fault of ours that a person must see.
fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection broke off");
    }
}

async fn connection(worker: Rc<Worker>, stream: TcpStream) {
    // Without it a reply's last segment may wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut phase = worker.phase.clone();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(worker.shared.limits.header_timeout);
    let answered = Cell::new(false);
    let service = service_fn(async |request| {
        let reply = respond(&worker, request).await;
        answered.set(true);
        reply
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        biased;
        // An error here is the client's going away or its broken HTTP; hyper has answered it.
        _ = connection.as_mut() => return,
        () = phase.reached(Phase::Closing) => {}
    }
    // A client that has just connected has a request on its way: its reply will be the last here.
    if !answered.get() && tokio::time::timeout(FIRST_WORD, connection.as_mut()).await.is_ok() {
        return;
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn respond(worker: &Worker, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let (head, body) = request.into_parts();
    let mut reply = match Op::from_parts(&head.method, head.uri.path()) {
        Ok(Op::Infer(place)) => scoring::infer(worker, place, &head.headers, body).await,
        Ok(Op::Ask(question)) => describe::answer(question, &worker.shared, worker.phase.now()),
        Err(error) => encode::error(&error),
    };
    if worker.phase.now() >= Phase::Draining {
        encode::last(&mut reply);
    }
    Ok(reply)
}

/// A connection that was gone before it was accepted costs nothing; a full table needs time.
pub(super) async fn pause(error: &io::Error) {
    let passing = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    if !passing.contains(&error.kind()) {
        tracing::warn!(%error, "cannot accept connections");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}
