//! Connections of one worker: accept, shake hands, bound, answer, close.
//!
//! Started by `app`, once per scoring thread, with a listener of its own (SO_REUSEPORT). Each
//! connection is a task on the worker's single-threaded runtime. Refuses more connections than the
//! worker may hold by not accepting them: they wait in the kernel's bounded queue. Whatever is
//! refused or cut off is counted here.

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
use hyper::header::{EXPECT, HeaderMap};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::encode::{self, Reply};
use super::op::Op;
use super::pace::{Pace, Paced};
use super::{body, credentials, describe, labels, repository, scoring};
use crate::error::Error;
use crate::limits::Limits;
use crate::metrics::refused::Refusal;
use crate::shutdown::Phase;
use crate::tls::TlsAcceptor;
use crate::worker::Worker;

/// How long to leave the listener alone when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// At closing, how long a connection that has not asked anything yet may take to.
const FIRST_WORD: Duration = Duration::from_millis(250);

/// Most bytes of a body that are read past after its request was refused.
const UNWANTED: usize = 1 << 20;

/// Most header lines that hyper takes when nothing is said.
const HYPERS_LINES: usize = 100;

/// Serves HTTP until the process is closing and every connection is done.
pub async fn run(worker: Rc<Worker>, listener: TcpListener) {
    accept(worker, listener, connection).await;
}

