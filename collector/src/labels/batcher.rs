//! The thread that gathers posts of labels into files and has them put.
//!
//! Started by `labels`; one loop on a runtime of its own. A batch is of one endpoint and one day;
//! it is closed when it has waited long enough or is large enough, encoded, and put in a task of
//! its own, whose end is the answer of all who posted. Who is not answered by then, for whatever
//! reason, sees his channel closed, which says the same as "not stored".

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use super::encode::{self, Posted};
use super::path::LabelsPath;
use super::{Label, LabelTimes, Room};
use crate::error::Error;
use crate::path::Writer;
use crate::sink::{Outcome, Publisher};

/// A batch that has so many labels is closed.
const BATCH_LABELS: usize = 100_000;
/// And one that has so many bytes of them.
const BATCH_BYTES: usize = 16 << 20;

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Order {
    /// Store this.
    Post(Post),
    /// Gather no more, and have answered everybody after so long.
    Hurry(Duration),
    /// End, after so long at the latest.
    Finish(Duration),
}

/// Labels that somebody waits to be stored.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) endpoint: String,
    /// On which they came, since the epoch.
    pub(super) day: i64,
    /// When, unix microseconds.
    pub(super) received_us: i64,
    pub(super) labels: Vec<Label>,
    /// Of all that may be held.
    pub(super) room: Room,
    pub(super) bytes: usize,
    /// Says that they are stored; closed without a word when they are not.
    pub(super) stored: oneshot::Sender<Result<(), Error>>,
}

/// The thread's state.
#[derive(Debug)]
pub(super) struct Batcher {
    /// Replica and boot.
    life: (String, String),
    publisher: Arc<Publisher>,
    times: LabelTimes,
    /// By endpoint and day.
    open: HashMap<Key, Batch>,
    /// Counts batches, and so files.
    begun: u64,
    timers: JoinSet<Due>,
    puts: JoinSet<()>,
    is_hurried: bool,
    /// Nobody is promised anything any more.
    is_over: bool,
}

type Key = (String, i64);

/// Posts that will share a file.
#[derive(Debug, Default)]
struct Batch {
    number: u64,
    posts: Vec<Post>,
    labels: usize,
    bytes: usize,
}

/// What a timer was set for.
#[derive(Debug)]
enum Due {
    /// A batch has waited long enough.
    Batch(Key, u64),
    /// The time of [`Order::Hurry`] is over.
    End,
}

// === impl Batcher ===

impl Batcher {
    pub(super) fn new(life: (String, String), publisher: Publisher, times: LabelTimes) -> Batcher {
        Batcher {
            life,
            publisher: Arc::new(publisher),
            times,
            open: HashMap::new(),
            begun: 0,
            timers: JoinSet::new(),
            puts: JoinSet::new(),
            is_hurried: false,
            is_over: false,
        }
    }

    /// The thread's body: works until it is told to finish, or nobody can post any more.
    pub(super) fn run(mut self, runtime: Runtime, orders: UnboundedReceiver<Order>) {
        let work = AssertUnwindSafe(|| runtime.block_on(self.work(orders)));
        if catch_unwind(work).is_err() {
            tracing::error!("the thread that writes labels has ended; labels are refused");
        }
        // A put that hangs in the file system must not hold up the end of the process.
        runtime.shutdown_background();
    }

