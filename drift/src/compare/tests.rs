//! Comparisons of files: golden vectors of the tools, what is left out and why, both reports.
//!
//! The vectors are NumPy 2.4.6's and SciPy 1.17.1's, by the formulas in the tools' sources;
//! `acceptance/test_drift_compat.py` asks the tools themselves.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use statrs::distribution::{ContinuousCDF, Normal};
use tempfile::TempDir;

use super::{Comparison, Tool, Wanted, compare};
use crate::{Error, Table};

/// The `n` midpoints of the normal quantile function: a sample without chance.
fn normal_grid(n: u32) -> Vec<f64> {
    let normal = Normal::new(0.0, 1.0).unwrap();
    (1..=n).map(|i| normal.inverse_cdf((f64::from(i) - 0.5) / f64::from(n))).collect()
}

fn parquet(folder: &TempDir, name: &str, values: &[f64]) -> Table {
    let path = folder.path().join(name);
    let column: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
    let batch = RecordBatch::try_from_iter([("x", column)]).unwrap();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    Table::open(&path).unwrap()
}

fn csv(folder: &TempDir, name: &str, text: &str) -> Table {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    Table::open(&path).unwrap()
}

fn by(tool: Tool) -> Wanted {
    Wanted { tool: Some(tool), ..Wanted::default() }
}

/// One number of the first column.
fn value(comparison: &Comparison, metric: &str) -> f64 {
    let measures = &comparison.columns[0].measures;
    measures.iter().find(|measure| measure.name == metric).unwrap().value.unwrap()
}

#[track_caller]
fn close(got: f64, expected: f64) {
    assert!((got - expected).abs() <= 1e-6, "{got}, expected {expected}");
}

#[test]
fn heavy_tails_hide_from_equal_widths() {
    let folder = TempDir::new().unwrap();
    let grow =
        |n, mu: f64| -> Vec<f64> { normal_grid(n).iter().map(|z| (mu + 2.0 * z).exp()).collect() };
    let baseline = parquet(&folder, "a.parquet", &grow(50_000, 0.0));
    // Evidently's PSI, Azure's PSI and JS, Evidently's Wasserstein, the exact D.
    let cases = [
        (0.5, [0.003_797, 0.002_137, 0.018_868, 0.104_176, 0.099_510]),
        (1.0, [0.007_500, 0.005_277, 0.029_274, 0.276_759, 0.197_440]),
        (1.5, [0.015_104, 0.008_480, 0.035_826, 0.561_301, 0.292_370]),
    ];
    for (mu, [evidently, psi, js, far, d]) in cases {
        let current = parquet(&folder, "b.parquet", &grow(20_000, mu));
        let found = compare(&baseline, &current, &by(Tool::Evidently)).unwrap();
        close(value(&found, "psi"), evidently);
        close(value(&found, "wasserstein"), far);
        let wanted = Wanted { exact: true, ..by(Tool::Azure) };
        let found = compare(&baseline, &current, &wanted).unwrap();
        close(value(&found, "PopulationStabilityIndex"), psi);
        close(value(&found, "JensenShannonDistance"), js);
        close(value(&found, "exact_ks"), d);
    }
}

