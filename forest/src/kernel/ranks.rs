//! A row as ranks: for each feature one byte that says how many thresholds lie below the value.
//!
//! Exact: with a feature's thresholds sorted, `x <= t_j` holds where at most `j` of them are below
//! `x`. A kernel then compares bytes. NaN has rank 255 where it takes the false child and 0 where
//! it takes the true one; a feature with branches of both kinds has two bytes, called slots.
//! Refuses features with over 254 thresholds.
//!
//! ```text
//! lines of a feature     | pivots | t_0 .. t_15 | t_16 .. t_31 | ...
//! pivots                 the last of each line of thresholds but the last one
//! ```
//! Lines are filled up with infinity, which is below nothing. For many rows at once the same
//! thresholds lie in the order of a binary search (`searches`).

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Loads of whole lines.
mod avx2;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Loads of whole lines.
mod avx512;
#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code)] // Loads of whole lines.
mod neon;

use crate::trees::{Branch, Trees};

/// Thresholds of a feature; ranks end at as many, and 255 is NaN's.
const THRESHOLDS_MAX: usize = 254;
/// The rank of NaN where it takes the false child: above every threshold's.
const NAN_HIGH: u8 = 255;
/// Floats of a line.
const LINE: usize = 16;
/// Sources whose ranks fill a word.
const EIGHT: usize = 8;

/// Sixteen floats: one vector of the widest kind.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [f32; LINE]);

/// Ranks of rows of up to `64 * K` slots.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Slots<const K: usize>(pub(super) [[u8; 64]; K]);

/// The ranks of many rows in one slot.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Column<const ROWS: usize>(pub(super) [u8; ROWS]);

/// Thresholds of all features that branches read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ranks {
    /// The first slots, in the order of features.
    sources: Vec<Source>,
    /// The slots behind them: which source each repeats, with NaN low.
    twins: Vec<u8>,
    lines: Vec<Line>,
    eights: Vec<Eight>,
    /// Whether the sources' features are the row's first ones, in order.
    front: bool,
    /// The least number of columns that a row must have.
    width: usize,
    /// Which sources have `NAN_HIGH` for NaN, 64 to a word.
    nan_high: Vec<u64>,
    /// The thresholds of each source as a complete search tree, level by level from entry 1 on.
    searches: Vec<Line>,
    /// The sorted thresholds, one list a source.
    sorted: Vec<Vec<f32>>,
}

/// What eight sources of one row are looked up in, the same for all of them so that no branch is
/// needed. Behind the last source, lanes repeat one and find 0.
#[derive(Debug, Clone, PartialEq)]
struct Eight {
    features: [u32; EIGHT],
    /// The line of a source's pivots in `Ranks::lines`; its thresholds follow.
    first: [u32; EIGHT],
}

/// Where a slot's rank comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Source {
    feature: u32,
    /// The feature's first line, that of its pivots.
    first: u32,
    /// The first line of its search, and the number of levels; only AVX-512 searches.
    search: u32,
    levels: u32,
    /// The rank of NaN.
    nan: u8,
}

// === impl Ranks ===

impl Ranks {
    /// Refuses more slots than `slots`.
    pub(super) fn compile(trees: &Trees, slots: usize) -> Option<Ranks> {
        let branches = trees.trees.iter().flat_map(|tree| &tree.branches);
        let mut read: Vec<&Branch> = branches.collect();
        read.sort_unstable_by(|a, b| {
            a.feature.cmp(&b.feature).then(a.threshold.total_cmp(&b.threshold))
        });
        let mut out = Ranks {
            sources: Vec::new(),
            twins: Vec::new(),
            lines: Vec::new(),
            eights: Vec::new(),
            front: true,
            width: 0,
            nan_high: Vec::new(),
            searches: Vec::new(),
            sorted: Vec::new(),
        };
        for of_feature in read.chunk_by(|a, b| a.feature == b.feature) {
            let mut thresholds: Vec<f32> =
                of_feature.iter().map(|branch| branch.threshold).collect();
            // Zeros of both signs are one threshold.
            thresholds.dedup();
            if thresholds.len() > THRESHOLDS_MAX || out.sources.len() >= slots {
                return None;
            }
            let low = of_feature.iter().any(|branch| branch.nan_yes);
            let high = of_feature.iter().any(|branch| !branch.nan_yes);
            if low && high {
                out.twins.push(u8::try_from(out.sources.len()).ok()?);
            }
            out.source(of_feature[0].feature, if high { NAN_HIGH } else { 0 }, &thresholds);
            out.sorted.push(thresholds);
        }
        out.look_up();
        (out.sources.len() + out.twins.len() <= slots).then_some(out)
    }

