//! Metrics of a model that predicts numbers.
//!
//! [`RegressionTally`] takes the rows; the sums of two parts can be added, and then differ from
//! the sums of the whole by rounding only. Definitions are scikit-learn's.

#[cfg(test)]
mod tests;

/// Rows of one deployment and window, summed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegressionTally {
    rows: u64,
    unusable: u64,
    errors: f64,
    absolute: f64,
    squares: f64,
    label_mean: f64,
    /// Sum of squared deviations of the labels from their mean (Welford 1962).
    label_deviations: f64,
}

/// What the rows of a [`RegressionTally`] say. Errors are prediction less label, in the label's
/// unit; all are `None` without a row, or when they are too large for a float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegressionMetrics {
    /// Rows that the metrics are of.
    pub rows: u64,
    /// Rows left out: prediction or label is not finite, or a square is not.
    pub unusable: u64,
    /// Mean of the errors: above 0 when the model says too much.
    pub mean_error: Option<f64>,
    /// Mean absolute error.
    pub mae: Option<f64>,
    /// Mean squared error.
    pub mse: Option<f64>,
    /// Its square root.
    pub rmse: Option<f64>,
    /// 1 less the squared errors' share of the labels' squared deviations from their mean; 1 at
    /// best, below 0 when the labels' mean predicts better. `None` too when all labels are equal.
    pub r2: Option<f64>,
}

// === impl RegressionTally ===

impl RegressionTally {
    /// Adds a row.
    pub fn add(&mut self, prediction: f64, label: f64) {
        let error = prediction - label;
        let square = error * error;
        // A finite square has finite roots; NaN and infinity spread to it.
        if !square.is_finite() || !(label * label).is_finite() {
            self.unusable += 1;
            return;
        }
        self.rows += 1;
        self.errors += error;
        self.absolute += error.abs();
        self.squares += square;
        let apart = label - self.label_mean;
        self.label_mean += apart / self.rows as f64;
        self.label_deviations += apart * (label - self.label_mean);
    }

    /// Adds the rows of another part; the labels' deviations by Chan, Golub and LeVeque (1979).
    pub fn merge(&mut self, other: &Self) {
        self.unusable += other.unusable;
        if other.rows == 0 {
            return;
        }
        let rows = self.rows + other.rows;
        let share = other.rows as f64 / rows as f64;
        let apart = other.label_mean - self.label_mean;
        self.label_deviations += other.label_deviations + apart * apart * self.rows as f64 * share;
        self.label_mean += apart * share;
        self.rows = rows;
        self.errors += other.errors;
        self.absolute += other.absolute;
        self.squares += other.squares;
    }

    /// What the rows say.
    pub fn metrics(&self) -> RegressionMetrics {
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        let mean = |sum: f64| finite(sum / self.rows as f64);
        let mse = mean(self.squares);
        let r2 = (self.label_deviations > 0.0)
            .then(|| 1.0 - self.squares / self.label_deviations)
            .and_then(finite);
        RegressionMetrics {
            rows: self.rows,
            unusable: self.unusable,
            mean_error: mean(self.errors),
            mae: mean(self.absolute),
            mse,
            rmse: mse.map(f64::sqrt),
            r2,
        }
    }
}
