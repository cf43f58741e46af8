//! Labels against stores that work, fail, lose answers: who posts is told the truth.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use collector::{Error, Label, LabelTimes, Labels};
use futures_util::future::join_all;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::rows::{TIME_US, block_on, still};
use crate::scripted::{Act, Scripted, Watch};

const LONG: Duration = Duration::from_secs(60);

/// Short, so that an outage can outlast them.
const TIMES: LabelTimes = LabelTimes {
    gather: Duration::from_millis(50),
    give_up: Duration::from_millis(600),
    attempt: Duration::from_millis(100),
};

fn labels(of: &str, rows: u32) -> Vec<Label> {
    let label = |row_index| Label {
        request_id: of.to_owned(),
        row_index,
        label: "1".to_owned(),
        value: Some(1.0),
        time_us: TIME_US,
    };
    (0..rows).map(label).collect()
}

fn start(
    times: LabelTimes,
    script: impl Fn(usize) -> Act + Send + Sync + 'static,
) -> (Labels, Arc<Scripted>, Watch) {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), script);
    let to = Arc::<Scripted>::clone(&store);
    let labels = Labels::start(("pod-7", "b00t"), to, still, times).expect("started");
    (labels, store, watch)
}

fn post(to: &Labels, of: &str) -> Result<(), Error> {
    block_on(to.post("fraud", labels(of, 1), TIME_US))
}

/// The request ids in each file, in the order of their names.
fn stored(store: &dyn ObjectStore) -> Vec<(String, Vec<String>)> {
    let read = async {
        let found: Vec<_> = store.list(Some(&Path::from("labels"))).try_collect().await?;
        let files = futures_util::stream::iter(found).then(|found| async move {
            let bytes = store.get(&found.location).await?.bytes().await?;
            Ok::<_, object_store::Error>((found.location.to_string(), bytes))
        });
        files.try_collect::<Vec<_>>().await
    };
    let mut files = block_on(read).expect("a store that can be read");
    files.sort();
    let ids = |batch: RecordBatch| -> Vec<String> {
        let ids = batch.column_by_name("request_id").expect("it").as_string::<i32>().clone();
        ids.iter().map(|id| id.expect("not null").to_owned()).collect()
    };
    let read = |bytes| {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Parquet").build();
        reader.expect("Parquet").flat_map(|batch| ids(batch.expect("a batch"))).collect()
    };
    files.into_iter().map(|(path, bytes)| (path, read(bytes))).collect()
}

#[test]
fn the_times_are_those_that_are_promised() {
    let LabelTimes { gather, give_up, attempt } = LabelTimes::default();
    assert_eq!((gather, give_up), (Duration::from_millis(200), Duration::from_secs(10)));
    assert!(attempt * 2 < give_up, "one that hangs leaves time for another");
}

#[test]
fn posts_at_once_share_a_file_and_endpoints_do_not() {
    let (to, store, watch) = start(TIMES, |_| Act::Pass);
    let posts = ["a", "b", "c"].map(|of| to.post("fraud", labels(of, 2), TIME_US));
    let other = to.post("churn", labels("d", 1), TIME_US);
    let (all, one) = block_on(async { futures_util::join!(join_all(posts), other) });
    assert!(all.into_iter().chain([one]).all(|answer| answer.is_ok()));
    assert_eq!(watch.more_puts(), 2);
    let files = stored(&*store);
    let day = "date=2026-11-23/pod-7-b00t";
    let churn = format!("labels/v1/endpoint=churn/{day}-00000001.parquet");
    let fraud = format!("labels/v1/endpoint=fraud/{day}-00000000.parquet");
    assert_eq!(files[0], (churn, vec!["d".to_owned()]));
    assert_eq!(files[1].0, fraud);
    assert_eq!(files[1].1, ["a", "a", "b", "b", "c", "c"]);
    to.finish(LONG);
}

