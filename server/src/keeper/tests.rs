//! What is served follows the specs, also while a model of them cannot be served.

use std::time::Duration;

use collector::{Config, Roll, Spooling};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::{Arc, Collector, Instant, Keeper, Registry, Shared, SpecSource, Tools};
use crate::worker::Opening;

const MINUTE: Duration = Duration::from_secs(60);

fn run<T>(body: impl Future<Output = T>) -> T {
    crate::runtime::new().unwrap().block_on(body)
}

/// The example's store, with whatever is done to it before the keeper starts.
async fn keeper(store: &Arc<dyn ObjectStore>) -> Keeper {
    let roll = Roll { rows: 1000, bytes: 1 << 20, age: MINUTE };
    let config = Config {
        replica: "test".to_owned(),
        boot: "0".to_owned(),
        roll,
        writers: 1,
        spool: Spooling::in_memory(1 << 20),
        azureml: None,
    };
    let shared = Shared::new(Opening::plain(|| 0, Instant::now));
    let collector = Collector::start(config, Arc::clone(store), || 0).unwrap();
    let tools = Tools {
        source: SpecSource::Store,
        store: Arc::clone(store),
        registry: Registry::new(Arc::clone(store)),
        shared: Arc::new(shared.unwrap()),
        collector: Arc::new(collector),
        workers: 1,
        poll: MINUTE,
    };
    Keeper::new(tools).unwrap()
}

/// Revision, what serves with which percentage, and what does not.
fn served(keeper: &Keeper) -> (u64, Vec<(String, f64)>, Vec<String>) {
    let endpoints = keeper.tools.shared.endpoints.load();
    let fraud = endpoints.get("fraud").unwrap();
    let seats = fraud.seats.iter();
    let seats = seats.map(|s| (s.deployment.name.to_string(), s.weight.percent())).collect();
    (fraud.revision, seats, fraud.unready.iter().map(|u| u.name.to_string()).collect())
}

/// Looks at the specs and goes on until no model is on its way.
async fn settle(keeper: &mut Keeper) {
    keeper.look().await.unwrap();
    keeper.start().await.unwrap();
}

#[test]
fn a_part_that_serves_follows_its_spec_and_becomes_whole() {
    run(async {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        crate::demo::prepare(Arc::clone(&store), "2026-01-02T03:04:05Z").await.unwrap();
        let (model, spec) = ("models/fraud/2/model.onnx".into(), crate::specs::spec_path("fraud"));
        let sound = store.get(&model).await.unwrap().bytes().await.unwrap();
        store.put(&model, "broken".into()).await.unwrap();
        let mut keeper = keeper(&store).await;
        settle(&mut keeper).await;
        let (green, blue) = (|percent| ("green".to_owned(), percent), "blue".to_owned());
        assert_eq!(served(&keeper), (1, vec![green(90.0)], vec![blue.clone()]));

        // Nothing has changed: nothing is built again.
        keeper.reconcile();
        assert_eq!(served(&keeper).0, 1);

        let text = String::from_utf8(store.get(&spec).await.unwrap().bytes().await.unwrap().into());
        let moved = text.unwrap().replace("green: 90, blue: 10", "green: 60, blue: 40");
        store.put(&spec, moved.clone().into()).await.unwrap();
        settle(&mut keeper).await;
        assert_eq!(served(&keeper), (2, vec![green(60.0)], vec![blue.clone()]));

        store.put(&model, sound.into()).await.unwrap();
        store.put(&spec, format!("{moved}# again\n").into()).await.unwrap();
        settle(&mut keeper).await;
        assert_eq!(served(&keeper), (3, vec![(blue, 40.0), green(60.0)], Vec::new()));
    });
}

/// The example's store, a keeper of it, and its spec.
async fn example() -> (Arc<dyn ObjectStore>, Keeper, String) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    crate::demo::prepare(Arc::clone(&store), "2026-01-02T03:04:05Z").await.unwrap();
    let spec = crate::specs::spec_path("fraud");
    let text = store.get(&spec).await.unwrap().bytes().await.unwrap();
    let keeper = keeper(&store).await;
    (store, keeper, String::from_utf8(text.into()).unwrap())
}

