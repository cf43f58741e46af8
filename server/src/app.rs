//! The wiring: who holds whom, in the order things start and stop.
//!
//! Bind early, load, be ready last; then wait for a signal and go back the same way. Every part
//! that runs longer than a call is started here.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use collector::{Collector, LabelTimes, Labels};
use model_loader::Registry;
use object_store::ObjectStore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};
use tokio::task::LocalSet;

use crate::alerts::Alerts;
use crate::config::Config;
use crate::control::{Control, Order};
use crate::failure::Failure;
use crate::grpc;
use crate::http;
use crate::keeper::{Keeper, Tools};
use crate::listen;
use crate::monitor::{self, Monitor};
use crate::panes;
use crate::renewal;
use crate::runtime;
use crate::shutdown::{Phase, PhaseSwitch, PhaseView};
use crate::signals::Signals;
use crate::spans::Spans;
use crate::specs::{SpecSource, Writer};
use crate::worker::{Opening, Shared, Worker};

/// Open files for anything but connections: row files, listeners, the runtime's own.
const FILES_BESIDE_CONNECTIONS: u64 = 256;

/// Longest time for the last lines of the access log.
const ACCESS_LOG_TIME: Duration = Duration::from_secs(2);
/// For counters that are not written yet, at the end.
const MONITOR_TIME: Duration = Duration::from_secs(3);
/// For spans that are not sent yet, at the end.
const SPANS_TIME: Duration = Duration::from_secs(2);

/// Where the server listens, once it is ready.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The scoring routes.
    pub http: SocketAddr,
    /// The same over gRPC.
    pub grpc: SocketAddr,
    /// Metrics and health.
    pub admin: SocketAddr,
}

/// The parts of a running server.
struct App {
    config: Config,
    store: Arc<dyn ObjectStore>,
    collector: Arc<Collector>,
    shared: Arc<Shared>,
    monitor: Monitor,
    /// What clients order of the keeper.
    ordered: UnboundedReceiver<Order>,
    switch: PhaseSwitch,
    phase: PhaseView,
}

/// Serves `config` until a signal; `ready` is told the addresses when every model is ready.
///
/// # Errors
/// Code 78 for specs that cannot be read, 1 when a port, a model or the end failed.
pub fn serve(config: &Config, ready: impl FnOnce(&Addresses)) -> Result<(), Failure> {
    let failed = |error: &dyn fmt::Display| Failure::new(Failure::FAILED, error);
    files_for(config.limits.connections_per_worker * config.workers);
    let store = config.store.open().map_err(|error| failed(&error))?;
    let runtime = runtime::new().map_err(|error| failed(&error))?;
    let app = App::new(config, store).map_err(|error| failed(&error))?;
    let mut keeper = app.keeper().map_err(|error| failed(&error))?;
    runtime.block_on(keeper.read_first()).map_err(Failure::config)?;
    let bind = |address, count| {
        listen::bind(address, count).map_err(|error| failed(&format!("{address}: {error}")))
    };
    let http = bind(config.http, config.workers)?;
    let grpc = bind(config.grpc, config.workers)?;
    let listeners = http.into_iter().zip(grpc).collect();
    let admin = bind(config.admin, 1)?;
    LocalSet::new().block_on(&runtime, app.run(keeper, listeners, admin, ready))
}

// === impl App ===

impl App {
    fn new(
        config: &Config,
        store: Arc<dyn ObjectStore>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let (switch, phase) = PhaseSwitch::new();
        let boot = format!("{:x}", unix_us());
        let life = (config.replica.as_ref(), boot.as_str());
        let labels = Labels::start(life, Arc::clone(&store), unix_us, LabelTimes::default())?;
        let settings = collector::Config {
            replica: config.replica.to_string(),
            boot: boot.clone(),
            roll: config.roll,
            writers: config.workers,
            spool: config.spool.clone(),
            azureml: config.azureml.clone(),
        };
        let collector = Arc::new(Collector::start(settings, Arc::clone(&store), unix_us)?);
        let admins = Arc::clone(&config.security.admins);
        let (control, ordered) = Control::new(config.model_control, admins, config.logging.clone());
        let (panes, counted) = panes::way();
        let shared = Arc::new(Shared::new(Opening {
            workers: config.workers,
            pool: config.pool,
            limits: config.limits,
            scorers: Arc::clone(&config.security.scorers),
            control,
            default_endpoint: config.default_endpoint.clone(),
            access_share: config.access_log,
            spans: spans(config)?,
            labels: Some(labels),
            panes,
            tls: config.security.tls.clone(),
            clock: unix_us,
            now: Instant::now,
        })?);
        let monitor = Monitor::start(monitor::Tools {
            registry: Registry::new(Arc::clone(&store)),
            endpoints: Arc::clone(&shared.endpoints),
            panes: counted,
            seen: Arc::clone(&shared.seen),
            alerts: alerts(&store, &shared),
            life: (config.replica.clone(), boot),
            clock: unix_us,
            store: Arc::clone(&store),
        })?;
        let config = config.clone();
        Ok(Self { config, store, collector, shared, monitor, ordered, switch, phase })
    }