#[test]
fn a_batch_that_is_full_does_not_wait() {
    let (to, store, _watch) = start(LabelTimes { gather: LONG, ..TIMES }, |_| Act::Pass);
    let posts = [40_000, 60_000].map(|rows| to.post("fraud", labels("a", rows), TIME_US));
    assert!(block_on(join_all(posts)).iter().all(Result::is_ok));
    // One that would make it too large is in the next.
    let posts = [60_000, 60_000].map(|rows| to.post("fraud", labels("b", rows), TIME_US));
    let finish = async { to.hurry(LONG) };
    let (answers, ()) = block_on(async { futures_util::join!(join_all(posts), finish) });
    assert!(answers.iter().all(Result::is_ok));
    let sizes: Vec<usize> = stored(&*store).iter().map(|(_, ids)| ids.len()).collect();
    assert_eq!(sizes, [100_000, 60_000, 60_000]);
}

#[test]
fn a_lost_answer_is_found_again() {
    let acts = [Act::LoseAnswer, Act::StoreAndHang];
    for act in acts {
        let (to, store, watch) = start(TIMES, move |put| if put == 0 { act } else { Act::Pass });
        assert!(post(&to, "a").is_ok(), "{act:?}");
        assert_eq!(watch.more_puts(), 2);
        assert_eq!(stored(&*store).len(), 1);
    }
}

#[test]
fn an_outage_is_told_and_passes() {
    // Longer than anybody waits, and then over.
    for act in [Act::Fail, Act::Hang] {
        let (to, store, watch) = start(TIMES, move |put| if put < 1 { act } else { Act::Pass });
        assert!(post(&to, "a").is_ok(), "a short one is waited for");
        assert_eq!((watch.more_puts(), stored(&*store).len()), (2, 1));
    }
    let gone = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_gone = Arc::clone(&gone);
    let script = move |_| match is_gone.load(std::sync::atomic::Ordering::SeqCst) {
        true => Act::Fail,
        false => Act::Pass,
    };
    let (to, store, watch) = start(TIMES, script);
    assert!(matches!(post(&to, "a"), Err(Error::LabelsUnstored)));
    assert!(watch.more_puts() >= 2, "it was tried again");
    assert!(stored(&*store).is_empty());
    gone.store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(post(&to, "b").is_ok());
    assert_eq!(stored(&*store)[0].1, ["b"], "what was refused does not come after all");
}

#[test]
fn a_store_that_panics_is_no_promise() {
    let (to, store, _watch) = start(TIMES, |put| if put == 0 { Act::Panic } else { Act::Pass });
    assert!(matches!(post(&to, "a"), Err(Error::LabelsUnstored)));
    assert!(post(&to, "b").is_ok(), "the thread lives on");
    assert_eq!(stored(&*store).len(), 1);
}

#[test]
fn what_is_held_is_bounded_and_given_back() {
    let (to, _store, _watch) = start(TIMES, |_| Act::Hang);
    let text = "x".repeat(1 << 20);
    let large = || {
        let label = Label { label: text.clone(), ..labels("a", 1).remove(0) };
        to.post("fraud", vec![label; 100], TIME_US)
    };
    let answers = block_on(join_all([large(), large()]));
    assert!(matches!(answers[0], Err(Error::LabelsUnstored)), "{answers:?}");
    assert!(matches!(answers[1], Err(Error::LabelsFull)), "{answers:?}");
    assert!(matches!(block_on(large()), Err(Error::LabelsUnstored)), "there is room again");
}

#[test]
fn the_end_answers_everybody() {
    let (to, store, _watch) = start(LabelTimes { gather: LONG, ..TIMES }, |_| Act::Pass);
    let finish = async { to.hurry(LONG) };
    let waiting = to.post("fraud", labels("a", 1), TIME_US);
    let (answer, ()) = block_on(async { futures_util::join!(waiting, finish) });
    assert!(answer.is_ok(), "no more is gathered");
    assert!(post(&to, "b").is_ok(), "nor later");
    assert_eq!(stored(&*store).len(), 2);
    to.finish(LONG);
    assert!(matches!(post(&to, "c"), Err(Error::LabelsUnstored)));

    let (to, _store, _watch) = start(LabelTimes { give_up: LONG, ..TIMES }, |_| Act::Hang);
    let cut = async { to.hurry(Duration::from_millis(200)) };
    let waiting = to.post("fraud", labels("a", 1), TIME_US);
    let (answer, ()) = block_on(async { futures_util::join!(waiting, cut) });
    assert!(matches!(answer, Err(Error::LabelsUnstored)));
    assert!(matches!(post(&to, "b"), Err(Error::LabelsUnstored)), "nothing is promised any more");
}
