//! Keeps what is served what the specs say: reads them, has models loaded, swaps snapshots, frees
//! what is gone.
//!
//! A task of the main thread, started by `app`. Level-triggered: whatever happens, it compares what
//! is wanted with what is served and does what is missing. A snapshot is swapped by one pointer
//! store, and only when every model of the new spec is ready, so a load that fails leaves the old
//! revision serving. At the start, when there is nothing older, an endpoint serves what it has.

mod build;
mod load;
mod models;
mod orders;
mod retired;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use collector::Collector;
use model_loader::{ModelRef, Name, Registry};
use object_store::ObjectStore;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;

use self::build::Workbench;
use self::load::{Loader, Word};
use self::models::Models;
use self::orders::Orders;
use self::retired::Retired;
use crate::board::{Board, DeploymentStatus, EndpointStatus, State};
use crate::control::Order;
use crate::endpoint::{Endpoint, Endpoints, Seat};
use crate::spec::{self, EndpointSpec};
use crate::specs::{self, SpecFile, SpecFiles, SpecSource};
use crate::worker::Shared;

/// How often it is looked whether the last holders of what is gone have let go.
const RETIREMENT: Duration = Duration::from_millis(100);

/// What the keeper works with.
#[derive(Debug)]
pub struct Tools {
    /// Where specs are read from.
    pub source: SpecSource,
    /// The store.
    pub store: Arc<dyn ObjectStore>,
    /// Its models.
    pub registry: Registry,
    /// Where the snapshot is put.
    pub shared: Arc<Shared>,
    /// Takes the rows.
    pub collector: Arc<Collector>,
    /// Scoring threads.
    pub workers: usize,
    /// How often specs are read.
    pub poll: Duration,
}

impl Tools {
    fn now(&self) -> Instant {
        (self.shared.now)()
    }
}

/// Keeps endpoints.
#[derive(Debug)]
pub struct Keeper {
    tools: Tools,
    files: SpecFiles,
    /// By file: why its newest text is not wanted.
    mistakes: BTreeMap<String, Vec<String>>,
    /// The last sound spec of each endpoint.
    wanted: BTreeMap<Name, Wanted>,
    models: Models,
    words: UnboundedReceiver<(ModelRef, Word)>,
    orders: Orders,
    retired: Retired,
}

/// What an endpoint should be.
#[derive(Debug)]
struct Wanted {
    file: String,
    digest: String,
    spec: EndpointSpec,
    /// The version of each of its deployments.
    models: Vec<ModelRef>,
    /// The digest of what serves.
    serving: Option<String>,
    /// Counts the snapshots that have served, also over a time when none did.
    revision: u64,
    /// Why this does not serve.
    fault: Option<String>,
}

// === impl Keeper ===

impl Keeper {
    /// A keeper that serves nothing yet.
    ///
    /// # Errors
    /// When the system refuses the loading thread.
    pub fn new(tools: Tools) -> std::io::Result<Self> {
        let (loader, words) = Loader::start(tools.registry.clone(), tools.shared.now)?;
        Ok(Self {
            tools,
            files: SpecFiles::new(),
            mistakes: BTreeMap::new(),
            wanted: BTreeMap::new(),
            models: Models::new(loader),
            words,
            orders: Orders::default(),
            retired: Retired::default(),
        })
    }

    /// Reads the specs for the first time.
    ///
    /// # Errors
    /// Every mistake in every file, each with the file's name.
    pub async fn read_first(&mut self) -> Result<(), Vec<String>> {
        self.look().await.map_err(|error| vec![error])?;
        let all = |(file, found): (&String, &Vec<String>)| {
            found.iter().map(|mistake| format!("{file}: {mistake}")).collect::<Vec<_>>()
        };
        let mistakes: Vec<String> = self.mistakes.iter().flat_map(all).collect();
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }

    /// Loads what the specs name, until each model is ready or has failed, and serves it.
    ///
    /// # Errors
    /// Every cause, when an endpoint has nothing that could serve.
    pub async fn start(&mut self) -> Result<(), Vec<String>> {
        self.reconcile();
        while self.models.any_pending() {
            let word = self.words.recv().await;
            let Some(word) = word else { return Err(vec!["loading broke off".to_owned()]) };
            self.hear(word);
            self.reconcile();
        }
        let endpoints = self.tools.shared.endpoints.load();
        let empty = |(name, _): &(&Name, &Wanted)| {
            endpoints.get(name.as_ref()).map_or(true, |endpoint| endpoint.seats.is_empty())
        };
        let faults: Vec<String> = self
            .wanted
            .iter()
            .filter(empty)
            .map(|(_, wanted)| wanted.fault.clone().unwrap_or_default())
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Keeps on until the process ends; `nudge` makes it look at the specs at once, and so does
    /// what clients order.
    pub async fn run(mut self, nudge: &Notify, mut ordered: UnboundedReceiver<Order>) {
        let mut next_look = self.tools.now() + self.tools.poll;
        loop {
            let wake = if self.retired.is_empty() {
                next_look
            } else {
                next_look.min(self.tools.now() + RETIREMENT)
            };
            tokio::select! {
                () = tokio::time::sleep_until(wake.into()) => {}
                () = nudge.notified() => next_look = self.tools.now(),
                Some(word) = self.words.recv() => self.hear(word),
                Some(order) = ordered.recv() => {
                    let wanted = self.wanted.iter().find(|(name, _)| name.as_ref() == order.name);
                    // Whoever orders it does not wait for the next try.
                    let models = wanted.map(|(_, wanted)| wanted.models.as_slice());
                    models.unwrap_or_default().iter().for_each(|m| self.models.try_again(m));
                    self.orders.take(order);
                    next_look = self.tools.now();
                }
            }
            if self.tools.now() >= next_look {
                if let Err(error) = self.look().await {
                    tracing::warn!(%error, "the endpoint specs cannot be read");
                }
                next_look = self.tools.now() + self.tools.poll;
            }
            self.models.retry(self.tools.now());
            self.retired.free();
            self.reconcile();
            let named = |name: &str| {
                self.wanted.iter().find(|(known, _)| known.as_ref() == name).map(|(_, w)| w)
            };
            self.orders.answer(named, &self.models, &self.tools.shared.endpoints.load());
        }
    }

    /// Reads the specs and notes what each should be from now on.
    async fn look(&mut self) -> Result<(), String> {
        let tools = &self.tools;
        let mut files = specs::read(&tools.source, &*tools.store, &self.files).await?;
        if files == self.files {
            return Ok(());
        }
        let gone: Vec<_> =
            self.files.keys().filter(|file| !files.contains_key(*file)).cloned().collect();
        for file in gone {
            self.wanted.retain(|_, wanted| wanted.file != file);
            self.mistakes.remove(&file);
        }
        let mut unsettled = Vec::new();
        for (file, content) in &files {
            if self.files.get(file) != Some(content) && !self.note(file, content).await {
                unsettled.push(file.clone());
            }
        }
        // Looked at anew the next time: an alias may be set by then.
        files.retain(|file, _| !unsettled.contains(file));
        self.files = files;
        Ok(())
    }

    /// Notes what a new text says; whether saying it again could change nothing.
    async fn note(&mut self, file: &str, content: &SpecFile) -> bool {
        let mut settled = true;
        let parsed = match spec::parse(&content.text) {
            Ok(spec) => match self.wanted.get(&spec.name) {
                Some(known) if known.file != file => {
                    Err(vec![format!("name: {} has endpoint {}", known.file, spec.name)])
                }
                _ => {
                    let registry = &self.tools.registry;
                    let models =
                        specs::versions(&spec, async |query| registry.resolve(query).await);
                    let models = models.await;
                    settled = models.is_ok();
                    models.map(|models| (spec, models))
                }
            },
            Err(mistakes) => Err(mistakes),
        };
        match parsed {
            Ok((spec, models)) => {
                self.mistakes.remove(file);
                // A file that names another endpoint than before gives the one before up.
                self.wanted.retain(|name, wanted| wanted.file != file || *name == spec.name);
                // A changed spec is a new chance for its models.
                models.iter().for_each(|model| self.models.try_again(model));
                let (name, file, digest) = (spec.name.clone(), file.to_owned(), content.digest());
                let before = self.wanted.remove(&name);
                let revision = before.as_ref().map_or(0, |before| before.revision);
                let serving = before.and_then(|before| before.serving);
                let wanted = Wanted { file, digest, spec, models, serving, revision, fault: None };
                self.wanted.insert(name, wanted);
            }
            Err(found) => {
                tracing::warn!(file, mistakes = found.join("; "), "an endpoint spec is not sound");
                self.mistakes.insert(file.to_owned(), found);
            }
        }
        settled
    }

    fn hear(&mut self, (model, word): (ModelRef, Word)) {
        if let Word::Done(Err(cause)) = &word {
            tracing::error!(%model, cause, "a model cannot be served");
        }
        self.models.hear(model, word, self.tools.now());
    }

    /// Does what is missing for all that is wanted to be served.
    fn reconcile(&mut self) {
        self.orders.keep_only(|name| self.wanted.contains_key(name));
        let orders = &self.orders;
        let served = |(name, _): &(&Name, &Wanted)| !orders.keep_away(name);
        let models = self.wanted.iter().filter(served).flat_map(|(_, wanted)| &wanted.models);
        self.models.want(models);
        let before = self.tools.shared.endpoints.load_full();
        let mut next = Vec::new();
        let is_gone = |name: &Name| !self.wanted.contains_key(name) || orders.keep_away(name);
        let mut changed = before.iter().any(|endpoint| is_gone(&endpoint.name));
        for (name, wanted) in &mut self.wanted {
            if orders.keep_away(name) {
                wanted.serving = None;
                continue;
            }
            let served = before.shared(name.as_ref());
            let built = wanted.build(served.as_deref(), &self.models, &self.tools);
            changed |= built.is_some();
            next.extend(built.map(Arc::new).or(served));
        }
        if changed {
            let old = self.tools.shared.publish(Endpoints::new(next));
            let now = self.tools.shared.endpoints.load();
            self.retired.add(old, &now);
        }
        let orders = &self.orders;
        let served = |(name, _): &(&Name, &Wanted)| !orders.keep_away(name);
        let models = self.wanted.iter().filter(served).flat_map(|(_, wanted)| &wanted.models);
        self.models.keep_only(models, &self.tools.shared.endpoints.load());
        self.tools.shared.board.store(Arc::new(self.board()));
    }

    fn board(&self) -> Board {
        let endpoints = self.tools.shared.endpoints.load();
        let of = |(name, wanted): (&Name, &Wanted)| {
            let served = endpoints.get(name.as_ref()).ok();
            let state = |model: &ModelRef| {
                if self.orders.keep_away(name) { State::Unloaded } else { self.models.state(model) }
            };
            wanted.status(served, state, &self.retired)
        };
        let mut endpoints: Vec<EndpointStatus> = self.wanted.iter().map(of).collect();
        endpoints.extend(self.retired.without(self.wanted.keys()));
        let fault =
            |(file, found): (&String, &Vec<String>)| format!("{file}: {}", found.join("; "));
        Board { endpoints, faults: self.mistakes.iter().map(fault).collect() }
    }
}

// === impl Wanted ===

impl Wanted {
    /// The endpoint as it should be now, if that is another than the one served.
    fn build(
        &mut self,
        served: Option<&Endpoint>,
        models: &Models,
        tools: &Tools,
    ) -> Option<Endpoint> {
        let (pending, failed) = models.missing(&self.spec, &self.models);
        self.fault = failed.clone();
        let whole = !pending && failed.is_none();
        // A part serves only where nothing whole did, and once it is known to be a part.
        let part = served.is_none_or(|served| !served.unready.is_empty());
        if !whole && (pending || !part) {
            return None;
        }
        let missing =
            build::unready(&self.spec, &self.models, |model| models.ready(model).is_some());
        let same = served.is_some_and(|served| served.unready == missing);
        if same && self.serving.as_ref() == Some(&self.digest) {
            return None;
        }
        let bench = Workbench {
            metrics: &tools.shared.metrics,
            collector: &tools.collector,
            workers: tools.workers,
        };
        let revision = self.revision + 1;
        let loaded = |model: &ModelRef| models.ready(model);
        match build::endpoint((&self.spec, &self.models), revision, served, loaded, &bench) {
            Ok(built) => {
                let name = &self.spec.name;
                tracing::info!(endpoint = %name, revision, spec = self.digest, whole, "serves");
                self.serving = Some(self.digest.clone());
                self.revision = revision;
                Some(built)
            }
            Err(error) => {
                self.fault = Some(format!("endpoint {}, {error}", self.spec.name));
                None
            }
        }
    }

