//! Rows with scores and labels, of a file: what CBPE expects of a model is learnt from them.

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use drift::Table;
use drift::performance::{BinaryTally, Cbpe};

use super::cells::{column, names, numbers};
use super::seat::positive_or_not;
use super::task::Task;
use crate::cli::progress::Progress;
use crate::failure::Failure;
use crate::labels;

#[cfg(test)]
mod tests;

/// What outputs are called by in rows; not so where they come from.
const OUTPUT: &str = "out.";

/// The file, learnt from.
#[derive(Debug)]
pub(super) struct Reference {
    /// As it was given.
    pub(super) file: String,
    /// Its column of scores.
    pub(super) score: String,
    /// Its column of labels.
    pub(super) label: String,
    /// Rows with a score and a label.
    pub(super) rows: u64,
    /// Rows left out.
    pub(super) unusable: u64,
    cbpe: Arc<Cbpe>,
}

// === impl Reference ===

impl Reference {
    /// Learns from a Parquet or CSV file.
    ///
    /// # Errors
    /// Code 64 for a task without a score from 0 to 1; code 1, with the name of the file, when it
    /// cannot be read, has no such column or no row that can be used.
    pub(super) fn read(file: &Path, label: &str, task: &Task) -> Result<Reference, Failure> {
        let Task::Binary { scores, threshold, positive } = task else {
            let why = format!("--task {} has no use for --reference", task.name());
            return Err(Failure::new(Failure::USAGE, why));
        };
        let failed = |why: &dyn std::fmt::Display| {
            let why = format!("--reference {}: {why}", file.display());
            Failure::new(Failure::FAILED, why)
        };
        // Its message has the file's name.
        let table = Table::open(file).map_err(|error| Failure::new(Failure::FAILED, error))?;
        let bare = scores.iter().filter_map(|score| score.strip_prefix(OUTPUT));
        let names: Vec<&str> = scores.iter().map(String::as_str).chain(bare).collect();
        let has = |name: &&str| table.schema().index_of(name).is_ok();
        let Some(found) = names.iter().copied().find(has) else {
            return Err(failed(&format!("no column `{}`", names.join("` or `"))));
        };
        let mut tally = BinaryTally::new(*threshold).map_err(|error| failed(&error))?;
        let mut progress = Progress::of_rows("reference", table.rows());
        for batch in table.batches(&[found, label]).map_err(|error| failed(&error))? {
            let batch = batch.map_err(|error| Failure::new(Failure::FAILED, error))?;
            let scores = numbers(&batch, &[found]).map_err(|why| failed(&why))?;
            let truths = truths(&batch, label, positive).map_err(|why| failed(&why))?;
            for (score, truth) in scores.into_iter().zip(truths) {
                tally.add(score, truth);
            }
            progress.add(batch.num_rows() as u64);
        }
        drop(progress);
        let metrics = tally.metrics();
        if metrics.rows == 0 {
            let why = format!(
                "no row with a score from 0 to 1 in `{found}` and a label of either class in \
                 `{label}`"
            );
            return Err(failed(&why));
        }
        Ok(Reference {
            file: file.display().to_string(),
            score: found.to_owned(),
            label: label.to_owned(),
            rows: metrics.rows,
            unusable: metrics.unusable,
            cbpe: Arc::new(Cbpe::fit(&tally).map_err(|error| failed(&error))?),
        })
    }

    /// What was learnt.
    pub(super) fn cbpe(&self) -> &Arc<Cbpe> {
        &self.cbpe
    }

    /// Whether scores are made other probabilities than they say.
    pub(super) fn is_calibrated(&self) -> bool {
        self.cbpe.calibration.is_some()
    }
}

/// A column of labels as 1 and 0, by the rules of posted labels; NaN for what is neither.
fn truths(batch: &RecordBatch, label: &str, positive: &Option<String>) -> Result<Vec<f64>, String> {
    let mut texts = Vec::with_capacity(batch.num_rows());
    // Truth values are words here, as they are when they are posted.
    if !drift::texts::for_each(column(batch, label)?, |text| texts.push(text.map(str::to_owned))) {
        texts = names(batch, &[label])?.into_iter().map(|name| name.map(|of| of.text)).collect();
    }
    let value = |text: &str| labels::number(text).unwrap_or(f64::NAN);
    let truth = |text: &str| positive_or_not(positive, text, value(text));
    Ok(texts.iter().map(|text| text.as_deref().map_or(f64::NAN, truth)).collect())
}
