//! Where an event lies, what it says, and that none is written over.

use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;

use super::{Event, Kind, record};

fn event(kind: Kind) -> Event {
    Event {
        event: kind,
        at: "2026-11-26T14:05:09.0001239Z".parse().unwrap(),
        by: "ada@host".to_owned(),
        subject: "fraud@champion".to_owned(),
        details: serde_json::json!({"version": "2"}),
    }
}

#[tokio::test]
async fn an_event_is_written_once() {
    let store = InMemory::new();
    let mut paths = Vec::new();
    for _ in 0..3 {
        paths.push(record(&store, &event(Kind::AliasSet)).await.unwrap().to_string());
    }
    assert_eq!(
        paths,
        [
            "audit/v1/2026/11/20261126T140509.000123Z-alias-set.json",
            "audit/v1/2026/11/20261126T140509.000124Z-alias-set.json",
            "audit/v1/2026/11/20261126T140509.000125Z-alias-set.json",
        ]
    );
    let stored = store.get(&paths[2].clone().into()).await.unwrap().bytes().await.unwrap();
    let wanted = concat!(
        r#"{"format":"skeg-audit/1","event":"alias-set","at":"2026-11-26T14:05:09.0001239Z","#,
        r#""by":"ada@host","subject":"fraud@champion","details":{"version":"2"}}"#
    );
    assert_eq!(stored, wanted);
}

#[test]
fn names_are_the_ones_in_the_object() {
    use Kind::{AliasRemoved, AliasSet, Registered, TrafficChanged};
    for kind in [Registered, AliasSet, AliasRemoved, TrafficChanged] {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}