    fn source(&mut self, feature: u32, nan: u8, thresholds: &[f32]) {
        let first = self.lines.len() as u32;
        let lines: Vec<Line> = thresholds.chunks(LINE).map(Line::of).collect();
        let last: Vec<f32> = lines.iter().map(|line| line.0[LINE - 1]).collect();
        // The last line has none before it to be told from.
        self.lines.push(Line::of(&last[..last.len() - 1]));
        self.lines.extend(lines);
        let search = self.searches.len() as u32;
        let levels = (thresholds.len() + 1).next_power_of_two().trailing_zeros();
        self.searches.extend(by_levels(thresholds, levels).chunks(LINE).map(Line::of));
        self.sources.push(Source { feature, first, search, levels, nan });
    }

    /// Fills what one row is looked up in.
    fn look_up(&mut self) {
        // Lines for sources without pivots, and for lanes without a source.
        let none = self.lines.len() as u32;
        self.lines.extend([Line::of(&[]); 2]);
        for sources in self.sources.chunks(EIGHT) {
            let mut eight = Eight { features: [sources[0].feature; EIGHT], first: [none; EIGHT] };
            for (lane, source) in sources.iter().enumerate() {
                eight.features[lane] = source.feature;
                eight.first[lane] = source.first;
            }
            self.eights.push(eight);
        }
        for (at, source) in self.sources.iter().enumerate() {
            self.front &= source.feature as usize == at;
            self.width = self.width.max(source.feature as usize + 1);
            if at % 64 == 0 {
                self.nan_high.push(0);
            }
            self.nan_high[at / 64] |= u64::from(source.nan == NAN_HIGH) << (at % 64);
        }
    }

    /// The number of slots.
    pub(super) fn slots(&self) -> usize {
        self.sources.len() + self.twins.len()
    }

    /// The slot and the rank that a branch compares with: it takes its false child where the slot's
    /// rank is above.
    pub(super) fn of(&self, branch: &Branch) -> (u8, u8) {
        let source = self.sources.partition_point(|source| source.feature < branch.feature);
        let rank = self.sorted[source].partition_point(|t| *t < branch.threshold) as u8;
        let slot = match self.twins.binary_search(&(source as u8)) {
            Ok(twin) if branch.nan_yes => self.sources.len() + twin,
            _ => source,
        };
        (slot as u8, rank)
    }

    pub(super) fn bytes(&self) -> usize {
        let sorted: usize = self.sorted.iter().map(|list| size_of_val(&list[..])).sum();
        size_of_val(&self.lines[..])
            + size_of_val(&self.eights[..])
            + size_of_val(&self.nan_high[..])
            + size_of_val(&self.searches[..])
            + size_of_val(&self.sources[..])
            + sorted
    }

    /// The slots that repeat a source with NaN low.
    fn fill_twins(&self, ranks: &mut [u8]) {
        let (sources, twins) = ranks.split_at_mut(self.sources.len());
        for (twin, &source) in twins.iter_mut().zip(&self.twins) {
            let rank = sources[usize::from(source)];
            *twin = if rank == NAN_HIGH { 0 } else { rank };
        }
    }
}

/// Sorted thresholds as a complete search tree: the children of entry `i` are `2 i` and `2 i + 1`.
/// What is behind the last threshold is infinity.
fn by_levels(sorted: &[f32], levels: u32) -> Vec<f32> {
    let mut tree = vec![f32::INFINITY; 1 << levels];
    for level in 0..levels {
        let below = 1 << (levels - level);
        for at in 0..1_usize << level {
            let place = at * below + below / 2 - 1;
            tree[(1 << level) + at] = sorted.get(place).copied().unwrap_or(f32::INFINITY);
        }
    }
    tree
}

// === impl Line ===

impl Line {
    /// Up to sixteen floats, and infinity.
    pub(super) fn of(floats: &[f32]) -> Line {
        let mut line = Line([f32::INFINITY; LINE]);
        line.0[..floats.len()].copy_from_slice(floats);
        line
    }
}

// === impl Slots ===

impl<const K: usize> Slots<K> {
    /// Slots that no branch reads.
    pub(super) const ZERO: Slots<K> = Slots([[0; 64]; K]);

    fn flat(&mut self) -> &mut [u8] {
        self.0.as_flattened_mut()
    }
}

#[cfg(test)]
#[allow(unsafe_code)] // Calls that the processor has been looked at for.
mod tests;
