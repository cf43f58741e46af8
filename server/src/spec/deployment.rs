//! One deployment of a spec: its model, how it runs, and how much it takes on.

use std::time::Duration;

use model_loader::{ModelQuery, Name};

use super::tree::Node;
use crate::route::Weight;

/// How long a request may wait and run, unless the spec says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Requests admitted at once unless the spec says otherwise.
const MAX_CONCURRENT: u64 = 64;
/// Requests that may wait for those, unless the spec says otherwise.
const QUEUE: u64 = 128;
/// Most requests in either place.
const REQUESTS_MAX: u64 = 1 << 20;
/// Longest timeout, milliseconds: an hour.
const TIMEOUT_MS_MAX: u64 = 3_600_000;

/// What one deployment should be.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentSpec {
    /// The seat.
    pub name: Name,
    /// What sits there; an alias stands for what it does when the spec is read.
    pub model: ModelQuery,
    /// Its share of the traffic; the shares make a sound route table.
    pub weight: Weight,
    /// The share of the traffic to others that is copied to it.
    pub mirror: Weight,
    /// Which threads run it.
    pub execution: Execution,
    /// How long a request may wait and run.
    pub timeout: Duration,
    /// Requests admitted at once, at least 1.
    pub max_concurrent: u32,
    /// Requests that wait for those; more are refused.
    pub queue: u32,
    /// Which requests are run as one.
    pub batching: Batching,
}

/// Which threads run a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Execution {
    /// A cheap model runs inline, another one on the pool; warm-up measures it.
    Auto,
    /// The thread that read the request.
    Inline,
    /// Threads of the pool.
    Pool,
}

/// Which requests are run as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Most rows run at once; 1 batches nothing.
    pub max_rows: u32,
    /// Longest wait for more rows.
    pub max_delay: Duration,
}

/// Reads the deployment at `seat`.
pub(super) fn read(
    seat: &str,
    node: Node<'_>,
    weight: Weight,
    mirror: Weight,
) -> Option<DeploymentSpec> {
    let name = node.value_of(seat.parse::<Name>());
    let mut keys = node.fields();
    let model = keys.require("model").and_then(Node::parsed::<ModelQuery>);
    let words =
        [("auto", Execution::Auto), ("inline", Execution::Inline), ("pool", Execution::Pool)];
    let execution = keys.take("execution").map_or(Some(Execution::Auto), |node| node.word(&words));
    let timeout = keys
        .take("timeout_ms")
        .map_or(Some(TIMEOUT), |node| node.count(1..=TIMEOUT_MS_MAX).map(Duration::from_millis));
    let max_concurrent = keys.take("max_concurrent");
    let max_concurrent =
        max_concurrent.map_or(Some(MAX_CONCURRENT), |node| node.count(1..=REQUESTS_MAX));
    let queue = keys.take("queue").map_or(Some(QUEUE), |node| node.count(0..=REQUESTS_MAX));
    let batching = keys.take("batching").map_or(Some(Batching::NONE), batching);
    if let Some(batching) = batching.filter(|batching| batching.is_on()) {
        if execution == Some(Execution::Inline) {
            keys.note("batching", "batches are run on the pool, and execution is inline");
        }
        if timeout.is_some_and(|timeout| batching.max_delay >= timeout) {
            keys.note("batching.max_delay_us", "is as long as timeout_ms, or longer");
        }
    }
    keys.close();
    Some(DeploymentSpec {
        name: name?,
        model: model?,
        weight,
        mirror,
        execution: execution?,
        timeout: timeout?,
        max_concurrent: u32::try_from(max_concurrent?).ok()?,
        queue: u32::try_from(queue?).ok()?,
        batching: batching?,
    })
}

fn batching(node: Node<'_>) -> Option<Batching> {
    let mut keys = node.fields();
    let rows = keys.take("max_rows").map_or(Some(1), |node| node.count(1..=65_536));
    let delay = keys.take("max_delay_us").map_or(Some(0), |node| node.count(0..=1_000_000));
    keys.close();
    let max_rows = u32::try_from(rows?).ok()?;
    Some(Batching { max_rows, max_delay: Duration::from_micros(delay?) })
}

// === impl Batching ===

impl Batching {
    /// Every request is run by itself.
    pub const NONE: Batching = Batching { max_rows: 1, max_delay: Duration::ZERO };

    /// Whether requests may be run together.
    pub fn is_on(self) -> bool {
        self.max_rows > 1
    }
}