async fn put(store: &Arc<dyn ObjectStore>, endpoint: &str, text: impl Into<String>) {
    let path = crate::specs::spec_path(endpoint);
    store.put(&path, text.into().into()).await.unwrap();
}

#[test]
fn traffic_leaves_a_deployment_whose_new_model_failed() {
    run(async {
        let (store, mut keeper, text) = example().await;
        settle(&mut keeper).await;
        assert_eq!(served(&keeper).0, 1);
        let live = keeper.tools.shared.endpoints.load_full();
        let blue = Arc::clone(&live.get("fraud").unwrap().seats[0].deployment);

        // The model of another version, whose file is broken.
        for file in ["model.onnx", "manifest.json", "baseline.json"] {
            let of = |version: u32| format!("models/fraud/{version}/{file}").into();
            let bytes = store.get(&of(2)).await.unwrap().bytes().await.unwrap();
            let text =
                String::from_utf8_lossy(&bytes).replace("\"version\": \"2\"", "\"version\": \"3\"");
            let bytes = if file == "model.onnx" { "broken".into() } else { text.into() };
            store.put(&of(3), bytes).await.unwrap();
        }
        let broken = text.replace("fraud:2", "fraud:3");
        put(&store, "fraud", broken.clone()).await;
        settle(&mut keeper).await;
        assert_eq!(served(&keeper).0, 1);

        put(&store, "fraud", broken.replace("green: 90, blue: 10", "green: 100, blue: 0")).await;
        settle(&mut keeper).await;
        let shares = vec![("blue".to_owned(), 0.0), ("green".to_owned(), 100.0)];
        assert_eq!(served(&keeper), (2, shares, vec!["blue".to_owned()]));
        // Whoever names blue still finds what served there.
        let now = keeper.tools.shared.endpoints.load_full();
        assert!(Arc::ptr_eq(&now.get("fraud").unwrap().seats[0].deployment, &blue));

        // With traffic again, nothing changes until its model is there.
        put(&store, "fraud", broken.clone()).await;
        settle(&mut keeper).await;
        assert_eq!(served(&keeper).0, 2);
    });
}

#[test]
fn what_cannot_be_served_does_not_keep_the_others_from_being_served() {
    run(async {
        let (store, mut keeper, text) = example().await;
        put(&store, "unsound", "name: unsound").await;
        put(
            &store,
            "missing",
            text.replace("name: fraud", "name: missing").replace("fraud:2", "fraud@nobody"),
        )
        .await;
        keeper.read_first().await.unwrap();
        keeper.start().await.unwrap();
        assert_eq!(served(&keeper).0, 1);
        let faults = keeper.board().faults;
        assert!(faults.iter().any(|fault| fault.contains("unsound.yaml")), "{faults:?}");
        assert!(faults.iter().any(|fault| fault.contains("fraud@nobody")), "{faults:?}");

        store.delete(&crate::specs::spec_path("unsound")).await.unwrap();
        keeper.look().await.unwrap();
        assert_eq!(keeper.board().faults.len(), faults.len() - 1, "{:?}", keeper.board().faults);
    });
}

#[test]
fn an_alias_is_followed_and_a_renamed_file_counts_on() {
    run(async {
        let (store, mut keeper, text) = example().await;
        let registry = Registry::new(Arc::clone(&store));
        let set = async |version: &str| {
            let alias = model_loader::NewAlias {
                model: "fraud".parse().unwrap(),
                alias: "champion".parse().unwrap(),
                version: version.parse().unwrap(),
                set_by: "somebody".to_owned(),
                at: "2026-01-02T03:04:05Z".to_owned(),
            };
            registry.set_alias(alias).await.unwrap();
        };
        set("2").await;
        let text = text.replace("fraud:2", "fraud@champion");
        put(&store, "fraud", text.clone()).await;
        settle(&mut keeper).await;
        let version = |keeper: &Keeper| {
            let endpoints = keeper.tools.shared.endpoints.load();
            endpoints.get("fraud").unwrap().seats[0].deployment.model.to_string()
        };
        let first = keeper.board().endpoints[0].spec.clone();
        assert_eq!(version(&keeper), "fraud:2");
        set("1").await;
        settle(&mut keeper).await;
        assert_eq!((served(&keeper).0, version(&keeper).as_str()), (2, "fraud:1"));
        assert_ne!(keeper.board().endpoints[0].spec, first);
        settle(&mut keeper).await;
        assert_eq!(served(&keeper).0, 2);

        store.delete(&crate::specs::spec_path("fraud")).await.unwrap();
        put(&store, "renamed", text).await;
        settle(&mut keeper).await;
        assert_eq!(served(&keeper).0, 3);
    });
}

