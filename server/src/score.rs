//! The corridor of one request: admit, decode, place the inputs, run the model.
//!
//! Called by every protocol's scoring, once the endpoint has chosen the deployment. A request that
//! runs inline awaits nothing and shares nothing but the snapshot; one that runs on the pool waits
//! for its place and for its answer, within the request's time.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model_loader::{Inputs, NamedTensor, Tensor};

use crate::admission::{Admission, Gate, Ticket};
use crate::deployment::Deployment;
use crate::error::Error;
use crate::metrics::Spent;
use crate::pool::{Job, Pool};
use crate::sessions::Sessions;
use crate::worker::Worker;

/// What a client asks, whatever the protocol.
#[derive(Debug)]
pub struct ScoreRequest<'a> {
    /// The client's name for the request.
    pub id: Option<Cow<'a, str>>,
    /// The tensors, named.
    pub inputs: Vec<NamedTensor<'a>>,
    /// The outputs wanted, all when `None`.
    pub outputs: Option<Vec<Cow<'a, str>>>,
    /// How long the client waits for the answer, if it says so.
    pub timeout: Option<Duration>,
}

impl<'a> ScoreRequest<'a> {
    /// One that says nothing but its tensors.
    pub fn of(inputs: Vec<NamedTensor<'a>>) -> Self {
        Self { id: None, inputs, outputs: None, timeout: None }
    }
}

/// A scored request.
#[derive(Debug)]
pub struct Answer {
    /// The inputs as the model saw them, kept for the row.
    pub inputs: Inputs,
    /// All outputs, in the signature's order.
    pub outputs: Vec<Tensor>,
    /// Which of them the client wanted.
    pub selected: Vec<usize>,
    /// Where its time went so far.
    pub spent: Spent,
}

/// A request that was not scored.
#[derive(Debug)]
pub enum Failure {
    /// It could not be read; no deployment saw it.
    Request(Error),
    /// The deployment did not take it on, refused it, or failed on it.
    Deployment(Error),
}

/// How an admitted request is run.
enum Admitted {
    /// Here and now, unless it is too large for that.
    Inline,
    /// On the pool, once it has one of the deployment's places.
    Pool(Ticket),
}

/// A request that fits its deployment's model.
struct Placed {
    inputs: Inputs,
    selected: Vec<usize>,
}

/// Scores what `decode` reads of a request that `arrived` then. Gives the client's name for it, and
/// how it wants its answer, back with that.
///
/// # Errors
/// A [`Failure`], by whom it counts against.
pub async fn score<'b, W>(
    worker: &Worker,
    deployment: &Arc<Deployment>,
    arrived: Instant,
    decode: impl FnOnce() -> Result<(ScoreRequest<'b>, W), Error>,
) -> Result<(Option<Cow<'b, str>>, W, Answer), Failure> {
    let now = worker.shared.now;
    let begun = now();
    let admitted = admit(worker, deployment).map_err(Failure::Deployment)?;
    // Read before it waits: how long it may do so, its own body says.
    let (request, wishes) = decode().map_err(Failure::Request)?;
    let ScoreRequest { id, inputs, outputs, timeout } = request;
    let deadline = arrived + deployment.timeout;
    let sooner = timeout.and_then(|timeout| arrived.checked_add(timeout));
    let deadline = sooner.map_or(deadline, |sooner| deadline.min(sooner));
    let placed = place(deployment, inputs, outputs.as_deref()).map_err(Failure::Deployment)?;
    let placed_at = now();
    let answer = match way(deployment, admitted, &placed).map_err(Failure::Deployment)? {
        None => {
            let sessions = &mut worker.sessions.borrow_mut();
            run(deployment, placed, sessions, (placed_at, deadline), now)
        }
        Some(ticket) => run_on(&worker.shared.pool, deployment, placed, ticket, deadline)
            .await
            .map(|mut answer| {
                let there = now() - placed_at;
                answer.spent.queue = there.saturating_sub(answer.spent.inference);
                answer
            }),
    };
    let mut answer = answer.map_err(Failure::Deployment)?;
    answer.spent.input = placed_at - begun;
    Ok((id, wishes, answer))
}

/// Takes the request on, or refuses it at once.
#[inline]
fn admit(worker: &Worker, deployment: &Arc<Deployment>) -> Result<Admitted, Error> {
    match &deployment.admission {
        Admission::Inline { per_turn, .. } => {
            let turn = worker.turns.now();
            let taken = worker.sessions.borrow_mut().take(deployment, turn, *per_turn)?;
            if taken { Ok(Admitted::Inline) } else { Err(Error::Busy) }
        }
        Admission::Pool(gate) => gate.ticket().map(Admitted::Pool),
    }
}

/// None for a request that runs here; else its ticket for the pool.
#[inline]
fn way(
    deployment: &Deployment,
    admitted: Admitted,
    placed: &Placed,
) -> Result<Option<Ticket>, Error> {
    match admitted {
        Admitted::Pool(ticket) => Ok(Some(ticket)),
        Admitted::Inline => {
            let gate = deployment.admission.gate_of_large(placed.inputs.rows());
            gate.map(Gate::ticket).transpose()
        }
    }
}

/// Holds the request against the model's signature.
fn place(
    deployment: &Deployment,
    inputs: Vec<NamedTensor<'_>>,
    outputs: Option<&[Cow<'_, str>]>,
) -> Result<Placed, Error> {
    let selected = deployment.select(outputs)?;
    let inputs = deployment.runnable.signature().place(inputs)?;
    Ok(Placed { inputs, selected })
}

/// Runs the model on this thread.
fn run(
    deployment: &Arc<Deployment>,
    placed: Placed,
    sessions: &mut Sessions,
    (started, deadline): (Instant, Instant),
    now: fn() -> Instant,
) -> Result<Answer, Error> {
    let session = sessions.of(deployment)?;
    if started > deadline {
        return Err(Error::Timeout);
    }
    let Placed { inputs, selected } = placed;
    let outputs = session.run(inputs.tensors())?;
    let ended = now();
    if ended > deadline {
        return Err(Error::Timeout);
    }
    let spent = Spent { inference: ended - started, ..Spent::default() };
    Ok(Answer { inputs, outputs, selected, spent })
}

/// Waits for a place and has the pool run the model. Dropping the future, as happens when the
/// client goes away, takes the request back unless it is running.
async fn run_on(
    pool: &Pool,
    deployment: &Arc<Deployment>,
    placed: Placed,
    ticket: Ticket,
    deadline: Instant,
) -> Result<Answer, Error> {
    let permit = ticket.place(deadline).await?;
    let Placed { inputs, selected } = placed;
    let (job, answer) = Job::new(Arc::clone(deployment), inputs, deadline, permit);
    pool.run(job)?;
    let ran = tokio::time::timeout_at(deadline.into(), answer).await;
    let ran = ran.map_err(|_| Error::Timeout)?.map_err(|_| Error::Broken)??;
    let spent = Spent { inference: ran.inference, ..Spent::default() };
    Ok(Answer { inputs: ran.inputs, outputs: ran.outputs, selected, spent })
}
