//! The `drift` key of a spec: over which window, how often, from which distance on, who is told.

use std::time::Duration;

use super::tree::Node;

mod alert;

pub use alert::{Alert, AlertFormat, Proof};

#[cfg(test)]
mod tests;

/// Windows and intervals are no longer: 400 days.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);
/// Windows are no shorter: the pane of a minute is the unit.
const SHORTEST: Duration = Duration::from_secs(60);
/// Looks are no more frequent.
const SOONEST: Duration = Duration::from_secs(5);
/// Most windows in a row that are waited for.
const CONSECUTIVE_MAX: u64 = 100;

/// How drift is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftSpec {
    /// How far back an analysis looks.
    pub window: Duration,
    /// How often one is made.
    pub every: Duration,
    /// Least population stability index that counts as drift.
    pub psi: f64,
    /// Least Kolmogorov-Smirnov distance that counts as drift.
    pub ks: f64,
    /// Windows in a row with drift before anybody is told, and without it before that is called
    /// off.
    pub consecutive: u32,
    /// Shortest time between two firings of one deployment.
    pub cooldown: Duration,
    /// Who is told.
    pub alerts: Vec<Alert>,
}

/// Reads the key.
pub(super) fn read(node: Node<'_>) -> DriftSpec {
    let mut keys = node.fields();
    let time = |node: Option<Node<'_>>, shortest: Duration, usual: u64| {
        let usual = Duration::from_secs(usual);
        node.map_or(Some(usual), |node| node.time(shortest..=LONGEST)).unwrap_or(usual)
    };
    let window = time(keys.take("window"), SHORTEST, 86_400);
    let every = time(keys.take("every"), SOONEST, 300);
    let cooldown = time(keys.take("cooldown"), Duration::ZERO, 3600);
    let consecutive = keys.take("consecutive").and_then(|n| n.count(1..=CONSECUTIVE_MAX));
    let consecutive = u32::try_from(consecutive.unwrap_or(2)).expect("within the range above");
    let thresholds = keys.take("thresholds").map_or((0.2, 0.1), thresholds);
    let alerts = keys.take("alerts").map(alert::read).unwrap_or_default();
    keys.close();
    let (psi, ks) = thresholds;
    DriftSpec { window, every, psi, ks, consecutive, cooldown, alerts }
}

fn thresholds(node: Node<'_>) -> (f64, f64) {
    let mut keys = node.fields();
    let psi = keys.take("psi").and_then(|node| node.number(f64::MIN_POSITIVE..=100.0));
    let ks = keys.take("ks").and_then(|node| node.number(f64::MIN_POSITIVE..=1.0));
    keys.close();
    (psi.unwrap_or(0.2), ks.unwrap_or(0.1))
}
