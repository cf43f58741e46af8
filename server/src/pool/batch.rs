//! The batch that a lane gives: stacked, run once, taken apart, each request answered.
//!
//! One request that the model fails on does not fail the others: then each is run by itself.

use std::sync::Arc;
use std::time::Instant;

use model_loader::{Inputs, Tensor};

use super::job::{self, Job};
use crate::deployment::Deployment;
use crate::error::Error;
use crate::sessions::Sessions;

/// Runs `jobs`, all of `deployment`, as one.
pub(super) fn run(
    deployment: &Arc<Deployment>,
    jobs: Vec<Job>,
    sessions: &mut Sessions,
    now: fn() -> Instant,
) {
    let started = now();
    let jobs: Vec<Job> = jobs.into_iter().filter_map(|job| job.in_time(started)).collect();
    let rows: Vec<usize> = jobs.iter().map(|job| job.inputs.rows()).collect();
    let alone = |job: Job, sessions: &mut Sessions| {
        deployment.series.batched.ran(1, job.inputs.rows());
        job.run(sessions, now);
    };
    if jobs.len() <= 1 {
        jobs.into_iter().for_each(|job| alone(job, sessions));
        return;
    }
    match together(deployment, &jobs, &rows, sessions) {
        Ok(answers) => {
            deployment.series.batched.ran(jobs.len(), rows.iter().sum());
            let inference = now() - started;
            jobs.into_iter().zip(answers).for_each(|(job, answer)| job.answer(answer, inference));
        }
        Err(error) => {
            tracing::debug!(deployment = %deployment.name, %error, "a batch failed");
            jobs.into_iter().for_each(|job| alone(job, sessions));
        }
    }
}

fn together(
    deployment: &Arc<Deployment>,
    jobs: &[Job],
    rows: &[usize],
    sessions: &mut Sessions,
) -> Result<Vec<Vec<Tensor>>, Error> {
    let requests: Vec<&Inputs> = jobs.iter().map(|job| &job.inputs).collect();
    let stacked = Inputs::stacked(&requests)?;
    let outputs = job::outputs(deployment, &stacked, sessions)?;
    Ok(model_loader::unstacked(outputs, rows)?)
}
