//! One admitted request on its way to a thread of the pool, and what comes of it.
//!
//! Whose time is over, or whose client is gone, is not run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model_loader::{Inputs, Tensor};
use tokio::sync::oneshot;

use crate::admission::Permit;
use crate::deployment::Deployment;
use crate::error::Error;
use crate::sessions::Sessions;

/// One admitted request.
#[derive(Debug)]
pub struct Job {
    pub(super) deployment: Arc<Deployment>,
    pub(super) inputs: Inputs,
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

    /// Whether somebody still waits for the answer.
    pub(super) fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    /// The job, if it is still worth running at `now`; told otherwise.
    pub(super) fn in_time(self, now: Instant) -> Option<Self> {
        if now <= self.deadline {
            return self.is_wanted().then_some(self);
        }
        self.fail(Error::Timeout);
        None
    }

    /// Runs the job by itself.
    pub(super) fn run(self, sessions: &mut Sessions, now: fn() -> Instant) {
        let started = now();
        let Some(job) = self.in_time(started) else { return };
        match outputs(&job.deployment, &job.inputs, sessions) {
            Ok(outputs) => job.answer(outputs, now() - started),
            Err(error) => job.fail(error),
        }
    }

    /// Hands the outputs over.
    pub(super) fn answer(self, outputs: Vec<Tensor>, inference: Duration) {
        let Self { inputs, answer, permit, .. } = self;
        drop(permit);
        // It fails when nobody waits for it any more.
        let _ = answer.send(Ok(Ran { inputs, outputs, inference }));
    }

    fn fail(self, error: Error) {
        let Self { answer, permit, .. } = self;
        drop(permit);
        let _ = answer.send(Err(error));
    }
}

/// Runs a deployment's model on this thread.
pub(super) fn outputs(
    deployment: &Arc<Deployment>,
    inputs: &Inputs,
    sessions: &mut Sessions,
) -> Result<Vec<Tensor>, Error> {
    Ok(sessions.of(deployment)?.run(inputs.tensors())?)
}
