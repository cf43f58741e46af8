//! Two holders in turn, takeovers, lost races, garbage, letting go; in memory and on a disk.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::Lease;
use crate::store::{AzureVariables, StoreUrl};

const TTL: Duration = Duration::from_secs(40);
const S: i64 = 1_000_000;
/// A time of day, microseconds.
const T: i64 = 1_790_000_000 * S;

fn lease(store: &Arc<dyn ObjectStore>, holder: &str) -> Lease {
    Lease::new(Arc::clone(store), &"drift".parse().unwrap(), holder.to_owned(), TTL)
}

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

fn path() -> Path {
    Path::from("leases/drift.json")
}

fn record(holder: &str, epoch: u64) -> String {
    let end = "2099-01-01T00:00:00Z";
    serde_json::json!({
        "format": "skeg-lease/1", "holder": holder, "expires_at": end, "epoch": epoch
    })
    .to_string()
}

async fn content(store: &Arc<dyn ObjectStore>) -> serde_json::Value {
    let bytes = store.get(&path()).await.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// One takes it, keeps it, lets it go; the other has it meanwhile never and afterwards at once.
async fn in_turn(store: Arc<dyn ObjectStore>) {
    let (mut a, mut b) = (lease(&store, "a"), lease(&store, "b"));
    assert_eq!(a.hold(T).await, Ok(true));
    for second in 1..200 {
        assert_eq!(a.hold(T + second * S).await, Ok(true), "{second}");
        assert_eq!(b.hold(T + second * S).await, Ok(false), "{second}");
    }
    assert!(a.is_held(T + 199 * S) && !b.is_held(T + 199 * S));
    a.release().await.unwrap();
    assert!(!a.is_held(T + 199 * S));
    assert_eq!(content(&store).await["holder"], serde_json::Value::Null);
    assert_eq!(b.hold(T + 200 * S).await, Ok(true));
    assert_eq!(a.hold(T + 200 * S).await, Ok(false));
    assert_eq!((a.epoch(), b.epoch()), (None, Some(2)));
    let there = content(&store).await;
    assert_eq!((&there["holder"], &there["epoch"]), (&"b".into(), &2.into()));
    assert_eq!(there["format"], "skeg-lease/1");
    // What was let go can be let go again.
    a.release().await.unwrap();
    assert_eq!(b.hold(T + 230 * S).await, Ok(true));
}

#[tokio::test]
async fn two_holders_take_turns_in_memory() {
    in_turn(memory()).await;
}

#[tokio::test]
async fn two_holders_take_turns_on_a_disk() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().display().to_string();
    let url = StoreUrl::parse(&url, FilePath::new("/"), &AzureVariables::default()).unwrap();
    in_turn(url.open().unwrap()).await;
}

#[tokio::test]
async fn a_lease_of_the_dead_is_taken_a_margin_after_its_end() {
    let store = memory();
    let (mut dead, mut next) = (lease(&store, "dead"), lease(&store, "next"));
    assert_eq!(dead.hold(T).await, Ok(true));
    // Believed for 30 s of 40, taken by one who sees it first after 50.
    assert!(dead.is_held(T + 30 * S - 1) && !dead.is_held(T + 30 * S));
    assert_eq!(next.hold(T + 50 * S).await, Ok(false));
    assert_eq!(next.hold(T + 50 * S + 1).await, Ok(true));
    assert_eq!(next.epoch(), Some(2));
    // And the dead, should it wake, learns it at its next look and takes nothing back.
    assert_eq!(dead.hold(T + 51 * S).await, Ok(false));
    assert_eq!(dead.epoch(), None);
}

