//! What lies in the outbox is read, put aside, remembered and swept.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::{Entry, Outbox};
use crate::alerts::event::tests::event;

const WEBHOOK: &str = "0123456789abcdef";

fn open() -> (Arc<dyn ObjectStore>, Outbox) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    (Arc::clone(&store), Outbox::new(store))
}

fn entry() -> Entry {
    Entry::new(&event(), WEBHOOK.to_owned(), "cloudevents", 7)
}

async fn names(store: &Arc<dyn ObjectStore>) -> Vec<String> {
    let listed = store.list(None).map_ok(|meta| meta.location.to_string());
    let mut names: Vec<String> = listed.try_collect().await.unwrap();
    names.sort();
    names
}

#[tokio::test]
async fn a_message_is_put_in_once_and_changed_by_who_knows_it() {
    let (store, outbox) = open();
    assert_eq!(outbox.create(&entry()).await, Ok(true));
    assert_eq!(outbox.create(&entry()).await, Ok(false));
    let name = format!("alerts/v1/outbox/{}-{WEBHOOK}.json", event().key());
    assert_eq!(names(&store).await, [name]);
    let listed = outbox.list().await.unwrap().remove(0);
    let (mut read, version) = outbox.read(&listed).await.unwrap().unwrap();
    assert_eq!(read, entry());
    read.tries = 1;
    read.failed("line\nbreak");
    assert_eq!(read.error.as_deref(), Some("line break"));
    assert!(outbox.swap(&read, version.clone()).await.unwrap().is_some());
    // Who still knows the old one is too late.
    assert_eq!(outbox.swap(&read, version).await, Ok(None));
    assert_eq!(outbox.read(&listed).await.unwrap().unwrap().0.tries, 1);
    read.failed(&"x".repeat(9000));
    assert_eq!(read.error.unwrap().len(), 500);
}

#[tokio::test]
async fn what_was_sent_or_given_up_is_not_put_in_again() {
    for is_sent in [true, false] {
        let (store, outbox) = open();
        outbox.create(&entry()).await.unwrap();
        assert_eq!(outbox.is_settled(&entry()).await, Ok(false));
        // Twice: the first time may have broken off half way.
        for _ in 0..2 {
            match is_sent {
                true => outbox.sent(&entry(), 204, 9).await.unwrap(),
                false => outbox.give_up(&entry()).await.unwrap(),
            }
        }
        assert_eq!(outbox.create(&entry()).await, Ok(false));
        let folder = if is_sent { "sent" } else { "failed" };
        let name = format!("alerts/v1/{folder}/{}-{WEBHOOK}.json", event().key());
        assert_eq!(names(&store).await, std::slice::from_ref(&name));
        let bytes = store.get(&Path::from(name)).await.unwrap().bytes().await.unwrap();
        let record: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(record["key"], event().key());
        // Of another webhook nothing is known.
        let other = Entry::new(&event(), "fedcba9876543210".to_owned(), "github", 7);
        assert_eq!(outbox.create(&other).await, Ok(true));
    }
}

#[tokio::test]
async fn what_is_no_message_is_put_aside_and_not_in_the_way() {
    let good = serde_json::to_value(entry()).unwrap();
    let with = |key: &str, value: serde_json::Value| {
        let mut entry = good.clone();
        entry[key] = value;
        entry.to_string()
    };
    let mut other = good.clone();
    other["event"]["endpoint"] = "other".into();
    let mut timeless = good.clone();
    timeless["event"]["window_end_us"] = i64::MAX.into();
    let cases = [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "\u{0}".to_owned(),
        "x".repeat(80_000),
        with("format", "skeg-alert/9".into()),
        with("tries", (-1).into()),
        with("webhook", "other".into()),
        with("key", "0".repeat(32).into()),
        other.to_string(),
        timeless.to_string(),
    ];
    for bytes in cases {
        let (store, outbox) = open();
        let name = format!("{}-{WEBHOOK}.json", event().key());
        let path = Path::from(format!("alerts/v1/outbox/{name}"));
        store.put(&path, bytes.clone().into()).await.unwrap();
        let listed = outbox.list().await.unwrap().remove(0);
        assert!(outbox.read(&listed).await.unwrap().is_none(), "{bytes}");
        assert_eq!(names(&store).await, [format!("alerts/v1/failed/unreadable-{name}")]);
        // The true message of that name still finds its place.
        assert_eq!(outbox.create(&entry()).await, Ok(true));
        let listed = outbox.list().await.unwrap().remove(0);
        assert!(outbox.read(&listed).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn what_is_old_is_swept() {
    let (store, outbox) = open();
    outbox.sent(&entry(), 200, 7).await.unwrap();
    let other = Entry::new(&event(), "fedcba9876543210".to_owned(), "github", 7);
    outbox.give_up(&other).await.unwrap();
    let now_us = jiff::Timestamp::now().as_microsecond();
    let day_us = 86_400_000_000;
    for (days, left) in [(6, 2), (8, 1), (29, 1), (31, 0)] {
        outbox.sweep(now_us + days * day_us).await.unwrap();
        assert_eq!(names(&store).await.len(), left, "{days} days");
    }
    outbox.sweep(i64::MAX).await.unwrap();
    outbox.sweep(i64::MIN).await.unwrap();
}
