//! The thread that turns buffered records into published files.
//!
//! Started by `handle`; one loop on a runtime of its own, so that no work of the store shares a
//! scoring thread. A record joins the open file of its schema and hour; `roll` says when a file is
//! closed; a closed file is put by `put`, few at a time. While all puts are taken the sink takes no
//! record: the buffer fills, and `append` drops and counts. Rows are held by a `Stake` all the way,
//! so that a panic or a cut-off shutdown still counts them.

mod put;

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use crate::buffer::{Budget, Queued};
use crate::config::Config;
use crate::counts::{Lost, Stake};
use crate::encode::FileWriter;
use crate::error::Error;
use crate::path::{HOUR_US, RowsPath, Writer, hour_of};
use crate::roll::Open;
use crate::schema::SchemaId;

pub(crate) use self::put::Publisher;

#[cfg(test)]
mod tests;

/// Most files on their way to the store at once.
const MAX_PUTS: usize = 4;

/// Most records taken from the buffer at once.
const ROUND: usize = 256;

/// After the buffer was emptied the sink rests, so that a scoring thread seldom pays for waking it:
/// the wake-up is most of what an append costs. A small buffer would overflow meanwhile and gets no
/// rest.
const REST: Duration = Duration::from_millis(2);
const REST_FROM_RECORDS: usize = 4096;

/// How often ages are looked at when no record comes: a quarter of the age, within these.
const TICK_MIN: Duration = Duration::from_millis(5);
const TICK_MAX: Duration = Duration::from_secs(1);

/// The sink's state, owned by its thread.
pub(crate) struct Sink {
    config: Config,
    publisher: Publisher,
    records: mpsc::Receiver<Queued>,
    budget: Arc<Budget>,
    /// Taken from the buffer, not yet in a file.
    inbox: VecDeque<Queued>,
    files: BTreeMap<FileKey, OpenFile>,
    puts: JoinSet<()>,
    /// Number of the next file.
    seq: u64,
    resting: bool,
}

/// A file has rows of one schema and one hour, counted from the epoch.
type FileKey = (SchemaId, i64);

struct OpenFile {
    writer: FileWriter,
    stake: Stake,
    bytes: usize,
    opened_us: i64,
}

// === impl Sink ===

impl Sink {
    pub(crate) fn new(
        config: Config,
        publisher: Publisher,
        records: mpsc::Receiver<Queued>,
        budget: Arc<Budget>,
    ) -> Sink {
        Sink {
            config,
            publisher,
            records,
            budget,
            inbox: VecDeque::new(),
            files: BTreeMap::new(),
            puts: JoinSet::new(),
            seq: 0,
            resting: false,
        }
    }

    /// The thread's body: works until `stop` says how long the rest may take.
    pub(crate) fn run(self, runtime: Runtime, stop: oneshot::Receiver<Duration>) {
        let work = AssertUnwindSafe(|| runtime.block_on(self.work(stop)));
        if let Err(panic) = catch_unwind(work) {
            let why = panic_text(&*panic);
            tracing::error!(
                why,
                "the thread that writes rows has ended; rows are dropped from now"
            );
        }
        // A put that hangs in the file system must not hold up the end of the process.
        runtime.shutdown_background();
    }

    async fn work(mut self, mut stop: oneshot::Receiver<Duration>) {
        let budget = loop {
            if let Some(budget) = self.round(&mut stop).await {
                break budget;
            }
        };
        self.records.close();
        if timeout(budget, self.drain()).await.is_err() {
            let rows = self.files.values().map(|file| file.stake.rows()).sum::<u64>();
            let (files, puts) = (self.files.len(), self.puts.len());
            tracing::error!(?budget, files, rows, puts, "shutdown cut off the writing of rows");
        }
        self.puts.shutdown().await;
    }

    /// Waits for one thing to happen and does what follows from it.
    async fn round(&mut self, stop: &mut oneshot::Receiver<Duration>) -> Option<Duration> {
        let ready = self.puts.len() < MAX_PUTS && self.inbox.is_empty();
        let (aging, tick) = (!self.files.is_empty(), self.tick());
        let mut taken = Vec::new();
        tokio::select! {
            biased;
            // A collector dropped without `finish` leaves no time.
            budget = &mut *stop => return Some(budget.unwrap_or_default()),
            Some(done) = self.puts.join_next() => report(done),
            () = sleep(REST), if self.resting => self.resting = false,
            count = self.records.recv_many(&mut taken, ROUND), if ready && !self.resting => {
                let roomy = self.records.max_capacity() >= REST_FROM_RECORDS;
                self.resting = roomy && count < ROUND;
            }
            () = sleep(tick), if aging => {}
        }
        self.inbox.extend(taken);
        self.advance();
        None
    }