    fn status(
        &self,
        served: Option<&Endpoint>,
        state: impl Fn(&ModelRef) -> State,
        retired: &Retired,
    ) -> EndpointStatus {
        let seats = served.map(|served| served.seats.as_slice()).unwrap_or_default();
        let serving = seats.iter().map(|seat| DeploymentStatus {
            name: seat.deployment.name.clone(),
            model: seat.deployment.model.clone(),
            traffic: seat.weight.percent(),
            state: State::Ready,
        });
        let wanted = self.spec.deployments.iter().zip(&self.models);
        let coming = wanted.filter(|(wanted, model)| {
            let there = |seat: &Seat| {
                seat.deployment.name == wanted.name && seat.deployment.model == **model
            };
            !seats.iter().any(there)
        });
        let coming = coming.map(|(wanted, model)| DeploymentStatus {
            name: wanted.name.clone(),
            model: model.clone(),
            traffic: 0.0,
            state: state(model),
        });
        let mut deployments: Vec<DeploymentStatus> = Vec::new();
        for status in serving.chain(coming).chain(retired.of(&self.spec.name)) {
            // One that only changed its limits is ready, whoever still holds the one before.
            let known = |d: &DeploymentStatus| (&d.name, &d.model) == (&status.name, &status.model);
            if !deployments.iter().any(known) {
                deployments.push(status);
            }
        }
        EndpointStatus {
            name: self.spec.name.clone(),
            revision: served.map_or(0, |served| served.revision),
            spec: self.serving.clone(),
            fault: self.fault.clone(),
            deployments,
        }
    }
}
