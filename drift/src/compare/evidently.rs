//! Evidently 0.7.23, its Python engine: `evidently/legacy/calculations/stattests`.
//!
//! **Columns.** Floats are numeric; integers are categorical with at most 10 different values and
//! numeric with more; texts are categorical unless more than half of them differ; truth values are
//! categorical. All by the current table, as `infer_column_type` has it. Null, NaN and infinite
//! values are dropped, column by column. Not compared: free text, which Evidently gives to a
//! classifier, and what it takes for unknown (unsigned integers; truth values with nulls).
//!
//! **Bins** of PSI, Jensen-Shannon and Kullback-Leibler: with more than 20 different values in the
//! reference, equal widths over both samples by Sturges' rule; else one for each value. Empty bins
//! of PSI and KL get a share of 0.0001, or a millionth of the least share, should that be as small;
//! the others are not made smaller for it.
//!
//! **Choice** of the test, when nothing is configured (`_get_default_stattest`): up to 1,000 rows
//! of reference a p-value, above a distance.

use arrow_schema::DataType;
use statrs::function::erf::erfc;

use super::histogram::{self, Range};
use super::sample::{Held, Sample, categories, read};
use super::scipy::entropy;
use super::{Column, Kind, MAX_TEXTS, Measure, Outcome, Rule};
use crate::distance::jensen_shannon::{Base, distance_of_shares};
use crate::distance::psi::psi_of_shares;
use crate::distance::{Bin, chi_square, ks, shares, wasserstein};
use crate::error::Error;
use crate::table::Table;

/// References up to this size are tested by p-value.
const SMALL: u64 = 1000;

/// The most different values of a column of integers that is categorical.
const FEW_INTEGERS: usize = 10;

pub(super) fn column(baseline: &Table, current: &Table, name: &str) -> Result<Outcome, Error> {
    let there = read(baseline, name, None)?;
    let here = read(current, name, None)?;
    let (values, kind) = ((there.values(), here.values()), kind(&here));
    let outcome = kind.and_then(|kind| {
        let (there, here) = (there.finite(), here.finite());
        if there.present() == 0 || here.present() == 0 {
            return Err("no value on one side".to_owned());
        }
        if matches!(there.held, Held::TooMany) {
            return Err(format!("more than {MAX_TEXTS} different texts"));
        }
        Ok((kind, measures(&there, &here, kind)))
    });
    Ok(outcome.map(|(kind, measures)| Column {
        name: name.to_owned(),
        kind,
        baseline: values.0,
        current: values.1,
        measures,
    }))
}

/// What Evidently takes the column for.
fn kind(current: &Sample) -> Result<Kind, String> {
    let texts = |distinct: usize| distinct as f64 > current.present() as f64 * 0.5;
    match &current.kind {
        kind if kind.is_unsigned_integer() && current.missing == 0 => {
            Err("Evidently takes unsigned integers for unknown".to_owned())
        }
        _ if current.is_integers() && current.distinct() <= FEW_INTEGERS => Ok(Kind::Categorical),
        kind if kind.is_numeric() => Ok(Kind::Numeric),
        DataType::Boolean if current.missing > 0 => {
            Err("Evidently takes truth values with nulls for unknown".to_owned())
        }
        DataType::Boolean | DataType::Dictionary(..) => Ok(Kind::Categorical),
        _ if texts(current.distinct()) => {
            Err("free text to Evidently: more than half of the values differ".to_owned())
        }
        _ => Ok(Kind::Categorical),
    }
}

fn measures(there: &Sample, here: &Sample, kind: Kind) -> Vec<Measure> {
    let values = categories(there, here);
    let shares = binned(there, here, kind, &values);
    let filled = shares.as_ref().map(|shares| filled(shares));
    let mut measures = vec![
        Measure::ruled("psi", filled.as_deref().map(psi_of_shares), Rule::AtLeast(0.1)),
        Measure::ruled(
            "jensenshannon",
            shares.map(|shares| distance_of_shares(&shares, Base::E)),
            Rule::AtLeast(0.1),
        ),
        Measure::ruled("hellinger", hellinger(there, here, kind, &values), Rule::AtLeast(0.1)),
        Measure::ruled("kl_div", filled.as_deref().map(entropy), Rule::AtLeast(0.1)),
    ];
    if kind == Kind::Numeric {
        measures.push(Measure::ruled("ks", ks_p(there, here), Rule::AtMost(0.05)));
        measures.push(Measure::ruled("wasserstein", normed(there, here), Rule::AtLeast(0.1)));
    }
    let chosen = chosen(there, kind, values.len());
    if kind == Kind::Categorical || matches!(chosen, "chisquare" | "z") {
        // SciPy has no p-value of a single category.
        let fit = chi_square::goodness_of_fit(&values).filter(|fit| fit.freedom > 0);
        measures.push(Measure::ruled("chisquare", fit.map(|fit| fit.p), Rule::Below(0.05)));
        measures.push(Measure::ruled("z", z(&values), Rule::Below(0.05)));
    }
    for measure in &mut measures {
        measure.decides = measure.name == chosen;
    }
    measures
}

