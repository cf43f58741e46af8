//! Labels, the ground truth of scored rows: posted, gathered into files, stored before the answer.
//!
//! Labels are few and precious, and nothing but the store keeps them: who posts is answered once
//! the store has them, or that it has not. Posts of one endpoint that come at the same time share a
//! file (`batcher`, on a thread of its own), which one create-only put publishes under a
//! [`LabelsPath`]. A file may be stored though its posts were answered that it is not: posted
//! again, its labels are there twice, and a reader takes for each row the one with the latest
//! `label_time`, then `received_at`.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use object_store::ObjectStore;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::path::check_writer;
use crate::sink::{Publisher, Puts, Retry};
use crate::thread::{Background, SETTLE, runtime};

use self::batcher::{Batcher, Order, Post};

mod batcher;
pub(crate) mod encode;
pub(crate) mod path;

pub use self::path::LabelsPath;

/// Most bytes of labels that are not stored yet; more than the largest post has.
const HELD_BYTES: usize = 192 << 20;

/// What a post takes beside its labels.
const POST_BYTES: usize = 512;

/// The truth about one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The request that the row was scored in.
    pub request_id: String,
    /// The row's place in it.
    pub row_index: u32,
    /// As text.
    pub label: String,
    /// As a number, if it is one.
    pub value: Option<f64>,
    /// Since when it holds, unix microseconds.
    pub time_us: i64,
}

/// When labels are written, and for how long that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelTimes {
    /// How long a file waits for more posts.
    pub gather: Duration,
    /// After so long without success those who posted are told so.
    pub give_up: Duration,
    /// For one attempt to put a file.
    pub attempt: Duration,
}

/// A way to the store for labels, and the thread that goes it.
///
/// Dropping it without [`finish`](Labels::finish) is as finishing with no time: whoever waits for
/// an answer is told that nothing is promised.
pub struct Labels {
    orders: UnboundedSender<Order>,
    held: Arc<AtomicUsize>,
    most: usize,
    thread: Mutex<Option<Background>>,
}

/// Bytes of a post that is not answered yet, given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    held: Arc<AtomicUsize>,
    bytes: usize,
}

// === impl Label ===

impl Label {
    /// What it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Label>() + self.request_id.len() + self.label.len()
    }
}

// === impl LabelTimes ===

impl Default for LabelTimes {
    fn default() -> LabelTimes {
        LabelTimes {
            gather: Duration::from_millis(200),
            give_up: Duration::from_secs(10),
            attempt: Duration::from_secs(3),
        }
    }
}

// === impl Labels ===

impl Labels {
    /// Starts the thread "skeg-labels", which writes to `store` in the name of this life of this
    /// replica. `clock` gives unix microseconds.
    ///
    /// # Errors
    /// [`Error::Name`] or [`Error::Boot`] for names that no path has, [`Error::Start`] when the
    /// system refuses a thread.
    pub fn start(
        (replica, boot): (&str, &str),
        store: Arc<dyn ObjectStore>,
        clock: fn() -> i64,
        times: LabelTimes,
    ) -> Result<Labels, Error> {
        check_writer(replica, boot)?;
        let runtime = runtime("skeg-labels-io")?;
        let pause = Duration::from_millis(100);
        let retry = Retry { timeout: times.attempt, pause, longest: Duration::from_secs(1) };
        let publisher = Publisher::new(store, clock, Arc::<Puts>::default()).with_retry(retry);
        let batcher = Batcher::new((replica.to_owned(), boot.to_owned()), publisher, times);
        let (orders, taken) = unbounded_channel();
        let thread = Background::start("skeg-labels", move || batcher.run(runtime, taken))?;
        let thread = Mutex::new(Some(thread));
        Ok(Labels { orders, held: Arc::default(), most: HELD_BYTES, thread })
    }

    /// Stores labels that came for an endpoint at `received_us`, all of them or none; returns once
    /// the store has them. No one must wait: what was taken is stored all the same.
    ///
    /// # Errors
    /// [`Error::LabelsFull`] when too many are on their way, [`Error::LabelsUnstored`] when the
    /// store did not take them in time, [`Error::Name`] or [`Error::Path`] for an endpoint or a
    /// time that no path has.
    pub async fn post(
        &self,
        endpoint: &str,
        labels: Vec<Label>,
        received_us: i64,
    ) -> Result<(), Error> {
        let day = LabelsPath::day(endpoint, received_us)?;
        if labels.is_empty() {
            return Ok(());
        }
        let bytes = labels.iter().map(Label::bytes).sum::<usize>() + POST_BYTES;
        let room = self.room(bytes).ok_or(Error::LabelsFull)?;
        let (stored, answer) = oneshot::channel();
        let post =
            Post { endpoint: endpoint.to_owned(), day, received_us, labels, room, bytes, stored };
        // A thread that is gone drops what it is sent, and the answer with it.
        let _ = self.orders.send(Order::Post(post));
        answer.await.unwrap_or(Err(Error::LabelsUnstored))
    }

    /// From now on nothing waits for more posts, and whoever is not answered within `left` is told
    /// that nothing is promised: the process is about to end.
    pub fn hurry(&self, left: Duration) {
        let _ = self.orders.send(Order::Hurry(left));
    }

    /// Takes no more posts, stores what was taken and ends the thread, within `budget`. Blocks for
    /// at most that and half a second; not for an async task.
    pub fn finish(&self, budget: Duration) {
        let _ = self.orders.send(Order::Finish(budget));
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            thread.join(budget.saturating_add(SETTLE));
        }
    }

    /// Room for a post, if there is.
    fn room(&self, bytes: usize) -> Option<Room> {
        let fits = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.most);
        let taken = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.is_ok().then(|| Room { held: Arc::clone(&self.held), bytes })
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labels").field("held", &self.held).finish_non_exhaustive()
    }
}

// === impl Room ===

impl Drop for Room {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
