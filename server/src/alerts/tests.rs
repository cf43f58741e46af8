//! The order of tries, the bounds of the outbox, what is given up; nobody is reached here.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::Value;

use super::event::tests::{event, resolved};
use super::{Alerts, PENDING_MAX, Targets};
use crate::metrics::alerted::Alerted;
use crate::spec::{Alert, AlertFormat};

const S: i64 = 1_000_000;
const DAY: i64 = 86_400 * S;

fn open() -> (Arc<dyn ObjectStore>, Alerts) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    (Arc::clone(&store), again(&store))
}

/// What a new process has.
fn again(store: &Arc<dyn ObjectStore>) -> Alerts {
    Alerts::new(Arc::clone(store), Arc::new(Alerted::default()), fastrand::Rng::with_seed(7))
}

/// A webhook that nobody can be told by: its file is not there.
fn alert(format: AlertFormat) -> Alert {
    let (url_file, secret_file) = ("/no/such/file".into(), None);
    let (secret_header, headers) = (None, Vec::new());
    Alert { url_file, format, secret_file, secret_header, headers, allow_http: false }
}

fn targets() -> Targets {
    Targets::from([("fraud".to_owned(), vec![alert(AlertFormat::Cloudevents)])])
}

async fn objects(store: &Arc<dyn ObjectStore>, folder: &str) -> Vec<(Path, Value)> {
    let folder = Path::from(format!("alerts/v1/{folder}"));
    let listed: Vec<_> = store.list(Some(&folder)).try_collect().await.unwrap();
    let mut all = Vec::new();
    for meta in listed {
        let bytes = store.get(&meta.location).await.unwrap().bytes().await.unwrap();
        all.push((meta.location, serde_json::from_slice(&bytes).unwrap()));
    }
    all.sort_by_key(|(path, _)| path.to_string());
    all
}

/// The tries of the messages that wait, by their state.
async fn tries(store: &Arc<dyn ObjectStore>) -> Vec<(String, u64)> {
    let of = |(_, entry): (Path, Value)| {
        let state = entry["event"]["state"].as_str().unwrap().to_owned();
        (state, entry["tries"].as_u64().unwrap())
    };
    let mut all: Vec<_> = objects(store, "outbox").await.into_iter().map(of).collect();
    all.sort();
    all
}

fn counted(alerts: &Alerts) -> Vec<(String, u64)> {
    let counted = alerts.counters().read().into_iter().filter(|one| one.form == "cloudevents");
    counted.map(|one| (one.outcome.to_owned(), one.count)).collect()
}

fn outcomes(sent: u64, failed: u64, given_up: u64) -> Vec<(String, u64)> {
    [("sent", sent), ("failed", failed), ("given_up", given_up)]
        .map(|(n, c)| (n.to_owned(), c))
        .into()
}

#[tokio::test]
async fn what_began_is_told_before_what_ended() {
    let (store, alerts) = open();
    let now = resolved().time_us;
    for event in [resolved(), event()] {
        assert_eq!(alerts.push(now, &event, &[alert(AlertFormat::Cloudevents)]).await, Ok(1));
    }
    assert_eq!(alerts.deliver_due(now, &targets()).await, Ok(1));
    assert_eq!(tries(&store).await, [("fired".to_owned(), 1), ("resolved".to_owned(), 0)]);
    // Another deployment's has its own turn.
    let mut other = event();
    other.deployment = "green".to_owned();
    alerts.push(now, &other, &[alert(AlertFormat::Cloudevents)]).await.unwrap();
    assert_eq!(alerts.deliver_due(now, &targets()).await, Ok(1));
    assert_eq!(alerts.counters().pending(), 3);
    assert_eq!(counted(&alerts), outcomes(0, 2, 0));
}

#[tokio::test]
async fn after_a_day_of_failures_a_message_is_given_up_and_the_next_one_tried() {
    let (store, alerts) = open();
    let now = resolved().time_us;
    for event in [event(), resolved()] {
        alerts.push(now, &event, &[alert(AlertFormat::Cloudevents)]).await.unwrap();
    }
    let mut count = 0;
    let mut at = now;
    while at < now + DAY {
        count += alerts.deliver_due(at, &targets()).await.unwrap();
        at += 30 * S;
    }
    assert_eq!(
        tries(&store).await,
        [("fired".to_owned(), count as u64), ("resolved".to_owned(), 0)]
    );
    // Pauses of 300 s on average once they have grown: far from each of the 2,880 looks.
    assert!((200..400).contains(&count), "{count}");
    while objects(&store, "failed").await.is_empty() {
        alerts.deliver_due(at, &targets()).await.unwrap();
        at += 30 * S;
        assert!(at < now + DAY + 700 * S);
    }
    let failed = objects(&store, "failed").await;
    assert_eq!(failed[0].1["event"]["state"], "fired");
    assert!(failed[0].1["error"].as_str().unwrap().starts_with("/no/such/file: "), "{failed:?}");
    // The other is as old, and has its try.
    alerts.deliver_due(at, &targets()).await.unwrap();
    assert_eq!(tries(&store).await, []);
    assert_eq!(counted(&alerts).last().unwrap().1, 2);
    // What was given up is not put in again.
    let pushed = alerts.push(at, &event(), &[alert(AlertFormat::Cloudevents)]).await;
    assert_eq!((pushed, tries(&store).await), (Ok(0), Vec::new()));
}

