//! From row files to a verdict: unshifted rows pass, shifted ones do not, none are too few.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float32Array, RecordBatch};
use drift::report::Findings;
use drift::window::{Baselines, profiles};
use drift::{Baseline, DeploymentProfile, Profile, Report, Thresholds, Verdict, Window};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::sample::{Dice, FEATURES, baseline, batch, names};
use crate::store::{HOUR, MIDNIGHT, Rows, Store};

fn baselines(versions: &[&str]) -> Baselines {
    let baseline = baseline(batch(10_000, &mut Dice::new(1)));
    // As the server has it: through the file.
    let baseline = Arc::new(Baseline::from_json(baseline.to_json().as_bytes()).unwrap());
    let key = |version: &&str| ("fraud".to_owned(), (*version).to_owned());
    versions.iter().map(|version| (key(version), Arc::clone(&baseline))).collect()
}

/// `count` rows from midnight on, a second apart; feature 0 is multiplied by `scale`.
fn rows(deployment: &'static str, version: &'static str, count: usize, scale: f32) -> Rows {
    let batch = batch(count, &mut Dice::new(2));
    let columns: Vec<_> = batch.columns().iter().map(|c| c.as_primitive::<Float64Type>()).collect();
    let mut values = Vec::with_capacity(count * FEATURES);
    for row in 0..count {
        for (feature, column) in columns.iter().enumerate() {
            let value = if column.is_valid(row) { column.value(row) as f32 } else { f32::NAN };
            values.push(if feature == 0 { value * scale } else { value });
        }
    }
    let (start, step) = (MIDNIGHT, 1_000_000);
    Rows { deployment, version, features: names(), values, start, step }
}

