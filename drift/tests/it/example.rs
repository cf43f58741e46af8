//! The repository's own example: held-out payments pass, inflated ones are drift.

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use bytes::Bytes;
use drift::report::Findings;
use drift::{
    Baseline, DeploymentProfile, Profile, Report, Rows, Table, Thresholds, Verdict, Window,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

const NOT_FEATURES: [&str; 3] = ["label", "merchant_category", "country"];

fn file(name: &str) -> Bytes {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/fraud");
    std::fs::read(folder.join(name)).unwrap().into()
}

fn batches(bytes: Bytes) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

fn baseline() -> Arc<Baseline> {
    let table = Table::of_bytes("baseline.parquet", file("baseline.parquet")).unwrap();
    let names = table.schema().fields().iter().map(|field| field.name().clone());
    let features: Vec<String> =
        names.filter(|name| !NOT_FEATURES.contains(&name.as_str())).collect();
    assert_eq!(features.len(), 20);
    let rows = Rows::of_table(&table);
    Arc::new(Baseline::build(&rows, Some(&features), &mut |_| {}).unwrap())
}

/// The report on the held-out rows, with `amount` multiplied by `inflation`.
fn report(inflation: f32) -> Report {
    let baseline = baseline();
    let mut profile = Profile::new(&baseline);
    for batch in batches(file("samples.parquet")) {
        let schema = batch.schema();
        let amount = schema.index_of("amount").unwrap();
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        let inflated = columns[amount].as_primitive::<Float32Type>().iter();
        columns[amount] =
            Arc::new(inflated.map(|v| v.map(|v| v * inflation)).collect::<Float32Array>());
        profile.fold(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
    }
    let green = DeploymentProfile {
        deployment: "green".to_owned(),
        model: "fraud".to_owned(),
        version: "1".to_owned(),
        rows: profile.rows(),
        files: 1,
        is_mirrored: false,
        profile: Some(profile),
        traffic: None,
    };
    let (endpoint, window, thresholds) = ("fraud", Window::ALL, Thresholds::default());
    let (deployments, comparisons) = (&[green][..], Vec::new());
    Report::new(&Findings { endpoint, window, thresholds, deployments, comparisons })
}

#[test]
fn held_out_payments_pass() {
    let report = report(1.0);
    assert_eq!(report.verdict(), Verdict::Ok, "{}", report.table());
}

#[test]
fn inflated_amounts_are_drift() {
    let report = report(3.0);
    let table = report.table();
    assert_eq!(report.verdict(), Verdict::Drift, "{table}");
    let drifting: Vec<&str> = table.lines().filter(|line| line.ends_with("  drift")).collect();
    assert!(matches!(drifting[..], [line] if line.starts_with("amount ")), "{table}");
}
