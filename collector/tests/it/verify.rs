//! `verify` over what a collector wrote, whole and with each kind of damage.

use std::sync::Arc;
use std::time::Duration;

use collector::verify::{Holds, Hour, hours};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::rows::{
    HOUR_US, TIME_US, block_on, config, files, hand, lawful, record, schema_of, start, still,
};

/// Long after: the accounts are closed, and no file is young.
const LATER_US: i64 = i64::MAX / 2;

/// Two hours with rows of two deployments: 10 and 20, then 30.
fn two_hours() -> Arc<InMemory> {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    for (deployment, hour, rows) in [("green", 0, 10), ("blue", 0, 20), ("green", 1, 30)] {
        let mut record = record(0, rows);
        record.time_us += hour * HOUR_US;
        hand(&collector, schema_of(deployment, "1")).append(record);
    }
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 60);
    lawful(&collector);
    store
}

fn at(store: &InMemory, now_us: i64) -> Vec<Hour> {
    block_on(hours(store, "fraud", 0..i64::MAX, now_us, &[])).expect("a store")
}

/// What of the hours does not hold.
fn holds(hours: &[Hour]) -> Vec<Holds> {
    hours.iter().map(|hour| hour.holds).collect()
}

/// The rows file of blue.
fn blue(store: &InMemory) -> Path {
    let found = files(store).into_iter().find(|file| file.path.deployment() == "blue");
    found.expect("a file of blue").path.object()
}

fn bytes(store: &InMemory, path: &Path) -> bytes::Bytes {
    block_on(async { store.get(path).await?.bytes().await }).expect("an object")
}

fn put(store: &InMemory, path: &Path, bytes: bytes::Bytes) {
    block_on(store.put(path, bytes.into())).expect("stored");
}

fn delete(store: &InMemory, path: &Path) {
    block_on(store.delete(path)).expect("deleted");
}

fn list(store: &InMemory, prefix: &str) -> Vec<Path> {
    use futures_util::TryStreamExt;
    let listed = store.list(Some(&Path::from(prefix)));
    let objects: Vec<_> = block_on(listed.try_collect()).expect("a listing");
    objects.into_iter().map(|object| object.location).collect()
}

#[test]
fn a_whole_store_holds_by_hour_and_deployment() {
    let store = two_hours();
    let all = at(&store, LATER_US);
    assert_eq!(holds(&all), [Holds::Yes; 2], "{all:?}");
    assert_eq!(all[0].start_us, TIME_US.div_euclid(HOUR_US) * HOUR_US);
    let found = |hour: &Hour, name: &str| hour.deployments[name].found();
    assert_eq!((found(&all[0], "green"), found(&all[0], "blue")), (10, 20));
    for (hour, rows) in all.iter().zip([30, 30]) {
        let total = hour.total();
        assert_eq!([total.offered(), total.spooled(), total.said(), total.found()], [rows; 4]);
    }
    let second = all[1].start_us..all[1].start_us + 1;
    let one = block_on(hours(&*store, "fraud", second, LATER_US, &[]));
    assert_eq!(one.expect("a store").len(), 1, "only the hours of the window");
}

#[test]
fn a_missing_file_is_looked_for_again_and_then_said() {
    let store = two_hours();
    let (path, now_us) = (blue(&store), TIME_US);
    let whole = bytes(&store, &path);
    delete(&store, &path);
    let short = at(&store, LATER_US);
    assert_eq!(holds(&short), [Holds::No, Holds::Yes]);
    assert_eq!(short[0].why, ["blue: 20 rows said to be in files, 0 found"]);
    // The same while the hour is open, unless the file comes in the meantime.
    assert_eq!(holds(&at(&store, now_us)), [Holds::No, Holds::Yes]);
    let pauses = [Duration::from_millis(300)];
    let found = block_on(async {
        let late = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            store.put(&path, whole.clone().into()).await.expect("stored");
        };
        let looked = hours(&*store, "fraud", 0..i64::MAX, now_us, &pauses);
        tokio::join!(looked, late).0
    });
    assert_eq!(holds(&found.expect("a store")), [Holds::Yes; 2]);
}

