//! Azure Machine Learning's model monitor: `azureml-assets`, its component
//! `data_drift_compute_metrics`.
//!
//! **Rows.** A row in which any column has no value, null or NaN, is dropped whole, before
//! anything else; the report says how many. With columns asked for, only these count.
//!
//! **Columns.** Floats are numeric, texts and truth values categorical; integers are categorical
//! when less than 5 % of the baseline's values differ. Floats against integers are not compared.
//!
//! **Bins.** `ceil(log2(n) + 1)` of equal width over both samples, n the rows of the smaller, and
//! filled as PySpark's `RDD.histogram` does it: a greatest value that rounding puts behind the last
//! edge is not counted. A single value has one bin. PSI adds 1 to each count.
//!
//! **Alerts** by the SDK's defaults: normalised Wasserstein, or Jensen-Shannon of categories, above
//! 0.1. Its KS is an exception from 10,000 rows on; here there is a number all the same.

use arrow_array::Array;
use arrow_schema::DataType;

use super::histogram::deviation;
use super::sample::{Held, Sample, categories, read};
use super::{Column, Kind, MAX_TEXTS, Measure, Outcome, Rule, Wanted};
use crate::distance::jensen_shannon::{self, Base};
use crate::distance::psi::psi_of_shares;
use crate::distance::{Bin, chi_square, ks, wasserstein};
use crate::error::Error;
use crate::numbers;
use crate::table::Table;

/// From so many rows on Azure's KS refuses.
const KS_ROWS: u64 = 10_000;

/// What PySpark takes for rounding between the widths of bins.
const EVEN: f64 = 1e-10;

/// The rows of both tables that have every value: a byte for each row.
#[derive(Debug)]
pub(super) struct Complete {
    baseline: Vec<bool>,
    current: Vec<bool>,
}

// === impl Complete ===

impl Complete {
    /// Reads all columns of both tables once, or those asked for.
    pub(super) fn read(baseline: &Table, current: &Table, wanted: &Wanted) -> Result<Self, Error> {
        let rows = |table: &Table| rows(table, wanted.columns.as_deref());
        Ok(Complete { baseline: rows(baseline)?, current: rows(current)? })
    }

    /// How many rows are left out, of the baseline and of the current table.
    pub(super) fn dropped(&self) -> [u64; 2] {
        [&self.baseline, &self.current]
            .map(|rows| rows.iter().filter(|complete| !**complete).count() as u64)
    }
}

fn rows(table: &Table, columns: Option<&[String]>) -> Result<Vec<bool>, Error> {
    let all: Vec<String> = table.schema().fields().iter().map(|f| f.name().clone()).collect();
    let mut complete = Vec::new();
    for batch in table.batches(columns.unwrap_or(&all))? {
        let batch = batch?;
        let start = complete.len();
        complete.resize(start + batch.num_rows(), true);
        for array in batch.columns() {
            let mut rows = complete[start..].iter_mut();
            if array.data_type().is_floating() {
                numbers::for_each(array, |value| {
                    if let Some(row) = rows.next() {
                        *row &= value.is_some();
                    }
                });
            } else if let Some(nulls) = array.logical_nulls() {
                rows.zip(nulls.iter()).for_each(|(row, valid)| *row &= valid);
            }
        }
    }
    Ok(complete)
}

pub(super) fn column(
    baseline: &Table,
    current: &Table,
    name: &str,
    complete: Option<&Complete>,
) -> Result<Outcome, Error> {
    let kind = kind(baseline, current, name)?;
    let there = read(baseline, name, complete.map(|rows| rows.baseline.as_slice()))?;
    let here = read(current, name, complete.map(|rows| rows.current.as_slice()))?;
    let outcome = kind.and_then(|kind| {
        if there.present() == 0 || here.present() == 0 {
            return Err("no row without a missing value on one side".to_owned());
        }
        if [&there, &here].iter().any(|side| matches!(side.held, Held::TooMany)) {
            return Err(format!("more than {MAX_TEXTS} different texts"));
        }
        Ok(Column {
            name: name.to_owned(),
            kind,
            baseline: there.values(),
            current: here.values(),
            measures: match kind {
                Kind::Numeric => numeric(&there, &here),
                Kind::Categorical => categorical(&categories(&there, &here)),
            },
        })
    });
    Ok(outcome)
}

/// What Azure takes the column for, by all rows of the baseline.
fn kind(baseline: &Table, current: &Table, name: &str) -> Result<Result<Kind, String>, Error> {
    let of = |table: &Table| {
        let field = table.schema().field_with_name(name);
        field.map_or(DataType::Null, |field| field.data_type().clone())
    };
    let (there, here) = (of(baseline), of(current));
    if there.is_integer() != here.is_integer() {
        return Ok(Err(format!("{there} against {here}: Azure compares columns of one type")));
    }
    if [&there, &here].contains(&&DataType::UInt64) {
        return Ok(Err("Spark reads UInt64 as decimal(20,0), which Azure compares not".to_owned()));
    }
    if !there.is_integer() {
        return Ok(Ok(if there.is_floating() { Kind::Numeric } else { Kind::Categorical }));
    }
    let all = read(baseline, name, None)?;
    // All nulls together are a value too.
    let distinct = all.distinct() + usize::from(all.missing > 0);
    let few = (distinct as f64) < 0.05 * all.rows as f64;
    Ok(Ok(if few { Kind::Categorical } else { Kind::Numeric }))
}

