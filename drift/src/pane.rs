//! Counters that a scoring thread fills, row by row: what one deployment saw in one minute.
//!
//! A [`Pane`] belongs to one thread: counting takes no lock and allocates nothing. The server hands
//! full panes to a thread that sums them ([`Sum`]) and writes the sums to the store (`file`); sums
//! of all replicas add up to a window (`sum`).
//!
//! Rows are counted before sampling: a pane has every one. Of a column under a privacy rule it has
//! no value.

use std::sync::Arc;

use collector::{Block, Kind, Values};

use crate::baseline::{Baseline, Bins, Categories, Numbers, beside};
use crate::profile::Range;

mod file;
mod sum;
mod traffic;

#[cfg(test)]
mod tests;

pub use file::{decode, encode};
pub use sum::{Key, Lines, Sum};
pub use traffic::{LATENCY_EDGES_US, Traffic};

/// Which of a model's tensors are counted, and as which columns. Made once for a deployment.
#[derive(Debug)]
pub struct Plan {
    baseline: Arc<Baseline>,
    /// For each column of each tensor, where it is counted.
    blocks: Vec<Vec<Place>>,
}

/// Where a column of a tensor is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nowhere: the baseline lacks it, or has it as another type.
    Nowhere,
    /// As the baseline's column of that number.
    Column(usize),
    /// The same, but its values are under a privacy rule: only that there were rows.
    Covered(usize),
}

/// What one thread counted of one deployment in one minute.
#[derive(Debug)]
pub struct Pane {
    plan: Arc<Plan>,
    /// Rows scored.
    rows: u64,
    /// 32 bits: a thread scores fewer rows in a minute.
    counters: Box<[u32]>,
    ranges: Box<[Range]>,
    /// Requests, their outcomes and latencies.
    pub traffic: Traffic,
}

// === impl Plan ===

impl Plan {
    /// How tensors of these columns are counted over a baseline; `blocks` names them as row files
    /// do. A column that the baseline lacks, or has as another type, is not counted; of one that is
    /// `covered`, no value is: bins and extremes of few rows would be values by another name.
    pub fn new(baseline: Arc<Baseline>, blocks: &[Block], covered: impl Fn(&str) -> bool) -> Plan {
        let place = |kind: Kind, name: &String| {
            let Some(place) = baseline.find(name) else { return Place::Nowhere };
            let is_text = matches!(baseline.columns()[place].bins(), Bins::Categories(_));
            match covered(name) {
                true => Place::Covered(place),
                false if is_text == (kind == Kind::Text) => Place::Column(place),
                false => Place::Nowhere,
            }
        };
        let columns = |block: &Block| {
            block.columns.iter().map(|name| place(block.kind, name)).collect::<Vec<_>>()
        };
        let blocks = blocks.iter().map(columns).collect();
        Plan { baseline, blocks }
    }

    /// What is counted over.
    pub fn baseline(&self) -> &Arc<Baseline> {
        &self.baseline
    }
}

// === impl Pane ===

impl Pane {
    /// Nothing counted yet.
    pub fn new(plan: &Arc<Plan>) -> Pane {
        let counters = vec![0; plan.baseline.counters()].into_boxed_slice();
        let ranges = vec![Range::NONE; plan.baseline.columns().len()].into_boxed_slice();
        Pane { plan: Arc::clone(plan), rows: 0, counters, ranges, traffic: Traffic::default() }
    }

    /// Counts `rows` rows; `values` are row-major, a tensor for each block of the plan.
    pub fn count(&mut self, rows: usize, values: &[Values<'_>]) {
        self.rows += rows as u64;
        let plan = Arc::clone(&self.plan);
        for (columns, values) in plan.blocks.iter().zip(values) {
            self.covered(columns, rows);
            match values {
                Values::Bool(v) => self.numbers(columns, v, |v| f64::from(u8::from(v))),
                Values::U8(v) => self.numbers(columns, v, f64::from),
                Values::U16(v) => self.numbers(columns, v, f64::from),
                Values::U32(v) => self.numbers(columns, v, f64::from),
                Values::U64(v) => self.numbers(columns, v, |v| v as f64),
                Values::I8(v) => self.numbers(columns, v, f64::from),
                Values::I16(v) => self.numbers(columns, v, f64::from),
                Values::I32(v) => self.numbers(columns, v, f64::from),
                Values::I64(v) => self.numbers(columns, v, |v| v as f64),
                Values::F32(v) => self.numbers(columns, v, f64::from),
                Values::F64(v) => self.numbers(columns, v, |v| v),
                Values::Text(v) => self.texts(columns, v),
            }
        }
    }

    fn covered(&mut self, columns: &[Place], rows: usize) {
        for place in columns {
            if let Place::Covered(place) = *place {
                let counters = &mut self.counters[self.plan.baseline.place(place)];
                let at = counters.len() - beside::ALL + beside::COVERED;
                counters[at] += rows as u32;
            }
        }
    }

    /// One tensor, a column after the other: its edges stay in the processor's cache.
    fn numbers<T: Copy>(&mut self, columns: &[Place], values: &[T], convert: impl Fn(T) -> f64) {
        let baseline = &self.plan.baseline;
        for (at, place) in columns.iter().enumerate() {
            let Place::Column(place) = *place else { continue };
            let Bins::Numbers(numbers) = baseline.columns()[place].bins() else { continue };
            let counters = &mut self.counters[baseline.place(place)];
            let range = &mut self.ranges[place];
            for value in values.iter().skip(at).step_by(columns.len()) {
                count_number(numbers, counters, range, convert(*value));
            }
        }
    }

    fn texts(&mut self, columns: &[Place], values: &[String]) {
        let baseline = &self.plan.baseline;
        for (at, place) in columns.iter().enumerate() {
            let Place::Column(place) = *place else { continue };
            let Bins::Categories(categories) = baseline.columns()[place].bins() else { continue };
            let counters = &mut self.counters[baseline.place(place)];
            for text in values.iter().skip(at).step_by(columns.len()) {
                count_text(categories, counters, text);
            }
        }
    }

    /// What it counts by.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Rows scored.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The counters that are not 0, with their places.
    fn counted(&self) -> impl Iterator<Item = (usize, u64)> {
        let counters = self.counters.iter().enumerate().filter(|(_, count)| **count > 0);
        counters.map(|(place, count)| (place, u64::from(*count)))
    }
}

#[inline]
fn count_number(numbers: &Numbers, counters: &mut [u32], range: &mut Range, value: f64) {
    let (bins, beside) = counters.split_at_mut(numbers.edges().len() + 1);
    if value.is_nan() {
        beside[beside::NANS] += 1;
        return;
    }
    bins[numbers.bin(value)] += 1;
    if value.is_finite() {
        range.take(value + 0.0);
    } else {
        beside[beside::INFINITE] += 1;
    }
}

#[inline]
fn count_text(categories: &Categories, counters: &mut [u32], text: &str) {
    counters[categories.bin(text)] += 1;
}
