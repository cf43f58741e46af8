//! The thread that watches for drift: sums what scoring threads counted, writes it to the store,
//! and, on the one replica that holds the lease, looks at all replicas' sums and tells who is to be
//! told.
//!
//! A step a file: `sums` adds panes up, `files` puts them into the store, `windows` reads those of
//! all replicas back, `look` makes a report of them, `standing` says since when a deployment
//! drifts, `reports` keeps the last ones. Scoring never waits for any of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use model_loader::{Name, Registry};
use object_store::ObjectStore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::task::LocalSet;
use tokio::time::MissedTickBehavior;

use crate::alerts::{Alerts, Targets};
use crate::background;
use crate::endpoint::Endpoints;
use crate::lease::Lease;
use crate::panes::{Full, MINUTE_US};
use crate::runtime;
use files::Files;
use look::Looker;
use sums::Sums;

mod baselines;
mod files;
mod look;
mod reports;
mod standing;
mod sums;
mod windows;

pub use reports::{Seen, report_path};

/// How often it is seen what is due.
const TICK: Duration = Duration::from_secs(1);
/// Without a renewal for so long, another replica takes over.
const LEASE: Duration = Duration::from_secs(15);
/// Panes files are written as often as the most impatient endpoint looks, within these.
const FLUSH: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(60));

/// What the thread works with.
#[derive(Debug)]
pub struct Tools {
    /// Where panes, reports, leases and alerts lie.
    pub store: Arc<dyn ObjectStore>,
    /// Where baselines of versions that are gone lie.
    pub registry: Registry,
    /// What is served now.
    pub endpoints: Arc<ArcSwap<Endpoints>>,
    /// Panes whose time is over.
    pub panes: UnboundedReceiver<Full>,
    /// What others may see.
    pub seen: Arc<Seen>,
    /// Who is told.
    pub alerts: Alerts,
    /// Names of the replica and of this life of it.
    pub life: (Name, String),
    /// Unix microseconds.
    pub clock: fn() -> i64,
}

/// A running monitor.
#[derive(Debug)]
pub struct Monitor {
    thread: JoinHandle<()>,
    stop: oneshot::Sender<Duration>,
}

/// Its state.
struct Watch {
    endpoints: Arc<ArcSwap<Endpoints>>,
    sums: Sums,
    files: Files,
    looker: Looker,
    lease: Lease,
    /// Whether this replica looks and tells.
    leads: Rc<RefCell<Option<Targets>>>,
    /// The next flush, unix microseconds.
    next_flush_us: i64,
    /// The next look at each endpoint.
    next_look_us: BTreeMap<String, i64>,
    clock: fn() -> i64,
}

// === impl Monitor ===

impl Monitor {
    /// Starts the thread "skeg-monitor".
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(tools: Tools) -> std::io::Result<Self> {
        let runtime = runtime::new()?;
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            background::yield_to_scoring();
            LocalSet::new().block_on(&runtime, run(tools, stopped));
        };
        let thread = std::thread::Builder::new().name("skeg-monitor".to_owned()).spawn(run)?;
        Ok(Self { thread, stop })
    }

    /// Writes what was counted, within `budget`, and ends. No thread may be counting any more.
    pub fn finish(self, budget: Duration) {
        if self.stop.send(budget).is_ok() && self.thread.join().is_err() {
            tracing::error!("the monitor broke off");
        }
    }
}

