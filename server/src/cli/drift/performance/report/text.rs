//! The report as aligned plain text.
//!
//! ```text
//! endpoint   fraud
//! window     2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z
//! task       binary by out.p, positive from 0.5
//! reference  train.parquet: 5000 rows of p and label, calibrated
//!
//! green fraud:1: 900 rows, 800 with a label
//! METRIC    LABELLED  ESTIMATED  BAND
//! accuracy  0.9812    0.9799     0.9712 to 0.9886
//! concept drift, over 800 errors in the order of time
//!   ADWIN         2026-01-01T10:00:00.000123Z
//!   Page-Hinkley  none
//!   DDM           none, warnings none
//! ```

use super::{
    BinaryReport, ClassesReport, ConceptDrift, EstimateReport, EstimatesReport, Metrics,
    RegressionReport, Report, SeatReport,
};
use crate::cli::table::{plain, table};

/// Times that are shown of one detector.
const TIMES: usize = 5;
/// Classes that are shown.
const CLASSES: usize = 20;
/// Most classes whose confusion matrix is shown.
const MATRIX: usize = 10;

pub(super) fn write(report: &Report) -> String {
    let mut lines = head(report);
    for seat in &report.deployments {
        lines.push(String::new());
        of_seat(seat, &report.columns, &mut lines);
    }
    if report.rows == 0 {
        lines.push("rows       none in this window".to_owned());
    } else if report.labelled == 0 {
        lines.push(String::new());
        lines.push("no row of this window has a label".to_owned());
    }
    lines.join("\n")
}

fn head(report: &Report) -> Vec<String> {
    let Report { endpoint, window, task, columns, .. } = report;
    let mut how = format!("{task} by {}", plain(&columns.join(", ")));
    if let Some(threshold) = report.threshold {
        how += &format!(", positive from {threshold}");
    }
    if let Some(positive) = &report.positive {
        how += &format!(", positive label {}", plain(positive));
    }
    let mut lines = vec![
        format!("endpoint   {endpoint}"),
        format!("window     {} to {}", window.start, window.end),
        format!("task       {how}"),
    ];
    if let Some(of) = &report.reference {
        let calibrated = if of.calibrated { "calibrated" } else { "scores taken as they are" };
        lines.push(plain(&format!(
            "reference  {}: {} rows of {} and {}{}, {calibrated}",
            of.file,
            of.rows,
            of.score,
            of.label,
            left_out(of.unusable),
        )));
    }
    lines
}

fn of_seat(seat: &SeatReport, columns: &[String], lines: &mut Vec<String>) {
    let SeatReport { deployment, model, version, rows, labelled, .. } = seat;
    let unusable = match &seat.metrics {
        Metrics::Binary(BinaryReport { unusable, .. })
        | Metrics::Classes(ClassesReport { unusable, .. })
        | Metrics::Regression(RegressionReport { unusable, .. }) => *unusable,
    };
    let left_out = left_out(unusable);
    lines.push(format!(
        "{deployment} {model}:{version}: {rows} rows, {labelled} with a label{left_out}"
    ));
    if seat.said == 0 {
        lines.push(plain(&format!("none has a value in {}", columns.join(" or "))));
        return;
    }
    match &seat.metrics {
        Metrics::Binary(of) => binary(of, seat.estimates.as_ref(), lines),
        Metrics::Classes(of) => classes(of, lines),
        Metrics::Regression(of) => {
            let all =
                [("MAE", of.mae), ("RMSE", of.rmse), ("mean error", of.mean_error), ("R2", of.r2)];
            lines.push(metrics(&all));
        }
    }
    concept_drift(&seat.concept_drift, lines);
}

/// `, N of them of no use`, where there are any.
fn left_out(unusable: u64) -> String {
    if unusable == 0 { String::new() } else { format!(", {unusable} more that cannot be used") }
}

fn metrics(all: &[(&str, Option<f64>)]) -> String {
    let row = |(name, value): &(&str, Option<f64>)| vec![(*name).to_owned(), number(*value)];
    table(&["METRIC", "LABELLED"], &all.iter().map(row).collect::<Vec<_>>())
}

