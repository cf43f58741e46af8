//! What was counted, as parts of the report.

use drift::performance::{
    BinaryMetrics, CalibrationBin, ClassMetrics, ClassesMetrics, Confusion, Estimate, Estimates,
    RegressionMetrics,
};

use super::{
    BinReport, BinaryReport, ClassReport, ClassesReport, ConceptDrift, ConfusionReport, DdmReport,
    EstimateReport, EstimatesReport, ReferenceReport, RegressionReport, time,
};
use crate::cli::drift::performance::errors::Changes;
use crate::cli::drift::performance::reference::Reference;

// === impl ReferenceReport ===

impl From<&Reference> for ReferenceReport {
    fn from(of: &Reference) -> Self {
        ReferenceReport {
            file: of.file.clone(),
            score: of.score.clone(),
            label: of.label.clone(),
            rows: of.rows,
            unusable: of.unusable,
            calibrated: of.is_calibrated(),
        }
    }
}

// === impl BinaryReport ===

impl From<BinaryMetrics> for BinaryReport {
    fn from(of: BinaryMetrics) -> Self {
        let bins = of.calibration.bins.into_iter();
        let bin = |bin: CalibrationBin| BinReport {
            rows: bin.rows,
            mean_score: bin.mean_score,
            observed_rate: bin.observed_rate,
        };
        let confusion = ConfusionReport::from(of.confusion);
        BinaryReport {
            rows: of.rows,
            unusable: of.unusable,
            accuracy: of.rates.accuracy,
            precision: of.rates.precision,
            recall: of.rates.recall,
            specificity: of.rates.specificity,
            f1: of.rates.f1,
            roc_auc: of.roc_auc,
            log_loss: of.log_loss,
            brier: of.brier,
            expected_calibration_error: of.calibration.expected_error,
            // Counts of rows, whole and far below 2^53.
            confusion: ConfusionReport {
                true_positive: confusion.true_positive as u64,
                false_positive: confusion.false_positive as u64,
                false_negative: confusion.false_negative as u64,
                true_negative: confusion.true_negative as u64,
            },
            calibration: bins.map(bin).collect(),
        }
    }
}

// === impl ConfusionReport ===

impl From<Confusion> for ConfusionReport<f64> {
    fn from(of: Confusion) -> Self {
        let Confusion { true_positive, false_positive, false_negative, true_negative } = of;
        ConfusionReport { true_positive, false_positive, false_negative, true_negative }
    }
}

// === impl ClassesReport ===

impl ClassesReport {
    pub(super) fn new(of: ClassesMetrics, unusable: u64) -> Self {
        let class = |class: ClassMetrics| ClassReport {
            name: class.name,
            labels: class.labels,
            predictions: class.predictions,
            precision: class.precision,
            recall: class.recall,
            f1: class.f1,
        };
        ClassesReport {
            rows: of.rows,
            unusable,
            accuracy: of.accuracy,
            macro_precision: of.macro_precision,
            macro_recall: of.macro_recall,
            macro_f1: of.macro_f1,
            classes: of.classes.into_iter().map(class).collect(),
            confusion: of.confusion,
        }
    }
}

// === impl RegressionReport ===

impl From<RegressionMetrics> for RegressionReport {
    fn from(of: RegressionMetrics) -> Self {
        let RegressionMetrics { rows, unusable, mean_error, mae, rmse, r2, .. } = of;
        RegressionReport { rows, unusable, mae, rmse, mean_error, r2 }
    }
}

// === impl ConceptDrift ===

impl From<Changes> for ConceptDrift {
    fn from(of: Changes) -> Self {
        let times = |us: Vec<i64>| us.into_iter().map(time).collect();
        ConceptDrift {
            errors: of.errors,
            adwin: times(of.adwin),
            page_hinkley: times(of.page_hinkley),
            ddm: of
                .ddm
                .map(|ddm| DdmReport { drift: times(ddm.drift), warnings: times(ddm.warnings) }),
        }
    }
}

// === impl EstimatesReport ===

impl From<Estimates> for EstimatesReport {
    fn from(of: Estimates) -> Self {
        let one = |estimate: Option<Estimate>| {
            estimate.map(|Estimate { value, band }| {
                let (low, high) = band.unzip();
                EstimateReport { value, low, high }
            })
        };
        EstimatesReport {
            rows: of.rows,
            unusable: of.unusable,
            accuracy: one(of.accuracy),
            precision: one(of.precision),
            recall: one(of.recall),
            specificity: one(of.specificity),
            f1: one(of.f1),
            roc_auc: one(of.roc_auc),
            confusion: of.confusion.into(),
        }
    }
}
