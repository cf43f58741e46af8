//! What is said, as JSON of the format "skeg-performance/1". Keys are added, never renamed or
//! dropped. What is not defined for the rows is null; times are RFC 3339.

use drift::Window;
use jiff::Timestamp;
use serde::Serialize;

use super::reference::Reference;
use super::seat::{Seat, Seats};
use super::task::{Tally, Task};

mod made;
mod text;

#[cfg(test)]
mod tests;

const FORMAT: &str = "skeg-performance/1";

/// One endpoint over one window.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    format: &'static str,
    endpoint: String,
    window: WindowReport,
    /// As `--task` has it.
    task: &'static str,
    /// The columns that models are judged by; of each row the first that has a value.
    columns: Vec<String>,
    /// Binary only.
    threshold: Option<f64>,
    /// The label of the positive class, where one was named.
    positive: Option<String>,
    /// Null without one; so are all estimates.
    reference: Option<ReferenceReport>,
    /// Of all deployments.
    rows: u64,
    /// Those with a label.
    labelled: u64,
    /// By deployment, model and version.
    deployments: Vec<SeatReport>,
}

/// Half-open.
#[derive(Clone, Debug, Serialize)]
struct WindowReport {
    start: String,
    end: String,
}

#[derive(Clone, Debug, Serialize)]
struct ReferenceReport {
    file: String,
    score: String,
    label: String,
    rows: u64,
    unusable: u64,
    calibrated: bool,
}

/// One model version at one deployment.
#[derive(Clone, Debug, Serialize)]
struct SeatReport {
    deployment: String,
    model: String,
    version: String,
    rows: u64,
    /// Rows with a value in one of the columns.
    said: u64,
    /// Rows with a label.
    labelled: u64,
    /// Of rows with a label.
    metrics: Metrics,
    concept_drift: ConceptDrift,
    /// Of all rows.
    estimates: Option<EstimatesReport>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Metrics {
    Binary(BinaryReport),
    Classes(ClassesReport),
    Regression(RegressionReport),
}

#[derive(Clone, Debug, Serialize)]
struct BinaryReport {
    rows: u64,
    unusable: u64,
    accuracy: Option<f64>,
    precision: Option<f64>,
    recall: Option<f64>,
    specificity: Option<f64>,
    f1: Option<f64>,
    roc_auc: Option<f64>,
    log_loss: Option<f64>,
    brier: Option<f64>,
    expected_calibration_error: Option<f64>,
    confusion: ConfusionReport<u64>,
    /// By ten bins of the score, equally wide.
    calibration: Vec<BinReport>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct ConfusionReport<T> {
    true_positive: T,
    false_positive: T,
    false_negative: T,
    true_negative: T,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct BinReport {
    rows: u64,
    mean_score: Option<f64>,
    observed_rate: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
struct ClassesReport {
    rows: u64,
    unusable: u64,
    accuracy: Option<f64>,
    macro_precision: Option<f64>,
    macro_recall: Option<f64>,
    macro_f1: Option<f64>,
    classes: Vec<ClassReport>,
    /// Rows by label, then by prediction, in the order of `classes`.
    confusion: Vec<Vec<u64>>,
}

#[derive(Clone, Debug, Serialize)]
struct ClassReport {
    name: String,
    labels: u64,
    predictions: u64,
    precision: Option<f64>,
    recall: Option<f64>,
    f1: f64,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct RegressionReport {
    rows: u64,
    unusable: u64,
    mae: Option<f64>,
    rmse: Option<f64>,
    mean_error: Option<f64>,
    r2: Option<f64>,
}

/// Event times of the rows at which the errors changed.
#[derive(Clone, Debug, Serialize)]
struct ConceptDrift {
    errors: u64,
    adwin: Vec<String>,
    page_hinkley: Vec<String>,
    /// Null for regression.
    ddm: Option<DdmReport>,
}

#[derive(Clone, Debug, Serialize)]
struct DdmReport {
    drift: Vec<String>,
    warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct EstimatesReport {
    rows: u64,
    unusable: u64,
    accuracy: Option<EstimateReport>,
    precision: Option<EstimateReport>,
    recall: Option<EstimateReport>,
    specificity: Option<EstimateReport>,
    f1: Option<EstimateReport>,
    roc_auc: Option<EstimateReport>,
    /// Expected numbers of rows.
    confusion: ConfusionReport<f64>,
}

/// An estimate and what it may be by chance.
#[derive(Clone, Copy, Debug, Serialize)]
struct EstimateReport {
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
}

// === impl Report ===

impl Report {
    /// Says what was found.
    pub(super) fn new(
        endpoint: &str,
        window: Window,
        task: &Task,
        reference: Option<&Reference>,
        seats: Seats,
    ) -> Report {
        let seats = seats.into_seats();
        let deployments: Vec<SeatReport> =
            seats.map(|(of, seat)| SeatReport::new(of, seat, task)).collect();
        let (threshold, positive) = match task {
            Task::Binary { threshold, positive, .. } => (Some(*threshold), positive.clone()),
            Task::Classes { .. } | Task::Regression { .. } => (None, None),
        };
        Report {
            format: FORMAT,
            endpoint: endpoint.to_owned(),
            window: WindowReport { start: time(window.start()), end: time(window.end()) },
            task: task.name(),
            columns: task.judged().to_vec(),
            threshold,
            positive,
            reference: reference.map(ReferenceReport::from),
            rows: deployments.iter().map(|seat| seat.rows).sum(),
            labelled: deployments.iter().map(|seat| seat.labelled).sum(),
            deployments,
        }
    }

    /// For machines.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts, finite numbers and lists of them")
    }

    /// For people.
    pub(super) fn to_text(&self) -> String {
        text::write(self)
    }
}

// === impl SeatReport ===

impl SeatReport {
    fn new(
        (deployment, model, version): (String, String, String),
        seat: Seat,
        task: &Task,
    ) -> SeatReport {
        let Seat { rows, said, labelled, tally, errors, cbpe } = seat;
        let changes = errors.changes(!matches!(task, Task::Regression { .. }));
        SeatReport {
            deployment,
            model,
            version,
            rows,
            said,
            labelled,
            metrics: match tally {
                Tally::Binary(tally) => Metrics::Binary(tally.metrics().into()),
                Tally::Classes(tally, unusable) => {
                    Metrics::Classes(ClassesReport::new(tally.metrics(), unusable))
                }
                Tally::Regression(tally) => Metrics::Regression(tally.metrics().into()),
            },
            concept_drift: changes.into(),
            estimates: cbpe.map(|tally| tally.estimates().into()),
        }
    }
}

/// RFC 3339; event times are of the window, whose years are 1970 to 9998.
fn time(us: i64) -> String {
    Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |at| at.to_string())
}