#[tokio::test]
async fn a_webhook_that_no_spec_has_is_waited_for() {
    let (store, alerts) = open();
    let now = event().time_us;
    alerts.push(now, &event(), &[alert(AlertFormat::Cloudevents)]).await.unwrap();
    assert_eq!(alerts.deliver_due(now, &Targets::new()).await, Ok(1));
    let (_, entry) = objects(&store, "outbox").await.remove(0);
    assert_eq!(entry["error"], "no spec has this webhook now");
    // And where its file is, is not in the store.
    assert!(!entry.to_string().contains("/no/such/file"));
}

#[tokio::test]
async fn a_try_is_made_by_the_one_that_noted_it() {
    let (store, alerts) = open();
    let (now, targets) = (event().time_us, targets());
    alerts.push(now, &event(), &[alert(AlertFormat::Cloudevents)]).await.unwrap();
    // Another replica has seen the message before this one noted its try.
    let other = again(&store);
    let mut desk = super::Desk::default();
    other.look(&mut desk).await.unwrap();
    let kept = desk.kept.into_values().next().unwrap();
    assert_eq!(alerts.deliver_due(now, &targets).await, Ok(1));
    assert!(matches!(other.try_one(now, kept, &targets).await, super::Done::Unknown));
    assert_eq!(counted(&other), []);
    assert_eq!(tries(&store).await, [("fired".to_owned(), 1)]);
}

#[tokio::test]
async fn the_outbox_has_a_bound() {
    let (store, alerts) = open();
    for number in 1..PENDING_MAX {
        let path = Path::from(format!("alerts/v1/outbox/{number}.json"));
        store.put(&path, "{}".into()).await.unwrap();
    }
    let now = event().time_us;
    let both = [alert(AlertFormat::Cloudevents), alert(AlertFormat::AzureCommon)];
    let error = alerts.push(now, &event(), &both).await.unwrap_err();
    assert!(error.contains("1000 alerts wait already"), "{error}");
    // What fitted is kept; what did not comes in once there is room.
    assert_eq!(alerts.deliver_due(now, &targets()).await, Ok(1));
    assert_eq!(objects(&store, "outbox").await.len(), 1);
    assert_eq!(alerts.push(now, &event(), &both).await, Ok(1));
    // An event that cannot be kept does not come in.
    let mut endless = event();
    endless.window_end_us = i64::MAX;
    assert!(alerts.push(now, &endless, &both).await.is_err());
    assert_eq!(objects(&store, "outbox").await.len(), 2);
}

#[tokio::test]
async fn the_store_is_only_looked_at_when_something_can_be_due() {
    let (store, alerts) = open();
    let now = event().time_us;
    assert_eq!(alerts.deliver_due(now, &targets()).await, Ok(0));
    // Another replica pushes: it is found after a minute. Who pushes itself need not wait.
    let other = again(&store);
    other.push(now, &event(), &[alert(AlertFormat::Cloudevents)]).await.unwrap();
    assert_eq!(alerts.deliver_due(now + 59 * S, &targets()).await, Ok(0));
    assert_eq!(alerts.deliver_due(now + 60 * S, &targets()).await, Ok(1));
    alerts.push(now, &resolved(), &[alert(AlertFormat::AzureCommon)]).await.unwrap();
    assert_eq!(alerts.deliver_due(now + 60 * S, &targets()).await, Ok(1));
    assert_eq!(alerts.counters().pending(), 2);
    alerts.stand_by().await;
    assert_eq!(alerts.counters().pending(), 0);
    // A clock that was 20 hours ahead has left messages that would wait as long.
    let ahead = now + 20 * 3600 * S;
    assert_eq!(again(&store).deliver_due(ahead, &targets()).await, Ok(2));
    assert_eq!(alerts.deliver_due(now + 120 * S, &targets()).await, Ok(2));
}