#[test]
fn a_deleted_file_is_gone_also_when_its_last_text_was_unsound() {
    run(async {
        let (store, mut keeper, _) = example().await;
        settle(&mut keeper).await;
        put(&store, "fraud", "name: fraud").await;
        settle(&mut keeper).await;
        // What served goes on until the file is gone.
        assert_eq!((served(&keeper).0, keeper.board().faults.len()), (1, 1));
        store.delete(&crate::specs::spec_path("fraud")).await.unwrap();
        settle(&mut keeper).await;
        assert!(keeper.tools.shared.endpoints.load().get("fraud").is_err());
        assert_eq!(keeper.board().faults, Vec::<String>::new());
    });
}

#[test]
fn a_part_that_answers_is_not_given_up_for_a_model_that_failed() {
    run(async {
        let (store, mut keeper, text) = example().await;
        // Blue has failed since the start.
        store.put(&"models/fraud/2/model.onnx".into(), "broken".into()).await.unwrap();
        settle(&mut keeper).await;
        let before = served(&keeper);
        assert_eq!(before.2, ["blue"]);
        // Now green is to have a version that is not there.
        put(&store, "fraud", text.replace("fraud:1", "fraud:9")).await;
        settle(&mut keeper).await;
        assert_eq!(served(&keeper), before);
        assert!(keeper.board().endpoints[0].fault.as_ref().unwrap().contains("fraud:9"));
    });
}

#[test]
fn rules_that_cannot_be_kept_leave_the_old_spec_in_force() {
    run(async {
        let (store, mut keeper, text) = example().await;
        settle(&mut keeper).await;
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        let file = key.display();
        let privacy = format!("{{hash_key_file: '{file}', features: {{amount: hash}}}}");
        let ruled = format!("{text}\ncollect: {{privacy: {privacy}}}\n");
        // Nor does one without traffic serve under the one spec's share and the other's rules.
        let drained = ruled.replace("green: 90, blue: 10", "green: 0, blue: 0");
        for text in [&ruled, &drained, &ruled] {
            put(&store, "fraud", text.clone()).await;
            settle(&mut keeper).await;
            assert_eq!(served(&keeper).0, 1);
            let status = &keeper.board().endpoints[0];
            assert!(status.fault.as_ref().unwrap().contains("hash_key_file"), "{status:?}");
            assert_eq!(status.privacy, None);
        }
        std::fs::write(&key, "0123456789abcdef").unwrap();
        keeper.reconcile();
        assert_eq!(served(&keeper).0, 2);
        let status = &keeper.board().endpoints[0];
        assert!(status.fault.is_none() && status.privacy.is_some(), "{status:?}");
        let live = keeper.tools.shared.endpoints.load_full();
        let seats = &live.get("fraud").unwrap().seats;
        assert!(seats.iter().all(|seat| seat.deployment.hash_key.is_some()));

        // A blue that fails for another reason has no stand-in under older rules.
        let changed = ruled.replace("amount: hash", "amount: drop");
        let changed = changed.replace("fraud:2", "fraud:9").replace("90, blue: 10", "100, blue: 0");
        put(&store, "fraud", changed).await;
        settle(&mut keeper).await;
        let green = vec![("green".to_owned(), 100.0)];
        assert_eq!(served(&keeper), (3, green, vec!["blue".to_owned()]));
    });
}
