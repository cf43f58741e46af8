//! A deployment of the example, built as the server builds it, without sockets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use collector::{Collector, Config, Roll, Spooling};
use model_loader::Registry;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use server::demo;
use server::deployment::Deployment;
use server::keeper::{Keeper, Tools};
use server::specs::SpecSource;
use server::worker::{Opening, Shared};

const MINUTE: Duration = Duration::from_secs(60);

/// The deployment of version 1 in the demo's endpoint. Its rows go nowhere.
pub(crate) fn deployment() -> Arc<Deployment> {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let roll = Roll { rows: 1000, bytes: 1 << 20, age: MINUTE };
    let config = Config {
        replica: "bench".to_owned(),
        boot: "0".to_owned(),
        roll,
        writers: 1,
        spool: Spooling::in_memory(1 << 20),
        azureml: None,
    };
    let collector = Collector::start(config, Arc::clone(&store), || 0);
    let collector = collector.expect("the settings are in range");
    let shared = Shared::new(Opening::plain(|| 0, Instant::now));
    let shared = Arc::new(shared.expect("threads"));
    let tools = Tools {
        source: SpecSource::Store,
        store: Arc::clone(&store),
        registry: Registry::new(Arc::clone(&store)),
        shared: Arc::clone(&shared),
        collector: Arc::new(collector),
        workers: 1,
        poll: MINUTE,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let started = runtime.expect("a runtime").block_on(async {
        demo::prepare(store, "2026-01-01T00:00:00Z").await.map_err(|e| vec![e])?;
        let mut keeper = Keeper::new(tools).map_err(|e| vec![e.to_string()])?;
        keeper.read_first().await?;
        keeper.start().await
    });
    started.expect("the example can be served");
    let endpoints = shared.endpoints.load();
    let endpoint = endpoints.get("fraud").expect("the demo's endpoint");
    let green = endpoint.seats.iter().find(|seat| seat.deployment.name.as_ref() == "green");
    Arc::clone(&green.expect("the demo's deployment").deployment)
}