/// The test of a column that nothing is configured for.
fn chosen(there: &Sample, kind: Kind, values: usize) -> &'static str {
    match (there.present() <= SMALL, kind) {
        (true, Kind::Numeric) if values > 5 => "ks",
        (true, _) if values > 2 => "chisquare",
        (true, _) => "z",
        (false, Kind::Numeric) if values > 5 => "wasserstein",
        (false, _) => "jensenshannon",
    }
}

/// `get_binned_data` without zeros filled.
fn binned(there: &Sample, here: &Sample, kind: Kind, values: &[Bin]) -> Option<Vec<(f64, f64)>> {
    if kind == Kind::Categorical || there.distinct() <= 20 {
        return shares(values);
    }
    let (a, b) = (there.numbers(), here.numbers());
    let range = Range {
        count: a.len() + b.len(),
        least: a.first()?.min(*b.first()?),
        greatest: a.last()?.max(*b.last()?),
        integers: there.is_integers() && here.is_integers(),
        singles: there.is_singles() && here.is_singles(),
    };
    shares(&histogram::bins(a, b, &histogram::sturges(range)?))
}

/// Shares of 0 made greater, on each side for itself.
fn filled(shares: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let least = |side: fn(&(f64, f64)) -> f64| {
        let positive = shares.iter().map(side).filter(|share| *share > 0.0);
        let least = positive.fold(f64::INFINITY, f64::min);
        if least <= 0.0001 { least / 1e6 } else { 0.0001 }
    };
    let (p0, q0) = (least(|share| share.0), least(|share| share.1));
    let fill = |share: f64, empty: f64| if share == 0.0 { empty } else { share };
    shares.iter().map(|(p, q)| (fill(*p, p0), fill(*q, q0))).collect()
}

/// `_hellinger_distance`, whose root of a difference loses half of the digits near 0.
fn hellinger(there: &Sample, here: &Sample, kind: Kind, values: &[Bin]) -> Option<f64> {
    let common: f64 = if kind == Kind::Categorical {
        shares(values)?.iter().map(|(p, q)| (p * q).sqrt()).sum()
    } else {
        let (a, b) = (there.numbers(), here.numbers());
        // Over the different values of both, as if each occurred once.
        let range = Range {
            count: values.len(),
            least: a.first()?.min(*b.first()?),
            greatest: a.last()?.max(*b.last()?),
            integers: there.is_integers() && here.is_integers(),
            singles: there.is_singles() && here.is_singles(),
        };
        let edges = histogram::sturges(range)?;
        let width = (edges[edges.len() - 1] - edges[0]) / (edges.len() - 1) as f64;
        let (p, q) = (density(a, &edges), density(b, &edges));
        p.iter().zip(&q).map(|(p, q)| (p * q).sqrt() * width).sum()
    };
    Some((1.0 - common.clamp(0.0, 1.0)).sqrt())
}

/// `numpy.histogram` with `density=True`.
fn density(sorted: &[f64], edges: &[f64]) -> Vec<f64> {
    let counts = histogram::counts(sorted, edges);
    let all = counts.iter().sum::<u64>() as f64;
    let widths = edges.windows(2).map(|pair| pair[1] - pair[0]);
    counts.iter().zip(widths).map(|(count, width)| *count as f64 / width / all).collect()
}

fn ks_p(there: &Sample, here: &Sample) -> Option<f64> {
    let d = ks::distance(there.numbers(), here.numbers())?;
    Some(ks::p_value(d, there.present(), here.present()))
}

/// In standard deviations of the reference, with n in the denominator.
fn normed(there: &Sample, here: &Sample) -> Option<f64> {
    let far = wasserstein::distance(there.numbers(), here.numbers())?;
    Some(far / histogram::deviation(there.numbers(), 0).max(0.001))
}

/// The two-sided p-value of the share of the least value against that of all others.
fn z(values: &[Bin]) -> Option<f64> {
    if values.len() == 1 {
        return Some(1.0);
    }
    let (n1, n2) = crate::distance::totals(values);
    let least = values.first()?;
    let p1 = (n1 - least.reference as f64) / n1;
    let p2 = (n2 - least.current as f64) / n2;
    let all = (p1 * n1 + p2 * n2) / (n1 + n2);
    let z = (p1 - p2) / (all * (1.0 - all) * (1.0 / n1 + 1.0 / n2)).sqrt();
    // As there: by the difference to 1, of which the last digits are lost.
    let below = 1.0 - 0.5 * erfc(z.abs() / std::f64::consts::SQRT_2);
    Some(2.0 * (1.0 - below))
}
