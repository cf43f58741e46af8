//! Aliases over the memory store: set, moved, taken away, raced for, damaged.

use std::sync::Arc;

use futures_util::future::join_all;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::{AliasRecord, NewAlias};
use crate::error::Error;
use crate::query::ModelQuery;
use crate::registry::Registry;
use crate::registry::tests::{name, version};

const CHAMPION: &str = "models/fraud/aliases/champion.json";

async fn registry(versions: &[&str]) -> (Registry, Arc<dyn ObjectStore>) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let registry = Registry::new(Arc::clone(&store));
    for number in versions {
        registry.register(version(number, 1.0)).await.unwrap();
    }
    (registry, store)
}

fn champion(version: &str) -> NewAlias {
    NewAlias {
        model: name("fraud"),
        alias: "champion".parse().unwrap(),
        version: name(version),
        set_by: "ada@host".to_owned(),
        at: "2026-11-26T10:00:00Z".to_owned(),
    }
}

fn query(text: &str) -> ModelQuery {
    text.parse().unwrap()
}

#[tokio::test]
async fn an_alias_is_set_moved_and_taken_away() {
    let (registry, store) = registry(&["1", "2"]).await;
    let at_champion = query("fraud@champion");
    let unset = registry.resolve(&at_champion).await.unwrap_err();
    assert_eq!(unset.to_string(), "alias `fraud@champion` is not registered");

    let first = registry.set_alias(champion("1")).await.unwrap().unwrap();
    assert_eq!((first.version.as_ref(), first.previous), ("1", None));
    assert_eq!(registry.resolve(&at_champion).await.unwrap().to_string(), "fraud:1");
    let moved = registry.set_alias(champion("2")).await.unwrap().unwrap();
    assert_eq!(moved.previous, Some(name("1")));
    assert_eq!(registry.resolve(&at_champion).await.unwrap().to_string(), "fraud:2");
    assert_eq!(registry.set_alias(champion("2")).await.unwrap(), None);

    let stored = store.get(&Path::from(CHAMPION)).await.unwrap().bytes().await.unwrap();
    let wanted = "{\"version\":\"2\",\"previous\":\"1\",\"set_by\":\"ada@host\",\
                  \"at\":\"2026-11-26T10:00:00Z\"}\n";
    assert_eq!(stored, wanted);

    let alias = "champion".parse().unwrap();
    assert_eq!(registry.remove_alias(&name("fraud"), &alias).await.unwrap(), Some(name("2")));
    for gone in [
        registry.remove_alias(&name("fraud"), &alias).await.unwrap_err(),
        registry.resolve(&at_champion).await.unwrap_err(),
    ] {
        assert!(matches!(gone, Error::NotRegistered { .. }), "{gone}");
    }
    assert_eq!(registry.resolve(&query("fraud:9")).await.unwrap().to_string(), "fraud:9");
}

#[tokio::test]
async fn an_alias_to_a_version_that_is_not_there_is_refused() {
    let (registry, store) = registry(&["1"]).await;
    let error = registry.set_alias(champion("2")).await.unwrap_err();
    assert_eq!(error.to_string(), "model version `fraud:2` is not registered");
    assert!(store.head(&Path::from(CHAMPION)).await.is_err());
}

#[tokio::test]
async fn of_many_moves_at_once_none_is_lost() {
    let versions: Vec<String> = (1..=12).map(|number| number.to_string()).collect();
    let names: Vec<&str> = versions.iter().map(String::as_str).collect();
    let (registry, _store) = registry(&names).await;
    let moves = names.iter().map(|version| registry.set_alias(champion(version)));
    let records: Vec<AliasRecord> =
        join_all(moves).await.into_iter().map(|made| made.unwrap().unwrap()).collect();
    // Followed backwards from where it is now, the alias has been at every version once.
    let mut version = Some(registry.resolve(&query("fraud@champion")).await.unwrap().version);
    let mut way = 0;
    while let Some(at) = version {
        way += 1;
        let record = records.iter().find(|record| record.version == at).unwrap();
        version = record.previous.clone();
    }
    assert_eq!(way, records.len());
}

#[tokio::test]
async fn what_makes_no_sound_record_is_refused() {
    let (registry, store) = registry(&["1"]).await;
    for new in [
        NewAlias { at: "yesterday".to_owned(), ..champion("1") },
        NewAlias { set_by: "a\nb".to_owned(), ..champion("1") },
        NewAlias { set_by: "a".repeat(257), ..champion("1") },
    ] {
        let error = registry.set_alias(new).await.unwrap_err();
        assert!(matches!(&error, Error::Manifest { path, .. } if path == CHAMPION), "{error}");
    }
    for damaged in ["", "{}", "{\"version\":\"../1\"}", &"x".repeat(5000)] {
        store.put(&Path::from(CHAMPION), damaged.to_owned().into()).await.unwrap();
        for refused in [
            registry.resolve(&query("fraud@champion")).await.unwrap_err(),
            registry.set_alias(champion("1")).await.unwrap_err(),
        ] {
            assert!(refused.to_string().contains(CHAMPION), "{refused}");
        }
        let listed = registry.catalog(None).await.unwrap().remove("fraud").unwrap();
        assert!(listed.aliases.values().all(Result::is_err));
    }
    let alias = "champion".parse().unwrap();
    assert_eq!(registry.remove_alias(&name("fraud"), &alias).await.unwrap(), None);
    registry.set_alias(champion("1")).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_catalog_has_versions_in_order_and_aliases() {
    let (registry, store) = registry(&["10", "9", "2026-a"]).await;
    registry.set_alias(champion("9")).await.unwrap();
    for stray in [
        "models/fraud/11/model.onnx",
        "models/none/aliases/champion.json",
        "models/fraud/aliases/latest.json",
        "models/fraud/aliases/a/b.json",
        "models/readme.txt",
    ] {
        store.put(&Path::from(stray), "x".into()).await.unwrap();
    }
    let all = registry.catalog(None).await.unwrap();
    assert_eq!(all, registry.catalog(Some(&name("fraud"))).await.unwrap());
    let listed = &all[&name("fraud")];
    let versions: Vec<&str> = listed.versions.iter().map(AsRef::as_ref).collect();
    assert_eq!(versions, ["9", "10", "2026-a"]);
    let aliases: Vec<_> = listed
        .aliases
        .iter()
        .map(|(alias, record)| (alias.as_ref(), record.as_ref().unwrap().version.as_ref()))
        .collect();
    assert_eq!(aliases, [("champion", "9")]);
    assert!(registry.catalog(Some(&name("other"))).await.unwrap().is_empty());
    assert_eq!(registry.next_version(&name("fraud")).await.unwrap(), name("11"));
    assert_eq!(registry.next_version(&name("other")).await.unwrap(), name("1"));
}