    async fn work(&mut self, mut orders: UnboundedReceiver<Order>) {
        let budget = loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Post(post)) => self.take(post),
                    Some(Order::Hurry(left)) => self.hurry(left),
                    Some(Order::Finish(budget)) => break budget,
                    None => break Duration::ZERO,
                },
                Some(Ok(due)) = self.timers.join_next() => self.due(due),
                Some(done) = self.puts.join_next() => note(done),
            }
        };
        // What comes from now on sees its channel closed.
        drop(orders);
        self.close_all();
        let rest = async {
            while let Some(done) = self.puts.join_next().await {
                note(done);
            }
        };
        if timeout(budget, rest).await.is_err() {
            tracing::warn!(?budget, "shutdown cut off the writing of labels");
        }
    }

    fn take(&mut self, post: Post) {
        if self.is_over {
            return;
        }
        let key = (post.endpoint.clone(), post.day);
        // A file has more than it should only if one post has.
        if self.open.get(&key).is_some_and(|batch| batch.overflows(&post)) {
            self.close(&key);
        }
        if !self.open.contains_key(&key) {
            let number = self.begun;
            self.begun += 1;
            self.open.insert(key.clone(), Batch { number, ..Batch::default() });
            let (gather, due) = (self.times.gather, Due::Batch(key.clone(), number));
            self.timers.spawn(async move {
                sleep(gather).await;
                due
            });
        }
        let is_full = self.open.get_mut(&key).is_some_and(|batch| batch.add(post));
        if is_full || self.is_hurried {
            self.close(&key);
        }
    }

    fn due(&mut self, due: Due) {
        match due {
            // A later batch of the same endpoint has a timer of its own.
            Due::Batch(key, number) => {
                if self.open.get(&key).is_some_and(|batch| batch.number == number) {
                    self.close(&key);
                }
            }
            Due::End => {
                self.is_over = true;
                if !self.puts.is_empty() {
                    tracing::warn!("shutdown cut off the writing of labels");
                }
                self.puts.abort_all();
            }
        }
    }

    fn hurry(&mut self, left: Duration) {
        self.is_hurried = true;
        self.close_all();
        self.timers.spawn(async move {
            sleep(left).await;
            Due::End
        });
    }

    fn close_all(&mut self) {
        let open: Vec<Key> = self.open.keys().cloned().collect();
        open.iter().for_each(|key| self.close(key));
    }

    /// Sends a batch on its way.
    fn close(&mut self, key: &Key) {
        let Some(batch) = self.open.remove(key) else { return };
        let (replica, boot) = self.life.clone();
        let writer = Writer { replica, boot, seq: batch.number };
        match LabelsPath::on(&key.0, key.1, writer) {
            Ok(path) => {
                let (publisher, times) = (Arc::clone(&self.publisher), self.times);
                let name = format!("{}/{}", self.life.1, batch.number);
                let endpoint = key.0.clone();
                self.puts.spawn(async move {
                    store(&publisher, times.give_up, (&endpoint, &name), &path, batch).await;
                });
            }
            // Both were looked at when the post came.
            Err(error) => tracing::error!(%error, "labels refused: no path"),
        }
    }
}

// === impl Batch ===

impl Batch {
    /// Whether it would be too large with that post, too.
    fn overflows(&self, post: &Post) -> bool {
        self.labels + post.labels.len() > BATCH_LABELS || self.bytes + post.bytes > BATCH_BYTES
    }

    /// Takes a post in; whether it is full now.
    fn add(&mut self, post: Post) -> bool {
        self.labels += post.labels.len();
        self.bytes += post.bytes;
        self.posts.push(post);
        self.labels >= BATCH_LABELS || self.bytes >= BATCH_BYTES
    }
}

/// Puts a batch, for so long, and tells those who wait for it.
async fn store(
    publisher: &Publisher,
    give_up: Duration,
    (endpoint, name): (&str, &str),
    path: &LabelsPath,
    batch: Batch,
) {
    let posts: Vec<Posted<'_>> = batch
        .posts
        .iter()
        .map(|post| Posted { labels: &post.labels, received_us: post.received_us })
        .collect();
    let why = match encode::file(endpoint, &posts, name) {
        Ok(bytes) => {
            let path = path.object();
            // The time limit ends it, whatever the clock says.
            let put = publisher.publish(&path, bytes, name, i64::MAX);
            match timeout(give_up, put).await {
                Ok(Outcome::Written) => {
                    for Post { stored, room, .. } in batch.posts {
                        drop(room);
                        // Who has gone away is told nothing.
                        let _ = stored.send(Ok(()));
                    }
                    return;
                }
                Ok(Outcome::Refused(why) | Outcome::Expired(why)) => why,
                Err(_) => format!("not stored in {give_up:?}"),
            }
        }
        Err(error) => error.to_string(),
    };
    tracing::error!(%path, labels = batch.labels, why, "labels refused: not stored");
    for Post { stored, room, .. } in batch.posts {
        drop(room);
        let _ = stored.send(Err(Error::LabelsUnstored));
    }
}

/// A task that broke off has told nobody anything; a person must hear of it.
fn note(done: Result<(), JoinError>) {
    if let Err(error) = done
        && error.is_panic()
    {
        tracing::error!(%error, "labels refused: not stored");
    }
}
