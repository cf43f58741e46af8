//! Threads for models that are too expensive to run between two reads of a socket.
//!
//! Called by `score` with jobs that their deployments have admitted, so that what waits here is
//! bounded by what all gates admit. A deployment that batches has its jobs wait in its `lane`,
//! where a thread that is called takes as many as can be run as one.

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use crossbeam_channel::{Sender, unbounded};

use crate::crew::Crew;
use crate::deployment::Deployment;
use crate::endpoint::Endpoints;
use crate::error::Error;
use lane::Call;
use timer::Alarm;

mod batch;
mod job;
mod lane;
mod timer;

pub use job::{Job, Ran};
pub use lane::{Lane, Stackable};

/// The threads and the way to them.
#[derive(Debug)]
pub struct Pool {
    calls: Calls,
    now: fn() -> Instant,
    crew: Crew,
}

/// What a thread is called for.
#[derive(Debug)]
enum Task {
    /// This job.
    Job(Job),
    /// The lane of a deployment.
    Lane(Arc<Deployment>),
}

/// The threads' common queue, and the clock that they are called by.
#[derive(Clone, Debug)]
struct Calls {
    tasks: Sender<Task>,
    alarms: Sender<Alarm>,
}

// === impl Pool ===

impl Pool {
    /// Starts the threads "skeg-pool-N" and "skeg-batch". They end when the pool is dropped.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(
        threads: usize,
        endpoints: &Arc<ArcSwap<Endpoints>>,
        now: fn() -> Instant,
    ) -> std::io::Result<Pool> {
        let (tasks, taken) = unbounded::<Task>();
        let sender = tasks.clone();
        let alarms = timer::start(now, move |deployment| {
            let call = deployment.lane.as_ref().map(|lane| lane.is_due(now()));
            if call == Some(Call::Now) {
                // It fails when the pool is gone.
                let _ = sender.send(Task::Lane(deployment));
            }
        })?;
        let calls = Calls { tasks, alarms };
        let mut crew = Crew::new(endpoints);
        for index in 0..threads {
            let calls = calls.clone();
            let run = move |task, sessions: &mut _| match task {
                Task::Job(job) => job.run(sessions, now),
                Task::Lane(deployment) => {
                    let Some(lane) = &deployment.lane else { return };
                    let (jobs, call) = lane.take(now());
                    // Others may begin with what is left.
                    let _ = calls.answer(call, &deployment);
                    batch::run(&deployment, jobs, sessions, now);
                }
            };
            crew.hire(&format!("skeg-pool-{index}"), &taken, || {}, run)?;
        }
        Ok(Pool { calls, now, crew })
    }

    /// Hands over a job.
    ///
    /// # Errors
    /// [`Error::Broken`] when no thread is left.
    pub fn run(&self, job: Job) -> Result<(), Error> {
        let deployment = Arc::clone(&job.deployment);
        match &deployment.lane {
            None => self.calls.tasks.send(Task::Job(job)).map_err(|_| Error::Broken),
            Some(lane) => self.calls.answer(lane.push(job, (self.now)()), &deployment),
        }
    }

    /// Has every thread close its sessions with deployments that are gone.
    pub fn changed(&self) {
        self.crew.changed();
    }
}

// === impl Calls ===

impl Calls {
    /// Does what a deployment's lane asks for.
    fn answer(&self, call: Call, deployment: &Arc<Deployment>) -> Result<(), Error> {
        let deployment = Arc::clone(deployment);
        match call {
            Call::No => Ok(()),
            Call::Now => self.tasks.send(Task::Lane(deployment)).map_err(|_| Error::Broken),
            Call::At(time) => self.alarms.send((time, deployment)).map_err(|_| Error::Broken),
        }
    }
}
