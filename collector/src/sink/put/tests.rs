//! Which failures are tried again, and that an attempt has a time limit.

use object_store::memory::InMemory;

use self::scripted::{Act, Scripted};
use super::*;

// The integration tests use all of it.
#[allow(dead_code)]
#[path = "../../../tests/it/scripted.rs"]
mod scripted;

fn publisher(store: Arc<dyn ObjectStore>) -> Publisher {
    let (timeout, pause) = (Duration::from_millis(20), Duration::from_millis(1));
    let retry = Retry { attempts: 3, timeout, pause };
    Publisher { store, clock: || 0, puts: Arc::default(), retry }
}

#[tokio::test(flavor = "current_thread")]
async fn an_attempt_without_answer_ends() {
    let script = |put| if put == 0 { Act::Hang } else { Act::Pass };
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), script);
    let put = publisher(store).put(&Path::from("a"), Bytes::from_static(b"x")).await;
    assert!(put.is_ok(), "{put:?}");
    assert_eq!((watch.next_put(), watch.more_puts()), (Path::from("a"), 1));
}

#[tokio::test(flavor = "current_thread")]
async fn attempts_are_bounded() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Hang);
    let put = publisher(store).put(&Path::from("a"), Bytes::from_static(b"x")).await;
    let message = put.expect_err("no answer").to_string();
    assert!(message.contains("no answer in 20ms"), "{message}");
    assert_eq!(watch.more_puts(), 3);
    drop(watch.gate);
}

#[tokio::test(flavor = "current_thread")]
async fn what_stays_is_not_tried_again() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Pass);
    let publisher = publisher(store);
    let path = Path::from("a");
    let put = |bytes: &'static [u8]| publisher.put(&path, Bytes::from_static(bytes));
    assert!(put(b"x").await.is_ok());
    assert!(put(b"y").await.is_ok(), "the same size: ours, with its answer lost");
    assert!(matches!(put(b"xy").await, Err(object_store::Error::AlreadyExists { .. })));
    assert_eq!(watch.more_puts(), 3);
}
