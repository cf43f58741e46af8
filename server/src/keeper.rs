//! Keeps what is served what the specs say: reads them, has models loaded, swaps snapshots, frees
//! what is gone.
//!
//! A task of the main thread, started by `app`. Level-triggered: whatever happens, it compares what
//! is wanted with what is served and does what is missing. A snapshot is swapped by one pointer
//! store, and only when every model of the new spec is ready, so a load that fails leaves the old
//! revision serving. At the start, when there is nothing older, an endpoint serves what it has, and
//! the server those endpoints that can be served.

mod build;
mod load;
mod models;
mod orders;
mod privacy;
mod retired;
mod wanted;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use collector::Collector;
use model_loader::{ModelRef, Name, Registry};
use object_store::ObjectStore;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;

use self::load::{Loader, Word};
use self::models::Models;
use self::orders::Orders;
use self::privacy::Privacy;
use self::retired::Retired;
use self::wanted::Wanted;
use crate::board::{Board, EndpointStatus, State};
use crate::control::Order;
use crate::endpoint::Endpoints;
use crate::specs::{self, Found, Known, SpecFile, SpecFiles, SpecSource};
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
    /// All files that there were the last time, also those whose text means nothing.
    listed: BTreeSet<String>,
    /// By file: why its newest text is not wanted.
    mistakes: BTreeMap<String, Vec<String>>,
    /// By file: why it could not be read the last time.
    unreadable: BTreeMap<String, String>,
    /// Why no file could.
    unread: Option<String>,
    /// The newest revision of each endpoint that has ever served.
    revisions: BTreeMap<Name, u64>,
    /// The last sound spec of each endpoint.
    wanted: BTreeMap<Name, Wanted>,
    models: Models,
    words: UnboundedReceiver<(ModelRef, Word)>,
    orders: Orders,
    retired: Retired,
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
            listed: BTreeSet::new(),
            mistakes: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            unread: None,
            revisions: BTreeMap::new(),
            wanted: BTreeMap::new(),
            models: Models::new(loader),
            words,
            orders: Orders::default(),
            retired: Retired::default(),
        })
    }

    /// Reads the specs for the first time. One that is not sound does not keep the others from
    /// being served.
    ///
    /// # Errors
    /// When there are specs and none is sound: every mistake in every file, each with the file's
    /// name.
    pub async fn read_first(&mut self) -> Result<(), Vec<String>> {
        self.look().await.map_err(|error| vec![error])?;
        let faults = self.faults();
        if faults.is_empty() || !self.wanted.is_empty() {
            return Ok(());
        }
        let all = |(file, found): (&str, Vec<&str>)| {
            found.iter().map(|mistake| format!("{file}: {mistake}")).collect::<Vec<_>>()
        };
        Err(faults.into_iter().flat_map(all).collect())
    }

    /// Loads what the specs name, until each model is ready or has failed, and serves it.
    ///
    /// # Errors
    /// Every cause, when no endpoint has anything that could serve.
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
        let causes: Vec<String> = self
            .wanted
            .iter()
            .filter(empty)
            .map(|(_, wanted)| wanted.fault.clone().unwrap_or_default())
            .collect();
        if !causes.is_empty() && causes.len() == self.wanted.len() {
            let unsound = self.faults().into_iter();
            let unsound = unsound.map(|(file, found)| format!("{file}: {}", found.join("; ")));
            return Err(causes.into_iter().chain(unsound).collect());
        }
        causes.iter().for_each(|cause| tracing::error!(cause, "an endpoint cannot be served"));
        Ok(())
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
                let before = self.unread.take();
                self.unread = self.look().await.err();
                if let Some(error) = self.unread.as_ref().filter(|_| self.unread != before) {
                    tracing::warn!(error, "the endpoint specs cannot be read");
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
        let known = Known { files: &self.files, count: self.listed.len() };
        let Found { mut files, faults } = specs::read(&tools.source, &*tools.store, known).await?;
        for (file, fault) in
            faults.iter().filter(|(file, why)| self.unreadable.get(file.as_str()) != Some(why))
        {
            tracing::warn!(file, fault, "an endpoint spec cannot be read");
        }
        self.unreadable = faults;
        let following: Vec<String> =
            self.wanted.values().filter(|w| w.follows()).map(|w| w.file.clone()).collect();
        let listed: BTreeSet<String> =
            files.keys().chain(self.unreadable.keys()).cloned().collect();
        let same_files = listed == self.listed;
        self.listed = listed;
        if same_files && files == self.files && following.is_empty() {
            return Ok(());
        }
        self.wanted.retain(|_, wanted| {
            files.contains_key(&wanted.file) || self.unreadable.contains_key(&wanted.file)
        });
        self.mistakes.retain(|file, _| files.contains_key(file));
        let mut unsettled = Vec::new();
        for (file, content) in &files {
            let is_new = self.files.get(file) != Some(content) || following.contains(file);
            if is_new && !self.note(file, content).await {
                unsettled.push(file.clone());
            }
        }
        // Looked at anew the next time: an alias may be set by then.
        files.retain(|file, _| !unsettled.contains(file));
        self.files = files;
        Ok(())
    }

    /// Notes what a text says; whether saying it again could change nothing.
    async fn note(&mut self, file: &str, content: &SpecFile) -> bool {
        let registry = &self.tools.registry;
        let sound = specs::sound(&content.text, async |query| registry.resolve(query).await).await;
        let sound = sound.and_then(|(spec, models)| match self.wanted.get(&spec.name) {
            Some(known) if known.file != file => {
                Err(vec![format!("name: {} has endpoint {}", known.file, spec.name)])
            }
            _ => Ok((spec, models)),
        });
        let (spec, models) = match sound {
            Ok(sound) => sound,
            Err(found) => {
                if self.mistakes.get(file) != Some(&found) {
                    let mistakes = found.join("; ");
                    tracing::warn!(file, mistakes, "an endpoint spec is not sound");
                }
                self.mistakes.insert(file.to_owned(), found);
                return false;
            }
        };
        self.mistakes.remove(file);
        let digest = wanted::digest(content, &spec, &models);
        let before = self.wanted.get(&spec.name);
        if before.is_some_and(|before| before.digest == digest && before.spec == spec) {
            return true;
        }
        // A changed spec is a new chance for its models.
        models.iter().for_each(|model| self.models.try_again(model));
        // A file that names another endpoint than before gives the one before up.
        self.wanted.retain(|name, wanted| wanted.file != file || *name == spec.name);
        let name = spec.name.clone();
        let serving = self.wanted.remove(&name).and_then(|before| before.serving);
        let (file, fault, privacy) = (file.to_owned(), None, Privacy::default());
        let revision = self.revisions.get(&name).copied().unwrap_or_default();
        let wanted = Wanted { file, digest, spec, models, serving, revision, fault, privacy };
        self.wanted.insert(name, wanted);
        true
    }

    /// By file: what keeps its newest text from being served.
    fn faults(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut faults: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (file, found) in &self.mistakes {
            faults.entry(file).or_default().extend(found.iter().map(String::as_str));
        }
        for (file, why) in &self.unreadable {
            faults.entry(file).or_default().push(why);
        }
        faults
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
            if let Some(built) = &built {
                self.revisions.insert(name.clone(), built.revision);
            }
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
        let of_file = |(file, found): (&str, Vec<&str>)| format!("{file}: {}", found.join("; "));
        let faults = self.faults().into_iter().map(of_file).chain(self.unread.clone());
        Board { endpoints, faults: faults.collect() }
    }
}
