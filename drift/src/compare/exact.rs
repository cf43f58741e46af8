//! No tool's numbers: the exact KS and Wasserstein distances, of all values that there are.

use super::sample::read;
use super::{Column, Kind, Measure, Outcome};
use crate::distance::{ks, wasserstein};
use crate::error::Error;
use crate::table::Table;

/// KS takes infinite values for the least and the greatest; Wasserstein has no number for them.
pub(super) fn column(baseline: &Table, current: &Table, name: &str) -> Result<Outcome, Error> {
    let (there, here) = (read(baseline, name, None)?, read(current, name, None)?);
    let (a, b) = (there.numbers(), here.numbers());
    if a.is_empty() || b.is_empty() {
        return Ok(Err("no number on one side, of which a distance could be exact".to_owned()));
    }
    let d = ks::distance(a, b);
    let p = d.map(|d| ks::p_value(d, a.len() as u64, b.len() as u64));
    let finite = [a, b].iter().all(|s| s[0].is_finite() && s[s.len() - 1].is_finite());
    let far = finite.then(|| wasserstein::distance(a, b)).flatten();
    Ok(Ok(Column {
        name: name.to_owned(),
        kind: Kind::Numeric,
        baseline: there.values(),
        current: here.values(),
        measures: vec![
            Measure::new("exact_ks", d),
            Measure::new("exact_ks_p", p),
            Measure::new("exact_wasserstein", far),
        ],
    }))
}