fn numeric(there: &Sample, here: &Sample) -> Vec<Measure> {
    let (a, b) = (there.numbers(), here.numbers());
    let bins = bins(a, b);
    let (n, m) = (there.present(), here.present());
    let finite = [a, b].iter().all(|s| s[0].is_finite() && s[s.len() - 1].is_finite());
    let far = finite.then(|| wasserstein::distance(a, b)).flatten();
    // Of one row there is no deviation, and the monitor fails.
    let far = far.filter(|_| n > 1).map(|far| far / deviation(a, 1).max(0.001));
    let p = ks::distance(a, b).map(|d| ks::p_value(d, n, m));
    let refused = n.max(m) >= KS_ROWS;
    vec![
        Measure::new("PopulationStabilityIndex", bins.as_ref().map(|bins| psi(bins, n, m))),
        Measure::new(
            "JensenShannonDistance",
            bins.and_then(|bins| jensen_shannon::distance(&bins, Base::Two)),
        ),
        Measure {
            note: refused.then_some("Azure itself refuses samples of 10,000 rows and more"),
            ..Measure::new("TwoSampleKolmogorovSmirnovTest", p)
        },
        Measure {
            decides: true,
            ..Measure::ruled("NormalizedWassersteinDistance", far, Rule::Above(0.1))
        },
    ]
}

fn categorical(bins: &[Bin]) -> Vec<Measure> {
    let (n, m) = crate::distance::totals(bins);
    // SciPy has no p-value of a single category.
    let fit = chi_square::goodness_of_fit(bins).filter(|fit| fit.freedom > 0);
    vec![
        Measure::new("PopulationStabilityIndex", Some(psi(bins, n as u64, m as u64))),
        Measure {
            decides: true,
            ..Measure::ruled(
                "JensenShannonDistance",
                jensen_shannon::distance(bins, Base::Two),
                Rule::Above(0.1),
            )
        },
        Measure::new("PearsonsChiSquaredTest", fit.map(|fit| fit.p)),
    ]
}

/// With the rows for denominators, should some be in no bin.
fn psi(bins: &[Bin], n: u64, m: u64) -> f64 {
    let b = bins.len() as u64;
    let share = |count: u64, all: u64| (count + 1) as f64 / (all + b) as f64;
    let shares = bins.iter().map(|bin| (share(bin.reference, n), share(bin.current, m)));
    psi_of_shares(&shares.collect::<Vec<_>>())
}

/// None for infinite values and for edges that rounding makes equal, which PySpark refuses.
fn bins(a: &[f64], b: &[f64]) -> Option<Vec<Bin>> {
    let (least, greatest) = (a.first()?.min(*b.first()?), a.last()?.max(*b.last()?));
    let edges = edges(least, greatest, a.len().min(b.len()));
    let steps: Vec<f64> = edges.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if !edges.iter().all(|edge| edge.is_finite()) || !steps.iter().all(|step| *step > 0.0) {
        return None;
    }
    let widest = steps.iter().copied().fold(0.0, f64::max);
    let even = widest - steps.iter().copied().fold(f64::INFINITY, f64::min) < EVEN;
    let count = |values: &[f64]| counts(values, &edges, even);
    let pairs = count(a).into_iter().zip(count(b));
    Some(pairs.map(|(reference, current)| Bin { reference, current }).collect())
}

fn edges(least: f64, greatest: f64, rows: usize) -> Vec<f64> {
    if least == greatest {
        let half = if least == 0.0 { 0.005 } else { (least * 0.005).abs() };
        return vec![least - half, least + half];
    }
    let bins = ((rows as f64).log2() + 1.0).ceil();
    let width = (greatest - least) / bins;
    (0..=bins as u32).map(|bin| least + f64::from(bin) * width).collect()
}

/// `RDD.histogram` with given buckets.
fn counts(values: &[f64], edges: &[f64], even: bool) -> Vec<u64> {
    let last = edges.len() - 1;
    let (least, greatest) = (edges[0], edges[last]);
    let width = (greatest - least) / last as f64;
    let mut counts = vec![0; last];
    for value in values.iter().filter(|v| (least..=greatest).contains(*v)) {
        let bin = if even {
            ((value - least) / width) as usize
        } else {
            edges.partition_point(|edge| edge <= value) - 1
        };
        counts[bin.min(last - 1)] += 1;
    }
    counts
}
