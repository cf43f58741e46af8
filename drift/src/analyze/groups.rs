//! Fine bins -> the few groups that a distance between histograms is taken over.
//!
//! **Numbers**: the reference's deciles. A bin belongs to the decile in which it begins, so that a
//! value with more than a tenth of the rows is a group of its own. What is below or above the
//! reference's range goes with the first or the last decile, unless the least or the greatest value
//! alone has a tenth of the rows or more (flags, capped amounts, constants): then values never seen
//! are a group by themselves, or nobody would notice them.
//!
//! **Categories**: the 50 most frequent ones, those after them together, and the texts that the
//! reference has not or that have no bin.

use crate::baseline::{Bins, Column};
use crate::distance::Bin;

#[cfg(test)]
mod tests;

const DECILES: u64 = 10;
/// Categories that are compared each by itself.
const CATEGORIES: usize = 50;

/// Rows outside of the reference's range, or of no category of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outside {
    pub(crate) below: u64,
    pub(crate) above: u64,
    pub(crate) unseen: u64,
}

/// Both sides' rows in each group; groups are not empty by the reference but for the outer ones.
pub(crate) fn bins(column: &Column, reference: &[u64], current: &[u64]) -> Vec<Bin> {
    let groups = groups(column);
    let mut bins = Vec::new();
    for ((group, reference), current) in groups.iter().zip(reference).zip(current) {
        if bins.len() <= *group {
            bins.resize(group + 1, Bin { reference: 0, current: 0 });
        }
        bins[*group].reference += reference;
        bins[*group].current += current;
    }
    bins
}

/// The group of each bin, rising.
fn groups(column: &Column) -> Vec<usize> {
    let counts = column.counts();
    if let Bins::Categories(categories) = column.bins() {
        let all = categories.names().len();
        // The last bin is of all other texts.
        let others = all.min(CATEGORIES + 1);
        return (0..all).map(|bin| bin.min(CATEGORIES)).chain([others]).collect();
    }
    let all: u64 = counts.iter().sum();
    let is_large = |count: Option<&u64>| count.is_some_and(|count| count * DECILES >= all);
    let last = counts.len() - 1;
    let (is_first_apart, is_last_apart) = match counts {
        [_, inner @ .., _] if !inner.is_empty() => {
            (is_large(inner.first()), is_large(inner.last()))
        }
        _ => (false, false),
    };
    let (mut group, mut before, mut decile) = (0, 0, 0);
    let mut groups = Vec::with_capacity(counts.len());
    for (bin, count) in counts.iter().enumerate() {
        let now = (before * DECILES).checked_div(all).unwrap_or(0).min(DECILES - 1);
        let is_apart = (bin == 1 && is_first_apart) || (bin == last && is_last_apart);
        if bin > 0 && (is_apart || now > decile) {
            group += 1;
        }
        decile = now;
        before += count;
        groups.push(group);
    }
    groups
}

/// The live rows that the reference has no place for.
pub(crate) fn outside(column: &Column, counts: &[u64]) -> Outside {
    match column.bins() {
        Bins::Categories(_) => {
            Outside { unseen: counts.last().copied().unwrap_or(0), ..Outside::default() }
        }
        // Without a value in the reference there is no range to be outside of.
        Bins::Numbers(_) => match counts {
            [below, .., above] => Outside { below: *below, above: *above, unseen: 0 },
            _ => Outside::default(),
        },
    }
}