    fn registry(&self) -> Registry {
        let registry = Registry::new(Arc::clone(&self.store));
        registry.with_trial(self.config.trial.clone()).with_kernels(self.config.kernels)
    }

    fn keeper(&self) -> std::io::Result<Keeper> {
        Keeper::new(Tools {
            source: self.config.specs.clone(),
            store: Arc::clone(&self.store),
            registry: self.registry(),
            shared: Arc::clone(&self.shared),
            collector: Arc::clone(&self.collector),
            workers: self.config.workers,
            poll: self.config.poll,
        })
    }

    /// What changes the store's specs; none when specs come from elsewhere.
    fn writer(&self) -> Option<Writer> {
        let stored = self.config.specs == SpecSource::Store;
        let by = "the admin API".to_owned();
        stored.then(|| Writer::new(Arc::clone(&self.store), by, jiff::Timestamp::now))
    }

    async fn run(
        mut self,
        mut keeper: Keeper,
        listeners: Vec<Doors>,
        mut admin: Vec<TcpListener>,
        ready: impl FnOnce(&Addresses),
    ) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::new(Failure::FAILED, error);
        let mut signals = Signals::new().map_err(failed)?;
        let admin = admin.pop().expect("one was bound");
        let addresses = Addresses {
            http: listeners[0].0.local_addr().map_err(failed)?,
            grpc: listeners[0].1.local_addr().map_err(failed)?,
            admin: admin.local_addr().map_err(failed)?,
        };
        let (workers, mut ended) = self.start_workers(listeners).map_err(failed)?;
        let nudge = Rc::new(Notify::new());
        let shown = http::shown::Shown {
            shared: Arc::clone(&self.shared),
            collector: Arc::clone(&self.collector),
            phase: self.phase.clone(),
            writer: self.writer(),
            store: Arc::clone(&self.store),
            nudge: Rc::clone(&nudge),
            admins: Arc::clone(&self.config.security.admins),
            tls: self.config.security.admin_tls.clone(),
        };
        tokio::task::spawn_local(http::admin::run(shown, admin));
        let keys_tried = renewal::start(&self.config.security);

        let started = tokio::select! {
            started = keeper.start() => started.map(|()| true),
            () = signals.stop() => Ok(false),
        };
        let served = match started {
            Ok(false) => Ok(()),
            Ok(true) => {
                if self.shared.endpoints.load().iter().next().is_none() {
                    tracing::warn!(from = ?self.config.specs, "there is no endpoint to serve");
                }
                let (_, none) = unbounded_channel();
                let ordered = std::mem::replace(&mut self.ordered, none);
                tokio::task::spawn_local(async move { keeper.run(&nudge, ordered).await });
                // Else the first tokens would find the server without the keys to check them.
                let _ = keys_tried.await;
                self.switch.advance(Phase::Serving);
                let Addresses { http, grpc, admin } = &addresses;
                tracing::info!(%http, %grpc, %admin, "ready");
                ready(&addresses);
                tokio::select! {
                    () = signals.stop() => {
                        self.drain(&mut signals).await;
                        Ok(())
                    }
                    // A port without its thread would be dead behind a ready server.
                    Some(name) = ended.recv() => {
                        Err(Failure::new(Failure::FAILED, format!("{name} broke off")))
                    }
                }
            }
            Err(messages) => Err(Failure { code: Failure::FAILED, messages }),
        };
        served.and(self.close(workers).await)
    }

    /// Starts one scoring thread a pair of listeners; who ends, for whatever reason, says its name.
    fn start_workers(
        &self,
        listeners: Vec<Doors>,
    ) -> std::io::Result<(Vec<Running>, UnboundedReceiver<String>)> {
        let (says, ended) = unbounded_channel();
        let start = |(index, doors)| {
            let (shared, phase) = (Arc::clone(&self.shared), self.phase.clone());
            let random = match self.config.seed {
                Some(seed) => fastrand::Rng::with_seed(seed.wrapping_add(index as u64)),
                None => fastrand::Rng::new(),
            };
            let taken = || std::io::Error::other(format!("worker {index} has no end of the spool"));
            let rows = self.collector.writer(index).ok_or_else(taken)?;
            let (done, finished) = oneshot::channel();
            let name = format!("skeg-worker-{index}");
            let last_words = LastWords { name: name.clone(), says: says.clone() };
            let thread = std::thread::Builder::new().name(name.clone()).spawn(move || {
                let _last_words = last_words;
                let worker = Worker::new(index, shared, phase, random, rows);
                score_until_closed(worker, doors);
                let _ = done.send(());
            })?;
            Ok(Running { name, thread, finished })
        };
        let running: std::io::Result<_> = listeners.into_iter().enumerate().map(start).collect();
        Ok((running?, ended))
    }

    /// Answers, unready, until load balancers have looked away; a second signal cuts it short.
    async fn drain(&self, signals: &mut Signals) {
        self.switch.advance(Phase::Draining);
        let delay = if signals.interrupted() { Duration::ZERO } else { self.config.drain_delay };
        tracing::info!(delay_s = delay.as_secs_f64(), "draining");
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = signals.stop() => {}
        }
    }

    /// Lets requests in hand finish and rows reach the store, within the budget.
    async fn close(self, workers: Vec<Running>) -> Result<(), Failure> {
        self.switch.advance(Phase::Closing);
        let end = Instant::now() + self.config.shutdown_budget;
        // Who waits for labels to be stored is answered before the workers must be done.
        if let Some(labels) = &self.shared.labels {
            labels.hurry(self.config.shutdown_budget / 2);
        }
        // A connection that never ends must not take the rows' share of the budget.
        let deadline = end - self.config.shutdown_budget / 3;
        let mut late = Vec::new();
        for worker in workers {
            if tokio::time::timeout_at(deadline.into(), worker.finished).await.is_err() {
                late.push(format!("{} still has requests in hand", worker.name));
            } else if worker.thread.join().is_err() {
                late.push(format!("{} broke off", worker.name));
            }
        }
        if let Some(labels) = &self.shared.labels {
            labels.finish(deadline.saturating_duration_since(Instant::now()));
        }
        let unsaid = self.shared.access.finish(ACCESS_LOG_TIME);
        if unsaid > 0 {
            tracing::warn!(lines = unsaid, "the access log was full");
        }
        // What rows hold was counted by threads that have ended.
        self.monitor.finish(MONITOR_TIME.min(end.saturating_duration_since(Instant::now())));
        // Rows first: spans have what time is left.
        let finished = self.collector.finish(end.saturating_duration_since(Instant::now()));
        self.shared.spans.finish(SPANS_TIME.min(end.saturating_duration_since(Instant::now())));
        tracing::info!(written = finished.written, "rows flushed");
        if finished.lost + finished.pending > 0 {
            late.push(format!("{} rows did not reach the store", finished.lost + finished.pending));
        }
        if late.is_empty() {
            Ok(())
        } else {
            Err(Failure { code: Failure::FAILED, messages: late })
        }
    }
}

