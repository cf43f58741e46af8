//! One column of one table, held whole: numbers in rising order, or how often each text occurs.

use std::collections::{BTreeMap, HashMap};

use arrow_schema::DataType;

use super::{MAX_TEXTS, Values};
use crate::distance::Bin;
use crate::error::Error;
use crate::table::Table;
use crate::{numbers, texts};

#[cfg(test)]
mod tests;

/// The values of a column, or of some rows of it.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) kind: DataType,
    pub(super) rows: u64,
    pub(super) missing: u64,
    pub(super) held: Held,
}

#[derive(Clone, Debug)]
pub(super) enum Held {
    /// Rising, without NaN.
    Numbers(Vec<f64>),
    /// How often each occurs.
    Texts(BTreeMap<String, u64>),
    /// More different ones than are counted.
    TooMany,
}

/// A column of a table. Of the rows with a true in `keep`, by place; of all without it.
pub(super) fn read(table: &Table, name: &str, keep: Option<&[bool]>) -> Result<Sample, Error> {
    let mut parts = parts(table, name, keep, u64::MAX)?;
    Ok(parts.pop().expect("a part for all rows, even of none"))
}

/// The same as samples of `size` rows each, in the order of the file; the last may have fewer, and
/// there is one at least.
pub(super) fn parts(
    table: &Table,
    name: &str,
    keep: Option<&[bool]>,
    size: u64,
) -> Result<Vec<Sample>, Error> {
    let field = table.schema().field_with_name(name);
    let kind = field.map_err(|_| Error::NoColumn(name.to_owned()))?.data_type().clone();
    let mut gather = Gather { size, ..Gather::default() };
    let mut places = 0usize..;
    let mut kept = || {
        let place = places.next();
        keep.is_none_or(|keep| place.and_then(|at| keep.get(at)).copied().unwrap_or(false))
    };
    for batch in table.batches(&[name])? {
        let batch = batch?;
        let array = batch.column(0);
        if numbers::is_number(&kind) {
            numbers::for_each(array, |value| {
                if kept() {
                    gather.number(value);
                }
            });
        } else {
            texts::for_each(array, |text| {
                if kept() {
                    gather.text(text);
                }
            });
        }
    }
    if gather.rows > 0 || gather.parts.is_empty() {
        gather.close();
    }
    let sample = |part: Part| part.sample(&kind);
    Ok(gather.parts.into_iter().map(sample).collect())
}

/// Parts on their way.
#[derive(Default)]
struct Gather {
    size: u64,
    rows: u64,
    open: Part,
    parts: Vec<Part>,
}

#[derive(Default)]
struct Part {
    rows: u64,
    missing: u64,
    numbers: Vec<f64>,
    texts: HashMap<String, u64>,
    too_many: bool,
}

// === impl Gather ===

impl Gather {
    fn number(&mut self, value: Option<f64>) {
        match value {
            Some(value) => self.open.numbers.push(value),
            None => self.open.missing += 1,
        }
        self.row();
    }

    fn text(&mut self, text: Option<&str>) {
        let part = &mut self.open;
        let Some(text) = text else {
            part.missing += 1;
            return self.row();
        };
        if let Some(count) = part.texts.get_mut(text) {
            *count += 1;
        } else if part.texts.len() < MAX_TEXTS {
            part.texts.insert(text.to_owned(), 1);
        } else {
            part.too_many = true;
        }
        self.row();
    }

    fn row(&mut self) {
        self.rows += 1;
        self.open.rows += 1;
        if self.rows == self.size {
            self.close();
        }
    }

    fn close(&mut self) {
        self.rows = 0;
        self.parts.push(std::mem::take(&mut self.open));
    }
}

// === impl Part ===

impl Part {
    fn sample(mut self, kind: &DataType) -> Sample {
        let held = if numbers::is_number(kind) {
            self.numbers.sort_unstable_by(f64::total_cmp);
            Held::Numbers(self.numbers)
        } else if self.too_many {
            Held::TooMany
        } else {
            Held::Texts(self.texts.into_iter().collect())
        };
        Sample { kind: kind.clone(), rows: self.rows, missing: self.missing, held }
    }
}

// === impl Sample ===

impl Sample {
    /// The numbers, or none of texts.
    pub(super) fn numbers(&self) -> &[f64] {
        match &self.held {
            Held::Numbers(numbers) => numbers,
            _ => &[],
        }
    }

    /// Rows with a value.
    pub(super) fn present(&self) -> u64 {
        self.rows - self.missing
    }

    /// Different values.
    pub(super) fn distinct(&self) -> usize {
        match &self.held {
            Held::Numbers(numbers) => numbers.chunk_by(|a, b| a == b).count(),
            Held::Texts(texts) => texts.len(),
            Held::TooMany => MAX_TEXTS + 1,
        }
    }

    /// What the report says of it.
    pub(super) fn values(&self) -> Values {
        let infinite = self.numbers().iter().filter(|v| v.is_infinite()).count() as u64;
        Values { rows: self.rows, missing: self.missing, infinite }
    }

    /// Whether pandas would hold the numbers as integers: it has no missing ones.
    pub(super) fn is_integers(&self) -> bool {
        self.kind.is_integer() && self.missing == 0
    }

    /// Whether NumPy would calculate its edges with 32 bits.
    pub(super) fn is_singles(&self) -> bool {
        self.kind == DataType::Float32
    }

    /// Infinite values taken for missing ones.
    pub(super) fn finite(mut self) -> Sample {
        if let Held::Numbers(numbers) = &mut self.held {
            let before = numbers.len();
            numbers.retain(|v| v.is_finite());
            self.missing += (before - numbers.len()) as u64;
        }
        self
    }
}

/// Of each different value of either side, in rising order, how often each side has it; the values
/// are numbers, or texts, on both.
pub(super) fn categories(baseline: &Sample, current: &Sample) -> Vec<Bin> {
    match (&baseline.held, &current.held) {
        (Held::Numbers(a), Held::Numbers(b)) => {
            let runs = |numbers: &[f64]| -> Vec<(f64, u64)> {
                let runs = numbers.chunk_by(|a, b| a == b);
                runs.map(|run| (run[0], run.len() as u64)).collect()
            };
            // By value: 0 and -0 are the same.
            merged(&runs(a), &runs(b), |x, y| x.partial_cmp(y).expect("no NaN is held"))
        }
        (Held::Texts(a), Held::Texts(b)) => {
            let (a, b): (Vec<_>, Vec<_>) = (listed(a).collect(), listed(b).collect());
            merged(&a, &b, Ord::cmp)
        }
        _ => Vec::new(),
    }
}

fn listed(texts: &BTreeMap<String, u64>) -> impl Iterator<Item = (&str, u64)> {
    texts.iter().map(|(text, count)| (text.as_str(), *count))
}

/// Both sides' counts by value, each side in rising order.
fn merged<T>(
    a: &[(T, u64)],
    b: &[(T, u64)],
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Vec<Bin> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let (mut i, mut j) = (0, 0);
    let mut bins = Vec::with_capacity(a.len().max(b.len()));
    while i < a.len() || j < b.len() {
        let side = match (a.get(i), b.get(j)) {
            (Some((x, _)), Some((y, _))) => order(x, y),
            (Some(_), None) => Less,
            (None, _) => Greater,
        };
        let mut bin = Bin { reference: 0, current: 0 };
        if matches!(side, Less | Equal) {
            bin.reference = a[i].1;
            i += 1;
        }
        if matches!(side, Greater | Equal) {
            bin.current = b[j].1;
            j += 1;
        }
        bins.push(bin);
    }
    bins
}
