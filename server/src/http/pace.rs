//! Cuts off a connection that makes no progress: idle too long, in the middle of a head, or not
//! taking its reply.
//!
//! Wraps the stream that hyper reads and writes, since only there can an idle connection be told
//! from a slow head, and a slow reader be seen at all. A timer is armed only when the stream has
//! nothing to give or takes nothing, so a request that comes in one piece costs one, as it did with
//! hyper's own. While a request's body is read or the request is scored, others keep the time.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::limits::Limits;
use crate::metrics::refused::Refusal;

#[cfg(test)]
mod tests;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing of the next request has come.
    Idle,
    /// The next request's head has begun.
    Head,
    /// A request is in hand.
    Busy,
}

/// Where one connection stands; shared by its stream and its service.
#[derive(Debug)]
pub struct Pace {
    idle: Duration,
    head: Duration,
    write: Duration,
    stage: Cell<Stage>,
    /// Counts the changes of stage, so that a timer is known to be of an earlier one.
    turn: Cell<u64>,
    cut: Cell<Option<Refusal>>,
}

/// A stream that fails with `TimedOut` when it makes no progress.
#[derive(Debug)]
pub struct Paced<S> {
    stream: S,
    pace: Rc<Pace>,
    reading: Timer,
    writing: Timer,
    /// Counts the times that writing went on, as `Pace::turn` does for reading.
    written: u64,
}

/// A sleep that is made once and armed anew for each turn.
#[derive(Debug, Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    turn: Option<u64>,
}

// === impl Pace ===

impl Pace {
    /// A connection that has just been made, with one request after the other.
    pub fn new(limits: &Limits) -> Rc<Self> {
        Rc::new(Self::at(Stage::Idle, limits))
    }

    /// One whose requests have no turns: only writing is timed here.
    pub fn without_turns(limits: &Limits) -> Rc<Self> {
        Rc::new(Self::at(Stage::Busy, limits))
    }

    fn at(stage: Stage, limits: &Limits) -> Self {
        Self {
            idle: limits.idle_timeout,
            head: limits.header_timeout,
            write: limits.write_timeout,
            stage: Cell::new(stage),
            turn: Cell::new(0),
            cut: Cell::new(None),
        }
    }

    /// A head is whole: a request is in hand.
    pub fn begin(&self) {
        self.go(Stage::Busy);
    }

    /// Its reply is ready to be written.
    pub fn end(&self) {
        self.go(Stage::Idle);
    }

    /// Why the connection was cut off, if it was.
    pub fn cut(&self) -> Option<Refusal> {
        self.cut.get()
    }

    fn go(&self, stage: Stage) {
        self.stage.set(stage);
        self.turn.set(self.turn.get() + 1);
    }

    fn give_up(&self, why: Refusal) -> io::Error {
        self.cut.set(Some(why));
        io::ErrorKind::TimedOut.into()
    }
}

// === impl Timer ===

impl Timer {
    /// Whether `time` has passed since this was first asked in `turn`.
    fn poll(&mut self, cx: &mut Context<'_>, turn: u64, time: Duration) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(time)));
        if self.turn.replace(turn) != Some(turn) {
            sleep.as_mut().set(tokio::time::sleep(time));
        }
        sleep.as_mut().poll(cx)
    }
}

// === impl Paced ===

impl<S> Paced<S> {
    /// `stream` at `pace`.
    pub fn new(stream: S, pace: Rc<Pace>) -> Self {
        Self { stream, pace, reading: Timer::default(), writing: Timer::default(), written: 0 }
    }

    fn is_stalled(&self) -> bool {
        self.writing.turn == Some(self.written)
    }

    /// Passes on what writing came to, unless it has come to nothing for too long.
    fn paced<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            if self.is_stalled() {
                self.written += 1;
            }
            return polled;
        }
        ready!(self.writing.poll(cx, self.written, self.pace.write));
        Poll::Ready(Err(self.pace.give_up(Refusal::WriteTimeout)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buffer) {
            if this.pace.stage.get() == Stage::Idle && buffer.filled().len() > before {
                this.pace.go(Stage::Head);
            }
            return Poll::Ready(read);
        }
        let (time, late) = match this.pace.stage.get() {
            // hyper looks for the client's going away while the reply is written.
            _ if this.is_stalled() => return Poll::Pending,
            Stage::Busy => return Poll::Pending,
            Stage::Idle => (this.pace.idle, Refusal::IdleTimeout),
            Stage::Head => (this.pace.head, Refusal::HeaderTimeout),
        };
        ready!(this.reading.poll(cx, this.pace.turn.get(), time));
        Poll::Ready(Err(this.pace.give_up(late)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.paced(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.paced(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.paced(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.paced(cx, polled)
    }
}
