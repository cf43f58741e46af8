//! A store, a receiver, a spec with webhooks whose files lie in a folder of their own.

use std::path::Path as FilePath;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use server::alerts::{Alerts, Event, FeatureDrift, Side, State, Targets};
use server::metrics::alerted::Alerted;
use server::spec::{self, Alert};
use server::store::{AzureVariables, StoreUrl};
use tempfile::TempDir;

use super::receiver::Receiver;

/// A second of the clock.
pub(super) const S: i64 = 1_000_000;
/// An hour.
pub(super) const HOUR: i64 = 3600 * S;

/// All that a test needs.
pub(super) struct Bench {
    pub(super) receiver: Receiver,
    store: Arc<dyn ObjectStore>,
    folder: TempDir,
    webhooks: Vec<String>,
    alerts: Vec<Alert>,
}

/// Drift of one feature.
pub(super) fn event() -> Event {
    let feature = FeatureDrift {
        name: "amount".to_owned(),
        side: Side::Input,
        metric: "psi".to_owned(),
        variant: "deciles".to_owned(),
        value: 0.4375,
        threshold: 0.2,
        critical_value: None,
        p: Some(0.25),
        n: 86_400,
        m: 100_000,
    };
    Event {
        endpoint: "fraud".to_owned(),
        deployment: "blue".to_owned(),
        model: "fraud".to_owned(),
        version: "2".to_owned(),
        model_digest: "sha256:5f16".to_owned(),
        baseline: "sha256:91c2".to_owned(),
        state: State::Fired,
        window_start_us: 0,
        window_end_us: 24 * HOUR,
        time_us: 24 * HOUR + 7 * S,
        fired_at_us: 24 * HOUR + 7 * S,
        verdict: "drift".to_owned(),
        features: vec![feature],
        report: None,
        replica: "r0".to_owned(),
    }
}

// === impl Bench ===

impl Bench {
    pub(super) async fn open() -> Self {
        Self::with(Arc::new(InMemory::new()), TempDir::new().expect("a folder")).await
    }

    /// The same over the server's own store of files.
    pub(super) async fn on_disk() -> Self {
        let folder = TempDir::new().expect("a folder");
        let store = folder.path().join("store");
        std::fs::create_dir(&store).expect("a folder in it");
        let url = store.display().to_string();
        let url = StoreUrl::parse(&url, FilePath::new("/"), &AzureVariables::default());
        Self::with(url.expect("a path").open().expect("a store"), folder).await
    }

    async fn with(store: Arc<dyn ObjectStore>, folder: TempDir) -> Self {
        let receiver = Receiver::start().await;
        Self { receiver, store, folder, webhooks: Vec::new(), alerts: Vec::new() }
    }

    /// Adds a webhook to the spec, with a secret and an address in files; `keys` are the others.
    pub(super) fn webhook(&mut self, form: &str, path: &str, keys: &str) {
        let file = |what: &str| self.folder.path().join(format!("{form}.{what}"));
        let url = format!("http://{}{path}\n", self.receiver.address);
        std::fs::write(file("url"), url).expect("written");
        std::fs::write(file("key"), format!("s3cret-{form}\n")).expect("written");
        let (url, key) = (file("url"), file("key"));
        let files = format!("url_file: '{}', secret_file: '{}'", url.display(), key.display());
        let keys = if keys.is_empty() { String::new() } else { format!(", {keys}") };
        self.webhooks.push(format!("    - webhook: {{format: {form}, {files}{keys}}}\n"));
        let seats = "deployments: {green: {model: 'fraud:1'}}\ntraffic: {green: 100}";
        let webhooks = self.webhooks.concat();
        let text = format!("name: fraud\n{seats}\ndrift:\n  alerts:\n{webhooks}");
        self.alerts = spec::parse(&text).expect("a spec").drift.expect("with drift").alerts;
    }

    pub(super) fn set_secret(&self, form: &str, secret: &str) {
        let file = self.folder.path().join(format!("{form}.key"));
        std::fs::write(file, secret).expect("written");
    }

    pub(super) fn secret(&self, form: &str) -> String {
        format!("s3cret-{form}")
    }

    pub(super) fn folder(&self) -> String {
        self.folder.path().display().to_string()
    }

    pub(super) fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    pub(super) fn targets(&self) -> Targets {
        Targets::from([("fraud".to_owned(), self.alerts.clone())])
    }

    /// A process that has just started.
    pub(super) fn process(&self) -> Alerts {
        let random = fastrand::Rng::with_seed(1);
        Alerts::new(Arc::clone(&self.store), Arc::new(Alerted::default()), random)
    }

    /// How many of an outcome a process has counted.
    pub(super) fn counted(&self, alerts: &Alerts, outcome: &str) -> u64 {
        let all = alerts.counters().read().into_iter();
        all.filter(|one| one.outcome == outcome).map(|one| one.count).sum()
    }

    /// Every name and content in the store.
    pub(super) async fn whole_store(&self) -> String {
        let listed: Vec<_> = self.store.list(None).try_collect().await.expect("listed");
        let mut all = String::new();
        for meta in listed {
            let got = self.store.get(&meta.location).await.expect("there");
            let bytes = got.bytes().await.expect("read");
            all += &format!("{}\n{}\n", meta.location, String::from_utf8_lossy(&bytes));
        }
        all
    }

    /// The one object of a folder.
    pub(super) async fn object(&self, folder: &str) -> (Path, Vec<u8>) {
        let folder = Path::from(folder);
        let listed: Vec<_> = self.store.list(Some(&folder)).try_collect().await.expect("listed");
        assert_eq!(listed.len(), 1, "{listed:?}");
        let path = listed[0].location.clone();
        let bytes = self.store.get(&path).await.expect("there").bytes().await.expect("read");
        (path, bytes.to_vec())
    }

    /// Puts an object back.
    pub(super) async fn put(&self, (path, bytes): &(Path, Vec<u8>)) {
        self.store.put(path, bytes.clone().into()).await.expect("put");
    }
}
