//! Columns in the order in which a person should look at them.

use std::collections::HashMap;

use crate::analyze::Verdict;
use crate::baseline::{INPUT, OUTPUT};
use crate::report::{ColumnReport, DeploymentReport, Report, ThresholdsReport};

/// One column at all deployments that have it.
#[derive(Debug)]
pub(super) struct Ranked<'a> {
    /// With its side: `in.amount`.
    pub(super) name: &'a str,
    /// Whether it is one of the model's outputs.
    pub(super) is_output: bool,
    /// The worst of its seats. Copies of requests do not make it worse than the seats that answer
    /// clients, unless they drift.
    pub(super) verdict: Verdict,
    /// The greatest of the seats that have this verdict.
    pub(super) effect: f64,
    /// In the report's order.
    pub(super) seats: Vec<Seat<'a>>,
}

/// One column at one deployment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat<'a> {
    pub(super) deployment: &'a DeploymentReport,
    pub(super) column: &'a ColumnReport,
    /// The greatest of value over threshold.
    pub(super) effect: f64,
}

/// All columns, those that drift first, then those of which too little is known. Among those of one
/// verdict predictions stand first, then the greatest effect, then the baseline's order.
pub(super) fn rank(report: &Report) -> Vec<Ranked<'_>> {
    let mut ranking: Vec<Ranked<'_>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for deployment in report.deployments.iter().filter(|of| of.verdict.is_some()) {
        for column in &deployment.columns {
            let place = *places.entry(&column.name).or_insert(ranking.len());
            if place == ranking.len() {
                ranking.push(Ranked::new(column));
            }
            let effect = effect(column, &report.thresholds);
            ranking[place].seats.push(Seat { deployment, column, effect });
        }
    }
    ranking.iter_mut().for_each(Ranked::judge);
    ranking.sort_by(|a, b| {
        let worse = b.verdict.cmp(&a.verdict).then(b.is_output.cmp(&a.is_output));
        worse.then(b.effect.total_cmp(&a.effect))
    });
    ranking
}

/// The greatest of value over threshold, over PSI and KS; 0 without a measure.
pub(super) fn effect(column: &ColumnReport, thresholds: &ThresholdsReport) -> f64 {
    let psi = column.measures.psi.map(|psi| psi.value / thresholds.psi);
    let ks = column.measures.ks.map(|ks| ks.low / thresholds.ks);
    // A stored report may hold a threshold of 0.
    psi.into_iter().chain(ks).filter(|effect| effect.is_finite()).fold(0.0, f64::max)
}

// === impl Ranked ===

impl<'a> Ranked<'a> {
    fn new(column: &'a ColumnReport) -> Ranked<'a> {
        Ranked {
            name: &column.name,
            is_output: column.name.starts_with(OUTPUT),
            verdict: column.verdict,
            effect: 0.0,
            seats: Vec::new(),
        }
    }

    /// Makes the verdict and the effect of the seats.
    fn judge(&mut self) {
        let worst = self.seats.iter().map(|seat| seat.column.verdict).max();
        let worst = worst.filter(|of| *of == Verdict::Drift);
        self.verdict = worst.or(self.counted()).unwrap_or(self.verdict);
        self.effect = self.furthest().map_or(0.0, |seat| seat.effect);
    }

    /// The seat with the greatest effect of those that have the column's verdict.
    pub(super) fn furthest(&self) -> Option<&Seat<'a>> {
        let seats = self.seats.iter().filter(|seat| seat.column.verdict == self.verdict);
        // The first of equals.
        seats.rev().max_by(|a, b| a.effect.total_cmp(&b.effect))
    }

    /// `amount`
    pub(super) fn short_name(&self) -> &'a str {
        let name = self.name.strip_prefix(INPUT);
        name.or_else(|| self.name.strip_prefix(OUTPUT)).unwrap_or(self.name)
    }

    /// The worst of the seats that answer clients, which make the report's verdict.
    pub(super) fn counted(&self) -> Option<Verdict> {
        let seats = self.seats.iter().filter(|seat| !seat.deployment.mirrored);
        seats.map(|seat| seat.column.verdict).max()
    }
}

// === impl Seat ===

impl Seat<'_> {
    /// Whether the deployment has rows but this column none.
    pub(super) fn is_not_logged(&self) -> bool {
        self.column.current.rows == 0 && self.deployment.rows > 0
    }
}
