//! A named seat of an endpoint with one model version made servable.
//!
//! Holds everything a request needs of it, resolved beforehand: the model, the counters, the
//! appender of rows. Each worker thread keeps one [`Sessions`], its own run state for every
//! deployment it has served, so that scoring takes no lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use collector::Appender;
use model_loader::{Model, ModelRef, Name, Session};

use crate::endpoint::Endpoints;
use crate::error::Error;
use crate::metrics::Series;
use crate::route::Weight;

/// A servable deployment.
#[derive(Debug)]
pub struct Deployment {
    /// Unique in this process; a reloaded deployment is another one.
    pub id: u64,
    /// The seat's name, "blue".
    pub name: Name,
    /// Which model version sits there.
    pub model: ModelRef,
    /// Its share of the traffic.
    pub weight: Weight,
    /// The runnable model.
    pub runnable: Model,
    /// Counters and histograms of its requests.
    pub series: Arc<Series>,
    /// Where its rows go.
    pub rows: Appender,
}

/// Counts the deployments ever built in this process.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// One worker's run states, by deployment.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Vec<(u64, Session)>,
}

// === impl Deployment ===

impl Deployment {
    /// An identity that no other deployment of this process has or will have.
    pub fn next_id() -> u64 {
        NEXT_ID.fetch_add(1, Ordering::Relaxed)
    }

    /// The places of the requested outputs among the model's; all of them when none is named.
    ///
    /// # Errors
    /// [`Error::UnknownPart`] for an output the model has not.
    pub fn select(
        &self,
        wanted: Option<&[std::borrow::Cow<'_, str>]>,
    ) -> Result<Vec<usize>, Error> {
        let outputs = &self.runnable.signature().outputs;
        let Some(wanted) = wanted else {
            return Ok((0..outputs.len()).collect());
        };
        let place = |name: &std::borrow::Cow<'_, str>| {
            outputs.iter().position(|output| output.name == **name).ok_or_else(|| {
                let model = self.model.model.to_string();
                Error::UnknownPart { model, what: "output", name: name.to_string() }
            })
        };
        wanted.iter().map(place).collect()
    }
}

// === impl Sessions ===

impl Sessions {
    /// This worker's session with `deployment`, opened at the first use. `now` is the snapshot the
    /// request runs under: sessions of deployments it no longer holds are closed on the way.
    ///
    /// # Errors
    /// [`Error::Model`] when the model gives no session.
    #[inline]
    pub fn of(&mut self, deployment: &Deployment, now: &Endpoints) -> Result<&mut Session, Error> {
        let place = match self.open.iter().position(|(id, _)| *id == deployment.id) {
            Some(place) => place,
            None => self.open(deployment, now)?,
        };
        Ok(&mut self.open[place].1)
    }

    #[cold]
    fn open(&mut self, deployment: &Deployment, now: &Endpoints) -> Result<usize, Error> {
        self.open.retain(|(id, _)| now.holds(*id));
        self.open.push((deployment.id, deployment.runnable.session()?));
        Ok(self.open.len() - 1)
    }
}
