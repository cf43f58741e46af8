//! The thread that turns the spool's rows into published files.
//!
//! Started by `handle`; one loop on a runtime of its own, so that no work of the store shares a
//! scoring thread. It reads behind the threads that append; when `roll` says so it plans a batch of
//! files (`plan`), writes the plan into the journal, encodes the files and has them put (`put`), a
//! few batches at a time. While the store takes none, rows wait in the spool. What an earlier life
//! has left is put by the same steps, from the same plans.

mod held;
pub(crate) mod plan;
mod put;

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use crate::counts::Books;
use crate::error::Error;
use crate::roll::Roll;
use crate::spool::estate::Estate;
use crate::spool::house::House;
use crate::spool::tally::{Count, Tally};

use self::held::{Held, Made};
pub(crate) use self::put::{Outcome, Publisher, Puts, Retry};

/// How often the spool is looked at.
const TICK: Duration = Duration::from_millis(20);

/// How often it is looked for what other lives have left, microseconds.
const LOOK_US: i64 = 60_000_000;

/// What the sink is to do.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) roll: Roll,
    /// Most bytes of the spool.
    pub(crate) spool_bytes: usize,
    /// Rows that the store has not taken for so long are given up, microseconds.
    pub(crate) age_us: i64,
    /// The workspace whose monitors read JSON lines of the rows, if any do.
    pub(crate) azureml: Option<String>,
}

/// The sink's state, owned by its thread.
pub(crate) struct Sink {
    rules: Rules,
    publisher: Publisher,
    books: Arc<Books>,
    /// This life's part of the spool first, then those that were left.
    held: Vec<Held>,
    puts: JoinSet<Outcome>,
    /// Bytes of the spool that earlier lives still take.
    left_bytes: Arc<AtomicUsize>,
    /// Where other lives leave their parts, and when that was looked at.
    estate: Option<Estate>,
    looked_us: i64,
    /// What is on its way to the store.
    under_way: HashMap<Id, UnderWay>,
}

/// One file.
struct UnderWay {
    path: Path,
    /// Which life's, by its name.
    house: u64,
    made: Made,
}

// === impl Sink ===

impl Sink {
    pub(crate) fn new(
        rules: Rules,
        publisher: Publisher,
        books: Arc<Books>,
        house: Arc<House>,
        (estate, left, left_bytes): (Option<Estate>, Vec<House>, Arc<AtomicUsize>),
    ) -> Sink {
        let now_us = publisher.now_us();
        let houses = std::iter::once(house).chain(left.into_iter().map(Arc::new));
        let held = houses.map(|house| Held::new(house, now_us)).collect();
        let (puts, under_way) = (JoinSet::new(), HashMap::new());
        Sink {
            rules,
            publisher,
            books,
            held,
            puts,
            left_bytes,
            estate,
            looked_us: now_us,
            under_way,
        }
    }

    /// The thread's body: works until `stop` says how long the rest may take.
    pub(crate) fn run(mut self, runtime: Runtime, stop: oneshot::Receiver<Duration>) {
        let work = AssertUnwindSafe(|| runtime.block_on(self.work(stop)));
        if let Err(panic) = catch_unwind(work) {
            let why = panic_text(&*panic);
            tracing::error!(why, "the thread that writes rows has ended; rows stay in the spool");
        }
        // A put that hangs in the file system must not hold up the end of the process.
        runtime.shutdown_background();
    }

    async fn work(&mut self, mut stop: oneshot::Receiver<Duration>) {
        self.recover(0);
        let budget = loop {
            tokio::select! {
                biased;
                // A collector dropped without `finish` leaves no time.
                budget = &mut stop => break budget.unwrap_or_default(),
                Some(done) = self.puts.join_next_with_id() => self.settle(done),
                () = sleep(TICK) => {}
            }
            self.look();
            self.advance(false);
        };
        if timeout(budget, self.drain()).await.is_err() {
            let files = self.under_way.len();
            tracing::warn!(?budget, files, "shutdown cut off the writing of rows");
        }
        self.puts.shutdown().await;
        self.leave();
    }

    /// Takes over what a life has left that ended meanwhile, as one of another replica.
    fn look(&mut self) {
        let now_us = self.publisher.now_us();
        let Some(estate) = &mut self.estate else { return };
        if (self.looked_us..self.looked_us.saturating_add(LOOK_US)).contains(&now_us) {
            return;
        }
        self.looked_us = now_us;
        match estate.left() {
            Ok(found) => {
                let first = self.held.len();
                self.held.extend(found.into_iter().map(|h| Held::new(Arc::new(h), now_us)));
                self.recover(first);
            }
            Err(error) => tracing::warn!(%error, "what others have left is not seen"),
        }
    }