/// Who is told of drift.
fn alerts(store: &Arc<dyn ObjectStore>, shared: &Shared) -> Alerts {
    Alerts::new(Arc::clone(store), Arc::clone(&shared.metrics.alerts), fastrand::Rng::new())
}

/// Where the server's parts of traces go.
fn spans(config: &Config) -> Result<Spans, String> {
    match &config.collector {
        Some(collector) => Spans::to(collector, config.replica.as_ref()),
        None => Ok(Spans::default()),
    }
}

/// What one scoring thread listens to: HTTP and gRPC.
type Doors = (TcpListener, TcpListener);

/// A scoring thread.
struct Running {
    name: String,
    thread: JoinHandle<()>,
    /// Resolves when its last connection is done.
    finished: oneshot::Receiver<()>,
}

/// Says the thread's name when it ends, panicking or not.
struct LastWords {
    name: String,
    says: UnboundedSender<String>,
}

impl Drop for LastWords {
    fn drop(&mut self) {
        let _ = self.says.send(std::mem::take(&mut self.name));
    }
}

/// The body of a scoring thread.
fn score_until_closed(worker: Worker, (http, grpc): Doors) {
    let serve = async {
        let http = tokio::net::TcpListener::from_std(http)?;
        let grpc = tokio::net::TcpListener::from_std(grpc)?;
        let worker = Rc::new(worker);
        let keeping = Rc::clone(&worker);
        let keeping = tokio::task::spawn_local(async move { keeping.keep().await });
        tokio::join!(http::serve::run(Rc::clone(&worker), http), grpc::serve::run(worker, grpc));
        keeping.abort();
        Ok::<(), std::io::Error>(())
    };
    let served = runtime::new().and_then(|runtime| LocalSet::new().block_on(&runtime, serve));
    if let Err(error) = served {
        tracing::error!(%error, "a scoring thread cannot serve");
    }
}

/// Raises the limit on open files as far as the system lets us; says when it will not do.
fn files_for(connections: usize) {
    let wanted = connections as u64 + FILES_BESIDE_CONNECTIONS;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(limit) if limit < wanted => tracing::warn!(
            limit,
            wanted,
            "the limit on open files is below --connections: connections may take the sink's files"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "cannot raise the limit on open files"),
    }
}

/// The wall clock, microseconds since 1970 UTC.
fn unix_us() -> i64 {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(unix.as_micros()).unwrap_or(i64::MAX)
}

// === impl Addresses ===

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { http, grpc, admin } = self;
        write!(f, "skeg is ready: http={http} grpc={grpc} admin={admin}")
    }
}
