//! Which failures are tried again, until when, and that an attempt has a time limit.

use object_store::memory::InMemory;

use self::scripted::{Act, Scripted};
use super::*;

// The integration tests use all of it.
#[allow(dead_code)]
#[path = "../../../tests/it/scripted.rs"]
mod scripted;

fn publisher(store: Arc<dyn ObjectStore>) -> Publisher {
    let (timeout, pause) = (Duration::from_millis(20), Duration::from_millis(1));
    let retry = Retry { timeout, pause, longest: pause };
    Publisher { store, clock: || 5, puts: Arc::default(), retry }
}

async fn put(publisher: &Publisher, bytes: &'static [u8], expires_us: i64) -> Outcome {
    publisher.publish(&Path::from("a"), Bytes::from_static(bytes), "boot/1", expires_us).await
}

#[tokio::test(flavor = "current_thread")]
async fn an_attempt_without_answer_ends_and_is_repeated() {
    let script = |put| if put < 3 { Act::Hang } else { Act::Pass };
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), script);
    let publisher = publisher(store);
    assert!(matches!(put(&publisher, b"x", 9).await, Outcome::Written));
    assert_eq!(watch.more_puts(), 4);
    assert_eq!(publisher.puts.retries.load(Ordering::Relaxed), 3);
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_too_old_is_given_up() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Fail);
    let outcome = put(&publisher(store), b"x", 5).await;
    assert!(matches!(&outcome, Outcome::Expired(why) if why.contains("no")), "{outcome:?}");
    assert_eq!(watch.more_puts(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn what_stays_is_not_tried_again() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Pass);
    let publisher = publisher(store);
    assert!(matches!(put(&publisher, b"x", 9).await, Outcome::Written));
    // The same: ours, with its answer lost.
    assert!(matches!(put(&publisher, b"x", 9).await, Outcome::Written));
    assert!(matches!(put(&publisher, b"y", 9).await, Outcome::Refused(_)));
    assert_eq!(watch.more_puts(), 3);
}