    /// Counts what earlier lives have left; what cannot be read is given up.
    fn recover(&mut self, first: usize) {
        for held in &mut self.held[first..] {
            let recovered = held.recover(&self.books);
            if let Err(error) = recovered {
                tracing::error!(%error, "a folder of the spool is left as it is");
            }
        }
        self.held.retain(|held| !held.is_given_up);
    }

    /// Everything that is left, to the store.
    async fn drain(&mut self) {
        loop {
            self.advance(true);
            match self.puts.join_next_with_id().await {
                Some(done) => self.settle(done),
                None if self.held.iter().all(Held::is_done) => return,
                // The journal takes nothing: another try may be better.
                None => sleep(TICK).await,
            }
        }
    }

    /// Looks at every part of the spool and does what is due; everything is, in the end.
    fn advance(&mut self, is_end: bool) {
        let now_us = self.publisher.now_us();
        let taken: usize = self.held.iter().map(|held| held.house.bytes()).sum();
        let is_roomy = taken < self.rules.spool_bytes / 2;
        for place in 0..self.held.len() {
            self.held[place].is_roomy = is_roomy;
            // What was left shares bounds, however many lives left it; this life has its own.
            let is_left = self.held[place].house.is_left;
            let load = self.held.iter().filter(|held| held.house.is_left == is_left);
            let load = load.map(Held::load).sum();
            let when = (now_us, is_end);
            match self.held[place].advance(&self.rules, when, load, &self.books) {
                Ok(made) => self.put(place, made),
                // It is tried again: files of it may be under way.
                Err(error) => tracing::error!(%error, "rows stay in the spool"),
            }
        }
        self.held.retain(|held| !held.is_over());
        let left = self.held.iter().filter(|held| held.house.is_left);
        self.left_bytes.store(left.map(|held| held.house.bytes()).sum(), Ordering::Relaxed);
    }

    /// Sends files on their way.
    fn put(&mut self, place: usize, files: Vec<Made>) {
        let house = self.held[place].house.life();
        for mut made in files {
            match std::mem::replace(&mut made.file, Ok((Path::default(), Bytes::new()))) {
                Ok((path, bytes)) => {
                    let publisher = self.publisher.clone();
                    let (to, batch, expires) = (path.clone(), made.name.clone(), made.expires_us);
                    let put = async move { publisher.publish(&to, bytes, &batch, expires).await };
                    let id = self.puts.spawn(put).id();
                    self.under_way.insert(id, UnderWay { path, house, made });
                }
                Err(error) => {
                    let (rows, what) = (made.rows(), made.missed());
                    tracing::error!(rows, %error, "{what}: not encoded");
                    self.held[place].settle(made, Some(Count::LostEncode), &self.books);
                }
            }
        }
    }

    /// A file is in the store, or never will be.
    fn settle(&mut self, done: Result<(Id, Outcome), JoinError>) {
        let (id, outcome) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Outcome::Refused(error.to_string())),
        };
        let Some(UnderWay { path, house, made }) = self.under_way.remove(&id) else { return };
        let (rows, what) = (made.rows(), made.missed());
        let lost = match outcome {
            Outcome::Written => None,
            Outcome::Refused(why) => {
                tracing::error!(%path, rows, why, "{what}: not stored");
                Some(Count::LostPut)
            }
            Outcome::Expired(why) => {
                tracing::error!(%path, rows, why, "{what}: too old to be kept");
                Some(Count::LostExpired)
            }
        };
        if let Some(held) = self.held.iter_mut().find(|held| held.house.life() == house) {
            held.settle(made, lost, &self.books);
        }
    }

    /// What is not in the store stays in the spool, if that is on a disk.
    fn leave(&mut self) {
        let now_us = self.publisher.now_us();
        for held in &mut self.held {
            if held.is_done() && held.is_still(now_us) {
                held.house.demolish();
            } else if held.house.is_in_memory() {
                held.lose(&self.books);
            } else {
                let folder = held.house.name();
                tracing::warn!(folder, "rows stay in the spool; the next start puts them");
            }
        }
    }
}

/// Runs the encoder; its panic is an error like others, and ends one file, not the thread.
fn guarded<T>(of: &str, encode: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(encode)).unwrap_or_else(|panic| {
        let why = format!("panicked: {}", panic_text(&*panic));
        Err(Error::Encode { of: of.to_owned(), why })
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown panic")
}

/// Rows that are lost, as the accounts have them.
fn lost(count: Count, rows: u64) -> Tally {
    Tally::of(count, i64::try_from(rows).unwrap_or(i64::MAX))
}
