//! What is served follows the specs, also while a model of them cannot be served.

use std::time::Duration;

use collector::{Config, Roll};
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
        buffer_records: 1,
        buffer_bytes: 1,
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
