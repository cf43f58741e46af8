//! A named seat of an endpoint with one model version made servable.
//!
//! Holds everything a request needs of it, resolved beforehand: the model, the way in, the
//! counters, the appender of rows. Shared by all threads that score; what each of them needs of its
//! own stands in `sessions`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use collector::{Appender, HashKey};
use model_loader::{Model, ModelRef, Name};

use crate::admission::Admission;
use crate::error::Error;
use crate::metrics::Series;
use crate::panes::Subject;
use crate::pool::Lane;
use crate::spec::{Batching, CollectSpec};

/// A servable deployment.
#[derive(Debug)]
pub struct Deployment {
    /// Unique in this process; a reloaded deployment is another one.
    pub id: u64,
    /// The seat's name, "blue".
    pub name: Name,
    /// Which model version sits there.
    pub model: ModelRef,
    /// The runnable model.
    pub runnable: Arc<Model>,
    /// On which threads it runs, and how many requests it takes on.
    pub admission: Admission,
    /// Where requests wait to be run together, if they are.
    pub lane: Option<Lane>,
    /// How long a request may wait and run.
    pub timeout: Duration,
    /// Counters and histograms of its requests.
    pub series: Arc<Series>,
    /// What its rows have.
    pub collect: CollectSpec,
    /// The key of its hashes, if there are any; whether it is another is told by it alone.
    pub hash_key: Option<HashKey>,
    /// Where its rows go.
    pub rows: Appender,
    /// How its rows are counted.
    pub subject: Arc<Subject>,
}

/// Counts the deployments ever built in this process.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

// === impl Deployment ===

impl Deployment {
    /// An identity that no other deployment of this process has or will have.
    pub fn next_id() -> u64 {
        NEXT_ID.fetch_add(1, Ordering::Relaxed)
    }

    /// Which requests are run as one.
    pub fn batching(&self) -> Batching {
        self.lane.as_ref().map_or(Batching::NONE, Lane::batching)
    }

    /// The places of the requested outputs among the model's; all of them when none is named.
    ///
    /// # Errors
    /// [`Error::UnknownPart`] for an output the model has not.
    pub fn select(
        &self,
        wanted: Option<&[std::borrow::Cow<'_, str>]>,
    ) -> Result<Vec<usize>, Error> {
        let outputs = self.runnable.signature().outputs();
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