/// Takes connections until the process is closing, and waits until every one is done.
pub async fn accept<C>(
    worker: Rc<Worker>,
    listener: TcpListener,
    connection: impl Fn(Rc<Worker>, TcpStream) -> C,
) where
    C: Future<Output = ()> + 'static,
{
    let room = Arc::clone(&worker.connections);
    let mut connections = JoinSet::new();
    let mut phase = worker.phase.clone();
    loop {
        if room.available_permits() == 0 {
            worker.refused(Refusal::Connections);
        }
        let accepting = async {
            // Not held meanwhile: the other port's listener may be the next that needs it.
            drop(room.acquire().await);
            listener.accept().await
        };
        let accepted = tokio::select! {
            biased;
            () = phase.reached(Phase::Closing) => break,
            accepted = accepting => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // Without it a reply's last segment may wait for the client's acknowledgement.
                let _ = stream.set_nodelay(true);
                let (room, conversation) =
                    (Arc::clone(&room), connection(Rc::clone(&worker), stream));
                connections.spawn_local(async move {
                    let permit = room.acquire_owned().await;
                    conversation.await;
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
        connections.spawn_local(connection(Rc::clone(&worker), stream));
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

/// A connection never panics; if one does, it is a fault of ours that a person must see.
fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection broke off");
    }
}

async fn connection(worker: Rc<Worker>, stream: TcpStream) {
    let Some(tls) = &worker.shared.tls else {
        return converse(&worker, stream).await;
    };
    if let Some(stream) = shaken(&worker, tls.acceptor(), stream).await {
        converse(&worker, stream).await;
    }
}

/// A TLS session with a client of a scoring port, unless the process closes first; a refusal is
/// counted.
pub async fn shaken(
    worker: &Worker,
    acceptor: TlsAcceptor,
    stream: TcpStream,
) -> Option<impl AsyncRead + AsyncWrite + Unpin + use<>> {
    let closing = async {
        worker.phase.clone().reached(Phase::Closing).await;
        tokio::time::sleep(FIRST_WORD).await;
    };
    let shaken = tokio::select! {
        biased;
        shaken = shake_hands(acceptor, stream, worker.shared.limits.handshake_timeout) => shaken,
        () = closing => return None,
    };
    shaken.map_err(|refusal| refusal.into_iter().for_each(|why| worker.refused(why))).ok()
}

/// A TLS session on `stream`, or why there is none; a client that only went away is no refusal.
pub(super) async fn shake_hands(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    limit: Duration,
) -> Result<impl AsyncRead + AsyncWrite + Unpin + use<>, Option<Refusal>> {
    match tokio::time::timeout(limit, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        // rustls's own errors come as this kind; the client has been told by an alert.
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
            tracing::debug!(%error, "TLS handshake refused");
            Err(Some(Refusal::Handshake))
        }
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some(Refusal::HandshakeTimeout)),
    }
}

/// Requests and replies on one connection, until either side has enough.
async fn converse(worker: &Worker, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let pace = Pace::new(&worker.shared.limits);
    let ended = exchange(worker, stream, &pace).await;
    if let Some(why) = cut_off(&pace, &ended) {
        worker.refused(why);
    }
}

async fn exchange(
    worker: &Worker,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    pace: &Rc<Pace>,
) -> hyper::Result<()> {
    let mut phase = worker.phase.clone();
    let answered = Cell::new(false);
    let service = service_fn(async |request| {
        pace.begin();
        let reply = respond(worker, request).await;
        pace.end();
        answered.set(true);
        reply
    });
    let stream = TokioIo::new(Paced::new(stream, Rc::clone(pace)));
    let mut connection = pin!(bounded(&worker.shared.limits).serve_connection(stream, service));
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = phase.reached(Phase::Closing) => {}
    }
    // A client that has just connected has a request on its way: its reply will be the last here.
    if !answered.get() {
        let first = tokio::time::timeout(FIRST_WORD, connection.as_mut());
        if let Ok(ended) = first.await {
            return ended;
        }
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

/// HTTP/1.1 within the limits on heads; `pace` keeps the time.
pub(super) fn bounded(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.header_read_timeout(None).max_header_size(limits.header_bytes);
    // hyper keeps its own number of lines on the stack, any other on the heap.
    if limits.headers != HYPERS_LINES {
        http.max_headers(limits.headers);
    }
    http
}

/// Why a connection ended that did not have to; hyper has answered what is not HTTP, with a 400 or
/// a 431, and any other error is the client's going away.
pub(super) fn cut_off(pace: &Pace, ended: &hyper::Result<()>) -> Option<Refusal> {
    pace.cut().or_else(|| match ended {
        Err(error) if error.is_parse_too_large() => Some(Refusal::HeaderTooLarge),
        Err(error) if error.is_parse() => Some(Refusal::Malformed),
        _ => None,
    })
}

async fn respond(worker: &Worker, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let (head, body) = request.into_parts();
    let asked = Op::from_parts(&head.method, head.uri.path());
    let op = asked.as_ref().ok().copied();
    let mut reply = match asked.and_then(|op| credentials::admit(worker, op, &head.headers)) {
        Ok(Op::Score(scoring)) => scoring::answer(worker, scoring, &head, body).await,
        Ok(Op::Label(endpoint)) => labels::answer(worker, endpoint, &head, body).await,
        Ok(Op::Order(order)) => {
            let answered = repository::answer(&worker.shared, order, body).await;
            answered.unwrap_or_else(|error| encode::error(&error))
        }
        Ok(Op::Ask(question)) => {
            let query = head.uri.query().unwrap_or_default();
            describe::answer(question, query, &worker.shared, worker.phase.now())
        }
        Err(error) => {
            let reply = encode::error_in(Op::spoken_at(head.uri.path()), &error);
            let arrival = scoring::arrival(worker);
            let mut reply = refuse(worker, reply, &head.headers, body).await;
            match (op, &error) {
                (Some(Op::Score(scoring)), Error::Denied(_)) => {
                    scoring::log_refused(worker, (scoring, arrival), &head, &mut reply, &error);
                }
                (Some(Op::Label(endpoint)), Error::Denied(_)) => {
                    labels::log_refused(worker, (endpoint, arrival), &head, &reply, &error);
                }
                _ => {}
            }
            reply
        }
    };
    if let Some(why) = reply.extensions().get::<Refusal>() {
        worker.refused(*why);
    }
    if worker.phase.now() >= Phase::Draining {
        encode::last(&mut reply);
    }
    Ok(reply)
}

/// The reply to a request whose body nobody wants.
///
/// The body is read past: a client that is still sending when the connection is closed may not see
/// its reply. One that waits for leave to send is not asked to.
async fn refuse(
    worker: &Worker,
    mut reply: Reply,
    headers: &HeaderMap,
    incoming: Incoming,
) -> Reply {
    let limits = &worker.shared.limits;
    let most = UNWANTED.min(limits.body_bytes);
    let waits = headers.contains_key(EXPECT);
    if waits || !body::discard(incoming, most, limits.body_timeout).await {
        encode::last(&mut reply);
    }
    reply
}

/// A connection that was gone before it was accepted costs nothing; a full table needs time.
pub(super) async fn pause(error: &io::Error) {
    let passing = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    if !passing.contains(&error.kind()) {
        tracing::warn!(%error, "cannot accept connections");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}
