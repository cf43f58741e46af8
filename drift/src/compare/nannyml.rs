//! NannyML 0.13.1: `nannyml/drift/univariate/methods.py`, the current table as one chunk.
//!
//! **Columns.** Numbers are continuous, texts and truth values categorical. Null and NaN are
//! dropped; infinite values stay, and leave without a number what histograms them.
//!
//! **Bins** are the reference's alone: Doane's rule for Jensen-Shannon and Hellinger, with one bin
//! more for what the reference has not. From 10,000 rows of reference on, KS and Wasserstein are
//! estimates over 10,000 equal bins.
//!
//! **Thresholds** as `UnivariateDriftCalculator` sets them: the reference is cut in ten, in the
//! order of its rows; drift is what is above the mean of the metric of these chunks by more than
//! three standard deviations. Of chi-square, p below 0.05. A reference of fewer than ten rows has
//! no chunks, and no thresholds.

use super::histogram::{self, sum};
use super::sample::{Held, Sample, categories, parts, read};
use super::{Column, Kind, MAX_TEXTS, Measure, Outcome, Rule};
use crate::distance::jensen_shannon::{self, Base};
use crate::distance::{Bin, chi_square, hellinger, ks, variation, wasserstein};
use crate::error::Error;
use crate::table::Table;

/// From so many rows of reference on, estimates.
const LARGE: usize = 10_000;

/// Bins of the estimates.
const FINE: usize = 10_000;

/// Chunks of the reference.
const CHUNKS: u64 = 10;

