//! Measures of all columns -> verdicts: effect and chance together.

use super::chance::rejected_up_to;
use super::measure::measure;
use super::{Analysis, ColumnAnalysis, Measures, Side, Thresholds, Verdict};
use crate::baseline::{Bins, Column};

/// A column, its reference and by whose bins that is counted, its live side, and rows under a
/// privacy rule.
pub(super) type Pair<'a> = (&'a Column, Option<(&'a Column, Side<'a>)>, Side<'a>, u64);

/// Judges columns that are tested together; `rows` are those of the reference and the live ones.
pub(super) fn all<'a>(
    pairs: impl Iterator<Item = Pair<'a>>,
    rows: (u64, u64),
    thresholds: &Thresholds,
) -> Analysis {
    let (mut covered, mut incomparable, mut sides) = (Vec::new(), Vec::new(), Vec::new());
    for (column, reference, current, covered_rows) in pairs {
        let name = || column.name().to_owned();
        if covered_rows > 0 {
            covered.push(name());
        }
        match reference {
            None => incomparable.push(name()),
            Some(_) if covered_rows > 0 && current.quality.rows == 0 => {}
            Some(reference) => sides.push((column, reference, current)),
        }
    }
    let level = 1.0 - thresholds.confidence();
    // What a test alone among all must reach in the strictest case, to say what would have shown.
    let tests: usize = sides.iter().map(|(column, ..)| tests(column)).sum();
    let strictest = level / tests.max(1) as f64;
    let measured: Vec<Measures> = sides
        .iter()
        .map(|(column, reference, current)| measure(column, *reference, current, strictest))
        .collect();
    let p = |measures: &Measures| {
        let (psi, ks) = (measures.psi.map(|psi| psi.p), measures.ks.map(|ks| ks.p));
        psi.into_iter().chain(ks).collect::<Vec<f64>>()
    };
    let rejected = rejected_up_to(&measured.iter().flat_map(p).collect::<Vec<f64>>(), level);
    let columns = sides.into_iter().zip(measured);
    let columns = columns.map(|((column, (_, reference), current), measures)| {
        let (verdict, drifting) = judge(&measures, thresholds, rejected);
        let (reference, current) = (reference.quality, current.quality);
        let name = column.name().to_owned();
        ColumnAnalysis { name, verdict, drifting, measures, current, reference }
    });
    let columns = columns.collect();
    Analysis { rows: rows.1, reference_rows: rows.0, columns, covered, incomparable }
}

/// How many tests a column takes part in: PSI, and for numbers KS.
fn tests(column: &Column) -> usize {
    1 + usize::from(matches!(column.bins(), Bins::Numbers(_)))
}

fn judge(
    measures: &Measures,
    thresholds: &Thresholds,
    rejected: Option<f64>,
) -> (Verdict, Vec<&'static str>) {
    let is_rejected = |p: f64| rejected.is_some_and(|limit| p <= limit);
    let mut drifting = Vec::new();
    let mut would_show = measures.psi.is_some() || measures.ks.is_some();
    if let Some(psi) = measures.psi {
        // What only the added 1 has made is no effect either.
        if psi.value - psi.invented >= thresholds.psi() && is_rejected(psi.p) {
            drifting.push("psi");
        }
        would_show &= psi.critical < thresholds.psi();
    }
    if let Some(ks) = measures.ks {
        if ks.low >= thresholds.ks() && is_rejected(ks.p) {
            drifting.push("ks");
        }
        would_show &= ks.critical < thresholds.ks();
    }
    let verdict = match (drifting.is_empty(), would_show) {
        (false, _) => Verdict::Drift,
        (true, true) => Verdict::Ok,
        (true, false) => Verdict::InsufficientData,
    };
    (verdict, drifting)
}
