//! Steps of windows; files of several replicas add up, once each.

use std::collections::BTreeMap;
use std::sync::Arc;

use collector::{Block, FileWriter, HourPath, Kind, Tree, Values};
use drift::baseline::Rows;
use drift::pane::{Key, Sum, encode};
use drift::{Baseline, Pane, Plan};
use model_loader::Registry;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};

use super::{Windows, step_of};
use crate::monitor::baselines::Baselines;
use crate::panes::MINUTE_US;

/// A minute of 2026, the first of an hour.
const NOON: i64 = 29_454_000 + 720;

#[test]
fn a_window_has_about_two_dozen_steps() {
    let steps = [1, 24, 25, 60, 90, 360, 1440, 10_080, 43_200, 576_000].map(step_of);
    assert_eq!(steps, [1, 1, 2, 3, 4, 15, 60, 720, 2880, 24_480]);
    assert!((1..3000).all(|window| {
        let step = step_of(window);
        step * 24 >= window && (1440 % step == 0 || step % 1440 == 0)
    }));
}

fn key(minute: i64) -> Key {
    let text = str::to_owned;
    let (deployment, model, version) = (text("green"), text("fraud"), text("1"));
    Key { minute, deployment, model, version, baseline: None, is_mirrored: false }
}

fn sum(requests: usize) -> Sum {
    let baseline = Arc::new(Baseline::none());
    let mut pane = Pane::new(&Arc::new(Plan::new(Arc::clone(&baseline), &[], |_| false)));
    (0..requests).for_each(|_| pane.traffic.count(200, 100));
    pane.count(requests, &[]);
    let mut sum = Sum::new(&baseline);
    sum.add(&pane);
    sum
}

async fn put(store: &InMemory, replica: &str, seq: u64, minutes: &[(i64, usize)]) {
    let sums: BTreeMap<Key, Sum> =
        minutes.iter().map(|(minute, requests)| (key(*minute), sum(*requests))).collect();
    let writer = FileWriter { replica: replica.to_owned(), boot: "b".to_owned(), seq };
    let path = HourPath::new(Tree::Panes, "fraud", minutes[0].0 * MINUTE_US, writer).unwrap();
    store.put(&path.object(), encode(&sums).unwrap().into()).await.unwrap();
}

fn rows(windows: &Windows, from: i64, to: i64) -> u64 {
    windows.over(&(from..to)).values().map(|sum| sum.profile.rows()).sum()
}

#[tokio::test]
async fn files_of_all_replicas_add_up_and_count_once() {
    let store = Arc::new(InMemory::new());
    put(&store, "a", 0, &[(NOON, 1), (NOON + 1, 10)]).await;
    put(&store, "b", 0, &[(NOON, 100)]).await;
    put(&store, "a", 1, &[(NOON + 61, 1000)]).await;
    let as_store: Arc<dyn ObjectStore> = Arc::<InMemory>::clone(&store);
    let mut baselines = Baselines::new(Registry::new(as_store));
    let mut windows = Windows::new("fraud".to_owned(), 1);
    let now = NOON..NOON + 62;
    for _ in 0..2 {
        windows.read(&*store, std::slice::from_ref(&now), &mut baselines).await.unwrap();
        assert_eq!(rows(&windows, NOON, NOON + 62), 1111);
    }
    assert_eq!(rows(&windows, NOON, NOON + 1), 101);
    assert_eq!(rows(&windows, NOON + 1, NOON + 62), 1010);
    // What came late is found by the next look.
    put(&store, "b", 1, &[(NOON + 1, 5)]).await;
    windows.read(&*store, std::slice::from_ref(&now), &mut baselines).await.unwrap();
    assert_eq!(rows(&windows, NOON, NOON + 62), 1116);
    // An hour that no window needs is forgotten, and read again when one does.
    let later = NOON + 60..NOON + 120;
    windows.read(&*store, std::slice::from_ref(&later), &mut baselines).await.unwrap();
    assert_eq!(rows(&windows, NOON, NOON + 62), 1000);
    windows.read(&*store, &[now, later], &mut baselines).await.unwrap();
    assert_eq!(rows(&windows, NOON, NOON + 62), 1116);
}

#[tokio::test]
async fn what_is_no_panes_file_is_passed_over() {
    let store = Arc::new(InMemory::new());
    put(&store, "a", 0, &[(NOON, 7)]).await;
    let writer = FileWriter { replica: "x".to_owned(), boot: "b".to_owned(), seq: 0 };
    let path = HourPath::new(Tree::Panes, "fraud", NOON * MINUTE_US, writer).unwrap();
    store.put(&path.object(), "no panes".into()).await.unwrap();
    // A minute that is not of the file's hour would be counted by no window, or twice: the file is
    // refused whole.
    put(&store, "y", 0, &[(NOON, 1), (NOON + 60, 1)]).await;
    let as_store: Arc<dyn ObjectStore> = Arc::<InMemory>::clone(&store);
    let mut baselines = Baselines::new(Registry::new(as_store));
    let mut windows = Windows::new("fraud".to_owned(), 1);
    let all = NOON..NOON + 120;
    windows.read(&*store, std::slice::from_ref(&all), &mut baselines).await.unwrap();
    assert_eq!(rows(&windows, NOON, NOON + 120), 7);
}

#[tokio::test]
async fn a_baseline_that_is_gone_leaves_rows_that_are_counted() {
    let column = Arc::new(arrow_array::Float32Array::from(vec![1.0, 2.0]));
    let batch = arrow_array::RecordBatch::try_from_iter([("x", column as _)]).unwrap();
    let batches = [batch];
    let training = Rows::of_batches(&batches).unwrap();
    let baseline = Arc::new(Baseline::build(&training, None, &mut |_| {}).unwrap());
    let blocks = [Block { kind: Kind::F32, columns: vec!["in.x".to_owned()] }];
    let mut pane = Pane::new(&Arc::new(Plan::new(Arc::clone(&baseline), &blocks, |_| false)));
    pane.count(1, &[Values::F32(&[1.5])]);
    let mut sum = Sum::new(&baseline);
    sum.add(&pane);
    let key = Key { baseline: Some("sha256:gone".to_owned()), ..key(NOON) };
    let bytes = encode(&BTreeMap::from([(key, sum)])).unwrap();
    let store = Arc::new(InMemory::new());
    let writer = FileWriter { replica: "a".to_owned(), boot: "b".to_owned(), seq: 0 };
    let path = HourPath::new(Tree::Panes, "fraud", NOON * MINUTE_US, writer).unwrap();
    store.put(&path.object(), bytes.into()).await.unwrap();
    let as_store: Arc<dyn ObjectStore> = Arc::<InMemory>::clone(&store);
    let mut baselines = Baselines::new(Registry::new(as_store));
    let mut windows = Windows::new("fraud".to_owned(), 1);
    let all = NOON..NOON + 1;
    windows.read(&*store, std::slice::from_ref(&all), &mut baselines).await.unwrap();
    let found = windows.over(&all);
    let who: Vec<_> = found.keys().map(|who| who.baseline.clone()).collect();
    assert_eq!((rows(&windows, NOON, NOON + 1), who), (1, vec![None]));
}