/// Each method's name and its value of one chunk.
type Found = Vec<(&'static str, Option<f64>)>;

pub(super) fn column(baseline: &Table, current: &Table, name: &str) -> Result<Outcome, Error> {
    let there = read(baseline, name, None)?;
    let here = read(current, name, None)?;
    if there.present() == 0 || here.present() == 0 {
        return Ok(Err("no value on one side".to_owned()));
    }
    if [&there, &here].iter().any(|side| matches!(side.held, Held::TooMany)) {
        return Ok(Err(format!("more than {MAX_TEXTS} different texts")));
    }
    let reference = Reference::new(&there);
    let size = baseline.rows() / CHUNKS;
    let chunks = if size > 0 { parts(baseline, name, None, size)? } else { Vec::new() };
    let chunks: Vec<Found> = chunks.iter().map(|chunk| reference.found(chunk)).collect();
    let measure = |(place, (name, value)): (usize, (&'static str, Option<f64>))| {
        let threshold = threshold(name, chunks.iter().map(|found| found[place].1));
        let rule = match name {
            "chi2_p" => Some(Rule::Below(0.05)),
            "chi2" => None,
            _ => threshold.map(Rule::Above),
        };
        Measure { rule, decides: rule.is_some(), ..Measure::new(name, value) }
    };
    let kind = match reference {
        Reference::Continuous(_) => Kind::Numeric,
        Reference::Categorical(_) => Kind::Categorical,
    };
    Ok(Ok(Column {
        name: name.to_owned(),
        kind,
        baseline: there.values(),
        current: here.values(),
        measures: reference.found(&here).into_iter().enumerate().map(measure).collect(),
    }))
}

/// `StandardDeviationThreshold` over the chunks that have a number.
fn threshold(name: &str, chunks: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = chunks.flatten().collect();
    if values.is_empty() {
        return None;
    }
    let mean = sum(&values) / values.len() as f64;
    let threshold = mean + 3.0 * histogram::deviation(&values, 0);
    Some(if name == "kolmogorov_smirnov" { threshold.min(1.0) } else { threshold })
}

/// What the methods are fitted to.
enum Reference<'a> {
    Continuous(Continuous<'a>),
    Categorical(&'a Sample),
}

struct Continuous<'a> {
    sorted: &'a [f64],
    /// Doane's edges and the shares between them.
    doane: Option<(Vec<f64>, Vec<f64>)>,
    /// Edges and shares up to each bin, for the estimates.
    for_ks: Option<(Vec<f64>, Vec<f64>)>,
    for_wasserstein: Option<(Vec<f64>, Vec<f64>)>,
}

// === impl Reference ===

impl<'a> Reference<'a> {
    fn new(sample: &'a Sample) -> Reference<'a> {
        match &sample.held {
            Held::Numbers(sorted) => {
                Reference::Continuous(Continuous::new(sorted, sample.is_singles()))
            }
            _ => Reference::Categorical(sample),
        }
    }

    /// Each method of a chunk, always in one order.
    fn found(&self, chunk: &Sample) -> Found {
        match self {
            Reference::Continuous(continuous) => continuous.found(chunk.numbers()),
            Reference::Categorical(reference) => categorical(reference, chunk),
        }
    }
}

// === impl Continuous ===

impl<'a> Continuous<'a> {
    fn new(sorted: &'a [f64], singles: bool) -> Continuous<'a> {
        let doane = histogram::doane(sorted).map(|edges| {
            let shares = shares(&histogram::counts(sorted, &edges), sorted.len());
            (edges, shares)
        });
        let cumulated = |edges: Vec<f64>| {
            let shares = cumulated(shares(&histogram::counts(sorted, &edges), sorted.len()));
            (edges, shares)
        };
        let (least, greatest) = (sorted[0], sorted[sorted.len() - 1]);
        let large = sorted.len() >= LARGE && least.is_finite() && greatest.is_finite();
        let for_ks = large.then(|| histogram::linspace(least, greatest, FINE, singles));
        let for_wasserstein = histogram::equal(least, greatest, FINE, singles);
        Continuous {
            sorted,
            doane,
            for_ks: for_ks.map(cumulated),
            for_wasserstein: for_wasserstein.filter(|_| large).map(cumulated),
        }
    }

    fn found(&self, chunk: &[f64]) -> Found {
        let [mut js, mut hell, mut d, mut far] = [None; 4];
        if !chunk.is_empty() {
            if let Some((edges, reference)) = &self.doane {
                let mine = shares(&histogram::counts(chunk, edges), chunk.len());
                let pairs = with_leftover(reference, mine);
                js = Some(jensen_shannon::distance_of_shares(&pairs, Base::Two));
                hell = Some(hellinger::distance_of_shares(&pairs));
            }
            (d, far) = if self.sorted.len() >= LARGE {
                let d = self.for_ks.as_ref().map(|fine| estimated_ks(fine, chunk));
                (d, self.for_wasserstein.as_ref().map(|fine| moved(fine, chunk)))
            } else {
                (ks::distance(self.sorted, chunk), exact(self.sorted, chunk))
            };
        }
        vec![
            ("jensen_shannon", js),
            ("kolmogorov_smirnov", d),
            ("wasserstein", far),
            ("hellinger", hell),
        ]
    }
}

/// `KolmogorovSmirnovStatistic._calculate`, estimated.
fn estimated_ks((edges, reference): &(Vec<f64>, Vec<f64>), chunk: &[f64]) -> f64 {
    let below = chunk.partition_point(|v| *v < edges[0]) as f64 / chunk.len() as f64;
    let mine = cumulated(shares(&histogram::counts(chunk, edges), chunk.len()));
    let pairs = reference.iter().zip(&mine);
    pairs.map(|(there, here)| (there - (below + here)).abs()).fold(0.0, f64::max)
}

/// `WassersteinDistance._calculate`, estimated: within the reference's range by bins, beyond it by
/// the values, of which the number is taken one too high.
fn moved((edges, reference): &(Vec<f64>, Vec<f64>), chunk: &[f64]) -> f64 {
    let n = chunk.len() as f64;
    let (first, last) = (edges[0], edges[edges.len() - 1]);
    let smaller = &chunk[..chunk.partition_point(|v| *v < first)];
    let bigger = &chunk[chunk.partition_point(|v| *v <= last)..];
    let beyond = |values: &[f64], edge: f64| {
        let away: Vec<f64> = values.iter().map(|v| (v - edge).abs()).collect();
        sum(&away) / n
    };
    let amount = if smaller.is_empty() { 0.0 } else { (smaller.len() + 1) as f64 / n };
    let mine = cumulated(shares(&histogram::counts(chunk, edges), chunk.len()));
    let width = edges[1] - edges[0];
    let pairs = reference.iter().zip(&mine);
    let within: Vec<f64> = pairs.map(|(a, b)| (a - (b + amount)).abs() * width).collect();
    sum(&within) + beyond(smaller, first) + beyond(bigger, last)
}

fn exact(reference: &[f64], chunk: &[f64]) -> Option<f64> {
    let finite = |s: &[f64]| s[0].is_finite() && s[s.len() - 1].is_finite();
    (finite(reference) && finite(chunk)).then(|| wasserstein::distance(reference, chunk))?
}

/// Jensen-Shannon and Hellinger put all values that the reference has not in one bin.
fn categorical(reference: &Sample, chunk: &Sample) -> Found {
    let bins = categories(reference, chunk);
    let known: Vec<&Bin> = bins.iter().filter(|bin| bin.reference > 0).collect();
    let side = |of: fn(&Bin) -> u64, all: u64| {
        shares(&known.iter().map(|bin| of(bin)).collect::<Vec<u64>>(), all as usize)
    };
    let there = side(|bin| bin.reference, reference.present());
    let here = side(|bin| bin.current, chunk.present());
    let pairs = (chunk.present() > 0).then(|| with_leftover(&there, here));
    let pairs = pairs.as_deref();
    let test = chi_square::contingency(&bins, chi_square::Correction::Yates);
    vec![
        ("chi2", test.map(|test| test.statistic)),
        ("chi2_p", test.map(|test| test.p)),
        ("jensen_shannon", pairs.map(|p| jensen_shannon::distance_of_shares(p, Base::Two))),
        ("l_infinity", variation::l_infinity(&bins)),
        ("hellinger", pairs.map(hellinger::distance_of_shares)),
    ]
}

fn shares(counts: &[u64], all: usize) -> Vec<f64> {
    counts.iter().map(|count| *count as f64 / all as f64).collect()
}

/// What is missing to 1 is in none of the reference's bins; by NumPy's sum, since as there a last
/// digit that is missing makes a bin too.
fn with_leftover(reference: &[f64], chunk: Vec<f64>) -> Vec<(f64, f64)> {
    let leftover = 1.0 - sum(&chunk);
    let pairs = reference.iter().copied().zip(chunk);
    pairs.chain((leftover > 0.0).then_some((0.0, leftover))).collect()
}

fn cumulated(mut shares: Vec<f64>) -> Vec<f64> {
    let mut all = 0.0;
    for share in &mut shares {
        all += *share;
        *share = all;
    }
    shares
}