async fn run(tools: Tools, mut stopped: oneshot::Receiver<Duration>) {
    let Tools { store, registry, endpoints, mut panes, seen, alerts, life, clock } = tools;
    let leads = Rc::new(RefCell::new(None));
    let (replica, boot) = (life.0.to_string(), life.1);
    let holder = format!("{replica}-{boot}");
    let name = "drift".parse().expect("a sound name");
    let alerts = Rc::new(alerts);
    let mut watch = Watch {
        endpoints,
        sums: Sums::default(),
        files: Files::new(Arc::clone(&store), replica.clone(), boot),
        looker: Looker::new(Arc::clone(&store), registry, seen, Rc::clone(&alerts), replica),
        lease: Lease::new(store, &name, holder, LEASE),
        leads: Rc::clone(&leads),
        next_flush_us: 0,
        next_look_us: BTreeMap::new(),
        clock,
    };
    // A receiver that hangs must not hold up the next look.
    let telling = tokio::task::spawn_local(tell(alerts, leads, clock));
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let budget = loop {
        tokio::select! {
            Some(full) = panes.recv() => watch.sums.add(full),
            _ = ticks.tick() => watch.tick().await,
            budget = &mut stopped => break budget.unwrap_or_default(),
        }
    };
    telling.abort();
    while let Ok(full) = panes.try_recv() {
        watch.sums.add(full);
    }
    if tokio::time::timeout(budget, watch.end()).await.is_err() {
        tracing::warn!("there was no time to write the last counters of rows");
    }
}

/// Sends what waits, for as long as this replica leads.
async fn tell(alerts: Rc<Alerts>, leads: Rc<RefCell<Option<Targets>>>, clock: fn() -> i64) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let targets = leads.borrow().clone();
        let Some(targets) = targets else {
            alerts.stand_by().await;
            continue;
        };
        if let Err(error) = alerts.deliver_due(clock(), &targets).await {
            tracing::warn!(%error, "alerts cannot be sent");
        }
    }
}

// === impl Watch ===

impl Watch {
    async fn tick(&mut self) {
        let now_us = (self.clock)();
        let endpoints = self.endpoints.load_full();
        if now_us >= self.next_flush_us {
            let every_us = us(flush_every(&endpoints));
            self.next_flush_us = (now_us.div_euclid(every_us) + 1) * every_us;
            self.files.flush(&mut self.sums).await;
        }
        let watched: Vec<_> = endpoints
            .iter()
            .filter_map(|endpoint| Some((endpoint, endpoint.drift.as_deref()?)))
            .collect();
        if watched.is_empty() {
            self.lead(None);
            return;
        }
        let held = self.lease.hold(now_us).await;
        let is_held = held.unwrap_or_else(|error| {
            tracing::warn!(%error, "the lease of who looks for drift");
            self.lease.is_held((self.clock)())
        });
        if !is_held {
            self.next_look_us.clear();
            self.looker.stand_by();
            self.lead(None);
            return;
        }
        let targets = watched.iter();
        let targets = targets.map(|(of, drift)| (of.name.to_string(), drift.alerts.clone()));
        self.lead(Some(targets.collect()));
        for (endpoint, drift) in watched {
            let due = self.next_look_us.entry(endpoint.name.to_string()).or_insert(now_us);
            if now_us < *due {
                continue;
            }
            *due = now_us + us(drift.every);
            self.looker.look(endpoint, drift, now_us).await;
            if !self.lease.is_held((self.clock)()) {
                break;
            }
        }
    }

    fn lead(&self, targets: Option<Targets>) {
        *self.leads.borrow_mut() = targets;
    }

    async fn end(&mut self) {
        self.files.flush(&mut self.sums).await;
        if let Err(error) = self.lease.release().await {
            tracing::warn!(%error, "the lease of who looks for drift");
        }
    }
}

/// How often panes files are written.
fn flush_every(endpoints: &Endpoints) -> Duration {
    let every = endpoints.iter().filter_map(|endpoint| endpoint.drift.as_ref()).map(|of| of.every);
    every.min().unwrap_or(FLUSH.1).clamp(FLUSH.0, FLUSH.1)
}

fn us(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX).max(1)
}

/// The minute after the one that holds `time_us`, minutes since 1970 UTC.
fn minute_after(time_us: i64) -> i64 {
    time_us.div_euclid(MINUTE_US) + 1
}
