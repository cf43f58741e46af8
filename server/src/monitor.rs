//! The thread that watches for drift: sums what scoring threads counted, writes it to the store,
//! and, on the one replica that holds the lease, looks at all replicas' sums and tells who is to be
//! told.
//!
//! A step a file: `sums` adds panes up, `files` puts them into the store, `windows` reads those of
//! all replicas back, `look` makes a report of them, `standing` says since when a deployment
//! drifts, `reports` keeps the last ones. Scoring never waits for any of it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use model_loader::{Name, Registry};
use object_store::ObjectStore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Mutex, oneshot};
use tokio::task::LocalSet;
use tokio::time::{Interval, MissedTickBehavior};

use crate::alerts::{Alerts, Targets};
use crate::background;
use crate::endpoint::Endpoints;
use crate::lease::Lease;
use crate::panes::{Handed, MINUTE_US};
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
/// A look that failed is tried again so soon.
const AGAIN: Duration = Duration::from_secs(10);
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
    pub panes: UnboundedReceiver<Handed>,
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
    sums: Rc<RefCell<Sums>>,
    files: Files,
    looker: Looker,
    leads: Rc<Leads>,
    /// The next flush, unix microseconds.
    next_flush_us: i64,
    /// The next look at each endpoint.
    next_look_us: BTreeMap<String, i64>,
    clock: fn() -> i64,
}

/// Whether this replica looks and tells, as what goes on beside each other sees it.
#[derive(Debug, Default)]
struct Leads {
    /// Whether there is anything to look at.
    is_wanted: Cell<bool>,
    /// Whether the lease is held.
    is_held: Cell<bool>,
    /// Who is told.
    targets: RefCell<Targets>,
}

/// Says that the thread broke off: nobody else would notice before the end.
struct LastWords;

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
            let _last_words = LastWords;
            background::yield_to_scoring();
            LocalSet::new().block_on(&runtime, run(tools, stopped));
        };
        let thread = std::thread::Builder::new().name("skeg-monitor".to_owned()).spawn(run)?;
        Ok(Self { thread, stop })
    }

    /// Writes what was counted, within `budget`, and ends. No thread may be counting any more.
    pub fn finish(self, budget: Duration) {
        // One that broke off has said so.
        let _ = self.stop.send(budget);
        let _ = self.thread.join();
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the monitor broke off: drift is not looked for any more");
        }
    }
}

async fn run(tools: Tools, mut stopped: oneshot::Receiver<Duration>) {
    let Tools { store, registry, endpoints, mut panes, seen, alerts, life, clock } = tools;
    let leads = Rc::<Leads>::default();
    let sums = Rc::<RefCell<Sums>>::default();
    let (replica, boot) = (life.0.to_string(), life.1);
    let name = "drift".parse().expect("a sound name");
    let lease = Lease::new(Arc::clone(&store), &name, format!("{replica}-{boot}"), LEASE);
    let lease = Rc::new(Mutex::new(lease));
    let alerts = Rc::new(alerts);
    let mut watch = Watch {
        endpoints,
        sums: Rc::clone(&sums),
        files: Files::new(Arc::clone(&store), replica.clone(), boot),
        looker: Looker::new(store, registry, Arc::clone(&seen), Rc::clone(&alerts), replica),
        leads: Rc::clone(&leads),
        next_flush_us: 0,
        next_look_us: BTreeMap::new(),
        clock,
    };
    // Beside each other: a look that reads much, or a receiver that hangs, must hold up neither
    // the lease nor the panes that come.
    let renewing = tokio::task::spawn_local(renew(Rc::clone(&lease), Rc::clone(&leads), clock));
    let telling = tokio::task::spawn_local(tell(alerts, leads, clock));
    let take = async {
        while let Some(handed) = panes.recv().await {
            if !sums.borrow_mut().add(handed.pane()) {
                seen.lost_pane();
            }
        }
        std::future::pending::<()>().await;
    };
    let budget = tokio::select! {
        budget = &mut stopped => budget.unwrap_or_default(),
        () = take => Duration::ZERO,
        () = watch.work() => Duration::ZERO,
    };
    renewing.abort();
    telling.abort();
    while let Ok(handed) = panes.try_recv() {
        if !sums.borrow_mut().add(handed.pane()) {
            seen.lost_pane();
        }
    }
    let end = async {
        watch.files.flush(&sums).await;
        if let Err(error) = lease.lock().await.release().await {
            tracing::warn!(%error, "the lease of who looks for drift");
        }
    };
    if tokio::time::timeout(budget, end).await.is_err() {
        tracing::warn!("there was no time to write the last counters of rows");
    }
}

