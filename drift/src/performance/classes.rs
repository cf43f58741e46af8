//! Metrics of a model of any number of classes: a predicted and a true class a row, by name.
//!
//! [`ClassTally`] takes the rows, and is the same whatever the order and the parts they come in.
//! Definitions are scikit-learn's with `zero_division=nan`, NaN being `None` here.

use std::collections::{BTreeMap, BTreeSet};

use crate::Error;
use crate::performance::confusion::share;

#[cfg(test)]
mod tests;

/// Distinct classes that a tally takes.
pub const MAX_CLASSES: usize = 256;
/// Bytes that the name of a class may have.
pub const MAX_NAME: usize = 256;

/// Rows of one deployment and window, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassTally {
    /// Rows by label, then by prediction.
    counts: BTreeMap<String, BTreeMap<String, u64>>,
    /// All names, of labels and of predictions.
    names: BTreeSet<String>,
}

/// What the rows of a [`ClassTally`] say.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassesMetrics {
    /// Rows.
    pub rows: u64,
    /// Share of rows whose prediction is their label. `None` without a row.
    pub accuracy: Option<f64>,
    /// Mean of the classes' precisions that are defined. `None` without a row.
    pub macro_precision: Option<f64>,
    /// Mean of the classes' recalls that are defined. `None` without a row.
    pub macro_recall: Option<f64>,
    /// Mean of the classes' F1. `None` without a row.
    pub macro_f1: Option<f64>,
    /// Each class, by name.
    pub classes: Vec<ClassMetrics>,
    /// Rows by label (outer) and prediction (inner), in the order of `classes`.
    pub confusion: Vec<Vec<u64>>,
}

/// One class against all others.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMetrics {
    /// Its name.
    pub name: String,
    /// Rows with it as label.
    pub labels: u64,
    /// Rows with it as prediction.
    pub predictions: u64,
    /// Share of those so predicted that are so. `None` where none was predicted so.
    pub precision: Option<f64>,
    /// Share of those labelled so that were so predicted. `None` where no label is so.
    pub recall: Option<f64>,
    /// 2 TP / (labels + predictions); 0 for a class never hit.
    pub f1: f64,
}

// === impl ClassTally ===

impl ClassTally {
    /// Adds a row.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] for a name over [`MAX_NAME`], or the first class over [`MAX_CLASSES`];
    /// the tally is then as before.
    pub fn add(&mut self, prediction: &str, label: &str) -> Result<(), Error> {
        self.add_rows(prediction, label, 1)
    }

    /// Adds the rows of another part.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] when both together have more than [`MAX_CLASSES`] classes; the tally
    /// is then as before.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        check_classes(self.names.union(&other.names).count())?;
        for (label, predictions) in &other.counts {
            for (prediction, rows) in predictions {
                self.add_rows(prediction, label, *rows)?;
            }
        }
        Ok(())
    }

    /// What the rows say.
    pub fn metrics(&self) -> ClassesMetrics {
        let classes: Vec<_> = self.names.iter().map(|name| self.class(name)).collect();
        let rows: u64 = classes.iter().map(|class| class.labels).sum();
        let hits: u64 = self.names.iter().map(|name| self.count(name, name)).sum();
        let row = |label: &String| self.names.iter().map(|said| self.count(label, said)).collect();
        ClassesMetrics {
            rows,
            accuracy: share(hits as f64, (rows - hits) as f64),
            macro_precision: mean(classes.iter().filter_map(|class| class.precision)),
            macro_recall: mean(classes.iter().filter_map(|class| class.recall)),
            macro_f1: mean(classes.iter().map(|class| class.f1)),
            confusion: self.names.iter().map(row).collect(),
            classes,
        }
    }

    fn add_rows(&mut self, prediction: &str, label: &str, rows: u64) -> Result<(), Error> {
        for name in [prediction, label] {
            if name.len() > MAX_NAME {
                let (got, max) = (name.len() as u64, MAX_NAME as u64);
                return Err(Error::TooLarge { what: "bytes of a class's name", got, max });
            }
        }
        let two = BTreeSet::from([prediction, label]);
        let new: Vec<_> = two.into_iter().filter(|name| !self.names.contains(*name)).collect();
        check_classes(self.names.len() + new.len())?;
        self.names.extend(new.into_iter().map(str::to_owned));
        *entry(entry(&mut self.counts, label), prediction) += rows;
        Ok(())
    }

    fn count(&self, label: &str, prediction: &str) -> u64 {
        self.counts.get(label).and_then(|row| row.get(prediction)).copied().unwrap_or(0)
    }

    fn class(&self, name: &str) -> ClassMetrics {
        let labels = self.counts.get(name).map_or(0, |row| row.values().sum());
        let predictions = self.counts.values().filter_map(|row| row.get(name)).sum();
        let hits = self.count(name, name);
        let of = |all: u64| share(hits as f64, (all - hits) as f64);
        ClassMetrics {
            name: name.to_owned(),
            labels,
            predictions,
            precision: of(predictions),
            recall: of(labels),
            // A class is known from a label or a prediction, so that the divisor is above 0.
            f1: 2.0 * hits as f64 / (labels + predictions) as f64,
        }
    }
}

/// The value under a name, made when it is not there; the name is copied only then.
fn entry<'a, V: Default>(map: &'a mut BTreeMap<String, V>, name: &str) -> &'a mut V {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), V::default());
    }
    map.get_mut(name).expect("it was there or has just been put there")
}

fn check_classes(classes: usize) -> Result<(), Error> {
    if classes <= MAX_CLASSES {
        return Ok(());
    }
    Err(Error::TooLarge { what: "classes", got: classes as u64, max: MAX_CLASSES as u64 })
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}
