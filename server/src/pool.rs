//! Threads for models that are too expensive to run between two reads of a socket.
//!
//! Called by `score` with jobs that their deployments have admitted, so that what waits here is
//! bounded by what all gates admit. A job whose time is over, or whose client is gone, is not run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Sender, unbounded};
use model_loader::{Inputs, Tensor};
use tokio::sync::oneshot;

use crate::admission::Permit;
use crate::crew::Crew;
use crate::deployment::Deployment;
use crate::endpoint::Endpoints;
use crate::error::Error;
use crate::sessions::Sessions;

/// The threads' common queue.
#[derive(Debug)]
pub struct Pool {
    jobs: Sender<Job>,
    crew: Crew,
}

/// One admitted request.
#[derive(Debug)]
pub struct Job {
    deployment: Arc<Deployment>,
    inputs: Inputs,
    deadline: Instant,
    answer: oneshot::Sender<Result<Ran, Error>>,
    /// Given back when the job is done, whoever still waits for it, and before they hear of it: the
    /// next request may come with the answer.
    permit: Permit,
}

/// What a job gives.
#[derive(Debug)]
pub struct Ran {
    /// The inputs, for the row.
    pub inputs: Inputs,
    /// All outputs.
    pub outputs: Vec<Tensor>,
    /// Time in the model.
    pub inference: Duration,
}

// === impl Pool ===

impl Pool {
    /// Starts the threads "skeg-pool-N". They end when the pool is dropped.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(
        threads: usize,
        endpoints: &Arc<ArcSwap<Endpoints>>,
        now: fn() -> Instant,
    ) -> std::io::Result<Pool> {
        let (jobs, taken) = unbounded::<Job>();
        let mut crew = Crew::new(endpoints);
        for index in 0..threads {
            let name = format!("skeg-pool-{index}");
            crew.hire(&name, &taken, || {}, move |job, sessions| job.run(sessions, now))?;
        }
        Ok(Pool { jobs, crew })
    }

    /// Hands over a job.
    ///
    /// # Errors
    /// [`Error::Broken`] when no thread is left.
    pub fn run(&self, job: Job) -> Result<(), Error> {
        self.jobs.send(job).map_err(|_| Error::Broken)
    }

    /// Has every thread close its sessions with deployments that are gone.
    pub fn changed(&self) {
        self.crew.changed();
    }
}

// === impl Job ===

impl Job {
    /// A job, and where its answer will be.
    pub fn new(
        deployment: Arc<Deployment>,
        inputs: Inputs,
        deadline: Instant,
        permit: Permit,
    ) -> (Self, oneshot::Receiver<Result<Ran, Error>>) {
        let (answer, answered) = oneshot::channel();
        (Self { deployment, inputs, deadline, answer, permit }, answered)
    }

    fn run(self, sessions: &mut Sessions, now: fn() -> Instant) {
        let Self { deployment, inputs, deadline, answer, permit } = self;
        if answer.is_closed() {
            return;
        }
        let started = now();
        let ran = if started > deadline {
            Err(Error::Timeout)
        } else {
            outputs(&deployment, &inputs, sessions).map(|outputs| Ran {
                inputs,
                outputs,
                inference: now() - started,
            })
        };
        drop(permit);
        // It fails when nobody waits for it any more.
        let _ = answer.send(ran);
    }
}

fn outputs(
    deployment: &Arc<Deployment>,
    inputs: &Inputs,
    sessions: &mut Sessions,
) -> Result<Vec<Tensor>, Error> {
    Ok(sessions.of(deployment)?.run(inputs.tensors())?)
}
