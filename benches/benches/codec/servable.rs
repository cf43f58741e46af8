//! A deployment of the example, built as the server builds it, without sockets.

use std::sync::Arc;
use std::time::Duration;

use collector::{Collector, Config, Roll};
use model_loader::Registry;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use server::demo;
use server::deployment::Deployment;
use server::metrics::Metrics;
use server::serving::{self, SpecSource, Workshop};

/// The deployment of version 1 in the demo's endpoint. Its rows go nowhere.
pub(crate) fn deployment() -> Arc<Deployment> {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let metrics = Metrics::new(1);
    let roll = Roll { rows: 1000, bytes: 1 << 20, age: Duration::from_secs(60) };
    let config = Config {
        replica: "bench".to_owned(),
        boot: "0".to_owned(),
        roll,
        buffer_records: 1,
        buffer_bytes: 1,
    };
    let collector = Collector::start(config, Arc::clone(&store), || 0);
    let collector = collector.expect("the settings are in range");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let built = runtime.expect("a runtime").block_on(async {
        demo::prepare(Arc::clone(&store), "2026-01-01T00:00:00Z").await.map_err(|e| vec![e])?;
        let specs = serving::specs(&SpecSource::Store, &*store).await?;
        let registry = Registry::new(store);
        let workshop = Workshop { registry, metrics: &metrics, collector: &collector };
        serving::build(specs, &workshop).await
    });
    let endpoints = built.expect("the example can be served");
    let endpoint = endpoints.get("fraud").expect("the demo's endpoint");
    let green = endpoint.deployments.iter().find(|seat| seat.name.as_ref() == "green");
    Arc::clone(green.expect("the demo's deployment"))
}