/// The same in 32-bit floats, as row files have them.
fn rounded(batch: &RecordBatch) -> RecordBatch {
    let round = |column: &ArrayRef| -> ArrayRef {
        let values = column.as_primitive::<Float64Type>().iter();
        Arc::new(values.map(|value| value.map(|v| v as f32)).collect::<Float32Array>())
    };
    let names = batch.schema_ref().fields().iter().map(|field| field.name().clone());
    let columns = names.zip(batch.columns()).map(|(name, column)| (name, round(column), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn window(start: i64, end: i64) -> Window {
    Window::new(start, end).unwrap()
}

async fn read(store: &Store, window: Window, baselines: &Baselines) -> Vec<DeploymentProfile> {
    profiles(Arc::clone(&store.store), "fraud", window, baselines).await.unwrap()
}

async fn report(store: &Store, window: Window, baselines: &Baselines) -> Report {
    let profiles = read(store, window, baselines).await;
    let (endpoint, thresholds) = ("fraud", Thresholds::default());
    let (deployments, comparisons) = (&profiles[..], Vec::new());
    Report::new(&Findings { endpoint, window, thresholds, deployments, comparisons })
}

#[tokio::test]
async fn rows_like_the_training_rows_pass() {
    let store = Store::new();
    store.write(&rows("green", "1", 4000, 1.0), 700, "a");
    let report = report(&store, Window::ALL, &baselines(&["1"])).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", report.table());
}

#[tokio::test]
async fn a_shifted_feature_is_flagged_and_no_other() {
    let store = Store::new();
    store.write(&rows("green", "1", 4000, 1.0), 700, "a");
    store.write(&rows("blue", "2", 500, 4.5), 700, "b");
    let report = report(&store, Window::ALL, &baselines(&["1", "2"])).await;
    let table = report.table();
    assert_eq!(report.verdict(), Verdict::Drift, "{table}");
    let drifting: Vec<&str> = table.lines().filter(|line| line.ends_with("  drift")).collect();
    assert!(matches!(drifting[..], [line] if line.starts_with("x0 ")), "{table}");
    assert!(table.contains("blue fraud:2: 500, baseline 10000, drift\n"), "{table}");
    assert!(table.contains("green fraud:1: 4000, baseline 10000, ok\n"), "{table}");
    assert!(table.ends_with("\nverdict: drift\n"), "{table}");
}

#[tokio::test]
async fn an_empty_window_is_too_little_data() {
    let store = Store::new();
    let everything = report(&store, Window::ALL, &baselines(&["1"])).await;
    assert_eq!(everything.verdict(), Verdict::InsufficientData);
    // The file covers the hour, the rows only its start.
    store.write(&rows("green", "1", 60, 1.0), 700, "a");
    let later = window(MIDNIGHT + HOUR / 2, MIDNIGHT + 2 * HOUR);
    let later = report(&store, later, &baselines(&["1"])).await;
    assert_eq!(later.verdict(), Verdict::InsufficientData);
    assert!(later.table().contains("none in this window"), "{}", later.table());
}

#[tokio::test]
async fn files_sum_to_what_one_pass_over_all_rows_counts() {
    let store = Store::new();
    let rows = rows("green", "1", 5000, 1.0);
    // 5000 seconds cross an hour; 700 rows a file.
    store.write(&rows, 700, "a");
    let baselines = baselines(&["1"]);
    let found = read(&store, Window::ALL, &baselines).await;
    let mut whole = Profile::new(&baselines[&("fraud".to_owned(), "1".to_owned())]);
    whole.fold(&rounded(&batch(5000, &mut Dice::new(2)))).unwrap();
    let [green] = &found[..] else { panic!("{found:?}") };
    assert!(green.files >= 8, "{} files", green.files);
    assert_eq!((green.deployment.as_str(), green.rows), ("green", 5000));
    // Row files have NaN for a value that is missing.
    let counts = |profile: &Profile| -> Vec<(Vec<u64>, u64)> {
        profile.columns().map(|(_, tally)| (tally.counts().to_vec(), tally.missing())).collect()
    };
    assert!(counts(green.profile.as_ref().unwrap()) == counts(&whole));
}

#[tokio::test(flavor = "current_thread")]
async fn windows_that_touch_share_no_row_and_miss_none() {
    let store = Store::new();
    store.write(&rows("green", "1", 5000, 1.0), 700, "a");
    let baselines = baselines(&["1"]);
    let at = |seconds: i64| MIDNIGHT + seconds * 1_000_000;
    let whole = read(&store, window(at(0), at(5000)), &baselines).await.remove(0);
    let mut sum: Option<Profile> = None;
    let mut counts = Vec::new();
    for (from, to) in [(0, 1), (1, 1234), (1234, 3600), (3600, 4999), (4999, 9000)] {
        let part = read(&store, window(at(from), at(to)), &baselines).await.remove(0);
        counts.push(part.rows);
        match &mut sum {
            Some(sum) => sum.merge(&part.profile.unwrap()).unwrap(),
            None => sum = part.profile,
        }
    }
    assert_eq!(counts, [1, 1233, 2366, 1399, 1]);
    assert_eq!(sum, whole.profile);
}

#[tokio::test]
async fn a_version_without_a_baseline_is_named() {
    let store = Store::new();
    store.write(&rows("green", "1", 3000, 1.0), 10_000, "a");
    store.write(&rows("blue", "2b", 17, 9.0), 10_000, "b");
    let report = report(&store, Window::ALL, &baselines(&["1"])).await;
    let table = report.table();
    assert_eq!(report.verdict(), Verdict::Ok, "{table}");
    let line = "not judged: 17 rows of blue fraud:2b, which has no baseline\n";
    assert!(table.contains(line), "{table}");
}

#[tokio::test]
async fn a_feature_that_is_not_logged_is_too_little_data() {
    let store = Store::new();
    let mut rows = rows("green", "1", 3000, 1.0);
    rows.features[3] = "other".to_owned();
    rows.features[7] = "another".to_owned();
    store.write(&rows, 1000, "a");
    let report = report(&store, Window::ALL, &baselines(&["1"])).await;
    let table = report.table();
    assert_eq!(report.verdict(), Verdict::InsufficientData, "{table}");
    assert!(table.contains("not logged by green fraud:1: x3, x7\n"), "{table}");
}

#[tokio::test]
async fn a_broken_file_is_an_error_that_names_it() {
    let store = Store::new();
    store.write(&rows("green", "1", 100, 1.0), 1000, "a");
    let object = concat!(
        "rows/v1/endpoint=fraud/deployment=green/model=fraud/version=1/",
        "date=2026-01-01/hour=00/test-b-00000001.parquet",
    );
    store.store.put(&Path::from(object), "PAR1 is not enough PAR1".into()).await.unwrap();
    let error = profiles(Arc::clone(&store.store), "fraud", Window::ALL, &baselines(&["1"])).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("test-b-00000001.parquet"), "{error}");
}