fn binary(of: &BinaryReport, estimates: Option<&EstimatesReport>, lines: &mut Vec<String>) {
    let all = [
        ("accuracy", of.accuracy, estimates.map(|of| of.accuracy)),
        ("precision", of.precision, estimates.map(|of| of.precision)),
        ("recall", of.recall, estimates.map(|of| of.recall)),
        ("specificity", of.specificity, estimates.map(|of| of.specificity)),
        ("F1", of.f1, estimates.map(|of| of.f1)),
        ("ROC AUC", of.roc_auc, estimates.map(|of| of.roc_auc)),
        ("log loss", of.log_loss, None),
        ("Brier", of.brier, None),
        ("calibration error", of.expected_calibration_error, None),
    ];
    if let Some(estimates) = estimates {
        let row = |(name, value, estimate): (&str, _, Option<Option<EstimateReport>>)| {
            let mut cells = vec![name.to_owned(), number(value)];
            cells.extend(estimate.map_or([String::new(), String::new()], estimated));
            cells
        };
        let headings = ["METRIC", "LABELLED", "ESTIMATED", "BAND"];
        lines.push(table(&headings, &all.map(row)));
        let left_out = left_out(estimates.unusable);
        lines.push(format!("estimated over {} rows{left_out}", estimates.rows));
    } else {
        lines.push(metrics(&all.map(|(name, value, _)| (name, value))));
    }
    let of = &of.confusion;
    lines.push(format!(
        "confusion: {} true positive, {} false positive, {} false negative, {} true negative",
        of.true_positive, of.false_positive, of.false_negative, of.true_negative,
    ));
}

fn estimated(of: Option<EstimateReport>) -> [String; 2] {
    let band = of.and_then(|of| of.low.zip(of.high));
    let band = band.map(|(low, high)| format!("{} to {}", number(Some(low)), number(Some(high))));
    [number(of.map(|of| of.value)), band.unwrap_or_default()]
}

fn classes(of: &ClassesReport, lines: &mut Vec<String>) {
    lines.push(metrics(&[
        ("accuracy", of.accuracy),
        ("macro precision", of.macro_precision),
        ("macro recall", of.macro_recall),
        ("macro F1", of.macro_f1),
    ]));
    let row = |class: &super::ClassReport| {
        vec![
            class.name.clone(),
            class.labels.to_string(),
            class.predictions.to_string(),
            number(class.precision),
            number(class.recall),
            number(Some(class.f1)),
        ]
    };
    let rows: Vec<_> = of.classes.iter().take(CLASSES).map(row).collect();
    if rows.is_empty() {
        return;
    }
    let headings = ["CLASS", "LABELS", "PREDICTIONS", "PRECISION", "RECALL", "F1"];
    lines.push(table(&headings, &rows));
    if of.classes.len() > CLASSES {
        lines.push(format!("and {} more classes: --json", of.classes.len() - CLASSES));
    }
    if of.classes.len() <= MATRIX {
        let mut headings = vec!["LABEL \\ PREDICTION"];
        headings.extend(of.classes.iter().map(|class| class.name.as_str()));
        let row = |(class, counts): (&super::ClassReport, &Vec<u64>)| {
            let counts = counts.iter().map(u64::to_string);
            std::iter::once(class.name.clone()).chain(counts).collect()
        };
        let rows: Vec<_> = of.classes.iter().zip(&of.confusion).map(row).collect();
        lines.push(table(&headings, &rows));
    }
}

fn concept_drift(of: &ConceptDrift, lines: &mut Vec<String>) {
    if of.errors == 0 {
        lines.push("concept drift: no error to tell it by".to_owned());
        return;
    }
    lines.push(format!("concept drift, over {} errors in the order of time", of.errors));
    lines.push(format!("  ADWIN         {}", times(&of.adwin)));
    lines.push(format!("  Page-Hinkley  {}", times(&of.page_hinkley)));
    if let Some(ddm) = &of.ddm {
        let (drift, warnings) = (times(&ddm.drift), times(&ddm.warnings));
        lines.push(format!("  DDM           {drift}; warnings {warnings}"));
    }
}

fn times(all: &[String]) -> String {
    let shown = all.iter().take(TIMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => "none".to_owned(),
        found if found > TIMES => format!("{shown} and {} more", found - TIMES),
        _ => shown,
    }
}

/// Four digits after the point, or four in all where they would say nothing.
pub(super) fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value != 0.0 && !(1e-3..1e9).contains(&value.abs()) => {
            format!("{value:.3e}")
        }
        Some(value) => format!("{value:.4}"),
    }
}