#[test]
fn one_bad_row_silences_equal_widths() {
    let folder = TempDir::new().unwrap();
    let baseline = parquet(&folder, "a.parquet", &normal_grid(50_000));
    let shifted: Vec<f64> = normal_grid(20_000).iter().map(|z| z + 0.5).collect();
    // Evidently's PSI and JS, Azure's PSI, JS and Wasserstein.
    let cases = [
        (None, [0.246_025, 0.172_466, 0.242_727, 0.206_595, 0.500_002]),
        (Some(100.0), [0.108_333, 0.102_638, 0.034_075, 0.075_884, 0.504_774]),
        (Some(1e4), [0.023_249, 0.004_163, 0.000_513, 0.005_000, 0.999_775]),
    ];
    for (wild, [evidently, nats, psi, js, far]) in cases {
        let mut values = shifted.clone();
        if let Some(wild) = wild {
            *values.last_mut().unwrap() = wild;
        }
        let current = parquet(&folder, "b.parquet", &values);
        let found = compare(&baseline, &current, &by(Tool::Evidently)).unwrap();
        close(value(&found, "psi"), evidently);
        close(value(&found, "jensenshannon"), nats);
        let found = compare(&baseline, &current, &by(Tool::Azure)).unwrap();
        close(value(&found, "PopulationStabilityIndex"), psi);
        close(value(&found, "JensenShannonDistance"), js);
        close(value(&found, "NormalizedWassersteinDistance"), far);
        // Bins of the reference alone do not move.
        let found = compare(&baseline, &current, &by(Tool::NannyMl)).unwrap();
        close(value(&found, "jensen_shannon"), 0.207_067);
    }
}

#[test]
fn empty_categories_as_each_fills_them() {
    let folder = TempDir::new().unwrap();
    let rows = |counts: [usize; 4]| {
        let mut text = "k\n".to_owned();
        for (word, count) in ["a", "b", "c", "d"].iter().zip(counts) {
            (0..count).for_each(|_| writeln!(text, "{word}").unwrap());
        }
        text
    };
    let baseline = csv(&folder, "a.csv", &rows([500, 300, 200, 0]));
    let current = csv(&folder, "b.csv", &rows([200, 150, 100, 50]));
    let azure = compare(&baseline, &current, &by(Tool::Azure)).unwrap();
    close(value(&azure, "PopulationStabilityIndex"), 0.485_455_192);
    close(value(&azure, "JensenShannonDistance"), 0.232_412_937);
    let evidently = compare(&baseline, &current, &by(Tool::Evidently)).unwrap();
    close(value(&evidently, "psi"), 0.712_399_108);
    close(value(&evidently, "jensenshannon"), 0.193_496_462);
    let nannyml = compare(&baseline, &current, &by(Tool::NannyMl)).unwrap();
    close(value(&nannyml, "jensen_shannon"), 0.232_412_937);
    close(value(&nannyml, "l_infinity"), 0.1);
}

#[test]
fn azure_drops_rows_whole_and_the_others_do_not() {
    let folder = TempDir::new().unwrap();
    let baseline = csv(&folder, "a.csv", "x,y\n1,0.5\n2,\n3,0.5\n,0.5\n5,0.25\n");
    let current = csv(&folder, "b.csv", "x,y\n1,0.5\n2,0.75\n3,0.5\n");
    let azure = compare(&baseline, &current, &by(Tool::Azure)).unwrap();
    assert_eq!((azure.baseline.dropped, azure.current.dropped), (2, 0));
    assert_eq!((azure.columns[0].baseline.rows, azure.columns[0].baseline.missing), (3, 0));
    let only_x = Wanted { columns: Some(vec!["x".to_owned()]), ..by(Tool::Azure) };
    let azure = compare(&baseline, &current, &only_x).unwrap();
    assert_eq!((azure.baseline.dropped, azure.columns.len()), (1, 1));
    let evidently = compare(&baseline, &current, &by(Tool::Evidently)).unwrap();
    assert_eq!(evidently.baseline.dropped, 0);
    assert_eq!((evidently.columns[1].baseline.rows, evidently.columns[1].baseline.missing), (5, 1));
}