    /// Everything that is left, to the store.
    async fn drain(&mut self) {
        loop {
            self.advance();
            if self.puts.len() >= MAX_PUTS {
                self.next_put().await;
                continue;
            }
            let mut taken = Vec::new();
            if self.records.recv_many(&mut taken, ROUND).await == 0 {
                break;
            }
            self.inbox.extend(taken);
        }
        while let Some((key, _)) = self.files.first_key_value() {
            let key = *key;
            if self.puts.len() >= MAX_PUTS {
                self.next_put().await;
            }
            self.close(key);
        }
        while !self.puts.is_empty() {
            self.next_put().await;
        }
    }

    async fn next_put(&mut self) {
        if let Some(done) = self.puts.join_next().await {
            report(done);
        }
    }

    fn tick(&self) -> Duration {
        (self.config.roll.age / 4).clamp(TICK_MIN, TICK_MAX)
    }

    /// Closes what is to be closed and files what was taken, while there is a put to spare.
    fn advance(&mut self) {
        let now_us = self.publisher.now_us();
        while self.puts.len() < MAX_PUTS {
            if let Some(key) = self.due(now_us) {
                self.close(key);
            } else if let Some(queued) = self.inbox.pop_front() {
                self.add(queued, now_us);
            } else {
                break;
            }
        }
    }

    /// A file that is to be closed now.
    fn due(&self, now_us: i64) -> Option<FileKey> {
        let roll = &self.config.roll;
        let closes = |(key, file): &(&FileKey, &OpenFile)| roll.closes(&file.open(key.1), now_us);
        if let Some((key, _)) = self.files.iter().find(closes) {
            return Some(*key);
        }
        let bytes = self.files.values().map(|file| file.bytes).sum();
        if !roll.crowded(self.files.len(), bytes) {
            return None;
        }
        self.files.iter().min_by_key(|(_, file)| file.opened_us).map(|(key, _)| *key)
    }

    fn add(&mut self, queued: Queued, now_us: i64) {
        let Queued { record, stake, bytes } = queued;
        self.budget.release(bytes);
        // `append` refuses times that have no hour.
        let hour = hour_of(record.time_us).unwrap_or_default();
        let key = (stake.schema().id(), hour);
        let mut file = match self.files.remove(&key) {
            Some(mut file) => {
                file.stake.absorb(stake);
                file
            }
            None => match guarded(&stake, || FileWriter::new(Arc::clone(stake.schema()))) {
                Ok(writer) => OpenFile { writer, stake, bytes: 0, opened_us: now_us },
                Err(error) => return lose(stake, &error),
            },
        };
        file.bytes = file.bytes.saturating_add(bytes);
        // A file that fails to encode is not put back: its rows are lost together.
        match guarded(&file.stake, || file.writer.push(record, bytes)) {
            Ok(()) => {
                self.files.insert(key, file);
            }
            Err(error) => lose(file.stake, &error),
        }
    }

    fn close(&mut self, key: FileKey) {
        let Some(OpenFile { writer, stake, .. }) = self.files.remove(&key) else {
            return;
        };
        let seq = self.seq;
        self.seq += 1;
        let Config { replica, boot, .. } = &self.config;
        let writer_id = Writer { replica: replica.clone(), boot: boot.clone(), seq };
        let finished = RowsPath::new(stake.schema().source(), key.1 * HOUR_US, writer_id)
            .and_then(|path| Ok((path, guarded(&stake, || writer.finish(&stake.ledger()))?)));
        match finished {
            Ok((path, bytes)) => {
                let put = self.publisher.clone().publish(path, bytes, stake.encoded());
                self.puts.spawn(put);
            }
            Err(error) => lose(stake, &error),
        }
    }
}

// === impl OpenFile ===

impl OpenFile {
    fn open(&self, hour: i64) -> Open {
        Open { rows: self.stake.rows(), bytes: self.bytes, opened_us: self.opened_us, hour }
    }
}

/// Runs the encoder; its panic is an error like others, and ends one file, not the thread.
fn guarded<T>(stake: &Stake, encode: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(encode)).unwrap_or_else(|panic| {
        let why = format!("panicked: {}", panic_text(&*panic));
        Err(Error::Encode { of: stake.schema().label(), why })
    })
}

fn lose(stake: Stake, error: &Error) {
    tracing::error!(rows = stake.rows(), %error, "rows lost: not encoded");
    stake.lost(Lost::Encode);
}

/// A put settles its own rows; only its panic is news here, and its stake has counted that.
fn report(done: Result<(), JoinError>) {
    if let Err(error) = done
        && error.is_panic()
    {
        tracing::error!(%error, "rows lost: the put panicked");
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown panic")
}
