//! What the values of a column are like, as far as its bins need it: a sample, the distinct values
//! while they are few, least, greatest, mean and spread; or each text and how often it comes.
//!
//! Memory is bounded whatever the rows: a sample of at most 65,536 numbers a column, 1,000 distinct
//! ones, 65,536 distinct texts; less of each with more than 64 columns.

use std::collections::{BinaryHeap, HashMap, HashSet};

use arrow_array::Array;
use arrow_schema::DataType;

use super::edges::{edges_of_distinct, edges_of_sample};
use super::{Bins, Categories, Numbers, Summary};
use crate::{numbers, texts};

/// Distinct numbers up to which each has a bin of its own.
pub(super) const DISTINCT_MAX: usize = 1000;
/// Texts that have a bin of their own.
const CATEGORIES_MAX: usize = 1000;
/// Distinct texts of a column, and of all columns, that are counted; those first met after so many
/// are among the others.
const TEXTS_MAX: usize = 1 << 16;
const ALL_TEXTS_MAX: usize = 1 << 22;
/// Bytes of a text that has a bin of its own; a longer one is among the others.
pub(super) const TEXT_BYTES_MAX: usize = 256;
/// Values in the sample of a column, and of all columns.
const SAMPLE_MAX: usize = 1 << 16;
const SAMPLES_MAX: usize = 1 << 22;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbers or truth values.
    Numbers,
    /// Texts.
    Texts,
}

/// How much is kept of a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Numbers in its sample: those of its rows with the smallest hashes of their place, which no
    /// pattern in the rows can meet, and of which a column with few values has all.
    numbers: usize,
    /// Distinct texts.
    texts: usize,
}

/// What is known of a column so far.
#[derive(Debug)]
pub(super) enum Learner {
    Numbers(Box<Seen>),
    Texts(Counted),
}

/// Numbers, none of them NaN.
#[derive(Debug)]
pub(super) struct Seen {
    room: usize,
    /// Hash of the row, and the value's bits.
    sample: BinaryHeap<(u64, u64)>,
    /// None once there are too many.
    distinct: Option<HashSet<u64>>,
    /// Finite values, and their mean and squared distances from it (Welford's recurrence).
    count: u64,
    min: f64,
    max: f64,
    mean: f64,
    squares: f64,
}

/// Texts.
#[derive(Debug)]
pub(super) struct Counted {
    room: usize,
    counts: HashMap<String, u64>,
}

// === impl Kind ===

impl Kind {
    /// What a column of that type holds; `None` for one that is not compared.
    pub(super) fn of(kind: &DataType) -> Option<Kind> {
        match kind {
            DataType::Boolean => Some(Kind::Numbers),
            kind if numbers::is_number(kind) => Some(Kind::Numbers),
            kind if texts::is_text(kind) => Some(Kind::Texts),
            _ => None,
        }
    }
}

// === impl Room ===

impl Room {
    /// For each of so many columns.
    pub(super) fn of_each(columns: usize) -> Room {
        let columns = columns.max(1);
        Room {
            numbers: (SAMPLES_MAX / columns).clamp(4096, SAMPLE_MAX),
            texts: (ALL_TEXTS_MAX / columns).clamp(CATEGORIES_MAX, TEXTS_MAX),
        }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every bit of the answer depends on
/// every bit of `row`.
fn scatter(row: u64) -> u64 {
    let z = row.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

// === impl Learner ===

impl Learner {
    pub(super) fn new(kind: Kind, room: Room) -> Learner {
        match kind {
            Kind::Numbers => Learner::Numbers(Box::new(Seen::new(room.numbers))),
            Kind::Texts => Learner::Texts(Counted { room: room.texts, counts: HashMap::new() }),
        }
    }

    /// Takes the values of an array whose first row has that number; false when it holds none of
    /// the kind.
    pub(super) fn add(&mut self, array: &dyn Array, first: u64) -> bool {
        let mut row = first;
        match self {
            Learner::Numbers(seen) => numbers::for_each(array, |value| {
                if let Some(value) = value {
                    // Adding 0 turns -0 into 0: one value, one bin.
                    seen.add(value + 0.0, row);
                }
                row += 1;
            }),
            Learner::Texts(counted) => texts::for_each(array, |text| {
                if let Some(text) = text {
                    counted.add(text);
                }
            }),
        }
    }

    pub(super) fn bins(self) -> Bins {
        match self {
            Learner::Numbers(seen) => Bins::Numbers(seen.bins()),
            Learner::Texts(counted) => Bins::Categories(counted.bins()),
        }
    }
}

// === impl Seen ===

impl Seen {
    fn new(room: usize) -> Seen {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        let (sample, distinct) = (BinaryHeap::new(), Some(HashSet::new()));
        Seen { room, sample, distinct, count: 0, min, max, mean: 0.0, squares: 0.0 }
    }

    fn add(&mut self, value: f64, row: u64) {
        if !value.is_finite() {
            return;
        }
        let hash = scatter(row);
        if self.sample.len() < self.room {
            self.sample.push((hash, value.to_bits()));
        } else if let Some(mut greatest) = self.sample.peek_mut()
            && hash < greatest.0
        {
            *greatest = (hash, value.to_bits());
        }
        if let Some(distinct) = &mut self.distinct {
            distinct.insert(value.to_bits());
            if distinct.len() > DISTINCT_MAX {
                self.distinct = None;
            }
        }
        self.count += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let apart = value - self.mean;
        self.mean += apart / self.count as f64;
        self.squares += apart * (value - self.mean);
    }

    fn bins(self) -> Numbers {
        if self.count == 0 {
            return Numbers::new(Vec::new(), false, None);
        }
        let is_distinct = self.distinct.is_some();
        let edges = match self.distinct {
            Some(distinct) => {
                let mut distinct: Vec<f64> = distinct.into_iter().map(f64::from_bits).collect();
                distinct.sort_unstable_by(f64::total_cmp);
                edges_of_distinct(&distinct)
            }
            None => {
                let sample = self.sample.into_iter().map(|(_, bits)| f64::from_bits(bits));
                let mut sample: Vec<f64> = sample.collect();
                sample.sort_unstable_by(f64::total_cmp);
                edges_of_sample(&sample, self.min, self.max)
            }
        };
        // Squares of values beyond 1e154 overflow: then the spread is as good as the range.
        let std = (self.squares / self.count.saturating_sub(1).max(1) as f64).sqrt();
        let finite = |number: f64, other: f64| if number.is_finite() { number } else { other };
        let Seen { min, max, .. } = self;
        let mean = finite(self.mean, min / 2.0 + max / 2.0);
        let std = finite(std, max / 2.0 - min / 2.0);
        Numbers::new(edges, is_distinct, Some(Summary { min, max, mean, std }))
    }
}

// === impl Counted ===

impl Counted {
    fn add(&mut self, text: &str) {
        if let Some(count) = self.counts.get_mut(text) {
            *count += 1;
        } else if self.counts.len() < self.room && text.len() <= TEXT_BYTES_MAX {
            self.counts.insert(text.to_owned(), 1);
        }
    }

    fn bins(self) -> Categories {
        let mut counts: Vec<(String, u64)> = self.counts.into_iter().collect();
        counts.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        counts.truncate(CATEGORIES_MAX);
        Categories::new(counts.into_iter().map(|(text, _)| text).collect())
    }
}

// === impl Bins ===

impl Bins {
    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        match self {
            Bins::Numbers(numbers) => numbers.edges.len() + 1,
            Bins::Categories(categories) => categories.names.len() + 1,
        }
    }
}
