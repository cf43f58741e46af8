//! The bare server: hyper, the same threads and sockets as Skeg, and answers that are ready.
//!
//! Runs in a child process of the bench. Each thread sends the given replies in turn, so that their
//! lengths are those of Skeg's answers; looking up the one that belongs to a request would cost
//! time that a bare server does not spend. hyper adds the date and the length.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Write};
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use benches::wire::Reply;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::LocalSet;

/// The argument by which the bench starts itself as the bare server.
pub(crate) const COMMAND: &str = "bare-server";

/// What the names of the serving threads begin with.
pub(crate) const THREAD: &str = "echo-worker-";

/// Headers that hyper adds by itself.
const ADDED: [&str; 2] = ["date", "content-length"];

/// Headers and body, as handed over.
type Written = (Vec<(String, String)>, String);

/// A reply that only needs to be sent.
#[derive(Debug)]
struct Ready {
    headers: HeaderMap,
    body: Bytes,
}

/// Writes `replies` for [`run`] to read.
pub(crate) fn hand_over(to: &mut impl Write, replies: &[Reply]) -> Result<(), Box<dyn Error>> {
    let kept = |reply: &Reply| -> Written {
        let mut headers = reply.headers.clone();
        headers.retain(|(name, _)| !ADDED.contains(&name.as_str()));
        (headers, reply.body.clone())
    };
    let written: Vec<Written> = replies.iter().map(kept).collect();
    Ok(serde_json::to_writer(to, &written)?)
}

/// Reads the replies from the standard input, says on the standard output where it listens, and
/// serves until the process is ended.
pub(crate) fn run(threads: &str) -> Result<(), Box<dyn Error>> {
    let written: Vec<Written> = serde_json::from_reader(io::stdin().lock())?;
    let replies = written.into_iter().map(ready).collect::<Result<Vec<_>, _>>()?;
    let replies: Arc<[Ready]> = replies.into();
    let listeners = server::listen::bind(([127, 0, 0, 1], 0).into(), threads.parse()?)?;
    let address = listeners.first().ok_or("no threads")?.local_addr()?;
    writeln!(io::stdout(), "{address}")?;
    thread::scope(|scope| -> io::Result<()> {
        for (number, listener) in listeners.into_iter().enumerate() {
            let replies = Arc::clone(&replies);
            let thread = thread::Builder::new().name(format!("{THREAD}{number}"));
            thread.spawn_scoped(scope, move || serve(listener, replies))?;
        }
        Ok(())
    })?;
    Err("the bare server has ended".into())
}

fn ready((headers, body): Written) -> Result<Ready, Box<dyn Error>> {
    let header = |(name, value): (String, String)| -> Result<_, Box<dyn Error>> {
        Ok((name.parse::<HeaderName>()?, HeaderValue::try_from(value)?))
    };
    let headers = headers.into_iter().map(header).collect::<Result<_, _>>()?;
    Ok(Ready { headers, body: body.into() })
}

/// One serving thread with a runtime of its own, as Skeg's.
fn serve(listener: TcpListener, replies: Arc<[Ready]>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let next = Rc::new(Cell::new(0));
    LocalSet::new().block_on(&runtime, async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (next, replies) = (Rc::clone(&next), Arc::clone(&replies));
            tokio::task::spawn_local(async move {
                let service = service_fn(|request| answer(request, &next, &replies));
                // A client that goes away ends its connection, nothing else.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

async fn answer(
    request: Request<Incoming>,
    next: &Cell<usize>,
    replies: &[Ready],
) -> Result<Response<Full<Bytes>>, Infallible> {
    // All of the body is read, as Skeg must; what it says does not matter here.
    let _ = request.into_body().collect().await;
    let turn = next.replace(next.get() + 1);
    let ready = &replies[turn % replies.len()];
    let mut response = Response::new(Full::new(ready.body.clone()));
    response.headers_mut().clone_from(&ready.headers);
    Ok(response)
}
