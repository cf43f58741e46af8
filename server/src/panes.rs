//! What one thread counted lately: an open pane for each deployment and minute, handed on to the
//! monitor every few seconds.
//!
//! Filled by `exchange` on scoring threads and by `mirror` for copies. Counting takes no lock and
//! waits for nobody; a pane is made when a deployment's first request of a minute comes, and handed
//! over whole, without a copy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use collector::{Block, Values};
use drift::{Baseline, Pane, Plan};
use model_loader::{Inputs, Tensor};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::deployment::Deployment;
use crate::record;
use crate::score::Answer;

#[cfg(test)]
mod tests;

/// A pane's time, microseconds.
pub const MINUTE_US: i64 = 60_000_000;

/// Values of a request from which on another thread counts them.
pub const MANY: usize = 1 << 14;
/// Bytes of requests that may wait for that.
const WAITING_MAX: usize = 256 << 20;

/// Whose rows are counted: a deployment, as what it counts is named.
#[derive(Debug)]
pub struct Subject {
    /// The endpoint.
    pub endpoint: String,
    /// The deployment.
    pub deployment: String,
    /// Its model.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// Digest of the model's files.
    pub digest: String,
    /// Digest of its baseline, if it has one.
    pub baseline: Option<String>,
    /// How its tensors are counted.
    pub plan: Arc<Plan>,
}

/// A pane whose time is over.
#[derive(Debug)]
pub struct Full {
    /// Whose.
    pub subject: Arc<Subject>,
    /// Minutes since 1970 UTC.
    pub minute: i64,
    /// Whether these are answers to copies.
    pub is_mirrored: bool,
    /// The counters.
    pub pane: Pane,
}

/// A scored request of so many values that counting them would hold up the thread that reads.
#[derive(Debug)]
pub struct Many {
    deployment: Arc<Deployment>,
    inputs: Inputs,
    outputs: Vec<Tensor>,
    time_us: i64,
    /// Given back when it is counted.
    held: Held,
}

/// What is handed over.
#[derive(Debug)]
pub enum Handed {
    /// A pane whose time is over.
    Full(Box<Full>),
    /// A request that is to be counted.
    Many(Box<Many>),
}

/// Where panes are handed over; each thread has one.
#[derive(Clone, Debug)]
pub struct Outbound {
    sender: UnboundedSender<Handed>,
    waiting: Arc<AtomicUsize>,
}

/// Bytes of requests that wait to be counted.
#[derive(Debug)]
struct Held {
    bytes: usize,
    of: Arc<AtomicUsize>,
}

/// One thread's open panes.
#[derive(Debug)]
pub struct Panes {
    open: Vec<Full>,
    out: Outbound,
    is_mirrored: bool,
}

/// The two ends of the way from threads that count to the one that sums.
pub fn way() -> (Outbound, UnboundedReceiver<Handed>) {
    let (sender, receiver) = unbounded_channel();
    (Outbound { sender, waiting: Arc::default() }, receiver)
}

// === impl Outbound ===

impl Outbound {
    /// Has another thread count a scored request that came at `time_us`; gives it back when too
    /// many bytes wait for that.
    pub fn many(
        &self,
        deployment: &Arc<Deployment>,
        answer: Answer,
        time_us: i64,
    ) -> Result<(), Box<Answer>> {
        let tensors = answer.inputs.tensors().iter().chain(&answer.outputs);
        let bytes = tensors.map(|tensor| tensor.values().bytes()).sum();
        if self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes > WAITING_MAX {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Box::new(answer));
        }
        let held = Held { bytes, of: Arc::clone(&self.waiting) };
        let Answer { inputs, outputs, .. } = answer;
        let deployment = Arc::clone(deployment);
        let many = Many { deployment, inputs, outputs, time_us, held };
        // Nobody takes it only once the monitor has ended, and then nobody looks.
        let _ = self.sender.send(Handed::Many(Box::new(many)));
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

// === impl Handed ===

impl Handed {
    /// The pane, counted now if it was not before.
    pub fn pane(self) -> Full {
        let many = match self {
            Self::Full(full) => return *full,
            Self::Many(many) => many,
        };
        let Many { deployment, inputs, outputs, time_us, held } = *many;
        let subject = Arc::clone(&deployment.subject);
        let mut pane = Pane::new(&subject.plan);
        let signature = deployment.runnable.signature();
        let values = record::all_values(signature, inputs.tensors(), &outputs);
        pane.count(inputs.rows(), &values);
        drop(held);
        Full { subject, minute: time_us.div_euclid(MINUTE_US), is_mirrored: false, pane }
    }
}

// === impl Subject ===

impl Subject {
    /// How a deployment, with a baseline or without, counts tensors of these columns; those that
    /// are covered have no value counted.
    pub fn plan(
        baseline: Option<&Arc<Baseline>>,
        blocks: &[Block],
        covered: impl Fn(&str) -> bool,
    ) -> Arc<Plan> {
        let baseline = baseline.map_or_else(|| Arc::new(Baseline::none()), Arc::clone);
        Arc::new(Plan::new(baseline, blocks, covered))
    }
}

// === impl Panes ===

impl Panes {
    /// No pane is open. `is_mirrored`: all that is counted are answers to copies.
    pub fn new(out: Outbound, is_mirrored: bool) -> Self {
        Self { open: Vec::new(), out, is_mirrored }
    }

    /// Counts the rows of a request that came at `time_us`: tensors in the plan's order.
    #[inline]
    pub fn rows(
        &mut self,
        subject: &Arc<Subject>,
        time_us: i64,
        rows: usize,
        values: &[Values<'_>],
    ) {
        self.pane(subject, time_us).count(rows, values);
    }

    /// Counts a request that came at `time_us` and how it ended.
    #[inline]
    pub fn request(&mut self, subject: &Arc<Subject>, time_us: i64, status: u16, latency_us: u64) {
        self.pane(subject, time_us).traffic.count(status, latency_us);
    }

    #[inline]
    fn pane(&mut self, subject: &Arc<Subject>, time_us: i64) -> &mut Pane {
        let minute = time_us.div_euclid(MINUTE_US);
        // A handful: the deployments, of this minute and, for requests in hand, of the last.
        let is_it = |open: &Full| open.minute == minute && Arc::ptr_eq(&open.subject, subject);
        let place = match self.open.iter().position(is_it) {
            Some(place) => place,
            None => {
                let (subject, pane) = (Arc::clone(subject), Pane::new(&subject.plan));
                let is_mirrored = self.is_mirrored;
                self.open.push(Full { subject, minute, is_mirrored, pane });
                self.open.len() - 1
            }
        };
        &mut self.open[place].pane
    }

    /// Hands over all open panes. What comes later for the same minute is in another pane of it:
    /// they add up.
    pub fn hand_over(&mut self) {
        for full in self.open.drain(..) {
            // Nobody takes them only once the monitor has ended, and then nobody looks.
            let _ = self.out.sender.send(Handed::Full(Box::new(full)));
        }
    }
}

impl Drop for Panes {
    fn drop(&mut self) {
        self.hand_over();
    }
}