#[tokio::test]
async fn an_end_that_never_comes_does_not_keep_a_lease_that_nobody_renews() {
    let store = memory();
    // The clock of the first is a year ahead.
    let mut ahead = lease(&store, "ahead");
    assert_eq!(ahead.hold(T + 365 * 86_400 * S).await, Ok(true));
    let mut next = lease(&store, "next");
    assert_eq!(next.hold(T).await, Ok(false));
    assert_eq!(next.hold(T + 40 * S).await, Ok(false));
    // It was renewed: the waiting begins anew.
    assert_eq!(ahead.hold(T + (365 * 86_400 + 30) * S).await, Ok(true));
    assert_eq!(next.hold(T + 41 * S).await, Ok(false));
    assert_eq!(next.hold(T + 81 * S).await, Ok(false));
    assert_eq!(next.hold(T + 81 * S + 1).await, Ok(true));
}

#[tokio::test]
async fn of_many_that_see_it_free_one_gets_it() {
    let store = memory();
    let mut dead = lease(&store, "dead");
    for round in 0..20 {
        // Nothing there, and something there that is over.
        let now = T + round * 100 * S;
        let mut all: Vec<Lease> = (0..8).map(|n| lease(&store, &format!("{round}-{n}"))).collect();
        let held = futures_util::future::join_all(all.iter_mut().map(|one| one.hold(now))).await;
        let held = held.into_iter().filter(|held| *held.as_ref().unwrap()).count();
        assert_eq!(held, 1, "round {round}");
    }
    assert_eq!(dead.hold(T + 1900 * S).await, Ok(false));
}

#[tokio::test]
async fn a_swap_that_somebody_else_won_is_no_lease() {
    let store = memory();
    let mut a = lease(&store, "a");
    assert_eq!(a.hold(T).await, Ok(true));
    store.put(&path(), record("b", 7).into()).await.unwrap();
    // Not yet due: it is believed without a look. Then the swap fails.
    assert_eq!(a.hold(T + 13 * S).await, Ok(true));
    assert_eq!(a.hold(T + 14 * S).await, Ok(false));
    assert_eq!(content(&store).await["holder"], "b");
    assert!(!a.is_held(T + 14 * S));
}

#[tokio::test]
async fn a_renewal_whose_answer_was_lost_is_found_again() {
    let store = memory();
    let mut a = lease(&store, "a");
    assert_eq!(a.hold(T).await, Ok(true));
    store.put(&path(), record("a", 1).into()).await.unwrap();
    assert_eq!(a.hold(T + 20 * S).await, Ok(true));
    assert_eq!(a.epoch(), Some(1));
}

#[tokio::test]
async fn what_is_no_lease_is_said_and_taken_over_after_a_whole_time() {
    let large = format!("{{\"holder\": \"{}\"}}", "x".repeat(5000));
    let format = r#"{"format":"b","holder":null,"expires_at":"2026-01-01T00:00:00Z","epoch":1}"#;
    let negative =
        r#"{"format":"skeg-lease/1","holder":null,"expires_at":"2026-01-01T00:00:00Z","epoch":-1}"#;
    let time = r#"{"format":"skeg-lease/1","holder":"b","expires_at":"soon","epoch":1}"#;
    for garbage in
        ["", "{", "null", "\u{0}\u{1}", "{\"holder\": 7}", &large, format, negative, time]
    {
        let store = memory();
        store.put(&path(), garbage.to_owned().into()).await.unwrap();
        let mut lease = lease(&store, "a");
        for second in [0, 40] {
            let error = lease.hold(T + second * S).await.unwrap_err();
            assert!(error.starts_with("leases/drift.json: is no lease"), "{error}");
            assert!(error.len() < 300, "{error}");
        }
        assert_eq!(lease.hold(T + 40 * S + 1).await, Ok(true), "{garbage}");
        assert_eq!(content(&store).await["holder"], "a");
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_renews_rather_than_believes() {
    let store = memory();
    let (mut a, mut b) = (lease(&store, "a"), lease(&store, "b"));
    assert_eq!(a.hold(T).await, Ok(true));
    assert_eq!(a.hold(T - 500 * S).await, Ok(true));
    // The object has the new end, so that another does not wait for the old one.
    assert_eq!(b.hold(T - 449 * S).await, Ok(true));
    for extreme in [i64::MIN, i64::MAX] {
        let mut odd = lease(&memory(), "odd");
        assert!(odd.hold(extreme).await.is_ok());
    }
}