#[test]
fn what_is_left_out_is_named() {
    let folder = TempDir::new().unwrap();
    let head = "x,words,day,gone,free,none\n";
    let baseline =
        csv(&folder, "a.csv", &format!("{head}1,a,2026-01-01,1,p,1\n2,b,2026-01-01,1,q,\n"));
    let head = "x,words,day,new,free,none\n";
    let current =
        csv(&folder, "b.csv", &format!("{head}1,5,2026-01-01,1,r,\n2,6,2026-01-01,1,s,\n"));
    let found = compare(&baseline, &current, &by(Tool::Evidently)).unwrap();
    let why = |column: &str| {
        let left = found.left_out.iter().find(|left| left.column == column);
        left.map(|left| left.why.as_str()).unwrap_or_default()
    };
    assert_eq!(why("gone"), "only in the baseline");
    assert_eq!(why("new"), "only in the current table");
    assert_eq!(why("words"), "Utf8 in the baseline, Int64 in the current table");
    assert!(why("day").contains("neither numbers nor texts"), "{}", why("day"));
    assert!(why("free").contains("free text"), "{}", why("free"));
    assert_ne!(why("none"), "");
    assert_eq!(found.columns.len(), 1);
    // What one of two has nothing to say of is named beside what the other says.
    let wanted = Wanted { exact: true, ..by(Tool::Azure) };
    let baseline = csv(&folder, "a.csv", "n\n1\n2\n");
    let current = csv(&folder, "b.csv", "n\n1.5\n2.5\n");
    let found = compare(&baseline, &current, &wanted).unwrap();
    close(value(&found, "exact_wasserstein"), 0.5);
    assert_eq!((found.columns.len(), found.left_out.len(), found.drift()), (1, 1, None));
}

#[test]
fn a_column_that_is_not_there_is_an_error_with_its_file() {
    let folder = TempDir::new().unwrap();
    let baseline = csv(&folder, "a.csv", "x\n1\n");
    let current = csv(&folder, "b.csv", "y\n1\n");
    let wanted = Wanted { columns: Some(vec!["x".to_owned()]), ..by(Tool::Azure) };
    let error = compare(&baseline, &current, &wanted).unwrap_err();
    assert!(
        matches!(&error, Error::File { path, why }
        if path.ends_with("b.csv") && why == "no column `x`"),
        "{error}"
    );
}

#[test]
fn both_reports_say_the_same() {
    let folder = TempDir::new().unwrap();
    let baseline = csv(&folder, "a.csv", "k,z\nyes,0\nno,0\nyes,0\nno,0\n");
    let current = csv(&folder, "b.csv", "k,z\nyes,7\nyes,7\n");
    let found = compare(&baseline, &current, &by(Tool::Evidently)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&found.to_json()).unwrap();
    assert_eq!(json["format"], "skeg-drift-comparison/1");
    assert_eq!((&json["tool"], &json["tool_version"]), (&"evidently".into(), &"0.7.23".into()));
    assert_eq!((&json["drift"], found.drift()), (&true.into(), Some(true)));
    let column = &json["columns"][1];
    assert_eq!((&column["column"], &column["kind"]), (&"z".into(), &"categorical".into()));
    let decides = |metric: &&serde_json::Value| metric["decides"] == true;
    let chosen = column["metrics"].as_array().unwrap().iter().find(decides).unwrap();
    assert_eq!((&chosen["metric"], &chosen["drift_if"]), (&"z".into(), &"<".into()));
    assert_eq!((&chosen["threshold"], &chosen["drift"]), (&0.05.into(), &true.into()));
    let table = found.table();
    let line = table.lines().find(|line| line.contains("z *") && line.contains("drift"));
    assert!(line.is_some(), "{table}");
    assert!(table.ends_with("verdict: drift: 1 of 2 columns\n"), "{table}");
}

#[test]
fn nothing_but_exact_distances_decides_nothing() {
    let folder = TempDir::new().unwrap();
    let baseline = csv(&folder, "a.csv", "x,k\n0,a\n1,a\n3,a\n");
    let current = csv(&folder, "b.csv", "x,k\n5,a\n6,a\n8,a\n");
    let wanted = Wanted { exact: true, ..Wanted::default() };
    let found = compare(&baseline, &current, &wanted).unwrap();
    close(value(&found, "exact_wasserstein"), 5.0);
    close(value(&found, "exact_ks"), 1.0);
    assert_eq!(found.drift(), None);
    assert_eq!(found.left_out[0].column, "k");
    assert!(!found.table().contains("verdict"), "{}", found.table());
}