/// Holds the lease for as long as there is anything to look at.
async fn renew(lease: Rc<Mutex<Lease>>, leads: Rc<Leads>, clock: fn() -> i64) {
    let mut ticks = ticks();
    loop {
        ticks.tick().await;
        let mut lease = lease.lock().await;
        let is_held = if leads.is_wanted.get() {
            let held = lease.hold(clock()).await;
            held.unwrap_or_else(|error| {
                tracing::warn!(%error, "the lease of who looks for drift");
                lease.is_held(clock())
            })
        } else {
            false
        };
        leads.is_held.set(is_held);
    }
}

/// Sends what waits, for as long as this replica leads.
async fn tell(alerts: Rc<Alerts>, leads: Rc<Leads>, clock: fn() -> i64) {
    let mut ticks = ticks();
    loop {
        ticks.tick().await;
        if !leads.is_held.get() {
            alerts.stand_by().await;
            continue;
        }
        let targets = leads.targets.borrow().clone();
        if let Err(error) = alerts.deliver_due(clock(), &targets).await {
            tracing::warn!(%error, "alerts cannot be sent");
        }
    }
}

fn ticks() -> Interval {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

// === impl Watch ===

impl Watch {
    async fn work(&mut self) {
        let mut ticks = ticks();
        loop {
            ticks.tick().await;
            self.tick().await;
        }
    }

    async fn tick(&mut self) {
        let now_us = (self.clock)();
        let endpoints = self.endpoints.load_full();
        let every_us = us(flush_every(&endpoints));
        // A clock that was set back must not keep the next flush away.
        if now_us >= self.next_flush_us || self.next_flush_us > now_us.saturating_add(every_us) {
            self.next_flush_us = (now_us.div_euclid(every_us) + 1) * every_us;
            self.files.flush(&self.sums).await;
        }
        let watched: Vec<_> = endpoints
            .iter()
            .filter_map(|endpoint| Some((endpoint, endpoint.drift.as_deref()?)))
            .collect();
        self.leads.is_wanted.set(!watched.is_empty());
        if watched.is_empty() || !self.leads.is_held.get() {
            self.next_look_us.clear();
            self.looker.stand_by();
            return;
        }
        let targets = watched.iter();
        let targets = targets.map(|(of, drift)| (of.name.to_string(), drift.alerts.clone()));
        *self.leads.targets.borrow_mut() = targets.collect();
        let is_watched = |name: &str| watched.iter().any(|(of, _)| of.name.as_ref() == name);
        self.next_look_us.retain(|name, _| is_watched(name));
        self.looker.keep_only(is_watched);
        for (endpoint, drift) in watched {
            let name = endpoint.name.to_string();
            let every_us = us(drift.every);
            let due = self.next_look_us.get(&name).copied().unwrap_or(now_us);
            if now_us < due.min(now_us.saturating_add(every_us)) {
                continue;
            }
            let is_done = self.looker.look(endpoint, drift, now_us).await;
            let pause_us = if is_done { every_us } else { every_us.min(us(AGAIN)) };
            self.next_look_us.insert(name, now_us.saturating_add(pause_us));
            if !self.leads.is_held.get() {
                break;
            }
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
