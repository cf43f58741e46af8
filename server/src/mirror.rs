//! Copies of live requests to deployments that do not answer them: run, compared, discarded.
//!
//! Called by `exchange` after a live answer. Never delays or fails live traffic: a copy goes to a
//! queue, bounded in number and bytes, from a task that runs behind the reply, one that finds no
//! room is counted and dropped before anything is copied, and a thread of its own, of lower
//! priority, runs the models. It is placed by names there: the other model may have its inputs and
//! columns in another order, or of other types.

mod compare;
mod budget;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Sender, TrySendError, bounded};
use model_loader::{Inputs, Tensor};

use crate::background;
use crate::crew::Crew;
use crate::deployment::Deployment;
use crate::endpoint::{Endpoint, Endpoints, Seat};
use crate::error::Error;
use crate::panes::Panes;
use crate::record;
use crate::score::Answer;
use crate::sessions::Sessions;
use crate::worker::Worker;
use budget::{Budget, Held};
use compare::Differences;

/// Copies that may wait.
const QUEUE: usize = 1024;
/// Bytes of all copies that wait or are being run.
const BYTES: usize = 64 << 20;

/// Panes are handed over when there is nothing to do, and so often at least.
const HAND_OVER: Duration = Duration::from_secs(5);

/// The way to the mirror's thread.
#[derive(Debug)]
pub struct Mirror {
    copies: Sender<Copied>,
    budget: Arc<Budget>,
    crew: Crew,
}

/// A live request, parsed, and its answer.
#[derive(Debug)]
struct Copied {
    /// Who answered.
    live: Arc<Deployment>,
    /// Who is to run the copy.
    other: Arc<Deployment>,
    inputs: Inputs,
    outputs: Vec<Tensor>,
    /// When the request came, unix microseconds.
    time_us: i64,
    /// Given back with the rest.
    _held: Held,
}

/// Copies an answered request to each of the endpoint's mirrors that it falls to.
#[inline]
pub fn copy(worker: &Worker, endpoint: &Endpoint, answered: &Seat, answer: &Answer, time_us: i64) {
    for seat in endpoint.mirrors() {
        let other = &seat.deployment;
        if other.id == answered.deployment.id || !seat.mirror.takes(worker.draw()) {
            continue;
        }
        let tensors = answer.inputs.tensors().iter().chain(&answer.outputs);
        let bytes = tensors.map(|tensor| tensor.values().bytes()).sum();
        let Some(held) = worker.shared.mirror.budget.hold(bytes) else {
            other.series.mirrored.dropped();
            continue;
        };
        let copied = Copied {
            live: Arc::clone(&answered.deployment),
            other: Arc::clone(other),
            inputs: answer.inputs.clone(),
            outputs: answer.outputs.clone(),
            time_us,
            _held: held,
        };
        let shared = Arc::clone(&worker.shared);
        // Behind the task at hand, which writes the reply.
        tokio::task::spawn_local(async move { shared.mirror.offer(copied) });
    }
}

// === impl Mirror ===

impl Mirror {
    /// Starts the thread "skeg-mirror", which counts in `panes` what it runs. It ends when the
    /// mirror is dropped.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(
        endpoints: &Arc<ArcSwap<Endpoints>>,
        mut panes: Panes,
        now: fn() -> Instant,
    ) -> std::io::Result<Mirror> {
        let (copies, taken) = bounded::<Copied>(QUEUE);
        let mut crew = Crew::new(endpoints);
        let endpoints = Arc::clone(endpoints);
        let waiting = taken.clone();
        let mut handed = now();
        crew.hire("skeg-mirror", &taken, background::yield_to_scoring, move |copied, sessions| {
            // A deployment that is gone is not loaded again for what nobody will look at.
            if endpoints.load().holds(copied.other.id) {
                copied.run(sessions, &mut panes, now);
            } else {
                copied.other.series.mirrored.dropped();
            }
            if waiting.is_empty() || now() - handed > HAND_OVER {
                panes.hand_over();
                handed = now();
            }
        })?;
        Ok(Mirror { copies, budget: Arc::new(Budget::new(BYTES)), crew })
    }

    fn offer(&self, copied: Copied) {
        if let Err(TrySendError::Full(copied) | TrySendError::Disconnected(copied)) =
            self.copies.try_send(copied)
        {
            copied.other.series.mirrored.dropped();
        }
    }

    /// Has the thread close its sessions with deployments that are gone.
    pub fn changed(&self) {
        self.crew.changed();
    }
}

// === impl Copied ===

impl Copied {
    fn run(self, sessions: &mut Sessions, panes: &mut Panes, now: fn() -> Instant) {
        let Self { live, other, inputs, outputs, time_us, _held } = self;
        let (of_live, of_other) = (live.runnable.signature(), other.runnable.signature());
        let (rows, began) = (inputs.rows(), now());
        let ran = of_other.translate(of_live, inputs).map_err(Error::from).and_then(|inputs| {
            let session = sessions.of(&other)?;
            let answers = session.run(inputs.tensors())?;
            Ok((inputs, answers))
        });
        let took = u64::try_from((now() - began).as_micros()).unwrap_or(u64::MAX);
        let status = ran.as_ref().map_or_else(Error::status, |_| 200);
        panes.request(&other.subject, time_us, status, took);
        match ran {
            Ok((inputs, answers)) => {
                let values = record::all_values(of_other, inputs.tensors(), &answers);
                panes.rows(&other.subject, time_us, rows, &values);
                let live = (of_live.outputs(), outputs.as_slice());
                let other_side = (of_other.outputs(), answers.as_slice());
                let found = Differences::between(live, other_side, rows);
                let Differences { rows, disagreeing, scores } = &found;
                other.series.mirrored.compared(*rows, *disagreeing, scores);
            }
            Err(error) => {
                tracing::debug!(deployment = %other.name, %error, "a mirrored request failed");
                other.series.mirrored.failed();
            }
        }
    }
}