#[test]
fn a_file_that_is_there_twice_is_noticed() {
    let store = two_hours();
    let path = blue(&store);
    let whole = bytes(&store, &path);
    // Under a number of its own, its rows are found twice.
    let copy = Path::from(path.as_ref().replace(".parquet", "7.parquet").replace("-0", "-1"));
    put(&store, &copy, whole.clone());
    let hours = at(&store, LATER_US);
    assert_eq!(holds(&hours), [Holds::No, Holds::Yes], "{hours:?}");
    assert_eq!(hours[0].why, ["blue: 20 rows said to be in files, 40 found"]);
    delete(&store, &copy);
    // Under the same number elsewhere, once.
    let copy = Path::from(path.as_ref().replace("deployment=blue", "deployment=other"));
    put(&store, &copy, whole);
    let hours = at(&store, LATER_US);
    assert_eq!(holds(&hours), [Holds::No, Holds::Yes]);
    assert!(hours[0].why[0].contains("deployment=other"), "{:?}", hours[0].why);
    assert_eq!(hours[0].total().found(), 30);
}

#[test]
fn what_is_no_parquet_is_named_and_the_rest_is_read() {
    let store = two_hours();
    for path in [blue(&store), list(&store, "accounts/v1").remove(0)] {
        let whole = bytes(&store, &path);
        for damaged in [whole.slice(..whole.len() - 9), whole.slice(9..), "junk".into()] {
            put(&store, &path, damaged);
            let hours = at(&store, LATER_US);
            assert_eq!(holds(&hours), [Holds::No, Holds::Yes], "{path}");
            assert!(hours[0].why.iter().any(|why| why.contains(path.as_ref())), "{hours:?}");
        }
        put(&store, &path, whole);
        assert_eq!(holds(&at(&store, LATER_US)), [Holds::Yes; 2]);
    }
}

#[test]
fn a_file_with_other_rows_than_planned_is_noticed() {
    let store = two_hours();
    let of_green = |hour: usize| {
        files(&*store)
            .into_iter()
            .filter(|f| f.path.deployment() == "green")
            .nth(hour)
            .expect("two files of green")
            .path
            .object()
    };
    // The same life and numbers, but 30 rows where 10 were.
    put(&store, &of_green(0), bytes(&store, &of_green(1)));
    let hours = at(&store, LATER_US);
    assert_eq!(holds(&hours), [Holds::No, Holds::Yes], "{hours:?}");
    assert_eq!(hours[0].why, ["green: 10 rows said to be in files, 30 found"]);
}

#[test]
fn a_footer_that_says_otherwise_is_noticed() {
    let store = two_hours();
    let path = blue(&store);
    let whole = bytes(&store, &path).to_vec();
    let note = b"\"planned\":20";
    let at_note = whole.windows(note.len()).position(|text| text == note).expect("the counts");
    let mut changed = whole;
    changed[at_note + note.len() - 1] = b'1';
    put(&store, &path, changed.into());
    let hours = at(&store, LATER_US);
    assert_eq!(holds(&hours), [Holds::No, Holds::Yes], "{hours:?}");
    assert_eq!(hours[0].why, [format!("{path}: 20 rows, planned were 21")]);
}

#[test]
fn rows_without_accounts_are_on_their_way_only_while_they_are_young() {
    let store = two_hours();
    for path in list(&store, "accounts/v1") {
        delete(&store, &path);
    }
    let hours = at(&store, LATER_US);
    assert_eq!(holds(&hours), [Holds::No; 2]);
    assert!(hours[1].why[0].contains("30 rows in files that no accounts speak of"), "{hours:?}");
    // By the store's clock the files were put after this.
    assert_eq!(holds(&at(&store, i64::MIN / 2)), [Holds::Pending; 2]);
}

#[test]
fn an_empty_store_has_no_hours() {
    assert!(at(&InMemory::new(), LATER_US).is_empty());
}
